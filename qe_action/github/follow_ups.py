"""Pull requests of ours: found again by their branch, made, edited, labelled and closed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from qe_action.github.connection import Ask
from qe_action.github.refusals import Forbidden, NotFound, Rejected
from qe_action.github.repository import PAGE, PULLS, Repository
from qe_action.github.responses import author, nothing
from qe_action.github.sender import again

DISPATCH = "actions: write"
FORBIDDEN_PULLS = "not permitted to create or approve pull requests"
_ALLOW = (
    "Allow it under Settings > Actions > General (“Allow GitHub Actions to create and approve pull "
    "requests”), or give a pr-token."
)


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A pull request from a branch of the repository itself; `author` is in lower case."""

    number: int
    url: str
    open: bool
    merged: bool
    draft: bool
    author: str
    title: str
    body: str
    base: str
    head_sha: str
    labels: tuple[str, ...]


class FollowUps(Repository):
    """The pull requests from branches of the repository."""

    async def follow_ups(self, branch: str) -> list[FollowUp]:
        """The pull requests from one of the repository's branches, the newest first."""
        return await self._follow_ups(branch, once=False)

    async def create_follow_up(
        self, branch: str, base: str, title: str, body: str, *, draft: bool = True
    ) -> FollowUp:
        """Open a pull request; one that is open already is found instead."""

        async def find() -> FollowUp | None:
            found = await self._follow_ups(branch, once=True)
            return next((pull for pull in found if pull.open), None)

        payload = {"title": title, "head": branch, "base": base, "body": body, "draft": draft}
        ask = Ask(
            "open a pull request with the tests",
            PULLS,
            "POST",
            f"{self._repo}/pulls",
            _follow_up,
            lambda: payload,
        )
        try:
            return await self._sender.write(ask, find)
        except Rejected as error:
            if (there := await find()) is not None:
                return there
            if draft and "draft pull requests are not supported" in error.message.lower():
                return await self.create_follow_up(branch, base, title, body, draft=False)
            raise
        except Forbidden as error:
            raise _explained(error) from None

    async def update_follow_up(self, number: int, **fields: str) -> None:
        """Replace a pull request's `title`, `body`, `base` or `state`."""
        ask = Ask(
            "edit the pull request with the tests",
            PULLS,
            "PATCH",
            f"{self._repo}/pulls/{number}",
            nothing,
            lambda: fields,
        )
        await self._sender.write(ask, again)

    async def has_label(self, name: str) -> bool:
        """Whether the repository has a label."""
        path = f"{self._repo}/labels/{quote(name, safe='')}"
        ask = Ask("read the label", "issues: read", "GET", path, lambda data: bool(data["name"]))
        try:
            return await self._sender.send(ask)
        except NotFound:
            return False

    async def add_label(self, number: int, name: str) -> None:
        """Add a label to a pull request; twice is as good as once."""
        ask = Ask(
            "label the pull request with the tests",
            PULLS,
            "POST",
            f"{self._repo}/issues/{number}/labels",
            nothing,
            lambda: {"labels": [name]},
        )
        await self._sender.write(ask, again)

    async def start_workflow(self, file: str, branch: str) -> None:
        """Start a workflow that has `workflow_dispatch` on a branch; rather twice than never."""
        ask = Ask(
            f"start the workflow {file}",
            DISPATCH,
            "POST",
            f"{self._repo}/actions/workflows/{quote(file, safe='')}/dispatches",
            nothing,
            lambda: {"ref": branch},
        )
        await self._sender.write(ask, again)

    async def _follow_ups(self, branch: str, *, once: bool) -> list[FollowUp]:
        owner = self._repo.split("/")[2]
        ask = Ask(
            "list the pull requests of the branch",
            "pull-requests: read",
            "GET",
            f"{self._repo}/pulls",
            lambda data: [_follow_up(item) for item in data if self._is_own(item)],
            parameters={"state": "all", "head": f"{owner}:{branch}", "per_page": PAGE},
        )
        found = await (self._sender.once(ask) if once else self._sender.send(ask))
        return sorted(found, key=lambda pull: (pull.open, pull.number), reverse=True)

    def _is_own(self, data: Mapping[str, Any]) -> bool:
        """Not of another fork of the same owner."""
        repo = data["head"]["repo"]
        return repo is not None and f"/repos/{repo['full_name']}".lower() == self._repo.lower()


def _follow_up(data: Mapping[str, Any]) -> FollowUp:
    return FollowUp(
        number=int(data["number"]),
        url=str(data["html_url"]),
        open=data["state"] == "open",
        merged=data.get("merged_at") is not None,
        draft=data.get("draft") is True,
        author=author(data),
        title=str(data["title"]),
        body=str(data.get("body") or ""),
        base=str(data["base"]["ref"]),
        head_sha=str(data["head"]["sha"]),
        labels=tuple(str(label["name"]) for label in data.get("labels") or ()),
    )


def _explained(error: Forbidden) -> Forbidden:
    """A setting that forbids it is no missing permission."""
    if FORBIDDEN_PULLS not in error.message:
        return error
    return Forbidden(error.message, permission=error.permission, read_only=False, hint=_ALLOW)
