"""One check run and one comment, whatever ran before, beside or after."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fake_github import BOT, FakeGitHub
from job import HANGS, Job, read_comment_marker, wait_until
from slowness import slowness

NAME = "qe-action coverage"


@pytest.fixture
def job(tmp_path: Path, fake_github: FakeGitHub) -> Job:
    made = Job(tmp_path, fake_github)
    made.report()
    return made


def kill_when(job: Job, ready: Callable[[], bool]) -> None:
    """Start a run and kill it, with no chance to say anything, once `ready`."""
    with job.started() as process:
        wait_until(ready, patience=60)
        process.kill()


def run_env(run: int, attempt: int = 1) -> dict[str, str]:
    return {"GITHUB_RUN_ID": str(run), "GITHUB_RUN_ATTEMPT": str(attempt)}


def words_of(job: Job) -> str:
    marker = read_comment_marker(job.comment.body)
    return f"{marker.run}.{marker.attempt} {'done' if marker.done else 'open'}"


def test_a_run_that_died_is_continued(job: Job) -> None:
    """The same check run, and the annotations that it has are not given again."""
    job.github.fail("PATCH", "/check-runs/", "delay", seconds=99, after_effect=True)
    kill_when(job, lambda: any(check.annotations for check in job.github.checks.values()))
    assert job.check.data["status"] != "completed" or job.check.annotations
    given = len(job.check.annotations)
    job.github.faults.clear()
    job.run()
    assert job.check.data["conclusion"] == "success"
    assert len(job.check.annotations) == given == 2
    assert words_of(job) == "42.1 done"


def test_with_another_report_it_is_another_check_run(job: Job) -> None:
    job.run()
    job.report({1})
    job.run()
    assert len(job.github.checks) == 2
    assert {check.data["name"] for check in job.github.checks.values()} == {NAME}
    assert words_of(job) == "42.1 done"


def test_a_repeated_step_changes_nothing(job: Job) -> None:
    job.run()
    before = (job.check.annotations[:], job.check.data["output"]["title"])
    job.run()
    assert (job.check.annotations, job.check.data["output"]["title"]) == before
    assert job.check.data["status"] == "completed"


def test_the_next_attempt_ends_what_the_last_one_left_open(job: Job) -> None:
    job.github.fail("PATCH", "/check-runs/", "delay", seconds=99)
    kill_when(job, lambda: bool(job.github.sent("PATCH", "/check-runs/")))
    (left,) = job.github.checks.values()
    assert left.data["status"] == "in_progress"
    job.github.faults.clear()
    job.run(env=run_env(42, 2))
    (first, second) = job.github.checks.values()
    assert (first.data["status"], first.data["conclusion"]) == ("completed", "cancelled")
    assert first.data["output"]["title"] == "Superseded by attempt 2"
    assert second.data["conclusion"] == "success"
    assert words_of(job) == "42.2 done"


def test_another_run_s_open_check_run_is_its_own_affair(job: Job) -> None:
    job.github.fail("PATCH", "/check-runs/", "delay", seconds=99)
    kill_when(job, lambda: bool(job.github.sent("PATCH", "/check-runs/")))
    job.github.faults.clear()
    job.run(env=run_env(43))
    (first, _) = job.github.checks.values()
    assert first.data["status"] == "in_progress"


def test_an_older_run_leaves_the_newer_comment_alone(job: Job) -> None:
    job.run(env=run_env(50))
    words = job.comment.body
    result = job.run(env=run_env(49, 3))
    assert job.comment.body == words
    conclusions = [check.data["conclusion"] for check in job.github.checks.values()]
    assert conclusions == ["success", "success"], "its own check run is completed all the same"
    assert "the result of a newer run (50, attempt 1)" in result.log
    assert result.status == 0


def test_a_newer_run_and_a_newer_attempt_take_the_comment_over(job: Job) -> None:
    for run, attempt in ((42, 1), (42, 2), (43, 1)):
        job.run(env=run_env(run, attempt))
        assert words_of(job) == f"{run}.{attempt} done"


def test_a_comment_of_an_earlier_version_is_taken_over(job: Job) -> None:
    old = read_comment_marker  # its marker said neither run nor state
    job.run()
    place = old(job.comment.body).place
    job.comment.body = f"<!-- qe-action comment {place} -->\n### old"
    job.run()
    assert words_of(job) == "42.1 done"


def test_duplicates_from_a_race_are_merged_into_the_oldest(job: Job) -> None:
    job.run(env=run_env(41))
    (oldest,) = [n for n, c in job.github.comments.items() if c.login == BOT]
    for run in (39, 40):
        body = job.github.comments[oldest].body.replace("run=41 ", f"run={run} ")
        job.github.add_comment(7, body, login=BOT)
    job.run()
    assert list(job.github.comments) == [oldest]
    assert words_of(job) == "42.1 done"


def test_of_two_that_create_at_once_one_comment_stays_with_the_newer_words(job: Job) -> None:
    """Another run's comment appears between this run's look and its creation."""
    job.run(env=run_env(43))
    newer = job.comment.body
    job.github.comments.clear()
    job.github.fail("POST", "/issues/7/comments", "delay", seconds=2)
    with job.started() as process:
        wait_until(lambda: bool(job.github.sent("POST", "/issues/7/comments")[1:]))
        job.github.add_comment(7, newer, login=BOT)
        log, _ = process.communicate(timeout=HANGS)
    assert job.comment.body == newer
    assert "newer run (43" in log


def test_of_several_that_create_at_once_one_stays_although_the_list_lags(job: Job) -> None:
    job.github.lag = 0.8
    running = [job.started(**run_env(run), QE_ACTION_WRITE_GAP="1") for run in (43, 44, 45)]
    logs = [process.communicate(timeout=HANGS)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], logs
    assert words_of(job) == "45.1 done"


def test_a_comment_that_was_deleted_is_made_anew(job: Job) -> None:
    job.run(env=run_env(41))
    job.github.fail("PATCH", "/issues/comments/", 404, times=1)
    (ident,) = job.github.comments
    del job.github.comments[ident]
    job.run()
    assert words_of(job) == "42.1 done"


@pytest.mark.parametrize(
    "first",
    [pytest.param(True, marks=pytest.mark.slow, id="creates"), pytest.param(False, id="edits")],
)
def test_words_that_arrive_after_a_newer_run_s_are_replaced_by_these(job: Job, first: bool) -> None:
    """An older run's write is under way while a newer run looks, writes and ends."""
    if not first:
        job.run(env=run_env(41))
    path = "/issues/7/comments" if first else "/issues/comments/"
    method = "POST" if first else "PATCH"
    before = len(job.github.sent(method, path))
    # As long as a whole run of the newer one may take here.
    job.github.fail(method, path, "delay", seconds=4 * slowness())
    with job.started(QE_ACTION_TIMEOUT="600", QE_ACTION_EDIT_INTERVAL="3600") as process:
        wait_until(lambda: len(job.github.sent(method, path)) > before)
        job.report({3})
        job.run(env=run_env(43))
        (newer,) = [c.body for c in job.github.comments.values() if "run=43" in c.body]
        log, _ = process.communicate(timeout=HANGS)
    assert job.comment.body == newer
    assert words_of(job) == "43.1 done"
    assert "newer run (43" in log


def test_a_second_report_under_the_same_name_in_one_run_is_told(job: Job) -> None:
    assert "a second time" not in job.run().log
    job.report({1})
    assert "This run reports as qe-action coverage a second time" in job.run().log
    assert "a second time" not in job.run(env=run_env(42, 2)).log
