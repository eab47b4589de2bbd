"""The files of the page, as they lie in the package."""

from __future__ import annotations

from importlib.resources import files

SCRIPTS = ("main.js",)
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
