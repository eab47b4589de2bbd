"""Where the command begins that `qe-action test` runs."""

from __future__ import annotations

import pytest

from qe_action.command_line import split_command
from qe_action.command_options import parser


@pytest.mark.parametrize(
    ("given", "own", "words"),
    [
        ("-- pytest -x", "", "pytest -x"),
        ("pytest --cov -q", "", "pytest --cov -q"),
        ("-q -- pytest", "-q", "pytest"),
        ("-q pytest -v", "-q", "pytest -v"),
        ("--min-patch-coverage 80 pytest", "--min-patch-coverage 80", "pytest"),
        ("--min-patch-coverage=80 pytest", "--min-patch-coverage=80", "pytest"),
        ("--min-patch 80 pytest", "--min-patch 80", "pytest"),
        ("--all-files pytest", "--all-files", "pytest"),
        ("--all-files false pytest", "--all-files false", "pytest"),
        ("--name x -- --odd", "--name x", "--odd"),
        ("pytest -- --all-files", "", "pytest -- --all-files"),
        ("--help", "--help", ""),
        ("--name", "--name", ""),
        ("", "", ""),
    ],
)
def test_own_words_end_where_the_command_begins(given: str, own: str, words: str) -> None:
    found = split_command(parser().commands["test"], ["test", *given.split()])
    assert found == (["test", *own.split()], words.split())
