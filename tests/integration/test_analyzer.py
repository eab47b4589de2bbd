"""The coverage analyzer through its public API, on real repositories and reports."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from datafiles import PLUGINS
from gitrepo import GitRepo, git_env

from qe_action.agents.coverage_analyzer import CoverageAnalyzerAgent
from qe_action.errors import UsageError
from qe_action.events import AnalysisComplete, AnalyzerEvent, Wire
from qe_action.task import QETask

MODULE = """\
def half(number):
    return number / 2
"""
ADDED = """\


def sign(number):
    if number < 0:
        return "minus"
    return "plus"


class Box:
    def open(self):
        return 1

    def close(self):
        return 2
"""
TESTS = """\
from app import half, sign


def test_half():
    assert half(4) == 2


def test_sign():
    assert sign(1) == "plus"
"""


def task(**context: Any) -> QETask:
    return QETask(task_type="coverage_analysis", context=context)


def stream(agent: CoverageAnalyzerAgent, work: QETask) -> list[AnalyzerEvent]:
    async def collect() -> list[AnalyzerEvent]:
        return [event async for event in agent.analyze_coverage_streaming(work)]

    return asyncio.run(collect())


def timeless(events: list[AnalyzerEvent]) -> list[Wire]:
    """Without the one field that is not the same in every run."""
    return [
        event.model_copy(update={"analysis_time_ms": 0})
        if isinstance(event, AnalysisComplete)
        else event
        for event in events
    ]


def gaps(events: list[AnalyzerEvent]) -> list[tuple[str, int, int, str, str | None, bool]]:
    found = [event["gap"] for event in events if event["type"] == "gap"]
    return [
        (g.file_path, g.line_start, g.line_end, g.gap_type, g.function, g.in_diff) for g in found
    ]


@pytest.fixture
def project(measured: GitRepo, tmp_path: Path) -> GitRepo:
    """A copy of the measured branch, its report as if it had been written there."""
    repo = measured.copy(tmp_path / "project")
    report = repo.root / "coverage.xml"
    report.write_text(report.read_text().replace(str(measured.root), str(repo.root)))
    return repo


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> GitRepo:
    """A branch that adds a function and a class, its tests run under coverage for real."""
    repo = GitRepo(tmp_path_factory.mktemp("analyzer") / "project")
    repo.commit({"app.py": MODULE, "idle.py": "x = 1\ny = 2\n", ".gitignore": "coverage.*\n"})
    repo.branch("feature")
    repo.commit({"app.py": MODULE + ADDED, "tests/test_app.py": TESTS})
    for arguments in (
        ["run", "--branch", "--source=.", "--omit=tests/*", "-m", "pytest", "-q"],
        ["xml", "-q"],
        ["json", "-q", "-o", "coverage.json"],
    ):
        subprocess.run(
            [sys.executable, "-m", "coverage", *arguments],
            cwd=repo.root,
            env={**git_env(), "COVERAGE_FILE": ".coverage.data", "PYTHONPATH": ".", **PLUGINS},
            check=True,
            capture_output=True,
        )
    return repo


def context(repo: GitRepo, **more: Any) -> Mapping[str, Any]:
    return {"coverage_file": repo.root / "coverage.xml", "repo": repo.root, "base": "main", **more}


def test_a_real_report_gives_the_changed_gaps_first_with_their_functions(project: GitRepo) -> None:
    events = stream(CoverageAnalyzerAgent(), task(**context(project)))
    assert gaps(events) == [
        ("app.py", 7, 7, "uncovered", "sign", True),
        ("app.py", 13, 13, "uncovered", "Box.open", True),
        ("app.py", 16, 16, "uncovered", "Box.close", True),
        ("idle.py", 1, 2, "uncovered", None, False),
    ]
    result = events[-1]
    assert (result["totals"].statements, result["totals"].covered) == (13, 8)
    assert (result["patch"].statements, result["patch"].covered) == (9, 6)
    assert result["patch_coverage"] == pytest.approx(100 * 7 / 11)
    assert [file.path for file in result["files"]] == ["app.py", "idle.py"]
    assert result["function_coverage"] is None
    assert result["measured"].tree == "worktree"


def test_execute_gives_the_stream_s_last_event(project: GitRepo) -> None:
    agent = CoverageAnalyzerAgent()
    work = task(**context(project))
    events = timeless(stream(agent, work))
    result = asyncio.run(agent.execute(work)).model_copy(update={"analysis_time_ms": 0})
    assert result == events[-1]
    assert timeless(stream(agent, work)) == events


def test_coverage_data_as_a_dict_gives_the_same_totals(project: GitRepo) -> None:
    data = json.loads((project.root / "coverage.json").read_text())
    agent = CoverageAnalyzerAgent("coverage-analyzer")
    result = asyncio.run(
        agent.execute(task(coverage_data=data, framework="pytest", target_coverage=85.0))
    )
    from_file = asyncio.run(agent.execute(task(**context(project))))
    assert result.totals == from_file.totals
    assert result.framework == "pytest"
    assert result.meets_threshold is False
    assert result.patch_coverage is None


def test_closing_the_stream_early_leaves_nothing_running(project: GitRepo) -> None:
    async def first_event() -> int:
        events = CoverageAnalyzerAgent().analyze_coverage_streaming(task(**context(project)))
        event = await anext(events)
        assert event["type"] == "progress"
        await events.aclose()
        return len(asyncio.all_tasks())

    assert asyncio.run(first_event()) == 1


def test_a_cancelled_consumer_gets_the_last_word_and_stays_cancelled(project: GitRepo) -> None:
    seen: list[AnalyzerEvent] = []

    async def consume() -> None:
        async for event in CoverageAnalyzerAgent().analyze_coverage_streaming(
            task(**context(project))
        ):
            seen.append(event)

    async def main() -> bool:
        running = asyncio.create_task(consume())
        while not seen:
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait({running})
        return running.cancelled()

    assert asyncio.run(main())
    assert seen[-1]["type"] == "complete"
    assert seen[-1]["conclusion"] == "cancelled"
    assert seen[-1]["overall_coverage"] is None


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"coverage_file": "a", "coverage_data": {}},
        {"coverage_file": "a", "target_coverage": 101},
        {"coverage_file": "a", "include": 3},
    ],
)
def test_a_task_that_does_not_fit_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        stream(CoverageAnalyzerAgent(), task(**wrong))


def test_a_task_of_another_type_is_refused() -> None:
    with pytest.raises(UsageError):
        stream(CoverageAnalyzerAgent(), QETask(task_type="test_generation"))


def cobertura(path: Path, classes: list[tuple[str, dict[int, int]]]) -> None:
    body = "".join(
        f'<class filename="{name}"><lines>'
        + "".join(f'<line number="{n}" hits="{h}"/>' for n, h in lines.items())
        + "</lines></class>"
        for name, lines in classes
    )
    path.write_text(
        f"<coverage><packages><package><classes>{body}</classes></package></packages></coverage>"
    )


def test_progress_is_bounded_and_ends_at_100(tmp_path: Path) -> None:
    report = tmp_path / "coverage.xml"
    cobertura(report, [(f"f{n}.py", dict.fromkeys(range(1, 60), n % 2)) for n in range(3000)])
    events = stream(CoverageAnalyzerAgent(), task(coverage_file=report))
    progress = [event for event in events if event["type"] == "progress"]
    assert 10 < len(progress) <= 101
    assert [e["percent"] for e in progress] == sorted({e["percent"] for e in progress})
    assert (progress[0]["percent"], progress[-1]["percent"]) == (0.0, 100.0)
    assert progress[0]["total_files"] is None
    assert progress[-1]["total_files"] == 3000
    assert len([e for e in events if e["type"] == "gap"]) == 50


def test_changed_files_are_listed_worst_first(tmp_path: Path) -> None:
    repo = GitRepo(tmp_path / "repo")
    repo.commit({"z.py": "a = 1\n"})
    names = ("a.py", "b.py", "c.py")
    repo.commit(dict.fromkeys(names, "x = 1\ny = 2\nz = 3\n"))
    report = tmp_path / "coverage.xml"
    missed = {"a.py": 1, "b.py": 3, "c.py": 0}
    cobertura(report, [(n, {i: int(i > missed[n]) for i in (1, 2, 3)}) for n in names])
    work = task(coverage_file=report, repo=repo.root, base="HEAD~1")
    events = stream(CoverageAnalyzerAgent(), work)
    assert [gap[0] for gap in gaps(events)] == ["b.py", "a.py"]
    assert [file.path for file in events[-1]["files"]] == ["b.py", "a.py", "c.py"]


def test_all_files_lists_every_gap(tmp_path: Path) -> None:
    report = tmp_path / "coverage.xml"
    cobertura(report, [(f"f{n}.py", {1: 0, 2: 1, 3: 0}) for n in range(300)])
    events = stream(CoverageAnalyzerAgent(), task(coverage_file=report, all_files=True))
    assert len([e for e in events if e["type"] == "gap"]) == 600
    assert events[-1]["total_gaps"] == 600
    assert len(events[-1]["gaps"]) == 200


def test_a_file_that_recurs_apart_is_counted_once(tmp_path: Path) -> None:
    report = tmp_path / "coverage.xml"
    cobertura(
        report,
        [("a.py", {1: 1, 2: 0}), ("b.py", {1: 1}), ("a.py", {2: 1, 3: 0}), ("b.py", {1: 0})],
    )
    events = stream(CoverageAnalyzerAgent(), task(coverage_file=report))
    totals = events[-1]["totals"]
    assert (totals.statements, totals.covered) == (4, 3)
    assert [(g[0], g[1], g[2]) for g in gaps(events)] == [("a.py", 3, 3)]


def test_reports_of_different_sources_are_placed_by_their_own(tmp_path: Path) -> None:
    repo = GitRepo(tmp_path / "repo")
    repo.commit({"one/x.py": "a = 1\nb = 2\n", "two/x.py": "a = 1\nb = 2\n"})
    reports = []
    for number, folder in enumerate(("one", "two", "one")):
        report = tmp_path / f"{number}.xml"
        cobertura(report, [("x.py", {1: 1, 2: int(number == 2)})])
        source = f"<sources><source>{repo.root}/{folder}</source></sources><packages>"
        report.write_text(report.read_text().replace("<packages>", source))
        reports.append(report)
    result = asyncio.run(
        CoverageAnalyzerAgent().execute(
            task(coverage_file=reports, repo=repo.root, workspaces=[str(repo.root)])
        )
    )
    assert result.totals is not None
    assert (result.totals.statements, result.totals.covered) == (4, 3)
    assert [file.path for file in result.files] == ["two/x.py"]


def test_globs_cover_totals_and_gaps_and_tests_give_no_gaps(tmp_path: Path) -> None:
    report = tmp_path / "coverage.xml"
    names = ("src/a.py", "src/gen/b.py", "docs/c.py", "src/tests/test_a.py", "src/migrations/1.py")
    cobertura(report, [(name, {1: 1, 2: 0}) for name in names])
    events = stream(
        CoverageAnalyzerAgent(),
        task(coverage_file=report, include=["src/**"], exclude=["src/gen/"]),
    )
    assert events[-1]["total_files"] == 3
    assert events[-1]["totals"].statements == 6
    assert [gap[0] for gap in gaps(events)] == ["src/a.py"]


def test_paths_that_do_not_match_are_named_with_the_cure(project: GitRepo) -> None:
    repo = GitRepo(project.root.parent / "mono")
    files = [f"{top}/src/{name}.py" for top in ("backend", "front") for name in "xyz"]
    repo.commit(dict.fromkeys(files, "a = 1\nb = 2\n"))
    report = project.root.parent / "report.xml"
    cobertura(report, [("/app/src/x.py", {1: 1, 2: 0})])
    agent = CoverageAnalyzerAgent()
    lost = asyncio.run(agent.execute(task(coverage_file=report, repo=repo.root)))
    assert (
        "1 of 1 report paths fit several files or share one: /app/src/x.py can be "
        "backend/src/x.py or front/src/x.py; set source_roots to the folder that the report's "
        "paths start from."
    ) in lost.notes
    found = asyncio.run(
        agent.execute(task(coverage_file=report, repo=repo.root, source_roots=["backend"]))
    )
    assert found.files[0].path == "backend/src/x.py"
    wrong = asyncio.run(
        agent.execute(task(coverage_file=report, repo=repo.root, source_roots=["nowhere"]))
    )
    assert "The repository has no file below the source-root nowhere." in wrong.notes
    assert not any("report paths" in note for note in found.notes)


def test_edits_in_progress_count_locally(project: GitRepo) -> None:
    """Files that git does not track yet, and lines not yet committed, are part of the change."""
    (project.root / "new.py").write_text("x = 1\ny = 2\n")
    report = project.root / "coverage.xml"
    cobertura(report, [("new.py", {1: 1, 2: 0})])
    events = stream(CoverageAnalyzerAgent(), task(**context(project)))
    measured = [gap for gap in gaps(events) if gap[0] == "new.py"]
    assert measured == [("new.py", 2, 2, "uncovered", None, True)]


def test_a_context_with_a_key_that_is_none_is_refused() -> None:
    agent = CoverageAnalyzerAgent()
    for key, said in (("min_patch_covrage", "did you mean min_patch_coverage?"), ("x", "no 'x'.")):
        with pytest.raises(UsageError, match=re.escape(said)):
            asyncio.run(agent.execute(task(coverage_data={"files": {}}, **{key: 1})))
