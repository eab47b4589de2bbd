"""Reviews and their comments as the fake GitHub shows them, moved along with pushes."""

from __future__ import annotations

import difflib
import itertools
from typing import TYPE_CHECKING, Any

from fake_github import objects
from fake_github.git import GitSide, NoSuchCommitError

if TYPE_CHECKING:
    from fake_github.reviews import LineComment
    from fake_github.state import State

Json = dict[str, Any]


def _now_at(git: GitSide | None, comment: LineComment, head: str) -> tuple[int, int] | None:
    """Where a comment stands at the head; None once its last line is replaced: it is outdated.

    Known only where the fake has the git repository; else nothing ever moves.
    """
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


def comment_object(state: State, ident: int) -> Json:
    """A comment on a pull request's diff."""
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


def review_object(state: State, ident: int) -> Json:
    """A submitted review."""
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
