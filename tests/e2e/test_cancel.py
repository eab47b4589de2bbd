"""A cancelled run against a GitHub that is slow, hangs or refuses: nothing stays "running"."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_github import BOT, FakeGitHub
from fake_github.wire import Recorded
from job import Job, cobertura
from runner import Result
from slowness import in_time

from qe_action.render.marker import Marker, place_of

HANG = 30.0
RUNNING = f"{Marker(place_of('qe-action coverage')).line}\nThe analysis is still running"


@pytest.fixture
def job(tmp_path: Path, fake_github: FakeGitHub) -> Job:
    made = Job(tmp_path, fake_github)
    made.report()
    return made


def sent(job: Job, method: str, path: str) -> Callable[[], bool]:
    return lambda: bool(job.github.sent(method, path))


def completed(job: Job, patience: float = 5.0) -> bool:
    """The check run is completed, perhaps by a request that was on its way at the end."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if job.github.checks and job.check.data["status"] == "completed":
            return True
        time.sleep(0.05)
    return False


def test_a_check_whose_creation_was_answered_too_late_is_completed(job: Job) -> None:
    job.github.fail("POST", "/check-runs", "delay", seconds=3, after_effect=True)
    result = job.run(cancel_when=lambda: bool(job.github.checks))
    assert in_time(result.seconds, 7)
    assert job.check.data["status"] == "completed"


def test_a_check_whose_creation_is_never_answered_is_looked_up(job: Job) -> None:
    job.github.fail("POST", "/check-runs", "delay", seconds=HANG, after_effect=True)
    result = job.run(cancel_when=lambda: bool(job.github.checks))
    assert in_time(result.seconds, 7)
    assert job.check.data["status"] == "completed"
    assert len(job.github.checks) == 1


@pytest.mark.parametrize("after_effect", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_where_every_answer_takes_three_seconds_the_check_is_completed(
    job: Job, after_effect: bool
) -> None:
    job.github.fail("*", "", "delay", seconds=3, times=99, after_effect=after_effect)
    result = job.run(cancel_when=sent(job, "POST", "/check-runs"))
    assert in_time(result.seconds, 7)
    assert completed(job)
    assert len(job.github.checks) == 1


def test_a_last_edit_of_the_check_that_hangs_is_tried_once_more(job: Job) -> None:
    job.github.fail("PATCH", "/check-runs/", "delay", seconds=HANG)
    result = job.run(cancel_when=sent(job, "PATCH", "/check-runs/"))
    assert in_time(result.seconds, 7)
    assert job.check.data["status"] == "completed"
    assert "still running" not in job.comment.body


def test_a_last_edit_of_the_comment_that_hangs_is_tried_once_more(job: Job) -> None:
    job.github.add_comment(7, RUNNING, login=BOT)
    job.github.fail("PATCH", "/issues/comments/", "delay", seconds=HANG)
    result = job.run(cancel_when=sent(job, "PATCH", "/issues/comments/"))
    assert in_time(result.seconds, 7)
    assert "still running" not in job.comment.body
    assert job.check.data["status"] == "completed"


def test_a_comment_whose_creation_was_answered_too_late_is_no_second_one(job: Job) -> None:
    job.github.fail("POST", "/comments", "delay", seconds=HANG, after_effect=True)
    result = job.run(cancel_when=lambda: bool(job.github.comments))
    assert in_time(result.seconds, 7)
    assert "still running" not in job.comment.body
    assert job.check.data["status"] == "completed"


def test_a_check_run_that_hangs_for_good_does_not_cost_the_comment(job: Job) -> None:
    job.github.add_comment(7, RUNNING, login=BOT)
    job.github.fail("*", "/check-runs", "delay", seconds=HANG, times=99)
    result = job.run(cancel_when=sent(job, "GET", "/check-runs"))
    assert in_time(result.seconds, 7)
    assert "still running" not in job.comment.body


@pytest.mark.slow  # a dead GitHub and a check run that hangs do not, either
def test_comments_that_hang_for_good_do_not_cost_the_check_run(job: Job) -> None:
    job.github.fail("*", "/comments", "delay", seconds=HANG, times=99)
    result = job.run(cancel_when=sent(job, "GET", "/comments"))
    assert in_time(result.seconds, 7)
    assert job.check.data["status"] == "completed"


def test_a_dead_github_does_not_keep_the_process(job: Job) -> None:
    job.github.fail("*", "", "delay", seconds=HANG, times=99)
    result = job.run(cancel_when=lambda: bool(job.github.requests))
    assert in_time(result.seconds, 7)
    assert result.summary
    assert "Traceback" not in result.log


@pytest.mark.parametrize(
    ("status", "said"),
    [(422, ""), (404, ""), (403, "Resource not accessible by integration")],
)
def test_a_refused_last_update_does_not_cost_the_conclusion(
    job: Job, status: int, said: str
) -> None:
    job.github.fail("PATCH", "/check-runs/", status, message=said)
    result = job.run()
    assert job.check.data["status"] == "completed"
    assert job.check.annotations == []
    assert "2 annotations" in _warnings(result)


class Picky(FakeGitHub):
    """Refuses requests with an annotation on line 12."""

    def serve(self, request: Recorded) -> bool:
        if request.method == "PATCH" and b'"start_line": 12,' in request.content:
            self.fail("PATCH", "/check-runs/", 422)
        return super().serve(request)


def test_a_refused_step_costs_its_own_annotations_only(tmp_path: Path) -> None:
    with Picky() as github:
        job = Job(tmp_path, github)
        job.repo.git("checkout", "-q", "feature")
        job.head = job.repo.commit({"long.py": "x = 1\n" * 260})
        job.merge = job.repo.merge("main", "feature")
        github.add_pull(7, job.head, job.base)
        missed = cobertura({"long.py": {n: n % 2 for n in range(1, 261)}})
        (job.repo.root / "coverage.xml").write_text(missed)
        result = job.run(max_annotations="200", unmeasured="ignore")
        assert (job.check.data["status"], job.check.data["conclusion"]) == ("completed", "success")
        assert len(job.check.annotations) == 80
        assert 12 not in [a["start_line"] for a in job.check.annotations]
        assert "50 annotations could not be delivered" in _warnings(result)


def test_a_comment_that_quotes_our_marker_is_not_ours(job: Job) -> None:
    quoting = "digest of another workflow\n> " + Marker(place_of("qe-action coverage")).line
    ident = job.github.add_comment(7, quoting, login=BOT)
    job.run()
    assert job.github.comments[ident].body == quoting
    assert len(job.github.comments) == 2


def _warnings(result: Result) -> str:
    return "\n".join(c.message for c in result.commands if c.name == "warning")
