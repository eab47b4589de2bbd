"""`qe-action test`: the suite in place of pytest, its exit code, its report, and GitHub."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fake_github import FakeGitHub
from gitrepo import GitRepo, git_env
from job import Job
from warm_program import run_program

PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull)
TESTS = """
import os
from app import f
def test_f(): assert f(1) == 1
def test_g(): assert f(1) == 3
def test_token(): assert not [name for name in os.environ if "TOKEN" in name]
"""
MEASURED = ("--cov=.", "--cov-branch", "--cov-report=xml")


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    repo = GitRepo(tmp_path / "repo")
    code = "def f(x):\n    if x:\n        return 1\n    return 2\n"
    repo.commit({"app.py": code, "test_app.py": TESTS})
    return repo


def qe(repo: GitRepo, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    # Started cold: the command inherits the streams that a process really has.
    environment = {**git_env(), "PATH": os.environ["PATH"], "PYTHONUTF8": "1", **env}
    return run_program(("test", *arguments), repo.root, environment)


def test_the_suite_is_run_and_then_its_report_analysed(repo: GitRepo) -> None:
    done = qe(repo, "--", *PYTEST, *MEASURED, GITHUB_TOKEN="ghs_secret")
    assert done.returncode == 1
    assert "1 failed, 2 passed" in done.stdout
    assert "app.py:4" in done.stderr
    assert "The tests failed, so the report may be partial." in done.stderr
    assert "1 of 3 tests failed" in done.stderr


def test_the_command_says_the_exit_code_where_it_is_not_0(repo: GitRepo) -> None:
    assert qe(repo, sys.executable, "-c", "raise SystemExit(9)").returncode == 9
    passing = (*PYTEST, "-k", "not test_g")
    assert qe(repo, *passing).returncode == 0
    gated = ("--min-project-coverage", "100", "--", *passing, *MEASURED)
    assert qe(repo, *gated).returncode == 1


def test_a_report_that_is_old_or_missing_is_not_read(repo: GitRepo) -> None:
    passing = (sys.executable, "-c", "")
    done = qe(repo, "--", *passing)
    assert (done.returncode, "wrote no coverage.xml" in done.stderr) == (0, True)
    report = repo.root / "coverage.xml"
    report.write_text("<coverage/>")
    os.utime(report, (1e9, 1e9))
    done = qe(repo, "--", *passing)
    assert (done.returncode, "from before this run of the tests" in done.stderr) == (0, True)
    elsewhere = qe(repo, "--coverage-file", "out/cov.xml", "--", *passing)
    assert "wrote no out/cov.xml" in elsewhere.stderr
    gated = qe(repo, "--min-patch-coverage", "80", "--", *passing)
    assert gated.returncode == 2, "a gate is not passed by writing no report"


def test_results_alone_need_no_report_of_coverage(repo: GitRepo) -> None:
    junit = '<testsuite name="a"><testcase classname="a.Test" name="one"/></testsuite>'
    (repo.root / "junit.xml").write_text(junit)
    environment = {**git_env(), "PATH": os.environ["PATH"], "PYTHONUTF8": "1"}
    given = ("run", "--test-results", "junit.xml")
    done = run_program(given, repo.root, environment)
    assert (done.returncode, "There is no coverage.xml" in done.stderr) == (0, True), done.stderr
    done = run_program((*given, "--coverage-file", "other.xml"), repo.root, environment)
    assert done.returncode == 2, "a report that was asked for has to be there"


def test_a_failure_that_is_gone_is_flaky(repo: GitRepo) -> None:
    text = "import os\ndef test_once():\n    first = not os.path.exists('ran')\n"
    text += "    open('ran', 'w').close()\n    assert not first\n"
    repo.commit({"test_app.py": text})
    command = ("--rerun-failures", "1", "--", *PYTEST)
    done = qe(repo, *command)
    assert (done.returncode, "flaky" in done.stderr) == (0, True), done.stderr
    assert "Running 1 failed test again" in done.stderr, "the tests' output is seen twice"
    (repo.root / "ran").unlink()
    assert qe(repo, "--flaky", "fail", *command).returncode == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (("--rerun-failures", "x"), "--rerun-failures takes a whole number"),
        (("--journal", "../j.jsonl"), "no file inside the workspace"),
        (("--journal", "j", "--preview-file", "j"), "must be different files"),
    ],
)
def test_no_test_runs_where_an_input_is_wrong(
    repo: GitRepo, wrong: tuple[str, ...], said: str
) -> None:
    done = qe(repo, *wrong, "--", sys.executable, "-c", "open('ran', 'w')")
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert not (repo.root / "ran").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
@pytest.mark.parametrize("name", ["SIGINT", "SIGHUP"])
def test_a_suite_that_is_cancelled_at_its_start_is_said_to_be(repo: GitRepo, name: str) -> None:
    # Sent before what shows the tests can be imported.
    program = f"import os, signal, time\nos.kill(os.getppid(), signal.{name})\ntime.sleep(60)"
    done = qe(repo, "--", sys.executable, "-c", program)
    assert done.returncode != 0
    assert "Cancelled" in done.stderr, done.stderr


def test_a_command_that_is_missing(repo: GitRepo) -> None:
    done = qe(repo)
    assert (done.returncode, "it needs the command" in done.stderr) == (2, True)
    done = qe(repo, "no-such-program")
    assert (done.returncode, "There is no command 'no-such-program'" in done.stderr) == (2, True)
    lines = done.stderr.splitlines()
    (said,) = (number for number, line in enumerate(lines) if line.startswith("No result"))
    assert lines[said + 1].startswith("It is started without a shell")
    assert "leave the quotes" in qe(repo, "--", "pytest -q").stderr


def test_a_step_shows_tests_and_coverage(tmp_path: Path, fake_github: FakeGitHub) -> None:
    job = Job(tmp_path, fake_github)
    job.report()
    report = (job.repo.root / "coverage.xml").read_text()
    program = (
        "import os\n"
        "def test_bad():\n    print('::error::forged')\n    assert 0, 'no such thing'\n"
        "def test_report():\n    open('coverage.xml', 'w').write(os.environ['REPORT'])\n"
    )
    (job.repo.root / "test_it.py").write_text(program)
    done = job.run(command=("test", "--", *PYTEST, "-s"), env={"REPORT": report})
    assert done.status == 1, done.log
    names = {check.data["name"]: check.data["conclusion"] for check in fake_github.checks.values()}
    assert names == {"qe-action tests": "failure", "qe-action coverage": "success"}, done.log
    assert "no such thing" in job.comment.body
    assert done.outputs["tests-failed"] == "1"
    lines = done.log.splitlines()
    (stop,) = (line for line in lines if line.startswith("::stop-commands::"))
    forged = next(number for number, line in enumerate(lines) if "::error::forged" in line)
    assert lines.index(stop) < forged < lines.index(f"::{stop.rpartition('::')[2]}::")
    (set_up,) = (number for number, line in enumerate(lines) if "Set-up:" in line)
    assert lines[set_up].startswith("::group::"), "not within what the suite prints"
    assert "sandbox" not in done.log
