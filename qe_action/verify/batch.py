"""What the tests have to hold together: one table of gates, in this order.

A test that fails once is out. No run is made again in the hope of another outcome.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from qe_action.verify.gates import Refusal, Trial
from qe_action.verify.run_answers import Run, shown
from qe_action.verify.run_request import Runner, RunRequest, Surroundings
from qe_action.verify.set_cover import minimal, worst_first
from qe_action.verify.side_by_side import side_by_side
from qe_action.verify.style import Tool, style
from qe_action.verify.suite import Suite

ROUNDS: tuple[Surroundings, ...] = (
    Surroundings({"PYTHONHASHSEED": "0", "TZ": "UTC0", "LC_ALL": "C.UTF-8"}, order=1),
    Surroundings({"PYTHONHASHSEED": "1", "TZ": "IST-5:30", "LC_ALL": "C"}, order=2, elsewhere=True),
    Surroundings({"PYTHONHASHSEED": "31", "TZ": "NST3:30NDT", "LC_ALL": "tr_TR.UTF-8"}, order=3),
    Surroundings(
        {"PYTHONHASHSEED": "4711", "TZ": "LINT-14", "LC_ALL": "de_DE.UTF-8"},
        order=4,
        elsewhere=True,
    ),
    Surroundings(
        {"PYTHONHASHSEED": "99991", "TZ": "SST11", "LC_ALL": "C.UTF-8"}, order=5, days=403.37
    ),
)
"""Five processes that differ in hash seed, time zone, locale, order, folder and date."""
WATCHED = 2
"""How many of the five are watched for what each test writes: in the project and elsewhere."""
EACH = 10.0
"""Seconds a test may take in a batch, on the average."""

Out = tuple[Trial, Refusal]


@dataclass
class Batch:
    """The tests that are left, and what was measured of them.

    `others` are runners on other versions of Python. `spare` are the tests that hold and have no
    room below `limit`. `rank` gives each line the number of its gap, 0 the worst. `progress` is
    told which part of the gates is done, of 1, and what is being done.
    """

    runner: Runner
    others: Sequence[tuple[str, Runner]]
    suite: Suite
    trials: list[Trial]
    limit: int
    rank: Mapping[int, int] = field(default_factory=dict)
    spare: list[Trial] = field(default_factory=list)
    rounds: Sequence[Surroundings] = ROUNDS
    python: str = ""
    tools: Sequence[Tool] = ()
    progress: Callable[[float, str], None] = lambda _part, _words: None
    pythons: list[str] = field(default_factory=list)
    _gate: int = 0

    async def judge(self) -> AsyncGenerator[Out, None]:
        """The tests that are out, each as soon as it is known; `trials` holds the others."""
        for self._gate, (name, gate) in enumerate(GATES):
            if not self.trials:
                return
            self.step(0, name)
            async for trial, refusal in gate(self):
                trial.refusal = refusal
                self.trials.remove(trial)
                yield trial, refusal

    def step(self, part: float, words: str) -> None:
        """Tell which part of the present gate is done, of 1."""
        self.progress((self._gate + part) / len(GATES), words)


async def steady(batch: Batch) -> AsyncIterator[Out]:
    """Five fresh processes over the whole batch."""
    done = 0

    async def one(number: int, around: Surroundings) -> Run:
        nonlocal done
        run = await _run(batch, batch.runner, batch.trials, around, watch=number < WATCHED)
        done += 1
        batch.step(done / len(batch.rounds), f"{done} of {len(batch.rounds)} fresh processes ended")
        return run

    runs = await side_by_side(*(one(n, around) for n, around in enumerate(batch.rounds)))
    batch.pythons.append(batch.python)
    for trial in batch.trials.copy():
        for number, run in enumerate(runs):
            path = trial.place_in(batch.runner.project)
            if (why := _failure(run, path)) is not None:
                yield trial, Refusal("flaky", f"in fresh process {number + 1} of 5: {why}")
                break
            if written := _written(run, path):
                yield trial, Refusal("writes", f"it leaves or changes {shown(written[0])}")
                break


async def _run(
    batch: Batch, runner: Runner, trials: Sequence[Trial], around: Surroundings, *, watch: bool
) -> Run:
    """One process over all tests; where it does not come to its end, one for each of them."""
    files = {trial.place_in(runner.project): trial.text for trial in trials}
    timeout = 30.0 + EACH * len(files)
    request = RunRequest(files, list(files), timeout, around=around, watch=watch)
    run = await runner.run(request)
    if run.end == "done" or len(trials) == 1:
        return run
    alone = [await _run(batch, runner, [trial], around, watch=watch) for trial in trials]
    return Run(
        end="done",
        outcomes={name: said for one in alone for name, said in one.outcomes.items()},
        errors=tuple(error for one in alone for error in one.errors),
        written_by={name: paths for one in alone for name, paths in one.written_by.items()},
    )


def _failure(run: Run, path: str) -> str | None:
    """What is wrong with a test's file in a run; None where all of it passed."""
    outcomes = [said for name, said in run.outcomes.items() if _of(name, path)]
    bad = [f"{word}: {text}"[:300] for word, text in outcomes if word != "passed"]
    if bad or not outcomes:
        errors = [text[:300] for name, text in run.errors if _of(name, path)]
        return (bad + errors + [f"it was not run ({run.end})"])[0]
    return None


def _of(name: str, path: str) -> bool:
    return name.partition("::")[0].endswith(path.removeprefix("./"))


def _written(run: Run, path: str) -> tuple[str, ...]:
    return next((paths for name, paths in run.written_by.items() if _of(name, path)), ())


async def other_pythons(batch: Batch) -> AsyncIterator[Out]:
    """Once on every other interpreter that is there."""
    for number, (version, runner) in enumerate(batch.others):
        batch.step(number / len(batch.others), f"Running all tests on Python {version}")
        run = await _run(batch, runner, batch.trials, batch.rounds[0], watch=False)
        batch.pythons.append(version)
        for trial in batch.trials.copy():
            if (why := _failure(run, trial.place_in(runner.project))) is not None:
                yield trial, Refusal("other python", f"on Python {version}: {why}")


async def fewest(batch: Batch) -> AsyncIterator[Out]:
    """The fewest tests that together reach the same lines, branches and mutants."""
    kept = minimal({trial.candidate.id: trial.reached for trial in batch.trials})
    for trial in batch.trials.copy():
        if trial.candidate.id not in kept:
            yield trial, Refusal("superseded", "other tests reach the same, or more")
    left = {trial.candidate.id: trial for trial in batch.trials}
    chosen = worst_first(
        {name: frozenset(trial.lines | trial.arcs) for name, trial in left.items()},
        {name: _ranks(batch, trial) for name, trial in left.items()},
        batch.limit,
        {name: trial.killed for name, trial in left.items()},
    )
    batch.spare += [trial for trial in batch.trials if trial.candidate.id not in chosen]
    batch.trials[:] = [trial for trial in batch.trials if trial.candidate.id in chosen]


def _ranks(batch: Batch, trial: Trial) -> frozenset[int]:
    """The gaps that a test reaches something of."""
    lines = trial.lines | {abs(start) for start, _ in trial.arcs}
    return frozenset(batch.rank[line] for line in lines if line in batch.rank)


async def as_the_project_has_it(batch: Batch) -> AsyncIterator[Out]:
    """Refuses none: the project's formatter and linter, so that the suite runs what is shown."""
    await style(batch.runner, batch.trials, batch.tools)
    out: tuple[Out, ...] = ()
    for one in out:
        yield one


async def with_the_suite(batch: Batch) -> AsyncIterator[Out]:
    """The project's own tests with all of these, in random order."""
    async for trial, why in batch.suite.judge(batch.trials):
        yield trial, Refusal("suite", why)


GATES: tuple[tuple[str, Callable[[Batch], AsyncIterator[Out]]], ...] = (
    ("Running all tests in five fresh processes", steady),
    ("Running them on other versions of Python", other_pythons),
    ("Choosing the fewest tests", fewest),
    ("Giving them the project's style", as_the_project_has_it),
    ("Running the whole suite with them", with_the_suite),
)
