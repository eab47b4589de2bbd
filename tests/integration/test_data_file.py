"""Data files of real runs give what coverage.py's own reports of them give."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from coverage import CoverageData
from datafiles import PROJECT, in_checkout, measure, python, read, sources
from gitrepo import GitRepo
from merging import merge

from qe_action.agents.coverage_analyzer import CoverageAnalyzerAgent
from qe_action.errors import ReportError
from qe_action.events import AnalyzerEvent
from qe_action.reports.cobertura import CoberturaParser
from qe_action.reports.coverage_json import files_from_json
from qe_action.reports.model import Branch, FileLines
from qe_action.task import QETask
from qe_action.workspace.report_file import ReportFiles


@pytest.fixture
def project(tmp_path: Path) -> GitRepo:
    repo = GitRepo(tmp_path / "project")
    repo.write(PROJECT)
    return repo


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, FileLines]:
    """What a run without settings gives."""
    repo = GitRepo(tmp_path_factory.mktemp("plain"))
    repo.write(PROJECT)
    measure(repo, "--cov-branch")
    return read(repo.root)[0]


def by_coverage(root: Path) -> dict[str, FileLines]:
    """What `coverage json` and `coverage xml` say: the one of contexts, the other of branches.

    The JSON does not list branches that a `pragma: no branch` excuses.
    """
    python(root, "coverage", "json", "-q", "--show-contexts", "-o", "all.json")
    python(root, "coverage", "xml", "-q", "-o", "all.xml")
    parser = CoberturaParser()
    xml = parser.feed((root / "all.xml").read_bytes()) + parser.close()
    files = in_checkout(root, files_from_json(json.loads((root / "all.json").read_bytes())))
    found = {Path(file.path).name: file for file in xml}
    assert {name: file.hits for name, file in found.items()} == {
        Path(path).name: file.hits for path, file in files.items()
    }
    for path, file in files.items():
        file.branches = found[Path(path).name].branches
    return files


@pytest.mark.parametrize("options", [[], ["--cov-branch"], ["--cov-branch", "--cov-context=test"]])
def test_a_data_file_gives_what_coverage_reports(project: GitRepo, options: list[str]) -> None:
    measure(project, *options)
    files, notes = read(project.root)
    assert files == by_coverage(project.root)
    assert notes == []
    assert set(files) == {name for name in PROJECT if name.startswith("pkg/")}
    assert bool(files["pkg/core.py"].branches) == bool(options)
    assert set(files["pkg/idle.py"].hits.values()) == {0}


def test_missing_branches_functions_and_tests_are_named(project: GitRepo) -> None:
    measure(project, "--cov-branch", "--cov-context=test")
    files, _ = read(project.root)
    core, text = files["pkg/core.py"], files["pkg/text.py"]
    assert core.branches[13] == Branch(2, 2)
    assert core.branches[15] == Branch(1, 2, ("17",))
    assert text.branches[4] == Branch(1, 2, ("5",))
    assert [(each.name, each.covered) for each in core.functions] == [
        ("sign", True),
        ("Box.open", True),
        ("Box.debug", True),
        ("Box.debug.inner", False),
    ]
    tests = "tests/test_pkg.py::"
    assert core.contexts[14] == (f"{tests}test_sign[-1]",)
    assert core.contexts[13] == (f"{tests}test_sign[-1]", f"{tests}test_sign[3]")
    assert text.contexts[6] == (f"{tests}test_pad",)
    assert 1 not in text.contexts  # `def` ran at import


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("pyproject.toml", '[tool.coverage.report]\nexclude_also = ["raise Not", "^class "]\n'),
        pytest.param(
            ".coveragerc",
            "[report]\nexclude_lines =\n    while len\n    if self.size\n",
            marks=pytest.mark.slow,
        ),
        ("setup.cfg", "[coverage:report]\npartial_branches = if text ==\n[other]\nx = 1\n"),
        pytest.param("setup.cfg", "[coverage:report]\nexclude_lines =\n", marks=pytest.mark.slow),
        ("tox.ini", "[coverage:report]\nomit =\n    pkg/idle.py\n    */text.py\n"),
        pytest.param(
            ".coveragerc",
            "[report]\ninclude = pkg/core.py, pkg/text.py\n",
            marks=pytest.mark.slow,
        ),
        ("pyproject.toml", "[tool.coverage.run]\nrelative_files = true\n"),
    ],
)
def test_the_project_s_settings_count(
    project: GitRepo, plain: dict[str, FileLines], name: str, settings: str
) -> None:
    project.write({name: settings})
    measure(project, "--cov-branch")
    files, notes = read(project.root)
    assert files == by_coverage(project.root)
    assert notes == []
    assert (files == plain) == ("relative_files" in settings)


def run_tests(repo: GitRepo, *options: str) -> None:
    """The tests under `coverage run`, which leaves a file for each process."""
    python(repo.root, "coverage", "run", "--source=pkg", "-m", "pytest", "-q", *options)


@pytest.mark.parametrize("relative", ["true", pytest.param("false", marks=pytest.mark.slow)])
def test_parallel_files_of_a_checkout_that_moved_are_combined(
    project: GitRepo, relative: str
) -> None:
    """Parts of the tests ran in one folder, parts in a copy; both are read in a third."""
    settings = f"[run]\nparallel = true\nbranch = true\nrelative_files = {relative}\n"
    project.write({".coveragerc": settings})
    run_tests(project)
    python(project.root, "coverage", "combine", "-q", "--keep")
    expected = by_coverage(project.root)
    for stale in project.root.glob(".coverage*"):
        if stale.name != ".coveragerc":
            stale.unlink()
    there, here = project.root.with_name("there"), project.root.with_name("here")
    shutil.copytree(project.root, there)
    run_tests(project, "-k", "sign")
    run_tests(GitRepo(there), "-k", "not sign")
    data = here / "data"
    shutil.copytree(project.root, here)
    data.mkdir()
    for root in (project.root, there):
        for path in root.glob(".coverage.*"):
            shutil.move(path, data)
    shutil.rmtree(project.root)
    shutil.rmtree(there)
    files, notes = read(here, data / ".coverage.*")
    assert len(list(data.iterdir())) >= 2
    assert (files, notes) == (expected, [])


def test_data_with_and_without_branches_and_an_xml_report_merge(project: GitRepo) -> None:
    """The three can't be combined by coverage.py; a line that one of them hits is covered."""
    paths = [project.root / name for name in ("sign.data", "box.data", "pad.xml")]
    for path, options in zip(
        paths, (["--cov-branch", "-k", "sign"], ["-k", "box"], ["-k", "pad"]), strict=True
    ):
        measure(project, *options)
        if path.suffix == ".xml":
            python(project.root, "coverage", "xml", "-q", "-o", str(path))
        else:
            (project.root / ".coverage").rename(path)
    agent = CoverageAnalyzerAgent()
    context = {"coverage_file": tuple(paths), "repo": project.root, "all_files": True}
    result = asyncio.run(agent.execute(QETask(task_type="coverage_analysis", context=context)))
    measure(project, "--cov-branch")
    whole, _ = read(project.root)
    assert result["totals"].statements == sum(len(file.hits) for file in whole.values())
    assert result["totals"].covered == sum(
        hit for file in whole.values() for hit in file.hits.values()
    )


def test_the_agent_reads_a_data_file_as_it_reads_its_xml(project: GitRepo) -> None:
    project.commit()
    measure(project, "--cov-branch")
    python(project.root, "coverage", "xml", "-q")

    def events(name: str) -> list[AnalyzerEvent]:
        context = {"coverage_file": project.root / name, "repo": project.root, "all_files": True}
        task = QETask(task_type="coverage_analysis", context=context)

        async def collect() -> list[AnalyzerEvent]:
            return [e async for e in CoverageAnalyzerAgent().analyze_coverage_streaming(task)]

        return asyncio.run(collect())

    data, xml = events(".coverage"), events("coverage.xml")
    assert [e for e in data if e["type"] == "gap"] == [e for e in xml if e["type"] == "gap"]
    assert data[-1]["totals"] == xml[-1]["totals"]
    assert len([e for e in data if e["type"] == "progress"]) > 4


@pytest.mark.parametrize("options", [[], ["--cov-branch"]])
@pytest.mark.parametrize(
    "edit",
    [
        lambda source: "# one\n" + source,
        lambda source: source.replace("    if text ==", "    #\n    #\n    if text =="),
    ],
)
def test_data_of_an_edited_source_fails_no_gate(
    project: GitRepo, options: list[str], edit: Callable[[str], str]
) -> None:
    project.commit({})
    measure(project, *options)
    source = project.root / "pkg/text.py"
    source.write_text(edit(source.read_text()))
    task = QETask(
        task_type="coverage_analysis",
        context={
            "coverage_file": project.root / ".coverage",
            "repo": project.root,
            "min_patch_coverage": 90,
            "min_project_coverage": 90,
            "path_gates": ("project pkg/core.py 1", "project pkg/t*.py 99", "patch * 1"),
        },
    )
    result = asyncio.run(CoverageAnalyzerAgent().execute(task))
    assert [gate.passed for gate in result.gates] == [None, None, True, None, None]
    why = "not judged, as the report is not of this version of pkg/text.py"
    assert {gate.detail for gate in result.gates if gate.name == "project coverage"} == {why}
    assert any("pkg/text.py has nothing to run on lines" in note for note in result.notes)


def test_reading_leaves_the_data_and_its_folder_alone(project: GitRepo) -> None:
    measure(project, "--cov-branch")
    data = project.root / ".coverage"
    before = data.read_bytes(), sorted(project.root.iterdir())
    data.chmod(0o444)
    read(project.root)
    assert (data.read_bytes(), sorted(project.root.iterdir())) == before


def test_files_without_a_source_are_named_once_and_the_rest_is_read(project: GitRepo) -> None:
    measure(project)
    for name in ("idle", "text"):
        (project.root / f"pkg/{name}.py").unlink()
    (project.root / "pkg/text.py").symlink_to("/etc/hostname")
    files, notes = read(project.root, project.root / ".coverage", project.root / ".coverage")
    assert set(files) == {"pkg/__init__.py", "pkg/core.py"}
    assert notes == [
        "Not counted of the coverage data, without a source in this checkout: "
        f"'{project.root}/pkg/idle.py', '{project.root}/pkg/text.py'."
    ]


def test_no_source_at_all_is_an_error(project: GitRepo, tmp_path: Path) -> None:
    measure(project)
    with pytest.raises(ReportError, match="No file that the coverage data names") as caught:
        read(tmp_path / "empty", project.root / ".coverage")
    assert "check them out" in caught.value.hint


@pytest.mark.parametrize(
    "source",
    [b"def f(:\n", b"\0", b"# coding: hex\nx = 1\n", b"x = " + b"(" * 5000, b"# coding: rot13\n"],
    ids=["syntax", "nul", "codec", "nesting", "no text codec"],
)
def test_a_source_that_can_t_be_parsed_is_named_once(project: GitRepo, source: bytes) -> None:
    measure(project, "--cov-branch")
    project.write({"pkg/text.py": source})
    files, notes = read(project.root)
    assert set(files) == {"pkg/__init__.py", "pkg/core.py", "pkg/idle.py"}
    assert notes == [
        f"Not counted of the coverage data, not readable as Python: '{project.root}/pkg/text.py'."
    ]


@pytest.mark.parametrize(
    ("source", "settings"),
    [
        pytest.param(
            *(b"x = 1\n" + b"\n" * 60_000 + b"y = 1\n", ""),
            id="against the defaults",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            *(b"x = 1  # " + b"a" * 60 + b"!\n", 'exclude_lines = ["(a+)+$"]'),
            id="against the project's pattern",
        ),
        pytest.param(
            *(b"x = 1\n", f'omit = ["*{"t*" * 12}!"]'),
            id="against a glob",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_source_that_takes_for_ever_is_named_and_the_rest_is_read(
    project: GitRepo, source: bytes, settings: str
) -> None:
    name = f"pkg/{'t' * 60}.py" if "omit" in settings else "pkg/slow.py"
    project.write({name: source, "tests/test_more.py": f"import pkg.{Path(name).stem}\n"})
    measure(project)
    project.write({".coveragerc.toml": f"[report]\n{settings}\n"})
    files, notes = read(project.root)
    assert {"pkg/core.py", "pkg/idle.py"} <= set(files)
    assert name not in files
    assert notes == [f"Not counted of the coverage data, taking too long: '{project.root}/{name}'."]


def test_patterns_that_take_for_ever_to_compile_are_left_out(project: GitRepo) -> None:
    measure(project)
    patterns = "\n ".join("(?i:" + "[\1-\U0010ffff]" * n + ")" for n in range(170, 190))
    project.write({"setup.cfg": f"[coverage:report]\nexclude_lines =\n {patterns}\n"})
    files, notes = read(project.root)
    assert "pkg/core.py" in files
    assert notes == ["What coverage.py is told in this project is left out: it takes too long."]


def test_a_source_shorter_than_what_was_measured_is_read(project: GitRepo) -> None:
    measure(project, "--cov-branch")
    project.write({"pkg/core.py": "import functools\nif functools:\n    x = 1\n"})
    files, _ = read(project.root)
    assert set(files["pkg/core.py"].hits) == {1, 2, 3}


def test_compiled_files_and_names_that_no_path_has_are_without_a_source(
    project: GitRepo,
) -> None:
    """For `x.pyc` coverage.py would read `x.py` beside it, wherever that leads."""
    project.write({"pkg/x.pyc": "", "pkg/a\\b.py": "x = 1\n"})
    (project.root / "pkg/x.py").symlink_to("/etc/hostname")
    made = CoverageData(str(project.root / ".coverage"))
    lines = {str(project.root / f"pkg/{name}"): [1] for name in ("x.pyc", "a\\b.py", "idle.py")}
    made.add_lines(lines)
    made.close()
    files, (note,) = read(project.root)
    assert set(files) == {"pkg/idle.py"}
    assert "without a source" in note


def test_coverage_is_imported_only_for_data_files() -> None:
    code = "import sys, qe_action.workspace.report_file; print('coverage' in sys.modules)"
    # Our own measurement of subprocesses would import it.
    env = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, check=True)
    assert done.stdout.strip() == b"False"


def test_parts_come_with_growing_progress(project: GitRepo) -> None:
    measure(project)
    parts = list(ReportFiles([project.root / ".coverage"]).read(sources(project.root)))
    fractions = [part.fraction for part in parts]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)
    assert max(len(part.files) for part in parts) == 1


def test_merging_what_parts_of_the_tests_cover_gives_what_all_cover(project: GitRepo) -> None:
    """coverage.py's union of arcs, and ours of the branches that its reports name."""
    halves = []
    for choice in ("sign or pad", "not sign and not pad"):
        measure(project, "--cov-branch", "--cov-context=test", "-k", choice)
        halves.append(read(project.root)[0])
    measure(project, "--cov-branch", "--cov-context=test")
    whole, _ = read(project.root)
    assert {path: merge(file, halves[1][path]) for path, file in halves[0].items()} == whole
