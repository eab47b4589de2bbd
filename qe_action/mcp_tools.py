"""The tools that editors call, as async generators of events; without any server.

Each stream ends in one `complete` event, and closing it early leaves nothing running. In a file of
tests import this module and not its functions, whose names pytest would take for tests.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from qe_action.agents.coverage_analyzer import CoverageAnalyzerAgent
from qe_action.agents.execution_options import ExecutionOptions
from qe_action.agents.generation_options import GenerationOptions
from qe_action.agents.options import AnalysisOptions
from qe_action.agents.test_generator import TestGeneratorAgent
from qe_action.errors import UsageError
from qe_action.events import AnalyzerEvent, ExecutorEvent, GeneratorEvent

Framework = Literal["pytest"]
TestType = Literal["unit"]
Switch = Literal["on", "off"]
Paths = str | Path | Sequence[str | Path]

REPORT = "coverage.xml"


def coverage_analyze_stream(
    report: Paths | None = None,
    *,
    coverage_data: Mapping[str, Any] | None = None,
    repo: str | Path = ".",
    base: str | None = None,
    all_files: bool = False,
    **more: Any,
) -> AsyncGenerator[AnalyzerEvent, None]:
    """What the tests miss, by a report of any format that can be read.

    `report` is a file or a glob, or several, `coverage.xml` of `repo` where it is absent;
    `coverage_data` is coverage.py's JSON in place of one. The gaps are those of the lines that
    changed since `base`, and the worst of the others, or with `all_files` those of every file.
    `more` are other options of `AnalysisOptions`. Raises `UsageError` where an option does not fit.
    """
    files: tuple[Path, ...] | None = None
    if coverage_data is None:
        files = _paths(report) if report is not None else (Path(repo, REPORT),)
    elif report is not None:
        raise UsageError("It takes a report or coverage_data, not both.")
    options = AnalysisOptions.model_validate(
        {
            "coverage_file": files,
            "coverage_data": coverage_data,
            "repo": Path(repo),
            "base": base,
            "all_files": all_files,
            **more,
        }
    )
    return CoverageAnalyzerAgent().events(options)


def test_generate_stream(
    *,
    code: str | None = None,
    file: str | None = None,
    report: Paths | None = None,
    repo: str | Path = ".",
    framework: Framework = "pytest",
    test_type: TestType = "unit",
    target_count: int = 10,
    time_budget: float = 120.0,
    **more: Any,
) -> AsyncGenerator[GeneratorEvent, None]:
    """Tests that hold, as they are found; the project's code runs in the sandbox.

    They are for `code` (a module's source), for `file` (`FILE` or `FILE::QUALNAME` of the
    repository), or for the gaps of a report. At most `target_count` are proposed. `time_budget` is
    in seconds. `more` are other options of `GenerationOptions`. Raises `UsageError` where an option
    does not fit.
    """
    options = GenerationOptions.model_validate(
        {
            "code": code,
            "file": file,
            "coverage_file": None if report is None else _paths(report),
            "repo": Path(repo),
            "framework": framework,
            "test_type": test_type,
            "target_count": target_count,
            "time_budget": time_budget,
            **more,
        }
    )
    return TestGeneratorAgent().events(options)


def test_execute_stream(
    command: str | Sequence[str],
    *,
    repo: str | Path = ".",
    sandbox: Switch = "on",
    network: bool = False,
    python: str | Path | None = None,
    **more: Any,
) -> AsyncGenerator[ExecutorEvent, None]:
    """A suite as its tests end, run by `command` in a copy of the checkout and in the sandbox.

    Nothing that it writes comes into the checkout. `python` is the project's interpreter, which is
    looked for where it is absent. `more` are other options of `ExecutionOptions`. Raises
    `UsageError` where an option does not fit.
    """
    from qe_action.agents.copied_execution import CopiedExecution

    words = command if isinstance(command, str) else tuple(command)
    options = ExecutionOptions.model_validate({"command": words, "repo": Path(repo), **more})
    execution = CopiedExecution(
        os.environ,
        sandbox=sandbox,
        network=network,
        pythons=() if python is None else (Path(python),),
    )
    return execution.events(options)


def _paths(report: Paths) -> tuple[Path, ...]:
    if isinstance(report, str | Path):
        return (Path(report),)
    return tuple(map(Path, report))
