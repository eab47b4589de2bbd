"""What a run hands its sinks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Literal

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


Suite = Literal["absent", "run", "recorded"]
"""Whether a stream has a run of tests: of one that is recorded only the stream itself tells."""


@dataclass(frozen=True)
class Wiring:
    """What a run hands its sinks.

    `target_sha` is the commit that gets the check run, `pull` the pull request that gets the
    comment; None where there is none, or no way to write to it. `report_digest` names what is
    reported by its content, `suite_digest` a suite by what runs it. `environment` is git's. `files`
    are those that were asked for, by the names of their inputs. `pull_github` writes the branch and
    pull request with tests; `trusted` says that the tests were made by this run.
    """

    settings: Settings
    context: RunContext
    github: GitHub | None
    links: Links
    delivery: Delivery
    state: RunState
    report_digest: Callable[[], str]
    suite: Suite = "absent"
    suite_digest: Callable[[], str] = str
    files: Mapping[str, IO[bytes]] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    pull_github: GitHub | None = None
    trusted: bool = True
    journal_head: bytes = b""

    async def identify(self) -> Identity:
        """Who this run's check run of coverage belongs to. Reads the reports beside the loop."""
        from qe_action.github.identity import Identity, RunKey

        inputs, context = self.settings.inputs, self.context
        before_the_suite = self.suite == "run" and inputs.checks == "one"
        content = self.suite_digest if before_the_suite else self.report_digest
        return Identity(
            name=inputs.name,
            head_sha=self.links.sha,
            key=RunKey(context.run_id or 0, context.run_attempt),
            job=context.job,
            report=await asyncio.to_thread(content),
            group=inputs.comment_group,
        )

    async def identify_tests(self) -> Identity:
        """The same of the tests' own check run: of the same place, and named after the other."""
        from qe_action.github.identity import Identity, RunKey, name_for_tests

        inputs, context = self.settings.inputs, self.context
        content = self.suite_digest if self.suite == "run" else self.report_digest
        return Identity(
            name=name_for_tests(inputs.name),
            head_sha=self.links.sha,
            key=RunKey(context.run_id or 0, context.run_attempt),
            job=context.job,
            report=await asyncio.to_thread(content),
            group=inputs.comment_group,
            about="tests",
            place=inputs.name,
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
