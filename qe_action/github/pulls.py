"""Pull requests: which there are, and what one changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from qe_action.analysis.diff import PullFile
from qe_action.github.connection import Ask
from qe_action.github.refusals import Rejected
from qe_action.github.repository import CONTENTS, PAGE, Repository
from qe_action.github.responses import pull_file
from qe_action.workspace.diff_sources import DiffTooLarge, PullRef

MAX_LISTED_FILES = 3000  # where GitHub cuts a pull request's list of files


@dataclass(frozen=True, slots=True)
class OpenPull:
    """An open pull request; `head_repo` is None where the fork is gone."""

    ref: PullRef
    head_repo: str | None
    base_repo: str | None
    draft: bool


class Pulls(Repository):
    """The repository's pull requests and comparisons."""

    async def compare_diff(self, base: str, head: str) -> str:
        """The diff from the merge base of `base` and `head` to `head`.

        Raises `DiffTooLarge` where GitHub refuses it (more than 300 files or 20,000 lines).
        """
        span = f"{quote(base, safe='')}...{quote(head, safe='')}"
        ask = Ask(
            f"compare {base[:12]} with {head[:12]}",
            CONTENTS,
            "GET",
            f"{self._repo}/compare/{span}",
            str,
            accept="application/vnd.github.diff",
        )
        try:
            return await self._reader.send(ask)
        except Rejected as error:
            if error.status != 406:
                raise
            raise DiffTooLarge("GitHub does not give a diff of this size.") from None

    async def pull_files(self, number: int) -> list[PullFile]:
        """A pull request's files, at most the 3,000 that GitHub lists."""
        found: list[PullFile] = []
        for page in range(1, MAX_LISTED_FILES // PAGE + 1):
            items = await self._reader.send(
                Ask(
                    "list the pull request's files",
                    "pull-requests: read",
                    "GET",
                    f"{self._repo}/pulls/{number}/files",
                    lambda data: [pull_file(item) for item in data],
                    parameters={"per_page": PAGE, "page": page},
                )
            )
            found += items
            if len(items) < PAGE:
                break
        return found

    async def open_pulls(self, owner: str, branch: str) -> list[OpenPull]:
        """The open pull requests from a branch of `owner`, who may have several forks."""
        return await self.get(
            "list the pull requests of the branch",
            "pull-requests: read",
            "pulls",
            lambda data: [_open_pull(item) for item in data],
            {"state": "open", "head": f"{owner}:{branch}", "per_page": PAGE},
        )

    async def pull(self, number: int) -> Mapping[str, Any]:
        """A pull request as GitHub describes it; its fields are still to be checked."""
        ask: Ask[Mapping[str, Any]] = Ask(
            f"read pull request {number}",
            "pull-requests: read",
            "GET",
            f"{self._repo}/pulls/{number}",
            dict,
        )
        return await self._sender.send(ask)

    async def permission_of(self, login: str) -> str:
        """What somebody may do here: admin, write, read or none.

        GitHub tells the roles between as those below them, maintain as write and triage as read.
        Raises `NotFound` where there is nobody of that name.
        """
        return await self.get(
            "read what the comment's author may do",
            "metadata: read",
            f"collaborators/{quote(login, safe='')}/permission",
            lambda data: str(data["permission"]),
            {},
        )

    async def pull_head(self, number: int) -> str:
        """The SHA of a pull request's head as it is now."""
        ask = Ask(
            "read the pull request",
            "pull-requests: read",
            "GET",
            f"{self._repo}/pulls/{number}",
            lambda data: data["head"]["sha"],
        )
        return str(await self._reader.send(ask))


def _open_pull(data: Mapping[str, Any]) -> OpenPull:
    head, base = data["head"], data["base"]
    ref = PullRef(
        number=int(data["number"]),
        head_sha=str(head["sha"]),
        base_sha=str(base["sha"]),
        base_ref=str(base["ref"]),
    )
    return OpenPull(ref, _full_name(head), _full_name(base), data.get("draft") is True)


def _full_name(side: Mapping[str, Any]) -> str | None:
    repo = side["repo"]
    return str(repo["full_name"]) if repo else None
