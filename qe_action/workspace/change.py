"""What was measured, and against what.

Under `pull_request` GitHub checks out a test merge: its first parent is the base as it was
then, its second the head. The report's lines are the merge's, annotations go to the head's.
`pull_request.base.sha` may be far older than either and never serves for a merge.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from qe_action.analysis.diff import Diff, parse_diff
from qe_action.analysis.line_map import LineMap
from qe_action.errors import UsageError
from qe_action.workspace.diff_sources import CommitRef, Comparer, DiffApi, PullRef
from qe_action.workspace.git import Git
from qe_action.workspace.untracked import with_untracked

Kind = Literal["merge", "head", "worktree", "commit", "unknown"]

DEFAULT_BASES = ("origin/HEAD", "origin/main", "origin/master", "main", "master")
"""What a local run compares with, the first that exists."""


@dataclass(frozen=True, slots=True)
class MeasuredTree:
    """The tree that the report describes: `sha` as checked out, compared with `base_sha`.

    `head_sha` is the commit to which results are attached: a pull request's head, or the one
    that another event is about. None where there is neither.
    """

    kind: Kind
    sha: str | None
    base_sha: str | None = None
    head_sha: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What changed, in the measured tree's lines.

    `diff` is None where the change is not known. `line_map` leads to the head commit's lines
    and is None where they are not known: then nothing can be annotated. `notes` are
    sentences for the user on what could not be had. Without `sources` the files that are
    checked out are not those that were measured.
    """

    tree: MeasuredTree
    diff: Diff | None
    line_map: LineMap | None
    notes: tuple[str, ...] = ()
    sources: bool = True


async def resolve_change(
    git: Git,
    *,
    pull: PullRef | None = None,
    commit: CommitRef | None = None,
    base: str | None = None,
    api: DiffApi | None = None,
    diff_text: str | None = None,
    worktree: bool = True,
) -> Change:
    """What was measured, and the diff to its base.

    With `pull` the checkout tells whether the test merge or the head was measured. With
    `commit` it has to be that commit, compared as the event says. With neither the working
    tree is compared with the merge base of `base`, or with `worktree=False` the checked-out
    commit alone, which runs no filter. `diff_text` replaces the diff. What history and API
    do not give is said in the notes; only a wrong `base` or an unreadable `diff_text` raise
    (`UsageError`, `WorkspaceError`).
    """
    given = parse_diff(diff_text) if diff_text is not None else None
    resolver = _Resolver(git, api, base)
    head = await git.head() if git.toplevel is not None else None
    if head is None:
        change = await resolver.without_commit(pull, commit)
    elif pull is not None:
        change = await resolver.of_pull(pull, head, commit)
    elif commit is not None:
        change = await resolver.of_commit(commit, head)
    else:
        change = await resolver.local(head, worktree=worktree, diff_given=given is not None)
    if given is None:
        return change
    return replace(change, diff=given, notes=change.notes if pull or commit else ())


async def list_files(git: Git, *, worktree: bool = True) -> tuple[str, ...] | None:
    """The files of the repository; None where there is none.

    Of the working tree these are the tracked files and the untracked ones that are not
    ignored, else those of the checked-out commit.
    """
    if git.toplevel is None:
        return None
    if worktree:
        return await git.worktree_files()
    head = await git.head()
    return await git.tracked(head) if head else ()


@dataclass(slots=True)
class _Resolver(Comparer):
    """Tells the cases apart."""

    def _change(self, tree: MeasuredTree, diff: Diff | None, line_map: LineMap | None) -> Change:
        if diff is not None and diff.incomplete:
            self.notes.append(
                f"GitHub did not give the lines of {diff.incomplete} changed files: "
                "their patch coverage is unknown."
            )
        return Change(tree, diff, line_map, tuple(self.notes))

    async def without_commit(self, pull: PullRef | None, commit: CommitRef | None) -> Change:
        where = "is no git repository" if self.git.toplevel is None else "has no commit yet"
        self.notes.append(f"{self.git.root.name or 'The folder'} {where}: files are not compared.")
        target = pull or commit
        tree = MeasuredTree("unknown", None, head_sha=target.head_sha if target else None)
        diff = await self.listed_files(pull, None) if pull else None
        # Where nothing is attached to a commit the files as they lie there are all there is.
        return self._change(tree, diff, None if target else LineMap.identity())

    async def of_pull(self, pull: PullRef, head: str, commit: CommitRef | None) -> Change:
        parents = await self.git.parents(head)
        if head == pull.head_sha:
            return await self._head(pull)
        if len(parents) == 2 and (parents[1] == pull.head_sha or head == pull.merge_sha):
            return await self._merge(pull, head, parents)
        if commit is not None:
            return self._elsewhere(commit, head)
        if head == pull.trusted_sha:
            return await self._given(pull, head)
        return await self._unknown(pull, head)

    async def of_commit(self, commit: CommitRef, head: str) -> Change:
        if head != commit.head_sha:
            return self._elsewhere(commit, head)
        if self.base is not None:
            change = await self.local(head, worktree=False, diff_given=False)
            return replace(change, tree=replace(change.tree, head_sha=head))
        base, diff = await self.since_event_base(commit)
        return self._change(MeasuredTree("commit", head, base, head), diff, LineMap.identity())

    def _elsewhere(self, commit: CommitRef, head: str) -> Change:
        """Sources and lines are not those of the report, so that none can be told from them."""
        remedy = "Check out the commit that the event is about"
        if commit.event == "workflow_run":
            remedy = (
                "Publish what the finished workflow measured with `mode: publish`, which checks "
                "nothing out: never check out a pull request's code where the token may write"
            )
        self.notes.append(
            f"The checkout is at {head[:7]} and not at {commit.head_sha[:7]}, which was measured: "
            f"changed lines are unknown and none is annotated. {remedy}."
        )
        tree = MeasuredTree("unknown", head, head_sha=commit.head_sha)
        return self._change(tree, None, None)

    async def _merge(self, pull: PullRef, merge: str, parents: tuple[str, ...]) -> Change:
        first, second = parents
        if second == pull.head_sha:
            line_map = await self.map_from_parent(second, merge)
        else:
            self.notes.append(
                f"The checkout merges {second[:7]}, not the pull request's head "
                f"{pull.head_sha[:7]}: it was pushed to since."
            )
            line_map = await self.map_from(pull.head_sha, merge)
        tree = MeasuredTree("merge", merge, first, pull.head_sha)
        diff = await self.ancestor_diff(first, merge)
        if diff is None:
            # GitHub's list is of the head: where another was merged its lines don't fit.
            diff = await self.listed_files(pull, line_map if second == pull.head_sha else None)
        return self._change(tree, diff, line_map)

    async def _head(self, pull: PullRef) -> Change:
        head = pull.head_sha
        identity = LineMap.identity()
        base, diff = await self.since_base(pull, head)
        if diff is None:
            diff = await self.listed_files(pull, identity)
        return self._change(MeasuredTree("head", head, base, head), diff, identity)

    async def _given(self, pull: PullRef, commit: str) -> Change:
        """A report of the head, measured elsewhere, beside a checkout of the base.

        The head is not fetched for its sources: a job with secrets keeps what may be a
        stranger's off its disk.
        """
        self.notes.append(
            f"The checkout is at {commit[:7]}, not the pull request's, so the report is taken as "
            f"one of the head {pull.head_sha[:7]}, measured elsewhere. Without its sources "
            "functions, critical paths and tests to add are not told."
        )
        change = await self._head(pull)
        return replace(change, sources=False)

    async def _unknown(self, pull: PullRef, commit: str) -> Change:
        remedy = "check out the commit that was measured"
        if pull.trusted_sha is not None:
            remedy = "leave the checkout at the base, as this job's token may write"
        self.notes.append(
            f"The checkout is at {commit[:7]}, which is neither the pull request's head "
            f"{pull.head_sha[:7]} nor its test merge: {remedy}."
        )
        line_map = await self.map_from(pull.head_sha, commit)
        base, diff = None, None
        if not await self.is_of_base(pull, commit):
            base, diff = await self.since_base(pull, commit)
        if diff is None:
            diff = await self.listed_files(pull, None)
        return self._change(MeasuredTree("unknown", commit, base, pull.head_sha), diff, line_map)

    async def local(self, head: str, *, worktree: bool, diff_given: bool) -> Change:
        kind: Kind = "worktree" if worktree else "commit"
        identity = LineMap.identity()
        if diff_given:
            return Change(MeasuredTree(kind, head), None, identity)
        name, tip = await self._local_base()
        fork = await self.git.merge_base(tip, head) if tip else None
        if fork is None:
            diff = await self.compared(name, head) if name and not worktree else None
            if diff is None:
                self._no_base(name, tip)
            return self._change(MeasuredTree(kind, head), diff, identity)
        if worktree:
            diff = parse_diff(await self.git.diff_worktree(fork))
            diff, notes = await with_untracked(diff, self.git)
            self.notes.extend(notes)
        else:
            diff = parse_diff(await self.git.diff_commits(fork, head))
        if not diff.files:
            self.notes.append(f"Nothing differs from {name}: there are no changed lines.")
        return self._change(MeasuredTree(kind, head, fork), diff, identity)

    async def _local_base(self) -> tuple[str | None, str | None]:
        """Name and commit of what a local run compares with."""
        if self.base is None:
            for name in DEFAULT_BASES:
                if tip := await self.git.resolve(name):
                    return name, tip
            return None, None
        for name in (self.base, f"origin/{self.base}"):
            if tip := await self.git.resolve(name):
                return self.base, tip
        if self.api is None:
            raise UsageError(
                f"The base {self.base!r} names no commit of this repository.",
                hint="Fetch it, or name another branch, tag or commit.",
            )
        return self.base, None

    def _no_base(self, name: str | None, tip: str | None) -> None:
        if name is None:
            why = "No base to compare with was found: name one with --base."
        elif tip is None:
            why = (
                f"The base {name} is not here: `git fetch` gets it, and `fetch-depth: 0` on "
                "actions/checkout."
            )
        else:
            why = (
                f"No common ancestor with {name} is here: fetch the whole history "
                "(`git fetch --unshallow`, or `fetch-depth: 0` on actions/checkout)."
            )
        self.notes.append(why)
