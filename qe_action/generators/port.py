"""The port to whatever writes candidate tests."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from qe_action.events import Activity, Gap, ModelUse, Refused
from qe_action.model_options import ModelOptions
from qe_action.project_worker.client import ProjectInterpreter

Arc = tuple[int, int]


@dataclass(frozen=True)
class Candidate:
    """One whole test function, parametrised or not, and the goals that it is meant to reach.

    `generator` is the name of what wrote it.
    """

    id: str
    name: str
    code: str
    imports: tuple[str, ...]
    target: str
    qualname: str
    aim_lines: frozenset[int] = frozenset()
    aim_arcs: frozenset[Arc] = frozenset()
    generator: str = ""


@dataclass(frozen=True)
class Doing:
    """What a generator does from now on, in a few words for people."""

    activity: Activity
    words: str


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


Proposal = Candidate | Suspicion | Trouble | Doing


@dataclass(frozen=True)
class Verdict:
    """What became of a candidate: it holds alone, or `reason` says what refused it.

    `traceback` is the end of what pytest shows where it failed, `again` the same of a second run,
    in a fresh process, where it failed in a comparison. `lines` and `arcs` are the goals
    that it reached, `missed_lines` and `missed_arcs` those that it was meant to reach and that no
    test that holds reaches so far. Of the mutants that were tried on it, by their ids, it noticed
    those in `killed` and not those in `survived`.
    """

    candidate: Candidate
    reason: Refused | None = None
    detail: str = ""
    traceback: str = ""
    again: str = ""
    lines: frozenset[int] = frozenset()
    arcs: frozenset[Arc] = frozenset()
    missed_lines: frozenset[int] = frozenset()
    missed_arcs: frozenset[Arc] = frozenset()
    killed: frozenset[str] = frozenset()
    survived: frozenset[str] = frozenset()

    @property
    def kept(self) -> bool:
        return self.reason is None


class Verdicts(Protocol):
    """The verdicts on a generator's candidates, in the order in which it offered them."""

    async def next(self) -> Verdict | None:
        """Waits for the next one. None where there is none on every candidate offered so far."""
        ...


class Unjudged:
    """Stands for the verdicts where nobody judges."""

    async def next(self) -> Verdict | None:
        return None


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
    """What to write tests for: `goals`, and the `gaps` of an analysis that they come from, if any.

    `budget` is in executions, `mutants` should be noticed, and `survivors` are those of them that
    tests which hold already were tried on and did not notice. The same seed and budget give the
    same tests where the verdicts are the same; time may only cut. At most `limit` tests are
    proposed in the end, and `left` gives the seconds that are left.
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
    survivors: Sequence[Mutant] = ()
    gaps: Sequence[Gap] = ()
    limit: int = 10
    left: Callable[[], float] = lambda: float("inf")


class Generator(Protocol):
    """Writes candidates for one job after the other."""

    name: str

    def candidates(self, job: Job, verdicts: Verdicts) -> AsyncGenerator[Proposal, None]:
        """Candidates for a job. What became of them may be heard from `verdicts` meanwhile.

        It is closed as soon as no more are wanted.
        """
        ...


@runtime_checkable
class Metered(Protocol):
    """A generator that asks models: what their answers have cost so far; None for nothing."""

    @property
    def use(self) -> ModelUse | None: ...


@runtime_checkable
class Closing(Protocol):
    """A generator that holds something open, to be closed after its last job."""

    async def aclose(self) -> None: ...


class Settings(Protocol):
    """What the options of a generation say to generators: `given` are tests the caller wrote."""

    @property
    def given(self) -> tuple[str, ...]: ...
    @property
    def model(self) -> ModelOptions: ...


@dataclass(frozen=True)
class Ports:
    """What a generator may be made with; `clock` gives seconds, `model` is the caller's or None."""

    clock: Callable[[], float]
    model: object | None
    settings: Settings
