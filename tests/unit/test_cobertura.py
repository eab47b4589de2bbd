"""The Cobertura parser, on the dialects tools write and on what nobody should."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parsing import feed

from qe_action.errors import ReportError
from qe_action.reports.cobertura import CoberturaParser
from qe_action.reports.model import Branch, FileLines, Function

DOCTYPE = '<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">'


def read(report: str | bytes, size: int = 1 << 20) -> list[FileLines]:
    """The files of a report given in chunks of `size` bytes."""
    data = report.encode() if isinstance(report, str) else report
    parser = CoberturaParser()
    files = [file for at in range(0, len(data), size) for file in parser.feed(data[at : at + size])]
    return files + parser.close()


def read_to_failure(data: bytes, size: int = 1 << 20) -> tuple[list[FileLines], ReportError | None]:
    """The files given before the report fails, and how it fails."""
    return feed(CoberturaParser(), data, size)


def report(*classes: str, head: str = "") -> str:
    body = "".join(classes)
    return (
        f'<?xml version="1.0" ?>\n{head}<coverage line-rate="0.1"><sources><source>/app</source>'
        f"</sources><packages><package><classes>{body}</classes></package></packages></coverage>"
    )


def cls(filename: str, lines: str = "", methods: str = "", name: str = "") -> str:
    return (
        f'<class name="{name}" filename="{filename}"><methods>{methods}</methods>'
        f"<lines>{lines}</lines></class>"
    )


def line(number: object, hits: object = 1, more: str = "") -> str:
    return f'<line number="{number}" hits="{hits}" {more}/>'


def branch(number: int, covered: int, total: int, missing: str | None = None) -> str:
    names = "" if missing is None else f'missing-branches="{missing}"'
    return line(number, 1, f'branch="true" condition-coverage="9% ({covered}/{total})" {names}')


def method(name: str, lines: str) -> str:
    return f'<method name="{name}" signature="()V"><lines>{lines}</lines></method>'


def only(report: str | bytes) -> FileLines:
    (file,) = read(report)
    return file


# What tools write


def test_a_report_of_coverage_py_gives_lines_branches_and_sources() -> None:
    """Hits, missing branches by name, and the source root come out as written."""
    parser = CoberturaParser()
    text = report(cls("pkg/a.py", line(1) + line(2, 0) + branch(4, 1, 2, "15,exit")))
    files = parser.feed(text.encode()) + parser.close()
    assert files == [FileLines("pkg/a.py", {1: 1, 2: 0, 4: 1}, {4: Branch(1, 2, ("15", "exit"))})]
    assert parser.sources == ["/app"]
    assert parser.defects.unreadable == 0


def test_several_sources_and_an_empty_one() -> None:
    text = report(cls("a.py")).replace(
        "<source>/app</source>", "<source>\n C:\\x \n</source><source/><source>a&amp;b</source>"
    )
    parser = CoberturaParser()
    parser.feed(text.encode())
    assert parser.sources == ["C:\\x", "a&b"]


def test_a_doctype_with_an_address_is_accepted() -> None:
    assert only(report(cls("a.py", line(1)), head=DOCTYPE)).hits == {1: 1}


def test_backslashes_become_slashes() -> None:
    assert only(report(cls(r"src\Main\a.cs"))).path == "src/Main/a.cs"


def test_lines_keep_the_order_of_the_report() -> None:
    assert list(only(report(cls("a.c", line(9) + line(3) + line(5)))).hits) == [9, 3, 5]


def test_a_line_given_twice_has_the_higher_hits() -> None:
    assert only(report(cls("a.py", line(1, 0) + line(1, 7) + line(1, 3)))).hits == {1: 7}


def test_adjacent_classes_of_one_file_are_one_file_in_line_order() -> None:
    text = report(
        cls("a.cs", line(5, 0) + branch(9, 0, 2, "1,2")),
        cls("a.cs", line(2, 1) + line(5, 4) + branch(9, 1, 2, "2")),
    )
    assert only(text) == FileLines("a.cs", {2: 1, 5: 4, 9: 1}, {9: Branch(1, 2, ("2",))})
    assert list(only(text).hits) == [2, 5, 9]


def test_a_file_that_recurs_apart_comes_out_again() -> None:
    text = report(cls("a.cs", line(1)), cls("b.cs", line(1)), cls("a.cs", line(2)))
    assert [file.path for file in read(text)] == ["a.cs", "b.cs", "a.cs"]


def test_a_file_that_recurs_in_the_next_package_comes_out_again() -> None:
    """A file is given out when the list of classes it stands in ends."""
    text = report(cls("a.cs", line(1))).replace(
        "</package>",
        f"</package><package><classes>{cls('a.cs', line(2))}</classes></package>",
    )
    assert [file.hits for file in read(text)] == [{1: 1}, {2: 1}]


def test_lines_of_methods_count_only_where_the_class_has_no_others() -> None:
    """Decided class by class, not for the whole file or report."""
    methods = method("f", line(3, 2) + branch(4, 1, 2))
    assert only(report(cls("a.py", line(9), methods))).hits == {9: 1}
    alone = only(report(cls("a.py", "", methods)))
    assert (alone.hits, alone.branches) == ({3: 2, 4: 1}, {4: Branch(1, 2)})
    both = report(cls("a.py", line(9), methods), cls("a.py", "", method("g", line(20, 0))))
    assert only(both).hits == {9: 1, 20: 0}


def test_a_method_without_lines_does_not_swallow_those_of_the_class() -> None:
    text = report(cls("a.py", line(9), '<method name="f"/><method name="g"></method>'))
    assert only(text) == FileLines("a.py", {9: 1})


def test_methods_with_lines_are_functions() -> None:
    """Name with its class, first and last line, and whether any line was hit."""
    methods = method(".ctor", line(3, 2) + line(7, 0)) + method("Run", line(9, 0))
    text = report(cls("a.cs", line(3), methods, name="App.Job"))
    assert only(text).functions == [
        Function("App.Job.ctor", 3, 7, True),
        Function("App.Job.Run", 9, 9, False),
    ]


@pytest.mark.parametrize("name", ["a.js", "src/a.js", r"src\a.js", ""])
def test_a_class_that_is_named_after_its_file_names_no_function(name: str) -> None:
    text = report(cls("src/a.js", line(3), method("run", line(3)), name=name))
    assert only(text).functions == [Function("run", 3, 3, True)]


def test_the_same_function_in_two_classes_of_a_file_is_one() -> None:
    part = cls("a.cs", line(3, 0), method("f", line(3, 0)))
    other = cls("a.cs", line(3, 1), method("f", line(3, 1) + line(4, 1)))
    assert only(report(part, other)).functions == [Function("f", 3, 4, True)]


def test_a_branch_without_counts_gives_no_branch_figures() -> None:
    text = line(1, 1, 'branch="true"') + line(2, 1, 'branch="true" condition-coverage="50%"')
    assert only(report(cls("a.py", text))) == FileLines("a.py", {1: 1, 2: 1})


def test_branch_false_gives_no_branch_figures() -> None:
    text = line(1, 1, 'branch="False" condition-coverage="50% (1/2)"')
    assert only(report(cls("a.py", text))).branches == {}


@pytest.mark.parametrize(
    ("coverage", "branch"),
    [
        ("NaN% (NaN/2)", Branch(0, 2)),
        ("50% (x/2)", Branch(0, 2)),
        ("50% (-1/2)", Branch(0, 2)),
        ("150% (3/2)", Branch(0, 2)),
        ("50% (1/x)", Branch(1, 2)),
        ("50% (3/NaN)", Branch(3, 4)),
        ("0% (1/999999999)", Branch(1, 2)),
        ("NaN%", Branch(0, 2)),
        ("many", Branch(0, 2)),
    ],
)
def test_branch_counts_that_make_no_sense_count_as_not_taken(coverage: str, branch: Branch) -> None:
    parser = CoberturaParser()
    text = report(cls("a.py", line(1, 1, f'branch="true" condition-coverage="{coverage}"')))
    (file,) = parser.feed(text.encode()) + parser.close()
    assert (file.hits, file.branches, file.unreadable) == ({1: 1}, {1: branch}, 1)
    (note,) = parser.defects.notes("coverage.xml")
    assert f'condition-coverage="{coverage}" (a.py)' in note


@pytest.mark.parametrize("coverage", ["50%", "", "100", "0% (0/0)"])
def test_branches_that_are_none_or_not_counted_are_no_defect(coverage: str) -> None:
    parser = CoberturaParser()
    text = report(cls("a.py", line(1, 1, f'branch="true" condition-coverage="{coverage}"')))
    (file,) = parser.feed(text.encode()) + parser.close()
    assert (file.branches, parser.defects.unreadable) == ({}, 0)


def test_a_hundred_branches_not_taken_are_named_of_a_line() -> None:
    """The counts hold all; what is not named is said."""
    parser = CoberturaParser()
    names = ",".join(map(str, range(2, 502)))
    (file,) = parser.feed(report(cls("a.py", branch(1, 0, 500, names))).encode()) + parser.close()
    assert (file.branches[1].total, len(file.branches[1].missing)) == (500, 100)
    assert ["more branches" in note for note in parser.defects.notes("x")] == [True]
    assert parser.defects.unreadable == 0


def test_conditions_name_what_was_not_wholly_covered() -> None:
    text = (
        '<line number="4" hits="1" branch="True" condition-coverage="75.0% (3/4)"><conditions>'
        '<condition number="0" type="jump" coverage="50%"/>'
        '<condition number="1" type="jump" coverage="100.0%"/>'
        '<condition number="@all" coverage="12.5%"/><condition coverage="x%"/>'
        "</conditions></line>" + line(5)
    )
    file = only(report(cls("a.cs", text)))
    assert file == FileLines("a.cs", {4: 1, 5: 1}, {4: Branch(3, 4, ("0: 50%", "12.5%"))})


def test_names_of_branches_are_names_only() -> None:
    """What could be read as markup or a mention is no target's name."""
    file = only(report(cls("a.py", branch(1, 0, 3, "5, exit ,@org/team,[x](y),-&gt;3"))))
    assert file.branches == {1: Branch(0, 3, ("5", "exit", "->3"))}


def test_hits_may_be_floats_huge_or_negative() -> None:
    text = line(1, "1.0") + line(2, 2**40) + line(3, -5) + line(4, "1e400") + line("5.0", 1)
    assert only(report(cls("a.py", text))).hits == {1: 1, 2: 2**40, 3: 0, 4: 2**63, 5: 1}


@pytest.mark.parametrize(
    "bogus",
    ["-1", "0", "abc", "", "1e400", "1.5", "nan", "10000001", "9" * 5000],
    ids=lambda text: text[:8] or "empty",
)
def test_a_line_number_that_cannot_be_is_skipped_and_counted(bogus: str) -> None:
    parser = CoberturaParser()
    text = report(cls("a.py", line(bogus) + line(2)))
    files = parser.feed(text.encode()) + parser.close()
    assert [file.hits for file in files] == [{2: 1}]
    assert parser.defects.unreadable == 1


def test_a_line_without_readable_hits_is_skipped_and_counted() -> None:
    """Neither covered nor missed may be claimed of it."""
    parser = CoberturaParser()
    text = report(cls("a.py", '<line number="3"/>' + line(4, "many") + line(5, "NaN") + line(6)))
    files = parser.feed(text.encode()) + parser.close()
    assert [file.hits for file in files] == [{6: 1}]
    assert parser.defects.unreadable == 3


def test_attributes_in_any_order_and_unknown_ones() -> None:
    text = '<line x="1" hits="4" y="" number="3"/><line hits="0" number="4"/><extra a="b"/>'
    assert only(report(cls("a.py", text))).hits == {3: 4, 4: 0}


def test_prefixed_and_default_namespaces() -> None:
    text = (
        '<c:coverage xmlns:c="urn:x"><c:packages><c:package><c:classes><c:class filename="a.py">'
        '<c:lines><c:line number="1" hits="0"/><c:line number="2" hits="1"/></c:lines>'
        "</c:class></c:classes></c:package></c:packages></c:coverage>"
    )
    assert only(text).hits == {1: 0, 2: 1}
    assert only(text.replace("c:", "").replace(":c=", "=")).hits == {1: 0, 2: 1}


def test_a_class_without_file_name_is_left_out() -> None:
    nameless = f"<class><lines>{line(7)}</lines></class>"
    text = report(cls("a.py", line(1)), nameless, cls("", line(3)), cls("b.py", line(2)))
    assert [(file.path, file.hits) for file in read(text)] == [("a.py", {1: 1}), ("b.py", {2: 1})]


def test_a_file_without_lines_and_a_report_without_files() -> None:
    assert read(report(cls("a.py"))) == [FileLines("a.py")]
    assert read(report()) == []
    assert read("<coverage/>") == []


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "iso-8859-1", "cp1252"])
def test_declared_encodings(encoding: str) -> None:
    declared = encoding.removesuffix("-le").removesuffix("-sig")
    text = report(cls("näme.py", line(1))).replace('"1.0"', f'"1.0" encoding="{declared}"')
    mark = b"\xff\xfe" if encoding == "utf-16-le" else b""
    assert only(mark + text.encode(encoding)).path == "näme.py"


def test_control_characters_in_a_path_pass_through() -> None:
    assert only(report(cls("a&#10;b&#9;c.py"))).path == "a\nb\tc.py"


# What must be refused


def refusal(data: str | bytes) -> ReportError:
    """The error of a report that must not be read."""
    with pytest.raises(ReportError) as caught:
        read(data)
    assert caught.value.hint
    return caught.value


def test_an_entity_bomb_is_refused() -> None:
    bomb = '<!DOCTYPE coverage [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    assert "declares the XML entity 'a'" in refusal(report(head=bomb)).message


@pytest.mark.parametrize(
    "declaration",
    ['<!ENTITY x SYSTEM "file:///etc/hostname">', '<!ENTITY % x SYSTEM "http://h/x"> %x;'],
)
def test_external_entities_are_refused(declaration: str) -> None:
    text = report(head=f"<!DOCTYPE coverage [{declaration}]>").replace("/app", "&x;")
    assert "declares the XML entity 'x'" in refusal(text).message


def test_defaults_of_a_dtd_are_not_taken() -> None:
    head = '<!DOCTYPE coverage [<!ATTLIST line hits CDATA "5">]>'
    assert only(report(cls("a.py", '<line number="1"/>'), head=head)).hits == {}


@pytest.mark.parametrize("element", ["line", "x"])
def test_deep_nesting_is_refused(element: str) -> None:
    text = report(cls("a.py", f"<{element}>" * 100_000)).encode()
    assert "nest more than" in refusal(text).message


def test_a_tag_without_end_is_refused() -> None:
    text = report(cls("a.py", f'<line number="1" x="{"y" * 2_000_000}'))
    assert "one tag is longer" in refusal(text).message


@pytest.mark.slow
def test_a_file_of_a_million_lines_is_read() -> None:
    lines = "".join(f'<line number="{n}" hits="0"/>' for n in range(1, 1_000_001))
    assert len(only(report(cls("a.py", lines))).hits) == 1_000_000


@pytest.mark.parametrize("data", [b"", b"\n", b'<?xml version="1.0"?>\n', b"<!-- nothing -->"])
def test_an_empty_report(data: bytes) -> None:
    assert "empty" in refusal(data).message


def test_a_truncated_report_says_where_and_keeps_the_files_before() -> None:
    text = report(cls("a.py", line(1)), "\n", cls("b.py", line(1) + line(2)))
    files, error = read_to_failure(text[: text.rindex("<line")].encode())
    assert files == [FileLines("a.py", {1: 1})]
    assert error is not None
    assert error.message.startswith("The report ends too early, at line 3, column ")


def test_files_complete_before_a_defect_come_first_even_from_one_chunk() -> None:
    """The error waits for the next call, and stays."""
    text = report(cls("a.py", line(1)), cls("b.py", line(2))).replace("</packages>", "</pack>")
    parser = CoberturaParser()
    assert [file.path for file in parser.feed(text.encode())] == ["a.py", "b.py"]
    defect = r"mismatched tag at line 2, column \d+"
    with pytest.raises(ReportError, match=defect):
        parser.feed(b"")
    with pytest.raises(ReportError, match=defect):
        parser.close()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"PASS  100%", "not well-formed XML"),
        (b"<coverage><<", "not well-formed XML"),
        (b"\n<?xml version='1.0'?><coverage/>", "not at start of entity"),
        (b"<coverage/><coverage/>", "junk after document element"),
        (b"<coverage>\xe9</coverage>", "invalid token"),
        (b'<?xml version="1.0" encoding="utf-16"?><coverage/>', "encoding"),
        (b'<?xml version="1.0" encoding="klingon"?><coverage/>', "encoding"),
        (b'<?xml version="1.0" encoding="shift_jis"?><coverage>\x83\x5c</coverage>', "encoding"),
        (b"\xff\xfe<\0c\0", "ends too early"),
        (b"<report name='x'/>", "JaCoCo"),
        (b"<coverage generated='1'><project/></coverage>", "Clover"),
        (b"<coverage version='1'><file path='x'/></coverage>", "SonarQube"),
        (b"<testsuites/>", "test results"),
        (b"<line/>", "begins with <line>"),
        (b"<foo/>", "begins with <foo>"),
    ],
)
def test_what_is_wrong_is_named(data: bytes, message: str) -> None:
    assert message in refusal(data).message


# Properties

_numbers = st.sampled_from(["1", "2", "3", "17", "0", "x", "4.0"])
_lines = st.lists(
    st.builds(line, _numbers, st.sampled_from(["0", "1", "-3", "?"]))
    | st.builds(branch, st.integers(1, 9), st.integers(0, 2), st.integers(1, 4)),
    max_size=5,
).map("".join)
_methods = st.lists(st.builds(method, st.sampled_from("fg"), _lines), max_size=2).map("".join)
_classes = st.builds(cls, st.sampled_from(["a.py", "ü.py", "", "c\\d"]), _lines, _methods)
_reports = st.lists(_classes, max_size=5).map(lambda parts: report(*parts).encode())


@given(_reports, st.integers(1, 200))
@settings(deadline=None)
def test_chunks_make_no_difference(data: bytes, size: int) -> None:
    assert read(data, size) == read(data)


@given(_reports, st.data())
@settings(deadline=None)
def test_a_truncated_report_only_ever_raises_report_error(data: bytes, draw: st.DataObject) -> None:
    """And what it gave before is the beginning of what the whole gives."""
    cut = draw.draw(st.integers(0, len(data) - 1))
    files, error = read_to_failure(data[:cut], draw.draw(st.integers(1, 100)))
    assert error is not None
    assert files == read(data)[: len(files)]


@given(_reports, st.integers(0, 400), st.binary(max_size=8), st.integers(1, 500))
@settings(max_examples=200, deadline=None)
def test_a_corrupted_report_is_read_or_refused(
    data: bytes, at: int, noise: bytes, size: int
) -> None:
    """No other exception, and in one chunk or many the same files and verdict.

    Where expat notices a defect may depend on the chunk, as in ` \\0` at the very start.
    """
    corrupt = data[:at] + noise + data[at + len(noise) :]
    one, many = read_to_failure(corrupt), read_to_failure(corrupt, size)
    assert one[0] == many[0]
    assert (one[1] is None) == (many[1] is None)
