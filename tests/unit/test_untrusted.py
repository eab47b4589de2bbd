"""A journal from a stranger: bounded, neutral, and always with an end."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qe_action.events import (
    AnalysisComplete,
    AnalyzerError,
    Event,
    GapFound,
    GenerationComplete,
    GeneratorError,
)
from qe_action.journal import encode, header
from qe_action.render.annotations import annotation
from qe_action.render.links import Links
from qe_action.render.markdown import COMMENT_LIMIT, Heading, check_summary, comment
from qe_action.render.state import RunState
from qe_action.render.verdict import conclude
from qe_action.text import size
from qe_action.untrusted import coverage, generated, journal

ANCHOR = {"path": "app.py", "line_start": 4, "line_end": 5}
GAP = {
    "id": "0123456789abcdef",
    "file_path": "app.py",
    "line_start": 3,
    "line_end": 4,
    "gap_type": "uncovered",
    "severity": "high",
    "in_diff": True,
    "anchor": ANCHOR,
    "statements": 2,
}
COUNTS = {"statements": 10, "covered": 7}
RESULT: dict[str, Any] = {
    "type": "complete",
    "agent": "coverage-analyzer",
    "overall_coverage": 99.0,
    "line_coverage": 99.0,
    "branch_coverage": 99.0,
    "function_coverage": 50.0,
    "patch_coverage": 99.0,
    "totals": COUNTS,
    "patch": COUNTS,
    "total_gaps": 77,
    "gaps_in_diff": 77,
    "total_files": 1,
    "files": [{"path": "app.py", "counts": COUNTS, "patch": COUNTS, "gaps": 1, "delta": -1.5}],
    "gates": [{"name": "patch coverage", "threshold": 80.0, "passed": False, "detail": "70%"}],
    "measured": {"tree": "merge", "sha": "a" * 40, "base_sha": "b" * 40},
    "baseline": {"sha": "c" * 40, "commits_before": 0, "detail": "files", "totals": COUNTS},
    "deltas": {"overall": -1.5, "line": -1.5, "branch": None},
    "digest": "<!-- qe-action baseline x -->",
    "analysis_time_ms": 5,
}


def gap(**changes: object) -> dict[str, Any]:
    return {"type": "gap", "agent": "coverage-analyzer", "gap": {**GAP, **changes}}


def text(*events: object) -> bytes:
    return header() + b"".join(json.dumps(event).encode() + b"\n" for event in events)


def read(lines: bytes, **more: Any) -> list[Event]:
    return list(journal.events_of(BytesIO(lines).readline, **more))


def result_of(*events: object) -> AnalysisComplete:
    last = read(text(*events))[-1]
    assert isinstance(last, AnalysisComplete)
    return last


def refusal(journal: bytes) -> str:
    """Why it was refused; then the last event is a result without figures."""
    *_, error, last = read(journal)
    assert isinstance(error, AnalyzerError)
    assert isinstance(last, AnalysisComplete)
    assert (last.conclusion, last.totals) == ("failed", None)
    return error.message


def test_an_honest_journal_comes_back_as_it_was_written() -> None:
    events = read(text(gap(), RESULT))
    again = read(header() + b"".join(map(encode, events)))
    assert again == events
    assert [event["type"] for event in events] == ["gap", "complete"]


def test_figures_are_counted_anew_and_counts_of_gaps_too() -> None:
    result = result_of(gap(), gap(in_diff=False), RESULT)
    assert (result.overall_coverage, result.patch_coverage) == (70.0, 70.0)
    assert result.branch_coverage is None
    assert (result.total_gaps, result.gaps_in_diff) == (2, 1)
    assert len(result.gaps) == 2


def test_a_digest_never_comes_through_however_long_it_is() -> None:
    assert result_of(RESULT).digest is None
    assert result_of({**RESULT, "digest": "x" * 70_000}).digest is None


@pytest.mark.parametrize(
    "path",
    ["", "/etc/passwd", "../a", "a/../b", "a//b", "./a", "a\\b", "C:/a", "a\nb", "a\x1b[2J", "a/"],
)
def test_an_anchor_outside_of_the_repository_is_dropped(path: str) -> None:
    found, _ = read(text(gap(anchor={**ANCHOR, "path": path}), RESULT))
    assert isinstance(found, GapFound)
    assert found.gap.anchor is None


def test_an_anchor_s_lines_have_to_be_a_range() -> None:
    found, _ = read(text(gap(anchor={**ANCHOR, "line_start": 9}), RESULT))
    assert isinstance(found, GapFound)
    assert found.gap.anchor is None


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"measured": {"tree": "merge", "sha": "main"}}, ("baseline", "deltas")),
        ({"baseline": {**RESULT["baseline"], "sha": "x"}}, ("measured",)),
        ({"deltas": {"overall": 900.0, "line": None, "branch": None}}, ("measured",)),
        ({"baseline": None}, ("measured",)),
    ],
)
def test_what_can_t_be_is_not_shown(changes: dict[str, Any], kept: tuple[str, ...]) -> None:
    result = result_of({**RESULT, **changes})
    names = ("measured", "baseline", "deltas")
    assert tuple(name for name in names if result[name] is not None) == kept


DEEP = b'{"type":"gap","gap":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"
MANY = {**RESULT, "notes": ["x"] * 10_001}
REFUSED: list[tuple[bytes, str]] = [
    (b"", "not a journal"),
    (b"PK\x03\x04", "not a journal"),
    (b'{"journal": "qe-action", "version": 2}\n', "version 2"),
    (text("gap"), "no event"),
    (text([]), "no event"),
    (header() + b"\xff\xfe\n", "no JSON"),
    (header() + b'{"type": "gap"\n', "no JSON"),
    (header() + b'{"type": NaN}\n', "no JSON"),
    (header() + DEEP, "no JSON"),
    (header() + b'{"type": "gap", "type": "gap"}\n', "no JSON"),
    (text({"type": "shell"}), "no event"),
    (text(gap(function="\ud800")), "no event"),
    (text({**gap(), "more": 1}), "no event"),
    (text(gap(line_start="3")), "no event"),
    (text(gap(line_start=0)), "no event"),
    (text(gap(line_end=2)), "its gap"),
    (text(gap(id="--> <!--")), "its gap"),
    (text(gap(function="f" * 10_001)), "10,000 characters"),
    (text(gap(line_end=2**31 + 1)), "number"),
    (text(gap(reasons=["r" * 9000] * 9)), "64 KB"),
    (text(gap(reasons=[[[[[[[[[]]]]]]]]])), "too deep"),
    (text(MANY), "10,000 entries"),
    (text({**RESULT, "function_coverage": 1e300}), "number"),
    (text({**RESULT, "totals": {"statements": 1, "covered": 2}}), "counts"),
    (text({**RESULT, "gates": [{**RESULT["gates"][0], "name": " "}]}), "gate"),
    (text({**RESULT, "gates": [{**RESULT["gates"][0], "threshold": 101.0}]}), "gate"),
    (header() + b"x" * (4 * 2**20 + 9), "4 MB"),
]


@pytest.mark.parametrize(("journal", "why"), REFUSED, ids=[why for _, why in REFUSED])
def test_a_journal_that_can_t_be_is_refused_and_says_why(journal: bytes, why: str) -> None:
    assert why in refusal(journal)


def test_what_stands_before_a_line_that_is_refused_is_kept() -> None:
    first, _, last = read(text(gap(), {"type": "shell"}, gap()))
    assert isinstance(first, GapFound)
    assert (last["total_gaps"], len(last["gaps"])) == (1, 1)


@pytest.mark.parametrize(("ending", "conclusion"), [("failed", "neutral"), ("cancelled",) * 2])
def test_a_journal_cut_short_says_so_and_keeps_what_it_had(ending: str, conclusion: str) -> None:
    whole = text(gap(), gap(in_diff=False), RESULT)
    for cut in (whole[:-1], whole[:-30], whole[: -len(json.dumps(RESULT)) - 1]):
        *gaps, error, last = read(cut, ending=ending)
        assert (len(gaps), last["total_gaps"], last["conclusion"]) == (2, 2, ending)
        assert error["message"] == "The journal ends before the analysis did."
        state = RunState()
        for event in read(cut, ending=ending):
            state.fold(event)
        assert conclude(state).conclusion == conclusion


def test_of_files_that_were_not_measured_only_what_a_title_may_show_is_kept() -> None:
    lacking = {**RESULT, "unmeasured": ["../x.py", "a.py", "/b.py"], "misfit": "vote @mallory"}
    result = result_of(lacking)
    assert result.unmeasured == ("a.py",)
    assert result.misfit == "the report does not fit this repository"


def test_nothing_is_read_behind_the_result() -> None:
    assert len(read(text(RESULT, gap(), "rubbish"))) == 1


def told(kind: str, **fields: object) -> dict[str, Any]:
    return {"type": kind, "agent": "test-generator", **fields}


CASE = {
    "id": "1",
    "test_name": "test_f",
    "test_code": "def test_f(): ...",
    "framework": "pytest",
    "test_type": "unit",
    "path": "tests/test_a.py",
    "target": "a.py::f",
    "evidence": {"lines": [1, 2], "branches": ["1->2"], "mutants": 3, "killed": 2, "runs": 5},
}
MADE = told(
    "complete",
    tests=[CASE],
    total=77,
    coverage_before=10.0,
    coverage_estimate=60.0,
    rejected={"flaky": 2, "@octocat": 3, "fails": -1},
    notes=["n"] * 30,
    framework="pytest",
    test_type="unit",
)
STEP = told("progress", percent=1.0, message="m", count=0, total=1)


def made(**changes: object) -> GenerationComplete:
    last = read(text(RESULT, STEP, {**MADE, **changes}))[-1]
    assert isinstance(last, GenerationComplete)
    return last


def test_tests_behind_the_result_are_shown_and_counted_anew() -> None:
    bug = {"file_path": "a.py", "example": "f()", "expected": "1", "got": "2"}
    events = read(text(RESULT, STEP, told("suspicion", bug=bug), MADE, STEP))
    assert [event["type"] for event in events] == ["complete", "progress", "suspicion", "complete"]
    result = made()
    assert (result.total, [case.test_name for case in result.tests]) == (1, ["test_f"])
    assert result.rejected == {"flaky": 2}
    assert len(result.notes) == generated.MAX_NOTES
    assert (result.coverage_before, result.coverage_estimate) == (10.0, 60.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"test_name": "a b"},
        {"test_name": "<!--"},
        {"test_code": " "},
        {"evidence": {"mutants": 1, "killed": 2}},
    ],
)
def test_a_test_that_can_t_be_is_left_out(changes: dict[str, object]) -> None:
    result = made(tests=[{**CASE, **changes}, CASE])
    assert [case.test_name for case in result.tests] == ["test_f"]


@pytest.mark.parametrize("path", ["/etc/passwd", "../a.py", "a\nb"])
def test_a_test_s_file_outside_of_the_repository_is_not_named(path: str) -> None:
    assert made(tests=[{**CASE, "path": path}]).tests[0].path == ""


@pytest.mark.parametrize("cost", [-1.0, None, 0.5])
def test_what_a_model_is_said_to_have_cost_is_held_in_bounds(cost: float | None) -> None:
    told = {"model": "m" * 500, "requests": 3, "input_tokens": None, "output_tokens": 7}
    use = made(model={**told, "cost": cost}).model
    assert use is not None
    assert (len(use.model), use.requests) == (generated.MODEL, 3)
    assert (use.input_tokens, use.output_tokens) == (None, 7)
    assert use.cost == (0.5 if cost == 0.5 else None)


@pytest.mark.parametrize("figure", [-1, 10**15, 1.5, "7"])
def test_a_result_with_a_figure_that_can_t_be_is_none(figure: object) -> None:
    assert made(model={"model": "m", "requests": figure}).conclusion == "failed"


def test_who_wrote_the_tests_is_counted_anew() -> None:
    cases = [{**CASE, "generator": name} for name in ("llm", "llm", "offline", "<!-- @me", "")]
    result = made(tests=cases, by_generator={"llm": 900, "@octocat": 3})
    assert result.by_generator == {"llm": 2, "offline": 1}
    assert [case.generator for case in result.tests] == ["llm", "llm", "offline", "", ""]


def test_tests_of_a_run_cut_short_and_shares_that_can_t_be_are_not_shown() -> None:
    assert made(conclusion="cancelled").tests == ()
    assert made(coverage_estimate=101.0).coverage_before is None
    assert len(made(tests=[CASE] * 300).tests) == generated.MAX_TESTS


def test_tests_are_read_behind_the_analysis_only() -> None:
    assert [event["agent"] for event in read(text(STEP, MADE, RESULT))] == ["coverage-analyzer"]


def test_what_was_not_proposed_in_the_end_is_left_out_however_long() -> None:
    tried = told("rejected", test_case={**CASE, "test_code": "x" * 100_000}, reason="flaky")
    shown = told("test", test_case=CASE, target="", verdict="")
    assert len(read(text(RESULT, STEP, tried, shown, MADE))) == 3


@pytest.mark.parametrize("broken", [b"", b'{"type"', b"rubbish\n", b'{"type": "shell"}\n'])
def test_a_generation_cut_short_costs_the_analysis_nothing(broken: bytes) -> None:
    result, _, error, last = read(text(RESULT, STEP) + broken, ending="cancelled")
    assert isinstance(result, AnalysisComplete)
    assert result.conclusion == "finished"
    assert isinstance(error, GeneratorError)
    assert isinstance(last, GenerationComplete)
    assert last.conclusion == ("failed" if broken.endswith(b"\n") else "cancelled")


def test_suspicions_errors_and_steps_are_counted() -> None:
    bug = told(
        "suspicion", bug={"file_path": "a.py", "example": "f()", "expected": "1", "got": "2"}
    )
    error = told("error", message="m")
    events = read(text(RESULT, *[STEP] * 300, *[bug] * 300, *[error] * 300, MADE))
    limits = generated.MAX_PROGRESS + generated.MAX_BUGS + generated.MAX_ERRORS
    assert len(events) == limits + 2


def test_events_are_counted() -> None:
    progress = {"type": "progress", "percent": 1.0, "message": "m", "files_analyzed": 1}
    events = read(text(*[{**progress, "agent": "coverage-analyzer"}] * 1200, RESULT))
    assert len(events) == coverage.MAX_PROGRESS + 1
    error = {"type": "error", "agent": "coverage-analyzer", "message": "m"}
    assert len(read(text(*[error] * 30, RESULT))) == coverage.MAX_ERRORS + 1


def test_a_journal_without_end_ends() -> None:
    """Bytes and events are bounded, whatever the source goes on to give."""
    line = json.dumps(gap(reasons=["r" * 8000] * 6)).encode() + b"\n"

    def endless(first: bytes) -> Callable[[int], bytes]:
        lines = iter([first])
        return lambda limit: next(lines, line)[:limit]

    *_, error, last = journal.events_of(endless(header()))
    assert error["message"].startswith("The journal has more than")
    assert last["total_gaps"] > 1000


TEXTS = st.text(max_size=40) | st.sampled_from(["<!--", "@octocat", "|", "</details>", "::error::"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def near_events(draw: st.DrawFn) -> object:
    """Events of which some fields hold anything."""
    event = draw(st.sampled_from([gap(), RESULT, MADE, STEP]))
    part = event.get("gap", event)
    changes = draw(st.dictionaries(st.sampled_from([*part]), VALUES, max_size=3))
    changed = {**part, **changes}
    return {**event, "gap": changed} if "gap" in event else changed


@given(st.lists(near_events() | VALUES, max_size=5))
def test_whatever_is_in_its_lines_can_be_shown(lines: list[object]) -> None:
    show(text(*lines))


@given(st.lists(near_events() | VALUES, max_size=5))
def test_whatever_stands_behind_the_result_can_be_shown(lines: list[object]) -> None:
    show(text(RESULT, STEP, *lines))


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_can_be_shown(data: bytes, headed: bool) -> None:
    show(header() + data if headed else data)


def show(journal: bytes) -> None:
    """Everything that a sink does with the events; ends with a result and in the limits."""
    state = RunState()
    for event in read(journal):
        state.fold(event)
        encode(event)
        if isinstance(event, GapFound):
            annotation(event.gap)
    assert state.result is not None
    assert state.result.digest is None
    links = Links("https://github.com", "octo/demo", "a" * 40)
    body = comment(state, links, Heading("name", "<!-- marker -->"))
    assert size(body) <= COMMENT_LIMIT
    assert body.count("<!--") == 1
    assert check_summary(state, links)
    assert conclude(state).title
