"""Sources that are not what the report says: the rest of the analysis stays, each is named once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from gitrepo import GitRepo

from qe_action.agents.coverage_analyzer import CoverageAnalyzerAgent
from qe_action.events import AnalysisComplete
from qe_action.task import QETask

GOOD = "def good():\n    return 1\n"
DEEP = "x = " + "(" * 5000 + ")" * 5000 + "\n"


def report(path: Path, files: dict[str, dict[int, int]]) -> Path:
    classes = "".join(
        f'<class name="c" filename="{name}"><lines>'
        + "".join(f'<line number="{line}" hits="{hits}"/>' for line, hits in lines.items())
        + "</lines></class>"
        for name, lines in files.items()
    )
    path.write_text(
        f'<coverage><packages><package name="p"><classes>{classes}</classes></package>'
        "</packages></coverage>"
    )
    return path


def analyse(repo: GitRepo, report_file: Path) -> AnalysisComplete:
    task = QETask(
        task_type="coverage_analysis",
        context={"coverage_file": report_file, "repo": repo.root, "base": "main"},
    )
    return asyncio.run(CoverageAnalyzerAgent().execute(task))


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    made = GitRepo(tmp_path / "repo")
    made.commit({"README": "hello\n"})
    made.git("checkout", "-q", "-b", "work")
    return made


LINES = {1: 1, 2: 0}


@pytest.mark.parametrize(
    ("source", "lines", "note"),
    [
        ("def bad(:\n    return\n", LINES, "odd.py can't be parsed as Python here"),
        (DEEP + "y = 1\n", LINES, "odd.py can't be parsed as Python here"),
        ("unless x then y\n", LINES, "odd.py can't be parsed as Python here"),
        ("x = 1\n\0\n", LINES, "odd.py can't be parsed as Python here"),
        ("x = 1\n", {1: 1, 2: 0, 40: 0}, "odd.py is shorter than the report says"),
        ("x = 1\n" + "# no\n" * 50, dict.fromkeys(range(1, 30), 0), "odd.py has nothing to run on"),
    ],
)
def test_an_odd_source_is_named_once_and_keeps_the_rest(
    repo: GitRepo, tmp_path: Path, source: str, lines: dict[int, int], note: str
) -> None:
    repo.commit({"odd.py": source, "good.py": GOOD})
    result = analyse(repo, report(tmp_path / "c.xml", {"odd.py": lines, "good.py": LINES}))
    assert [text for text in result.notes if note in text][1:] == []
    assert note in " ".join(result.notes)
    assert {gap.function for gap in result.gaps if gap.file_path == "good.py"} == {"good"}
    assert any(gap.file_path == "odd.py" for gap in result.gaps)


@pytest.mark.parametrize("name", ["odd.py", "odd.js"])
def test_a_source_that_is_not_checked_out_is_named_once(
    repo: GitRepo, tmp_path: Path, name: str
) -> None:
    repo.commit({name: "x = 1\ny = 2\n", "good.py": GOOD})
    (repo.root / name).unlink()
    result = analyse(repo, report(tmp_path / "c.xml", {name: LINES, "good.py": LINES}))
    assert [note for note in result.notes if name in note] == [
        f"{name} is missing from the checkout or too large: of it only lines are known."
    ]
    assert {gap.function for gap in result.gaps if gap.file_path == "good.py"} == {"good"}
    assert any(gap.file_path == name for gap in result.gaps)


def test_modules_that_import_each_other(repo: GitRepo, tmp_path: Path) -> None:
    here = "from {0} import {0}\n\ndef {1}(n):\n    return {0}(n - 1)\n"
    repo.commit({"a.py": here.format("b", "a"), "b.py": here.format("a", "b"), "good.py": GOOD})
    lines = {1: 1, 3: 1, 4: 0}
    result = analyse(
        repo, report(tmp_path / "c.xml", {"a.py": lines, "b.py": lines, "good.py": LINES})
    )
    assert {gap.function for gap in result.gaps} == {"a", "b", "good"}
    assert result.notes == ()


def test_blocks_nested_as_deep_as_python_lets_them(repo: GitRepo, tmp_path: Path) -> None:
    depth = 95
    nested = "".join(f"{' ' * level}if x:\n" for level in range(1, depth))
    source = f"def deep(x):\n{nested}{' ' * depth}return 1\n"
    repo.commit({"odd.py": source, "good.py": GOOD})
    lines = {1: 1, **dict.fromkeys(range(2, depth + 2), 0)}
    result = analyse(repo, report(tmp_path / "c.xml", {"odd.py": lines, "good.py": LINES}))
    assert {gap.function for gap in result.gaps} == {"deep", "good"}
    assert result.notes == ()


def test_reports_that_disagree_on_a_files_length(repo: GitRepo, tmp_path: Path) -> None:
    repo.commit({"odd.py": "x = 1\n" * 9, "good.py": GOOD})
    report(tmp_path / "one.xml", {"odd.py": {1: 1, 2: 0}, "good.py": {1: 1, 2: 0}})
    report(tmp_path / "two.xml", {"odd.py": {1: 0, 9: 1}, "good.py": {1: 1, 2: 1}})
    result = analyse(repo, tmp_path / "*.xml")
    assert result.totals is not None
    assert (result.totals.statements, result.totals.covered) == (5, 4)
    assert [note for note in result.notes if "different reports" in note] == [
        "odd.py ends at different lines in different reports: "
        "were they made of different versions? All their lines are counted."
    ]


def test_a_changed_file_that_is_left_out_is_not_said_to_be_missing(
    repo: GitRepo, tmp_path: Path
) -> None:
    repo.commit({"odd.py": "x = 1\n", "good.py": GOOD})
    reported = report(tmp_path / "c.xml", {"odd.py": {1: 1}, "good.py": LINES})
    context = {"coverage_file": reported, "repo": repo.root, "base": "main", "exclude": ("odd.py",)}
    task = QETask(task_type="coverage_analysis", context=context)
    result = asyncio.run(CoverageAnalyzerAgent().execute(task))
    assert result.total_files == 1
    assert not [note for note in result.notes if "odd.py" in note]


def test_a_source_in_another_encoding_is_understood(repo: GitRepo, tmp_path: Path) -> None:
    text = "# coding: latin-1\ndef é():\n    return 'ü'\n"
    repo.commit({"odd.py": text.encode("latin-1")})
    result = analyse(repo, report(tmp_path / "c.xml", {"odd.py": {2: 1, 3: 0}}))
    assert [gap.function for gap in result.gaps] == ["é"]
    assert not [note for note in result.notes if "odd.py" in note]


def test_a_changed_continuation_line_counts_its_statement(repo: GitRepo, tmp_path: Path) -> None:
    base = repo.commit({"odd.py": "x = f(\n    1,\n    2,\n)\ny = 1\n"})
    repo.commit({"odd.py": "x = f(\n    1,\n    3,\n)\ny = 1\n"})
    context = {"coverage_file": report(tmp_path / "c.xml", {"odd.py": {1: 0, 5: 1}})}
    task = QETask(
        task_type="coverage_analysis", context={**context, "repo": repo.root, "base": base}
    )
    result = asyncio.run(CoverageAnalyzerAgent().execute(task))
    assert result.patch is not None
    assert (result.patch.statements, result.patch.covered) == (1, 0)
    assert [gap.in_diff for gap in result.gaps] == [True]


@pytest.mark.slow
def test_a_file_of_a_hundred_thousand_lines(repo: GitRepo, tmp_path: Path) -> None:
    count = 100_000
    repo.commit({"odd.py": "".join(f"def f{n}():\n    return {n}\n" for n in range(count // 2))})
    lines = {n: n % 2 for n in range(1, count + 1)}
    result = analyse(repo, report(tmp_path / "c.xml", {"odd.py": lines}))
    assert result.total_gaps == count // 2
    assert result.gaps[0].function == "f0"
