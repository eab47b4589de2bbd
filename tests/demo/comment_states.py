"""Three states of one comment, out of a real run of tests.

The demo's suite is run on its base and then on its branch, where tests fail. What the pull request
would show at three moments is written as a page into the folder that is named. `pictures.py` takes
pictures of them.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from run_demo import _environment, _run, make_repository

from qe_action.agents.coverage_analyzer import CoverageAnalyzerAgent
from qe_action.agents.test_executor import TestExecutorAgent
from qe_action.analysis.test_baseline import TestLookup, digest_of_tests
from qe_action.events import Event, ExecutionComplete, TestFinished
from qe_action.execution.plain import PlainRunner
from qe_action.render.html import _STYLE, _html
from qe_action.render.links import Links
from qe_action.render.markdown import Heading, comment
from qe_action.render.state import RunState
from qe_action.task import QETask

CATALOG = """\
import time

import pytest

ITEMS = ["tea", "rice", "oats", "salt", "milk", "figs", "nuts", "soap"]


def test_price_list_is_of_this_year():
    assert max(range(2020, 2026)) == 2026


@pytest.mark.parametrize("item", ITEMS)
@pytest.mark.parametrize("year", range(2020, 2026))
def test_price_is_kept(item, year):
    time.sleep(0.1)
    assert item
"""
BASKET = """\
from shop.discount import discount


def test_a_small_order_gets_the_whole_discount():
    assert discount(900, "VIP") == 225
"""
RATES = """\
from pathlib import Path

from shop.shipping import shipping

MARK = Path(__file__).with_name("asked.txt")


def test_rates_are_answered():
    if not MARK.exists():
        MARK.write_text("once")
        raise TimeoutError("no answer within 0.5 s")
    assert shipping("DE", 400) > 0
"""
LINKS = Links("https://github.com", "octo/shop", "f" * 40, "https://github.com/octo/shop/runs/1")
HEADING = Heading("qe-action coverage")
COVERED = ("python", "-m", "pytest", "-q", "--cov=shop", "--cov-branch", "--cov-report=xml")


class Lookup:
    """The base's tests, as its check run would have kept them."""

    def __init__(self, tests: list[TestFinished]) -> None:
        self._tests = tests

    async def find(self, base_sha: str | None, key: str) -> TestLookup:
        failing = {test.id for test in self._tests if test.bad}
        seconds = {test.id: test.seconds for test in self._tests if test.seconds is not None}
        digest = digest_of_tests(base_sha or "", key, failing=failing, flaky=set(), seconds=seconds)
        return TestLookup(digest)


def task(repo: Path, name: str, **context: object) -> QETask:
    return QETask(task_type=name, context={"repo": str(repo), **context})


async def states(repo: Path, environment: dict[str, str]) -> AsyncIterator[tuple[str, str]]:
    """The comment after the first failure, in the middle of the suite, and at the end."""
    command = COVERED
    runner = PlainRunner(environment)
    execution = {"command": command, "folder": str(repo), "rerun_failures": 1}
    _run(["git", "checkout", "-q", "main"], repo, environment)
    base = TestExecutorAgent(runner=runner)
    events = base.execute_tests_streaming(task(repo, "test_execution", **execution))
    before = [event async for event in events if isinstance(event, TestFinished)]
    _run(["git", "checkout", "-q", "discounts"], repo, environment)
    agent = TestExecutorAgent(runner=runner, baselines=Lookup(before))
    state = RunState()
    wanted = [("1", 2), ("2", 30)]
    async for event in agent.execute_tests_streaming(task(repo, "test_execution", **execution)):
        state.fold(event)
        done = state.tests.progress.finished if state.tests.progress else 0
        if wanted and state.tests.running and done >= wanted[0][1]:
            yield wanted.pop(0)[0], comment(state, LINKS, HEADING)
        assert not isinstance(event, ExecutionComplete) or event.conclusion == "finished"
    analysis = task(
        repo, "coverage_analysis", coverage_file=str(repo / "coverage.xml"), base="main",
        tests_outcome="failure",
    )  # fmt: skip
    async for found in CoverageAnalyzerAgent().analyze_coverage_streaming(analysis):
        last: Event = found
        state.fold(last)
    yield "3", comment(state, LINKS, HEADING)


def page(bodies: list[tuple[str, str]]) -> str:
    """The states one below the other, as the pull request has them."""
    captions = ("After the first failure", "A little later", "At the end")
    parts = [
        f"<p class=lead>{caption}</p><section><header><b>github-actions</b> bot commented"
        f"</header><div class=body>{_html(body)}</div></section>"
        for caption, (_, body) in zip(captions, bodies, strict=True)
    ]
    style = f"{_STYLE} .lead {{ margin:0 0 6px }} main {{ padding:16px }}"
    return f"<!doctype html><meta charset=utf-8><style>{style}</style><main>{''.join(parts)}</main>"


async def moments() -> list[tuple[str, str]]:
    """The three states of a real run."""
    with tempfile.TemporaryDirectory(prefix="qe-action-demo-") as folder:
        repo, environment = Path(folder) / "shop", dict(_environment(Path(folder)))
        environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
        os.environ |= environment
        make_repository(repo, environment)
        _run(["git", "checkout", "-q", "main"], repo, environment)
        (repo / "tests" / "test_catalog.py").write_text(CATALOG)
        _run(["git", "add", "."], repo, environment)
        _run(["git", "commit", "-qm", "Keep a catalog"], repo, environment)
        _run(["git", "checkout", "-q", "discounts"], repo, environment)
        _run(["git", "rebase", "-q", "main"], repo, environment)
        (repo / "tests" / "test_basket.py").write_text(BASKET)
        (repo / "tests" / "test_rates.py").write_text(RATES)
        _run(["git", "add", "."], repo, environment)
        _run(["git", "commit", "-qm", "Test discounts"], repo, environment)
        return [state async for state in states(repo, environment)]


async def main() -> None:
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "demo-out")
    out.mkdir(parents=True, exist_ok=True)
    (out / "tests.html").write_text(page(await moments()), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
