"""Names for addresses."""

import re
import unicodedata


def slug(text: str, longest: int = 0, taken: frozenset[str] = frozenset()) -> str:
    """A text in small letters and dashes, cut at a word, numbered where it is taken."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", plain.lower().replace("&", " and "))
    if not words:
        return "untitled"
    made = "-".join(words)
    if longest and len(made) > longest:
        cut = made[: longest + 1].rpartition("-")[0]
        made = cut or made[:longest]
    if made not in taken:
        return made
    number = 2
    while f"{made}-{number}" in taken:
        number += 1
    return f"{made}-{number}"
