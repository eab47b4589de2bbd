"""Runs that leave a baseline and runs that find it; the numbers of .github/docs/baseline.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fake_github import FakeGitHub
from fake_github.git import GitSide
from job import REPO, Job, cobertura
from runner import Result

from qe_action.analysis.baseline import Digest, decode
from qe_action.analysis.collect import FileCounts
from qe_action.render import badge

PAGE = Path(__file__).parent.parent.parent / ".github/docs/baseline.md"
MINUS = "\N{MINUS SIGN}"


@pytest.fixture
def job(tmp_path: Path, strict: FakeGitHub) -> Job:
    """A pull request that appends ten lines to `app.py`; GitHub knows the repository."""
    made = Job(tmp_path, strict)
    strict.git = GitSide(made.repo.root)
    return made


def report(job: Job, app: range, missed: set[int], *, other: int) -> None:
    """A report of `app.py` and of the two statements of `other.py`, `other` of them covered."""
    files = {
        "app.py": {n: int(n not in missed) for n in app},
        "other.py": {1: 1, 2: int(other == 2)},
    }
    (job.repo.root / "coverage.xml").write_text(cobertura(files))


def push(
    job: Job, sha: str, ref: str = "refs/heads/main", before: str = "0" * 40, **inputs: str
) -> Result:
    """The run after a push of `sha`: 11 of 12 statements are covered."""
    job.repo.git("checkout", "-q", sha)
    report(job, range(1, 11), {4}, other=2)
    payload = {
        "ref": ref,
        "before": before,
        "after": sha,
        "forced": False,
        "repository": {"full_name": REPO, "default_branch": "main"},
    }
    env = {"GITHUB_REF": ref, "GITHUB_SHA": sha}
    return job.run(event_name="push", payload=payload, env=env, **inputs)


def pull(job: Job, **inputs: str) -> Result:
    """The pull request's run: 18 of 22 statements, two of the change's ten are missed."""
    job.repo.git("checkout", "-q", job.merge)
    report(job, range(1, 21), {4, 12, 13}, other=1)
    return job.run(**inputs)


def text_of(job: Job) -> str | None:
    (check,) = job.github.checks.values()
    text: str | None = check.data["output"]["text"]
    return text


def last_summary(job: Job) -> str:
    check = list(job.github.checks.values())[-1]
    return str(check.data["output"]["summary"]).replace("\\", "").replace("\u200b", "")


def shown(job: Job) -> str:
    """The comment without the escapes of its Markdown."""
    return str(job.comment.body).replace("\\", "").replace("\u200b", "")


def test_the_page_s_example_is_what_the_action_says(job: Job) -> None:
    """A push leaves the baseline; the pull request is compared with it and misses its gates."""
    assert push(job, job.base).status == 0
    assert decode(text_of(job) or "") == Digest(
        sha=job.base,
        key=(decode(text_of(job) or "") or Digest("", "", {})).key,
        rows={"app.py": FileCounts(10, 9), "other.py": FileCounts(2, 2)},
    )
    gates = "patch *.py 80\nproject other.py 100"
    result = pull(job, max_drop="5", path_gates=gates)
    page = PAGE.read_text(encoding="utf-8").replace("c0ffee1", job.base[:7])
    page = page.replace("c0ffee1c0ffe", job.base[:12])
    example = page.split("```text\n")[1].split("```")[0]
    assert result.status == 1
    comment = [line.replace("**", "") for line in shown(job).splitlines()]
    for line in example.splitlines():
        assert any(line in said for said in comment), line
    title = list(job.github.checks.values())[-1].data["output"]["title"]
    assert title == "Project coverage fell by more than 5 points: patch 80%, project 81.8%"


def test_a_pull_request_shows_what_it_lost_here_and_elsewhere(job: Job) -> None:
    push(job, job.base)
    assert pull(job).status == 0
    body = shown(job)
    assert f"| 81.8% ({MINUS}9.9) |" in body
    assert f"85% ({MINUS}5) |" in body  # app.py: 9 of 10 before, 17 of 20 now
    assert "1 statement lost in 1 file that this change does not touch" in body
    assert "- `other.py`: 1 fewer, 1 of 2 statements are covered" in body
    assert f"baseline: base commit `{job.base[:12]}`" in body
    assert list(job.github.checks.values())[-1].data["output"]["text"] is None


def test_an_earlier_commit_s_baseline_serves_and_its_age_is_said(job: Job) -> None:
    push(job, job.base)
    job.repo.git("checkout", "-q", "-B", "main", job.base)
    job.repo.commit({"README": "1\n"})
    job.repo.commit({"README": "2\n"})
    job.merge = job.repo.merge("main", "feature")
    pull(job)
    body = shown(job)
    assert f"81.8% ({MINUS}9.9)" in body
    assert f"baseline: `{job.base[:12]}`, 2 commits before the base" in body
    assert "does not touch" not in body


def test_without_a_baseline_the_pull_request_says_how_to_get_one(job: Job) -> None:
    result = pull(job, max_drop="0")
    assert result.status == 0
    assert "run this action on pushes to the branch that the pull request targets" in shown(job)
    assert "(±" not in shown(job)
    assert "Project coverage drop: no baseline was found" in shown(job).replace("**", "")
    assert job.check.data["conclusion"] == "neutral"


def test_the_next_push_is_compared_with_the_one_before(job: Job) -> None:
    push(job, job.base)
    job.repo.git("checkout", "-q", "-B", "main", job.base)
    sha = job.repo.commit({"other.py": "c = 1\nd = 3\n"})
    push(job, sha)
    assert "91.6% (±0)" in last_summary(job)
    assert "no baseline" not in last_summary(job)


@pytest.mark.parametrize("inputs", [{"tests_outcome": "failure"}, {"coverage_file": "missing.xml"}])
def test_red_tests_and_failed_runs_leave_none(job: Job, inputs: dict[str, str]) -> None:
    push(job, job.base, **inputs)
    assert text_of(job) is None


def test_a_push_to_another_branch_leaves_the_baseline_of_pull_requests_onto_it(job: Job) -> None:
    push(job, job.base, "refs/heads/release/1")
    assert pull(job).status == 0
    assert f"baseline: base commit `{job.base[:12]}`" in shown(job)


def test_each_baseline_carries_the_points_before_it_and_the_comment_draws_them(job: Job) -> None:
    push(job, job.base)
    job.repo.git("checkout", "-q", "-B", "main", job.base)
    sha = job.repo.commit({"README": "1\n"})
    push(job, sha, before=job.base)
    job.repo.git("checkout", "-q", "-B", "main", sha)
    job.merge = job.repo.merge("main", "feature")
    reads = len(job.github.sent("GET"))
    pull(job)
    assert "over the last 2 baselines: 91.6% to 91.6%, lowest" in shown(job)
    assert "highest 91.6%. ▅▅" in shown(job)
    asked = [r.path for r in job.github.sent("GET")[reads:]]
    assert any(path.endswith(f"/commits/{sha}/check-runs") for path in asked)
    assert not any(job.base in path or path.endswith("/commits") for path in asked)


def test_the_badge_lies_where_it_was_asked_for(job: Job) -> None:
    result = push(job, job.base, badge_file="out/badge.svg", badge_json_file="out/badge.json")
    assert result.outputs["badge-file"] == "out/badge.svg"
    assert result.outputs["badge-json-file"] == "out/badge.json"
    root = job.repo.root
    assert (root / "out/badge.svg").read_text() == badge.svg(100 * 11 / 12)
    assert (root / "out/badge.json").read_text() == badge.endpoint(100 * 11 / 12)


def test_a_merge_group_leaves_the_baseline_of_the_commit_that_main_becomes(job: Job) -> None:
    job.repo.git("checkout", "-q", job.merge)
    report(job, range(1, 21), {4, 12, 13}, other=1)
    group: dict[str, Any] = {
        "head_sha": job.merge,
        "head_ref": "refs/heads/gh-readonly-queue/main/pr-7-0",
        "base_sha": job.base,
        "base_ref": "refs/heads/main",
    }
    payload = {
        "action": "checks_requested",
        "merge_group": group,
        "repository": {"full_name": REPO, "default_branch": "main"},
    }
    job.run(event_name="merge_group", payload=payload, env={"GITHUB_SHA": job.merge})
    digest = decode(text_of(job) or "")
    assert digest is not None
    assert digest.sha == job.merge
    assert digest.totals == FileCounts(22, 18)


def test_a_baseline_of_other_globs_is_not_compared(job: Job) -> None:
    push(job, job.base, exclude="other.py")
    pull(job)
    assert "another include, exclude, source-root or working-directory" in shown(job)
    assert "baseline: base commit" not in shown(job)


def test_a_fork_s_run_reads_what_it_may_not_write(job: Job) -> None:
    push(job, job.base)
    result = pull(job, token=job.github.read_only_token)
    assert f"81.8% ({MINUS}9.9)" in result.summary.replace("\\", "")


@pytest.mark.parametrize("gates", ["patch src/** 200", "branch src/** 5", "patch src/**"])
def test_a_path_gate_that_can_t_be_read_stops_the_run(job: Job, gates: str) -> None:
    result = pull(job, path_gates=gates)
    assert result.status == 2
    assert "path gate" in result.log
    assert not job.github.checks
