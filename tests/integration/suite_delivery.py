"""A run's events sent to a GitHub by the sinks that a run of the action has."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field

import pytest
from fake_github import FakeGitHub
from pydantic import SecretStr

from qe_action.events import (
    AnalysisComplete,
    AnalyzerProgress,
    Anchor,
    Counts,
    Event,
    ExecutionComplete,
    ExecutorProgress,
    Gap,
    GapFound,
    TestCounts,
    TestFinished,
    TestsCollected,
)
from qe_action.github.client import GitHub
from qe_action.github.context import RunContext
from qe_action.github.retry_policy import RetryPolicy
from qe_action.render.links import Links
from qe_action.render.state import RunState
from qe_action.settings import load
from qe_action.sinks.delivery import Delivery
from qe_action.sinks.table import sinks_of
from qe_action.sinks.wiring import Suite, Wiring
from qe_action.stream import Broadcast, EventLog, Replay
from qe_action.workspace.diff_sources import PullRef

SHA, BASE = "a" * 40, "b" * 40
NAME, TESTS = "qe-action coverage", "qe-action tests"
SINKS = ("check run", "comment")


def failure(number: int, line: int | None = None) -> TestFinished:
    anchor = Anchor(path="tests/test_a.py", line_start=number, line_end=number)
    return TestFinished(
        id=f"tests/test_a.py::test_{number}",
        outcome="failed",
        phase="call",
        file_path="tests/test_a.py",
        line=line or number,
        failed_at=anchor,
        anchor=anchor,
        message=f"assert {number} == 0",
    )


def running(finished: int, total: int, failed: int = 0) -> ExecutorProgress:
    return ExecutorProgress(
        percent=100 * finished / total,
        message="Running the tests",
        finished=finished,
        total=total,
        counts=TestCounts(passed=finished - failed, failed=failed),
        seconds_left=float(total - finished),
    )


def executed(ran: int, failed: int = 0, **more: object) -> ExecutionComplete:
    return ExecutionComplete.model_validate(
        {
            "passed": not failed,
            "counts": TestCounts(passed=ran, failed=failed),
            "total": ran + failed,
            "failures": tuple(failure(n).id for n in range(1, failed + 1)),
            "exit_code": int(failed > 0),
            "live": True,
            **more,
        }
    )


def suite(passed: int, failed: int = 0) -> list[Event]:
    """A whole run of tests, failures first."""
    total = passed + failed
    return [
        TestsCollected(total=total, files={"tests/test_a.py": total}),
        *(failure(n) for n in range(1, failed + 1)),
        running(total, total, failed),
        executed(passed, failed),
    ]


def analysis(gaps: int = 1) -> list[Event]:
    """A whole analysis."""
    counts = Counts(statements=10, covered=10 - gaps)
    return [
        AnalyzerProgress(percent=0, message="Reading coverage.xml", files_analyzed=0),
        *(_gap(number) for number in range(1, gaps + 1)),
        AnalysisComplete(
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
            analysis_time_ms=1,
        ),
    ]


def _gap(number: int) -> GapFound:
    gap = Gap(
        id=f"gap-{number}",
        file_path="a.py",
        line_start=number,
        line_end=number,
        gap_type="uncovered",
        severity="medium",
        in_diff=True,
        anchor=Anchor(path="a.py", line_start=number, line_end=number),
        statements=1,
    )
    return GapFound(gap=gap)


async def given(events: Iterable[Event]) -> AsyncGenerator[Event, None]:
    for event in events:
        await asyncio.sleep(0)
        yield event


@dataclass
class Delivered:
    """A run of `events`, or of a `source`, on a GitHub. `interval` is the first edit's, in seconds:
    all other times are as much shorter or longer."""

    github: FakeGitHub
    events: Iterable[Event] = ()
    source: AsyncGenerator[Event, None] | None = None
    suite: Suite = "run"
    run: tuple[int, int] = (42, 1)
    interval: float = 60.0
    job: str = "build"
    inputs: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)

    def go(self) -> Delivery:
        self.github.add_pull(7, SHA, BASE)
        delivery = Delivery()
        asyncio.run(self._deliver(delivery))
        return delivery

    async def _deliver(self, delivery: Delivery) -> None:
        wiring = self._wiring(delivery)
        sinks = [sink for sink in sinks_of(wiring) if sink.name in SINKS]
        assert wiring.github is not None
        with tempfile.TemporaryFile() as spool:
            broadcast = Broadcast(
                EventLog(spool),
                sinks,
                grace=60,
                on_failure=lambda sink, error: pytest.fail(f"{sink.name}: {error!r}"),
            )
            await broadcast.run(Replay(self.source or given(self.events)).stages())
        await wiring.github.aclose()

    def _wiring(self, delivery: Delivery) -> Wiring:
        given_inputs = {f"INPUT_{k.upper().replace('_', '-')}": v for k, v in self.inputs.items()}
        pacing = {"QE_ACTION_EDIT_INTERVAL": f"{self.interval:.6f}", "GITHUB_ACTIONS": "true"}
        client = GitHub(
            token=SecretStr(self.github.token),
            repo=self.github.repo,
            api_url=self.github.url,
            policy=RetryPolicy(write_gap=0, backoff=0.01),
        )
        run_id, attempt = self.run
        return Wiring(
            settings=load({**pacing, **given_inputs}),
            context=RunContext(
                repo=self.github.repo,
                run_id=run_id,
                run_attempt=attempt,
                job=self.job,
                pull=PullRef(7, SHA, BASE),
            ),
            github=client,
            links=Links("https://github.com", self.github.repo, SHA),
            delivery=delivery,
            state=RunState(),
            report_digest=lambda: self.digests.get("report", "report"),
            suite=self.suite,
            suite_digest=lambda: self.digests.get("suite", "suite"),
        )
