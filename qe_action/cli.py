"""The command line. Events go to standard output, words for people to standard error."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence

from qe_action import held_signals, stdio
from qe_action.command_line import GUIDE, Parser, split_command
from qe_action.command_options import parser
from qe_action.errors import QEError
from qe_action.inputs import INPUTS
from qe_action.verbosity import color_of

CANCELLED = 130
_NONE: Mapping[str, str] = {}


def _inputs(arguments: argparse.Namespace) -> dict[str, str]:
    """The inputs that were given as options, under the names that were used."""
    options = vars(arguments)
    names = [name for item in INPUTS for name in (item.name, item.old) if name]
    given = {name: options.get(name.replace("-", "_")) for name in names}
    if reports := options.get("reports"):
        given["coverage-file"] = [*(given["coverage-file"] or ()), *reports]
    return {
        name: "\n".join(value) if isinstance(value, list) else value
        for name, value in given.items()
        if value
    }


def main(argv: Sequence[str] | None = None, *, secrets: Mapping[str, str] = _NONE) -> int:
    """Run a command and return its exit code.

    `secrets` are variables that are kept out of the environment.
    """
    stdio.prepare()
    for number in held_signals.ending_signals():
        if number != signal.SIGINT:  # until the run has its own
            signal.signal(number, signal.default_int_handler)
    try:
        return _flushed(sys.argv[1:] if argv is None else argv, secrets)
    except BrokenPipeError:
        stdio.mute()
        return stdio.CLOSED_PIPE
    except KeyboardInterrupt:
        stdio.mute()
        return CANCELLED


def _flushed(argv: Sequence[str], secrets: Mapping[str, str]) -> int:
    """The command's exit code; all that it printed is out, or `BrokenPipeError` is raised."""
    try:
        return _command(argv, secrets)
    except QEError as error:
        return _told(error)
    finally:
        stdio.flush()


def _told(error: QEError) -> int:
    from qe_action.sinks.workflow_commands import log_line

    # The runner takes commands from standard error too.
    sys.stderr.write(f"{log_line(f'qe-action: {error.line()}')}\n")
    return 2


def _command(argv: Sequence[str], secrets: Mapping[str, str]) -> int:
    top = parser()
    if "_ARGCOMPLETE" in os.environ:  # a shell asks what may follow
        import argcomplete

        argcomplete.autocomplete(top)
    if not argv:
        sys.stdout.write(GUIDE)
        return 0
    if argv[0] == "help":
        argv = [*argv[1:], "--help"]
    words: list[str] = []
    if argv[0] == "test":
        argv, words = split_command(top.commands["test"], argv)
    elif argv[0] == "live" and "--" in argv:
        at = argv.index("--")
        argv, words = argv[:at], list(argv[at + 1 :])
    arguments = top.read(argv)
    if arguments.command == "test":
        return _test(top.commands["test"], arguments, secrets, words)
    if arguments.command == "analyze":
        _check_analyze(top.commands["analyze"], arguments)
    if arguments.command == "live":
        _check_live(top.commands["live"], arguments, words)
    if arguments.command == "completion":
        return _complete(arguments.shell)
    arguments.color = color_of(arguments.color, os.environ)
    from qe_action import app

    commands: Mapping[str, Callable[[], int]] = {
        "analyze": lambda: app.analyze(arguments),
        "generate": lambda: app.generate(arguments, secrets),
        "run": lambda: app.run(_inputs(arguments), arguments, secrets),
        "live": lambda: app.live(_inputs(arguments), arguments, words),
        "publish": lambda: app.publish(_inputs(arguments), arguments, secrets, arguments.published),
        "journal": lambda: app.journal(arguments),
        "mcp": lambda: app.mcp(arguments),
        "doctor": lambda: app.doctor(_inputs(arguments), arguments, secrets, arguments.output),
    }
    return commands[arguments.command]()


def _test(
    command: Parser, arguments: argparse.Namespace, secrets: Mapping[str, str], words: list[str]
) -> int:
    """Start the tests, and only then import what they are shown by."""
    if not words:
        command.error("it needs the command that runs the tests: qe-action test -- pytest --cov")
    from qe_action.execution.started_suite import start_early

    given, suite = _inputs(arguments), None
    if arguments.resume is None and _is_right(given, arguments.repo, secrets):
        if secrets:  # else there is nothing to be had here, and nobody waits for this
            from qe_action.preload import import_all

            import_all()
        held_signals.hold()
        suite = start_early(words, os.environ)
    try:
        from qe_action import app

        arguments.color = color_of(arguments.color, os.environ)
        return app.test(given, arguments, secrets, words, suite)
    finally:
        if suite is not None:
            suite.close()


def _is_right(given: Mapping[str, str], repo: str | None, secrets: Mapping[str, str]) -> bool:
    """Whether nothing is wrong with the inputs, so that no test runs only to be ended.

    Where there are none nothing is imported for that.
    """
    named = [name for name in (*os.environ, *secrets) if name.startswith("INPUT_")]
    if not given and repo is None and not {*named} - {"INPUT_TOKEN"}:
        return True
    from qe_action.settings import load
    from qe_action.workspace.outputs import WRITTEN, check_names

    try:
        settings = load({**os.environ, **secrets}, given, repo=repo)
        written = [getattr(settings.inputs, item.field) for item in WRITTEN]
        check_names(settings.workspace, filter(None, written), ())
    except QEError:
        return False  # the run says it
    return True


def _check_analyze(command: Parser, arguments: argparse.Namespace) -> None:
    if arguments.out and arguments.output == "terminal":
        command.error("--out needs --output markdown, html or jsonl")
    if arguments.max_drop is not None and arguments.baseline is None:
        command.error("--max-drop needs --baseline FILE, the journal of an earlier run")


def _check_live(command: Parser, arguments: argparse.Namespace, words: list[str]) -> None:
    if arguments.shown and (arguments.reports or words):
        command.error("--journal FILE shows a run that was: it takes neither reports nor a command")
    if arguments.reports and words:
        command.error("a command writes its report itself: name it by --coverage-file")


def _complete(shell: str) -> int:
    from argcomplete.shell_integration import shellcode

    sys.stdout.write(f"{shellcode(['qe-action'], shell=shell)}\n")
    return 0
