"""The events of the test executor, and what they are about."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from qe_action.events.base import Conclusion, Wire
from qe_action.events.coverage_analyzer import Anchor

Executor = Literal["test-executor"]

Outcome = Literal["passed", "failed", "error", "skipped", "xfailed", "xpassed"]
"""As pytest has them: `failed` in the test itself, `error` around it (fixtures, collection)."""
Phase = Literal["", "collect", "setup", "call", "teardown"]
"""Where a test was when it ended; empty where the runner does not tell."""
History = Literal["", "new", "known"]
"""Whether a failure is one of the base too; empty where that is not known."""


class TestCounts(Wire):
    """How many tests ended how. A test whose teardown fails counts twice, as with pytest."""

    __test__ = False

    passed: int = Field(default=0, ge=0)
    failed: int = Field(default=0, ge=0)
    error: int = Field(default=0, ge=0)
    skipped: int = Field(default=0, ge=0)
    xfailed: int = Field(default=0, ge=0)
    xpassed: int = Field(default=0, ge=0)

    @property
    def bad(self) -> int:
        """Failures and errors."""
        return self.failed + self.error

    @property
    def total(self) -> int:
        return self.passed + self.bad + self.skipped + self.xfailed + self.xpassed


class ExecutorProgress(Wire):
    """How far the suite has come.

    `finished` tests of `total` have ended, null where it is not known how many there are.
    `seconds_left` is an estimate from the durations that are known, null where there are none.
    From an `attempt` of 2 on failures are run again.
    """

    type: Literal["progress"] = "progress"
    agent: Executor = "test-executor"
    percent: float = Field(ge=0, le=100)
    message: str
    finished: int = Field(ge=0)
    total: int | None = Field(default=None, ge=0)
    counts: TestCounts = TestCounts()
    seconds_left: float | None = Field(default=None, ge=0)
    attempt: int = Field(default=1, ge=1)


class TestsCollected(Wire):
    """How many tests there are, and of the files with most of them how many each has."""

    __test__ = False

    type: Literal["collected"] = "collected"
    agent: Executor = "test-executor"
    total: int = Field(ge=0)
    files: dict[str, int] = Field(default_factory=dict)
    total_files: int = Field(default=0, ge=0)
    workers: int = Field(default=1, ge=1)


class TestFinished(Wire):
    """A test that ended, or an error around one; a failure is told at once.

    `id` is the runner's name for it. `file_path` and `line` are where the test is, by the
    repository's path, empty and null where that is not known. A failure has its `message`, the end
    of its `traceback` and of what it has printed, and `failed_at`: the innermost line of the
    repository in its traceback, in the measured tree; `anchor` is where that line stands at the
    pull request's head, null where it is not there. `reason` is why it was skipped or expected to
    fail. `seconds` is null where the runner does not tell.
    """

    __test__ = False

    type: Literal["finished"] = "finished"
    agent: Executor = "test-executor"
    id: str
    outcome: Outcome
    phase: Phase = ""
    seconds: float | None = Field(default=None, ge=0)
    file_path: str = ""
    line: int | None = Field(default=None, ge=1)
    failed_at: Anchor | None = None
    anchor: Anchor | None = None
    message: str = ""
    traceback: str = ""
    output: str = ""
    reason: str = ""
    history: History = ""

    @property
    def bad(self) -> bool:
        return self.outcome in ("failed", "error")


class TestFlaky(Wire):
    """A failure that was gone in run number `passed_in` (the first that repeats it is 2)."""

    __test__ = False

    type: Literal["flaky"] = "flaky"
    agent: Executor = "test-executor"
    id: str
    passed_in: int = Field(ge=2)
    file_path: str = ""
    line: int | None = Field(default=None, ge=1)
    message: str = ""


class TestSlow(Wire):
    """A test that takes at least twice as long as at the base, beyond noise and a second."""

    __test__ = False

    type: Literal["slow"] = "slow"
    agent: Executor = "test-executor"
    id: str
    seconds: float = Field(ge=0)
    base_seconds: float = Field(ge=0)
    file_path: str = ""
    line: int | None = Field(default=None, ge=1)


class TimedTest(Wire):
    """A test and how long it took, in seconds."""

    id: str
    seconds: float = Field(ge=0)
    file_path: str = ""
    line: int | None = Field(default=None, ge=1)


class ExecutionComplete(Wire):
    """The suite's result, also of one cut short: then `conclusion` says so.

    `counts` are the command's own: what is flaky is among the failed there. `known` and `new` are
    failures that the base has too or has not; what is in neither is not known to be either.

    `passed` is the verdict: false where a test failed for good, or the command did; null where
    nothing is known. `failures`, `flaky` and `skipped` are bounded: names of tests, and reasons
    with how many were skipped for each. `slowest` are the ten slowest. `rerun` is the command that
    runs the failures again, empty without failures. `running` are the tests that were running
    where it was cut off, `hung` the one that ran longer than the time-out, with its `stack`.
    `exit_code` is the command's, as a shell has it; null where no command was run. `live` says that
    the tests were heard while they ran. `base_sha` is the commit whose tests these are compared
    with. `digest` is what later runs compare with, null where this run keeps none.
    """

    type: Literal["complete"] = "complete"
    agent: Executor = "test-executor"
    conclusion: Conclusion = "finished"
    passed: bool | None = None
    counts: TestCounts = TestCounts()
    total: int | None = Field(default=None, ge=0)
    failures: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    flaky: tuple[str, ...] = ()
    skipped: dict[str, int] = Field(default_factory=dict)
    slowest: tuple[TimedTest, ...] = ()
    running: tuple[str, ...] = ()
    hung: str = ""
    stack: str = ""
    command: str = ""
    rerun: str = ""
    exit_code: int | None = None
    seconds: float | None = Field(default=None, ge=0)
    live: bool = False
    base_sha: str = ""
    digest: str | None = None
    notes: tuple[str, ...] = ()


def without_outcomes(conclusion: Conclusion, notes: tuple[str, ...] = ()) -> ExecutionComplete:
    """The result of a suite that came to none."""
    return ExecutionComplete(conclusion=conclusion, notes=notes)


class ExecutorError(Wire):
    """Something went wrong around the suite; `recoverable` says that it goes on.

    `output` are the last lines of a set-up that failed.
    """

    type: Literal["error"] = "error"
    agent: Executor = "test-executor"
    message: str
    hint: str = ""
    recoverable: bool = False
    finished: int = Field(default=0, ge=0)
    output: tuple[str, ...] = ()


ExecutorEvent = Annotated[
    ExecutorProgress
    | TestsCollected
    | TestFinished
    | TestFlaky
    | TestSlow
    | ExecutionComplete
    | ExecutorError,
    Field(discriminator="type"),
]
