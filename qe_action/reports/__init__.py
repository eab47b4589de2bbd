"""Coverage reports: one file a format behind one table.

A new format is one module with a `ReportParser` and one line in `FORMATS`. Data files have no
parser here: they are a database that says nothing without the sources.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from qe_action.errors import ReportError
from qe_action.reports import sniff
from qe_action.reports.cobertura import CoberturaParser
from qe_action.reports.coverage_json import CoverageJsonParser
from qe_action.reports.jacoco import JacocoParser
from qe_action.reports.lcov import LcovParser
from qe_action.reports.model import ReportParser
from qe_action.reports.xml_errors import HINT, wrong_root


class Format(NamedTuple):
    """A report format: its name, how its first bytes are told, what reads it.

    `parser` is None for data files, which `workspace.data_file` reads. `files` is a pattern of the
    names that such a report usually has, in whatever case: the doctor looks for them.
    """

    name: str
    sniff: Callable[[bytes], bool]
    parser: Callable[[], ReportParser] | None
    files: str


COBERTURA_FILES = r"coverage.*\.xml|(.*[-_.])?cobertura(-coverage)?\.xml"

FORMATS: tuple[Format, ...] = (  # Cobertura takes all XML whose root is not in sight
    Format("jacoco", sniff.is_jacoco, JacocoParser, r"jacoco.*\.xml"),
    Format("cobertura", sniff.is_cobertura, CoberturaParser, COBERTURA_FILES),
    Format("coverage.py JSON", sniff.is_coverage_json, CoverageJsonParser, r"coverage\.json"),
    Format("lcov", sniff.is_lcov, LcovParser, r"lcov\.info|.*\.lcov"),
    Format("coverage.py data", sniff.is_database, None, r"\.coverage(\..+)?"),
)


def detect(head: bytes, name: str = "") -> Format:
    """The format of a report, told by its content.

    Args:
        head: the report's beginning, `sniff.HEAD` bytes or more where it has them.
        name: what to call the report in an error, for example its path.

    Raises:
        ReportError: it is empty, or nothing that is read; the message says what it is.
    """
    for each in FORMATS:
        if each.sniff(head):
            return each
    raise _unreadable(head, repr(name) if name else "The report")


def _unreadable(head: bytes, name: str) -> ReportError:
    text = sniff.text_of(head)
    if not text:
        return ReportError(
            f"{name} is empty.", hint="Did the tests run, and the report get written?"
        )
    for magic, what in sniff.BINARIES:
        if head.startswith(magic):
            return ReportError(f"{name} is {what}.")
    for pattern, what in sniff.TEXTS:
        if pattern.match(text):
            return ReportError(f"{name} is {what}.", hint=HINT)
    if text.startswith("<"):
        root, following = sniff.root_elements(head)
        return wrong_root(following if root in ("coverage", "report") else root, name)
    return ReportError(f"{name} is not a coverage report that is read.", hint=HINT)
