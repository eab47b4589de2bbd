"""What has come of one target, told as it becomes known."""

from __future__ import annotations

from collections import Counter
from typing import Protocol

from qe_action.agents.emission import Emit
from qe_action.agents.generation_notes import at, untried
from qe_action.agents.generation_options import GenerationOptions
from qe_action.agents.goals import Wanted
from qe_action.agents.proposals import bug_of, case_of, verdict
from qe_action.analysis.python_module import PythonModule
from qe_action.events import (
    Activity,
    BugSuspected,
    Counts,
    GeneratorError,
    GeneratorEvent,
    SuspectedBug,
    TestCase,
    TestProposed,
    TestRejected,
)
from qe_action.generators.port import Doing, Goals, Suspicion, Trouble
from qe_action.text import plural
from qe_action.verify.batch import Batch
from qe_action.verify.gates import Refusal, Trial

PREPARED, SEARCHED = 0.05, 0.7
"""Of a target's progress, where the search begins and ends; after it come the gates of the set."""


class Progress(Protocol):
    """Hears which part of a target is done, of 1, and in words what is being done."""

    def __call__(self, part: float, words: str, activity: Activity = "") -> None: ...


class TargetReport:
    """The results of one target, each an event as soon as there is one.

    `shown` are the tests that held alone, `kept` those that hold every gate; `before` and `after`
    count the target's coverage. `place` is the file that tests go to, `module` what they are for.
    """

    def __init__(
        self,
        target: Wanted,
        options: GenerationOptions,
        emit: Emit[GeneratorEvent],
        progress: Progress,
    ) -> None:
        self.target = target
        self.progress = progress
        self._options = options
        self._emit = emit
        self.place = ""
        self.module: PythonModule | None = None
        self.batch: Batch | None = None
        self.shown: list[Trial] = []
        self.kept: list[Trial] = []
        self.rejected: Counter[str] = Counter()
        self.notes: list[str] = []
        self.suspicions: list[SuspectedBug] = []
        self.before: Counts | None = None
        self.after: Counts | None = None
        self._doing = Doing("searching", "")

    def cases(self) -> list[TestCase]:
        """What is proposed."""
        return [self._case(trial) for trial in self.kept]

    def proposed(self, trial: Trial) -> None:
        """A test holds alone."""
        self.shown.append(trial)
        case = self._case(trial)
        self._emit(TestProposed(test_case=case, target=case.target, verdict=verdict(trial)))

    def refused(self, trial: Trial, refusal: Refusal) -> None:
        """A test is out, whether it was shown before or not."""
        trial.refusal = refusal
        self.rejected[refusal.reason] += 1
        case = self._case(trial)
        self._emit(TestRejected(test_case=case, reason=refusal.reason, detail=refusal.detail))

    def suspected(self, found: Suspicion, source: bytes) -> None:
        """An example of the documentation in `source` is contradicted by the code."""
        bug = bug_of(found, source)
        self.suspicions.append(bug)
        self._emit(BugSuspected(bug=bug))

    def trouble(self, trouble: Trouble) -> None:
        """The generator can do nothing, or no more."""
        self.notes.append(trouble.message)
        message, hint, count = trouble.message, trouble.detail, len(self.shown)
        self._emit(GeneratorError(message=message, hint=hint, recoverable=True, count=count))

    def doing(self, what: Doing) -> None:
        """What the generator does from now on."""
        self._doing = what

    def searching(self, part: float) -> None:
        """Which part of the search is done, of 1."""
        refused = sum(self.rejected.values())
        holds = "test holds" if len(self.shown) == 1 else "tests hold"
        words = f"{len(self.shown)} {holds} alone, {refused} refused"
        if self._doing.words:
            words = f"{self._doing.words}: {words}"
        self.progress(PREPARED + part * (SEARCHED - PREPARED), words, self._doing.activity)

    def judging(self, part: float, words: str) -> None:
        """Which part of the gates of the whole set is done, of 1, and what is being done."""
        self.progress(SEARCHED + part * (1 - SEARCHED), words, "verifying")

    def no_room(self) -> None:
        """The tests that hold and go beyond what was asked for are out."""
        limit = self._options.max_tests
        asked = f"{plural(limit, 'test')} {'was' if limit == 1 else 'were'} asked for"
        for trial in self.batch.spare if self.batch else ():
            self.refused(trial, Refusal("limit", f"no more than {asked}"))

    def gaps_untried(self, goals: Goals, why: str) -> None:
        """Note the gaps with goals that no test reaches anything of, and why they have none."""
        wanted = goals.lines | {abs(arc[0]) for arc in goals.arcs}
        reached = {abs(n) for t in self.shown for n in (*t.lines, *(arc[0] for arc in t.arcs))}
        gaps = [
            gap
            for gap in self.target.gaps or ()
            if wanted.difference(reached).intersection(range(gap.line_start, gap.line_end + 1))
            and reached.isdisjoint(range(gap.line_start, gap.line_end + 1))
        ]
        if gaps:
            lines = [gap.line_start for gap in gaps]
            self.notes.append(untried(self.target.target, lines, why))

    def found_nothing(self, *, in_time: bool) -> None:
        """Note that there is no test, where no other reason was given."""
        where = at(self.target.target, [gap.line_start for gap in self.target.gaps or ()])
        self.notes.append(
            f"Nothing that was tried gives a test for {where}."
            if in_time
            else f"The time was over before a test for {where} was found."
        )

    def _case(self, trial: Trial) -> TestCase:
        batch = self.batch
        return case_of(
            trial,
            self.module,
            path=self.place,
            test_type=self._options.test_type,
            runs=len(batch.rounds) if batch and batch.pythons else 0,
            pythons=tuple(batch.pythons) if batch else (),
            suite=batch.suite.words if batch else "",
        )
