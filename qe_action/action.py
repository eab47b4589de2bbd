"""`qe-action run`: what the container does, from the runner's environment to the outputs."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO

from qe_action.agents.coverage_analyzer import CoverageAnalyzerAgent
from qe_action.errors import QEError, ReportError, UsageError
from qe_action.github.baseline import BaselineFinder
from qe_action.github.client import GitHub
from qe_action.github.context import RunContext, read_context
from qe_action.github.sender import policy_of
from qe_action.render.links import Links
from qe_action.render.markdown import Heading
from qe_action.render.state import RunState
from qe_action.running import stream_to
from qe_action.settings import Settings
from qe_action.sinks.delivery import Delivery
from qe_action.sinks.finish import Finish
from qe_action.sinks.table import Wiring, sinks_of
from qe_action.stream import Sink
from qe_action.task import QETask
from qe_action.workspace.change import list_files, resolve_change
from qe_action.workspace.checkout import Checkout, GitCheckout
from qe_action.workspace.git import Git
from qe_action.workspace.history import first_parents
from qe_action.workspace.outputs import OutputFile
from qe_action.workspace.report_digest import report_digest
from qe_action.workspace.report_file import expand

SWITCH_INTERVAL = 0.0005
"""Seconds after which the parser lets the thread that talks to GitHub have its turn. With the
default of ten times as much, that thread's many small waits add up to seconds."""


class ActionRun:
    """One run of the action. After `run`, `state` and `delivery` say what came of it."""

    def __init__(self, settings: Settings, environment: Mapping[str, str]) -> None:
        self.settings = settings
        self.state = RunState()
        self.delivery = Delivery()
        self._environment = environment
        self._problems: list[str] = []
        self._context = self._read_context()
        self._github = self._connect()
        self._links = self._make_links()
        self._heading = Heading(settings.inputs.name)

    async def run(self) -> None:
        """Analyse, deliver, and write summary, outputs and files.

        Raises `UsageError` before anything else where an output can't be written.
        """
        self._check_names()
        journal = self._output(self.settings.inputs.journal_file)
        preview = self._output(self.settings.inputs.preview_file)
        sys.setswitchinterval(SWITCH_INTERVAL)
        git = Git(self.settings.workspace, env=self._environment)
        agent = CoverageAnalyzerAgent(checkout=self._checkout(git), baselines=self._baselines(git))
        task = QETask(task_type="coverage_analysis", context=self._task_context())
        try:
            broadcast = await stream_to(
                agent.analyze_coverage_streaming(task),
                self._sinks(journal.stream if journal else None),
                on_failure=self._sink_failed,
                on_signal=self._hurry,
            )
        finally:
            if self._github is not None:
                await self._github.aclose()
        if broadcast.failure is not None:
            self._problems.append(f"The analysis failed: {broadcast.failure!r}")
        Finish(
            self.settings,
            self.state,
            self.delivery,
            self._links,
            self._heading,
            fork=self._context is not None and self._context.is_fork,
        ).write(self._why_not(), self._problems, journal, preview)

    def _read_context(self) -> RunContext | None:
        environment = self.settings.environment
        if not environment.get("GITHUB_REPOSITORY"):
            return None
        try:
            return read_context(environment, self.settings.payload())
        except UsageError as error:
            self._problems.append(error.line())
            return None

    def _connect(self) -> GitHub | None:
        context, token = self._context, self.settings.inputs.token
        if context is None or context.repo is None or not token.get_secret_value():
            return None
        try:
            return GitHub(
                token=token,
                repo=context.repo,
                api_url=context.api_url,
                policy=policy_of(self.settings.pacing),
            )
        except QEError as error:
            self._problems.append(error.line())
            return None

    def _make_links(self) -> Links:
        context = self._context
        if context is None:
            return Links()
        return Links(
            server=context.server_url,
            repo=context.repo or "",
            sha=context.head_sha or "",
            run_url=context.run_url or "",
        )

    def _why_not(self) -> str:
        """Why nothing is sent; empty where something is."""
        if self._context is None:
            broken = bool(self.settings.environment.get("GITHUB_EVENT_PATH"))
            return "the event can't be read" if broken else "this run has no GitHub event"
        if self._context.target_sha is None:
            event = self._context.event_name
            return f"the event {event} is about no pull request and no pushed branch"
        return "" if self._github else "there is no token"

    def _checkout(self, git: Git) -> Checkout:
        # A workflow measures what it checked out; on a desk the edits in progress count too.
        worktree = not self.settings.in_workflow
        resolve = partial(
            resolve_change,
            git,
            pull=self._context.pull if self._context else None,
            commit=self._context.commit if self._context else None,
            base=self.settings.inputs.base,
            api=self._github,
            worktree=worktree,
        )
        root = git.toplevel or self.settings.workspace
        files = partial(list_files, git, worktree=worktree)
        return GitCheckout(root, resolve=resolve, list_files=files)

    def _baselines(self, git: Git) -> BaselineFinder | None:
        """Where to look for a baseline; nowhere outside of a workflow's run."""
        if self._github is None or self._context is None or self._context.target_sha is None:
            return None
        return BaselineFinder(
            self._github,
            check_name=self.settings.inputs.name,
            own_app=self.delivery.own_app,
            history=partial(first_parents, git),
            advise=self._context.pull is not None,
        )

    def _reports(self) -> tuple[Path, ...]:
        inputs = self.settings.inputs
        folder = self.settings.workspace / inputs.working_directory
        return tuple(folder / name for name in inputs.coverage_file)

    def _task_context(self) -> dict[str, object]:
        inputs = self.settings.inputs
        below = Path(inputs.working_directory).as_posix()
        return {
            "coverage_file": self._reports(),
            "all_files": inputs.all_files,
            "include": inputs.include,
            "exclude": inputs.exclude,
            "source_roots": (*inputs.source_root, *([below] if below != "." else [])),
            "workspaces": self.settings.roots,
            "min_patch_coverage": inputs.min_patch_coverage,
            "min_project_coverage": inputs.min_project_coverage,
            "min_branch_coverage": inputs.min_branch_coverage,
            "max_drop": inputs.max_drop,
            "path_gates": inputs.path_gates,
            "check_name": inputs.name,
            "keeps_digest": self._context is not None and self._context.keeps_baseline,
            "tests_outcome": inputs.tests_outcome,
        }

    def _sinks(self, journal: IO[bytes] | None) -> list[Sink]:
        return sinks_of(
            Wiring(
                settings=self.settings,
                context=self._context or RunContext(),
                github=self._github,
                links=self._links,
                delivery=self.delivery,
                state=self.state,
                journal=journal,
                report_digest=partial(report_digest, self._reports()),
                environment=self._environment,
            )
        )

    def _check_names(self) -> None:
        """Journal, preview and report are three files; writing one must not cost another."""
        inputs = self.settings.inputs
        workspace = self.settings.workspace
        reports: set[str] = set()
        for name in self._reports():
            with suppress(ReportError):  # said when it is read
                found = expand(name)
                reports.update(map(_same, found))
        named = [_same(workspace / n) for n in (inputs.journal_file, inputs.preview_file) if n]
        if len(set(named)) < len(named) or reports.intersection(named):
            raise UsageError(
                "journal-file, preview-file and coverage-file must be different files.",
                anchor="inputs",
            )

    def _output(self, name: str | None) -> OutputFile | None:
        return None if name is None else OutputFile(self.settings.workspace, name)

    def _hurry(self) -> None:
        self.delivery.hurry()
        if self._github is not None:
            self._github.hurry()

    def _sink_failed(self, sink: Sink, error: BaseException) -> None:
        if isinstance(error, QEError):
            self._problems.append(f"The {sink.name} is not complete: {error.line()}")
        else:
            self._problems.append(f"The {sink.name} is not complete: {error!r}")


def _same(path: Path) -> str:
    """A path as it is compared with others."""
    return os.path.normcase(os.path.realpath(path))
