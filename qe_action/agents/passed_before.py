"""Tests that passed in a run that was cut off: heard again, and left out of the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from qe_action.agents.executed_tests import READ
from qe_action.events import TestFinished
from qe_action.execution.suite_port import Collected, Finished, Message, Over, Session
from qe_action.text import plural


def passed_alone(events: Sequence[TestFinished], top: Path) -> tuple[TestFinished, ...]:
    """The tests that passed, and of which nothing else is told.

    One whose file is not known could be another session's of the same name: it is run again. So is
    one of no file below `top`: a journal may name any.
    """
    passed: dict[tuple[str, str], TestFinished] = {}
    other: set[tuple[str, str]] = set()
    for event in events:
        key = event.file_path, event.id
        if event.outcome == "passed" and event.file_path and _folder(event) is not None:
            passed.setdefault(key, event)
        else:
            other.add(key)
    return tuple(
        event
        for key, event in passed.items()
        if key not in other and _is_there(event.file_path, top)
    )


def messages(tests: Sequence[TestFinished], top: Path) -> Iterator[Message]:
    """What would be heard of them: a session for each folder that their names are relative to."""
    folders: dict[str, list[TestFinished]] = {}
    for test in tests:
        folders.setdefault(_folder(test) or "", []).append(test)
    for folder, group in folders.items():
        key, root = f"{READ}before:{folder}", top / folder
        files: dict[str, int] = {}
        for test in group:
            file = test.id.partition("::")[0]
            files[file] = files.get(file, 0) + 1
        yield Session(key, root, root)
        yield Collected(key, len(group), files)
        for test in group:
            file = test.id.partition("::")[0]
            yield Finished(
                key, test.id, "passed", test.phase, test.seconds, file=file, line=test.line
            )
        yield Over(key, 0)


def left_out(tests: Sequence[TestFinished], top: Path) -> tuple[tuple[str, str], ...]:
    """The file on this machine, and the name, of each."""
    return tuple((str((top / test.file_path).resolve()), test.id) for test in tests)


def note(tests: Sequence[TestFinished]) -> tuple[str, ...]:
    """What that means for the result, in a sentence."""
    if not tests:
        return ()
    one = len(tests) == 1
    return (
        f"{plural(len(tests), 'test')} that passed before {'was' if one else 'were'} not run "
        "again, and so no coverage was measured: a run without --resume measures it.",
    )


def _folder(test: TestFinished) -> str | None:
    """What its name is relative to, from the repository's top; None where they don't agree."""
    file = test.id.partition("::")[0]
    if test.file_path == file:
        return ""
    end = f"/{file}"
    return test.file_path.removesuffix(end) if test.file_path.endswith(end) else None


def _is_there(path: str, top: Path) -> bool:
    try:
        place = (top / path).resolve(strict=True)
    except (OSError, RuntimeError, ValueError):  # the last for a name that no file can have
        return False
    return place.is_file() and place.is_relative_to(top.resolve())
