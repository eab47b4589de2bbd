"""`qe-action generate`: verified tests for what the project's tests miss."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from rich.text import Text

from qe_action.agents.generation_options import generation_options
from qe_action.agents.test_generator import TestGeneratorAgent
from qe_action.errors import UsageError
from qe_action.events import Event, GenerationComplete, TestCase
from qe_action.running import stream_to
from qe_action.sinks.commands import log_line
from qe_action.sinks.generation import GenerationSink
from qe_action.sinks.jsonl import EventsSink
from qe_action.sinks.terminal import stderr_console
from qe_action.stream import Sink, generation_ended
from qe_action.task import QETask
from qe_action.verify.writing import Part, appended, new_file


async def generate(arguments: Namespace) -> GenerationComplete:
    """Run the generation that the command line asks for, and write what holds.

    Raises `QEError` for what the user can mend.
    """
    task = QETask(task_type="test_generation", context=_context(arguments))
    generation_options(task)  # what does not fit is said before anything runs
    last = _Last()
    sinks: list[Sink] = [last]
    if arguments.output == "jsonl":
        sinks.append(EventsSink(sys.stdout))
    sinks.append(GenerationSink(stderr_console(), brief=arguments.output == "jsonl"))
    failures: list[BaseException] = []
    broadcast = await stream_to(
        TestGeneratorAgent().generate_tests_streaming(task),
        sinks,
        on_failure=lambda _sink, error: failures.append(error),
        ending=generation_ended,
    )
    for error in (broadcast.failure, *failures):
        if error is not None:
            raise error
    assert last.result is not None, "every stream ends in a complete event"
    if last.result.tests:
        _say(_write(arguments, last.result.tests))
    return last.result


def _say(places: list[Path]) -> None:
    """Where the tests are, for people."""
    where = ", ".join(map(str, places))
    said = f"Written to {where}." if places else "Nothing is written without --write or --out."
    stderr_console().print(Text(log_line(said)), soft_wrap=True)


class _Last:
    """Keeps the result."""

    name = "result"

    def __init__(self) -> None:
        self.result: GenerationComplete | None = None

    async def consume(self, events: AsyncIterator[Event]) -> None:
        async for event in events:
            if isinstance(event, GenerationComplete):
                self.result = event


def _context(arguments: Namespace) -> Mapping[str, Any]:
    context: dict[str, Any] = {
        "repo": Path(arguments.repo).resolve(),
        "file": arguments.target,
        "target_count": arguments.max_tests,
        "time_budget": arguments.time_budget,
        "suite_timeout": arguments.suite_timeout,
        "generator": arguments.generator,
        "python": tuple(Path(name).absolute() for name in arguments.python),
        "sandbox": arguments.sandbox,
        "seed": arguments.seed,
        "tests": tuple(_read(name) for name in arguments.tests),
    }
    if not arguments.target:
        for name in arguments.reports:
            if name.partition("::")[0].endswith(".py"):
                raise UsageError(f"{name} is no coverage report. Name it as --target {name}.")
    reports = arguments.reports or ([] if arguments.target else ["coverage.xml"])
    if reports:
        context["coverage_file"] = tuple(Path(name) for name in reports)
    return context


def _read(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The tests {name} can't be read: {error}.") from None


def _write(arguments: Namespace, tests: tuple[TestCase, ...]) -> list[Path]:
    """The tests into `--out`, and with `--write` into the project; the files that have them."""
    parts: dict[str, list[Part]] = {}
    places: list[Path] = []
    for case in tests:
        parts.setdefault(case.path, []).append(Part(case.test_name, case.test_code, case.imports))
    for path, own in parts.items():
        if arguments.write:
            places.append(_put(_in_project(Path(arguments.repo), path), own))
        if arguments.out and _is_folder(arguments.out):
            places.append(_put(Path(arguments.out, Path(path).name), own))
    if arguments.out and not _is_folder(arguments.out):
        every = [part for own in parts.values() for part in own]
        places.append(_put(Path(arguments.out), every))
    return places


def _in_project(repo: Path, path: str) -> Path:
    """Where a file of the project lies. Raises `UsageError` where a link leads out of it."""
    try:
        inside = (repo / path).resolve().relative_to(repo.resolve()).parts
    except (OSError, RuntimeError, ValueError):
        inside = ()
    if not inside or ".git" in inside:
        raise UsageError(
            f"{path} is not written: a link on the way to it leads out of the project.",
            hint="Take --out.",
        )
    return repo / path


def _is_folder(name: str) -> bool:
    return name.endswith("/") or Path(name).is_dir()


def _put(place: Path, parts: list[Part]) -> Path:
    """The tests into a file: what it holds is never lost."""
    text = _added(place, parts) if place.exists() else new_file(parts)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode())
    except OSError as error:
        raise UsageError(f"{place} can't be written: {error.strerror}.") from None
    return place


def _added(place: Path, parts: list[Part]) -> str:
    """A file's text, with its own line ends, and the tests."""
    try:
        return appended(place.read_bytes().decode("utf-8"), parts)
    except (OSError, SyntaxError, ValueError) as error:
        raise UsageError(f"Tests can't be added to {place}: {error}.") from None
