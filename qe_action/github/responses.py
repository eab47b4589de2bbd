"""How GitHub's answers are read: the parts that we use, in our own types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qe_action.analysis.diff import PullFile
from qe_action.github.payloads import CheckRef, CheckSeen, CommentRef, ReviewComment


def nothing(_: object) -> None:
    """Of an answer that tells nothing new."""


def check_ref(data: Mapping[str, Any]) -> CheckRef:
    """A check run."""
    app = data.get("app") or {}
    app_id = int(app["id"]) if "id" in app else None
    return CheckRef(int(data["id"]), str(data.get("html_url") or ""), app_id)


def check_seen(data: Mapping[str, Any]) -> CheckSeen:
    """A check run of a list."""
    output = data.get("output") or {}
    return CheckSeen(
        ref=check_ref(data),
        name=str(data["name"]),
        external_id=str(data.get("external_id") or ""),
        status=str(data["status"]),
        conclusion=data.get("conclusion"),
        title=str(output.get("title") or ""),
        summary=str(output.get("summary") or ""),
        annotations=int(output.get("annotations_count") or 0),
    )


def annotations_count(data: Mapping[str, Any]) -> int | None:
    """How many annotations a check run has, where it tells."""
    count = (data.get("output") or {}).get("annotations_count")
    return None if count is None else int(count)


def comment_ref(data: Mapping[str, Any]) -> CommentRef:
    """A comment on an issue."""
    return CommentRef(int(data["id"]), str(data["html_url"]), str(data.get("body") or ""))


def author(data: Mapping[str, Any]) -> str:
    """The author's login in lower case; empty for one who is gone."""
    user = data.get("user")
    return str(user["login"]).lower() if user else ""


def review_comment(data: Mapping[str, Any]) -> ReviewComment:
    """A comment of a review, as if nobody had answered."""
    end = data.get("line")
    start = data.get("start_line") or end
    span = None if end is None or start is None else (int(start), int(end))
    body = str(data.get("body") or "")
    return ReviewComment(int(data["id"]), str(data["path"]), span, body)


def content(data: Mapping[str, Any]) -> tuple[Any, ...]:
    """What makes an annotation the same one."""
    places = ("path", "start_line", "end_line", "annotation_level")
    return tuple(data.get(name) for name in (*places, "title", "message", "raw_details"))


def pull_file(data: Mapping[str, Any]) -> PullFile:
    """A file of a pull request."""
    return PullFile(
        filename=str(data["filename"]),
        previous_filename=data.get("previous_filename"),
        status=str(data["status"]),
        patch=data.get("patch"),
        additions=int(data["additions"]),
        deletions=int(data["deletions"]),
    )
