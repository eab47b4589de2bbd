"""One run of the tests: the command, failures run again, results that were written, the result."""

from __future__ import annotations

import asyncio
import shlex
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path

from qe_action.agents.baseline_search import TestBaselines, TestBaselineSearch
from qe_action.agents.emission import Emit, emitted
from qe_action.agents.executed_tests import ExecutedTests, Failure
from qe_action.agents.execution_comparison import compared, slow_tests, with_digest
from qe_action.agents.execution_options import ExecutionOptions
from qe_action.agents.execution_progress import Progress
from qe_action.agents.execution_result import (
    Flakes,
    Verdict,
    completed,
    signalled,
    unheard,
    verdict,
)
from qe_action.agents.failure_texts import MESSAGE, TRACEBACK, Cleaning
from qe_action.agents.message_buffer import MessageBuffer
from qe_action.agents.passed_before import left_out, messages, note, passed_alone
from qe_action.agents.repeats import COMMAND, MOST, Attempt, repeatable, rerun_command, runs
from qe_action.agents.test_places import Places
from qe_action.analysis.test_baseline import TestDigest
from qe_action.analysis.test_comparison import history
from qe_action.errors import QEError, ReportError
from qe_action.events import (
    Conclusion,
    ExecutionComplete,
    ExecutorError,
    ExecutorEvent,
    History,
    TestFlaky,
)
from qe_action.execution.suite_port import Finished, Message, Run, Session, SuiteRunner
from qe_action.text import plural
from qe_action.workspace.change import Change
from qe_action.workspace.checkout import Checkout

PLACES = 20.0
"""Seconds that the first failure waits for the change that its line is mapped through."""
BASELINE = 1.0
"""Seconds that the first failure waits for the baseline that it is compared with."""
AT_THE_END = 5.0
"""The same where the run has finished."""


class ExecutionRun:
    """The state of one run, and the events it gives."""

    def __init__(
        self,
        options: ExecutionOptions,
        runner: Callable[[], SuiteRunner],
        checkout: Checkout,
        clock: Callable[[], float],
        baselines: TestBaselines | None = None,
    ) -> None:
        self._options = options
        self._make_runner = runner
        self._checkout = checkout
        self._clock = clock
        self._began = clock()
        self._epoch = options.began or time.time()
        self._top = Path(checkout.top or options.repo.absolute())
        self._cleaning = Cleaning(options.secrets)
        repo = options.repo
        self._places = Places((checkout.top, str(repo.absolute()), str(repo.resolve())))
        self._tests = ExecutedTests(self._places, self._cleaning, self._history)
        self._progress = Progress(options.rerun_failures if options.command else 0)
        self._flakes = Flakes()
        self._search = TestBaselineSearch(baselines, patience=AT_THE_END)
        self._change: Change | None = None
        self._preparation: asyncio.Task[None] | None = None
        self._waited = False
        self._unread = False
        self._notes: list[str] = []
        self._emit: Emit[ExecutorEvent]

    def events(self) -> AsyncGenerator[ExecutorEvent, None]:
        """The whole stream. It ends in one `complete`, also when it fails or is cancelled."""
        return emitted(self._run)

    async def _run(self, emit: Emit[ExecutorEvent]) -> None:
        self._emit = emit
        emit(self._progress.first())
        self._preparation = asyncio.create_task(self._prepare())
        try:
            await self._work()
            emit(self._progress.last(self._tests, len(self._flakes.tests)))
        except QEError as error:
            self._error(error, recoverable=False)
            emit(self._complete("failed"))
        except asyncio.CancelledError:
            self._note(f"The run was cancelled after {plural(self._tests.finished, 'test')}.")
            emit(self._complete("cancelled"))
            raise
        else:
            emit(self._complete("failed" if self._unread else None))
        finally:
            self._preparation.cancel()
            self._search.close()
            await asyncio.gather(self._preparation, return_exceptions=True)

    async def _work(self) -> None:
        if self._options.command:
            runner = self._make_runner()
            await self._first_run(runner)
            await self._again(runner)
        if self._options.results:
            await self._read()
        await self._compare()

    async def _prepare(self) -> None:
        """What failures are placed by; the tests run meanwhile."""
        try:
            self._change = change = await self._checkout.change()
            if change.line_map is None:  # what else can't be had is the analysis's to say
                self._notes += change.notes
            self._search.begin(change.tree.base_sha, self._options.key)
            self._places.line_map = change.line_map
            self._places.index = await self._checkout.index()
        except QEError as error:
            self._error(error, recoverable=True)

    async def _first_run(self, runner: SuiteRunner) -> None:
        options, passed = self._options, passed_alone(self._options.earlier, self._top)
        for message in messages(passed, self._top):
            await self._take(message)
        self._notes += note(passed)
        run = Run(
            options.command,
            options.folder or self._top,
            test_timeout=options.test_timeout,
            without=left_out(passed, self._top.resolve()),
        )
        buffer = MessageBuffer(runner.run(run))
        async with aclosing(buffer.read()) as heard:
            async for message in heard:
                await self._take(message)

    async def _take(self, message: Message) -> None:
        now = self._clock()
        if isinstance(message, Session):
            self._progress.pace.began(now)
        elif isinstance(message, Finished) and message.outcome in ("failed", "error"):
            await self._awaited()
        for event in self._tests.take(message):
            self._emit(event)
        self._progress.pace.digest = self._digest
        for step in self._progress.step(self._tests, now):
            self._emit(step)

    async def _awaited(self) -> None:
        """Let the first failure wait a moment for what is said of it; the suite goes on."""
        if not self._waited:
            self._waited = True
            await self._placed()
            await self._search.within(BASELINE)

    async def _placed(self) -> None:
        """Let what failures are placed by be known."""
        if self._preparation is not None:
            await asyncio.wait({self._preparation}, timeout=PLACES)
            if self._preparation.done():
                self._preparation.result()

    @property
    def _digest(self) -> TestDigest | None:
        return found.digest if (found := self._search.found) else None

    def _history(self, name: str) -> History:
        return history(name, self._digest)

    async def _again(self, runner: SuiteRunner) -> None:
        """Run failures again, each time what still fails, where the command ended by itself."""
        tests, options = self._tests, self._options
        ended = tests.ended
        if not options.rerun_failures or ended is None or ended.why or signalled(ended.code):
            return
        pending = repeatable(tests.failures.values())
        if len(tests.failures) + tests.more_failures > MOST:
            self._note(f"More than {MOST} tests failed: they were not run again.")
            return
        if left_out := len(tests.failures) - len(pending):
            self._note(f"{plural(left_out, 'failure')} could not be run again.")
        for number in range(1, options.rerun_failures + 1):
            if not pending:
                return
            self._emit(self._progress.again(tests, len(pending), number))
            for run, group in runs(pending, options.test_timeout):
                attempt = await self._attempt(runner, run)
                for failure in group:
                    if attempt.passed(failure.heard.id):
                        self._flaky(failure, number + 1)
            pending = repeatable(self._flakes.without(tests.failures))

    async def _read(self) -> None:
        """The results that were written; with a command its own alone, and none heard before."""
        from qe_action.agents.result_reading import ResultReading

        options = self._options
        since = self._epoch if options.command else None
        await self._placed()
        reading = ResultReading(options.results, self._tests, self._top, since=since)
        try:
            async for message, flaky in reading.messages():
                await self._take(message)
                if flaky and isinstance(message, Finished):
                    failure = self._tests.failures.get((message.key, message.id))
                    if failure is not None:
                        self._flaky(failure, 2)
        except ReportError as error:
            if not options.command:
                raise
            reading.errors.append(error)
        for unread in reading.errors:
            self._error(unread, recoverable=True)
        self._unread = bool(reading.errors) and not options.command
        self._notes += reading.notes

    async def _attempt(self, runner: SuiteRunner, run: Run) -> Attempt:
        """One more run; where it can't be started, none of its tests has passed."""
        attempt = Attempt()
        try:
            async with aclosing(MessageBuffer(runner.run(run)).read()) as messages:
                async for message in messages:
                    attempt.take(message)
        except QEError as error:
            self._error(error, recoverable=True)
        return attempt

    def _flaky(self, failure: Failure, number: int) -> None:
        """One that passed; told where none of its name fails, as in another session."""
        told = failure.told
        event = TestFlaky(
            id=told.id,
            passed_in=number,
            file_path=told.file_path,
            line=told.line,
            message=told.message,
        )
        self._flakes.tests[failure.suite.session.key, failure.heard.id] = event
        still = {each.told.id for each in self._flakes.without(self._tests.failures)}
        if told.id not in still:
            self._emit(event)

    async def _compare(self) -> None:
        """What the base's tests say, where they are found in time."""
        await self._placed()
        await self._search.result()
        for event in slow_tests(self._tests, self._digest):
            self._emit(event)

    def _complete(self, conclusion: Conclusion | None) -> ExecutionComplete:
        """The result; `conclusion` is that of a run that did not come to its end."""
        tests, options, clean = self._tests, self._options, self._cleaning
        judged = verdict(tests, self._flakes, flaky_passes=options.flaky == "pass")
        if conclusion is not None:
            judged = Verdict(None if judged.passed else judged.passed, conclusion)
        result = completed(tests, self._flakes, judged)
        last = self._flakes.without(tests.failures)
        rerun = rerun_command(options.command, options.folder or self._top, last)
        ended = tests.ended
        silent = unheard(tests, options.command, library=options.place == "library")
        update: dict[str, object] = {
            "command": clean.line(shlex.join(options.command), COMMAND),
            "rerun": clean.command(rerun, COMMAND),
            "hung": clean.name(ended.hung) if ended else "",
            "stack": clean.tail(ended.stack, TRACEBACK) if ended else "",
            "seconds": max(0.0, self._clock() - self._began) if options.command else None,
            "notes": (*result.notes, *silent, *self._notes),
        }
        result = compared(result.model_copy(update=update), last, self._search.found)
        if options.keeps_digest and self._change is not None:
            tree = self._change.tree
            result = with_digest(result, tree, options.key, tests, self._flakes)
        return result

    def _error(self, error: QEError, *, recoverable: bool) -> None:
        self._note(error.message)
        self._emit(
            ExecutorError(
                message=self._cleaning.line(error.message, MESSAGE),
                hint=error.hint,
                recoverable=recoverable,
                finished=self._tests.finished,
            )
        )

    def _note(self, note: str) -> None:
        self._notes.append(self._cleaning.line(note, MESSAGE))
