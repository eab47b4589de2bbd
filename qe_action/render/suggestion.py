"""Our own sentences, which hold a source's code in backticks, as Markdown."""

from __future__ import annotations

from qe_action.text import code, plain


def markdown(text: str) -> str:
    """A sentence as Markdown: code spans for what stands in backticks, the rest plain.

    The code comes from the pull request and can't leave its span. A text whose backticks
    don't pair is shown just as it is.
    """
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return plain(text)
    return "".join(
        (code(part) if part else "") if number % 2 else plain(part)
        for number, part in enumerate(parts)
    )
