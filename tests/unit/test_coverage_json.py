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
