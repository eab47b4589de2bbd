"""The programming language of a source file, and whether lines of it hold anything that runs."""

from __future__ import annotations

import re
from collections.abc import Iterable

PYTHON = "python"
_FAMILIES = {
    PYTHON: "py",
    "javascript": "js jsx mjs cjs ts tsx mts cts vue svelte",
    "jvm": "java kt scala groovy",
    "dotnet": "cs fs vb",
    "c": "c cc cpp cxx m mm h hh hpp",
    "go": "go",
    "rust": "rs",
    "swift": "swift",
    "ruby": "rb",
    "php": "php",
    "perl": "pl pm",
    "dart": "dart",
    "elixir": "ex exs",
    "erlang": "erl",
    "lua": "lua",
    "julia": "jl",
    "r": "r R",
    "haskell": "hs",
    "clojure": "clj cljs cljc",
    "cython": "pyx",
}
FAMILIES = {suffix: name for name, listed in _FAMILIES.items() for suffix in listed.split()}
"""The language of a source file by its suffix, those together that one tool measures."""
_COMMENT = re.compile(r"\s*(?:$|//|/\*|\*|#|--|[{}()\[\];,]+\s*$|import\b|package\b|using\b)")
_RUNS = re.compile(
    r"=>|\b(?:function|class|const|let|var|return|if|for|while|switch|enum|new|throw|await)\b"
)
"""A script of which none of this is left declares types alone, and nothing of it runs."""


def family(path: str) -> str | None:
    """The language of a source file; None for what is none."""
    name = path.rpartition("/")[2]
    stem, _, suffix = name.rpartition(".")
    return FAMILIES.get(suffix) if stem else None


def says_something(path: str, source: str, changed: Iterable[int]) -> bool:
    """Whether changed lines of a source that we don't parse may hold anything that runs."""
    lines = source.splitlines()
    rows = [lines[number - 1] for number in changed if 0 < number <= len(lines)]
    if all(_COMMENT.match(row) for row in rows):
        return False
    return family(path) != "javascript" or _RUNS.search(source) is not None
