"""The LCOV parser, on the dialects tools write and on what nobody should."""

from __future__ import annotations

import codecs
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from merging import merge
from parsing import feed

from qe_action.errors import ReportError
from qe_action.reports.bounds import MAX_WEIGHT
from qe_action.reports.cobertura import CoberturaParser
from qe_action.reports.lcov import MAX_RECORD, LcovParser
from qe_action.reports.lcov_records import MAX_RECORDS
from qe_action.reports.model import Branch, FileLines, Function

PROGRAM = """\
def greet(name):
    if name:
        return name
    return "you"


def leave():
    for _ in range(2):
        if _ > 5:
            break


def unused(x):
    if x:
        print(x)


greet("me")
leave()
"""


def read(report: str | bytes, size: int = 1 << 20) -> list[FileLines]:
    """The files of a report given in chunks of `size` bytes."""
    files, error = read_to_failure(report.encode() if isinstance(report, str) else report, size)
    if error is not None:
        raise error
    return files


def read_to_failure(data: bytes, size: int = 1 << 20) -> tuple[list[FileLines], ReportError | None]:
    """The files given before the report fails, and how it fails."""
    return feed(LcovParser(), data, size)


def section(*records: str, path: str = "a.c") -> str:
    return "\n".join((f"SF:{path}", *records, "end_of_record", ""))


def only(*records: str) -> FileLines:
    (file,) = read(section(*records))
    return file


def skipped(*records: str) -> int:
    parser = LcovParser()
    parser.feed(section(*records).encode())
    return parser.defects.unreadable


def ways(file: FileLines) -> dict[int, tuple[int, int, set[str]]]:
    """The branches without the order in which a report names what was missed."""
    return {line: (b.covered, b.total, set(b.missing)) for line, b in file.branches.items()}


# What tools write


def test_lines_branches_and_functions_of_a_file() -> None:
    """The sums at the end are not believed."""
    report = "TN:unit\n" + section(
        "VER:1",
        "FN:3,7,add",
        "FNDA:4,add",
        "FNF:9",
        "FNH:9",
        "BRDA:5,0,0,4",
        "BRDA:5,0,1,0",
        "BRF:70",
        "BRH:70",
        "DA:3,4",
        "DA:5,4,nVYbVvTgUcd4ZJc5uVzBMQ",
        "DA:6,0",
        "LF:90",
        "LH:90",
        "MCDC:5,2,t,1,0,x",
        "SOMETHING:new",
        path="src/a.c",
    )
    assert read(report) == [
        FileLines(
            "src/a.c",
            {3: 4, 5: 4, 6: 0},
            {5: Branch(1, 2, ("branch 1 of block 0",))},
            [Function("add", 3, 7, True)],
        )
    ]


def test_the_lcov_of_a_real_run_tells_the_same_as_its_xml(tmp_path: Path) -> None:
    """Branches have the names they have in coverage.py's other reports, so that both merge."""
    (tmp_path / "m.py").write_text(PROGRAM)
    (tmp_path / ".coveragerc").write_text("[run]\nbranch = true\nrelative_files = true\n")
    for command in ("run m.py", "xml -q", "lcov -q"):
        subprocess.run(
            [sys.executable, "-m", "coverage", *command.split()], cwd=tmp_path, check=True
        )
    (from_lcov,) = read((tmp_path / "coverage.lcov").read_bytes())
    (from_xml,), _ = feed(CoberturaParser(), (tmp_path / "coverage.xml").read_bytes())
    assert from_lcov.hits == from_xml.hits
    assert from_lcov.functions == [
        Function("greet", 1, 4, True),
        Function("leave", 7, 10, True),
        Function("unused", 13, 15, False),
    ]
    assert ways(from_lcov) == ways(from_xml) == ways(merge(from_lcov, from_xml))
    assert ways(from_lcov)[14] == (0, 2, {"15", "exit"})


def test_sections_of_one_file_come_out_as_often() -> None:
    """One for each test name; the caller merges them."""
    report = "TN:a\n" + section("DA:1,0") + "TN:b\n" + section("DA:1,2")
    assert [(file.path, file.hits) for file in read(report)] == [("a.c", {1: 0}), ("a.c", {1: 2})]


@pytest.mark.parametrize("end", ["\n", "\r\n", "  \n", "\n\n", "\n# a comment: DA:7,7\n"])
def test_line_ends_blank_lines_and_comments(end: str) -> None:
    report = section("DA:1,1", "DA:2,0", path="src/ä b.c").replace("\n", end)
    assert read(report) == [FileLines("src/ä b.c", {1: 1, 2: 0})]


def test_the_last_line_needs_no_end() -> None:
    assert read(section("DA:1,1").rstrip()) == [FileLines("a.c", {1: 1})]


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks(encoding: str, size: int) -> None:
    """Shells of Windows redirect into UTF-16."""
    data = section("DA:1,1", path="ä€.c").encode(encoding)
    assert data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    assert read(data, size) == [FileLines("ä€.c", {1: 1})]


def test_bytes_that_are_not_utf_8_are_read_as_latin_1() -> None:
    (file,) = read(section("FN:1,ä", "FNDA:1,ä", "DA:1,1", path="ä.c").encode("latin-1"))
    assert (file.path, file.functions) == ("ä.c", [Function("ä", 1, 1, True)])


def test_backslashes_become_slashes() -> None:
    assert read(section(path=r"C:\src\a.c")) == [FileLines("C:/src/a.c")]


@pytest.mark.parametrize("path", ["", "x" * 5000, "/".join("x" * 300), "a\0b"])
def test_a_path_that_no_file_can_have_is_left_out_with_its_lines(path: str) -> None:
    report = section("DA:1,x", "DA:2,1", path=path) + section("DA:3,1")
    assert read(report) == [FileLines("a.c", {3: 1})]


# Lines


def test_a_line_given_twice_has_the_higher_hits() -> None:
    assert only("DA:1,0", "DA:1,7", "DA:1,3").hits == {1: 7}


@pytest.mark.parametrize(
    ("written", "hits"),
    [
        ("0", 0),
        ("-4", 0),
        ("-0", 0),
        ("3.0", 3),
        ("0.25", 1),
        ("1e3", 1000),
        ("#####", 0),
        ("=====", 0),
        ("1e400", 2**63),
        ("18446744073709551615", 2**63),
        ("9" * 6000, 2**63),
        ("4,checksum,more", 4),
        (" 5 ", 5),
    ],
)
def test_hits_as_they_are_written(written: str, hits: int) -> None:
    """Negative ones are an overflown counter's; the marks are gcov's for a line not run."""
    assert only(f"DA:1,{written}").hits == {1: hits}
    assert skipped(f"DA:1,{written}") == 0


@pytest.mark.parametrize(
    "record",
    [
        "1,",
        "1",
        "",
        "1,-",
        "1,many",
        "1,nan",
        "1,inf",
        "1,1_0",
        "1,0x1",
        "0,1",
        "-1,1",
        "x,1",
        "1.5,1",
        "10000001,1",
        "٣,1",
        "1,٣",
        "1 2,3",
    ],
)
def test_a_line_that_makes_no_sense_is_skipped_and_counted(record: str) -> None:
    assert only(f"DA:{record}", "DA:2,1").hits == {2: 1}
    assert skipped(f"DA:{record}", "DA:2,1") == 1


# Branches


def test_each_way_out_of_a_line_is_a_branch() -> None:
    """A dash says that the line was never run. Ways given twice are one, taken if ever taken."""
    file = only(
        "BRDA:4,0,0,-",
        "BRDA:4,0,1,0",
        "BRDA:4,1,0,3",
        "BRDA:4,0,1,2",
        "BRDA:4,0,0,-",
        "BRDA:9,0,0,1",
    )
    assert file.branches == {4: Branch(2, 3, ("branch 0 of block 0",)), 9: Branch(1, 1)}


@pytest.mark.parametrize(
    ("way", "name"),
    [
        ("0,1", "branch 1 of block 0"),
        ("e7,1", "branch 1 of block 7"),
        ("f7,1", "branch 1 of block 7"),
        ("0,!enable", "!enable"),
        ("2,a && f(b, c)", "a && f(b, c) of block 2"),
        ("0,jump to line 15", "15"),
        ("0,jump to the function exit", "exit"),
        ("0,return from function 'f'", "exit"),
    ],
)
def test_a_missing_branch_has_the_name_of_the_report(way: str, name: str) -> None:
    assert only(f"BRDA:4,{way},0").branches == {4: Branch(0, 1, (name,))}


@pytest.mark.parametrize(
    "text", ["@org/team", "[x](y)", "<b>", "`x`", "a|b*c*", "x" * 81, "a\x1bc"]
)
def test_what_could_be_markup_or_a_mention_names_no_branch(text: str) -> None:
    assert only(f"BRDA:4,0,{text},0", "BRDA:4,0,9,0").branches == {
        4: Branch(0, 2, ("branch 9 of block 0",))
    }


def test_unreachable_branches_are_not_counted() -> None:
    assert only("BRDA:4,U0,0,0", "BRDA:4,eU0,1,-", "BRDA:4,0,2,1").branches == {4: Branch(1, 1)}


@pytest.mark.parametrize("record", ["4", "", "0,0,0,1", "4,0,,1", "4,0"])
def test_a_branch_of_no_line_or_name_is_skipped_and_counted(record: str) -> None:
    assert only(f"BRDA:{record}", "DA:4,1") == FileLines("a.c", {4: 1})
    assert skipped(f"BRDA:{record}") == 1


@pytest.mark.parametrize("count", [",NaN", ",x", ",", "", ",0x1", ",inf", ",1_0", ",٣"])
def test_a_branch_whose_count_makes_no_sense_counts_as_not_taken(count: str) -> None:
    """Left out, the line would look as if all its ways were taken."""
    parser = LcovParser()
    records = ("DA:4,1", "BRDA:4,0,0,4", f"BRDA:4,0,1{count}")
    (file,) = parser.feed(section(*records).encode()) + parser.close()
    assert file.branches == {4: Branch(1, 2, ("branch 1 of block 0",))}
    assert (file.unreadable, parser.defects.unreadable) == (1, 1)
    assert list(parser.defects.notes("lcov.info")) == [
        "Of lcov.info 1 branch count can't be read: what it hides counts as not taken, "
        f"for example BRDA:4,0,1{count} (a.c)."
    ]


def test_runs_that_took_different_branches_together_took_all() -> None:
    """The numbers name them, so that what is missing is known exactly."""
    one, other = only("BRDA:4,0,0,1", "BRDA:4,0,1,0"), only("BRDA:4,0,0,0", "BRDA:4,0,1,1")
    assert merge(one, other).branches == {4: Branch(2, 2)}


def test_sections_that_list_different_ways_of_a_line_are_united_way_by_way() -> None:
    one = only("BRDA:4,0,0,1", "BRDA:4,0,1,0", "BRDA:4,0,2,-")
    other = only("BRDA:4,0,0,0", "BRDA:4,0,1,3")
    assert merge(one, other).branches == {4: Branch(2, 3, ("branch 2 of block 0",))}
    assert merge(other, one) == merge(one, other)


def test_ways_are_told_by_words_that_are_no_names_too() -> None:
    """Expressions as ids; those too long to keep are told by a digest."""
    for text in ("x[0] == 0", "<b>@you</b>", "y" * 5000):
        one = only(f"BRDA:4,0,{text},1", f"BRDA:4,0,!{text},0")
        other = only(f"BRDA:4,0,{text},0", f"BRDA:4,0,!{text},2")
        assert merge(one, other).branches == {4: Branch(2, 2)}
        assert merge(one, one).branches[4][:2] == (1, 2)


def test_a_way_is_the_same_with_the_mark_of_an_exception_and_without() -> None:
    one, other = only("BRDA:3,0,0,1", "BRDA:3,e0,1,0"), only("BRDA:3,0,1,2", "BRDA:3,e1,0,0")
    assert merge(one, other).branches == {3: Branch(2, 3, ("branch 0 of block 1",))}


def test_conditions_of_mc_dc_are_no_branches() -> None:
    file = only("DA:3,1", "MCDC:3,2,t,1,0,a", "MCDC:3,2,f,0,0,a", "MCF:2", "MCH:1", "BRDA:3,0,0,1")
    assert file.branches == {3: Branch(1, 1)}
    assert skipped("MCDC:3,2,t,x") == 0


_taken = st.dictionaries(
    st.tuples(st.integers(0, 2), st.sampled_from(["0", "1", "a && b", "x[0] == 0"])),
    st.booleans(),
    max_size=6,
)


@given(st.lists(_taken, min_size=1, max_size=4), st.randoms())
@settings(deadline=None)
def test_ways_unite_in_any_order(sections: list[dict[tuple[int, str], bool]], order: Any) -> None:
    """A way was taken if any section took it, and there if any lists it."""
    files = [
        only("DA:1,1", *(f"BRDA:1,{b},{way},{int(t)}" for (b, way), t in ways.items()))
        for ways in sections
    ]
    order.shuffle(files)
    united = files[0]
    for file in files[1:]:
        united = merge(united, file)
    every = {way for ways in sections for way in ways}
    taken = {way for ways in sections for way, was in ways.items() if was}
    found = united.branches.get(1, Branch(0, 0))
    assert (found.covered, found.total) == (len(taken), len(every))


# Functions


def test_functions_of_lcov_2_with_several_names() -> None:
    """One function with the shortest of its names, called if any of them was."""
    file = only(
        "FNL:0,3,9", "FNA:0,0,foo<int, long>()", "FNA:0,2,foo<int>()", "FNL:1,12,14", "FNA:1,0,bar"
    )
    assert [each[:4] for each in file.functions] == [
        ("foo<int>()", 3, 9, True),
        ("bar", 12, 14, False),
    ]


def test_a_function_is_one_whichever_of_its_names_a_section_has() -> None:
    one = only("FNL:0,3,9", "FNA:0,0,foo<int, long>()", "FNL:1,12", "FNA:1,0,bar")
    other = only("FNL:7,3,9", "FNA:7,2,foo<int>()", "FNL:8,12", "FNA:8,0,bar")
    assert [each[:4] for each in merge(one, other).functions] == [
        ("foo<int>()", 3, 9, True),
        ("bar", 12, 12, False),
    ]


def test_names_with_commas_and_calls_before_the_function() -> None:
    file = only(
        "FNDA:2,f(int, int)", "FN:3,f(int, int)", "FN:8,9,g(int, int)", "FNDA:0,g(int, int)"
    )
    assert file.functions == [
        Function("f(int, int)", 3, 3, True),
        Function("g(int, int)", 8, 9, False),
    ]


def test_a_function_of_unknown_end_that_was_never_called_reaches_over_the_missed_lines() -> None:
    """To the next line that was run or the next function."""
    lines = [f"DA:{line},{int(line in (3, 20, 31))}" for line in (3, 4, 5, 9, 10, 20, 21, 31, 40)]
    file = only(
        *lines,
        "FN:3,a",
        "FN:8,b",
        "FN:21,c",
        "FN:40,d",
        "FN:50,e",
        *map("FNDA:0,{}".format, "abcde"),
    )
    assert [(f.name, f.start, f.end) for f in file.functions] == [
        ("a", 3, 5),
        ("b", 8, 10),
        ("c", 21, 21),
        ("d", 40, 40),
        ("e", 50, 50),
    ]


def test_of_a_called_function_of_unknown_end_only_the_first_line_is_claimed() -> None:
    assert only("FN:3,a", "FNDA:1,a", "DA:3,1", "DA:4,0").functions == [Function("a", 3, 3, True)]


def test_a_function_without_calls_is_judged_by_its_lines() -> None:
    file = only("FN:3,5,a", "FN:7,9,b", "FN:12,c", "DA:4,0", "DA:5,1", "DA:8,0", "DA:12,1")
    assert [(f.name, f.covered) for f in file.functions] == [("a", True), ("b", False), ("c", True)]


@pytest.mark.parametrize(
    "record",
    ["FN:x,f", "FN:0,f", "FN:3,", "FN:", "FNL:0", "FNL:0,0", "FNA:0,1,f", "FNDA:1,f", "FNDA:"],
)
def test_a_function_that_makes_no_sense_is_left_out(record: str) -> None:
    assert only(record, "DA:1,1") == FileLines("a.c", {1: 1})


def test_an_end_before_the_start_is_no_end_and_long_names_are_cut() -> None:
    file = only("FN:3,2," + "f" * 5000, "DA:3,0", "DA:4,0")
    assert file.functions == [Function("f" * 200, 3, 4, False)]


# What must be refused


@pytest.mark.parametrize("data", [b"", b"\n\r\n \n", codecs.BOM_UTF8])
def test_an_empty_report(data: bytes) -> None:
    assert "is empty" in refusal(data).message


def refusal(data: bytes) -> ReportError:
    """The error of a report that must not be read."""
    with pytest.raises(ReportError) as caught:
        read(data)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    "data", [b"hello\n", b"# only this\n", b"\0\xff\xfe" * 99, b"end_of_record\n"]
)
def test_what_names_no_file_is_not_lcov(data: bytes) -> None:
    assert "is not LCOV" in refusal(data).message


def test_a_report_without_files() -> None:
    assert read("TN:\n") == []


@pytest.mark.parametrize("kind", ["DA", "BRDA", "FN", "FNDA", "FNL", "FNA"])
def test_records_before_any_file_are_refused(kind: str) -> None:
    data = f"{section('DA:1,1')}\n{kind}:1,1\nend_of_record\n".encode()
    files, error = read_to_failure(data)
    assert files == [FileLines("a.c", {1: 1})]
    assert error is not None
    assert f"line 5: `{kind}` stands before any `SF`" in error.message


def test_a_truncated_report_names_the_file_and_keeps_those_before() -> None:
    """The error waits for the next call, and stays."""
    parser = LcovParser()
    data = (section("DA:1,1") + section("DA:1,1", path="b.c")).encode()
    assert parser.feed(data[:-9]) == [FileLines("a.c", {1: 1})]
    for _ in range(2):
        with pytest.raises(ReportError, match=r"too early, at line 6: 'b\.c' has no `end_of_rec"):
            parser.close()


def test_a_file_that_does_not_end_before_the_next_is_refused() -> None:
    data = b"SF:a.c\nDA:1,1\nSF:b.c\nDA:1,1\nend_of_record\n"
    assert "line 3: another file begins, but 'a.c' has no" in refusal(data).message


def test_files_complete_before_a_defect_come_first_even_from_one_chunk() -> None:
    parser = LcovParser()
    assert parser.feed((section() + "DA:1,1\n" + section()).encode()) == [FileLines("a.c")]
    with pytest.raises(ReportError, match="before any `SF`"):
        parser.feed(b"")
    with pytest.raises(ReportError, match="before any `SF`"):
        parser.close()


@pytest.mark.parametrize("size", [4096, 1 << 22])
@pytest.mark.parametrize("end", [b"", b"\nDA:1,1\nend_of_record\n"])
def test_a_line_without_end_is_refused(size: int, end: bytes) -> None:
    data = section().encode() + b"SF:" + b"x" * 2 * MAX_RECORD + end
    files, error = read_to_failure(data, size)
    assert files == [FileLines("a.c")]
    assert error is not None
    assert "line 3 is longer than 1 MB" in error.message


@pytest.mark.slow
def test_a_file_of_a_million_lines_is_read() -> None:
    assert len(only(*(f"DA:{n},0" for n in range(1, 1_000_001))).hits) == 1_000_000


def test_many_functions_over_many_lines_take_no_time() -> None:
    """Each is placed by bisection: 20,000 functions of 20,000 lines would be 400 million steps."""
    functions = [f"FN:{n},{20_000},f{n}" for n in range(1, 20_001)]
    functions += [record for n in range(1, 20_001) for record in (f"FN:{n},g{n}", f"FNDA:0,g{n}")]
    file = only(*(f"DA:{n},0" for n in range(1, 20_001)), *functions)
    assert len(file.functions) == 40_000


def test_ways_and_functions_beyond_all_reason_are_left_out_and_said() -> None:
    parser = LcovParser()
    records = [f"BRDA:{n},0,0,1" for n in range(1, MAX_WEIGHT + 11)]
    records += [f"FN:{n},f{n}" for n in range(1, MAX_RECORDS + 6)]
    (file,) = parser.feed(section(*records).encode())
    assert (len(file.branches), file.unreadable) == (MAX_WEIGHT, 10)
    ways, functions = sorted(parser.defects.notes("x"))
    assert ways.startswith("Of x 10 branches are left out")
    assert functions.startswith("Of x 5 functions are left out")


# Properties

_numbers = st.sampled_from(["0", "1", "2", "17", "-", "x", "=====", "2.0", ""])
_records = st.one_of(
    st.builds("DA:{},{}".format, _numbers, _numbers),
    st.builds("BRDA:{},{},{},{}".format, _numbers, _numbers, _numbers, _numbers),
    st.builds("{}:{},{}".format, st.sampled_from(["FN", "FNDA", "FNL"]), _numbers, _numbers),
    st.builds(
        "{}:{},{},{}".format, st.sampled_from(["FN", "FNL", "FNA"]), _numbers, _numbers, _numbers
    ),
    st.sampled_from(["TN:ü", "# c", "", "LF:3"]),
)
_sections = st.builds(
    lambda records, path: section(*records, path=path),
    st.lists(_records, max_size=8),
    st.sampled_from(["a.c", "ü.c", "", "c\\d"]),
)
_reports = st.builds(
    lambda parts, newline: ("TN:\n" + "".join(parts)).replace("\n", newline).encode(),
    st.lists(_sections, max_size=5),
    st.sampled_from(["\n", "\r\n"]),
)


@given(_reports, st.integers(1, 60), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
@settings(deadline=None)
def test_chunks_make_no_difference(data: bytes, size: int, encoding: str) -> None:
    assert read(data.decode().encode(encoding), size) == read(data)


@given(_reports, st.data())
@settings(deadline=None)
def test_a_truncated_report_only_ever_raises_report_error(data: bytes, draw: st.DataObject) -> None:
    """And what it gave before is the beginning of what the whole gives."""
    cut = draw.draw(st.integers(0, len(data)))
    files, error = read_to_failure(data[:cut], draw.draw(st.integers(1, 100)))
    assert files == read(data)[: len(files)]
    if error is None:
        assert data[:cut].count(b"SF:") == data[:cut].count(b"end_of_record")


@given(_reports, st.integers(0, 200), st.binary(max_size=8), st.integers(1, 300))
@settings(max_examples=200, deadline=None)
def test_a_corrupted_report_is_read_or_refused(
    data: bytes, at: int, noise: bytes, size: int
) -> None:
    """No other exception, in one chunk or many the same, and only valid lines come out."""
    corrupt = data[:at] + noise + data[at + len(noise) :]
    files, error = read_to_failure(corrupt)
    parts, same = read_to_failure(corrupt, size)
    assert files == parts
    assert str(error) == str(same)
    for file in files:
        assert all(line > 0 <= hits for line, hits in file.hits.items())
        assert all(f.start <= f.end for f in file.functions)
        assert all(b.covered + len(b.missing) <= b.total for b in file.branches.values())
