"""The commands: each is run in an event loop and turned into an exit code."""

from __future__ import annotations

import asyncio
import os
import sys
from argparse import Namespace
from collections.abc import Mapping

from qe_action.errors import QEError
from qe_action.render.state import RunState
from qe_action.render.verdict import conclude

DONE, GATE_FAILED, WRONG_INPUT, NOT_DELIVERED = 0, 1, 2, 3


def run(options: Mapping[str, str]) -> int:
    """What the container runs; `options` are inputs given on the command line."""
    from qe_action.action import ActionRun
    from qe_action.settings import in_workflow, load
    from qe_action.sinks import commands

    try:
        action = ActionRun(load(os.environ, options), os.environ)
        asyncio.run(action.run())
    except QEError as error:
        if in_workflow(os.environ):
            commands.error(error.line())
            commands.summarise_error(os.environ.get("GITHUB_STEP_SUMMARY"), error.line())
        raise
    inputs = action.settings.inputs
    code = exit_code(action.state, fail_on_gate=inputs.fail_on_gate)
    if code == DONE and inputs.fail_on_error and action.delivery.lost:
        return NOT_DELIVERED
    return code


def analyze(arguments: Namespace) -> int:
    """`qe-action analyze`."""
    from qe_action import local

    state = asyncio.run(local.analyze(arguments))
    return exit_code(state, fail_on_gate=True)


def doctor(options: Mapping[str, str], output: str) -> int:
    """`qe-action doctor`: 0 where nothing that is asked for is known to fail, else 1."""
    from qe_action.diagnosis.checks import diagnose, works
    from qe_action.diagnosis.words import lines
    from qe_action.doctor.examine import Doctor
    from qe_action.settings import load
    from qe_action.sinks.doctor import write_json, write_text

    settings = load(os.environ, options)
    facts = asyncio.run(Doctor(settings, os.environ).whole())
    findings = diagnose(facts)
    if output == "json":
        write_json(facts, sys.stdout)
    else:
        write_text(lines(findings), sys.stdout, in_workflow=settings.in_workflow)
    return DONE if works(findings) else GATE_FAILED


def exit_code(state: RunState, *, fail_on_gate: bool) -> int:
    """0 done, 1 a gate failed, 2 the input could not be read; cancelled is 130 as in a shell."""
    result = state.result
    if result is None or result.conclusion == "failed":
        return WRONG_INPUT
    if result.conclusion == "cancelled":
        return 130
    failed = conclude(state).conclusion == "failure"
    return GATE_FAILED if failed and fail_on_gate else DONE
