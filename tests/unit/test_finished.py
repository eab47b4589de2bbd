"""The finished run of a `workflow_run` event."""

from __future__ import annotations

from typing import Any

import pytest

from qe_action.errors import UsageError
from qe_action.github.finished_run import FinishedRun, read_finished

RUN: dict[str, Any] = {
    "id": 42,
    "run_attempt": 2,
    "event": "pull_request",
    "conclusion": "failure",
    "head_sha": "a" * 40,
    "head_branch": "feature/x",
    "head_repository": {"full_name": "mallory/demo"},
}


def read(**fields: object) -> FinishedRun:
    return read_finished({"workflow_run": {**RUN, **fields}})


def test_it_is_read_whole() -> None:
    run = read()
    assert run == FinishedRun(
        42, 2, "pull_request", "failure", "a" * 40, "feature/x", "mallory/demo"
    )
    assert run.url("https://x", "o/r") == "https://x/o/r/actions/runs/42/attempts/2"
    assert read(run_attempt=None).url("https://x", "o/r") == "https://x/o/r/actions/runs/42"


def test_a_fork_and_its_branch_may_be_gone() -> None:
    assert read(head_repository=None).head_repo is None
    assert read(head_branch=None).head_branch is None
    assert read(conclusion=None).conclusion == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", None),
        ("id", 0),
        ("id", "42/../43"),
        ("head_sha", None),
        ("head_sha", "main"),
        ("head_branch", "a b"),
        ("head_branch", "--upload-pack=x"),
        ("head_repository", "mallory/demo"),
        ("head_repository", {"full_name": "../.."}),
        ("head_repository", {"full_name": "a/b/c"}),
    ],
)
def test_a_field_that_can_t_be_is_named(field: str, value: object) -> None:
    with pytest.raises(UsageError, match=rf"workflow_run\.{field}"):
        read(**{field: value})


def test_no_finished_run_is_named() -> None:
    with pytest.raises(UsageError, match="workflow_run"):
        read_finished({})
