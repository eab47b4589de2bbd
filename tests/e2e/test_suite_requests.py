"""How many requests a whole run costs: a suite of ten minutes, its analysis, all that is sent."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from fake_github import FakeGitHub
from fake_github.git import GitSide
from job import Job

REQUESTS = 40
"""Of a suite of ten minutes with forty failures."""
SPEED = 20
"""How much faster than real seconds it goes."""
SUITE = """
import app, pytest, time

@pytest.mark.parametrize("number", range(40))
def test_fails(number):
    time.sleep({each})
    assert number < 0

def test_passes():
    time.sleep({rest})
"""
COVERED = ("--cov=app", "--cov-report=xml", "-p", "no:cacheprovider", "--tb=line", "-q")


@pytest.mark.slow
@pytest.mark.parametrize(("each", "rest"), [(15, 0), (0.1, 596)], ids=["evenly", "at once"])
def test_a_whole_run_of_ten_minutes_with_forty_failures_costs_few_requests(
    tmp_path: Path, strict: FakeGitHub, each: float, rest: float
) -> None:
    job = Job(tmp_path, strict)
    job.repo.git("checkout", "-q", "feature")
    suite = SUITE.format(each=each / SPEED, rest=rest / SPEED)
    job.head = job.repo.commit({"test_app.py": suite})
    job.merge = job.repo.merge("main", "feature")
    strict.git = GitSide(job.repo.root)
    strict.add_pull(7, job.head, job.base)
    result = job.run(
        command=("test", "--", sys.executable, "-m", "pytest", *COVERED),
        env={"QE_ACTION_EDIT_INTERVAL": f"{1 / SPEED:.6f}"},
    )
    assert "40 failed, 1 passed" in result.log
    assert [check.data["status"] for check in strict.checks.values()] == ["completed"] * 2
    assert sum(len(check.annotations) for check in strict.checks.values()) >= 40
    assert len(strict.comments) == 1
    made = [f"{request.method} {request.path}" for request in strict.requests]
    assert len(made) <= REQUESTS, "\n".join(made)
