"""`qe-action run` in a merge queue, on pushes and after another workflow has finished."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fake_github import FakeGitHub
from fake_github.git import GitSide
from job import REPO, Job
from runner import Result

NAME = "qe-action coverage"
NO_COMMIT = "0" * 40
REPOSITORY = {"id": 31, "full_name": REPO, "default_branch": "main"}
PATCH_70 = "Patch 70%, project 84.6%"
HOSTILE = [["main"], "--output=x", "a" * 40 + "\n::error::x"]


@pytest.fixture
def job(tmp_path: Path, strict: FakeGitHub) -> Job:
    """The test merge is checked out, three of its ten new statements missed: lines 16, 17, 21.

    GitHub knows the repository, so that it takes no check run on a commit that is not there.
    """
    made = Job(tmp_path, strict, moved=4)
    made.report({2, 3, 7})
    strict.git = GitSide(made.repo.root)
    return made


def spans(job: Job) -> list[tuple[str, int, int]]:
    return [(a["path"], a["start_line"], a["end_line"]) for a in job.check.annotations]


def summary(job: Job) -> str:
    """The check run's text as it is read, without the escapes of its Markdown."""
    return str(job.check.data["output"]["summary"]).replace("\\", "").replace("\u200b", "")


def assert_checked(job: Job, result: Result, sha: str, title: str = PATCH_70) -> None:
    """A completed check run on `sha` alone, and no comment."""
    assert result.status == 0, result.log
    assert job.check.data["name"] == NAME
    assert job.check.data["head_sha"] == sha
    assert (job.check.data["status"], job.check.data["conclusion"]) == ("completed", "success")
    assert job.check.data["output"]["title"] == title
    assert result.outputs["check-run-url"] == job.check.data["html_url"]
    assert result.outputs["comment-url"] == ""
    assert not job.github.comments
    assert not job.github.sent("GET", "/comments")
    assert f"/blob/{sha}/app.py#L16-L17" in summary(job)
    assert spans(job) == [("app.py", 16, 17), ("app.py", 21, 21)]


def group(job: Job, **fields: object) -> dict[str, Any]:
    base = job.repo.git("rev-parse", "main")
    values = {
        "head_sha": job.merge,
        "head_ref": f"refs/heads/gh-readonly-queue/main/pr-7-{base}",
        "base_sha": base,
        "base_ref": "refs/heads/main",
    }
    return {
        "action": "checks_requested",
        "merge_group": values | fields,
        "repository": REPOSITORY,
    }


def push(job: Job, before: str, **fields: object) -> dict[str, Any]:
    values = {"ref": "refs/heads/main", "before": before, "after": job.merge, "forced": False}
    return {**values, "repository": REPOSITORY, **fields}


def finished(job: Job, **fields: object) -> dict[str, Any]:
    """As GitHub sends it for a pull request of the same repository."""
    here = {"id": 31, "name": "demo", "url": f"https://api.github.com/repos/{REPO}"}
    pull = {
        "number": 7,
        "head": {"sha": job.head, "ref": "feature", "repo": here},
        "base": {"sha": job.base, "ref": "main", "repo": here},
    }
    values = {
        "head_sha": job.head,
        "head_branch": "feature",
        "event": "pull_request",
        "head_repository": {"full_name": REPO},
        "pull_requests": [pull],
    }
    return {"action": "completed", "workflow_run": values | fields, "repository": REPOSITORY}


def run(job: Job, event: str, payload: object, **more: str) -> Result:
    """The step as GitHub starts it on a branch."""
    env = {"GITHUB_REF": "refs/heads/main", "GITHUB_SHA": job.merge}
    return job.run(event_name=event, payload=payload, env=env, **more)


def test_a_merge_group_gets_a_check_run_on_its_head_and_no_comment(job: Job) -> None:
    assert_checked(job, run(job, "merge_group", group(job)), job.merge)


def test_a_merge_group_s_check_run_has_the_name_of_the_pull_request_s(job: Job) -> None:
    """A required check is asked for by name, in the queue too."""
    job.run(name="coverage")
    run(job, "merge_group", group(job), name="coverage")
    checks = [check.data for check in job.github.checks.values()]
    assert [c["name"] for c in checks] == ["coverage", "coverage"]
    assert [c["head_sha"] for c in checks] == [job.head, job.merge]


@pytest.mark.parametrize("event", ["merge_group", "push"])
def test_a_shallow_checkout_asks_the_api(job: Job, tmp_path: Path, event: str) -> None:
    main = job.repo.git("rev-parse", "main")
    payload = group(job) if event == "merge_group" else push(job, main)
    job.repo.root = job.repo.clone(tmp_path / "shallow", job.merge, 1)
    job.report({2, 3, 7})
    assert_checked(job, run(job, event, payload), job.merge)
    (asked,) = job.github.sent("GET", "/compare/")
    assert asked.path.endswith(f"{main}...{job.merge}")


def test_a_failed_gate_fails_a_merge_group(job: Job) -> None:
    result = run(job, "merge_group", group(job), min_patch_coverage="80")
    assert result.status == 1
    assert job.check.data["conclusion"] == "failure"


def test_a_push_to_the_default_branch_gets_a_check_run(job: Job) -> None:
    payload = push(job, job.repo.git("rev-parse", "main"))
    assert_checked(job, run(job, "push", payload), job.merge)


def test_a_new_branch_is_compared_with_the_default_branch(job: Job) -> None:
    payload = push(job, NO_COMMIT, ref="refs/heads/topic", created=True)
    assert_checked(job, run(job, "push", payload), job.merge)


def test_a_forced_push_says_what_it_is_compared_with(job: Job) -> None:
    """What the branch held before had other lines at the same place."""
    job.repo.git("checkout", "-q", "-b", "old", job.base)
    old = job.repo.commit({"app.py": "z = 1\n"})
    job.repo.git("checkout", "-q", job.merge)
    job.report({2, 3, 7})
    payload = push(job, old, ref="refs/heads/topic", forced=True)
    assert_checked(job, run(job, "push", payload), job.merge)
    assert f"history was rewritten: `{old[:7]}`" in summary(job)


@pytest.mark.parametrize(
    "fields",
    [
        {"after": NO_COMMIT, "deleted": True, "ref": "refs/heads/topic"},
        {"ref": "refs/tags/v1.0"},
    ],
)
def test_a_deleted_branch_and_a_tag_get_no_check_run(job: Job, fields: dict[str, object]) -> None:
    result = run(job, "push", push(job, job.base, **fields))
    assert result.status == 0
    assert "is about no pull request and no pushed branch" in result.log
    assert "84.6%" in result.summary
    assert not job.github.requests


def test_a_push_whose_token_may_only_read_ends_in_the_summary(job: Job) -> None:
    payload = push(job, job.repo.git("rev-parse", "main"))
    result = run(job, "push", payload, token=job.github.read_only_token)
    assert result.status == 0
    assert "may only read" in result.log
    assert "checks: write" in result.log
    assert not any(c.name == "error" for c in result.commands)
    shown = [c.properties["line"] for c in result.commands if c.properties.get("file") == "app.py"]
    assert shown == ["16", "21"]
    assert "Patch 70%" in result.summary


def test_a_push_that_is_not_checked_out_has_no_annotation(job: Job) -> None:
    result = run(job, "push", push(job, job.base, after=job.head))
    assert result.status == 0
    assert job.check.data["head_sha"] == job.head
    assert job.check.annotations == []
    assert job.check.data["output"]["title"].startswith("Patch coverage unknown")
    assert f"not at `{job.head[:7]}`" in summary(job)


def checked_out_head(job: Job) -> None:
    """As with `ref: ${{ github.event.workflow_run.head_sha }}`; the report is of the head."""
    job.repo.git("checkout", "-q", job.head)
    job.moved = 0
    job.report({2, 3, 7})


def test_a_finished_workflow_s_pull_request_gets_check_run_and_comment(job: Job) -> None:
    checked_out_head(job)
    result = run(job, "workflow_run", finished(job))
    assert result.status == 0, result.log
    assert job.check.data["head_sha"] == job.head
    assert job.check.data["output"]["title"] == "Patch 70%, project 81.8%"
    assert spans(job) == [("app.py", 12, 13), ("app.py", 17, 17)]
    assert "Patch 70%" in job.comment.body
    assert job.comment.number == 7


@pytest.mark.parametrize("listed", ["none", "newer", "elsewhere"])
def test_without_its_pull_request_a_finished_workflow_gets_the_check_run(
    job: Job, listed: str
) -> None:
    """A fork's is not listed; another repository's number means something else here."""
    checked_out_head(job)
    payload = finished(job)
    pulls = payload["workflow_run"]["pull_requests"]
    if listed == "none":
        pulls.clear()
        payload["workflow_run"]["head_repository"] = {"full_name": "mallory/demo"}
    elif listed == "newer":
        pulls[0]["head"]["sha"] = job.merge
    else:
        pulls[0]["base"]["repo"]["id"] = 32
    result = run(job, "workflow_run", payload)
    assert result.status == 0, result.log
    assert job.check.data["head_sha"] == job.head
    assert spans(job) == [("app.py", 12, 13), ("app.py", 17, 17)]
    assert result.outputs["patch-coverage"] == "70.00"
    assert not job.github.comments


@pytest.mark.parametrize("known", [True, False])
def test_the_default_checkout_of_a_finished_workflow_is_told_from_the_measured_one(
    job: Job, known: bool
) -> None:
    """GitHub checks out the default branch: its lines are not the report's."""
    job.repo.git("checkout", "-q", "main")
    payload = finished(job) if known else finished(job, pull_requests=[])
    result = run(job, "workflow_run", payload)
    assert result.status == 0, result.log
    assert job.check.data["head_sha"] == job.head
    assert job.check.annotations == []
    assert result.outputs["patch-coverage"] == ""
    assert result.outputs["project-coverage"] == "84.61"
    assert "never check out a pull request's code" in summary(job)
    assert bool(job.github.comments) is known


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ("merge_group", "head_sha"),
        ("merge_group", "base_sha"),
        ("push", "after"),
        ("push", "before"),
        ("workflow_run", "head_sha"),
        ("workflow_run", "pull_requests"),
    ],
)
def test_a_hostile_payload_is_named_and_nothing_is_sent(job: Job, event: str, field: str) -> None:
    value: object
    for value in HOSTILE if field != "pull_requests" else [7, [{}]]:
        payload = {"merge_group": group, "push": _pushed, "workflow_run": finished}[event](job)
        (payload if event == "push" else payload[event])[field] = value
        result = run(job, event, payload)
        assert result.status == 0
        assert any(c.name == "warning" and field in c.message for c in result.commands)
        assert "84.6%" in result.summary
        assert "Traceback" not in result.log
    assert not job.github.requests


def _pushed(job: Job) -> dict[str, Any]:
    return push(job, job.base)
