"""Documents below a cap: lists get fewer rows until they fit, and what is left out is counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qe_action.text import size

ROWS = (200, 100, 50, 25, 10, 5, 2, 0)
"""How many rows of each list are tried, until the document fits."""
_REST = ("", "_The rest is left out here: it is longer than GitHub takes._", "")


def fit(document: Callable[[int], str], footer: Sequence[str], limit: int) -> str:
    """The document with as many rows a list as fit into `limit` characters.

    Where none are still too many it is cut before its footer, which is kept: every document
    tells which run made it.
    """
    text = ""
    for rows in ROWS:
        text = document(rows)
        if size(text) <= limit:
            return text
    return _cut(text, [*_REST, *footer], limit)


def _cut(text: str, ending: Sequence[str], limit: int) -> str:
    """The lines that fit into half of `limit`, with the blocks that they open closed."""
    left = limit // 2 - size("\n".join(ending))
    kept: list[str] = []
    for line in text.split("\n"):
        left -= size(line) + 1
        if left < 0:
            break
        kept.append(line)
    # No text from outside starts a line with a tag.
    opened = sum(line.startswith("<details>") for line in kept) - kept.count("</details>")
    closing = ["", "</details>"] * opened
    return "\n".join([*kept, *closing, *ending]) + "\n"
