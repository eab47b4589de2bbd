"""Expat, hardened against whoever wrote the document: no entities, and all it keeps is bounded."""

from __future__ import annotations

from collections.abc import Callable
from xml.parsers import expat

from qe_action.errors import ReportError
from qe_action.reports.xml_errors import explain

SLICE = 1 << 16
"""Bytes given to expat at once: bounds what waits to be worked off."""
MAX_DEPTH = 256
"""Elements that are open at once; real documents nest ten deep."""
MAX_TOKEN = 1 << 20
"""Bytes of one tag or comment. Expat before 2.6 reads an unfinished one again and again."""
MAX_NAMES = 1000
"""Names of elements and attributes, which expat keeps to the end; real reports have fifty."""
MAX_DOCTYPE = 1 << 20
"""Bytes of a document type, of which expat keeps every declaration; JaCoCo's has 6 KB."""


class XmlGuard:
    """A parser whose handlers for elements and text are its owner's to set.

    `names` are kept one string a name. `refusal(why, line)` makes the error of what is refused.
    """

    def __init__(self, names: dict[str, str], refusal: Callable[[str, int], ReportError]) -> None:
        self._names = names
        self._error = refusal
        self._fed = 0
        self._doctype: int | None = None  # where the open document type begins
        self.parser = parser = expat.ParserCreate(intern=names)
        parser.specified_attributes = True  # no defaults from a DTD
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        if hasattr(parser, "SetReparseDeferralEnabled"):
            parser.SetReparseDeferralEnabled(False)  # MAX_TOKEN bounds what it guards against
        parser.EntityDeclHandler = self._refuse_entity
        parser.StartDoctypeDeclHandler = self._start_doctype
        parser.EndDoctypeDeclHandler = self._end_doctype

    def parse(self, data: bytes | memoryview, *, final: bool, empty: Callable[[], bool]) -> None:
        """Let expat read. `empty` is whether no element has been seen.

        Raises `ReportError` where it can't, and what the handlers raise.
        """
        self._fed += len(data)
        parser = self.parser
        try:
            parser.Parse(data, final)
        except (expat.ExpatError, LookupError, ValueError) as error:
            raise explain(
                error,
                line=parser.CurrentLineNumber,
                column=parser.CurrentColumnNumber + 1,
                empty=empty(),
            ) from None

    def check(self, depth: int) -> None:
        """Raises `ReportError` where more is held than any real document needs.

        `depth` is how many elements are open.
        """
        if depth > MAX_DEPTH:
            raise self.too_deep()
        if self._fed - self.parser.CurrentByteIndex > MAX_TOKEN:
            raise self._refusal(f"one tag is longer than {MAX_TOKEN >> 20} MB")
        if len(self._names) > MAX_NAMES:
            raise self._refusal(f"its elements have more than {MAX_NAMES:,} names")
        if self._doctype is not None and self._fed - self._doctype > MAX_DOCTYPE:
            raise self._refusal(f"its document type is longer than {MAX_DOCTYPE >> 20} MB")

    def too_deep(self) -> ReportError:
        """What an owner raises as soon as an element lies deeper than `MAX_DEPTH`."""
        return self._refusal(f"elements nest more than {MAX_DEPTH} deep")

    def _refusal(self, why: str) -> ReportError:
        return self._error(why, self.parser.CurrentLineNumber)

    def _start_doctype(self, *_: object) -> None:
        self._doctype = self.parser.CurrentByteIndex

    def _end_doctype(self) -> None:
        self._doctype = None

    def _refuse_entity(self, name: str, *_: object) -> None:
        raise self._refusal(f"it declares the XML entity {name[:40]!r}")
