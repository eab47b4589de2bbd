"""What is sent to GitHub and what comes back of it, in GitHub's own terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from qe_action.text import document, title

Status = Literal["queued", "in_progress", "completed"]
Conclusion = Literal[
    "action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out"
]
AnnotationLevel = Literal["notice", "warning", "failure"]

REPO_NAME = r"(?!\.{1,2}/)[\w.-]{1,100}/(?!\.{1,2}$)[\w.-]{1,100}"
"""A repository's full name, safe as part of a path."""

MAX_ANNOTATIONS = 50
"""Annotations a request may carry (REST reference, "Update a check run")."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """A remark on lines of the check's commit, both ends inclusive, counted from 1.

    GitHub takes titles of 255 characters, and 64 KB of `message` and of `raw_details`.
    """

    path: str
    start_line: int
    end_line: int
    level: AnnotationLevel
    title: str
    message: str
    raw_details: str | None = None

    def wire(self) -> dict[str, Any]:
        """The annotation as GitHub's JSON has it."""
        data = {
            "path": self.path,
            "start_line": self.start_line,
            "end_line": self.end_line,
            "annotation_level": self.level,
            "title": title(self.title),
            "message": document(self.message),
        }
        details = self.raw_details
        return data if details is None else {**data, "raw_details": document(details)}


@dataclass(frozen=True, slots=True)
class CheckDraft:
    """A check run to create on `head_sha`.

    `external_id` names the run in our own terms. With one, a creation whose answer was lost
    is found again instead of being repeated; without one it is not repeated.
    """

    name: str
    head_sha: str
    title: str
    summary: str
    text: str | None = None
    status: Status = "in_progress"
    conclusion: Conclusion | None = None
    external_id: str = ""
    annotations: tuple[Annotation, ...] = ()

    def __post_init__(self) -> None:
        _check(self.status, self.conclusion, self.annotations)

    def wire(self) -> dict[str, Any]:
        """The request's JSON."""
        return {
            "name": self.name,
            "head_sha": self.head_sha,
            **_state(self.status, self.conclusion),
            **({"external_id": self.external_id} if self.external_id else {}),
            "output": _output(self),
        }


@dataclass(frozen=True, slots=True)
class CheckUpdate:
    """New title, summary and text of a check run, and annotations to append to those it has."""

    title: str
    summary: str
    text: str | None = None
    status: Status = "in_progress"
    conclusion: Conclusion | None = None
    annotations: tuple[Annotation, ...] = ()

    def __post_init__(self) -> None:
        _check(self.status, self.conclusion, self.annotations)

    def wire(self) -> dict[str, Any]:
        """The request's JSON."""
        return {
            **_state(self.status, self.conclusion),
            "output": _output(self),
        }


@dataclass(frozen=True, slots=True)
class CheckRef:
    """A check run on GitHub; `html_url` is its page, `app_id` the App that made it."""

    id: int
    html_url: str
    app_id: int | None = None


@dataclass(frozen=True, slots=True)
class CheckSeen:
    """A check run as a list shows it; `annotations` is how many it has."""

    ref: CheckRef
    name: str
    external_id: str
    status: str
    conclusion: str | None
    title: str
    summary: str
    annotations: int


@dataclass(frozen=True, slots=True)
class CommentRef:
    """A comment on GitHub; `url` is its page."""

    id: int
    url: str
    body: str


@dataclass(frozen=True, slots=True)
class LineComment:
    """A comment to make on lines of a pull request's diff, at its head, both ends inclusive."""

    path: str
    start: int
    end: int
    body: str

    def wire(self) -> dict[str, Any]:
        """The comment as GitHub's JSON has it; only several lines have a start."""
        body = document(self.body)
        data = {"path": self.path, "line": self.end, "side": "RIGHT", "body": body}
        if self.start == self.end:
            return data
        return {**data, "start_line": self.start, "start_side": "RIGHT"}


@dataclass(frozen=True, slots=True)
class ReviewComment:
    """A comment on lines of a pull request's diff.

    `span` is where it stands at the head as it is now, None where a push replaced its lines.
    `answered` says that somebody replied.
    """

    id: int
    path: str
    span: tuple[int, int] | None
    body: str
    answered: bool = False


def _check(
    status: Status, conclusion: Conclusion | None, annotations: tuple[Annotation, ...]
) -> None:
    if len(annotations) > MAX_ANNOTATIONS:
        raise ValueError(f"{len(annotations)} annotations in one request of {MAX_ANNOTATIONS}")
    if (status == "completed") != (conclusion is not None):
        raise ValueError("a check run has a conclusion when it is completed, and only then")


def _state(status: Status, conclusion: Conclusion | None) -> dict[str, Any]:
    return (
        {"status": status} if conclusion is None else {"status": status, "conclusion": conclusion}
    )


def _output(check: CheckDraft | CheckUpdate) -> dict[str, Any]:
    """What a check run shows, with every text made safe: no caller can forget it."""
    output: dict[str, Any] = {"title": title(check.title), "summary": document(check.summary)}
    if check.text is not None:
        output["text"] = document(check.text)
    if check.annotations:
        output["annotations"] = [annotation.wire() for annotation in check.annotations]
    return output
