"""Failures that are run again, and the command by which a person does so."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path, PurePosixPath

from qe_action.agents.executed_tests import Failure
from qe_action.analysis.paths import join, split_path
from qe_action.execution.suite_port import Finished, Message, Run, Session

MOST = 100
"""Failures up to which they are run again: so many have one cause, which is not chance."""
SHOWN = 20
"""Failures that the command names; for more it lets pytest remember them."""
COMMAND = 4000
"""Characters of that command."""
SETTINGS = ("-c", "-o", "-p", "-W", "--config-file", "--rootdir", "--confcutdir", "--import-mode")
PYTEST = frozenset({"pytest", "py.test"})


def repeatable(failures: Iterable[Failure]) -> list[Failure]:
    """The failures of single tests, in sessions that can be started again."""
    return [
        failure
        for failure in failures
        if failure.heard.phase != "collect" and failure.suite.session.python
    ]


def runs(failures: Iterable[Failure], timeout: float | None) -> Iterator[tuple[Run, list[Failure]]]:
    """What is run to repeat failures: a process of its own for each session that had some."""
    by_session: dict[str, list[Failure]] = {}
    for failure in failures:
        by_session.setdefault(failure.suite.session.key, []).append(failure)
    for group in by_session.values():
        session = group[0].suite.session
        names = dict.fromkeys(failure.heard.id for failure in group)
        command = (session.python, "-m", "pytest", *session.arguments)
        yield Run(command, session.folder, only=tuple(names), test_timeout=timeout), group


class Attempt:
    """What is heard of tests that are run again."""

    def __init__(self) -> None:
        self._good: set[str] = set()
        self._bad: set[str] = set()

    def take(self, message: Message) -> None:
        if isinstance(message, Finished):
            if message.outcome in ("failed", "error"):
                self._bad.add(message.id)
            elif message.outcome == "passed":
                self._good.add(message.id)

    def passed(self, test: str) -> bool:
        """Whether it passed, and nothing around it failed; a test that was skipped did not."""
        return test in self._good and test not in self._bad


def rerun_command(command: Sequence[str], folder: Path, failures: Sequence[Failure]) -> str:
    """The command that runs exactly these failures, from `folder`, where `command` was started.

    Empty where nothing is known that does.
    """
    if not any(map(_of_pytest, failures)):
        return ""
    begin, rest = _parted(command)
    start = [*begin, *_settings(rest)]
    exact = all(_of_pytest(f) and f.told.id == f.heard.id for f in failures)
    names = [
        _from(folder, failure.suite.session, failure.heard.id) for failure in failures[: SHOWN + 1]
    ]
    text = shlex.join([*start, *dict.fromkeys(filter(None, names))])
    if exact and all(names) and len(failures) <= SHOWN and len(text) <= COMMAND:
        return text
    if any(word.endswith("no:cacheprovider") for word in start):
        return ""  # it remembers nothing
    return shlex.join([*start, "--lf"])


def _of_pytest(failure: Failure) -> bool:
    """Whether pytest ran it; of a result that was read its name tells."""
    file = failure.told.file_path
    named = file.endswith(".py") and failure.heard.id.startswith(f"{file}::")
    return bool(failure.suite.session.python) or named


def _parted(command: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """How a command starts pytest (`uv run pytest`, `python -m pytest`), and what it tells it."""
    for at, word in enumerate(command, 1):
        if PurePosixPath(word).name in PYTEST:
            return command[:at], command[at:]
    return ("pytest",), ()


def _settings(options: Sequence[str]) -> Iterator[str]:
    """The options of pytest that say how tests are found and run, not which."""
    words = iter(options)
    for word in words:
        if word in SETTINGS:
            yield word
            yield from islice(words, 1)
        elif word.startswith(tuple(f"{each}=" if each[1] == "-" else each for each in SETTINGS)):
            yield word


def _from(folder: Path, session: Session, test: str) -> str:
    """A test's name relative to `folder`; empty where they lie on another drive."""
    file, colons, rest = test.partition("::")
    there, here = (split_path(str(place)).parts for place in (session.root, folder))
    parts = join(there, split_path(file)) or ()
    common = 0
    while common < min(len(here), len(parts)) and here[common] == parts[common]:
        common += 1
    if not common:
        return ""
    path = "/".join((*[".."] * (len(here) - common), *parts[common:]))
    return f"{path}{colons}{rest}"
