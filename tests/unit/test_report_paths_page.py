"""The page on report paths says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qe_action.analysis.path_aliases import Aliases
from qe_action.analysis.path_bases import Tree
from qe_action.analysis.path_mapper import PathMapper
from qe_action.analysis.paths import Ambiguous, Match, PathIndex, Unmatched

PAGE = Path(__file__).parents[2] / ".github" / "docs" / "report-paths.md"
CHECKOUT = "/work/repo"
WORDS = {
    "a library's": Unmatched(library=True),
    "no known file": Unmatched(),
}


def rows() -> list[list[str]]:
    """The table's rows without its head."""
    _, _, below = PAGE.read_text(encoding="utf-8").partition("| How a path is read |")
    table = below.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in table]


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]*)`", cell)


def meaning(says: str, tracked: str) -> object:
    """What the code takes an example for, alone in its report."""
    path, *more = quoted(says)
    told = dict(re.split(r": | in | = | ", each, maxsplit=1) for each in more if "=" not in each)
    pairs = [each.partition(" ")[::2] for each in more if "=" in each]
    equal = {kind: tuple(rest.split(" = ")) for kind, rest in pairs}
    assert {*told, *equal} <= {"source-root", "source", "report", "[paths]", "link"}
    tree = Tree.of(
        PathIndex(quoted(tracked)),
        workspaces=(CHECKOUT,),
        source_roots=[told["source-root"]] if "source-root" in told else [],
        aliases=Aliases({"source": list(equal.get("[paths]", ()))}),
        target=dict([equal["link"]] if "link" in equal else []).get,
    )
    mapper = PathMapper(tree)
    sources = [told["source"]] if "source" in told else []
    mapper.begin(place=f"{CHECKOUT}/{told.get('report', '')}", sources=sources)
    mapper.resolve(path)
    mapper.settle()
    return mapper.resolve(path)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:30])
def test_each_example_means_what_the_table_says(row: list[str]) -> None:
    _, says, tracked, means, _ = row
    found = meaning(says, tracked)
    if means == "ambiguous":
        assert isinstance(found, Ambiguous)
        assert list(found.candidates) == quoted(tracked)
    else:
        assert found == (WORDS.get(means) or Match(*quoted(means)))


def test_the_rules_are_numbered_in_order() -> None:
    numbers = [int(found[1]) for row in rows() if (found := re.match(r"\*\*(\d+)\.\*\*", row[0]))]
    assert numbers == list(range(1, 12))


BEFORE = [
    # Of two rules that find a file each, the one further up decides.
    (1, 2, "`/work/repo/x.py`, `source-root: backend`", "`backend/x.py`, `x.py`", "x.py"),
    (2, 3, "`/b/lib/s/x.py`, `source-root: a`, `[paths] src = */lib`", "`a/s/x.py`, `src/s/x.py`",
     "a/s/x.py"),
    (3, 4, "`x.py`, `source /work/repo/lib`, `[paths] src = */lib`", "`lib/x.py`, `src/x.py`",
     "src/x.py"),
    (5, 7, "`x.py`, `source src`, `report in a`", "`a/src/x.py`, `a/x.py`", "a/src/x.py"),
    (6, 7, "`x.py`, `source /app/a`, `report in b`", "`a/x.py`, `b/x.py`", "a/x.py"),
    (7, 9, "`src/x.py`, `report in b`", "`a/b/src/x.py`, `src/x.py`", "src/x.py"),
    (8, 9, "`/usr/lib/src/x.py`", "`src/x.py`, `y.py`", None),
    (9, 11, "`/app/SRC/x.py`", "`a/src/X.py`, `x.py`", "x.py"),
]  # fmt: skip


@pytest.mark.parametrize(("first", "then", "says", "tracked", "file"), BEFORE)
def test_a_rule_goes_before_those_below_it(
    first: int, then: int, says: str, tracked: str, file: str | None
) -> None:
    assert first < then
    assert meaning(says, tracked) == (Match(file) if file else Unmatched(library=True))
