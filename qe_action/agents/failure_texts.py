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
CUT = 900
"""Characters from which on a text may have been cut before it came here, within a secret."""
PART = 5
"""Characters of a secret's beginning or end that are masked where a text was cut."""

# Colours and other control sequences of terminals (ECMA-48, 5.4), and titles and links (8.3.89).
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])")

# A long name as the plugin has it: its beginning, and what tells it from others.
_SHORTENED = re.compile(r"(.{900,})(\.\.\.[0-9a-f]{16})", re.DOTALL)


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
        if len(text) < CUT and text.isascii() and text.isprintable():  # as nearly all are
            return redacted(text, self._secrets) if self._secrets else text
        if len(text) >= CUT and (short := _SHORTENED.fullmatch(text)):
            return self.name(short[1]) + short[2]
        return self.command(text, NAME)

    def command(self, text: str, limit: int) -> str:
        """What somebody may copy: on one line, with its spaces."""
        return clip(visible(self._plain(text)), limit)

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
        plain = redacted(_SEQUENCE.sub("", text), self._secrets)
        if len(text) >= CUT:
            for secret in self._secrets:
                plain = _without_parts(plain, secret)
        return plain.replace("\r\n", "\n")


def _without_parts(text: str, secret: str) -> str:
    """A text that may begin or end within a secret, without that part of it."""
    for length in range(len(secret) - 1, PART - 1, -1):
        if text.startswith(secret[-length:]):
            text = f"***{text[length:]}"
            break
    for length in range(len(secret) - 1, PART - 1, -1):
        if text.endswith(secret[:length]):
            return f"{text[:-length]}***"
    return text
