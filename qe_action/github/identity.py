"""Who a check run and a comment belong to: the run of a workflow, and its place in it.

A run has a check run of its coverage, and may have another one of its tests.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

_EXTERNAL = re.compile(
    r"qe:(\d{1,16})\.(\d{1,9}):([0-9a-f]{12}):([0-9a-f]{12}|-):([0-9a-f]{32})(?::(tests))?"
)
_COVERAGE = re.compile("coverage", re.IGNORECASE)

About = Literal["coverage", "tests"]
"""What a check run is about; one of both is about coverage."""


class RunKey(NamedTuple):
    """A workflow's run and its attempt. Later runs and later attempts are greater."""

    run_id: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes two check runs the same one: all of it has to match.

    `report` is a digest of what is reported, `group` the comment that several names share. `place`
    is the name that tells steps of a job from each other, where that is not the check run's own:
    the two check runs of a step have one place.
    """

    name: str
    head_sha: str
    key: RunKey
    job: str
    report: str
    group: str | None = None
    about: About = "coverage"
    place: str = ""

    @property
    def external_id(self) -> str:
        """The identity in the form that GitHub keeps with the check run."""
        place = digest(self.job, self.place or self.name)[:12]
        group = group_hash(self.group) if self.group else "-"
        whole = digest(self.name, self.head_sha, *map(str, self.key), self.job, self.report)[:32]
        about = ":tests" if self.about == "tests" else ""
        return f"qe:{self.key.run_id}.{self.key.attempt}:{place}:{group}:{whole}{about}"


class SeenIdentity(NamedTuple):
    """What can be read of an external id: the run, hashes of place (job, name) and group."""

    key: RunKey
    place: str
    group: str
    about: About = "coverage"


def read_external_id(text: str) -> SeenIdentity | None:
    """The parts of an external id of ours; None for any other text."""
    found = _EXTERNAL.fullmatch(text)
    if found is None:
        return None
    run, attempt, place, group, _, tests = found.groups()
    about: About = "tests" if tests else "coverage"
    return SeenIdentity(RunKey(int(run), int(attempt)), place, group, about)


def name_for_tests(name: str) -> str:
    """The name of the tests' own check run, beside one of coverage that is called `name`."""
    found = list(_COVERAGE.finditer(name))
    if not found:
        return f"{name} tests"
    start, end = found[-1].span()
    word = found[-1][0]
    tests = "TESTS" if word.isupper() else "Tests" if word[0].isupper() else "tests"
    return f"{name[:start]}{tests}{name[end:]}"


def group_hash(group: str) -> str:
    """A group's name as external ids have it."""
    return digest(group)[:12]


def digest(*parts: str) -> str:
    """A hash of texts that no other split of them has."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()
