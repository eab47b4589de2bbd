"""Where the tracebacks of failures come from, without a hook that costs each test that passes."""

from __future__ import annotations

import pytest

from .live_reports import frames_of
from .live_run import ACTIVE

MANY = 100
"""Tracebacks that wait for their reports."""
SHOWN = ("auto", "long", "short")
"""Styles of tracebacks with the place of each line in the report."""
TOLD = "_qe_action_frames"
"""The attribute by which a report carries its traceback from a worker."""


class Failures:
    """Keeps the traceback of a failure until it is told."""

    def __init__(self) -> None:
        self._frames: dict = {}

    def keep(self, name, when, call) -> None:
        if call is not None and call.excinfo is not None:
            if len(self._frames) > MANY:
                self._frames.clear()
            self._frames[name, when] = frames_of(call.excinfo)

    def kept(self, report):
        return self._frames.pop((report.nodeid, getattr(report, "when", "")), None)

    @pytest.hookimpl(tryfirst=True)
    def pytest_exception_interact(self, node, call, report):
        """Comes for failures only: behind a test's report, and before that of a collection."""
        try:
            self.keep(node.nodeid, getattr(report, "when", ""), call)
        except Exception:
            pass


class Worker(Failures):
    """A worker of pytest-xdist: what was collected takes its traceback along."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectreport(self, report):
        self.take_along(report)

    def take_along(self, report) -> None:
        try:
            if report.failed and (found := self.kept(report)):
                setattr(report, TOLD, found)
        except Exception:
            pass

    def pytest_unconfigure(self):
        ACTIVE.clear()


class TestWorker(Worker):
    """One whose reports of tests don't show where each line of a traceback is."""

    __test__ = False

    def pytest_runtest_makereport(self, item, call):
        """Makes none, but is asked before pytest itself."""
        try:
            self.keep(item.nodeid, call.when, call)
        except Exception:
            pass

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report):
        self.take_along(report)


def worker_watch(config) -> Worker:
    """What watches a worker."""
    shown = getattr(config.option, "tbstyle", "auto") in SHOWN
    return Worker() if shown else TestWorker()
