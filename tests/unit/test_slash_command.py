"""The comment `/qe tests` in its event."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qe_action.errors import UsageError
from qe_action.github.context import read_context
from qe_action.github.slash_command import SlashCommand, read_command

EVENT: dict[str, Any] = {
    "action": "created",
    "issue": {"number": 7, "state": "open", "pull_request": {"url": "https://api/pulls/7"}},
    "comment": {
        "id": 5,
        "body": "/qe tests",
        "user": {"login": "octocat", "type": "User"},
        "author_association": "NONE",
    },
    "repository": {"full_name": "octo/demo", "default_branch": "main"},
}


def event(**fields: object) -> dict[str, Any]:
    """The event with fields set by path, `__` for a dot."""
    made = copy.deepcopy(EVENT)
    for path, value in fields.items():
        *above, last = path.split("__")
        place = made
        for name in above:
            place = place[name]
        place[last] = value
    return made


@pytest.mark.parametrize(
    "body", ["/qe tests", "/qe tests  ", "/qe tests\t", "/qe tests\r\n", "/qe tests\n\nplease"]
)
def test_the_command_is_the_first_line(body: str) -> None:
    assert read_command(event(comment__body=body)) == SlashCommand(7, "octocat")


@pytest.mark.parametrize(
    "body",
    [
        *("", " /qe tests", "/qe test", "/qe testsuite", "/qe  tests", "/QE TESTS", "/qe"),
        *("/qe tests please", "see /qe tests", "> /qe tests", "please\n/qe tests", "`/qe tests`"),
        *(
            "/qe tests\x0b",
            "/qe tests\u2028now",
            "/qe tests\rnow",
            "\ufeff/qe tests",
            "\uff0fqe tests",
        ),
        *("/qe\u00a0tests", "/qe tests\u00a0", None, 7, ["/qe tests"]),
    ],
)
def test_nothing_else_is_the_command(body: object) -> None:
    assert read_command(event(comment__body=body)) is None


@given(st.text())
def test_any_other_first_line_is_no_command(text: str) -> None:
    first = text.partition("\n")[0].rstrip("\r").rstrip(" \t")
    assert (read_command(event(comment__body=text)) is not None) == (first == "/qe tests")


@pytest.mark.parametrize("action", ["edited", "deleted", None, ""])
def test_only_a_comment_that_was_just_made_counts(action: object) -> None:
    assert read_command(event(action=action)) is None


@pytest.mark.parametrize("pull", [None, "", False, 7])
def test_an_issue_is_no_pull_request(pull: object) -> None:
    assert read_command(event(issue__pull_request=pull)) is None


@pytest.mark.parametrize(
    "login", ["../..", "a/b", "octo cat", "", "octo?x=1", "octo\n", None, 7, "a" * 200, "@octo"]
)
def test_an_author_s_name_that_none_can_have_is_refused(login: object) -> None:
    with pytest.raises(UsageError, match=r"comment\.user\.login"):
        read_command(event(comment__user__login=login))


@pytest.mark.parametrize("number", [None, 0, -7, "7; id", True, 2**60])
def test_a_number_that_none_can_have_is_refused(number: object) -> None:
    with pytest.raises(UsageError, match=r"issue\.number"):
        read_command(event(issue__number=number))


@pytest.mark.parametrize("field", ["issue", "comment"])
def test_half_an_event_is_no_command(field: str) -> None:
    assert read_command(event(**{field: None})) is None


def test_the_event_alone_names_no_commit() -> None:
    """What is to be tested is GitHub's word, asked for once the author is known."""
    env = {"GITHUB_EVENT_NAME": "issue_comment", "GITHUB_REPOSITORY": "octo/demo"}
    context = read_context({**env, "GITHUB_SHA": "c" * 40, "GITHUB_REF": "refs/heads/main"}, EVENT)
    assert context.command == SlashCommand(7, "octocat")
    assert (context.pull, context.commit, context.target_sha) == (None, None, None)
