"""JUnit XML read as it comes: one test at a time, all of it bounded, whoever wrote it."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from qe_action.errors import ReportError
from qe_action.reports.xml_guard import MAX_DEPTH, SLICE, XmlGuard
from qe_action.results import junit_case
from qe_action.results.case import MAX_CASES, MAX_CHILDREN, MAX_NAME, MAX_TEXT, Case

ANCHOR = "results-of-other-test-runners"
ROOTS = frozenset({"testsuites", "testsuite"})
FOREIGN = {
    "TestRun": "a TRX file of .NET: let `JunitXml.TestLogger` or `trx2junit` write JUnit XML",
    "test-run": "a result of NUnit: let `JunitXml.TestLogger` write JUnit XML",
    "assemblies": "a result of xUnit.net: let it write JUnit XML (`-junit`)",
    "coverage": "a coverage report: name it in `coverage-file`",
    "report": "a coverage report of JaCoCo: name it in `coverage-file`",
    "html": "a web page",
}
"""What an XML document is that has no test results of this form, by its root element."""
_FAILED = frozenset({"failure", "error"})
_WHOLE = frozenset({"skipped", "system-out", "system-err", "stackTrace"}) | _FAILED
_KEPT = _WHOLE | {"rerunFailure", "rerunError", "flakyFailure", "flakyError"}
"""The elements in a test that mean something; `properties` and foreign ones are passed over."""


class JUnitParser:
    """Takes the bytes of a file and gives its tests.

    Elements nest at most `MAX_DEPTH` deep, entities are refused, texts lose their middle. Of more
    than `most` tests the rest is counted in `left_out`.
    """

    def __init__(self, most: int = MAX_CASES) -> None:
        self.left_out = 0
        self._most = most
        self._cases: list[Case] = []
        self._failure: ReportError | None = None
        self._told = 0
        self._depth = 0
        self._suites: list[tuple[int, str, str]] = []
        self._pytest = False
        self._open: list[Element] = []
        self._passed_over = 0
        self._text: list[str] = []
        self._length = 0
        self._seen = set[int]()
        self._root = ""
        self._guard = self._guarded_parser()

    def _guarded_parser(self) -> XmlGuard:
        guard = XmlGuard({}, _refusal)
        parser = guard.parser
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        return guard

    def feed(self, chunk: bytes) -> list[Case]:
        """The tests that end in these bytes.

        Raises `ReportError` for what is no result. Tests that were complete before are given first,
        then the error comes with the next call.
        """
        view = memoryview(chunk)
        for at in range(0, len(view), SLICE):
            if self._failure is None:
                self._guarded(view[at : at + SLICE], final=False)
        return self._taken()

    def close(self) -> list[Case]:
        """The last tests. Raises `ReportError` where the file ends too early."""
        if self._failure is None:
            self._guarded(b"", final=True)
        return self._taken()

    def _guarded(self, data: bytes | memoryview, *, final: bool) -> None:
        try:
            self._guard.parse(data, final=final, empty=lambda: not self._root)
            if not final:
                self._guard.check(self._depth)
        except ReportError as error:
            self._failure = error

    def _taken(self) -> list[Case]:
        cases, self._cases = self._cases, []
        if self._failure is not None and not cases:
            raise self._failure
        return cases

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._guard.too_deep()
        if not self._root:
            self._begin(local)
        if self._passed_over:
            self._passed_over += 1
        elif self._open:
            self._inside(local, attributes)
        elif local == "testcase" or local in _FAILED:
            self._open = [Element(local, _bounded(attributes))]
            self._forget_text()
        elif local in ROOTS:
            self._suites.append((self._depth, *_suite(attributes)))
            if local == "testsuite" and len(self._suites) <= 2:
                self._pytest |= attributes.get("name") == "pytest"

    def _begin(self, local: str) -> None:
        self._root = local
        if local not in ROOTS:
            known = FOREIGN.get(local, f"XML that begins with <{local[:40]}>")
            raise ReportError(
                f"The file has no test results as JUnit XML: it is {known}.",
                hint="Let the test runner write JUnit XML, as `pytest --junitxml=FILE` does.",
                anchor=ANCHOR,
            )

    def _inside(self, local: str, attributes: dict[str, str]) -> None:
        """An element in a test: kept where it means something, and while there is room."""
        parent = self._open[-1]
        if local not in _KEPT or len(parent) >= MAX_CHILDREN or len(self._open) > 2:
            self._passed_over = 1
            return
        self._keep_text()
        child = Element(local, _bounded(attributes))
        parent.append(child)
        self._open.append(child)

    def _end(self, _name: str) -> None:
        if self._passed_over:
            self._passed_over -= 1
        elif self._open:
            self._keep_text()
            element = self._open.pop()
            if not self._open:
                self._give(element)
        elif self._suites and self._suites[-1][0] == self._depth:
            self._suites.pop()
        self._depth -= 1

    def _characters(self, text: str) -> None:
        """Keep a text's beginning, and of its end what is the last so far."""
        if not self._open or self._passed_over:
            return
        self._length += len(text)
        self._text.append(text)
        if self._length > 4 * MAX_TEXT:
            self._shorten()

    def _shorten(self) -> None:
        whole = "".join(self._text)
        if len(whole) > 2 * MAX_TEXT:
            whole = f"{whole[:MAX_TEXT]}\n…\n{whole[-MAX_TEXT:]}"
        self._text, self._length = [whole], len(whole)

    def _keep_text(self) -> None:
        self._shorten()
        element = self._open[-1]
        element.text = (element.text or "") + self._text[0]
        self._forget_text()

    def _forget_text(self) -> None:
        self._text, self._length = [], 0

    def _give(self, element: Element) -> None:
        self._told += 1
        if self._told > self._most:
            self.left_out += 1
            return
        names = tuple(name for _, name, _ in self._suites if name)
        file = next((file for _, _, file in reversed(self._suites) if file), "")
        if element.tag in _FAILED:
            self._cases.append(junit_case.around(element, names, file=file))
            return
        found = junit_case.case(element, names, file=file, pytest=self._pytest)
        same = hash((found.classname, found.name))
        if found.phase == "teardown" and same not in self._seen:
            self._cases.append(junit_case.before_teardown(found))
        if self._pytest:
            self._seen.add(same)
        self._cases.append(found)


def _bounded(attributes: dict[str, str]) -> dict[str, str]:
    return {
        name: value[: MAX_TEXT if name == "message" else MAX_NAME]
        for name, value in attributes.items()
    }


def _suite(attributes: dict[str, str]) -> tuple[str, str]:
    """A suite's name and file; Playwright names it by its file, Cypress says it beside."""
    file = attributes.get("file") or attributes.get("filepath") or ""
    return attributes.get("name", "")[:MAX_NAME], file[:MAX_NAME]


def _refusal(why: str, line: int) -> ReportError:
    return ReportError(
        f"The test results are refused at line {line}: {why}.",
        hint="No test runner writes this. Write the results again.",
        anchor=ANCHOR,
    )
