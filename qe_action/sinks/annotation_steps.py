"""The annotations of a check run: which are wanted, which are sent, and which stand at GitHub."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

from qe_action.events import Anchor, Gap, TestFinished
from qe_action.github.payloads import MAX_ANNOTATIONS, Annotation
from qe_action.github.responses import content
from qe_action.render.annotations import Words, annotation
from qe_action.render.executed import failure_annotation
from qe_action.text import document

Which = Literal["changed", "all", "none"]
Content = tuple[Any, ...]


class Selection(NamedTuple):
    """Which gaps are annotated, and how much at most: the first gaps are the worst.

    Failures of tests are annotated unless nothing is, before the gaps where they come together.
    """

    which: Which
    limit: int


class AnnotationSteps:
    """Each wanted annotation waits, is on its way without an answer, refused, or stands.

    `standing` counts those that GitHub has said to have, `total` all that are wanted.
    """

    def __init__(self, selection: Selection) -> None:
        self._which, self._left = selection
        self._wanted: dict[Content, Annotation] = {}
        self._waiting: dict[Content, None] = {}
        self._unsure: dict[Content, None] = {}
        self._standing: set[Content] = set()
        self._known: frozenset[Content] = frozenset()

    @property
    def total(self) -> int:
        return len(self._wanted)

    @property
    def standing(self) -> int:
        return len(self._standing)

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def unsure(self) -> int:
        """Those that may have arrived, or have not been sent for want of patience."""
        return len(self._unsure)

    def take(self, gap: Gap) -> None:
        """A gap that was found; it is wanted as far as the selection goes."""
        asked = self._which == "all" or (self._which == "changed" and gap.in_diff)
        if asked and gap.anchor and self._left:
            self._want(gap.anchor, annotation(gap))

    def take_failure(self, failure: TestFinished) -> None:
        """A test that failed, at the line that its anchor has."""
        anchor = failure_anchor(failure)
        if self._which != "none" and anchor and self._left:
            self._want(anchor, failure_annotation(failure))

    def _want(self, anchor: Anchor, words: Words) -> None:
        if not _can_be_sent(anchor.path):
            return
        made = _annotate(anchor, words)
        key = content(made.wire())
        if key in self._wanted:
            return
        self._left -= 1
        self._wanted[key] = made
        if key in self._known:
            self._standing.add(key)
        else:
            self._waiting[key] = None

    def found(self, there: Iterable[Content]) -> None:
        """What GitHub has, all of it: those are standing, and no others."""
        self._known = frozenset(there)
        self._standing = {key for key in self._wanted if key in self._known}
        for key in self._standing:
            self._waiting.pop(key, None)
            self._unsure.pop(key, None)

    def step(self) -> list[Annotation]:
        """The next ones, as many as one request takes; they wait no more."""
        return self._next(self._waiting)

    def again(self) -> list[Annotation]:
        """The next ones that nobody knows of whether they arrived."""
        return self._next(self._unsure)

    def stood(self, step: Sequence[Annotation]) -> None:
        """GitHub took them."""
        self._standing.update(content(one.wire()) for one in step)

    def back(self, step: Sequence[Annotation]) -> None:
        """They wait again, before the others."""
        returned = {content(one.wire()): None for one in step}
        self._waiting = returned | self._waiting

    def doubt(self, step: Sequence[Annotation]) -> None:
        """Whether they arrived is not known."""
        self._unsure |= {content(one.wire()): None for one in step}

    def give_up(self) -> None:
        """Nothing more is sent for now: what waits is as good as what got no answer."""
        self._unsure |= self._waiting
        self._waiting = {}

    def _next(self, keys: dict[Content, None]) -> list[Annotation]:
        chosen = [key for key, _ in zip(keys, range(MAX_ANNOTATIONS), strict=False)]
        for key in chosen:
            del keys[key]
        return [self._wanted[key] for key in chosen]


def _can_be_sent(path: str) -> bool:
    """A name with control characters could be refused, and those beside it with it."""
    return document(path) == path


def failure_anchor(failure: TestFinished) -> Anchor | None:
    """Where a failure is annotated; one of collection at its file where no line is known."""
    if failure.anchor is None and failure.phase == "collect" and failure.file_path:
        line = failure.line or 1
        return Anchor(path=failure.file_path, line_start=line, line_end=line)
    return failure.anchor


def _annotate(anchor: Anchor, words: Words) -> Annotation:
    return Annotation(
        path=anchor.path,
        start_line=anchor.line_start,
        end_line=anchor.line_end,
        level=words.level,
        title=words.title,
        message=words.message,
    )
