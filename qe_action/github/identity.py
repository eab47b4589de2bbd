"""Who a check run and a comment belong to: the run of a workflow, and its place in it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import NamedTuple

_EXTERNAL = re.compile(r"qe:(\d{1,16})\.(\d{1,9}):([0-9a-f]{12}):([0-9a-f]{12}|-):([0-9a-f]{32})")


class RunKey(NamedTuple):
    """A workflow's run and its attempt. Later runs and later attempts are greater."""

    run_id: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes two check runs the same one: all of it has to match.

    `report` is a digest of the reports' bytes, `group` the comment that several names share.
    """

    name: str
    head_sha: str
    key: RunKey
    job: str
    report: str
    group: str | None = None

    @property
    def external_id(self) -> str:
        """The identity in the form that GitHub keeps with the check run."""
        place = digest(self.job, self.name)[:12]
        group = group_hash(self.group) if self.group else "-"
        whole = digest(self.name, self.head_sha, *map(str, self.key), self.job, self.report)[:32]
        return f"qe:{self.key.run_id}.{self.key.attempt}:{place}:{group}:{whole}"


class SeenIdentity(NamedTuple):
    """What can be read of an external id: the run, hashes of place (job, name) and group."""

    key: RunKey
    place: str
    group: str


def read_external_id(text: str) -> SeenIdentity | None:
    """The parts of an external id of ours; None for any other text."""
    found = _EXTERNAL.fullmatch(text)
    if found is None:
        return None
    run, attempt, place, group, _ = found.groups()
    return SeenIdentity(RunKey(int(run), int(attempt)), place, group)


def group_hash(group: str) -> str:
    """A group's name as external ids have it."""
    return digest(group)[:12]


def digest(*parts: str) -> str:
    """A hash of texts that no other split of them has."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()
