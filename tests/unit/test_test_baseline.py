"""The digest of tests: as much as fits, read back as written, and nothing that can't be."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qe_action.analysis import baseline, packed_comment
from qe_action.analysis.collect import FileCounts
from qe_action.analysis.test_baseline import (
    TestDigest,
    decode,
    digest_name,
    digest_of_tests,
    encode,
    fitted,
)
from qe_action.analysis.test_comparison import history, noise, slower

SHA, KEY = "a" * 40, "0" * 16
NAMES = st.text(min_size=1, max_size=40).map(lambda text: digest_name("tests", text))
DIGESTS = st.builds(
    digest_of_tests,
    st.just(SHA),
    st.just(KEY),
    failing=st.lists(NAMES, max_size=20),
    flaky=st.lists(NAMES, max_size=20),
    seconds=st.dictionaries(NAMES, st.floats(0, 1e6), max_size=60),
)


def many(tests: int, failing: int = 0) -> TestDigest:
    names = [f"tests/test_{n % 97}.py::TestThing::test_{n * 7919 % 100_003}" for n in range(tests)]
    taken = {name: (n * 37 % 1000) / 100 for n, name in enumerate(names)}
    return digest_of_tests(SHA, KEY, failing=names[:failing], flaky=(), seconds=taken)


@given(DIGESTS)
def test_what_is_read_back_is_what_was_written(digest: TestDigest) -> None:
    assert decode(f"text before {encode(digest)} and behind") == digest


@given(DIGESTS, st.integers(0, 3000))
def test_what_fits_is_read_back_and_is_part_of_the_whole(digest: TestDigest, limit: int) -> None:
    kept, text = fitted(digest, limit)
    assert decode(text) == kept
    assert kept.failing <= digest.failing
    assert kept.flaky <= digest.flaky
    assert kept.seconds.items() <= digest.seconds.items()
    assert (kept.timed, kept.all_seconds) == (digest.timed, digest.all_seconds)
    assert kept.whole == (kept.failing == digest.failing and kept.flaky == digest.flaky)
    if kept.seconds:
        assert kept.whole  # no duration stands where a failure was left out
    assert len(text) <= limit or kept == fitted(digest, 0)[0]


def test_beyond_the_limit_the_failing_and_the_slowest_stay() -> None:
    digest = many(16_000, failing=30)
    kept, text = fitted(digest)
    assert len(text) <= packed_comment.TEXT_LIMIT
    assert kept.failing == digest.failing
    assert kept.whole
    assert len(kept.seconds) > 4000
    left_out = set(digest.seconds.values()) - set(kept.seconds.values())
    assert max(left_out) <= min(kept.seconds.values())
    assert kept.timed == 16_000
    assert 0 < kept.usual < min(kept.seconds.values())


def test_more_failures_than_fit_are_no_whole_digest() -> None:
    kept, text = fitted(many(3_000, failing=3_000), 4000)
    assert len(text) <= 4000
    assert 0 < len(kept.failing) < 3_000
    assert not kept.whole
    assert history("tests/test_none.py::test_new", kept) == ""


def test_it_stands_beside_the_coverage_digest() -> None:
    counts = baseline.digest_of(SHA, KEY, {"a.py": FileCounts(4, 3)})
    tests = many(10, failing=1)
    text = baseline.encode(counts) + encode(tests)
    assert baseline.decode(text) == counts
    assert decode(text) == tests


COLUMNS: dict[str, Any] = {
    "schema_version": 1, "sha": SHA, "key": KEY, "whole": True, "timed": 2, "milliseconds": 30,
    "names": ["a.py::test_a", "a.py::test_b"], "durations": [10, 20], "failing": [0], "flaky": [],
}  # fmt: skip


def comment(columns: dict[str, Any]) -> str:
    packed = base64.b64encode(zlib.compress(json.dumps(columns).encode())).decode()
    return f"<!-- qe-action-tests 1 {packed} -->"


def test_the_written_form_is_read() -> None:
    digest = decode(comment(COLUMNS))
    assert digest is not None
    assert digest.failing == {"a.py::test_a"}
    assert digest.seconds == {"a.py::test_a": 0.01, "a.py::test_b": 0.02}


@pytest.mark.parametrize(
    "wrong",
    [
        {"schema_version": True}, {"schema_version": 2}, {"sha": "b" * 39}, {"key": "x"},
        {"names": ["a.py::test_a"]}, {"names": ["same", "same"]}, {"names": ["a\u202e", "b"]},
        {"names": ["", "b"]}, {"names": ["a" * 1025, "b"]}, {"durations": [-1, 2]},
        {"durations": [10, 10**10]}, {"failing": [2]}, {"failing": [-1]}, {"timed": 1},
        {"milliseconds": 29}, {"more": 1}, {"whole": "yes"}, {"flaky": [99_999]},
    ],
)  # fmt: skip
def test_what_can_t_be_is_no_digest(wrong: dict[str, Any]) -> None:
    assert decode(comment(COLUMNS | wrong)) is None


def test_a_bomb_and_broken_bytes_are_no_digest() -> None:
    bomb = base64.b64encode(zlib.compress(b"[" * 5_000_000, 9)).decode()
    assert decode(f"<!-- qe-action-tests 1 {bomb} -->") is None
    assert decode("<!-- qe-action-tests 1 AAAA -->") is None
    assert decode(comment(COLUMNS)[:-8] + " -->") is None
    assert decode(comment(COLUMNS) + " " * 200_000) is None


def test_a_failure_is_known_new_or_neither() -> None:
    digest = digest_of_tests(SHA, KEY, failing=["a::known"], flaky=["a::flaky"], seconds={})
    assert history("a::known", digest) == "known"
    assert history("a::other", digest) == "new"
    assert history("a::flaky", digest) == ""
    assert history("a::other", None) == ""


def base(**seconds: float) -> TestDigest:
    return digest_of_tests(SHA, KEY, failing=(), flaky=(), seconds=seconds)


def test_slow_is_twice_as_long_and_a_second_longer() -> None:
    digest = base(a=1.0, b=0.1, c=10.0, d=2.0)
    found = slower({"a": 2.5, "b": 0.9, "c": 14.0, "d": 4.1, "e": 99.0}, digest)
    assert [(test.name, test.seconds, test.base_seconds) for test in found] == [
        ("d", 4.1, 2.0), ("a", 2.5, 1.0),
    ]  # fmt: skip
    assert slower({"a": 2.5}, None) == []


def test_a_slower_runner_makes_no_slow_tests() -> None:
    digest = base(**{f"t{n}": 1.0 + n for n in range(20)})
    everything = {name: taken * 2.2 for name, taken in digest.seconds.items()}
    assert slower(everything, digest) == []
    assert [test.name for test in slower(everything | {"t3": 40.0}, digest)] == ["t3"]


def test_what_the_other_tests_vary_by_chance_is_noise() -> None:
    digest = base(**{f"t{n}": 4.0 for n in range(30)})
    shaky = {f"t{n}": 4.0 * (0.5, 0.8, 1.0, 1.25, 2.0)[n % 5] for n in range(30)}
    assert noise(shaky, digest.seconds).deviation > 0.3
    assert slower(shaky | {"t1": 10.0}, digest) == []
    assert [test.name for test in slower(shaky | {"t1": 30.0}, digest)] == ["t1"]
