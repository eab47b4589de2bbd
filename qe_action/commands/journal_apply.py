"""`qe-action journal apply`: the tests of an earlier run, or of somebody else's, into the project.

Nothing of a journal is run here, and it names no file but a test file among the project's own.
"""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path, PurePosixPath

from qe_action.agents.target_runners import collected
from qe_action.commands.checkout_files import add_to, add_to_project
from qe_action.errors import UsageError
from qe_action.events import TestCase
from qe_action.input_file import opened, shown
from qe_action.settings import existing_folder
from qe_action.sinks.console import stderr_console, tell
from qe_action.untrusted.journal import tests_of
from qe_action.verify.static_checks import unfit
from qe_action.workspace.git import Git

FOLDERS = frozenset(["test", "tests"])


def apply(arguments: Namespace) -> int:
    """Add the tests; how many of them were not, each with its reason.

    Raises `QEError` where the journal can't be used or a file not be written.
    """
    console = stderr_console(arguments.color)
    root = _root(arguments.repo)
    refused, good = 0, []
    for case in _tests(arguments.journal):
        why = unfit(case.test_code, case.imports) or (
            "" if arguments.out else _misplaced(root, case.path)
        )
        if why:
            refused += 1
            tell(console, f"left out  {case.test_name}: {why}", "yellow")
        else:
            good.append(case)
    added = add_to(arguments.out, good) if arguments.out else add_to_project(good, root)
    if added:
        places_said = ", ".join(shown(one.place) for one in added)
        tell(console, f"Written to {places_said}. Nothing was run: read them, and run your tests.")
    elif good:
        tell(console, "The project has these tests already.")
    elif not refused:
        tell(console, "The journal proposes no tests.")
    return refused


def _tests(name: str) -> tuple[TestCase, ...]:
    try:
        with opened(Path(name)) as file:
            return tests_of(file.readline)
    except OSError as error:
        raise UsageError(
            f"The journal {name} can't be read: {error.strerror}.", anchor="command-line"
        ) from None


def _root(repo: str) -> Path:
    folder = existing_folder(repo)
    return (Git(folder, env=os.environ).toplevel or folder).resolve()


def _misplaced(root: Path, path: str) -> str:
    """Why no test belongs there; empty where one does: in a test file beside the project's own."""
    place = PurePosixPath(path)
    hidden = any(part.startswith(".") for part in place.parts)
    if not path or hidden or ".." in place.parts or place.is_absolute():
        return f"{path or 'its path'} is no test file of the project"
    collects = collected(root, path)
    if not collects.takes(path):
        return f"{path} is no test file of the project"
    named = FOLDERS.intersection(place.parent.parts)
    folder = root / place.parent
    if not named and not (
        folder.is_dir()
        and any(collects.takes(str(place.with_name(p.name))) for p in folder.iterdir())
    ):
        return f"{place.parent} is no folder of tests"
    return ""
