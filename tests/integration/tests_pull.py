"""A repository with a pull request, and runs of the sink that opens one with tests."""

from __future__ import annotations

import asyncio
import atexit
import io
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fake_github import FakeGitHub
from fake_github.git import GitSide
from fake_github.git_data import branch_sha, move
from gitrepo import GitRepo
from pydantic import SecretStr

from qe_action.events import (
    Event,
    Evidence,
    GenerationComplete,
    Measured,
    TestCase,
    without_figures,
)
from qe_action.github.client import GitHub
from qe_action.github.retry_policy import RetryPolicy
from qe_action.render.links import Links
from qe_action.render.state import Proposal
from qe_action.sinks.delivery import Delivery
from qe_action.sinks.tests_branch import TestsBranch
from qe_action.sinks.tests_pull import PatchOf, TestsOf, TestsPullSink

BRANCH = "qe-action/tests-for-7"
OWNER = "0" * 16
SUITE = (
    "import pytest\n\nfrom shop import total\n\n\ndef test_total():\n    assert total([1]) == 1\n"
)


def case(name: str = "test_postage", path: str = "tests/test_shop.py", **more: Any) -> TestCase:
    known: dict[str, Any] = {
        "id": f"{path}::{name}",
        "test_name": name,
        "test_code": f"def {name}():\n    assert postage(1) == 2",
        "framework": "pytest",
        "test_type": "unit",
        "imports": ("from shop import postage",),
        "path": path,
        "target": "shop.py::postage",
        "evidence": Evidence(
            lines=(3, 4),
            branches=("3->4",),
            mutants=3,
            killed=2,
            runs=5,
            pythons=("3.12",),
            suite="the whole suite in random order",
        ),
    }
    return TestCase.model_validate(known | more)


def generated(tests: Sequence[TestCase], **more: Any) -> GenerationComplete:
    known: dict[str, Any] = {
        "tests": tuple(tests),
        "total": len(tests),
        "coverage_before": 40.0,
        "coverage_estimate": 80.0,
        "rejected": {"fails": 8, "flaky": 4},
        "by_generator": {"offline": len(tests)},
        "framework": "pytest",
        "test_type": "unit",
    }
    return GenerationComplete.model_validate(known | more)


@cache
def _pull_request(signed: bool) -> tuple[GitRepo, str, str]:
    """A repository with base and head, made once; every scene has a copy."""
    folder = tempfile.mkdtemp(prefix="qe-scene-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    repo = GitRepo(Path(folder, "work"))
    off = "\n\nSigned-off-by: Ann <ann@example.org>" if signed else ""
    base = repo.commit({"shop.py": "", "tests/test_shop.py": SUITE}, f"Begin{off}")
    repo.branch("feature")
    head = repo.commit({"shop.py": "def postage(grams):\n    return 2\n"}, f"Postage{off}")
    return repo, base, head


@dataclass
class Ran:
    """What a run of the sink left behind."""

    delivery: Delivery
    patch: bytes

    @property
    def proposal(self) -> Proposal:
        assert self.delivery.proposal is not None
        return self.delivery.proposal


@dataclass
class Scene:
    """A pull request 7 from `feature` on a GitHub, with a token that may push."""

    repo: GitRepo
    github: FakeGitHub
    base: str = ""
    head: str = ""
    token: str = "ghs_pusher"
    workflow: str = ""

    @classmethod
    def build(cls, folder: Path, github: FakeGitHub, *, signed: bool = False) -> Scene:
        made, base, head = _pull_request(signed)
        repo = made.copy(folder)
        github.git = GitSide(folder)
        rights: dict[str, Any] = {
            "checks": "write", "contents": "write", "pull_requests": "write", "actions": "write",
        }  # fmt: skip
        github.add_token("ghs_pusher", **rights)
        github.add_pull(7, head, base, head_ref="feature")
        return cls(repo, github, base, head)

    def push(self, files: dict[str, str | bytes] | None = None) -> None:
        """Somebody pushes to the pull request."""
        self.head = self.repo.commit(files or {"other.py": self.head}, "More")
        move(self.github, "feature", self.head)

    def commit_of_a_person(self, name: str = BRANCH) -> str:
        """Somebody commits to a branch."""
        tip = branch_sha(self.github, name)
        assert tip
        self.repo.git("checkout", "-q", "--detach", tip)
        made = self.repo.commit({"tests/theirs.py": "x = 1\n"}, "By hand")
        self.repo.git("checkout", "-q", "feature")
        move(self.github, name, made)
        return made

    def amended(self, path: str, text: str) -> str:
        """Somebody amends the last commit of our branch."""
        assert self.tip
        self.repo.git("checkout", "-q", "--detach", self.tip)
        (self.repo.root / path).write_text(text)
        self.repo.git("commit", "-q", "--amend", "--no-edit", "-a")
        made = self.repo.git("rev-parse", "HEAD").strip()
        self.repo.git("checkout", "-q", "feature")
        move(self.github, BRANCH, made)
        return made

    def run(
        self,
        tests: Sequence[TestCase] = (),
        *,
        run: tuple[int, int] = (42, 1),
        head: str = "",
        opens: bool = True,
        why_not: str = "",
        file: bool = False,
        root: Path | None = None,
        owner: str = OWNER,
        events: Sequence[Event] = (),
        hurried: bool = False,
        measured: Measured | None = None,
        cancel_when: Callable[[], bool] | None = None,
        **more: Any,
    ) -> Ran:
        """A run that ends with these tests."""
        log = [*events, generated(tests, **more)]
        return asyncio.run(
            self._run(
                log,
                run,
                head or self.head,
                opens,
                why_not,
                file,
                root,
                owner,
                hurried,
                measured,
                cancel_when,
            )
        )

    async def _run(
        self,
        log: Sequence[Event],
        run: tuple[int, int],
        head: str,
        opens: bool,
        why_not: str,
        file: bool,
        root: Path | None,
        owner: str,
        hurried: bool,
        measured: Measured | None,
        cancel_when: Callable[[], bool] | None,
    ) -> Ran:
        policy = RetryPolicy(write_gap=0, backoff=0.01, grace=0.2, last_word=1.0)
        client = GitHub(
            token=SecretStr(self.token),
            repo=self.github.repo,
            api_url=self.github.url,
            policy=policy,
        )
        delivery, out = Delivery(), io.BytesIO()
        delivery.proposal_settled.clear()
        if hurried:
            delivery.hurry()
        links = Links("https://github.com", self.github.repo, head)
        sink = TestsPullSink(
            delivery,
            links,
            PatchOf(client, head, root, out if file else None, "tests.patch" if file else ""),
            TestsOf(owner, run),
            branch=TestsBranch(client, client, delivery, 7, self.workflow) if opens else None,
            github=client,
            why_not=why_not,
        )
        try:
            consuming = asyncio.create_task(sink.consume(_stream(log, measured)))
            if cancel_when is not None:
                while not cancel_when():
                    await asyncio.sleep(0.01)
                delivery.hurry()
                client.hurry()
                assert await delivery.proposed() is None
            await consuming
        finally:
            await client.aclose()
        assert delivery.proposal_settled.is_set()
        return Ran(delivery, out.getvalue())

    # What is there

    @property
    def tip(self) -> str | None:
        return branch_sha(self.github, BRANCH)

    @property
    def pull(self) -> Any:
        """The one pull request with tests."""
        (pull,) = [p for p in self.github.pulls.values() if p.head_ref == BRANCH]
        return pull

    def git(self, *args: str) -> str:
        return self.repo.git(*args)

    def changed(self) -> list[str]:
        """The files that the branch changes against the pull request's head."""
        return self.git("diff", "--name-only", f"{self.head}...{self.tip}").splitlines()

    def file(self, path: str = "tests/test_shop.py") -> str:
        return self.git("show", f"{self.tip}:{path}")


async def _stream(events: Sequence[Event], measured: Measured | None) -> AsyncIterator[Event]:
    yield without_figures("finished").model_copy(update={"measured": measured})
    for event in events:
        yield event
