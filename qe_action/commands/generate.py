"""`qe-action generate`: verified tests for what the project's tests miss."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from argparse import Namespace
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from qe_action import defaults
from qe_action.agents.generation_options import generation_options
from qe_action.agents.test_generator import TestGeneratorAgent
from qe_action.agents.written_files import broken_files
from qe_action.commands.checkout_files import Added, add, chosen_places, in_project, shown
from qe_action.errors import UsageError
from qe_action.events import Event, GenerationComplete
from qe_action.input_file import content
from qe_action.sinks.code import print_code
from qe_action.sinks.console import stderr_console, tell
from qe_action.sinks.generation_view import GenerationSink
from qe_action.sinks.jsonl import EventsSink, JournalSink
from qe_action.stream import Sink, Stage
from qe_action.stream_runner import stream_to
from qe_action.task import QETask
from qe_action.verbosity import Words
from qe_action.workspace.git import Git


@dataclass(frozen=True)
class Generated:
    """The result, and whether all that it proposes stays where it was wanted."""

    result: GenerationComplete
    kept: bool = True


@dataclass(frozen=True)
class Here:
    """Where the command line stands: the repository, the folder of it that is meant, our own."""

    root: Path
    folder: Path

    @property
    def start(self) -> str:
        """The folder of the repository in which its people run tests."""
        here = Path.cwd().resolve()
        inside = here if here.is_relative_to(self.root) else self.folder
        return inside.relative_to(self.root).as_posix()

    def path(self, name: str) -> str:
        """The repository's path for a file named from the current folder, else from `--repo`.

        Raises `UsageError` where there is no such file or it lies elsewhere.
        """
        for base in (Path.cwd(), self.folder, self.root):
            found = Path(os.path.abspath(base / name))  # noqa: PTH100 - a link is what it is named
            if found.is_file():
                for way in (found, found.resolve()):
                    if way.is_relative_to(self.root):
                        return way.relative_to(self.root).as_posix()
                raise UsageError(f"{name} is not in the repository {shown(self.root)}.")
        raise UsageError(f"There is no file {name}.", anchor="command-line")


async def generate(arguments: Namespace) -> Generated:
    """Run the generation that the command line asks for, and write what holds.

    Raises `QEError` for what the user can mend.
    """
    here = _here(arguments.repo)
    task = QETask(task_type="test_generation", context=_context(arguments, here))
    generation_options(task)  # what does not fit is said before anything runs
    with ExitStack() as stack:
        journal, file = stack.enter_context(_journal(arguments.journal))
        result = await _streamed(task, arguments, file)
        if not result.tests:
            return Generated(result)
        added = _added(arguments, here, result)
        broken = await _put_back(arguments, here, added)
        journal.keep = bool(broken) or not added
    _report(arguments, added, broken)
    if not added and arguments.output == "terminal":
        print_code(result.tests, sys.stdout)
    if journal.keep or arguments.journal:
        _say_later(arguments, journal.name, written=bool(added) and not broken)
    return Generated(result, kept=not broken)


async def _streamed(task: QETask, arguments: Namespace, journal: IO[bytes]) -> GenerationComplete:
    last = _Last()
    sinks: list[Sink] = [last, JournalSink(journal)]
    if arguments.output == "jsonl":
        sinks.append(EventsSink(sys.stdout))
    words: Words = "few" if arguments.output == "jsonl" else arguments.words
    sinks.append(GenerationSink(stderr_console(arguments.color), words=words))
    failures: list[BaseException] = []
    broadcast = await stream_to(
        [Stage("test-generator", TestGeneratorAgent().generate_tests_streaming(task))],
        sinks,
        on_failure=lambda _sink, error: failures.append(error),
    )
    for error in (broadcast.failure, *failures):
        if error is not None:
            raise error
    assert last.result is not None, "every stream ends in a complete event"
    return last.result


class _Last:
    """Keeps the result."""

    name = "result"

    def __init__(self) -> None:
        self.result: GenerationComplete | None = None

    async def consume(self, events: AsyncIterator[Event]) -> None:
        async for event in events:
            if isinstance(event, GenerationComplete):
                self.result = event


@dataclass
class _Journal:
    name: str
    keep: bool = False


@contextmanager
def _journal(name: str | None) -> Iterator[tuple[_Journal, IO[bytes]]]:
    """The journal that was asked for, or one in the temporary folder that is kept if it is needed.

    Raises `UsageError` where it can't be written.
    """
    try:
        if name is not None:
            with Path(name).open("wb") as file:
                yield _Journal(name), file
            return
        number, made = tempfile.mkstemp(prefix="qe-action-tests-", suffix=".jsonl")
    except OSError as error:
        raise UsageError(
            f"{name or 'The journal'} can't be written: {error.strerror}.", anchor="command-line"
        ) from None
    journal = _Journal(made)
    try:
        with os.fdopen(number, "wb") as file:
            yield journal, file
    finally:
        if not journal.keep:
            Path(made).unlink(missing_ok=True)


def _here(repo: str) -> Here:
    """Raises `UsageError` where there is no such folder or it is in no repository."""
    folder = Path(repo).resolve()
    if not folder.is_dir():
        raise UsageError(f"There is no folder {repo}.", anchor="command-line")
    root = Git(folder, env=os.environ).toplevel
    if root is None:
        raise UsageError(
            f"{folder} is in no git repository.",
            hint="Tests are made for tracked files: go to the project, or name it with --repo.",
            anchor="command-line",
        )
    return Here(root.resolve(), folder)


def _context(arguments: Namespace, here: Here) -> Mapping[str, Any]:
    context: dict[str, Any] = {
        "repo": here.folder,
        "target_count": arguments.max_tests,
        "time_budget": arguments.time_budget,
        "suite_timeout": arguments.suite_timeout,
        "generator": arguments.generator,
        "python": tuple(Path(name).absolute() for name in arguments.python),
        "sandbox": arguments.sandbox,
        "seed": arguments.seed,
        "place": "command line",
        "tests": tuple(_read(name) for name in arguments.tests),
        "allow_red": arguments.allow_red,
    }
    reports = [Path(name) for name in arguments.reports]
    if arguments.target:
        path, colons, qualname = arguments.target.partition("::")
        context["file"] = f"{here.path(path)}{colons}{qualname}"
    else:
        for name in arguments.reports:
            if name.partition("::")[0].endswith(".py"):
                raise UsageError(f"{name} is no coverage report. Name it as --target {name}.")
        named = Path(shown(here.folder / "coverage.xml"))
        reports = reports or [named]
    if reports:
        context["coverage_file"] = tuple(reports)
    return context


_LONGEST_TESTS = 16 * 1024 * 1024
"""Bytes of a file of tests."""


def _read(name: str) -> str:
    try:
        return content(Path(name), _LONGEST_TESTS).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The tests {name} can't be read: {error}.") from None


def _added(arguments: Namespace, here: Here, result: GenerationComplete) -> list[Added]:
    """The tests in the project with `--write`, and where `--out` says."""
    added: list[Added] = []
    if arguments.write:
        paths = dict.fromkeys(case.path for case in result.tests)
        added += add(result.tests, {path: in_project(here.root, path) for path in paths})
    if arguments.out:
        places = chosen_places(result.tests, arguments.out)
        one = len(set(places.values())) == 1
        path = str(next(iter(places.values())))
        tests = [case.model_copy(update={"path": path}) if one else case for case in result.tests]
        added += add(tests, {path: Path(path)} if one else places)
    return added


async def _put_back(arguments: Namespace, here: Here, added: list[Added]) -> dict[Path, str]:
    """The files that broke something where they are, now as they were, and what they broke."""
    inside = {
        one.place.resolve().relative_to(here.root).as_posix(): one
        for one in added
        if one.place.resolve().is_relative_to(here.root)
    }
    if not inside:
        return {}
    pythons = tuple(Path(name).absolute() for name in arguments.python)
    found = await defaults.interpreters(pythons[:1], sandbox=arguments.sandbox, repo=here.folder)
    files = {path: (one.before, one.place.read_bytes()) for path, one in inside.items()}
    timeout = arguments.suite_timeout
    broken = await broken_files(found.interpreters[0], here.root, files, here.start, timeout)
    for path in broken:
        inside[path].put_back()
    return {inside[path].place: why for path, why in broken.items()}


def _report(arguments: Namespace, added: list[Added], broken: Mapping[Path, str]) -> None:
    """Where the tests are, for people."""
    console = stderr_console(arguments.color)
    for place, why in broken.items():
        tell(console, f"{shown(place)} is as it was: {why}.", "bold red")
    places = [shown(one.place) for one in added if one.place not in broken]
    if places:
        tell(console, f"Written to {', '.join(places)}.")
    elif not added:
        wanted = arguments.write or arguments.out
        tell(console, "The files have these tests already." if wanted else NOT_WRITTEN)


NOT_WRITTEN = "Nothing is written without --write or --out."


def _say_later(arguments: Namespace, journal: str, *, written: bool) -> None:
    """How to have the tests without searching again."""
    words = ["qe-action", "journal", "apply", journal]
    if arguments.repo != ".":
        words += ["--repo", arguments.repo]
    if not written:
        tell(
            stderr_console(arguments.color),
            f"To add them later without searching again: {shlex.join(words)}",
        )
