"""What git knows of each file of a tree: its mode, its size, its content."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qe_action.workspace.git import Git


@dataclass(frozen=True)
class Entry:
    """A file, link or submodule. `size` is 0 where git was not asked for it."""

    mode: str
    sha: str
    size: int
    path: str


async def entries_of(git: Git, sha: str | None) -> Iterator[Entry]:
    """The entries of a commit, or of the index."""
    found = await git.entries(sha)
    return (_entry(raw, of_index=sha is None) for raw in found)


def _entry(raw: bytes, *, of_index: bool) -> Entry:
    about, _, path = raw.partition(b"\t")
    words = about.decode("ascii", "replace").split()
    name = os.fsdecode(path)
    if of_index:
        return Entry(words[0], words[1], 0, name)
    return Entry(words[0], words[2], int(words[3]) if words[3].isdigit() else 0, name)


def batches(entries: Sequence[Entry], most: int) -> Iterator[list[Entry]]:
    """The entries a few at a time, of at most `most` bytes together where one is not larger."""
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        if batch and (size + entry.size > most or len(batch) >= 5000):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += entry.size
    if batch:
        yield batch


async def contents(git: Git, entries: Sequence[Entry]) -> list[bytes | None]:
    """Their contents from git's objects; None for one that is not here."""
    limit = sum(entry.size + 200 for entry in entries)
    said = await git.blobs([entry.sha for entry in entries], limit=limit)
    found: list[bytes | None] = []
    at = 0
    for _ in entries:
        end = said.index(b"\n", at)
        words = said[at:end].split()
        at = end + 1
        if len(words) == 3 and words[1] == b"blob":
            found.append(said[at : at + int(words[2])])
            at += int(words[2]) + 1
        else:  # `<hash> missing`
            found.append(None)
    return found
