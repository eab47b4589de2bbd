"""A pytest plugin that tells what happens while it happens, and changes nothing of it.

Whoever starts the tests names a folder in a variable; from where this plugin lies in it, pytest
finds it. The variable is taken away at once, so that pytest in a test is not heard as well. Every
hook here keeps its faults to itself: a run of tests never fails because it is watched.
"""

from __future__ import annotations

import os
import sys
import time

import pytest

from .live_channel import VARIABLE, LiveChannel, quoted, shown_name
from .live_repeats import (
    forget_failures,
    keep_only,
    leave_out,
    pytest_cmdline_main,
    pytest_load_initial_conftests,
)
from .live_reports import category_of, failure_of, place_of, reason_of, told
from .live_run import ACTIVE, RUN, WatchedRun, leave_stack
from .live_tracebacks import TOLD, Failures, worker_watch

__all__ = ["pytest_cmdline_main", "pytest_configure", "pytest_load_initial_conftests"]

REPORT = sys.modules["_pytest.reports"].TestReport
"""What a test's report is, where no plugin has another; in 6.2 it has no public name."""
FILES = 500
"""Files whose number of tests is told: those with most of them."""
SHORT = 200
"""Characters of a failure's message where nobody has come to read the others yet."""
NO_TESTS = 5
"""How pytest ends where it has run none."""
ARGUMENTS = 200
"""Words of the command that are told."""


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    """Watch this run, if it is to be watched."""
    try:
        if ACTIVE:
            return
        worker = getattr(config, "workerinput", None)
        if worker is not None and worker.get(VARIABLE):
            run = WatchedRun(worker[VARIABLE])
            watch: Failures = worker_watch(config)
        elif RUN is not None and worker is None:
            run = RUN
            watch = Watch(config, run)
        else:
            return
        ACTIVE.append(watch)
        config.pluginmanager.register(watch, "qe-action-watch")
        leave_stack(run)
        if run.repeats:
            forget_failures(config)
    except Exception:
        pass


class Watch(Failures):
    """The process that has pytest's own counts."""

    _clock = staticmethod(time.time)  # a test may put another in its place

    def __init__(self, config, run: WatchedRun) -> None:
        super().__init__()
        self._config = config
        self._run = run
        self._channel = LiveChannel(os.path.join(run.folder, "events"))
        self._session = None
        self._collected = False
        self._workers = 1
        self._usual = False
        self._seconds: dict = {}
        self._failure: tuple | None = None
        self._ended: dict = {}
        self._failed = 0
        self._torn: set = set()
        self._left_out = False

    def pytest_sessionstart(self, session):
        try:
            self._session = session
            config = self._config
            start = config.invocation_params
            if getattr(config.option, "dist", "no") != "no":
                self._workers = len(getattr(config.option, "tx", None) or ())
            self._channel.send(
                "session",
                str(config.rootdir if hasattr(config, "rootdir") else config.rootpath),
                str(start.dir),
                sys.executable or "",
                [str(word) for word in start.args][:ARGUMENTS],
                self._workers,
            )
            impls = config.hook.pytest_report_teststatus.get_hookimpls()
            own = (impl.function.__module__.startswith("_pytest.") for impl in impls)
            self._usual = config.pluginmanager.has_plugin("terminalreporter") and all(own)
        except Exception:
            pass

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        if self._run.repeats:
            keep_only(items, self._run.only)
        elif self._run.without:
            self._left_out = leave_out(self._config, items, self._run.without)

    def pytest_collection_finish(self, session):
        self._count(item.nodeid for item in session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids):
        self._count(ids)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node):
        node.workerinput[VARIABLE] = self._run.folder

    def _count(self, names) -> None:
        try:
            if self._collected:
                return
            self._collected = True
            files: dict = {}
            for name in names:
                file = name.partition("::")[0]
                files[file] = files.get(file, 0) + 1
            most = sorted(files.items(), key=lambda pair: -pair[1])[:FILES]
            self._channel.send("collected", sum(files.values()), len(files), dict(most))
        except Exception:
            pass

    def pytest_collectreport(self, report):
        try:
            if report.failed or report.skipped:
                self._failed += report.failed
                outcome = "error" if report.failed else "skipped"
                file = str(report.nodeid).partition("::")[0]
                self._tell(report, outcome, "collect", None, (file, None))
        except Exception:
            pass

    @pytest.hookimpl(tryfirst=True)
    def pytest_exception_interact(self, node, call, report):
        try:
            super().pytest_exception_interact(node, call, report)
            self._settle()
        except Exception:
            pass

    def pytest_runtest_logstart(self, nodeid):
        try:
            if self._failure:
                self._settle()
            self._channel.put('["s",%s]' % quoted(shown_name(nodeid)))
        except Exception:
            pass

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report):
        """After the terminal's, which counts: pytest may change a report by that."""
        try:
            if self._failure:
                self._settle()
            name, when, outcome = report.nodeid, report.when, report.outcome
            if outcome == "failed":
                self._failed += 1
            seconds = getattr(report, "duration", 0.0)
            if when != "setup":
                seconds += self._seconds.get(name, 0.0)
            self._seconds[name] = seconds
            if outcome != "passed" or when not in ("setup", "teardown"):
                self._counted(report, name, when, seconds)
            if when == "teardown":
                self._over(name)
        except Exception:
            pass

    def _counted(self, report, name, when, seconds) -> None:
        """A failure is told at once, all else when the test is over."""
        if self._usual and type(report) is REPORT and report.outcome == "passed":
            category = "xpassed" if hasattr(report, "wasxfail") else "passed"
        else:
            category = category_of(report, self._config)
        if category in ("failed", "error"):
            if when in ("setup", "call"):
                self._torn.add(name)
            self._failure = (report, category, when, seconds, place_of(report))
            if self._workers != 1 or (report.nodeid, when) in self._frames:
                self._settle()
        elif category:
            self._ended.setdefault(name, []).append((category, report))

    def _over(self, name) -> None:
        """Passed is what nothing was wrong with to the end."""
        seconds = self._seconds.pop(name, None)
        for category, report in self._ended.pop(name, ()):
            self._add(report, category, report.when, seconds, place_of(report))
        if name in self._torn:
            self._torn.discard(name)
            self._settle()
            self._channel.put('["e",%s]' % quoted(shown_name(name)))

    def _settle(self) -> None:
        """Tell of a failure: its traceback has come by now, if there is one."""
        if self._failure:
            failure, self._failure = self._failure, ()
            self._tell(*failure)

    def _tell(self, report, category, when, seconds, place) -> None:
        """A failure, at once."""
        start = str(self._config.invocation_params.dir)
        more = failure_of(report, self.kept(report) or report.__dict__.pop(TOLD, None), start)
        if self._channel.crowded:
            more = {"frames": more["frames"][-5:], "message": more["message"][:SHORT]}
        more["goes_on"] = when in ("setup", "call")
        self._add(report, category, when, seconds, place, more)

    def _add(self, report, category, when, seconds, place, more=None) -> None:
        name = shown_name(report.nodeid)
        file, line = place
        if name.startswith(file + "::"):
            file = ""
        worker = ""
        if self._workers != 1:
            worker = str(getattr(getattr(getattr(report, "node", None), "gateway", None), "id", ""))
        if category in ("skipped", "xfailed", "xpassed"):
            more = {"reason": told(reason_of, report)}
        seconds = None if seconds is None else round(seconds, 6)
        if more is not None:
            self._channel.send("r", name, category, when, seconds, file, line, worker, more)
            return
        words = (
            quoted(name),
            "null" if seconds is None else seconds,
            quoted(file),
            "null" if line is None else line,
            quoted(worker),
        )
        text = '["r",%s,"passed","call",%s,%s,%s,%s]' % words
        # Where the next test starts at once it goes with that.
        (self._channel.hold if self._workers == 1 else self._channel.put)(text)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session, exitstatus):
        try:
            if self._left_out and exitstatus == NO_TESTS:
                session.exitstatus = 0  # all of them had passed before
            self._flush_rest()
        except Exception:
            pass

    def _flush_rest(self) -> None:
        self._settle()
        for name in list(self._ended):
            self._over(name)
        self._channel.put('["."]')

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self):
        try:
            ACTIVE.clear()
            self._flush_rest()
            code = getattr(self._session, "exitstatus", None)
            if code is not None:
                more = getattr(self._session, "testsfailed", 0) > self._failed
                self._channel.send("over", int(code), self._clock(), more)
            self._channel.finish()
        except Exception:
            pass
