"""What a worker says of a run, checked: it comes from a process that ran the project's code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from qe_action.events import Counts

Text = Annotated[str, Field(max_length=2000)]
Name = Annotated[str, Field(max_length=4000)]
Line = Annotated[int, Field(ge=-(2**31), le=2**31)]
Outcome = Literal["passed", "failed", "error", "skipped", "xfailed", "xpassed"]


class Said(BaseModel):
    """Base: nothing is converted, and what we don't know is left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Hello(Said):
    """An interpreter and its tools."""

    python: str = Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")
    pytest: Text | None
    coverage: Text | None
    plugins: tuple[Text, ...] = Field(default=(), max_length=1000)


class Measured(Said):
    """The target's lines and branches as coverage.py reports them; `error` where it can't."""

    lines: tuple[Line, ...] = ()
    missing_lines: tuple[Line, ...] = ()
    branches: tuple[tuple[Line, Line], ...] = ()
    missing_branches: tuple[tuple[Line, Line], ...] = ()
    error: Text | None = None

    @property
    def counts(self) -> Counts:
        return Counts(
            statements=len(self.lines) + len(self.missing_lines),
            covered=len(self.lines),
            branches=len(self.branches) + len(self.missing_branches),
            covered_branches=len(self.branches),
        )


End = Literal["done", "crashed", "timeout", "unreadable"]
_ENDS: Mapping[End, str] = {
    "crashed": "the interpreter crashed",
    "timeout": "it took too long and was stopped",
    "unreadable": "what pytest had to say could not be read",
}
"""What to say of a run that did not come to its end."""
_EXITS: Mapping[int | None, str] = {
    2: "pytest was interrupted",
    3: "pytest had an internal error",
    4: "pytest refused how it was started, or its configuration",
    5: "pytest found no test",
}
"""What to say of a run by pytest's exit code, where pytest itself says nothing."""


class Run(Said):
    """One run of pytest."""

    end: End
    exit: int | None = None
    seconds: float = Field(default=0.0, ge=0, le=86_400, allow_inf_nan=False)
    outcomes: dict[Name, tuple[Outcome, Text]] = Field(default_factory=dict, max_length=60_000)
    errors: tuple[tuple[Name, Text], ...] = Field(default=(), max_length=100)
    tracebacks: tuple[Text, ...] = Field(default=(), max_length=10)
    measured: Measured | None = None
    written: tuple[Name, ...] = ()
    written_by: dict[Name, tuple[Name, ...]] = Field(default_factory=dict, max_length=60_000)

    @property
    def passed(self) -> frozenset[str]:
        return frozenset(name for name, (word, _) in self.outcomes.items() if word == "passed")

    @property
    def traceback(self) -> str:
        """The end of what pytest shows of the first failure; empty where nothing failed."""
        return self.tracebacks[0] if self.tracebacks else ""

    def trouble(self) -> str:
        """The first thing that went wrong, in the words of pytest."""
        bad = [f"{word}: {text}" for word, text in self.outcomes.values() if word != "passed"]
        said = [text for _, text in self.errors] + bad
        if said or self.end != "done":
            return said[0] if said else _ENDS[self.end]
        unmeasured = self.measured.error if self.measured else None
        return _EXITS.get(self.exit, unmeasured or "coverage has no measurement of it")


class MutantSaid(Said):
    """What became of a mutant."""

    mutant: Name
    killed: bool
    by: tuple[Name, ...] = Field(default=(), max_length=60_000)
    how: Text = ""


class Styled(Said):
    """What a tool of the project made of some files."""

    texts: dict[Name, Annotated[str, Field(max_length=1_000_000)]] = Field(max_length=10_000)


def shown(path: str) -> str:
    """A path in a working copy as it is in the project."""
    return re.sub(r"^.*?/qe-action-[^/]+/(?:project/)?", "", path)
