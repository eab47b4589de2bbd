"""What matters, on a small real project: critical paths, words, suggestions, tests that run it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from datafiles import PLUGINS, WITH_COVERAGE
from gitrepo import GitRepo, git_env

from qe_action.agents.coverage_analyzer import CoverageAnalyzerAgent
from qe_action.agents.ranking import ALL_BYTES
from qe_action.events import AnalysisComplete, AnalyzerEvent, CriticalPath, Gap, GapFound
from qe_action.task import QETask
from qe_action.untrusted.journal import MAX_BYTES

CORE = """\
def rate(kind):
    if kind == "book":
        return 7
    if kind == "food":
        return 5
    if not kind:
        raise ValueError("no kind")
    return 19


def unused(kind):
    return rate(kind) + 1
"""
SHOP = """\
from shop.core import rate


def price(item):
    return item.net * (100 + rate(item.kind))


def cart(items):
    return sum(price(item) for item in items)


def receipt(items):
    return [price(item) for item in items], cart(items)


def main():
    receipt([])


if __name__ == "__main__":
    main()
"""
TESTS = """\
from shop.core import rate


def test_book():
    assert rate("book") == 7
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> GitRepo:
    """A branch that adds `shop.core`, whose tests ran under coverage with contexts."""
    repo = GitRepo(tmp_path_factory.mktemp("ranking") / "repo")
    repo.commit({"shop/__init__.py": "", "shop/app.py": SHOP, ".gitignore": ".cov*\ncov*\n"})
    repo.git("checkout", "-q", "-b", "work")
    repo.commit({"shop/core.py": CORE, "tests/test_core.py": TESTS})
    measured = ("--cov=shop", "--cov-branch", "--cov-context=test", "--cov-report=xml")
    for step in (
        ("pytest", "-q", "tests", *WITH_COVERAGE, *measured),
        ("coverage", "json", "--show-contexts", "-o", "coverage.json"),
    ):
        subprocess.run(
            [sys.executable, "-m", *step],
            cwd=repo.root,
            env=git_env() | {"PYTHONPATH": str(repo.root)} | PLUGINS,
            check=True,
            capture_output=True,
        )
    return repo


def stream(repo: GitRepo, report: str) -> list[AnalyzerEvent]:
    task = QETask(
        task_type="coverage_analysis",
        context={"coverage_file": repo.root / report, "repo": repo.root, "base": "main"},
    )

    async def collect() -> list[AnalyzerEvent]:
        agent = CoverageAnalyzerAgent()
        return [event async for event in agent.analyze_coverage_streaming(task)]

    return asyncio.run(collect())


def gaps(events: list[AnalyzerEvent]) -> dict[tuple[str, int, str], Gap]:
    found = [event.gap for event in events if isinstance(event, GapFound)]
    return {(gap.file_path, gap.line_start, gap.gap_type): gap for gap in found}


def test_a_function_that_much_reaches_is_on_a_critical_path(project: GitRepo) -> None:
    events = stream(project, "coverage.xml")
    paths = [event for event in events if isinstance(event, CriticalPath)]
    [path] = [each for each in paths if each.path == "shop/core.py::rate"]
    # price, cart, receipt, main, unused; main runs the program, unused is called by nobody.
    assert (path.callers, path.at_least) == (5, False)
    assert path.reasons[0].startswith("reached from 5 functions")
    assert "changed by this diff" in path.reasons
    on_path = {gap.line_start for gap in gaps(events).values() if gap.critical_path == path.path}
    assert on_path == {4}
    assert events[-1]["critical_paths"] == tuple(sorted(paths, key=lambda each: each.rank))


def test_gaps_say_which_way_and_which_test(project: GitRepo) -> None:
    found = gaps(stream(project, "coverage.xml"))
    body = found["shop/core.py", 4, "uncovered"]
    assert body.branch_words == (
        "the condition on line 2 was never false, so it never went on to line 4",
    )
    assert body.anchor is not None
    assert body.anchor.branch_words == body.branch_words
    assert (body.branch_lines, body.anchor.branch_lines) == ((2,), ("2",))
    assert body.function == "rate"
    assert body.severity in ("high", "critical")
    assert "it raises an error" in body.reasons
    assert body.suggested_tests
    assert all("`rate(kind)`" in text for text in body.suggested_tests)


@pytest.mark.parametrize("report", ["coverage.json", ".coverage"])
def test_the_tests_that_run_a_function_are_named(project: GitRepo, report: str) -> None:
    found = gaps(stream(project, report))
    assert found["shop/core.py", 4, "uncovered"].covered_by == ("tests/test_core.py::test_book",)
    assert found["shop/core.py", 12, "uncovered"].covered_by == ()


def test_a_files_gaps_come_after_its_critical_paths_and_changed_files_first(
    project: GitRepo,
) -> None:
    events = stream(project, "coverage.xml")
    told = [e for e in events if isinstance(e, CriticalPath | GapFound)]
    assert isinstance(told[0], CriticalPath)
    in_diff = [e.gap.in_diff for e in told if isinstance(e, GapFound)]
    assert in_diff == sorted(in_diff, reverse=True)
    assert {e.gap.critical_path for e in told if isinstance(e, GapFound)} - {None} <= {
        e.path for e in told if isinstance(e, CriticalPath)
    }


def test_all_gaps_together_are_no_longer_than_a_journal_may_be(tmp_path: Path) -> None:
    """Each of these gaps names tests of 6,000 characters."""
    repo = GitRepo(tmp_path / "repo")
    repo.commit({"README": ""})
    repo.git("checkout", "-q", "-b", "work")
    functions, content = 6_000, "x\n" * 12_000
    repo.commit({"a.js": content, "b.js": content})
    tests = [f"t::{n}{'n' * 290}" for n in range(20)]
    run, missed = range(1, 2 * functions, 2), range(2, 2 * functions + 1, 2)
    regions = {f"f{n}": {"executed_lines": [n], "missing_lines": [n + 1]} for n in run}
    entry = {
        "executed_lines": list(run),
        "missing_lines": list(missed),
        "functions": regions,
        "contexts": {f"{n}": tests for n in run},
    }
    report = tmp_path / "repo" / "coverage.json"
    report.write_text(json.dumps({"meta": {"format": 3}, "files": {"a.js": entry, "b.js": entry}}))
    events = stream(repo, "coverage.json")
    written = sum(len(e.model_dump_json()) + 1 for e in events)
    assert ALL_BYTES < written < MAX_BYTES
    result = events[-1]
    assert isinstance(result, AnalysisComplete)
    assert result.totals is not None
    assert result.totals.missed == 2 * functions > result.total_gaps
    assert "b.js has more gaps than are told: its counts have them all." in result.notes
