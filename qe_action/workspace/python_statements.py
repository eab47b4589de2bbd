"""The statements of a Python source as coverage.py has them, for files that nothing measured."""

from __future__ import annotations

import warnings

from qe_action.reports.coverage_settings import Settings
from qe_action.workspace.allowance import Allowance, TooSlowError

_UNREADABLE = (SyntaxError, ValueError, LookupError, RecursionError, MemoryError)
"""What Python's compiler and codecs raise at sources, beside coverage.py's own errors."""


class StatementParser:
    """coverage.py's parser with the project's exclusions; runs nothing of the source."""

    def __init__(self, settings: Settings, allowance: Allowance | None = None) -> None:
        from coverage import Coverage

        default = Coverage(data_file=None, config_file=False).get_option("report:exclude_lines")
        assert isinstance(default, list)
        patterns = (
            *settings.values.get("exclude_lines", default),
            *settings.get("exclude_also"),
        )
        self._allowance = allowance or Allowance()
        self._exclude = "|".join(f"(?:{pattern})" for pattern in patterns) or None

    def statements(self, source: bytes) -> list[int] | None:
        """The lines of the statements that count, in order.

        None for what is no Python here, or would take too long.
        """
        from coverage.exceptions import CoverageException
        from coverage.parser import PythonParser
        from coverage.phystokens import source_encoding

        try:
            # As coverage.py reads a file: a form feed is a blank, and the last line ends.
            text = source.replace(b"\f", b" ").decode(source_encoding(source), "replace")
            if not text.strip():
                return []
            text += "" if text.endswith("\n") else "\n"
            with warnings.catch_warnings(), self._allowance.of(len(text)):
                # What the compiler thinks of somebody's source is not for our log.
                warnings.simplefilter("ignore")
                parser = PythonParser(text=text, filename="<source>", exclude=self._exclude)
                parser.parse_source()
        except (CoverageException, TooSlowError, *_UNREADABLE):
            return None
        return sorted(parser.statements)
