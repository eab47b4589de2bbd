"""What is different in a run that is watched: next to nothing, unless it repeats failures."""

from __future__ import annotations

import os

import pytest

from .live_channel import MODULE, shown_name
from .live_run import ACTIVE, RUN


@pytest.hookimpl(hookwrapper=True)
def pytest_load_initial_conftests(early_config):
    """Not listed among the plugins; a run that repeats failures measures nothing."""
    try:
        found = early_config.pluginmanager._plugin_distinfo
        found[:] = [pair for pair in found if getattr(pair[0], "__name__", "") != MODULE]
        if RUN is not None and RUN.is_part and not ACTIVE:
            early_config.known_args_namespace.no_cov = True
    except Exception:
        pass
    yield


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """A run of a part is one process that writes no report, as of the whole it would say less."""
    if RUN is None or not RUN.is_part or ACTIVE:
        return
    options = vars(config.option)
    for name in ("xmlpath", "htmlpath", "report_log", "json_report_file", "allure_report_dir"):
        if options.get(name):
            options[name] = None
    changed: dict = {"no_cov": True, "numprocesses": None, "dist": "no", "tx": []}
    if RUN.repeats:
        changed.update(maxfail=0, lf=False, failedfirst=False, newfirst=False, stepwise=False)
    options.update({name: value for name, value in changed.items() if name in options})


def forget_failures(config) -> None:
    """Leave what pytest remembers of the first run for the next one."""
    for name in ("lfplugin", "nfplugin", "stepwiseplugin"):
        config.pluginmanager.unregister(name=name)


def keep_only(items: list, only: frozenset) -> None:
    """Leave all other tests out."""
    items[:] = [item for item in items if shown_name(item.nodeid) in only]


def leave_out(config, items: list, without: frozenset) -> bool:
    """Leave these tests out; whether there were any."""
    root = str(config.rootdir if hasattr(config, "rootdir") else config.rootpath)
    kept: list = []
    left: list = []
    for item in items:
        path = os.path.realpath(os.path.join(root, str(item.location[0])))
        (left if (path, shown_name(item.nodeid)) in without else kept).append(item)
    if left:
        items[:] = kept
        config.hook.pytest_deselected(items=left)
    return bool(left)
