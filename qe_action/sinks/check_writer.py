"""One check run at GitHub: created, updated with steps of annotations, always completed."""

from __future__ import annotations

from contextlib import suppress

from qe_action.errors import DeliveryError
from qe_action.github.client import GitHub
from qe_action.github.identity import Identity
from qe_action.github.payloads import (
    MAX_ANNOTATIONS,
    Annotation,
    CheckDraft,
    CheckRef,
    CheckSeen,
    CheckUpdate,
)
from qe_action.github.refusals import (
    Forbidden,
    NotFound,
    RateLimited,
    Rejected,
    Unauthorized,
    Unreachable,
)
from qe_action.render.links import Links
from qe_action.render.marks import CheckConclusion
from qe_action.render.state import RunState
from qe_action.render.verdict import Verdict
from qe_action.sinks.annotation_steps import AnnotationSteps
from qe_action.sinks.check_subjects import CheckSubject
from qe_action.sinks.delivery import Delivery
from qe_action.sinks.pace import last_edit
from qe_action.sinks.predecessors import has_namesake, supersede
from qe_action.text import plural, visible

REFUSALS = (Forbidden, NotFound, Rejected)
"""What a later try would not change."""
PASSING = (RateLimited, Unauthorized, Unreachable)
"""What may be over by the end of the run, when what was not written is tried again."""
ROUNDS = 2
"""How often annotations that got no answer are read back and sent again."""


class CheckWriter:
    """Writes `state` as a check run about `subject`, with these `annotations`."""

    def __init__(
        self,
        github: GitHub,
        links: Links,
        delivery: Delivery,
        subject: CheckSubject,
        state: RunState,
        annotations: AnnotationSteps,
    ) -> None:
        self._github = github
        self._links = links
        self._delivery = delivery
        self._subject = subject
        self._state = state
        self._annotations = annotations
        self._check_id = 0
        self._told = 0  # annotations, as the summary has it
        self._counted = 0  # the same, as GitHub's last answer had it

    async def begin(self, identity: Identity) -> CheckRef:
        """This run's check run: what a run like this that died has left, else a new one."""
        check = await self._find_or_create(identity)
        self._check_id = check.id
        return check

    async def _find_or_create(self, identity: Identity) -> CheckRef:
        seen: list[CheckSeen] = []
        with suppress(Forbidden, NotFound, Rejected):  # where it may be written, but not read
            if not self._delivery.hurried:
                seen = await self._github.list_checks(identity.head_sha, identity.name)
        for check in seen:
            if check.external_id == identity.external_id:
                if check.annotations:
                    self._annotations.found(await self._github.delivered(check.ref.id))
                return check.ref
        made = await self._github.create_check(
            CheckDraft(
                name=identity.name,
                head_sha=identity.head_sha,
                external_id=identity.external_id,
                title=self._subject.running(self._state),
                summary=self._subject.summary(self._state, self._links),
            )
        )
        if has_namesake(identity, seen):
            self._delivery.note(
                f"This run reports as {visible(identity.name)} a second time, with another "
                "report: give each job a name of its own (with comment-group they share one "
                "comment)."
            )
        await supersede(self._github, identity, seen)
        return made

    async def edit(self) -> None:
        """One edit on the way. A passing failure is no reason to stop: the next one says all."""
        if self._delivery.hurried:
            return
        step = self._annotations.step()
        try:
            await self._send(self._subject.running(self._state), step)
        except DeliveryError:
            self._annotations.back(step)

    async def complete(self) -> list[DeliveryError]:
        """The remaining annotations in steps, the conclusion with the last one.

        GitHub refuses a whole request for one annotation it does not like. That costs the
        annotations beside it, never the conclusion, which is then said without any. Returns
        why some of them did not arrive, as far as that is known.
        """
        verdict = self._subject.ended(self._state)
        lost = await self._annotate_rest(verdict.title)
        step = self._annotations.step()
        try:
            await self._conclude(verdict, step)
        except DeliveryError as error:
            if not step:
                raise
            # A last try with less to carry: better without annotations than without an end.
            await self._conclude(verdict, [])
            if isinstance(error, PASSING):
                self._annotations.doubt(step)
            lost.append(error)
        return lost

    async def _annotate_rest(self, title: str) -> list[DeliveryError]:
        """All steps but the last one; returns why some did not arrive."""
        lost: list[DeliveryError] = []
        while self._annotations.waiting > MAX_ANNOTATIONS and not self._delivery.hurried:
            step = self._annotations.step()
            try:
                await self._send(title, step)
            except REFUSALS as error:
                lost.append(error)
            except DeliveryError as error:
                # Its patience is spent, and the conclusion needs some too.
                self._annotations.doubt(step)
                self._annotations.give_up()
                lost.append(error)
        return lost

    async def _conclude(self, verdict: Verdict, step: list[Annotation]) -> None:
        """The last update. Once hurried it carries no annotations, so that it may be repeated."""

        async def say() -> None:
            shown = [] if self._delivery.hurried else step
            await self._send(verdict.title, shown, verdict.conclusion)

        await last_edit(say, lambda: self._delivery.hurried)

    async def settle(self, lost: list[DeliveryError]) -> None:
        """Send again what got no answer and is not there; the summary says how many stand.

        The check run is completed by then, so that this can only add to it.
        """
        annotations, verdict = self._annotations, self._subject.ended(self._state)
        if self._delivery.hurried:
            return
        for _ in range(ROUNDS):
            if not annotations.unsure and annotations.standing == self._counted:
                break
            try:
                annotations.found(await self._github.delivered(self._check_id, settled=True))
                self._counted = annotations.standing
                await self._send_again(verdict, lost)
            except DeliveryError as error:
                lost.append(error)
        try:
            if self._told != annotations.standing and not self._delivery.hurried:
                await self._send(verdict.title, [], verdict.conclusion)
        except DeliveryError as error:
            lost.append(error)
        if lost:
            self._lost(annotations.total - annotations.standing, lost[-1])

    async def _send_again(self, verdict: Verdict, lost: list[DeliveryError]) -> None:
        """One round of those that got no answer; raises where patience ends."""
        while step := self._annotations.again():
            if self._delivery.hurried:
                return
            try:
                await self._send(verdict.title, step, verdict.conclusion)
            except REFUSALS as error:
                lost.append(error)
            except DeliveryError:
                self._annotations.doubt(step)
                raise

    async def repeat(self) -> None:
        """The conclusion once more, with what has been learnt since."""
        verdict = self._subject.ended(self._state)
        if not self._delivery.hurried:
            await self._send(verdict.title, [], verdict.conclusion)

    async def _send(
        self,
        title: str,
        step: list[Annotation],
        conclusion: CheckConclusion | None = None,
    ) -> None:
        """Update title and summary with a step of annotations.

        The summary counts this step's too: GitHub takes both or neither.
        """
        annotations = self._annotations
        standing = annotations.standing + len(step)
        self._state.annotated = (standing, annotations.total)
        update = CheckUpdate(
            title=title,
            summary=self._subject.summary(self._state, self._links),
            text=self._subject.kept(self._state, self._links) if conclusion else None,
            annotations=tuple(step),
            status="completed" if conclusion else "in_progress",
            conclusion=conclusion,
        )
        there = await self._github.update_check(self._check_id, update)
        annotations.stood(step)
        self._delivery.annotated += standing - self._told
        self._told = standing
        self._counted = standing if there is None or there >= standing else there

    def _lost(self, count: int, error: DeliveryError) -> None:
        """Note annotations that were not delivered; a run that was cancelled promises none."""
        if not count or self._delivery.hurried:
            return
        message = f"{plural(count, 'annotation')} could not be delivered: {error.message}"
        self._delivery.failed(DeliveryError(message, hint=error.hint, anchor=error.anchor))
