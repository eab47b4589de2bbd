"""What is held of reports that are large where real ones are small: counted, and said."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

import pytest
from parsing import feed

from qe_action.analysis.collect import MAX_NAMES, Collector
from qe_action.analysis.foreign_names import ForeignNames
from qe_action.analysis.path_bases import Bases, Tree
from qe_action.analysis.path_guesses import ELSEWHERE, Jury
from qe_action.analysis.path_narrowing import Named
from qe_action.analysis.paths import Parts, PathIndex
from qe_action.analysis.recurring_files import MAX_HELD
from qe_action.reports.bounds import (
    FEW,
    MAX_EXACT,
    MAX_FILE_NAME,
    MAX_LINE,
    MAX_ROOM,
    MAX_SOURCES,
    MAX_WEIGHT,
)
from qe_action.reports.cobertura import CoberturaParser
from qe_action.reports.combine import absorb
from qe_action.reports.coverage_json import files_from_json
from qe_action.reports.defects import Defects
from qe_action.reports.elements import enter_branch, take_lines
from qe_action.reports.jacoco import JacocoParser
from qe_action.reports.lcov import LcovParser
from qe_action.reports.lcov_records import MAX_BYTES
from qe_action.reports.model import Branch, FileLines, Part
from qe_action.reports.xml_parser import MAX_DOCTYPE
from qe_action.reports.xml_parser import MAX_NAMES as MAX_XML_NAMES

OPENED = '<coverage><packages><package><classes><class filename="a.py"><lines>'


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
    enter_branch(into, 1, Branch(0, 2, ("2", "3")))
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


def test_parts_that_are_held_count_with_their_branches() -> None:
    parts = Collector(lambda file: file.path, changed=(), shown=lambda _: True, worst=None).parts(
        {f"{n}" for n in range(9)}
    )
    lines = range(1, 1 + MAX_HELD // 6)
    for n in range(4):
        hits, branches = dict.fromkeys(lines, 1), dict.fromkeys(lines, Branch(0, 2))
        parts.add(FileLines(f"{n}", hits, branches))
    parts.add(FileLines("0", {MAX_LINE: 1}))
    assert (len(parts.files["0"].hits), parts.files["0"].unreadable) == (len(lines), 1)


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
