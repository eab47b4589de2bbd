"""One file's gaps with all that source and report tell of them."""

from __future__ import annotations

import textwrap
from array import array

from qe_action.agents.goals import Wanted
from qe_action.analysis.collect import Detail
from qe_action.analysis.python_module import parse_module
from qe_action.analysis.study import Study
from qe_action.events import CriticalPath, Gap
from qe_action.render.annotations import annotation
from qe_action.reports.model import Branch
from qe_action.verify.run_answers import Measured

NOTHING: frozenset[int] = frozenset()
SOURCE = textwrap.dedent(
    """\
    def price(item,
              rate):
        if item is None:
            raise ValueError(
                "item")
        try:
            return item * rate
        except TypeError:
            return 0

    def unused():
        return price(
            1, 2)
    """
).encode()
LINES = {1: True, 3: True, 4: False, 6: True, 7: True, 8: False, 9: False, 11: True, 12: False}


def study(
    source: bytes | None = SOURCE,
    added: frozenset[int] = NOTHING,
    lines: dict[int, bool] | None = None,
) -> Study:
    lines = LINES if lines is None else lines
    branches = {3: Branch(1, 2, ("4",))}
    detail = Detail("a.py", array("I", lines), bytes(lines.values()), branches, ())
    module = parse_module("a.py", source) if source is not None else None
    return Study(detail, module, added)


def gaps(of: Study, paths: dict[str, CriticalPath] | None = None) -> dict[int, Gap]:
    return {gap.line_start: gap for gap in (of.gap(miss, paths or {}) for miss in of.misses())}


def test_a_changed_continuation_line_counts_its_statement() -> None:
    changed = study(added=frozenset([2, 5, 13]))
    assert changed.touched >= {1, 4, 12}
    assert (changed.patch.statements, changed.patch.covered) == (3, 1)
    assert [gap.line_start for gap in gaps(changed).values() if gap.in_diff] == [4, 12]


def test_without_a_readable_source_lines_count_as_listed() -> None:
    changed = study(source=None, added=frozenset([2, 4, 5, 13]))
    assert (changed.patch.statements, changed.patch.covered) == (1, 0)
    assert all(gap.function is None for gap in gaps(changed).values())


def test_errors_and_calls_are_weighed() -> None:
    found = gaps(study())
    assert "it raises an error" in found[4].reasons
    assert "it handles an error" in found[8].reasons
    assert "no test runs any of this function" in found[12].reasons


def test_a_branch_is_told_by_the_lines_it_leads_to() -> None:
    found = gaps(study())
    assert sorted(found) == [4, 8, 12]
    led = found[4]
    assert (led.gap_type, led.statements) == ("uncovered", 1)
    assert (led.missing_branches, led.branch_lines) == (("4",), (3,))
    assert led.branch_words == (
        "the condition on line 3 was never true, so it never went on to line 4",
    )
    assert led.suggested_tests == (
        "Call `price(item, rate)` with `item is None`: it should raise `ValueError`.",
    )


def test_a_changed_condition_brings_the_lines_it_leads_to_into_the_diff() -> None:
    led = gaps(study(added=frozenset([3])))[4]
    assert led.in_diff
    assert led.reasons[0] == "this change adds or edits the line that leads to it"


def test_a_branch_that_leads_to_lines_that_ran_is_a_gap() -> None:
    lines = {1: True, 3: True, 4: True, 6: False, 7: False, 8: False, 9: False, 11: True, 12: True}
    [gap] = gaps(study(lines=lines | {6: True, 7: True, 8: True, 9: True})).values()
    assert (gap.gap_type, gap.line_start, gap.statements) == ("partial", 3, 0)
    assert gap.branch_lines == ()
    assert gap.reasons[0] == "1 of 2 branches was not taken"
    assert "it never goes to where an error is raised" in gap.reasons


def test_a_gap_names_the_critical_path_of_its_function() -> None:
    path = CriticalPath(
        path="a.py::price", impact="high", reasons=("reached from 4 functions",), callers=4
    )
    found = gaps(study(), {"price": path})
    assert found[4].critical_path == "a.py::price"
    assert found[12].critical_path is None
    assert found[4].severity == "high"
    assert "it is on a critical path of high impact: reached from 4 functions" in found[4].reasons


def test_a_whole_missed_file_takes_the_worst_critical_path() -> None:
    paths = {
        name: CriticalPath(path=f"a.py::{name}", impact=impact, callers=1)
        for name, impact in (("price", "medium"), ("unused", "high"))
    }
    nothing_ran = study(lines=dict.fromkeys(LINES, False), added=frozenset([4]))
    [gap] = gaps(nothing_ran, paths).values()
    assert gap.critical_path == "a.py::unused"
    assert gap.reasons[0] == "1 of its 9 statements lies in changed lines"
    assert "no test runs any of this file" in gap.reasons


def test_functions_that_lack_tests() -> None:
    assert {region.name for region in study().lacking} == {"price", "unused"}
    covered = dict.fromkeys(LINES, True)
    assert {region.name for region in study(lines=covered).lacking} == {"price"}


def test_a_report_of_an_older_source_is_told() -> None:
    assert not study().is_stale
    assert not study(lines=dict(sorted((LINES | {2: True, 5: True, 13: True}).items()))).is_stale
    assert study(lines=dict(sorted((LINES | {10: False}).items()))).is_stale
    assert study(lines=LINES | {40: True}).is_stale
    assert not study(source=None, lines=LINES | {40: True, 41: True, 42: True}).is_stale


def test_a_gap_says_both_the_lines_and_the_branch_that_leads_there() -> None:
    words = annotation(gaps(study())[4])
    assert words.title == "Not covered: 1 statement, 1 branch in price"
    assert words.message.startswith(
        "Line 4: no test runs this statement, as the condition on line 3 was never true, "
        "so it never went on to line 4."
    )


def test_a_gap_s_statements_and_the_branch_that_leads_to_them_are_wanted() -> None:
    measured = Measured(
        lines=(1, 3, 6, 7, 11),
        missing_lines=(4, 8, 9, 12),
        missing_branches=((3, 4),),
        branches=((3, 6),),
    )
    wanted = Wanted("a.py", gaps=[gaps(study())[4]])
    nothing = Measured()
    assert wanted.goals(SOURCE, measured, nothing) == (frozenset([4]), frozenset([(3, 4)]))
