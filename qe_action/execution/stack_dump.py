"""What faulthandler has written of processes that hang, without the lines of the test runner."""

from __future__ import annotations

import re
from collections.abc import Iterator

MOST = 4000
"""Characters of a stack."""
_RUNNER = re.compile(r'File "(?:[^"]*[/\\](?:_pytest|pluggy|pytest|coverage)[/\\]|<)')
_BETWEEN = re.compile(r'File "[^"]*[/\\](?:execnet|xdist)[/\\]')


def code_stack(text: str) -> str:
    """The threads that run code of the tests, the innermost line first; empty without any."""
    blocks: list[str] = []
    for head, *frames in _threads(text):
        own, outer = _split(frames)
        if own and not _BETWEEN.search(outer):  # else it waits for others
            blocks.append("\n".join((head, *own)))
    return "\n\n".join(blocks)[:MOST]


def _threads(text: str) -> Iterator[list[str]]:
    """Each thread's lines, the first one says which it is."""
    block: list[str] = []
    for line in text.splitlines():
        if line.startswith(("Thread ", "Current thread ")):
            if block:
                yield block
            block = [line.rstrip()]
        elif block and line.strip():
            block.append(line.rstrip())
    if block:
        yield block


def _split(frames: list[str]) -> tuple[list[str], str]:
    """The lines before the first one of the runner, and that one; further out is nothing else."""
    for number, frame in enumerate(frames):
        if _BETWEEN.search(frame) or _RUNNER.search(frame):
            return frames[:number], frame
    return frames, ""
