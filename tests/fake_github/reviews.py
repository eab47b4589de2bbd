"""The fake GitHub's reviews and comments on lines of a pull request's diff: endpoints and rules."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fake_github.git import NoSuchCommitError
from fake_github.review_objects import comment_object, review_object
from fake_github.rules import MAX_COMMENT
from fake_github.wire import Recorded, RefusalError, Reply

if TYPE_CHECKING:
    from fake_github import FakeGitHub
    from fake_github.state import Pull, State

Json = dict[str, Any]
Refusal = Callable[..., RefusalError]

EVENTS = ("APPROVE", "REQUEST_CHANGES", "COMMENT")
_HUNK = re.compile(r"@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@")
_LINES = {"line": int, "side": str, "start_line": int, "start_side": str}
_REVIEW_FIELDS = {"commit_id": str, "body": str, "event": str, "comments": list}
_DRAFT_FIELDS = {"path": str, "body": str, "position": int, **_LINES}
_COMMENT_FIELDS = {
    **_DRAFT_FIELDS,
    "commit_id": str,
    "in_reply_to": int,
    "subject_type": str,
}


@dataclass
class LineComment:
    """A comment on the head's lines `start` to `end` of `path`, as they were at `commit`."""

    number: int
    login: str
    body: str
    path: str
    start: int
    end: int
    commit: str
    review: int
    reply_to: int | None = None
    edits: int = 0


@dataclass
class Review:
    """A submitted review."""

    number: int
    login: str
    body: str
    event: str
    commit: str


def reply(github: FakeGitHub, ident: int, body: str = "I'd rather not.") -> int:
    """Somebody answers the comment `ident`; the answer's id."""
    asked = github.review_comments[ident]
    github._ids += 1
    github.review_comments[github._ids] = LineComment(
        asked.number, "somebody", body, asked.path, asked.start, asked.end, asked.commit, 1, ident
    )
    return github._ids


# Endpoints


def create_review(state: State, request: Recorded, login: str, number: str) -> Reply:
    pull = _pull(state, number)
    body = _body(request, "review", _REVIEW_FIELDS, _unprocessable)
    commit = _commit(state, pull, body.get("commit_id", pull.head_sha), _unprocessable)
    if body.get("event") not in EVENTS:
        raise _unprocessable("Variable $event is not one of " + ", ".join(EVENTS))
    if body["event"] != "APPROVE" and not body.get("body", "").strip():
        raise _unprocessable("Body can't be blank")
    drafts = body.get("comments", [])
    wrong = [
        error for draft in drafts for error in _draft_errors(state, pull, draft, _DRAFT_FIELDS)
    ]
    if wrong:
        raise _unprocessable(*wrong)
    state._ids += 1
    review = state._ids
    state.reviews[review] = Review(pull.number, login, body.get("body", ""), body["event"], commit)
    for draft in drafts:
        _add(state, pull, login, draft, commit, review)
    return Reply(review_object(state, review))


def list_review_comments(state: State, request: Recorded, login: str, number: str) -> Reply:
    pull = _pull(state, number)
    found = [
        comment_object(state, ident)
        for ident, c in state.review_comments.items()
        if c.number == pull.number
    ]
    return state.page(request, found)


def create_review_comment(state: State, request: Recorded, login: str, number: str) -> Reply:
    pull = _pull(state, number)
    body = _body(request, "comment", _COMMENT_FIELDS, _invalid)
    if "in_reply_to" in body:
        return _answer(state, body, login)
    missing = [name for name in ("commit_id", "path", "body") if name not in body]
    wrong = [f"{name} wasn't supplied" for name in missing] or [
        *_draft_errors(state, pull, body, _COMMENT_FIELDS)
    ]
    if wrong:
        raise _invalid(*wrong)
    commit = _commit(state, pull, body["commit_id"], _invalid)
    state._ids += 1
    review = state._ids
    state.reviews[review] = Review(pull.number, login, "", "COMMENT", commit)
    return Reply(comment_object(state, _add(state, pull, login, body, commit, review)), 201)


def update_review_comment(state: State, request: Recorded, login: str, ident: str) -> Reply:
    comment = _own(state, login, ident)
    body = _body(request, "comment", {"body": str}, _invalid)
    wrong = [*_text_errors(body)]
    if wrong:
        raise _invalid(*wrong)
    comment.body = body["body"]
    comment.edits += 1
    return Reply(comment_object(state, int(ident)))


def delete_review_comment(state: State, request: Recorded, login: str, ident: str) -> Reply:
    _own(state, login, ident)
    del state.review_comments[int(ident)]
    return Reply(None, 204)


def _answer(state: State, body: Json, login: str) -> Reply:
    asked = state.review_comments.get(body["in_reply_to"])
    if asked is None or asked.reply_to is not None:
        raise _invalid("in_reply_to is no comment that begins a thread")
    state._ids += 1
    state.review_comments[state._ids] = LineComment(
        asked.number, login, body["body"], asked.path, asked.start, asked.end,
        asked.commit, asked.review, body["in_reply_to"],
    )  # fmt: skip
    return Reply(comment_object(state, state._ids), 201)


def _add(state: State, pull: Pull, login: str, draft: Json, commit: str, review: int) -> int:
    state._ids += 1
    start = draft.get("start_line", draft["line"])
    state.review_comments[state._ids] = LineComment(
        pull.number, login, draft["body"], draft["path"], start, draft["line"], commit, review
    )
    return state._ids


# What GitHub refuses


def _draft_errors(state: State, pull: Pull, draft: Any, known: Mapping[str, type]) -> Iterator[str]:
    if not isinstance(draft, dict):
        yield "A comment must be an object."
        return
    wrong = [*_field_errors("comment", draft, known), *_text_errors(draft)]
    yield from wrong
    if wrong:
        return
    hunks = _hunks(state, pull, draft.get("path"))
    if hunks is None:
        yield "Path could not be resolved"
        return
    line, start = draft.get("line"), draft.get("start_line")
    sides = {draft.get("side", "RIGHT"), draft.get("start_side", "RIGHT")}
    hunk = next((h for h in hunks if line in h), None)
    if sides != {"RIGHT"}:
        yield "This fake knows the right side only."
    elif hunk is None:
        yield "Line could not be resolved"
    elif start is not None and start >= line:
        yield "Start line must precede the end line."
    elif start is not None and not any(start in h for h in hunks):
        yield "Start line could not be resolved"
    elif start is not None and start not in hunk:
        yield "Start line must be part of the same hunk as the line."


def _hunks(state: State, pull: Pull, path: object) -> list[range] | None:
    """The right side's lines of each hunk; None where the diff does not have the file."""
    for file in state.files_of(pull):
        if file["filename"] == path:
            found = _HUNK.finditer("\n".join(_headers(file.get("patch", ""))))
            return [
                range(int(m[1]), int(m[1]) + int(m[2] if m[2] is not None else 1)) for m in found
            ]
    return None


def _headers(patch: str) -> Iterator[str]:
    return (line for line in patch.split("\n") if line.startswith("@@ "))


def _text_errors(body: Json) -> Iterator[str]:
    text = body.get("body", "")
    if not text.strip():
        yield "Body can't be blank"
    elif len(text) > MAX_COMMENT:
        yield f"Body is too long (maximum is {MAX_COMMENT} characters)"


def _field_errors(what: str, given: Json, known: Mapping[str, type]) -> Iterator[str]:
    for name, value in given.items():
        kind = known.get(name)
        if kind is None:
            yield f"{name!r} is not a permitted key of the {what}."
        elif not isinstance(value, kind) or isinstance(value, bool):
            yield f"{name!r} of the {what}: {value!r:.40} is not {kind.__name__}."


def _body(request: Recorded, what: str, known: Mapping[str, type], refusal: Refusal) -> Json:
    try:
        body: Json = json.loads(request.content)
    except ValueError:
        raise RefusalError(400, "Problems parsing JSON") from None
    wrong = [*_field_errors(what, body, known)] if isinstance(body, dict) else ["No object."]
    if wrong:
        raise refusal(*wrong)
    return body


def _unprocessable(*errors: str) -> RefusalError:
    """A review is refused as a whole, and which comment it was is not said."""
    return RefusalError(422, "Unprocessable Entity", errors=[*dict.fromkeys(errors)])


def _invalid(*errors: str) -> RefusalError:
    found = [
        {"resource": "PullRequestReviewComment", "code": "custom", "message": error}
        for error in errors
    ]
    return RefusalError(422, "Validation Failed", errors=found)


def _pull(state: State, number: str) -> Pull:
    pull = state.pulls.get(int(number))
    if pull is None:
        raise RefusalError(404, "Not Found")
    return pull


def _commit(state: State, pull: Pull, sha: str, refusal: Refusal) -> str:
    """The commit, which has to be the head or an earlier one of the pull request."""
    known = sha == pull.head_sha
    if not known and state.git is not None:
        try:
            state.git.run("merge-base", "--is-ancestor", sha, pull.head_sha)
            known = True
        except NoSuchCommitError:
            known = False
    if not known:
        raise refusal("commit_id is not part of the pull request")
    return sha


def _own(state: State, login: str, ident: str) -> LineComment:
    comment = state.review_comments.get(int(ident))
    if comment is None:
        raise RefusalError(404, "Not Found")
    if login.endswith("[bot]") and comment.login != login:
        raise RefusalError(403, "Resource not accessible by integration")
    return comment
