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
_ANALYSIS = (*_CHECK, "comments", "outputs", "reviews")
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
        "the comment stays as it was", ("comments",), "list the pull request's comments"
    ),
    "who am I": Loss("the comment stays as it was", ("comments",), "ask who the token is"),
    "create comment": Loss("no comment", ("comments",), "comment on the pull request"),
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
        "the changed lines are not known", _ANALYSIS, "GitHub did not list the changed files"
    ),
    "read baseline": Loss(
        "no comparison with the base",
        ("summary", "comments", "checks"),
        "The baseline could not be read",
    ),
    "list history": Loss(
        "no comparison with the base",
        ("summary", "comments", "checks"),
        "The baseline could not be read",
    ),
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

READ = ("compare", "list files", "read pull", "read baseline", "list history")
"""What the analysis reads once, when it begins. All else is tried again at the run's end."""

_DELETED = Loss("a review comment that somebody deleted is not made again", ("reviews",), "")
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
    return BY_ENDPOINT.get(position.endpoint)


def is_said(log: str, kind: Kind, lost: Loss) -> bool:
    """Whether a line of the log says what was lost and why."""
    if lost is _DELETED:
        return True
    return re.search(f"{lost.says}.*{BY_KIND[kind.name]}", log) is not None


def table() -> str:
    """Both as Markdown tables, in words for people."""
    rows = ["| Where GitHub does not take or give | Lost at most | The log says |", _LINE]
    rows += [
        f"| {name} | {lost.costs} | {_in_words(lost.says)} |" for name, lost in BY_ENDPOINT.items()
    ]
    rows.append(f"| update review comment, 404 | {_DELETED.costs} | |")
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
