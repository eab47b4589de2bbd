"""The search for a baseline goes on beside the analysis and outlives nothing."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

from qe_action.agents.coverage_analyzer import CoverageAnalyzerAgent
from qe_action.analysis.baseline import digest_of
from qe_action.analysis.collect import FileCounts
from qe_action.analysis.deltas import Lookup
from qe_action.events import AnalysisComplete
from qe_action.task import QETask

REPORT = {
    "meta": {"format": 3, "version": "7.10.0", "branch_coverage": False},
    "files": {"a.py": {"executed_lines": [1, 2], "missing_lines": [3], "excluded_lines": []}},
}
FOUND = Lookup(digest_of("a" * 40, "0" * 16, {"a.py": FileCounts(4, 4)}), 2)


class Held:
    """Baselines that give their answer once they are released."""

    def __init__(self) -> None:
        self.asked, self.released = asyncio.Event(), asyncio.Event()
        self.cancelled = False

    async def find(self, base_sha: str | None, key: str) -> Lookup:
        self.asked.set()
        try:
            await self.released.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return FOUND


def task(**more: Any) -> QETask:
    return QETask(task_type="coverage_analysis", context={"coverage_data": REPORT, **more})


def test_everything_but_the_result_comes_before_the_baseline_is_found() -> None:
    async def main() -> list[str]:
        held, kinds = Held(), []
        agent = CoverageAnalyzerAgent(baselines=held)
        async for event in agent.analyze_coverage_streaming(task()):
            kinds.append(event.type)
            if event.type == "progress" and event.percent == 100:
                held.released.set()
            if isinstance(event, AnalysisComplete):
                assert event.baseline is not None
                assert event.baseline.commits_before == 2
                assert event.deltas is not None
                assert round(event.deltas.overall or 0, 1) == -33.3
                assert event.indirect is None
        return kinds

    kinds = asyncio.run(main())
    assert kinds[-1] == "complete"
    assert kinds.count("gap") == 1


def test_a_stream_that_is_closed_early_ends_the_search() -> None:
    async def main() -> bool:
        held = Held()
        agent = CoverageAnalyzerAgent(baselines=held)
        async with aclosing(agent.analyze_coverage_streaming(task())) as events:
            async for event in events:
                if event.type == "gap":
                    break
        await asyncio.sleep(0)
        return held.cancelled

    assert asyncio.run(main())


def test_a_cancelled_run_waits_for_no_baseline_and_leaves_no_digest() -> None:
    async def main() -> AnalysisComplete:
        held = Held()
        agent = CoverageAnalyzerAgent(baselines=held)
        results: list[AnalysisComplete] = []

        async def consume() -> None:
            async for event in agent.analyze_coverage_streaming(task(keeps_digest=True)):
                if isinstance(event, AnalysisComplete):
                    results.append(event)

        running = asyncio.ensure_future(consume())
        await held.asked.wait()
        await asyncio.sleep(0.1)  # by now the rest is done, and the baseline is waited for
        running.cancel()
        await asyncio.wait({running})
        assert held.cancelled
        return results[-1]

    result = asyncio.run(main())
    assert (result.conclusion, result.baseline, result.digest) == ("cancelled", None, None)
