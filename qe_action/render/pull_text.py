"""The words of a pull request with tests, and of its commits.

What they tell of comes from a generator that has seen the pull request: everything is escaped.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from qe_action.events import GenerationComplete, TestCase
from qe_action.render.generated import circumstances, reached, sentences
from qe_action.render.head_lines import HeadLines
from qe_action.render.links import Links
from qe_action.render.state import RunState
from qe_action.text import cell, clip, code, fenced, plain, plural, prose, size

LIMIT = 65_536
"""Characters of a pull request's body."""
ROWS = (100, 50, 25, 10, 0)
NAME = 120
FILES, NOTES = 20, 10


class PullText(NamedTuple):
    """What a pull request with tests tells of: the one that they are for, by number and head.

    `tests` are those that it holds, `left_out` are sentences on those that it does not.
    """

    number: int
    head: str
    branch: str
    result: GenerationComplete
    tests: Sequence[TestCase]
    left_out: Sequence[str] = ()


def title(text: PullText) -> str:
    """The pull request's title."""
    return f"Add {plural(len(text.tests), 'test')} for pull request {text.number}"


def commit_message(text: PullText, trailers: Sequence[str], *, first: bool) -> str:
    """A commit's message."""
    one = f"Add tests for pull request {text.number}"
    subject = one if first else f"Update the tests for pull request {text.number}"
    count = plural(len(text.tests), "test")
    told = f"{count}, made and verified by qe-action for {text.head[:12]}."
    return "\n\n".join((subject, told, "\n".join(trailers)))


def body(text: PullText, mark: str, state: RunState, links: Links) -> str:
    """The pull request's body, with as many rows as fit."""
    whole = ""
    for rows in ROWS:
        whole = "\n".join((mark, *_lines(text, state, links, rows))) + "\n"
        if size(whole) <= LIMIT:
            break
    return whole


def _lines(text: PullText, state: RunState, links: Links, rows: int) -> Iterator[str]:
    yield (
        f"Tests for {_pull(text, links)}, which qe-action made and verified for its commit "
        f"{code(text.head[:12])}. They go onto its branch; nothing but tests is changed."
    )
    yield ""
    yield " ".join(("**Generated tests:**", *sentences(text.result)))
    yield ""
    yield from _table(text, links, HeadLines(state), rows)
    yield from (f"- {prose(clip(line, 600))}" for line in text.left_out[:NOTES])
    yield from [""] if text.left_out else []
    yield "**To run them**"
    yield ""
    yield from fenced("\n".join(_commands(text)), "sh")
    yield ""
    yield from _unverified(text, state)
    yield ""
    yield (
        "<sub>A push to that branch updates this pull request, and it is closed when no test is "
        "left or the other one has ended. Once somebody else commits here, it is left alone.</sub>"
    )


def _pull(text: PullText, links: Links) -> str:
    return f"[#{text.number}]({links.server}/{links.repo}/pull/{text.number})"


def _table(text: PullText, links: Links, head: HeadLines, rows: int) -> Iterator[str]:
    if not rows:
        return
    yield "| Test | Missed before, reached with it | Mutants noticed | Where it passed |"
    yield "| :-- | :-- | --: | :-- |"
    for case in text.tests[:rows]:
        evidence = case.evidence
        mutants = f"{evidence.killed:,} of {evidence.mutants:,}" if evidence else ""
        where = clip(circumstances(evidence).removeprefix("passed "), 300)
        row = (
            code(clip(case.test_name, NAME)),
            reached(case, links, head) or "not told",
            mutants if evidence and evidence.mutants else "none can be made",
            plain(where) or "not told",
        )
        yield f"| {' | '.join(map(cell, row))} |"
    if (left := len(text.tests) - rows) > 0:
        yield ""
        yield f"_{plural(left, 'more test')} left out here._"
    yield ""


def _commands(text: PullText) -> Iterator[str]:
    paths = list(dict.fromkeys(case.path for case in text.tests))
    paths = [f"./{path}" if path.startswith("-") else path for path in paths]
    some = paths if len(paths) <= FILES else []
    yield f"git fetch origin {text.branch} && git switch --detach FETCH_HEAD"
    yield shlex.join(["python", "-m", "pytest", *some])


def _unverified(text: PullText, state: RunState) -> Iterator[str]:
    result = text.result
    yield "**What was not verified**"
    yield ""
    yield "- Whether the code is right: a test says what the code does at this commit."
    if state.result and state.result.measured and state.result.measured.tree == "merge":
        yield "- The branch alone: they ran on its merge with the base branch."
    yield "- Other machines, systems and versions of Python than those above."
    yield "- Your own continuous integration: it has not run these tests yet."
    if count := len(result.suspicions):
        bugs = plural(count, "example of the documentation", "examples of the documentation")
        yield f"- {bugs} that the code contradicts: no test pins what it does there."
