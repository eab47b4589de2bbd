"""A journal that takes the place of an earlier one once it has all that that was worth.

It is written beside the earlier one and renamed over it, which happens at once or not at all: a run
that is killed at any moment leaves the earlier journal or a better one.
"""

from __future__ import annotations

import io
import os
from contextlib import suppress
from pathlib import Path

WORK = tuple(f'{{"type":"{name}"'.encode() for name in ("test", "rejected", "finished"))
RESULT = b'{"type":"complete"'
"""How the lines begin whose events nobody wants to do again, and that of a result."""
SUFFIX = ".part"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)


class SuccessorFile(io.FileIO):
    """The next journal of the name `place`; `owed` lines of work make it as good as the last."""

    def __init__(self, place: Path, owed: int) -> None:
        """Raises `OSError` where it can't be written."""
        self._place = place
        self._beside = place.with_name(f"{place.name}{SUFFIX}")
        self._owed = max(1, owed)
        self._in_place = False
        self._beside.unlink(missing_ok=True)
        super().__init__(self._beside, "wb", opener=lambda name, _: os.open(name, _NEW, 0o644))

    def write(self, line: bytes, /) -> int:  # type: ignore[override]
        """Write a whole line of the journal."""
        left = memoryview(line)
        while left:
            left = left[super().write(left) or 0 :]
        self._owed -= line.startswith(WORK)
        if self._owed <= 0 or line.startswith(RESULT):
            self._take_place()
        return len(line)

    def close(self) -> None:
        """Of a journal that has nothing yet nothing stays."""
        if not self.closed:
            super().close()
            with suppress(OSError):
                self._beside.unlink(missing_ok=True)

    def _take_place(self) -> None:
        if not self._in_place:
            self._beside.replace(self._place)
            self._in_place = True
