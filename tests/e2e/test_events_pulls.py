"""`qe-action run` for pull requests in every state, and for those that only an input names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fake_github import FakeGitHub
from fake_github.git import GitSide
from job import REPO, Job
from runner import Result

PATCH_70 = "Patch 70%, project 84.6%"
HEAD_70 = "Patch 70%, project 81.8%"
REPOSITORY = {"id": 31, "full_name": REPO, "default_branch": "main"}


def made(tmp_path: Path, github: FakeGitHub) -> Job:
    """The test merge is checked out, three of its ten new statements missed: lines 16, 17, 21.

    GitHub knows the repository, so that it compares commits and takes checks on those alone.
    """
    job = Job(tmp_path, github, moved=4)
    job.report({2, 3, 7})
    github.git = GitSide(job.repo.root)
    return job


@pytest.fixture
def job(tmp_path: Path, strict: FakeGitHub) -> Job:
    return made(tmp_path, strict)


def spans(job: Job) -> list[tuple[str, int, int]]:
    return [(a["path"], a["start_line"], a["end_line"]) for a in job.check.annotations]


def title(job: Job) -> str:
    return str(job.check.data["output"]["title"])


def comment(job: Job) -> str:
    """The comment as it is read, without the escapes of its Markdown."""
    return str(job.comment.body).replace("\\", "").replace("\u200b", "")


def pull(job: Job, **fields: object) -> dict[str, Any]:
    payload = job.payload()
    payload["pull_request"].update(fields)
    return payload


def on(job: Job, event: str, payload: object = None, **more: str) -> Result:
    """The step as GitHub starts it on the default branch."""
    env = {"GITHUB_REF": "refs/heads/main", "GITHUB_SHA": job.main}
    if payload is None:
        payload = {"repository": REPOSITORY}
    return job.run(event_name=event, payload=payload, env=env, **more)


def of_the_head(job: Job) -> None:
    """A report of the head: its lines are not the test merge's."""
    job.moved = 0
    job.report({2, 3, 7})


# Every state of a pull request


@pytest.mark.parametrize("repo", [None, {"full_name": "mallory/demo"}])
@pytest.mark.parametrize("draft", [True, False])
def test_drafts_forks_and_deleted_forks_are_as_any_other(
    job: Job, repo: object, draft: bool
) -> None:
    payload = pull(job, draft=draft)
    payload["pull_request"]["head"]["repo"] = repo
    result = job.run(payload=payload)
    assert result.status == 0, result.log
    assert job.check.data["head_sha"] == job.head
    assert title(job) == PATCH_70
    assert PATCH_70 in comment(job)


@pytest.mark.parametrize("merged", [True, False])
def test_a_closed_pull_request_gets_the_check_and_no_new_comment(job: Job, merged: bool) -> None:
    result = job.run(payload=pull(job, state="closed", merged=merged), comment="always")
    assert result.status == 0, result.log
    assert (title(job), job.check.data["conclusion"]) == (PATCH_70, "success")
    assert not job.github.comments
    assert result.outputs["comment-url"] == ""


def test_a_closed_pull_request_s_comment_is_kept_true(job: Job) -> None:
    job.run()
    job.report(set())
    job.github.checks.clear()
    result = job.run(payload=pull(job, state="closed"))
    assert "Patch 100%" in comment(job)
    assert result.outputs["comment-url"]


def test_after_a_merge_its_commit_is_compared_with_the_base_before(job: Job) -> None:
    """As `types: [closed]` starts it: the base branch is checked out, at the merge commit."""
    job.repo.git("checkout", "-q", "-B", "main", job.merge)
    payload = pull(job, state="closed", merged=True)
    result = on(job, "pull_request", payload)
    assert result.status == 0, result.log
    assert job.check.data["head_sha"] == job.head
    assert title(job) == PATCH_70
    assert spans(job) == [("app.py", 12, 13), ("app.py", 17, 17)]


def test_after_a_squash_changed_lines_are_unknown_and_not_guessed(job: Job) -> None:
    job.repo.git("checkout", "-q", "main")
    job.repo.git("merge", "-q", "--squash", "feature")
    job.repo.git("commit", "-q", "-m", "squashed")
    squashed = job.repo.git("rev-parse", "HEAD")
    result = on(job, "pull_request", pull(job, state="closed", merge_commit_sha=squashed))
    assert result.status == 0, result.log
    assert title(job).startswith("Patch coverage unknown")
    assert "is at" in job.check.data["output"]["summary"]


def test_a_pull_request_that_changes_nothing(job: Job) -> None:
    job.repo.git("checkout", "-q", "-B", "empty", job.base)
    job.head = job.repo.commit({})
    job.merge = job.repo.merge("main", "empty")
    job.github.pulls.clear()
    job.github.add_pull(7, job.head, job.base)
    result = job.run(min_patch_coverage="80")
    assert result.status == 0, result.log
    assert title(job).startswith("No changed statement")
    assert spans(job) == []
    assert "No changed statement" in comment(job)


def test_a_locked_conversation_costs_the_comment_and_is_a_note(job: Job) -> None:
    job.github.pulls[7].locked = True
    result = job.run(fail_on_error="true")
    assert result.status == 0, result.log
    assert title(job) == PATCH_70
    assert not job.github.comments
    (said,) = [c for c in result.commands if "locked" in c.message]
    assert said.name == "notice"


def test_of_more_files_than_github_lists_no_patch_coverage_is_claimed(
    job: Job, tmp_path: Path
) -> None:
    """A shallow checkout of the head; GitHub refuses the diff and lists 3,000 files."""
    job.github.git = None
    patch = "@@ -10,0 +11,10 @@\n" + "".join(f"+b{n} = {n}\n" for n in range(1, 11))
    listed = {"status": "modified", "additions": 10, "deletions": 0, "changes": 10}
    blank = {"sha": "a" * 40, "blob_url": "", "raw_url": "", "contents_url": ""}
    job.github.pulls[7].files = [
        {"filename": name, "patch": patch.removesuffix("\n"), **listed, **blank}
        for name in ("app.py", *(f"gen/{n}.py" for n in range(3100)))
    ]
    job.repo.root = job.repo.clone(tmp_path / "shallow", job.head, 1)
    of_the_head(job)
    result = job.run(min_patch_coverage="80")
    assert result.status == 0, result.log
    assert len(job.github.sent("GET", "/files")) == 30
    assert title(job).startswith("Patch coverage unknown")
    assert "lists 3,000 files of a pull request at most" in comment(job)
    assert result.outputs["patch-coverage"] == ""


# pull_request_target


@pytest.mark.parametrize("here", ["everything", "the base alone"])
def test_pull_request_target_takes_a_given_report_as_the_head_s(
    job: Job, tmp_path: Path, here: str
) -> None:
    """The base is checked out; the diff is asked for where the head is not here."""
    of_the_head(job)
    if here == "everything":
        job.repo.git("checkout", "-q", "main")
    else:
        job.repo.root = job.repo.clone(tmp_path / "base", job.main, 1)
    of_the_head(job)
    result = on(job, "pull_request_target", job.payload())
    assert result.status == 0, result.log
    assert job.check.data["head_sha"] == job.head
    assert title(job) == HEAD_70
    assert spans(job) == [("app.py", 12, 13), ("app.py", 17, 17)]
    assert "measured elsewhere" in comment(job)
    assert HEAD_70 in comment(job)
    assert bool(job.github.sent("GET", "/compare/")) == (here == "the base alone")


def test_pull_request_target_knows_files_that_the_pull_request_adds(
    job: Job, tmp_path: Path
) -> None:
    """No file of the pull request is fetched, read or run for it."""
    job.repo.git("checkout", "-q", "feature")
    job.repo.git("mv", "other.py", "moved.py")
    job.head = job.repo.commit({"new.py": "x = 1\ny = 2\n"})
    job.github.pulls[7].head_sha = job.head
    job.repo.root = job.repo.clone(tmp_path / "base", job.main, 1)
    text = (
        "<coverage><packages><package><classes>"
        '<class filename="new.py"><lines><line number="1" hits="1"/>'
        '<line number="2" hits="0"/></lines></class>'
        '<class filename="moved.py"><lines><line number="2" hits="0"/></lines></class>'
        "</classes></package></packages></coverage>"
    )
    (job.repo.root / "coverage.xml").write_text(text)
    result = on(job, "pull_request_target", job.payload(), annotations="all")
    assert result.status == 0, result.log
    assert title(job) == "Patch 50%, project 33.3%"
    assert spans(job) == [("new.py", 2, 2), ("moved.py", 2, 2)]


def test_pull_request_target_with_the_head_checked_out_measures_the_head(job: Job) -> None:
    job.repo.git("checkout", "-q", job.head)
    of_the_head(job)
    on(job, "pull_request_target", job.payload())
    assert title(job) == HEAD_70
    assert "measured elsewhere" not in comment(job)


# A pull request that the input names


def finished(job: Job) -> dict[str, Any]:
    run = {
        "head_sha": job.head,
        "head_branch": "feature",
        "event": "pull_request",
        "head_repository": {"full_name": "mallory/demo"},
        "pull_requests": [],
    }
    return {"action": "completed", "workflow_run": run, "repository": REPOSITORY}


def push(job: Job) -> dict[str, Any]:
    values = {"ref": "refs/heads/feature", "before": job.base, "after": job.head, "forced": False}
    return {**values, "repository": REPOSITORY}


@pytest.mark.parametrize("event", ["workflow_dispatch", "schedule", "push", "workflow_run"])
def test_the_input_names_a_pull_request_where_the_event_names_none(job: Job, event: str) -> None:
    job.repo.git("checkout", "-q", job.head)
    of_the_head(job)
    payload = {"push": push, "workflow_run": finished}.get(event, lambda _: None)(job)
    result = on(job, event, payload, pull_request="7")
    assert result.status == 0, result.log
    assert job.check.data["head_sha"] == job.head
    assert title(job) == HEAD_70
    assert spans(job) == [("app.py", 12, 13), ("app.py", 17, 17)]
    assert HEAD_70 in comment(job)
    assert job.comment.number == 7


def test_a_named_pull_request_may_be_measured_at_its_test_merge(job: Job) -> None:
    job.github.pulls[7].merge_sha = job.merge
    on(job, "workflow_dispatch", pull_request="7")
    assert title(job) == PATCH_70
    assert spans(job) == [("app.py", 12, 13), ("app.py", 17, 17)]


def test_the_event_s_own_pull_request_goes_first(job: Job) -> None:
    job.run(pull_request="8")
    assert job.comment.number == 7
    assert not job.github.sent("GET", "/pulls/8")


def test_a_named_pull_request_that_was_closed_gets_no_new_comment(job: Job) -> None:
    job.github.pulls[7].state = "closed"
    on(job, "workflow_dispatch", pull_request="7")
    assert title(job) == PATCH_70
    assert not job.github.comments


def test_a_named_pull_request_whose_fork_was_deleted(
    tmp_path: Path, fake_github: FakeGitHub
) -> None:
    """GitHub's own description of its API does not know that `head.repo` may be null."""
    job = made(tmp_path, fake_github)
    job.github.pulls[7].head_repo = None
    result = on(job, "workflow_dispatch", pull_request="7")
    assert result.status == 0, result.log
    assert title(job) == PATCH_70


@pytest.mark.parametrize(
    "number", ["0", "-7", "7; id", "../7", "7\n::error::x", "9" * 40, "\u0667"]
)
def test_a_hostile_number_is_refused_before_anything_is_sent(job: Job, number: str) -> None:
    result = on(job, "workflow_dispatch", pull_request=number)
    assert result.status == 2
    assert "The input pull-request takes the number of a pull request" in result.log
    assert [c.name for c in result.commands] == ["error"]
    assert not job.github.requests


def test_a_number_that_no_pull_request_has_is_named(job: Job) -> None:
    result = on(job, "workflow_dispatch", pull_request="99")
    assert result.status == 2
    (said,) = [c for c in result.commands if c.name == "error"]
    assert "octo/demo has no pull request 99" in said.message
    assert "has no pull request 99" in result.summary
    assert not job.github.writes


def test_a_github_that_does_not_answer_costs_the_pull_request_alone(job: Job) -> None:
    job.github.fail("GET", r"/pulls/7$", 500, times=99)
    result = on(job, "workflow_dispatch", pull_request="7")
    assert result.status == 0, result.log
    assert any(c.name == "warning" and "read pull request 7" in c.message for c in result.commands)
    assert "84.6%" in result.summary
    assert not job.github.writes


@pytest.mark.parametrize("event", ["push", "workflow_run"])
def test_a_pull_request_at_another_commit_gets_nothing(job: Job, event: str) -> None:
    """Neither an older run nor a wrong number may speak for its head."""
    job.repo.git("checkout", "-q", job.head)
    of_the_head(job)
    job.github.pulls[7].head_sha = job.merge
    payload = push(job) if event == "push" else finished(job)
    result = on(job, event, payload, pull_request="7")
    assert result.status == 0, result.log
    assert job.check.data["head_sha"] == job.head
    assert not job.github.comments
    assert any("the pull request gets nothing" in c.message for c in result.commands)


def test_without_a_token_a_named_pull_request_is_said_to_be_unknown(job: Job) -> None:
    result = job.run(
        token="",
        event_name="workflow_dispatch",
        payload={"repository": REPOSITORY},
        pull_request="7",
    )
    assert result.status == 0, result.log
    assert any("Pull request 7 can't be read" in c.message for c in result.commands)
