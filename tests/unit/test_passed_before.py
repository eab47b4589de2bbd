"""Which tests of a run that was cut off are not run again, and how they are heard."""

from __future__ import annotations

from pathlib import Path

from qe_action.agents.passed_before import left_out, messages, note, passed_alone
from qe_action.events import TestFinished
from qe_action.execution.suite_port import Finished, Over, Session


def ended(name: str, file: str, outcome: str = "passed", phase: str = "call") -> TestFinished:
    fields = {"id": name, "file_path": file, "outcome": outcome, "phase": phase}
    return TestFinished.model_validate(fields)


GOOD = ended("tests/test_a.py::test_1", "tests/test_a.py")


def made(top: Path, *files: str) -> None:
    for file in files:
        (top / file).parent.mkdir(parents=True, exist_ok=True)
        (top / file).touch()


def test_what_did_not_just_pass_is_run_again(tmp_path: Path) -> None:
    made(tmp_path, "tests/test_a.py")
    again = (
        ended("tests/test_a.py::test_2", "tests/test_a.py", "failed"),
        ended("tests/test_a.py::test_3", "tests/test_a.py"),
        ended("tests/test_a.py::test_3", "tests/test_a.py", "error", "teardown"),
        ended("tests/test_a.py::test_4", "tests/test_a.py", "skipped"),
    )
    assert passed_alone((GOOD, *again), tmp_path) == (GOOD,)


def test_a_test_whose_file_does_not_tell_its_session_is_run_again(tmp_path: Path) -> None:
    made(tmp_path, "tests/test_a.py", "test_a.py", "lib/base.py")
    nowhere = ended("test_a.py::test_1", "")
    inherited = ended("test_a.py::TestB::test_1", "lib/base.py")
    assert passed_alone((GOOD, nowhere, inherited), tmp_path) == (GOOD,)


def test_tests_of_one_name_in_two_folders_are_two(tmp_path: Path) -> None:
    one, two = (ended("test_a.py::test_1", f"{folder}/test_a.py") for folder in ("x", "y"))
    made(tmp_path, "x/test_a.py", "y/test_a.py")
    assert passed_alone((one, two), tmp_path) == (one, two)
    assert left_out((one,), tmp_path) == ((str(tmp_path / "x/test_a.py"), "test_a.py::test_1"),)
    heard = list(messages((one, two, GOOD), tmp_path))
    roots = [each.root for each in heard if isinstance(each, Session)]
    assert roots == [tmp_path / "x", tmp_path / "y", tmp_path]
    assert [each.id for each in heard if isinstance(each, Finished)] == [one.id, two.id, GOOD.id]
    assert [each.code for each in heard if isinstance(each, Over)] == [0, 0, 0]


def test_nothing_is_said_where_nothing_is_left_out() -> None:
    assert note(()) == ()
    assert list(messages((), Path())) == []
    assert note((GOOD,))[0].startswith("1 test that passed before was not run again, and so no")


def test_a_test_of_a_file_that_is_not_there_has_not_passed(tmp_path: Path) -> None:
    made(tmp_path, "top/tests/test_a.py", "test_b.py")
    names = ("../test_b.py", str(tmp_path / "test_b.py"), "a\0b.py", "x" * 5000, "tests", "none.py")
    others = tuple(ended(f"{name}::test_1", name) for name in names)
    assert passed_alone((GOOD, *others), tmp_path / "top") == (GOOD,)
