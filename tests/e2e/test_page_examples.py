"""The steps and commands of README and pages, as they stand, without a container."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest
import readme_workflows
from coverage import CoverageData
from fake_github import FakeGitHub
from gitrepo import GitRepo, git_env
from job import Job, cobertura
from readme_workflows import Recipe
from warm_program import run_program

from qe_action.command_options import parser

STEPS = [recipe for recipe in readme_workflows.recipes() if recipe.only_reads and recipe.inputs]
LINES = readme_workflows.console_lines()
LCOV = "TN:\nSF:app.py\n" + "".join(f"DA:{n},1\n" for n in range(1, 21)) + "end_of_record\n"
JUNIT = '<testsuite name="s" tests="1"><testcase classname="a" name="b" time="0.1"/></testsuite>'
TEST = "import app, other\n\n\ndef test_all():\n    assert app.a1 == other.c\n"


@pytest.mark.parametrize("recipe", [pytest.param(recipe, id=recipe.id) for recipe in STEPS])
def test_a_step_runs_as_it_stands(tmp_path: Path, strict: FakeGitHub, recipe: Recipe) -> None:
    """Its gates hold, or are neutral where the project here has no such part."""
    job = Job(tmp_path, strict)
    given = {name: _filled(value) for name, value in recipe.inputs.items()}
    folder = job.repo.root / given.get("working-directory", ".")
    for name in given.get("coverage-file", "coverage.xml").split():
        _report(job, folder / name)
    for name in given.get("test-results", "").split():
        (folder / name).write_text(JUNIT)
    result = job.run(env={f"INPUT_{name.upper()}": value for name, value in given.items()})
    assert result.status == 0, result.log
    assert not [command for command in result.commands if command.name == "error"], result.log
    checks = [check.data for check in strict.checks.values()]
    assert {check["status"] for check in checks} == {"completed"}
    assert {check["conclusion"] for check in checks} <= {"success", "neutral"}
    assert given.get("name", "qe-action coverage") in {check["name"] for check in checks}
    if "journal" in given:
        assert (job.repo.root / given["journal"]).is_file()


def _filled(value: str) -> str:
    """Expressions as this job would fill them in."""
    return re.sub(r"\$\{\{.*?\}\}", lambda found: "success" if "tests" in found[0] else "3", value)


def _report(job: Job, path: Path) -> None:
    """A report of the kind that its name tells."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".xml":
        every = {"app.py": dict.fromkeys(range(1, 21), 1), "other.py": {1: 1, 2: 1}}
        path.write_text(cobertura(every))
    elif path.suffix == ".info":
        path.write_text(LCOV)
    else:
        data = CoverageData(str(path))
        data.add_lines({str(job.repo.root / "app.py"): range(1, 21)})
        data.write()


@pytest.mark.parametrize(
    "command", [pytest.param(call, id=place) for place, call in readme_workflows.commands()]
)
def test_a_command_of_a_step_runs_as_it_stands(
    tmp_path: Path, strict: FakeGitHub, command: list[str]
) -> None:
    job = Job(tmp_path, strict)
    job.report(set())
    job.repo.write({"test_app.py": TEST})
    words = tuple(word.replace("PACKAGE", "app") for word in command)
    env = {"GITHUB_TOKEN": strict.token, "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    result = job.run(token="", env=env, command=words)
    assert result.status == 0, result.log
    assert {check.data["status"] for check in strict.checks.values()} == {"completed"}


def test_every_line_for_the_console_is_one_that_is_known() -> None:
    """What installs is the project's own address, all else is a command with real options."""
    assert len(LINES) > 10
    for place, line in LINES:
        words = [word for word in shlex.split(line) if not word.startswith("QE_MODEL_KEY=")]
        if words[:2] == ["pip", "install"]:
            (what,) = words[2:]
            assert what.endswith("git+https://github.com/qe-action/qe-action"), place
            continue
        assert words[0] == "qe-action", place
        options = words[1 : words.index("--")] if "--" in words else words[1:]
        parser().parse_args(options)


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    """A branch with a report that is above the limits which the pages give."""
    made = GitRepo(tmp_path / "repo")
    made.commit({"app.py": "x = 1\n", ".gitignore": "coverage.xml\nreport.md\n"})
    made.branch("feature")
    made.commit({"app.py": "x = 1\ny = 2\nz = 3\n"})
    (made.root / "coverage.xml").write_text(cobertura({"app.py": {1: 1, 2: 1, 3: 1}}))
    return made


@pytest.mark.parametrize(
    "line", sorted({line for _, line in LINES if re.match("qe-action (analyze|doctor)", line)})
)
def test_an_analysis_or_diagnosis_runs_as_it_stands(repo: GitRepo, line: str) -> None:
    words = shlex.split(line)[1:]
    env = {**git_env(), "COLUMNS": "100", "HOME": str(repo.root)}
    done = run_program(tuple(words), repo.root, env)
    assert done.returncode == 0, done.stderr
    if "--out" in words:
        assert "app.py" in (repo.root / words[words.index("--out") + 1]).read_text()
    else:
        assert "app.py" in done.stdout + done.stderr or words[0] == "doctor"


def test_every_step_runs_here_or_in_the_container() -> None:
    """Those of the pull request with tests have tests of their own."""
    left = [
        recipe.page
        for recipe in readme_workflows.recipes()
        if not recipe.only_reads and not recipe.in_container
    ]
    assert set(left) == {"tests-pull-request"}
