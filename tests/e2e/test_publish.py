"""Fork pull requests in two steps: a run that may only read, then one that publishes for it."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from fake_github import FakeGitHub
from fake_github.git import GitSide
from job import REPO, Job, cobertura, finished_run
from runner import Result
from slowness import in_time

from qe_action.render.marker import Marker, place_of

NAME = "qe-action coverage"
FORK = "mallory/demo"
JOURNAL = "qe-action-journal.jsonl"
FIRST_RUN = 42
TITLE = "Patch 70%, project 84.6%"


def packed(data: bytes, name: str = JOURNAL) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return out.getvalue()


class Fork(Job):
    """Pull request 7 comes from a fork: its own run may only read."""

    def __init__(self, tmp: Path, github: FakeGitHub) -> None:
        super().__init__(tmp, github, moved=4)
        self.report({2, 3, 7})
        github.add_pull(7, self.head, self.base, head_repo=FORK, head_ref="feature")

    @property
    def journal(self) -> Path:
        return self.repo.root / JOURNAL

    def first(self, **inputs: str) -> Result:
        """The workflow on: pull_request."""
        fork = self.payload()
        fork["pull_request"]["head"]["repo"] = {"full_name": FORK}
        token = self.github.read_only_token
        return self.run(token=token, payload=fork, journal_file=JOURNAL, **inputs)

    def leave(self, data: bytes | None = None, **more: Any) -> None:
        """Its artifact, of what the first run wrote or of `data`."""
        data = self.journal.read_bytes() if data is None else data
        self.github.store.add(FIRST_RUN, packed(data), **more)

    def finished(self, **fields: object) -> dict[str, Any]:
        """The event as GitHub sends it for a fork: without pull requests."""
        values = finished_run(FIRST_RUN, self.head, FORK)
        return {
            "action": "completed",
            "workflow_run": values | fields,
            "repository": {"id": 31, "full_name": REPO, "default_branch": "main"},
        }

    def publish(
        self,
        *arguments: str,
        payload: object = None,
        token: str | None = None,
        env: Mapping[str, str] | None = None,
        **inputs: str,
    ) -> Result:
        """The workflow on: workflow_run; by the command where it has arguments."""
        command = ("publish", *arguments) if arguments else ("run",)
        return self.run(
            event_name="workflow_run",
            payload=self.finished() if payload is None else payload,
            token=token,
            command=command,
            env={
                "GITHUB_RUN_ID": "43",
                "GITHUB_REF": "refs/heads/main",
                "GITHUB_SHA": self.base,
                **(env or {}),
            },
            **({} if arguments else {"mode": "publish"}),
            **inputs,
        )


@pytest.fixture
def job(tmp_path: Path, strict: FakeGitHub) -> Fork:
    return Fork(tmp_path, strict)


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What the first run writes; the same for each test, since all commits are."""
    with FakeGitHub() as github:
        job = Fork(tmp_path_factory.mktemp("first"), github)
        assert job.first().status == 0
        return job.journal.read_bytes()


@pytest.fixture
def told(job: Fork, journal: bytes) -> Fork:
    """The first run is over and has left its journal."""
    job.journal.write_bytes(journal)
    job.leave()
    return job


def spans(job: Job) -> list[tuple[str, int, int]]:
    return [(a["path"], a["start_line"], a["end_line"]) for a in job.check.annotations]


def test_the_second_workflow_says_what_the_first_could_not(job: Fork) -> None:
    first = job.first()
    assert first.status == 0, first.log
    assert {r.status for r in job.github.writes} == {403}
    told = job
    told.leave()
    result = told.publish()
    assert result.status == 0, result.log
    check = told.check.data
    assert check["head_sha"] == told.head
    assert (check["status"], check["conclusion"]) == ("completed", "success")
    assert check["output"]["title"] == TITLE
    assert spans(told) == [("app.py", 12, 13), ("app.py", 17, 17)]
    body = told.comment.body
    assert body.startswith(Marker(place_of(NAME)).prefix)
    assert f"/blob/{told.head}/app.py#L12-L13" in body
    assert "actions/runs/42" in body  # where it was measured
    assert "its own word" in body
    assert TITLE in result.summary
    assert result.outputs["patch-coverage"] == "70.00"
    assert result.outputs["check-run-url"] == check["html_url"]
    assert result.outputs["comment-url"]


def test_the_command_does_what_the_mode_does(told: Fork) -> None:
    assert told.publish("--name", NAME).status == 0
    assert told.check.data["output"]["title"] == TITLE
    assert told.comment


def test_a_journal_may_be_given_as_a_file(told: Fork) -> None:
    told.github.store.artifacts.clear()
    assert told.publish(JOURNAL).status == 0
    assert told.check.data["output"]["title"] == TITLE
    assert not told.github.sent("GET", "/actions/")


def test_the_store_never_sees_the_token_nor_a_password(told: Fork) -> None:
    (told.tmp / ".netrc").write_text("machine localhost login me password mine\n")
    (told.tmp / ".netrc").chmod(0o600)
    told.publish()
    (fetched,) = told.github.store.requests
    assert not fetched.authorization
    assert fetched.status == 200
    assert told.check.data["output"]["title"] == TITLE


def test_no_log_shows_the_signed_address(told: Fork) -> None:
    told.github.store.status = 500
    result = told.publish()
    assert "5ecret" not in result.log + json.dumps(told.github.state())
    assert told.check.data["conclusion"] == "neutral"
    assert "GitHub's store" in told.check.data["output"]["title"]


def test_a_failed_request_for_the_artifact_is_repeated(told: Fork) -> None:
    told.github.fail("GET", "/zip", 502)
    assert told.publish().status == 0
    assert told.check.data["output"]["title"] == TITLE


def test_the_newest_artifact_that_is_still_there_counts(told: Fork) -> None:
    newer = {"created_at": "2026-02-02T00:00:00Z"}
    told.github.store.add(FIRST_RUN, packed(b"other"), "another-name")
    told.github.store.add(FIRST_RUN + 1, packed(b"other"))
    told.github.store.add(FIRST_RUN, packed(b"gone"), expired=True, **newer)
    told.github.store.artifacts[500].data = packed(b"older")
    told.leave(created_at="2026-01-02T00:00:00Z")
    told.publish()
    assert told.check.data["output"]["title"] == TITLE


# What stops it, all being well


def pushed(job: Fork) -> object:
    job.github.pulls[7].head_sha = "d" * 40
    return None


def closed(job: Fork) -> object:
    job.github.pulls[7].state = "closed"
    return None


def twice(job: Fork) -> object:
    job.github.add_pull(8, job.head, job.base, head_repo=FORK, head_ref="feature")
    return None


def other_fork(job: Fork) -> object:
    """The same owner has another fork with such a branch and commit."""
    job.github.pulls[7].head_repo = "mallory/copy"
    return None


def unknown(job: Fork) -> object:
    job.github.store.artifacts.clear()
    return None


def expired(job: Fork) -> object:
    job.github.store.artifacts[500].expired = True
    return None


def other_name(job: Fork) -> object:
    job.github.store.artifacts.clear()
    job.leave(name="cov-3.13\n::error::x")
    return None


STOPS = [
    (
        other_name,
        "it has cov-3.13\ufffd::error::x. If one of them is the journal, name it in journal",
    ),
    (pushed, "#7 was pushed to since"),
    (closed, "No open pull request"),
    (twice, "#7, #8 have the same head"),
    (other_fork, "No open pull request"),
    (unknown, "has left no artifact qe-action-journal"),
    (expired, "has left no artifact"),
    (lambda job: job.finished(event="push"), "not for a pull request but for push"),
    (lambda job: job.finished(event="pull_request_target"), "not for a pull request"),
    (lambda job: job.finished(head_repository=None), "is gone"),
    (lambda job: job.finished(head_branch=None), "is gone"),
    (lambda job: job.finished(head_sha="e" * 40), "was pushed to since"),
    (lambda job: job.finished(head_branch="other"), "No open pull request"),
]


@pytest.mark.parametrize(("prepare", "why"), STOPS)
def test_a_result_that_nobody_waits_for_stops_with_a_notice(
    told: Fork, prepare: Any, why: str
) -> None:
    payload = prepare(told)
    before = len(told.github.writes)
    result = told.publish(payload=payload)
    assert result.status == 0, result.log
    (command,) = result.commands
    assert command.name == "notice"
    assert why in command.message
    assert len(told.github.writes) == before


def test_the_journal_names_no_pull_request_and_no_commit(told: Fork) -> None:
    """Whatever it says, the event and GitHub's own list decide."""
    other = told.github.add_pull(9, "c" * 40, told.base)
    lines = told.journal.read_text().replace(told.head, other.head_sha).splitlines()
    told.leave("\n".join(lines).encode() + b"\n", created_at="2026-03-03T00:00:00Z")
    told.publish()
    assert told.check.data["head_sha"] == told.head
    assert {comment.number for comment in told.github.comments.values()} == {7}


# What is wrong


def test_the_permissions_that_the_readme_names_are_enough(told: Fork) -> None:
    told.github.private = True
    token = told.github.add_token(
        "ghs_three", actions="read", checks="write", pull_requests="write"
    )
    result = told.publish(token=token)
    assert result.status == 0, result.log
    assert not any(command.name == "warning" for command in result.commands)
    assert told.check.data["output"]["title"] == TITLE
    assert told.comment


def test_without_actions_read_the_line_to_add_is_named(told: Fork) -> None:
    token = told.github.add_token(
        "ghs_noactions", pull_requests="write", contents="read", checks="write"
    )
    result = told.publish(token=token)
    assert result.status == 2
    (command,) = result.commands
    assert command.name == "error"
    assert "actions: read" in command.message
    assert not told.github.checks


@pytest.mark.parametrize("event", ["push", "pull_request"])
def test_another_event_and_no_journal_is_a_wrong_use(told: Fork, event: str) -> None:
    result = told.run(mode="publish", event_name=event, payload={})
    assert result.status == 2
    assert "no journal to publish" in result.log
    assert "Traceback" not in result.log


def test_a_malformed_event_is_named(told: Fork) -> None:
    result = told.publish(payload=told.finished(id="x"))
    assert result.status == 2
    assert "workflow_run.id" in result.log


def test_a_journal_that_is_not_there_is_named(told: Fork) -> None:
    result = told.publish("nowhere.jsonl")
    assert result.status == 2
    assert "nowhere.jsonl" in result.log
    assert told.check.data["conclusion"] == "neutral"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in this file system")
def test_a_pipe_in_place_of_the_journal_is_refused(told: Fork) -> None:
    os.mkfifo(told.repo.root / "pipe.jsonl")
    assert told.publish("pipe.jsonl").status == 2
    assert "is no file" in told.check.data["output"]["title"]


def test_a_store_that_fails_once_is_come_back_to(told: Fork) -> None:
    told.github.store.failures = 1
    assert told.publish().status == 0
    assert [request.status for request in told.github.store.requests] == [503, 200]
    assert len(told.github.sent("GET", "/zip")) == 2  # each address is good for a minute only


def test_no_badge_shows_what_a_fork_s_run_has_said(told: Fork) -> None:
    told.publish(badge_file="badge.svg", badge_json_file="badge.json")
    assert json.loads((told.repo.root / "badge.json").read_text())["message"] == "unknown"
    assert "coverage: unknown" in (told.repo.root / "badge.svg").read_text()


def test_the_journal_read_is_not_the_journal_written(told: Fork) -> None:
    text = told.journal.read_text()
    assert told.publish(JOURNAL, journal_file=JOURNAL).status == 2
    assert told.journal.read_text() == text


def test_outside_of_a_workflow_a_journal_is_shown(told: Fork) -> None:
    before = len(told.github.requests)
    env = {"GITHUB_ACTIONS": "", "GITHUB_REPOSITORY": "", "GITHUB_EVENT_PATH": ""}
    result = told.run(command=("publish", JOURNAL), env=env)
    assert result.status == 0, result.log
    assert "app.py:12-13" in result.log
    assert "Nothing was sent" in result.log
    assert len(told.github.requests) == before


# Gates


def test_thresholds_of_the_second_workflow_are_judged_anew(told: Fork) -> None:
    result = told.publish(min_patch_coverage="80", min_branch_coverage="10")
    assert result.status == 1
    assert told.check.data["conclusion"] == "failure"
    summary = told.check.data["output"]["summary"]
    assert "❌ **Patch coverage:** 70% of the changed statements, 80% asked for" in summary
    assert "⚪ **Branch coverage:**" in summary


def test_a_forged_verdict_counts_for_nothing_where_a_threshold_is_set(job: Fork) -> None:
    job.first(min_patch_coverage="80", min_project_coverage="80", fail_on_gate="false")
    forged = job.journal.read_text().replace('"passed":false', '"passed":true')
    job.leave(forged.encode())
    assert job.publish(min_patch_coverage="80").status == 1
    summary = job.check.data["output"]["summary"]
    assert summary.count("**Patch coverage:**") == 1
    # Set by the journal alone, and so said as its word, without a mark of ours.
    assert "- ⚪ By the first run's word a gate passed: “project coverage”: “84" in summary
    assert "✅" not in summary


def test_without_thresholds_the_journal_s_verdicts_are_shown(job: Fork) -> None:
    job.first(min_patch_coverage="80")
    job.leave()
    assert job.publish(fail_on_gate="false").status == 0
    assert job.check.data["conclusion"] == "failure"


def test_a_red_suite_is_judged_by_no_gate(told: Fork) -> None:
    result = told.publish(min_patch_coverage="80", tests_outcome="failure")
    assert result.status == 0
    assert told.check.data["conclusion"] == "neutral"


# The journal is hostile


def rewritten(job: Fork, **changes: object) -> bytes:
    """The journal with other values in its result."""
    *before, last = job.journal.read_bytes().splitlines()
    result = json.loads(last) | changes
    return b"\n".join([*before, json.dumps(result).encode(), b""])


def test_a_fork_writes_no_baseline(told: Fork) -> None:
    measured = {"tree": "head", "sha": told.head, "base_sha": None}
    digest = "<!-- qe-action baseline forged -->"
    told.leave(rewritten(told, digest=digest, measured=measured), created_at="2026-09-09T00:00:00Z")
    told.publish()
    assert told.check.data["output"]["text"] is None
    assert "forged" not in json.dumps(told.check.data) + told.comment.body


HEADER = b'{"journal": "qe-action", "version": 1}\n'
HOSTILE: list[tuple[bytes, str]] = [
    (b"", "exactly one file"),
    (b"PK\x05\x06" + b"\0" * 18, "exactly one file"),
    (packed(b"", "../../etc/passwd"), "just called"),
    (packed(b"", "journal.zip"), "just called"),
    (packed(b""), "not a journal"),
    (packed(packed(b"")), "not a journal"),
    (packed(b"\0" * 80_000_000), "4 MB"),
    (packed(HEADER.replace(b"1", b"2")), "version 2"),
    (packed(HEADER + b"{}\n"), "no event"),
    (packed(HEADER + b"[" * 90_000 + b"\n"), "no JSON"),
    (packed(HEADER), "ends before"),
]


@pytest.mark.parametrize(("data", "why"), HOSTILE, ids=[why for _, why in HOSTILE])
def test_a_hostile_journal_ends_the_check_with_the_reason(job: Fork, data: bytes, why: str) -> None:
    job.github.store.add(FIRST_RUN, data)
    result = job.publish()
    assert result.status == 2
    assert "Traceback" not in result.log
    assert job.check.data["conclusion"] == "neutral"
    assert why in job.check.data["output"]["title"]
    assert job.check.annotations == []
    assert "still running" not in job.comment.body


def test_an_artifact_that_is_too_large_is_not_fetched(job: Fork) -> None:
    job.github.store.add(FIRST_RUN, b"", size=2**40)
    assert job.publish().status == 2
    assert not job.github.store.requests
    assert "bytes" in job.check.data["output"]["title"]


def test_an_archive_larger_than_announced_is_cut_off(job: Fork) -> None:
    job.github.store.add(FIRST_RUN, b"x" * (17 * 2**20), size=1000)
    assert job.publish().status == 2
    assert "more than 16,777,216 bytes" in job.check.data["output"]["title"]


EVIL = "@octocat | </details><!-- qe-action comment --> ![x](http://e.org) <img src=x> #1 `"


def evil(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every text of some events is hostile."""

    def text(name: str, value: Any) -> Any:
        kept = ("type", "agent", "id", "gap_type", "severity", "conclusion", "tree", "kind")
        if name in (*kept, "detail") or name.endswith("sha"):
            return value
        if isinstance(value, str):
            return f"{EVIL}\n::error::{name}"
        if isinstance(value, list):
            return [text("", item) for item in value] + (
                [EVIL] if name in ("reasons", "notes") else []
            )
        return mapped(value) if isinstance(value, dict) else value

    def mapped(value: Mapping[str, Any]) -> dict[str, Any]:
        return {name: text(name, inner) for name, inner in value.items()}

    return [mapped(event) for event in events]


def test_hostile_texts_stay_texts(told: Fork) -> None:
    events = [json.loads(line) for line in told.journal.read_bytes().splitlines()[1:]]
    lines = [json.dumps(event).encode() for event in evil(events)]
    told.leave(HEADER + b"\n".join([*lines, b""]), created_at="2026-09-09T00:00:00Z")
    result = told.publish(annotations="all")
    assert result.status == 0, result.log
    assert told.check.annotations == []  # no path of these is inside the repository
    assert {c.name for c in result.commands} <= {"group", "endgroup", "warning", "notice"}
    for body in (told.comment.body, result.summary, told.check.data["output"]["summary"]):
        html = cmarkgfm.github_flavored_markdown_to_html(body, options=Options.CMARK_OPT_UNSAFE)
        assert "<img" not in html
        assert '<a href="http://e.org' not in html
        assert html.count("<!--") == (1 if body.startswith("<!--") else 0)
        assert html.count("<details>") == html.count("</details>")
        assert "@octocat" not in html.replace("<code>", "\0").split("\0")[0]


# The run was cut short


def test_a_journal_cut_short_is_published_as_far_as_it_goes(told: Fork) -> None:
    *most, _ = told.journal.read_bytes().splitlines(keepends=True)
    told.leave(b"".join(most) + b'{"type": "compl', created_at="2026-09-09T00:00:00Z")
    result = told.publish(min_patch_coverage="80")
    assert result.status == 2
    check = told.check.data
    assert (check["status"], check["conclusion"]) == ("completed", "neutral")
    assert "ends before the analysis did" in check["output"]["title"]
    assert spans(told) == [("app.py", 12, 13), ("app.py", 17, 17)]
    assert "cancelled or killed" in told.comment.body


def test_a_cancelled_run_s_journal_is_published_as_cancelled(told: Fork) -> None:
    *most, _ = told.journal.read_bytes().splitlines(keepends=True)
    told.leave(b"".join(most), created_at="2026-09-09T00:00:00Z")
    result = told.publish(payload=told.finished(conclusion="cancelled"))
    assert result.status == 0, result.log
    assert told.check.data["conclusion"] == "cancelled"
    assert told.check.data["output"]["title"] == "Cancelled: 3 gaps found until then"


def test_a_publication_that_is_cancelled_ends_its_check(told: Fork) -> None:
    told.github.fail("GET", "/zip", "delay", seconds=3)
    result = told.run(
        event_name="workflow_run",
        payload=told.finished(),
        mode="publish",
        env={"GITHUB_RUN_ID": "43"},
        cancel_when=lambda: bool(told.github.sent("GET", "/zip")),
    )
    assert result.status == 130, result.log
    assert in_time(result.seconds, 7)
    assert (told.check.data["status"], told.check.data["conclusion"]) == ("completed", "cancelled")


# The first workflow


def test_the_first_run_falls_back_to_summary_journal_and_the_ten_worst(job: Fork) -> None:
    files = {f"new{number:02}.py": "x = 1\ny = 2\n" for number in range(15)}
    job.repo.git("checkout", "-q", "feature")
    job.head = job.repo.commit(files)
    job.merge = job.repo.merge("main", "feature")
    lines: dict[str, dict[int, int]] = {name: {1: 1, 2: 0} for name in files}
    report = cobertura({**lines, "app.py": dict.fromkeys(range(1, 21), 1)})
    (job.repo.root / "coverage.xml").write_text(report)
    result = job.first(fail_on_error="true")
    assert result.status == 0, result.log
    assert result.outputs["check-run-url"] == ""  # by which the workflow uploads the journal
    assert result.outputs["journal-file"] == JOURNAL
    assert result.outputs["gaps-in-diff"] == "15"
    assert job.journal.read_bytes().startswith(HEADER)
    assert len([c for c in result.commands if "file" in c.properties]) == 10
    assert "5 more gaps not annotated" in result.log
    assert "permissions:" not in result.log  # a fork's token can't be given more


def test_dependabot_is_judged_by_what_its_token_may(job: Fork) -> None:
    """Its pull requests come from the repository itself; `permissions:` may raise its token."""
    env = {"GITHUB_ACTOR": "dependabot[bot]"}
    job.github.add_pull(7, job.head, job.base, head_ref="feature")
    refused = job.run(token=job.github.read_only_token, env=env, journal_file=JOURNAL)
    assert refused.status == 0
    assert "checks: write" in refused.log
    job.leave()
    assert job.publish(payload=job.finished(head_repository={"full_name": REPO})).status == 0
    assert "its own word" not in job.comment.body
    assert job.check.data["output"]["title"] == TITLE
    job.github.checks.clear()
    assert job.run(env=env).outputs["check-run-url"]


def test_review_comments_come_with_the_second_workflow(told: Fork) -> None:
    told.github.git = GitSide(told.repo.root)
    result = told.publish(review_comments="true")
    assert result.status == 0, result.log
    lines = sorted(comment.end for comment in told.github.review_comments.values())
    assert lines == [13, 17]


def test_the_command_s_set_up_is_one_that_publishes(told: Fork) -> None:
    """No report and no checkout is missed, least of all one of the pull request's code."""
    result = told.publish("nope.jsonl")
    start = result.log.index("::group::Set-up: workflow_run")
    group = result.log[start : result.log.index("::endgroup::", start)]
    assert "actions/checkout" not in group
    assert "no coverage report" not in group
    assert "contents: read" not in group
    assert "actions: read" in group
    assert "pull-requests: write" in group
    assert "comment " in group
