"""Generated tests in our image, run as GitHub's runner runs it: set-up, sandbox and all."""

from __future__ import annotations

import pytest
from fake_github import FakeGitHub
from sandbox_here import MISSING
from test_container import Job, StepMaker, git, github, image, job, step  # noqa: F401 - fixtures

pytestmark = [
    pytest.mark.container,
    pytest.mark.xdist_group("container"),
    pytest.mark.skipif(MISSING, reason="needs Linux with Landlock"),
]

GUARD = """

import glob
import os
import socket

SECRET = ("GITHUB_", "INPUT_", "ACTIONS_", "RUNNER_")
assert not [name for name in os.environ if name.startswith(SECRET)]
for place in ("/proc/1/environ", "/github/workflow/event.json", "/github/workspace/.git/config",
              *glob.glob("/github/file_commands/*"), "/var/run/docker.sock"):
    try:
        open(place).close()
    except OSError:
        continue
    raise AssertionError(place)
try:
    socket.socket()
except OSError:
    pass
else:
    raise AssertionError("a network")
"""


def test_tests_are_made_in_the_sandbox_with_nothing_secret_in_reach(
    step: StepMaker,  # noqa: F811
    job: Job,  # noqa: F811
    github: FakeGitHub,  # noqa: F811
) -> None:
    """Where the code of the pull request reaches anything of it, it can't be imported."""
    source = job.path / "shop.py"
    source.write_text(source.read_text() + GUARD)
    git(job.path, "commit", "--quiet", "--all", "--message=Look around")
    made = step(generate_tests="true", time_budget="12", setup_command="true", max_tests="2")
    result = made.run(timeout=240)
    assert result.status == 0, result.log
    assert result.outputs["tests-generated"] in ("1", "2"), result.log
    [comment] = github.comments.values()
    for text in (comment.body, result.summary):
        assert "passed every gate. Coverage of `shop.py` goes from" in text
        assert "from shop import sign" in text
    assert not git(job.path, "status", "--porcelain", "--untracked-files=no")
