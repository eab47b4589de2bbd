"""The set-up before a suite: told, refused, failed, and made once for all that follows."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest
from gitrepo import GitRepo

from qe_action.agents.execution_options import ExecutionOptions
from qe_action.agents.options import AnalysisOptions
from qe_action.agents.test_executor import TestExecutorAgent
from qe_action.commands.suite_setup import FOREIGN, SuiteSetup
from qe_action.defaults import NoCheckout, ProjectInterpreters, ProjectSetup
from qe_action.errors import SetupFailed
from qe_action.events import (
    AnalyzerEvent,
    ExecutionComplete,
    ExecutorError,
    ExecutorEvent,
    ExecutorProgress,
    TestFinished,
)
from qe_action.sandbox.sandbox import Sandbox
from qe_action.settings import load
from qe_action.workspace.environment import Environment

TESTS = """\
import os, pathlib


def test_report():
    assert not pathlib.Path(".git").exists()
    pathlib.Path("out").mkdir()
    pathlib.Path("out/coverage.xml").write_text("<coverage/>")


def test_environment():
    assert not [name for name in os.environ if name.startswith("INPUT_")]
    assert os.environ["CI"] == "true"
"""


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    made = GitRepo(tmp_path / "repo")
    made.commit({"test_it.py": TESTS})
    return made


class Project:
    """A project that is set up as often as `opened` says, or fails to be."""

    def __init__(self, repo: GitRepo, *, fails: bool = False, fork: bool = False) -> None:
        self.opened = 0
        self._fails = fails
        given = {
            "INPUT_TEST-COMMAND": "python -m pytest -q -p no:cacheprovider",
            "INPUT_COVERAGE-FILE": "out/*.xml",
            "INPUT_SANDBOX": "off",
        }
        settings = load({**given, "GITHUB_WORKSPACE": str(repo.root)})
        self.options = ExecutionOptions(command=settings.inputs.test_command, repo=repo.root)
        self.setup = SuiteSetup(
            settings.inputs,
            repo.root,
            {**os.environ, **given},
            fork=fork,
            interpreters=self.interpreters,
        )

    @asynccontextmanager
    async def interpreters(self, setup: ProjectSetup) -> AsyncGenerator[ProjectInterpreters, None]:
        self.opened += 1
        if self._fails:
            raise SetupFailed("There is no Python.", output=("the last line",))
        environment = Environment(Path(sys.executable), (), None, ())
        yield ProjectInterpreters((), environment, Sandbox(off=True), ("It has Python.",))

    def events(self) -> list[ExecutorEvent]:
        async def go() -> list[ExecutorEvent]:
            events = self.setup.events(
                self.options, lambda runner: TestExecutorAgent(runner=runner, checkout=NoCheckout())
            )
            async with aclosing(events):
                return [event async for event in events]

        return asyncio.run(go())


@pytest.fixture
def project(repo: GitRepo) -> Iterator[Project]:
    made = Project(repo)
    yield made
    made.setup.forget()
    assert not made.setup.taken.exists()


def test_the_suite_runs_in_a_copy_and_its_report_is_taken(repo: GitRepo, project: Project) -> None:
    first, *events = project.events()
    assert isinstance(first, ExecutorProgress)
    assert (first.percent, first.message) == (0, "Setting up the project")
    assert not [each for each in events if isinstance(each, ExecutorProgress) and not each.percent]
    ended = {each.id: each.outcome for each in events if isinstance(each, TestFinished)}
    assert ended == {"test_it.py::test_report": "passed", "test_it.py::test_environment": "passed"}
    last = events[-1]
    assert isinstance(last, ExecutionComplete)
    assert last.passed
    assert "It has Python." in last.notes
    assert (project.setup.taken / "out/coverage.xml").read_text() == "<coverage/>"
    assert repo.git("status", "--porcelain") == ""
    seen: list[tuple[str, ...]] = []

    async def analysed(options: AnalysisOptions) -> AsyncGenerator[AnalyzerEvent, None]:
        seen.append(options.workspaces)
        return
        yield

    async def go() -> None:
        given = AnalysisOptions(coverage_file=(Path("x"),), workspaces=("/here",))
        async for _ in project.setup.analysing(analysed)(given):
            pass
        async with project.setup.interpreters(ProjectSetup(repo.root)) as found:
            assert found.notes == ("It has Python.",)

    asyncio.run(go())
    assert seen[0][0] == "/here"
    assert Path(seen[0][1]).name == "project"
    assert project.opened == 1


def test_a_set_up_that_fails_is_told_with_its_last_lines(repo: GitRepo) -> None:
    project = Project(repo, fails=True)
    _, error, last = project.events()
    project.setup.forget()
    assert isinstance(error, ExecutorError)
    assert (error.message, error.output) == ("There is no Python.", ("the last line",))
    assert isinstance(last, ExecutionComplete)
    assert (last.conclusion, last.passed) == ("failed", None)


def test_a_fork_s_tests_are_not_run_without_a_sandbox(repo: GitRepo) -> None:
    project = Project(repo, fork=True)
    error, last = project.events()
    project.setup.forget()
    assert isinstance(error, ExecutorError)
    assert error.message == FOREIGN
    assert isinstance(last, ExecutionComplete)
    assert last.conclusion == "failed"
    assert project.opened == 0
