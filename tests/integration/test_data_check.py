"""Data files that are none, or that somebody made up."""

from __future__ import annotations

import random
import sqlite3
from contextlib import suppress
from pathlib import Path

import pytest
from coverage import CoverageData
from datafiles import PROJECT, read
from gitrepo import GitRepo

from qe_action.errors import ReportError


@pytest.fixture
def project(tmp_path: Path) -> GitRepo:
    repo = GitRepo(tmp_path / "project")
    repo.write(PROJECT)
    return repo


@pytest.fixture
def data(project: GitRepo) -> Path:
    """A data file as coverage.py writes it, with arcs."""
    path = project.root / ".coverage"
    made = CoverageData(str(path))
    made.set_context("tests/test_pkg.py::test_pad|run")
    made.add_arcs({str(project.root / "pkg/text.py"): [(-1, 1), (1, 2), (2, 4)]})
    made.close()
    return path


def change(path: Path, *statements: str) -> None:
    database = sqlite3.connect(path)
    for statement in statements:
        database.execute(statement)
    database.commit()
    database.close()


def refused(project: GitRepo, message: str) -> None:
    with pytest.raises(ReportError, match=message) as caught:
        read(project.root)
    assert caught.value.hint
    assert "\n" not in caught.value.line()


def test_the_data_these_tests_change_is_read(project: GitRepo, data: Path) -> None:
    files, notes = read(project.root)
    assert files["pkg/text.py"].hits == {1: 1, 2: 1, 3: 0, 4: 1, 5: 0, 6: 0}
    assert files["pkg/text.py"].contexts[2] == ("tests/test_pkg.py::test_pad",)
    assert notes == []


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        (["UPDATE coverage_schema SET version = 8"], "of version '8'; version 7 is read"),
        (["DELETE FROM coverage_schema"], "of version 'None'"),
        (["DROP TABLE arc"], "'arc' is not as"),
        (["CREATE VIEW more AS SELECT 1"], "'more' is not as"),
        (["CREATE TABLE other (x)"], "'other' is not as"),
        (
            ["DROP TABLE file", "CREATE VIEW file AS SELECT 1 AS id, 'x' AS path"],
            "'file' is not as",
        ),
        (
            ["CREATE TRIGGER t AFTER INSERT ON arc BEGIN DELETE FROM file; END"],
            "'t' is not as",
        ),
        (
            [
                "DROP TABLE coverage_schema",
                "CREATE TABLE coverage_schema (version AS (abs(-7)), x)",
                "INSERT INTO coverage_schema (x) VALUES (1)",
            ],
            "'coverage_schema' is not as",
        ),
        (["UPDATE arc SET fromno = 'one'"], "table 'arc' holds"),
        (["UPDATE arc SET tono = 9000000000"], "table 'arc' holds"),
        (["UPDATE arc SET tono = -9223372036854775808"], "damaged: integer overflow"),
        (["UPDATE file SET path = x'00'"], "table 'file' holds"),
        (["UPDATE file SET path = NULL"], "table 'file' holds"),
        (["UPDATE file SET path = CAST(x'ff' AS TEXT)"], "damaged: Could not decode"),
        (["UPDATE context SET context = CAST(x'ff' AS TEXT)"], "damaged: Could not decode"),
        (["INSERT INTO line_bits VALUES (1, 1, 'text')"], "table 'line_bits' holds"),
        (["INSERT INTO line_bits VALUES (1, 1, zeroblob(9000000))"], "table 'line_bits' holds"),
        (["UPDATE meta SET value = 'many' WHERE key = 'has_arcs'"], "table 'meta' holds"),
        (["INSERT INTO tracer VALUES (1, x'00')"], "table 'tracer' holds"),
    ],
    ids=range(19),
)
def test_what_coverage_does_not_write_is_refused(
    project: GitRepo, data: Path, statements: list[str], message: str
) -> None:
    change(data, *statements)
    refused(project, message)


def test_another_database_is_no_data_file(project: GitRepo) -> None:
    change(project.root / ".coverage", "CREATE TABLE notes (text)")
    refused(project, "an SQLite database, but not coverage.py's")


@pytest.mark.parametrize("size", [16, 100, 5000, 20_000])
def test_a_file_that_was_cut_off_is_damaged(project: GitRepo, data: Path, size: int) -> None:
    data.write_bytes(data.read_bytes()[:size])
    refused(project, "is damaged")


@pytest.mark.parametrize("seed", range(25))
def test_broken_bytes_are_read_or_refused(project: GitRepo, data: Path, seed: int) -> None:
    """No exception but ReportError, whatever stands in the file."""
    chance = random.Random(seed)
    content = bytearray(data.read_bytes())
    for _ in range(chance.choice([1, 20, 400])):
        content[chance.randrange(100, len(content))] = chance.randrange(256)
    data.write_bytes(content)
    with suppress(ReportError):
        read(project.root)


def test_arcs_that_no_program_runs_are_read(project: GitRepo) -> None:
    """Any pair of lines, of files that have such lines or not."""
    chance = random.Random(7)
    made = CoverageData(str(project.root / ".coverage"))
    for name in PROJECT:
        arcs = [(chance.randint(-60, 60), chance.randint(-60, 60)) for _ in range(800)]
        made.add_arcs({str(project.root / name): arcs})
    made.close()
    files, _ = read(project.root)
    assert set(files) == set(PROJECT)
    for file in files.values():
        assert all(0 <= branch.covered <= branch.total for branch in file.branches.values())


def test_no_plugin_of_the_project_is_run(
    project: GitRepo, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not that of its settings, nor that of data which a plugin measured."""
    project.write(
        {
            "evil.py": "raise SystemExit('the plugin was run')\n",
            ".coveragerc": "[run]\nplugins = evil\n[report]\nexclude_also = raise\n",
        }
    )
    monkeypatch.syspath_prepend(str(project.root))
    made = CoverageData(str(data))
    made.read()
    page = str(project.root / "pkg/core.py")
    made.add_arcs({page: [(1, 2)]})
    made.add_file_tracers({page: "evil.Plugin"})
    made.close()
    files, notes = read(project.root)
    assert set(files) == {"pkg/text.py"}
    assert 5 not in files["pkg/text.py"].hits
    assert notes == [f"Not counted of the coverage data, measured by a plugin: {page!r}."]


def test_files_that_two_plugins_claim_are_refused(project: GitRepo, data: Path) -> None:
    other = CoverageData(str(project.root / "other.data"))
    page = str(project.root / "pkg/text.py")
    other.add_arcs({page: [(1, 2)]})
    other.add_file_tracers({page: "some.Plugin"})
    other.close()
    with pytest.raises(ReportError, match=r"'other.data' is damaged: Conflicting file tracer"):
        read(project.root, data, project.root / "other.data")
