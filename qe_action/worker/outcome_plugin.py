"""A pytest plugin that notes each test's outcome, orders the tests and watches folders."""

from __future__ import annotations

import hashlib

import pytest

from . import snapshot

DETAIL = 400
"""Characters of a failure's message."""
TRACEBACK = 2000
"""Characters of the end of a traceback that are kept."""
TRACEBACKS = 3
"""Failures of a run whose tracebacks are kept."""
TESTS = 50_000
"""How many tests' outcomes are kept."""
NAME = 1000
"""Characters of a test's name: some are named after the whole of a parameter."""


class OutcomePlugin:
    """What pytest did: `outcomes` by test, `errors` of collecting."""

    def __init__(self, seed, watch: list, beside: str = "") -> None:
        self.outcomes: dict = {}
        self.errors: list = []
        self.tracebacks: list = []
        self.written: dict = {}
        self._seed = seed
        self._watch = (watch, beside) if watch else ()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list) -> None:
        if self._seed is not None:
            items.sort(key=lambda item: self._place(item.nodeid))

    def _place(self, nodeid: str) -> tuple:
        """Files in an order by the seed, and in each its tests: more tests move no other."""
        return self._hash(nodeid.partition("::")[0]), self._hash(nodeid)

    def _hash(self, text: str) -> bytes:
        return hashlib.sha256(("%s %s" % (self._seed, text)).encode("utf-8", "replace")).digest()

    def pytest_collectreport(self, report) -> None:
        if report.failed and len(self.errors) < 20:
            self.errors.append([_name(report.nodeid), _message(report)])
            self._trace(report)

    def pytest_runtest_logreport(self, report) -> None:
        outcome = _outcome(report)
        if outcome is None or len(self.outcomes) >= TESTS:
            return
        name = _name(report.nodeid)
        before = self.outcomes.get(name)
        if before is None or before[0] == "passed":
            message = "" if outcome == "passed" else _message(report)
            self.outcomes[name] = [outcome, message]
            if report.failed:
                self._trace(report)

    def _trace(self, report) -> None:
        if len(self.tracebacks) < TRACEBACKS:
            try:
                self.tracebacks.append(str(report.longrepr).strip()[-TRACEBACK:])
            except Exception:
                self.tracebacks.append("its traceback can't be made")

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item):
        if not self._watch:
            yield
            return
        before = snapshot.take(*self._watch)
        yield
        if paths := snapshot.changed(before, snapshot.take(*self._watch)):
            self.written[_name(item.nodeid)] = paths


def _name(nodeid) -> str:
    """The node's id; of a long one the beginning and what tells it from others."""
    text = str(nodeid)
    if len(text) <= NAME:
        return text
    return text[:NAME] + "..." + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def _outcome(report):
    """The word for what a report says; None where it says nothing new."""
    if hasattr(report, "wasxfail"):
        return "xfailed" if report.skipped else "xpassed"
    if report.failed:
        return "failed" if report.when == "call" else "error"
    if report.skipped:
        return "skipped"
    return "passed" if report.when == "call" else None


def _message(report) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    text = getattr(crash, "message", None)
    missing = getattr(report.longrepr, "errorstring", None)  # of a fixture; the rest lists others
    if text is None and missing:
        text = str(missing).strip().partition("\n")[0]
    if text is None:
        try:
            text = str(report.longrepr).strip().rsplit("\n", 1)[-1]
        except Exception:
            text = "its message can't be made"
    return text.strip()[:DETAIL]
