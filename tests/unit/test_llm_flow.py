"""The conversation with a model: what is offered when, what goes back, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

import pytest
from fake_llm import HOSTILE
from recorded_runner import RecordedRunner, Verdict, all_killed, all_survive, passed
from scripted_model import Answer, ScriptedModel, item
from test_llm_answers import SOURCE

from qe_action.agents.trials import Released, Trials
from qe_action.events import Gap
from qe_action.generators.llm.conversation import CUT, Fault, ModelFault
from qe_action.generators.llm.generator import LlmGenerator, Unreachable
from qe_action.generators.port import (
    Candidate,
    Doing,
    Generator,
    Goals,
    Job,
    Layout,
    Proposal,
    Trouble,
    Unjudged,
)
from qe_action.project_worker.client import PlainInterpreter
from qe_action.verify.gates import Setting, Trial
from qe_action.verify.mutants import mutants
from qe_action.verify.run_answers import Run
from qe_action.verify.run_request import RunRequest

LINES, ARCS = frozenset({6, 7, 8}), frozenset({(6, 7), (6, 8)})
TESTS = "from shapes import area\n\n\ndef test_known():\n    assert area(0, 0) == 0\n"
GOOD = "def test_area():\n    assert area(2, 3) == 6\n"
WRONG = "def test_area():\n    assert area(2, 3) == 5\n"
RAISES = "def test_below():\n    with pytest.raises(NoArea):\n        area(-1, 1)\n"
IMPORTS = ("import pytest", "from shapes import NoArea, area")


def run_of(request: RunRequest) -> Run:
    """What these tests do, as it was recorded."""
    (text,) = request.files.values()
    if "== 5" in text:
        said = ("tests/t.py:5: in test_area\n    assert area(2, 3) == 5\nE   assert 6 == 5",)
        return Run(end="done", outcomes={"t::t": ("failed", "assert 6 == 5")}, tracebacks=said)
    if "raises" in text:
        return passed("t::t", lines=(6, 7), branches=((6, 7),))
    return passed("t::t", lines=(6, 8), branches=((6, 8),))


def job(left: Callable[[], float] = lambda: 100.0, gaps: Sequence[Gap] = ()) -> Job:
    return Job(
        target="shapes.py",
        source=SOURCE,
        goals=Goals(LINES, ARCS),
        root="/nowhere",
        layout=Layout("shapes", ("/nowhere",)),
        interpreter=PlainInterpreter("python"),
        left=left,
        gaps=gaps,
        mutants=mutants(SOURCE.encode(), LINES),
    )


def generator_of(model: ScriptedModel, requests: int = 60, tokens: int = 300_000) -> LlmGenerator:
    return LlmGenerator(lambda: model, lambda: 0.0, requests, tokens)


def released(
    generator: Generator,
    made: Job | None = None,
    verdict: Verdict = all_killed,
    *,
    run: Callable[[RunRequest], Run] = run_of,
) -> list[Released]:
    """What comes out of the gates of single tests, where each run was recorded."""
    made = made or job()
    files = {"shapes.py": made.source, "tests/test_shapes.py": TESTS}
    runner = RecordedRunner(files, "shapes.py", run, verdict)
    setting = Setting(runner, made.goals.lines, made.goals.arcs, lambda: 5.0)
    trials = Trials(generator, made, setting, 4)

    async def drained() -> list[Released]:
        async with aclosing(trials.released(lambda: 100.0)) as items:
            found = [each async for each in items]
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return found

    return asyncio.run(drained())


def kept(items: Sequence[Released]) -> list[str]:
    return [t.candidate.name for t in items if isinstance(t, Trial) and t.refusal is None]


def refused(items: Sequence[Released]) -> list[str]:
    return [t.refusal.reason for t in items if isinstance(t, Trial) and t.refusal]


def troubles(items: Sequence[Released]) -> list[str]:
    return [each.message for each in items if isinstance(each, Trouble)]


def asked(*answers: Answer, verdict: Verdict = all_killed) -> tuple[list[Released], ScriptedModel]:
    model = ScriptedModel(*answers)
    return released(generator_of(model), verdict=verdict), model


def test_all_that_is_wanted_in_one_answer_is_one_request() -> None:
    items, model = asked(item(GOOD) + item(RAISES, imports=IMPORTS))
    assert kept(items) == ["test_area", "test_below"]
    assert len(model.asked) == 1
    words = [each.activity for each in items if isinstance(each, Doing)]
    assert words[0] == "writing"
    assert set(words) <= {"writing", "verifying"}


def test_a_refused_test_goes_back_with_its_reason_and_costs_the_others_nothing() -> None:
    items, model = asked(item(WRONG) + item(RAISES, imports=IMPORTS), item(GOOD))
    assert kept(items) == ["test_below", "test_area"]
    assert refused(items) == ["fails"]
    first, second = model.asked
    assert second[: len(first)] == first
    assert [message.role for message in second] == ["system", "user", "assistant", "user"]
    assert "test_below" not in second[2].text
    assert "`area(2, 3)` gives `6`, not `5`" in second[3].text
    assert "repairing" in [each.activity for each in items if isinstance(each, Doing)]


def test_a_test_goes_back_three_times_and_is_then_given_up() -> None:
    wrong = [item(WRONG + f"    # {n}\n    assert {n}\n") for n in range(1, 9)]
    items, model = asked(*wrong)
    assert refused(items) == ["fails"] * 4
    assert len(model.asked) == 4
    assert troubles(items) == []


def test_a_measured_value_is_never_put_into_a_test_by_us() -> None:
    items, _ = asked(item(WRONG), "")
    assert all("== 6" not in t.candidate.code for t in items if isinstance(t, Trial))


def test_the_same_answer_again_ends_the_conversation() -> None:
    items, model = asked(item(WRONG), item(WRONG), item(WRONG))
    assert refused(items) == ["fails"]
    assert len(model.asked) == 2
    assert troubles(items) == []  # nothing is lost by it


def test_what_is_no_test_in_an_answer_is_told() -> None:
    items, _ = asked(item(GOOD) + item("x = 1\n"), "")
    assert troubles(items) == ["1 item of the model's answers was left out: no test 1."]


def test_what_is_still_missed_is_asked_for_once_more() -> None:
    items, model = asked(item(GOOD), item(RAISES, imports=IMPORTS))
    assert kept(items) == ["test_area", "test_below"]
    assert "Still missed by all tests:\n- Line 7 is reached with `width < 0`." in (
        model.asked[1][-1].text
    )


def test_what_a_test_for_one_function_reaches_in_another_is_not_asked_for_again() -> None:
    source = f"{SOURCE}\n\ndef box(a, b, c):\n    total = c * area(a, b)\n    return total\n"
    made = replace(job(), source=source, goals=Goals(LINES | {12, 13}, ARCS), mutants=())

    def run_all(request: RunRequest) -> Run:
        (text,) = request.files.values()
        return passed("t::t", lines=(6, 7) if "raises" in text else (12, 13, 6, 8), branches=ARCS)

    model = ScriptedModel(item(RAISES, imports=IMPORTS) + item(GOOD))
    items = released(generator_of(model), made, run=run_all)
    assert kept(items) == ["test_below", "test_area"]
    assert len(model.asked) == 1


def test_mutants_that_survive_are_told() -> None:
    items, model = asked(item(GOOD), "", verdict=all_survive)
    assert refused(items) == ["kills nothing"]
    assert "-     return width * height" in model.asked[1][-1].text


@pytest.mark.parametrize(
    "answer", ["", "   \n", "I cannot help with that.", "対応できません", "{\n" * 50, "[1, 2]"]
)
def test_an_answer_without_tests_is_asked_for_once_more_and_then_given_up(answer: str) -> None:
    items, model = asked(answer)
    assert kept(items) == refused(items) == []
    assert len(model.asked) == 2
    assert "Nothing in this answer could be read" in model.asked[1][-1].text


def test_fenced_python_is_taken_where_no_object_comes() -> None:
    block = "\n".join(IMPORTS) + f"\n\n\n{GOOD}\n\n{RAISES}"
    items, _ = asked(f"Here you are:\n```python\n{block}\n```\nGood luck!")
    assert kept(items) == ["test_area", "test_below"]


def test_an_answer_that_is_cut_keeps_its_whole_objects() -> None:
    model = ScriptedModel(item(GOOD) + item(RAISES)[:40], "", finish="truncated")
    items = released(generator_of(model))
    assert kept(items) == ["test_area"]
    assert troubles(items) == [CUT]


def test_answers_that_are_cut_before_a_test_are_told_once_and_end_it() -> None:
    model = ScriptedModel(item(GOOD)[:40], finish="truncated")
    generator = generator_of(model)
    assert [troubles(released(generator)) for _ in range(3)] == [[CUT], [], []]
    assert len(model.asked) == 2


FINAL: list[Fault] = ["key", "unknown model", "refused", "unreachable", "budget", "given up"]


@pytest.mark.parametrize("kind", [*FINAL, "rate", "server", "stalled", "dropped", "garbage"])
def test_a_fault_is_one_line_and_what_came_before_it_stays(kind: Fault) -> None:
    fault = ModelFault(kind, "The model gave no answer.")
    items, model = asked([item(GOOD) + item(RAISES)[:30], fault])
    assert kept(items) == ["test_area"]
    assert troubles(items) == ["The model gave no answer."]
    assert len(model.asked) == 1


def test_after_a_final_fault_nothing_is_asked_for_further_targets() -> None:
    model = ScriptedModel(ModelFault("key", "The key is refused."))
    generator = generator_of(model)
    assert troubles(released(generator)) == ["The key is refused."]
    assert not generator.usable
    assert released(generator) == []
    assert len(model.asked) == 1


def test_after_two_faults_in_a_row_the_model_is_left_alone() -> None:
    model = ScriptedModel(ModelFault("server", "It fails."))
    generator = generator_of(model)
    found = [troubles(released(generator)) for _ in range(4)]
    assert found == [["It fails."], [], [], []]
    assert len(model.asked) == 2


def test_one_that_finds_it_too_long_is_asked_with_less() -> None:
    model = ScriptedModel(ModelFault("too long", "Too long."), item(GOOD), "")
    generator = generator_of(model)
    assert kept(released(generator)) == ["test_area"]
    assert generator.usable
    first, second, *_ = [sum(len(m.text) for m in messages) for messages in model.asked]
    assert second < first


def test_what_was_too_long_is_not_tried_for_the_next_function() -> None:
    body = "".join(f"    if a == {n}:\n        return '{'x' * 60}'\n" for n in range(300))
    source = "\n\n".join(f"def f{n}(a):\n{body}" for n in range(3))
    lines = frozenset(range(1, source.count("\n")))
    made = replace(job(), source=source, goals=Goals(lines, frozenset()), mutants=())
    model = ScriptedModel(ModelFault("too long", "Too long."))
    generator = generator_of(model)
    assert troubles(released(generator, made)) == ["Too long."]
    lengths = [len(messages[-1].text) for messages in model.asked]
    assert len(lengths) == 4, "and after the fourth there is nothing shorter to say"
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] > 2 * lengths[1]
    assert lengths[1] > 2 * lengths[2]


def test_a_model_that_has_no_room_for_anything_is_left_alone() -> None:
    source = "\n\n".join(f"def f{n}(a):\n    return a + {n}\n" for n in range(9))
    lines = frozenset(range(1, source.count("\n") + 1))
    made = replace(job(), source=source, goals=Goals(lines, frozenset()), mutants=())
    model = ScriptedModel(ModelFault("too long", "Too long."))
    generator = generator_of(model)
    assert troubles(released(generator, made)) == ["Too long."]
    assert len(model.asked) == 2
    assert not generator.usable


@pytest.mark.parametrize("answer", ["", "I can't help with that.", item(GOOD)])
def test_a_model_that_writes_nothing_new_is_left_alone(answer: str) -> None:
    source = "\n\n".join(f"def f{n}(a):\n    return a + {n}\n" for n in range(9))
    lines = frozenset(range(1, source.count("\n") + 1))
    made = replace(job(), source=source, goals=Goals(lines, frozenset()), mutants=())
    model = ScriptedModel(*[answer] * 30)
    generator = generator_of(model)
    items = released(generator, made)
    assert "The model's answers hold no new tests: it is asked no more." in troubles(items)
    assert len(model.asked) <= 8
    assert not generator.usable


def test_nothing_is_asked_where_no_time_is_left() -> None:
    model = ScriptedModel(item(GOOD))
    assert released(generator_of(model), job(lambda: 1.0)) == []
    assert model.asked == []


def test_the_first_repair_is_made_where_a_slow_model_has_used_its_time() -> None:
    times = iter((100.0, 100.0, 100.0, 100.0))
    model = ScriptedModel(item(WRONG), item(GOOD), item(RAISES, imports=IMPORTS))
    slow = job(lambda: next(times, 40.0) if not model.asked else 40.0, [])
    made = replace(slow, source=f"{SOURCE}\n\ndef one():\n    return 1\n")
    made = replace(made, goals=Goals(LINES | {12}, ARCS))
    assert kept(released(generator_of(model), made))[:1] == ["test_area"]
    assert "refused" in model.asked[1][-1].text


def test_a_copy_of_a_test_that_is_there_goes_back_too() -> None:
    copy = "def test_new():\n    assert area(0, 0) == 0\n"
    items, model = asked(item(copy), item(GOOD))
    assert refused(items) == ["duplicate"]
    assert kept(items) == ["test_area"]
    assert "A test does the same already" in model.asked[1][-1].text


def test_repairs_end_with_the_requests_that_may_be_spent() -> None:
    model = ScriptedModel(item(WRONG), item(GOOD))
    assert kept(released(generator_of(model, requests=1))) == []
    assert len(model.asked) == 1


def test_an_endless_answer_is_stopped() -> None:
    endless = "".join(item(GOOD.replace("area()", f"a{n}()")) for n in range(3_000))
    model = ScriptedModel(endless, "", piece=4_000)
    items = released(generator_of(model))
    assert len(kept(items)) + len(refused(items)) <= 3 * 6
    assert model.stopped >= 1


def test_one_left_in_the_middle_leaves_nothing_running() -> None:
    model = ScriptedModel(item(GOOD) + "x" * 100_000, piece=1)

    async def first() -> Proposal:
        async with aclosing(generator_of(model).candidates(job(), Unjudged())) as found:
            async for proposal in found:
                if isinstance(proposal, Candidate):
                    break
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return proposal

    assert isinstance(asyncio.run(first()), Candidate)
    assert model.stopped == 1


def test_without_a_judge_every_candidate_is_given_and_nothing_repaired() -> None:
    model = ScriptedModel(item(GOOD) + item(WRONG))

    async def drained() -> list[Proposal]:
        return [each async for each in generator_of(model).candidates(job(), Unjudged())]

    found = asyncio.run(drained())
    assert len([each for each in found if isinstance(each, Candidate)]) == 2
    assert len(model.asked) == 1


def test_without_a_model_one_line_says_that_nothing_was_sent() -> None:
    generator = Unreachable("Nothing was sent.")
    assert troubles(released(generator)) == ["Nothing was sent."]
    assert released(generator) == []


HARMLESS = {
    "has a mention in its text",
    "breaks out of its fence",
    "claims to have passed",
}
"""What only a run refuses, or rendering makes inert."""


@pytest.mark.parametrize("answer", HOSTILE.values(), ids=HOSTILE)
def test_hostile_answers_come_to_no_run(answer: str, request: pytest.FixtureRequest) -> None:
    """Also where every run would come out well: what reaches outside is refused before."""
    name = request.node.callspec.id
    items, model = asked(answer, "")
    assert (kept(items) == []) or name in HARMLESS
    assert len(model.asked) <= 2
    for each in items:
        if isinstance(each, Trial):
            assert each.candidate.target == "shapes.py"
            assert each.candidate.name.isidentifier()
