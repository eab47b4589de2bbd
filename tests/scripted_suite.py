"""A suite runner that says what a script tells it, and notes what it was asked to run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from pathlib import Path

from qe_action.events import Outcome
from qe_action.execution.suite_port import (
    Collected,
    Ended,
    Finished,
    Frame,
    Message,
    Over,
    Run,
    Session,
    Started,
)

Step = Message | Callable[[], Awaitable[None]]


class ScriptedSuite:
    """Each run says the messages of the next script; a step that can be awaited is waited for."""

    def __init__(self, *scripts: Iterable[Step]) -> None:
        self._scripts = list(scripts)
        self.runs: list[Run] = []
        self.open = 0

    async def run(self, run: Run) -> AsyncGenerator[Message, None]:
        self.runs.append(run)
        script = self._scripts.pop(0)
        self.open += 1
        try:
            for step in script:
                await asyncio.sleep(0)
                if callable(step):
                    await step()
                else:
                    yield step
        finally:
            self.open -= 1


def suite(
    root: Path,
    outcomes: Sequence[tuple[str, Outcome]],
    *,
    key: str = "s",
    code: int | None = None,
    seconds: float = 0.1,
    workers: int = 1,
    end: bool = True,
    **more: object,
) -> list[Step]:
    """The messages of a pytest run in which these tests end so, in the file of their names."""
    bad = any(outcome in ("failed", "error") for _, outcome in outcomes)
    code = int(bad) if code is None else code
    names = list(dict.fromkeys(name for name, _ in outcomes))
    steps: list[Step] = [
        Session(key, root, root, "/usr/bin/python3", ("-q",), workers),
        Collected(key, len(names), _files(names)),
    ]
    for name, outcome in outcomes:
        steps += [Started(key, name), finished(name, outcome, key=key, seconds=seconds)]
    steps.append(Over(key, code))
    return [*steps, Ended(code)] if end else steps


def _files(names: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name in names:
        file = name.partition("::")[0]
        found[file] = found.get(file, 0) + 1
    return found


def finished(
    name: str, outcome: Outcome, *, key: str = "s", seconds: float = 0.1, frame: str = ""
) -> Finished:
    """The end of a test; a failure has a traceback into its own file's line 7, or `frame`'s."""
    file = name.partition("::")[0]
    bad = outcome in ("failed", "error")
    frames = (Frame(file, 7), *([Frame(frame, 11)] if frame else [])) if bad else ()
    return Finished(
        key,
        name,
        outcome,
        "setup" if outcome in ("error", "skipped") else "call",
        seconds,
        file,
        3,
        frames,
        message="assert 1 == 2" if bad else "",
        traceback=f"{file}:7: AssertionError" if bad else "",
        output="printed\n" if bad else "",
        reason="no network" if outcome == "skipped" else "",
    )
