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

from .live_channel import MODULE, VARIABLE, LiveChannel, shown_name
from .live_reports import (
    category_of,
    frames_of,
    message_of,
    output_of,
    place_of,
    printed_frames,
    reason_of,
    traceback_of,
)
from .live_run import WatchedRun, leave_stack, taken

FILES = 500
"""Files whose number of tests is told: those with most of them."""
ARGUMENTS = 200
"""Words of the command that are told."""
TOLD = "_qe_action_frames"
"""The attribute by which a report carries its traceback from a worker."""
_active: list = []
"""The run that is watched; pytest within it is not."""


RUN = taken(os.path.dirname(os.path.abspath(sys.modules[__package__].__file__ or "")))


@pytest.hookimpl(hookwrapper=True)
def pytest_load_initial_conftests(early_config):
    """Not listed among the plugins; a run that repeats failures measures nothing."""
    try:
        found = early_config.pluginmanager._plugin_distinfo
        found[:] = [pair for pair in found if getattr(pair[0], "__name__", "") != MODULE]
        if RUN is not None and RUN.repeats and not _active:
            early_config.known_args_namespace.no_cov = True
    except Exception:
        pass
    yield


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """A repeated run is one process that writes nothing of the first one's again."""
    if RUN is None or not RUN.repeats or _active:
        return
    options = vars(config.option)
    for name in ("xmlpath", "htmlpath", "report_log", "json_report_file", "allure_report_dir"):
        if options.get(name):
            options[name] = None
    changed: dict = {"no_cov": True, "numprocesses": None, "dist": "no", "tx": [], "maxfail": 0}
    changed.update(lf=False, failedfirst=False, newfirst=False, stepwise=False)
    options.update({name: value for name, value in changed.items() if name in options})


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    """Watch this run, if it is to be watched."""
    try:
        if _active:
            return
        worker = getattr(config, "workerinput", None)
        if worker is not None and worker.get(VARIABLE):
            run = WatchedRun(worker[VARIABLE])
            watch: Failures = Worker()
        elif RUN is not None and worker is None:
            run = RUN
            watch = Watch(config, run)
        else:
            return
        _active.append(watch)
        config.pluginmanager.register(watch, "qe-action-watch")
        leave_stack(run)
        if run.repeats:
            for name in ("lfplugin", "nfplugin", "stepwiseplugin"):
                config.pluginmanager.unregister(name=name)
    except Exception:
        pass


class Failures:
    """Keeps the traceback of each failure until its report comes by."""

    def __init__(self) -> None:
        self._frames: dict = {}

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item, call):
        yield
        if call.excinfo is not None:
            try:
                self._frames.clear()
                self._frames[item.nodeid, call.when] = frames_of(call.excinfo)
            except Exception:
                pass

    @pytest.hookimpl(hookwrapper=True)
    def pytest_make_collect_report(self, collector):
        outcome = yield
        try:
            call = outcome.get_result().call
            if call.excinfo is not None:
                self._frames[collector.nodeid, "collect"] = frames_of(call.excinfo)
        except Exception:
            pass

    def frames(self, report) -> list:
        found = self._frames.pop((report.nodeid, getattr(report, "when", "")), None)
        if found is None:
            found = report.__dict__.pop(TOLD, None)
        return found or printed_frames(getattr(report, "longrepr", None))


class Worker(Failures):
    """A worker of pytest-xdist: its reports take their tracebacks along."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectreport(self, report):
        self.pytest_runtest_logreport(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report):
        try:
            if report.failed and (found := self.frames(report)):
                setattr(report, TOLD, found)
        except Exception:
            pass

    def pytest_unconfigure(self):
        _active.clear()


class Watch(Failures):
    """The process that has pytest's own counts."""

    def __init__(self, config, run: WatchedRun) -> None:
        super().__init__()
        self._config = config
        self._run = run
        self._channel = LiveChannel(os.path.join(run.folder, "events"))
        self._session = None
        self._collected = False
        self._workers = 1
        self._seconds: dict = {}
        self._ended: dict = {}

    def pytest_sessionstart(self, session):
        try:
            self._session = session
            config = self._config
            start = config.invocation_params
            if getattr(config.option, "dist", "no") != "no":
                self._workers = len(getattr(config.option, "tx", None) or ())
            self._channel.add(
                "session",
                str(config.rootdir if hasattr(config, "rootdir") else config.rootpath),
                str(start.dir),
                sys.executable or "",
                [str(word) for word in start.args][:ARGUMENTS],
                self._workers,
            )
            self._channel.flush()
        except Exception:
            pass

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        if self._run.repeats:
            only = self._run.only
            items[:] = [item for item in items if shown_name(item.nodeid) in only]

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
            self._channel.add("collected", sum(files.values()), len(files), dict(most))
            self._channel.flush()
        except Exception:
            pass

    def pytest_collectreport(self, report):
        try:
            if report.failed or report.skipped:
                outcome = "error" if report.failed else "skipped"
                file = str(report.nodeid).partition("::")[0]
                self._tell(report, outcome, "collect", None, (file, None))
        except Exception:
            pass

    def pytest_runtest_logstart(self, nodeid):
        try:
            self._channel.add("s", shown_name(nodeid))
            self._channel.flush()
        except Exception:
            pass

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report):
        try:
            name, when = report.nodeid, report.when
            seconds = self._seconds.get(name, 0.0) + getattr(report, "duration", 0.0)
            self._seconds[name] = seconds
            if when in ("setup", "teardown") and report.outcome == "passed":
                return
            category = category_of(report, self._config)
            if category in ("failed", "error"):
                self._tell(report, category, when, seconds, place_of(report))
            elif category:
                self._ended.setdefault(name, []).append((category, report))
        except Exception:
            pass

    def pytest_runtest_logfinish(self, nodeid):
        """Passed is what nothing was wrong with to the end."""
        try:
            seconds = self._seconds.pop(nodeid, None)
            for category, report in self._ended.pop(nodeid, ()):
                self._add(report, category, report.when, seconds, place_of(report))
            if self._workers != 1:  # else the next test starts at once, and it goes with that
                self._channel.flush()
        except Exception:
            pass

    def _tell(self, report, category, when, seconds, place) -> None:
        """A failure, at once."""
        more = {
            "frames": self.frames(report),
            "message": message_of(report),
            "traceback": traceback_of(report),
            "output": output_of(report),
        }
        self._add(report, category, when, seconds, place, more)
        self._channel.flush()

    def _add(self, report, category, when, seconds, place, more=None) -> None:
        name = shown_name(report.nodeid)
        file, line = place
        if name.partition("::")[0] == file:
            file = ""
        worker = getattr(getattr(getattr(report, "node", None), "gateway", None), "id", "")
        if category in ("skipped", "xfailed", "xpassed"):
            more = {"reason": reason_of(report)}
        seconds = None if seconds is None else round(seconds, 6)
        words = ["r", name, category, when, seconds, file, line, str(worker)]
        self._channel.add(*words, *([more] if more else []))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self):
        self._flush_rest()

    def _flush_rest(self) -> None:
        for name in list(self._ended):
            self.pytest_runtest_logfinish(name)
        self._channel.flush()

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self):
        try:
            _active.clear()
            self._flush_rest()
            code = getattr(self._session, "exitstatus", None)
            if code is not None:
                self._channel.add("over", int(code), time.time())
            self._channel.finish()
        except Exception:
            pass
