"""A suite's messages folded into events and a result, with a runner that follows a script."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scripted_suite import ScriptedSuite, Step, finished, suite

from qe_action.agents.failure_texts import Cleaning
from qe_action.agents.test_executor import TestExecutorAgent
from qe_action.analysis.line_map import LineMap
from qe_action.analysis.paths import PathIndex
from qe_action.analysis.test_baseline import TestLookup, decode, digest_of_tests
from qe_action.defaults import NoCheckout
from qe_action.errors import UsageError, WorkspaceError
from qe_action.events import (
    Anchor,
    ExecutionComplete,
    ExecutorError,
    ExecutorEvent,
    ExecutorProgress,
    Outcome,
    TestCounts,
    TestFinished,
    TestFlaky,
    TestsCollected,
    TestSlow,
)
from qe_action.execution.suite_port import (
    Collected,
    Ended,
    Left,
    Message,
    Over,
    Run,
    Session,
    Started,
    SuiteRunner,
)
from qe_action.task import QETask
from qe_action.workspace.change import Change, MeasuredTree

ROOT = Path("/work/project")
FILES = ("tests/test_a.py", "tests/test_b.py", "src/helper.py")
A, B = "tests/test_a.py::test_one", "tests/test_b.py::test_two"
SHA = "c" * 40


class Repository(NoCheckout):
    """A checkout whose files and head are given, without a disk."""

    def __init__(self, line_map: LineMap | None = None, *, kind: Any = "head") -> None:
        super().__init__()
        self._line_map = line_map or LineMap.identity()
        self._kind = kind

    async def change(self) -> Change:
        tree = MeasuredTree(self._kind, SHA, "b" * 40, SHA)
        return Change(tree, None, self._line_map)

    async def index(self) -> PathIndex:
        return PathIndex(FILES)

    @property
    def top(self) -> str:
        return str(ROOT)


class Base:
    """Baselines that know one digest."""

    def __init__(self, lookup: TestLookup) -> None:
        self._lookup = lookup
        self.asked: list[tuple[str | None, str]] = []

    async def find(self, base_sha: str | None, key: str) -> TestLookup:
        self.asked.append((base_sha, key))
        return self._lookup


def task(**more: Any) -> QETask:
    context = {"command": "python -m pytest tests", "repo": ROOT} | more
    return QETask(task_type="test_execution", context=context)


def agent(runner: SuiteRunner, **more: Any) -> TestExecutorAgent:
    ticks = iter(range(10**9))
    ports = {"checkout": Repository(), "clock": lambda: next(ticks) / 10} | more
    return TestExecutorAgent(runner=runner, **ports)


def played(
    *scripts: Iterable[Step],
    ports: Any = None,
    kind: type[ScriptedSuite] = ScriptedSuite,
    **options: Any,
) -> list[ExecutorEvent]:
    """All events of a scripted run."""

    async def drained() -> list[ExecutorEvent]:
        runner = kind(*scripts)
        events = [
            e async for e in agent(runner, **(ports or {})).execute_streaming(task(**options))
        ]
        assert runner.open == 0
        return events

    return asyncio.run(drained())


def result(events: list[ExecutorEvent]) -> ExecutionComplete:
    assert [event.type for event in events].count("complete") == 1
    assert isinstance(events[-1], ExecutionComplete)
    return events[-1]


def of(kind: type[Any], events: list[ExecutorEvent]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def passing(number: int) -> list[tuple[str, Outcome]]:
    return [(f"tests/test_a.py::t{n}", "passed") for n in range(number)]


def test_a_suite_is_told_test_by_test() -> None:
    events = played(suite(ROOT, [(A, "passed"), (B, "failed"), ("tests/test_b.py::s", "skipped")]))
    assert isinstance(events[0], ExecutorProgress)
    (collected,) = of(TestsCollected, events)
    assert (collected.total, collected.total_files) == (3, 2)
    assert collected.files == {"tests/test_b.py": 2, "tests/test_a.py": 1}
    passed, failed, skipped = of(TestFinished, events)
    assert (passed.id, passed.outcome, passed.file_path, passed.line) == (
        A, "passed", "tests/test_a.py", 3,
    )  # fmt: skip
    assert failed.failed_at == Anchor(path="tests/test_b.py", line_start=7, line_end=7)
    assert failed.anchor == failed.failed_at
    assert (failed.message, failed.output) == ("assert 1 == 2", "printed")
    assert skipped.reason == "no network"
    final = result(events)
    assert final.counts == TestCounts(passed=1, failed=1, skipped=1)
    assert (final.passed, final.exit_code, final.live, final.total) == (False, 1, True, 3)
    assert final.failures == (B,)
    assert final.skipped == {"no network": 1}
    assert final.rerun == "python -m pytest tests/test_b.py::test_two"
    assert final.command == "python -m pytest tests"
    assert [test.id for test in final.slowest] == [A, B]
    assert events[-2] == ExecutorProgress(
        percent=100, message="1 of 3 passed, 1 failed, 1 skipped", finished=3, total=3,
        counts=final.counts, seconds_left=0,
    )  # fmt: skip


OUTCOMES = st.sampled_from(get_args(Outcome))
RUNS = st.lists(
    st.tuples(st.integers(0, 30).map(lambda n: f"tests/test_a.py::t{n}"), OUTCOMES), max_size=60
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(RUNS, st.integers(0, 2), st.sets(st.integers(0, 30)), st.booleans())
def test_counts_are_the_messages_and_no_flaky_test_is_a_failure(
    outcomes: list[tuple[str, Outcome]], reruns: int, mended: set[int], flaky_passes: bool
) -> None:
    bad = list(dict.fromkeys(n for n, outcome in outcomes if outcome in ("failed", "error")))
    good = [n for n in bad if int(n.rpartition("t")[2]) in mended]
    second: list[tuple[str, Outcome]] = [(n, "passed" if n in good else "failed") for n in bad]
    still: list[tuple[str, Outcome]] = [(n, "failed") for n in bad if n not in good]
    flaky = "pass" if flaky_passes else "fail"
    events = played(
        suite(ROOT, outcomes), suite(ROOT, second), suite(ROOT, still),
        rerun_failures=reruns, flaky=flaky,
    )  # fmt: skip
    final = result(events)
    assert Counter(outcome for _, outcome in outcomes) == Counter(
        {name: n for name, n in final.counts.model_dump().items() if n}
    )
    assert Counter(event.outcome for event in of(TestFinished, events)) == Counter(
        outcome for _, outcome in outcomes
    )
    assert set(final.flaky).isdisjoint(final.failures)
    assert [event.id for event in of(TestFlaky, events)] == list(final.flaky)
    assert set(final.flaky) | set(final.failures) == set(bad)
    assert set(final.flaky) == (set(good) if reruns else set())
    assert final.passed is (not final.failures and (flaky_passes or not final.flaky))
    progress = of(ExecutorProgress, events)
    assert len(progress) <= 101
    percents = [event.percent for event in progress]
    assert percents == sorted(percents)
    assert (percents[0], percents[-1]) == (0, 100)


@pytest.mark.parametrize("sizes", [(1000,), (3000, 50), (300, 300, 300, 300, 300, 300, 300)])
def test_however_many_tests_there_are_progress_is_told_at_most_101_times(
    sizes: tuple[int, ...],
) -> None:
    steps: list[Step] = []
    for number, size in enumerate(sizes):
        tests: list[tuple[str, Outcome]] = [
            (f"tests/test_a.py::t{n}", "passed") for n in range(size)
        ]
        steps += suite(ROOT, tests, key=str(number), end=False)
    progress = of(ExecutorProgress, played([*steps, Ended(0)], rerun_failures=2))
    assert 40 <= len(progress) <= 101
    assert [event.finished for event in progress] == sorted({event.finished for event in progress})
    first = [event for event in progress if event.finished <= sizes[0]]
    gaps = [b.finished - a.finished for a, b in pairwise(first)]
    assert max(gaps) <= sizes[0] / 60 + 1


def test_the_title_says_how_much_time_is_left_by_the_base_s_durations() -> None:
    tests = passing(1200)
    base = digest_of_tests(
        "b" * 40, "0" * 16, failing=(), flaky=(), seconds={name: 0.5 for name, _ in tests}
    )
    steps = suite(ROOT, tests, workers=4, seconds=0.5)
    progress = of(ExecutorProgress, played(steps, ports={"baselines": Base(TestLookup(base))}))
    early = next(event for event in progress if event.finished >= 100)
    assert early.seconds_left == pytest.approx((1200 - early.finished) * 0.5 / 4)
    assert early.message == f"{early.finished:,} of 1,200 passed, about 2 min left"
    assert progress[-2].seconds_left < 5


def test_without_a_base_the_pace_tells_once_it_says_something() -> None:
    tests = passing(1000)
    progress = of(ExecutorProgress, played(suite(ROOT, tests)))
    assert all(event.seconds_left is None for event in progress if event.finished < 50)
    told = [event.seconds_left for event in progress if 60 < event.finished < 1000]
    assert told == sorted(told, reverse=True)
    assert told[0] > 100  # the clock of these tests goes on by a tenth with each look


def test_where_no_total_is_known_what_passed_is_counted() -> None:
    steps: list[Step] = [Session("s", ROOT, ROOT)]
    steps += [finished(f"tests/test_a.py::t{n}", "passed") for n in range(500)]
    progress = of(ExecutorProgress, played([*steps, Over("s", 0), Ended(0)]))
    assert 20 < len(progress) <= 101
    assert progress[5].message == f"{progress[5].finished} passed"
    assert progress[5].total is None


def test_the_innermost_line_of_the_repository_is_where_it_failed() -> None:
    frames = {
        "src/helper.py": "src/helper.py",
        str(ROOT / "src/helper.py"): "src/helper.py",
        "/usr/lib/python3/json/decoder.py": "tests/test_b.py",
        str(ROOT / ".venv/lib/site-packages/lib.py"): "tests/test_b.py",
        str(ROOT / "build/not_tracked.py"): "tests/test_b.py",
        "../../etc/passwd": "tests/test_b.py",
    }
    for frame, path in frames.items():
        messages = suite(ROOT, [(B, "failed")])
        messages[3] = finished(B, "failed", frame=frame)
        (failed,) = of(TestFinished, played(messages))
        assert failed.failed_at is not None
        assert failed.failed_at.path == path, frame
        assert failed.failed_at.line_start == (11 if path == "src/helper.py" else 7)


MERGE = """\
diff --git a/tests/test_b.py b/tests/test_b.py
--- a/tests/test_b.py
+++ b/tests/test_b.py
@@ -1,3 +1,5 @@
+# of the base
+# of the base
 import a
 import b
 import c
"""


def test_a_failure_of_the_test_merge_is_anchored_at_the_head() -> None:
    checkout = Repository(LineMap.from_diff(MERGE))
    (failed,) = of(TestFinished, played(suite(ROOT, [(B, "failed")]), ports={"checkout": checkout}))
    assert failed.failed_at == Anchor(path="tests/test_b.py", line_start=7, line_end=7)
    assert failed.anchor == Anchor(path="tests/test_b.py", line_start=5, line_end=5)


def test_names_are_the_repository_s_where_a_session_has_another_root() -> None:
    root = ROOT / "tests"
    events = played(suite(root, [("test_a.py::test_one", "failed")]))
    (failed,) = of(TestFinished, events)
    assert failed.file_path == "tests/test_a.py"
    assert failed.failed_at is not None
    assert failed.failed_at.path == "tests/test_a.py"
    assert result(events).rerun == "python -m pytest tests/test_a.py::test_one"


def test_a_suite_that_a_test_runs_elsewhere_is_not_the_command_s() -> None:
    inner = suite(Path("/tmp/case0"), [("test_x.py::test_inner", "failed")], key="i", end=False)
    outer = suite(ROOT, [(A, "passed")])
    events = played([*outer[:3], *inner, *outer[3:]])
    assert result(events).counts == TestCounts(passed=1)
    assert result(events).passed is True


def test_a_command_may_have_several_sessions() -> None:
    first = suite(ROOT, [(A, "passed"), (B, "failed")], key="py311", end=False)
    second = suite(ROOT, [(A, "passed"), (B, "failed")], key="py313", end=False)
    final = result(played([*first, *second, Ended(1)]))
    assert final.counts == TestCounts(passed=2, failed=2)
    assert final.total == 4
    assert final.failures == (B,)


def test_the_command_that_runs_failures_again_keeps_how_tests_are_found() -> None:
    failing: list[tuple[str, Outcome]] = [("tests/test_b.py::t[a  b]", "failed")]
    for command, again in {
        "uv run pytest -c ci.ini -x tests": "uv run pytest -c ci.ini",
        "pytest --rootdir=. -pno:randomly -k two": "pytest --rootdir=. -pno:randomly",
        "make -o x test": "pytest",
    }.items():
        final = result(played(suite(ROOT, failing), command=command))
        assert final.rerun == f"{again} 'tests/test_b.py::t[a  b]'"
    many: list[tuple[str, Outcome]] = [(f"{B}{number}", "failed") for number in range(30)]
    for command, again in {"pytest -v": "pytest --lf", "pytest -p no:cacheprovider": ""}.items():
        assert result(played(suite(ROOT, many), command=command)).rerun == again
    final = result(played(suite(ROOT, [(B, "failed")]), folder=ROOT / "sub"))
    assert final.rerun == f"python -m pytest ../{B}"


def test_a_command_s_own_high_code_is_no_signal() -> None:
    final = ended_with(255, (A, "passed"))
    assert (final.conclusion, final.passed) == ("finished", False)


def test_a_mistake_of_ours_is_not_kept_quiet() -> None:
    class Wrong(Repository):
        async def change(self) -> Change:
            raise AssertionError("a mistake")

    with pytest.raises(AssertionError, match="a mistake"):
        played(suite(ROOT, [(A, "failed")]), ports={"checkout": Wrong()})


def test_a_teardown_that_fails_is_counted_beside_its_test() -> None:
    events = played(suite(ROOT, [(A, "passed"), (A, "error")]))
    final = result(events)
    assert final.counts == TestCounts(passed=1, error=1)
    assert final.total == 1
    assert final.failures == (A,)


def test_failures_are_run_again_in_new_processes_only_what_still_fails() -> None:
    runner = ScriptedSuite(
        suite(ROOT, [(A, "failed"), (B, "failed")]),
        suite(ROOT, [(A, "passed"), (B, "failed")]),
        suite(ROOT, [(B, "passed")]),
    )

    async def drained() -> list[ExecutorEvent]:
        options = task(rerun_failures=5, test_timeout=9)
        return [event async for event in agent(runner).execute_tests_streaming(options)]

    events = asyncio.run(drained())
    again = ("/usr/bin/python3", "-m", "pytest", "-q")
    assert runner.runs == [
        Run(("python", "-m", "pytest", "tests"), ROOT, test_timeout=9),
        Run(again, ROOT, only=(A, B), test_timeout=9),
        Run(again, ROOT, only=(B,), test_timeout=9),
    ]
    assert [(event.id, event.passed_in) for event in of(TestFlaky, events)] == [(A, 2), (B, 3)]
    final = result(events)
    assert (final.passed, final.failures, final.flaky) == (True, (), (A, B))
    assert final.counts == TestCounts(failed=2)
    assert final.rerun == ""
    messages = [event.message for event in of(ExecutorProgress, events)]
    assert "Running 2 failed tests again, time 1" in messages
    assert "Running 1 failed test again, time 2" in messages
    assert messages[-1] == "0 of 2 passed, 2 flaky"


def test_a_session_that_fails_for_more_than_flaky_tests_does_not_pass() -> None:
    again = suite(ROOT, [(A, "passed")])
    final = result(played(suite(ROOT, [(A, "failed")], code=3), again, rerun_failures=1))
    assert final.flaky == (A,)
    assert final.passed is False
    assert "ended with 3" in final.notes[0]


def test_a_test_that_is_skipped_when_run_again_has_not_passed() -> None:
    again = suite(ROOT, [(A, "skipped")])
    assert result(played(suite(ROOT, [(A, "failed")]), again, rerun_failures=1)).failures == (A,)


@pytest.mark.parametrize(
    "ended", [Ended(137), Ended(1, "hung", hung=A), Ended(130, "cancelled"), Ended(137, "limit")]
)
def test_what_was_cut_short_is_not_run_again(ended: Ended) -> None:
    steps = suite(ROOT, [(A, "failed")], end=False)
    assert result(played([*steps, ended], rerun_failures=2)).failures == (A,)


def test_many_failures_have_one_cause_and_are_not_run_again() -> None:
    tests: list[tuple[str, Outcome]] = [(f"tests/test_a.py::t{n}", "failed") for n in range(101)]
    final = result(played(suite(ROOT, tests), rerun_failures=1))
    assert any("not run again" in note for note in final.notes)
    assert final.rerun == "python -m pytest --lf"


def test_an_error_while_collecting_is_not_run_again() -> None:
    steps = suite(ROOT, [], code=2, end=False)
    broken = finished("tests/test_a.py", "error")
    steps.insert(
        2, type(broken)("s", "tests/test_a.py", "error", "collect", file="tests/test_a.py")
    )
    events = played([*steps, Ended(2)], rerun_failures=1)
    (failed,) = of(TestFinished, events)
    assert failed.failed_at == Anchor(path="tests/test_a.py", line_start=1, line_end=1)
    assert result(events).rerun == "python -m pytest tests/test_a.py"


def ended_with(code: int, *outcomes: tuple[str, Outcome], **more: Any) -> ExecutionComplete:
    return result(played([*suite(ROOT, outcomes, end=False), Ended(code, **more)]))


def test_the_command_s_own_word_is_the_verdict() -> None:
    good: tuple[str, Outcome] = (A, "passed")
    assert ended_with(0, good).passed is True
    final = ended_with(1, good)
    assert (final.passed, final.conclusion) == (False, "finished")
    assert final.notes == ("The command ended with 1, though no test failed.",)
    final = ended_with(0, (A, "failed"))
    assert (final.passed, final.exit_code) == (False, 0)
    assert "although tests failed" in final.notes[0]
    final = ended_with(5)
    assert (final.passed, final.notes[0][:12]) == (False, "No tests ran")


def test_a_killed_suite_says_what_ran_and_what_was_running() -> None:
    whole = suite(ROOT, [(A, "passed"), (B, "passed")])
    final = result(played([*whole[:4], Started("s", B), Ended(137)]))
    assert (final.conclusion, final.passed, final.running) == ("failed", False, (B,))
    assert "SIGKILL" in final.notes[0]
    assert "1 of 2 tests did not run." in final.notes


def test_of_several_workers_each_test_that_runs_is_named() -> None:
    begun = suite(ROOT, [], workers=2, end=False)[:2]
    names = [Started("s", A), Started("s", B), Started("s", "tests/test_a.py::test_three")]
    over = [replace(finished(name, "failed"), worker="gw0") for name in (A, names[2].id)]
    final = result(played([*begun, *names, *over, Ended(137)]))
    assert final.running == (B,)


def test_a_command_that_failed_by_itself_is_noted_once() -> None:
    (note,) = result(played([Ended(4)])).notes
    assert "before the command ended" in note
    (note,) = result(played([Ended(4)], command="pytest --cov=shop")).notes
    assert "pytest-cov" in note
    (note,) = result(played([Ended(137)])).notes
    assert "SIGKILL" in note


def test_a_hung_test_is_named_with_its_stack() -> None:
    final = ended_with(143, (A, "passed"), why="hung", hung=B, stack='File "test_b.py", line 3')
    assert (final.conclusion, final.passed) == ("failed", False)
    assert (final.hung, final.stack) == (B, 'File "test_b.py", line 3')
    assert final.notes == (), "it is said once"


def test_messages_that_got_lost_are_told() -> None:
    final = ended_with(0, (A, "passed"), lost=3)
    assert final.notes == (
        "3 messages about tests got lost: tests may be missing from the counts.",
    )


def test_a_command_of_which_nothing_is_heard_is_judged_by_its_code() -> None:
    final = result(played([Ended(0)]))
    assert (final.passed, final.live, final.total) == (True, False, None)
    assert "No test was heard" in final.notes[0]
    assert "`results`" in final.notes[0]
    final = result(played([Ended(1)], place="workflow"))
    assert final.passed is False
    assert any("`test-results`" in note for note in final.notes)


def test_hostile_texts_are_bounded_and_secrets_are_gone() -> None:
    secret = "hunter2-and-more"
    name = "tests/test_a.py::test_\u202e\x1b[31m" + "x" * 3000
    hostile = replace(
        finished(name, "failed"),
        message=f"\x1b[31m{secret[:7]}\x1b[0m{secret[7:]} " + "m" * 9000,
        traceback="t\n" * 20_000 + f"last {secret}",
        output="o" * 50_000 + "\x00\x07end",
    )
    steps = suite(ROOT, [], end=False)
    events = played([*steps, hostile, Ended(1)], secrets=(secret, "line one\nline two", "["))
    (told,) = of(TestFinished, events)
    assert len(told.id) <= 1024
    assert told.message.startswith("*** m")
    assert told.traceback.endswith("last ***")
    assert len(told.traceback) <= 8000
    assert told.output.endswith("\ufffd\ufffdend")
    assert len(told.output) <= 4000
    for event in events:
        assert secret not in event.model_dump_json()
        assert "\\u001b" not in event.model_dump_json()
    assert result(events).rerun == "python -m pytest --lf"  # the name as told is not the test's


def test_messages_of_no_session_are_left_out() -> None:
    stray: list[Message] = [
        Collected("x", 10**6), Started("x", A), finished(A, "failed", key="x"), Over("x", 1),
    ]  # fmt: skip
    final = result(played([*stray, *suite(ROOT, [(A, "passed")])]))
    assert final.counts == TestCounts(passed=1)
    assert final.total == 1


def test_failures_are_new_or_known_and_slow_tests_are_told() -> None:
    names = [f"tests/test_a.py::t{n}" for n in range(20)]
    base = digest_of_tests(
        "b" * 40, "0" * 16, failing=[B], flaky=(), seconds=dict.fromkeys([*names, A], 1.0)
    )
    tests: list[tuple[str, Outcome]] = [(name, "passed") for name in names]
    steps = suite(ROOT, [*tests, (B, "failed"), (A, "failed")], seconds=1.0, end=False)
    steps[3] = finished(names[0], "passed", seconds=9.0)
    baselines = Base(TestLookup(base, notes=("It is two commits old.",)))
    events = played([*steps, Ended(1)], ports={"baselines": baselines})
    assert [test.history for test in of(TestFinished, events) if test.bad] == ["known", "new"]
    (slow,) = of(TestSlow, events)
    assert (slow.id, slow.seconds, slow.base_seconds) == (names[0], 9.0, 1.0)
    assert (slow.file_path, slow.line) == ("tests/test_a.py", 3)
    final = result(events)
    assert (final.known, final.new, final.base_sha) == ((B,), (A,), "b" * 40)
    assert "It is two commits old." in final.notes
    assert [sha for sha, _ in baselines.asked] == ["b" * 40]


def test_a_run_leaves_a_digest_where_one_commit_was_measured() -> None:
    tests: list[tuple[str, Outcome]] = [(A, "passed"), (B, "failed")]
    again = suite(ROOT, [(B, "passed")])
    final = result(
        played(suite(ROOT, tests, seconds=1.25), again, keeps_digest=True, rerun_failures=1)
    )
    digest = decode(final.digest or "")
    assert digest is not None
    assert (digest.sha, digest.failing, digest.flaky) == (SHA, frozenset(), {B})
    assert (digest.seconds, digest.whole) == ({A: 1.2}, True)
    merge = {"checkout": Repository(kind="merge")}
    assert result(played(suite(ROOT, tests), ports=merge, keeps_digest=True)).digest is None
    killed = [*suite(ROOT, tests, end=False), Ended(137)]
    assert result(played(killed, keeps_digest=True)).digest is None


def test_a_suite_that_stopped_early_leaves_no_whole_digest() -> None:
    steps = suite(ROOT, [(A, "failed"), (B, "passed")])
    final = result(played([*steps[:4], Over("s", 1), Ended(1)], keeps_digest=True))
    digest = decode(final.digest or "")
    assert digest is not None
    assert digest.failing == {A}
    assert not digest.whole


class Missing:
    """A runner that finds no such command."""

    async def run(self, run: Run) -> AsyncGenerator[Message, None]:
        raise UsageError(f"There is no command {run.command[0]}.", hint="Install it.")
        yield Ended(0)


class Elsewhere(Repository):
    """A checkout of another commit than the head, to which no line leads."""

    async def change(self) -> Change:
        return Change(MeasuredTree("unknown", SHA), None, None, ("The checkout is elsewhere.",))


def test_where_no_line_leads_to_the_head_it_is_said_why() -> None:
    events = played(suite(ROOT, [(A, "failed")]), ports={"checkout": Elsewhere()})
    (failed,) = of(TestFinished, events)
    assert failed.failed_at is not None
    assert failed.anchor is None
    assert result(events).notes == ("The checkout is elsewhere.",)


class Broken(Repository):
    async def change(self) -> Change:
        raise WorkspaceError("Git does not answer.", hint="Look at it.")


def test_what_a_user_can_mend_is_an_error_and_a_failed_run() -> None:
    async def drained() -> list[ExecutorEvent]:
        return [event async for event in agent(Missing()).execute_streaming(task())]

    events = asyncio.run(drained())
    (error,) = of(ExecutorError, events)
    assert (error.message, error.hint, error.recoverable) == (
        "There is no command python.", "Install it.", False,
    )  # fmt: skip
    final = result(events)
    assert (final.conclusion, final.passed) == ("failed", None)
    assert "There is no command python." in final.notes


def test_tests_run_on_where_the_change_can_t_be_had() -> None:
    events = played(suite(ROOT, [(A, "failed")]), ports={"checkout": Broken()})
    (error,) = of(ExecutorError, events)
    assert error.recoverable
    (failed,) = of(TestFinished, events)
    assert failed.failed_at is not None
    assert failed.anchor is None
    assert result(events).conclusion == "finished"


def test_a_closed_stream_leaves_nothing_running() -> None:
    async def closed() -> int:
        async def forever() -> None:
            await asyncio.Event().wait()

        runner = ScriptedSuite([*suite(ROOT, [(A, "passed")], end=False), forever])
        async with aclosing(agent(runner).execute_streaming(task())) as events:
            async for event in events:
                if isinstance(event, TestFinished):
                    break
        return runner.open

    assert asyncio.run(closed()) == 0


def test_a_cancelled_run_says_what_ran_and_what_was_running() -> None:
    async def cancelled() -> tuple[list[ExecutorEvent], int]:
        waiting = asyncio.Event()

        async def forever() -> None:
            waiting.set()
            await asyncio.Event().wait()

        steps = suite(ROOT, [(A, "passed"), (B, "passed")])
        runner = ScriptedSuite([*steps[:4], Started("s", B), forever])
        told: list[ExecutorEvent] = []

        async def read() -> None:
            async with aclosing(agent(runner).execute_streaming(task())) as events:
                async for event in events:
                    told.append(event)

        reading = asyncio.create_task(read())
        await waiting.wait()
        reading.cancel()
        await asyncio.wait({reading})
        assert reading.cancelled()
        return told, runner.open

    told, still_open = asyncio.run(cancelled())
    final = result(told)
    assert (final.conclusion, final.passed, final.running) == ("cancelled", None, (B,))
    assert final.counts == TestCounts(passed=1)
    assert still_open == 0


def test_a_change_that_is_slow_to_come_does_not_hold_the_suite_up() -> None:
    async def timed() -> list[str]:
        order: list[str] = []

        class Slow(Repository):
            async def change(self) -> Change:
                await ran.wait()
                order.append("the change is known")
                return await super().change()

        async def ended() -> None:
            order.append("the suite has ended")
            ran.set()

        ran = asyncio.Event()
        steps: list[Step] = [*suite(ROOT, [(A, "failed"), (B, "passed")], end=False), ended]
        runner = ScriptedSuite([*steps, Ended(1)])
        async for event in agent(runner, checkout=Slow()).execute_streaming(task()):
            if isinstance(event, TestFinished) and event.bad:
                assert event.anchor is not None
        return order

    assert asyncio.run(timed()) == ["the suite has ended", "the change is known"]


def test_execute_is_the_stream_drained_and_all_agents_stream_under_one_name() -> None:
    from qe_action.agents.coverage_analyzer import CoverageAnalyzerAgent
    from qe_action.agents.test_generator import TestGeneratorAgent

    final = asyncio.run(agent(ScriptedSuite(suite(ROOT, [(A, "passed")]))).execute(task()))
    assert final.counts.passed == 1
    for other in (CoverageAnalyzerAgent, TestGeneratorAgent):
        assert callable(other.execute_streaming)


def test_a_task_that_does_not_fit_is_refused() -> None:
    with pytest.raises(UsageError, match="needs command or results"):
        TestExecutorAgent().execute_streaming(QETask(task_type="test_execution"))
    with pytest.raises(UsageError, match="can't take"):
        TestExecutorAgent().execute_streaming(QETask(task_type="coverage_analysis"))


def test_flaky_tests_that_stopped_the_suite_or_a_plugin_s_own_failure_don_t_pass() -> None:
    """As with `-x`, or where pytest-cov finds too little covered."""
    again = suite(ROOT, [(A, "passed")])
    first = suite(ROOT, [(A, "failed")])
    stopped = [Collected("s", 2, {}) if isinstance(s, Collected) else s for s in first]
    otherwise = [replace(s, failed_otherwise=True) if isinstance(s, Over) else s for s in first]
    for steps in (stopped, otherwise):
        final = result(played(steps, again, rerun_failures=1))
        assert (final.flaky, final.passed) == ((A,), False)


def test_a_secret_that_a_long_text_was_cut_in_is_gone() -> None:
    secret = "c0ffee-0123456789-c0ffee"
    cleaning = Cleaning([secret])
    begins, ends = secret[-9:] + "x" * 4000, "x" * 971 + secret[:9]
    assert cleaning.tail(begins, 8000) == "***" + "x" * 4000
    assert cleaning.head(ends, 2000) == "x" * 971 + "***"
    assert cleaning.name(f"{ends}...{'0a' * 8}") == "x" * 971 + f"***...{'0a' * 8}"
    assert cleaning.line("c0ffee", 20) == "c0ffee"


def test_what_runs_is_known_of_each_of_several_workers_and_while_a_failure_is_torn_down() -> None:
    failing = replace(finished(A, "failed"), goes_on=True)
    begun = [Session("s", ROOT, ROOT, workers=2), *(Started("s", name) for name in (A, B, "t"))]
    ended = Ended(130, "cancelled")
    passed = finished(B, "passed")
    assert result(played([*begun, passed, failing, ended])).running == (A, "t")
    assert result(played([*begun, failing, Left("s", A), ended])).running == (B, "t")


def test_where_failures_can_t_be_run_again_the_rest_of_the_run_goes_on() -> None:
    class Refusing(ScriptedSuite):
        async def run(self, run: Run) -> AsyncGenerator[Message, None]:
            if run.only:
                raise UsageError("There is no folder.")
            async for message in super().run(run):
                yield message

    final = result(played(suite(ROOT, [(A, "failed")]), kind=Refusing, rerun_failures=2))
    assert (final.conclusion, final.failures) == ("finished", (A,))
    assert "There is no folder." in final.notes
