"""A journal on disk as a run that is shown: what is there, and then what is added to it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from qe_action.errors import ReportError, UsageError
from qe_action.events import AGENTS, EVENT, AgentName, Event
from qe_action.input_file import opened
from qe_action.journal import check_header
from qe_action.servers.live_history import Shown
from qe_action.untrusted.journal import MAX_BYTES, MAX_EVENTS, MAX_LINE

POLL = 0.2
"""Seconds between two looks at the file."""
SETTLED = 10.0
"""Seconds without a change after which a journal that ends in a result is taken for whole: after
the tests an analysis may begin."""
STALE = 300.0
"""The same for one that ends in the middle of its run: a suite may be silent for minutes."""


class JournalFeed:
    """Feeds what is shown from a journal, and begins anew where another one takes its place."""

    def __init__(
        self, path: Path, shown: Shown, *, settled: float = SETTLED, stale: float = STALE
    ) -> None:
        self._path = path
        self._shown = shown
        self._settled = settled
        self._stale = stale
        self._file: BinaryIO = self._opened()
        self._rest = b""
        self._numbered = 0
        self._read = 0
        self._agent: AgentName | None = None
        self._complete = False
        self._read_all()

    def close(self) -> None:
        """Leave the file."""
        self._file.close()

    async def follow(self) -> AsyncGenerator[None, None]:
        """Show what is added; yields whenever a journal is over, and goes on for another one."""
        told = False
        while True:
            if self._is_another():
                self._begin_anew()
                told = False
            if not self._shown.run.is_over:
                self._take()
                self._end_if_over()
            if self._shown.run.is_over and not told:
                told = True
                yield
            await asyncio.sleep(POLL)

    def _opened(self) -> BinaryIO:
        try:
            return opened(self._path)
        except OSError as error:
            raise UsageError(
                f"The journal {self._path} can't be read: {error.strerror}.", anchor="command-line"
            ) from None

    def _read_all(self) -> None:
        """What is there at the start. Raises `ReportError` where it is no journal of ours."""
        try:
            while self._step():
                pass
        except ReportError as error:
            if self._numbered < 2:
                self._file.close()
                raise
            self._fail(error)
        self._end_if_over()

    def _is_another(self) -> bool:
        """Whether the file was written anew, in its place or over it."""
        try:
            there = self._path.stat()
        except OSError:
            return False  # it is gone; what was read stays
        ours = os.fstat(self._file.fileno())
        return not os.path.samestat(there, ours) or there.st_size < self._read

    def _begin_anew(self) -> None:
        try:
            file = opened(self._path)
        except OSError:
            return
        self._file.close()
        self._file = file
        self._rest, self._numbered, self._read = b"", 0, 0
        self._agent, self._complete = None, False
        self._shown.begin()

    def _take(self) -> None:
        """A part of what was added, so that others have their turn; why not, as an event."""
        try:
            for _ in range(20):
                if not self._step():
                    return
        except ReportError as error:
            self._fail(error)

    def _step(self) -> bool:
        """Read some of the file; whether there was something. Raises `ReportError`."""
        data = self._file.read(64 * 1024)
        if not data:
            return False
        self._read += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._add(line)
        if self._read > MAX_BYTES:
            raise ReportError(f"The journal has more than {MAX_BYTES // 2**20} MB.")
        if len(self._rest) > MAX_LINE:
            raise ReportError(f"The journal has a line of more than {MAX_LINE // 2**20} MB.")
        if self._rest and not self._numbered:
            self._check_begin()
        return True

    def _check_begin(self) -> None:
        """A file whose first line is still being written begins as one of ours does."""
        if not self._rest.startswith(b"{"):
            check_header(self._rest)

    def _add(self, line: bytes) -> None:
        self._numbered += 1
        if self._numbered == 1:
            check_header(line)
            return
        if self._numbered > MAX_EVENTS:
            raise ReportError(f"The journal has more than {MAX_EVENTS:,} events.")
        try:
            event = EVENT.validate_json(line)
        except ValidationError as error:
            reason = error.errors(include_url=False, include_input=False)[0]["type"]
            raise ReportError(
                f"Line {self._numbered} of the journal is not an event ({reason}).",
                hint="The file may come from another version.",
            ) from None
        self._agent, self._complete = event.agent, event.type == "complete"
        self._shown.run.add(event)

    def _end_if_over(self) -> None:
        """A journal does not say that it is whole; that nobody writes to it any more does."""
        if self._shown.run.is_over:
            return
        idle = time.time() - os.fstat(self._file.fileno()).st_mtime
        if self._complete and idle >= self._settled:
            self._shown.run.end()
        elif idle >= self._stale:
            self._fail(ReportError("The journal ends in the middle of its run."))

    def _fail(self, error: ReportError) -> None:
        said = f"{error.message} {error.hint}".strip()
        for event in self._last_words(said):
            self._shown.run.add(event)
        self._shown.run.end()

    def _last_words(self, message: str) -> tuple[Event, ...]:
        agent = self._agent or "coverage-analyzer"
        ending = AGENTS[agent].ending("failed", message)
        return ending[:1] if self._complete else ending
