"""`qe-action publish`: what a run that could only read has found, said on its pull request.

The second of two workflows. The first runs a fork's code with a token that may only read and
leaves a journal. This one runs the default branch's code with a token that may write, when the
first is over. Which commit and which pull request it writes to is GitHub's word alone; what the
journal says is shown to people and decides nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from qe_action.agents.options import GateOptions
from qe_action.agents.result import Judged, gates
from qe_action.commands.step import Step
from qe_action.errors import QEError, ReportError, UsageError, sentence
from qe_action.events import (
    AnalysisComplete,
    AnalyzerError,
    Conclusion,
    Event,
    ExecutionComplete,
    GenerationComplete,
    without_figures,
)
from qe_action.github.artifacts import ACTIONS, Artifact
from qe_action.github.client import GitHub
from qe_action.github.finished_run import FinishedRun, read_finished
from qe_action.input_file import opened
from qe_action.render.links import Links
from qe_action.settings import Settings
from qe_action.sinks.wiring import Suite
from qe_action.stream import Replay
from qe_action.text import clip, visible
from qe_action.untrusted.archive import MAX_PACKED, only_member
from qe_action.untrusted.journal import ReadLine, events_of
from qe_action.workspace.diff_sources import PullRef
from qe_action.workspace.report_file import report_digest

ANCHOR = "pull-requests-from-forks"
SUFFIX = ".jsonl"
TURN = 50
"""Events after which the sinks have their turn."""
LISTED, LONGEST_NAME = 20, 100
"""Artifacts that are named where the one looked for is missing, and characters of each."""
ITS_OWN_WORD = "A fork's workflow measured this with the fork's code: the figures are its own word."
THEIR_RUN = (
    "A fork's workflow ran these tests with the fork's code: how they ended is its own word."
)
THEIR_TESTS = (
    "A fork's workflow made these tests beside the fork's code: they and their evidence are its "
    "own word. Read them as you read the rest of its change before you run them."
)

OpenJournal = Callable[[], Awaitable[ReadLine]]


class NothingToPublish(Exception):  # noqa: N818 - no error: all is as it should be
    """There is no pull request that still wants this result; says why."""


class Publication(Step):
    """A step that publishes `journal`, or that of the finished run where there is no such path."""

    _finished: FinishedRun | None = None
    trusted = False

    def __init__(
        self, settings: Settings, environment: Mapping[str, str], journal: Path | None = None
    ) -> None:
        super().__init__(settings, environment)
        self._path = journal
        self._artifact_id = 0

    async def run(self) -> None:
        """Find the journal and its pull request, and deliver.

        Raises `NothingToPublish`, and `QEError` where nothing could be written.
        """
        try:
            read = await self._prepare()
        except BaseException:
            await self.hang_up()
            raise
        await self.deliver(
            Replay(self._events(read)).stages(), reads=[self._path] if self._path else []
        )

    @property
    def suite(self) -> Suite:
        return "recorded"

    def content_digest(self) -> str:
        """An artifact's content never changes, so its number stands for it."""
        return report_digest([self._path]) if self._path else f"artifact {self._artifact_id}"

    def _make_links(self) -> Links:
        """Links of the run that measured, not of this one."""
        links = super()._make_links()
        if self._finished is None:
            return links
        return replace(links, run_url=self._finished.url(links.server, links.repo))

    @property
    def _foreign(self) -> bool:
        """Whether a fork wrote the journal, as far as that is known."""
        if self.context is None or self._finished is None:
            return self.context is not None and self.context.is_fork
        return not _same(self._finished.head_repo, self.context.repo)

    @property
    def _ending(self) -> Conclusion:
        """What a journal that just stops concludes with."""
        cancelled = self._finished is not None and self._finished.conclusion == "cancelled"
        return "cancelled" if cancelled else "failed"

    async def _prepare(self) -> OpenJournal:
        """Take aim at the pull request; how its journal is opened."""
        if self.context is not None and self.context.event_name == "workflow_run":
            finished = read_finished(self.settings.payload())
            if self.github is not None:
                return await self._aim(self.github, finished)
        if self._path is None:
            raise UsageError(
                "There is no journal to publish: neither a path nor a token and the event "
                "workflow_run are given.",
                hint="Run it in a workflow `on: workflow_run`, as the documentation has it.",
                anchor=ANCHOR,
            )
        return partial(_open, self._path)

    async def _aim(self, github: GitHub, finished: FinishedRun) -> OpenJournal:
        assert self.context is not None
        if finished.event != "pull_request":
            raise NothingToPublish(
                f"The finished run was not for a pull request but for {finished.event}: such a "
                "run can write its results itself."
            )
        artifact = None if self._path else await self._artifact(github, finished)
        pull = await self._pull(github, finished)
        self._finished = finished
        self.context = replace(self.context, pull=pull)
        self.links = self._make_links()
        if self._path is not None:
            return partial(_open, self._path)
        assert artifact is not None
        self._artifact_id = artifact.id
        return partial(_fetch, github, artifact)

    async def _artifact(self, github: GitHub, finished: FinishedRun) -> Artifact:
        name = self.settings.inputs.journal_artifact
        found = await github.find_artifact(finished.id, name)
        if found is None:
            raise NothingToPublish(
                f"The finished run has left no artifact {name}: {await self._why_none(finished)}"
            )
        return found

    async def _why_none(self, finished: FinishedRun) -> str:
        """Another name is the usual mistake, so the names that there are are told."""
        assert self.github is not None
        names = await self.github.get(
            "list the finished run's artifacts",
            ACTIONS,
            f"actions/runs/{finished.id}/artifacts",
            lambda data: [str(item["name"]) for item in data["artifacts"] if not item["expired"]],
            {"per_page": LISTED},
        )
        if not names:
            return "it has written its results itself, or was over before there were any."
        told = ", ".join(clip(visible(each), LONGEST_NAME) for each in dict.fromkeys(names))
        return (
            f"it has {told}. If one of them is the journal, name it in journal-artifact; else the "
            "run has written its results itself."
        )

    async def _pull(self, github: GitHub, finished: FinishedRun) -> PullRef:
        """The one open pull request whose head the finished run was for."""
        assert self.context is not None
        source, branch = finished.head_repo, finished.head_branch
        if source is None or branch is None:
            raise NothingToPublish("The fork or branch that the finished run was for is gone.")
        pulls = await github.open_pulls(source.partition("/")[0], branch)
        ours = [
            pull.ref
            for pull in pulls
            if _same(pull.head_repo, source) and _same(pull.base_repo, self.context.repo)
        ]
        if not ours:
            raise NothingToPublish(f"No open pull request is from {source}, {branch} any more.")
        found = [ref for ref in ours if ref.head_sha == finished.head_sha]
        if not found:
            raise NothingToPublish(
                f"Pull request {_numbers(ours)} was pushed to since; what was measured is no "
                "longer its head."
            )
        if len(found) > 1:
            raise NothingToPublish(
                f"Pull requests {_numbers(found)} have the same head, and it can't be told which "
                "of them was measured."
            )
        return found[0]

    async def _events(self, read: OpenJournal) -> AsyncGenerator[Event, None]:
        """The journal's events, as far as they can be believed, with gates judged anew."""
        try:
            readline = await read()
        except QEError as error:
            yield AnalyzerError(message=sentence(error.message), hint=error.hint)
            yield without_figures("failed")
            return
        for number, event in enumerate(events_of(readline, ending=self._ending)):
            if number % TURN == 0:
                await asyncio.sleep(0)
            if isinstance(event, AnalysisComplete):
                yield self._judged(event)
            elif isinstance(event, ExecutionComplete) and self._foreign:
                yield event.model_copy(update={"notes": (THEIR_RUN, *event.notes)})
            elif isinstance(event, GenerationComplete) and self._foreign:
                yield event.model_copy(update={"notes": (THEIR_TESTS, *event.notes)})
            else:
                yield event

    def _judged(self, result: AnalysisComplete) -> AnalysisComplete:
        """The result by this step's thresholds, which no fork can set.

        A gate that is not set here is shown as the journal has it.
        """
        inputs = self.settings.inputs
        options = GateOptions(
            min_patch_coverage=inputs.min_patch_coverage,
            min_project_coverage=inputs.min_project_coverage,
            min_branch_coverage=inputs.min_branch_coverage,
            tests_outcome=inputs.tests_outcome,
        )
        seen = Judged(
            patch=result.patch,
            totals=result.totals,
            patches=None,
            files={},
            unmeasured=result.unmeasured,
            misfit=result.misfit,
        )
        judged = gates(options, seen)
        names = {gate.name for gate in judged}
        others = (gate for gate in result.gates if gate.name not in names)
        notes = (ITS_OWN_WORD, *result.notes) if self._foreign else result.notes
        return result.model_copy(update={"gates": (*judged, *others), "notes": notes})


async def _open(path: Path) -> ReadLine:
    try:
        return opened(path).readline
    except OSError as error:
        raise ReportError(
            f"The journal {path} can't be read: {error.strerror}.", anchor=ANCHOR
        ) from None


async def _fetch(github: GitHub, artifact: Artifact) -> ReadLine:
    if artifact.size > MAX_PACKED:
        raise ReportError(
            f"The artifact has {artifact.size:,} bytes, and at most {MAX_PACKED:,} are read.",
            anchor=ANCHOR,
        )
    return only_member(await github.fetch_artifact(artifact.id, MAX_PACKED), SUFFIX).readline


def _same(one: str | None, other: str | None) -> bool:
    """Whether two names mean the same repository."""
    return one is not None and other is not None and one.lower() == other.lower()


def _numbers(refs: list[PullRef]) -> str:
    return ", ".join(f"#{ref.number}" for ref in refs)
