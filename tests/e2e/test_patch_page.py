"""The worked example of the page on patch coverage, run as it stands there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from gitrepo import GitRepo, git_env

from qe_action.events import Counts

PAGE = (Path(__file__).parents[2] / ".github/docs/patch-coverage.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The page's blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    """The change committed on a branch, and coverage.py's report on the test."""
    before, test = blocks("python")
    (change,) = blocks("diff")
    made = GitRepo(tmp_path / "repo")
    made.commit({"prices.py": before, ".gitignore": "*\n!prices.py\n"})
    made.branch("shipping")
    (tmp_path / "change.diff").write_text(change)
    made.git("apply", str(tmp_path / "change.diff"))
    made.commit()
    made.write({"check.py": test})
    for command in (
        ("run", "--branch", "--include=prices.py", "check.py"),
        ("xml", "-q"),
    ):
        python(made, "coverage", *command)
    return made


def python(repo: GitRepo, *arguments: str) -> str:
    """What a module prints that is run in the repository."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=repo.root,
        env=git_env(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout


def result(repo: GitRepo) -> dict[str, Any]:
    events = python(repo, "qe_action", "analyze", "--base", "main", "--output", "jsonl")
    last: dict[str, Any] = json.loads(events.splitlines()[-1])
    return last


def fraction(counts: Counts) -> str:
    """A fraction as the page writes it, with its percentage cut to one decimal."""
    covered, whole = counts.covered + counts.covered_branches, counts.statements + counts.branches
    share = f"{covered * 1000 // whole / 10:g}%"
    parts = f"({counts.covered} + {counts.covered_branches})"
    return f"{parts} / ({counts.statements} + {counts.branches}) = {share}"


def test_the_page_s_figures_are_those_of_its_example(repo: GitRepo) -> None:
    found = result(repo)
    for name in ("patch", "totals"):
        assert fraction(Counts.model_validate(found[name])) in " ".join(PAGE.split())
    assert found["patch"]["statements"] == len(re.findall(r"^\| [0-9]+ \|", PAGE, re.MULTILINE))


def test_the_page_s_rows_are_the_changed_statements(repo: GitRepo) -> None:
    """What the report says of each line that the page lists."""
    report = (repo.root / "coverage.xml").read_text()
    rows = re.findall(r"^\| ([0-9]+) \|.*?\| (yes|no) \| (?:([0-9]) of ([0-9]))?", PAGE, re.M)
    for line, covered, taken, ways in rows:
        (said,) = re.findall(rf'<line number="{line}" hits="([01])"[^>]*>', report)
        assert (said == "1") is (covered == "yes")
        if ways:
            assert f'number="{line}" hits="1" branch="true"' in report
            assert f"({taken}/{ways})" in report
    in_diff = [gap for gap in result(repo)["gaps"] if gap["in_diff"]]
    missed = {row[0] for row in rows if row[1] == "no" or row[2] != row[3]}
    told = {n for gap in in_diff for n in (gap["line_start"], *gap["branch_lines"])}
    assert {str(line) for line in told} == missed
