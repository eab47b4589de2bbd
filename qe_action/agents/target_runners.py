"""Test runners of one target: their interpreters, and the target imported on them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path, PurePosixPath

from qe_action.agents.pythons import ends
from qe_action.errors import WorkspaceError
from qe_action.project_worker.client import ProjectInterpreter
from qe_action.verify.collection import CONFIGS as PYTEST_CONFIGS
from qe_action.verify.collection import PytestCollection, collecting
from qe_action.verify.project import Project
from qe_action.verify.run_answers import Hello, Measured, Run
from qe_action.verify.run_request import RunRequest
from qe_action.verify.style import CONFIGS, Tool, configured
from qe_action.verify.test_runner import TestRunner
from qe_action.workspace.metadata import asked_pythons
from qe_action.workspace.project_files import read_project
from qe_action.workspace.tree import small_texts

PREPARING = {"django", "env", "dotenv", "pytest_env", "celery"}
"""Plugins that set up what a project needs before it is imported."""


async def others(
    stack: AsyncExitStack,
    interpreters: Sequence[ProjectInterpreter],
    hello: Hello,
    project: Project,
    tree: Path,
) -> tuple[list[tuple[str, TestRunner]], list[str]]:
    """Test runners for the lowest and highest Python beside that of `hello`; and notes."""
    found = []
    for interpreter in interpreters:
        other = await stack.enter_async_context(TestRunner.open(interpreter, project, tree, 1))
        found.append(((await checked(other)).python, other))
    _, supported = asked_pythons(read_project(tree).texts)
    chosen, left_out = ends([hello.python, *(version for version, _ in found)], supported)
    notes = [
        f"Tests were not tried on Python {version}: the project asks for {supported}."
        for version in left_out
    ]
    return [found[number - 1] for number in chosen], notes


def tools(tree: Path) -> tuple[Tool, ...]:
    """The formatter and linter that the project's configuration names."""
    return configured(small_texts(tree, CONFIGS))


def collected(tree: Path, path: str) -> PytestCollection:
    """Which files are tests around one, by the nearest configuration of pytest."""
    for folder in PurePosixPath(path).parents:
        found = collecting(small_texts(tree / folder, PYTEST_CONFIGS), str(folder))
        if found is not None:
            return found
    return PytestCollection()


async def checked(runner: TestRunner) -> Hello:
    """The interpreter's versions. Raises `WorkspaceError` where it has no pytest or coverage."""
    hello = await runner.hello()
    for name, version in (("pytest", hello.pytest), ("coverage", hello.coverage)):
        if version is None:
            raise WorkspaceError(
                f"The project's interpreter (Python {hello.python}) has no {name}.",
                hint=f"Install {name} beside the project, or name another one with --python.",
            )
    return hello


async def imported(runner: TestRunner, timeout: float) -> Measured:
    """What the target's import alone runs. Raises `WorkspaceError` where it can't be imported."""
    run = await _import_run(runner, timeout, measure=True)
    if run.measured is None or run.measured.error is not None or len(run.passed) != 1:
        raise WorkspaceError(
            f"{runner.project.module} can't be imported by a test: {run.trouble()[:200]}.",
            hint="Is the project installed in the interpreter that --python names?",
        )
    return run.measured


async def _import_run(runner: TestRunner, timeout: float, *, measure: bool) -> Run:
    path = f"{runner.project.folder}/test_qe_import.py"
    text = f"def test_import():\n    import {runner.project.module}\n"
    return await runner.run(RunRequest({path: text}, [path], timeout, measure=measure))


async def warm(
    runner: TestRunner, plugins: Sequence[str], at_import: Measured, timeout: float
) -> None:
    """Import the target once for all runs, where nothing has to be done before and it holds."""
    if runner.project.prepares or PREPARING & set(plugins):
        return
    if not await runner.warm(at_import.lines, timeout):
        run = await _import_run(runner, timeout, measure=False)
        if len(run.passed) != 1:
            runner.cool()
