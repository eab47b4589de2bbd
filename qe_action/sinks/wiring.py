"""What a run hands its sinks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from qe_action.render.links import Links
from qe_action.render.marker import Marker
from qe_action.render.state import RunState
from qe_action.settings import Settings
from qe_action.sinks.delivery import Delivery
from qe_action.workspace.diff_sources import PullRef

if TYPE_CHECKING:
    from qe_action.github.client import GitHub
    from qe_action.github.context import RunContext
    from qe_action.github.identity import Identity


@dataclass(frozen=True)
class Wiring:
    """What a run hands its sinks.

    `target_sha` is the commit that gets the check run, `pull` the pull request that gets the
    comment; None where there is none, or no way to write to it. `report_digest` names what is
    reported by its content, `environment` is git's. `files` are those that were asked for, by the
    names of their inputs. `pull_github` writes the branch and pull request with tests; `trusted`
    says that the tests were made by this run.
    """

    settings: Settings
    context: RunContext
    github: GitHub | None
    links: Links
    delivery: Delivery
    state: RunState
    report_digest: Callable[[], str]
    files: Mapping[str, IO[bytes]] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    pull_github: GitHub | None = None
    trusted: bool = True

    async def identify(self) -> Identity:
        """Who this run's check run belongs to. Reads the reports once, beside the loop."""
        from qe_action.github.identity import Identity, RunKey

        inputs, context = self.settings.inputs, self.context
        return Identity(
            name=inputs.name,
            head_sha=self.links.sha,
            key=RunKey(context.run_id or 0, context.run_attempt),
            job=context.job,
            report=await asyncio.to_thread(self.report_digest),
            group=inputs.comment_group,
        )

    def marker(self, place: str) -> Marker:
        """The marker of this run in the comment of a place."""
        context = self.context
        return Marker(place, context.run_id, context.run_attempt, self.links.sha or None)

    @property
    def target_sha(self) -> str | None:
        return self.context.target_sha if self.github else None

    @property
    def pull(self) -> PullRef | None:
        return self.context.pull if self.github else None
