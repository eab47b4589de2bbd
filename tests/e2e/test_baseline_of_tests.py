"""A push keeps how its tests ended; a pull request's failures are told new or known by it."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_github import FakeGitHub
from fake_github.git import GitSide
from job import REPO, Job

from qe_action.analysis import baseline, test_baseline

CASE = '<testcase classname="t" name="{}" file="app.py" line="2" time="0.1">{}</testcase>'
FAILED = '<failure message="assert 0">E assert 0</failure>'


class SuiteJob(Job):
    """A pull request whose tests ran before, beside a report."""

    def results(self, *failed: str) -> None:
        """A JUnit file of three tests."""
        cases = [CASE.format(n, FAILED if n in failed else "") for n in ("old", "new", "good")]
        text = (
            f'<testsuite name="s" tests="3" failures="{len(failed)}">{"".join(cases)}</testsuite>'
        )
        (self.repo.root / "junit.xml").write_text(text)
        self.report()

    def push(self, *failed: str, **inputs: str) -> None:
        self.repo.git("checkout", "-q", self.base)
        self.results(*failed)
        payload = {
            "ref": "refs/heads/main",
            "before": "0" * 40,
            "after": self.base,
            "forced": False,
            "repository": {"full_name": REPO, "default_branch": "main"},
        }
        env = {"GITHUB_REF": "refs/heads/main", "GITHUB_SHA": self.base}
        self.run(event_name="push", payload=payload, env=env, test_results="junit.xml", **inputs)

    def pull(self, *failed: str, **inputs: str) -> None:
        self.repo.git("checkout", "-q", self.merge)
        self.results(*failed)
        self.run(test_results="junit.xml", **inputs)

    def texts(self) -> dict[str, str]:
        """What the check runs on the base keep."""
        kept = [c.data for c in self.github.checks.values() if c.data["head_sha"] == self.base]
        return {data["name"]: data["output"]["text"] or "" for data in kept}


@pytest.fixture
def job(tmp_path: Path, strict: FakeGitHub) -> SuiteJob:
    made = SuiteJob(tmp_path, strict)
    strict.git = GitSide(made.repo.root)
    return made


@pytest.mark.parametrize("checks", ["two", "one"])
def test_a_failure_is_told_new_or_known(job: SuiteJob, checks: str) -> None:
    job.push("old", checks=checks)
    kept = job.texts()
    tests = kept["qe-action tests" if checks == "two" else "qe-action coverage"]
    assert len(kept) == (2 if checks == "two" else 1)
    digest = test_baseline.decode(tests)
    assert digest is not None
    assert len(digest.failing) == 1
    assert not any(map(baseline.decode, kept.values())), "a red suite's coverage is partial"
    job.github.requests.clear()
    job.pull("old", "new", checks=checks)
    (old,), (new,) = (
        [line for line in job.comment.body.splitlines() if f"[`t::{name}`]" in line and "|" in line]
        for name in ("old", "new")
    )
    assert "| also fails on the base |" in old
    assert "| new |" in new
    looked = job.github.sent("GET", f"/commits/{job.base}/check-runs")
    assert len(looked) == len(kept), "one request for each check run that keeps something"


def test_without_a_baseline_nothing_is_told_of_failures(job: SuiteJob) -> None:
    job.pull("old")
    assert "also fails on the base" not in job.comment.body
    assert "which failures are new" in job.comment.body
