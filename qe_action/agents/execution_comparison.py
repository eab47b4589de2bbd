"""A suite's result held against the base's tests, and the digest that it leaves for later runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from qe_action.agents.executed_tests import ExecutedTests, Failure
from qe_action.agents.execution_result import Flakes, named
from qe_action.analysis.packed_comment import TEXT_LIMIT
from qe_action.analysis.test_baseline import TestDigest, TestLookup, digest_of_tests, fitted
from qe_action.analysis.test_comparison import history, slower
from qe_action.events import ExecutionComplete, History, TestSlow
from qe_action.render.comparison import KEPT_SIZE
from qe_action.text import plural
from qe_action.workspace.change import MeasuredTree


def compared(
    result: ExecutionComplete, failures: list[Failure], lookup: TestLookup | None
) -> ExecutionComplete:
    """The result with what the base says of its failures, and the notes of the search."""
    if lookup is None:
        return result
    digest, notes = lookup.digest, (*result.notes, *lookup.notes)
    if digest is None:
        return result.model_copy(update={"notes": notes})

    def these(which: History) -> tuple[str, ...]:
        return named(f.told.id for f in failures if history(f.name, digest) == which)

    update = {"base_sha": digest.sha, "known": these("known"), "new": these("new"), "notes": notes}
    return result.model_copy(update=update)


def slow_tests(tests: ExecutedTests, digest: TestDigest | None) -> Iterator[TestSlow]:
    """The tests that passed and took much longer than at the base."""
    bad = {failure.name for failure in tests.failures.values()}
    passed = {
        name: test.seconds
        for name, test in tests.seconds.items()
        if name in tests.passed and name not in bad
    }
    for found in slower(passed, digest):
        test = tests.seconds[found.name]
        yield TestSlow(
            id=test.id,
            seconds=found.seconds,
            base_seconds=found.base_seconds,
            file_path=test.file_path,
            line=test.line,
        )


def with_digest(
    result: ExecutionComplete, tree: MeasuredTree, key: str, tests: ExecutedTests, flakes: Flakes
) -> ExecutionComplete:
    """The result with a digest for later runs, if it is of one commit's own tree and its end."""
    if tree.sha is None or tree.kind not in ("commit", "head") or result.conclusion != "finished":
        return result
    if not tests.finished:
        return result
    last = flakes.without(tests.failures)
    bad = {failure.name for failure in last}
    failed = {failure.name for failure in tests.failures.values()}
    digest = digest_of_tests(
        tree.sha,
        key,
        failing=bad,
        flaky=failed - bad,
        seconds={name: test.seconds for name, test in tests.seconds.items() if name not in failed},
    )
    whole = not tests.more_failures and (tests.total or 0) <= tests.finished
    kept, text = fitted(replace(digest, whole=whole), TEXT_LIMIT - KEPT_SIZE)
    notes = result.notes
    if left_out := len(digest.seconds) - len(kept.seconds):
        notes = (
            *notes,
            f"The durations of {plural(left_out, 'test')}, the shortest, do not fit into a check "
            "run: later runs don't compare with them.",
        )
    return result.model_copy(update={"digest": text, "notes": notes})
