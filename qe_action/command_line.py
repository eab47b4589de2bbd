"""How the command line is read and what it says of mistakes; `command_options` has the options."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

GUIDE = """\
qe-action shows what the tests of a change miss. Six things that people do with it:

  qe-action analyze coverage.xml
      see what the tests miss, changed lines first
  qe-action analyze --min-patch-coverage 80
      the same as a gate: exit code 1 where fewer of the changed lines are covered
  qe-action analyze --output html --out missed.html
      the same as a page, as a pull request would show it
  qe-action test -- pytest --cov=PACKAGE --cov-branch --cov-report=xml
      run the tests, then see which failed and what they miss; in a workflow while they run
  qe-action generate --write
      make tests for what is missed, and add those that hold to the test files
  qe-action doctor
      see whether a repository is set up for it, and get the workflow to paste

A report comes from `pytest --cov=PACKAGE --cov-branch --cov-report=xml`; other tools' are read too.
`qe-action COMMAND --help` has the options, `qe-action --help` the other commands.
"""
FLAGS = ("true", "false")
"""What an option that is on or off may be followed by."""


class Parser(argparse.ArgumentParser):
    """Says in a line what is wrong, and what may have been meant."""

    def error(self, message: str) -> NoReturn:
        """End with 2, without the list of all options."""
        stop = "" if message.endswith("?") else "."
        self.exit(2, f"{self.prog}: {message}{stop} See {self.prog} --help\n")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        commands = action.choices
        if isinstance(action, argparse._SubParsersAction) and value not in (commands or ()):
            message = f"there is no command {value!r}{meant(value, commands or ())}"
            raise argparse.ArgumentError(None, message)
        super()._check_value(action, value)

    @property
    def commands(self) -> dict[str, Parser]:
        """The parsers of its commands by name."""
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                return dict(action.choices)
        return {}

    @property
    def options(self) -> list[str]:
        """The options that its help shows."""
        shown = self._option_string_actions.items()
        return [name for name, action in shown if action.help != argparse.SUPPRESS]

    def takes_value(self, option: str, following: Sequence[str]) -> bool:
        """Whether the word behind an option, which may be shortened, is its value."""
        names = self._option_string_actions
        near = [name for name in names if name.startswith(option)]
        action = names.get(option) or (names[near[0]] if len(near) == 1 else None)
        if action is None or action.nargs == 0:
            return False
        return action.nargs is None or (bool(following) and following[0] in FLAGS)

    def read(self, argv: Sequence[str]) -> argparse.Namespace:
        """The arguments; what none of them is ends the program with what may have been meant."""
        if argv and argv[0].startswith("-") and argv[0].partition("=")[0] not in self.options:
            self._refuse(argv[:1], self.commands)
        arguments, unknown = self.parse_known_args(_with_values(argv))
        if unknown:
            command = getattr(arguments, "command", None)
            self.commands.get(command or "", self)._refuse(unknown, self.commands)
        return arguments

    def _refuse(self, unknown: Sequence[str], others: dict[str, Parser]) -> NoReturn:
        wrong = next((word for word in unknown if word.startswith("-")), unknown[0])
        name = wrong.partition("=")[0]
        if not name.startswith("-"):
            self.error(f"{wrong!r} is one argument too many")
        owners = [command for command, parser in others.items() if name in parser.options]
        if not owners:
            self.error(f"there is no option {name}{meant(name, self.options)}")
        theirs = f"there is no option {name} here; {_listed(owners)} has it"
        self.error(f"{theirs}: write it behind the command" if self.commands else theirs)


def split_command(parser: Parser, argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """A command's own words, its name the first, and those of the command that it runs.

    That one begins behind `--`, or with the first word that is no option nor an option's value.
    """
    number = 1
    while number < len(argv):
        word = argv[number]
        if word == "--":
            return list(argv[:number]), list(argv[number + 1 :])
        if not word.startswith("-"):
            break
        number += 2 if "=" not in word and parser.takes_value(word, argv[number + 1 :]) else 1
    return list(argv[:number]), list(argv[number:])


def meant(word: str, known: Iterable[str]) -> str:
    """`; did you mean …?` where something that is known looks like the word."""
    near = get_close_matches(word, list(known), n=2, cutoff=0.6)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _listed(names: Sequence[str]) -> str:
    return " or ".join(f"`qe-action {name}`" for name in names[:2])


def _with_values(argv: Sequence[str]) -> list[str]:
    """The words with `=true` behind each option that is on or off and has no value.

    So `--all-files` may stand alone before a report's name, and with a value where one is given.
    """
    from qe_action.inputs import INPUTS

    flags = {f"--{item.name}" for item in INPUTS if item.choices == FLAGS}
    words: list[str] = []
    for number, word in enumerate(argv):
        if word == "--":
            return [*words, *argv[number:]]
        if words and words[-1] in flags:
            words[-1] = f"{words[-1]}={word if word in FLAGS else 'true'}"
            if word in FLAGS:
                continue
        words.append(word)
    if words and words[-1] in flags:
        words[-1] += "=true"
    return words
