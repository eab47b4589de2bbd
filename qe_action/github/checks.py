"""Check runs: created once, edited, annotated in steps."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

from qe_action.github.answers import check_ref, content, nothing
from qe_action.github.line import Ask
from qe_action.github.model import CheckDraft, CheckRef, CheckUpdate
from qe_action.github.repository import CHECKS, PAGE, Repository
from qe_action.github.sender import again


class Checks(Repository):
    """The repository's check runs."""

    async def create_check(self, draft: CheckDraft) -> CheckRef:
        """Create a check run; needs `checks: write` and an App's token, as the job's is."""

        async def find() -> CheckRef | None:
            found = await self._sender.once(
                Ask(
                    "list check runs",
                    CHECKS,
                    "GET",
                    f"{self._repo}/commits/{draft.head_sha}/check-runs",
                    lambda data: [
                        check_ref(run)
                        for run in data["check_runs"]
                        if run["external_id"] == draft.external_id
                    ],
                    parameters={"check_name": draft.name, "filter": "all", "per_page": PAGE},
                )
            )
            return found[0] if found else None

        ask = Ask(
            "create the check run",
            CHECKS,
            "POST",
            f"{self._repo}/check-runs",
            check_ref,
            draft.wire,
        )
        return await self._sender.write(ask, find if draft.external_id else None)

    async def update_check(self, check_id: int, update: CheckUpdate) -> None:
        """Replace a check run's state and text, and append the update's annotations once.

        Once, also where an update that failed before is asked for again.
        """
        left = update

        async def drop_delivered() -> None:
            nonlocal left
            delivered = await self._delivered(check_id)
            rest = tuple(a for a in left.annotations if content(a.wire()) not in delivered)
            left = replace(left, annotations=rest)

        ask = Ask(
            "update the check run",
            CHECKS,
            "PATCH",
            f"{self._repo}/check-runs/{check_id}",
            nothing,
            lambda: left.wire(),  # noqa: PLW0108 - `left` shrinks
        )
        if not update.annotations:
            await self._sender.write(ask, again)
            return
        doubtful = check_id in self._doubtful
        self._doubtful.add(check_id)
        await self._sender.write(ask, drop_delivered, doubtful=doubtful)
        self._doubtful.discard(check_id)

    async def _delivered(self, check_id: int) -> set[tuple[Any, ...]]:
        found: set[tuple[Any, ...]] = set()
        for page in itertools.count(1):
            items = await self._sender.once(
                Ask(
                    "list annotations",
                    CHECKS,
                    "GET",
                    f"{self._repo}/check-runs/{check_id}/annotations",
                    lambda data: [content(item) for item in data],
                    parameters={"per_page": PAGE, "page": page},
                )
            )
            found.update(items)
            if len(items) < PAGE:
                break
        return found
