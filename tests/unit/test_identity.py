"""Names and identities of a step's two check runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qe_action.github.identity import (
    Identity,
    RunKey,
    SeenIdentity,
    group_hash,
    name_for_tests,
    read_external_id,
)
from qe_action.github.payloads import CheckRef, CheckSeen
from qe_action.sinks.step_checks import steps_of

COVERAGE = Identity("unit coverage", "a" * 40, RunKey(42, 1), "build", "report", group="all")
TESTS = replace(COVERAGE, name="unit tests", about="tests", place="unit coverage")


@pytest.mark.parametrize(
    ("name", "tests"),
    [
        ("qe-action coverage", "qe-action tests"),
        ("coverage of coverage", "coverage of tests"),
        ("Coverage (3.13)", "Tests (3.13)"),
        ("COVERAGE", "TESTS"),
        ("unit", "unit tests"),
        ("unit tests", "unit tests tests"),
    ],
)
def test_the_check_run_of_the_tests_is_named_after_the_other(name: str, tests: str) -> None:
    assert name_for_tests(name) == tests


def test_an_external_id_says_what_the_check_run_is_about() -> None:
    seen, of_tests = read_external_id(COVERAGE.external_id), read_external_id(TESTS.external_id)
    assert seen is not None
    assert seen.about == "coverage"
    assert of_tests == SeenIdentity(seen.key, seen.place, seen.group, "tests")


def test_the_identity_of_coverage_is_what_earlier_versions_wrote() -> None:
    known = Identity("cov", "a" * 40, RunKey(1, 1), "test", "report")
    assert known.external_id == "qe:1.1:eb46e5dde125:-:24c484d8b0d7c2e5efafdaad0e76e0de"


def seen(identity: Identity, number: int, conclusion: str | None = "success") -> CheckSeen:
    status = "in_progress" if conclusion is None else "completed"
    said = f"{identity.name} {identity.key.attempt}"
    ref = CheckRef(number, f"https://github.com/{number}")
    return CheckSeen(ref, identity.name, identity.external_id, status, conclusion, said, said, 0)


def again(identity: Identity) -> Identity:
    return replace(identity, key=RunKey(42, 2))


OTHER = replace(COVERAGE, name="slow", place="", job="slow")


def test_a_step_is_what_its_newest_run_has_of_both() -> None:
    checks = [seen(TESTS, 1, "failure"), seen(COVERAGE, 2), seen(OTHER, 3), seen(again(TESTS), 4)]
    told = {step.last.name: step for step in steps_of(checks, group_hash("all"))}
    assert set(told) == {"slow", "unit tests"}
    assert told["unit tests"].title == "unit tests 2"
    checks.append(seen(again(COVERAGE), 5, None))
    (step,) = (step for step in steps_of(checks) if len(step.checks) == 2)
    assert (step.last.ref.id, step.conclusion) == (5, None)
    assert [check.ref.id for check in step.checks] == [4, 5]


@pytest.mark.parametrize(
    ("tests", "coverage", "both"),
    [
        ("success", "failure", "failure"),
        ("failure", "success", "failure"),
        ("cancelled", "success", "cancelled"),
        ("success", "success", "success"),
        ("timed_out", "success", "neutral"),
    ],
)
def test_a_step_ends_as_the_worse_of_both(tests: str, coverage: str, both: str) -> None:
    (step,) = steps_of([seen(TESTS, 1, tests), seen(COVERAGE, 2, coverage)])
    assert step.conclusion == both
    assert set(step.title.split("; ")) == {"unit tests 1", "unit coverage 1"}


def test_what_failed_is_said_first() -> None:
    (step,) = steps_of([seen(TESTS, 1, "success"), seen(COVERAGE, 2, "failure")])
    assert step.title == "unit coverage 1; unit tests 1"


def test_another_group_s_and_other_apps_check_runs_are_none_of_ours() -> None:
    checks = [seen(replace(COVERAGE, group="b"), 1), replace(seen(OTHER, 2), external_id="ci")]
    assert list(steps_of(checks, group_hash("all"))) == []
