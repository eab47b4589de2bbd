"""An analysis that is asked for the lines of files tells each file once, whole."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from gitrepo import GitRepo

from qe_action.agents.coverage_analyzer import CoverageAnalyzerAgent
from qe_action.agents.told_files import ToldFiles
from qe_action.analysis.collect import Collector
from qe_action.events import AnalyzerEvent, FileLinesTold
from qe_action.journal import encode
from qe_action.reports.model import FileLines
from qe_action.task import QETask


def stream(**context: Any) -> list[AnalyzerEvent]:
    task = QETask(task_type="coverage_analysis", context=context)

    async def collect() -> list[AnalyzerEvent]:
        agent = CoverageAnalyzerAgent(clock=lambda: 0.0)
        return [event async for event in agent.execute_streaming(task)]

    return asyncio.run(collect())


def files(events: list[AnalyzerEvent]) -> list[FileLinesTold]:
    return [event for event in events if isinstance(event, FileLinesTold)]


def report(path: Path, files: dict[str, dict[int, int]]) -> Path:
    classes = "".join(
        f'<class filename="{name}"><lines>'
        + "".join(f'<line number="{line}" hits="{hits}"/>' for line, hits in lines.items())
        + "</lines></class>"
        for name, lines in files.items()
    )
    path.write_text(
        f"<coverage><packages><package><classes>{classes}</classes></package></packages></coverage>"
    )
    return path


def test_every_file_is_told_once_and_merged_ones_with_all_reports_hits(tmp_path: Path) -> None:
    one = report(tmp_path / "a.xml", {"b.py": {1: 1}, "a.py": {1: 1, 2: 0, 3: 0}})
    two = report(tmp_path / "b.xml", {"a.py": {1: 0, 2: 1, 3: 0}, "c.py": {1: 0}})
    events = stream(coverage_file=(one, two), lines=True)
    assert [(e.path, e.covered, e.missed) for e in files(events)] == [
        ("b.py", "1", ""),
        ("c.py", "", "1"),
        ("a.py", "1-2", "3"),
    ]
    assert events == stream(coverage_file=(one, two), lines=True)


def test_without_being_asked_for_nothing_changes(tmp_path: Path) -> None:
    one = report(tmp_path / "a.xml", {"b.py": {1: 1, 4: 0}, "a.py": {1: 1, 2: 0, 3: 0}})
    two = report(tmp_path / "b.xml", {"a.py": {1: 0, 2: 1, 3: 0}})
    asked = stream(coverage_file=(one, two), lines=True)
    told = [encode(event) for event in asked if not isinstance(event, FileLinesTold)]
    assert told == [encode(event) for event in stream(coverage_file=(one, two))]
    assert len(told) == len(asked) - 2


def test_globs_leave_files_out_and_the_diff_is_marked(tmp_path: Path) -> None:
    repo = GitRepo(tmp_path / "repo")
    before = "def one():\n    return 1\n"
    repo.commit({"app.py": before, "other.py": "x = 1\n", "gone.py": "x = 1\n"})
    repo.branch("feature")
    repo.commit({"app.py": before + "\n\ndef two():\n    return 2\n"})
    found = report(
        tmp_path / "c.xml",
        {"other.py": {1: 1}, "app.py": {1: 1, 2: 1, 5: 1, 6: 0}, "gone.py": {1: 1}},
    )
    events = stream(
        coverage_file=found, repo=repo.root, base="main", exclude=("gone.py",), lines=True
    )
    assert [(e.path, e.in_diff) for e in files(events)] == [("other.py", False), ("app.py", True)]


def test_tests_come_from_contexts() -> None:
    entry = {
        "executed_lines": [1, 2],
        "missing_lines": [3],
        "contexts": {"1": ["t.py::test_a|run"], "2": ["t.py::test_a|run", "t.py::test_b|run"]},
    }
    data = {"meta": {"format": 3, "version": "7.0"}, "files": {"a.py": entry}}
    (event,) = files(stream(coverage_data=json.loads(json.dumps(data)), lines=True))
    assert event.tests == {"t.py::test_a": "1-2", "t.py::test_b": "2"}


def test_what_has_no_room_is_left_out_and_said_and_changed_files_have_room_of_their_own() -> None:
    collector = Collector(lambda file: file.path, changed=(), shown=lambda _: True, worst=None)
    found = [FileLines(f"f{number}.py", hits={1: 1, 3: 1}) for number in range(10)]
    for file in found:
        collector.add(file)
    (one,) = ToldFiles(collector, ()).of(found[0])
    size = len(one.model_dump_json())
    told = ToldFiles(collector, {"f9.py"}, room=4 * size)
    paths = [event.path for file in found for event in told.of(file)]
    assert paths == ["f0.py", "f1.py", "f2.py", "f9.py"]
    assert told.bytes <= 4 * size
    assert list(told.notes()) == [
        "The lines of 6 files are not told one by one, as there are too many."
    ]
    assert list(ToldFiles(collector, ()).notes()) == []
