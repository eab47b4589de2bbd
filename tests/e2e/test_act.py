"""The two workflows for forks, as their page has them, run whole by act against the fake GitHub.

act stands in for GitHub's runner; what can't be fetched offline has stand-ins in tests/act.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import readme_workflows
from fake_github import FakeGitHub
from fake_github import strict as api_description
from job import finished_run
from test_container import BASE, IMAGE, ROOT, docker, git, image

# One process builds the images.
pytestmark = [pytest.mark.container, pytest.mark.xdist_group("container")]

__all__ = ["image"]

STAND_INS = ROOT / "tests/act"
FORK = "mallory/demo"
FIRST_RUN, SECOND_RUN = 42, 43
# The name under which act looks for the image of an action by its repository and version.
TAG = "act-qe-action-qe-action-v1-dockeraction:latest"
PROJECT = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "shop"
version = "1"

[tool.setuptools]
py-modules = ["shop"]

[tool.coverage.run]
source = ["shop"]
relative_files = true
"""
BEFORE = "def half(number):\n    return number / 2\n"
AFTER = (
    BEFORE
    + '\n\ndef sign(number):\n    if number < 0:\n        return "minus"\n    return "plus"\n'
)
TESTS = """\
from shop import half, sign


def test_all():
    assert half(4) == 2
    assert sign(1) == "plus"
"""


WRONG = (
    TESTS
    + """

def test_wrong():
    assert sign(0) == "zero"
"""
)
IN_THE_ACTION = """\
name: tests
on: pull_request
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v6
      - uses: qe-action/qe-action@v1
        with:
          test-command: sh -c 'python -m coverage run -m pytest; c=$?; coverage xml; exit $c'
          setup-command: pip install pytest coverage -e .
"""
IN_A_STEP = """\
name: tests
on: pull_request
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v6
      - run: pip install pytest pytest-cov -e .
      - run: /opt/venv/bin/python -Im qe_action test -- pytest --cov=shop --cov-report=xml
        env:
          GITHUB_TOKEN: ${{ github.token }}
"""


class Pull:
    """The checkout of a fork's pull request, its test merge, and both events."""

    def __init__(self, folder: Path, tests: str = TESTS) -> None:
        self.path = folder
        folder.mkdir()
        git(folder, "init", "--quiet", "--initial-branch=main")
        for name, text in (
            ("pyproject.toml", PROJECT),
            ("shop.py", BEFORE),
            ("test_shop.py", TESTS),
        ):
            (folder / name).write_text(text)
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "--message=Base")
        self.base = git(folder, "rev-parse", "HEAD")
        git(folder, "switch", "--quiet", "--create=feature")
        (folder / "shop.py").write_text(AFTER)
        (folder / "test_shop.py").write_text(tests)
        git(folder, "commit", "--quiet", "--all", "--message=Add sign")
        self.head = git(folder, "rev-parse", "HEAD")
        git(folder, "switch", "--quiet", "--detach", self.base)
        git(folder, "merge", "--quiet", "--no-ff", "--message=Test merge", self.head)

    @property
    def events(self) -> dict[str, object]:
        repository = {"id": 31, "full_name": "octo/demo", "default_branch": "main"}
        head = {"ref": "feature", "sha": self.head, "repo": {"full_name": FORK}}
        base = {"ref": "main", "sha": self.base, "repo": {"full_name": "octo/demo"}}
        pull = {"number": 7, "state": "open", "draft": False, "head": head, "base": base}
        finished = finished_run(FIRST_RUN, self.head, FORK)
        return {
            "pull_request": {"number": 7, "pull_request": pull, "repository": repository},
            "workflow_run": {
                "action": "completed",
                "workflow_run": finished,
                "repository": repository,
            },
        }


@pytest.fixture
def pull(tmp_path: Path, request: pytest.FixtureRequest) -> Pull:
    return Pull(tmp_path / "demo", getattr(request, "param", TESTS))


@pytest.fixture
def github(pull: Pull) -> Iterator[FakeGitHub]:
    with FakeGitHub("octo/demo", git=pull.path) as fake:
        fake.add_pull(7, pull.head, pull.base, head_repo=FORK, head_ref="feature")
        yield fake
        if not api_description.missing():
            assert api_description.problems(fake.requests) == []


def act(
    tmp: Path,
    pull: Pull,
    github: FakeGitHub,
    event: str,
    workflow: str,
    token: str,
    run: int,
    machine: str = BASE,
    *,
    fails: bool = False,
) -> str:
    """Run one workflow to its end on a machine's image; what was printed."""
    program = shutil.which("act") or shutil.which(ROOT / ".venv-check/bin/act")
    if program is None:
        pytest.skip("act is not installed (make .venv-check/.ready brings it)")
    folder = tmp / event
    folder.mkdir()
    (folder / "event.json").write_text(json.dumps(pull.events[event]))
    (folder / "workflow.yml").write_text(workflow)
    command = [program, event, "--eventpath", folder / "event.json", "-W", folder / "workflow.yml"]
    command += [
        "-P",
        f"ubuntu-latest={machine}",
        "--pull=false",
        "--rebuild=false",
        "--network=host",
    ]
    command += ["--container-daemon-socket=-", "--secret", f"GITHUB_TOKEN={token}"]
    variables = {
        "GITHUB_REPOSITORY": "octo/demo",
        "GITHUB_RUN_ID": str(run),
        "GITHUB_API_URL": github.url,
        "GITHUB_SERVER_URL": "https://github.com",
        "FAKE_STORE": github.store.url,
        "QE_ACTION_WRITE_GAP": "0",
    }
    for name, value in variables.items():
        command += ["--env", f"{name}={value}"]
    stand_ins = {"qe-action/qe-action@v1": ROOT}
    for used in readme_workflows.pinned(workflow):
        stand_ins[used] = STAND_INS / used.partition("@")[0].partition("/")[2]
    for used, path in stand_ins.items():
        if path.is_dir():
            command += ["--local-repository", f"{used}={path}"]
    done = subprocess.run(
        command,
        cwd=pull.path,
        env={**os.environ, "HOME": str(tmp), "XDG_CACHE_HOME": str(tmp / "cache")},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    log = done.stdout + done.stderr
    assert done.returncode == int(fails), log[-6000:]
    return log


def test_the_two_workflows_for_forks_run_whole(
    image: str, tmp_path: Path, pull: Pull, github: FakeGitHub
) -> None:
    docker("tag", image, TAG)
    workflows = readme_workflows.workflows(readme_workflows.DOCS / "forks.md")
    first, second = workflows["tests"][0], workflows["publish coverage"][0]
    first = first.replace("--cov=PACKAGE", "--cov=shop")  # as its comment says
    log = act(tmp_path, pull, github, "pull_request", first, github.read_only_token, FIRST_RUN)
    assert "may only read" in log
    assert {request.status for request in github.writes} == {403}
    (artifact,) = github.store.artifacts.values()
    assert (artifact.run_id, artifact.name) == (FIRST_RUN, "qe-action-journal")
    second = second.replace('"80"', '"60"')
    act(tmp_path, pull, github, "workflow_run", second, github.token, SECOND_RUN)
    (check,) = github.checks.values()
    assert check.data["head_sha"] == pull.head
    assert (check.data["status"], check.data["conclusion"]) == ("completed", "success")
    assert [(a["path"], a["start_line"]) for a in check.annotations] == [("shop.py", 7)]
    (comment,) = github.comments.values()
    assert comment.number == 7
    assert "shop.py" in comment.body
    assert not any(request.authorization for request in github.store.requests)


@pytest.mark.parametrize("pull", [WRONG], indirect=True)
@pytest.mark.parametrize(
    ("workflow", "machine"), [(IN_THE_ACTION, BASE), (IN_A_STEP, IMAGE)], ids=["action", "step"]
)
def test_one_step_runs_the_tests_and_shows_their_failure_and_the_coverage(
    image: str, tmp_path: Path, pull: Pull, github: FakeGitHub, workflow: str, machine: str
) -> None:
    docker("tag", image, TAG)
    log = act(
        tmp_path,
        pull,
        github,
        "pull_request",
        workflow,
        github.token,
        FIRST_RUN,
        machine,
        fails=True,
    )
    checks = {str(check.data["name"]): check for check in github.checks.values()}
    assert set(checks) == {"qe-action coverage", "qe-action tests"}, log[-6000:]
    tests = checks["qe-action tests"]
    assert (tests.data["status"], tests.data["conclusion"]) == ("completed", "failure")
    assert [(a["path"], a["start_line"]) for a in tests.annotations] == [("test_shop.py", 10)]
    annotated = checks["qe-action coverage"].annotations
    assert [(a["path"], a["start_line"]) for a in annotated] == [("shop.py", 7)]
    (comment,) = github.comments.values()
    assert "test_wrong" in comment.body
