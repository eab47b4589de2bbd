"""The invisible first line of a comment of ours: which one it is, and whose words it holds."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace

_MARKER = re.compile(
    r"<!-- qe-action comment (?P<place>[0-9a-f]{16})"
    r"(?: run=(?P<run>\d{1,16}) attempt=(?P<attempt>\d{1,9}) sha=(?P<sha>[0-9a-f]{40,64}|-)"
    r" (?P<state>open|done)(?: parts=(?P<parts>\d{1,20}(?:,\d{1,20}){0,255}))?)? -->"
)
_MAX_PARTS = 256  # as many jobs as a matrix can have


@dataclass(frozen=True, slots=True)
class Marker:
    """`place` names the comment, by a hash that no name can break out of.

    `run`, `attempt` and `sha` are of the run whose words the comment holds; all are None in
    the comments of versions that did not say it. `done` says that these are its last words.
    `parts` are the ids of the completed check runs that a shared comment was made of.
    """

    place: str
    run: int | None = None
    attempt: int = 1
    sha: str | None = None
    done: bool = False
    parts: tuple[int, ...] = ()

    @property
    def prefix(self) -> str:
        """What every version of this comment begins with."""
        return f"<!-- qe-action comment {self.place} "

    @property
    def line(self) -> str:
        """The marker as it is written."""
        if self.run is None:
            return f"{self.prefix}-->"
        state = "done" if self.done else "open"
        ids = ",".join(map(str, self.parts[:_MAX_PARTS]))
        parts = f" parts={ids}" if ids else ""
        whose = f"run={self.run} attempt={self.attempt} sha={self.sha or '-'}"
        return f"{self.prefix}{whose} {state}{parts} -->"

    def ended(self, done: bool, parts: tuple[int, ...] = ()) -> Marker:
        """The same with other words."""
        return replace(self, done=done, parts=parts)

    def same_run(self, other: Marker) -> bool:
        """Whether both are the words of one run, in one attempt."""
        return (self.run, self.attempt) == (other.run, other.attempt)

    def is_older_than(self, other: Marker) -> bool:
        """Whether `other` belongs to a later run, or a later attempt of the same."""
        if self.run is None or other.run is None:
            return False
        return (self.run, self.attempt) < (other.run, other.attempt)


def place_of(name: str, *, group: bool = False) -> str:
    """The place of the comment of a check's name, or of a group of them."""
    text = f"group\0{name}" if group else name
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def read_marker(body: str) -> Marker | None:
    """The marker that a comment begins with; None where it has none of ours."""
    found = _MARKER.match(body)
    if found is None:
        return None
    run, parts, sha = found["run"], found["parts"], found["sha"]
    return Marker(
        place=found["place"],
        run=int(run) if run else None,
        attempt=int(found["attempt"] or 1),
        sha=None if sha in (None, "-") else sha,
        done=found["state"] == "done",
        parts=tuple(map(int, parts.split(","))) if parts else (),
    )
