"""A digest of the reports' bytes: what tells a run that is repeated from another run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from qe_action.errors import ReportError
from qe_action.workspace.report_file import expand


def report_digest(names: Iterable[Path]) -> str:
    """A hash over all files that the names and globs stand for.

    What is missing or can't be read counts as missing; the analysis says so.
    """
    whole = hashlib.sha256()
    for name in names:
        try:
            paths = expand(name)
        except ReportError:
            paths = []
        for path in paths:
            whole.update(f"\0{path.name}\0".encode("utf-8", "replace"))
            whole.update(_of(path))
    return whole.hexdigest()


def _of(path: Path) -> bytes:
    try:
        if not path.is_file():  # a pipe or a device could keep us waiting for ever
            return b""
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError:
        return b""
