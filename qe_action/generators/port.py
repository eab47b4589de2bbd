"""The port to whatever writes candidate tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from qe_action.project_worker.client import ProjectInterpreter

Arc = tuple[int, int]


@dataclass(frozen=True)
class Candidate:
    """One whole test function, parametrised or not, and what it is meant to reach."""

    id: str
    name: str
    code: str
    imports: tuple[str, ...]
    target: str
    qualname: str
    aim_lines: frozenset[int] = frozenset()
    aim_arcs: frozenset[Arc] = frozenset()


@dataclass(frozen=True)
class Suspicion:
    """An example of a docstring that the code contradicts: a suspected bug, pinned by no test."""

    target: str
    qualname: str
    example: str
    expected: str
    got: str


@dataclass(frozen=True)
class Trouble:
    """Why a generator can do nothing, or no more, with a target."""

    target: str
    message: str
    detail: str = ""


Proposal = Candidate | Suspicion | Trouble


@dataclass(frozen=True)
class Goals:
    """The lines and branches of one file that nothing has run yet.

    `first_line` gives the first line of its statement for each line that is a later one.
    """

    lines: frozenset[int] = frozenset()
    arcs: frozenset[Arc] = frozenset()
    first_line: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Layout:
    """How the project's tests find the target: its module, and the folders to import from."""

    module: str
    paths: tuple[str, ...]
    test_files: tuple[str, ...] = ()


class Mutant(Protocol):
    """A mutant: the source's bytes from `start` to `end` become `text`.

    `line` is its statement's first.
    """

    @property
    def id(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def text(self) -> str: ...


@dataclass(frozen=True)
class Job:
    """What to write tests for; `budget` is in executions, `mutants` should be noticed.

    The same seed and budget give the same tests.
    """

    target: str
    source: str
    goals: Goals
    root: str
    layout: Layout
    interpreter: ProjectInterpreter
    seed: int = 0
    budget: int = 60_000
    mutants: Sequence[Mutant] = ()


class Generator(Protocol):
    name: str

    def candidates(self, job: Job) -> AsyncIterator[Proposal]: ...
