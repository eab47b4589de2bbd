"""Artifacts of the fake GitHub: listed and asked for there, and fetched from a store elsewhere.

The store is a server of its own that refuses whoever shows it a token, as the real one does.
"""

from __future__ import annotations

import threading
import urllib.parse
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fake_github import objects
from fake_github.wire import Recorded, RefusalError, Reply, Server

if TYPE_CHECKING:
    from fake_github.state import State

SIGNATURE = "sig=5ecret"


@dataclass
class Artifact:
    """An artifact: its archive, and the run that left it."""

    id: int
    run_id: int
    name: str
    data: bytes = field(repr=False)
    created_at: str = objects.EPOCH
    expired: bool = False
    size: int | None = None


class Store:
    """Holds archives; takes new ones by PUT, as an upload does, and gives them by GET."""

    def __init__(self) -> None:
        self.artifacts: dict[int, Artifact] = {}
        self.requests: list[Recorded] = []
        self.status = 200
        self.failures = 0
        self._server: Server | None = None

    @property
    def url(self) -> str:
        """Its address; it starts to listen when this is first asked for."""
        if self._server is None:
            self._server = Server(("127.0.0.1", 0), self)
            threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        # Another name for the same machine: to a client it is another host.
        return f"http://localhost:{self._server.server_port}"

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.hang_up()
            self._server.server_close()

    def add(self, run_id: int, data: bytes, name: str = "qe-action-journal", **more: Any) -> int:
        """Leave an artifact; its id."""
        ident = 500 + len(self.artifacts)
        self.artifacts[ident] = Artifact(ident, run_id, name, data, **more)
        return ident

    def serve(self, request: Recorded) -> bool:
        self.requests.append(request)
        request.content_type = "application/zip"
        request.status = self._status(request)
        return True

    def _status(self, request: Recorded) -> int:
        if request.authorization:
            return 400
        if self.failures:
            self.failures -= 1
            return 503
        if self.status != 200:
            return self.status
        ident = request.path.rpartition("/")[2]
        if request.method == "PUT":
            self.add(int(request.query["run_id"]), request.content, request.query["name"])
            return 201
        if int(ident) not in self.artifacts or SIGNATURE not in urllib.parse.urlencode(
            request.query
        ):
            return 404
        request.answer = self.artifacts[int(ident)].data
        return 200


def list_artifacts(state: State, request: Recorded, login: str, run_id: str) -> Reply:
    name = request.query.get("name")
    found = [
        _shown(state, artifact)
        for artifact in state.store.artifacts.values()
        if artifact.run_id == int(run_id) and name in (None, artifact.name)
    ]
    page = state.page(request, found)
    return Reply({"total_count": len(found), "artifacts": page.data}, link=page.link)


def fetch_artifact(state: State, request: Recorded, login: str, ident: str) -> Reply:
    artifact = state.store.artifacts.get(int(ident))
    if artifact is None:
        raise RefusalError(404, "Not Found")
    if artifact.expired:
        raise RefusalError(410, "Artifact has expired")
    return Reply(None, 302, location=f"{state.store.url}/archives/{ident}?{SIGNATURE}")


def list_pulls(state: State, request: Recorded, login: str) -> Reply:
    """Pull requests; `head` names an owner and a branch, not a repository."""
    wanted, head = request.query.get("state", "open"), request.query.get("head")
    found = [
        pull
        for pull in state.pulls.values()
        if wanted in ("all", pull.state)
        and head in (None, f"{pull.head_repo.split('/')[0]}:{pull.head_ref}")
    ]
    return state.page(
        request, [objects.simple_pull(state.url, state.repo, vars(pull)) for pull in found]
    )


def _shown(state: State, artifact: Artifact) -> dict[str, Any]:
    url = f"{state.url}/repos/{state.repo}/actions/artifacts/{artifact.id}"
    return {
        "id": artifact.id,
        "node_id": f"AR_{artifact.id}",
        "name": artifact.name,
        "size_in_bytes": len(artifact.data) if artifact.size is None else artifact.size,
        "url": url,
        "archive_download_url": f"{url}/zip",
        "expired": artifact.expired,
        "digest": None,
        "created_at": artifact.created_at,
        "expires_at": artifact.created_at,
        "updated_at": artifact.created_at,
        "workflow_run": {
            "id": artifact.run_id,
            "repository_id": 1,
            "head_repository_id": 2,
            "head_branch": "change",
            "head_sha": "a" * 40,
        },
    }
