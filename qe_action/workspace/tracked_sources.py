"""The sources that may be shown: the repository's own files, as they were measured."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath

from qe_action.errors import QEError
from qe_action.workspace.checkout import Checkout


def no_sources(_path: str) -> None:
    """Stands for a checkout where none is at hand."""


async def tracked_sources(checkout: Checkout) -> Callable[[str], bytes | None]:
    """Reads a file of the checkout that is one of the repository's.

    A report or a journal may name any file, and a link of a pull request may lead to one that is
    not for showing, as `.git/config` is: so what is read in the end must be listed as well. Without
    a repository hidden files and folders are left out.
    """
    try:
        index = await checkout.index()
    except QEError:  # the analysis has said so
        return no_sources
    top = Path(checkout.top)

    def read(path: str) -> bytes | None:
        place = checkout.path(path)
        if place is None or not place.is_relative_to(top):
            return None
        real = place.relative_to(top).as_posix()
        if index is not None and not (path in index and real in index):
            return None
        if index is None and any(part.startswith(".") for part in PurePosixPath(real).parts):
            return None
        return checkout.source(path)

    return read
