"""Several jobs with names of their own that share one comment."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from fake_github import FakeGitHub
from job import HANGS, Job, read_comment_marker, wait_until

from qe_action.render.marks import ICONS

GROUP = {"comment_group": "all tests"}


@pytest.fixture
def job(tmp_path: Path, fake_github: FakeGitHub) -> Job:
    made = Job(tmp_path, fake_github)
    made.report()
    return made


def title(job: Job) -> str:
    line: str = job.comment.body.splitlines()[1]
    return line


def part(job: Job, name: str, **inputs: Any) -> None:
    job.run(name=name, **GROUP, **inputs)


def test_there_is_no_verdict_before_the_last_part(job: Job) -> None:
    titles = []
    for name in ("unit", "slow", "windows"):
        part(job, name, expect_parts="3")
        titles.append(title(job))
    assert titles == [
        "### ⏳ all tests: 1 of 3 parts arrived",
        "### ⏳ all tests: 2 of 3 parts arrived",
        f"### {ICONS['ungated']} all tests: 3 parts",
    ]
    for name in ("unit", "slow", "windows"):
        assert f"<summary>{name}</summary>" in job.comment.body
    assert job.comment.body.count("Patch 70%, project") >= 3
    assert len(job.github.checks) == 3


def test_a_failed_part_is_the_verdict_and_has_its_words_shown(job: Job) -> None:
    part(job, "unit")
    part(job, "slow", min_patch_coverage="90")
    assert title(job) == "### ❌ all tests: 1 of 2 parts failed"
    assert "❌ Patch coverage is below 90%" in job.comment.body


def test_a_part_that_is_run_again_replaces_its_own_row(job: Job) -> None:
    part(job, "unit")
    part(job, "slow", min_patch_coverage="90")
    job.report(set())
    part(job, "slow", min_patch_coverage="90", env={"GITHUB_RUN_ATTEMPT": "2"})
    assert title(job) == "### ✅ all tests: 2 parts"
    assert job.comment.body.count("| [slow]") == 1


def test_names_outside_the_group_keep_a_comment_of_their_own(job: Job) -> None:
    part(job, "unit")
    job.run(name="alone")
    bodies = [comment.body for comment in job.github.comments.values()]
    assert len(bodies) == 2
    assert "alone" not in bodies[0]
    assert "unit" not in bodies[1]


def test_with_on_gap_a_part_without_gaps_updates_what_another_made(job: Job) -> None:
    job.report(set())
    part(job, "clean", comment="on-gap")
    assert not job.github.comments
    job.report()
    part(job, "gaps", comment="on-gap")
    job.report(set())
    part(job, "late", comment="on-gap")
    assert "| [late]" in job.comment.body


def test_an_older_commit_s_part_leaves_the_newer_comment_alone(job: Job) -> None:
    job.run(name="unit", **GROUP, env={"GITHUB_RUN_ID": "50"})
    body = job.comment.body
    job.comment.body = body.replace(f"sha={job.head}", f"sha={'f' * 40}")
    kept = job.comment.body
    result = job.run(name="slow", **GROUP, env={"GITHUB_RUN_ID": "49"})
    assert job.comment.body == kept
    assert "a newer run (50" in result.log


def start(job: Job, names: list[str], **env: str) -> list[subprocess.Popen[str]]:
    """Parts that run at the same time."""
    shared = {"INPUT_COMMENT-GROUP": "all tests", "INPUT_EXPECT-PARTS": str(len(names)), **env}
    return [job.started(INPUT_NAME=name, **shared) for name in names]


@pytest.mark.slow  # six processes beside a loaded machine may still miss one another
def test_parts_that_end_at_once_all_stand_in_the_comment(job: Job) -> None:
    """Nobody's words overwrite another's for good, although comments have no locks."""
    names = [f"part {n}" for n in range(6)]
    running = start(job, names, QE_ACTION_EDIT_INTERVAL="0.3")
    logs = [process.communicate(timeout=HANGS)[0] for process in running]
    assert [process.returncode for process in running] == [0] * 6, logs
    assert title(job) == f"### {ICONS['ungated']} all tests: 6 parts", logs
    assert set(read_comment_marker(job.comment.body).parts) == set(job.github.checks)
    for name in names:
        assert f"<summary>{name}</summary>" in job.comment.body


def test_parts_that_are_cancelled_at_once_all_stand_in_one_comment(job: Job) -> None:
    """As those of a matrix are where one fails: all make the comment while no check is done."""
    job.github.fail("PATCH", "/check-runs/", "delay", seconds=1, times=3)
    job.github.fail("POST", "/issues/7/comments", "delay", seconds=0.3, times=3)
    running = start(job, ["a", "b", "c"], QE_ACTION_EDIT_INTERVAL="30")
    wait_until(lambda: len({one.path for one in job.github.sent("PATCH", "/check-runs/")}) == 3)
    for process in running:
        process.send_signal(signal.SIGINT)
    for process in running:
        process.communicate(timeout=HANGS)
    assert title(job) == f"### {ICONS['ungated']} all tests: 3 parts"
    assert set(read_comment_marker(job.comment.body).parts) == set(job.github.checks)


def test_parts_that_do_not_fit_what_is_expected_are_noted(job: Job) -> None:
    for name in ("unit", "slow"):
        part(job, name, expect_parts="1")
    assert "2 parts, and expect-parts says 1." in job.comment.body
    alone = job.run(name="alone", expect_parts="2")
    assert "expect-parts does nothing" in " ".join(c.message for c in alone.commands)
