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


MEASURE = "pytest --cov=PACKAGE --cov-branch --cov-report=xml"
"""A command that lists all modules of a package, also those that no test imports."""
MAKE_REPORT: dict[Place, str] = {
    "workflow": f"Write it before this step ({MEASURE}), or name the one that is there (input "
    "coverage-file, below working-directory).",
    "command line": f"Write it ({MEASURE}), or name the one that is there.",
    "library": f"Write it ({MEASURE}), or name the one that is there (coverage_file).",
}
"""What to do where there is no report."""
NAME_REPORT: dict[Place, str] = {
    "workflow": "Name the report that the tests wrote (input coverage-file).",
    "command line": "Name the report that the tests wrote.",
    "library": "Name the report that the tests wrote (coverage_file).",
}
"""What to do where something else was named."""
