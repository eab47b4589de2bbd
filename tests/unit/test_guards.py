"""Gaps in code that not every test run can reach, or that has nothing to test."""

from __future__ import annotations

from array import array

import pytest

from qe_action.analysis.collect import Detail
from qe_action.analysis.python_module import parse_module
from qe_action.analysis.study import Study
from qe_action.events import CriticalPath, Gap
from qe_action.reports.model import Branch

HEAD = "import os, platform, sys, typing\nfrom typing import TYPE_CHECKING\n"


def gaps(
    source: str, missed: set[int], branches: dict[int, Branch] | None = None, head: str = HEAD
) -> list[Gap]:
    """The gaps of `source`, whose lines count from 1 after the head; all are new and critical."""
    above = head.count("\n")
    whole = head + source
    count = whole.count("\n")
    lines = [n for n in range(1, count + 1) if n <= above or whole.split("\n")[n - 1].strip()]
    shifted = {line + above: Branch(b.covered, b.total, tuple(
        str(int(name) + above) if name.isdecimal() else name for name in b.missing
    )) for line, b in (branches or {}).items()}  # fmt: skip
    covered = bytes(line - above not in missed for line in lines)
    detail = Detail("a.py", array("I", lines), covered, shifted, ())
    study = Study(detail, parse_module("a.py", whole.encode()), frozenset(lines))
    names = {facts.name for facts in study.functions.values()}
    paths = {n: CriticalPath(path=f"a.py::{n}", impact="critical", callers=20) for n in names}
    return [study.gap(miss, paths) for miss in study.misses()]


WINDOWS = "it runs on Windows only"
NOT_LINUX = "it runs on other systems than Linux only"
OLD = "it runs on Python below 3.11 only"
NEVER = "it never runs: for the type checker only"


@pytest.mark.parametrize(
    ("test", "reason"),
    [
        ('sys.platform == "win32"', WINDOWS),
        ('"x" and sys.platform == "win32" and f()', WINDOWS),
        ('sys.platform.startswith("win")', WINDOWS),
        ('sys.platform in ("win32", "cygwin")', "it runs on Windows and Cygwin only"),
        ('os.name == "nt"', WINDOWS),
        ('platform.system() == "Windows"', WINDOWS),
        ('sys.platform != "linux"', NOT_LINUX),
        ('not sys.platform.startswith("linux")', NOT_LINUX),
        ('platform.system() == "Darwin"', "it runs on macOS only"),
        ("sys.version_info < (3, 11)", OLD),
        ("not sys.version_info >= (3, 11, 0)", "it runs on Python below 3.11.0 only"),
        ("sys.version_info[:2] < (3, 11)", OLD),
        ("sys.version_info[0] < 3", "it runs on Python below 3 only"),
        ("sys.version_info.major == 2", "it runs on Python 2 only"),
        ("sys.version_info >= (3, 99)", "it runs on Python 3.99 and newer only"),
        ('sys.implementation.name == "pypy"', "it runs on PyPy only"),
        ("TYPE_CHECKING", NEVER),
        ("typing.TYPE_CHECKING", NEVER),
        ('__name__ == "__main__"', "it runs only where its file is run as a script"),
    ],
)
def test_what_can_not_run_here_is_low_and_says_so(test: str, reason: str) -> None:
    [gap] = gaps(f"if {test}:\n    x = 1\ny = 2\n", {2}, {1: Branch(1, 2, ("2",))})
    assert (gap.severity, gap.reasons[0], gap.critical_path) == ("low", reason, None)
    inside = f"def f():\n    if {test}:\n        raise E\n    return 2\n"
    [gap] = gaps(inside, {3}, {2: Branch(1, 2, ("3",))})
    assert (gap.severity, gap.reasons[0], gap.critical_path) == ("low", reason, None)


@pytest.mark.parametrize(
    "head",
    [
        'import sys\nWIN = sys.platform.startswith("win")\n',
        'import os as o\nWIN: bool = o.name == "nt"\n',
        'from sys import platform\nWIN = platform == "win32"\n',
    ],
)
def test_a_test_may_have_a_name(head: str) -> None:
    for source in ("if WIN:\n    x = 1\n", "if not WIN:\n    z = 0\nelse:\n    x = 1\n"):
        missed = {2} if "not" not in source else {4}
        [gap] = gaps(source, missed, head=head)
        assert (gap.severity, gap.reasons[0]) == ("low", WINDOWS)


@pytest.mark.parametrize(
    ("source", "missed"),
    [
        ('if sys.platform == "linux":\n    z = 0\nelse:\n    x = 1\n', 4),
        ('def f():\n    if sys.platform == "linux":\n        return 0\n    x = 1\n', 4),
        ('def f():\n    assert sys.platform != "linux"\n    x = 1\n', 3),
        ('if sys.platform == "linux":\n    z = 0\nelif x:\n    x = 1\n', 3),
    ],
)
def test_the_other_side_of_a_guard_is_guarded_too(source: str, missed: int) -> None:
    [gap] = gaps(source, {missed, source.count("\n")})
    assert (gap.severity, gap.reasons[0]) == ("low", NOT_LINUX)


def test_a_branch_without_lines_of_its_own() -> None:
    source = 'def f():\n    if sys.platform == "linux":\n        x = 1\n    return 2\n'
    [gap] = gaps(source, set(), {2: Branch(1, 2, ("4",))})
    assert (gap.gap_type, gap.severity, gap.reasons[1]) == ("partial", "low", NOT_LINUX)
    [gap] = gaps(source, set(), {2: Branch(1, 2, ("3",))})
    assert (gap.severity, gap.reasons[1]) == ("low", "it runs on Linux only")


@pytest.mark.parametrize(
    ("source", "missed"),
    [
        # Nothing of it ran, so the tests may well be where it can.
        ('def f():\n    if sys.platform != "win32":\n        x = 1\n', {2, 3}),
        ("def f():\n    if sys.version_info >= (3, 8):\n        x = 1\n", {2, 3}),
        # A part of it did run.
        ('if sys.platform == "win32":\n    x = 1\n    y = 2\n', {3}),
        ("if not TYPE_CHECKING:\n    x = 1\n", {2}),
        ('if __name__ == "__mp_main__":\n    x = 1\n', {2}),
        ('if sys.platform == "win32" or f():\n    x = 1\n', {2}),
        ('if sys.platform == "beos":\n    x = 1\n', {2}),
        ("if sys.platform == other:\n    x = 1\n", {2}),
        ('if sys.platform == "linux" and f():\n    z = 1\nelse:\n    x = 1\n', {4}),
    ],
)
def test_what_may_run_here_counts(source: str, missed: set[int]) -> None:
    assert all(" only" not in gap.reasons[0] for gap in gaps(source, missed))
    assert {gap.severity for gap in gaps(source, missed)} != {"low"}


def test_nothing_is_suggested_for_what_can_not_run() -> None:
    source = 'def f(a):\n    if sys.platform == "win32":\n        return a\n    return 2\n'
    assert not gaps(source, {3})[0].suggested_tests
    [gap] = gaps('if __name__ == "__main__":\n    sys.exit(f())\n', {2})
    assert gap.suggested_tests == ("Run `a.py` as a script: it should call `sys.exit(f())`.",)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("class A:\n    def f(self):\n        pass\n", "its function has no code of its own"),
        ("class A:\n    def f(self):\n        ...\n", "its function has no code of its own"),
        ("async def f():\n    'Told.'\n    ...\n", "its function has no code of its own"),
        ("def f():\n    raise NotImplementedError\n", "its function has no code of its own"),
        ("def f():\n    raise NotImplementedError('f')\n", "its function has no code of its own"),
        (
            "class A(typing.Protocol[T]):\n    def f(self):\n        return 1\n",
            "its function is a member of a protocol",
        ),
        (
            "@typing.overload\ndef f(a: int) -> int: \n    return 1\n",
            "its function is an overload, for the type checker only",
        ),
    ],
)
def test_a_declaration_is_low_and_on_no_critical_path(source: str, reason: str) -> None:
    last = source.count("\n")
    [gap] = gaps(source, {last - 1, last} if "Told" in source else {last})
    assert (gap.severity, gap.reasons[0], gap.critical_path) == ("low", reason, None)
    assert not gap.suggested_tests


@pytest.mark.parametrize(
    "source",
    [
        "class A:\n    def f(self):\n        return None\n",
        "class A(Protocols):\n    def f(self):\n        raise KeyError\n",
        "def f():\n    raise Own(NotImplementedError)\n",
    ],
)
def test_a_function_that_does_something_counts(source: str) -> None:
    [gap] = gaps(source, {source.count("\n")})
    assert gap.severity == "critical"
