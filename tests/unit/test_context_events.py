"""Merge groups, pushes and finished workflows in the run's context, whatever their payload says."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qe_action.errors import UsageError
from qe_action.github.context import RunContext, read_context
from qe_action.workspace.diff_sources import CommitRef, PullRef

HEAD, BASE, MAIN = "a" * 40, "b" * 40, "c" * 40
NO_COMMIT = "0" * 40
REPOSITORY = {"id": 31, "full_name": "octo/demo", "default_branch": "main"}
FORK = {"full_name": "mallory/demo"}
GROUP: dict[str, Any] = {
    "merge_group": {
        "head_sha": HEAD,
        "head_ref": "refs/heads/gh-readonly-queue/main/pr-7-" + BASE,
        "base_sha": BASE,
        "base_ref": "refs/heads/main",
    },
    "repository": REPOSITORY,
}
PUSH: dict[str, Any] = {
    "ref": "refs/heads/main",
    "before": BASE,
    "after": HEAD,
    "created": False,
    "deleted": False,
    "forced": False,
    "repository": REPOSITORY,
}
LISTED: dict[str, Any] = {
    "number": 7,
    "head": {"sha": HEAD, "ref": "feature", "repo": {"id": 31}},
    "base": {"sha": BASE, "ref": "main", "repo": {"id": 31}},
}
WORKFLOW: dict[str, Any] = {
    "workflow_run": {
        "head_sha": HEAD,
        "head_branch": "feature",
        "event": "pull_request",
        "head_repository": {"full_name": "octo/demo"},
        "pull_requests": [LISTED],
    },
    "repository": REPOSITORY,
}
PAYLOADS = {"merge_group": GROUP, "push": PUSH, "workflow_run": WORKFLOW}


def changed(payload: dict[str, Any], **fields: object) -> dict[str, Any]:
    """The payload with fields set by path (`__` for a dot), or taken out by `...`."""
    payload = copy.deepcopy(payload)
    for path, value in fields.items():
        *above, last = path.split("__")
        place: Any = payload
        for name in above:
            place = place[int(name) if isinstance(place, list) else name]
        if value is ...:
            del place[last]
        else:
            place[last] = value
    return payload


def read(event: str, payload: object, ref: str = "refs/heads/main") -> RunContext:
    env = {
        "GITHUB_EVENT_NAME": event,
        "GITHUB_REPOSITORY": "octo/demo",
        "GITHUB_SHA": MAIN,
        "GITHUB_REF": ref,
    }
    return read_context(env, payload)  # type: ignore[arg-type]


OURS = "qe-action/tests-for-7"


@pytest.mark.parametrize(
    ("event", "payload", "ref", "own"),
    [
        ("push", changed(PUSH, ref=f"refs/heads/{OURS}"), f"refs/heads/{OURS}", True),
        ("push", PUSH, "refs/heads/main", False),
        ("workflow_dispatch", {}, f"refs/heads/{OURS}", True),
        ("workflow_run", changed(WORKFLOW, workflow_run__head_branch=OURS), "", True),
        ("workflow_run", WORKFLOW, "", False),
        (
            "workflow_run",
            changed(WORKFLOW, workflow_run__head_branch=OURS, workflow_run__head_repository=FORK),
            "",
            False,
        ),
    ],
)
def test_a_branch_of_ours_is_known_in_every_event(
    event: str, payload: dict[str, Any], ref: str, own: bool
) -> None:
    env = {
        "GITHUB_EVENT_NAME": event,
        "GITHUB_REPOSITORY": "octo/demo",
        "GITHUB_REF": ref,
        "GITHUB_SHA": HEAD,
    }
    assert read_context(env, payload).has_own_tests is own


@pytest.mark.parametrize("repo", ["octo/demo", "mallory/demo"])
def test_a_pull_request_from_a_branch_of_ours_is_none_of_a_fork(repo: str) -> None:
    env = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REPOSITORY": "octo/demo"}
    head = {"ref": OURS, "sha": HEAD, "repo": {"full_name": repo}}
    base = {"ref": "main", "sha": BASE, "repo": {"full_name": "octo/demo"}}
    pull = {"number": 8, "state": "open", "head": head, "base": base}
    found = read_context(env, {"pull_request": pull})
    assert found.has_own_tests is (repo == "octo/demo")
    assert not found.ended
    assert read_context(env, {"pull_request": {**pull, "state": "closed"}}).ended


def test_a_merge_group_is_checked_at_its_head_and_compared_with_its_base() -> None:
    context = read("merge_group", GROUP)
    assert context.commit == CommitRef("merge_group", HEAD, BASE, "main")
    assert context.pull is None
    assert (context.target_sha, context.head_sha) == (HEAD, HEAD)
    assert context.keeps_baseline


def test_a_push_to_the_default_branch_is_compared_with_what_was_there_before() -> None:
    context = read("push", PUSH)
    assert context.commit == CommitRef("push", HEAD, BASE)
    assert context.target_sha == HEAD
    assert context.keeps_baseline


def test_a_push_to_another_branch_knows_the_default_branch_and_keeps_a_baseline() -> None:
    context = read("push", changed(PUSH, ref="refs/heads/topic/a", forced=True))
    assert context.commit == CommitRef("push", HEAD, BASE, "main", forced=True)
    assert context.keeps_baseline


def test_a_new_branch_names_no_base() -> None:
    context = read("push", changed(PUSH, ref="refs/heads/topic", before=NO_COMMIT))
    assert context.commit == CommitRef("push", HEAD, None, "main")


def test_a_push_keeps_a_baseline_also_where_the_default_branch_is_not_known() -> None:
    context = read("push", changed(PUSH, repository__default_branch=...))
    assert context.target_sha == HEAD
    assert context.keeps_baseline


@pytest.mark.parametrize(
    "fields",
    [
        {"after": NO_COMMIT, "deleted": True},
        {"ref": "refs/tags/v1.0", "before": NO_COMMIT},
        {"ref": "refs/tags/main"},
    ],
)
def test_a_deleted_branch_and_a_tag_are_about_no_commit(fields: dict[str, object]) -> None:
    context = read("push", changed(PUSH, **fields))
    assert context.commit is None
    assert context.target_sha is None
    assert context.head_sha == MAIN
    assert not context.keeps_baseline


def test_a_finished_workflow_is_about_its_commit_and_the_one_pull_request_of_it() -> None:
    context = read("workflow_run", WORKFLOW)
    assert context.commit == CommitRef("workflow_run", HEAD, None, "main")
    assert context.pull == PullRef(7, HEAD, BASE, base_ref="main")
    assert context.target_sha == HEAD
    assert not context.keeps_baseline


NEWER = changed(LISTED, head__sha=MAIN)
ELSEWHERE = changed(LISTED, base__repo__id=32)


@pytest.mark.parametrize(
    "listed", [[], None, [NEWER], [ELSEWHERE], [LISTED, changed(LISTED, number=8)]]
)
def test_a_finished_workflow_s_pull_request_is_never_guessed(listed: object) -> None:
    """A fork's is not listed; one pushed to since, another repository's or two are no answer."""
    context = read("workflow_run", changed(WORKFLOW, workflow_run__pull_requests=listed))
    assert context.pull is None
    assert context.target_sha == HEAD


def test_a_finished_workflow_s_pull_request_is_found_among_others() -> None:
    listed = [ELSEWHERE, NEWER, LISTED]
    context = read("workflow_run", changed(WORKFLOW, workflow_run__pull_requests=listed))
    assert context.pull is not None


@pytest.mark.parametrize(
    ("fields", "base_ref"),
    [
        ({}, None),
        ({"workflow_run__head_branch": "topic"}, "main"),
        ({"workflow_run__head_branch": None}, "main"),
        ({"workflow_run__head_repository": FORK}, "main"),
        ({"workflow_run__head_repository": None}, "main"),
        ({"workflow_run__event": "pull_request"}, "main"),
    ],
)
def test_only_a_push_to_our_own_default_branch_is_compared_with_its_parent(
    fields: dict[str, object], base_ref: str | None
) -> None:
    """A fork's branch may bear the same name."""
    pushed = changed(
        WORKFLOW,
        workflow_run__event="push",
        workflow_run__head_branch="main",
        workflow_run__pull_requests=[],
    )
    context = read("workflow_run", changed(pushed, **fields))
    assert context.commit == CommitRef("workflow_run", HEAD, None, base_ref)
    assert not context.keeps_baseline


NO_SHA = [..., None, "", "main", HEAD[:39], HEAD.upper(), HEAD + "\n", "--output=/x", 7, [], {}]
NO_BRANCH = ["refs/heads/-x", "refs/heads/a b", "refs/heads/a..b", "refs/heads/a@{1}", "a\n", 7, {}]
NO_NUMBER = [..., None, 0, "x", True, 7.5]
NO_OBJECT = [..., None, [], "x", 7]


@pytest.mark.parametrize(
    ("event", "field", "values"),
    [
        ("merge_group", "merge_group", NO_OBJECT),
        ("merge_group", "merge_group__head_sha", NO_SHA),
        ("merge_group", "merge_group__base_sha", NO_SHA),
        ("merge_group", "merge_group__base_ref", NO_BRANCH),
        ("merge_group", "repository__default_branch", ["a b", 7, "-x"]),
        ("push", "before", NO_SHA),
        ("push", "after", NO_SHA),
        ("push", "ref", [..., None, *NO_BRANCH]),
        ("workflow_run", "workflow_run", NO_OBJECT),
        ("workflow_run", "repository", NO_OBJECT),
        ("workflow_run", "workflow_run__head_sha", NO_SHA),
        ("workflow_run", "workflow_run__head_branch", ["a b", 7, "--x"]),
        ("workflow_run", "workflow_run__head_repository", ["x", 7, []]),
        ("workflow_run", "workflow_run__head_repository__full_name", ["x", "a/..", 7]),
        ("workflow_run", "workflow_run__pull_requests", ["x", 7, {"a": 1}, [7], [None]]),
        ("workflow_run", "workflow_run__pull_requests__0__number", NO_NUMBER),
        ("workflow_run", "workflow_run__pull_requests__0__head__sha", NO_SHA),
        ("workflow_run", "workflow_run__pull_requests__0__base__ref", ["a b", 7]),
        ("workflow_run", "workflow_run__pull_requests__0__base__repo", NO_OBJECT),
    ],
)
def test_a_malformed_payload_names_the_field(event: str, field: str, values: list[object]) -> None:
    for value in values:
        with pytest.raises(UsageError) as caught:
            read(event, changed(PAYLOADS[event], **{field: value}))
        assert field.replace("__", ".") in caught.value.message
        assert caught.value.line().isprintable()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=50) | st.just(HEAD),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
FIELDS = [
    *(("merge_group", f"merge_group__{name}") for name in GROUP["merge_group"]),
    *(("push", name) for name in PUSH),
    *(("workflow_run", f"workflow_run__{name}") for name in WORKFLOW["workflow_run"]),
    *(("workflow_run", f"workflow_run__pull_requests__0__{name}") for name in LISTED),
]


@given(st.sampled_from(FIELDS), json_values)
def test_any_payload_is_read_or_refused(place: tuple[str, str], value: object) -> None:
    event, field = place
    try:
        context = read(event, changed(PAYLOADS[event], **{field: value}))
    except UsageError:
        return
    for ref in (context.commit, context.pull):
        for sha in (ref.head_sha, ref.base_sha) if ref else ():
            assert sha is None or set(sha) <= set("0123456789abcdef")
        assert ref is None or ref.base_ref is None or not ref.base_ref.startswith("-")
