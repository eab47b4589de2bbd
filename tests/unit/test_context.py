"""The run's context out of environment and payload, whatever is in them."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qe_action.errors import UsageError
from qe_action.github.context import RunContext, read_context
from qe_action.workspace.diff_sources import PullRef

HEAD, BASE, MERGE = "a" * 40, "b" * 40, "c" * 40
ENV = {
    "GITHUB_EVENT_NAME": "pull_request",
    "GITHUB_REPOSITORY": "octo/demo",
    "GITHUB_SHA": MERGE,
    "GITHUB_REF": "refs/pull/7/merge",
    "GITHUB_RUN_ID": "123456789",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_JOB": "test",
    "GITHUB_WORKFLOW": "CI",
    "GITHUB_ACTOR": "octocat",
    "GITHUB_WORKSPACE": "/github/workspace",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_API_URL": "https://api.github.com",
}
PULL: dict[str, Any] = {
    "number": 7,
    "state": "open",
    "draft": True,
    "merge_commit_sha": "d" * 40,
    "head": {"sha": HEAD, "ref": "change", "repo": {"full_name": "octo/demo"}},
    "base": {"sha": BASE, "ref": "main", "repo": {"full_name": "octo/demo"}},
}
PAYLOAD = {"number": 7, "pull_request": PULL, "repository": {"default_branch": "main"}}
REPORTS = Path(__file__).resolve().parents[3] / "shared" / "reports"


def changed(path: str, value: object) -> dict[str, Any]:
    """The payload with one field set, or taken out where `value` is `...`."""
    payload = copy.deepcopy(PAYLOAD)
    *above, last = path.split(".")
    place: Any = payload
    for name in above:
        place = place[name]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return payload


def test_a_pull_request_is_read_whole() -> None:
    assert read_context(ENV, PAYLOAD) == RunContext(
        event_name="pull_request",
        repo="octo/demo",
        sha=MERGE,
        ref="refs/pull/7/merge",
        run_id=123456789,
        run_attempt=1,
        job="test",
        workflow="CI",
        actor="octocat",
        workspace="/github/workspace",
        default_branch="main",
        pull=PullRef(number=7, head_sha=HEAD, base_sha=BASE, merge_sha=MERGE, base_ref="main"),
        pull_state="open",
        draft=True,
        head_ref="change",
        head_repo="octo/demo",
        base_repo="octo/demo",
        is_fork=False,
    )


def test_the_check_belongs_to_the_head_and_not_to_the_test_merge() -> None:
    assert read_context(ENV, PAYLOAD).head_sha == HEAD


def test_outside_the_merge_ref_the_payload_names_the_test_merge() -> None:
    """Under `pull_request_target` GITHUB_SHA is the base branch's."""
    env = {**ENV, "GITHUB_EVENT_NAME": "pull_request_target", "GITHUB_REF": "refs/heads/main"}
    pull = read_context(env, PAYLOAD).pull
    assert pull is not None
    assert pull.merge_sha == "d" * 40


@pytest.mark.parametrize("value", [None, "", ...])
def test_a_test_merge_may_be_missing(value: object) -> None:
    env = {**ENV, "GITHUB_REF": "refs/heads/main"}
    pull = read_context(env, changed("pull_request.merge_commit_sha", value)).pull
    assert pull is not None
    assert pull.merge_sha is None


@pytest.mark.parametrize(
    ("repo", "head_repo"), [({"full_name": "mallory/demo"}, "mallory/demo"), (None, None)]
)
def test_another_or_a_deleted_head_repository_is_a_fork(repo: object, head_repo: object) -> None:
    context = read_context(ENV, changed("pull_request.head.repo", repo))
    assert context.is_fork
    assert context.head_repo == head_repo


@pytest.mark.parametrize("event", ["workflow_dispatch", "schedule", "issue_comment", "release", ""])
def test_other_events_are_about_no_pull_request_and_no_commit(event: str) -> None:
    context = read_context({**ENV, "GITHUB_EVENT_NAME": event}, PAYLOAD)
    assert context.pull is None
    assert context.target_sha is None
    assert not context.keeps_baseline
    assert context.head_sha == MERGE
    assert context.default_branch == "main"


def test_outside_of_a_workflow_everything_is_open() -> None:
    context = read_context({}, {})
    assert context == RunContext()
    assert context.run_url is None


@pytest.mark.parametrize(
    ("attempt", "url"),
    [
        ("1", "https://ghe.example.org/octo/demo/actions/runs/123456789"),
        ("2", "https://ghe.example.org/octo/demo/actions/runs/123456789/attempts/2"),
    ],
)
def test_the_runs_page(attempt: str, url: str) -> None:
    env = {
        **ENV,
        "GITHUB_RUN_ATTEMPT": attempt,
        "GITHUB_SERVER_URL": "https://ghe.example.org/",
        "GITHUB_API_URL": "https://ghe.example.org/api/v3",
    }
    context = read_context(env, PAYLOAD)
    assert context.run_url == url
    assert context.api_url == "https://ghe.example.org/api/v3"


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("pull_request", [..., None, [], "x"]),
        ("pull_request.number", [..., None, 0, -1, "x", 7.5, True, [], 2**60, "7\n", "\u0667"]),
        ("pull_request.head", [..., None, "x"]),
        ("pull_request.head.sha", [..., None, "", "main", HEAD[:39], HEAD.upper(), HEAD + "\n", 7]),
        ("pull_request.base.sha", [..., "--output=/x", "$(id)", "a" * 41]),
        ("pull_request.merge_commit_sha", ["x", 7]),
        ("pull_request.base.ref", ["-x", "a b", "a..b", "a\nb", "a^", "", 7]),
        ("pull_request.head.repo", ["x", 7]),
        ("pull_request.head.repo.full_name", ["x", "a/b/c", "../..", "a/..", "a/b\n", 7]),
    ],
)
def test_a_malformed_payload_names_the_field(field: str, values: list[object]) -> None:
    for value in values:
        env = {**ENV, "GITHUB_REF": "refs/heads/main"}
        with pytest.raises(UsageError) as caught:
            read_context(env, changed(field, value))
        assert field in caught.value.message
        assert caught.value.line().isprintable()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GITHUB_SHA", "HEAD"),
        ("GITHUB_REPOSITORY", "octo"),
        ("GITHUB_REPOSITORY", "octo/demo?x=1"),
        ("GITHUB_RUN_ID", "12a"),
        ("GITHUB_RUN_ID", "9" * 5000),
        ("GITHUB_RUN_ATTEMPT", "0"),
        ("GITHUB_API_URL", "file:///etc/passwd"),
        ("GITHUB_API_URL", "https://user:secret@example.org"),
        ("GITHUB_SERVER_URL", "https://example.org/\n::error::"),
        ("GITHUB_SERVER_URL", "https://example.org/)[x](y"),
    ],
)
def test_a_malformed_variable_is_named(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=name):
        read_context({**ENV, name: value}, PAYLOAD)


def test_plain_text_is_cut_to_one_line() -> None:
    env = {**ENV, "GITHUB_WORKFLOW": "CI\n::error::x", "GITHUB_JOB": "\x1b[31m" + "j" * 999}
    context = read_context(env, PAYLOAD)
    assert context.workflow == "CI ::error::x"
    assert len(context.job) == 255
    assert context.job.isprintable()


@pytest.mark.parametrize("field", ["repository.default_branch", "pull_request.base.ref"])
def test_half_a_character_is_in_no_branch_s_name(field: str) -> None:
    with pytest.raises(UsageError, match=field):
        read_context(ENV, changed(field, "\ud800"))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
FIELDS = [
    "pull_request",
    "repository",
    "repository.default_branch",
    *(f"pull_request.{name}" for name in PULL),
    *(
        f"pull_request.{side}.{name}"
        for side in ("head", "base")
        for name in ("sha", "ref", "repo")
    ),
    "pull_request.head.repo.full_name",
]


@given(st.sampled_from(FIELDS), json_values, st.sampled_from(["pull_request", "schedule"]))
def test_any_payload_is_read_or_refused(field: str, value: object, event: str) -> None:
    env = {**ENV, "GITHUB_EVENT_NAME": event}
    try:
        context = read_context(env, changed(field, value))
    except UsageError:
        return
    pull = context.pull
    assert (pull is None) == (event == "schedule")
    for sha in (pull.head_sha, pull.base_sha, pull.merge_sha) if pull else ():
        assert sha is not None
        assert set(sha) <= set("0123456789abcdef")
    assert (context.default_branch or "x").isprintable()


@given(st.dictionaries(st.sampled_from([*ENV]), st.text(max_size=60)))
def test_any_environment_is_read_or_refused(env: Mapping[str, str]) -> None:
    try:
        context = read_context({**ENV, **env}, PAYLOAD)
    except UsageError:
        return
    assert f"{context.job}{context.workflow}{context.actor}{context.ref}".isprintable()
    assert context.api_url.startswith(("https://", "http://"))


@pytest.mark.parametrize(
    ("file", "event", "number", "branch"),
    [
        ("octocov__testdata_config_event_pull_request_opened.json", "pull_request", 20, "master"),
        ("reviewdog__github_event_pull_request.json", "pull_request", 285, "master"),
        ("reviewdog__github_event_push.json", "push", None, "master"),
    ],
)
def test_payloads_that_github_sent(file: str, event: str, number: int | None, branch: str) -> None:
    path = REPORTS / file
    if not path.is_file():
        pytest.skip(f"{file} is not beside the project")
    env = {**ENV, "GITHUB_EVENT_NAME": event, "GITHUB_REF": "refs/heads/x"}
    # One of the files goes on after its payload.
    payload, _ = json.JSONDecoder().raw_decode(path.read_text())
    context = read_context(env, payload)
    assert (context.pull and context.pull.number) == number
    assert context.default_branch == branch
    assert not context.is_fork
