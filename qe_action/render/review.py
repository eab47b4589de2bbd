"""Review comments: one gap each, on its lines. The lines are named by where the comment stands."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import NamedTuple

from qe_action.events import Gap
from qe_action.render.annotations import headline, missing_ways
from qe_action.render.suggestion import markdown
from qe_action.text import clip, code, plain, plural

TESTS = 3
"""How many of a gap's suggested tests a comment has."""
_LONGEST = 1000
"""Characters of a name or sentence; a whole comment stays far below GitHub's 65,536."""

_MARKER = re.compile(
    r"<!-- qe-action review ([0-9a-f]{16}) gap=([0-9a-f]{16})"
    r" run=([0-9]{1,16}) attempt=([0-9]{1,9}) -->"
)


class Marker(NamedTuple):
    """The invisible first line of a review comment of ours.

    `owner` stands for the check's name and `gap` for what the comment is about, both hashed.
    `run` is the id of the workflow's run that wrote the text and its attempt.
    """

    owner: str
    gap: str
    run: tuple[int, int]

    def line(self) -> str:
        """The HTML comment that it stands in."""
        run, attempt = self.run
        return f"{beginning(self.owner)} gap={self.gap} run={run} attempt={attempt} -->"


def beginning(owner: str) -> str:
    """What all comments of one check begin with."""
    return f"<!-- qe-action review {owner}"


def read_marker(body: str) -> Marker | None:
    """The marker that a comment's text begins with, None for another's comment."""
    found = _MARKER.match(body)
    if found is None:
        return None
    owner, gap, run, attempt = found.groups()
    return Marker(owner, gap, (int(run), int(attempt)))


def without_marker(body: str) -> str:
    """A comment's text as people see it, however GitHub ends its lines."""
    return _MARKER.sub("", body, count=1).replace("\r\n", "\n").strip()


def owner_of(check_name: str) -> str:
    """Stands for a check's name, so that no name can end the marker."""
    return _hash(check_name)


def fingerprint(gap: Gap, path: str, text: str) -> str:
    """What makes a gap the same one after a push: nothing in it counts lines.

    `text` is the gap's first line in the file `path` of the pull request. Two gaps of one
    function may share it; they are told apart by where they stand.
    """
    return _hash("\0".join((path, gap.function or "", gap.gap_type, " ".join(text.split()))))


def review_comment(gap: Gap) -> str:
    """What is missing, why it matters and what to write, without the marker."""
    return "\n\n".join(_parts(gap))


def review_body(check_name: str, *, in_diff: int, shown: int, outside: int) -> str:
    """The review's own sentence, which GitHub asks for: of how many gaps this shows some.

    `outside` are those that lie where GitHub's diff has no lines.
    """
    text = f"{plain(check_name)}: {plural(in_diff, 'gap')} in the changed lines"
    text += f", {shown:,} commented on here." if shown < in_diff else "."
    return f"{text} {outside:,} outside of the lines that GitHub shows." if outside else text


def _parts(gap: Gap) -> Iterator[str]:
    inside = f" in {code(clip(gap.function, _LONGEST))}" if gap.function else ""
    yield f"**{headline(gap)}**{inside}"
    if ways := missing_ways(gap):
        sentence = markdown(clip(ways, _LONGEST))
        yield f"{sentence[0].upper()}{sentence[1:]}."
    reasons = plain(clip("; ".join(gap.reasons), _LONGEST))
    yield f"Severity **{gap.severity}**: {reasons}." if reasons else f"Severity **{gap.severity}**."
    tests = [f"- {markdown(clip(test, _LONGEST))}" for test in gap.suggested_tests[:TESTS]]
    if tests:
        yield "\n".join(("Test to add:" if len(tests) == 1 else "Tests to add:", "", *tests))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
