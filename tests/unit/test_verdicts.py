"""What a generator hears of its candidates: the verdict's content, and the order of verdicts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count

from recorded_runner import RecordedRunner

from qe_action.generators.port import Candidate, Verdict
from qe_action.verify.gates import Setting, Trial, judge
from qe_action.verify.mutants import Mutant, mutants
from qe_action.verify.run_answers import Measured, MutantSaid, Run
from qe_action.verify.verdicts import VerdictQueue, verdict_on

SOURCE = b"def area(w, h):\n    if w == h:\n        return w * w\n    return w * h\n"
CODE = "from shapes import area\n\n\ndef test_area():\n    assert area(2, 2) == 4\n"
PASSED = Run(
    end="done",
    outcomes={"test_area": ("passed", "")},
    measured=Measured(lines=(1, 2, 3), branches=((2, 3),)),
)
FAILED = Run(
    end="done",
    outcomes={"test_area": ("failed", "assert 4 == 5")},
    tracebacks=(
        "/tmp/qe-action-x1/project/tests/test_it.py:5: in test_area\n"
        "    assert area(2, 2) == 5\nE   assert 4 == 5",
    ),
)


def every_other() -> Callable[[Mutant], MutantSaid]:
    """Notices the first mutant that it is shown, not the second, and so on."""
    number = count()
    return lambda mutant: MutantSaid(mutant=mutant.id, killed=next(number) % 2 == 0)


def judged(run: Run, code: str = CODE) -> Verdict:
    """The verdict on a test that is meant for line 3 and both branches."""
    lines, arcs = frozenset({2, 3, 4}), frozenset({(2, 3), (2, 4)})
    files = {"shapes.py": SOURCE.decode()}
    runner = RecordedRunner(files, "shapes.py", lambda _request: run, every_other())
    setting = Setting(runner, lines, arcs, lambda: 5.0)
    aims = frozenset({3, 4}), frozenset({(2, 3)})
    trial = Trial(Candidate("1", "test_area", code, (), "shapes.py", "area", *aims), 0)

    async def both() -> Trial:
        return await judge(await judge(trial, setting, alone=True), setting, alone=False)

    found = asyncio.run(both())
    if found.refusal is None:
        setting.reached |= found.reached
    return verdict_on(found, setting)


def test_a_test_that_is_kept_is_told_what_it_reached_and_which_mutants_survive_it() -> None:
    verdict = judged(PASSED)
    assert verdict.kept
    assert (verdict.lines, verdict.arcs) == ({2, 3}, {(2, 3)})
    assert (verdict.missed_lines, verdict.missed_arcs) == ({4}, set())
    possible = {mutant.id for mutant in mutants(SOURCE, frozenset({2, 3}))}
    assert verdict.killed | verdict.survived <= possible
    assert verdict.killed
    assert verdict.survived
    assert not verdict.killed & verdict.survived
    assert verdict.traceback == ""


def test_a_test_that_is_refused_is_told_why_and_what_is_still_missed() -> None:
    verdict = judged(FAILED)
    assert not verdict.kept
    assert (verdict.reason, verdict.detail) == ("fails", "failed: assert 4 == 5")
    assert verdict.traceback.startswith("tests/test_it.py:5: in test_area\n")
    assert verdict.traceback.endswith("E   assert 4 == 5")
    assert (verdict.missed_lines, verdict.missed_arcs) == ({3, 4}, {(2, 3)})
    assert not verdict.killed | verdict.survived


def test_a_test_that_never_ran_has_a_verdict_without_a_traceback() -> None:
    verdict = judged(PASSED, "def test_area(:\n")
    assert (verdict.reason, verdict.traceback) == ("syntax", "")


def test_verdicts_come_in_order_and_end_with_the_last_candidate_offered() -> None:
    def verdict(name: str) -> Verdict:
        return Verdict(Candidate(name, name, "", (), "m.py", ""))

    async def heard() -> list[str | None]:
        queue = VerdictQueue()
        found: list[Verdict | None] = [await queue.next()]  # nothing was offered yet
        queue.offered()
        queue.offered()
        asyncio.get_running_loop().call_soon(queue.tell, verdict("first"))
        asyncio.get_running_loop().call_soon(queue.tell, verdict("second"))
        found += [await queue.next(), await queue.next(), await queue.next()]
        return [one.candidate.id if one else None for one in found]

    assert asyncio.run(heard()) == [None, "first", "second", None]


def test_each_of_two_that_wait_hears_once_and_no_verdict_is_waited_for_twice() -> None:
    async def heard() -> list[str | None]:
        queue = VerdictQueue()
        queue.offered()
        given_up = asyncio.create_task(queue.next())
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        waiting = asyncio.create_task(queue.next())
        await asyncio.sleep(0)
        second = await asyncio.wait_for(queue.next(), 60)
        queue.tell(Verdict(Candidate("only", "only", "", (), "m.py", "")))
        return [one.candidate.id if one else None for one in (await waiting, second)]

    assert asyncio.run(heard()) == ["only", None]
