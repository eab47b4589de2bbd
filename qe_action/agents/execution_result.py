"""The result of a suite: its verdict, and what is worth saying of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from heapq import nsmallest
from itertools import islice

from qe_action.agents.executed_tests import ExecutedTests, Failure
from qe_action.agents.test_places import Timed
from qe_action.events import Conclusion, ExecutionComplete, TestFlaky, TimedTest
from qe_action.execution.suite_port import Ended
from qe_action.text import plural

FAILURES = 500
"""Names of failures, and of flaky tests, in a result."""
RUNNING = 20
REASONS = 30
SLOWEST = 10
WRONG_USAGE = 4
"""How pytest ends where it does not know an option."""
NO_TESTS = 5
"""pytest's exit code where it found no tests."""
SIGNALLED = 128
"""A shell's exit code where a signal ended the command, without the signal's number."""
LAST_SIGNAL = 64
SIGNALS = {1: "SIGHUP", 2: "SIGINT", 6: "SIGABRT", 9: "SIGKILL", 11: "SIGSEGV", 15: "SIGTERM"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the suite passes, None where nothing is known, and sentences on why."""

    passed: bool | None
    conclusion: Conclusion = "finished"
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Flakes:
    """The failures that were gone when they were run again, by session and name."""

    tests: dict[tuple[str, str], TestFlaky] = field(default_factory=dict)

    def without(self, failures: dict[tuple[str, str], Failure]) -> list[Failure]:
        """The failures that stay."""
        return [failure for key, failure in failures.items() if key not in self.tests]


def verdict(tests: ExecutedTests, flakes: Flakes, *, flaky_passes: bool) -> Verdict:
    """What the suite comes to: the command's own word, but for flaky tests that may pass."""
    ended = tests.ended
    bad = bool(flakes.without(tests.failures)) or tests.more_failures > 0
    if ended is None:
        good = not bad and (flaky_passes or not flakes.tests)
        return Verdict(good if tests.finished or bad else None)
    if ended.why or signalled(ended.code):
        return _cut_short(tests, ended, bad=bad)
    if bad:
        told_well = "The command ended well (0) although tests failed."
        return Verdict(False, notes=() if ended.code else (told_well,))
    if flakes.tests:
        return _flaky(tests, ended.code, flaky_passes=flaky_passes)
    return _by_code(tests, ended.code)


def signalled(code: int) -> bool:
    """Whether a signal ended the command, by a shell's code for it."""
    return 0 < code - SIGNALLED <= LAST_SIGNAL


def _flaky(tests: ExecutedTests, code: int, *, flaky_passes: bool) -> Verdict:
    """The verdict where all failures were gone."""
    if not flaky_passes:
        return Verdict(False, notes=("Flaky tests count as failures here (`flaky: fail`).",))
    if (tests.total or 0) > tests.finished:  # as with `-x`: nobody knows of the others
        return Verdict(False, notes=("Flaky tests have stopped the suite: it does not pass.",))
    if code == 0 or _only_tests_failed(tests):
        return Verdict(True)
    why = f"The command ended with {code}, for more than its flaky tests."
    return Verdict(False, notes=(why,))


def _only_tests_failed(tests: ExecutedTests) -> bool:
    """Whether every session ended in 0 or, since tests failed and nothing else, in 1."""
    suites = tests.suites.values()
    codes = {suite.code for suite in suites}
    return 1 in codes and codes <= {0, 1} and not any(suite.failed_otherwise for suite in suites)


def _by_code(tests: ExecutedTests, code: int) -> Verdict:
    if code == 0:
        return Verdict(True)
    if code == NO_TESTS and not tests.finished:
        return Verdict(False, notes=(f"No tests ran: pytest found none and ended with {code}.",))
    failed = f"The command ended with {code}, though no test failed."
    return Verdict(False, notes=(failed,) if tests.suites else ())  # the title has the code


def _cut_short(tests: ExecutedTests, ended: Ended, *, bad: bool) -> Verdict:
    ran = plural(tests.finished, "test")
    if ended.why == "cancelled":
        note = f"The run was cancelled after {ran}."
        return Verdict(False if bad else None, "cancelled", (note,))
    if ended.why == "hung":
        return Verdict(False, "failed")  # `hung` tells it
    if ended.why == "limit":
        note = f"The suite broke the sandbox's limit ({ended.limit}) and was ended after {ran}."
    else:
        number = ended.code - SIGNALLED
        name = SIGNALS.get(number, f"signal {number}")
        why = ": was memory short" if number == 9 else ""
        note = f"The command was killed ({name}) after {ran}{why}{'?' if why else '.'}"
    return Verdict(False, "failed", (note,))


def unfinished(tests: ExecutedTests) -> tuple[str, ...]:
    """A note on tests that were collected and did not run."""
    total = tests.total
    if total is None or total <= tests.finished or not tests.finished:
        return ()
    return (f"{total - tests.finished:,} of {plural(total, 'test')} did not run.",)


def unheard(tests: ExecutedTests, command: Sequence[str], *, library: bool) -> tuple[str, ...]:
    """Notes on tests that were not heard: some whose messages got lost, or all of a command's."""
    ended = tests.ended
    if ended is not None and ended.lost:
        what = plural(ended.lost, "message")
        return (f"{what} about tests got lost: tests may be missing from the counts.",)
    if ended is None or ended.why or tests.suites or signalled(ended.code):
        return ()
    if ended.code == WRONG_USAGE and any(word.startswith("--cov") for word in command):
        return ("pytest did not take its options: `--cov` is that of pytest-cov.",)
    junit = f"name the JUnit files that it writes in `{'results' if library else 'test-results'}`."
    if ended.code:
        return (
            "No test was heard before the command ended; what it printed may say why. Where it "
            f"starts another runner than pytest, {junit}",
        )
    return (
        "No test was heard while the command ran: it starts no pytest, or one that leaves plugins "
        f"out. {junit[0].upper()}{junit[1:]}",
    )


def completed(tests: ExecutedTests, flakes: Flakes, judged: Verdict) -> ExecutionComplete:
    """The result as far as messages tell it."""
    ended = tests.ended
    failing = dict.fromkeys(failure.told.id for failure in flakes.without(tests.failures))
    whole = tests.total
    if whole is None and (tests.finished or tests.counts):
        whole = tests.finished
    return ExecutionComplete(
        conclusion=judged.conclusion,
        passed=judged.passed,
        counts=tests.test_counts(),
        total=whole,
        failures=named(failing),
        flaky=named(test.id for test in flakes.tests.values() if test.id not in failing),
        skipped=reasons(tests.skipped),
        slowest=slowest(tests.seconds.values()),
        running=tests.running[:RUNNING],
        exit_code=None if ended is None else ended.code,
        live=tests.live,
        notes=(*judged.notes, *unfinished(tests)),
    )


def reasons(skipped: Counter[str]) -> dict[str, int]:
    """The most common reasons for skipping, and all others in one."""
    found = dict(skipped.most_common(REASONS))
    if rest := skipped.total() - sum(found.values()):
        found["other reasons"] = found.get("other reasons", 0) + rest
    return found


def slowest(tests: Iterable[Timed]) -> tuple[TimedTest, ...]:
    """The tests that took longest."""
    found = nsmallest(SLOWEST, tests, key=lambda test: (-test.seconds, test.id))
    return tuple(TimedTest(**asdict(test)) for test in found)


def named(names: Iterable[str]) -> tuple[str, ...]:
    """The first names, each once."""
    return tuple(islice(dict.fromkeys(names), FAILURES))
