"""A test as a result file has it, and what is held of one."""

from __future__ import annotations

from dataclasses import dataclass

from qe_action.events import Outcome, Phase

MAX_CASES = 200_000
"""Tests of one file."""
MAX_CHILDREN = 50
"""Elements in one test that are kept."""
MAX_TEXT = 16_000
"""Characters at the beginning, and as many at the end, of what an element says."""
MAX_NAME = 1000
"""Characters of an attribute."""
MAX_SECONDS = 10.0**7
"""The longest a test takes; more is no duration."""
MAX_LINE = 10_000_000


@dataclass(frozen=True, slots=True)
class Case:
    """A test's result. `suite` are the names of the suites around it, the outermost first.

    `flaky` says that it failed before it passed. `suite_file` is the file that its suite names.
    `dialect` is `pytest` where pytest wrote it, else empty.
    """

    name: str
    classname: str = ""
    suite: tuple[str, ...] = ()
    outcome: Outcome = "passed"
    phase: Phase = ""
    flaky: bool = False
    seconds: float | None = None
    file: str = ""
    suite_file: str = ""
    line: int | None = None
    message: str = ""
    traceback: str = ""
    output: str = ""
    reason: str = ""
    dialect: str = ""

    @property
    def id(self) -> str:
        """A name that tells it apart where the runner has none: its class and its own."""
        group = self.classname or " > ".join(self.suite)
        if not self.name or self.name.startswith(group):
            return self.name or group
        return f"{group}::{self.name}"
