"""JUnit XML of a run of tests, in the form that pytest and Surefire share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from qe_action.convert.conversion import Conversion, Followed
from qe_action.events import AgentName, Event, TestFinished, TestFlaky

ABOUT: tuple[AgentName, ...] = ("test-executor",)
_NOT_IN_XML = re.compile(
    "[^\t\n\x20-\x7e\xa0-\u061b\u061d-\u200d\u2010-\u2027\u202f-\u2065\u206a-\ud7ff"
    "\ue000-\ufffd\U00010000-\U0010ffff]"
)
"""What XML may not have, and what misleads who reads it."""


@dataclass
class _Case:
    """All that was told of one test."""

    ends: dict[str, TestFinished] = field(default_factory=dict)
    flaky: bool = False


def convert(events: Iterable[Event]) -> Conversion:
    """All tests in one suite."""
    followed, cases = Followed(events), dict[str, _Case]()
    for event in followed:
        if isinstance(event, TestFinished):
            cases.setdefault(event.id, _Case()).ends[event.phase] = event
        elif isinstance(event, TestFlaky) and event.id in cases:
            cases[event.id].flaky = True
    top = Element("testsuites")
    suite = SubElement(top, "testsuite", name="qe-action")
    for case in cases.values():
        suite.append(_element(case))
    counted = {"tests": "testcase", "failures": "*/failure", "errors": "*/error"}
    for name, path in {**counted, "skipped": "*/skipped"}.items():
        suite.set(name, str(len(suite.findall(path))))
    seconds = [s for case in cases.values() if (s := _seconds(case)) is not None]
    if seconds:
        suite.set("time", f"{sum(seconds):.3f}")
    indent(top)
    text = tostring(top, encoding="unicode", xml_declaration=False)
    head = '<?xml version="1.0" encoding="utf-8"?>\n'
    return followed.conversion(f"{head}{text}\n", ABOUT, "JUnit XML")


def _element(case: _Case) -> Element:
    first = next(iter(case.ends.values()))
    classname, name = _names(first.id)
    element = Element("testcase", classname=_xml(classname), name=_xml(name))
    if first.file_path:
        element.set("file", _xml(first.file_path))
    if first.line is not None:
        element.set("line", str(first.line))
    if (seconds := _seconds(case)) is not None:
        element.set("time", f"{seconds:.3f}")
    element.extend(_ends(case))
    return element


def _seconds(case: _Case) -> float | None:
    """How long it took, teardown included: None where that is not known."""
    known = [end.seconds for end in case.ends.values() if end.seconds is not None]
    return max(known) if known else None


def _ends(case: _Case) -> Iterator[Element]:
    """What went otherwise than well; of a failure and an error both are told."""
    for end in case.ends.values():
        if end.bad:
            tag = "failure" if end.outcome == "failed" else "error"
            yield from _failure(end, f"flaky{tag.title()}" if case.flaky else tag)
        elif end.outcome in ("skipped", "xfailed"):
            kind = "pytest.skip" if end.outcome == "skipped" else "pytest.xfail"
            yield Element("skipped", type=kind, message=_xml(end.reason))


def _failure(end: TestFinished, tag: str) -> Iterator[Element]:
    element = Element(tag, message=_xml(end.message))
    element.text = _xml(end.traceback)
    yield element
    if end.output:
        printed = Element("system-out")
        printed.text = _xml(end.output)
        yield printed


def _names(test: str) -> tuple[str, str]:
    """`tests/test_a.py::TestX::test_y[1]` as `tests.test_a.TestX` and `test_y[1]`."""
    whole, bracket, parameters = test.partition("[")
    file, *parts = whole.split("::")
    if not parts:
        return "", test
    path = file.removesuffix(".py").replace("\\", "/").replace("/", ".")
    return ".".join((path, *parts[:-1])), f"{parts[-1]}{bracket}{parameters}"


def _xml(text: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", text.replace("\r\n", "\n"))
