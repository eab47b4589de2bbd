"""The generated tests beside the comment: as a patch, and on a branch with a pull request.

Whatever keeps them from a pull request leaves the patch, with the reason in one line.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, assert_never

from qe_action.errors import DeliveryError, sentence
from qe_action.events import Event, GenerationComplete
from qe_action.github.client import GitHub
from qe_action.github.follow_ups import FollowUp
from qe_action.github.git_data import BranchMovedError
from qe_action.proposal.git_patch import make_patch
from qe_action.proposal.next_step import (
    Close,
    Commit,
    Keep,
    Leave,
    Run,
    Suggest,
    Tell,
    next_step,
)
from qe_action.render.links import Links
from qe_action.render.pull_text import PullText, body
from qe_action.render.state import Proposal, RunState
from qe_action.sinks.delivery import Delivery
from qe_action.sinks.pace import RESERVE, persist
from qe_action.sinks.test_files import Changes, FilesAtCommit, Read, changes, checkout_reader
from qe_action.sinks.tests_branch import TestsBranch, There
from qe_action.text import document

ROUNDS = 3
"""How often it is begun again where others write to the branch at the same time."""
SPARED = "few of the hour's requests are left"
BUSY = "others write to {} at the same time"
NO_HEAD = "The files at the head can't be read ({}), so the patch is of those of the checkout."
NO_FILES = "There is no patch: the files at the head can't be read ({})."


@dataclass(frozen=True, slots=True)
class PatchOf:
    """What a patch is made of and where it goes.

    `sha` is the commit that the tests are for; `root` is its checkout, None where there is none to
    be trusted. `file` is open for the patch, `name` is that file's.
    """

    github: GitHub | None
    sha: str
    root: Path | None
    file: IO[bytes] | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class TestsOf:
    """Whose tests they are: a check's name as a hash, and the id and attempt of the run."""

    __test__ = False

    owner: str
    run: tuple[int, int]


class TestsPullSink:
    """Gives the tests of a finished generation as a patch, or opens a pull request with them.

    `branch` is where they may go; without one `why_not` says why, empty where it was not asked for.
    """

    __test__ = False
    name = "pull request with tests"

    def __init__(
        self,
        delivery: Delivery,
        links: Links,
        patch: PatchOf,
        tests: TestsOf,
        *,
        branch: TestsBranch | None,
        github: GitHub | None,
        why_not: str,
    ) -> None:
        self._delivery = delivery
        self._links = links
        self._patch = patch
        self._tests = tests
        self._branch = branch
        self._github = github
        self._why_not = why_not
        self._state = RunState()

    async def consume(self, events: AsyncIterator[Event]) -> None:
        """Raises nothing: what can't be delivered is noted in the delivery."""
        try:
            async for event in events:
                self._state.fold(event)
                if isinstance(event, GenerationComplete):
                    self._delivery.proposal = await self._propose(event)
                    break
        except DeliveryError as error:
            self._delivery.failed(error)
        finally:
            self._delivery.proposal_settled.set()

    async def _propose(self, result: GenerationComplete) -> Proposal | None:
        count = self._count(result)
        if self._delivery.hurried or (count is None and self._branch is None):
            return None
        proposal = Proposal(reason=self._why_not if count else "")
        if self._branch is not None:
            proposal = await self._open(self._branch, result, count)
            if proposal.url and not proposal.closed:
                self._delivery.tests_pull_url = proposal.url
        elif proposal.reason:
            self._delivery.note(f"No pull request with tests: {sentence(proposal.reason)}")
        if not count:
            return proposal if proposal.url else None
        return await self._with_patch(result, proposal)

    def _count(self, result: GenerationComplete) -> int | None:
        """How many tests are proposed; None where it is not known whether any would be."""
        analysis = self._state.result
        red = bool(result.failing) or (analysis is not None and analysis.tests_failed)
        if result.conclusion != "finished" or red:
            return None
        unsure = not result.tests and self._state.generation.errors
        return None if unsure else len(result.tests)

    # The pull request

    async def _open(
        self, branch: TestsBranch, result: GenerationComplete, count: int | None
    ) -> Proposal:
        found: list[Proposal] = []

        async def deliver() -> None:
            found[:] = [await self._deliver(branch, result, count)]

        try:
            await persist(deliver, lambda: self._delivery.hurried)
        except DeliveryError as error:
            if not self._delivery.hurried:
                self._delivery.failed(error)
            reason = " ".join(filter(None, (sentence(error.message), error.hint)))
            return replace(_where(branch.pull), reason=reason)
        if found[0].reason:
            what = f"Pull request {found[0].number}" if found[0].url else "No pull request"
            self._delivery.note(f"{what} with tests: {sentence(found[0].reason)}")
        return found[0]

    async def _deliver(
        self, branch: TestsBranch, result: GenerationComplete, count: int | None
    ) -> Proposal:
        for _ in range(ROUNDS):
            if self._delivery.hurried:
                return Proposal()
            try:
                return await self._round(branch, result, count)
            except BranchMovedError:
                continue
        return Proposal(reason=BUSY.format(branch.name))

    async def _round(
        self, branch: TestsBranch, result: GenerationComplete, count: int | None
    ) -> Proposal:
        head = self._patch.sha
        there = await branch.look(head)
        files, found = None, Changes({}, (), ())
        if count and there.seen.state == "open" and there.seen.head == head:
            assert self._github is not None
            files = FilesAtCommit(self._github, head)
            found = await changes(result.tests, self._reader(files))
            count = count if found.files or found.left_out else 0
        run = Run(self._tests.owner, head, self._tests.run, count)
        step = next_step(run, there.seen)
        pull = branch.pull
        known = _where(pull)
        match step:
            case Suggest(reason):
                return replace(known, reason=reason)
            case Close() | Tell():
                return replace(known, closed=await branch.close(step, there))
            case Commit():
                reason = self._why_no_commit(found)
                if reason or files is None:
                    return replace(known, reason=reason)
                return await self._commit(branch, step, there, run, files, found, result)
            case Leave(reason):
                return replace(known, reason=reason) if pull else known
            case Keep():
                return known
            case _:
                assert_never(step)

    def _reader(self, files: FilesAtCommit) -> Read:
        """The files at the head, as far as they are those that the tests were made beside."""
        measured = self._state.result.measured if self._state.result else None
        if measured is None or measured.tree != "merge" or not measured.sha:
            return files.read
        assert self._github is not None
        return files.same_as(FilesAtCommit(self._github, measured.sha))

    def _why_no_commit(self, found: Changes) -> str:
        left = self._github.remaining if self._github else None
        if left is not None and left < RESERVE:
            return SPARED
        return "" if found.files else " ".join(found.left_out)

    async def _commit(
        self,
        branch: TestsBranch,
        step: Commit,
        there: There,
        run: Run,
        files: FilesAtCommit,
        found: Changes,
        result: GenerationComplete,
    ) -> Proposal:
        text = PullText(branch.number, run.head, branch.name, result, found.tests, found.left_out)

        def words(mark: str) -> str:
            return document(body(text, mark, self._state, self._links))

        tip = await branch.commit(step, there, run, files, found, text)
        # Before a pull request tells of the commit: a run that is killed leaves it to the next.
        started = not branch.wants_start(tip, there) or await branch.start(last=False)
        pull = await branch.publish(tip, there, text, words)
        if not started:
            await branch.start(last=True)
        if pull is None:
            raise BranchMovedError
        return replace(_where(pull), remarks=tuple(found.left_out))

    # The patch

    async def _with_patch(self, result: GenerationComplete, proposal: Proposal) -> Proposal:
        """The patch too: in its file where one is asked for, shown where no pull request is."""
        opened = bool(proposal.url) and not proposal.reason
        if opened and self._patch.file is None:
            return proposal
        found, note = await self._files(result)
        if found is None:
            return replace(proposal, remarks=(note,))
        patch = make_patch(found.files)
        if self._patch.file is not None and patch.data:
            self._patch.file.write(patch.data)
            self._delivery.patch_written = True
        remarks = [note] if note else []
        remarks += [] if opened else [patch.hidden]
        return replace(
            proposal,
            patch="" if opened else patch.text,
            file=self._patch.name if patch.data and self._patch.file is not None else "",
            remarks=tuple(filter(None, (*remarks, *found.left_out, *patch.lacks))),
        )

    async def _files(self, result: GenerationComplete) -> tuple[Changes | None, str]:
        """The files at the head; where those can't be read the checkout's, and why."""
        of, why = self._patch, "there is no token"
        if of.github is not None and of.sha:
            try:
                at = FilesAtCommit(of.github, of.sha)
                return await changes(result.tests, at.read), ""
            except DeliveryError as error:
                why = error.message
        if of.root is None:
            return None, NO_FILES.format(why)
        found = await changes(result.tests, checkout_reader(of.root))
        return found, NO_HEAD.format(why) if of.github is not None else ""


def _where(pull: FollowUp | None) -> Proposal:
    """An open pull request as it is shown."""
    return Proposal(pull.url, pull.number, pull.draft) if pull else Proposal()
