"""The commands and their options, without heavy imports, so that --help is quick."""

from __future__ import annotations

import argparse

from qe_action import __version__
from qe_action.command_line import Parser
from qe_action.commands.live_options import add_live
from qe_action.generators import CHOICES
from qe_action.inputs import INPUTS, PUBLISHING
from qe_action.inputs.execution_inputs import EXECUTION
from qe_action.journal_options import add_journal
from qe_action.option_groups import (
    FLAG,
    add_color,
    add_inputs,
    add_model,
    add_out,
    add_project,
    add_repo,
    add_reports,
    add_resume,
    add_voice,
    count,
    percent,
    seconds,
)
from qe_action.servers.mcp_options import add_mcp

ALL = frozenset(item.name for item in INPUTS)
_EXIT_CODES = """\
exit codes: 0 done, 1 a gate or a test failed (doctor: something won't work), 2 wrong input or
usage, 3 delivery to GitHub failed (run and publish with fail-on-error), 130 cancelled, 141 the
reader of a pipe went away; test: the command's own where that is not 0"""


def parser() -> Parser:
    """The whole command line."""
    top = Parser(
        prog="qe-action",
        description="What a pull request's tests miss, as a stream of events.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"qe-action {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_analyze(commands.add_parser("analyze", help="analyse a report in this checkout"))
    _add_generate(commands.add_parser("generate", help="make tests for what the tests miss"))
    _add_run(commands.add_parser("run", help="what the action runs: analyse and tell GitHub"))
    _add_test(commands.add_parser("test", help="run the tests, show them live, then analyse"))
    add_live(commands.add_parser("live", help="show a run on a page while it happens"))
    _add_publish(commands.add_parser("publish", help="tell GitHub what a journal says"))
    add_journal(commands.add_parser("journal", help="show, replay or convert an earlier run"))
    add_mcp(commands.add_parser("mcp", help="serve the tools to editors"))
    _add_doctor(commands.add_parser("doctor", help="what of the set-up works, and what to add"))
    _add_completion(commands.add_parser("completion", help="have a shell complete all of this"))
    return top


def _add_analyze(command: argparse.ArgumentParser) -> None:
    command.description = "Analyse a coverage report against the changes of this checkout."
    command.add_argument(
        "reports",
        nargs="*",
        metavar="REPORT",
        help="reports to merge, files or globs; default: coverage.xml of the checkout",
    )
    add_repo(command)
    change = command.add_mutually_exclusive_group()
    change.add_argument(
        "--base", metavar="REV", help="compare with the merge base of REV; default: main branch"
    )
    change.add_argument(
        "--diff", metavar="FILE", help="take the change from a diff in FILE (- for standard input)"
    )
    command.add_argument("--all-files", **FLAG, help="look for the gaps of every file")
    _add_analysis_output(command)
    _add_gates(command)
    _add_files(command)
    command.add_argument("--name", default="qe-action coverage", help=argparse.SUPPRESS)
    add_voice(command)


def _add_analysis_output(command: argparse.ArgumentParser) -> None:
    """What is printed and written of an analysis."""
    add = command.add_argument
    add(
        "--output",
        choices=("terminal", "jsonl", "markdown", "html"),
        default="terminal",
        help="what to print: markdown, html and jsonl go to standard output; terminal, the "
        "default, is for people and goes to standard error",
    )
    add("--out", metavar="FILE", help="write the markdown, html or jsonl to FILE")
    add("--journal", metavar="FILE", help="write all events to FILE")
    add_resume(command, "say whether the inputs are the same; the analysis is done again")


def _add_gates(command: argparse.ArgumentParser) -> None:
    """What makes the command exit with 1."""
    add = command.add_argument
    for which in ("patch", "project", "branch"):
        add(
            f"--min-{which}-coverage",
            metavar="PERCENT",
            type=percent,
            help=f"exit with 1 below this {which} coverage",
        )
    add(
        "--max-drop",
        metavar="POINTS",
        type=percent,
        help="exit with 1 where more percentage points than these are lost since --baseline",
    )
    add(
        "--baseline",
        metavar="FILE",
        help="the journal (or jsonl output) of an earlier run, to compare with",
    )
    add(
        "--path-gate",
        action="append",
        default=[],
        metavar="GATE",
        help="patch|project GLOB PERCENT: exit with 1 where these files are below; may be repeated",
    )


def _add_files(command: argparse.ArgumentParser) -> None:
    """Which files count, and where they are."""
    add = command.add_argument
    add("--source-root", action="append", default=[], metavar="DIR", help="may be repeated")
    add("--include", action="append", default=[], metavar="GLOB", help="may be repeated")
    add("--exclude", action="append", default=[], metavar="GLOB", help="may be repeated")
    add(
        "--unmeasured",
        choices=("count", "unknown", "ignore"),
        default="count",
        help="what becomes of changed files that the report should list and does not; "
        "default: count, as not covered",
    )


def _add_generate(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Make tests for the gaps of a report, or of every statement of --target, and keep those "
        "that hold: alone, in fresh processes, beside the whole suite, and against small changes "
        "of the code. Runs the project's code."
    )
    add = command.add_argument
    add(
        "reports",
        nargs="*",
        metavar="REPORT",
        help="coverage reports, files or globs; default: coverage.xml, none with --target",
    )
    add_repo(command)
    add(
        "--target",
        metavar="FILE[::QUALNAME]",
        help="one Python file of the checkout, or a function or class of it",
    )
    add_model(command, CHOICES)
    add(
        "--tests",
        action="append",
        default=[],
        metavar="FILE",
        help="judge these tests and make none; may be repeated",
    )
    add("--max-tests", type=count, default=10, metavar="N", help="tests at most; default: 10")
    _add_runs(command)
    add_project(command)
    _add_generated(command)
    add_voice(command)


def _add_runs(command: argparse.ArgumentParser) -> None:
    """How long the project's code is run."""
    add = command.add_argument
    add(
        "--time-budget",
        type=seconds,
        default=120.0,
        metavar="S",
        help="seconds for finding tests and trying each alone, the suite comes on top; "
        "default: 120",
    )
    add("--suite-timeout", type=float, default=300.0, metavar="S", help=argparse.SUPPRESS)


def _add_generated(command: argparse.ArgumentParser) -> None:
    """Where the tests go, and what is said of them."""
    add_out(command)
    add = command.add_argument
    add("--write", action="store_true", help="add them to the project's test files")
    add(
        "--journal",
        metavar="FILE",
        help="write all events to FILE; `journal apply FILE` adds the tests without a new search",
    )
    add_resume(command, "take over the tests of a run with the same inputs that was cut off")
    add(
        "--allow-red",
        action="store_true",
        help="make tests although some of the project's fail: for code that those don't run",
    )
    add(
        "--output",
        choices=("terminal", "jsonl"),
        default="terminal",
        help="what to print: jsonl, the events, goes to standard output; terminal, the default, "
        "is for people and goes to standard error",
    )
    add(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="another seed tries other inputs; default: 0",
    )


def _add_run(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Analyse a report and show the result on the pull request. The inputs come from these "
        "options, else from INPUT_… variables as GitHub's runner sets them."
    )
    add_reports(command)
    add_inputs(command, ALL)
    add_voice(command)


def _add_test(command: argparse.ArgumentParser) -> None:
    command.usage = "%(prog)s [options] -- COMMAND [ARGUMENT ...]"
    command.description = (
        "Run the tests by COMMAND, in the current directory and as if it stood alone, with its "
        "output and its exit code, and show each failure on the pull request as it happens. Then "
        "analyse the report that it has written, as `run` does. The inputs come from these "
        "options, else from INPUT_… variables."
    )
    command.epilog = (
        "Example: qe-action test -- pytest --cov=PACKAGE --cov-branch --cov-report=xml. The exit "
        "code is the command's own where that is not 0, else that of the analysis."
    )
    others = {"test-command", "test-network", "tests-outcome", "mode", "journal-artifact"}
    add_resume(command, "run no test again that passed in a run with the same inputs")
    add_inputs(command, ALL - others, first=EXECUTION)
    add_voice(command)


def _add_publish(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Show on the pull request what a journal says, for runs whose token may only read. "
        "Without JOURNAL it is the artifact of the finished run that a workflow_run event is "
        "about. Nothing in it is believed but what people are shown."
    )
    command.add_argument("published", nargs="?", metavar="JOURNAL", help="the journal's file")
    add_inputs(command, PUBLISHING)
    add_voice(command)


def _add_doctor(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Look at event, token, history, reports and paths, and say what of that which the inputs "
        "ask for will work and what to add to the workflow. Writes nothing anywhere."
    )
    command.add_argument(
        "--output", choices=("text", "json"), default="text", help="what to print; default: text"
    )
    add_reports(command)
    add_inputs(command, ALL)
    add_color(command)


def _add_completion(command: argparse.ArgumentParser) -> None:
    command.description = (
        'Print what makes a shell complete commands and options: eval "$(qe-action completion '
        'bash)" in ~/.bashrc, the same with zsh in ~/.zshrc.'
    )
    command.add_argument("shell", choices=("bash", "zsh", "fish", "powershell"))
