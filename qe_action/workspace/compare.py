"""Diffs from wherever they can be had: git, GitHub's compare, GitHub's list of files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from qe_action.analysis.diff import (
    Diff,
    LineMap,
    PullFile,
    diff_from_patches,
    diff_in_tree,
    parse_diff,
)
from qe_action.errors import DeliveryError, QEError, WorkspaceError
from qe_action.workspace.git import Git, is_hash

FILES_LIMIT = 3000
"""How many files GitHub lists of a pull request (REST API, "List pull requests files")."""
DEEPER = "Set `fetch-depth: 2` on actions/checkout"


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
    the base branch.
    """

    number: int
    head_sha: str
    base_sha: str
    merge_sha: str | None = None
    base_ref: str | None = None


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
        fork = await self._newest_fork(pull, commit)
        if fork is not None and (diff := await self._local_diff(fork, commit)) is not None:
            return fork, diff
        return None, None if shallow else await self._compared_with_base(pull, commit)

    async def _compared_with_base(self, pull: PullRef, commit: str) -> Diff | None:
        """The API's diff. It is empty once the branch was merged: then `base.sha` tells."""
        diff = await self.compared(self.base or pull.base_ref or pull.base_sha, commit)
        if diff is not None and not diff.files and (self.base or pull.base_ref):
            return await self.compared(pull.base_sha, commit)
        return diff

    async def _newest_fork(self, pull: PullRef, commit: str) -> str | None:
        """The merge base that lies furthest on: `base.sha` alone may be long outdated."""
        best = None
        refs = [
            name for ref in (self.base, pull.base_ref) if ref for name in (f"origin/{ref}", ref)
        ]
        for name in (*refs, pull.base_sha):
            tip = await self.git.resolve(name)
            fork = await self.git.merge_base(tip, commit) if tip else None
            if fork in (None, commit):
                continue  # a base that holds the commit (merged since) shows no change
            if best is None or await self.git.merge_base(best, fork) == best:
                best = fork
        return best

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
        if len(files) >= FILES_LIMIT:
            self.notes.append(f"GitHub lists {FILES_LIMIT} files at most; others are left out.")
        return diff_in_tree(diff_from_patches(files), line_map)
