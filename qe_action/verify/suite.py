"""The project's own tests beside new ones: none that passed before may fail after."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from qe_action.events import Counts
from qe_action.verify.gates import Trial
from qe_action.verify.run_answers import Run
from qe_action.verify.run_request import (
    ALONE,
    USAGE,
    Runner,
    RunRequest,
    Surroundings,
    as_configured,
)
from qe_action.verify.writing import appended, new_file

ROUNDS = 6
"""Runs of the suite that are made to find which of the new tests breaks another."""
ORDER = Surroundings({"PYTHONHASHSEED": "7"}, order=20)


@dataclass
class Suite:
    """The whole suite as configured; where it takes longer than `timeout`, a part of it.

    `before` and `after` count the target's coverage, None where nothing ran it. `words` say what
    was run.
    """

    runner: Runner
    plugins: Sequence[str]
    timeout: float
    before: Counts | None = None
    after: Counts | None = None
    words: str = ""
    paths: tuple[str, ...] = ()
    _base: Run | None = field(default=None, repr=False)
    _narrow: bool = False
    _options: tuple[str, ...] = ()

    async def judge(self, trials: list[Trial]) -> AsyncGenerator[tuple[Trial, str], None]:
        """The tests that break another or don't hold beside it; the others stay."""
        await self.measure_before()
        left = list(trials)
        for _ in range(ROUNDS):
            if not left:
                return
            run = await self._with(left)
            bad = [(trial, why) for trial in left if (why := self._fails(run, trial))]
            if run.end == "crashed":
                guilty = await self._guilty(left, lambda run: run.end != "done")
                bad = [(trial, "the suite with it ends the process") for trial in guilty]
            elif run.end != "done":
                bad = [(trial, f"the suite with it ended by {run.end}") for trial in left]
            elif not bad and (broken := await self._broken(run)):
                guilty = await self._guilty(left, partial(_loses, broken))
                bad = [(trial, f"with it {sorted(broken)[0]} fails") for trial in guilty]
            if not bad:
                self.after = _counts(run)
                return
            for trial, why in bad:
                left.remove(trial)
                yield trial, why
        for trial in left:
            yield trial, f"{ROUNDS} runs of the suite with ever fewer tests came to no end"

    async def failing(self) -> dict[str, str]:
        """What of the suite fails without new tests, also when it alone is run again, and why."""
        await self.measure_before()
        assert self._base is not None
        found = _red(self._base)
        if not found:
            return {}
        again = await self._run({}, sorted(found), order=False)
        if again.end != "done":
            return found
        return {name: why for name, why in found.items() if name not in again.passed}

    async def lines_of(self, tests: Sequence[str]) -> frozenset[int]:
        """The lines of the target that these tests run."""
        run = await self._run({}, sorted(tests), order=False)
        measured = run.measured
        return frozenset(measured.lines) if measured and measured.error is None else frozenset()

    async def measure_before(self) -> None:
        """The suite without new tests, or the files that use the target where it is too slow."""
        if self._base is not None:
            return
        tests = self.runner.project.test_files
        if not tests:
            self.words = "the project has no other tests"
            self._base = Run(end="done")
            return
        project = self.runner.project
        users = project.users()
        own = (project.place,) if project.exists else ()
        told = ""
        for number, (scope, name) in enumerate(
            (
                ((), "the whole suite in random order"),
                (users, f"the {_files(len(users))} the target"),
                (own, "the module's own test file" if own else "no other tests"),
            )
        ):
            self.paths, self.words, self._narrow = scope, told + name, number > 0
            if not number or scope:
                base = await self._run({}, scope)
            else:
                base = Run(end="done")  # nothing is to be run beside the new tests
            if base.end == "done" and base.exit == USAGE and not base.outcomes:
                self._options = ALONE
                told = "pytest refuses the suite's options, without addopts: "
                self.words = told + name
                base = await self._run({}, scope)
            if base.end == "done":
                break
            told = f"{name.removesuffix(' in random order')} {self._ended(base)}: "
        self._base = base
        self.before = _counts(base)
        self.words += _broken_before(base)

    def _ended(self, run: Run) -> str:
        """Why a run can't be compared with."""
        if run.end == "timeout":
            return f"takes more than {self.timeout:g} s"
        return "ends the process that runs it"

    async def _run(
        self, files: Mapping[str, str], paths: Sequence[str], *, order: bool = True
    ) -> Run:
        request = RunRequest(
            files,
            paths,
            timeout=self.timeout,
            options=self._options or as_configured(self.plugins),
            around=ORDER if order else Surroundings(),
            measure=True,
            clean=True,
        )
        return await self.runner.run(request)

    async def _with(self, trials: Sequence[Trial]) -> Run:
        place = self.runner.project.place
        paths = self.paths and tuple(dict.fromkeys((*self.paths, place)))
        if self._narrow or not self.runner.project.test_files:
            paths = paths or (place,)
        return await self._run({place: self.text(trials)}, paths)

    def text(self, trials: Sequence[Trial]) -> str:
        """The file that the tests go to, with them."""
        project = self.runner.project
        parts = [trial.part for trial in trials]
        if project.exists:
            return appended(project.test_files[project.place], parts)
        return new_file(parts)

    def _fails(self, run: Run, trial: Trial) -> str:
        """Why a new test does not hold in the suite; empty where it does."""
        place, name = self.runner.project.place, trial.candidate.name
        said = [
            f"{word}: {text}"
            for node, (word, text) in run.outcomes.items()
            if node.partition("::")[0].endswith(place) and _is_of(node, name) and word != "passed"
        ]
        here = any(node.partition("::")[0].endswith(place) for node in run.outcomes)
        if run.end == "done" and not here:
            return "the suite as configured does not collect it"
        return f"beside the other tests: {said[0]}"[:300] if said else ""

    async def _broken(self, run: Run) -> frozenset[str]:
        """The tests that passed without the new ones, twice, and no longer do."""
        assert self._base is not None
        broken = self._base.passed - run.passed
        if broken:
            again = await self._run({}, self.paths)
            broken &= again.passed
        return broken

    async def _guilty(
        self, trials: Sequence[Trial], wrong: Callable[[Run], bool]
    ) -> Sequence[Trial]:
        """The tests whose runs go wrong: halved as long as one half alone does it."""
        for _ in range(ROUNDS):
            if len(trials) == 1:
                break
            middle = len(trials) // 2
            for half in (trials[:middle], trials[middle:]):
                if wrong(await self._with(half)):
                    trials = half
                    break
            else:
                break
        return trials


def _loses(tests: frozenset[str], run: Run) -> bool:
    return bool(tests - run.passed)


def _files(number: int) -> str:
    return "one test file that imports" if number == 1 else f"{number} test files that import"


def _red(run: Run) -> dict[str, str]:
    """The tests that fail and the files that can't be collected, with the reasons."""
    found = {
        node: text or word
        for node, (word, text) in run.outcomes.items()
        if word in ("failed", "error")
    }
    return found | dict(run.errors)


def _broken_before(base: Run) -> str:
    """What fails without the new tests, too."""
    failing = sum(word in ("failed", "error") for word, _ in base.outcomes.values())
    found = [f"{failing} of its tests fail"] if failing else []
    if base.errors:
        found.append(f"{len(base.errors)} of its files can't be collected")
    return f" ({' and '.join(found)} without the new ones, too)" if found else ""


def _counts(run: Run) -> Counts | None:
    measured = run.measured
    return measured.counts if measured and measured.error is None else None


def _is_of(node: str, name: str) -> bool:
    """Whether a test's node is that of a function or class, or of one renamed `name_2`."""
    part = node.split("::")[1].partition("[")[0] if "::" in node else ""
    return part == name or part.removeprefix(name).removeprefix("_").isdigit()
