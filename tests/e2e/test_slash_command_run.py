"""`/qe tests` as a comment: who is followed, for which commit, and that nothing else is run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fake_github import FakeGitHub
from fake_github.git import GitSide
from job import Job, cobertura
from runner import Result
from slowness import slowness
from test_gap_tests import Shop

REPOSITORY = {"full_name": "octo/demo", "default_branch": "main"}


@pytest.fixture
def job(tmp_path: Path, strict: FakeGitHub) -> Job:
    """The pull request's head is checked out, measured, and a maintainer may ask."""
    made = Job(tmp_path, strict, moved=4)
    strict.git = GitSide(made.repo.root)
    strict.policies.roles["octocat"] = "maintain"
    made.repo.git("checkout", "-q", made.head)
    made.moved = 0
    made.report({2, 3, 7})
    return made


def commented(job: Job, body: str = "/qe tests", login: str = "octocat", **fields: Any) -> Any:
    return {
        "action": "created",
        "issue": {"number": 7, "state": "open", "pull_request": {"url": "https://x/pulls/7"}},
        "comment": {"body": body, "user": {"login": login}, "author_association": "OWNER"},
        "repository": REPOSITORY,
        **fields,
    }


def on(job: Job, payload: Any, **more: Any) -> Result:
    """The step as GitHub starts it for a comment: on the default branch."""
    env = {"GITHUB_REF": "refs/heads/main", "GITHUB_SHA": job.main}
    return job.run(event_name="issue_comment", payload=payload, env=env, **more)


def assert_refused(job: Job, result: Result, why: str) -> None:
    """One line, and nothing else: no write, no analysis, no failure."""
    assert result.status == 0, result.log
    (said,) = result.commands
    assert (said.name, why in said.message) == ("notice", True), result.log
    assert not job.github.writes
    assert "Reading" not in result.log
    assert "%" not in result.summary
    assert result.outputs == {}


@pytest.mark.parametrize("role", ["write", "maintain", "admin"])
def test_a_writer_s_comment_measures_the_head(job: Job, role: str) -> None:
    job.github.policies.roles["octocat"] = role
    result = on(job, commented(job), pull_request="7")
    assert result.status == 0, result.log
    assert job.check.data["head_sha"] == job.head
    assert job.check.data["output"]["title"] == "Patch 70%, project 81.8%"
    spans = [(a["path"], a["start_line"], a["end_line"]) for a in job.check.annotations]
    assert spans == [("app.py", 12, 13), ("app.py", 17, 17)]
    assert job.comment.number == 7
    assert "Patch 70%" in job.comment.body


def test_the_tests_are_the_stage_behind_it_as_in_any_run(job: Job) -> None:
    result = on(job, commented(job), generate_tests="true", tests_outcome="failure")
    assert result.status == 0, result.log
    assert result.outputs["tests-generated"] == "0"
    assert "The suite did not pass" in job.comment.body


@pytest.mark.slow
def test_a_writer_s_comment_opens_a_pull_request_with_tests(
    tmp_path: Path, strict: FakeGitHub
) -> None:
    shop = Shop(tmp_path, strict)
    strict.git = GitSide(shop.repo.root)
    strict.policies.roles["octocat"] = "write"
    strict.pulls[7].head_ref = "more"
    strict.branches |= {"more": shop.head, "main": shop.base}
    shop.repo.git("checkout", "-q", shop.head)
    shop.main = shop.base
    token = strict.add_token("ghs_all", contents="write", checks="write", pull_requests="write")
    inputs = {"sandbox": "off", "time_budget": str(round(10 * slowness()))}
    more = {"generate_tests": "true", "pull_request_tests": "open", "pull_request": "7"}
    result = on(shop, commented(shop), token=token, **inputs, **more)
    assert result.status == 0, result.log
    opened = strict.pulls[8]
    assert result.outputs["tests-pull-request"].endswith("/pull/8")
    assert (opened.head_ref, opened.base_ref) == ("qe-action/tests-for-7", "more")
    assert opened.draft


def test_a_shallow_checkout_of_the_head_serves(job: Job, tmp_path: Path) -> None:
    """As actions/checkout makes it with `ref:` alone."""
    job.repo.root = job.repo.clone(tmp_path / "shallow", job.head, 1)
    job.report({2, 3, 7})
    assert on(job, commented(job)).outputs["patch-coverage"] == "70.00"


@pytest.mark.parametrize("role", ["read", "triage", "none", ""])
def test_others_are_not_followed_whatever_the_event_calls_them(job: Job, role: str) -> None:
    """An owner by association who may not write, a collaborator who may only read."""
    job.github.policies.roles = {"octocat": role} if role else {}
    for inputs in ({}, {"generate_tests": "true", "pull_request_tests": "open"}):
        result = on(job, commented(job), **inputs)
        assert_refused(job, result, "is for those who may write to the repository")
    assert not job.github.sent("GET", "/pulls/")


def test_an_app_is_not_followed(job: Job) -> None:
    job.github.policies.roles["helper[bot]"] = "admin"
    result = on(job, commented(job, login="helper[bot]"))
    assert_refused(job, result, "helper[bot] may not")
    assert job.github.requests == []


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "edited"},
        {"action": "deleted"},
        {"comment": {"body": "please /qe tests", "user": {"login": "octocat"}}},
        {"issue": {"number": 7, "state": "open"}},
        {"issue": 3},
        {"comment": None},
    ],
)
def test_no_other_comment_makes_tests(job: Job, fields: dict[str, Any]) -> None:
    result = on(job, commented(job, **fields), generate_tests="true", pull_request="7")
    assert_refused(job, result, "is no /qe tests on a pull request")
    assert job.github.requests == []


def test_a_comment_that_asks_for_no_tests_may_still_show_a_report(job: Job) -> None:
    result = on(job, commented(job, body="/coverage"), pull_request="7")
    assert result.status == 0, result.log
    assert "Patch 70%" in job.comment.body


def test_a_closed_pull_request_gets_nothing(job: Job) -> None:
    job.github.pulls[7].state = "closed"
    assert_refused(job, on(job, commented(job)), "#7 is closed")


@pytest.mark.parametrize("repo", ["mallory/demo", "octo/other"])
def test_a_fork_s_pull_request_gets_nothing(job: Job, repo: str) -> None:
    job.github.pulls[7].head_repo = repo
    assert_refused(job, on(job, commented(job)), "#7 is from a fork")


def test_what_was_pushed_after_the_comment_is_not_taken_for_what_was_meant(job: Job) -> None:
    job.github.pulls[7].head_sha = job.main
    result = on(job, commented(job))
    assert_refused(job, result, f"{job.head[:7]} is checked out, and the head of #7 is")


def test_the_default_checkout_is_not_the_pull_request(job: Job) -> None:
    job.repo.git("checkout", "-q", job.main)
    assert_refused(job, on(job, commented(job)), f"{job.main[:7]} is checked out")


def test_the_input_can_t_name_another_pull_request(job: Job) -> None:
    job.github.add_pull(8, job.head, job.base)
    assert_refused(job, on(job, commented(job), pull_request="8"), "pull-request names #8")


def test_without_a_token_nobody_is_known(job: Job) -> None:
    assert_refused(job, on(job, commented(job), token=""), "no token to ask who may")


@pytest.mark.parametrize("path", ["/permission", "/pulls/7$"])
def test_a_github_that_does_not_tell_is_no_permission(job: Job, path: str) -> None:
    job.github.fail("GET", path, 500, times=99)
    result = on(job, commented(job))
    assert_refused(job, result, "/qe tests is not followed: ")


@pytest.mark.parametrize("payload", ["", "no json", "[]"])
def test_an_event_that_can_t_be_read_makes_no_tests(job: Job, payload: Any) -> None:
    result = on(job, payload, generate_tests="true")
    assert_refused(job, result, "/qe tests is not followed: ")


def test_a_hostile_name_reaches_neither_an_address_nor_the_log(job: Job) -> None:
    for name in ("../../../user", "x\n::error::y", "octocat?a=1", "@all"):
        result = on(job, commented(job, login=name))
        assert result.status == 0
        assert not [c for c in result.commands if c.name == "error"]
    assert job.github.requests == []


def test_the_report_s_text_is_not_read_where_nothing_is_run(job: Job) -> None:
    (job.repo.root / "coverage.xml").write_text(cobertura({"evil.py": {1: 1}})[:20])
    job.github.policies.roles = {}
    assert_refused(job, on(job, commented(job)), "may write to the repository")


def test_no_suite_is_run_for_a_comment_that_is_not_followed(job: Job) -> None:
    ran = job.tmp / "ran"
    for comment in (commented(job, body="nice"), commented(job, login="mallory")):
        result = on(job, comment, test_command=f"touch {ran}", sandbox="off")
        assert_refused(job, result, "/qe tests")
        assert not ran.exists()
