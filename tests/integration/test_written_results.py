"""Results in files through the agent: after the fact, and beside a command that was heard."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from gitrepo import GitRepo
from scripted_suite import ScriptedSuite, suite

from qe_action.agents.test_executor import TestExecutorAgent
from qe_action.events import (
    Anchor,
    ExecutionComplete,
    ExecutorError,
    ExecutorEvent,
    TestCounts,
    TestFinished,
    TestFlaky,
    TestsCollected,
)
from qe_action.task import QETask

JUNIT = """\
<testsuites name="pytest tests"><testsuite name="pytest">
<testcase classname="tests.test_a" name="test_one" time="0.25"/>
<testcase classname="tests.test_a" name="test_two" time="0.5"><failure message="assert 0">
tests/test_a.py:2: AssertionError</failure></testcase>
</testsuite></testsuites>
"""
SUREFIRE = """\
<testsuite name="com.acme.FooTest"><testcase classname="com.acme.FooTest" name="shaky" time="1">
<flakyFailure message="late"><stackTrace>at com.acme.FooTest.shaky(FooTest.java:1)</stackTrace>
</flakyFailure></testcase></testsuite>
"""
ONE, TWO = "tests/test_a.py::test_one", "tests/test_a.py::test_two"


def project(tmp_path: Path) -> Path:
    repo = GitRepo(tmp_path / "project")
    repo.commit(
        {
            "tests/test_a.py": "def test_one(): pass\ndef test_two(): assert 0\n",
            "src/test/java/com/acme/FooTest.java": "class FooTest {}\n",
        }
    )
    return repo.root


def events(repo: Path, runner: ScriptedSuite | None = None, **options: Any) -> list[ExecutorEvent]:
    async def drained() -> list[ExecutorEvent]:
        task = QETask(task_type="test_execution", context={"repo": repo, **options})
        agent = TestExecutorAgent(runner=runner)
        return [event async for event in agent.execute_tests_streaming(task)]

    return asyncio.run(drained())


def result(told: list[ExecutorEvent]) -> ExecutionComplete:
    assert isinstance(told[-1], ExecutionComplete)
    return told[-1]


def errors(told: list[ExecutorEvent]) -> list[ExecutorError]:
    return [event for event in told if isinstance(event, ExecutorError)]


def test_results_alone_are_told_by_the_same_events(tmp_path: Path) -> None:
    repo = project(tmp_path)
    (repo / "out").mkdir()
    (repo / "out/junit.xml").write_text(JUNIT)
    (repo / "out/TEST-foo.xml").write_text(SUREFIRE)
    told = events(repo, results=(repo / "**/*.xml",))
    finished = [event for event in told if isinstance(event, TestFinished)]
    assert {(event.id, event.outcome) for event in finished} == {
        (ONE, "passed"), (TWO, "failed"), ("com.acme.FooTest::shaky", "failed"),
    }  # fmt: skip
    two = next(event for event in finished if event.id == TWO)
    assert two.failed_at == two.anchor == Anchor(path="tests/test_a.py", line_start=2, line_end=2)
    (flaky,) = [event for event in told if isinstance(event, TestFlaky)]
    assert (flaky.id, flaky.file_path) == (
        "com.acme.FooTest::shaky", "src/test/java/com/acme/FooTest.java",
    )  # fmt: skip
    final = result(told)
    assert final.counts == TestCounts(passed=1, failed=2)
    assert (final.total, final.exit_code, final.live, final.passed) == (3, None, False, False)
    assert (final.failures, final.flaky) == ((TWO,), ("com.acme.FooTest::shaky",))
    assert final.rerun == f"pytest {TWO}"
    (collected,) = [event for event in told if isinstance(event, TestsCollected)]
    assert (collected.total, collected.total_files) == (3, 2)
    assert [test.id for test in final.slowest] == ["com.acme.FooTest::shaky", TWO, ONE]


def writes(path: Path, text: str) -> Callable[[], Awaitable[None]]:
    async def write() -> None:
        path.write_text(text)

    return write


def test_a_test_that_was_heard_is_not_told_twice(tmp_path: Path) -> None:
    repo = project(tmp_path)
    script = suite(repo, [(ONE, "passed")])
    script.insert(
        -1, writes(repo / "junit.xml", JUNIT.replace("tests.test_a", "p.tests.test_a", 1))
    )
    told = events(repo, ScriptedSuite(script), command="pytest", results=(repo / "junit.xml",))
    assert [e.id for e in told if isinstance(e, TestFinished)] == [ONE, TWO]
    final = result(told)
    assert final.counts == TestCounts(passed=1, failed=1)
    assert (final.total, final.live, final.passed) == (2, True, False)


def test_a_report_of_an_earlier_run_is_not_this_one_s(tmp_path: Path) -> None:
    repo = project(tmp_path)
    (repo / "junit.xml").write_text(JUNIT)
    os.utime(repo / "junit.xml", (1, 1))
    runner = ScriptedSuite(suite(repo, [(ONE, "passed")]))
    final = result(events(repo, runner, command="pytest", results=(repo / "junit.xml",)))
    assert final.counts == TestCounts(passed=1)
    assert any("before the command began" in note for note in final.notes)
    assert result(events(repo, results=(repo / "junit.xml",))).counts.passed == 1


def test_results_that_are_missing_or_broken_are_said(tmp_path: Path) -> None:
    repo = project(tmp_path)
    told = events(repo, results=(repo / "*.xml",))
    (error,) = errors(told)
    assert not error.recoverable
    assert "No test results match" in error.message
    assert result(told).conclusion == "failed"
    runner = ScriptedSuite(suite(repo, [(ONE, "passed")]))
    told = events(repo, runner, command="pytest", results=(repo / "*.xml",))
    assert [error.recoverable for error in errors(told)] == [True]
    assert result(told).conclusion == "finished"
    (repo / "cut.xml").write_text(JUNIT.partition("</testsuite>")[0])
    (repo / "whole.xml").write_text(SUREFIRE)
    told = events(repo, results=(repo / "cut.xml", repo / "whole.xml"))
    assert [error.recoverable for error in errors(told)] == [True]
    final = result(told)
    assert final.counts == TestCounts(passed=1, failed=2)
    assert (final.conclusion, final.passed) == ("failed", False)
    assert any("ends too early" in note for note in final.notes)
    (repo / "cut.xml").write_text("<testsuite><testcase name='a'/>")
    final = result(events(repo, results=(repo / "cut.xml",)))
    assert (final.conclusion, final.passed, final.counts.passed) == ("failed", None, 1)


def test_a_file_for_each_of_many_classes_is_no_trouble(tmp_path: Path) -> None:
    for number in range(1500):
        (tmp_path / f"TEST-{number}.xml").write_text(
            f"<testsuite name='c{number}'><testcase classname='c{number}' name='t'/></testsuite>"
        )
    told = events(tmp_path, results=(tmp_path / "*.xml",))
    final = result(told)
    assert (final.total, final.counts.passed, final.passed) == (1500, 1500, True)
    assert len([event for event in told if event.type == "progress"]) <= 101
