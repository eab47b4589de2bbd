"""The collector: exact counts, bounded memory, files that come in parts."""

from __future__ import annotations

from qe_action.analysis.collect import Collector, count, detail
from qe_action.reports.bounds import MAX_STATEMENTS
from qe_action.reports.combine import absorb
from qe_action.reports.model import Branch, FileLines, Function


def file(path: str, text: str) -> FileLines:
    """A file of one digit a line: its hits; anything else is no statement."""
    return FileLines(path, {n: int(c) for n, c in enumerate(text, 1) if c.isdigit()})


def collector(
    changed: frozenset[str] = frozenset(), worst: int | None = 2, left_out: str = ""
) -> Collector:
    return Collector(
        lambda file: None if file.path == left_out else file.path,
        changed=changed,
        shown=lambda path: not path.startswith("test"),
        worst=worst,
    )


def test_counts_of_a_file_and_their_sum() -> None:
    one = file("a.py", "10 5")
    one.branches = {1: Branch(1, 2, ("4",))}
    one.functions = [Function("f", 1, 2, True), Function("g", 4, 4, False)]
    assert count(one) == (3, 2, 2, 1, 2, 1)
    collected = collector()
    collected.add(one)
    collected.add(file("b.py", "00"))
    assert collected.files.totals() == (5, 2, 2, 1, 2, 1)
    assert collector().files.totals() == (0, 0, 0, 0, 0, 0)


def test_only_changed_files_and_the_worst_others_keep_their_lines() -> None:
    collected = collector(changed=frozenset({"c.py"}))
    for path, text in {
        "a.py": "01",
        "c.py": "11",
        "b.py": "0001",
        "full.py": "11",
        "test_a.py": "00000",
        "d.py": "001",
    }.items():
        collected.add(file(path, text))
    assert set(collected.details) == {"b.py", "d.py", "c.py"}
    assert set(collected.files) == {"a.py", "b.py", "c.py", "d.py", "full.py", "test_a.py"}


def test_all_files_with_gaps_keep_their_lines_when_asked_for() -> None:
    collected = collector(worst=None)
    for path, text in {"a.py": "01", "full.py": "11", "b.py": "00", "test_a.py": "0"}.items():
        collected.add(file(path, text))
    assert set(collected.details) == {"a.py", "b.py"}


def test_files_left_out_do_not_count() -> None:
    collected = collector(left_out="a.py")
    collected.add(file("a.py", "00"))
    assert not collected.files


def test_a_file_that_recurs_is_merged_in_a_second_pass() -> None:
    stretches = [file("a.py", "0101"), file("b.py", "0"), file("a.py", "1 005")]
    collected = collector()
    for stretch in stretches:
        collected.add(stretch)
    assert collected.recurring == {"a.py"}
    parts = collected.parts({"a.py"})
    for stretch in stretches:
        parts.add(stretch)
    collected.add_merged(parts)
    assert collected.files["a.py"][:2] == (5, 4)
    assert bytes(collected.details["a.py"].covered) == bytes([1, 1, 0, 1, 1])
    assert collected.files["b.py"][:2] == (1, 0)


def test_detail_is_in_line_order_whatever_the_report_s_order() -> None:
    kept = detail(FileLines("x", {9: 0, 2: 3}), "a.py")
    assert (kept.path, list(kept.lines), kept.covered) == ("a.py", [2, 9], b"\x01\x00")
    assert not kept.untouched
    assert detail(file("x", "00"), "x").untouched
    assert not detail(file("x", ""), "x").untouched


def test_lines_are_kept_until_there_is_no_more_room() -> None:
    """What a report may hold at most is bounded by bytes, and what is left out is named."""
    collected = Collector(
        lambda file: file.path, changed={"a", "b"}, shown=lambda _: True, worst=5, room=250
    )
    for path in ("a", "b", "c"):
        collected.add(file(path, "01" * 20))
    assert (set(collected.details), collected.unkept) == ({"a"}, {"b", "c"})
    assert len(collected.files) == 3


def test_sections_together_hold_no_more_statements_than_a_file_can_have() -> None:
    into = FileLines("a", dict.fromkeys(range(1, MAX_STATEMENTS + 1), 1))
    absorb(into, FileLines("a", {MAX_STATEMENTS: 3, MAX_STATEMENTS + 1: 1, MAX_STATEMENTS + 2: 1}))
    assert len(into.hits) == MAX_STATEMENTS
    assert (into.hits[MAX_STATEMENTS], into.unreadable) == (3, 2)
