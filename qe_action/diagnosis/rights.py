"""What a token may do, judged from what is known without writing: always with the evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from qe_action.diagnosis.facts import Access, Facts, Level, Read

Right = Literal["contents", "checks", "pull-requests", "actions"]
_PERSONAL = {"classic": "a classic personal token", "fine-grained": "a fine-grained personal token"}
_LOG = (
    "the job's log lists its permissions under “Set up job”, and nothing but writing would show it"
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether something may be done, and the evidence. `mendable`: `permissions:` would do it.

    The level of what a fork's token may not do is `info`: nobody can grant it, it is no error.
    """

    level: Level
    why: str
    mendable: bool = False


def may_read(facts: Facts, right: Right) -> Verdict:
    """Whether the token may read, as GitHub answered."""
    access = facts.access or Access()
    if facts.bearer == "none":
        return Verdict("fail", "there is no token")
    if access.bad_token:
        return Verdict("fail", access.refusal)
    answer = _answer(access, right)
    if answer == "allowed":
        return Verdict("ok", "GitHub answered a read")
    if answer == "refused":
        return Verdict("fail", _refused(access), mendable=True)
    granted = _granted(facts)
    if granted is not None and granted.get(right) in ("read", "write"):
        return Verdict("ok", _says(facts, f"{right}: {granted[right]}"))
    return Verdict("unknown", access.refusal or "GitHub was not asked")


def may_write(facts: Facts, right: Right) -> Verdict:
    """Whether the token may write, which nothing is written to find out."""
    access = facts.access or Access()
    if (hopeless := _hopeless(facts, right, access)) is not None:
        return hopeless
    fork = _of_fork(facts)
    if fork is not None and fork.level == "info" and facts.bearer not in _PERSONAL:
        return fork  # whatever it may read
    if _answer(access, right) == "refused":
        return Verdict("fail", f"not even reading is allowed: {_refused(access)}", mendable=True)
    if access.scopes is not None and facts.bearer == "classic":
        return _scoped(facts, access.scopes)
    if facts.bearer in _PERSONAL:
        return Verdict("unknown", "nothing but writing would show what a personal token may write")
    return fork or _of_the_job(facts, right, access)


def _hopeless(facts: Facts, right: Right, access: Access) -> Verdict | None:
    if facts.bearer == "none":
        return Verdict("fail", "there is no token")
    if access.bad_token:
        return Verdict("fail", access.refusal)
    if right == "checks" and facts.bearer in _PERSONAL:
        why = f"{_PERSONAL[facts.bearer]} can't write check runs: only an App's can, as the job's"
        return Verdict("fail", why)
    return None


def _scoped(facts: Facts, scopes: tuple[str, ...]) -> Verdict:
    enough = "repo" in scopes or ("public_repo" in scopes and facts.run.private is not True)
    named = ", ".join(scopes) or "none"
    return Verdict("ok" if enough else "fail", f"the token's scopes are: {named}")


def _of_fork(facts: Facts) -> Verdict | None:
    if not (facts.run.fork and facts.run.event == "pull_request"):
        return None
    why = "the pull request is from a fork, so GitHub lets the job's token only read"
    if facts.run.private is True:
        return Verdict("unknown", f"{why}, unless the repository sends write tokens to forks")
    return Verdict("info", why)


def _of_the_job(facts: Facts, right: Right, access: Access) -> Verdict:
    granted = _granted(facts)
    if granted is not None:
        if granted.get(right) == "write":
            return Verdict("ok", _says(facts, f"{right}: write"))
        return Verdict("fail", _says(facts, f"no {right}: write"), mendable=True)
    if facts.run.dependabot:
        why = "Dependabot's runs get a token that only reads, unless permissions: raises it"
        return Verdict("unknown", why, mendable=True)
    if right == "checks" and access.wrote:
        return Verdict("ok", "a check run of this name stands on the commit already")
    return Verdict("unknown", _LOG, mendable=True)


def _granted(facts: Facts) -> dict[str, str] | None:
    """What the workflow's file grants the job's token; None where that is not what serves."""
    workflow = facts.workflow
    ours = facts.bearer == "installation" and facts.run.in_workflow
    if workflow is None or workflow.grants is None or not workflow.own_token or not ours:
        return None
    return dict(workflow.grants)


def _says(facts: Facts, what: str) -> str:
    assert facts.workflow is not None
    return f"{facts.workflow.path} has {what} for this job's token"


def _answer(access: Access, right: Right) -> Read:
    answers: dict[Right, Read] = {
        "contents": access.contents,
        "checks": access.checks,
        "pull-requests": access.comments,
        "actions": "not asked",
    }
    return answers[right]


def _refused(access: Access) -> str:
    takes = f" (it takes {access.accepted})" if access.accepted else ""
    return f"{access.refusal}{takes}"
