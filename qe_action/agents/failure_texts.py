"""What tests say, made fit to be passed on: without secrets and escapes, and of bounded length."""

from __future__ import annotations

import re
from collections.abc import Iterable

from qe_action.text import clip, document, redacted, visible

NAME = 1024
"""Characters of a test's name, of a message's, a traceback's and an output's end, of a reason."""
MESSAGE = 2000
TRACEBACK = 8000
OUTPUT = 4000
REASON = 300
SECRET_LINE = 4
"""Characters of a secret's line that is masked alone: a bracket would mask all brackets."""

# Colours and other control sequences of terminals (ECMA-48, 5.4), and titles and links (8.3.89).
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])")


class Cleaning:
    """Takes `secrets` out of texts, whatever is cut off afterwards."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        whole = [_SEQUENCE.sub("", secret) for secret in secrets if secret.strip()]
        # A secret of several lines may be shown in any of them.
        parts = (line.strip() for secret in whole for line in secret.splitlines())
        self._secrets = {*whole, *(line for line in parts if len(line) >= SECRET_LINE)}

    def line(self, text: str, limit: int) -> str:
        """A text on one line, its beginning."""
        return clip(visible(" ".join(self._plain(text).split())), limit)

    def name(self, text: str) -> str:
        """A test's name, which keeps its spaces."""
        if len(text) <= NAME and text.isascii() and text.isprintable():  # as nearly all are
            return redacted(text, self._secrets) if self._secrets else text
        return clip(visible(self._plain(text)), NAME)

    def head(self, text: str, limit: int) -> str:
        """The beginning of a text of several lines."""
        return clip(document(self._plain(text)), limit).strip("\n")

    def tail(self, text: str, limit: int) -> str:
        """The end of a text of several lines, from the beginning of a line on where it can be."""
        whole = document(self._plain(text)).strip("\n")
        if len(whole) <= limit:
            return whole
        end = whole[-(limit - 2) :]
        cut, newline, rest = end.partition("\n")
        return f"…\n{rest if newline and len(cut) < limit // 2 else end}"

    def _plain(self, text: str) -> str:
        return redacted(_SEQUENCE.sub("", text), self._secrets).replace("\r\n", "\n")
