"""Pull requests to run on: a repository, its checkout, and what GitHub has of it already."""

from __future__ import annotations

import copy
import subprocess
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from fake_github import FakeGitHub, Token
from fake_github.server import Level
from faulty_github import FaultyGitHub, Plan
from gitrepo import GitRepo
from job import REPO, Job, cobertura
from runner import read_pairs
from warm_program import WarmProcess, start_program

NAME = "qe-action coverage"
WRITE: Level = "write"
KEPT = (
    *("checks", "comments", "reviews", "review_comments", "pulls", "_ids"),
    *("branches", "labels", "workflows", "dispatched"),
)
"""What of a GitHub is left by earlier runs."""
WITH_TESTS = str(Path(__file__).with_name("given_tests.py"))
BEHIND_SUITE = str(Path(__file__).with_name("given_suite.py"))
PATIENCE = 120.0
"""Seconds after which a run hangs."""


@dataclass(frozen=True)
class Done:
    """What a run left behind. `status` is negative where it was killed."""

    status: int
    log: str
    outputs: Mapping[str, str]


@dataclass
class Site:
    """A pull request; `lines` are its file's, of which every second one is missed."""

    name: str
    folder: Path
    lines: int
    shallow: bool
    chatter: int = 3
    at_head: bool = False
    prepare: Callable[[Site], None] = lambda _site: None
    script: Callable[[FakeGitHub], None] = lambda _github: None
    inputs: Mapping[str, str] = field(default_factory=dict)
    program: str = ""
    ended: bool = False
    interval: float = 60.0
    """Seconds before the first edit on the way: so many that there is none, so that requests are
    the same in every run."""
    before: FakeGitHub | None = None
    """GitHub as it was before the run. With a `program` of its own the token may push, and where
    the pull request has `ended`, the event says so."""

    @cached_property
    def repo(self) -> GitRepo:
        return GitRepo(self.folder / "repo")

    def build(self) -> Site:
        """Make the commits and the checkout, and what earlier runs left on GitHub."""
        source = "".join(f"a{n} = {n}\n" for n in range(1, 11))
        self.line = [self.repo.commit({"app.py": source}, f"main {n}") for n in range(3)]
        self.base = self.line[-1]
        self.repo.branch("feature")
        self.earlier = self.repo.commit({"new.py": _source(4)})
        self.earlier_merge = self.repo.merge("main", "feature")
        self.repo.git("checkout", "-q", "feature")
        self.head = self.repo.commit({"new.py": _source(self.lines)})
        self.merge = self.repo.merge("main", "feature")
        self.before = FaultyGitHub(REPO, git=self.repo.root, head=self.head)
        self._let_push(self.before)
        self.before.add_pull(7, self.head, self.base)
        for number in range(self.chatter):
            self.before.add_comment(7, f"chatter {number}")
        self.prepare(self)
        depth = 1 if self.shallow else 99
        measured = self.head if self.at_head else self.merge
        self.checkout = self.repo.clone(self.folder / "checkout", measured, depth)
        self.report(self.checkout, self.lines)
        return self

    def report(self, root: Path, lines: int, missed: int = 0) -> None:
        """Every second line is missed, and `missed` as well."""
        new = {n: n % 2 * (n != missed) for n in range(1, lines + 1)}
        (root / "coverage.xml").write_text(
            cobertura({"app.py": {n: int(n != 4) for n in range(1, 11)}, "new.py": new})
        )

    def github(self, plan: Plan | None = None) -> FaultyGitHub:
        """A GitHub of its own in the state before the run."""
        assert self.before is not None
        github = FaultyGitHub(REPO, git=self.repo.root, head=self.head)
        github.plan = plan
        for name in KEPT:
            setattr(github, name, copy.deepcopy(getattr(self.before, name)))
        self._let_push(github)
        if self.ended:
            github.pulls[7].state, github.pulls[7].merged = "closed", True
        self.script(github)
        return github

    def _let_push(self, github: FakeGitHub) -> None:
        if self.program:
            rights = dict.fromkeys(("checks", "pull-requests", "contents", "actions"), WRITE)
            github.tokens[github.token] = Token(permissions=rights)


class Run(Job):
    """One run of the program on a site; an `earlier` one is before what the site is about."""

    earlier = False

    def __init__(self, site: Site, github: FakeGitHub, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.site, self.github, self.tmp = site, github, folder
        self.base, self.head, self.merge = site.base, site.head, site.merge
        self.root = site.checkout
        self.token = github.token

    def go(
        self,
        *,
        run_id: int = 42,
        attempt: int = 1,
        pacing: Mapping[str, str] | None = None,
        event: str = "pull_request",
        payload: object = None,
        token: str = "",
        **inputs: str,
    ) -> Done:
        """Run to the end, or until `github.kill` ends it."""
        self.token = token or self.github.token
        process = self.begin(run_id, attempt, pacing or {}, event, payload, inputs)
        if isinstance(self.github, FaultyGitHub):
            self.github.kill = lambda: _kill(process)
        return self.end(process)

    def begin(
        self,
        run_id: int,
        attempt: int,
        pacing: Mapping[str, str],
        event: str,
        payload: object,
        inputs: Mapping[str, str],
    ) -> subprocess.Popen[str] | WarmProcess:
        wanted = {"max_annotations": "500", **self.site.inputs, **inputs}
        env = {
            **self.environment(event, payload or self.payload(), self.token),
            "GITHUB_WORKSPACE": str(self.root),
            "GITHUB_RUN_ID": str(run_id),
            "GITHUB_RUN_ATTEMPT": str(attempt),
            "QE_ACTION_MAX_WAIT": "5",
            "QE_ACTION_EDIT_INTERVAL": str(self.site.interval),
            **{f"QE_ACTION_{name}": value for name, value in pacing.items()},
            **{f"INPUT_{k.upper().replace('_', '-')}": v for k, v in wanted.items()},
        }
        return start_program(("run",), self.root, env, program=self.site.program)

    def payload(self) -> dict[str, Any]:
        payload = super().payload()
        if self.site.ended and not self.earlier:
            payload["pull_request"]["state"] = "closed"
        return payload

    def end(self, process: subprocess.Popen[str] | WarmProcess) -> Done:
        timer = threading.Timer(PATIENCE, process.kill)
        timer.start()
        log, _ = process.communicate()
        timer.cancel()
        outputs = read_pairs((self.tmp / "github_output").read_text())
        return Done(process.returncode, log, outputs)

    def environment(self, event_name: str, payload: object, token: str) -> dict[str, str]:
        self.repo = self.site.repo
        return super().environment(event_name, payload, token)


def _kill(process: subprocess.Popen[str] | WarmProcess) -> None:
    process.kill()
    process.wait()


def _source(lines: int) -> str:
    return "".join(f"b{n} = {n}\n" for n in range(1, lines + 1))


def _left_by_earlier_runs(site: Site) -> None:
    """A baseline two commits before the base, and the comment of the push before."""
    assert site.before is not None
    with site.before as github:
        _push_run(site, github)
        run = _at(site, github, site.earlier, site.earlier_merge, "earlier")
        site.report(run.root, 4, missed=1)
        github.pulls[7].head_sha = site.earlier
        done = run.go(run_id=41)
        github.pulls[7].head_sha = site.head
        assert done.status == 0, done.log
        for number in range(5):
            github.add_comment(7, f"later chatter {number}")


def _push_run(site: Site, github: FakeGitHub) -> None:
    sha = site.line[0]
    run = _at(site, github, sha, sha, "push")
    site.report(run.root, 0)
    payload: dict[str, Any] = {
        "ref": "refs/heads/main",
        "before": "0" * 40,
        "after": sha,
        "forced": False,
        "repository": {"full_name": REPO, "default_branch": "main"},
    }
    done = run.go(run_id=40, event="push", payload=payload)
    assert done.status == 0, done.log


def _at(site: Site, github: FakeGitHub, head: str, sha: str, name: str) -> Run:
    site.checkout = site.repo.clone(site.folder / name, sha, 99)
    run = Run(site, github, site.folder / f"{name}-run")
    run.earlier = True
    run.head, run.merge = head, sha
    return run


def _tests_of_an_earlier_push(site: Site) -> None:
    """A pull request with tests for the commit before; a label, and a workflow to start."""
    assert site.before is not None
    with site.before as github:
        _wait_for_tests(site)
        run = _at(site, github, site.earlier, site.earlier_merge, "earlier")
        site.report(run.root, 4)
        github.pulls[7].head_sha = site.earlier
        done = run.go(run_id=41)
        github.pulls[7].head_sha = site.head
        assert done.status == 0, done.log
        assert github.pulls[8].labels == ("tests",), done.log


def _wait_for_tests(site: Site) -> None:
    assert site.before is not None
    site.before.labels.add("tests")
    site.before.workflows.add("ci.yml")


def _diff_too_large(github: FakeGitHub) -> None:
    github.fail("GET", "/compare/", 406, times=99, message="Sorry, the diff is too large.")


def sites(folder: Path) -> dict[str, Site]:
    """All of them, ready to run on.

    large: 120 annotations in three steps, the comment is on the second page, the diff comes
    through the API and the baseline after a search. plain: everything is made for the first
    time, from a checkout with its history. edited: with edits on the way. reviewed: review
    comments are made, kept and deleted. files: the head is checked out, and the diff is too
    large for GitHub. tested: tests that fail have a check run of their own before. opened, updated,
    ended: the pull request with tests in its three ages.
    """
    made = (
        Site("large", folder / "large", 240, True, 104, prepare=_left_by_earlier_runs),
        Site("plain", folder / "plain", 8, False),
        Site("edited", folder / "edited", 240, False, 3, interval=0.05),
        Site(
            "reviewed",
            folder / "reviewed",
            8,
            False,
            prepare=_left_by_earlier_runs,
            inputs={"review_comments": "true"},
        ),
        Site("files", folder / "files", 8, True, at_head=True, script=_diff_too_large),
        Site("tested", folder / "tested", 8, False, program=BEHIND_SUITE),
        *_sites_with_tests(folder),
    )
    with ThreadPoolExecutor(2) as pool:
        return {site.name: site for site in pool.map(Site.build, made)}


def _sites_with_tests(folder: Path) -> tuple[Site, ...]:
    inputs = {
        "generate_tests": "true",
        "pull_request_tests": "open",
        "tests_workflow": "ci.yml",
    }
    ages = (
        ("opened", _wait_for_tests),
        ("updated", _tests_of_an_earlier_push),
        ("ended", _tests_of_an_earlier_push),
    )
    return tuple(
        Site(
            name,
            folder / name,
            8,
            False,
            prepare=prepare,
            inputs=inputs,
            program=WITH_TESTS,
            ended=name == "ended",
        )
        for name, prepare in ages
    )
