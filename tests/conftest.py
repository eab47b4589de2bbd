"""Fixtures shared by the tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from fake_github import FakeGitHub
from fake_github import strict as api_description
from hypothesis import settings
from warm_program import end_starter

settings.register_profile("few", max_examples=40, deadline=None)
settings.register_profile("many", max_examples=500, deadline=None)
settings.load_profile("few")  # `make slow` takes the other

# What pytest makes of the asserts takes 12 s for all files: it is kept, whatever is kept else.
sys.dont_write_bytecode = False

GROUP = 'xdist_group("container")'
SHARING = 'fixture(scope="module")'


@cache
def _unit_of(file: Path) -> str:
    """What goes to one worker: the group, a file that makes something once, else each test."""
    text = file.read_text(encoding="utf-8")
    return GROUP if GROUP in text else str(file) if SHARING in text else ""


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Workers import the test files from different ones on: each finds what others have made.

    What can't be imported pytest comes to by itself, and says so.
    """
    worker, count = (
        os.environ.get("PYTEST_XDIST_WORKER"),
        os.environ.get("PYTEST_XDIST_WORKER_COUNT"),
    )
    if worker is None or count is None:
        return
    places = [session.config.rootpath / name for name in session.config.args if "::" not in name]
    files = [file for place in places for file in sorted(place.rglob("test_*.py"))]
    first = len(files) * int(worker.removeprefix("gw")) // int(count)
    for file in files[first:] + files[:first]:
        if str(file.parent) not in sys.path:
            sys.path.insert(0, str(file.parent))
        with suppress(Exception, pytest.skip.Exception):
            import_module(file.stem)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Files of the group go to one worker, and each that shares something dear.

    pytest 9.2 hides the marks from xdist 3.8.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Scopes(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = config.rootpath / nodeid.partition("::")[0]
            return _unit_of(file) or nodeid

    return Scopes(config, log)


@pytest.fixture(scope="session", autouse=True)
def warm_program() -> Iterator[None]:
    """What starts the program in this session ends with it."""
    yield
    end_starter()


@pytest.fixture
def fake_github() -> Iterator[FakeGitHub]:
    """A GitHub of its own, listening on a free port."""
    with FakeGitHub() as github:
        yield github


@pytest.fixture
def strict(fake_github: FakeGitHub) -> Iterator[FakeGitHub]:
    """A GitHub all of whose exchanges are held against GitHub's own API description.

    Where that is missing the test still runs, against the fake's own rules; the one test that
    asks for nothing else skips and says so.
    """
    yield fake_github
    if not api_description.missing():
        assert api_description.problems(fake_github.requests) == []
