"""Check runs: created once, edited, annotated in steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from qe_action.github.connection import Ask
from qe_action.github.payloads import CheckDraft, CheckRef, CheckSeen, CheckUpdate
from qe_action.github.repository import CHECKS, Repository, Send
from qe_action.github.responses import annotations_count, check_ref, check_seen, content
from qe_action.github.sender import again


class Checks(Repository):
    """The repository's check runs."""

    async def list_checks(self, sha: str, name: str | None = None) -> list[CheckSeen]:
        """All check runs of a commit, or those of one name, completed or not."""
        return await self._list_checks(sha, name, self._sender.send)

    async def create_check(self, draft: CheckDraft) -> CheckRef:
        """Create a check run; needs `checks: write` and an App's token, as the job's is."""

        async def find() -> CheckRef | None:
            seen = await self._list_checks(draft.head_sha, draft.name, self._sender.once)
            found = (check.ref for check in seen if check.external_id == draft.external_id)
            return next(found, None)

        ask = Ask(
            "create the check run",
            CHECKS,
            "POST",
            f"{self._repo}/check-runs",
            self._created_check,
            draft.wire,
        )
        return await self._sender.write(ask, find if draft.external_id else None)

    def _created_check(self, data: Mapping[str, Any]) -> CheckRef:
        """A new check run, whose App is who we are: its login need not be asked for."""
        slug = (data.get("app") or {}).get("slug")
        if slug and self._login is None:
            self._login = f"{slug}[bot]".lower()
        return check_ref(data)

    async def update_check(self, check_id: int, update: CheckUpdate) -> int | None:
        """Replace a check run's state and text, and append the update's annotations once.

        Once, also where an update that failed before is asked for again. Returns how many
        annotations it has then, None where the answer does not tell.
        """
        left = update

        async def drop_delivered() -> int | None:
            nonlocal left
            delivered = await self._delivered(check_id, self._sender.once)
            rest = tuple(a for a in left.annotations if content(a.wire()) not in delivered)
            left = replace(left, annotations=rest)
            return None

        ask = Ask(
            "update the check run",
            CHECKS,
            "PATCH",
            f"{self._repo}/check-runs/{check_id}",
            annotations_count,
            lambda: left.wire(),  # noqa: PLW0108 - `left` shrinks
        )
        if not update.annotations:
            return await self._sender.write(ask, again)
        doubtful = check_id in self._doubtful
        self._doubtful.add(check_id)
        count = await self._sender.write(ask, drop_delivered, doubtful=doubtful)
        self._doubtful.discard(check_id)
        return count

    async def delivered(self, check_id: int, *, settled: bool = False) -> set[tuple[Any, ...]]:
        """The `content` of every annotation that a check run has.

        `settled` waits until the list can be taken to show what was written last.
        """
        if settled:
            await self._sender.listed()
        return await self._delivered(check_id, self._sender.send)

    async def _delivered(self, check_id: int, send: Send) -> set[tuple[Any, ...]]:
        return set(
            await self._pages(
                "list annotations",
                CHECKS,
                f"{self._repo}/check-runs/{check_id}/annotations",
                lambda data: [content(item) for item in data],
                send,
            )
        )

    async def _list_checks(self, sha: str, name: str | None, send: Send) -> list[CheckSeen]:
        return await self._pages(
            "list check runs",
            CHECKS,
            f"{self._repo}/commits/{sha}/check-runs",
            lambda data: [check_seen(run) for run in data["check_runs"]],
            send,
            {"filter": "all"} | ({"check_name": name} if name else {}),
        )
