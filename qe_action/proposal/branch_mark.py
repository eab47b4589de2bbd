"""What our branches, commits and pull requests are known by.

A commit of ours says so in a trailer, and a pull request in the first line of its body. Whether it
really is ours its author tells: the words alone anybody can write.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PREFIX = "qe-action/tests-for-"
_BRANCH = re.compile(rf"{PREFIX}[1-9]\d{{0,15}}")
_KEY = "Qe-Action-Tests"
_TRAILER = re.compile(
    rf"^{_KEY}: owner=(?P<owner>[0-9a-f]{{16}}) head=(?P<head>[0-9a-f]{{40,64}})"
    r" run=(?P<run>\d{1,16})\.(?P<attempt>\d{1,9})$",
    re.MULTILINE,
)
_BODY = re.compile(
    r"<!-- qe-action tests (?P<number>\d{1,16}) tip=(?P<tip>[0-9a-f]{40,64})"
    r"(?P<labelled> labelled)?(?P<closed> closed)? -->"
)
_SIGNED = re.compile(r"^Signed-off-by: .+ <.+>\s*$", re.MULTILINE)


def branch_name(number: int) -> str:
    """The branch with the tests for a pull request."""
    return f"{PREFIX}{number}"


def is_our_branch(name: str) -> bool:
    """Whether a branch, by its name, holds tests of ours."""
    return _BRANCH.fullmatch(name.removeprefix("refs/heads/")) is not None


@dataclass(frozen=True, slots=True)
class CommitMark:
    """Whose tests a commit adds: `owner` is a check's name as a hash, `run` a run and attempt.

    `head` is the commit that the tests are for.
    """

    owner: str
    head: str
    run: tuple[int, int]

    @property
    def line(self) -> str:
        """The trailer."""
        return f"{_KEY}: owner={self.owner} head={self.head} run={self.run[0]}.{self.run[1]}"


def read_commit_mark(message: str, parents: Sequence[str]) -> CommitMark | None:
    """The trailer of a commit that has the parents it would have; None of one that is not ours.

    It stands on the head that it is for, on a commit of ours, or on both. One that somebody has
    rebased stands elsewhere.
    """
    found = _TRAILER.findall(message)
    if len(found) != 1 or not 1 <= len(parents) <= 2:
        return None
    owner, head, run, attempt = found[0]
    if len(parents) == 2 and parents[1] != head:
        return None
    return CommitMark(owner, head, (int(run), int(attempt)))


@dataclass(frozen=True, slots=True)
class PullMark:
    """What a pull request of ours says of itself.

    `number` is that of the pull request it is for, `tip` the commit that its words are about.
    `labelled` says that it has been seen with our label, `closed` that we have closed it.
    """

    number: int
    tip: str
    labelled: bool = False
    closed: bool = False

    @property
    def line(self) -> str:
        """The first line of the body."""
        flags = f"{' labelled' * self.labelled}{' closed' * self.closed}"
        return f"<!-- qe-action tests {self.number} tip={self.tip}{flags} -->"


def read_pull_mark(body: str) -> PullMark | None:
    """The mark that a body begins with; None where it has none of ours."""
    found = _BODY.match(body)
    if found is None:
        return None
    return PullMark(
        int(found["number"]), found["tip"], bool(found["labelled"]), bool(found["closed"])
    )


def signs_off(messages: Iterable[str]) -> bool:
    """Whether a project's commits have a `Signed-off-by`: most of these messages do."""
    signed = [_SIGNED.search(message) is not None for message in messages]
    return sum(signed) * 2 > len(signed)
