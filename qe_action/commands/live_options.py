"""The options of `qe-action live`, without heavy imports."""

from __future__ import annotations

import argparse

from qe_action.inputs.execution_inputs import EXECUTION
from qe_action.option_groups import add_inputs, add_reports, add_voice, port

SHOWN = frozenset(
    {"coverage-file", "test-results", "test-timeout", "rerun-failures", "flaky", "base"}
    | {"working-directory", "source-root", "include", "exclude", "unmeasured", "all-files"}
    | {"min-patch-coverage", "min-project-coverage", "min-branch-coverage", "path-gate"}
    | {"generate-tests", "max-tests", "time-budget", "suite-timeout", "sandbox"}
)
"""The inputs that `live` takes: those that have nothing to do with GitHub."""


def add_live(command: argparse.ArgumentParser) -> None:
    """What is shown, and where."""
    command.usage = "%(prog)s [options] [REPORT ...] [-- COMMAND [ARGUMENT ...]]"
    command.description = (
        "Show a run on a page of this machine: COMMAND's tests as they run and then the analysis "
        "of the report that they have written, or a report, or a journal. Whoever opens the link "
        "sees all of it from the start. Nothing is sent to GitHub."
    )
    command.epilog = (
        "Example: qe-action live -- pytest --cov=PACKAGE --cov-branch --cov-report=xml. The page "
        "stays until Ctrl-C; the exit code is that of `qe-action test` or, without COMMAND, `run`."
    )
    add = command.add_argument
    add_reports(command)
    add(
        "--journal",
        dest="shown",
        metavar="FILE",
        help="show the run of this journal, and what is added while it is still written",
    )
    _add_server(command)
    add_inputs(command, SHOWN, first=EXECUTION)
    add_voice(command)


def _add_server(command: argparse.ArgumentParser) -> None:
    """Where the page is served, and for how long."""
    add = command.add_argument
    add(
        "--port",
        type=port,
        metavar="N",
        help="default: 8791, or one that is free where that is taken",
    )
    add(
        "--host",
        default="127.0.0.1",
        metavar="HOST",
        help="the address to serve at; default: 127.0.0.1, which only this machine reaches",
    )
    add("--open", action="store_true", help="open the page in the browser")
    add("--once", action="store_true", help="end when the run is over")
