"""The finished run that a `workflow_run` event is about, out of the payload that GitHub wrote.

These fields are GitHub's own words, a fork can't choose them; only the branch's name is.
"""

from __future__ import annotations

from dataclasses import dataclass

from qe_action.github import fields
from qe_action.github.fields import Fields, needed, part


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run that is over. `head_repo` is None where a fork was deleted since.

    `event` started it, `head_sha` is the commit it ran for: under `pull_request` the head.
    """

    id: int
    attempt: int
    event: str
    conclusion: str
    head_sha: str
    head_branch: str | None
    head_repo: str | None

    def url(self, server: str, repo: str) -> str:
        """The run's page."""
        url = f"{server}/{repo}/actions/runs/{self.id}"
        return url if self.attempt == 1 else f"{url}/attempts/{self.attempt}"


def read_finished(payload: Fields) -> FinishedRun:
    """Raises `UsageError` naming the payload's field that is not what it should be."""
    above = "workflow_run."
    run = part(payload, "workflow_run")
    head = run.get("head_repository")
    if head is not None:
        head = part(run, "head_repository", above).get("full_name")
    return FinishedRun(
        id=needed(fields.count(run.get("id"), f"{above}id"), f"{above}id"),
        attempt=fields.count(run.get("run_attempt"), f"{above}run_attempt") or 1,
        event=fields.line(str(run.get("event") or "")),
        conclusion=fields.line(str(run.get("conclusion") or "")),
        head_sha=needed(fields.sha(run.get("head_sha"), f"{above}head_sha"), f"{above}head_sha"),
        head_branch=fields.branch(run.get("head_branch") or None, f"{above}head_branch"),
        head_repo=fields.repo_name(head, f"{above}head_repository.full_name"),
    )
