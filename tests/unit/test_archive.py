"""The one file of an archive from a stranger."""

from __future__ import annotations

import stat
import struct
import tracemalloc
import zipfile
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qe_action.errors import ReportError
from qe_action.untrusted.archive import MAX_PACKED, MAX_UNPACKED, only_member

TEXT = b"first\nsecond\n" * 20


def packed(
    files: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED, mode: int = stat.S_IFREG | 0o644
) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.compress_type = method
            archive.writestr(info, data)
    return out.getvalue()


def read(data: bytes) -> bytes:
    member = only_member(data, ".jsonl")
    return b"".join(iter(lambda: member.readline(1000), b""))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_the_one_file_is_read_line_by_line(method: int) -> None:
    member = only_member(packed({"j.jsonl": TEXT}, method=method), ".jsonl")
    assert [member.readline(1000), member.readline(3)] == [b"first\n", b"sec"]
    assert read(packed({"j.jsonl": TEXT}, mode=0)) == TEXT


def encrypted() -> bytes:
    data = bytearray(packed({"j.jsonl": TEXT}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    return bytes(data)


def crowded() -> bytes:
    """A directory of 10,000 entries behind one file, announced as a single one."""
    data = packed({"j.jsonl": TEXT})
    start = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    entry, rest = data[start:end], data[end:]
    directory = entry * 10_000
    return data[:start] + directory + rest[:12] + struct.pack("<L", len(directory)) + rest[16:]


def large() -> bytes:
    """A file that says it is larger than is read."""
    data = bytearray(packed({"j.jsonl": TEXT}))
    place = data.index(b"PK\x01\x02") + 24
    data[place : place + 4] = struct.pack("<L", MAX_UNPACKED + 1)
    return bytes(data)


NESTED = packed({"j.jsonl": packed({"j.jsonl": TEXT}, method=zipfile.ZIP_STORED)})
REFUSED = [
    (b"", "exactly one"),
    (b"no archive", "exactly one"),
    (packed({}), "exactly one"),
    (packed({"a.jsonl": TEXT, "b.jsonl": TEXT}), "exactly one"),
    (crowded(), "exactly one"),
    (packed({"../j.jsonl": TEXT}), "just called"),
    (packed({"/j.jsonl": TEXT}), "just called"),
    (packed({"a\\j.jsonl": TEXT}), "just called"),
    (packed({"folder/": b""}), "just called"),
    (packed({"j.zip": TEXT}), "just called"),
    (packed({"\x1b.jsonl": TEXT}), "just called"),
    (packed({"j.jsonl": b"/etc/passwd"}, mode=stat.S_IFLNK | 0o777), "regular"),
    (packed({"j.jsonl": b""}, mode=stat.S_IFIFO | 0o644), "regular"),
    (packed({"j.jsonl": TEXT}, method=zipfile.ZIP_BZIP2), "compression"),
    (packed({"j.jsonl": TEXT}, method=zipfile.ZIP_LZMA), "compression"),
    (encrypted(), "encrypted"),
    (b"x" * (MAX_PACKED + 1), "16 MB"),
    (large(), "256 MB"),
]


@pytest.mark.parametrize(("data", "why"), REFUSED)
def test_anything_else_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(ReportError, match=why):
        only_member(data, ".jsonl")


def test_an_archive_inside_is_not_opened() -> None:
    assert read(NESTED).startswith(b"PK")


def wrong_checksum(method: int) -> bytes:
    """The file as it was, and another checksum in both places."""
    data = bytearray(packed({"j.jsonl": TEXT}, method=method))
    for signature, offset in ((b"PK\x03\x04", 14), (b"PK\x01\x02", 16)):
        data[data.index(signature) + offset] ^= 1
    return bytes(data)


def changed() -> bytes:
    """One letter of the file is another one."""
    data = bytearray(packed({"j.jsonl": TEXT}, method=zipfile.ZIP_STORED))
    data[60] ^= 1
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [changed(), wrong_checksum(zipfile.ZIP_STORED), wrong_checksum(zipfile.ZIP_DEFLATED)],
    ids=["changed", "stored", "deflated"],
)
def test_a_wrong_checksum_is_refused_before_anything_is_read(data: bytes) -> None:
    with pytest.raises(ReportError, match="damaged"):
        only_member(data, ".jsonl")


def test_a_bomb_takes_no_memory() -> None:
    bomb = packed({"j.jsonl": b"\0" * 200_000_000})
    assert len(bomb) < 300_000
    tracemalloc.start()
    member = only_member(bomb, ".jsonl")
    assert 1_000_000 <= len(member.readline(1_000_000)) < 1_100_000
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


@given(st.data())
def test_any_damage_is_refused_or_harmless(data: st.DataObject) -> None:
    whole = bytearray(packed({"j.jsonl": TEXT}))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ReportError):
        assert len(read(bytes(whole))) <= len(TEXT)
