"""What this program may need later, imported before it starts what strangers have written.

A suite of our own user can write where our files are. What is imported once it runs would be its
code in the process that holds the token.
"""

from __future__ import annotations

import importlib
import pkgutil
from contextlib import suppress

import qe_action

LEFT_OUT = (
    *("qe_action.__main__", "qe_action.worker", "qe_action.generators.llm"),
    "qe_action.servers.mcp_",
)
"""The first would start us; the second runs in the project's interpreter; the others need what is
not installed with us, and are not used where suites run."""
OTHERS = (
    *("actions_toolkit.core", "argcomplete", "coverage", "coverage.parser", "coverage.phystokens"),
    *("concurrent.futures.thread", "encodings.idna", "encodings.utf_16_le"),
    *("github.Requester", "importlib.metadata", "requests", "uv"),
    *("ctypes", "fcntl", "grp", "pwd", "resource", "termios"),
)
"""What libraries import when they are first used."""


def import_all() -> None:
    """Import all modules of ours, and what they use."""
    for module in pkgutil.walk_packages(qe_action.__path__, "qe_action."):
        if not module.name.startswith(LEFT_OUT):
            importlib.import_module(module.name)
    for name in OTHERS:
        with suppress(ImportError):  # this system or installation has none
            importlib.import_module(name)
