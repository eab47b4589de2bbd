"""The one table of checks: each takes the facts and gives findings, a new one is one line here.

What was found comes first, then what will work of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal, NamedTuple

from qe_action.diagnosis import inventory, outlook, suite_outlook, tests_outlook
from qe_action.diagnosis.facts import Facts, Finding


class Check(NamedTuple):
    """A check: where its findings are shown, what about, and what makes them.

    `publishing` has it made for `mode: publish` too, which needs no report and no checkout.
    """

    part: Literal["found", "outlook"]
    topic: str
    find: Callable[[Facts], Iterator[Finding]]
    publishing: bool = False


CHECKS: tuple[Check, ...] = (
    Check("found", "event", inventory.event, publishing=True),
    Check("found", "tree", inventory.tree),
    Check("found", "token", inventory.token, publishing=True),
    Check("found", "permissions", inventory.permissions, publishing=True),
    Check("found", "history", inventory.history),
    Check("found", "reports", inventory.reports),
    Check("found", "paths", inventory.paths),
    Check("found", "workflow", inventory.workflow),
    Check("found", "tests-outcome", inventory.outcome),
    Check("outlook", "check-run", outlook.check_run, publishing=True),
    Check("outlook", "annotations", outlook.annotated),
    Check("outlook", "comment", outlook.comment, publishing=True),
    Check("outlook", "review-comments", outlook.review_comments, publishing=True),
    Check("outlook", "patch-coverage", outlook.patch_coverage),
    Check("outlook", "tests", suite_outlook.suite),
    Check("outlook", "generated-tests", outlook.generated_tests),
    Check("outlook", "model", tests_outlook.model),
    Check("outlook", "tests-pull", tests_outlook.tests_pull),
    Check("outlook", "gates", outlook.gates),
    Check("outlook", "baseline", outlook.baseline),
)


def diagnose(facts: Facts) -> tuple[Finding, ...]:
    """All findings, in the order of the table."""
    return tuple(
        replace(finding, topic=check.topic, part=check.part)
        for check in CHECKS
        if check.publishing or not facts.asked.publishes
        for finding in check.find(facts)
    )


def works(findings: tuple[Finding, ...]) -> bool:
    """Whether nothing that was asked for is known to fail."""
    return all(finding.level != "fail" for finding in findings)
