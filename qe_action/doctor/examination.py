"""The whole examination, and its short form that asks nobody anything."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from qe_action.diagnosis.facts import Access, Facts, Project, Run, token_kind
from qe_action.doctor.local_facts import (
    GIT_TIMEOUT,
    asked,
    find_workflow,
    project,
    protection,
    read_history,
    read_run,
)
from qe_action.doctor.report_facts import Reading, find_reports
from qe_action.doctor.suite_facts import asked_suite
from qe_action.doctor.token_probe import probe
from qe_action.errors import WorkspaceError
from qe_action.github.context import RunContext
from qe_action.settings import Settings
from qe_action.workspace.change import list_files, resolve_change
from qe_action.workspace.checkout import GitCheckout
from qe_action.workspace.git import Git


@dataclass(frozen=True)
class Doctor:
    """Looks at what `settings` say. `environment` gives git its PATH, `clock` seconds."""

    settings: Settings
    environment: Mapping[str, str]
    clock: Callable[[], float] = time.monotonic

    async def short(self) -> Facts:
        """What is known without a request and without reading a report: a tenth of a second."""
        run, context = read_run(self.settings)
        return await self._local(self._git(), run, context, count=False)

    async def whole(self) -> Facts:
        """All of it."""
        run, context = read_run(self.settings)
        git = self._git()
        facts = await self._local(git, run, context, count=True)
        checkout = self._checkout(git)
        index = None
        with suppress(WorkspaceError):  # said by the history
            index = await checkout.index()
        reading = Reading(self.settings, index, checkout, self._below(git), self.clock)
        reports = await asyncio.to_thread(lambda: tuple(map(reading.read, facts.reports)))
        facts = replace(facts, reports=reports, paths=reading.paths())
        return replace(facts, access=await asyncio.to_thread(self._ask, context, facts))

    def _git(self) -> Git:
        return Git(self.settings.workspace, env=self.environment, timeout=GIT_TIMEOUT)

    async def _local(self, git: Git, run: Run, context: RunContext | None, *, count: bool) -> Facts:
        inputs = self.settings.inputs
        top = git.toplevel or self.settings.workspace
        reports, nearby = await asyncio.to_thread(find_reports, self.settings)
        workflow = await asyncio.to_thread(find_workflow, self.settings, run, top)
        suite = await asyncio.to_thread(asked_suite, self.settings)
        found = Project()
        if workflow is None and not run.in_workflow:
            found = await project(self.settings, git, self._below(git))
        return Facts(
            run=run,
            bearer=token_kind(inputs.token.get_secret_value()),
            asked=replace(asked(inputs), suite=suite),
            history=await read_history(git, run, context, inputs.base, count=count),
            reports=reports,
            nearby=nearby,
            workflow=workflow,
            project=found,
            protection=protection(inputs),
        )

    def _below(self, git: Git) -> str:
        """The folder that the reports are about, as seen from the repository's top."""
        folder = self.settings.workspace / self.settings.inputs.working_directory
        top = git.toplevel or self.settings.workspace
        try:
            return folder.resolve().relative_to(top.resolve()).as_posix()
        except ValueError:
            return "."

    def _checkout(self, git: Git) -> GitCheckout:
        return GitCheckout(
            git.toplevel or self.settings.workspace,
            resolve=partial(resolve_change, git),
            list_files=partial(list_files, git, worktree=not self.settings.in_workflow),
        )

    def _ask(self, context: RunContext | None, facts: Facts) -> Access | None:
        if context is None or context.repo is None or facts.bearer == "none":
            return None
        timeout = self.settings.pacing("TIMEOUT")
        return probe(self.settings.inputs.token, context, facts, timeout, self.clock)
