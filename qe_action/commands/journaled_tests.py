"""`qe-action test` with a journal: it says what it was made of, and a later run goes on with it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO

from qe_action.commands.resumption import Made, Resumption, digest_of, resumption
from qe_action.commands.run import ActionRun
from qe_action.events import TestFinished
from qe_action.execution.suite_port import SuiteRunner
from qe_action.settings import Settings
from qe_action.sinks import workflow_commands
from qe_action.sinks.wiring import Wiring
from qe_action.workspace.git import Git
from qe_action.workspace.outputs import OutputFile, SuccessorOutput
from qe_action.workspace.successor_file import SUFFIX
from qe_action.workspace.tree_digest import is_tracked, tree_digest


class JournaledTests(ActionRun):
    """A run of the tests whose journal is asked for. `resume` is a journal to go on with."""

    def __init__(
        self,
        settings: Settings,
        environment: Mapping[str, str],
        *,
        runner: SuiteRunner,
        began: float | None,
        resume: str | None,
    ) -> None:
        super().__init__(settings, environment, runner=runner, began=began)
        self._resume = resume
        self._resumed: Resumption | None = None
        self._head = b""

    async def run(self) -> None:
        """The same, once it is known what the journal says. Raises `QEError`."""
        made = await self._made()
        self._head = made.head
        if self._resume is not None:
            path = self.settings.workspace / self._resume
            git = Git(self.settings.workspace, env=self.environment)
            found = resumption(str(path), made, tracked=await is_tracked(git, path))
            workflow_commands.notice_or_line(found.said, in_workflow=self.settings.in_workflow)
            self.earlier = tuple(each for each in found.work if isinstance(each, TestFinished))
            passed = tuple(each for each in self.earlier if each.outcome == "passed")
            self._resumed = replace(found, work=passed)
        await super().run()

    def wiring(self, files: Mapping[str, IO[bytes]]) -> Wiring:
        """The same, with what the journal was made of."""
        return replace(super().wiring(files), journal_head=self._head)

    def _output(self, name: str, value: str) -> OutputFile:
        """A journal that is gone on with stays until there is one as good."""
        if name == "journal" and self._resumed is not None and value == self._resume:
            return SuccessorOutput(self.settings.workspace, value, self._resumed.owed)
        return super()._output(name, value)

    async def _made(self) -> Made:
        inputs, top = self.settings.inputs, self.settings.workspace
        folder = top / inputs.working_directory
        written = [top / name for name in (*self._asked_for().values(), self._resume) if name]
        parts = [path.with_name(f"{path.name}{SUFFIX}") for path in written]
        results = [found for name in inputs.test_results for found in folder.glob(name)]
        git = Git(top, env=self.environment)
        own = [*written, *parts, *results, *self._report_files()]
        here = os.path.relpath(Path.cwd(), git.toplevel or top)
        given = self.environment.get("PYTEST_ADDOPTS", "")
        return Made(
            "test",
            sources=await tree_digest(git, own),
            options=digest_of(here, given, *inputs.test_command),
        )
