"""The comment `/qe tests` on a pull request, as its event describes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from qe_action.github import fields
from qe_action.github.fields import Fields, needed, part

COMMENT_EVENT = "issue_comment"
COMMAND = "/qe tests"
_FIRST_LINE = re.compile(r"/qe tests[ \t]*(?:\r?\n.*)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """Somebody's comment that asks for tests; `pull` is the number that it stands on.

    Whether `author` may ask for them is not in the event: what it says of an author's
    association (`MEMBER`, `COLLABORATOR`) tells nothing of what they may write.
    """

    pull: int
    author: str


def read_command(payload: Fields) -> SlashCommand | None:
    """The command in an `issue_comment` event; None for any other comment.

    Only a comment that was just made counts, on a pull request, with the command alone on its
    first line: an edit could put it into what somebody else has written. Raises `UsageError`
    for a command whose author or number can't be.
    """
    issue, comment = payload.get("issue"), payload.get("comment")
    if payload.get("action") != "created" or not isinstance(comment, Mapping):
        return None
    if not isinstance(issue, Mapping) or not isinstance(issue.get("pull_request"), Mapping):
        return None
    body = comment.get("body")
    if not isinstance(body, str) or not _FIRST_LINE.fullmatch(body):
        return None
    number = fields.count(issue.get("number"), "issue.number")
    login = part(comment, "user", "comment.").get("login")
    return SlashCommand(
        pull=needed(number, "issue.number"),
        author=needed(fields.login(login, "comment.user.login"), "comment.user.login"),
    )
