"""The files of the page, as they lie in the package."""

from __future__ import annotations

from importlib.resources import files

SCRIPTS = (
    "dom.js",
    "words.js",
    "ranges.js",
    "fold.js",
    "address.js",
    "filter.js",
    "feed.js",
    "pump.js",
    "sources.js",
    "virtual.js",
    "listview.js",
    "tint.js",
    "sourceview.js",
    "overview.js",
    "testsview.js",
    "gapsview.js",
    "tree.js",
    "filesview.js",
    "criticalview.js",
    "generatedview.js",
    "preview.js",
    "filterbar.js",
    "theme.js",
    "keys.js",
    "main.js",
)
"""In the order in which they run: each adds to the one global `QE`."""


def index() -> str:
    """The document, with one `<link>` to `style.css` and one `<script src>` for each script."""
    return _text("index.html")


def style() -> str:
    """The one style sheet."""
    return _text("style.css")


def scripts() -> dict[str, str]:
    """The scripts by name, in their order."""
    return {name: _text(name) for name in SCRIPTS}


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")
