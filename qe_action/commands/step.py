"""One step of a workflow: where it stands, what it may write to, and how it ends.

What a step that analyses and one that publishes have in common; they differ in where their
events come from.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from pydantic import SecretStr

from qe_action.errors import QEError, UsageError, WorkspaceError
from qe_action.events import TestFinished
from qe_action.github.context import RunContext, read_context
from qe_action.github.identity import digest
from qe_action.render.links import Links
from qe_action.render.markdown import Heading
from qe_action.render.state import RunState
from qe_action.settings import Settings
from qe_action.sinks.delivery import Delivery
from qe_action.sinks.finish import Finish, MakePage
from qe_action.sinks.table import sinks_of
from qe_action.sinks.wiring import Suite, Wiring
from qe_action.stream import Sink, Stage
from qe_action.stream_runner import stream_to
from qe_action.workspace.outputs import WRITTEN, OutputFile, check_names

if TYPE_CHECKING:
    from qe_action.github.client import GitHub
    from qe_action.sinks.page_file import PageSink
    from qe_action.workspace.checkout import Checkout


class Step(ABC):
    """A step from its settings on. After `deliver`, `state` and `delivery` say what came of it.

    `context` is None where there is no event that can be read, `github` where there is nothing
    to write to; `problems` are sentences for the end of the log. `environment` is for programs
    that are started; what a step reads of it stands in the settings. `pull_github` is what the pull
    request with tests is written by, often the same as `github`; `trusted` says that the tests were
    made by this run. `checkout` is the measured tree, None where it is not at hand. A step that
    `only_closes` what has ended has no events. Of the tests that had ended `earlier`, in a run that
    was cut off, those that passed are not run again.
    """

    trusted = True
    only_closes = False
    earlier: tuple[TestFinished, ...] = ()

    def __init__(self, settings: Settings, environment: Mapping[str, str]) -> None:
        self.settings = settings
        self.environment = environment
        self.state = RunState()
        self.delivery = Delivery()
        self.problems: list[str] = []
        self.checkout: Checkout | None = None
        self.context = self._read_context()
        self.github = self._connect(self.settings.inputs.token)
        pr_token = self.settings.inputs.pr_token
        self.pull_github = self._connect(pr_token) if pr_token.get_secret_value() else self.github
        self.links = self._make_links()

    async def deliver(self, stages: Sequence[Stage], *, reads: Iterable[Path] = ()) -> None:
        """Send the stages' events to every sink, then write summary, outputs and files.

        Raises `UsageError` before anything else where an output has a wrong name; `reads` are
        files that none of them may replace.
        """
        check_names(self.settings.workspace, self._asked_for().values(), reads)
        self._check_group()
        files = self._outputs()
        page = self._page_sink()
        sinks = self.sinks({name: file.stream for name, file in files.items()})
        try:
            broadcast = await stream_to(
                stages,
                [*sinks, *filter(None, [page])],
                on_failure=self._sink_failed,
                on_signal=self._hurry,
            )
        finally:
            await self.hang_up()
        if broadcast.failure is not None:
            self.problems.append(f"{broadcast.failed}: {broadcast.failure!r}")
        Finish(
            self.settings,
            self.state,
            self.delivery,
            self.links,
            Heading(self.settings.inputs.name),
            fork=self.context is not None and self.context.is_fork,
            measured_here=self.trusted,
            page=await self._page_maker(page),
        ).write(self._why_not(), self.problems, files)

    def sinks(self, files: Mapping[str, IO[bytes]]) -> list[Sink]:
        """Who reads the events; `files` are those that were asked for."""
        return sinks_of(self.wiring(files))

    @property
    def suite(self) -> Suite:
        """Where the run of the tests that it reports comes from, if there is one."""
        inputs = self.settings.inputs
        return "run" if inputs.test_command or inputs.test_results else "absent"

    def suite_digest(self) -> str:
        """Names a suite before it has run, by what it is: its results are not there yet."""
        inputs = self.settings.inputs
        return digest(*inputs.test_command, "", *inputs.test_results)

    @property
    def makes_page(self) -> bool:
        """Whether a page is made: where it is asked for, or is all there is to look at."""
        if self.settings.inputs.preview_file is not None:
            return True
        return not self.settings.in_workflow and bool(self._why_not())

    @abstractmethod
    def content_digest(self) -> str:
        """Names what is delivered by its content; read once, beside the loop."""

    async def hang_up(self) -> None:
        """Close the connections to GitHub, if there are any."""
        for github in self._connections():
            await github.aclose()

    def _page_sink(self) -> PageSink | None:
        if not self.makes_page:
            return None
        from qe_action.sinks.page_file import PageSink

        return PageSink()

    async def _page_maker(self, page: PageSink | None) -> MakePage:
        if page is None:
            return lambda preview: preview("")
        from qe_action.workspace.tracked_sources import no_sources, tracked_sources

        read = await tracked_sources(self.checkout) if self.checkout else no_sources
        name = self.settings.inputs.name
        return lambda preview: page.page(name, read, preview)

    def _connections(self) -> set[GitHub]:
        return {github for github in (self.github, self.pull_github) if github is not None}

    def _read_context(self) -> RunContext | None:
        environment = self.settings.environment
        if not environment.get("GITHUB_REPOSITORY"):
            return None
        try:
            return read_context(environment, self.settings.payload())
        except UsageError as error:
            self.problems.append(error.line())
            return None

    def _connect(self, token: SecretStr) -> GitHub | None:
        context = self.context
        if context is None or context.repo is None or not token.get_secret_value():
            return None
        from qe_action.github.client import GitHub
        from qe_action.github.retry_policy import Ports, policy_of

        try:
            return GitHub(
                token=token,
                repo=context.repo,
                api_url=context.api_url,
                policy=policy_of(self.settings.pacing),
                ports=Ports(authorities=self.settings.authorities),
            )
        except QEError as error:
            self.problems.append(error.line())
            return None

    def _make_links(self) -> Links:
        context = self.context
        if context is None:
            return Links()
        return Links(
            server=context.server_url,
            repo=context.repo or "",
            sha=context.head_sha or "",
            run_url=context.run_url or "",
        )

    def _why_not(self) -> str:
        """Why nothing is sent; empty where something is."""
        if self.context is None:
            broken = bool(self.settings.environment.get("GITHUB_EVENT_PATH"))
            return "the event can't be read" if broken else "this run has no GitHub event"
        if self.context.target_sha is None:
            event = self.context.event_name
            why = f"the event {event} is about no pull request and no pushed branch"
            hint = ", and the input pull-request names none" if event == "workflow_dispatch" else ""
            return f"{why}{hint}"
        return "" if self.github else "there is no token"

    def wiring(self, files: Mapping[str, IO[bytes]]) -> Wiring:
        """What the sinks are handed."""
        return Wiring(
            settings=self.settings,
            context=self.context or RunContext(),
            github=self.github,
            links=self.links,
            delivery=self.delivery,
            state=self.state,
            report_digest=self.content_digest,
            suite=self.suite,
            suite_digest=self.suite_digest,
            files=files,
            environment=self.environment,
            pull_github=self.pull_github,
            trusted=self.trusted,
        )

    def _check_group(self) -> None:
        """What is counted must be there to be counted."""
        inputs = self.settings.inputs
        if inputs.expect_parts and not inputs.comment_group:
            self.problems.append(
                "expect-parts does nothing: it counts the parts of comment-group, which is missing."
            )
        if inputs.tests_patch_file and inputs.pull_request_tests == "off":
            self.problems.append(
                "tests-patch-file stays empty, as pull-request-tests is off: suggest fills it."
            )

    def _asked_for(self) -> dict[str, str]:
        """The files to be written, by the names of their inputs."""
        values = {item.name: getattr(self.settings.inputs, item.field) for item in WRITTEN}
        return {name: value for name, value in values.items() if value is not None}

    def _outputs(self) -> dict[str, OutputFile]:
        """These files; a disk that takes none is no reason to deliver nothing."""
        files = {}
        for name, value in self._asked_for().items():
            try:
                files[name] = self._output(name, value)
            except WorkspaceError as error:
                self.problems.append(error.line())
        return files

    def _output(self, name: str, value: str) -> OutputFile:
        """One of them. Raises `QEError`."""
        return OutputFile(self.settings.workspace, value)

    def _hurry(self) -> None:
        self.delivery.hurry()
        for github in self._connections():
            github.hurry()

    def _sink_failed(self, sink: Sink, error: BaseException) -> None:
        said = error.line() if isinstance(error, QEError) else repr(error)
        self.problems.append(f"The {sink.name} is not complete: {said}")
