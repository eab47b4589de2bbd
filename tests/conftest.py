"""Fixtures shared by the tests."""

from __future__ import annotations

from collections.abc import Iterator

import fake_github_strict
import pytest
from fake_github import FakeGitHub


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
    if not fake_github_strict.missing():
        assert fake_github_strict.problems(fake_github.requests) == []
