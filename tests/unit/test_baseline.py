"""Digests: what is kept fits, is read back as it was, and nothing odd is believed."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qe_action.analysis.baseline import (
    Digest,
    decode,
    digest_of,
    encode,
    fingerprint,
    fitted,
)
from qe_action.analysis.collect import FileCounts
from qe_action.analysis.packed_comment import MAX_RAW, TEXT_LIMIT

SHA = "a" * 40
KEY = fingerprint(include=(), exclude=(), source_roots=(), name=("coverage",))

amounts = st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)).map(sorted)
counts = st.builds(
    lambda lines, branches: FileCounts(lines[1], lines[0], branches[1], branches[0]),
    amounts,
    amounts,
)
reports = st.dictionaries(st.text(min_size=1, max_size=40), counts, max_size=30)


def project(files: int) -> dict[str, FileCounts]:
    """A project of packages, modules and parts, with sizes that differ from file to file."""
    return {
        f"src/package_{n % 37}/module_{n % 211}/part_{n:06}.py": FileCounts(
            20 + n * 7919 % 400, n * 7919 % 20, n * 104729 % 60, 0
        )
        for n in range(files)
    }


def comment(columns: object) -> str:
    """What somebody else might write where our digest stands."""
    return packed(json.dumps(columns).encode())


def packed(raw: bytes, schema: int = 1) -> str:
    data = base64.b64encode(zlib.compress(raw)).decode()
    return f"<!-- qe-action-baseline {schema} {data} -->"


def columns(**changed: object) -> dict[str, object]:
    """The JSON of a digest of two files, some of it changed."""
    return {
        "schema_version": 1,
        "sha": SHA,
        "key": KEY,
        "level": None,
        "names": ["a.py", "b.py"],
        "statements": [10, 5],
        "missed": [1, 0],
        "branches": [2, 0],
        "missed_branches": [1, 0],
        **changed,
    }


@given(reports)
def test_what_is_kept_is_read_back(files: Mapping[str, FileCounts]) -> None:
    digest = digest_of(SHA, KEY, files)
    assert decode(f"Some words.\n\n{encode(digest)}\n") == digest
    assert digest.totals == FileCounts(*map(sum, zip(*files.values(), strict=True)))


@given(reports)
def test_nothing_in_a_file_s_name_ends_the_comment(files: Mapping[str, FileCounts]) -> None:
    text = encode(digest_of(SHA, KEY, files))
    inner = text.removeprefix("<!--").removesuffix("-->")
    assert text == f"<!--{inner}-->"
    assert "--" not in inner
    assert ">" not in inner


@given(reports, st.integers(0, 5))
def test_folders_have_the_totals_of_their_files(
    files: Mapping[str, FileCounts], level: int
) -> None:
    digest = digest_of(SHA, KEY, files)
    assert digest.folded(level).totals == digest.totals


def test_the_same_counts_give_the_same_bytes() -> None:
    files = project(50)
    backwards = dict(reversed(files.items()))
    assert encode(digest_of(SHA, KEY, files)) == encode(digest_of(SHA, KEY, backwards))


@pytest.mark.parametrize(
    ("files", "detail"),
    [
        (0, "files"),
        (3_300, "files"),
        (20_001, "folders"),
        pytest.param(200_000, "folders", marks=pytest.mark.slow),
    ],
)
def test_more_files_than_fit_are_kept_by_folder(files: int, detail: str) -> None:
    whole = digest_of(SHA, KEY, project(files))
    digest, text = fitted(whole)
    assert digest.detail == detail
    assert len(text) <= TEXT_LIMIT
    assert digest.totals == whole.totals
    assert decode(text) == digest


def test_the_deepest_folders_go_first_and_the_totals_stay_at_last() -> None:
    whole = digest_of(SHA, KEY, project(20_000))
    kept = [fitted(whole, limit)[0] for limit in (60_000, 5_000, 300, 1)]
    assert [digest.level for digest in kept] == [3, 2, 1, 0]
    assert [digest.detail for digest in kept] == ["folders", "folders", "folders", "totals"]
    assert list(kept[2].rows) == ["src"]
    assert {digest.totals for digest in kept} == {whole.totals}


def test_files_of_no_folder_have_a_row_of_their_own() -> None:
    files = {"setup.py": FileCounts(3, 1), "src/a.py": FileCounts(5, 5)}
    rows = digest_of(SHA, KEY, files).folded(1).rows
    assert rows == {".": FileCounts(3, 1), "src": FileCounts(5, 5)}


def test_other_settings_have_another_fingerprint() -> None:
    keys = {
        fingerprint(include=("a",), exclude=()),
        fingerprint(include=(), exclude=("a",)),
        fingerprint(include=("a", "b"), exclude=()),
        fingerprint(include=("a\nb",), exclude=()),
    }
    assert len(keys) == 4


def test_the_columns_of_the_tests_are_a_digest_where_nothing_is_wrong() -> None:
    assert decode(comment(columns())) == Digest(
        SHA, KEY, {"a.py": FileCounts(10, 9, 2, 1), "b.py": FileCounts(5, 5)}
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"schema_version": 2},
        {"schema_version": "1"},
        {"schema_version": True},
        {"schema_version": 1.0},
        {"sha": "a" * 39},
        {"sha": SHA + "\n"},
        {"key": ""},
        {"level": -1},
        {"level": 17},
        {"level": 0},
        {"names": ["a.py", "a.py"]},
        {"names": ["a.py"]},
        {"names": ["a.py", ""]},
        {"names": ["a.py", "b\n.py"]},
        {"names": ["a.py", "b\u202e.py"]},
        {"names": ["a.py", "x" * 1025]},
        {"names": ["a.py", None]},
        {"statements": [10, 5, 1]},
        {"statements": [10, -1]},
        {"statements": [10, 5.5]},
        {"statements": [10, "5"]},
        {"statements": [10, 10**9 + 1]},
        {"missed": [11, 0]},
        {"missed_branches": [0, 1]},
        {"more": 1},
    ],
)
def test_a_digest_with_one_odd_part_is_none(changed: dict[str, object]) -> None:
    assert decode(comment(columns(**changed))) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<!-- qe-action-baseline 1 -->",
        "<!-- qe-action-baseline 1 AAAA -->",
        "<!-- qe-action-baseline 1 A -->",
        packed(json.dumps(columns()).encode(), schema=2),
        packed(b"[]"),
        packed(b"null"),
        packed(b"[" * 100_000),
        packed(b'{"names": ["\\ud800"]}'),
        packed(b"\xff\xfe"),
        packed(json.dumps(columns()).encode())[:-8] + " -->",
        packed(json.dumps(columns()).encode()).replace(" -->", "=AAAA -->"),
    ],
    ids=range(12),
)
def test_what_is_no_digest_is_none(text: str) -> None:
    assert decode(text) is None


def test_something_behind_the_packed_data_is_refused() -> None:
    data = zlib.compress(json.dumps(columns()).encode()) + b"more"
    assert decode(f"<!-- qe-action-baseline 1 {base64.b64encode(data).decode()} -->") is None


def test_a_bomb_is_not_unpacked() -> None:
    bomb = packed(b" " * (MAX_RAW + 1) + json.dumps(columns()).encode())
    assert len(bomb) < TEXT_LIMIT
    assert decode(bomb) is None


def test_more_rows_than_can_fit_are_refused() -> None:
    names = [f"{n}" for n in range(20_001)]
    zeros = [0] * 20_001
    text = comment(
        columns(names=names, statements=zeros, missed=zeros, branches=zeros, missed_branches=zeros)
    )
    assert decode(text) is None


@given(st.text(), st.binary(max_size=200))
def test_no_text_makes_it_fail(text: str, data: bytes) -> None:
    decode(text)
    decode(f"<!-- qe-action-baseline 1 {base64.b64encode(data).decode()} -->")
    decode(packed(data))
