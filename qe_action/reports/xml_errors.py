"""Why an XML report can't be read, in words that help."""

from __future__ import annotations

from xml.parsers import expat

from qe_action.errors import ReportError

_CODES = expat.errors.codes
_ENDED = frozenset(
    _CODES[message]
    for message in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
)
_HINTS = {
    _CODES[expat.errors.XML_ERROR_INVALID_TOKEN]: (
        "A character there is not valid in the report's encoding, or a `<` or `&` isn't escaped."
    ),
    _CODES[expat.errors.XML_ERROR_INCORRECT_ENCODING]: (
        "The report is not written in the encoding it declares."
    ),
    _CODES[expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT]: (
        "Two reports written one after the other are not one report: give them as two files."
    ),
    _CODES[expat.errors.XML_ERROR_MISPLACED_XML_PI]: (
        "Nothing, not even a blank line, may stand before `<?xml`."
    ),
}
_AGAIN = "Create the report again."

FOREIGN_ROOTS = {
    "report": "a JaCoCo report, but too much stands before its root to tell it by its beginning",
    "stats": "an EMMA report, which is not read",
    "project": "a Clover report, which is not read yet",
    "file": "a SonarQube generic report, which is not read yet",
    "CoverageSession": "an OpenCover report, which is not read yet",
    "phpunit": "a PHPUnit XML report, which is not read yet",
    "testsuites": "a list of test results (JUnit), not a coverage report",
    "testsuite": "a list of test results (JUnit), not a coverage report",
    "html": "a web page, not a coverage report",
}
"""What an XML document is, by its root element; or by the one below `<coverage>`."""

HINT = (
    "Give a report of Cobertura, as `coverage xml` and `pytest --cov-report=xml` write it, "
    "of LCOV or JaCoCo, or coverage.py's JSON or data file."
)


def explain(error: Exception, *, line: int, column: int, empty: bool) -> ReportError:
    """The error as the user should see it.

    `line` and `column` count from 1; `empty` says that no element was seen.
    """
    if not isinstance(error, expat.ExpatError):
        # What Python says of an encoding it does not know, or can't map to single bytes.
        return ReportError(
            f"The report's encoding can't be read: {error}.", hint="Write the report as UTF-8."
        )
    where = f"line {line}, column {column}"
    if error.code in _ENDED:
        if empty and error.code == _CODES[expat.errors.XML_ERROR_NO_ELEMENTS]:
            return ReportError("The report is empty: it holds no element.", hint=_AGAIN)
        return ReportError(
            f"The report ends too early, at {where}.",
            hint=f"Was it cut off, or still being written? {_AGAIN}",
        )
    if error.code == _CODES[expat.errors.XML_ERROR_UNKNOWN_ENCODING]:
        return ReportError(
            "The report declares an encoding that is not known.", hint="Write it as UTF-8."
        )
    reason = expat.ErrorString(error.code)
    return ReportError(
        f"The report is not well-formed XML: {reason} at {where}.",
        hint=_HINTS.get(error.code, _AGAIN),
    )


def wrong_root(name: str, subject: str = "The report") -> ReportError:
    """The error for XML that is another format, told by the element `name` at its top."""
    known = FOREIGN_ROOTS.get(name) or FOREIGN_ROOTS.get(name.lower())
    what = known or f"XML, but not a coverage report: it begins with <{name[:40]}>"
    return ReportError(f"{subject} is {what}.", hint=HINT)
