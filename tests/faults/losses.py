"""What may be missing after a fault that does not pass, and what the log then says.

They stand in `.github/docs/losses.md`: `python tests/faults/run.py --table` prints what it holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from faulty_github import Position
from kinds import LONGER, STAYING, Kind


@dataclass(frozen=True)
class Loss:
    """What a request that stays refused costs: parts of the outcome, and the words for it.

    `says` is a regular expression; there are no words for what is as its reader wants it.
    """

    costs: str
    parts: tuple[str, ...]
    says: str


_CHECK = ("checks", "summary", "annotations")
_ANALYSIS = (*_CHECK, "comments", "outputs", "reviews", "tests")
_TESTS = ("tests", "comments", "summary", "outputs")
_NO_TESTS = "the pull request with tests stays as it was; the tests are a patch"
_EVERYTHING = (*_ANALYSIS, "count", "open")

BY_ENDPOINT = {
    "create check": Loss("no check run", (*_CHECK, "count"), "create the check run"),
    "update check": Loss(
        "annotations of this step; the conclusion where it can't be said without them either",
        (*_CHECK, "count", "open"),
        "update the check run",
    ),
    "list checks": Loss("no check run", (*_CHECK, "count"), "list check runs"),
    "list annotations": Loss("no check run", (*_CHECK, "count"), "list annotations"),
    "read comment": Loss("the comment stays as it was", ("comments",), "read the comment"),
    "list comments": Loss(
        "the comment, or the pull request with tests that has ended, stays as it was",
        ("comments", "tests"),
        "list the pull request's comments",
    ),
    "who am I": Loss(
        "the comment, and the pull request with tests, stay as they were",
        ("comments", "tests", "summary", "outputs"),
        "ask who the token is",
    ),
    "create comment": Loss(
        "no comment; a pull request with tests that has ended stays open",
        ("comments", "tests"),
        "comment on the pull request",
    ),
    "update comment": Loss("the comment stays as it was", ("comments",), "edit the comment"),
    "list review comments": Loss(
        "the review comments stay as they were", ("reviews",), "list the review comments"
    ),
    "create review": Loss("no review", ("reviews",), "review the pull request"),
    "update review comment": Loss(
        "the review comment stays as it was", ("reviews",), "edit the review comment"
    ),
    "delete review comment": Loss(
        "the review comment stays", ("reviews",), "delete the review comment"
    ),
    "compare": Loss("the changed lines are not known", _ANALYSIS, "GitHub did not compare"),
    "list files": Loss(
        "the changed lines are not known, or no review",
        _ANALYSIS,
        "(GitHub did not list the changed files|list the pull request's files)",
    ),
    "read pull": Loss(
        "the changed lines are not known, or the tests are only a patch",
        _ANALYSIS,
        "(GitHub did not list the changed files|read pull request 7)",
    ),
    "read baseline": Loss(
        "no comparison with the base",
        ("summary", "comments", "checks"),
        "The baseline could not be read",
    ),
    "list history": Loss(
        "no comparison with the base, or the tests are only a patch",
        ("summary", "comments", "checks", "tests", "outputs"),
        "(The baseline could not be read|list the commits)",
    ),
    "list pulls": Loss(_NO_TESTS, _TESTS, "list the pull requests of the branch"),
    "open pull": Loss(_NO_TESTS, _TESTS, "open a pull request with the tests"),
    "edit pull": Loss(_NO_TESTS, _TESTS, "edit the pull request with the tests"),
    "read label": Loss("no label", _TESTS, "read the label"),
    "add label": Loss("no label", _TESTS, "label the pull request with the tests"),
    "read branch": Loss(_NO_TESTS, _TESTS, "read the branch"),
    "read ref": Loss(_NO_TESTS, _TESTS, "read the branch"),
    "make branch": Loss(_NO_TESTS, _TESTS, "make the branch"),
    "move branch": Loss(_NO_TESTS, _TESTS, "move the branch"),
    "delete branch": Loss("the branch of what has ended stays", _TESTS, "delete the branch"),
    "read commit": Loss(_NO_TESTS, _TESTS, "read the commit"),
    "make commit": Loss(_NO_TESTS, _TESTS, "make the commit"),
    "read tree": Loss(_NO_TESTS, _TESTS, "read the tree"),
    "make tree": Loss(_NO_TESTS, _TESTS, "make the commit's tree"),
    "start workflow": Loss("the workflow is not started", ("tests",), "start the workflow"),
}
"""By what is refused for good. Nothing else may be lost, and never anything of others."""

BY_KIND = {
    "401": r"\(401\): Bad credentials\. .*Give a valid token",
    "403": r"\(403\): Resource not accessible by integration",
    "404": r"\(404\): Not Found",
    "409": r"\(409\): Conflict",
    "422": r"\(422\): Validation Failed",
    "long secondary limit": r"\(403\): You have exceeded a secondary rate limit",
    "long primary limit": r"\(403\): API rate limit exceeded",
    "six times half an answer": r"the connection was dropped",
    "six times no answer": r"the connection was dropped",
    "401 three times": r"\(401\): Bad credentials",
    "outage": r"\(503\): Service unavailable",
}
"""By what refuses: GitHub's own words stand behind ours."""

NOTHING_THERE = ("read branch", "read ref", "read label", "delete branch")
"""Where a 404 is an answer as good as any."""

READ = ("compare", "list files", "read pull", "read baseline", "list history")
"""What the analysis reads once, when it begins. All else is tried again at the run's end."""

_DELETED = Loss("a review comment that somebody deleted is not made again", ("reviews",), "")
_ABSENT = Loss("what is said not to be there is taken for that", _TESTS, "")
_LASTING = Loss("what was not yet delivered", _EVERYTHING, "")


def loss(position: Position, kind: Kind) -> Loss | None:
    """What may be lost; None: nothing."""
    if kind.passes:
        return None
    if kind in LONGER and position.endpoint not in READ:
        return None
    if kind.lasting == "all" or kind.name == "long primary limit":
        return _LASTING
    if (position.endpoint, kind.name) == ("update review comment", "404"):
        return _DELETED
    if position.endpoint in NOTHING_THERE and kind.name == "404":
        return _ABSENT
    return BY_ENDPOINT.get(position.endpoint)


def is_said(log: str, kind: Kind, lost: Loss) -> bool:
    """Whether a line of the log says what was lost and why."""
    if lost in (_DELETED, _ABSENT):
        return True
    return re.search(f"{lost.says}.*{BY_KIND[kind.name]}", log) is not None


def table() -> str:
    """Both as Markdown tables, in words for people."""
    rows = ["| Where GitHub does not take or give | Lost at most | The log says |", _LINE]
    rows += [
        f"| {name} | {lost.costs} | {_in_words(lost.says)} |" for name, lost in BY_ENDPOINT.items()
    ]
    rows.append(f"| update review comment, 404 | {_DELETED.costs} | |")
    rows.append(f"| {', '.join(NOTHING_THERE)}, 404 | {_ABSENT.costs} | |")
    rows += ["", "| What it answers | It lasts for | The log goes on with |", _LINE]
    rows += [
        f"| {kind.name} | {_lasts(kind)} | {_in_words(BY_KIND[kind.name])} |" for kind in STAYING
    ]
    return "\n".join(rows)


_LINE = "| :-- | :-- | :-- |"


def _lasts(kind: Kind) -> str:
    if loss(Position("any", 1), kind) is _LASTING:
        return f"all requests, which costs {_LASTING.costs}"
    return "all requests of this sort" if kind.lasting == "endpoint" else "this request"


def _in_words(expression: str) -> str:
    """What a regular expression of ours finds, as people write it."""
    shown = expression.replace("\\", "").replace(" .*", " … ").replace(".*", " … ")
    if "|" in shown:
        shown = "” or “".join(shown.strip("()").split("|"))
    return f"“{shown}”"
