"""A suite's failures on the pull request while it runs: the suite itself waits to see them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_github import FakeGitHub
from fake_github.git import GitSide
from job import Job, wait_until
from runner import Result

SUITE = """
import pathlib, time

def test_fails():
    assert 1 == 2

def test_waits():
    for _ in range(600):
        if pathlib.Path({seen!r}).exists():
            return
        time.sleep(0.1)
    raise AssertionError("the failure was not shown")
"""
COVERED = ("--cov=app", "--cov-report=xml", "-p", "no:cacheprovider")


class LiveJob(Job):
    """A pull request with tests of its own."""

    def __init__(self, tmp: Path, github: FakeGitHub) -> None:
        super().__init__(tmp, github)
        self.seen = tmp / "seen"
        self.repo.git("checkout", "-q", "feature")
        suite = SUITE.format(seen=str(self.seen))
        self.head = self.repo.commit({"test_app.py": f"import app{suite}"})
        self.merge = self.repo.merge("main", "feature")
        github.git = GitSide(self.repo.root)
        github.add_pull(7, self.head, self.base)

    def test(self, cancel_when: Callable[[], bool] | None = None) -> Result:
        """`qe-action test` with it."""
        words = (sys.executable, "-m", "pytest", *COVERED)
        return self.run(command=("test", "--", *words), cancel_when=cancel_when)

    def shown(self) -> bool:
        """Whether the failure stands on its line, and in the comment."""
        checks = [*self.github.checks.values()]
        return bool(checks and checks[0].annotations and self.github.comments)

    def checks(self) -> list[tuple[str, str, str, int]]:
        return [
            (c.data["name"], c.data["status"], c.data["conclusion"], len(c.annotations))
            for c in self.github.checks.values()
        ]


@pytest.fixture
def job(tmp_path: Path, strict: FakeGitHub) -> LiveJob:
    return LiveJob(tmp_path, strict)


def test_a_failure_is_on_its_line_before_the_suite_has_ended(job: LiveJob) -> None:
    def look() -> None:
        wait_until(job.shown)
        job.seen.touch()

    looking = threading.Thread(target=look)
    looking.start()
    result = job.test()
    looking.join()
    assert result.status == 1, result.log
    assert "1 failed, 1 passed" in result.log
    assert job.checks() == [
        ("qe-action tests", "completed", "failure", 1),
        ("qe-action coverage", "completed", "success", 0),
    ]
    (annotation,) = next(iter(job.github.checks.values())).annotations
    assert (annotation["path"], annotation["start_line"]) == ("test_app.py", 5)
    assert "1 of 2 tests failed" in job.comment.body
    assert result.outputs["tests-check-url"] != result.outputs["check-run-url"] != ""


def test_a_suite_that_is_cancelled_keeps_what_was_shown(job: LiveJob) -> None:
    result = job.test(cancel_when=job.shown)
    assert result.status != 0
    assert job.checks() == [("qe-action tests", "completed", "cancelled", 1)]
    assert "test_waits" in job.comment.body
