"""Which review comment stands for which gap: fingerprints, matching, what may go."""

from __future__ import annotations

import cmarkgfm
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qe_action.analysis.hunks import Hunk, Hunks
from qe_action.events import AnalysisComplete, Anchor, Counts, FileSummary, Gap
from qe_action.github.payloads import ReviewComment
from qe_action.render.review import (
    Marker,
    beginning,
    fingerprint,
    owner_of,
    read_marker,
    review_body,
    review_comment,
    without_marker,
)
from qe_action.sinks.review_plan import Wanted, make_plan, may_go, wanted

OWNER = owner_of("cov")
LINES = ("def f():", "    if x:", "        return 1", "    y = 2", "    return y", "    return 1")
HUNKS = Hunks({"a.py": (Hunk(10, LINES),), "big.py": None})


def gap(start: int, end: int = 0, **more: object) -> Gap:
    """A gap of the head's lines; the measured ones are five lines further down."""
    end = end or start
    known: dict[str, object] = {
        "id": f"{start}-{end}",
        "file_path": "a.py",
        "line_start": start + 5,
        "line_end": end + 5,
        "gap_type": "uncovered",
        "severity": "high",
        "function": "f",
        "in_diff": True,
        "anchor": Anchor(path="a.py", line_start=start, line_end=end),
        "statements": end - start + 1,
        "reasons": ("added or edited", "no test calls f"),
    }
    return Gap.model_validate(known | more)


def place(*gaps: Gap, hunks: Hunks = HUNKS) -> list[Wanted]:
    return wanted(gaps, hunks)[0]


def comment(
    ident: int, one: Wanted, span: tuple[int, int] | None = None, *, answered: bool = False
) -> ReviewComment:
    """A comment that an earlier run made on a gap."""
    body = f"{Marker(OWNER, one.key, (1, 1)).line()}\n{review_comment(one.gap)}"
    return ReviewComment(ident, one.place.path, span, body, answered)


# The text


def test_a_comment_says_what_is_missing_why_and_what_to_write() -> None:
    text = review_comment(
        gap(
            11,
            gap_type="partial",
            statements=0,
            missing_branches=("17",),
            anchor=Anchor(
                path="a.py",
                line_start=11,
                line_end=11,
                missing_branches=("12",),
                branch_words=("the condition on line 11 was never true",),
            ),
            suggested_tests=("Call `f(x)` with `x`: it should return `1`.", "Call `f()`."),
        )
    )
    assert text == (
        "**Branch not taken** in `f`\n\n"
        "The condition on line 11 was never true.\n\n"
        "Severity **high**: added or edited; no test calls f.\n\n"
        "Tests to add:\n\n"
        "- Call `f(x)` with `x`: it should return `1`.\n"
        "- Call `f()`."
    )


def test_a_comment_of_missed_statements_names_no_line() -> None:
    text = review_comment(gap(12, 13, suggested_tests=("Call `f()`.",), function=None))
    assert text.startswith("**Not covered: 2 statements**\n\nSeverity")
    assert "Test to add:\n\n- Call" in text
    assert "12" not in text


@given(st.text(), st.text(), st.text())
def test_hostile_text_stays_text_and_forges_no_marker(name: str, reason: str, test: str) -> None:
    one = gap(
        12, function=name, reasons=(reason, "<img src=x>"), suggested_tests=(test, "@octocat")
    )
    text = review_comment(one)
    assert read_marker(text) is None
    html = cmarkgfm.github_flavored_markdown_to_html(text)
    assert "<img" not in html
    assert "@octocat" not in text
    body = f"{Marker(OWNER, 'a' * 16, (5, 2)).line()}\n{text}"
    assert read_marker(body) == Marker(OWNER, "a" * 16, (5, 2))
    assert without_marker(body) == text.strip()


def test_a_comment_stays_far_below_github_s_limit() -> None:
    long = "@" * 100_000
    text = review_comment(gap(12, function=long, reasons=(long,) * 9, suggested_tests=(long,) * 50))
    assert len(text) < 20_000


def test_the_review_says_how_many_gaps_it_is_about() -> None:
    assert review_body("c*v", in_diff=1, shown=1, outside=0) == "c\\*v: 1 gap in the changed lines."
    assert review_body("cov", in_diff=1204, shown=10, outside=2) == (
        "cov: 1,204 gaps in the changed lines, 10 commented on here. "
        "2 outside of the lines that GitHub shows."
    )


@pytest.mark.parametrize(
    "body",
    ["", "hello", "> " + Marker(OWNER, "a" * 16, (1, 1)).line(), beginning(OWNER) + " gap=x -->"],
)
def test_other_texts_have_no_marker(body: str) -> None:
    assert read_marker(body) is None


# What makes a gap the same one


def test_a_fingerprint_counts_no_lines() -> None:
    moved = Hunks({"a.py": (Hunk(110, LINES),)})
    (here,) = place(gap(12, 13))
    (there,) = place(gap(112, 113), hunks=moved)
    assert here.gap.id != there.gap.id
    assert here.key == there.key


def test_a_fingerprint_tells_file_function_kind_and_text_apart() -> None:
    one = gap(12)
    keys = {
        fingerprint(one, "a.py", "return 1"),
        fingerprint(one, "b.py", "return 1"),
        fingerprint(one, "a.py", "return 2"),
        fingerprint(gap(12, function="g"), "a.py", "return 1"),
        fingerprint(gap(12, gap_type="partial"), "a.py", "return 1"),
    }
    assert len(keys) == 5
    assert fingerprint(one, "a.py", "\treturn  1 ") == fingerprint(one, "a.py", "return 1")
    assert fingerprint(gap(12, function="\ud800"), "\udcff", "\udcff")


def test_what_can_t_carry_a_comment_is_counted() -> None:
    gaps = [
        gap(12),
        gap(40),
        gap(13, anchor=None),
        gap(14, anchor=Anchor(path="big.py", line_start=14, line_end=14)),
        gap(14, 30, id="cut"),
    ]
    placed, outside = wanted(gaps, HUNKS)
    assert [(one.place.start, one.place.end) for one in placed] == [(12, 12), (14, 15)]
    assert outside == 3


# Matching


def test_a_gap_keeps_its_comment_wherever_it_moved() -> None:
    (one,) = place(gap(12))
    for span in ((12, 12), (80, 80), None):
        plan = make_plan([one], [comment(1, one, span)])
        assert [(w, c.id) for w, c in plan.kept] == [(one, 1)]
        assert not plan.new
        assert not plan.gone


def test_of_two_comments_on_one_gap_the_newer_is_gone() -> None:
    (one,) = place(gap(12))
    plan = make_plan([one], [comment(9, one, (12, 12)), comment(4, one, (12, 12))])
    assert [c.id for _, c in plan.kept] == [4]
    assert [c.id for c in plan.gone] == [9]


def test_gaps_of_one_text_are_told_apart_by_their_lines() -> None:
    first, last = place(gap(12), gap(15))
    assert first.key == last.key
    both = [comment(1, first, (12, 12)), comment(2, last, (15, 15))]
    plan = make_plan([last], both)
    assert [(one.place.start, c.id) for one, c in plan.kept] == [(15, 2)]
    assert [c.id for c in plan.gone] == [1]
    assert {(one.place.start, c.id) for one, c in make_plan([last, first], both).kept} == {
        (12, 1),
        (15, 2),
    }


def test_a_gap_that_begins_elsewhere_keeps_the_comment_on_its_lines() -> None:
    before, shrunk = place(gap(12, 14), gap(13, 14))
    plan = make_plan([shrunk], [comment(1, before, (12, 14))])
    assert [c.id for _, c in plan.kept] == [1]
    outdated = make_plan([shrunk], [comment(1, before)])
    assert (outdated.new, [c.id for c in outdated.gone]) == ([shrunk], [1])


def test_lines_of_another_file_are_other_lines() -> None:
    before, now = place(gap(12, 14), gap(13, 14))
    elsewhere = ReviewComment(1, "b.py", (12, 14), comment(1, before).body)
    assert make_plan([now], [elsewhere]).new == [now]


# What may go

RESULT = AnalysisComplete(
    overall_coverage=50.0,
    line_coverage=50.0,
    branch_coverage=None,
    function_coverage=None,
    patch_coverage=50.0,
    patch=Counts(statements=2, covered=1),
    files=(
        FileSummary(
            path="a.py",
            counts=Counts(statements=2, covered=1),
            patch=Counts(statements=2, covered=1),
        ),
        FileSummary(path="other.py", counts=Counts(statements=2, covered=1)),
    ),
    analysis_time_ms=1,
)


def at(path: str, *, answered: bool = False) -> ReviewComment:
    return ReviewComment(1, path, None, "", answered)


def test_a_comment_goes_where_its_file_was_measured_or_left_the_pull_request() -> None:
    assert may_go(at("a.py"), RESULT, HUNKS, all_gaps=True)
    assert may_go(at("reverted.py"), RESULT, HUNKS, all_gaps=True)


def test_a_comment_stays_where_nobody_knows() -> None:
    unmeasured = Hunks({"a.py": (), "unmeasured.py": (), "other.py": ()})
    assert not may_go(at("a.py", answered=True), RESULT, HUNKS, all_gaps=True)
    assert not may_go(at("a.py"), RESULT, HUNKS, all_gaps=False)
    assert not may_go(at("big.py"), RESULT, HUNKS, all_gaps=True)
    assert not may_go(at("unmeasured.py"), RESULT, unmeasured, all_gaps=True)
    assert not may_go(at("other.py"), RESULT, unmeasured, all_gaps=True)
    unknown = RESULT.model_copy(update={"patch": None})
    assert not may_go(at("a.py"), unknown, HUNKS, all_gaps=True)
