"""Which tests ran a statement, from the contexts that coverage.py records with each line."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Mapping

Contexts = dict[int, tuple[str, ...]]
"""Statement to the names of the tests that ran it, sorted; statements that none ran are absent."""

MAX_TESTS = 1000
"""Tests kept a line, the first by name."""
MAX_NAME = 300
"""Characters kept of a test's name; parametrised ones can be of any length."""
MAX_TEXT = 48 << 20
"""Bytes that the names of tests and the sets of them may take together, about."""
ENTRY = 200
"""Bytes that a name or set takes beside its content."""

_PHASES = ("|run", "|setup", "|teardown")


def named_test(context: str) -> str | None:
    """The test that a context names; None where it names none.

    pytest-cov's contexts are a node id with the test's phase (`tests/test_a.py::test_x|run`),
    those of coverage.py's `dynamic_context = test_function` a dotted name whose last part
    begins with `test`. A static context (`--context=unit`) stands before either with a `|`;
    alone, as on lines that ran at import, it is no test's.
    """
    name, phased = context, False
    for phase in _PHASES:
        if context.endswith(phase):
            name, phased = context.removesuffix(phase), True
    static, bar, rest = name.partition("|")
    if bar and "::" not in static:
        name = rest
    function = name.rpartition(".")[2]
    if not name or not (phased or "::" in name or function.startswith(("test", "runTest"))):
        return None
    # A lone surrogate, which a report can spell, could not be written to any output.
    name = name.encode("utf-8", "replace").decode("utf-8")
    return name if len(name) <= MAX_NAME else name[: MAX_NAME - 1] + "…"


class ContextReader:
    """Brings one report's contexts to its statements, with one string a test and one tuple a set.

    A report has few tests and sets of them beside its lines.
    """

    def __init__(self) -> None:
        self._names: dict[str, str | None] = {}
        self._sets: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._room = MAX_TEXT
        self.full = False
        """Whether some tests are not named, as there are too many."""

    def read(
        self,
        recorded: Mapping[int, Iterable[str]],
        statements: Iterable[int],
        excluded: Iterable[int] = (),
    ) -> Contexts:
        """The tests of each statement, of the contexts of physical lines."""
        found = {line: self.tests(contexts) for line, contexts in recorded.items()}
        return self.placed(found, statements, excluded)

    def placed(
        self,
        found: Mapping[int, tuple[str, ...]],
        statements: Iterable[int],
        excluded: Iterable[int] = (),
    ) -> Contexts:
        """The tests of each statement, of those of physical lines.

        coverage.py records physical lines. One that no statement begins on continues the last
        one before it; if that one is `excluded`, neither counts. An array of these is in order.
        """
        if not found:
            return {}
        firsts = array("I", sorted(statements))
        passed_over = excluded if isinstance(excluded, array) else array("I", sorted(excluded))
        united: dict[int, tuple[str, ...]] = {}
        for line in sorted(found):
            tests, first = found[line], _last_before(firsts, line)
            if tests and first and first >= _last_before(passed_over, line):
                known = united.get(first, ())
                united[first] = self._shared(unite(known, tests)) if known else tests
        return united

    def tests(self, contexts: Iterable[str]) -> tuple[str, ...]:
        """The tests that the contexts of a line name, sorted, within the limit."""
        return self._shared(tuple(sorted(set(self._named(contexts)))[:MAX_TESTS]))

    def _named(self, contexts: Iterable[str]) -> Iterable[str]:
        known = self._names
        for context in contexts:
            if context not in known:
                if not self._takes(2 * len(context) + ENTRY):
                    continue
                known[context] = named_test(context)
            if name := known[context]:
                yield name

    def _shared(self, tests: tuple[str, ...]) -> tuple[str, ...]:
        if tests in self._sets:
            return self._sets[tests]
        if not self._takes(8 * len(tests) + ENTRY):
            return ()
        return self._sets.setdefault(tests, tests)

    def _takes(self, size: int) -> bool:
        """Whether there is room for so many bytes more."""
        if size > self._room:
            self.full = True
            return False
        self._room -= size
        return True


def _last_before(lines: array[int], line: int) -> int:
    """The last of the lines up to this one, 0 where there is none."""
    at = bisect_right(lines, line)
    return lines[at - 1] if at else 0


def unite(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[str, ...]:
    """The tests of one line that either names, sorted, within the limit."""
    if a == b or not b:
        return a
    return tuple(sorted({*a, *b})[:MAX_TESTS]) if a else b
