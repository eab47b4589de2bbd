"""Runs of tests as events, for whatever shows them."""

from __future__ import annotations

from collections.abc import Iterator

from qe_action.events import (
    Anchor,
    Event,
    ExecutionComplete,
    ExecutorError,
    ExecutorProgress,
    TestCounts,
    TestFinished,
    TestFlaky,
    TestsCollected,
    TestSlow,
    TimedTest,
)

COMMAND = "pytest --cov=shop"
COLLECTED = TestsCollected(total=1083, files={"tests/test_cart.py": 240}, total_files=31)


def failure(name: str, line: int, **changed: object) -> TestFinished:
    """A failure of a test in `tests/test_cart.py`; at the head it stands two lines up."""
    path = "tests/test_cart.py"
    event = TestFinished(
        id=f"{path}::{name}",
        outcome="failed",
        phase="call",
        seconds=0.21,
        file_path=path,
        line=line - 3,
        failed_at=Anchor(path=path, line_start=line, line_end=line),
        anchor=Anchor(path=path, line_start=line - 2, line_end=line - 2),
        message="AssertionError: assert 41 == 42",
        traceback=(
            f"    def {name.rsplit('::', maxsplit=1)[-1]}():\n"
            "        cart = Cart([Item(price=21), Item(price=21)])\n"
            ">       assert cart.total() == 42\n"
            "E       AssertionError: assert 41 == 42\n"
            "E        +  where 41 = total()\n\n"
            f"{path}:{line}: AssertionError"
        ),
        history="new",
    )
    return TestFinished.model_validate({**event.model_dump(), **changed})


TOTAL = failure("TestCart::test_total", 41, output="one item\n\x1b[31mrounded down\x1b[0m\n")
STOCK = failure(
    "test_stock[warehouse-3]",
    88,
    outcome="error",
    phase="setup",
    seconds=1.5,
    message="ConnectionRefusedError: [Errno 111] Connection refused",
    history="known",
)
FLAKY = TestFlaky(
    id="tests/test_orders.py::test_two_at_once",
    passed_in=2,
    file_path="tests/test_orders.py",
    line=12,
    message="TimeoutError: no answer within 0.5 s",
)
SLOW = TestSlow(
    id="tests/test_prices.py::test_whole_list",
    seconds=9.4,
    base_seconds=1.2,
    file_path="tests/test_prices.py",
    line=7,
)
SLOWEST = (
    TimedTest(id=SLOW.id, seconds=9.4),
    TimedTest(id="tests/test_report.py::test_a_year[2024]", seconds=4.25),
    TimedTest(id="tests/test_cart.py::test_many", seconds=1.02),
)
RERUN = "pytest 'tests/test_cart.py::TestCart::test_total' 'tests/test_cart.py::test_stock[warehouse-3]'"  # noqa: E501 - as a shell has it
RESULT = ExecutionComplete(
    passed=False,
    counts=TestCounts(passed=1075, failed=2, error=1, skipped=5),
    total=1083,
    failures=(TOTAL.id, STOCK.id),
    flaky=(FLAKY.id,),
    skipped={"needs a database": 4, "only on Windows": 1},
    slowest=SLOWEST,
    command=COMMAND,
    rerun=RERUN,
    exit_code=1,
    seconds=134.2,
    live=True,
    base_sha="c" * 40,
    notes=("The project's own pytest 6.2 was used.",),
)
PASSED = RESULT.model_copy(
    update={
        "passed": True,
        "counts": TestCounts(passed=1077, failed=1, skipped=5),
        "failures": (),
        "rerun": "",
        "exit_code": 0,
        "notes": (),
    }
)


def progress(passed: int, failed: int, left: float | None) -> ExecutorProgress:
    """How far the suite of `COLLECTED` has come."""
    done = passed + failed
    return ExecutorProgress(
        percent=100 * done / 1083,
        message=f"{done} of 1083 tests ended",
        finished=done,
        total=1083,
        counts=TestCounts(passed=passed, failed=failed),
        seconds_left=left,
    )


def _changed(result: ExecutionComplete, **changed: object) -> ExecutionComplete:
    return ExecutionComplete.model_validate({**result.model_dump(), **changed})


def _huge() -> Iterator[Event]:
    deep = "\n".join(f"tests/test_all.py:{n}: in step_{n}\n    step_{n + 1}()" for n in range(200))
    for number in range(700):
        name = f"test_case[{number}-{'very-long-value-' * 12}]"
        yield failure(name, number + 4, traceback=deep, message="E" * 900, output="line\n" * 900)
    names = tuple(f"tests/test_cart.py::test_case[{n}]" for n in range(200))
    yield _changed(
        RESULT,
        counts=TestCounts(passed=9300, failed=700, skipped=400),
        total=10_400,
        failures=names,
        flaky=(),
        skipped={f"reason {n} {'of many words ' * 20}": 2 for n in range(200)},
        rerun="pytest " + " ".join(f"'{name}'" for name in names * 5),
    )


CUT = {"live": True, "passed": None, "rerun": "", "seconds": 61.0}
RUNS: dict[str, list[Event]] = {
    "running": [COLLECTED, progress(412, 2, 42.0), TOTAL, STOCK],
    "failed": [COLLECTED, TOTAL, STOCK, FLAKY, SLOW, RESULT],
    "flaky": [COLLECTED, FLAKY, PASSED],
    "green": [
        COLLECTED,
        PASSED.model_copy(update={"flaky": (), "counts": TestCounts(passed=1078, skipped=5)}),
    ],
    "cancelled": [
        COLLECTED,
        progress(412, 1, 42.0),
        TOTAL,
        _changed(
            RESULT,
            **CUT,
            conclusion="cancelled",
            counts=TestCounts(passed=412, failed=1),
            failures=(TOTAL.id,),
            flaky=(),
            skipped={},
            exit_code=130,
            running=("tests/test_orders.py::test_two_at_once", "tests/test_prices.py::test_x"),
        ),
    ],
    "hung": [
        COLLECTED,
        _changed(
            RESULT,
            **CUT | {"passed": False},
            counts=TestCounts(passed=412),
            failures=(),
            flaky=(),
            skipped={},
            exit_code=124,
            running=("tests/test_orders.py::test_waits",),
            hung="tests/test_orders.py::test_waits",
            stack='Thread 0x1 (most recent call first):\n  File "tests/test_orders.py", line 9 in '
            'test_waits\n  File "shop/orders.py", line 40 in take',
        ),
    ],
    "crashed": [
        COLLECTED,
        _changed(
            RESULT,
            **CUT | {"passed": False},
            counts=TestCounts(passed=412),
            failures=(),
            flaky=(),
            skipped={},
            slowest=(),
            exit_code=139,
            running=("tests/test_native.py::test_parse",),
        ),
    ],
    "no_command": [
        ExecutorError(message="There is no command pytst.", hint="See test-command."),
        _changed(ExecutionComplete(conclusion="failed"), notes=("There is no command pytst.",)),
    ],
    "junit": [
        TestFinished(
            id="com.example.CartTest::total",
            outcome="failed",
            message="expected: <42> but was: <41>",
            traceback="at com.example.CartTest.total(CartTest.java:31)",
        ),
        TestFinished(id="com.example.CartTest::tax", outcome="error", message=""),
        ExecutionComplete(
            passed=False,
            counts=TestCounts(passed=40, failed=1, error=1, skipped=1),
            total=43,
            failures=("com.example.CartTest::total", "com.example.CartTest::tax"),
            skipped={"": 1},
            slowest=(TimedTest(id="com.example.CartTest::all", seconds=0.02),),
        ),
    ],
    "huge": list(_huge()),
}
