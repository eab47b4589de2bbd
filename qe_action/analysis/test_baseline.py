"""The digest of a commit's tests: which failed, which were flaky, and how long they took.

It is written as that of the coverage is (`baseline`), under a name of its own, so that both can
stand in one text. Where not all tests fit, the failing and the flaky stay, and of the others the
slowest.

What is read back was written by somebody: all of it is bounded and checked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from qe_action.analysis.baseline import MAX_NAME, MAX_ROWS
from qe_action.analysis.packed_comment import MAX_RAW, TEXT_LIMIT, packed, unpacked
from qe_action.text import visible

SCHEMA = 1
MAX_MILLISECONDS = 10**9
"""The longest duration that is kept, more than eleven days."""
PRECISION = 2
"""Digits of a duration: more would say what the next run contradicts, and take room."""

_NAME = "qe-action-tests"


@dataclass(frozen=True, slots=True)
class TestDigest:
    """The tests of one commit's tree, by `digest_name`.

    `seconds` are the durations that are kept, of `timed` tests that took `all_seconds` together.
    `whole` says that it has every failing and every flaky test. `key` is the fingerprint of the
    settings that the names depend on.
    """

    __test__ = False

    sha: str
    key: str
    failing: frozenset[str] = frozenset()
    flaky: frozenset[str] = frozenset()
    seconds: Mapping[str, float] = field(default_factory=dict)
    timed: int = 0
    all_seconds: float = 0.0
    whole: bool = True

    @property
    def usual(self) -> float:
        """Seconds that a test takes which is not among those kept: the mean of all such."""
        rest = self.timed - len(self.seconds)
        return max(0.0, self.all_seconds - sum(self.seconds.values())) / rest if rest > 0 else 0.0


@dataclass(frozen=True, slots=True)
class TestLookup:
    """What came of looking for a digest of tests: one or, in `notes`, why there is none.

    `commits_before` is how many commits before the measured base it was made.
    """

    __test__ = False

    digest: TestDigest | None = None
    commits_before: int = 0
    notes: tuple[str, ...] = ()


def digest_name(folder: str, test: str) -> str:
    """A test's name in a digest: the runner's, behind the `folder` that it is relative to."""
    return visible(f"{folder}/{test}" if folder else test)[:MAX_NAME]


def digest_of_tests(
    sha: str,
    key: str,
    *,
    failing: Iterable[str],
    flaky: Iterable[str],
    seconds: Mapping[str, float],
) -> TestDigest:
    """The digest of all tests that ran, their names made by `digest_name`."""
    rounded = {name: _rounded(taken) for name, taken in seconds.items() if name}
    return TestDigest(
        sha=sha,
        key=key,
        failing=frozenset(filter(None, failing)),
        flaky=frozenset(filter(None, flaky)),
        seconds={name: taken / 1000 for name, taken in rounded.items()},
        timed=len(rounded),
        all_seconds=sum(rounded.values()) / 1000,
    )


def fitted(digest: TestDigest, limit: int = TEXT_LIMIT) -> tuple[TestDigest, str]:
    """As much of a digest as has a comment of at most `limit` characters, and that comment.

    Failing tests stay before flaky ones, both before the durations, the longest first. What is
    left out at last is everything: some 150 characters, which are given whatever the limit is.
    """
    slowest = sorted(digest.seconds, key=lambda name: (-digest.seconds[name], name))
    bad = [*sorted(digest.failing), *sorted(digest.flaky - digest.failing)]
    order = [*bad, *slowest]
    fits, beyond = 0, min(len(order), MAX_ROWS) + 1
    best = _first(digest, order, len(bad), 0)
    attempt = beyond - 1
    while True:
        kept = _first(digest, order, len(bad), attempt)
        raw = _raw(kept)
        if len(raw) <= MAX_RAW and len(packed(_NAME, SCHEMA, raw)) <= limit:
            fits, best = attempt, kept
        else:
            beyond = attempt
        if beyond - fits <= 1:
            return best, packed(_NAME, SCHEMA, _raw(best))
        attempt = (fits + beyond) // 2


def _first(digest: TestDigest, order: list[str], bad: int, most: int) -> TestDigest:
    """What the first `most` of the names in their order of weight say."""
    named, timed = set(order[: min(most, bad)]), order[bad : max(most, bad)]
    failing = frozenset(digest.failing & named)
    flaky = frozenset(digest.flaky & named)
    return replace(
        digest,
        failing=failing,
        flaky=flaky,
        seconds={name: digest.seconds[name] for name in timed},
        whole=digest.whole and failing == digest.failing and flaky == digest.flaky,
    )


def encode(digest: TestDigest) -> str:
    """The digest as an HTML comment, however long."""
    return packed(_NAME, SCHEMA, _raw(digest))


def decode(text: str) -> TestDigest | None:
    """The digest in a check run's text; None where there is none that can be believed.

    The text is hostile: too long, too large when unpacked, of another schema or with figures that
    can't be, it is no digest.
    """
    raw = unpacked(_NAME, SCHEMA, text)
    if raw is None:
        return None
    try:
        return _Columns.model_validate_json(raw).digest()
    except ValueError:  # pydantic's errors are ValueErrors
        return None


Name = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME)]
Milliseconds = Annotated[int, Field(ge=0, le=MAX_MILLISECONDS)]
Rows = Annotated[tuple[Annotated[int, Field(ge=0, lt=MAX_ROWS)], ...], Field(max_length=MAX_ROWS)]


class _Columns(BaseModel):
    """The digest's JSON: a name and a duration a test, and which rows failed or were flaky."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    schema_version: Annotated[int, Field(ge=SCHEMA, le=SCHEMA)]  # `Literal` takes `true` for 1
    sha: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})\z")]
    key: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}\z")]
    whole: bool
    timed: Annotated[int, Field(ge=0, le=10**9)]
    milliseconds: Annotated[int, Field(ge=0, le=10**18)]
    names: Annotated[tuple[Name, ...], Field(max_length=MAX_ROWS)]
    durations: Annotated[tuple[Milliseconds | None, ...], Field(max_length=MAX_ROWS)]
    failing: Rows
    flaky: Rows

    @model_validator(mode="after")
    def _plausible(self) -> Self:
        if len(self.names) != len(self.durations):
            raise ValueError("the columns are not of one length")
        if len(set(self.names)) < len(self.names):
            raise ValueError("a name comes twice")
        if any(visible(name) != name for name in self.names):
            raise ValueError("a name has characters that can't be shown")
        if any(row >= len(self.names) for row in (*self.failing, *self.flaky)):
            raise ValueError("a row that is not there")
        taken = [each for each in self.durations if each is not None]
        if len(taken) > self.timed or sum(taken) > self.milliseconds:
            raise ValueError("more is kept than there was")
        return self

    def digest(self) -> TestDigest:
        rows = zip(self.names, self.durations, strict=True)
        return TestDigest(
            sha=self.sha,
            key=self.key,
            failing=frozenset(self.names[row] for row in self.failing),
            flaky=frozenset(self.names[row] for row in self.flaky),
            seconds={name: taken / 1000 for name, taken in rows if taken is not None},
            timed=self.timed,
            all_seconds=self.milliseconds / 1000,
            whole=self.whole,
        )


def _rounded(seconds: float) -> int:
    """Milliseconds to `PRECISION` digits."""
    return min(MAX_MILLISECONDS, round(float(f"{max(0.0, seconds) * 1000:.{PRECISION - 1}e}")))


def _raw(digest: TestDigest) -> bytes:
    names = sorted({*digest.seconds, *digest.failing, *digest.flaky})
    durations = [
        round(digest.seconds[name] * 1000) if name in digest.seconds else None for name in names
    ]
    kept = sum(taken for taken in durations if taken is not None)
    columns = {
        "schema_version": SCHEMA,
        "sha": digest.sha,
        "key": digest.key,
        "whole": digest.whole,
        "timed": digest.timed,
        "milliseconds": max(kept, round(digest.all_seconds * 1000)),
        "names": names,
        "durations": durations,
        "failing": [row for row, name in enumerate(names) if name in digest.failing],
        "flaky": [row for row, name in enumerate(names) if name in digest.flaky],
    }
    return json.dumps(columns, ensure_ascii=False, separators=(",", ":")).encode()
