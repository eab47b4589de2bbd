"""`qe-action run`: what the container does, from the runner's environment to the outputs."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qe_action.agents.options import AnalysisOptions
from qe_action.commands.report_options import analysis_options
from qe_action.commands.step import Step
from qe_action.errors import DeliveryError, QEError, ReportError
from qe_action.github.commanded_pull import CommandRefused, commanded_pull
from qe_action.github.named_pull import named_pull
from qe_action.github.slash_command import COMMAND, COMMENT_EVENT
from qe_action.inputs import INPUTS
from qe_action.settings import Settings
from qe_action.sinks import workflow_commands
from qe_action.stream import Stage
from qe_action.workspace.change import list_files, resolve_change
from qe_action.workspace.checkout import Checkout, GitCheckout
from qe_action.workspace.git import Git

if TYPE_CHECKING:  # what is needed when the tests have ended is imported then
    from qe_action.commands.base_results import BaseResults
    from qe_action.commands.gap_tests import GapTests
    from qe_action.commands.suite_setup import SuiteSetup
    from qe_action.commands.suite_stages import SuiteStages
    from qe_action.events import AnalyzerEvent
    from qe_action.execution.suite_port import SuiteRunner

COVERAGE_FILE = next(item.default for item in INPUTS if item.name == "coverage-file")
SWITCH_INTERVAL = 0.0005
"""Seconds after which the parser lets the thread that talks to GitHub have its turn. With the
default of ten times as much, that thread's many small waits add up to seconds."""


class ActionRun(Step):
    """A step that analyses reports."""

    def __init__(
        self,
        settings: Settings,
        environment: Mapping[str, str],
        *,
        runner: SuiteRunner | None = None,
        began: float | None = None,
    ) -> None:
        super().__init__(settings, environment)
        self._runner = runner
        self._began = began
        self._setup: SuiteSetup | None = None
        opens = settings.inputs.pull_request_tests == "open"
        self.only_closes = opens and self.context is not None and self.context.ended

    async def run(self) -> None:
        """Analyse, deliver, and write summary, outputs and files.

        Raises `UsageError` before anything else where an output has a wrong name, and
        `CommandRefused` where a comment asks for tests that are not made.
        """
        if self.only_closes:
            await self._close_tests()
            return
        git = Git(self.settings.workspace, env=self.environment)
        if self._answers_comment():
            await self._follow_command(git)
        else:
            await self._name_pull()
        sys.setswitchinterval(SWITCH_INTERVAL)
        if self._runner is None and self.settings.inputs.test_command:
            self._setup = self._suite_setup(git)
        try:
            await self.deliver(self._stages(git), reads=self._report_files())
        finally:
            if self._setup is not None:
                self._setup.forget()

    def _stages(self, git: Git) -> list[Stage]:
        """The tests, where some are run or were; the analysis; and tests for its gaps."""
        checkout = self.checkout = self._checkout(git)
        base = self._base_results(git)
        suite = None
        if self.suite != "absent":
            suite = self._suite_stages(git, checkout, base)
        options = analysis_options(
            self.settings, self.context, self._reports(), lines=self.tells_lines
        )
        analyse = partial(_analysis, checkout, base)
        if suite is not None:
            setup = self._setup
            analysis = suite.analysis(options, setup.analysing(analyse) if setup else analyse)
        else:
            analysis = analyse(options)
        stages = [Stage("coverage-analyzer", analysis)]
        if self.settings.inputs.generate_tests:
            stages = self._gap_tests(git).stages(analysis)
        return suite.before(stages) if suite is not None else stages

    @property
    def tells_lines(self) -> bool:
        """Whether somebody shows the lines of each file."""
        return self.makes_page

    def content_digest(self) -> str:
        from qe_action.workspace.report_file import report_digest

        return report_digest(self._reports())

    def _answers_comment(self) -> bool:
        """Whether a comment has started what only some people may start.

        A comment that asks for nothing here may still have a report shown on a pull request.
        """
        if self.settings.environment.get("GITHUB_EVENT_NAME") != COMMENT_EVENT:
            return False
        inputs = self.settings.inputs
        commanded = self.context is not None and self.context.command is not None
        return commanded or inputs.generate_tests or bool(inputs.test_command)

    async def _follow_command(self, git: Git) -> None:
        """Take the pull request of the comment. Raises `CommandRefused`."""
        if self.context is None:
            raise CommandRefused(f"{COMMAND} is not followed: {' '.join(self.problems)}")
        try:
            number = self.settings.inputs.pull_request
            self.context = await commanded_pull(self.context, number, self.github)
            await self._check_measured(git)
        except BaseException:
            await self.hang_up()
            raise
        self.links = self._make_links()

    async def _check_measured(self, git: Git) -> None:
        """Raises `CommandRefused` where the pull request's head is not what was measured."""
        assert self.context is not None
        assert self.context.pull is not None
        pull = self.context.pull
        head = await git.head() if git.toplevel is not None else None
        parents = await git.parents(head) if head else ()
        if pull.head_sha not in (head, *parents[1:]):
            here = head[:7] if head else "nothing"
            raise CommandRefused(
                f"{COMMAND} is not followed: {here} is checked out, and the head of #{pull.number} "
                f"is {pull.head_sha[:7]}. If it was pushed to since, comment again."
            )

    async def _close_tests(self) -> None:
        """The pull request has ended, and what holds tests for it ends too: no report is read."""
        from qe_action.sinks.tests_wiring import close_tests

        try:
            workflow_commands.tell(await close_tests(self.wiring({})))
        except DeliveryError as error:
            self.delivery.failed(error)
            workflow_commands.warn(error.line())
        finally:
            await self.hang_up()
        for text in self.delivery.notes:
            workflow_commands.tell(text)

    async def _name_pull(self) -> None:
        """Take the pull request that the input names, where the event names none."""
        if self.context is None:
            return
        number = self.settings.inputs.pull_request
        try:
            self.context, problem = await named_pull(self.context, number, self.github)
        except QEError:
            await self.hang_up()
            raise
        if problem:
            self.problems.append(problem)
        self.links = self._make_links()

    def _checkout(self, git: Git) -> Checkout:
        # A workflow measures what it checked out; on a desk the edits in progress count too.
        worktree = not self.settings.in_workflow
        resolve = partial(
            resolve_change,
            git,
            pull=self.context.pull if self.context else None,
            commit=self.context.commit if self.context else None,
            base=self.settings.inputs.base,
            api=self.github,
            worktree=worktree,
        )
        root = git.toplevel or self.settings.workspace
        files = partial(list_files, git, worktree=worktree)
        return GitCheckout(root, resolve=resolve, list_files=files)

    def _gap_tests(self, git: Git) -> GapTests:
        from qe_action.commands.gap_tests import GapTests
        from qe_action.defaults import project_interpreters

        return GapTests(
            self.settings.inputs,
            git.toplevel or self.settings.workspace,
            self.delivery,
            fork=self.context is not None and self.context.is_fork,
            own=self.context is not None and self.context.has_own_tests,
            interpreters=self._setup.interpreters if self._setup else project_interpreters,
        )

    def _suite_setup(self, git: Git) -> SuiteSetup:
        from qe_action.commands.suite_setup import SuiteSetup
        from qe_action.defaults import project_interpreters

        return SuiteSetup(
            self.settings.inputs,
            git.toplevel or self.settings.workspace,
            self.environment,
            fork=self.context is not None and self.context.is_fork,
            interpreters=project_interpreters,
        )

    def _suite_stages(self, git: Git, checkout: Checkout, base: BaseResults | None) -> SuiteStages:
        from qe_action.agents.test_executor import TestExecutorAgent
        from qe_action.commands.suite_stages import Place, SuiteStages, execution_options

        keeps = self.context is not None and self.context.keeps_baseline
        where = Place(git.toplevel, self._runner is not None, self._began, self.earlier)
        options = execution_options(self.settings, where, self.environment, keeps=keeps)
        baselines = base.tests() if base else None

        def agent_for(runner: SuiteRunner | None) -> TestExecutorAgent:
            return TestExecutorAgent(runner=runner, checkout=checkout, baselines=baselines)

        if self._setup is not None:
            events = self._setup.events(options, agent_for)
        else:
            events = agent_for(self._runner).events(options)
        return SuiteStages(
            events,
            self._reports(),
            runs=bool(options.command),
            began=self._began,
            needed=self._needs_report(),
            say=self.problems.append,
            named=", ".join(self.settings.inputs.coverage_file),
            part=any(each.outcome == "passed" for each in self.earlier),
        )

    def _needs_report(self) -> bool:
        """Whether coverage is asked for that a missing report would not show."""
        inputs = self.settings.inputs
        if not inputs.test_command and inputs.coverage_file != (COVERAGE_FILE,):
            return True
        least = (inputs.min_patch_coverage, inputs.min_project_coverage, inputs.min_branch_coverage)
        return bool(inputs.path_gate) or {*least, inputs.max_drop} != {None}

    def _base_results(self, git: Git) -> BaseResults | None:
        """Where to look for baselines; nowhere outside of a workflow's run."""
        if self.github is None or self.context is None or self.context.target_sha is None:
            return None
        from qe_action.commands.base_results import BaseResults

        return BaseResults(
            self.github,
            self.settings.inputs,
            history=git.first_parents,
            own_app=self.delivery.own_app,
            advise=self.context.pull is not None,
        )

    def _reports(self) -> tuple[Path, ...]:
        inputs = self.settings.inputs
        top = self._setup.taken if self._setup is not None else self.settings.workspace
        folder = top / inputs.working_directory
        return tuple(folder / name for name in inputs.coverage_file)

    def _report_files(self) -> Iterator[Path]:
        from qe_action.workspace.report_file import expand

        for name in self._reports():
            with suppress(ReportError):  # said when it is read
                yield from expand(name)


def _analysis(
    checkout: Checkout, base: BaseResults | None, options: AnalysisOptions
) -> AsyncGenerator[AnalyzerEvent, None]:
    """The events of the analysis, imported as it begins: a suite may run for minutes before."""
    from qe_action.agents.coverage_analyzer import CoverageAnalyzerAgent

    agent = CoverageAnalyzerAgent(checkout=checkout, baselines=base.coverage() if base else None)
    return agent.events(options)
