"""The one file of a ZIP archive from a stranger, read in memory and within bounds.

Nothing is ever written to disk, and the file's name is used for nothing, so that no name can
lead anywhere.
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from io import BytesIO
from typing import IO

from qe_action.errors import ReportError

MAX_PACKED = 16 * 1024 * 1024
"""Bytes of an archive; a journal of 100,000 gaps takes a tenth of that."""

MAX_UNPACKED = 256 * 1024 * 1024
"""Bytes of the file inside; of a journal less is read."""
_CHUNK = 256 * 1024

_DIRECTORY_ENTRY = b"PK\x01\x02"
_ENCRYPTED = 0x1
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


class Member:
    """The file inside, unpacked as it is read, so that a small archive can't fill the memory."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = packed

    def readline(self, limit: int) -> bytes:
        """The next line; of a long one `limit` bytes or little more. Raises `ReportError`."""
        try:
            return self._packed.readline(limit)
        except _BROKEN as error:
            raise _refused(f"it is damaged ({type(error).__name__})") from None


def only_member(data: bytes, suffix: str) -> Member:
    """The one file of the archive, a plain name that ends in `suffix`.

    Raises `ReportError` where the archive is too large, damaged (its checksum is compared) or
    encrypted, or holds anything else.
    """
    if len(data) > MAX_PACKED:
        raise _refused(f"it is larger than {MAX_PACKED // 2**20} MB")
    # Counted before the directory is read: one of a million entries would fill the memory.
    if data.count(_DIRECTORY_ENTRY) != 1:
        raise _refused("it does not hold exactly one file")
    try:
        archive = zipfile.ZipFile(BytesIO(data))
        (info,) = archive.infolist()
        _check(info, suffix)
        _compare(archive, info)
        return Member(archive.open(info))
    except _BROKEN as error:
        raise _refused(f"it is damaged ({type(error).__name__})") from None


def _check(info: zipfile.ZipInfo, suffix: str) -> None:
    name, mode = info.filename, info.external_attr >> 16
    if "/" in name or "\\" in name or not name.endswith(suffix) or not name.isprintable():
        raise _refused(f"its file is not just called something{suffix}")
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise _refused("what it holds is no regular file")
    if info.file_size > MAX_UNPACKED:
        raise _refused(f"what it holds is larger than {MAX_UNPACKED // 2**20} MB")
    if info.flag_bits & _ENCRYPTED:
        raise _refused("it is encrypted")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _refused("its compression is none that GitHub's artifacts have")


def _compare(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    """Hold the file against its checksum, which is found wrong only at the file's end.

    Whoever reads it may stop before, or have passed on by then what came first.
    """
    with archive.open(info) as packed:
        while packed.read(_CHUNK):
            pass


def _refused(why: str) -> ReportError:
    return ReportError(
        f"The artifact can't be read: {why}",
        hint="Upload the journal alone, as the documentation's workflow does.",
        anchor="pull-requests-from-forks",
    )
