"""What is held of reports that are large where real ones are small: counted, and said."""

from __future__ import annotations

import copy
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hostile_reports
import pytest
from hypothesis import given
from hypothesis import strategies as st
from parsing import feed

from qe_action.analysis.collect import MAX_NAMES, Collector
from qe_action.analysis.foreign_names import ForeignNames
from qe_action.analysis.path_bases import Bases, Tree
from qe_action.analysis.path_guesses import ELSEWHERE, Jury
from qe_action.analysis.path_narrowing import Named
from qe_action.analysis.paths import Parts, PathIndex
from qe_action.analysis.recurring_files import MAX_HELD
from qe_action.reports import detect
from qe_action.reports.bounds import (
    FEW,
    MAX_EXACT,
    MAX_FILE_NAME,
    MAX_FUNCTIONS,
    MAX_LINE,
    MAX_ROOM,
    MAX_SOURCES,
    MAX_STATEMENTS,
    MAX_WEIGHT,
)
from qe_action.reports.cobertura import CoberturaParser
from qe_action.reports.combine import absorb
from qe_action.reports.coverage_json import files_from_json
from qe_action.reports.defects import Defects
from qe_action.reports.elements import MAX_CONDITIONS, enter_branch, take_lines
from qe_action.reports.jacoco import JacocoParser
from qe_action.reports.lcov import LcovParser
from qe_action.reports.lcov_records import MAX_BYTES
from qe_action.reports.model import Branch, FileLines, Function, Part, Ways
from qe_action.reports.packed_lines import PackedLines
from qe_action.reports.sniff import HEAD
from qe_action.reports.xml_guard import MAX_DOCTYPE
from qe_action.reports.xml_guard import MAX_NAMES as MAX_XML_NAMES

OPENED = '<coverage><packages><package><classes><class filename="a.py"><lines>'
CLOSED = "</classes></package></packages></coverage>"


@pytest.mark.parametrize("element", ["<e{}/>", '<line a{}=""/>', '<class b{}=""/>'])
def test_xml_of_ever_new_names_is_refused(element: str) -> None:
    """Expat keeps every name to the end: 200 MB of them took several GB."""
    names = "".join(map(element.format, range(MAX_XML_NAMES + 1)))
    _, error = feed(CoberturaParser(), (OPENED + names).encode())
    assert error is not None
    assert "more than 1,000 names" in error.message


def test_a_document_type_without_end_is_refused() -> None:
    declared = '<!ATTLIST line a CDATA "x">' * (MAX_DOCTYPE // 20)
    parser = CoberturaParser()
    _, error = feed(parser, f"<!DOCTYPE coverage [{declared}]><coverage/>".encode(), 1 << 16)
    assert error is not None
    assert "its document type is longer than 1 MB" in error.message


def test_sources_beyond_those_kept_are_not_looked_up() -> None:
    class Sources(list[str]):
        looked_up = 0

        def __contains__(self, source: object) -> bool:
            self.looked_up += 1
            return super().__contains__(source)

    parser = CoberturaParser()
    parser.sources = sources = Sources()
    listed = "".join(f"<source>/b/{n}</source>" for n in range(3 * MAX_SOURCES))
    feed(parser, f"<coverage><sources>{listed}</sources></coverage>".encode())
    assert (len(sources), sources.looked_up) == (MAX_SOURCES, MAX_SOURCES)


def test_branches_of_too_many_lines_are_left_out_and_said() -> None:
    into, defects = FileLines("a"), Defects()
    rows = [
        ["number", str(n), "hits", "1", "condition-coverage", "0% (0/2)"]
        for n in range(1, MAX_WEIGHT + 4)
    ]
    take_lines(rows, into, defects)
    assert (len(into.hits), len(into.branches)) == (MAX_WEIGHT + 3, MAX_WEIGHT)
    assert into.unreadable == 3
    (said,) = defects.notes("x")
    assert said.startswith("Of x 3 lines' branches are left out")


def test_names_of_branches_that_are_left_out_take_no_room_for_others() -> None:
    into = FileLines("a", weight=MAX_WEIGHT - 1)
    assert enter_branch(into, 1, Branch(0, 2, ("2", "3"))) == "names"
    assert (into.branches, into.weight) == ({1: Branch(0, 2)}, MAX_WEIGHT - 1)


def test_lines_of_methods_are_let_go_where_the_class_has_its_own() -> None:
    parser = CoberturaParser()
    method = '<method name="m"><lines><line number="1" hits="1"/></lines></method>'
    opened = OPENED.replace("<lines>", f"<methods>{method}</methods><lines>")
    parser.feed(f'{opened}<line number="7" hits="0"/><condition/>'.encode())
    assert parser._of_methods is None
    _, error = feed(parser, b"</lines></class></classes></package></packages></coverage>")
    assert error is None


def test_hits_are_exact_for_more_lines_than_real_files_have() -> None:
    """Beyond, only what a figure can depend on: whether the line ran."""
    records = "".join(f"DA:{n},{1000 + n}\n" for n in range(1, MAX_EXACT + 2))
    (file,) = LcovParser().feed(f"SF:a\n{records}DA:9999999,0\nend_of_record\n".encode())
    assert (file.hits[MAX_EXACT], file.hits[MAX_EXACT + 1]) == (1000 + MAX_EXACT, FEW)
    assert file.hits[9_999_999] == 0


def test_long_names_of_functions_take_no_more_than_their_room() -> None:
    name = "f" * MAX_BYTES
    number = MAX_ROOM // (2 * MAX_BYTES) + 100
    records = "".join(f"FN:1,{n:06}{name}\n" for n in range(number))
    parser = LcovParser()
    (file,) = parser.feed(f"SF:a\nDA:1,1\n{records}end_of_record\n".encode())
    (said,) = parser.defects.notes("x")
    assert "functions are left out" in said
    assert file.hits == {1: 1}


def test_lines_and_names_share_the_room_of_their_file() -> None:
    """Neither alone is too much."""
    number = MAX_ROOM // (2 * MAX_BYTES + 100)
    names = "".join(f"FN:1,{n:06}{'f' * MAX_BYTES}\n" for n in range(number))
    lines = "".join(f"DA:{n},1\n" for n in range(1, 50_001))
    parser = LcovParser()
    (file,) = parser.feed(f"SF:a\n{names}{lines}end_of_record\n".encode())
    lost = 50_000 - len(file.hits)
    assert 0 < lost == file.unreadable
    (said,) = parser.defects.notes("x")
    assert said.startswith(f"Of x {lost:,} records are left out, as their file has too many")


def test_nothing_holds_on_to_a_file_that_was_taken() -> None:
    """The next one may be as large."""
    files = [FileLines("a"), FileLines("b")]
    part = Part(1.0, list(files))
    taken = []
    for take in part.one_by_one():
        taken.append(take())
        assert part.files == files[len(taken) :][::-1]
    assert taken == files


def test_jacoco_keeps_no_name_that_no_file_can_have() -> None:
    parser = JacocoParser()
    classes = "".join(
        f'<class name="A" sourcefilename="{n}{"s" * MAX_FILE_NAME}"/>' for n in range(5)
    )
    parser.feed(f'<report name="r"><package name="p">{classes}<class sourcefilename="A"/>'.encode())
    parser.feed(b"<class/>")
    assert list(parser._methods) == ["A"]


def test_files_of_the_same_groups_share_their_name() -> None:
    source = (
        '<package name="p"><sourcefile name="{}.java"><line nr="1" ci="1"/></sourcefile></package>'
    )
    packages = "".join(map(source.format, range(5)))
    grouped = (
        f'<report name="r"><group name="a"><group name="b">{packages}</group></group></report>'
    )
    files, _ = feed(JacocoParser(), grouped.encode())
    assert [file.group for file in files] == ["a/b"] * 5
    assert len({id(file.group) for file in files}) == 1


def test_groups_and_packages_count_to_the_names_that_are_held() -> None:
    collector = Collector(lambda file: file.path, changed=(), shown=lambda _: True, worst=None)
    for n in range(9):
        collector.add(FileLines(f"{n}", group=f"{n}" * (MAX_NAMES // 8), package="p"))
    assert (len(collector.files), collector.beyond) == (8, 1)


def test_where_arcs_lead_is_a_line() -> None:
    """A number of any length would be held, and named."""
    arcs = [[1, 2], [1, -1], [1, 10**30], [2, MAX_LINE], [1, 2]]
    defects = Defects()
    entry = {"executed_lines": [1], "missing_branches": arcs, "executed_branches": [[1, 5]]}
    (file,) = files_from_json({"files": {"a.py": entry}}, defects=defects)
    assert file.branches == {
        1: Branch(1, 4, ("exit", "2")),
        2: Branch(0, 1, (str(MAX_LINE),)),
    }
    assert defects.unreadable == 1


def test_tests_are_kept_for_so_many_lines_of_a_file_and_no_more() -> None:
    lines = range(1, MAX_WEIGHT + 4)
    entry = {"executed_lines": list(lines), "contexts": {n: ["a::b"] for n in lines}}
    defects = Defects()
    (file,) = files_from_json({"files": {"a.py": entry}}, defects=defects)
    assert (len(file.hits), len(file.contexts)) == (MAX_WEIGHT + 3, MAX_WEIGHT)
    (said,) = defects.notes("x")
    assert said.startswith("Of x 3 lines name more tests than are kept")


def test_united_tests_of_many_lines_stay_one_object() -> None:
    into = FileLines("a", contexts=dict.fromkeys(range(1, 100), ("t::a",)))
    absorb(into, FileLines("a", contexts=dict.fromkeys(range(1, 100), ("t::b",))))
    assert set(into.contexts.values()) == {("t::a", "t::b")}
    assert len({id(tests) for tests in into.contexts.values()}) == 1


def test_parts_together_name_no_more_branches_than_one_file_may() -> None:
    into = FileLines("a")
    for part in range(6):
        names = tuple(f"{part}{n}" for n in range(100))
        lines = range(1 + 1000 * part, 501 + 1000 * part)
        absorb(into, FileLines("a", branches={n: Branch(0, 100, names) for n in lines}))
    assert len(into.branches) == 3000
    assert sum(len(branch.missing) for branch in into.branches.values()) == MAX_WEIGHT


def test_names_of_branches_that_come_later_count() -> None:
    """Each part is within its bounds; a line's later count may name what the first did not."""
    lines = range(1, 5001)
    into = FileLines("a", branches=dict.fromkeys(lines, Branch(0, 2)))
    names = tuple(f"{n}" for n in range(100))
    for part in range(0, 5000, 1000):
        of_part = dict.fromkeys(lines[part : part + 1000], Branch(0, 100, names))
        absorb(into, FileLines("a", branches=of_part, weight=100_000))
    assert all(branch.total == 100 for branch in into.branches.values())
    assert sum(len(branch.missing) for branch in into.branches.values()) == MAX_WEIGHT


def test_parts_that_are_held_count_with_their_branches() -> None:
    parts = Collector(lambda file: file.path, changed=(), shown=lambda _: True, worst=None).parts(
        {f"{n}" for n in range(9)}
    )
    lines = range(1, 1 + MAX_HELD // 6)
    for n in range(4):
        hits, branches = dict.fromkeys(lines, 1), dict.fromkeys(lines, Branch(0, 2))
        parts.add(FileLines(f"{n}", hits, branches))
    parts.add(FileLines("0", {MAX_LINE: 1}))
    whole = parts.take("0")
    assert (len(whole.hits), whole.unreadable) == (len(lines), 1)


@given(
    st.lists(st.dictionaries(st.integers(1, MAX_LINE), st.integers(0, 2))),
    st.lists(st.dictionaries(st.integers(1, 150), st.integers(0, 2))),
)
def test_packed_lines_are_those_that_were_entered(
    far: list[dict[int, int]], near: list[dict[int, int]]
) -> None:
    packed, plain = PackedLines(), dict[int, int]()
    for hits in (*far, *near):
        assert packed.add(hits, MAX_LINE) == []
        for line, count in hits.items():
            plain[line] = max(plain.get(line, 0), int(count > 0))
    assert list(packed.hits().items()) == sorted(plain.items())
    assert len(packed) == len(plain)


def test_packed_lines_are_no_more_than_may_be() -> None:
    packed = PackedLines()
    assert packed.add({1: 0, 2: 1, 3: 1, 4: 1}, 2) == [3, 4]
    assert packed.add({1: 1, 3: 1}, 2) == [3]
    assert packed.hits() == {1: 1, 2: 1}


def test_the_lines_of_a_part_that_waits_are_packed() -> None:
    """Two sections of a million lines would be held at once."""
    parts = Collector(lambda file: file.path, changed=(), shown=lambda _: True, worst=None).parts(
        {"a"}
    )
    sections = FileLines("a", {1: 7, 2: 0}), FileLines("a", {2: 3, 3: 0})
    for section in sections:
        parts.add(section)
        assert section.hits == {}
    assert parts.take("a").hits == {1: 1, 2: 1, 3: 0}


_FULL = dict.fromkeys(range(1, MAX_WEIGHT + 1), Branch(0, 2))
_WAYS: Ways = (("0,0", False), ("0,1", False))
_OTHERS: Ways = (("0,1", False), ("0,2", False))


@pytest.mark.parametrize(
    ("into", "other", "said", "unreadable"),
    [
        (
            {"hits": dict.fromkeys(range(1, MAX_STATEMENTS + 1), 1)},
            {"hits": {MAX_STATEMENTS: 1, MAX_STATEMENTS + 7: 1}},
            "line is left out, as no more than 1,000,000 statements of a file are read, "
            "for example line 1000007 (a).",
            1,
        ),
        (
            {"branches": _FULL},
            {"branches": {MAX_LINE: Branch(0, 2)}},
            "line's branches are left out, as those of no more than 250,000 of a file are read, "
            "for example line 10000000 (a).",
            1,
        ),
        (
            {"weight": MAX_WEIGHT},
            {"branches": {7: Branch(0, 2)}, "ways": {7: _WAYS}},
            "line's branches are left out, as those of no more than 250,000 of a file are read, "
            "for example line 7 (a).",
            1,
        ),
        (
            {"weight": MAX_WEIGHT, "branches": {7: Branch(0, 2)}, "ways": {7: _WAYS}},
            {"branches": {7: Branch(0, 2)}, "ways": {7: _OTHERS}},
            "branch is left out, as no more than 250,000 of a file are read, "
            "for example line 7 (a).",
            1,
        ),
        (
            {"weight": MAX_WEIGHT},
            {"branches": {7: Branch(0, 1, ("9",))}},
            "line has more branches not taken than are named, for example line 7 (a).",
            0,
        ),
        (
            {"weight": MAX_WEIGHT, "branches": {7: Branch(0, 1)}},
            {"branches": {7: Branch(0, 2, ("8", "9"))}},
            "line has more branches not taken than are named, for example line 7 (a).",
            0,
        ),
        (
            {"contexts": dict.fromkeys(_FULL, ("t::a",))},
            {"contexts": {MAX_LINE: ("t::a",)}},
            "line names more tests than are kept, for example line 10000000 (a).",
            0,
        ),
        (
            {"weight": MAX_WEIGHT, "contexts": {7: ("t::a",)}},
            {"contexts": {7: ("t::b",)}},
            "line names more tests than are kept, for example line 7 (a).",
            0,
        ),
        (
            {"functions": [Function(f"{n}", n, n, True) for n in range(2 * MAX_FUNCTIONS)]},
            {"functions": [Function("last", MAX_LINE, MAX_LINE, True)]},
            "functions are left out, as no more than 50,000 of a file are read, "
            "for example line 50000 (a) and line 50001 (a).",
            0,
        ),
    ],
)
def test_what_has_no_room_in_a_merged_file_is_said(
    into: dict[str, Any], other: dict[str, Any], said: str, unreadable: int
) -> None:
    merged, defects = FileLines("a", **copy.deepcopy(into)), Defects()
    absorb(merged, FileLines("a", **other), defects)
    (note,) = defects.notes("x")
    assert note.removeprefix("Of x ").partition(" ")[2] == said
    assert merged.unreadable == unreadable
    assert merged.weight == into.get("weight", 0)


def test_what_had_no_room_of_parts_is_told_with_their_collector() -> None:
    collector = Collector(lambda file: file.path, changed=(), shown=lambda _: True, worst=None)
    parts = collector.parts({"a"})
    lines = range(1, MAX_STATEMENTS + 1)
    parts.add(FileLines("a", dict.fromkeys(lines, 1)))
    parts.add(FileLines("a", {MAX_LINE: 1}))
    assert parts.take("a").unreadable == 1
    (note,) = collector.defects.notes("the merged files")
    assert note.startswith("Of the merged files 1 line is left out")


def test_parts_beyond_what_is_held_are_said() -> None:
    collector = Collector(lambda file: file.path, changed=(), shown=lambda _: True, worst=None)
    parts = collector.parts({"a", "b"})
    for name in ("a", "b"):
        parts.add(FileLines(name, dict.fromkeys(range(1, 2 + MAX_HELD // 2), 1)))
    parts.add(FileLines("a", {MAX_LINE: 1, MAX_LINE - 1: 1}, {MAX_LINE: Branch(0, 2)}))
    (note,) = collector.defects.notes("the merged files")
    assert note.startswith("Of the merged files 3 records are left out")


def test_conditions_that_are_not_named_are_said_once_a_line() -> None:
    conditions = "".join(
        f'<condition number="{n}" coverage="0%"/>' for n in range(MAX_CONDITIONS + 3)
    )
    line = f'<line number="1" hits="1" condition-coverage="0% (0/60)">{conditions}</line>'
    parser = CoberturaParser()
    (file,), error = feed(parser, f"{OPENED}{line}</lines></class>{CLOSED}".encode())
    assert (error, len(file.branches[1].missing)) == (None, MAX_CONDITIONS)
    (note,) = parser.defects.notes("x")
    assert note.startswith("Of x 1 line has more branches not taken than are named")


@pytest.mark.parametrize("name", sorted(hostile_reports.REPORTS))
def test_the_hostile_reports_of_the_benchmark_are_whole(name: str, tmp_path: Path) -> None:
    """One that is malformed at its end would not be merged, and take little."""
    path = hostile_reports.write(name, tmp_path, 150_000)
    content = path.read_bytes()
    parser = detect(content[:HEAD]).parser
    assert parser is not None
    _, error = feed(parser(), content)
    refused = ("cobertura_elements", "cobertura_attributes")
    assert error is None or (name in refused and "more than 1,000 names" in error.message)


def test_paths_elsewhere_are_heard_up_to_a_number() -> None:
    """A report of many sources and many paths gives one of each source and path."""
    heard = 0

    def paths() -> Iterator[Parts]:
        nonlocal heard
        for n in range(2 * ELSEWHERE):
            heard += 1
            yield ("b", f"{n}")

    Jury(Bases(Tree(PathIndex(())), None, ()), lambda _file, _lines: False, (), paths())
    assert heard == ELSEWHERE


def test_a_path_is_held_as_it_is_spelled() -> None:
    named = Named("a/../b//c.py", lines=array("I", [1]))
    assert named.path.parts == ("b", "c.py")
    assert "b" not in tuple(named)


def test_a_free_name_is_found_at_once() -> None:
    class Tracked(set[str]):
        asked = 0

        def __contains__(self, name: object) -> bool:
            self.asked += 1
            return super().__contains__(name)

    tracked = Tracked()
    names = ForeignNames(tracked)
    given = [
        names.name("a.c", group="", package=f"{n}", report=0, label="x.xml", source="")
        for n in range(200)
    ]
    assert given[:3] == ["a.c", "a.c (x.xml)", "a.c (x.xml, 2)"]
    assert len(set(given)) == 200
    assert tracked.asked < 3 * 200
