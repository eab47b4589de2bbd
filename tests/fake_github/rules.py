"""What GitHub refuses: its documented limits and field rules, as `errors` of a 422 answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

MAX_ANNOTATIONS = 50
MAX_TEXT = 65_535
MAX_COMMENT = 65_536
MAX_TITLE = 255
MAX_PULL_TITLE = 256
MAX_BLOB = 64 * 1024

LEVELS = ("notice", "warning", "failure")
STATUSES = ("queued", "in_progress", "completed")
CONCLUSIONS = (
    "action_required",
    "cancelled",
    "failure",
    "neutral",
    "success",
    "skipped",
    "timed_out",
)

_CHECK_FIELDS = {
    "name": str,
    "head_sha": str,
    "details_url": str,
    "external_id": str,
    "status": str,
    "started_at": str,
    "conclusion": str,
    "completed_at": str,
    "output": dict,
    "actions": list,
}
_ANNOTATION_FIELDS = {
    "path": str,
    "start_line": int,
    "end_line": int,
    "start_column": int,
    "end_column": int,
    "annotation_level": str,
    "message": str,
    "title": str,
    "raw_details": str,
}
_OUTPUT_FIELDS = {"title": str, "summary": str, "text": str, "annotations": list, "images": list}


def check_errors(body: Any, *, new: bool) -> list[str]:
    """Why the body of a create (`new`) or update of a check run is refused; empty if it is not."""
    if not isinstance(body, dict):
        return ["The request body must be an object."]
    required = ("name", "head_sha") if new else ()
    found = [*_fields("check run", body, _CHECK_FIELDS, required)]
    if not found:
        found += _state_errors(body)
        found += _output_errors(body.get("output"), new=new)
    return found


def comment_errors(body: Any) -> list[str]:
    """Why a comment's body is refused."""
    if not isinstance(body, dict):
        return ["The request body must be an object."]
    found = [*_fields("comment", body, {"body": str}, ("body",))]
    if not found and not body["body"].strip():
        found.append("Body cannot be blank")
    if not found and len(body["body"]) > MAX_COMMENT:
        found.append(f"Body is too long (maximum is {MAX_COMMENT} characters)")
    return found


def _fields(
    what: str, given: dict[str, Any], known: Mapping[str, type], required: tuple[str, ...]
) -> Iterator[str]:
    for name in required:
        if name not in given:
            yield f"Invalid request. {name!r} wasn't supplied for the {what}."
    for name, value in given.items():
        kind = known.get(name)
        if kind is None:
            yield f"Invalid request. {name!r} is not a permitted key of the {what}."
        elif not isinstance(value, kind) or isinstance(value, bool):
            yield f"For {what!r}, {name!r}: {value!r:.40} is not {kind.__name__}."


def _state_errors(body: dict[str, Any]) -> Iterator[str]:
    status, conclusion = body.get("status"), body.get("conclusion")
    if "head_sha" in body and not re.fullmatch("[0-9a-f]{40}", body["head_sha"]):
        yield "'head_sha' is not a full commit SHA."
    if "name" in body and not body["name"].strip():
        yield "'name' can't be blank."
    if status is not None and status not in STATUSES:
        yield f"Invalid value for status: {status!r:.40}."
    if conclusion is not None and conclusion not in CONCLUSIONS:
        yield f"Invalid value for conclusion: {conclusion!r:.40}."
    if conclusion is None and (status == "completed" or "completed_at" in body):
        yield "'conclusion' is required when the check run is completed."
    for name in ("started_at", "completed_at"):
        if name in body and not _is_time(body[name]):
            yield f"{name!r} is not an ISO 8601 time with a zone."


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _output_errors(output: dict[str, Any] | None, *, new: bool) -> Iterator[str]:
    if output is None:
        return
    required = ("title", "summary") if new else ("summary",)
    wrong = [*_fields("output", output, _OUTPUT_FIELDS, required)]
    yield from wrong
    if wrong:
        return
    for name in ("summary", "text"):
        if len(output.get(name, "")) > MAX_TEXT:
            yield f"{name} exceeds a maximum of {MAX_TEXT} characters"
    if len(output.get("title", "")) > MAX_TITLE:
        yield f"title exceeds a maximum of {MAX_TITLE} characters"
    annotations = output.get("annotations", [])
    if len(annotations) > MAX_ANNOTATIONS:
        yield f"annotations exceeds a maximum quantity of {MAX_ANNOTATIONS}"
    for annotation in annotations:
        yield from _annotation_errors(annotation)


def _annotation_errors(annotation: Any) -> Iterator[str]:
    if not isinstance(annotation, dict):
        yield "An annotation must be an object."
        return
    required = ("path", "start_line", "end_line", "annotation_level", "message")
    wrong = [*_fields("annotation", annotation, _ANNOTATION_FIELDS, required)]
    yield from wrong
    if wrong:
        return
    start, end = annotation["start_line"], annotation["end_line"]
    if start < 1 or end < start:
        yield f"Lines {start} to {end} are no range."
    if start != end and ("start_column" in annotation or "end_column" in annotation):
        yield "Columns are only supported when start_line equals end_line."
    if re.match(r"/|\./|$", annotation["path"]):
        yield "'path' must be relative to the repository's root."
    if annotation["annotation_level"] not in LEVELS:
        yield f"Invalid annotation_level: {annotation['annotation_level']!r:.40}."
    if not annotation["message"]:
        yield "'message' can't be blank."
    if len(annotation.get("title", "")) > MAX_TITLE:
        yield f"An annotation's title exceeds {MAX_TITLE} characters."
    for name in ("message", "raw_details"):
        if len(annotation.get(name, "").encode()) > MAX_BLOB:
            yield f"An annotation's {name} exceeds 64 KB."
