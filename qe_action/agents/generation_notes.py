"""What a generation says of targets and suites in words, and what it refuses."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping, Sequence
from pathlib import Path

from qe_action.agents.generation_options import GenerationOptions
from qe_action.errors import SuiteFails, UsageError
from qe_action.generators import AUTO

NAMED = 5
"""Gaps, files and tests that a sentence names."""


def check_target(path: str, files: Container[str], tree: Path) -> None:
    """Raises `UsageError` where that is no Python file of the tree."""
    if path in files:
        return
    what = "no tracked Python file; a new one needs `git add`"
    if (tree / path).is_file():
        what = "no Python source, and lines of nothing else can be measured"
    raise UsageError(f"{path} is {what}.", anchor="command-line")


def suite_fails(failing: Mapping[str, str]) -> SuiteFails:
    """The error for what of the suite fails, and why."""
    why = next(iter(failing.values()))
    return SuiteFails(
        f"{named(failing)}, so no tests were made: {' '.join(why.split())[:200]}.",
        hint="Mend that first. Where they fail in the sandbox alone, which has no network and none "
        "of the untracked files, --allow-red makes tests for the code that they don't run.",
        failing=tuple(failing),
    )


def named(failing: Collection[str]) -> str:
    """How many tests fail, and the first of them."""
    fail = "test of the suite fails" if len(failing) == 1 else "tests of the suite fail"
    return f"{len(failing)} {fail} ({_some(list(failing))})"


def unasked(options: GenerationOptions) -> list[str]:
    """What is said of a model that was named, and that a search has to do without."""
    wanted = options.generator == AUTO and options.model.name and not options.tests
    return [why] if wanted and (why := options.model.unasked) else []


def untried(path: str, lines: Sequence[int], why: str) -> str:
    """The gaps of a file, by their first lines, that no test was tried for."""
    gaps = "the gap" if len(lines) == 1 else "the gaps"
    return f"Not tried: {gaps} at {at(path, lines)}, as {why}."


def at(path: str, lines: Sequence[int]) -> str:
    """A file, and the first lines of its gaps, where they are meant alone."""
    return f"{path}:{_some([str(line) for line in lines])}" if lines else path


def left_out(paths: Sequence[str], tried: Container[str], why: str) -> str:
    """The files that no test was tried for; of those `tried` it is only their other gaps."""
    names = [f"the other gaps of {path}" if path in tried else path for path in paths]
    return f"No tests were tried for {_some(list(dict.fromkeys(names)))}: {why}."


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"
