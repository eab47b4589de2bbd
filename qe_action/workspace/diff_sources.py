"""Diffs from wherever they can be had: git, GitHub's compare, GitHub's list of files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from qe_action.analysis.diff import (
    Diff,
    PullFile,
    diff_from_patches,
    diff_in_tree,
    parse_diff,
)
from qe_action.analysis.line_map import LineMap
from qe_action.errors import DeliveryError, QEError, WorkspaceError
from qe_action.workspace.git import Git, is_hash

FILES_LIMIT = 3000
"""How many files GitHub lists of a pull request (REST API, "List pull requests files")."""
DEEPER = "Set `fetch-depth: 2` on actions/checkout"
WHOLE = "Set `fetch-depth: 0` on actions/checkout"


class DiffTooLarge(DeliveryError):  # noqa: N818 - the contract's name
    """GitHub refuses a diff of this size (over 300 files, or too many lines)."""


class DiffApi(Protocol):
    """GitHub's side of a change. Its methods raise `QEError` where GitHub refuses."""

    async def compare_diff(self, base: str, head: str) -> str:
        """The diff from the merge base of two commits to `head`; may raise `DiffTooLarge`."""

    async def pull_files(self, number: int) -> list[PullFile]:
        """The files of a pull request; lines are those of its head as it is now."""

    async def pull_head(self, number: int) -> str:
        """The hash of the pull request's head as it is now."""


@dataclass(frozen=True, slots=True)
class PullRef:
    """The pull request as the event names it.

    `merge_sha` is the test merge (GITHUB_SHA under `pull_request`), `base_ref` the name of
    the base branch. `trusted_sha` is what the event runs on where that is nothing of the pull
    request's (GITHUB_SHA under `pull_request_target`): a report beside it was measured elsewhere.
    """

    number: int
    head_sha: str
    base_sha: str
    merge_sha: str | None = None
    base_ref: str | None = None
    trusted_sha: str | None = None


@dataclass(frozen=True, slots=True)
class CommitRef:
    """The commit that another event than a pull request's is about, and where it comes from.

    `base_sha` is the commit that the event compares it with: what a merge group was put on,
    or what the branch held before a push (`forced` where that was given up). None where the
    event names none: then the merge base with the branch `base_ref` serves, or, where that is
    None because the commit is on the default branch itself, the commit's first parent.
    """

    event: Literal["merge_group", "push", "workflow_run"]
    head_sha: str
    base_sha: str | None = None
    base_ref: str | None = None
    forced: bool = False


@dataclass(slots=True)
class Comparer:
    """Gets diffs and maps by the best way there is, and notes what could not be had.

    A diff or map is None where no way leads to it. Only a failing git raises (`WorkspaceError`).
    """

    git: Git
    api: DiffApi | None
    base: str | None
    notes: list[str] = field(default_factory=list)

    async def since_base(self, pull: PullRef, commit: str) -> tuple[str | None, Diff | None]:
        """The newest merge base with the base branch, and the diff since.

        A shallow clone may lack the best one, so there the API is asked first.
        """
        shallow = await self.git.is_shallow()
        if shallow and (diff := await self._compared_with_base(pull, commit)) is not None:
            return None, diff
        fork = await self._newest_fork((self.base, pull.base_ref), pull.base_sha, commit)
        if fork is not None and (diff := await self._local_diff(fork, commit)) is not None:
            return fork, diff
        return None, None if shallow else await self._compared_with_base(pull, commit)

    async def _compared_with_base(self, pull: PullRef, commit: str) -> Diff | None:
        """The API's diff. It is empty once the branch was merged: then `base.sha` tells."""
        diff = await self.compared(self.base or pull.base_ref or pull.base_sha, commit)
        merged = diff is not None and not diff.files and commit == pull.head_sha
        if merged and (self.base or pull.base_ref):
            return await self.compared(pull.base_sha, commit)
        return diff

    async def _newest_fork(self, refs: Iterable[str | None], sha: str, commit: str) -> str | None:
        """The merge base with branches and a commit that lies furthest on.

        The base that an event names may alone be long outdated.
        """
        best = None
        for name in (*_names(*refs), sha):
            tip = await self.git.resolve(name)
            fork = await self.git.merge_base(tip, commit) if tip else None
            if fork in (None, commit):
                continue  # a base that holds the commit (merged since) shows no change
            if best is None or await self.git.merge_base(best, fork) == best:
                best = fork
        return best

    async def is_of_base(self, pull: PullRef, commit: str) -> bool:
        """Whether a commit is on the base branch, so that it holds nothing of the pull request."""
        for name in (*_names(self.base, pull.base_ref), pull.base_sha):
            tip = await self.git.resolve(name)
            if tip and await self.git.merge_base(tip, commit) == commit:
                return True
        return False

    async def since_event_base(self, ref: CommitRef) -> tuple[str | None, Diff | None]:
        """What a commit is compared with by its event, and the diff since; see `CommitRef`.

        The first is None where only the API knows which commit that is.
        """
        base, head = ref.base_sha, ref.head_sha
        if base is None:
            found = await self._since_branch(ref)
        elif await self.git.merge_base(base, head) == base:
            found = base, await self.ancestor_diff(base, head)
        elif await self.git.is_shallow() and not ref.forced:
            found = base, await self.compared(base, head)
        else:
            found = await self._since_rewritten(ref, base)
        if found[1] is None:
            is_first = not await self.git.parents(head)
            why = "is the first commit" if is_first else f"needs more history than is here. {WHOLE}"
            self.notes.append(f"What {head[:7]} changed is not known: it {why}.")
        return found

    async def _since_branch(self, ref: CommitRef) -> tuple[str | None, Diff | None]:
        """Since the merge base with a branch, or since the first parent where there is none."""
        if ref.base_ref is None:
            parents = await self.git.parents(ref.head_sha)
            return await self._since(parents[0] if parents else None, ref.head_sha)
        if not await self.git.is_shallow():
            for name in _names(ref.base_ref):
                tip = await self.git.resolve(name)
                if tip and (fork := await self.git.merge_base(tip, ref.head_sha)):
                    return await self._since(fork, ref.head_sha)
        return None, await self.compared(ref.base_ref, ref.head_sha)

    async def _since(self, old: str | None, new: str) -> tuple[str | None, Diff | None]:
        return old, await self.ancestor_diff(old, new) if old else None

    async def _since_rewritten(self, ref: CommitRef, base: str) -> tuple[str | None, Diff | None]:
        """The base that is left where a branch's history was rewritten.

        That is the newest commit which the branch still shares with its own past or with the
        default branch: after a rebase the latter, or the default branch's lines would count.
        """
        head = ref.head_sha
        fork = None
        if not await self.git.is_shallow():
            fork = await self._newest_fork((ref.base_ref,), base, head)
        if fork is not None:
            found, since = await self._since(fork, head), fork[:7]
        elif ref.base_ref is not None:
            found, since = await self._since_branch(ref), f"the merge base with {ref.base_ref}"
        else:
            found, since = (None, await self.compared(base, head)), "the two parted"
        if found[1] is not None:
            self.notes.append(
                f"The history was rewritten: {base[:7]}, which the branch held before, is no "
                f"ancestor of {head[:7]}. The changed lines are those since {since}."
            )
        return found

    async def ancestor_diff(self, old: str, new: str) -> Diff | None:
        """The diff between an ancestor and its descendant, from here or from the API."""
        diff = await self._local_diff(old, new)
        return diff if diff is not None else await self.compared(old, new)

    async def _local_diff(self, old: str, new: str) -> Diff | None:
        text = await self._local_text(old, new)
        return parse_diff(text) if text is not None else None

    async def _local_text(self, old: str, new: str) -> str | None:
        if not (await self.git.has_commit(old) and await self.git.has_commit(new)):
            return None
        try:
            return await self.git.diff_commits(old, new)
        except WorkspaceError:
            return None  # a partial clone lacks files; the API has them

    async def compared(self, base: str, head: str) -> Diff | None:
        text = await self._api_text(base, head)
        try:
            return parse_diff(text) if text is not None else None
        except WorkspaceError as error:
            self.notes.append(error.message)
            return None

    async def _api_text(self, base: str, head: str) -> str | None:
        if self.api is None:
            return None
        try:
            return await self.api.compare_diff(base, head)
        except DiffTooLarge:
            return None  # what replaces it has its own note
        except QEError as error:
            self.notes.append(
                f"GitHub did not compare {base[:12]} with {head[:7]}: {error.message}"
            )
            return None

    async def map_from_parent(self, head: str, measured: str) -> LineMap | None:
        """The map of a head to its own merge: an ancestor, so that the API's compare serves."""
        text = await self._local_text(head, measured)
        if text is None:
            text = await self._api_text(head, measured)
        return self._mapped(text, head)

    async def map_from(self, head: str, measured: str) -> LineMap | None:
        """The map between commits that need not be related: the API can't compare those."""
        text = await self._local_text(head, measured) if is_hash(head) else None
        return self._mapped(text, head)

    def _mapped(self, text: str | None, head: str) -> LineMap | None:
        try:
            if text is not None:
                return LineMap.from_diff(text)
        except WorkspaceError as error:
            self.notes.append(error.message)
        self.notes.append(
            f"Where measured lines stand at the head {head[:7]} is not known, so none is "
            f"annotated. {DEEPER}."
        )
        return None

    async def listed_files(self, pull: PullRef, line_map: LineMap | None) -> Diff | None:
        """GitHub's list of files, the last resort: its lines are the head's."""
        if self.api is None:
            self.notes.append(f"The history to compare with is not here. {DEEPER}.")
            return None
        try:
            files = await self.api.pull_files(pull.number)
            now = await self.api.pull_head(pull.number)
        except QEError as error:
            self.notes.append(f"GitHub did not list the changed files: {error.message} {DEEPER}.")
            return None
        if now != pull.head_sha:
            self.notes.append("The pull request was pushed to since: GitHub lists newer lines.")
            line_map = None
        diff = diff_in_tree(diff_from_patches(files), line_map)
        if len(files) < FILES_LIMIT:
            return diff
        self.notes.append(
            f"GitHub lists {FILES_LIMIT:,} files of a pull request at most, and there may be more: "
            f"patch coverage is unknown. {DEEPER}."
        )
        return replace(diff, whole=False)


def _names(*refs: str | None) -> list[str]:
    """What branches may be called here: what was fetched of them goes first."""
    return [name for ref in refs if ref for name in (f"origin/{ref}", ref)]
