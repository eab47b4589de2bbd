"""Which run this is: the workflow's environment and event payload, read once and checked.

Both are written by others: a fork's branch name is in the payload. What names a commit, a
repository, a number or an address is checked; plain text is cut to one line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from qe_action.errors import UsageError
from qe_action.github.model import REPO_NAME
from qe_action.workspace.change import PullRef

T = TypeVar("T")
PULL_EVENTS = ("pull_request", "pull_request_target")
_SHA = r"[0-9a-f]{40}|[0-9a-f]{64}"
_BRANCH = r"(?!-)(?!.*\.\.)[^\x00-\x20\x7f~^:?*\[\\]{1,255}"  # of git-check-ref-format
_URL = r"https?://[\w.\-\[\]:]{1,255}(/[\w.~%/-]{0,255})?"
_MAX_NUMBER = 2**53  # the largest whole number that JSON carries everywhere


@dataclass(frozen=True, slots=True)
class RunContext:
    """A run of a workflow; outside of one most fields are None or empty.

    `sha` is GITHUB_SHA: under `pull_request` the test merge, which `pull.merge_sha` repeats;
    what is delivered belongs to `pull.head_sha`. `workspace` is the checkout's path.
    """

    event_name: str = ""
    repo: str | None = None
    sha: str | None = None
    ref: str = ""
    run_id: int | None = None
    run_attempt: int = 1
    job: str = ""
    workflow: str = ""
    actor: str = ""
    workspace: str | None = None
    server_url: str = "https://github.com"
    api_url: str = "https://api.github.com"
    default_branch: str | None = None
    pull: PullRef | None = None
    pull_state: Literal["open", "closed"] | None = None
    draft: bool = False
    head_repo: str | None = None
    base_repo: str | None = None
    is_fork: bool = False

    @property
    def head_sha(self) -> str | None:
        """The commit that check and links belong to."""
        return self.pull.head_sha if self.pull else self.sha

    @property
    def run_url(self) -> str | None:
        """The run's page."""
        if self.repo is None or self.run_id is None:
            return None
        url = f"{self.server_url}/{self.repo}/actions/runs/{self.run_id}"
        return url if self.run_attempt == 1 else f"{url}/attempts/{self.run_attempt}"


def read_context(env: Mapping[str, str], payload: Mapping[str, Any]) -> RunContext:
    """The context in the variables that GitHub's runner sets and the event's payload.

    Raises `UsageError` naming the variable or the payload's field that is not what it should
    be. Events without a pull request have `pull` None.
    """
    event = _line(env.get("GITHUB_EVENT_NAME", ""))
    ref, sha = _line(env.get("GITHUB_REF", "")), _sha(env.get("GITHUB_SHA") or None, "GITHUB_SHA")
    repo = _match(REPO_NAME, env.get("GITHUB_REPOSITORY") or None, "GITHUB_REPOSITORY")
    known = RunContext()
    run = RunContext(
        event_name=event,
        repo=repo,
        sha=sha,
        ref=ref,
        run_id=_count(env.get("GITHUB_RUN_ID") or None, "GITHUB_RUN_ID"),
        run_attempt=_count(env.get("GITHUB_RUN_ATTEMPT") or "1", "GITHUB_RUN_ATTEMPT") or 1,
        job=_line(env.get("GITHUB_JOB", "")),
        workflow=_line(env.get("GITHUB_WORKFLOW", "")),
        actor=_line(env.get("GITHUB_ACTOR", "")),
        workspace=env.get("GITHUB_WORKSPACE") or None,
        server_url=_address(env, "GITHUB_SERVER_URL", known.server_url),
        api_url=_address(env, "GITHUB_API_URL", known.api_url),
        default_branch=_default_branch(payload),
    )
    return _with_pull(run, payload) if event in PULL_EVENTS else run


def _with_pull(run: RunContext, payload: Mapping[str, Any]) -> RunContext:
    pull = _object(payload, "pull_request", "")
    head, base = (_object(pull, side, "pull_request.") for side in ("head", "base"))
    number = _needed(_count(pull.get("number"), "pull_request.number"), "pull_request.number")
    head_sha, base_sha = (
        _needed(_sha(side.get("sha"), field), field)
        for side, field in ((head, "pull_request.head.sha"), (base, "pull_request.base.sha"))
    )
    is_merge = run.ref == f"refs/pull/{number}/merge"
    merge = pull.get("merge_commit_sha") or None
    head_repo = _repo_of(head, "pull_request.head.repo")
    base_repo = _repo_of(base, "pull_request.base.repo") or run.repo
    state = pull.get("state")
    return replace(
        run,
        pull=PullRef(
            number=number,
            head_sha=head_sha,
            base_sha=base_sha,
            base_ref=_match(_BRANCH, base.get("ref"), "pull_request.base.ref"),
            merge_sha=run.sha if is_merge else _sha(merge, "pull_request.merge_commit_sha"),
        ),
        pull_state=state if state in ("open", "closed") else None,
        draft=pull.get("draft") is True,
        head_repo=head_repo,
        base_repo=base_repo,
        is_fork=head_repo is None or head_repo != base_repo,
    )


def _repo_of(side: Mapping[str, Any], field: str) -> str | None:
    """The full name of a side's repository; None for a fork that was deleted."""
    repo = side.get("repo")
    if repo is None:
        return None
    if not isinstance(repo, Mapping):
        raise _wrong(field, repo)
    return _match(REPO_NAME, repo.get("full_name"), f"{field}.full_name")


def _default_branch(payload: Mapping[str, Any]) -> str | None:
    repository = payload.get("repository")
    name = repository.get("default_branch") if isinstance(repository, Mapping) else None
    return _line(name) if isinstance(name, str) else None


def _object(of: Mapping[str, Any], name: str, above: str) -> Mapping[str, Any]:
    value = of.get(name)
    if not isinstance(value, Mapping):
        raise _wrong(f"{above}{name}", value)
    return value


def _address(env: Mapping[str, str], name: str, default: str) -> str:
    value = _match(_URL, env.get(name) or default, name)
    return (value or default).rstrip("/")


def _sha(value: object, field: str) -> str | None:
    return _match(_SHA, value, field)


def _match(pattern: str, value: object, field: str) -> str | None:
    """The text where it is as it should be; None stays None."""
    if value is None:
        return None
    if not isinstance(value, str) or not re.fullmatch(pattern, value, re.ASCII):
        raise _wrong(field, value)
    return value


def _count(value: object, field: str) -> int | None:
    """A whole number from 1 on, out of JSON or of a variable's text."""
    if value is None:
        return None
    if isinstance(value, str) and re.fullmatch("[0-9]{1,16}", value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < _MAX_NUMBER:
        raise _wrong(field, value)
    return value


def _needed(value: T | None, field: str) -> T:
    if value is None:
        raise _wrong(field, None)
    return value


def _line(text: str) -> str:
    """Plain text on one line of bounded length."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:255]


def _wrong(field: str, value: object) -> UsageError:
    shown = "is missing" if value is None else f"is {value!r:.60}"
    return UsageError(
        f"The event's {field} {shown}, which can't be.",
        hint="GITHUB_EVENT_PATH must hold the payload that GitHub wrote.",
        anchor="troubleshooting",
    )
