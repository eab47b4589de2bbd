"""What check runs keep for later runs, and which of it is believed.

A digest is believed if the check run is by the App that made this run's own, bears our name,
is completed, and if commit and digest name each other. That keeps out other Apps and other
commits. It does not keep out workflows of the same repository that may write checks: GitHub
gives all of them one App and lets each edit the others' check runs, so that theirs can't be
told from ours by anything in the answer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from qe_action.github.client import GitHub
from qe_action.github.repository import PAGE

ANCESTORS = 20
"""How many commits before the base are looked at: one request each, and one for their list."""
RUNS = 20
"""Check runs of our name that are looked at of a commit."""
JOB_APP = "github-actions"
CONCLUDED = ("success", "failure", "neutral")

OwnApp = Callable[[], Awaitable[int | None]]
History = Callable[[str, int], Awaitable[tuple[str, ...]]]


class Kept(Protocol):
    """A digest: which commit it is of, and with which settings it was made."""

    @property
    def sha(self) -> str: ...
    @property
    def key(self) -> str: ...


D = TypeVar("D", bound=Kept)


@dataclass(frozen=True, slots=True)
class _Run:
    """What is looked at of a check run."""

    id: int
    app_id: int
    app_slug: str
    name: str
    head_sha: str
    conclusion: str
    completed_at: str
    text: str


class Ancestors:
    """The commits before others, as far as they are looked at; each is listed once.

    `history` gives a commit's ancestors by first parents as far as they are here, at most as many
    as asked for.
    """

    def __init__(self, github: GitHub, history: History) -> None:
        self._github = github
        self._history = history
        self._known: dict[str, tuple[str, ...]] = {}

    async def before(self, sha: str) -> tuple[str, ...]:
        """The nearest one first."""
        if sha not in self._known:
            self._known[sha] = (await self._listed(sha))[:ANCESTORS]
        return self._known[sha]

    async def _listed(self, sha: str) -> tuple[str, ...]:
        ancestors = await self._history(sha, ANCESTORS)
        if len(ancestors) >= ANCESTORS:
            return ancestors
        listed = await self._github.get(  # a shallow clone
            "list the base's history",
            "contents: read",
            "commits",
            lambda data: first_parents(data, sha),
            {"sha": sha, "per_page": PAGE},
        )
        return max(ancestors, listed, key=len)


class KeptDigests:
    """The texts of a name's check runs; what was read once is not read again.

    `own_app` gives the id of the App that made this run's check run, None where there is none:
    then the App of GitHub's own job tokens is trusted.
    """

    def __init__(
        self, github: GitHub, ancestors: Ancestors, *, check_name: str, own_app: OwnApp
    ) -> None:
        self._github = github
        self._ancestors = ancestors
        self._name = check_name
        self._own_app = own_app
        self._runs: dict[str, list[_Run]] = {}

    async def commits(self, base_sha: str) -> AsyncIterator[str]:
        """The base, then its ancestors; these are not asked for before they are needed."""
        yield base_sha
        for sha in await self._ancestors.before(base_sha):
            yield sha

    async def digests(self, sha: str, decode: Callable[[str], D | None]) -> list[D]:
        """The digests of a commit that can be believed, the newest first."""
        if sha not in self._runs:
            self._runs[sha] = await self._read(sha)
        found = []
        for run in self._runs[sha]:
            fits = run.name == self._name and run.head_sha == sha and run.conclusion in CONCLUDED
            digest = decode(run.text) if fits else None
            if digest is not None and digest.sha == sha and await self._is_ours(run):
                found.append(digest)
        return found

    async def _read(self, sha: str) -> list[_Run]:
        runs = await self._github.get(
            "read the base's check runs",
            "checks: read",
            f"commits/{sha}/check-runs",
            lambda data: [_run(item) for item in data["check_runs"]],
            {"check_name": self._name, "filter": "all", "per_page": RUNS},
        )
        return sorted(runs, key=lambda run: (run.completed_at, run.id), reverse=True)

    async def _is_ours(self, run: _Run) -> bool:
        own = await self._own_app()
        return run.app_slug == JOB_APP if own is None else run.app_id == own


def first_parents(commits: list[Mapping[str, Any]], sha: str) -> tuple[str, ...]:
    """The ancestors of `sha` by first parents, as far as a list of commits tells them."""
    parents = {str(c["sha"]): [str(p["sha"]) for p in c["parents"]] for c in commits}
    line: list[str] = []
    while len(line) < len(parents) and (above := parents.get(line[-1] if line else sha)):
        line.append(above[0])
    return tuple(line)


def _run(data: Mapping[str, Any]) -> _Run:
    app = data.get("app") or {}
    done = data.get("status") == "completed"
    return _Run(
        id=int(data["id"]),
        app_id=int(app.get("id") or 0),
        app_slug=str(app.get("slug") or ""),
        name=str(data["name"]),
        head_sha=str(data["head_sha"]),
        conclusion=str(data.get("conclusion") or "") if done else "",
        completed_at=str(data.get("completed_at") or ""),
        text=str(data["output"].get("text") or ""),
    )
