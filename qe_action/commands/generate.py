"""`qe-action generate`: verified tests for what the project's tests miss."""

from __future__ import annotations

import os
import shlex
import sys
from argparse import Namespace
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr, ValidationError

from qe_action import defaults
from qe_action.agents.generation_options import GenerationOptions
from qe_action.agents.test_generator import TestGeneratorAgent
from qe_action.agents.written_files import broken_files
from qe_action.commands.checkout_files import Added, add_to, add_to_project
from qe_action.commands.generation_resumption import planned
from qe_action.errors import UsageError
from qe_action.events import Event, GenerationComplete
from qe_action.given_inputs import headers, takes
from qe_action.input_file import content, shown
from qe_action.model_options import ModelOptions
from qe_action.settings import existing_folder
from qe_action.sinks.code import print_code
from qe_action.sinks.console import stderr_console, tell
from qe_action.sinks.generation_view import GenerationSink
from qe_action.sinks.jsonl import EventsSink, JournalSink
from qe_action.stream import Sink, Stage
from qe_action.stream_runner import stream_to
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


async def generate(arguments: Namespace, secrets: Mapping[str, str]) -> Generated:
    """Run the generation that the command line asks for, and write what holds.

    `secrets` are the variables that the program has taken out of its environment. Raises `QEError`
    for what the user can mend.
    """
    here = _here(arguments.repo)
    options = _options(arguments, here, secrets)  # what does not fit is said before anything runs
    options, plan = await planned(options, arguments, here.root)
    with ExitStack() as stack:
        journal, file = stack.enter_context(plan.opened())
        result = await _streamed(options, arguments, JournalSink(file, plan.head))
        if not result.tests:
            return Generated(result)
        added = _added(arguments, here, result)
        broken = await _put_back(arguments, here, added)
        journal.keep = bool(broken) or not added
    _report(arguments, added, broken)
    if not added and arguments.output == "terminal":
        print_code(result.tests, sys.stdout)
    if journal.keep or plan.name:
        _say_later(arguments, journal.name, written=bool(added) and not broken)
    return Generated(result, kept=not broken)


async def _streamed(
    options: GenerationOptions, arguments: Namespace, journal: JournalSink
) -> GenerationComplete:
    last = _Last()
    sinks: list[Sink] = [last, journal]
    if arguments.output == "jsonl":
        sinks.append(EventsSink(sys.stdout))
    words: Words = "few" if arguments.output == "jsonl" else arguments.words
    sinks.append(GenerationSink(stderr_console(arguments.color), words=words))
    failures: list[BaseException] = []
    broadcast = await stream_to(
        [Stage("test-generator", TestGeneratorAgent().events(options))],
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


def _here(repo: str) -> Here:
    """Raises `UsageError` where there is no such folder or it is in no repository."""
    folder = existing_folder(repo)
    root = Git(folder, env=os.environ).toplevel
    if root is None:
        raise UsageError(
            f"{folder} is in no git repository.",
            hint="Tests are made for tracked files: go to the project, or name it with --repo.",
            anchor="command-line",
        )
    return Here(root.resolve(), folder)


def _options(arguments: Namespace, here: Here, secrets: Mapping[str, str]) -> GenerationOptions:
    return GenerationOptions(
        repo=here.folder,
        file=_target(arguments.target, here),
        coverage_file=_reports(arguments, here) or None,
        max_tests=arguments.max_tests,
        time_budget=arguments.time_budget,
        suite_timeout=arguments.suite_timeout,
        generator=arguments.generator,
        model=_model(arguments, secrets),
        python=_pythons(arguments),
        sandbox=arguments.sandbox,
        seed=arguments.seed,
        tests=tuple(map(_read, arguments.tests)),
        allow_red=arguments.allow_red,
        place="command line",
    )


def _model(arguments: Namespace, secrets: Mapping[str, str]) -> ModelOptions:
    """What is said of the model; its key and headers come from the environment alone."""
    try:
        return ModelOptions(
            name=arguments.model,
            provider=arguments.model_provider,
            base_url=arguments.model_base_url,
            key=SecretStr(secrets.get("INPUT_MODEL-KEY", "").strip()),
            headers=headers(secrets.get("INPUT_MODEL-HEADERS", "")),
            requests=arguments.model_requests,
            tokens=arguments.model_tokens,
            cost=arguments.model_cost,
            price_input=arguments.price_input,
            price_output=arguments.price_output,
            cache=_cache(arguments.llm_cache),
        )
    except ValidationError as error:
        which = error.errors(include_input=False)[0]["loc"][0]
        names = {"name": "--model", "key": "QE_MODEL_KEY"}
        fit = {"name": takes("model"), "key": takes("model_key")}
        raise UsageError(
            f"{names.get(str(which), which)} takes {fit.get(str(which), 'something else')}.",
            anchor="command-line",
        ) from None


def _cache(name: str) -> Path | None:
    """The folder of a model's answers, which need not be there yet."""
    folder = Path(name) if name else None
    if folder and folder.exists() and not folder.is_dir():
        hint = "--llm-cache takes a folder for the model's answers."
        raise UsageError(f"{folder} is no folder.", hint=hint, anchor="command-line")
    return folder


def _target(name: str | None, here: Here) -> str | None:
    """The target by its path in the repository."""
    if not name:
        return None
    path, colons, qualname = name.partition("::")
    return f"{here.path(path)}{colons}{qualname}"


def _reports(arguments: Namespace, here: Here) -> tuple[Path, ...]:
    """The reports that were named; without them and without a target, the one of the folder."""
    named: list[str] = arguments.reports
    if arguments.target:
        return tuple(map(Path, named))
    for name in named:
        if name.partition("::")[0].endswith(".py"):
            raise UsageError(f"{name} is no coverage report. Name it as --target {name}.")
    return tuple(map(Path, named or [shown(here.folder / "coverage.xml")]))


def _pythons(arguments: Namespace) -> tuple[Path, ...]:
    return tuple(Path(name).absolute() for name in arguments.python)


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
        added += add_to_project(result.tests, here.root)
    if arguments.out:
        added += add_to(arguments.out, result.tests)
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
    first = _pythons(arguments)[:1]
    found = await defaults.interpreters(first, sandbox=arguments.sandbox, repo=here.folder)
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
