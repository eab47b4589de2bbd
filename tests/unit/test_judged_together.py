"""The gates of sets of tests, each on runs that were recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest
from recorded_runner import Answer, RecordedRunner, passed, with_outcomes

from qe_action.events.coverage_figures import Counts
from qe_action.generators.port import Candidate
from qe_action.verify.batch import GATES, ROUNDS, Batch
from qe_action.verify.gates import Refusal, Trial
from qe_action.verify.run_answers import Measured, Run
from qe_action.verify.run_request import ALONE, USAGE, RunRequest, Surroundings
from qe_action.verify.suite import ROUNDS as SUITE_ROUNDS
from qe_action.verify.suite import Suite

CODE = "def double(x):\n    return 2 * x\n\n\ndef half(x):\n    return x / 2\n"
PLACE = "tests/test_code.py"
OTHERS = {
    "tests/test_users.py": "import code_\n\ndef test_user():\n    assert code_.half(2) == 1\n"
}
OLD = "tests/test_users.py::test_user"


def trial(number: int, name: str, *lines: int) -> Trial:
    code = f"def {name}():\n    assert double({number}) == {2 * number}\n"
    found = Trial(
        Candidate(name, name, code, ("from code_ import double",), "code_.py", ""), number
    )
    found.lines = frozenset(lines or (number,))
    return found


def nodes(request: RunRequest) -> list[str]:
    """The tests that a request's files and the project's suite have."""
    found = [
        f"{path}::{line.removeprefix('def ').partition('(')[0]}"
        for path, text in request.files.items()
        for line in text.split("\n")
        if line.startswith("def test")
    ]
    return found if request.options is ALONE else [OLD, *found]


def fine(request: RunRequest) -> Run:
    return passed(*nodes(request), lines=(2, 6))


def runner(answer: Answer = fine, **others: str) -> RecordedRunner:
    return RecordedRunner({"code_.py": CODE, **OTHERS, **others}, "code_.py", answer)


def batch(
    trials: Sequence[Trial], of: RecordedRunner | None = None, **more: object
) -> tuple[Batch, RecordedRunner]:
    of = of or runner()
    made = Batch(of, (), Suite(of, (), 60.0), list(trials), 10, python="3.13.1")
    for name, value in more.items():
        setattr(made, name, value)
    return made, of


def judged(of: Batch) -> dict[str, Refusal]:
    async def all_of_it() -> dict[str, Refusal]:
        return {t.candidate.name: refusal async for t, refusal in of.judge()}

    return asyncio.run(all_of_it())


def names(of: Batch) -> list[str]:
    return [trial.candidate.name for trial in of.trials]


def in_rounds(change: Callable[[int, Run], Run]) -> Answer:
    """What changes a run by the number of its round; other runs are fine."""

    def answer(request: RunRequest) -> Run:
        run = fine(request)
        if request.options is ALONE and request.around in ROUNDS:
            return change(ROUNDS.index(request.around), run)
        return run

    return answer


@pytest.fixture
def two() -> list[Trial]:
    return [trial(1, "test_one"), trial(2, "test_two")]


# Five fresh processes


def test_tests_that_hold_in_all_runs_are_left(two: list[Trial]) -> None:
    steps: list[tuple[float, str]] = []
    made, of = batch(two, progress=lambda part, words: steps.append((part, words)))
    assert judged(made) == {}
    assert names(made) == ["test_one", "test_two"]
    assert made.pythons == ["3.13.1"]
    assert [words for _, words in steps if words in dict(GATES)] == [name for name, _ in GATES]
    assert [part for part, _ in steps] == sorted(part for part, _ in steps)
    five = [request for request in of.asked if request.options is ALONE]
    assert [request.around for request in five] == list(ROUNDS)
    assert [request.watch for request in five] == [True, True, False, False, False]
    assert {request.timeout for request in five} == {50.0}
    assert all(len(request.files) == len(request.paths) == 2 for request in five)


def test_the_processes_differ_in_everything_that_tests_may_depend_on() -> None:
    for name in ("PYTHONHASHSEED", "TZ"):
        assert len({around.env[name] for around in ROUNDS}) == len(ROUNDS)
    assert len({around.env["LC_ALL"] for around in ROUNDS}) > 2
    assert len({around.order for around in ROUNDS}) == len(ROUNDS)
    assert {around.elsewhere for around in ROUNDS} == {False, True}
    assert any(around.days for around in ROUNDS)


@pytest.mark.parametrize("number", range(5))
def test_what_fails_in_any_of_them_is_flaky(two: list[Trial], number: int) -> None:
    def change(n: int, run: Run) -> Run:
        return with_outcomes(run, test_one=("failed", "assert 1 == 2")) if n == number else run

    made, _ = batch(two, runner(in_rounds(change)))
    why = f"in fresh process {number + 1} of 5: failed: assert 1 == 2"
    assert judged(made) == {"test_one": Refusal("flaky", why)}
    assert names(made) == ["test_two"]


def test_what_is_not_run_in_one_of_them_is_flaky(two: list[Trial]) -> None:
    def without_one(n: int, run: Run) -> Run:
        left = {node: said for node, said in run.outcomes.items() if "test_one" not in node}
        error = (("tests/test_qe_candidate_1.py", "ImportError: no"),)
        return run.model_copy(update={"outcomes": left, "errors": error if n else ()})

    made, _ = batch(two, runner(in_rounds(without_one)))
    why = "in fresh process 1 of 5: it was not run (done)"
    assert judged(made) == {"test_one": Refusal("flaky", why)}

    def broken(n: int, run: Run) -> Run:
        return without_one(n, run) if n == 2 else run

    made, _ = batch([trial(1, "test_one"), trial(2, "test_two")], runner(in_rounds(broken)))
    why = "in fresh process 3 of 5: ImportError: no"
    assert judged(made) == {"test_one": Refusal("flaky", why)}


def test_what_leaves_something_behind_is_out(two: list[Trial]) -> None:
    left = {"tests/test_qe_candidate_2.py::test_two": ("/tmp/qe-action-7x/project/left.txt",)}

    def change(n: int, run: Run) -> Run:
        return run.model_copy(update={"written_by": left}) if n == 1 else run

    made, _ = batch(two, runner(in_rounds(change)))
    assert judged(made) == {"test_two": Refusal("writes", "it leaves or changes left.txt")}


def test_where_a_process_does_not_end_each_test_has_one_of_its_own(two: list[Trial]) -> None:
    def answer(request: RunRequest) -> Run:
        if request.around == ROUNDS[3] and "tests/test_qe_candidate_2.py" in request.files:
            return Run(end="crashed")
        return fine(request)

    made, of = batch(two, runner(answer))
    (refusal,) = judged(made).values()
    assert refusal.reason == "flaky"
    assert refusal.detail.startswith("in fresh process 4 of 5: it was not run")
    assert names(made) == ["test_one"]
    alone = [r for r in of.asked if r.around == ROUNDS[3] and len(r.files) == 1]
    assert {r.timeout for r in alone} == {40.0}


# Other interpreters


def test_what_fails_on_another_interpreter_is_out(two: list[Trial]) -> None:
    def there(request: RunRequest) -> Run:
        return with_outcomes(fine(request), test_two=("error", "SyntaxError"))

    other = runner(there)
    made, _ = batch(two, others=(("3.9.2", runner()), ("3.14.0", other)))
    why = "on Python 3.14.0: error: SyntaxError"
    assert judged(made) == {"test_two": Refusal("other python", why)}
    assert made.pythons == ["3.13.1", "3.9.2", "3.14.0"]
    assert [(request.around, request.watch) for request in other.asked] == [(ROUNDS[0], False)]


# The fewest


def test_what_others_reach_is_superseded() -> None:
    made, _ = batch([trial(1, "test_one", 1), trial(2, "test_both", 1, 2)])
    why = Refusal("superseded", "other tests reach the same, or more")
    assert judged(made) == {"test_one": why}
    assert names(made) == ["test_both"]


def test_the_worst_gaps_first_and_the_rest_in_spare() -> None:
    three = [trial(n, name, n) for n, name in enumerate(("test_a", "test_b", "test_c"), 1)]
    three[2].arcs = frozenset({(-7, 8)})
    made, _ = batch(three, limit=2, rank={1: 2, 2: 1, 7: 0})
    assert judged(made) == {}
    assert names(made) == ["test_b", "test_c"]
    assert [spare.candidate.name for spare in made.spare] == ["test_a"]


# The whole suite


def with_new(change: Callable[[RunRequest, Run], Run]) -> Answer:
    """What changes the suite's runs with new tests; other runs are fine."""

    def answer(request: RunRequest) -> Run:
        run = fine(request)
        return change(request, run) if request.options is not ALONE and request.files else run

    return answer


def test_the_suite_counts_the_coverage_without_and_with_the_tests(two: list[Trial]) -> None:
    def more(_: RunRequest, run: Run) -> Run:
        measured = Measured(
            lines=(2, 6), missing_lines=(1,), branches=((1, 2),), missing_branches=((1, 3), (2, 3))
        )
        return run.model_copy(update={"measured": measured})

    made, of = batch(two, runner(with_new(more)))
    assert judged(made) == {}
    suite = made.suite
    assert suite.words == "the whole suite in random order"
    assert suite.before == Counts(statements=2, covered=2, branches=0, covered_branches=0)
    assert suite.after == Counts(statements=3, covered=2, branches=3, covered_branches=1)
    before, after = [request for request in of.asked if request.options is not ALONE]
    assert (before.files, before.paths, after.paths) == ({}, (), ())
    assert after.files == {PLACE: suite.text(two)}
    for request in (before, after):
        assert (request.clean, request.measure, request.timeout) == (True, True, 60.0)
        assert isinstance(request.around, Surroundings)
        assert request.around.order is not None


def test_a_project_without_tests_is_its_new_file_alone(two: list[Trial]) -> None:
    of = RecordedRunner({"code_.py": CODE}, "code_.py", fine)
    made, _ = batch(two, of)
    assert judged(made) == {}
    assert made.suite.words == "the project has no other tests"
    (run,) = [request for request in of.asked if request.options is not ALONE]
    assert list(run.paths) == [of.project.place] == list(run.files)


def test_tests_go_behind_those_of_a_file_that_is_there(two: list[Trial]) -> None:
    there = "from code_ import half\n\n\ndef test_there():\n    assert half(4) == 2\n"
    made, of = batch(two, runner(**{PLACE: there}))
    assert judged(made) == {}
    text = of.asked[-1].files[PLACE]
    assert "def test_there" in text
    assert text.index("def test_there") < text.index("def test_one") < text.index("def test_two")


def test_what_fails_beside_the_others_is_out(two: list[Trial]) -> None:
    def change(_: RunRequest, run: Run) -> Run:
        return with_outcomes(run, test_two=("failed", "assert 3 == 4"))

    made, _ = batch(two, runner(with_new(change)))
    why = "beside the other tests: failed: assert 3 == 4"
    assert judged(made) == {"test_two": Refusal("suite", why)}
    assert names(made) == ["test_one"]


def test_what_the_suite_does_not_collect_is_out(two: list[Trial]) -> None:
    def change(_: RunRequest, run: Run) -> Run:
        return run.model_copy(update={"outcomes": {OLD: ("passed", "")}})

    made, _ = batch(two, runner(with_new(change)))
    why = Refusal("suite", "the suite as configured does not collect it")
    assert judged(made) == {"test_one": why, "test_two": why}


def test_the_one_that_breaks_another_is_found(two: list[Trial]) -> None:
    def change(request: RunRequest, run: Run) -> Run:
        breaks = "def test_two" in "".join(request.files.values())
        return with_outcomes(run, test_user=("failed", "")) if breaks else run

    three = [*two, trial(3, "test_three")]
    made, _ = batch(three, runner(with_new(change)))
    assert judged(made) == {"test_two": Refusal("suite", f"with it {OLD} fails")}
    assert names(made) == ["test_one", "test_three"]


def test_what_fails_without_the_new_ones_now_and_then_accuses_nobody(two: list[Trial]) -> None:
    """The test passed once, then failed with them, and fails again without them."""
    seen: list[RunRequest] = []

    def answer(request: RunRequest) -> Run:
        run = fine(request)
        if request.options is ALONE:
            return run
        seen.append(request)
        return run if len(seen) == 1 else with_outcomes(run, test_user=("failed", ""))

    made, _ = batch(two, runner(answer))
    assert judged(made) == {}
    assert [bool(request.files) for request in seen] == [False, True, False]


def test_the_one_that_ends_the_process_is_found(two: list[Trial]) -> None:
    def change(request: RunRequest, run: Run) -> Run:
        ends = "def test_one" in "".join(request.files.values())
        return Run(end="crashed") if ends else run

    made, _ = batch(two, runner(with_new(change)))
    why = "the suite with it ends the process"
    assert judged(made) == {"test_one": Refusal("suite", why)}


def test_where_the_suite_with_them_takes_too_long_all_are_out(two: list[Trial]) -> None:
    made, _ = batch(two, runner(with_new(lambda _request, _run: Run(end="timeout"))))
    why = Refusal("suite", "the suite with it ended by timeout")
    assert judged(made) == {"test_one": why, "test_two": why}


def test_runs_with_ever_fewer_tests_come_to_an_end() -> None:
    def change(_: RunRequest, run: Run) -> Run:
        last = max(node for node in run.outcomes if node.startswith(PLACE))
        return with_outcomes(run, **{last.partition("::")[2]: ("failed", "no")})

    many = [trial(n, f"test_{n:02}") for n in range(1, SUITE_ROUNDS + 3)]
    made, _ = batch(many, runner(with_new(change)))
    found = judged(made)
    ended = f"{SUITE_ROUNDS} runs of the suite with ever fewer tests came to no end"
    assert [refusal.detail for refusal in found.values()].count(ended) == 2
    assert len(found) == len(many)
    assert names(made) == []


# A suite that can't be run whole


def base(suite: Suite) -> str:
    asyncio.run(suite.measure_before())
    return suite.words


def test_a_slow_suite_is_judged_by_the_files_that_import_the_target(two: list[Trial]) -> None:
    def answer(request: RunRequest) -> Run:
        whole = request.options is not ALONE and not request.paths
        return Run(end="timeout") if whole else fine(request)

    made, of = batch(two, runner(answer))
    assert judged(made) == {}
    assert made.suite.words == (
        "the whole suite takes more than 60 s: the one test file that imports the target"
    )
    assert list(of.asked[-1].paths) == ["tests/test_users.py", of.project.place]


@pytest.mark.parametrize(
    ("end", "said"),
    [("timeout", "takes more than 60 s"), ("crashed", "ends the process that runs it")],
)
def test_where_no_part_of_it_can_be_run_the_new_file_is_run_alone(
    two: list[Trial], end: str, said: str
) -> None:
    def answer(request: RunRequest) -> Run:
        new = request.options is ALONE or request.files
        return fine(request) if new else Run.model_validate({"end": end})

    made, of = batch(two, runner(answer))
    assert judged(made) == {}
    assert made.suite.words == f"the one test file that imports the target {said}: no other tests"
    assert list(of.asked[-1].paths) == [of.project.place]
    assert made.suite.before is None


def test_options_that_pytest_refuses_are_left_out() -> None:
    def answer(request: RunRequest) -> Run:
        return fine(request) if request.options is ALONE else Run(end="done", exit=USAGE)

    of = runner(answer)
    words = base(Suite(of, ("pytest_cov",), 60.0))
    told = "pytest refuses the suite's options, without addopts: "
    assert words == f"{told}the whole suite in random order"
    assert "--no-cov" in of.asked[0].options
    assert of.asked[1].options is ALONE


def test_what_fails_already_is_counted() -> None:
    def answer(request: RunRequest) -> Run:
        errors = (("tests/test_broken.py", "ImportError"),)
        run = with_outcomes(fine(request), test_user=("failed", "assert 1 == 2"))
        return run.model_copy(update={"errors": errors})

    suite = Suite(runner(answer), (), 60.0)
    assert base(suite) == (
        "the whole suite in random order (1 of its tests fail and 1 of its files can't be"
        " collected without the new ones, too)"
    )
    assert asyncio.run(suite.failing()) == {
        OLD: "assert 1 == 2",
        "tests/test_broken.py": "ImportError",
    }


def test_what_fails_once_and_passes_when_run_again_does_not_fail() -> None:
    def answer(request: RunRequest) -> Run:
        run = fine(request)
        return run if request.paths else with_outcomes(run, test_user=("failed", "x"))

    assert asyncio.run(Suite(runner(answer), (), 60.0).failing()) == {}


@pytest.mark.parametrize(
    ("run", "trouble"),
    [
        (Run(end="done", errors=(("x", "ImportError"),)), "ImportError"),
        (with_outcomes(passed("x::test_a"), test_a=("failed", "no")), "failed: no"),
        (Run(end="crashed"), "the interpreter crashed"),
        (Run(end="done", exit=5), "pytest found no test"),
        (Run(end="done", measured=Measured(error="No data")), "No data"),
        (Run(end="done"), "coverage has no measurement of it"),
    ],
)
def test_the_first_trouble_of_a_run_is_told(run: Run, trouble: str) -> None:
    assert run.trouble() == trouble


def test_the_lines_of_some_tests_are_those_of_a_run_of_them() -> None:
    of = runner()
    suite = Suite(of, (), 60.0)
    assert asyncio.run(suite.lines_of(["b", "a"])) == {2, 6}
    assert list(of.asked[0].paths) == ["a", "b"]
    unmeasured = runner(lambda _: Run(end="done"))
    assert asyncio.run(Suite(unmeasured, (), 60.0).lines_of(["a"])) == frozenset()
