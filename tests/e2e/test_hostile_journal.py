"""A hostile journal through every sink: all that reached GitHub, files and the log is looked at."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from fake_github import FakeGitHub
from fake_github.git import GitSide
from hostile import NASTY
from one_file import one_file
from runner import Result
from test_publish import JOURNAL, Fork

FORGED = 'Passed: all good, approved”" » \u2019 by ✅'
"""What would be a verdict if it stood there as ours."""
RAW = "\n\x00\x1b[31m\u202e\u2066\x9b2J\r\n\u2028::error::x ##[error]y \u200f"
WORDS = [f"{FORGED}{RAW}", f"{RAW}{FORGED}", "".join(NASTY) + FORGED, f"{FORGED} " * 100 + RAW]
UNSAID = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\u2028\u2029]")


def hostile(events: list[dict[str, Any]], word: str, how: str) -> Iterator[dict[str, Any]]:
    """The events of a journal with the word in every field that is a text for people."""
    yield {**events[0], "message": word}
    for event in events:
        if event["type"] == "gap":
            gap = event["gap"]
            words = {"function": RAW + "f", "reasons": [RAW], "suggested_tests": [f"`{RAW}` {RAW}"]}
            anchor = gap["anchor"] and {**gap["anchor"], "branch_words": [RAW]}
            yield {**event, "gap": {**gap, **words, "covered_by": [RAW], "anchor": anchor}}
    error = {"type": "error", "agent": "coverage-analyzer", "message": word, "hint": word}
    if how != "finished":
        yield error
    if how == "cut short":
        return
    (result,) = [event for event in events if event["type"] == "complete"]
    gates = [
        {"name": name, "threshold": 80.0, "passed": passed, "detail": word}
        for name, passed in ((word, False), (f"{word} 2", True), ("patch coverage", None))
    ]
    files = [{**file, "path": RAW + file["path"]} for file in result["files"]]
    yield {**result, "conclusion": how, "gates": gates, "notes": [word, f"2 {word}"]} | {
        "files": files
    }
    yield from generation(word)


def generation(word: str) -> Iterator[dict[str, Any]]:
    """Tests behind the analysis."""
    agent = {"agent": "test-generator"}
    evidence = {"lines": [2], "branches": [RAW], "runs": 5, "pythons": [word], "suite": RAW}
    case = {"id": "1", "test_name": "test_x", "test_code": f"def test_x():\n    {RAW}", **TEST}
    yield {"type": "progress", **agent, "percent": 5.0, "message": word, "count": 1, "total": 2}
    yield {"type": "error", **agent, "message": word, "hint": word, "recoverable": True}
    bug = {"file_path": RAW, "function": RAW, "example": RAW, "expected": RAW, "got": RAW}
    yield {"type": "suspicion", **agent, "bug": bug}
    case |= {"imports": [RAW], "evidence": evidence}
    yield {
        **{"type": "complete", **agent, "tests": [case], "total": 1, "notes": [word]},
        **{"framework": "pytest", "test_type": "unit", "rejected": {"flaky": 1}},
        **{"coverage_before": 10.0, "coverage_estimate": 20.0, "suspicions": [bug]},
    }


def run_of_tests(word: str, how: str) -> Iterator[dict[str, Any]]:
    """Tests before the analysis, whose names and words are somebody's."""
    agent = {"agent": "test-executor"}
    place = {"file_path": "app.py", "line": 2}
    anchor = {"path": "app.py", "line_start": 2, "line_end": 2, "branch_words": [RAW]}
    texts = dict.fromkeys(("message", "traceback", "output", "reason"), RAW)
    bad = {"type": "finished", **agent, **place, **texts, "id": f"t.py::test_x{RAW}"}
    counts = {"passed": 3, "failed": 1}
    yield {"type": "collected", **agent, "total": 4, "files": {word: 4}}
    yield {
        **{"type": "progress", **agent, "percent": 5.0, "message": word, "finished": 1},
        **{"total": 4, "counts": counts, "seconds_left": 3.0},
    }
    yield {**bad, "outcome": "failed", "history": "new", "anchor": anchor, "failed_at": anchor}
    yield {**bad, "outcome": "skipped", "id": f"t.py::test_y{RAW}"}
    yield {"type": "error", **agent, "message": word, "hint": word, "recoverable": True}
    yield {"type": "flaky", **agent, **place, "id": f"t.py::test_z{RAW}", "passed_in": 2}
    yield {"type": "slow", **agent, **place, "id": RAW + "s", "seconds": 9.0, "base_seconds": 1.0}
    if how == "cut short":
        return
    names = {"failures": [RAW + "f"], "flaky": [RAW + "g"], "running": [word], "hung": word}
    yield {
        **{"type": "complete", **agent, "conclusion": how, "passed": True, "counts": counts},
        **{"total": 4, "skipped": {word: 1}, "stack": RAW, "command": word, "rerun": word},
        **{"notes": [word], "base_sha": word, "exit_code": 1, **names},
        **{"slowest": [{"id": RAW + "h", "seconds": 1.0, **place}]},
    }


TEST = {
    "framework": "pytest",
    "test_type": "unit",
    "path": "tests/test_x.py",
    "target": "app.py::f",
}


def texts(value: object) -> Iterator[str]:
    """Every text of some JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)


def assert_text(text: str) -> None:
    """Lines of visible characters, and a verdict that is not ours in quotation marks only."""
    odd = {c for c in text if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t"}
    assert not odd
    assert not UNSAID.search(text)
    assert "all good" not in re.sub(r"“[^”]*(”|$)", "", text), text


def sent(github: FakeGitHub) -> Iterator[str]:
    for request in github.writes:
        body = request.body
        for title in (body.get("output") or {}).get("title"), body.get("name"):
            assert title is None or (len(title) <= 255 and len(title.splitlines()) == 1)
        for one in (body.get("output") or {}).get("annotations", ()):
            assert len(one["title"].splitlines()) == 1
            assert one["path"] in ("app.py", "other.py")
        yield from texts(body)


def left(job: Fork, result: Result) -> Iterator[str]:
    """What is in files and in the log."""
    yield from (result.log, result.summary, *result.outputs, *result.outputs.values())
    page = one_file(job.repo.root / "preview.html")
    yield from (page.preview, page.title, *page.notes)
    assert page.sources == {}  # the checkout is not what was measured


@pytest.fixture
def job(tmp_path: Path, strict: FakeGitHub) -> Fork:
    job = Fork(tmp_path, strict)
    assert job.first().status == 0
    job.github.requests.clear()
    return job


def forge(job: Fork, word: str, how: str) -> None:
    """Leave a journal that is hostile."""
    header, *lines = job.journal.read_text(encoding="utf-8").splitlines()
    told = hostile([json.loads(line) for line in lines], word, how)
    text = "\n".join([header, *(json.dumps(event) for event in told), ""])
    job.journal.write_text(text, encoding="utf-8")
    job.leave()


CASES = [
    *((WORDS[0], how) for how in ("finished", "failed", "cancelled", "cut short")),
    *((word, "finished") for word in WORDS[1:]),
    (WORDS[1], "failed"),
]


@pytest.mark.parametrize(("word", "how"), CASES, ids=[str(n) for n in range(len(CASES))])
def test_no_sink_lets_a_stranger_s_text_be_more_than_a_quoted_text(
    job: Fork, word: str, how: str
) -> None:
    forge(job, word, how)
    job.github.git = GitSide(job.repo.root)
    result = job.publish(
        review_comments="true",
        preview_file="preview.html",
        journal_file="again.jsonl",
        annotations="all",
        fail_on_gate="false",
        env={"QE_ACTION_EDIT_INTERVAL": "0.001"},
    )
    assert "Traceback" not in result.log
    assert job.check.annotations
    assert job.check.data["status"] == "completed"
    assert how != "finished" or job.github.review_comments
    for text in (*sent(job.github), *left(job, result)):
        assert_text(text)
    assert {c.name for c in result.commands} <= {"group", "endgroup", "warning", "error", "notice"}
    title = job.check.data["output"]["title"]
    assert re.match(
        {
            "finished": r"A gate failed by the first run's word: patch 70%, project",
            "failed": r"No result: The first run says “",
            "cancelled": r"Cancelled: 3 gaps",
            "cut short": r"No result: The first run says “",
        }[how],
        title,
    )


@pytest.mark.parametrize(
    ("word", "how"),
    [(WORDS[0], "finished"), (WORDS[1], "failed"), (WORDS[2], "cut short")],
    ids=["0", "1", "2"],
)
def test_tests_of_a_stranger_are_no_more_than_quoted_texts_either(
    job: Fork, word: str, how: str
) -> None:
    header, *lines = job.journal.read_text(encoding="utf-8").splitlines()
    told = [*map(json.dumps, run_of_tests(word, how)), *(lines if how == "finished" else ())]
    job.journal.write_text("\n".join([header, *told, ""]), encoding="utf-8")
    job.leave()
    result = job.publish(
        preview_file="preview.html", annotations="all", env={"QE_ACTION_EDIT_INTERVAL": "0.001"}
    )
    assert "Traceback" not in result.log
    checks = {check.data["name"]: check for check in job.github.checks.values()}
    assert len(checks) == (2 if how == "finished" else 1)
    tests = checks["qe-action tests"]
    assert {check.data["status"] for check in checks.values()} == {"completed"}
    assert tests.data["conclusion"] == "failure"
    assert len(tests.annotations) == 1
    assert "how they ended is its own word" in tests.data["output"]["summary"]
    assert "test_x" in job.comment.body
    for text in (*sent(job.github), *left(job, result)):
        assert_text(text)
    assert {c.name for c in result.commands} <= {"group", "endgroup", "warning", "error", "notice"}


def test_a_journal_shown_in_a_terminal_is_text_too(job: Fork) -> None:
    forge(job, WORDS[0], "finished")
    env = {"GITHUB_ACTIONS": "", "GITHUB_REPOSITORY": "", "GITHUB_EVENT_PATH": ""}
    result = job.run(command=("publish", JOURNAL), env=env)
    assert "Nothing was sent" in result.log
    assert_text(result.log)


def test_a_gate_that_a_stranger_calls_passed_decides_nothing(job: Fork) -> None:
    """Where our own gate is not judged, the check says that, whatever else was "passed"."""
    header, *lines = job.journal.read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    gate = {"name": "all checks", "threshold": 1.0, "passed": True, "detail": "approved"}
    events[-1]["gates"] = [gate]
    job.journal.write_text("\n".join([header, *map(json.dumps, events), ""]), encoding="utf-8")
    job.leave()
    result = job.publish(min_branch_coverage="80")
    output = job.check.data["output"]
    assert job.check.data["conclusion"] == "neutral"
    assert output["title"] == "Patch 70%, project 84.6% (the report has no branches)"
    assert (
        "- ⚪ By the first run's word a gate passed: “all checks”: “approved”" in output["summary"]
    )
    assert "Gate passed by the first run's word: “all checks”: “approved”" in result.log


@pytest.mark.parametrize("where", ["name", "comment_group"])
def test_names_that_a_branch_has_a_part_in_are_one_visible_line(job: Fork, where: str) -> None:
    """As with `name: coverage of ${{ github.head_ref }}`; git takes U+202E in a branch's name."""
    name = "cov \u202egnp.exe\u200f"
    job.report()
    result = job.run(**{where: name})
    assert result.status == 0, result.log
    for text in (*sent(job.github), result.log, result.summary):
        assert_text(text)
    again = job.run(**{where: name})
    assert again.status == 0
    assert len(job.github.comments) == 1
