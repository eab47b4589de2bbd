"""Each request of a review, struck by each fault: in the end the same comments stand there."""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal

import pytest
from fake_github import FakeGitHub
from test_review_comments import deliver, gap, with_pull

Kind = int | Literal["drop", "delay"]

REQUESTS = {
    "list": ("GET", "/pulls/7/comments"),
    "list again": ("GET", "/pulls/7/comments"),
    "files": ("GET", "/pulls/7/files"),
    "head": ("GET", "/pulls/7$"),
    "review": ("POST", "/pulls/7/reviews"),
    "delete": ("DELETE", "/pulls/comments/"),
    "edit": ("PATCH", "/pulls/comments/"),
    "who": ("POST", "/graphql$"),
}
PASSING: tuple[tuple[Kind, bool, dict[str, str], str], ...] = (
    (500, False, {}, ""),
    (502, False, {}, ""),
    (502, True, {}, ""),
    (503, False, {"Retry-After": "0"}, ""),
    (429, False, {"Retry-After": "0"}, ""),
    (403, False, {"Retry-After": "0"}, "You have exceeded a secondary rate limit"),
    ("drop", False, {}, ""),
    ("drop", True, {}, ""),
)
REFUSALS = (401, 403, 404, 409, 422)


def prepared() -> FakeGitHub:
    """A pull request with comments of an earlier run: one stays, one changes, one goes."""
    github = with_pull(FakeGitHub().start())
    deliver(github, [gap(3), gap(9, 12), gap(20)])
    github.requests.clear()
    return github


def second_run(github: FakeGitHub, run: int = 2) -> Any:
    return deliver(github, [gap(3), gap(10, 12), gap(40, 45)], run=run)


def standing(github: FakeGitHub) -> Counter[tuple[int, int, str]]:
    """What is to be read where."""
    return Counter(
        (c.start, c.end, c.body.partition("\n")[2]) for c in github.review_comments.values()
    )


def faultless() -> Counter[tuple[int, int, str]]:
    github = prepared()
    second_run(github)
    github.stop()
    return standing(github)


EXPECTED = faultless()


def test_what_the_runs_without_faults_leave() -> None:
    assert sorted(span[:2] for span in EXPECTED) == [(3, 3), (9, 12), (40, 45)]


@pytest.mark.parametrize(("kind", "after_effect", "headers", "said"), PASSING)
@pytest.mark.parametrize("name", REQUESTS)
def test_a_passing_fault_changes_nothing(
    name: str, kind: Kind, after_effect: bool, headers: dict[str, str], said: str
) -> None:
    github = prepared()
    fault = github.fail(
        *REQUESTS[name],
        kind,
        after_effect=after_effect,
        headers=headers,
        message=said,
        skip=int(name == "list again"),
    )
    delivery = second_run(github)
    github.stop()
    assert fault.hits == 1
    assert standing(github) == EXPECTED
    assert len(github.reviews) == 2
    assert not delivery.problems


@pytest.mark.parametrize("status", REFUSALS)
@pytest.mark.parametrize("name", REQUESTS)
def test_a_refusal_is_told_and_the_next_run_makes_it_good(name: str, status: int) -> None:
    github = prepared()
    github.fail(*REQUESTS[name], status, message="No", skip=int(name == "list again"))
    first = second_run(github)
    assert max(standing(github).values()) == 1
    told = bool(first.problems)
    done = standing(github) == EXPECTED
    assert told or done or status == 404
    second_run(github, run=3)
    github.stop()
    assert standing(github) == EXPECTED


@pytest.mark.parametrize("kind", [502, "drop"])
@pytest.mark.parametrize("name", REQUESTS)
def test_a_fault_that_lasts_is_told_and_the_next_run_makes_it_good(name: str, kind: Kind) -> None:
    github = prepared()
    fault = github.fail(
        *REQUESTS[name], kind, times=99, after_effect=True, skip=int(name == "list again")
    )
    delivery = second_run(github)
    # What has come about all the same is found when the whole is tried once more.
    assert bool(delivery.problems) == (name not in ("review", "delete", "edit"))
    github.faults.remove(fault)
    second_run(github, run=3)
    github.stop()
    assert standing(github) == EXPECTED
