"""Commits and branches by GitHub's git data API: no clone, and nothing of the checkout is run.

Trees and commits are named by what they hold, so that making one twice does no harm. Only a branch
makes them seen, and a branch is moved from where it was last seen, or not at all.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from qe_action.github.connection import Ask
from qe_action.github.refusals import NotFound, Rejected
from qe_action.github.repository import CONTENTS, PAGE, Repository, Send
from qe_action.github.responses import author, nothing
from qe_action.github.sender import again

WRITE = "contents: write"
WEB_FLOW = "web-flow"
"""The account by which GitHub commits what was made by its API or its pages."""
MAX_BLOB = 1_000_000
"""Bytes of the longest file that is read."""


@dataclass(frozen=True, slots=True)
class Tip:
    """The last commit of a branch; `author` is a login in lower case, empty where unknown.

    `committer` is one too, empty also where GitHub itself made the commit for its author. It is
    another than the author where a person has amended or rebased the commit.
    """

    sha: str
    tree: str
    parents: tuple[str, ...]
    message: str
    author: str
    committer: str = ""


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """What a folder has under a name: git's mode, its kind, and the object."""

    mode: str
    kind: str
    sha: str
    size: int


@dataclass(frozen=True, slots=True)
class PastCommit:
    """A commit of a branch's history."""

    sha: str
    parents: int
    message: str


@dataclass(frozen=True, slots=True)
class MadeCommit:
    """A commit that was made, and whom GitHub made its author."""

    sha: str
    author: str


class BranchMovedError(Exception):
    """The branch is not where it was last seen."""


class GitData(Repository):
    """The repository's commits, files and branches."""

    async def branch_tip(self, name: str) -> Tip | None:
        """The last commit of a branch; None where there is no branch of that name."""
        path = f"{self._repo}/branches/{quote(name)}"
        ask = Ask("read the branch", CONTENTS, "GET", path, lambda data: _tip(data, name))
        try:
            return await self._sender.send(ask)
        except NotFound:
            return None

    async def tree_of(self, sha: str) -> str:
        """The tree of a commit."""
        path = f"{self._repo}/git/commits/{sha}"
        ask = Ask("read the commit", CONTENTS, "GET", path, lambda data: str(data["tree"]["sha"]))
        return await self._sender.send(ask)

    async def entries(self, tree: str) -> Mapping[str, TreeEntry]:
        """What a folder holds."""
        path = f"{self._repo}/git/trees/{tree}"
        return await self._sender.send(Ask("read the tree", CONTENTS, "GET", path, _entries))

    async def blob(self, sha: str) -> bytes:
        """What a file holds."""
        path = f"{self._repo}/git/blobs/{sha}"
        return await self._sender.send(Ask("read the file", CONTENTS, "GET", path, _blob))

    async def history(self, sha: str) -> list[PastCommit]:
        """The last commits up to `sha`, the newest first, as many as one page holds."""
        ask = Ask(
            "list the commits",
            CONTENTS,
            "GET",
            f"{self._repo}/commits",
            lambda data: [_past(item) for item in data],
            parameters={"sha": sha, "per_page": PAGE},
        )
        return await self._sender.send(ask)

    async def branch_head(self, name: str) -> str | None:
        """The commit that a branch is at; None where there is no such branch."""
        return await self._head(name, self._sender.send)

    async def add_tree(self, base: str, files: Mapping[str, tuple[str, bytes]]) -> str:
        """A tree with other files: a mode and the content of each, by its path."""
        entries = [await self._entry(path, mode, data) for path, (mode, data) in files.items()]
        ask = Ask(
            "make the commit's tree",
            WRITE,
            "POST",
            f"{self._repo}/git/trees",
            lambda data: str(data["sha"]),
            lambda: {"base_tree": base, "tree": entries},
        )
        return await self._sender.write(ask, again)

    async def add_commit(self, message: str, tree: str, parents: Sequence[str]) -> MadeCommit:
        """A commit of the token's own, which GitHub signs; no branch has it yet."""
        ask = Ask(
            "make the commit",
            WRITE,
            "POST",
            f"{self._repo}/git/commits",
            lambda data: MadeCommit(str(data["sha"]), _person(data["author"])),
            lambda: {"message": message, "tree": tree, "parents": [*parents]},
        )
        return await self._sender.write(ask, again)

    async def add_branch(self, name: str, sha: str) -> None:
        """A new branch. Raises `BranchMovedError` where there is one of that name."""

        async def find() -> bool | None:
            return await self._head(name, self._sender.once) == sha or None

        ask = Ask(
            "make the branch",
            WRITE,
            "POST",
            f"{self._repo}/git/refs",
            lambda data: bool(data["ref"]),
            lambda: {"ref": f"refs/heads/{name}", "sha": sha},
        )
        try:
            await self._sender.write(ask, find)
        except Rejected as error:
            there = await self.branch_head(name)
            if there is None:
                raise
            if there != sha:
                raise BranchMovedError from error

    async def move_branch(self, name: str, sha: str, *, since: str, force: bool) -> None:
        """Move a branch from the commit `since`. Raises `BranchMovedError` where it is elsewhere.

        Without `force` GitHub itself takes it only where the branch goes on, so that nothing is
        lost between a look and the move.
        """

        async def look() -> None:
            if await self._head(name, self._sender.once) not in (since, sha):
                raise BranchMovedError

        ask = Ask(
            "move the branch",
            WRITE,
            "PATCH",
            f"{self._repo}/git/refs/heads/{quote(name)}",
            nothing,
            lambda: {"sha": sha, "force": force},
        )
        try:
            await self._sender.write(ask, again, first=look)
        except Rejected:
            if await self.branch_head(name) not in (since, sha):
                raise BranchMovedError from None
            raise

    async def delete_branch(self, name: str, *, since: str) -> None:
        """Delete a branch, unless it has gone on from `since`; one that is gone is no trouble."""

        async def look() -> None:
            if await self._head(name, self._sender.once) != since:
                raise BranchMovedError

        path = f"{self._repo}/git/refs/heads/{quote(name)}"
        ask = Ask("delete the branch", WRITE, "DELETE", path, nothing)
        try:
            await self._sender.write(ask, again, first=look)
        except (BranchMovedError, NotFound):
            return
        except Rejected:
            if await self.branch_head(name) is not None:
                raise

    async def _head(self, name: str, send: Send) -> str | None:
        path = f"{self._repo}/git/ref/heads/{quote(name)}"
        ask = Ask("read the branch", CONTENTS, "GET", path, lambda data: str(data["object"]["sha"]))
        try:
            return str(await send(ask))
        except NotFound:
            return None

    async def _entry(self, path: str, mode: str, data: bytes) -> dict[str, str]:
        """A file for a new tree: its text, or a blob where it is no UTF-8."""
        entry = {"path": path, "mode": mode, "type": "blob"}
        try:
            return {**entry, "content": data.decode()}
        except UnicodeDecodeError:
            return {**entry, "sha": await self._add_blob(data)}

    async def _add_blob(self, data: bytes) -> str:
        ask = Ask(
            "make the file",
            WRITE,
            "POST",
            f"{self._repo}/git/blobs",
            lambda made: str(made["sha"]),
            lambda: {"content": base64.b64encode(data).decode(), "encoding": "base64"},
        )
        return await self._sender.write(ask, again)


def _tip(data: Mapping[str, Any], name: str) -> Tip | None:
    """A branch that was given another name is led to, and is not the one that was meant."""
    if data["name"] != name:
        return None
    commit = data["commit"]
    inner = commit["commit"]
    parents = tuple(str(parent["sha"]) for parent in commit["parents"])
    return Tip(
        str(commit["sha"]),
        str(inner["tree"]["sha"]),
        parents,
        inner["message"],
        author({"user": commit["author"]}),
        _committer(commit),
    )


def _committer(commit: Mapping[str, Any]) -> str:
    """Who made a commit beside its author: a login, or a name where it is of no account."""
    login = author({"user": commit["committer"]})
    name = str(commit["commit"]["committer"]["name"])
    by_github = login == WEB_FLOW or (not login and name in ("GitHub", "GitHub Enterprise"))
    return "" if by_github else login or name.lower() or "?"


def _past(data: Mapping[str, Any]) -> PastCommit:
    return PastCommit(str(data["sha"]), len(data["parents"]), str(data["commit"]["message"]))


def _entries(data: Mapping[str, Any]) -> Mapping[str, TreeEntry]:
    return {
        str(item["path"]): TreeEntry(
            str(item["mode"]), str(item["type"]), str(item["sha"]), int(item.get("size") or 0)
        )
        for item in data["tree"]
    }


def _blob(data: Mapping[str, Any]) -> bytes:
    if data["encoding"] != "base64":
        raise ValueError("an encoding that is not known")
    return base64.b64decode(data["content"])


def _person(data: Mapping[str, Any]) -> str:
    return f"{data['name']} <{data['email']}>"
