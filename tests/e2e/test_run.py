"""`qe-action run` from the runner's environment to check run, comment, summary and outputs."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from xml.sax.saxutils import quoteattr

import cmarkgfm
import pytest
from fake_github import FakeGitHub
from fake_github.git import GitSide
from job import Job, cobertura
from one_file import one_file
from slowness import in_time

from qe_action.journal import decode
from qe_action.render.marker import Marker, place_of

NAME = "qe-action coverage"


@pytest.fixture
def job(tmp_path: Path, strict: FakeGitHub) -> Job:
    """A pull request with three missed lines in its ten, its base moved by four lines."""
    made = Job(tmp_path, strict, moved=4)
    made.report({2, 3, 7})
    return made


def spans(job: Job) -> list[tuple[str, int, int]]:
    return [(a["path"], a["start_line"], a["end_line"]) for a in job.check.annotations]


def test_a_pull_request_gets_check_run_annotations_comment_summary_and_outputs(job: Job) -> None:
    result = job.run()
    assert result.status == 0, result.log
    check = job.check.data
    assert check["head_sha"] == job.head
    assert (check["status"], check["conclusion"]) == ("completed", "success")
    assert check["output"]["title"] == "Patch 70%, project 84.6%"
    # The report's lines are the merge's, four lines further down than the head's.
    assert spans(job) == [("app.py", 12, 13), ("app.py", 17, 17)]
    assert f"/blob/{job.head}/app.py#L12-L13" in job.comment.body
    assert job.comment.body.startswith(Marker(place_of(NAME)).prefix)
    assert "7 of 10" in job.comment.body
    assert "actions/runs/42" in job.comment.body
    assert "Patch 70%" in result.summary
    assert result.outputs == {
        "conclusion": "success",
        "patch-coverage": "70.00",
        "project-coverage": "84.61",
        "line-coverage": "84.61",
        "branch-coverage": "",
        "gaps": "3",
        "gaps-in-diff": "2",
        **dict.fromkeys(("tests-passed", "tests-failed", "tests-skipped", "tests-flaky"), ""),
        "tests-check-url": "",
        "tests-generated": "",
        "suspected-bugs": "",
        "check-run-url": check["html_url"],
        "comment-url": result.outputs["comment-url"],
        "journal-file": "",
        "preview-file": "",
        "badge-file": "",
        "badge-json-file": "",
        "tests-patch-file": "",
        "tests-pull-request": "",
    }
    assert result.outputs["comment-url"].startswith("https://github.com/octo/demo/pull/7#")
    assert job.github.token not in result.log


def test_a_run_that_ends_before_its_first_edit_writes_once_each(job: Job) -> None:
    job.run(env={"QE_ACTION_EDIT_INTERVAL": "3600"})
    writes = sorted((r.method, r.path.rpartition("/")[2]) for r in job.github.writes)
    (check_id,) = job.github.checks
    assert writes == [("PATCH", str(check_id)), ("POST", "check-runs"), ("POST", "comments")]


def test_a_second_run_edits_the_comment_and_adds_a_check_run(job: Job) -> None:
    for number in range(95):
        job.github.add_comment(7, f"chatter {number}")
    job.github.add_comment(7, Marker(place_of(NAME)).line + "\nforged", login="mallory")
    job.run()
    assert "Patch 70%" in job.comment.body
    job.report(set())
    job.run()
    assert "Patch 100%" in job.comment.body
    assert len(job.github.checks) == 2


def test_a_failed_gate_fails_the_check_and_the_step(job: Job) -> None:
    result = job.run(min_patch_coverage="80")
    assert result.status == 1
    assert job.check.data["conclusion"] == "failure"
    title = "Patch coverage is below 80%: patch 70%, project 84.6%"
    assert job.check.data["output"]["title"] == title
    assert "1 more of the 10 changed statements" in job.check.data["output"]["summary"]
    assert result.outputs["conclusion"] == "failure"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("min_patch_coverage", "lots"),
        ("min_patch_coverage", "101"),
        ("max_annotations", "-1"),
        ("annotations", "some"),
        ("fail_on_gate", "perhaps"),
        ("name", "x" * 101),
    ],
)
def test_a_wrong_input_is_an_error_on_the_run_s_page(job: Job, name: str, value: str) -> None:
    result = job.run(**{name: value})
    assert result.status == 2
    (command,) = result.commands
    assert command.name == "error"
    assert name.replace("_", "-") in command.message
    assert "Traceback" not in result.log


def test_a_failed_gate_may_leave_the_step_green(job: Job) -> None:
    assert job.run(min_patch_coverage="80", fail_on_gate="false").status == 0
    assert job.check.data["conclusion"] == "failure"


def test_each_gate_is_reported(job: Job) -> None:
    result = job.run(min_patch_coverage="70", min_project_coverage="84.7", min_branch_coverage="50")
    assert result.status == 1
    assert job.check.data["output"]["title"].startswith("Project coverage is below 84.7%")
    summary = job.check.data["output"]["summary"]
    assert "✅ **Patch coverage:** 70% of the changed statements" in summary
    assert "❌ **Project coverage:** 84.6% of the statements" in summary
    assert "⚪ **Branch coverage:** the report has no branches" in summary


def test_a_red_suite_s_report_is_marked_and_judged_by_no_gate(job: Job) -> None:
    result = job.run(min_patch_coverage="80", tests_outcome="failure")
    assert result.status == 0
    assert job.check.data["conclusion"] == "neutral"
    assert "may be partial" in job.comment.body


def test_a_read_only_token_s_last_words_say_where_the_result_is(job: Job) -> None:
    reader = job.github.read_only_token
    log = job.run(token=reader, annotations="none", journal_file="journal.jsonl").log
    assert "so the result is in the job summary. The journal leaves the rest" in log


def test_a_read_only_token_is_no_error(job: Job) -> None:
    result = job.run(token=job.github.read_only_token, fail_on_error="true")
    assert result.status == 0, result.log
    assert not job.github.checks
    assert not job.github.comments
    shown = [c for c in result.commands if c.properties.get("file") == "app.py"]
    assert [(c.name, c.properties["line"], c.properties["endLine"]) for c in shown] == [
        ("warning", "12", "13"),
        ("warning", "17", "17"),
    ]
    assert "Patch 70%" in result.summary
    assert "may only read" in result.log
    assert "checks: write" in result.log
    assert "pull-requests: write" in result.log


def test_a_missing_permission_is_named_with_the_line_to_add(job: Job) -> None:
    token = job.github.add_token(
        "ghs_nochecks", pull_requests="write", contents="read", checks="read"
    )
    result = job.run(token=token)
    assert result.status == 0
    assert job.comment.login == "github-actions[bot]"
    assert "checks: write" in result.log
    assert job.run(token=token, fail_on_error="true").status == 3


def test_without_a_token_the_run_says_why_and_ends_in_the_summary(job: Job) -> None:
    result = job.run(token="")
    assert result.status == 0
    assert "there is no token" in result.log
    assert "Patch 70%" in result.summary
    assert not job.github.requests


def test_without_a_commit_to_report_on_the_run_says_why(job: Job) -> None:
    result = job.run(event_name="workflow_dispatch", payload={"ref": "refs/heads/main"})
    assert result.status == 0
    assert "Nothing was sent to GitHub: the event workflow_dispatch is about no" in result.log
    assert not job.github.writes


@pytest.mark.parametrize("payload", ["", "no json", "[]", '{"pull_request": 3}', '{"number": -1}'])
def test_a_malformed_payload_is_named_and_the_analysis_goes_on(job: Job, payload: str) -> None:
    result = job.run(payload=payload)
    assert result.status == 0
    assert "84.6%" in result.summary
    assert any(c.name == "warning" for c in result.commands)
    assert "Traceback" not in result.log
    assert not job.github.writes


def test_history_that_is_not_there_is_asked_of_the_api(tmp_path: Path, strict: FakeGitHub) -> None:
    job = Job(tmp_path, strict, moved=4)
    whole = job.repo.root
    job.repo.root = job.repo.clone(tmp_path / "shallow", job.merge, 1)
    job.github.git = GitSide(whole)
    job.report({2, 3, 7})
    result = job.run()
    assert result.status == 0, result.log
    assert spans(job) == [("app.py", 12, 13), ("app.py", 17, 17)]
    assert len(job.github.sent("GET", "/compare/")) == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "no coverage report"),
        ("", "empty"),
        ("not xml at all", ""),
        ("<html><body/></html>", ""),
        ('<!DOCTYPE x [<!ENTITY a "b">]><coverage>&a;</coverage>', ""),
    ],
)
def test_an_unreadable_report_ends_check_and_comment_with_the_reason(
    job: Job, text: str | None, says: str
) -> None:
    report = job.repo.root / "coverage.xml"
    report.unlink()
    if text is not None:
        report.write_text(text)
    result = job.run()
    assert result.status == 2
    assert job.check.data["conclusion"] == "neutral"
    assert job.check.data["output"]["title"].startswith("No result: ")
    assert says in job.check.data["output"]["title"].lower()
    assert "still running" not in job.comment.body
    assert "Traceback" not in result.log


def test_a_truncated_report_keeps_what_was_read(job: Job) -> None:
    report = job.repo.root / "coverage.xml"
    text = report.read_text()
    report.write_text(text[: text.index('<class name="other.py"') + 60])
    result = job.run()
    assert result.status == 2
    assert job.check.data["conclusion"] == "neutral"
    assert spans(job) == [("app.py", 12, 13), ("app.py", 17, 17)]
    assert result.outputs["patch-coverage"] == ""
    assert result.outputs["gaps-in-diff"] == "2"


def test_journal_and_preview_are_written_where_asked_and_nothing_else(job: Job) -> None:
    before = {p for p in job.repo.root.rglob("*") if ".git" not in p.parts}
    result = job.run(journal_file="out/journal.jsonl", preview_file="out/preview.html")
    after = {p for p in job.repo.root.rglob("*") if ".git" not in p.parts}
    out = job.repo.root / "out"
    assert after - before == {out, out / "journal.jsonl", out / "preview.html"}
    assert result.outputs["journal-file"] == "out/journal.jsonl"
    assert result.outputs["preview-file"] == "out/preview.html"
    with (out / "journal.jsonl").open("rb") as file:
        events = list(decode(file))
    assert [e["type"] for e in events].count("gap") == 3
    assert events[-1]["type"] == "complete"
    assert [g["line_start"] for g in events[-1]["gaps"]] == [16, 21, 2]
    page = one_file(out / "preview.html")
    assert "Not covered: 2 statements" in page.preview
    assert page.events == events
    assert page.sources["app.py"] == (job.repo.root / "app.py").read_text()


def test_outputs_do_not_follow_links_out_of_the_workspace(job: Job, tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("mine")
    (job.repo.root / "journal.jsonl").symlink_to(target)
    (job.repo.root / "far").symlink_to(tmp_path)
    result = job.run(journal_file="journal.jsonl", preview_file="far/preview.html")
    assert target.read_text() == "mine"
    assert not (tmp_path / "preview.html").exists()
    assert result.status == 2
    result = job.run(journal_file="journal.jsonl")
    assert target.read_text() == "mine"
    assert json.loads((job.repo.root / "journal.jsonl").read_text().splitlines()[0])["version"] == 1


def test_log_and_preview_name_the_head_s_lines(job: Job) -> None:
    """The base moved by four lines, so that the merge's lines are not the head's."""
    result = job.run(preview_file="preview.html")
    preview = one_file(job.repo.root / "preview.html").preview
    assert "app.py:12-13" in result.log
    assert "app.py:12-13" in preview
    assert "Lines 12-13" in preview
    assert "16-17" not in result.log + preview


def test_a_file_without_a_hit_is_annotated_where_it_was_changed(
    tmp_path: Path, strict: FakeGitHub
) -> None:
    job = Job(tmp_path, strict)
    lines = dict.fromkeys(range(1, 21), 0)
    (job.repo.root / "coverage.xml").write_text(cobertura({"app.py": lines}))
    job.run()
    assert spans(job) == [("app.py", 11, 20)]
    assert "10 of its 20 statements lie in changed lines" in job.check.annotations[0]["message"]


def test_annotations_none_and_a_cap_and_comment_never(job: Job) -> None:
    job.run(annotations="none", comment="never")
    assert job.check.annotations == []
    assert not job.github.comments
    job.github.checks.clear()
    job.run(max_annotations="1", comment="never")
    assert spans(job) == [("app.py", 12, 13)]


def test_all_gaps_are_annotated_when_asked_for(job: Job) -> None:
    job.run(annotations="all")
    assert spans(job)[-1] == ("other.py", 2, 2)


def test_a_comment_on_gap_comes_with_the_first_gap_and_then_stays(job: Job) -> None:
    job.report(set())
    job.run(comment="on-gap")
    assert not job.github.comments
    job.report({2})
    job.run(comment="on-gap")
    job.report(set())
    job.run(comment="on-gap")
    assert "Patch 100%" in job.comment.body


def test_more_than_fifty_annotations_go_in_steps_of_fifty_at_most(
    tmp_path: Path, strict: FakeGitHub
) -> None:
    job = Job(tmp_path, strict)
    files = {f"new{n:03}.py": "x = 1\ny = 2\n" for n in range(120)}
    job.repo.git("checkout", "-q", "feature")
    job.head = job.repo.commit(files)
    job.merge = job.repo.merge("main", "feature")
    report = cobertura({name: {1: 1, 2: 0} for name in files})
    (job.repo.root / "coverage.xml").write_text(report)
    job.run(max_annotations="120")
    steps = [
        len(r.body["output"].get("annotations", []))
        for r in job.github.sent("PATCH", "/check-runs/")
    ]
    assert max(steps) == 50
    assert sum(steps) == 120
    assert len({a["path"] for a in job.check.annotations}) == 120


@pytest.mark.parametrize("endpoint", ["/check-runs", "/comments"])
def test_a_cancelled_run_ends_check_and_comment_within_seven_seconds(
    job: Job, endpoint: str
) -> None:
    """The first write takes its time, so that the signal comes in the middle of the delivery."""
    job.github.fail("POST", endpoint, "delay", seconds=1)
    result = job.run(cancel_when=lambda: bool(job.github.sent("POST", endpoint)))
    assert in_time(result.seconds, 7)
    assert result.status in (0, 130)
    assert job.check.data["status"] == "completed"
    assert "still running" not in job.comment.body


def test_a_run_cancelled_while_it_reads_says_so_everywhere(
    tmp_path: Path, strict: FakeGitHub
) -> None:
    job = Job(tmp_path, strict)
    block = cobertura({"NAME": dict.fromkeys(range(1, 3000), 1)})
    start, end = block.index("<class "), block.index("</classes>")
    with (job.repo.root / "coverage.xml").open("w") as file:
        file.write(block[:start])
        for number in range(400):
            file.write(block[start:end].replace("NAME", f"f{number}.py"))
        file.write(block[end:])
    result = job.run(cancel_when=lambda: bool(job.github.checks))
    assert result.status == 130, result.log
    assert in_time(result.seconds, 7)
    assert (job.check.data["status"], job.check.data["conclusion"]) == ("completed", "cancelled")
    assert "cancelled after" in job.comment.body
    assert result.outputs["conclusion"] == "cancelled"
    assert result.outputs["project-coverage"] == ""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in this file system")
def test_a_pipe_in_place_of_the_report_is_refused(job: Job) -> None:
    (job.repo.root / "coverage.xml").unlink()
    os.mkfifo(job.repo.root / "coverage.xml")
    assert job.run().status == 2
    assert "is no file" in job.check.data["output"]["title"]


def test_hostile_names_reach_no_command_and_no_markup(tmp_path: Path, strict: FakeGitHub) -> None:
    job = Job(tmp_path, strict)
    evil = "a|b`@octocat`\n::set-output name=x::y <img src=x>#1.py"
    job.repo.git("checkout", "-q", "feature")
    job.head = job.repo.commit({evil: "x = 1\ny = 2\n"})
    job.merge = job.repo.merge("main", "feature")
    report = cobertura({"NAME": {1: 1, 2: 0}, "app.py": dict.fromkeys(range(1, 21), 1)}).replace(
        '"NAME"', quoteattr(evil)
    )
    (job.repo.root / "coverage.xml").write_text(report)
    result = job.run(token=job.github.read_only_token)
    assert result.status == 0, result.log
    assert {c.name for c in result.commands} <= {"group", "endgroup", "warning", "notice"}
    assert "x" not in result.outputs
    job.run()
    assert job.check.annotations[0]["path"] == evil
    html = cmarkgfm.github_flavored_markdown_to_html(job.comment.body)
    assert "<img" not in html
    assert html.count("<tr>") == 6
    assert not re.search(r"@octocat(?!.*</code>)", html)


def test_a_failed_gate_is_an_error_on_the_run_s_page(job: Job) -> None:
    gates = {"min_patch_coverage": "80", "min_project_coverage": "1"}
    said = [c for c in job.run(**gates).commands if c.name in ("error", "warning")]
    assert [(c.name, c.message.partition(":")[0]) for c in said] == [("error", "Gate failed")]
    lenient = job.run(**gates, fail_on_gate="false")
    assert [c.name for c in lenient.commands if "Gate failed" in c.message] == ["warning"]


def test_the_log_ends_with_where_to_look(job: Job) -> None:
    lines = job.run().log.splitlines()
    assert f"Check run: {job.check.data['html_url']}" in lines[-2]
    assert "Comment: https://" in lines[-1]
