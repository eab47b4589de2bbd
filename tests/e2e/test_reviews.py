"""Review comments over several pushes: `qe-action run` in a process each, one pull request."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from fake_github import FakeGitHub
from fake_github.git import GitSide
from fake_github.reviews import LineComment, reply
from job import HANGS, Job, cobertura, wait_until
from runner import Result
from slowness import in_time

from qe_action.render.review import read_marker, without_marker

OLD = [f"a{n} = {n}" for n in range(1, 11)]
NEW = [f"b{n} = {n}" for n in range(1, 11)]
MISSED = ("b2 = 2", "b3 = 3", "b7 = 7")


class Pushes(Job):
    """Pushes to the pull request, and the run that each one starts."""

    def __init__(self, tmp: Path, github: FakeGitHub) -> None:
        super().__init__(tmp, github)
        github.git = GitSide(self.repo.root)
        self.number = 41

    def push(self, lines: list[str], missed: tuple[str, ...] = MISSED) -> None:
        """Make `lines` the text of app.py; the tests miss those that are in `missed`."""
        self.push_files({"app.py": lines}, missed)

    def push_files(self, files: Mapping[str, list[str]], missed: tuple[str, ...]) -> None:
        self.repo.git("checkout", "-q", "-f", "feature")
        texts = {name: "".join(f"{line}\n" for line in lines) for name, lines in files.items()}
        self.head = self.repo.commit(texts)
        self.merge = self.repo.merge("main", "feature")
        self.github.pulls[7].head_sha = self.head
        self.missed_in(files, missed)

    def missed_in(self, files: Mapping[str, list[str]], missed: tuple[str, ...]) -> None:
        counted = {
            name: {n: int(line not in missed) for n, line in enumerate(lines, 1)}
            for name, lines in files.items()
        }
        (self.repo.root / "coverage.xml").write_text(cobertura(counted))

    def review(self, *, same_run: bool = False, **more: Any) -> Result:
        """A run with `review-comments`; each has an id of its own."""
        self.number += not same_run
        env = {"GITHUB_RUN_ID": str(self.number), **more.pop("env", {})}
        return self.run(review_comments="true", env=env, **more)

    @property
    def spans(self) -> list[tuple[int, int]]:
        return [(c.start, c.end) for c in self.github.review_comments.values()]

    def comment_on(self, start: int) -> tuple[int, LineComment]:
        """The one comment that was made on lines from `start` on."""
        (found,) = [(i, c) for i, c in self.github.review_comments.items() if c.start == start]
        return found


@pytest.fixture
def job(tmp_path: Path, strict: FakeGitHub) -> Pushes:
    made = Pushes(tmp_path, strict)
    made.push(OLD + NEW)
    return made


def writes(job: Job, since: int = 0) -> list[str]:
    return [
        r.method for r in job.github.requests[since:] if r.method != "GET" and "/pulls/" in r.path
    ]


def test_a_push_gets_one_review_with_a_comment_for_each_gap(job: Pushes) -> None:
    result = job.review()
    assert result.status == 0, result.log
    assert job.spans == [(12, 13), (17, 17)]
    (review,) = job.github.reviews.values()
    assert (review.event, review.commit, review.login) == (
        "COMMENT",
        job.head,
        "github-actions[bot]",
    )
    assert review.body == "qe-action coverage: 2 gaps in the changed lines."
    first = job.comment_on(12)[1]
    assert first.review == next(iter(job.github.reviews))
    shown = without_marker(first.body)
    assert shown.startswith("**Not covered: 2 statements**")
    assert "Severity **" in shown
    marker = read_marker(first.body)
    assert marker is not None
    assert marker.run == (42, 1)
    assert writes(job) == ["POST"]


def test_without_the_input_there_is_no_review(job: Pushes) -> None:
    job.run()
    assert not job.github.reviews
    assert not job.github.sent("GET", "/pulls/7/comments")


def test_a_push_that_moves_the_lines_says_nothing_again(job: Pushes) -> None:
    job.review()
    before, asked = dict(job.github.review_comments), len(job.github.requests)
    job.push(["import os", "import sys", *OLD, "between = 1", *NEW])
    job.review()
    assert job.github.review_comments == before
    assert len(job.github.reviews) == 1
    assert writes(job, asked) == []


def test_a_gap_that_is_covered_loses_its_comment_and_a_new_one_gets_one(job: Pushes) -> None:
    job.review()
    kept, _ = job.comment_on(17)
    job.push([*OLD, *NEW, "c1 = 1", "c2 = 2"], ("b7 = 7", "c2 = 2"))
    job.review()
    assert job.spans == [(17, 17), (22, 22)]
    assert job.comment_on(17)[0] == kept
    assert len(job.github.reviews) == 2
    assert "1 commented on here" in [*job.github.reviews.values()][-1].body


def test_an_answered_comment_is_left_alone_also_where_its_gap_is_gone(job: Pushes) -> None:
    job.review()
    ident, comment = job.comment_on(12)
    text = comment.body
    answer = reply(job.github, ident)
    job.push(OLD + NEW, ("b3 = 3",))
    job.review()
    job.push(OLD + NEW, ())
    job.review()
    assert set(job.github.review_comments) == {ident, answer}
    assert job.github.review_comments[ident].body == text
    assert len(job.github.reviews) == 1


def test_a_gap_that_shrinks_keeps_its_comment_with_a_new_text(job: Pushes) -> None:
    job.review()
    ident, _ = job.comment_on(12)
    job.push(OLD + NEW, ("b3 = 3", "b7 = 7"))
    job.review()
    comment = job.github.review_comments[ident]
    assert comment.edits == 1
    assert "1 statement**" in comment.body
    assert len(job.github.reviews) == 1
    job.review()
    assert comment.edits == 1


def test_a_gap_whose_lines_were_replaced_is_another_one(job: Pushes) -> None:
    job.review()
    ident, _ = job.comment_on(17)
    changed = [line.replace("b7 = 7", "b7 = other()") for line in OLD + NEW]
    job.push(changed, ("b2 = 2", "b3 = 3", "b7 = other()"))
    job.review()
    assert ident not in job.github.review_comments
    assert job.spans == [(12, 13), (17, 17)]
    assert len(job.github.reviews) == 2


def test_ten_gaps_at_most_get_a_comment_and_none_is_added_without_need(job: Pushes) -> None:
    lines = [f"n{n} = {n}" for n in range(60)]
    missed = tuple(lines[4::4])
    job.push_files({"app.py": OLD + lines}, missed)
    job.review()
    assert len(missed) == 14
    assert len(job.spans) == 10
    assert (
        "14 gaps in the changed lines, 10 commented on here"
        in next(iter(job.github.reviews.values())).body
    )
    job.review()
    assert len(job.github.reviews) == 1
    job.missed_in({"app.py": OLD + lines}, missed[1:])
    job.review()
    assert len(job.spans) == 10
    assert len(job.github.reviews) == 2


@pytest.mark.parametrize("after_effect", [True, False])
def test_a_review_that_was_answered_502_is_made_once(job: Pushes, after_effect: bool) -> None:
    job.github.fail("POST", "/reviews", 502, after_effect=after_effect)
    result = job.review()
    assert result.status == 0
    assert job.spans == [(12, 13), (17, 17)]
    assert len(job.github.reviews) == 1
    assert len(job.github.sent("POST", "/reviews")) == 2 - after_effect
    assert not [c for c in result.commands if c.name == "warning"]


def test_a_deletion_whose_answer_was_lost_is_no_problem(job: Pushes) -> None:
    job.review()
    job.missed_in({"app.py": OLD + NEW}, ("b7 = 7",))
    job.github.fail("DELETE", "/pulls/comments/", "drop", after_effect=True)
    result = job.review()
    assert job.spans == [(17, 17)]
    assert not [c for c in result.commands if c.name == "warning"]


def test_a_read_only_token_is_no_error(job: Pushes) -> None:
    result = job.review(token=job.github.read_only_token, fail_on_error="true")
    assert result.status == 0, result.log
    assert not job.github.reviews
    assert "may only read" in result.log
    assert [c.properties["line"] for c in result.commands if c.name == "warning"] == ["12", "17"]


def test_a_token_that_may_not_review_is_told_what_it_lacks(job: Pushes) -> None:
    token = job.github.add_token(
        "ghs_checks", checks="write", contents="read", pull_requests="read"
    )
    result = job.review(token=token, comment="never")
    assert result.status == 0
    assert job.check.data["conclusion"] == "success"
    assert "GitHub refused to review the pull request (403)" in result.log
    assert "pull-requests: write" in result.log


@pytest.mark.parametrize(
    ("method", "path", "after_effect"),
    [
        ("GET", "/pulls/7/comments", False),
        pytest.param("GET", "/pulls/7/files", False, marks=pytest.mark.slow),
        ("POST", "/pulls/7/reviews", False),
        ("POST", "/pulls/7/reviews", True),
        pytest.param("DELETE", "/pulls/comments/", False, marks=pytest.mark.slow),
        ("DELETE", "/pulls/comments/", True),
        pytest.param("PATCH", "/pulls/comments/", False, marks=pytest.mark.slow),
        ("PATCH", "/pulls/comments/", True),
    ],
)
def test_a_run_killed_at_any_request_is_made_good_by_its_next_attempt(
    job: Pushes, method: str, path: str, after_effect: bool
) -> None:
    lines = [*OLD, *NEW, "c1 = 1"]
    job.review()
    job.push(lines, ("b3 = 3", "c1 = 1"))
    job.github.fail(method, path, "delay", seconds=60, after_effect=after_effect)
    asked = len(job.github.sent(method, path))
    killed = start(job)
    wait_until(lambda: len(job.github.sent(method, path)) > asked)
    time.sleep(0.1)  # for its effect
    killed.kill()
    killed.communicate()
    job.review(same_run=True, env={"GITHUB_RUN_ID": "50", "GITHUB_RUN_ATTEMPT": "2"})
    shown = {c.end: without_marker(c.body)[:30] for c in job.github.review_comments.values()}
    assert shown == {13: "**Not covered: 1 statement**\n\n", 21: "**Not covered: 1 statement**\n\n"}
    assert len(job.spans) == 2
    assert len(job.github.reviews) == 2


def test_where_the_base_moved_comments_stand_on_the_head_s_lines(
    tmp_path: Path, strict: FakeGitHub
) -> None:
    job = Job(tmp_path, strict, moved=4)
    strict.git = GitSide(job.repo.root)
    job.report({2, 3, 7})
    assert job.run(review_comments="true").status == 0
    comments = strict.review_comments.values()
    assert [(c.start, c.end) for c in comments] == [(12, 13), (17, 17)]


def test_an_older_run_leaves_the_newer_one_s_comments_alone(job: Pushes) -> None:
    job.review()
    before = dict(job.github.review_comments)
    job.missed_in({"app.py": OLD + NEW}, ("b9 = 9",))
    asked = len(job.github.requests)
    old = job.review(same_run=True, env={"GITHUB_RUN_ID": "7"})
    assert job.github.review_comments == before
    assert writes(job, asked) == []
    assert "A newer run has written the review comments" in old.log
    job.review(same_run=True, env={"GITHUB_RUN_ID": "42", "GITHUB_RUN_ATTEMPT": "2"})
    assert job.spans == [(19, 19)]


def test_a_head_that_moved_on_and_a_closed_pull_request_hear_nothing(job: Pushes) -> None:
    job.github.pulls[7].state = "closed"
    job.review()
    job.github.pulls[7].state = "open"
    measured = job.head
    job.push(OLD + NEW + ["more = 1"])
    job.head, job.merge = measured, measured
    job.repo.git("checkout", "-q", "-f", measured)
    job.missed_in({"app.py": OLD + NEW}, MISSED)
    assert job.review().status == 0
    assert not job.github.reviews


def test_two_runs_at_once_leave_one_comment_a_gap(job: Pushes) -> None:
    """Both have looked before either writes."""
    job.github.fail("POST", "/reviews", "delay", seconds=2, times=2)
    other = start(job, run_id="77")
    wait_until(lambda: bool(job.github.sent("POST", "/reviews")))
    job.review()
    other.communicate(timeout=HANGS)
    assert len(job.github.reviews) == 2
    assert sorted(job.spans) == [(12, 13), (17, 17)]
    assert {c.review for c in job.github.review_comments.values()} == {min(job.github.reviews)}


def test_a_cancelled_run_says_nothing(job: Pushes) -> None:
    job.github.fail("GET", "/pulls/7/files", "delay", seconds=1)
    result = job.review(cancel_when=lambda: bool(job.github.sent("GET", "/pulls/7/files")))
    assert in_time(result.seconds, 7)
    assert not job.github.reviews


def test_a_red_suite_s_report_gives_no_review(job: Pushes) -> None:
    job.review(tests_outcome="failure")
    assert not job.github.reviews


def test_another_check_s_comments_and_forged_ones_are_not_ours(job: Pushes) -> None:
    job.review(name="python")
    theirs = dict(job.github.review_comments)
    body = next(iter(theirs.values())).body
    forged = LineComment(7, "mallory", body, "app.py", 20, 20, job.head, 1)
    job.github.review_comments[1] = forged
    job.missed_in({"app.py": OLD + NEW}, ())
    job.review(name="other")
    assert job.github.review_comments == {**theirs, 1: forged}
    job.review(name="python")
    assert job.github.review_comments == {1: forged}


def start(job: Pushes, run_id: str = "50") -> subprocess.Popen[str]:
    """A run that goes on by itself."""
    return job.started(**{"INPUT_REVIEW-COMMENTS": "true", "GITHUB_RUN_ID": run_id})
