"""The actions of `qe-action journal` and their options, without heavy imports."""

from __future__ import annotations

import argparse

from qe_action.convert import FORMATS
from qe_action.option_groups import add_color, add_out, add_repo, add_voice, rate

TYPES = (
    *("progress", "error", "complete"),
    *("gap", "critical_path", "file"),
    *("collected", "finished", "flaky", "slow"),
    *("test", "rejected", "suspicion"),
)
"""The types of events: those that all agents have, and each agent's own."""
REPLAYED = ("terminal", "jsonl", "log")


def add_journal(command: argparse.ArgumentParser) -> None:
    """What is done with the events of an earlier run."""
    actions = command.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_apply(_action(actions, "apply", "add the tests that a journal proposes to the project"))
    _add_show(_action(actions, "show", "show what a journal has, or its events of some types"))
    _add_replay(_action(actions, "replay", "play a journal's events again"))
    _add_convert(_action(actions, "convert", "write a journal in the format of another tool"))


def _action(
    actions: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str
) -> argparse.ArgumentParser:
    about = f"{text[0].upper()}{text[1:]}; runs nothing."
    action = actions.add_parser(name, help=text, description=about)
    action.add_argument("journal", metavar="JOURNAL", help="the file that --journal has written")
    return action


def _add_apply(action: argparse.ArgumentParser) -> None:
    add_color(action)
    add_repo(action)
    add_out(action)


def _add_show(action: argparse.ArgumentParser) -> None:
    action.add_argument(
        "--type",
        action="append",
        choices=TYPES,
        default=[],
        metavar="TYPE",
        help=f"list the events of this type, a line each; may be repeated: {', '.join(TYPES)}",
    )
    add_color(action)


def _add_replay(action: argparse.ArgumentParser) -> None:
    add = action.add_argument
    add(
        "--speed",
        type=rate,
        metavar="N",
        help="events a second at most, as a journal has no times; default: all at once",
    )
    add(
        "--to",
        choices=REPLAYED,
        default="terminal",
        help="what shows them: the view of the terminal, the default; whole events as lines of "
        "JSON; the log of a workflow's step",
    )
    add_voice(action)


def _add_convert(action: argparse.ArgumentParser) -> None:
    add = action.add_argument
    add(
        "--to",
        choices=tuple(FORMATS),
        required=True,
        help="sarif and codequality (GitLab): gaps and failures; junit: the tests that ran; "
        "markdown: the comment; gaps and csv: the gaps, a line each",
    )
    add("--out", metavar="FILE", help="write to FILE; default: standard output")
    add_color(action)
