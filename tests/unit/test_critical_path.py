"""How much a function matters, and that the page about it says the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qe_action.analysis.call_graph import WHOLE_BYTES, WHOLE_FILES, CallGraph, Reach
from qe_action.analysis.critical_path import IMPACTS, critical_path, weight, width
from qe_action.analysis.functions import FunctionFacts, complexity
from qe_action.analysis.graph import call_facts, entry_points
from qe_action.analysis.python_module import parse_module
from qe_action.events import LEVELS

PAGE = (Path(__file__).parents[2] / ".github/docs/critical-paths.md").read_text(encoding="utf-8")


def facts(
    statements: int = 10, covered: int = 0, complexity: int | None = 4, in_diff: bool = False
) -> FunctionFacts:
    return FunctionFacts("Cart.buy", 2, 20, statements, covered, in_diff, complexity)


def test_reasons_in_words() -> None:
    reach = Reach(callers=14, entry_points=3, at_least=True)
    found = critical_path("shop/cart.py", facts(10, 4, in_diff=True), reach)
    assert found is not None
    assert found.path == "shop/cart.py::Cart.buy"
    assert (found.callers, found.at_least, found.impact) == (14, True, "high")
    assert found.reasons == (
        "reached from at least 14 functions, 3 of them entry points",
        "40% covered",
        "complexity 4",
        "changed by this diff",
    )


@pytest.mark.parametrize(
    ("reach", "first"),
    [
        (Reach(callers=2, entry_points=1), "reached from 2 functions, 1 of them an entry point"),
        (Reach(callers=8, entry_points=8), "reached from 8 functions, all of them entry points"),
        (Reach(callers=1_234), "reached from 1,234 functions"),
        (
            Reach(callers=1, entry_points=1, kind="a command"),
            "reached from 1 function, an entry point",
        ),
    ],
)
def test_the_first_reason_says_what_reaches_it(reach: Reach, first: str) -> None:
    found = critical_path("a.py", facts(complexity=9), reach)
    assert found is not None
    assert found.reasons[0] == first
    assert ("an entry point itself: a command" in found.reasons) == (reach.kind is not None)


@pytest.mark.parametrize(
    ("function", "reach"),
    [
        (facts(10, 10), Reach(callers=500, entry_points=20)),
        (facts(0, 0), Reach(callers=500)),
        (facts(complexity=50), Reach(callers=2)),
        (facts(), Reach(callers=0, kind="a console script")),
    ],
)
def test_what_is_covered_or_hardly_reached_is_on_no_critical_path(
    function: FunctionFacts, reach: Reach
) -> None:
    assert critical_path("a.py", function, reach) is None


def test_of_one_impact_the_heavier_comes_first() -> None:
    """Little missed of what many reach is no worse than all missed of what fewer reach."""
    popular = critical_path("a.py", facts(10, 9, 8), Reach(callers=100))
    untested = critical_path("b.py", facts(10, 0, 8), Reach(callers=30))
    assert popular is not None
    assert untested is not None
    assert (popular.impact, popular.weight) == ("critical", 80.0)
    assert (untested.impact, untested.weight) == ("critical", 240.0)
    assert min(popular, untested, key=lambda each: each.rank) is untested


def rank(function: FunctionFacts, reach: Reach) -> int:
    found = critical_path("a.py", function, reach)
    return -1 if found is None else LEVELS.index(found.impact)


@given(st.integers(0, 60), st.integers(0, 10), st.integers(0, 10), st.integers(1, 20))
def test_more_reach_and_less_coverage_never_lower_the_impact(
    callers: int, entries: int, covered: int, complexity: int
) -> None:
    reach = Reach(callers=callers, entry_points=min(callers, entries))
    here = rank(facts(10, covered, complexity), reach)
    assert here <= rank(facts(10, covered, complexity), reach._replace(callers=callers + 1))
    assert here <= rank(facts(10, covered, complexity), reach._replace(kind="a command"))
    assert here <= rank(facts(10, max(0, covered - 1), complexity), reach)
    assert here <= rank(facts(10, covered, complexity + 1), reach)


def test_the_page_has_the_table_of_impacts() -> None:
    rows = re.findall(r"^\| (critical|high|medium) \| (\d+) \| ([\d.]+) \|$", PAGE, re.M)
    assert [(level, int(wide), float(heavy)) for level, wide, heavy in rows] == list(IMPACTS)


def test_the_page_names_every_kind_of_entry_point_and_the_limits() -> None:
    kinds = {each.why for each in call_facts.ENTRY_DECORATORS.values()}
    kinds |= {entry_points.SCRIPT, entry_points.PROGRAM}
    kinds |= {entry_points.EXPORTED, entry_points.UNCALLED}
    table = PAGE.partition("## Entry points")[2].partition("\n## ")[0]
    rows = set(re.findall(r"^\| ([a-z][^|]+) \| [^|]+ \|$", table, re.M)) - {"why"}
    assert rows == kinds
    assert f"{WHOLE_FILES} Python files and {WHOLE_BYTES // 1_000_000} MB" in PAGE


def test_the_example_of_the_page_gives_the_numbers_it_tells() -> None:
    blocks = re.findall(r"```\w+\n# (\S+)\n(.*?)```", PAGE, re.S)
    files = {name: text.encode() for name, text in blocks}
    scripts = entry_points.script_names(files["pyproject.toml"])
    graph = CallGraph(files, files.get, scripts=scripts)
    list(graph.prepare({"shop/prices.py": ["discount"]}))
    reach = graph.reach("shop/prices.py", "discount")
    module = parse_module("shop/prices.py", files["shop/prices.py"])
    assert reach is not None
    assert module is not None
    (definition,) = module.definitions
    function = FunctionFacts(
        definition.name, definition.start, definition.end, 7, 2, False, complexity(definition.node)
    )
    found = critical_path("shop/prices.py", function, reach)
    assert found is not None
    assert f"> `{found.path}`: {'; '.join(found.reasons)}\n" in PAGE
    assert f"so its width is {width(reach)}." in PAGE
    assert f"= {weight(function, reach):.1f}, so its impact is {found.impact}:" in PAGE
    assert graph.callers("shop/prices.py", "discount") == (
        *("shop/api.py::buy", "shop/api.py::show"),
        *("shop/cart.py::Cart.checkout", "shop/cart.py::Cart.price", "shop/cli.py::main"),
    )
