"""The report of the benchmark is the one that its sources really give."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from make_report import Shape, calls, path_of, write_repo, write_report

from qe_action.reports.cobertura import CoberturaParser
from qe_action.reports.model import FileLines

SHAPE = Shape(files=13, lines=34, missed_blocks=1, changed=2)


def read(path: Path) -> list[FileLines]:
    parser = CoberturaParser()
    return parser.feed(path.read_bytes()) + parser.close()


def git(directory: Path, *arguments: str) -> list[str]:
    done = subprocess.run(
        ["git", *arguments], cwd=directory, check=True, capture_output=True, text=True
    )
    return done.stdout.split()


def test_the_report_is_what_coverage_measures_on_its_sources(tmp_path: Path) -> None:
    """Hits, missed lines and missing branches of every file."""
    made, repo = tmp_path / "made.xml", tmp_path / "repo"
    repo.mkdir()
    write_report(made, SHAPE)
    write_repo(repo, SHAPE)
    (tmp_path / "driver.py").write_text(
        "import runpy, sys\nsys.path.insert(0, 'src')\n"
        + "".join(
            f"names = runpy.run_path({str(repo / path_of(index))!r})\n"
            + "".join(f"names[{name!r}](1)\n" for name in calls(index, SHAPE))
            for index in range(SHAPE.files)
        )
    )
    config = tmp_path / "coveragerc"
    config.write_text("[run]\nbranch = true\nrelative_files = true\nsource = src\n")
    for command in (["run", str(tmp_path / "driver.py")], ["xml", "-q", "-o", "measured.xml"]):
        subprocess.run(
            [sys.executable, "-m", "coverage", *command[:1], f"--rcfile={config}", *command[1:]],
            cwd=repo,
            check=True,
        )
    measured = {file.path.removeprefix("src/"): file for file in read(repo / "measured.xml")}
    for file in read(made):
        found = measured.pop(file.path.removeprefix("src/"))
        assert (found.hits, found.branches) == (file.hits, file.branches)
        assert 0 in file.hits.values()
    assert not measured


def test_the_branch_changes_as_many_files_as_asked(tmp_path: Path) -> None:
    write_repo(tmp_path, SHAPE)
    assert len(git(tmp_path, "diff", "--name-only", "main...pr")) == SHAPE.changed
    assert git(tmp_path, "status", "--porcelain") == []
