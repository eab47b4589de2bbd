"""Where a baseline is found: in the check runs of the measured base and of its ancestors.

A digest is believed if the check run is by the App that made this run's own, bears our name,
is completed, and if commit and digest name each other. That keeps out other Apps and other
commits. It does not keep out workflows of the same repository that may write checks: GitHub
gives all of them one App and lets each edit the others' check runs, so that theirs can't be
told from ours by anything in the answer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from qe_action.analysis.baseline import Digest, decode
from qe_action.analysis.deltas import Lookup
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


class BaselineFinder:
    """Finds the digest of a commit, or of the nearest one before it that has one.

    `own_app` gives the id of the App that made this run's check run, None where there is none:
    then the App of GitHub's own job tokens is trusted. `history` gives a commit's ancestors by
    first parents as far as they are here, at most as many as asked for. With `advise` it is
    said how to get a baseline where there is none.
    """

    def __init__(
        self,
        github: GitHub,
        *,
        check_name: str,
        own_app: OwnApp,
        history: History,
        advise: bool,
    ) -> None:
        self._github = github
        self._name = check_name
        self._own_app = own_app
        self._history = history
        self._advise = advise

    async def find(self, base_sha: str | None, key: str) -> Lookup:
        """The digest made with the settings `key`, and how far before the base it was made.

        Raises `DeliveryError` where GitHub does not answer.
        """
        if base_sha is None:
            return self._none("The measured base is not known, so there is no baseline.")
        distance = 0
        async for sha in self._commits(base_sha):
            digests = await self._digests(sha)
            for digest in digests:
                if digest.key == key:
                    return Lookup(digest, distance)
            if digests:
                return Lookup(notes=(_other_settings(sha),))
            distance += 1
        return self._none(
            f"There is no baseline at the base {base_sha[:7]} or shortly before: run this action "
            "on pushes to the default branch, and changes in coverage are shown."
        )

    def _none(self, why: str) -> Lookup:
        return Lookup(notes=(why,) if self._advise else ())

    async def _commits(self, base_sha: str) -> AsyncIterator[str]:
        """The base, then its ancestors; these are not asked for before they are needed."""
        yield base_sha
        ancestors = await self._history(base_sha, ANCESTORS)
        if len(ancestors) < ANCESTORS:  # a shallow clone
            listed = await self._github.get(
                "list the base's history",
                "contents: read",
                "commits",
                lambda data: first_parents(data, base_sha),
                {"sha": base_sha, "per_page": PAGE},
            )
            ancestors = max(ancestors, listed, key=len)
        for sha in ancestors[:ANCESTORS]:
            yield sha

    async def _digests(self, sha: str) -> list[Digest]:
        """The digests of a commit that can be believed, the newest first."""
        runs = await self._github.get(
            "read the base's check runs",
            "checks: read",
            f"commits/{sha}/check-runs",
            lambda data: [_run(item) for item in data["check_runs"]],
            {"check_name": self._name, "filter": "all", "per_page": RUNS},
        )
        found = []
        for run in sorted(runs, key=lambda run: (run.completed_at, run.id), reverse=True):
            fits = run.name == self._name and run.head_sha == sha and run.conclusion in CONCLUDED
            digest = decode(run.text) if fits else None
            if digest is not None and digest.sha == sha and await self._is_ours(run):
                found.append(digest)
        return found

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


def _other_settings(sha: str) -> str:
    return (
        f"The baseline at {sha[:7]} was made with another include, exclude, source-root or "
        "working-directory, so nothing is compared with it."
    )
