"""The JaCoCo parser, on what JaCoCo and its kin write and on what nobody should."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parsing import feed

from qe_action.errors import ReportError
from qe_action.reports.jacoco import JacocoParser
from qe_action.reports.model import Branch, FileLines, Function

HEAD = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<!DOCTYPE report PUBLIC "-//JACOCO//DTD Report 1.1//EN" "report.dtd">'
)


def read(report: str | bytes, size: int = 1 << 20) -> list[FileLines]:
    """The files of a report given in chunks of `size` bytes."""
    files, error = read_to_failure(report.encode() if isinstance(report, str) else report, size)
    if error is not None:
        raise error
    return files


def read_to_failure(data: bytes, size: int = 1 << 20) -> tuple[list[FileLines], ReportError | None]:
    """The files given before the report fails, and how it fails."""
    return feed(JacocoParser(), data, size)


def report(*parts: str, head: str = HEAD) -> str:
    session = '<sessioninfo id="host" start="1" dump="2"/>'
    return f'{head}<report name="app">{session}{"".join(parts)}{counter("LINE", 9, 9)}</report>'


def package(*parts: str, name: str = "org/app") -> str:
    return f'<package name="{name}">{"".join(parts)}{counter("LINE", 9, 9)}</package>'


def source(*lines: str, name: str = "A.java") -> str:
    return f'<sourcefile name="{name}">{"".join(lines)}{counter("LINE", 9, 9)}</sourcefile>'


def line(nr: object, mi: object = 0, ci: object = 3, mb: object = 0, cb: object = 0) -> str:
    return f'<line nr="{nr}" mi="{mi}" ci="{ci}" mb="{mb}" cb="{cb}"/>'


def counter(kind: str, missed: object, covered: object) -> str:
    return f'<counter type="{kind}" missed="{missed}" covered="{covered}"/>'


def method(name: str, start: object, missed: int, covered: int) -> str:
    """A method of `missed` and `covered` lines."""
    name = name.replace("<", "&lt;").replace(">", "&gt;")
    counts = counter("LINE", missed, covered) + counter(
        "METHOD", int(not covered), int(covered > 0)
    )
    return f'<method name="{name}" desc="()V" line="{start}">{counts}</method>'


def cls(*methods: str, name: str = "org/app/A", file: str | None = "A.java") -> str:
    where = f'sourcefilename="{file}"' if file is not None else ""
    return f'<class name="{name}" {where}>{"".join(methods)}{counter("LINE", 9, 9)}</class>'


def only(*parts: str) -> FileLines:
    (file,) = read(report(package(*parts)))
    return file


# What tools write


def test_lines_branches_and_functions_of_a_source_file() -> None:
    """Run if any instruction was; the sums of classes and files are not believed."""
    file = only(
        cls(method("add", 3, 1, 2), method("sub", 9, 1, 0)),
        source(line(3, 0, 2), line(4, 1, 3, 3, 1), line(5, 2, 0), line(9, 4, 0, 2, 0)),
    )
    assert file == FileLines(
        "org/app/A.java",
        {3: 1, 4: 1, 5: 0, 9: 0},
        {4: Branch(1, 4), 9: Branch(0, 2)},
        [Function("A.add", 3, 5, True), Function("A.sub", 9, 9, False)],
    )


def test_packages_in_nested_groups() -> None:
    inner = f'<group name="core"><group name="x">{package(source(line(1)))}</group></group>'
    other = f'<group name="ui">{package(source(line(2)), name="org/ui")}</group>'
    assert [(f.path, f.hits) for f in read(report(inner, other))] == [
        ("org/app/A.java", {1: 1}),
        ("org/ui/A.java", {2: 1}),
    ]


def test_a_file_that_recurs_in_another_group_comes_out_again() -> None:
    part = package(source(line(1, 1, 0)))
    files = read(report(f'<group name="a">{part}</group><group name="b">{part}</group>'))
    assert [file.path for file in files] == ["org/app/A.java"] * 2


def test_the_default_package_has_no_folder() -> None:
    assert [f.path for f in read(report(package(source(), name="")))] == ["A.java"]


def test_methods_belong_to_the_file_of_their_class() -> None:
    """Not to one of the same name in the next package, nor to any if the class names none."""
    first = package(
        cls(method("a", 1, 0, 1)),
        cls(method("b", 2, 0, 1), name="org/app/B", file="B.kt"),
        cls(method("c", 1, 0, 1), name="org/app/C", file=None),
        cls(method("d", 5, 0, 1), name="org/app/D"),
        source(line(1), name="B.kt"),
        source(line(1), line(5)),
    )
    second = package(source(line(1)), name="org/ui")
    assert [(f.path, [g.name for g in f.functions]) for f in read(report(first, second))] == [
        ("org/app/B.kt", ["B.b"]),
        ("org/app/A.java", ["A.a", "D.d"]),
        ("org/ui/A.java", []),
    ]


@pytest.mark.parametrize(
    ("class_name", "name", "readable"),
    [
        ("org/app/A", "run", "A.run"),
        ("A", "run", "A.run"),
        ("", "run", "run"),
        ("org/app/A$Inner$Deep", "run", "A.Inner.Deep.run"),
        ("org/app/A$1", "run", "A$1.run"),
        ("org/app/A", "<init>", "A constructor"),
        ("org/app/A$B", "<clinit>", "A.B static initializer"),
        ("org/app/A", "lambda$run$0", "A.run lambda"),
        ("org/app/A", "lambda$new$2", "A constructor lambda"),
        ("org/app/A", "lambda$static$0", "A static initializer lambda"),
        ("org/app/A", "new", "A.new"),
        ("org/app/A", "a \t b", "A.a b"),
        ("org/app/" + "A" * 999, "b" * 999, "A" * 200 + "." + "b" * 200),
    ],
)
def test_names_are_made_readable(class_name: str, name: str, readable: str) -> None:
    file = only(cls(method(name, 1, 0, 1), name=class_name), source(line(1)))
    assert [function.name for function in file.functions] == [readable]


def test_a_method_reaches_over_as_many_lines_as_its_counter_says() -> None:
    """Never over more, as the report doesn't say where it ends; nor beyond the file."""
    lines = [line(nr) for nr in (3, 4, 8, 9, 20)]
    methods = [
        method("a", 3, 1, 2),
        method("b", 9, 0, 9),
        method("c", 10, 0, 0),
        method("d", 99, 1, 0),
    ]
    assert only(cls(*methods), source(*lines)).functions == [
        Function("A.a", 3, 8, True),
        Function("A.b", 9, 20, True),
        Function("A.c", 10, 10, False),
        Function("A.d", 99, 99, False),
    ]


def test_a_method_without_line_or_counters() -> None:
    bare = '<method name="a" desc="()V" line="3"/>'
    nowhere = '<method name="b" desc="()V"><counter type="LINE" missed="0" covered="1"/></method>'
    odd = method("c", 0, 1, 0) + method("d", "x", 1, 0) + method("e", 10**9, 1, 0)
    file = only(cls(bare, nowhere, odd), source(line(3), line(4)))
    assert file.functions == [Function("A.a", 3, 3, False)]


def test_a_line_given_twice_was_run_if_it_ever_was() -> None:
    file = only(source(line(1, 2, 0, 2, 0), line(1, 0, 2, 1, 1), line(1, 2, 0)))
    assert (file.hits, file.branches) == ({1: 1}, {1: Branch(1, 2)})


def test_attributes_in_any_order_and_missing_ones() -> None:
    """The document type has all but the number optional."""
    file = only(source('<line cb="1" ci="2" nr="3"/><line nr="4" mi="1"/><extra a="b"/>'))
    assert (file.hits, file.branches) == ({3: 1, 4: 0}, {3: Branch(1, 1)})


@pytest.mark.parametrize(
    "bogus",
    [
        line(0),
        line(-1),
        line("x"),
        line("1.0"),
        line("٣"),
        line(10**7 + 1),
        line("9" * 5000),
        line(1, "x", 1),
        line(1, 1, -1),
        line(1, 1, "9" * 5000),
        '<line mi="0" ci="1"/>',
        '<line nr="1"/>',
        "<line/>",
    ],
    ids=range(13),
)
def test_a_line_that_makes_no_sense_is_skipped_and_counted(bogus: str) -> None:
    parser = JacocoParser()
    data = report(package(source(bogus, line(2)))).encode()
    assert [f.hits for f in parser.feed(data) + parser.close()] == [{2: 1}]
    assert parser.defects.unreadable == 1


def test_a_line_without_any_instruction_is_no_statement() -> None:
    """Neither covered nor missed is true of it, and nothing is wrong with it."""
    parser = JacocoParser()
    data = report(package(source(line(1, 0, 0), line(2)))).encode()
    assert [f.hits for f in parser.feed(data) + parser.close()] == [{2: 1}]
    assert parser.defects.unreadable == 0


@pytest.mark.parametrize(
    ("counts", "branch"),
    [
        (("x", 1), Branch(1, 2)),
        ((-1, 2), Branch(2, 3)),
        ((3, "NaN"), Branch(0, 4)),
        (("", ""), Branch(0, 2)),
        ((10**6, 1), Branch(0, 2)),
    ],
)
def test_branch_counts_that_make_no_sense_count_as_not_taken(
    counts: tuple[object, object], branch: Branch
) -> None:
    parser = JacocoParser()
    data = report(package(source(line(1, 0, 1, *counts)))).encode()
    (file,) = parser.feed(data) + parser.close()
    assert (file.hits, file.branches, file.unreadable) == ({1: 1}, {1: branch}, 1)
    assert parser.defects.unreadable == 1


def test_a_line_without_branches_has_none() -> None:
    assert only(source(line(1, 0, 1, 0, 0))) == FileLines("org/app/A.java", {1: 1})


@pytest.mark.parametrize("name", ["", " ", "x" * 5000])
def test_a_file_that_can_have_no_path_is_left_out_with_its_lines(name: str) -> None:
    files = read(report(package(source(line(7), name=name), source(line(1)))))
    assert files == [FileLines("org/app/A.java", {1: 1})]


def test_lines_outside_of_a_source_file_count_nowhere() -> None:
    text = report(package(line(1), source(line(2)), counter("LINE", 1, 1), line(3)), line(4))
    assert [file.hits for file in read(text)] == [{2: 1}]


def test_a_report_without_files() -> None:
    assert read("<report/>") == []
    assert read(report(package(cls(method("a", 1, 0, 1))))) == []


# What must be refused


def refusal(data: str | bytes) -> ReportError:
    """The error of a report that must not be read."""
    with pytest.raises(ReportError) as caught:
        read(data)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    "declaration", ['<!ENTITY a "aaaa">', '<!ENTITY a SYSTEM "file:///etc/hostname">']
)
def test_entities_are_refused(declaration: str) -> None:
    head = HEAD.replace('"report.dtd"', f'"report.dtd" [{declaration}]')
    assert "declares the XML entity 'a'" in refusal(report(head=head)).message


def test_the_document_type_is_not_fetched_and_gives_no_defaults() -> None:
    head = '<!DOCTYPE report SYSTEM "http://127.0.0.1:9/report.dtd" [<!ATTLIST line ci CDATA "5">]>'
    (file,) = read(report(package(source('<line nr="1" mi="2"/>')), head=head))
    assert file.hits == {1: 0}


@pytest.mark.parametrize("element", ["line", "group", "package"])
def test_deep_nesting_is_refused(element: str) -> None:
    assert "nest more than" in refusal(report(f"<{element}>" * 100_000)).message


def test_a_tag_without_end_is_refused() -> None:
    text = report(package(source(f'<line nr="1" x="{"y" * 2_000_000}')))
    assert "one tag is longer" in refusal(text).message


def test_a_truncated_report_says_where_and_keeps_the_files_before() -> None:
    text = report(package(source(line(1)), "\n", source(line(1), line(2), name="B.java")))
    files, error = read_to_failure(text[: text.rindex("<line")].encode())
    assert files == [FileLines("org/app/A.java", {1: 1})]
    assert error is not None
    assert error.message.startswith("The report ends too early, at line 2, column ")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"<coverage/>", "begins with <coverage>"),
        (b"<report><stats/></report>", "an EMMA report"),
        (b"<report><data/></report>", "begins with <report><data>"),
        (b"<report><line/></report></x>", "not well-formed"),
        (b"<html/>", "a web page"),
        (b"<report>\xe9</report>", "invalid token"),
        (b"<report/><report/>", "junk after document element"),
    ],
)
def test_what_is_wrong_is_named(data: bytes, message: str) -> None:
    assert message in refusal(data).message


# Properties

_figures = st.sampled_from(["0", "1", "2", "17", "x", ""])
_lines = st.builds(line, _figures, _figures, _figures, _figures, _figures)
_methods = st.builds(
    method,
    st.sampled_from(["f", "<init>", "lambda$f$0"]),
    _figures,
    st.integers(0, 2),
    st.integers(0, 2),
)
_names = st.sampled_from(["A.java", "ü.kt", ""])
_classes = st.builds(
    lambda methods, file: cls(*methods, file=file), st.lists(_methods, max_size=3), _names
)
_sources = st.builds(
    lambda lines, name: source(*lines, name=name), st.lists(_lines, max_size=4), _names
)
_packages = st.builds(
    lambda parts, name: package(*parts, name=name),
    st.lists(_classes | _sources, max_size=4),
    st.sampled_from(["a/b", "", "ü"]),
)
_reports = st.lists(
    _packages | _packages.map(lambda part: f'<group name="g">{part}</group>'), max_size=3
).map(lambda parts: report(*parts).encode())


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


@given(_reports, st.integers(0, 900), st.binary(max_size=8), st.integers(1, 500))
@settings(max_examples=200, deadline=None)
def test_a_corrupted_report_is_read_or_refused(
    data: bytes, at: int, noise: bytes, size: int
) -> None:
    """No other exception, in one chunk or many the same, and only valid lines come out."""
    corrupt = data[:at] + noise + data[at + len(noise) :]
    files, error = read_to_failure(corrupt)
    parts, same = read_to_failure(corrupt, size)
    assert files == parts
    assert (error is None) == (same is None)
    for file in files:
        assert all(line > 0 <= hits <= 1 for line, hits in file.hits.items())
        assert all(0 < f.start <= f.end for f in file.functions)
