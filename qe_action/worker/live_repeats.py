"""What is different in a run that is watched: next to nothing, unless it repeats failures."""

from __future__ import annotations

import pytest

from .live_channel import MODULE, shown_name
from .live_run import ACTIVE, RUN


@pytest.hookimpl(hookwrapper=True)
def pytest_load_initial_conftests(early_config):
    """Not listed among the plugins; a run that repeats failures measures nothing."""
    try:
        found = early_config.pluginmanager._plugin_distinfo
        found[:] = [pair for pair in found if getattr(pair[0], "__name__", "") != MODULE]
        if RUN is not None and RUN.repeats and not ACTIVE:
            early_config.known_args_namespace.no_cov = True
    except Exception:
        pass
    yield


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """A repeated run is one process that writes nothing of the first one's again."""
    if RUN is None or not RUN.repeats or ACTIVE:
        return
    options = vars(config.option)
    for name in ("xmlpath", "htmlpath", "report_log", "json_report_file", "allure_report_dir"):
        if options.get(name):
            options[name] = None
    changed: dict = {"no_cov": True, "numprocesses": None, "dist": "no", "tx": [], "maxfail": 0}
    changed.update(lf=False, failedfirst=False, newfirst=False, stepwise=False)
    options.update({name: value for name, value in changed.items() if name in options})


def forget_failures(config) -> None:
    """Leave what pytest remembers of the first run for the next one."""
    for name in ("lfplugin", "nfplugin", "stepwiseplugin"):
        config.pluginmanager.unregister(name=name)


def keep_only(items: list, only: frozenset) -> None:
    """Leave all other tests out."""
    items[:] = [item for item in items if shown_name(item.nodeid) in only]
