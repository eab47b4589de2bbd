"""What a run of tests that is watched was told, and what it leaves for who watches."""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys

from .live_channel import MODULE, VARIABLE


class WatchedRun:
    """What a run was told: the folder to write to, and which tests are wanted."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.only: frozenset = frozenset()
        self.without: frozenset = frozenset()
        self.repeats = False
        self.is_part = False
        try:
            with open(os.path.join(folder, "settings.json"), encoding="utf-8") as file:
                told = json.load(file)
            self.repeats = told["only"] is not None
            self.only = frozenset(told["only"] or ())
            self.without = frozenset(map(tuple, told["without"]))
            self.is_part = self.repeats or bool(self.without)
        except (OSError, ValueError, KeyError, TypeError):
            pass


def taken(home: str):
    """The run that the environment names, with no trace of it left there."""
    folder = os.environ.pop(VARIABLE, "")
    for name, own, by in (("PYTHONPATH", home, os.pathsep), ("PYTEST_PLUGINS", MODULE, ",")):
        words = os.environ.get(name, "").split(by)
        if own in words:
            words.remove(own)
            os.environ[name] = by.join(words)
            if not words:
                del os.environ[name]
    return WatchedRun(folder) if folder else None


RUN = taken(os.path.dirname(os.path.abspath(sys.modules[__package__].__file__ or "")))
"""The run that this process was started for; None where it is not watched."""
ACTIVE: list = []
"""What watches a run now; pytest within it is not watched."""


def leave_stack(run: WatchedRun) -> None:
    """At a signal, write where this process is."""
    number = getattr(signal, "SIGRTMAX", 0) - 2
    if number > 0 and signal.getsignal(number) == signal.SIG_DFL:
        path = os.path.join(run.folder, "stacks", str(os.getpid()))
        file = open(path, "w", encoding="utf-8")
        os.chmod(path, 0o644)
        faulthandler.register(number, file=file, all_threads=True)
