"""Files that are named to us: opened only where they are files, and read up to a limit.

A named pipe in a file's place would keep us waiting for ever, a device would never end.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

_BY_A_SHELL = "/dev/fd/"
"""Where a shell puts the output of a program in place of a file: `<(git diff)`."""


def opened(path: Path) -> BinaryIO:
    """A file to read, or what a shell has put in its place. Raises `OSError`."""
    waits = str(path).startswith(_BY_A_SHELL)
    plain = os.O_RDONLY | getattr(os, "O_BINARY", 0)
    number = os.open(path, plain if waits else plain | getattr(os, "O_NONBLOCK", 0))
    kind = os.fstat(number).st_mode
    if stat.S_ISREG(kind) or (waits and stat.S_ISFIFO(kind)):
        return os.fdopen(number, "rb")
    os.close(number)
    raise OSError(errno.EINVAL, "it is no file", str(path))


def content(path: Path, most: int) -> bytes:
    """The whole of a file. Raises `OSError`, also where it is longer than `most` bytes."""
    with opened(path) as file:
        return bounded(file, most)


def bounded(file: BinaryIO, most: int) -> bytes:
    """All that is left of a file. Raises `OSError` where that is more than `most` bytes."""
    data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it has more than {most:,} bytes")
    return data


def shown(place: Path) -> str:
    """A path that exists from the current folder, as short as it can be said."""
    if not place.is_absolute():
        return str(place)
    try:
        near = os.path.relpath(place)
    except ValueError:  # another drive
        return str(place)
    return near if len(near) < len(str(place)) else str(place)
