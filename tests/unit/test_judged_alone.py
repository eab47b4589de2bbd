"""The gates of single tests, each on runs and mutants that were recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from recorded_runner import (
    Answer,
    RecordedRunner,
    Verdict,
    all_killed,
    all_survive,
    passed,
    with_outcomes,
)

from qe_action.generators.port import Candidate
from qe_action.verify.gates import AT_ONCE, TRIED, Refusal, Setting, Trial, judge
from qe_action.verify.mutants import Mutant, mutants
from qe_action.verify.run_answers import Measured, MutantSaid, Run
from qe_action.verify.run_request import RunRequest

AREA = """def area(width, height):
    if width < 0 or height < 0:
        raise ValueError("a side is below zero")
    if width == height:
        return width ** 2
    return width * height
"""
SUITE = "from shapes import area\n\ndef test_old():\n    size = area(1, 1)\n    assert size == 1\n"
FILES = {"shapes.py": AREA, "tests/test_shapes.py": SUITE}
CHECK = "    assert area(2, 2) == 4\n"
GOOD = f"def test_it():\n{CHECK}"
IMPORTS = ("from shapes import area",)


def good(request: RunRequest) -> Run:
    nodes = [f"{path}::test_it" for path in request.paths]
    return passed(*nodes, lines=(1, 2, 4, 5), branches=((2, 4), (4, 5)))


def runner(answer: Answer = good, verdict: Verdict = all_killed) -> RecordedRunner:
    return RecordedRunner(FILES, "shapes.py", answer, verdict)


def setting(of: RecordedRunner) -> Setting:
    return Setting(of, frozenset({2, 3, 4, 5, 6}), frozenset({(2, 4), (4, 5)}), lambda: 30.0)


def trial(code: str = GOOD, imports: tuple[str, ...] = IMPORTS, number: int = 0) -> Trial:
    return Trial(Candidate(f"c{number}", "test_it", code, imports, "shapes.py", "area"), number)


def judged(one: Trial, at: Setting) -> Trial:
    async def both() -> Trial:
        await judge(one, at, alone=True)
        return await judge(one, at, alone=False)

    return asyncio.run(both())


def refusal(
    code: str = GOOD,
    answer: Answer = good,
    verdict: Verdict = all_killed,
    imports: tuple[str, ...] = IMPORTS,
) -> Refusal | None:
    return judged(trial(code, imports), setting(runner(answer, verdict))).refusal


def test_a_test_that_passes_all_gates_is_known_by_what_it_reaches() -> None:
    at = setting(runner())
    one = judged(trial(), at)
    assert one.refusal is None
    assert one.lines == {2, 4, 5}
    assert one.arcs == {(2, 4), (4, 5)}
    assert one.assertions == ("assert area(2, 2) == 4",)
    assert 0 < one.mutants == len(one.killed)
    assert one.reached == one.lines | one.arcs | one.killed
    (request,) = at.runner.asked
    assert request.files == {"tests/test_qe_candidate_0.py": one.text}
    assert list(request.paths) == ["tests/test_qe_candidate_0.py"]
    assert (request.timeout, request.measure, request.around) == (30.0, True, None)


@pytest.mark.parametrize(
    ("code", "reason", "detail"),
    [
        ("def test_it(:\n    pass\n", "syntax", "invalid syntax"),
        ("def test_it():\n    import requests\n" + CHECK, "imports", "line 5: it imports requests"),
        ("def test_it():\n    import socket\n" + CHECK, "imports", "line 5: it imports socket"),
        ("def test_it():\n    area(2, 2)\n", "no assertion", "no assertion of it can fail"),
        (
            "def test_it():\n    assert area(2, 2) or True\n",
            "no assertion",
            "no assertion of it can fail",
        ),
        (
            f"def test_it():\n{CHECK}\n\ndef test_other():\n    area(2, 2)\n",
            "no assertion",
            "no assertion of test_other can fail",
        ),
        (
            "def test_it():\n    import time\n    time.sleep(0)\n" + CHECK,
            "outside",
            "line 6: it uses",
        ),
        (
            'def test_it():\n    import os\n    getattr(os, "_ex" + "it")(0)\n' + CHECK,
            "outside",
            "line 6: it looks up an attribute",
        ),
        (
            "def test_it():\n    import pytest\n    if area(2, 2) == 5:\n        pytest.skip()\n"
            + CHECK,
            "skips",
            "line 7: it uses skip",
        ),
        (
            "def test_it():\n    result = area(1, 1)\n    assert result == 1\n",
            "duplicate",
            "the project has this test",
        ),
        (f"def test_it():\n    assert {'-' * 9999}area(2, 2)\n", "syntax", ""),
    ],
)
def test_what_the_text_tells_is_refused_before_anything_is_run(
    code: str, reason: str, detail: str
) -> None:
    at = setting(runner())
    said = judged(trial(code), at).refusal
    assert said is not None
    assert said.reason == reason
    assert said.detail.startswith(detail)
    assert at.runner.asked == []


@pytest.mark.parametrize(
    ("run", "reason", "detail"),
    [
        (Run(end="timeout"), "times out", ""),
        (Run(end="crashed"), "crashes", "its process ended before pytest did"),
        (Run(end="unreadable"), "crashes", "its process ended before pytest did"),
        (Run(end="done", exit=5), "not collected", ""),
        (Run(end="done", errors=(("x", "ImportError: no"),)), "fails", "ImportError: no"),
        (passed("a::test_it", errors=(("a", "teardown"),)), "fails", "teardown"),
        (
            with_outcomes(passed("a::test_it"), test_it=("failed", "assert 4 == 5")),
            "fails",
            "failed: assert 4 == 5",
        ),
        (
            with_outcomes(
                passed("a::test_it[1]", "a::test_other"), test_it=("skipped", "no reason")
            ),
            "fails",
            "skipped: no reason",
        ),
        (
            passed("a::test_it", written=("/tmp/qe-action-ab1/project/left/it.txt",)),
            "writes",
            "it leaves or changes left/it.txt",
        ),
        (
            passed("a::test_it", written=("/tmp/qe-action-ab1/left.txt", "/other")),
            "writes",
            "it leaves or changes left.txt",
        ),
        (
            passed("a::test_it").model_copy(update={"measured": None}),
            "adds nothing",
            "it does not run the target",
        ),
        (
            passed("a::test_it", measured=Measured(lines=(2,), error="no data")),
            "adds nothing",
            "it does not run the target",
        ),
        (
            passed("a::test_it", lines=(1,), branches=((1, 2),)),
            "adds nothing",
            "it reaches no line or branch that was missed",
        ),
    ],
)
def test_what_its_run_tells_refuses_it(run: Run, reason: str, detail: str) -> None:
    assert refusal(answer=lambda _: run) == Refusal(reason, detail)


def test_a_long_trouble_is_cut() -> None:
    run = with_outcomes(passed("a::test_it"), test_it=("failed", "x" * 1999))
    said = refusal(answer=lambda _: run)
    assert said is not None
    assert len(said.detail) == 300


def test_one_line_or_one_branch_that_was_missed_is_enough() -> None:
    def only(**reached: object) -> Answer:
        return lambda request: passed(f"{request.paths[0]}::test_it", **reached)

    assert refusal(answer=only(lines=(5,))) is None
    assert refusal(answer=only(branches=((4, 5),))) is None


def test_of_two_that_do_the_same_the_first_is_kept() -> None:
    at = setting(runner())
    assert judged(trial(), at).refusal is None
    again = trial("def test_it():\n    'In other words.'\n" + CHECK, number=1)
    assert judged(again, at).refusal == Refusal("duplicate", "a test before does the same")


# Mutants


def test_a_test_that_no_mutant_fails_kills_nothing() -> None:
    def all_of_it(request: RunRequest) -> Run:
        return passed(f"{request.paths[0]}::test_it", lines=(1, 2, 3, 4, 5, 6))

    at = setting(runner(all_of_it, all_survive))
    one = judged(trial(), at)
    assert one.refusal == Refusal("kills nothing", f"{TRIED} mutants of its lines go unnoticed")
    assert one.mutants == TRIED
    assert set(at.survived.values()) == {1}
    assert [len(ids) for _, ids in at.runner.tried] == [AT_ONCE] * (TRIED // AT_ONCE)


def test_one_mutant_goes_unnoticed_in_the_singular() -> None:
    first: list[str] = []

    def one_answers(mutant: Mutant) -> MutantSaid | None:
        first.append(mutant.id)
        return all_survive(mutant) if len(first) == 1 else None

    said = refusal(verdict=one_answers)
    assert said == Refusal("kills nothing", "1 mutant of its lines goes unnoticed")


def test_mutants_that_none_could_be_run_of_are_no_evidence() -> None:
    said = refusal(verdict=lambda _: None)
    assert said == Refusal("kills nothing", "none of its mutants could be run")


def test_a_test_that_kills_is_not_tried_on_more_than_two_rounds() -> None:
    at = setting(runner())
    one = judged(trial(), at)
    assert [len(ids) for _, ids in at.runner.tried] == [AT_ONCE, AT_ONCE]
    assert one.mutants == 2 * AT_ONCE


def test_the_first_two_rounds_run_at_the_same_time() -> None:
    class Slow(RecordedRunner):
        running = most = 0

        async def mutate(self, request: RunRequest, mutants: Sequence[Mutant]) -> list[MutantSaid]:
            self.running += 1
            self.most = max(self.most, self.running)
            await asyncio.sleep(0)
            self.running -= 1
            return await super().mutate(request, mutants)

    slow = Slow(FILES, "shapes.py", good)
    assert judged(trial(), setting(slow)).mutants == 2 * AT_ONCE
    assert slow.most == 2


@pytest.mark.parametrize(
    ("left", "took", "seconds"), [(30.0, 0.5, 4.5), (30.0, 0.0, 2.0), (1.0, 2.0, 1.0)]
)
def test_a_mutant_has_as_long_as_the_test_took_several_times(
    left: float, took: float, seconds: float
) -> None:
    at = setting(runner(lambda r: good(r).model_copy(update={"seconds": took})))
    at.timeout = lambda: left
    judged(trial(), at)
    assert {request.timeout for request, _ in at.runner.tried} == {seconds}


def test_what_only_the_end_of_the_time_stopped_is_neither_killed_nor_alive() -> None:
    def stopped(mutant: Mutant) -> MutantSaid:
        return MutantSaid(mutant=mutant.id, killed=True, how="timeout")

    at = setting(runner(verdict=stopped))
    one = judged(trial(), at)
    assert one.killed  # with all its time it is an endless loop
    at = setting(runner(verdict=stopped))
    at.timeout = lambda: 1.0
    one = judged(trial(), at)
    assert (one.mutants, one.killed, at.survived) == (0, frozenset(), {})
    assert one.refusal == Refusal("kills nothing", "none of its mutants could be run")


def test_mutants_that_no_test_killed_so_far_come_first_and_not_for_ever() -> None:
    lines = frozenset({2, 4, 5})
    possible = [mutant.id for mutant in mutants(AREA.encode(), lines)]
    at = setting(runner())
    at.reached |= {possible[0]}
    at.survived |= {possible[1]: TRIED, possible[2]: TRIED - 1}
    judged(trial(), at)
    tried = [name for _, ids in at.runner.tried for name in ids]
    assert tried[0] == possible[2]
    assert possible[0] not in tried
    assert possible[1] not in tried


def test_a_test_whose_lines_others_reach_has_to_kill_what_they_did_not() -> None:
    def again(verdict: Verdict) -> Trial:
        at = setting(runner(verdict=verdict))
        at.reached |= {2, 4, 5, (2, 4), (4, 5)}
        return judged(trial(), at)

    assert again(all_survive).refusal == Refusal("adds nothing", "tests before reach the same")
    kept = again(all_killed)
    assert kept.refusal is None
    assert kept.killed


def test_lines_without_mutants_need_a_branch_of_their_own() -> None:
    files = {"shapes.py": "def area(a, b):\n    'Nothing to be mutated.'\n    pass\n"}

    def said(*, branch: bool, before: bool) -> Refusal | None:
        branches = ((2, 3),) if branch else ()
        run = passed("a::test_it", lines=(2, 3), branches=branches)
        of = RecordedRunner(files, "shapes.py", lambda _: run)
        at = Setting(of, frozenset({2}), frozenset({(2, 3)}), lambda: 30.0)
        at.reached |= {2, (2, 3)} if before else set()
        one = judged(trial(), at)
        assert of.tried == []
        return one.refusal

    assert said(branch=True, before=False) is None
    assert said(branch=False, before=False) == Refusal(
        "kills nothing", "no mutant of its lines can be made"
    )
    assert said(branch=True, before=True) == Refusal("adds nothing", "tests before reach the same")
