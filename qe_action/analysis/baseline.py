"""The digest of an analysis: what later runs compare with, small enough for a check run.

A digest is JSON in columns, packed into an HTML comment. Where the counts of all files don't fit,
those of folders stand for them: of the deepest first, then of fewer levels, at last the totals
alone.

What is read back was written by somebody: all of it is bounded and checked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from qe_action.analysis.collect import FileCounts
from qe_action.analysis.packed_comment import MAX_RAW, TEXT_LIMIT, packed, unpacked
from qe_action.events import CoveragePoint
from qe_action.text import visible

SCHEMA = 1
MAX_ROWS = 20_000
"""Rows that could fit if each took less than three bytes."""
MAX_LEVELS = 16
MAX_NAME = 1024
TOP = "."

Detail = Literal["files", "folders", "totals"]

_NAME = "qe-action-baseline"


@dataclass(frozen=True, slots=True)
class Digest:
    """The counts of one commit's tree by file, or by folder of at most `level` levels.

    `level` is None where each row is a file and 0 where one row has the totals. `key` is the
    fingerprint of the settings that the counts depend on. `history` are the points kept beside it,
    None where it was written without any.
    """

    sha: str
    key: str
    rows: Mapping[str, FileCounts]
    level: int | None = None
    history: tuple[CoveragePoint, ...] | None = None

    @property
    def detail(self) -> Detail:
        if self.level is None:
            return "files"
        return "folders" if self.level else "totals"

    @property
    def totals(self) -> FileCounts:
        return FileCounts(*map(sum, zip(*self.rows.values(), strict=True)))

    def row_of(self, path: str) -> str:
        """The name of the row that counts a file."""
        return row_name(path, self.level)

    def folded(self, level: int) -> Digest:
        """The same counts by folders of at most `level` levels."""
        return Digest(self.sha, self.key, _summed(self.rows.items(), level), level)


def fingerprint(**settings: Iterable[str]) -> str:
    """A short name of the settings that decide which files are counted, and under which name."""
    plain = {name: list(values) for name, values in settings.items()}
    text = json.dumps(plain, sort_keys=True).encode()
    return hashlib.sha256(text).hexdigest()[:16]


def digest_of(sha: str, key: str, files: Mapping[str, FileCounts]) -> Digest:
    """The digest of all files of a report."""
    return Digest(sha, key, _summed(files.items(), None))


def row_name(path: str, level: int | None) -> str:
    """A file's own row where `level` is None, else that of its folder."""
    name = path if level is None else "/".join(path.split("/")[:-1][:level])
    if not (name.isascii() and name.isprintable()):
        name = visible(name)
    return name[:MAX_NAME] or TOP


def fitted(digest: Digest, limit: int = TEXT_LIMIT) -> tuple[Digest, str]:
    """The most detailed form of a digest of files whose comment has at most `limit` characters.

    The totals alone take about 200 and are given whatever the limit is.
    """
    for level in _levels(digest):
        coarse = digest if level is None else digest.folded(level)
        if len(coarse.rows) > MAX_ROWS:
            continue
        raw = _raw(coarse)
        text = packed(_NAME, SCHEMA, raw)
        if (len(text) <= limit and len(raw) <= MAX_RAW) or level == 0:
            return coarse, text
    raise AssertionError("the last level is 0")


def encode(digest: Digest) -> str:
    """The digest as an HTML comment, however long."""
    return packed(_NAME, SCHEMA, _raw(digest))


def decode(text: str) -> Digest | None:
    """The digest in a check run's text; None where there is none that can be believed.

    The text is hostile: too long, too large when unpacked, of another schema or with counts
    that can't be, it is no digest.
    """
    raw = unpacked(_NAME, SCHEMA, text)
    if raw is None:
        return None
    try:
        return _Columns.model_validate_json(raw).digest()
    except ValueError:  # pydantic's errors are ValueErrors
        return None


Row = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME)]
Figures = Annotated[tuple[Annotated[int, Field(ge=0, le=10**9)], ...], Field(max_length=MAX_ROWS)]


class _Columns(BaseModel):
    """The digest's JSON: one entry a row in each of the columns."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    schema_version: Annotated[int, Field(ge=SCHEMA, le=SCHEMA)]  # `Literal` takes `true` for 1
    sha: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})\z")]
    key: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}\z")]
    level: Annotated[int, Field(ge=0, le=MAX_LEVELS)] | None
    names: Annotated[tuple[Row, ...], Field(max_length=MAX_ROWS)]
    statements: Figures
    missed: Figures
    branches: Figures
    missed_branches: Figures

    @model_validator(mode="after")
    def _plausible(self) -> Self:
        columns = (self.statements, self.missed, self.branches, self.missed_branches)
        if {len(column) for column in columns} != {len(self.names)}:
            raise ValueError("the columns are not of one length")
        if len(set(self.names)) < len(self.names):
            raise ValueError("a name comes twice")
        if any(visible(name) != name for name in self.names):
            raise ValueError("a name has characters that can't be shown")
        for whole, missed in (
            (self.statements, self.missed),
            (self.branches, self.missed_branches),
        ):
            if any(part > all_ for part, all_ in zip(missed, whole, strict=True)):
                raise ValueError("more is missed than there is")
        if self.level == 0 and self.names not in ((), (TOP,)):
            raise ValueError("the totals have rows")
        return self

    def digest(self) -> Digest:
        figures = zip(
            self.statements, self.missed, self.branches, self.missed_branches, strict=True
        )
        rows = {
            name: FileCounts(statements, statements - missed, branches, branches - open_)
            for name, (statements, missed, branches, open_) in zip(self.names, figures, strict=True)
        }
        return Digest(self.sha, self.key, rows, self.level)


def _raw(digest: Digest) -> bytes:
    names = sorted(digest.rows)
    counts = [digest.rows[name] for name in names]
    columns = {
        "schema_version": SCHEMA,
        "sha": digest.sha,
        "key": digest.key,
        "level": digest.level,
        "names": names,
        "statements": [c.statements for c in counts],
        "missed": [c.statements - c.covered for c in counts],
        "branches": [c.branches for c in counts],
        "missed_branches": [c.branches - c.covered_branches for c in counts],
    }
    return json.dumps(columns, ensure_ascii=False, separators=(",", ":")).encode()


def _levels(digest: Digest) -> Iterator[int | None]:
    """From all files over ever fewer levels of folders to the totals."""
    deepest = max((path.count("/") for path in digest.rows), default=0)
    yield None
    yield from range(min(deepest, MAX_LEVELS), -1, -1)


def _summed(rows: Iterable[tuple[str, FileCounts]], level: int | None) -> dict[str, FileCounts]:
    """The rows' lines and branches by `row_name`."""
    sums: dict[str, FileCounts] = {}
    for path, counts in rows:
        name = row_name(path, level)
        old = sums.get(name, _NOTHING)
        sums[name] = FileCounts(*(a + b for a, b in zip(old[:4], counts[:4], strict=True)))
    return sums


_NOTHING = FileCounts()
