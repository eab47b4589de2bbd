"""What a finished run has left: its artifacts, looked up and fetched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qe_action.github.connection import Ask
from qe_action.github.repository import PAGE, Repository

ACTIONS = "actions: read"


@dataclass(frozen=True, slots=True)
class Artifact:
    """An artifact that can still be fetched; `size` is its archive's in bytes, as GitHub says."""

    id: int
    size: int


class Artifacts(Repository):
    """The artifacts of the repository's runs."""

    async def find_artifact(self, run_id: int, name: str) -> Artifact | None:
        """The newest artifact of a run with this name, None where there is none any more.

        A run that was started again has one of each attempt.
        """
        found = await self.get(
            "list the finished run's artifacts",
            ACTIONS,
            f"actions/runs/{run_id}/artifacts",
            lambda data: [
                (str(item["created_at"]), _artifact(item))
                for item in data["artifacts"]
                if item["name"] == name and not item["expired"]
            ],
            {"name": name, "per_page": PAGE},
        )
        return max(found, key=lambda item: (item[0], item[1].id))[1] if found else None

    async def fetch_artifact(self, artifact_id: int, limit: int) -> bytes:
        """An artifact's archive. Raises `TooLarge` where it has more than `limit` bytes.

        GitHub sends us on to a store elsewhere, which the token is not shown to.
        """
        return await self._sender.send(
            Ask(
                "fetch the journal's artifact",
                ACTIONS,
                "GET",
                f"{self._repo}/actions/artifacts/{artifact_id}/zip",
                bytes,
                file_limit=limit,
            )
        )


def _artifact(data: Mapping[str, Any]) -> Artifact:
    return Artifact(int(data["id"]), int(data["size_in_bytes"]))
