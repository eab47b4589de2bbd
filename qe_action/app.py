"""The commands: each is run in an event loop and turned into an exit code."""

from __future__ import annotations

import os
import shlex
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qe_action import stream_runner
from qe_action.errors import QEError
from qe_action.render.state import RunState
from qe_action.render.verdict import conclude, conclude_tests
from qe_action.verbosity import Verbosity

if TYPE_CHECKING:
    from qe_action.commands.step import Step
    from qe_action.execution.plain import PlainRunner
    from qe_action.execution.started_suite import StartedSuite
    from qe_action.settings import Settings

DONE, GATE_FAILED, WRONG_INPUT, NOT_DELIVERED = 0, 1, 2, 3
TESTS_FAILED = GATE_FAILED
CANCELLED = 130


def run(options: Mapping[str, str], arguments: Namespace, secrets: Mapping[str, str]) -> int:
    """What the container runs.

    `options` are inputs given on the command line, `secrets` variables that are not in the
    environment.
    """
    with _told():
        settings = _settings(options, arguments, secrets)
        if settings.inputs.mode == "publish":
            return _publish(settings, None)
        return _analyze_step(settings)


def _analyze_step(settings: Settings) -> int:
    from qe_action.commands.run import ActionRun
    from qe_action.github.commanded_pull import CommandRefused
    from qe_action.sinks import workflow_commands

    action = ActionRun(settings, os.environ)
    try:
        stream_runner.run(action.run)
    except CommandRefused as why:
        workflow_commands.notice_or_line(str(why), in_workflow=settings.in_workflow)
        return DONE
    return code_of(action)


def test(
    options: Mapping[str, str],
    arguments: Namespace,
    secrets: Mapping[str, str],
    words: Sequence[str],
    suite: StartedSuite | None,
) -> int:
    """`qe-action test`: `words` run the tests, and as `suite` they may do so already.

    The exit code is the command's own where it is not 0 and there was more to it than flaky tests.
    """
    with _told():
        given = {**_working_directory(arguments), **options, "test-command": shlex.join(words)}
        if arguments.resume is not None:
            given.setdefault("journal", arguments.resume)
        settings = _settings(given, arguments, secrets)
        settings = settings.model_copy(update={"starts_command": True})
        return _tested(settings, suite, arguments.resume)


def _tested(settings: Settings, suite: StartedSuite | None, resume: str | None) -> int:
    from qe_action.commands.run import ActionRun
    from qe_action.execution.plain import PlainRunner
    from qe_action.github.commanded_pull import CommandRefused
    from qe_action.sinks import workflow_commands

    runner = PlainRunner(os.environ, started=suite)
    began = suite.began if suite is not None else None
    if settings.inputs.journal is None:
        action = ActionRun(settings, os.environ, runner=runner, began=began)
    else:
        from qe_action.commands.journaled_tests import JournaledTests

        action = JournaledTests(settings, os.environ, runner=runner, began=began, resume=resume)
    try:
        stream_runner.run(action.run)
    except CommandRefused as why:
        workflow_commands.notice_or_line(str(why), in_workflow=settings.in_workflow)
        return DONE
    return _code_of_suite(action, runner)


def _code_of_suite(action: Step, runner: PlainRunner) -> int:
    """The command's own code where it is not 0 and there was more to it than flaky tests."""
    result = action.state.tests.result
    if runner.code and not (result is not None and result.passed):
        return runner.code
    return code_of(action)


def live(options: Mapping[str, str], arguments: Namespace, words: Sequence[str]) -> int:
    """`qe-action live`: the code of the run that is shown, as `test` and `run` have it.

    Nothing is sent to GitHub, so no secret is needed.
    """
    from qe_action.commands import live
    from qe_action.execution.plain import PlainRunner

    if arguments.shown:
        return stream_runner.run(lambda: live.show_journal(arguments))
    given = {**_working_directory(arguments), **options}
    if not words:
        settings = _settings(given, arguments, {})
        return stream_runner.run(lambda: live.show_run(settings, arguments, None, code_of))
    settings = _settings({**given, "test-command": shlex.join(words)}, arguments, {})
    settings = settings.model_copy(update={"starts_command": True})
    runner = PlainRunner(os.environ)
    code = partial(_code_of_suite, runner=runner)
    return stream_runner.run(lambda: live.show_run(settings, arguments, runner, code))


def _working_directory(arguments: Namespace) -> dict[str, str]:
    """The folder that the command is run in, where it is a part of the checkout."""
    top = arguments.repo or os.environ.get("GITHUB_WORKSPACE")
    here = Path.cwd()
    if not top or os.environ.get("INPUT_WORKING-DIRECTORY"):
        return {}
    try:
        return {"working-directory": here.relative_to(Path(top).resolve()).as_posix()}
    except ValueError:
        return {}


def publish(
    options: Mapping[str, str],
    arguments: Namespace,
    secrets: Mapping[str, str],
    journal: str | None,
) -> int:
    """`qe-action publish`; without a `journal` that of the finished run is fetched."""
    with _told():
        options = {**options, "mode": "publish"}
        return _publish(_settings(options, arguments, secrets), journal)


def _settings(
    options: Mapping[str, str], arguments: Namespace, secrets: Mapping[str, str]
) -> Settings:
    """The settings, with a word on what has another name by now."""
    from qe_action.settings import load
    from qe_action.sinks import workflow_commands

    voice = Verbosity(getattr(arguments, "words", "some"), arguments.color)
    environment = {**os.environ, **secrets}
    settings = load(environment, options, repo=arguments.repo, voice=voice)
    read_by_programs = getattr(arguments, "output", "") == "json"
    for note in settings.notes:
        workflow_commands.notice_or_line(
            note, in_workflow=settings.in_workflow and not read_by_programs
        )
    return settings


def _publish(settings: Settings, journal: str | None) -> int:
    from qe_action.commands.publish import NothingToPublish, Publication
    from qe_action.sinks import workflow_commands

    publication = Publication(settings, os.environ, Path(journal) if journal else None)
    try:
        stream_runner.run(publication.run)
    except NothingToPublish as why:
        workflow_commands.notice_or_line(str(why), in_workflow=settings.in_workflow)
        return DONE
    cut_off = publication.delivery.hurried
    code = code_of(publication)
    # What the journal says of a run that was cancelled is delivered, and so all is done.
    return DONE if code == CANCELLED and not cut_off else code


def code_of(step: Step) -> int:
    """The exit code of a step that is over; one that only closes has no analysis to judge."""
    inputs = step.settings.inputs
    code = DONE
    if not step.only_closes:
        code = exit_code(step.state, fail_on_gate=inputs.fail_on_gate)
    if code == DONE and inputs.fail_on_error and step.delivery.lost:
        return NOT_DELIVERED
    return code


@contextmanager
def _told() -> Iterator[None]:
    """In a workflow an error is on the run's page and in the summary as well."""
    from qe_action.settings import in_workflow
    from qe_action.sinks import workflow_commands

    try:
        yield
    except QEError as error:
        if in_workflow(os.environ):
            workflow_commands.error(error.line())
            workflow_commands.summarise_error(os.environ.get("GITHUB_STEP_SUMMARY"), error.line())
        raise


def analyze(arguments: Namespace) -> int:
    """`qe-action analyze`."""
    from qe_action.commands import analyze

    state = stream_runner.run(lambda: analyze.analyze(arguments))
    return exit_code(state, fail_on_gate=True)


def generate(arguments: Namespace, secrets: Mapping[str, str]) -> int:
    """`qe-action generate`: 0 also where no test holds, 1 where the suite is or would be red."""
    from qe_action.commands import generate

    made = stream_runner.run(lambda: generate.generate(arguments, secrets))
    if made.result.failing or not made.kept:
        return GATE_FAILED
    codes = {"finished": DONE, "cancelled": CANCELLED, "failed": WRONG_INPUT}
    return codes[made.result.conclusion]


def journal(arguments: Namespace) -> int:
    """`qe-action journal`: 1 where a test that is to be added is none for this project."""
    from qe_action.commands import journal_apply, recorded_journal

    if arguments.action == "apply":
        return GATE_FAILED if journal_apply.apply(arguments) else DONE
    if arguments.action == "show":
        recorded_journal.show(arguments)
    elif arguments.action == "replay":
        stream_runner.run(lambda: recorded_journal.replay(arguments))
    else:
        recorded_journal.convert(arguments)
    return DONE


def mcp(arguments: Namespace) -> int:
    """`qe-action mcp`: 0 once the client is gone."""
    from qe_action.commands import mcp

    if arguments.print_config:
        mcp.print_config(arguments)
        return DONE
    stream_runner.run(mcp.server_of(arguments))
    return DONE


def doctor(
    options: Mapping[str, str], arguments: Namespace, secrets: Mapping[str, str], output: str
) -> int:
    """`qe-action doctor`: 0 where nothing that is asked for is known to fail, else 1."""
    from qe_action.diagnosis.check_table import diagnose, works
    from qe_action.diagnosis.wording import lines
    from qe_action.doctor.examination import Doctor
    from qe_action.sinks.doctor import write_json, write_text

    settings = _settings(options, arguments, secrets)
    facts = stream_runner.run(Doctor(settings, os.environ).whole)
    findings = diagnose(facts)
    if output == "json":
        write_json(facts, sys.stdout)
    else:
        color = "never" if settings.in_workflow else settings.voice.color
        write_text(lines(findings), sys.stdout, color)
    return DONE if works(findings) else GATE_FAILED


def exit_code(state: RunState, *, fail_on_gate: bool) -> int:
    """0 done, 1 a gate or a test failed, 2 the input could not be read; cancelled is 130.

    A run may have had tests and no report: then theirs is the only result.
    """
    results = [result for result in (state.tests.result, state.result) if result is not None]
    if any(result.conclusion == "cancelled" for result in results):
        return CANCELLED
    tests = state.tests.result
    not_run = tests is not None and tests.conclusion == "failed" and tests.passed is None
    if not not_run and conclude_tests(state.tests).conclusion == "failure":
        return TESTS_FAILED
    if state.running or any(result.conclusion == "failed" for result in results):
        return WRONG_INPUT
    failed = conclude(state).conclusion == "failure"
    return GATE_FAILED if failed and fail_on_gate else DONE
