"""What a single test has to hold: one table, in this order; the first that refuses it says why.

The gates before `duplicate` know nothing of other tests, so they run in parallel; from there on
the tests come one after the other, as the generator gave them.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from qe_action.events import Refused
from qe_action.generators.port import Arc, Candidate
from qe_action.text import plural
from qe_action.verify import static_checks
from qe_action.verify.assertions import assertions, lacks_assertion
from qe_action.verify.duplicates import fingerprints
from qe_action.verify.findings import Finding
from qe_action.verify.mutants import Mutant, mutants
from qe_action.verify.own_names import fixed_name
from qe_action.verify.project import Project
from qe_action.verify.run_answers import Run, shown
from qe_action.verify.run_request import Runner, RunRequest, Surroundings
from qe_action.verify.side_by_side import side_by_side
from qe_action.verify.test_size import too_long
from qe_action.verify.writing import Part, new_file

TRIED = 12
"""Mutants that a test is tried on at most."""
AT_ONCE = 4
"""Mutants of one request; the first two requests run at the same time."""
COMPARED = re.compile(r"^E\s+(?:AssertionError: )?assert .+ (?:==|is) ", re.MULTILINE)
"""How pytest shows that values were compared that are not the same."""
OTHERWISE = Surroundings(env={"PYTHONHASHSEED": "11"}, days=1.0)
"""Where a test that fails so runs once more: what it was given then is the code's, not chance's."""


@dataclass(frozen=True)
class Refusal:
    """Why a test is not proposed."""

    reason: Refused
    detail: str = ""


@dataclass
class Trial:
    """A candidate and what was found out about it."""

    candidate: Candidate
    number: int
    tree: ast.Module = field(default_factory=lambda: ast.Module([], []))
    run: Run | None = None
    again: str = ""
    lines: frozenset[int] = frozenset()
    arcs: frozenset[Arc] = frozenset()
    mutants: int = 0
    killed: frozenset[str] = frozenset()
    survived: frozenset[str] = frozenset()
    assertions: tuple[str, ...] = ()
    refusal: Refusal | None = None
    id: str = ""

    def __post_init__(self) -> None:
        """Of the content that was proposed: its looks may become those of the project."""
        parts = (self.candidate.target, self.candidate.code, *self.candidate.imports)
        content = "\0".join(parts).encode("utf-8", "surrogatepass")
        self.id = self.id or hashlib.sha256(content).hexdigest()[:16]

    @property
    def part(self) -> Part:
        return Part(self.candidate.name, self.candidate.code, self.candidate.imports)

    @property
    def text(self) -> str:
        """The candidate as a test file."""
        return new_file([self.part])

    def place_in(self, project: Project) -> str:
        """Where that file lies while the candidate is tried."""
        return f"{project.folder}/test_qe_candidate_{self.number}.py"

    @property
    def reached(self) -> frozenset[object]:
        """All that the fewest tests are counted by."""
        return frozenset(self.lines | self.arcs | self.killed)


@dataclass
class Setting:
    """What the gates share: the test runner, the goals, and what tests before have reached."""

    runner: Runner
    lines: frozenset[int]
    arcs: frozenset[Arc]
    timeout: Callable[[], float]
    fingerprints: set[str] = field(default_factory=set)
    reached: set[object] = field(default_factory=set)
    survived: dict[str, int] = field(default_factory=dict)


Check = Callable[[Trial, Setting], Awaitable[Refusal | None]]


@dataclass(frozen=True)
class Gate:
    """A name, and the function that refuses or not. `alone`: needs no other test's result."""

    name: str
    check: Check
    alone: bool = True


async def is_short(trial: Trial, _: Setting) -> Refusal | None:
    return _refused("too large", too_long("\n".join((*trial.part.imports, trial.part.code))))


async def parses(trial: Trial, _: Setting) -> Refusal | None:
    try:
        trial.tree = static_checks.parsed(trial.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return Refusal("syntax", str(error)[:200])
    return None


async def is_bounded(trial: Trial, _: Setting) -> Refusal | None:
    return _refused("too large", static_checks.size(trial.text, trial.tree))


async def imports(trial: Trial, setting: Setting) -> Refusal | None:
    around = setting.runner.project.around
    return _refused("imports", static_checks.imports(trial.text, trial.tree, around))


async def asserts(trial: Trial, _: Setting) -> Refusal | None:
    trial.assertions = tuple(assertions(trial.tree))
    if not trial.assertions:
        return Refusal("no assertion", "no assertion of it can fail")
    name = lacks_assertion(trial.tree)
    return Refusal("no assertion", f"no assertion of {name} can fail") if name else None


async def never_skips(trial: Trial, _: Setting) -> Refusal | None:
    return _refused("skips", static_checks.skips(trial.tree))


async def stays_inside(trial: Trial, setting: Setting) -> Refusal | None:
    around = setting.runner.project.around
    return _refused("outside", static_checks.outside(trial.text, trial.tree, around))


async def patches_nothing_tested(trial: Trial, setting: Setting) -> Refusal | None:
    around, part = setting.runner.project.around, trial.part
    found = static_checks.patched(trial.text, trial.tree, around)
    fixed = "" if found else fixed_name(part.code, part.name)
    return Refusal("patches", fixed) if fixed else _refused("patches", found)


def _refused(reason: Refused, found: Finding | None) -> Refusal | None:
    return Refusal(reason, str(found)) if found else None


async def new(trial: Trial, setting: Setting) -> Refusal | None:
    if fingerprints(trial.text) & setting.runner.project.known:
        return Refusal("duplicate", "the project has this test")
    return None


async def passes_alone(trial: Trial, setting: Setting) -> Refusal | None:
    path = trial.place_in(setting.runner.project)
    request = RunRequest({path: trial.text}, [path], setting.timeout(), measure=True)
    run = await setting.runner.run(request)
    trial.run = run
    if run.end == "timeout":
        return Refusal("times out")
    if run.end != "done":
        return Refusal("crashes", "its process ended before pytest did")
    if not run.outcomes and not run.errors:
        return Refusal("not collected")
    if run.errors or len(run.passed) != len(run.outcomes):
        if COMPARED.search(run.traceback):
            elsewhere = replace(request, measure=False, around=OTHERWISE)
            trial.again = (await setting.runner.run(elsewhere)).traceback
        return Refusal("fails", run.trouble()[:300])
    if run.written:
        return Refusal("writes", f"it leaves or changes {shown(run.written[0])}")
    return None


async def reaches_a_goal(trial: Trial, setting: Setting) -> Refusal | None:
    measured = trial.run.measured if trial.run else None
    if measured is None or measured.error is not None:
        return Refusal("adds nothing", "it does not run the target")
    trial.lines = frozenset(measured.lines) & setting.lines
    trial.arcs = frozenset(measured.branches) & setting.arcs
    if not trial.lines and not trial.arcs:
        return Refusal("adds nothing", "it reaches no line or branch that was missed")
    return None


async def new_among_candidates(trial: Trial, setting: Setting) -> Refusal | None:
    own = fingerprints(trial.text)
    if own & setting.fingerprints:
        return Refusal("duplicate", "a test before does the same")
    setting.fingerprints |= own
    return None


async def kills_a_mutant(trial: Trial, setting: Setting) -> Refusal | None:
    lines = trial.lines | {abs(arc[0]) for arc in trial.arcs}
    source = setting.runner.project.source
    possible = mutants(source, lines)
    fresh = trial.reached - setting.reached
    wanted = _to_try(possible, setting, only_new=not fresh)
    if not possible:
        if fresh and not fresh & trial.arcs:
            return Refusal("kills nothing", "no mutant of its lines can be made")
        return None if fresh else Refusal("adds nothing", "tests before reach the same")
    await _try(trial, setting, wanted)
    if fresh and trial.mutants and not trial.killed:
        go = "goes" if trial.mutants == 1 else "go"
        why = f"{plural(trial.mutants, 'mutant')} of its lines {go} unnoticed"
        return Refusal("kills nothing", why)
    if fresh and not trial.mutants and any(m.parses(source) for m in possible):
        return Refusal("kills nothing", "none of its mutants could be run")
    if not trial.reached - setting.reached:
        return Refusal("adds nothing", "tests before reach the same")
    return None


def _to_try(possible: tuple[Mutant, ...], setting: Setting, *, only_new: bool) -> list[Mutant]:
    """Those that no test noticed so far and few survived, in front of all others."""
    unnoticed = [m for m in possible if m.id not in setting.reached]
    unnoticed = [m for m in unnoticed if setting.survived.get(m.id, 0) < TRIED]
    noticed = [] if only_new else [m for m in possible if m.id in setting.reached]
    return (unnoticed + noticed)[:TRIED]


async def _try(trial: Trial, setting: Setting, wanted: list[Mutant]) -> None:
    """Try two parts at the same time, as somebody waits; the others only until one is killed."""
    wanted = [mutant for mutant in wanted if mutant.parses(setting.runner.project.source)]
    parts = [wanted[start : start + AT_ONCE] for start in range(0, len(wanted), AT_ONCE)]
    await side_by_side(*(_try_part(trial, setting, part) for part in parts[:2]))
    for part in parts[2:]:
        if trial.killed:
            return
        await _try_part(trial, setting, part)


async def _try_part(trial: Trial, setting: Setting, part: list[Mutant]) -> None:
    path = trial.place_in(setting.runner.project)
    seconds = min(setting.timeout(), _patience(trial))
    request = RunRequest({path: trial.text}, [path], seconds)
    for verdict in await setting.runner.mutate(request, part):
        if verdict.how == "timeout" and seconds < _patience(trial):
            continue  # the budget's end, which no test noticed
        trial.mutants += 1
        if verdict.killed:
            trial.killed |= {verdict.mutant}
        else:
            trial.survived |= {verdict.mutant}
            setting.survived[verdict.mutant] = setting.survived.get(verdict.mutant, 0) + 1


def _patience(trial: Trial) -> float:
    """Seconds after which a mutant is taken for an endless loop."""
    return 2.0 + 5 * (trial.run.seconds if trial.run else 0.0)


GATES: tuple[Gate, ...] = (
    Gate("is short", is_short),
    Gate("parses", parses),
    Gate("is bounded", is_bounded),
    Gate("imports", imports),
    Gate("asserts", asserts),
    Gate("stays inside", stays_inside),
    Gate("never skips", never_skips),
    Gate("patches nothing tested", patches_nothing_tested),
    Gate("new", new),
    Gate("passes alone", passes_alone),
    Gate("reaches a goal", reaches_a_goal),
    Gate("new among candidates", new_among_candidates, alone=False),
    Gate("kills a mutant", kills_a_mutant, alone=False),
)


async def judge(trial: Trial, setting: Setting, *, alone: bool) -> Trial:
    """Take a test through the gates of one half, to the first that refuses it."""
    for gate in GATES:
        if trial.refusal is None and gate.alone is alone:
            try:
                trial.refusal = await gate.check(trial, setting)
            except RecursionError:
                trial.refusal = Refusal("syntax", "it is nested too deeply")
    return trial
