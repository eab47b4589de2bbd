"""The image runs the tests of a pull request, as GitHub's runner runs it."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_github import FakeGitHub
from sandbox_here import MISSING
from test_container import AFTER, BEFORE, Job, StepMaker, git, github, image, step

pytestmark = [
    pytest.mark.container,
    pytest.mark.xdist_group("container"),
    pytest.mark.skipif(MISSING, reason="needs Linux with Landlock"),
]

__all__ = ["github", "image", "step"]

TESTS = """\
import glob
import os
import socket

import pytest

from shop import half, sign

SECRET = ("GITHUB_", "INPUT_", "ACTIONS_", "RUNNER_")
CLOSED = ("/proc/1/environ", "/proc/1/mem", "/github/workflow/event.json", "/var/run/docker.sock",
          "/github/workspace/.git/config", "/github/workspace/shop.py", "/github/runner_temp",
          *glob.glob("/github/file_commands/*"))


def test_half():
    assert half(4) == 2


def test_sign():
    print("::error::not a command")
    assert sign(1) == "minus"


def test_server():
    with socket.create_server(("127.0.0.1", 0)) as s, socket.create_connection(s.getsockname()):
        pass


def test_nothing_secret():
    assert not [name for name in os.environ if name.startswith(SECRET)]


@pytest.mark.parametrize("place", CLOSED)
def test_closed(place):
    with pytest.raises(OSError):
        os.listdir(place) if os.path.isdir(place) else open(place).read()
"""
COMMAND = """\
sh -c 'python -m coverage run --branch --include=shop.py -m pytest -p no:cacheprovider
code=$?; python -m coverage xml --quiet; exit $code'"""


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """The test merge of a pull request that adds a function and a wrong test of it."""
    folder = tmp_path / "demo"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    (folder / "shop.py").write_text(BEFORE)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=Base")
    base = git(folder, "rev-parse", "HEAD")
    git(folder, "switch", "--quiet", "--create=feature")
    (folder / "shop.py").write_text(AFTER)
    (folder / "test_shop.py").write_text(TESTS)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=Add sign")
    head = git(folder, "rev-parse", "HEAD")
    git(folder, "switch", "--quiet", "--detach", base)
    git(folder, "merge", "--quiet", "--no-ff", "--message=Test merge", head)
    return Job(folder, head, base, git(folder, "rev-parse", "HEAD"))


def test_a_pull_request_has_its_tests_run_in_the_sandbox(
    step: StepMaker, job: Job, github: FakeGitHub
) -> None:
    result = step(test_command=COMMAND, setup_command="true").run(timeout=240)
    assert result.status == 1, result.log
    assert [command for command in result.commands if command.message == "not a command"] == []
    coverage, tests = sorted(github.checks.values(), key=lambda check: str(check.data["name"]))
    assert (coverage.data["name"], tests.data["name"]) == ("qe-action coverage", "qe-action tests")
    assert tests.data["conclusion"] == "failure"
    assert [(a["path"], a["start_line"]) for a in tests.annotations] == [("test_shop.py", 21)]
    assert [(a["path"], a["start_line"]) for a in coverage.annotations] == [("shop.py", 7)]
    [comment] = github.comments.values()
    assert "test_shop.py" in comment.body
    assert "minus" in comment.body
    assert int(result.outputs["tests-passed"]) >= 8, result.log
    assert result.outputs["tests-failed"] == "1", result.log
    assert not git(job.path, "status", "--porcelain")
