"""What a run of the tests can be told."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from qe_action.agents.task_options import TaskOptions, read_context
from qe_action.analysis.baseline import fingerprint
from qe_action.errors import UsageError
from qe_action.events import TestFinished
from qe_action.place import Place
from qe_action.task import QETask


def _words(value: object) -> object:
    return tuple(shlex.split(value)) if isinstance(value, str) else value


class ExecutionOptions(TaskOptions):
    """What a `test_execution` can be told.

    `command` runs the tests, as a text or as its words; it is started in `folder`, the repository's
    top where absent. `results` are JUnit files or globs of tests that ran before, beside the
    command or in place of it. `rerun_failures` is how often failures are run again, `flaky` says
    whether the suite passes where all were gone then. `test_timeout` is in seconds, for one test.
    `place` is where the options were written: in whose words it is said what to change.
    `check_name` names the check run that digests are kept in; with `keeps_digest` the result has
    one. `secrets` are texts that are taken out of what failures say. `began` is when a command was
    started that runs already, in seconds since the epoch. `earlier` are tests that ended in a run
    of the same command on the same files that was cut off: those that passed are not run again.
    """

    command: Annotated[tuple[str, ...], BeforeValidator(_words)] = ()
    results: tuple[Path, ...] = ()
    repo: Path = Path()
    folder: Path | None = None
    rerun_failures: int = Field(default=0, ge=0, le=10)
    flaky: Literal["pass", "fail"] = "pass"
    test_timeout: float | None = Field(default=None, gt=0)
    check_name: str = ""
    keeps_digest: bool = False
    secrets: tuple[str, ...] = Field(default=(), repr=False)
    began: float | None = None
    earlier: tuple[TestFinished, ...] = Field(default=(), repr=False)
    place: Place = "library"

    @property
    def key(self) -> str:
        """The fingerprint that this run's digest and its baseline's have in common."""
        return fingerprint(tests=(self.check_name,))

    @model_validator(mode="after")
    def _has_tests(self) -> Self:
        if not self.command and not self.results:
            raise UsageError("The task needs command or results.")
        return self


def execution_options(task: QETask) -> ExecutionOptions:
    """The options of a task. Raises `UsageError` where they don't fit."""
    return read_context(task, "test_execution", "test executor", ExecutionOptions)
