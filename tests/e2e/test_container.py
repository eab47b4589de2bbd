"""The image, run as GitHub's runner runs it, against a GitHub of ours."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fake_github import FakeGitHub
from fake_github import strict as api_description
from one_file import one_file
from runner import Step
from slowness import in_time

# One process builds the images.
pytestmark = [pytest.mark.container, pytest.mark.xdist_group("container")]

ROOT = Path(__file__).parents[2]
BASE = os.environ.get("QE_BASE_IMAGE", "python:3.13-slim")
IMAGE = "qe-action:test"
MEGABYTE = 1_000_000

BEFORE = """\
def half(number):
    return number / 2
"""
AFTER = (
    BEFORE
    + """

def sign(number):
    if number < 0:
        return "minus"
    return "plus"
"""
)
CHECKS = """\
from shop import half, sign

assert half(4) == 2
assert sign(1) == "plus"
"""


def docker(*arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=False, timeout=timeout
    )


@pytest.fixture(scope="session")
def image() -> str:
    """The image built from this checkout; skips where there is no engine or no base image."""
    if shutil.which("docker") is None or docker("version").returncode:
        pytest.skip("no Docker engine answers")
    if docker("image", "inspect", BASE).returncode and docker("pull", BASE).returncode:
        pytest.skip(f"the base image {BASE} is neither here nor to be had")
    built = docker(
        "build",
        "--network=host",
        f"--build-arg=BASE={BASE}",
        f"--tag={IMAGE}",
        str(ROOT),
        timeout=600,
    )
    assert built.returncode == 0, built.stdout[-2000:] + built.stderr[-2000:]
    return IMAGE


@dataclass
class Job:
    """A job's workspace: the test merge of pull request 7 checked out, its tests run."""

    path: Path
    head: str
    base: str
    merge: str

    @property
    def event(self) -> dict[str, Any]:
        repo = {"full_name": "octo/demo", "default_branch": "main", "private": False}
        return {
            "action": "synchronize",
            "number": 7,
            "repository": repo,
            "pull_request": {
                "number": 7,
                "state": "open",
                "draft": False,
                "head": {"ref": "feature", "sha": self.head, "repo": repo},
                "base": {"ref": "main", "sha": self.base, "repo": repo},
            },
        }


def git(folder: Path, *arguments: str) -> str:
    # Once the runner's user owns the folder, git asks root for a safe.directory.
    identity = ["-c", "user.name=T", "-c", "user.email=t@example.invalid"]
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", *identity, *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A pull request that adds a function whose one branch no test takes."""
    folder = tmp_path / "demo"
    folder.mkdir()
    return checked_out(folder)


def checked_out(folder: Path) -> Job:
    """That pull request in a folder, beside what is there already."""
    git(folder, "init", "--quiet", "--initial-branch=main")
    (folder / "shop.py").write_text(BEFORE)
    (folder / "checks.py").write_text(CHECKS)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=Base")
    base = git(folder, "rev-parse", "HEAD")
    git(folder, "switch", "--quiet", "--create=feature")
    (folder / "shop.py").write_text(AFTER)
    git(folder, "commit", "--quiet", "--all", "--message=Add sign")
    head = git(folder, "rev-parse", "HEAD")
    git(folder, "switch", "--quiet", "--detach", base)
    git(folder, "merge", "--quiet", "--no-ff", "--message=Test merge", head)
    measure(folder)
    return Job(folder, head, base, git(folder, "rev-parse", "HEAD"))


def measure(folder: Path) -> None:
    """Run the checks under coverage, away from the configuration of our own tests."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("COV")}
    for arguments in (["run", "--branch", "--include=shop.py", "checks.py"], ["xml", "--quiet"]):
        command = [sys.executable, "-m", "coverage", *arguments]
        subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True)
    (folder / ".coverage").unlink()


@pytest.fixture
def github(job: Job) -> Iterator[FakeGitHub]:
    with FakeGitHub("octo/demo", git=job.path) as fake:
        fake.add_pull(7, job.head, job.base, merge_sha=job.merge)
        yield fake
        if not api_description.missing():
            assert api_description.problems(fake.requests) == []


StepMaker = Callable[..., Step]


@pytest.fixture
def step(image: str, job: Job, github: FakeGitHub, tmp_path: Path) -> StepMaker:
    """Makes the action's step; keywords become its inputs, `env` what earlier steps exported."""

    def make(env: dict[str, str] | None = None, **inputs: str) -> Step:
        return Step(
            image=image,
            action=ROOT,
            workspace=job.path,
            event=job.event,
            temp=tmp_path / "runner_temp",
            api_url=github.url,
            sha=job.merge,
            inputs={name.replace("_", "-"): value for name, value in inputs.items()},
            env=env or {},
        )

    return make


def listing(folder: Path) -> dict[str, tuple[object, ...]]:
    """Every file and folder with owner, mode and content."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        key = str(path.relative_to(folder))
        found[key] = (status.st_uid, status.st_gid, status.st_mode, content)
    return found


def test_a_pull_request_gets_check_run_comment_summary_and_outputs(
    step: StepMaker, job: Job, github: FakeGitHub
) -> None:
    result = step(min_patch_coverage="50").run()
    assert result.status == 0, result.log
    [check] = github.checks.values()
    assert check.data["head_sha"] == job.head
    assert check.data["conclusion"] == "success"
    assert [(a["path"], a["start_line"]) for a in check.annotations] == [("shop.py", 7)]
    [comment] = github.comments.values()
    assert "shop.py" in comment.body
    assert "shop.py" in result.summary
    assert result.outputs["conclusion"] == "success"
    assert result.outputs["gaps-in-diff"] == "1"
    assert result.outputs["check-run-url"]
    assert result.outputs["comment-url"]


def test_a_missed_gate_fails_the_step_and_the_check_run(
    step: StepMaker, github: FakeGitHub
) -> None:
    result = step(min_patch_coverage="99").run()
    assert result.status == 1, result.log
    [check] = github.checks.values()
    assert check.data["conclusion"] == result.outputs["conclusion"] == "failure"


def test_nothing_is_imported_from_the_checkout_or_from_pythonpath(
    step: StepMaker, job: Job
) -> None:
    trap = (
        "import pathlib\npathlib.Path('/github/workspace/trapped').touch()\nraise SystemExit(97)\n"
    )
    for name in ("pydantic", "json", "sitecustomize", "usercustomize", "github", "qe_action"):
        (job.path / f"{name}.py").write_text(trap)
    (job.path / "qe_action").mkdir()
    (job.path / "qe_action/__init__.py").write_text(trap)
    (job.path / "qe_action/__main__.py").write_text(trap)
    hostile = {
        "PYTHONPATH": "/github/workspace",
        "PYTHONHOME": "/github/workspace",
        "PYTHONSTARTUP": "/github/workspace/json.py",
        "PYTHONUSERBASE": "/github/workspace",
        "PYTHONINSPECT": "1",
    }
    result = step(env=hostile).run()
    assert result.status == 0, result.log
    assert not (job.path / "trapped").exists()


def test_only_the_named_files_are_written_and_the_workspace_owner_owns_them(
    step: StepMaker, job: Job
) -> None:
    prepared = step(journal_file="out/run.jsonl", preview_file="preview.html")
    prepared.prepare()  # the runner's user takes the workspace over
    owner = job.path.stat().st_uid
    before = listing(job.path)
    result = prepared.run()
    assert result.status == 0, result.log
    after = listing(job.path)
    new = {name: entry for name, entry in after.items() if before.get(name) != entry}
    assert set(new) == {"out", "out/run.jsonl", "preview.html"}
    assert {entry[0] for entry in new.values()} == {owner}
    assert before.items() <= after.items()
    assert result.outputs["journal-file"] == "out/run.jsonl"
    assert result.outputs["preview-file"] == "preview.html"


def test_the_token_stands_neither_in_the_log_nor_in_any_file(step: StepMaker, job: Job) -> None:
    result = step(journal_file="run.jsonl", preview_file="preview.html").run()
    written = result.log + result.summary + (job.path / "run.jsonl").read_text()
    page = one_file(job.path / "preview.html")
    written += page.text + page.preview + "".join(page.sources.values())
    assert "ghs_writer" not in written.replace("::add-mask::ghs_writer", "")


def grow(report: Path, classes: int = 8_000, lines: int = 400) -> None:
    """Make a report so large that reading it takes several seconds."""
    block = "".join(f'<line number="{n}" hits="1"/>' for n in range(1, lines + 1))
    more = "".join(
        f'<class name="m{n}" filename="m{n}.py"><methods/><lines>{block}</lines></class>'
        for n in range(classes)
    )
    report.write_text(report.read_text().replace("</classes>", f"{more}</classes>", 1))


def test_a_cancelled_job_ends_check_run_and_comment_within_seven_seconds(
    step: StepMaker, job: Job, github: FakeGitHub
) -> None:
    grow(job.path / "coverage.xml")
    with step().started() as running:
        wait_until(lambda: bool(github.checks))
        running.cancel(signal.SIGINT)
        began = time.monotonic()
        result = running.wait(timeout=9)
        assert in_time(time.monotonic() - began, 7)
    assert result.outputs["conclusion"] == "cancelled", result.log
    [check] = github.checks.values()
    assert check.data["status"] == "completed"
    assert all("analysing" not in comment.body.lower() for comment in github.comments.values())


def wait_until(happened: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def test_the_image_is_at_most_180_megabytes_larger_than_its_base(image: str) -> None:
    sizes = [int(docker("image", "inspect", "-f", "{{.Size}}", n).stdout) for n in (image, BASE)]
    assert sizes[0] - sizes[1] <= 180 * MEGABYTE
