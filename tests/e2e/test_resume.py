"""Runs that are killed and gone on with, and what is made of their journals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from generation import SHAPES, project
from gitrepo import GitRepo, git_env
from project_python import project_python
from warm_program import run_program

TESTS = """
import os, time
import pytest
@pytest.mark.parametrize("n", range(6))
def test_p(n):
    with open("ran", "a") as file:
        file.write(str(n))
    if n == 1:
        assert os.environ.get("GOOD")
    if n == 4 and not os.environ.get("GOOD"):
        time.sleep(60)
"""
PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull)
COMMAND = (*PYTEST, "--rootdir=.", "--cov=.", "--cov-report=xml", "--junit-xml=junit.xml")


def environment(**env: str) -> dict[str, str]:
    return {**git_env(), "PATH": os.environ["PATH"], **env}


def qe(root: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    cold = {"PYTHONUTF8": "1"} if arguments[0] == "test" else {}  # it hands its streams on
    return run_program(arguments, root, environment(**cold, **env))


def killed(root: Path, journal: Path, until: bytes, *arguments: str, **env: str) -> None:
    """Run the program until its journal says something, and kill it and all that it has started."""
    process = subprocess.Popen(
        [sys.executable, "-m", "qe_action", *arguments],
        cwd=root,
        env=environment(**env),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    end = time.monotonic() + 60
    while not (journal.exists() and until in journal.read_bytes()):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


def types(journal: Path) -> Counter[str]:
    return Counter(json.loads(line)["type"] for line in journal.read_bytes().splitlines()[1:])


@pytest.fixture
def suite(tmp_path: Path) -> GitRepo:
    repo = GitRepo(tmp_path / "repo")
    ignored = ".coverage*\ncoverage.xml\njunit.xml\n__pycache__\nran\n"
    repo.commit({"test_p.py": TESTS, ".gitignore": ignored})
    return repo


def test_tests_that_passed_before_a_run_was_killed_are_not_run_again(suite: GitRepo) -> None:
    root, journal, ran = suite.root, suite.root / "run.jsonl", suite.root / "ran"
    killed(root, journal, b"test_p[3]", "test", "--journal", "run.jsonl", "--", *COMMAND)
    ran.unlink()
    again = ("test", "--resume", "run.jsonl", "--", *COMMAND)
    done = qe(root, *again, GOOD="1")
    assert done.returncode == 0, done.stderr
    assert "run.jsonl has the same inputs and is gone on with." in done.stderr
    assert ran.read_text() == "145", "the one that had failed, and the rest"
    assert "3 tests that passed before were not run again, and so no coverage" in done.stderr
    assert "6 tests passed" in done.stderr
    assert not (root / "coverage.xml").exists(), "of a part it would say too little"
    assert not (root / "junit.xml").exists()
    assert types(journal)["finished"] == 6
    assert [path.name for path in root.glob("run.jsonl*")] == ["run.jsonl"]
    ran.unlink()
    done = qe(root, *again, GOOD="1")
    assert (done.returncode, ran.exists()) == (0, False), "all of them had passed"


def test_a_journal_that_a_pull_request_brings_makes_no_test_pass(suite: GitRepo) -> None:
    """Its author can give it the right digests: the journal itself is in none of them."""
    root, journal = suite.root, suite.root / "run.jsonl"
    command = (*PYTEST, "--deselect", "test_p.py::test_p[4]")
    qe(root, "test", "--journal", "run.jsonl", "--", *command)
    forged = journal.read_bytes().replace(b'"outcome":"failed"', b'"outcome":"passed"')
    journal.write_bytes(forged)
    suite.git("add", "run.jsonl")
    (root / "ran").unlink()
    done = qe(root, "test", "--resume", "run.jsonl", "--", *command)
    assert (root / "ran").read_text() == "01235"
    assert done.returncode == 1
    assert "as it is a file of the repository, and so could be anybody's" in done.stderr


def test_a_file_that_is_no_journal_is_not_replaced_and_nothing_is_run(suite: GitRepo) -> None:
    done = qe(suite.root, "test", "--resume", "test_p.py", "--", *COMMAND)
    assert (done.returncode, "is not a journal of qe-action" in done.stderr) == (2, True)
    assert not (suite.root / "ran").exists()
    assert (suite.root / "test_p.py").read_text() == TESTS


@pytest.mark.slow  # the search of a real project, twice
def test_a_generation_that_was_killed_goes_on(tmp_path: Path) -> None:
    root, journal = tmp_path / "project", tmp_path / "run.jsonl"
    project(root, {"shapes.py": SHAPES})
    env = {"VIRTUAL_ENV": str(Path(project_python()).parents[1])}
    base = ("generate", "--target", "shapes.py", "--sandbox", "off", "--time-budget", "20")
    killed(root, journal, b'{"type":"test"', *base, "--journal", str(journal), **env)
    found = types(journal)["test"]
    done = qe(root, *base, "--resume", str(journal), "--output", "jsonl", **env)
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert f"{found} test" in events[-1]["notes"][0]
    assert "taken over from the journal without a new search" in events[-1]["notes"][0]
    assert events[-1]["total"] > 0
    told = Counter(event["test_case"]["id"] for event in events if event["type"] == "test")
    assert max(told.values()) == 1
    done = qe(root, *base, "--seed", "4", "--max-tests", "1", "--resume", str(journal), **env)
    assert "as options are others: starting anew" in done.stderr


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    repo = GitRepo(tmp_path / "shop")
    repo.commit({"app.py": "def f(x):\n    if x:\n        return 1\n    return 2\n"})
    lines = '<line number="1" hits="1"/><line number="2" hits="1"/>'
    lines += '<line number="3" hits="1"/><line number="4" hits="0"/>'
    (repo.root / "coverage.xml").write_text(
        '<coverage version="7"><packages><package><classes><class filename="app.py">'
        f"<lines>{lines}</lines></class></classes></package></packages></coverage>"
    )
    return repo.root


def without_times(journal: Path) -> list[object]:
    events = [json.loads(line) for line in journal.read_bytes().splitlines()]
    return [{**event, "analysis_time_ms": 0} for event in events]


def test_an_analysis_is_done_again_and_tells_the_same(shop: Path) -> None:
    journal = shop / "j"
    assert qe(shop, "analyze", "--all-files", "--journal", "j").returncode == 0
    first = without_times(journal)
    cut = journal.read_bytes()[:-30]
    journal.write_bytes(cut)
    done = qe(shop, "analyze", "--all-files", "--resume", "j")
    assert "it is done again and tells the same" in done.stderr
    assert without_times(journal) == first
    (shop / "coverage.xml").write_text("<coverage/>")
    done = qe(shop, "analyze", "--resume", "j")
    said = "as the coverage report is another and options are others: starting anew"
    assert said in done.stderr


@pytest.fixture
def journal(shop: Path) -> Path:
    assert qe(shop, "analyze", "--all-files", "--journal", "j").returncode == 0
    return shop / "j"


def test_a_journal_is_shown_replayed_and_converted(shop: Path, journal: Path) -> None:
    shown = qe(shop, "journal", "show", "j")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith("Written by qe-action analyze.\ncoverage-analyzer: ")
    assert "; 1 gap, " in shown.stdout
    listed = qe(shop, "journal", "show", "j", "--type", "gap").stdout
    assert [line.split()[:1] for line in listed.splitlines()] == [["gap"]]
    played = qe(shop, "journal", "replay", "j", "--to", "jsonl", "--speed", "1000")
    whole = qe(shop, "analyze", "--all-files", "--output", "jsonl")
    times = [
        [{**json.loads(line), "analysis_time_ms": 0} for line in done.stdout.splitlines()]
        for done in (played, whole)
    ]
    assert times[0] == times[1]
    assert "app.py:4" in qe(shop, "journal", "replay", "j").stderr
    assert "app.py" in qe(shop, "journal", "replay", "j", "--to", "log").stdout
    done = qe(shop, "journal", "convert", "j", "--to", "sarif", "--out", "gaps.sarif")
    assert (done.returncode, done.stdout) == (0, "")
    [run] = json.loads((shop / "gaps.sarif").read_text())["runs"]
    assert len(run["results"]) == 1
    assert "GAP:4,not-covered" in qe(shop, "journal", "convert", "j", "--to", "gaps").stdout


def test_what_can_t_be_converted_is_said_and_nothing_is_written(shop: Path, journal: Path) -> None:
    done = qe(shop, "journal", "convert", "j", "--to", "junit", "--out", "junit.xml")
    assert (done.returncode, (shop / "junit.xml").exists()) == (2, False)
    assert "no run of the tests" in done.stderr
    before = journal.read_bytes()
    done = qe(shop, "journal", "convert", "j", "--to", "csv", "--out", "./j")
    assert (done.returncode, "it is the journal itself" in done.stderr) == (2, True)
    assert journal.read_bytes() == before
    journal.write_bytes(before[:-30])
    done = qe(shop, "journal", "convert", "j", "--to", "csv")
    assert (done.returncode, "Its last line is cut off" in done.stderr) == (0, True)
    done = qe(shop, "journal", "replay", "j", "--to", "jsonl")
    assert (done.returncode, "Its last line is cut off" in done.stderr) == (0, True)


def test_a_hostile_journal_says_no_command_and_no_escape(shop: Path, journal: Path) -> None:
    text = journal.read_text().replace("app.py", "::error::\\u001b[31m##[error]x.py")
    journal.write_text(text)
    for arguments in (
        ("show", "j", "--type", "gap"),
        ("replay", "j", "--to", "log"),
        ("replay", "j"),
        *(("convert", "j", "--to", name) for name in ("gaps", "csv", "markdown", "sarif")),
    ):
        done = qe(shop, "journal", *arguments)
        out = done.stdout + done.stderr
        assert "\x1b[31m" not in out, arguments
        assert "##[" not in out, arguments
        assert not [line for line in out.splitlines() if line.lstrip().startswith("::error")]
