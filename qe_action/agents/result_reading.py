"""Reading the results that were written, beside a command or in place of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

from qe_action.agents.executed_tests import ExecutedTests
from qe_action.agents.result_messages import ResultMessages
from qe_action.agents.trace_frames import Locator
from qe_action.errors import ReportError
from qe_action.execution.suite_port import Message
from qe_action.results.pytest_names import Heard
from qe_action.text import plural
from qe_action.workspace.result_files import ResultFile, cases, result_files

SLACK = 1.0
"""Seconds by which a file system's clock may be behind ours."""


class ResultReading:
    """Gives the messages of result files.

    `since` is when the command began, in seconds since the epoch: older files are not its own. With
    None all are read. `notes` are sentences on what was left out, `errors` say which files
    could not be read, or not to their end.
    """

    def __init__(
        self, names: tuple[Path, ...], tests: ExecutedTests, top: Path, *, since: float | None
    ) -> None:
        self._names = names
        self._tests = tests
        self._top = top
        self._since = since
        self.notes: list[str] = []
        self.errors: list[ReportError] = []

    async def messages(self) -> AsyncIterator[tuple[Message, bool]]:
        """Each message, and whether it is of a flaky test.

        Raises `ReportError` where there are no files.
        """
        live = [suite for suite in self._tests.suites.values() if suite.live]
        heard = Heard(
            node
            for suite in live
            for node in (*suite.finished, *(test for _, test in self._tests.failures))
        )
        locator = Locator(self._tests.places, self._tests.places.folder(str(self._top)) or "")
        reader: ResultMessages | None = None
        files = Counter[str]()
        for number, file in enumerate(self._fresh(), 1):
            reader = ResultMessages(number, self._top, locator, heard, files)
            yield reader.begin(), False
            try:
                for some in cases(file.path):
                    for message, flaky in reader.of(some):
                        yield message, flaky
                    await asyncio.sleep(0)
            except ReportError as error:
                self.errors.append(error)
            yield reader.end(), False
        if reader is not None:
            yield reader.all(), False

    def _fresh(self) -> list[ResultFile]:
        """The files that the command has written."""
        files = result_files(self._names)
        if self._since is None:
            return files
        fresh = [file for file in files if file.written >= self._since - SLACK]
        if old := len(files) - len(fresh):
            were, them = ("was", "it is") if old == 1 else ("were", "they are")
            self.notes.append(
                f"{plural(old, 'file')} of test results {were} written before the command began: "
                f"{them} not read."
            )
        return fresh
