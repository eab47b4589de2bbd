"""Where a generation writes its events: its tests can be added from there later."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from qe_action.errors import UsageError


@dataclass
class TestsJournal:
    name: str
    keep: bool = False


@contextmanager
def temporary() -> Iterator[tuple[TestsJournal, IO[bytes]]]:
    """A journal in the temporary folder that is kept if it is needed.

    Raises `UsageError` where it can't be written.
    """
    try:
        number, made = tempfile.mkstemp(prefix="qe-action-tests-", suffix=".jsonl")
    except OSError as error:
        raise UsageError(
            f"The journal can't be written: {error.strerror}.", anchor="command-line"
        ) from None
    journal = TestsJournal(made)
    try:
        with os.fdopen(number, "wb") as file:
            yield journal, file
    finally:
        if not journal.keep:
            Path(made).unlink(missing_ok=True)
