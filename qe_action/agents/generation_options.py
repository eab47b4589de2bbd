"""What a test generation can be told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AliasChoices, Field, model_validator
from pydantic_core import PydanticCustomError

from qe_action.agents.task_options import TaskOptions, read_context
from qe_action.errors import UsageError
from qe_action.events import Gap, TestProposed, TestRejected
from qe_action.generators import AUTO, CHOICES
from qe_action.model_options import ModelOptions
from qe_action.place import Place
from qe_action.task import QETask

WORKERS = 8
"""Workers at the same time, each with a user of its own: the sandbox has so many."""
PYTHONS = 5
"""Interpreters that one run looks at."""


def _known(generator: str) -> str:
    if generator not in CHOICES:
        names = " or ".join(map(repr, CHOICES))
        raise PydanticCustomError("generator", f"Input should be {names}")
    return generator


class GenerationOptions(TaskOptions):
    """What a `test_generation` can be told.

    What to test is `code` (a module's source), or `file`, `FILE::QUALNAME` for a part of it, or
    the worst gaps of a report: `coverage_file` (one or several) or `coverage_data`. `gaps` are
    those of an analysis (`Gap`s or their dicts), the first ones first, in place of a report. With
    `file` and one of these the gaps of that file count, without them all its statements.

    `max_tests` bounds the tests (a task's context may call it `target_count`), `time_budget` the
    seconds of search and of the gates of single tests, `test_timeout` those of one test; the same
    `seed` gives the same tests.
    `python` is the project's interpreter, or several, the first for all but the last gate. `tests`
    are sources of tests to be judged instead of generated ones. `sandbox` may be `off` on a machine
    of one's own. `slots` are the tests that run side by side: where absent, as many as there are
    cores. `place` is where the options were written: in whose words it is said what to change.
    `allow_red` makes tests also where some of the project's fail: for code that those don't run.
    With `tests_known` the suite is known to pass, and is not run to find out. `earlier` are events
    of a run with equal inputs that was cut off: what it had found is not searched for again.

    `model` is what writes tests, beside a search or in place of it.
    """

    code: str | None = Field(default=None, max_length=2_000_000)
    file: str | None = None
    coverage_file: Path | tuple[Path, ...] | None = None
    coverage_data: Mapping[str, Any] | None = None
    gaps: tuple[Gap, ...] | None = Field(default=None, max_length=100_000)
    repo: Path = Path()
    framework: Literal["pytest"] = "pytest"
    test_type: str = "unit"
    max_tests: int = Field(
        default=10, ge=1, le=1000, validation_alias=AliasChoices("max_tests", "target_count")
    )
    time_budget: float = Field(default=120.0, gt=0, le=86_400)
    suite_timeout: float = Field(default=300.0, gt=0, le=86_400)
    test_timeout: float = Field(default=10.0, gt=0, le=3600)
    seed: int = 0
    python: Path | tuple[Path, ...] | None = None
    generator: Annotated[str, AfterValidator(_known)] = AUTO
    model: ModelOptions = ModelOptions()
    tests: str | tuple[str, ...] = ()
    sandbox: Literal["on", "off"] = "on"
    slots: int | None = Field(default=None, ge=1, le=8)
    place: Place = "library"
    allow_red: bool = False
    tests_known: bool = False
    earlier: tuple[TestProposed | TestRejected, ...] = Field(default=(), max_length=100_000)

    @model_validator(mode="after")
    def _one_subject(self) -> Self:
        found = self.has_report or self.gaps is not None
        if self.code is None and self.file is None and not found:
            raise UsageError("The task needs code, file, gaps or a coverage report.")
        if self.has_report and self.gaps is not None:
            raise UsageError("The task has gaps and a coverage report; it can take one of them.")
        if len(self.pythons) > PYTHONS:
            raise UsageError(f"The task names more than {PYTHONS} interpreters.")
        if self.code is not None:
            for name in ("file", "gaps"):
                if getattr(self, name) is not None:
                    raise UsageError(f"The task has code and {name}; it can take one of them.")
        return self

    @property
    def pythons(self) -> tuple[Path, ...]:
        """The interpreters that were named."""
        if self.python is None:
            return ()
        return self.python if isinstance(self.python, tuple) else (self.python,)

    def side_by_side(self, interpreters: int, cores: int) -> int:
        """How many tests run at the same time, beside the search and the other interpreters."""
        return max(1, min(self.slots or cores, WORKERS - 1 - (interpreters - 1)))

    @property
    def given(self) -> tuple[str, ...]:
        """The sources of tests to be judged."""
        return (self.tests,) if isinstance(self.tests, str) else self.tests

    @property
    def has_report(self) -> bool:
        return self.coverage_file is not None or self.coverage_data is not None


def generation_options(task: QETask) -> GenerationOptions:
    """The options of a task. Raises `UsageError` where they don't fit."""
    return read_context(task, "test_generation", "test generator", GenerationOptions)
