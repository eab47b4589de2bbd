"""The sinks' pace: steps while the work lasts, few requests, always a last edit."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Iterable
from typing import Any, Literal, Self

import pytest
from fake_github import BOT, FakeGitHub
from pydantic import SecretStr

from qe_action.events import (
    AnalysisComplete,
    AnalyzerProgress,
    Anchor,
    Counts,
    Event,
    Gap,
    GapFound,
    GenerationComplete,
    GeneratorProgress,
    TestCase,
)
from qe_action.github.client import GitHub
from qe_action.github.identity import Identity, RunKey
from qe_action.github.retry_policy import RetryPolicy
from qe_action.render.links import Links
from qe_action.render.markdown import of_the_run
from qe_action.render.marker import Marker, place_of
from qe_action.sinks.annotation_steps import Selection
from qe_action.sinks.check_run import CheckRunSink
from qe_action.sinks.comment import Place, own_comment
from qe_action.sinks.delivery import Delivery
from qe_action.sinks.live_pace import Pace
from qe_action.sinks.pace import FIRST_INTERVAL
from qe_action.stream import Broadcast, EventLog, Replay

SHA = "a" * 40
NEVER = 1e6
"""An interval with which there are no edits on the way, however slow the machine is."""
SPEED = 15.0
"""How much faster than real seconds the tests' clock goes."""


async def sleep(seconds: float) -> None:
    await asyncio.sleep(seconds / SPEED)


async def paced(seconds: float, gaps: int) -> AsyncGenerator[Event, None]:
    """A run that lasts `seconds` and finds `gaps` evenly."""
    for number in range(1, gaps + 1):
        await sleep(seconds / gaps)
        yield AnalyzerProgress(
            percent=100 * number // gaps, message="Reading", files_analyzed=number
        )
        yield GapFound(
            gap=Gap(
                id=str(number),
                file_path="a.py",
                line_start=number,
                line_end=number,
                gap_type="uncovered",
                severity="medium",
                in_diff=True,
                anchor=Anchor(path="a.py", line_start=number, line_end=number),
                statements=1,
            )
        )
    counts = Counts(statements=200, covered=200 - gaps)
    yield AnalysisComplete(
        overall_coverage=counts.percent,
        line_coverage=counts.line_percent,
        branch_coverage=None,
        function_coverage=None,
        patch_coverage=counts.percent,
        totals=counts,
        patch=counts,
        total_gaps=gaps,
        gaps_in_diff=gaps,
        total_files=1,
        analysis_time_ms=int(seconds * 1000),
    )


def made(number: int) -> TestCase:
    name = f"test_{number}"
    return TestCase(
        id=name,
        test_name=name,
        test_code=f"def {name}():\n    assert f({number}) == {number}",
        framework="pytest",
        test_type="unit",
        path="tests/test_a.py",
        target="a.py::f",
    )


async def with_tests(seconds: float, *, last: bool = True) -> AsyncGenerator[Event, None]:
    """A short run, and behind it the generation of two tests, which lasts `seconds`."""
    async for event in paced(3, 3):
        yield event
    for percent in range(101):
        yield GeneratorProgress(percent=percent, message="2 tests hold alone", count=2, total=10)
        await sleep(seconds / 101)
    if last:
        yield GenerationComplete(
            tests=(made(1), made(2)),
            total=2,
            coverage_before=10.0,
            coverage_estimate=60.0,
            framework="pytest",
            test_type="unit",
        )
    else:
        raise RuntimeError("a bug of the generation")


async def preceded(
    source: AsyncGenerator[Event, None], github: FakeGitHub, first: Callable[[], None]
) -> AsyncGenerator[Event, None]:
    while not github.checks:
        await asyncio.sleep(0.01)
    first()
    async for event in source:
        yield event


async def identify() -> Identity:
    return Identity("cov", SHA, RunKey(1, 1), "test", "report")


def deliver(
    github: FakeGitHub,
    source: AsyncGenerator[Event, None],
    *,
    limit: int = 1000,
    first: Callable[[], None] | None = None,
    interval: float = FIRST_INTERVAL,
) -> Delivery:
    """`first` happens as soon as there is a check run."""
    github.add_pull(7, SHA, "b" * 40)
    delivery = Delivery()

    async def main() -> None:
        client = GitHub(
            token=SecretStr(github.token),
            repo=github.repo,
            api_url=github.url,
            policy=RetryPolicy(write_gap=1 / SPEED, backoff=0.01),
        )
        links = Links("https://github.com", github.repo, SHA)
        pace = Pace(interval, sleep)
        check = CheckRunSink(
            client,
            links,
            delivery,
            identify=identify,
            selection=Selection("changed", limit),
            pace=pace,
        )
        place = Place(client, links, delivery, 7, Marker(place_of("cov"), 1, 1, SHA), pace=pace)
        comment = own_comment(place, "cov")
        with tempfile.TemporaryFile() as spool:
            broadcast = Broadcast(
                EventLog(spool),
                [check, comment],
                grace=60,
                on_failure=lambda sink, error: pytest.fail(f"{sink.name}: {error!r}"),
            )
            events = preceded(source, github, first) if first else source
            await broadcast.run(Replay(events).stages())
        await client.aclose()

    asyncio.run(main())
    return delivery


@pytest.mark.parametrize("found", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_run_of_a_minute_with_120_annotations_makes_at_most_20_requests(
    strict: FakeGitHub, found: bool
) -> None:
    if found:
        strict.add_pull(7, SHA, "b" * 40)
        strict.add_comment(7, Marker(place_of("cov"), 0, 1, SHA, done=True).line, login=BOT)
    began = time.monotonic()
    delivery = deliver(strict, paced(60, 120))
    minutes = (time.monotonic() - began) * SPEED / 60  # more than one where others keep us waiting
    assert len(strict.requests) <= 20 * max(1.0, minutes)
    (check,) = strict.checks.values()
    assert len(check.annotations) == 120 == delivery.annotated
    steps = [
        len(r.body["output"].get("annotations", [])) for r in strict.sent("PATCH", "/check-runs/")
    ]
    assert max(steps) <= 50
    assert sum(1 for step in steps if step) >= 4, "annotations arrive in steps"
    (comment,) = strict.comments.values()
    assert comment.edits >= 3
    assert "still running" not in comment.body
    assert check.data["conclusion"] == "success"


def test_the_first_annotations_come_long_before_the_end(strict: FakeGitHub) -> None:
    deliver(strict, paced(30, 60))
    patches = strict.sent("PATCH", "/check-runs/")
    first = next(r for r in patches if r.body["output"].get("annotations"))
    assert first.body["status"] == "in_progress"
    created, last = strict.requests[0].time, patches[-1].time
    assert first.time - created < (last - created) / 4


def test_edits_that_fail_on_the_way_lose_nothing(strict: FakeGitHub) -> None:
    strict.fail("PATCH", "/check-runs/", 422, times=2)
    strict.fail("PATCH", "/issues/comments/", 422, times=2)
    delivery = deliver(strict, paced(40, 40))
    (check,) = strict.checks.values()
    assert sorted(a["start_line"] for a in check.annotations) == list(range(1, 41))
    assert check.data["status"] == "completed"
    (comment,) = strict.comments.values()
    assert "still running" not in comment.body
    assert not delivery.problems


def test_a_cap_leaves_out_the_later_ones(strict: FakeGitHub) -> None:
    deliver(strict, paced(1, 60), limit=7)
    (check,) = strict.checks.values()
    assert [a["start_line"] for a in check.annotations] == list(range(1, 8))


@pytest.mark.parametrize(
    ("left", "edits"), [pytest.param(1000, 5, marks=pytest.mark.slow), (250, 3), (90, 0)]
)
def test_edits_on_the_way_spare_the_hour_s_quota(strict: FakeGitHub, left: int, edits: int) -> None:
    """Fewer when it grows scarce, none when little is left, and the last words always."""
    strict.remaining = left
    delivery = deliver(strict, paced(60, 120))
    on_the_way = [
        sent
        for sent in strict.sent("PATCH", "/check-runs/")
        if sent.body["output"]["title"].startswith("Reading")
    ]
    assert len(on_the_way) == pytest.approx(edits, abs=1 if edits else 0)
    (check,) = strict.checks.values()
    assert (len(check.annotations), check.data["status"]) == (120, "completed")
    assert "still running" not in next(iter(strict.comments.values())).body
    assert not delivery.problems


def summary_of(github: FakeGitHub) -> str:
    (check,) = github.checks.values()
    assert check.data["status"] == "completed"
    return str(check.data["output"]["summary"])


@pytest.mark.parametrize(
    ("kind", "after_effect", "gaps"),
    [
        (502, False, 3),
        (502, True, 3),
        ("drop", False, 120),
        ("drop", True, 120),
        (401, False, 3),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in (
                *((502, False, 120), (502, True, 120)),
                *(("drop", False, 3), ("drop", True, 3), (401, False, 120)),
            )
        ),
    ],
)
def test_where_patience_ends_with_annotations_the_check_is_concluded_and_they_come_after(
    strict: FakeGitHub, kind: Literal["drop"] | int, after_effect: bool, gaps: int
) -> None:
    """A check that has not ended spins for ever, so that its end comes first."""
    times = 3 if kind == 401 else 6
    strict.fail("PATCH", "/check-runs/", kind, times=times, after_effect=after_effect)
    delivery = deliver(strict, paced(0.1, gaps), interval=NEVER)
    (check,) = strict.checks.values()
    patches = strict.sent("PATCH", "/check-runs/")
    answered = [sent for sent in patches if not sent.scripted]
    assert answered[0].body["status"] == "completed"
    assert sorted(a["start_line"] for a in check.annotations) == list(range(1, gaps + 1))
    assert f"<sub>{gaps} of {gaps} annotations" in summary_of(strict)
    assert not delivery.problems
    assert delivery.annotated == gaps


@pytest.mark.parametrize("kind", ["drop", 502])
def test_an_answer_that_is_lost_again_and_again_costs_nothing_that_is_there(
    strict: FakeGitHub, kind: Literal["drop"] | int
) -> None:
    """Its first try had taken effect; what it took to see that broke as well."""
    strict.fail("PATCH", "/check-runs/", kind, times=1, after_effect=True)
    strict.fail("GET", "/annotations", kind, times=6)
    delivery = deliver(strict, paced(0.1, 70), interval=NEVER)
    (check,) = strict.checks.values()
    assert sorted(a["start_line"] for a in check.annotations) == list(range(1, 71))
    assert "<sub>70 of 70 annotations" in summary_of(strict)
    assert not delivery.problems


def test_what_is_refused_is_counted_and_told(strict: FakeGitHub) -> None:
    strict.fail("PATCH", "/check-runs/", 422)
    delivery = deliver(strict, paced(0.1, 70), interval=NEVER)
    (check,) = strict.checks.values()
    assert len(check.annotations) == 20
    assert "**20 of 70 annotations**" in summary_of(strict)
    assert [problem.message.split(":")[0] for problem in delivery.problems] == [
        "50 annotations could not be delivered"
    ]


def test_what_github_says_to_have_is_what_the_summary_counts(strict: FakeGitHub) -> None:
    """Here it takes a step, and has fewer of it a moment later."""

    class Forgetful(list[Any]):
        def __iadd__(self, more: Iterable[Any]) -> Self:
            self.extend([*more][:2])
            return self

    def forget() -> None:
        for check in strict.checks.values():
            check.annotations = Forgetful()

    delivery = deliver(strict, paced(0.1, 3), interval=NEVER, first=forget)
    assert "**2 of 3 annotations**" in summary_of(strict)
    assert delivery.annotated == 2


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(
    "where",
    [
        ("GET", "/commits/.*/check-runs"),
        ("POST", "/check-runs"),
        ("PATCH", "/check-runs/"),
        ("GET", "/issues/7/comments"),
        ("POST", "/issues/7/comments"),
    ],
    ids=lambda where: " ".join(where),
)
def test_a_401_between_good_answers_is_asked_again(
    strict: FakeGitHub, where: tuple[str, str], count: int
) -> None:
    fault = strict.fail(*where, 401, times=count, message="Bad credentials")
    delivery = deliver(strict, paced(0.1, 3), interval=NEVER)
    assert fault.hits == count
    assert "3 of 3 annotations" in summary_of(strict)
    (comment,) = strict.comments.values()
    assert "still running" not in comment.body
    assert not delivery.problems


@pytest.mark.parametrize(
    "where",
    [
        ("GET", "/commits/.*/check-runs"),
        ("POST", "/check-runs"),
        ("PATCH", "/check-runs/"),
        ("GET", "/issues/7/comments"),
        ("POST", "/issues/7/comments"),
    ],
    ids=lambda where: " ".join(where),
)
def test_after_401s_beyond_patience_what_can_be_written_is(
    strict: FakeGitHub, where: tuple[str, str]
) -> None:
    strict.fail(*where, 401, times=3, message="Bad credentials")
    delivery = deliver(strict, paced(0.1, 3), interval=NEVER)
    assert "3 of 3 annotations" in summary_of(strict)
    (comment,) = strict.comments.values()
    assert "still running" not in comment.body
    assert not delivery.problems


def test_a_token_that_is_wrong_is_not_asked_about_over_and_over(strict: FakeGitHub) -> None:
    strict.fail("*", "", 401, times=999, message="Bad credentials")
    delivery = deliver(strict, paced(0.1, 3), interval=NEVER)
    assert len(delivery.problems) == 2  # of the check run and of the comment
    assert len(strict.requests) <= 8


def test_a_list_that_is_refused_does_not_cost_the_check_run(strict: FakeGitHub) -> None:
    strict.fail("GET", "/check-runs", 422, times=1)
    deliver(strict, paced(0.1, 3))
    (check,) = strict.checks.values()
    assert check.data["conclusion"] == "success"


def test_check_and_annotations_are_complete_before_the_tests_that_follow(
    strict: FakeGitHub,
) -> None:
    deliver(strict, with_tests(60))
    check, comment = strict.sent("PATCH", "/check-runs/"), strict.sent("PATCH", "/comments/")
    completed, told = [sent for sent in check if sent.body["status"] == "completed"]
    between = [sent for sent in comment if completed.time < sent.time < told.time]
    assert [sent.body["body"].count("⏳") for sent in between] == [1] * len(between)
    assert 2 <= len(between) <= 4
    assert all("Patch 98.5%" in sent.body["body"] for sent in between)
    assert told.time < comment[-1].time
    assert "Generated tests" not in completed.body["output"]["summary"]
    for text in (told.body["output"]["summary"], comment[-1].body["body"]):
        assert "2 passed every gate. Coverage of `a.py` goes from 10% to 60%" in text
        assert "def test_2():" in text
    (one,) = strict.checks.values()
    assert (one.data["conclusion"], len(one.annotations)) == ("success", 3)
    assert len(strict.requests) <= 26


def test_a_bug_of_the_generation_costs_the_analysis_nothing(strict: FakeGitHub) -> None:
    delivery = deliver(strict, with_tests(3, last=False))
    (comment,) = strict.comments.values()
    assert "Patch 98.5%" in comment.body
    assert "The generation of tests failed: RuntimeError." in comment.body
    (check,) = strict.checks.values()
    assert check.data["conclusion"] == "success"
    assert not delivery.problems


def test_the_count_is_of_the_check_run_alone(strict: FakeGitHub) -> None:
    """A comment made out of a check run says what the run itself would have said there."""
    deliver(strict, paced(0.1, 3), interval=NEVER)
    (comment,) = strict.comments.values()
    summary = summary_of(strict)
    assert summary.endswith("\n\n<sub>3 of 3 annotations</sub>\n")
    assert comment.body.endswith(of_the_run(summary))
    assert of_the_run(of_the_run(summary)) == of_the_run(summary)
