"""What to do with the tests of a run, from what is there: the whole decision, and no more.

Commits of people are never lost. A branch that only we wrote to gets one commit more where its
history goes on, which GitHub takes only as a fast-forward; it is built anew where the pull
request's own history was rewritten, or where nothing of it is proposed any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from qe_action.proposal.branch_mark import CommitMark, PullMark

FORK = "the pull request is from a fork, which our token can't push to"
NO_PULL = "this run is about no pull request"
UNCONNECTED = "there is no token"
OWN = "this branch holds tests that qe-action made"
PUBLISHED = "the tests come from a run that is not trusted"
MOVED = "the pull request was pushed to while the tests were made"
COMMITTED = "somebody else has committed to {}, so that it is left as it is"
ANOTHER = "{} holds the tests of another check of this repository"
UNSURE = "it is not known which tests hold now"
DECLINED = "#{} was closed, so that none is opened again"

NOTHING_LEFT = "No generated test is left to propose, so this is closed."
ENDED = "The pull request that these tests are for was {}, so this is closed."
ENDED_WITHOUT = (
    "The pull request that these tests are for was {}. Somebody else has committed here, so this "
    "is left open."
)


State = Literal["open", "closed", "merged"]
"""Of the pull request that the tests are for."""


@dataclass(frozen=True, slots=True)
class Run:
    """This run. `count` tests are proposed; None where it is not known whether any holds."""

    owner: str
    head: str
    run: tuple[int, int]
    count: int | None


@dataclass(frozen=True, slots=True)
class Branch:
    """Our branch: its last commit, and the mark of that; None where somebody else made it."""

    name: str
    tip: str
    mark: CommitMark | None


@dataclass(frozen=True, slots=True)
class Pull:
    """The newest pull request from our branch, and the last commit that it has.

    `mark` is None of one that is not ours.
    """

    number: int
    state: Literal["open", "closed"]
    merged: bool
    mark: PullMark | None
    tip: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is there: the pull request that the tests are for, our branch and pull request.

    `follows` says that the head which the branch was made for is an ancestor of this one.
    """

    state: State
    head: str
    branch: Branch | None
    pull: Pull | None
    follows: bool = False


@dataclass(frozen=True, slots=True)
class Suggest:
    """Only a patch is given; `reason` completes "there is no pull request, because …"."""

    reason: str


@dataclass(frozen=True, slots=True)
class Leave:
    """All stays as it is; `reason` says why, where something is there."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Close:
    """Our pull request is closed with a sentence, and our branch deleted."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Tell:
    """Our pull request holds commits of others: it is only told of what happened."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Commit:
    """The tests are committed on `parents`.

    The branch is `made`; it goes on from `tip`, or is `rebuilt` in its place.
    """

    how: Literal["made", "goes on", "rebuilt"]
    parents: tuple[str, ...]
    tip: str = ""


@dataclass(frozen=True, slots=True)
class Keep:
    """A newer run for the same commit has written the branch: its tests stay."""


Step = Suggest | Leave | Close | Tell | Commit | Keep


def why_not(
    *, trusted: bool, about_pull: bool, fork: bool, own_branch: bool, connected: bool
) -> str:
    """Why a run can only suggest, before anything is asked; empty where it may do more."""
    reasons = (
        (not trusted, PUBLISHED),
        (not about_pull, NO_PULL),
        (fork, FORK),
        (own_branch, OWN),
        (not connected, UNCONNECTED),
    )
    return next((why for holds, why in reasons if holds), "")


def next_step(run: Run, seen: Seen) -> Step:
    """What this run does with its tests."""
    if seen.state != "open":
        return ending(seen)
    if reason := _obstacle(run, seen):
        return Suggest(reason) if run.count else Leave(reason)
    if run.count is None:
        return Leave(UNSURE)
    if not run.count:
        ours = seen.branch is not None and seen.branch.mark is not None
        return Close(NOTHING_LEFT) if ours or _is_open(seen.pull) else Leave()
    if seen.pull is not None and _was_declined(seen.pull):
        return Suggest(DECLINED.format(seen.pull.number))
    return _commit(run, seen)


def _obstacle(run: Run, seen: Seen) -> str:
    """Why the branch is not this run's to write, whatever it has found; empty where it is."""
    branch = seen.branch
    if seen.head != run.head:
        return MOVED
    if branch is None or _is_merged(branch, seen.pull):
        return ""
    if branch.mark is None:
        return COMMITTED.format(branch.name)
    return ANOTHER.format(branch.name) if branch.mark.owner != run.owner else ""


def ending(seen: Seen) -> Step:
    """What becomes of our branch and pull request where the one they are for has ended."""
    branch, state = seen.branch, seen.state
    if branch is not None and branch.mark is None:
        return Tell(ENDED_WITHOUT.format(state)) if _is_open(seen.pull) else Leave()
    if branch is None and not _is_open(seen.pull):
        return Leave()
    return Close(ENDED.format(state))


def _is_open(pull: Pull | None) -> bool:
    return pull is not None and pull.state == "open"


def _is_merged(branch: Branch, pull: Pull | None) -> bool:
    """All that is on the branch was merged, so that nothing is lost with it."""
    return pull is not None and pull.merged and pull.tip == branch.tip


def _was_declined(pull: Pull) -> bool:
    """Somebody closed it, and not we."""
    ours = pull.mark is not None and pull.mark.closed
    return pull.state == "closed" and not pull.merged and not ours


def _commit(run: Run, seen: Seen) -> Step:
    branch = seen.branch
    if branch is None:
        return Commit("made", (run.head,))
    rebuilt = Commit("rebuilt", (run.head,), branch.tip)
    if branch.mark is None:
        return rebuilt
    if branch.mark.head == run.head:
        newer = branch.mark.run > run.run
        return Keep() if newer else Commit("goes on", (branch.tip,), branch.tip)
    if _is_open(seen.pull) and seen.follows:
        return Commit("goes on", (branch.tip, run.head), branch.tip)
    return rebuilt
