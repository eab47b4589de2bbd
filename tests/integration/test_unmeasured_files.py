"""Changed files that no report knows: real repositories, real coverage runs, the command line."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from datafiles import PLUGINS, WITH_COVERAGE
from gitrepo import GitRepo, git_env
from one_file import one_file
from warm_program import run_program

CALC = "def add(a, b):\n    return a + b\n"
PAYMENT = (
    "def pay(amount):\n    if amount < 0:\n        raise ValueError('no')\n    return amount * 2\n"
)
BASE = {
    "app/__init__.py": "",
    "app/calc.py": CALC,
    "tests/__init__.py": "",
    "tests/test_calc.py": (
        "from app.calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n"
    ),
    ".gitignore": ".coverage*\ncoverage.*\n__pycache__\n",
}
CHANGED = {"app/calc.py": CALC.replace("a + b", "b + a")}


class Project:
    """A repository whose branch changes files, measured by pytest-cov."""

    def __init__(self, root: Path, base: Mapping[str, str]) -> None:
        self.repo = GitRepo(root)
        self.repo.commit({**BASE, **base})
        self.repo.branch("feature")

    def measure(self, files: Mapping[str, str], *options: str, folder: str = ".") -> None:
        """Commit a change and run the tests on it."""
        self.repo.commit({**CHANGED, **files})
        self.run(
            "-m", "pytest", "-q", "-p", "no:cacheprovider", *WITH_COVERAGE, *options, folder=folder
        )

    def run(self, *arguments: str, folder: str = ".") -> str:
        environment = {**git_env(), "COLUMNS": "200"}
        if arguments[:2] == ("-m", "qe_action"):
            done = run_program(arguments[2:], self.repo.root / folder, environment)
        else:
            done = subprocess.run(
                [sys.executable, *arguments],
                cwd=self.repo.root / folder,
                env={**environment, "PYTHONDONTWRITEBYTECODE": "1", **PLUGINS},
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
        self.code = done.returncode
        return done.stdout + done.stderr

    def result(self, *options: str, report: str = "coverage.xml") -> dict[str, Any]:
        """The analysis' result as the command line prints it."""
        out = self.run("-m", "qe_action", "analyze", report, "--output", "jsonl", *options)
        events = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
        self.gaps = [event["gap"] for event in events if event["type"] == "gap"]
        found: dict[str, Any] = events[-1]
        return found


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "repo", {})


def counts(result: dict[str, Any]) -> tuple[int, int]:
    """Covered and all changed statements."""
    return result["patch"]["covered"], result["patch"]["statements"]


XML = ("--cov", "--cov-branch", "--cov-report=xml")


def test_a_new_module_that_no_test_imports_fails_the_gate(project: Project) -> None:
    project.measure({"app/payment.py": PAYMENT}, *XML)
    result = project.result("--min-patch-coverage", "80")
    assert project.code == 1
    assert counts(result) == (1, 5)
    assert result["totals"]["statements"] == 5  # the report's own, the test's three among them
    (gap,) = project.gaps
    assert (gap["file_path"], gap["statements"], gap["measured"]) == ("app/payment.py", 4, False)
    rows = {file["path"]: file["measured"] for file in result["files"] if file["patch"]}
    assert rows == {"app/payment.py": False, "app/calc.py": True}
    assert any("app/payment.py" in note and "not covered" in note for note in result["notes"])
    said = project.run("-m", "qe_action", "analyze")
    assert "app/payment.py:1-4  not measured: 4 statements" in said


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ((), ["payment.py"]),
        (("--annotations", "all"), ["old.py", "payment.py"]),
        (("--annotations", "all", "--max-annotations", "1"), ["payment.py"]),
        (("--annotations", "none"), []),
    ],
)
def test_the_preview_has_the_annotations_that_are_asked_for(
    tmp_path: Path, options: tuple[str, ...], shown: list[str]
) -> None:
    project = Project(tmp_path / "repo", {"app/old.py": "x = 1\n"})
    project.repo.commit({"app/payment.py": PAYMENT})
    report = _report(["app/old.py", "app/payment.py"]).replace('hits="1"', 'hits="0"')
    project.repo.write({"coverage.xml": report})
    project.run("-m", "qe_action", "run", "--base", "main", "--preview-file", "p.html", *options)
    text = one_file(project.repo.root / "p.html").preview
    _, _, below = text.partition("<header>Annotations")
    notes = below.partition("</section>")[0]
    assert sorted(re.findall(r"\w+\.py", notes)) == shown


@pytest.mark.parametrize("report", ["coverage.json", "coverage.lcov", ".coverage"])
def test_every_format_lists_what_was_measured_alike(project: Project, report: str) -> None:
    project.measure({"app/payment.py": PAYMENT}, "--cov", "--cov-report=json", "--cov-report=lcov")
    assert counts(project.result(report=report)) == (1, 5)


@pytest.mark.parametrize("option", ["--cov=app", "--cov=."])
def test_a_command_that_measures_the_package_lists_every_module(
    project: Project, option: str
) -> None:
    project.measure({"app/payment.py": PAYMENT}, option, "--cov-report=xml")
    result = project.result()
    assert counts(result) == (1, 5)
    assert all(gap["measured"] for gap in project.gaps)


NEED_NOT = {
    "app/empty/__init__.py": "",
    "app/empty.py": "# nothing yet\n",
    "app/words.py": '"""Only words."""\n',
    "app/shy.py": "def f():  # pragma: no cover\n    return 1\n",
    "app/tests/helper.py": "x = 1\n",
    "app/conftest.py": "",
    "app/migrations/0001_x.py": "x = 1\n",
    "docs/conf.py": "x = 1\n",
    "setup.py": "x = 1\n",
    "scripts/go.py": "x = 1\n",
    "app/legacy/__init__.py": "x = 1\n",
    "app/legacy/old.py": "x = 1\n",
    "app/gen_pb2.py": "x = 1\n",
}


@pytest.mark.parametrize("option", ["--cov", "--cov=app"])
def test_what_the_report_need_not_list_does_not_count(tmp_path: Path, option: str) -> None:
    settings = '[tool.coverage.run]\nomit = ["app/legacy/*"]\n[tool.coverage.report]\n'
    project = Project(tmp_path / "repo", {"pyproject.toml": settings + 'omit = ["*_pb2.py"]\n'})
    project.measure(NEED_NOT, option, "--cov-report=xml")
    result = project.result()
    assert counts(result) == (1, 1), result["notes"]
    assert project.gaps == []


def test_exclusions_of_the_project_hold_for_what_was_not_measured(tmp_path: Path) -> None:
    base = {".coveragerc": "[report]\nexclude_also =\n    raise ValueError\n"}
    project = Project(tmp_path / "repo", base)
    project.measure({"app/payment.py": PAYMENT}, *XML)
    assert counts(project.result()) == (1, 4)


def test_what_an_option_left_out_of_a_searched_package_does_not_count(project: Project) -> None:
    """The option is not to be seen, but coverage.py lists all other modules of the package."""
    project.measure(
        {"app/old.py": "x = 1\n", "app/never.py": "y = 1\n", "omitting": "[run]\nomit=app/old.py"},
        *("--cov=app", "--cov-config=omitting", "--cov-report=xml"),
    )
    result = project.result()
    assert counts(result) == (1, 2)
    assert [gap["file_path"] for gap in project.gaps] == ["app/never.py"]
    assert result["unmeasured"] == ["app/old.py"]
    # One that was written since could not be listed.
    time.sleep(0.01)
    (project.repo.root / "app/younger.py").write_text("z = 1\n")
    assert counts(project.result()) == (1, 3)


def test_settings_of_the_working_directory_go_first(tmp_path: Path) -> None:
    below = {f"back/{name}": text for name, text in BASE.items() if name[0] != "."}
    omit = "[tool.coverage.run]\nomit = ['app/old.py']\n"
    project = Project(tmp_path / "repo", {**below, "back/pyproject.toml": omit})
    files = {"back/app/calc.py": CHANGED["app/calc.py"], "back/app/old.py": "x = 1\n"}
    project.measure({**files, "back/app/payment.py": PAYMENT}, *XML, folder="back")
    out = project.run(
        *("-m", "qe_action", "analyze", "--repo", ".", "--output", "jsonl"), folder="back"
    )
    result = json.loads(out.splitlines()[-1])
    assert counts(result) == (1, 5)


def test_other_languages_leave_the_patch_unknown(project: Project) -> None:
    project.repo.commit(
        {"web/src/a.js": "export const a = 1\n", "web/src/pay.js": "export const p = 2\n"}
    )
    (project.repo.root / "coverage.info").write_text("SF:web/src/a.js\nDA:1,1\nend_of_record\n")
    out = project.run(
        *("-m", "qe_action", "analyze", "coverage.info", "--min-patch-coverage", "80")
    )
    assert project.code == 0
    assert "Gate not judged: patch coverage: web/src/pay.js is not in the report" in out
    assert "Patch coverage unknown" in out
    result = project.result("--unmeasured", "ignore", report="coverage.info")
    assert counts(result) == (1, 1)


def test_the_user_decides(project: Project) -> None:
    project.measure({"app/payment.py": PAYMENT}, *XML)
    for options, patch in (
        (("--unmeasured", "count"), (1, 5)),
        (("--unmeasured", "unknown"), None),
        (("--unmeasured", "ignore"), (1, 1)),
        (("--exclude", "app/pay*"), (1, 1)),
    ):
        result = project.result(*options)
        assert (counts(result) if result["patch"] else None) == patch
        named = options[1] in ("unknown", "ignore")
        assert result["unmeasured"] == (["app/payment.py"] if named else [])


def test_what_can_not_be_parsed_leaves_the_patch_unknown(project: Project) -> None:
    deep = "x = " + "(" * 5000 + ")" * 5000 + "\n"
    project.measure({"app/broken.py": "def f(:\n", "app/deep.py": deep}, *XML)
    result = project.result("--min-patch-coverage", "80")
    assert result["patch"] is None
    assert result["unmeasured"] == ["app/broken.py", "app/deep.py"]
    assert result["gates"][0]["detail"] == "app/broken.py and 1 more are not in the report"


def test_a_change_of_sources_elsewhere_is_no_change_of_nothing(project: Project) -> None:
    project.run("-m", "pytest", "-q", *WITH_COVERAGE, *XML)
    project.repo.commit({"scripts/deploy.py": "x = 1\n", "notes.md": "x\n"})
    out = project.run("-m", "qe_action", "analyze", "--min-patch-coverage", "80")
    assert "Gate not judged: patch coverage: scripts/deploy.py is not in the report" in out
    assert "Changed files are not in the report, project" in out
    assert "o statement was changed" not in out
    project.repo.git("checkout", "-q", "main")
    project.repo.branch("words")
    project.repo.commit({"notes.md": "x\n", "app/calc.py": f"{CALC}# More.\n"})
    out = project.run("-m", "qe_action", "analyze", "--min-patch-coverage", "80")
    assert "Gate not judged: patch coverage: no statement was changed" in out


def test_a_comment_in_what_was_not_measured_counts_nothing(tmp_path: Path) -> None:
    project = Project(tmp_path / "repo", {"app/payment.py": PAYMENT})
    project.measure({"app/payment.py": f"# Words.\n{PAYMENT}"}, *XML)
    assert counts(project.result()) == (1, 1)
    assert project.gaps == []


def test_the_report_of_another_project_judges_nothing(project: Project, tmp_path: Path) -> None:
    project.measure({}, *XML)
    other = GitRepo(tmp_path / "other")
    files = {name.replace("app/", "two/"): text for name, text in BASE.items()}
    other.commit(files)
    other.branch("feature")
    other.commit({"two/calc.py": f"{CALC}\n\ndef g(a):\n    return -a\n"})
    project.repo = other
    gates = ("--min-project-coverage", "90", "--min-patch-coverage", "80", "--path-gate",
             "project ** 50")  # fmt: skip
    report = str(tmp_path / "repo" / "coverage.xml")
    result = project.result(*gates, report=report)
    assert project.code == 0
    why = "the report does not fit this repository, which has none of its 2 source files"
    assert result["misfit"] == why
    assert {gate["detail"] for gate in result["gates"]} == {f"not judged, as {why}"}
    assert {gate["passed"] for gate in result["gates"]} == {None}
    assert result["patch"] is None
    out = project.run("-m", "qe_action", "analyze", report)
    assert f"T{why[1:]}" in out
    assert "statement was changed" not in out


def test_files_that_are_here_untracked_fit(tmp_path: Path) -> None:
    """Generated modules are in no commit, but on the disk that was measured."""
    project = Project(tmp_path / "repo", {".gitignore": "coverage.xml\ngen/\n.coverage\n"})
    made = {f"gen/m{n}.py": "x = 1\n" for n in range(9)}
    project.repo.write({**made, "gen/__init__.py": ""})
    test = "\n".join(f"import gen.m{n}" for n in range(9))
    project.measure({"tests/test_gen.py": f"{test}\n\n\ndef test():\n    pass\n"}, *XML)
    result = project.result("--min-project-coverage", "50")
    assert result["misfit"] == ""
    assert result["gates"][0]["passed"] is True


def test_what_a_folder_elsewhere_was_taken_as_is_said_where_it_was_used(tmp_path: Path) -> None:
    """In log and notes as in the doctor's findings, unless the report is of something else."""
    base = {f"backend/app/m{n}.py": "x = 1\n" for n in range(3)}
    for n in (1, 2):  # only the lines tell that they are not meant
        base[f"frontend/app/m{n}.py"] = "# Without a statement on its first line.\nx = 1\n"
    project = Project(tmp_path / "repo", base)
    project.repo.commit({"backend/app/m0.py": "x = 2\n"})
    project.repo.write({"coverage.xml": _report([f"/app/app/m{n}.py" for n in range(3)])})
    said = "3 paths of the report below /app, taken as backend/"
    assert f"{said}." in project.result()["notes"]
    assert f"{said}." in project.run("-m", "qe_action", "run")
    lines = _paths(project.run("-m", "qe_action", "doctor"))
    assert [line.split()[0] for line in lines] == ["ok", "ok"]
    assert "3 of 3 report paths match the repository" in lines[0]
    assert said in lines[1]
    other = [f"/app/lib/m{n}.py" for n in range(3, 9)]
    project.repo.write({"coverage.xml": _report([f"/app/app/m{n}.py" for n in range(3)] + other)})
    result = project.result()
    assert result["misfit"]
    assert not any("taken as" in note for note in result["notes"])
    assert "taken as" not in project.run("-m", "qe_action", "run")
    seen = project.run("-m", "qe_action", "doctor", "--min-project-coverage", "1")
    assert "taken as" not in seen
    assert "the report does not fit this repository, which has only 3" in _paths(seen)[0]
    assert "can't be judged: min-project-coverage" in seen
    assert project.code == 1


def _report(paths: list[str]) -> str:
    """A Cobertura report of files with one covered line each."""
    line = '<methods/><lines><line number="1" hits="1"/></lines>'
    classes = "".join(f'<class name="m" filename="{path}">{line}</class>' for path in paths)
    package = f'<package name="p"><classes>{classes}</classes></package>'
    return f"<coverage><sources/><packages>{package}</packages></coverage>"


def _paths(out: str) -> list[str]:
    """The doctor's lines on paths."""
    return [line for line in out.splitlines() if line.split()[1:2] == ["paths"]]


@pytest.mark.parametrize("git", [True, False])
def test_the_doctor_wants_files_that_are_there(tmp_path: Path, git: bool) -> None:
    project = Project(tmp_path / "repo", {})
    project.measure({}, *XML)
    report = (project.repo.root / "coverage.xml").read_text()
    if git:
        (project.repo.root / "app/calc.py").unlink()
    else:
        project.repo = GitRepo(tmp_path / "empty")
        project.repo.write({"coverage.xml": report})
        (project.repo.root / ".git").rename(tmp_path / "gone")
    out = project.run("-m", "qe_action", "doctor")
    line, *more = _paths(out)
    assert not more or "does not fit" in more[0]
    if git:
        assert line.split()[0] == "warn"
        assert "3 of 4 report paths lead to a file that is here, app/calc.py does not" in line
    else:
        assert line.split()[0] == "fail"
        assert "0 of 4 report paths lead to a file that is here" in line
    assert os.sep  # the line is one, however wide the terminal


def test_a_changed_file_that_is_measured_by_a_links_name_is_unknown(project: Project) -> None:
    (project.repo.root / "main.py").symlink_to("tools/main.py")
    project.repo.commit({"tools/main.py": PAYMENT, **CHANGED})
    lines = {"executed_lines": [1, 2], "missing_lines": [3, 4], "excluded_lines": []}
    calc = {"executed_lines": [1, 2], "missing_lines": [], "excluded_lines": []}
    report = {"meta": {"format": 3}, "files": {"main.py": lines, "app/calc.py": calc}}
    (project.repo.root / "coverage.json").write_text(json.dumps(report))
    result = project.result("--min-patch-coverage", "80", report="coverage.json")
    assert result["patch"] is None
    assert result["gates"][0]["passed"] is None
    assert any("tools/main.py" in note for note in result["notes"])
