"""coverage.py's JSON, and that it tells the same as its XML of the same run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from merging import merge
from parsing import feed

from qe_action.analysis.collect import count
from qe_action.errors import ReportError
from qe_action.reports.cobertura import CoberturaParser
from qe_action.reports.coverage_json import CoverageJsonParser, files_from_json
from qe_action.reports.model import Branch, FileLines, Function, ReportParser

PROGRAM = """\
class Greeter:
    def greet(self, name):
        if name:
            return name
        return "you"

    def leave(self):
        for _ in range(2):
            if _ > 5:
                break


def unused(x):
    if x:
        print(x)


Greeter().greet("me")
Greeter().leave()
"""


def read(parser: ReportParser, data: bytes) -> list[FileLines]:
    return parser.feed(data[:7]) + parser.feed(data[7:]) + parser.close()


def one(entry: dict[str, Any]) -> FileLines:
    (file,) = files_from_json({"files": {"a.py": entry}})
    return file


def test_the_json_of_a_real_run_tells_the_same_as_its_xml(tmp_path: Path) -> None:
    """Hits and branches alike; the JSON knows the functions as well."""
    (tmp_path / "m.py").write_text(PROGRAM)
    (tmp_path / ".coveragerc").write_text("[run]\nbranch = true\nrelative_files = true\n")
    for command in ("run m.py", "xml -q", "json -q"):
        subprocess.run(
            [sys.executable, "-m", "coverage", *command.split()], cwd=tmp_path, check=True
        )
    (from_xml,) = read(CoberturaParser(), (tmp_path / "coverage.xml").read_bytes())
    (from_json,) = read(CoverageJsonParser(), (tmp_path / "coverage.json").read_bytes())
    assert from_json.hits == from_xml.hits
    assert from_json.branches == from_xml.branches
    assert from_json.branches[3] == Branch(1, 2, ("5",))
    assert from_json.branches[14] == Branch(0, 2, ("exit", "15"))
    assert from_json.functions == [
        Function("Greeter.greet", 2, 5, True),
        Function("Greeter.leave", 7, 10, True),
        Function("unused", 13, 15, False),
    ]


def test_format_2_without_functions_and_without_branches() -> None:
    assert one({"executed_lines": [3, 1], "missing_lines": [2]}) == FileLines(
        "a.py", {1: 1, 2: 0, 3: 1}
    )


def test_contexts_name_the_tests_of_a_statement() -> None:
    """Keys as JSON spells them and as numbers; what ran at import names no test."""
    entry = {"executed_lines": [1, 2], "missing_lines": [5], "excluded_lines": [4]}
    contexts = {"1": [""], "2": ["t.py::a|run"], 3: ["t.py::b|run"], "4": ["t.py::c|run"]}
    assert one({**entry, "contexts": contexts}).contexts == {2: ("t.py::a", "t.py::b")}
    assert one(entry).contexts == {}


def test_backslashes_and_lone_surrogates_in_paths() -> None:
    data = b'{"files": {"a\\\\b\\ud800.py": {"executed_lines": []}}}'
    assert [file.path for file in read(CoverageJsonParser(), data)] == ["a/b?.py"]


def test_lines_out_of_range_are_left_out() -> None:
    file = one({"executed_lines": [0, -1, 10**9, 4], "missing_branches": [[-1, 2], [4, -4]]})
    assert file == FileLines("a.py", {4: 1}, {4: Branch(0, 1, ("exit",))})


def test_an_empty_report_has_no_files() -> None:
    assert list(files_from_json({"meta": {}, "files": {}})) == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b'{"files": {', "not valid JSON: .* at line 1, column 12"),
        (b"\xff\xfe\xfd", "not readable JSON"),
        (b"[" * 200_000, "not readable JSON"),
        (b"[]", "no mapping 'files'"),
        (b'{"files": [1]}', "no mapping 'files'"),
        (b'{"/x.js": {"statementMap": {}}}', "no mapping 'files'"),
        (b'{"files": {"a": 1}}', "malformed at file 'a'"),
        (b'{"files": {"a": {"executed_lines": "1"}}}', "'executed_lines' is not a list"),
        (b'{"files": {"a": {"executed_lines": [], "missing_branches": 3}}}', "pairs"),
        (b'{"files": {"a": {"executed_lines": [], "functions": []}}}', "'functions'"),
        (b'{"files": {"a": {"executed_lines": [], "functions": {"f": 1}}}}', "function 'f'"),
        (b'{"files": {"a": {"executed_lines": [], "contexts": []}}}', "'contexts' is not"),
        (b'{"files": {"a": {"executed_lines": [], "contexts": {"x": []}}}}', "line numbers"),
        (b'{"files": {"a": {"executed_lines": [], "contexts": {"1": "t"}}}}', "line numbers"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_malformed_reports_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(ReportError, match=message) as caught:
        read(CoverageJsonParser(), data)
    assert caught.value.hint


def test_lines_and_branches_that_make_no_sense_are_noted() -> None:
    """A line is left out; a way out of a known line counts as not taken."""
    parser = CoverageJsonParser()
    data = (
        b'{"files": {"a.py": {"executed_lines": [1, 1.5, NaN, 4], "missing_lines": ["x"], '
        b'"executed_branches": [[4, 5], [4, null]], "missing_branches": [[1], [NaN, 2]]}}}'
    )
    (file,) = read(parser, data)
    assert file == FileLines("a.py", {1: 1, 4: 1}, {1: Branch(0, 1), 4: Branch(1, 2)})
    assert (file.unreadable, parser.defects.unreadable) == (6, 6)
    lines, branches = parser.defects.notes("coverage.json")
    assert "3 lines can't be read" in lines
    assert "executed_lines: 1.5 (a.py)" in lines
    assert "3 branch counts can't be read" in branches


def excused(executed: Any, missing: Any, num: int, covered: int) -> FileLines:
    summary = {"num_branches": num, "covered_branches": covered}
    return one(
        {
            "executed_lines": [1, 3],
            "executed_branches": executed,
            "missing_branches": missing,
            "summary": summary,
        }
    )


def test_branches_that_are_excused_count_as_the_summary_has_them() -> None:
    """On the line where a way lacks its counterpart, else on none."""
    assert excused([[3, 4]], [], 2, 2).branches == {3: Branch(2, 2)}
    elsewhere = excused([[3, 4]], [[3, 5]], 4, 3)
    assert (elsewhere.branches, elsewhere.excused) == ({3: Branch(1, 2, ("5",))}, 2)
    assert count(elsewhere)[2:4] == (4, 3)
    both = excused([[1, 2], [3, 4]], [], 6, 6)
    assert (both.branches, both.excused) == ({1: Branch(2, 2), 3: Branch(2, 2)}, 2)
    assert excused([[3, 4]], [], 1, 1).branches == {3: Branch(1, 1)}


def test_what_one_report_excuses_and_another_lists_counts_once() -> None:
    one_, other = FileLines("a.py", {7: 1}, excused=2), FileLines("a.py", {7: 1}, {7: Branch(2, 2)})
    assert count(merge(one_, other))[2:4] == (2, 2)
    assert count(merge(other, one_))[2:4] == (2, 2)
    assert count(merge(one_, one_))[2:4] == (2, 2)


def test_the_json_of_a_real_run_counts_excused_branches_as_its_totals(tmp_path: Path) -> None:
    source = (
        "def f(x):\n    while True:  # pragma: no branch\n        if x:  # pragma: no branch\n"
        "            return 1\n        x += 1\n\n\ndef g(x):\n    if x:  # pragma: no branch\n"
        "        x = 2\n    return x\n\n\nf(1)\n"
    )
    (tmp_path / "m.py").write_text(source)
    for command in (["run", "--branch", "m.py"], ["json"]):
        subprocess.run([sys.executable, "-m", "coverage", *command], cwd=tmp_path, check=True)
    data = (tmp_path / "coverage.json").read_bytes()
    totals = json.loads(data)["totals"]
    (file,) = read(CoverageJsonParser(), data)
    counted = count(file)
    assert counted[2:4] == (totals["num_branches"], totals["covered_branches"])
    assert file.excused == 2


# Read as it comes


def report_of(files: int, lines: int = 40) -> dict[str, Any]:
    """A report with everything that coverage.py writes."""
    numbers = list(range(1, lines + 1))
    entry = {
        "executed_lines": numbers[::2],
        "summary": {"num_branches": 0, "covered_branches": 0, "text": 'a "quoted" } ] { ['},
        "missing_lines": numbers[1::2],
        "excluded_lines": [lines + 1],
        "contexts": {str(n): [f"tests/test_a.py::test_{m}|run" for m in range(n)] for n in numbers},
        "executed_branches": [[n, n + 1] for n in numbers],
        "missing_branches": [[n, -1] for n in numbers[::3]],
        "functions": {
            "f": {"executed_lines": numbers[::2], "missing_lines": numbers[1::2], "start_line": 1},
            "": {"executed_lines": [], "missing_lines": [], "contexts": {"1": ["", "x"]}},
        },
        "classes": {"K": {"executed_lines": numbers}},
    }
    return {"meta": {"format": 3}, "files": {f"a{n}.py": entry for n in range(files)}, "totals": {}}


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("window", [200, 1000, 5000, 1 << 20])
@pytest.mark.parametrize("size", [7, 4096])
def test_what_is_taken_apart_is_the_same(indent: int | None, window: int, size: int) -> None:
    data = json.dumps(report_of(4), indent=indent).encode()
    whole = list(files_from_json(json.loads(data)))
    files, error = feed(CoverageJsonParser(window), data, size)
    assert error is None
    assert files == whole
    assert [file.contexts for file in files] == [file.contexts for file in whole]
    assert whole[0].contexts[3] == tuple(sorted(f"tests/test_a.py::test_{n}" for n in range(3)))


def test_files_come_before_the_report_ends_and_before_it_breaks() -> None:
    data = json.dumps(report_of(30)).encode()
    parser = CoverageJsonParser(5000)
    assert len(parser.feed(data[: len(data) // 2])) >= 10
    files, error = feed(CoverageJsonParser(5000), data[:-40_000], 1 << 12)
    assert 10 < len(files) < 30
    assert error is not None
    assert "not valid JSON" in error.message
    assert f"line 1, column {len(data) - 40_000 + 1}" in error.message


@pytest.mark.parametrize("window", [300, 1 << 20])
@given(st.data())
@settings(deadline=None, max_examples=40)
def test_a_broken_report_is_refused_however_it_is_taken_apart(
    window: int, draw: st.DataObject
) -> None:
    """What came before is what the whole report has there."""
    data = json.dumps(report_of(2, 20)).encode()
    whole = list(files_from_json(json.loads(data)))
    cut = draw.draw(st.integers(0, len(data) - 1))
    files, error = feed(CoverageJsonParser(window), data[:cut], draw.draw(st.integers(1, 999)))
    assert isinstance(error, ReportError)
    assert files == whole[: len(files)]
    noise = draw.draw(st.sampled_from([b"]", b"}", b'"', b",", b"[", b"{", b"NaN", b"\\", b"1"]))
    feed(CoverageJsonParser(window), data[:cut] + noise + data[cut:])  # raises nothing else


def test_a_text_without_end_is_refused() -> None:
    parser = CoverageJsonParser(1000)
    data = b'{"files": {"' + b"x" * 5000
    assert "longer than" in str(feed(parser, data, 100)[1])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_encodings(encoding: str) -> None:
    text = '{"files": {"ä.py": {"executed_lines": [1]}}}'
    for size in (1, 100):
        files, error = feed(CoverageJsonParser(), text.encode(encoding), size)
        assert error is None
        assert [file.path for file in files] == ["ä.py"]


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["executed_lines", "missing_branches", "functions", "contexts", "1"]),
            inner,
        )
    ),
)


@given(st.dictionaries(st.text(max_size=3), _json))
@settings(deadline=None)
def test_any_json_is_read_or_refused(files: dict[str, Any]) -> None:
    """No exception but ReportError, and only valid lines come out."""
    data = json.dumps({"files": files}).encode()
    try:
        found = read(CoverageJsonParser(), data)
    except ReportError:
        return
    assert all(line > 0 for file in found for line in (*file.hits, *file.branches))
