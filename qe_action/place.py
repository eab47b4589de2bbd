"""Where somebody is who reads a message, and what a setting is called there."""

from __future__ import annotations

import shlex
from typing import Literal

Place = Literal["workflow", "command line", "library"]
_OF_TASKS = {"source-root": "source_roots"}


def setting(place: Place, name: str, value: str = "") -> str:
    """A setting, with its value if one is given, as it is written there."""
    if place == "workflow":
        return f"{name}: {value}" if value else name
    if place == "command line":
        return f"--{name} {shlex.quote(value)}" if value else f"--{name}"
    key = _OF_TASKS.get(name, name.replace("-", "_"))
    return f"{key}: {value}" if value else key


MAKE_REPORT: dict[Place, str] = {
    "workflow": "Write it before this step (pytest --cov --cov-report=xml), or name the one that "
    "is there (input coverage-file, below working-directory).",
    "command line": "Write it (pytest --cov --cov-branch --cov-report=xml), or name the one that "
    "is there.",
    "library": "Write it (pytest --cov --cov-branch --cov-report=xml), or name the one that is "
    "there (coverage_file).",
}
"""What to do where there is no report."""
NAME_REPORT: dict[Place, str] = {
    "workflow": "Name the report that the tests wrote (input coverage-file).",
    "command line": "Name the report that the tests wrote.",
    "library": "Name the report that the tests wrote (coverage_file).",
}
"""What to do where something else was named."""
