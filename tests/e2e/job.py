"""A job without a container: the program in a process, on a real repository and a fake GitHub."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fake_github import BOT, FakeGitHub
from gitrepo import GitRepo
from runner import Result, read_commands, read_pairs
from warm_program import WarmProcess, start_program

from qe_action.render.marker import Marker, read_marker

HANGS = 300.0
"""Seconds after which something hangs, on the busiest machine too."""
REPO = "octo/demo"


def cobertura(files: Mapping[str, Mapping[int, int]], *, source: str = "") -> str:
    """A report as coverage.py writes it, without branches."""
    classes = "".join(
        f'<class name="{name}" filename="{name}"><methods/><lines>'
        + "".join(f'<line number="{n}" hits="{hits}"/>' for n, hits in lines.items())
        + "</lines></class>"
        for name, lines in files.items()
    )
    return (
        f'<?xml version="1.0" ?><coverage version="7"><sources><source>{source}</source></sources>'
        f'<packages><package name="."><classes>{classes}</classes></package></packages></coverage>'
    )


def finished_run(run: int, head: str, fork: str) -> dict[str, Any]:
    """A finished workflow as GitHub sends it for a fork: without pull requests."""
    return {
        "id": run,
        "run_attempt": 1,
        "event": "pull_request",
        "conclusion": "success",
        "head_sha": head,
        "head_branch": "feature",
        "head_repository": {"full_name": fork},
        "pull_requests": [],
    }


@dataclass(frozen=True)
class _PullRequest:
    """A repository with the test merge of a pull request, and its commits."""

    repo: GitRepo
    base: str
    head: str
    main: str
    merge: str


@cache
def _pull_request(moved: int) -> _PullRequest:
    """Made once; every job has a copy."""
    folder = tempfile.mkdtemp(prefix="qe-pull-request-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    repo = GitRepo(Path(folder, "work"))
    body = "".join(f"a{n} = {n}\n" for n in range(1, 11))
    added = "".join(f"b{n} = {n}\n" for n in range(1, 11))
    base = repo.commit({"app.py": body, "other.py": "c = 1\nd = 2\n"})
    repo.branch("feature")
    head = repo.commit({"app.py": body + added})
    repo.git("checkout", "-q", "main")
    if moved:
        repo.commit({"app.py": "import os\n" * moved + body})
    main = repo.git("rev-parse", "main")
    return _PullRequest(repo, base, head, main, repo.merge("main", "feature"))


class Job:
    """A pull request whose test merge is checked out in `repo`.

    The base has `app.py` of 10 lines and `other.py`; the branch appends 10 lines to `app.py`.
    Meanwhile the base moved by `moved` lines at the top of `app.py`, so that the merge's lines
    are not the head's.
    """

    warm = True
    """Whether runs begin where all is imported; secrets are looked for where none does."""

    def __init__(self, tmp: Path, github: FakeGitHub, *, moved: int = 0) -> None:
        self.tmp = tmp
        self.github = github
        self.moved = moved
        made = _pull_request(moved)
        self.repo = made.repo.copy(tmp / "work")
        self.base, self.head, self.main, self.merge = made.base, made.head, made.main, made.merge
        github.add_pull(7, self.head, self.base)

    def report(self, missed: set[int] | None = None, name: str = "coverage.xml") -> None:
        """A report on the merge: `missed` are lines of the branch's own ten, from 1."""
        first = self.moved + 10
        lost = {first + n for n in (missed if missed is not None else {2, 3, 7})}
        lines = {n: int(n not in lost) for n in range(1, first + 11)}
        text = cobertura({"app.py": lines, "other.py": {1: 1, 2: 0}})
        (self.repo.root / name).write_text(text)

    def payload(self) -> dict[str, Any]:
        """The event as GitHub sends it; its base.sha is stale when the base has moved."""
        repo = {"full_name": REPO}
        return {
            "number": 7,
            "pull_request": {
                "number": 7,
                "state": "open",
                "head": {"sha": self.head, "ref": "feature", "repo": repo},
                "base": {"sha": self.base, "ref": "main", "repo": repo},
                "merge_commit_sha": self.merge,
            },
            "repository": {"full_name": REPO, "default_branch": "main"},
        }

    def environment(self, event_name: str, payload: object, token: str) -> dict[str, str]:
        """The variables of GitHub's runner, in files and values."""
        files = {}
        for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_EVENT_PATH"):
            files[name] = str(self.tmp / name.lower())
            Path(files[name]).write_text(
                "" if name != "GITHUB_EVENT_PATH" else _payload_text(payload)
            )
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.tmp),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.github.url,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": REPO,
            "GITHUB_WORKSPACE": str(self.repo.root),
            "GITHUB_EVENT_NAME": event_name,
            "GITHUB_REF": "refs/pull/7/merge",
            "GITHUB_SHA": self.merge,
            "GITHUB_RUN_ID": "42",
            "GITHUB_RUN_ATTEMPT": "1",
            "RUNNER_TEMP": str(self.tmp),
            "INPUT_TOKEN": token,
            "QE_ACTION_WRITE_GAP": "0",
            "QE_ACTION_BACKOFF": "0",
            **files,
            **{k: v for k, v in os.environ.items() if k.startswith(("COVERAGE_", "COV_CORE"))},
        }

    def run(
        self,
        *,
        token: str | None = None,
        event_name: str = "pull_request",
        payload: object = None,
        env: Mapping[str, str] | None = None,
        cancel_when: Callable[[], bool] | None = None,
        command: tuple[str, ...] = ("run",),
        **inputs: str,
    ) -> Result:
        """Run the step; `inputs` have underscores. `cancel_when` sends SIGINT once it is true."""
        token = self.github.token if token is None else token
        event = self.payload() if payload is None else payload
        environment = self.environment(event_name, event, token)
        for name, value in inputs.items():
            environment[f"INPUT_{name.upper().replace('_', '-')}"] = value
        environment |= env or {}
        started = time.monotonic()
        process = start_program(command, self.repo.root, environment, warm=self.warm)
        if cancel_when is not None:
            wait_until(cancel_when)
            process.send_signal(signal.SIGINT)
            started = time.monotonic()
        log, _ = process.communicate(timeout=HANGS)
        return Result(
            status=process.returncode,
            seconds=time.monotonic() - started,
            log=log,
            outputs=read_pairs(Path(environment["GITHUB_OUTPUT"]).read_text()),
            exported={},
            summary=Path(environment["GITHUB_STEP_SUMMARY"]).read_text(),
            commands=tuple(read_commands(log)),
        )

    def started(self, **env: str) -> subprocess.Popen[str] | WarmProcess:
        """A run that goes on by itself, with files for outputs and summary of its own."""
        environment = self.environment("pull_request", self.payload(), self.github.token)
        for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
            environment[name] = tempfile.mkstemp(dir=self.tmp)[1]
        return start_program(("run",), self.repo.root, environment | env, warm=self.warm)

    @property
    def check(self) -> Any:
        """The one check run."""
        (check,) = self.github.checks.values()
        return check

    @property
    def comment(self) -> Any:
        """The one comment of ours."""
        (comment,) = [c for c in self.github.comments.values() if c.login == BOT]
        return comment


def _payload_text(payload: object) -> str:
    return payload if isinstance(payload, str) else json.dumps(payload)


def wait_until(condition: Callable[[], bool], patience: float = HANGS) -> None:
    """Wait for something that another process brings about."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "what the test waits for never came"
        time.sleep(0.01)


def read_comment_marker(body: str) -> Marker:
    """The marker in a comment's first line; there has to be one."""
    marker = read_marker(body)
    assert marker is not None, body[:200]
    return marker
