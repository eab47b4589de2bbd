"""Fixtures shared by the tests."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
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

GROUP = 'xdist_group("container")'
SHARING = 'fixture(scope="module")'


@cache
def _unit_of(file: Path) -> str:
    """What goes to one worker: the group, a file that makes something once, else each test."""
    text = file.read_text(encoding="utf-8")
    return GROUP if GROUP in text else str(file) if SHARING in text else ""


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
