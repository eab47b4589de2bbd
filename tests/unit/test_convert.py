"""The events of a journal in the formats of other tools."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Iterable, Iterator
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from executed_runs import COLLECTED, FLAKY, RESULT, STOCK, TOTAL
from hostile import NASTY, TEXT
from hypothesis import given
from hypothesis import strategies as st
from junitparser import JUnitXml

from qe_action.convert import FORMATS, converted
from qe_action.convert.gap_table import COLUMNS, cell
from qe_action.errors import ReportError
from qe_action.events import (
    AnalysisComplete,
    BugSuspected,
    Event,
    Gap,
    GapFound,
    GenerationComplete,
    SuspectedBug,
    TestFinished,
    without_figures,
)
from qe_action.journal import decode, encode, header
from qe_action.journal_options import REPLAYED, TYPES
from qe_action.untrusted.recorded_events import Recording

GOLDEN = Path(__file__).parent.parent / "golden"
PLACE = {"file_path": "shop/cart.py", "severity": "high"}
GAPS = (
    Gap(
        id="1f0c",
        line_start=12,
        line_end=15,
        gap_type="uncovered",
        statements=3,
        function="Cart.total",
        in_diff=True,
        reasons=("it is in the change",),
        suggested_tests=("Call Cart.total with no items.",),
        **PLACE,
    ),
    Gap(
        id="2b7a",
        line_start=20,
        line_end=20,
        gap_type="partial",
        missing_branches=("22",),
        branch_words=("the condition on line 20 was never false",),
        **PLACE,
    ),
    Gap(
        id="90ff",
        file_path="shop/naïve {x}.py",
        line_start=3,
        line_end=4,
        gap_type="uncovered",
        statements=2,
        severity="critical",
    ),
)
OVER = AnalysisComplete(
    overall_coverage=81.25,
    line_coverage=80.0,
    branch_coverage=90.0,
    function_coverage=None,
    patch_coverage=40.0,
    total_gaps=3,
    gaps_in_diff=1,
    analysis_time_ms=120,
)
PASSED = TestFinished(
    id="tests/test_cart.py::TestCart::test_empty",
    outcome="passed",
    phase="call",
    seconds=0.004,
    file_path="tests/test_cart.py",
    line=7,
)
SKIPPED = PASSED.model_copy(
    update={"id": "tests/test_cart.py::test_s", "outcome": "skipped", "reason": "no network"}
)
SHAKY = TOTAL.model_copy(update={"id": FLAKY.id, "file_path": FLAKY.file_path})
BUG = BugSuspected(
    bug=SuspectedBug(file_path="shop/cart.py", line=40, example="tax(1)", expected="2", got="3")
)
RUN: tuple[Event, ...] = (
    COLLECTED,
    PASSED,
    TOTAL,
    STOCK,
    SKIPPED,
    SHAKY,
    FLAKY,
    RESULT,
    *(GapFound(gap=gap) for gap in GAPS),
    OVER,
    BUG,
)


def text_of(name: str, events: Iterable[Event] = RUN) -> str:
    return converted(name, events).text


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_as_it_was(name: str) -> None:
    golden = GOLDEN / f"journal_{name}.txt"
    text = text_of(name)
    if os.environ.get("QE_GOLDEN") == "write":
        golden.write_text(text, encoding="utf-8")
    assert golden.read_text(encoding="utf-8") == text


def test_every_gap_and_failure_is_a_result_of_the_sarif_log() -> None:
    run = json.loads(text_of("sarif"))["runs"][0]
    assert [result["ruleId"] for result in run["results"]] == [
        *["test-failed"] * 2,  # the flaky one is none
        *("not-covered", "branch-not-taken", "not-covered"),
        "documentation-contradicted",
    ]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
    place = run["results"][4]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "shop/na%C3%AFve%20%7Bx%7D.py"
    assert place["region"] == {"startLine": 3, "endLine": 4}


def test_a_sarif_log_of_a_cut_journal_says_that_the_run_did_not_succeed() -> None:
    for events, ended in ((RUN[:-1], True), (RUN[:-2], False), (RUN, False)):
        [invocation] = json.loads(text_of("sarif", events))["runs"][0]["invocations"]
        assert invocation == {"executionSuccessful": ended}  # of the generation there is no end


def test_junit_reads_back_as_the_tests_that_ran() -> None:
    [suite] = JUnitXml.fromstring(text_of("junit").encode())
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (5, 1, 1, 1)
    cases = {(case.classname, case.name): case for case in suite}
    assert ("tests.test_cart.TestCart", "test_empty") in cases
    assert cases["tests.test_cart", "test_stock[warehouse-3]"].result[0].message == STOCK.message
    shaky = ElementTree.fromstring(text_of("junit")).findall("*/testcase/flakyFailure")
    assert len(shaky) == 1


def test_a_test_that_fails_and_then_fails_to_be_torn_down_is_one_case_with_both() -> None:
    down = TOTAL.model_copy(update={"outcome": "error", "phase": "teardown"})
    [case] = ElementTree.fromstring(text_of("junit", (TOTAL, down))).iter("testcase")
    assert [part.tag for part in case if part.tag != "system-out"] == ["failure", "error"]


def test_gitlab_s_fingerprints_are_unique_and_flaky_tests_are_no_entry() -> None:
    entries = json.loads(text_of("codequality"))
    assert len({entry["fingerprint"] for entry in entries}) == len(entries) == 5
    assert {entry["severity"] for entry in entries} <= {
        *("info", "minor", "major"),
        *("critical", "blocker"),
    }


def test_what_the_journal_has_nothing_of_is_no_empty_file() -> None:
    for name in ("gaps", "csv", "codequality", "sarif", "junit", "markdown"):
        with pytest.raises(ReportError, match="nothing to convert"):
            converted(name, ())
    with pytest.raises(ReportError, match="no run of the tests"):
        converted("junit", RUN[8:-1])
    with pytest.raises(ReportError, match="no analysis"):
        converted("gaps", RUN[:8])


def test_a_run_that_did_not_end_is_said_to_be_cut() -> None:
    [note] = converted("gaps", RUN[:9]).notes
    assert note == "The analysis did not come to its end: this is what it had until then."
    assert converted("gaps", RUN).notes == ()
    failed = without_figures("failed")
    assert len(converted("gaps", (failed,)).notes) == 1


# What strangers put into names.

PATHS = ("../../etc/passwd", "/etc/passwd", "C:\\x", "a\x1b[31m.py", "", "javascript:alert(1)/x")
HOSTILE = [*NASTY, *PATHS, "=1+1", "+1", "-1", "@x", " =1", "\t=1", "{0}", "[x](http://y)", "]]>"]


def hostile(text: str) -> tuple[Event, ...]:
    """A run in which it stands wherever a name or text can."""
    gap = GAPS[0].model_copy(
        update={
            **{"id": text, "file_path": text, "function": text, "reasons": (text,)},
            **{"suggested_tests": (text,), "branch_words": (text,)},
        }
    )
    update = {"id": text, "file_path": text, "message": text, "traceback": text, "output": text}
    failed = TOTAL.model_copy(update={**update, "failed_at": None, "anchor": None})
    skipped = SKIPPED.model_copy(update={"reason": text})
    bug = BUG.bug.model_copy(update={"file_path": text, "example": text, "got": text})
    made = GenerationComplete(
        total=0, coverage_estimate=None, framework="pytest", test_type="unit", notes=(text,)
    )
    over = OVER.model_copy(update={"notes": (text,)})
    found: tuple[Event, ...] = (failed, skipped, RESULT, GapFound(gap=gap), over)
    return (*found, BugSuspected(bug=bug), made)


UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def checked(text: str) -> None:
    events = hostile(text)
    texts = {name: text_of(name, events) for name in FORMATS}
    for name, written in texts.items():
        assert not UNSEEN.search(written), name
    run = json.loads(texts["sarif"])["runs"][0]
    for result in run["results"]:
        said = result["message"]["text"]
        assert not re.search(r"(?<!\\)(\\\\)*[\[\]]", said)
        assert said.count("{") % 2 == said.count("}") % 2 == 0
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert not unquote(uri).startswith("/")
        assert ".." not in unquote(uri).split("/")
        assert ":" not in uri.partition("/")[0]
    ElementTree.fromstring(texts["junit"])
    for entry in json.loads(texts["codequality"]):
        assert ".." not in entry["location"]["path"].split("/")
    rows = list(csv.reader(StringIO(texts["csv"])))
    assert [len(row) for row in rows] == [len(COLUMNS)] * 2
    assert not [cell for cell in rows[1] if cell.lstrip().startswith(("=", "+", "-", "@"))]
    assert [row.partition(":")[0] for row in texts["gaps"].splitlines()] == [
        *("TN", "SF", "GAP", "end_of_record"),
    ]


@pytest.mark.parametrize("text", HOSTILE, ids=repr)
def test_a_hostile_name_is_text_in_every_format(text: str) -> None:
    checked(text)


@given(TEXT | st.text(max_size=40))
def test_any_name_is_text_in_every_format(text: str) -> None:
    checked(text)


@pytest.mark.parametrize("text", ["a;=1+1", 'f; "@SUM(A1)', "a;b;\u00a0-1"])
def test_a_formula_behind_a_semicolon_is_none(text: str) -> None:
    """Where a comma stands before decimals a spreadsheet divides the lines of a file at `;`."""
    assert re.search(r';[\s"]*\'[=+@-]', cell(text))
    assert cell("a;b=1") == "a;b=1"


def test_a_path_out_of_the_repository_is_left_out_and_said() -> None:
    events = hostile("../x.py")
    for name in ("sarif", "codequality"):
        conversion = converted(name, events)
        assert "x.py" not in re.sub(r'"(text|description)": ".*"', "", conversion.text)
        assert re.match(r"\d entries name no file inside the repository", conversion.notes[-1])


# How journals are read.


def lines(events: Iterable[Event] = RUN) -> bytes:
    return header() + b"".join(map(encode, events))


def read(data: bytes) -> Iterator[Event]:
    return Recording(BytesIO(data).readline).events()


def test_a_journal_is_read_as_it_was_written_with_the_gaps_of_its_result() -> None:
    assert list(read(lines())) == list(decode(BytesIO(lines())))
    result = next(event for event in read(lines()) if isinstance(event, AnalysisComplete))
    assert len(result.gaps) == 3


def test_a_journal_whose_last_line_is_cut_is_read_up_to_there() -> None:
    whole = lines()
    for cut in (1, 40):
        journal = Recording(BytesIO(whole[:-cut]).readline)
        assert len(list(journal.events())) == len(RUN) - 1
        assert journal.cut_off
    journal = Recording(BytesIO(whole).readline)
    list(journal.events())
    assert not journal.cut_off


BROKEN: dict[str, tuple[bytes, str]] = {
    "newer": (b'{"journal":"qe-action","version":2}\n', "has version 2"),
    "foreign": (b"<coverage/>\n", "is not a journal"),
    "empty": (b"", "is not a journal"),
    "no event": (header() + b'{"type":"gap"}\n', "Line 2"),
    "unknown event": (header() + b'{"type":"new","agent":"coverage-analyzer"}\n', "Line 2"),
    "deep": (header() + b"[" * 100_000 + b"\n", "Line 2"),
    "huge number": (
        header() + encode(PASSED).replace(b"0.004", b"1e999"),
        "Line 2",
    ),
    "long line": (header() + b'"' + b"x" * (5 << 20) + b'"\n', "more than 4 MB"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_journal_that_can_t_be_used_is_refused_in_a_line(name: str) -> None:
    data, why = BROKEN[name]
    with pytest.raises(ReportError, match=why) as caught:
        list(read(data))
    assert len(caught.value.line()) < 300


def test_the_types_of_show_are_those_of_the_events() -> None:
    from typing import get_args

    from qe_action.commands.recorded_journal import SINKS
    from qe_action.events import AnalyzerEvent, ExecutorEvent, GeneratorEvent

    unions: list[Any] = [AnalyzerEvent, ExecutorEvent, GeneratorEvent]
    models = [model for union in unions for model in get_args(get_args(union)[0])]
    assert set(TYPES) == {model.model_fields["type"].default for model in models}
    assert set(REPLAYED) == set(SINKS)
