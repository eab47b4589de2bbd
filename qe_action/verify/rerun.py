"""A test file as it was written: run as its people run it, with nothing of ours to help it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from qe_action.project_worker.client import ProjectInterpreter
from qe_action.verify.project import Project
from qe_action.verify.run_answers import Hello, Run
from qe_action.verify.run_request import (
    ALONE,
    USAGE,
    RunRequest,
    Surroundings,
    as_configured,
)
from qe_action.verify.test_runner import TestRunner

CONFIGS = ("pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg", "setup.py")


@dataclass(frozen=True)
class Written:
    """A file of the project: its path, what it held before (None: it is new) and what it holds."""

    path: str
    before: bytes | None
    after: bytes


class Rerun:
    """Runs written files in `tree`, a copy of the project that may be changed."""

    def __init__(self, runner: TestRunner, tree: Path, hello: Hello, timeout: float) -> None:
        self._runner = runner
        self._tree = tree
        self._options = as_configured(hello.plugins)
        self._timeout = timeout

    @classmethod
    @asynccontextmanager
    async def open(
        cls, interpreter: ProjectInterpreter, tree: Path, timeout: float
    ) -> AsyncIterator[Rerun]:
        project = Project("", b"", "", (), {}, "", frozenset())
        async with TestRunner.open(interpreter, project, tree, 1) as runner:
            yield cls(runner, tree, await runner.hello(), timeout)

    async def broken(self, file: Written, start: str) -> str:
        """What is red with the file as it is that was not before; empty where nothing is.

        It is run as by `python -m pytest` in `start`, a folder of the project, and where nothing
        of it passes there, in those that its configuration or the repository begins in.
        """
        said = []
        for folder in starts(self._tree, file.path, start):
            before = await self._run(file, file.before, folder)
            after = await self._run(file, file.after, folder)
            why = broken_by(before, after)
            if not why or before.passed:
                return why
            said.append(why)
        return said[0]

    async def _run(self, file: Written, data: bytes | None, folder: str) -> Run:
        place = self._tree / file.path
        if data is None:
            place.unlink(missing_ok=True)
            return Run(end="done")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        for options in (self._options, ALONE):
            around = Surroundings(start=folder)
            request = RunRequest(
                {}, [file.path], self._timeout, options=options, around=around, clean=True
            )
            run = await self._runner.run(request)
            if run.exit != USAGE or run.outcomes:
                break
        return run


def starts(tree: Path, path: str, start: str) -> Sequence[str]:
    """The folders that a test file may be run from, the likeliest first."""
    parents = [str(parent) for parent in PurePosixPath(path).parents]
    configured = [p for p in parents if any((tree / p / name).is_file() for name in CONFIGS)]
    return list(dict.fromkeys((start, *configured[:1], ".")))


def broken_by(before: Run, after: Run) -> str:
    """In words, what no longer passes or is new and does not; empty where there is nothing."""
    if after.end != "done":
        return f"with it the run ended by {after.end}"
    errors = [text for name, text in after.errors if name not in {n for n, _ in before.errors}]
    if errors:
        return _short(f"it can't be collected: {errors[0]}")
    for name in sorted(before.passed - after.passed):
        word, text = after.outcomes.get(name, ("not run", ""))
        return _short(f"{name}, which passed before, is {word}: {text}")
    fresh = {name: said for name, said in after.outcomes.items() if name not in before.outcomes}
    for name, (word, text) in fresh.items():
        if word != "passed":
            return _short(f"{name} is {word}: {text}")
    return "" if fresh else "none of the new tests is run there"


def _short(text: str) -> str:
    return " ".join(text.split()).rstrip(": ")[:300]
