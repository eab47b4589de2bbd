"""Which format a file is, told by its content; and the counts of many tools' reports."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from merging import merge

from qe_action.errors import ReportError
from qe_action.inputs import INPUTS
from qe_action.reports import FORMATS, detect
from qe_action.reports.model import Branch, FileLines
from qe_action.reports.sniff import HEAD
from qe_action.reports.xml_errors import HINT

SAMPLES = Path(__file__).parents[3] / "shared" / "reports"
COUNTS = SAMPLES / "COUNTS.tsv"

METHOD_LINES_ONLY = {
    # The figures there count the classes' own lines, of which these two have none: their
    # lines stand inside <methods> and count for want of others (files, lines, missed).
    "ReportGenerator__Testprojects_Other_Cobertura_Swift.xml": (1, 2, 1),
    "coverage-model__parser_cobertura_cobertura-same-filename.xml": (2, 2, 1),
}


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b'<?xml version="1.0"?><coverage line-rate="1"><packages/></coverage>', "cobertura"),
        (b"\xef\xbb\xbf<coverage>", "cobertura"),
        (b"<!-- a --><!DOCTYPE coverage SYSTEM 'x'>\n<coverage\n", "cobertura"),
        (b"<!DOCTYPE coverage [<!ELEMENT x EMPTY>]><coverage>", "cobertura"),
        (b'<c:coverage xmlns:c="urn:c">', "cobertura"),
        ("<coverage><sources>".encode("utf-16"), "cobertura"),
        ("<coverage><sources>".encode("utf-16-be"), "cobertura"),
        (b"<!-- " + b"x" * HEAD, "cobertura"),
        (b'{"meta": {"format": 3}', "coverage.py JSON"),
        (b'\n{\n  "meta": {', "coverage.py JSON"),
        (b'<!DOCTYPE report PUBLIC "-//JACOCO//DTD" "report.dtd"><report name="x">', "jacoco"),
        (b"<report name='x'><group name='y'>", "jacoco"),
        (b"<report/>", "jacoco"),
        (b'<!DOCTYPE report PUBLIC "-//JACOCO//DTD"><!-- ' + b"x" * HEAD, "jacoco"),
        (b"TN:\nSF:src/a.c\n", "lcov"),
        (b"SF:a.c\r\nDA:1,1\r\n", "lcov"),
        (b"# by hand\n\n  # SF\nTN:unit\n", "lcov"),
        (b"\xef\xbb\xbfSF:a.c\n", "lcov"),
        ("TN:\nSF:a.c\n".encode("utf-16"), "lcov"),
        (b"DA:3,1\nend_of_record\n", "lcov"),
        (b"SQLite format 3\0\x10\0", "coverage.py data"),
    ],
    ids=range(21),
)
def test_formats_are_told_by_content(head: bytes, name: str) -> None:
    assert detect(head, "wrong.json").name == name


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (b"", "is empty"),
        (b" \r\n", "is empty"),
        (b"\xef\xbb\xbf\n", "is empty"),
        (b"<!-- EMMA v2 --><report><stats><packages value='1'/>", "EMMA"),
        (b'<coverage generated="1" clover="3.2.0"><project>', "Clover"),
        (b'<coverage version="1"><file path="a.py">', "SonarQube"),
        (b"<CoverageSession>", "OpenCover"),
        (b"<testsuites><testsuite>", "test results"),
        (b"<!doctype html>\n<HTML><head>", "a web page"),
        (b"<svg/>", "XML, but not a coverage report: it begins with <svg>"),
        (b"# TN: of a comment\nkey: value", "not a coverage report"),
        (b"mode: atomic\nexample.com/a.go:1.1,2.2 1 1\n", "Go coverage profile"),
        (b"\x1f\x8b\x08", "compressed"),
        (b'{"/x.js": {"path": "/x.js"}}', "not a coverage report"),
        (b"404: Not Found", "not a coverage report"),
        (b"\x00\xff\xfe", "not a coverage report"),
    ],
    ids=range(16),
)
def test_what_is_not_read_is_named(head: bytes, message: str) -> None:
    with pytest.raises(ReportError) as caught:
        detect(head, "out/coverage.xml")
    assert caught.value.message.startswith("'out/coverage.xml' is ")
    assert message in caught.value.message


def test_every_format_has_a_name_of_its_own_and_but_for_data_files_a_parser() -> None:
    assert len({each.name for each in FORMATS}) == len(FORMATS)
    assert [each.name for each in FORMATS if each.parser is None] == ["coverage.py data"]
    assert all(each.parser().sources == [] for each in FORMATS if each.parser)


def test_people_are_told_of_every_format() -> None:
    """Where the program says what it reads: in the hint of an error, and of the input."""
    (coverage_file,) = [item.meaning for item in INPUTS if item.name == "coverage-file"]
    for text in (HINT, coverage_file):
        words = set(re.findall(r"[\w.]+\w", text.lower()))
        assert {word for each in FORMATS for word in each.name.lower().split()} <= words


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("jacocoTestReport.xml", "jacoco"),
        ("Coverage.xml", "cobertura"),
        ("js-cobertura.xml", "cobertura"),
        ("coverage.json", "coverage.py JSON"),
        ("lcov.info", "lcov"),
        ("all.lcov", "lcov"),
        (".coverage", "coverage.py data"),
        (".coverage.host.1", "coverage.py data"),
        ("report.xml", None),
    ],
)
def test_a_report_is_looked_for_by_its_usual_names(file: str, name: str | None) -> None:
    found = [each.name for each in FORMATS if re.fullmatch(each.files, file, re.IGNORECASE)]
    assert found == ([name] if name else [])


def sample(path: Path) -> dict[str, FileLines]:
    """The files of a report by name, parts of a file merged."""
    data = path.read_bytes()
    make = detect(data[:HEAD], path.name).parser
    assert make is not None
    parser = make()
    files: dict[str, FileLines] = {}
    for part in parser.feed(data) + parser.close():
        files[part.path] = merge(files[part.path], part) if part.path in files else part
    return files


def totals(path: Path) -> tuple[int, int, int]:
    """Files, lines and missed lines of a report."""
    files = sample(path)
    hits = [count for file in files.values() for count in file.hits.values()]
    return len(files), len(hits), hits.count(0)


def sample_rows(*formats: str) -> list[dict[str, str]]:
    with COUNTS.open(encoding="utf-8", newline="") as table:
        return [row for row in csv.DictReader(table, delimiter="\t") if row["format"] in formats]


@pytest.mark.skipif(not COUNTS.is_file(), reason="the collection of sample reports is not here")
def test_reports_of_many_tools_give_the_counts_of_the_table() -> None:
    rows = sample_rows("cobertura", "jacoco", "lcov")
    expected = {
        row["local"]: (int(row["files"]), int(row["lines"]), int(row["missed"])) for row in rows
    }
    assert {name: totals(SAMPLES / name) for name in expected} == expected | METHOD_LINES_ONLY


@pytest.mark.skipif(not COUNTS.is_file(), reason="the collection of sample reports is not here")
def test_two_reports_of_the_same_classes_merge() -> None:
    """Two runs of which one hits a line, and the branch counts that name no target."""
    stem = "coverage-model__parser_cobertura_merge-duplicate"
    a, b = (sample(SAMPLES / f"{stem}-{each}.xml") for each in "ab")
    merged = {path: merge(file, b[path]) for path, file in a.items()}
    assert merged == {path: merge(b[path], file) for path, file in a.items()}
    assert {path: (file.hits, file.branches) for path, file in merged.items()} == {
        "/src/Domain/NamespaceA/MyClass.cs": ({17: 0}, {17: Branch(0, 6, ("3339: 0%",))}),
        "/src/Domain/NamespaceB/MyClass.cs": ({17: 2}, {17: Branch(2, 4)}),
    }


@pytest.mark.skipif(not COUNTS.is_file(), reason="the collection of sample reports is not here")
def test_every_sample_merged_with_itself_is_itself() -> None:
    for row in sample_rows("cobertura", "jacoco", "lcov"):
        for file in sample(SAMPLES / row["local"]).values():
            assert merge(file, file) == file, row["local"]


@pytest.mark.skipif(not COUNTS.is_file(), reason="the collection of sample reports is not here")
def test_sample_files_of_other_formats_are_refused() -> None:
    for row in sample_rows("broken", "clover", "event", "diff"):
        with pytest.raises(ReportError):
            totals(SAMPLES / row["local"])
