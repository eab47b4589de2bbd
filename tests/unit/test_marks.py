"""What a headline is marked with: nothing is praised that no gate has judged."""

from __future__ import annotations

import re

import pytest
from test_golden import RESULT

from qe_action.events import AnalysisComplete, GateResult
from qe_action.render.check_group import Part, group_comment
from qe_action.render.html import preview
from qe_action.render.links import Links
from qe_action.render.markdown import Heading, check_summary, comment, retold
from qe_action.render.state import RunState
from qe_action.render.verdict import conclude, mark

PASSED = GateResult(name="patch coverage", threshold=1, passed=True, detail="80% of all")
FAILED = PASSED.model_copy(update={"passed": False})
UNJUDGED = PASSED.model_copy(update={"passed": None})
NEUTRAL = "\N{INFORMATION SOURCE}"


def state(*gates: GateResult) -> RunState:
    made = RunState()
    result: AnalysisComplete = RESULT.model_copy(update={"gates": gates})
    made.fold(result)
    return made


@pytest.mark.parametrize(
    ("gates", "marked", "icon"),
    [
        ((), "ungated", NEUTRAL),
        ((PASSED,), "success", "✅"),
        ((PASSED, UNJUDGED), "success", "✅"),
        ((UNJUDGED,), "neutral", "⚪"),
        ((PASSED, FAILED), "failure", "❌"),
    ],
)
def test_the_headline_is_green_for_a_passed_gate_alone(
    gates: tuple[GateResult, ...], marked: str, icon: str
) -> None:
    found = state(*gates)
    assert mark(found) == marked
    assert comment(found, Links(), Heading("x")).startswith(f"### {icon}")
    assert f'<span class="mark {marked}">' in preview(found, Links(), Heading("x"))
    # Told again out of its check run it has the same.
    verdict, summary = conclude(found), check_summary(found, Links())
    again = retold(Heading("x"), verdict.conclusion, verdict.title, summary)
    assert again.lstrip("\n").startswith(f"### {icon}")


def test_a_group_is_green_where_a_gate_of_a_part_passed() -> None:
    def part(number: int, *gates: GateResult) -> Part:
        summary = check_summary(state(*gates), Links())
        return Part(number, (number, 1), f"part {number}", "Patch 80%", "", "success", summary)

    ungated = group_comment([part(1), part(2)], "all", "", None)
    assert f"### {NEUTRAL}" in ungated
    assert "✅" not in ungated
    assert "### ✅ all" in group_comment([part(1), part(2, PASSED)], "all", "", None)


def test_a_mark_s_colour_fills_no_annotation() -> None:
    """`.failure` alone would be both a round mark and a whole note."""
    style = preview(state(), Links(), Heading("x")).partition("<style>")[2].partition("</style>")[0]
    rules = re.findall(r"([^{}]+)\{([^{}]*)\}", style)
    filled = [name.strip() for name, body in rules if "background:var(--bad)" in body]
    assert filled == [".mark.failure"]
    (border,) = [body for name, body in rules if name.strip() == ".note.failure"]
    assert border.strip() == "border-color:var(--bad)"
