"""The pull request with tests in the action: opened, linked both ways, closed with its own end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fake_github import BOT, FakeGitHub
from fake_github.git import GitSide
from fake_github.git_data import branch_sha, commit_as, move, person
from job import REPO, Job
from slowness import slowness
from test_gap_tests import Shop
from tests_pull import BRANCH, case, generated

from qe_action.events import without_figures
from qe_action.journal import encode, header

PATCH = "tests.patch"


def connected(job: Job) -> Job:
    """The job's GitHub has the repository, and its token may push."""
    github = job.github
    github.git = GitSide(job.repo.root)
    rights: dict[str, Any] = dict.fromkeys(("checks", "contents", "pull_requests"), "write")
    github.token = github.add_token("ghs_pusher", **rights)
    github.pulls.clear()
    github.add_pull(7, job.head, job.base, head_ref="feature")
    return job


@pytest.fixture
def shop(tmp_path: Path, strict: FakeGitHub) -> Shop:
    made = connected(Shop(tmp_path, strict))
    assert isinstance(made, Shop)
    return made


@pytest.fixture
def job(tmp_path: Path, strict: FakeGitHub) -> Job:
    return connected(Job(tmp_path, strict))


def opened(job: Job, sha: str = "") -> int:
    """A pull request with tests, as an earlier run has left it; its number."""
    github = job.github
    body = f"<!-- qe-action tests 7 tip={'a' * 40} -->\nwords"
    mark = f"Qe-Action-Tests: owner={'0' * 16} head={job.head} run=1.1"
    tree = job.repo.git("rev-parse", f"{job.head}^{{tree}}")
    tip = sha or commit_as(github, person(BOT), f"Add tests\n\n{mark}", tree, [job.head])
    move(github, BRANCH, tip)
    number = max(github.pulls) + 1
    github.add_pull(
        number, tip, job.head, head_ref=BRANCH, base_ref="feature", login=BOT, body=body
    )
    return number


def the_end(job: Job, *, merged: bool, **more: Any) -> dict[str, Any]:
    """Pull request 7 has ended, as the event says."""
    pull = job.github.pulls[7]
    pull.state, pull.merged = "closed", merged
    payload = job.payload()
    payload["action"] = "closed"
    payload["pull_request"] |= {"state": "closed", "merged": merged} | more
    return payload


def test_a_run_opens_it_links_it_and_the_tests_pass_there(shop: Shop) -> None:
    budget = str(round(9 * slowness()))
    result = shop.generate(
        pull_request_tests="open", time_budget=budget, tests_patch_file=PATCH, max_tests="3"
    )
    assert result.status == 0, result.log
    assert 8 in shop.github.pulls, result.log
    pull = shop.github.pulls[8]
    url = f"https://github.com/{REPO}/pull/8"
    link = f"The tests are in [#8]({url}), a draft pull request onto this branch."
    for text in (shop.comment.body, shop.check.data["output"]["summary"], result.summary):
        assert link in text
    assert result.outputs["tests-pull-request"] == url
    assert result.outputs["tests-patch-file"] == PATCH
    assert "Tests for [#7](" in pull.body
    assert (pull.draft, pull.base_ref, pull.state) == (True, "feature", "open")
    (shop.repo.root / "coverage.xml").unlink()
    shop.repo.git("checkout", "-q", "--detach", shop.head)
    shop.repo.git("apply", PATCH)
    patched = (shop.repo.root / "tests/test_shop.py").read_bytes()
    shop.repo.git("checkout", "-q", "--force", str(branch_sha(shop.github, BRANCH)))
    assert (shop.repo.root / "tests/test_shop.py").read_bytes() == patched
    assert patched.count(b"def test_postage") == int(result.outputs["tests-generated"])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=shop.repo.root,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("merged", [True, False])
def test_the_end_of_a_pull_request_closes_it_without_any_report(job: Job, merged: bool) -> None:
    number = opened(job)
    payload = the_end(job, merged=merged)
    result = job.run(payload=payload, pull_request_tests="open", generate_tests="true")
    assert result.status == 0, result.log
    assert job.github.pulls[number].state == "closed"
    assert branch_sha(job.github, BRANCH) is None
    (comment,) = job.github.comments.values()
    said = f"was {'merged' if merged else 'closed'}, so this is closed."
    assert comment.number == number
    assert said in comment.body
    assert f"Pull request {number}: The pull request" in result.log
    assert not job.github.checks
    again = job.run(payload=payload, pull_request_tests="open")
    assert "There is no open pull request with tests to close." in again.log
    assert len(job.github.comments) == 1


def test_the_end_is_told_and_no_more_where_people_have_committed(job: Job) -> None:
    number = opened(job, job.repo.commit({"x.py": ""}))
    for _ in range(2):
        result = job.run(payload=the_end(job, merged=True), pull_request_tests="open")
        assert result.status == 0
    assert job.github.pulls[number].state == "open"
    assert branch_sha(job.github, BRANCH)
    (comment,) = job.github.comments.values()
    assert "left open" in comment.body


def test_the_end_of_a_fork_s_pull_request_asks_for_nothing(job: Job) -> None:
    payload = the_end(job, merged=True)
    payload["pull_request"]["head"]["repo"] = {"full_name": "mallory/demo"}
    result = job.run(payload=payload, pull_request_tests="open")
    assert (result.status, job.github.requests) == (0, [])


def test_an_end_that_can_t_be_delivered_is_a_warning_or_an_error(job: Job) -> None:
    opened(job)
    payload = the_end(job, merged=True)
    job.github.fail("PATCH", "/pulls/", 422, times=9, message="Validation Failed")
    result = job.run(payload=payload, pull_request_tests="open")
    assert result.status == 0
    assert any("edit the pull request" in c.message for c in result.commands)
    result = job.run(payload=payload, pull_request_tests="open", fail_on_error="true")
    assert result.status == 3


def test_with_the_input_off_the_end_of_a_pull_request_is_analysed(job: Job) -> None:
    job.report()
    opened(job)
    result = job.run(payload=the_end(job, merged=True))
    assert result.status == 0
    assert job.github.checks
    assert branch_sha(job.github, BRANCH)


def test_our_own_branch_is_analysed_and_never_answered(shop: Shop) -> None:
    payload = shop.payload()
    payload["pull_request"]["head"]["ref"] = BRANCH
    result = shop.generate(payload=payload, pull_request_tests="open")
    assert result.status == 0, result.log
    assert "This branch holds tests that qe-action made: none are made for it." in result.summary
    assert shop.check.data["output"]["title"] == "Patch 40%, project 53.8%"
    assert len(shop.github.pulls) == 1
    assert result.outputs["tests-generated"] == "0"


def test_a_fork_s_branch_of_that_name_is_none_of_ours(shop: Shop) -> None:
    payload = shop.payload()
    payload["pull_request"]["head"] |= {"ref": BRANCH, "repo": {"full_name": "mallory/demo"}}
    result = shop.generate(payload=payload, sandbox="off")
    assert "holds tests that qe-action made" not in result.summary


def journal(job: Job) -> Path:
    path = job.repo.root / "journal.jsonl"
    tests = (case(test_code="def test_postage():\n    assert 1 == 1  # <!-- @octocat -->"),)
    events = (without_figures("finished"), generated(tests))
    path.write_bytes(header() + b"".join(map(encode, events)))
    return path


@pytest.mark.parametrize("mode", ["suggest", "open"])
def test_publish_only_suggests(job: Job, mode: str) -> None:
    journal(job)
    fork = job.payload()
    fork["pull_request"]["head"]["repo"] = {"full_name": "mallory/demo"}
    result = job.run(
        command=("publish", "journal.jsonl"), payload=fork, pull_request_tests=mode,
        tests_patch_file=PATCH,
    )  # fmt: skip
    body = job.comment.body
    assert result.status == 0, result.log
    assert "their evidence are its own word" in body
    assert "+    assert 1 == 1  # <!-- @octocat -->" in body
    assert f"`git apply {PATCH}` adds the tests." in body
    assert ("the tests come from a run that is not trusted" in body) is (mode == "open")
    assert len(job.github.pulls) == 1
    job.repo.git("checkout", "-q", "--detach", job.head)
    job.repo.git("apply", PATCH)
    assert not [w for w in job.github.writes if "/git/" in w.path]


def test_a_patch_file_without_suggest_is_told_of(job: Job) -> None:
    job.report()
    result = job.run(tests_patch_file=PATCH)
    assert "tests-patch-file stays empty, as pull-request-tests is off" in result.log
    assert result.outputs["tests-patch-file"] == ""


@pytest.mark.slow
def test_a_token_apart_writes_it_and_is_never_seen(shop: Shop) -> None:
    github = shop.github
    rights: dict[str, Any] = {"contents": "write", "pull_requests": "write"}
    secret = github.add_token("ghs_0ther", login="qe-app[bot]", **rights)
    github.token = "ghs_writer"
    result = shop.generate(
        pull_request_tests="open", time_budget="4", max_tests="1", pr_token=secret
    )
    assert result.status == 0, result.log
    pushed = [sent for sent in github.writes if "/git/" in sent.path]
    assert pushed
    assert {sent.authorization.rpartition(" ")[2] for sent in pushed} == {secret}
    assert github.pulls[8].login == "qe-app[bot]"
    assert secret not in result.log + result.summary + shop.comment.body
