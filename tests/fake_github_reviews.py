"""The fake GitHub's reviews and the comments on lines of a pull request's diff.

Comments move along with pushes as GitHub's do, where the fake has the git repository; one
whose last line was replaced is outdated: it stands nowhere any more.
"""

from __future__ import annotations

import difflib
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import fake_github_objects as objects
from fake_github_git import GitSide, NoSuchCommitError
from fake_github_rules import MAX_COMMENT
from fake_github_wire import Recorded, RefusalError, Reply

if TYPE_CHECKING:
    from fake_github import FakeGitHub
    from fake_github_state import Pull, State

Json = dict[str, Any]

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
    body = _body(request, "review", _REVIEW_FIELDS)
    commit = _commit(state, pull, body.get("commit_id", pull.head_sha))
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
    return Reply(_review_object(state, review))


def list_review_comments(state: State, request: Recorded, login: str, number: str) -> Reply:
    pull = _pull(state, number)
    found = [
        _object(state, ident)
        for ident, c in state.review_comments.items()
        if c.number == pull.number
    ]
    return state._page(request, found)


def create_review_comment(state: State, request: Recorded, login: str, number: str) -> Reply:
    pull = _pull(state, number)
    body = _body(request, "comment", _COMMENT_FIELDS)
    if "in_reply_to" in body:
        return _answer(state, body, login)
    missing = [name for name in ("commit_id", "path", "body") if name not in body]
    wrong = [f"{name} wasn't supplied" for name in missing] or [
        *_draft_errors(state, pull, body, _COMMENT_FIELDS)
    ]
    if wrong:
        raise _invalid(*wrong)
    commit = _commit(state, pull, body["commit_id"])
    state._ids += 1
    review = state._ids
    state.reviews[review] = Review(pull.number, login, "", "COMMENT", commit)
    return Reply(_object(state, _add(state, pull, login, body, commit, review)), 201)


def update_review_comment(state: State, request: Recorded, login: str, ident: str) -> Reply:
    comment = _own(state, login, ident)
    body = _body(request, "comment", {"body": str})
    wrong = [*_text_errors(body)]
    if wrong:
        raise _invalid(*wrong)
    comment.body = body["body"]
    comment.edits += 1
    return Reply(_object(state, int(ident)))


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
    return Reply(_object(state, state._ids), 201)


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


def _body(request: Recorded, what: str, known: Mapping[str, type]) -> Json:
    try:
        body: Json = json.loads(request.content)
    except ValueError:
        raise RefusalError(400, "Problems parsing JSON") from None
    wrong = [*_field_errors(what, body, known)] if isinstance(body, dict) else ["No object."]
    if wrong:
        raise _invalid(*wrong)
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


def _commit(state: State, pull: Pull, sha: str) -> str:
    """The commit, which has to be the head or an earlier one of the pull request."""
    known = sha == pull.head_sha
    if not known and state.git is not None:
        try:
            state.git.run("merge-base", "--is-ancestor", sha, pull.head_sha)
            known = True
        except NoSuchCommitError:
            known = False
    if not known:
        raise _unprocessable("commit_id is not part of the pull request")
    return sha


def _own(state: State, login: str, ident: str) -> LineComment:
    comment = state.review_comments.get(int(ident))
    if comment is None:
        raise RefusalError(404, "Not Found")
    if login.endswith("[bot]") and comment.login != login:
        raise RefusalError(403, "Resource not accessible by integration")
    return comment


# What GitHub shows


def _now_at(git: GitSide | None, comment: LineComment, head: str) -> tuple[int, int] | None:
    """Where a comment stands at the head; None once its last line is no longer there."""
    if git is None or comment.commit == head:
        return comment.start, comment.end
    try:
        then, now = (
            git.run("show", f"{sha}:{comment.path}").split("\n") for sha in (comment.commit, head)
        )
    except NoSuchCommitError:
        return None
    blocks = difflib.SequenceMatcher(None, then, now, autojunk=False).get_matching_blocks()
    moved = dict(
        itertools.chain.from_iterable(
            ((a + n + 1, b + n + 1) for n in range(size)) for a, b, size in blocks
        )
    )
    if comment.end not in moved:
        return None
    kept = [moved[n] for n in range(comment.start, comment.end + 1) if n in moved]
    return min(kept), moved[comment.end]


def _object(state: State, ident: int) -> Json:
    comment = state.review_comments[ident]
    pull = state.pulls[comment.number]
    url = f"{state.url}/repos/{state.repo}/pulls"
    html = f"https://github.com/{state.repo}/pull/{comment.number}"
    several = comment.start != comment.end
    shown: Json = {
        "url": f"{url}/comments/{ident}",
        "pull_request_review_id": comment.review,
        "id": ident,
        "node_id": f"PRRC_{ident}",
        "diff_hunk": "@@ -1 +1 @@",
        "path": comment.path,
        "commit_id": comment.commit,
        "original_commit_id": comment.commit,
        "user": objects.user(state.url, comment.login),
        "body": comment.body,
        "created_at": objects.EPOCH,
        "updated_at": objects.EPOCH,
        "html_url": f"{html}#discussion_r{ident}",
        "pull_request_url": f"{url}/{comment.number}",
        "author_association": "NONE",
        "_links": {
            "self": {"href": f"{url}/comments/{ident}"},
            "html": {"href": f"{html}#discussion_r{ident}"},
            "pull_request": {"href": f"{url}/{comment.number}"},
        },
        "start_line": None,
        "original_start_line": comment.start if several else None,
        "start_side": "RIGHT" if several else None,
        "original_line": comment.end,
        "side": "RIGHT",
        "subject_type": "line",
        "original_position": 1,
    }
    if comment.reply_to is not None:
        shown["in_reply_to_id"] = comment.reply_to
    place = _now_at(state.git, comment, pull.head_sha)
    if place is not None:
        # GitHub says null in an outdated one, which its own description does not allow.
        shown |= {"line": place[1], "position": 1}
        if place[0] != place[1]:
            shown["start_line"] = place[0]
    return shown


def _review_object(state: State, ident: int) -> Json:
    review = state.reviews[ident]
    url = f"{state.url}/repos/{state.repo}/pulls/{review.number}"
    html = f"https://github.com/{state.repo}/pull/{review.number}#pullrequestreview-{ident}"
    return {
        "id": ident,
        "node_id": f"PRR_{ident}",
        "user": objects.user(state.url, review.login),
        "body": review.body,
        "state": {"COMMENT": "COMMENTED", "APPROVE": "APPROVED"}.get(
            review.event, "CHANGES_REQUESTED"
        ),
        "html_url": html,
        "pull_request_url": url,
        "_links": {"html": {"href": html}, "pull_request": {"href": url}},
        "submitted_at": objects.EPOCH,
        "commit_id": review.commit,
        "author_association": "NONE",
    }
