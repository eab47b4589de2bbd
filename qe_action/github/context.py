"""Which run this is: the workflow's environment and event payload, read once and checked.

Both are written by others: a fork's branch name is in the payload. What names a commit, a
repository, a number or an address is checked; plain text is cut to one line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from qe_action.errors import UsageError
from qe_action.github import fields
from qe_action.github.fields import Fields, needed, part
from qe_action.github.slash_command import COMMENT_EVENT, SlashCommand, read_command
from qe_action.proposal.branch_mark import is_our_branch
from qe_action.workspace.diff_sources import CommitRef, PullRef

_HEADS = "refs/heads/"


@dataclass(frozen=True, slots=True)
class RunContext:
    """A run of a workflow; outside of one most fields are None or empty.

    `sha` is GITHUB_SHA: under `pull_request` the test merge, which `pull.merge_sha` repeats,
    under `workflow_run` the default branch's last commit. `pull` is the pull request that the
    run is about, `commit` the commit that a merge group, a push or a finished workflow is
    about; both are known where the finished workflow's pull request is. `command` is a comment
    that asks for tests. `workspace` is the checkout's path, `head_ref` the name of the pull
    request's branch.
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
    head_ref: str = ""
    commit: CommitRef | None = None
    command: SlashCommand | None = None

    @property
    def target_sha(self) -> str | None:
        """The commit that gets the check run; None where the event is about none."""
        if self.pull is not None:
            return self.pull.head_sha
        return self.commit.head_sha if self.commit else None

    @property
    def head_sha(self) -> str | None:
        """The commit that links lead to: that of the check run, else the checked-out one."""
        return self.target_sha or self.sha

    @property
    def has_own_tests(self) -> bool:
        """Whether the run is about a branch of this repository that holds tests of ours."""
        return is_our_branch(self.ref) or (not self.is_fork and is_our_branch(self.head_ref))

    @property
    def ended(self) -> bool:
        """Whether the event says that the pull request was merged or closed."""
        events = ("pull_request", "pull_request_target")
        return self.event_name in events and self.pull_state == "closed"

    @property
    def keeps_baseline(self) -> bool:
        """Whether later runs may compare with this one: a merge group or a push to any branch."""
        return self.commit is not None and self.commit.event in ("merge_group", "push")

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
    be. Events that no reader is for have neither `pull` nor `commit`.
    """

    def given(name: str) -> str | None:
        return env.get(name) or None

    known = RunContext()
    run = RunContext(
        event_name=fields.line(env.get("GITHUB_EVENT_NAME", "")),
        repo=fields.repo_name(given("GITHUB_REPOSITORY"), "GITHUB_REPOSITORY"),
        sha=fields.sha(given("GITHUB_SHA"), "GITHUB_SHA"),
        ref=fields.line(env.get("GITHUB_REF", "")),
        run_id=fields.count(given("GITHUB_RUN_ID"), "GITHUB_RUN_ID"),
        run_attempt=fields.count(given("GITHUB_RUN_ATTEMPT"), "GITHUB_RUN_ATTEMPT") or 1,
        job=fields.line(env.get("GITHUB_JOB", "")),
        workflow=fields.line(env.get("GITHUB_WORKFLOW", "")),
        actor=fields.line(env.get("GITHUB_ACTOR", "")),
        workspace=given("GITHUB_WORKSPACE"),
        server_url=fields.address(given("GITHUB_SERVER_URL"), "GITHUB_SERVER_URL")
        or known.server_url,
        api_url=fields.address(given("GITHUB_API_URL"), "GITHUB_API_URL") or known.api_url,
        default_branch=_default_branch(payload),
    )
    read = _READERS.get(run.event_name)
    return read(run, payload) if read else run


def with_named_pull(run: RunContext, pull: Fields) -> RunContext:
    """The run, about a pull request that its event does not name, as GitHub describes it.

    Raises `UsageError` where the description can't be, or where the run is about another
    commit than the pull request's head.
    """
    named = _with_pull(run, {"pull_request": pull})
    assert named.pull is not None
    head = named.pull.head_sha
    if run.commit is not None and run.commit.head_sha != head:
        raise UsageError(
            f"The head of pull request {named.pull.number} is {head[:7]}, and this run is about "
            f"{run.commit.head_sha[:7]}: the pull request gets nothing.",
            anchor="without-a-pull-request",
        )
    return named


def _with_pull(run: RunContext, payload: Fields) -> RunContext:
    pull = part(payload, "pull_request")
    ref = _pull_ref(pull, "pull_request.")
    head, base = (part(pull, side, "pull_request.") for side in ("head", "base"))
    is_merge = run.ref == f"refs/pull/{ref.number}/merge"
    merge = fields.sha(pull.get("merge_commit_sha") or None, "pull_request.merge_commit_sha")
    head_repo = _repo_of(head, "pull_request.head.repo")
    base_repo = _repo_of(base, "pull_request.base.repo") or run.repo
    state = pull.get("state")
    return replace(
        run,
        pull=replace(
            ref,
            merge_sha=run.sha if is_merge else merge,
            trusted_sha=run.sha if run.event_name == "pull_request_target" else None,
        ),
        pull_state=state if state in ("open", "closed") else None,
        draft=pull.get("draft") is True,
        head_repo=head_repo,
        base_repo=base_repo,
        is_fork=head_repo is None or head_repo != base_repo,
        head_ref=fields.line(str(head.get("ref") or "")),
    )


def _with_group(run: RunContext, payload: Fields) -> RunContext:
    """A merge queue's group, to be compared with the commit that it was put on."""
    above = "merge_group."
    group = part(payload, "merge_group")
    return replace(
        run,
        commit=CommitRef(
            event="merge_group",
            head_sha=_needed_sha(group, "head_sha", above),
            base_sha=_needed_sha(group, "base_sha", above),
            base_ref=fields.branch(_short(group.get("base_ref")), f"{above}base_ref"),
        ),
    )


def _with_push(run: RunContext, payload: Fields) -> RunContext:
    """A pushed branch. A tag, and a branch that was deleted, are about no new commit."""
    before, after = (_needed_sha(payload, side, "") for side in ("before", "after"))
    ref = needed(payload.get("ref"), "ref")
    if not isinstance(ref, str):
        raise fields.wrong("ref", ref)
    name = fields.branch(_short(ref), "ref")
    if not ref.startswith(_HEADS) or not _exists(after):
        return run
    commit = CommitRef(
        event="push",
        head_sha=after,
        base_sha=before if _exists(before) else None,
        base_ref=run.default_branch if name != run.default_branch else None,
        forced=payload.get("forced") is True,
    )
    return replace(run, commit=commit)


def _with_workflow(run: RunContext, payload: Fields) -> RunContext:
    """The commit that a finished workflow ran for, and its pull request where it is named."""
    above = "workflow_run."
    finished = part(payload, "workflow_run")
    head_sha = _needed_sha(finished, "head_sha", above)
    name = fields.branch(finished.get("head_branch") or None, f"{above}head_branch")
    own = _repo_of(finished, f"{above}head_repository", "head_repository") == run.repo
    # A fork's branch may bear the default branch's name.
    on_default = own and name == run.default_branch and finished.get("event") == "push"
    commit = CommitRef(
        event="workflow_run",
        head_sha=head_sha,
        base_ref=None if on_default else run.default_branch,
    )
    pull = _measured_pull(payload, finished, head_sha)
    return replace(run, commit=commit, pull=pull, head_ref=name if own and name else "")


def _with_comment(run: RunContext, payload: Fields) -> RunContext:
    """A comment: its pull request is known by its number alone, and is still to be read."""
    return replace(run, command=read_command(payload))


def _measured_pull(payload: Fields, finished: Fields, head_sha: str) -> PullRef | None:
    """The one pull request to this repository whose head a finished workflow ran for.

    GitHub lists none of a fork, and also those that the same branch has in other
    repositories, whose numbers mean something else here.
    """
    listed = finished.get("pull_requests") or []
    if not isinstance(listed, list):
        raise fields.wrong("workflow_run.pull_requests", listed)
    ours = fields.count(part(payload, "repository").get("id"), "repository.id")
    found = []
    for number, pull in enumerate(listed):
        above = f"workflow_run.pull_requests.{number}"
        if not isinstance(pull, Mapping):
            raise fields.wrong(above, pull)
        ref = _pull_ref(pull, f"{above}.")
        repo = part(part(pull, "base"), "repo", f"{above}.base.")
        theirs = fields.count(repo.get("id"), f"{above}.base.repo.id")
        if ref.head_sha == head_sha and ours is not None and theirs == ours:
            found.append(ref)
    return found[0] if len(found) == 1 else None


_READERS: Mapping[str, Callable[[RunContext, Fields], RunContext]] = {
    "pull_request": _with_pull,
    "pull_request_target": _with_pull,
    "merge_group": _with_group,
    "push": _with_push,
    "workflow_run": _with_workflow,
    COMMENT_EVENT: _with_comment,
}


def _pull_ref(pull: Fields, above: str) -> PullRef:
    head, base = part(pull, "head", above), part(pull, "base", above)
    return PullRef(
        number=needed(fields.count(pull.get("number"), f"{above}number"), f"{above}number"),
        head_sha=_needed_sha(head, "sha", f"{above}head."),
        base_sha=_needed_sha(base, "sha", f"{above}base."),
        base_ref=fields.branch(base.get("ref"), f"{above}base.ref"),
    )


def _needed_sha(of: Fields, name: str, above: str) -> str:
    field = f"{above}{name}"
    return needed(fields.sha(of.get(name), field), field)


def _exists(sha: str) -> bool:
    """Whether a push names a commit: zeros stand for a branch that is not there."""
    return bool(sha.strip("0"))


def _repo_of(side: Fields, field: str, name: str = "repo") -> str | None:
    """The full name of a side's repository; None for a fork that was deleted."""
    repo = side.get(name)
    if repo is None:
        return None
    if not isinstance(repo, Mapping):
        raise fields.wrong(field, repo)
    return fields.repo_name(repo.get("full_name"), f"{field}.full_name")


def _default_branch(payload: Fields) -> str | None:
    repository = payload.get("repository")
    name = repository.get("default_branch") if isinstance(repository, Mapping) else None
    return fields.branch(name, "repository.default_branch")


def _short(ref: object) -> object:
    """A branch's name out of its full ref; anything else as it is."""
    return ref.removeprefix(_HEADS) if isinstance(ref, str) else ref
