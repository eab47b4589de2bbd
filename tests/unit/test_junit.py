"""JUnit XML as each runner writes it, and as nobody should."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from _pytest.junitxml import bin_xml_escape, mangle_test_address
from hypothesis import given
from hypothesis import strategies as st

from qe_action.agents.test_places import Places
from qe_action.agents.trace_frames import Locator, named_lines
from qe_action.analysis.paths import PathIndex
from qe_action.errors import ReportError
from qe_action.execution.suite_port import Frame
from qe_action.results.case import MAX_TEXT, Case
from qe_action.results.junit import JUnitParser
from qe_action.results.pytest_names import Heard, address


def read(text: str | bytes, size: int = 0) -> list[Case]:
    data = text.encode() if isinstance(text, str) else text
    parser = JUnitParser()
    size = size or max(1, len(data))
    found = [case for at in range(0, len(data), size) for case in parser.feed(data[at : at + size])]
    return [*found, *parser.close()]


def brief(cases: list[Case]) -> list[tuple[str, str, float | None]]:
    return [(case.id, case.outcome, case.seconds) for case in cases]


PYTEST = """\
<?xml version="1.0" encoding="utf-8"?>
<testsuites name="pytest tests"><testsuite name="pytest" errors="2" failures="2" skipped="2" \
tests="7" time="0.123" timestamp="2026-01-01T00:00:00" hostname="h">\
<testcase classname="tests.test_a" name="test_one" time="0.001" />\
<testcase classname="tests.test_a.TestThing" name="test_two[x-1]" time="0.002">\
<failure message="assert 1 == 2">def test_two():
&gt;       assert 1 == 2
E       assert 1 == 2

tests/test_a.py:7: AssertionError</failure><system-out>printed</system-out></testcase>\
<testcase classname="tests.test_a" name="test_skip" time="0.0">\
<skipped type="pytest.skip" message="no network">/w/tests/test_a.py:3: no network</skipped>\
</testcase>\
<testcase classname="tests.test_a" name="test_xfail" time="0.0">\
<skipped type="pytest.xfail" message="known bug" /></testcase>\
<testcase classname="tests.test_a" name="test_down" time="0.003">\
<error message="failed on teardown with &quot;ValueError&quot;">tests/conftest.py:4: ValueError\
</error></testcase>\
<testcase classname="tests.test_a" name="test_up" time="0.003">\
<error message="failed on setup with &quot;KeyError&quot;">tests/conftest.py:9: KeyError</error>\
</testcase>\
<testcase classname="" name="tests.test_b" time="0.000">\
<error message="collection failure">tests/test_b.py:1: in &lt;module&gt;</error></testcase>\
</testsuite></testsuites>
"""


def test_pytest() -> None:
    cases = read(PYTEST)
    assert [(case.name, case.outcome, case.phase) for case in cases] == [
        ("test_one", "passed", ""),
        ("test_two[x-1]", "failed", "call"),
        ("test_skip", "skipped", ""),
        ("test_xfail", "xfailed", ""),
        ("test_down", "passed", "call"),
        ("test_down", "error", "teardown"),
        ("test_up", "error", "setup"),
        ("tests.test_b", "error", "collect"),
    ]
    failed = cases[1]
    assert (failed.message, failed.output) == ("assert 1 == 2", "printed")
    assert failed.traceback.endswith("tests/test_a.py:7: AssertionError")
    assert [case.reason for case in cases[2:4]] == ["no network", "known bug"]


SUREFIRE = """\
<?xml version="1.0" encoding="UTF-8"?>
<testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" name="com.acme.FooTest" \
time="1,234.5" tests="4" errors="1" skipped="1" failures="1">
  <properties><property name="java.version" value="21"/></properties>
  <testcase name="adds" classname="com.acme.FooTest" time="1,201.25"/>
  <testcase name="fails" classname="com.acme.FooTest" time="0.01">
    <failure message="expected: &lt;1&gt;" type="org.opentest4j.AssertionFailedError"><![CDATA[\
org.opentest4j.AssertionFailedError: expected: <1>
\tat org.junit.jupiter.api.Assertions.fail(Assertions.java:55)
\tat com.acme.FooTest.fails(FooTest.java:17)
]]></failure>
    <rerunFailure message="expected: &lt;1&gt;" type="x"><stackTrace>again</stackTrace>\
</rerunFailure>
  </testcase>
  <testcase name="shaky" classname="com.acme.FooTest" time="0.02">
    <flakyFailure message="late" type="Late"><stackTrace>at com.acme.FooTest.shaky\
(FooTest.java:23)</stackTrace><system-out>s</system-out></flakyFailure>
  </testcase>
  <testcase name="off" classname="com.acme.FooTest" time="0"><skipped/></testcase>
</testsuite>
"""


def test_surefire_with_its_thousands_and_its_flaky_tests() -> None:
    cases = read(SUREFIRE)
    assert brief(cases) == [
        ("com.acme.FooTest::adds", "passed", 1201.25),
        ("com.acme.FooTest::fails", "failed", 0.01),
        ("com.acme.FooTest::shaky", "failed", 0.02),
        ("com.acme.FooTest::off", "skipped", 0.0),
    ]
    assert [case.flaky for case in cases] == [False, False, True, False]
    assert cases[2].message == "late"
    assert "FooTest.java:23" in cases[2].traceback
    assert cases[1].message == "expected: <1>"


OTHERS = {
    "gradle": (
        '<testsuite name="com.acme.BarTest"><testcase name="works()" classname="com.acme.BarTest" '
        'time="0.5"/><system-out><![CDATA[]]></system-out></testsuite>',
        [("com.acme.BarTest::works()", "passed", 0.5)],
    ),
    "jest": (
        '<testsuites name="jest tests" tests="2"><testsuite name="sum" tests="2" time="0.4">'
        '<testcase classname="sum adds" name="sum adds" time="0.002"></testcase>'
        '<testcase classname="sum fails" name="sum fails" time="0.01">'
        "<failure>Error: expect(received)\n    at Object.&lt;anonymous&gt; "
        "(/home/ci/project/web/sum.test.js:9:5)</failure></testcase></testsuite></testsuites>",
        [("sum adds", "passed", 0.002), ("sum fails", "failed", 0.01)],
    ),
    "gotestsum": (
        '<testsuites><testsuite name="github.com/acme/p/calc" tests="2"><properties>'
        '<property name="go.version" value="go1.25"/></properties>'
        '<testcase classname="github.com/acme/p/calc" name="TestAdd" time="0.000000"/>'
        '<testcase classname="github.com/acme/p/calc" name="TestSub/neg" time="0.010000">'
        '<failure message="Failed" type="">    calc_test.go:12: got 1</failure></testcase>'
        "</testsuite></testsuites>",
        [
            ("github.com/acme/p/calc::TestAdd", "passed", 0.0),
            ("github.com/acme/p/calc::TestSub/neg", "failed", 0.01),
        ],
    ),
    "phpunit": (
        '<testsuites><testsuite name="/app/phpunit.xml"><testsuite name="unit"><testsuite '
        'name="FooTest" file="/app/tests/FooTest.php"><testcase name="testIt" file="'
        '/app/tests/FooTest.php" line="12" class="FooTest" classname="FooTest" assertions="1" '
        'time="0.004"><error type="Error">FooTest::testIt\nError: no\n\n'
        "/app/tests/FooTest.php:14</error></testcase></testsuite></testsuite></testsuite>"
        "</testsuites>",
        [("FooTest::testIt", "error", 0.004)],
    ),
    "dotnet": (
        '<testsuites><testsuite name="Acme.Tests.dll"><testcase classname="Acme.Tests.FooTest" '
        'name="Works(n: 1)" time="0.0127"><failure type="failure" message="Assert.Equal()">'
        "   at Acme.Tests.FooTest.Works(Int32 n) in C:\\src\\p\\tests\\FooTest.cs:line 21</failure>"
        "</testcase></testsuite></testsuites>",
        [("Acme.Tests.FooTest::Works(n: 1)", "failed", 0.0127)],
    ),
    "cypress": (
        '<testsuites name="Mocha Tests"><testsuite name="Root Suite" file="cypress/e2e/a.cy.js" '
        'tests="0"></testsuite><testsuite name="login"><testcase name="login shows it" '
        'classname="shows it" time="1.5"><failure message="no" type="AssertionError"><![CDATA['
        "AssertionError: no\n    at Context.eval (webpack:///./cypress/e2e/a.cy.js:6:7)]]>"
        "</failure></testcase></testsuite></testsuites>",
        [("shows it::login shows it", "failed", 1.5)],
    ),
    "playwright": (
        '<testsuites id="" name="" tests="1"><testsuite name="e2e/a.spec.ts" hostname="chromium">'
        '<testcase name="title" classname="e2e/a.spec.ts" time="2.1"><skipped></skipped>'
        "<properties></properties></testcase></testsuite></testsuites>",
        [("e2e/a.spec.ts::title", "skipped", 2.1)],
    ),
    "nextest": (
        '<testsuites name="nextest-run" uuid="u"><testsuite name="calc" tests="1" disabled="0">'
        '<testcase name="tests::adds" classname="calc" time="0.003"><flakyFailure '
        'message="thread panicked" type="test failure">panicked at src/lib.rs:8:9</flakyFailure>'
        "</testcase></testsuite></testsuites>",
        [("calc::tests::adds", "failed", 0.003)],
    ),
    "nested, timeless, with an error around it": (
        '<testsuites><testsuite name="outer"><testsuite name="inner"><testcase name="t"/>'
        '</testsuite><error message="broke down"/></testsuite></testsuites>',
        [("outer > inner::t", "passed", None), ("outer", "error", None)],
    ),
    "googletest": (
        '<testsuites><testsuite name="S"><testcase name="a" classname="S" status="run" '
        'result="completed" time="0."/><testcase name="b" classname="S" status="notrun" '
        'result="suppressed" time="-1"/></testsuite></testsuites>',
        [("S::a", "passed", 0.0), ("S::b", "skipped", None)],
    ),
}


@pytest.mark.parametrize("runner", OTHERS)
def test_other_runners(runner: str) -> None:
    text, expected = OTHERS[runner]
    assert brief(read(text)) == expected


@pytest.mark.parametrize("text", [PYTEST, SUREFIRE, *(text for text, _ in OTHERS.values())])
@pytest.mark.parametrize("size", [1, 7, 100])
def test_it_is_all_the_same_in_what_pieces_a_file_comes(text: str, size: int) -> None:
    assert read(text, size) == read(text)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings(encoding: str) -> None:
    declared = "utf-8" if encoding == "utf-8-sig" else encoding
    text = (
        f'<?xml version="1.0" encoding="{declared}"?><testsuite name="é">'
        '<testcase name="naïve" classname="café"/></testsuite>'
    )
    assert [case.id for case in read(text.encode(encoding))] == ["café::naïve"]


BOMB = '<!DOCTYPE t [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><testsuite><testcase name="&b;"/>'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (BOMB, "entity"),
        ("<testsuite>" * 300, "deep"),
        ("<testsuite>" + "".join(f"<a{n}/>" for n in range(2000)), "names"),
        (f'<testsuite name="{"x" * (3 << 20)}', "longer than"),
        ("<testsuite><testcase name='a'>", "too early"),
        ("<testsuite></testcase>", "well-formed"),
        ("", "empty"),
        ("<coverage/>", "coverage report"),
        ("<TestRun/>", "TRX"),
        ('<?xml version="1.0" encoding="no-such"?><testsuite/>', "encoding"),
    ],
)
def test_what_is_hostile_or_no_result_is_refused(text: str, why: str) -> None:
    with pytest.raises(ReportError) as caught:
        read(text)
    assert why in caught.value.message


def test_long_texts_lose_their_middle_and_many_children_are_passed_over() -> None:
    long = "begin" + "x" * 3_000_000 + "end"
    (case,) = read(
        f"<testsuite><testcase name='a'><failure>{long}</failure></testcase></testsuite>"
    )
    assert case.traceback.startswith("beginx")
    assert case.traceback.endswith("xend")
    assert len(case.traceback) < 3 * MAX_TEXT
    (case,) = read(
        "<testsuite><testcase name='a'>" + "<failure/>" * 9999 + "</testcase></testsuite>"
    )
    assert case.outcome == "failed"


def test_more_tests_than_are_read_are_counted() -> None:
    parser = JUnitParser(most=3)
    cases = list(parser.feed(b"<testsuite>" + b"<testcase name='a'/>" * 5 + b"</testsuite>"))
    assert (len(cases), parser.left_out) == (3, 2)


@given(st.text(st.sampled_from("ab/.:[]-py\x1b\u00e9\U0001f600 "), max_size=30))
def test_names_are_those_that_pytest_writes(parameters: str) -> None:
    node = f"tests/test_a.py::TestThing::test_it[{parameters}]"
    names = mangle_test_address(node)
    assert address(node) == (".".join(names[:-1]), bin_xml_escape(names[-1]))
    assert Heard([node]).has(*address(node))


def test_a_prefix_that_pytest_was_told_to_write_is_seen_through() -> None:
    heard = Heard(["tests/test_a.py::test_one", "tests/test_b.py"])
    assert heard.has("py313.tests.test_a", "test_one")
    assert not heard.has("tests.test_b", "test_one")
    assert heard.has("", "tests.test_b")


FILES = (
    "tests/test_a.py", "tests/conftest.py", "java/src/test/java/com/acme/FooTest.java",
    "web/sum.test.js", "web/package.json", "calc/calc_test.go", "tests/FooTest.php",
    "dotnet/tests/FooTest.cs", "cypress/e2e/a.cy.js", "e2e/a.spec.ts", "src/lib.rs",
    "json/decoder.py",
)  # fmt: skip


@pytest.fixture
def locator() -> Locator:
    places = Places(("/work/project",))
    places.index = PathIndex(FILES)
    return Locator(places, "")


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        (PYTEST, [Frame("tests/test_a.py", 7)]),
        (SUREFIRE, [Frame("java/src/test/java/com/acme/FooTest.java", 17)]),
        (OTHERS["jest"][0], [Frame("web/sum.test.js", 9)]),
        (OTHERS["gotestsum"][0], [Frame("calc/calc_test.go", 12)]),
        (OTHERS["phpunit"][0], [Frame("tests/FooTest.php", 14)]),
        (OTHERS["dotnet"][0], [Frame("dotnet/tests/FooTest.cs", 21)]),
        (OTHERS["cypress"][0], [Frame("cypress/e2e/a.cy.js", 6)]),
        (OTHERS["nextest"][0], [Frame("src/lib.rs", 8)]),
    ],
)
def test_the_line_that_failed_is_found_in_every_runner_s_trace(
    locator: Locator, text: str, frames: list[Frame]
) -> None:
    failed = next(case for case in read(text) if case.outcome in ("failed", "error"))
    assert list(locator.frames(failed)) == frames


def test_files_are_found_by_what_each_runner_says(locator: Locator) -> None:
    found = {
        runner: locator.file_of(read(text)[-1])
        for runner, text in {"pytest": PYTEST, "surefire": SUREFIRE}.items()
    } | {runner: locator.file_of(read(text)[-1]) for runner, (text, _) in OTHERS.items()}
    assert {runner: file for runner, file in found.items() if file} == {
        "surefire": "java/src/test/java/com/acme/FooTest.java",
        "phpunit": "tests/FooTest.php",
        "playwright": "e2e/a.spec.ts",
    } | ({"dotnet": found["dotnet"]} if found["dotnet"] else {})


@pytest.mark.parametrize(
    "line",
    [
        "/usr/lib/python3.13/json/decoder.txt:7", "../../etc/passwd.conf:1", "/etc/shadow.x:1",
        "node_modules/x/web/sum.test.js:9:5", "https://example.com:443", "12:30:59", "v1.2:3",
    ],
)  # fmt: skip
def test_no_other_file_is_taken_for_one_of_ours(locator: Locator, line: str) -> None:
    assert locator.frames(Case("t", outcome="failed", traceback=line)) == ()


def test_a_hostile_trace_costs_no_more_than_its_length() -> None:
    for text in ("a.b" * 100_000, "x" * 300_000 + ".py:1", ".py:1" * 60_000, "((" * 100_000):
        assert len(list(named_lines(text))) <= 5000


def test_a_real_run_of_pytest_is_read_as_pytest_counted_it(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text(
        "import pytest\n"
        "@pytest.fixture\n"
        "def torn():\n    yield\n    raise ValueError('down')\n"
        "def test_good(): pass\n"
        "def test_torn(torn): pass\n"
        "@pytest.mark.parametrize('x', ['a::b', 'c/d[e]', '\\x1b'])\n"
        "def test_bad(x): assert x == 1\n"
        "@pytest.mark.skip(reason='why not')\n"
        "def test_off(): pass\n"
        "@pytest.mark.xfail\n"
        "def test_x(): assert 0\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=r.xml"]
    subprocess.run(command, cwd=tmp_path, check=False, capture_output=True)
    cases = read((tmp_path / "r.xml").read_bytes())
    places = Places((str(tmp_path),))
    places.index = PathIndex(["test_a.py"])
    names = [Locator(places, "").test_name(case) for case in cases]
    assert [(name, case.outcome) for name, case in zip(names, cases, strict=True)] == [
        ("test_a.py::test_good", "passed"),
        ("test_a.py::test_torn", "passed"),
        ("test_a.py::test_torn", "error"),
        ("test_a.py::test_bad[a::b]", "failed"),
        ("test_a.py::test_bad[c/d[e]]", "failed"),
        ("test_a.py::test_bad[\\x1b]", "failed"),
        ("test_a.py::test_off", "skipped"),
        ("test_a.py::test_x", "xfailed"),
    ]
    assert Heard(["test_a.py::test_bad[a::b]"]).has(cases[3].classname, cases[3].name)
