"""The command line. Events go to standard output, words for people to standard error."""

from __future__ import annotations

import argparse
import io
import signal
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from qe_action import __version__
from qe_action.errors import QEError
from qe_action.inputs import INPUTS, PUBLISHING

ALL = frozenset(item.name for item in INPUTS)
_EXIT_CODES = """\
exit codes: 0 done, 1 a gate failed (doctor: something won't work), 2 wrong input or usage,
3 delivery to GitHub failed (run and publish with fail-on-error), 130 cancelled"""


def parser() -> argparse.ArgumentParser:
    """The whole command line; builds nothing heavy, so that --help is quick."""
    top = argparse.ArgumentParser(
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
    _add_publish(commands.add_parser("publish", help="tell GitHub what a journal says"))
    _add_journal(commands.add_parser("journal", help="add the tests of an earlier run"))
    _add_doctor(commands.add_parser("doctor", help="what of the set-up works, and what to add"))
    return top


def _add_analyze(command: argparse.ArgumentParser) -> None:
    command.description = "Analyse a coverage report against the changes of this checkout."
    add = command.add_argument
    add(
        "reports",
        nargs="*",
        default=["coverage.xml"],
        metavar="REPORT",
        help="reports to merge, files or globs; default: coverage.xml",
    )
    add("--repo", default=".", metavar="DIR", help="the checkout; default: the current directory")
    change = command.add_mutually_exclusive_group()
    change.add_argument(
        "--base", metavar="REV", help="compare with the merge base of REV; default: main branch"
    )
    change.add_argument(
        "--diff", metavar="FILE", help="take the change from a diff in FILE (- for standard input)"
    )
    add("--all-files", action="store_true", help="look for the gaps of every file")
    add(
        "--output",
        choices=("terminal", "jsonl", "markdown", "html"),
        default="terminal",
        help="what to print: markdown, html and jsonl go to standard output; terminal, the "
        "default, is for people and goes to standard error",
    )
    add("--out", metavar="FILE", help="write the markdown, html or jsonl to FILE")
    add("--journal", metavar="FILE", help="write all events to FILE")
    for which in ("patch", "project", "branch"):
        add(
            f"--min-{which}-coverage",
            metavar="PERCENT",
            type=_percent,
            help=f"exit with 1 below this {which} coverage",
        )
    add(
        "--path-gate",
        action="append",
        default=[],
        metavar="GATE",
        help="patch|project GLOB PERCENT: exit with 1 where these files are below; may be repeated",
    )
    add("--source-root", action="append", default=[], metavar="DIR", help="may be repeated")
    add("--include", action="append", default=[], metavar="GLOB", help="may be repeated")
    add("--exclude", action="append", default=[], metavar="GLOB", help="may be repeated")
    add("--name", default="qe-action coverage", help=argparse.SUPPRESS)


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
    add("--repo", default=".", metavar="DIR", help="the checkout; default: the current directory")
    add(
        "--target",
        metavar="FILE[::QUALNAME]",
        help="one Python file of the checkout, or a function or class of it",
    )
    add("--generator", choices=("auto", "offline"), default="auto", help=argparse.SUPPRESS)
    add(
        "--tests",
        action="append",
        default=[],
        metavar="FILE",
        help="judge these tests and make none; may be repeated",
    )
    add("--max-tests", type=_count, default=10, metavar="N", help="tests at most; default: 10")
    add(
        "--time-budget",
        type=_seconds,
        default=120.0,
        metavar="S",
        help="seconds for finding tests and trying each alone, the suite comes on top; "
        "default: 120",
    )
    add("--suite-timeout", type=float, default=300.0, metavar="S", help=argparse.SUPPRESS)
    add(
        "--python",
        action="append",
        default=[],
        metavar="PATH",
        help="the project's interpreter, default: the active environment's or the project's own; "
        "may be repeated for other versions that tests have to pass on",
    )
    add(
        "--sandbox",
        choices=("on", "off"),
        default="on",
        help="off runs the project's code unprotected: for code you trust; default: on",
    )
    _add_generated(add)


def _add_generated(add: Callable[..., object]) -> None:
    """Where the tests go, and what is said of them."""
    add("--out", metavar="FILE|DIR/", help="add the tests to this file, or to files in this folder")
    add("--write", action="store_true", help="add them to the project's test files")
    add(
        "--journal",
        metavar="FILE",
        help="write all events to FILE; `journal apply FILE` adds the tests without a new search",
    )
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
    _add_inputs(command, ALL)


def _add_publish(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Show on the pull request what a journal says, for runs whose token may only read. "
        "Without JOURNAL it is the artifact of the finished run that a workflow_run event is "
        "about. Nothing in it is believed but what people are shown."
    )
    command.add_argument("journal", nargs="?", metavar="JOURNAL", help="the journal's file")
    _add_inputs(command, PUBLISHING)


def _add_journal(command: argparse.ArgumentParser) -> None:
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True)
    text = "add the tests that a journal proposes to the project; runs nothing"
    add = actions.add_parser("apply", help=text, description=text.capitalize()).add_argument
    add("journal", metavar="JOURNAL", help="the file that --journal has written")
    add("--repo", default=".", metavar="DIR", help="the checkout; default: the current directory")
    add("--out", metavar="FILE|DIR/", help="add the tests to this file, or to files in this folder")


def _add_doctor(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Look at event, token, history, reports and paths, and say what of that which the inputs "
        "ask for will work and what to add to the workflow. Writes nothing anywhere."
    )
    command.add_argument(
        "--output", choices=("text", "json"), default="text", help="what to print; default: text"
    )
    _add_inputs(command, ALL)


def _add_inputs(command: argparse.ArgumentParser, names: Collection[str]) -> None:
    """An option for each of these inputs."""
    for item in INPUTS:
        if item.name not in names or item.name == "token":
            continue  # a secret has no place on a command line: INPUT_TOKEN or GITHUB_TOKEN
        default = f" Default: {item.default!r}." if item.default else ""
        command.add_argument(
            f"--{item.name}",
            choices=item.choices or None,
            metavar="|".join(item.choices) or "VALUE",
            help=f"{item.meaning}{default}".replace("%", "%%"),
        )


def _percent(text: str) -> Decimal:
    """`80` or `80%`."""
    try:
        value = Decimal(text.strip().removesuffix("%"))
    except InvalidOperation:
        value = Decimal(-1)
    places = value.as_tuple().exponent
    if not (isinstance(places, int) and places >= -6 and 0 <= value <= 100):
        raise argparse.ArgumentTypeError(f"{text!r} is no percentage from 0 to 100")
    return value


def _count(text: str) -> int:
    """How many tests."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 1000):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 1000")
    return int(text)


def _seconds(text: str) -> float:
    """A time above 0, a day at most."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return value


def _inputs(arguments: argparse.Namespace) -> dict[str, str]:
    """The inputs that were given as options."""
    options = vars(arguments)
    given = {item.name: options.get(item.name.replace("-", "_")) for item in INPUTS}
    return {name: value for name, value in given.items() if value}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # File names know no code page: a pipe on Windows would stop at the first foreign one.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # until the run has its own
    top = parser()
    arguments = top.parse_args(argv)
    if arguments.command == "analyze" and arguments.out and arguments.output == "terminal":
        top.error("--out needs --output markdown, html or jsonl")
    from qe_action import app

    commands: Mapping[str, Callable[[], int]] = {
        "analyze": lambda: app.analyze(arguments),
        "generate": lambda: app.generate(arguments),
        "run": lambda: app.run(_inputs(arguments)),
        "publish": lambda: app.publish(_inputs(arguments), arguments.journal),
        "journal": lambda: app.apply_journal(arguments),
        "doctor": lambda: app.doctor(_inputs(arguments), arguments.output),
    }
    try:
        return commands[arguments.command]()
    except QEError as error:
        from qe_action.sinks.commands import log_line

        # The runner takes commands from standard error too.
        sys.stderr.write(f"{log_line(f'qe-action: {error.line()}')}\n")
        return 2
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        return 130
