"""Failures that are run again, and the command by which a person does so."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from qe_action.agents.executed_tests import Failure
from qe_action.analysis.paths import split_path
from qe_action.execution.suite_port import Finished, Message, Run, Session

MOST = 100
"""Failures up to which they are run again: so many have one cause, which is not chance."""
SHOWN = 20
"""Failures that the command names; for more it lets pytest remember them."""
COMMAND = 4000
"""Characters of that command."""
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
    sessions: Mapping[str, Session] = {
        failure.suite.session.key: failure.suite.session for failure in failures
    }
    if not sessions or not any(session.python for session in sessions.values()):
        return ""
    start = [*_start(command)]
    exact = all(failure.told.id == failure.heard.id for failure in failures)
    names = [
        _from(folder, failure.suite.session, failure.heard.id) for failure in failures[: SHOWN + 1]
    ]
    text = shlex.join([*start, *dict.fromkeys(filter(None, names))])
    if exact and all(names) and len(failures) <= SHOWN and len(text) <= COMMAND:
        return text
    return shlex.join([*start, "--lf"])


def _start(command: Sequence[str]) -> Sequence[str]:
    """How the command starts pytest: `uv run pytest`, `python -m pytest`."""
    for at, word in enumerate(command):
        if PurePosixPath(word).name in PYTEST:
            return command[: at + 1]
    return ("pytest",)


def _from(folder: Path, session: Session, test: str) -> str:
    """A test's name relative to `folder`; empty where another folder's tests can't be named."""
    file, colons, rest = test.partition("::")
    there, here = (split_path(str(place)).parts for place in (session.root, folder))
    parts = (*there, *split_path(file).parts)
    common = 0
    while common < min(len(here), len(parts)) and here[common] == parts[common]:
        common += 1
    if len(here) - common > len(here) // 2 and common == 0:
        return ""
    path = "/".join((*[".."] * (len(here) - common), *parts[common:]))
    return f"{path}{colons}{rest}"
