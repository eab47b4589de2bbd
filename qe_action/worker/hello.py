"""What this interpreter is, and which tools for tests it has."""

from __future__ import annotations

import sys


def run(_request: dict, _tell) -> dict:
    """Versions of Python, pytest and coverage; None for what is not there."""
    return {
        "python": "%d.%d.%d" % sys.version_info[:3],
        "pytest": _version("pytest"),
        "coverage": _version("coverage"),
        "plugins": _plugins(),
    }


def _plugins() -> list:
    """The names of the pytest plugins that are installed."""
    from importlib import metadata

    try:
        found = metadata.entry_points()
        group = found.select(group="pytest11") if hasattr(found, "select") else found["pytest11"]
        return sorted({str(point.name) for point in group})
    except Exception:
        return []


def _version(name: str):
    try:
        return str(__import__(name).__version__)
    except Exception:
        return None
