"""What the live page's server answers to each address. It takes no orders: it only shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from qe_action.input_file import content
from qe_action.page import assets
from qe_action.servers.live_access import Access, Asked
from qe_action.servers.live_history import Shown

SOURCE_LIMIT = 2 * 1024 * 1024
"""Bytes of the largest source that is shown."""
SAFE: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Headers of every answer: nothing foreign runs in the page, and nobody else reads it."""
_PLAIN, _HTML = "text/plain; charset=utf-8", "text/html; charset=utf-8"


@dataclass(frozen=True)
class Answer:
    """A response; `headers` come beside those of every answer."""

    status: int
    body: bytes
    kind: str = _PLAIN
    headers: Mapping[str, str] = field(default_factory=dict)


def page_files() -> dict[str, tuple[str, bytes]]:
    """The page's own files by their addresses, each with its type."""
    files = {
        "/": (_HTML, assets.index()),
        "/style.css": ("text/css; charset=utf-8", assets.style()),
    }
    for name, text in assets.scripts().items():
        files[f"/{name}"] = ("text/javascript; charset=utf-8", text)
    return {path: (kind, text.encode()) for path, (kind, text) in files.items()}


class Routes:
    """The addresses of a page. `source` gives the text of a file that the run is about."""

    def __init__(self, access: Access, shown: Shown, source: Callable[[str], str | None]) -> None:
        self._access = access
        self._shown = shown
        self._source = source
        self._files = page_files()

    def answer(self, asked: Asked) -> Answer | None:
        """What is answered; None to who may listen to the events."""
        if refused := self._access.refusal(asked):
            return Answer(refused.status, f"{refused.why}\n".encode())
        if asked.path == "/ws":
            return None
        if asked.path == "/" and "token" in asked.query:
            return self._welcome(asked)
        if asked.path == "/source":
            return self._text_of(asked.query.get("path", ""))
        kind, body = self._files.get(asked.path, (_PLAIN, b""))
        return Answer(200, body, kind) if body else Answer(404, b"There is nothing here.\n")

    def _welcome(self, asked: Asked) -> Answer:
        """Give the token to the browser to keep, and take it out of the address.

        To somebody who comes by another page's link the browser would not send the cookie on a
        redirect; it does so where our own page goes on.
        """
        kept = {"Set-Cookie": self._access.set_cookie}
        if asked.header("Sec-Fetch-Site") in ("cross-site", "same-site"):
            return Answer(200, b"", _HTML, {**kept, "Refresh": "0; url=/"})
        return Answer(303, b"", _PLAIN, {**kept, "Location": "/"})

    def _text_of(self, path: str) -> Answer:
        text = self._source(path) if path in self._shown.run.named else None
        if text is None:
            return Answer(404, b"The source of this file is unavailable.\n")
        return Answer(200, text.encode("utf-8", "replace"))


class RunSources:
    """Sources below `root`, the repository's top, by their paths from there."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def __call__(self, path: str) -> str | None:
        """A file's text; None where it is missing, too long, or a link leads out of there."""
        try:
            place = (self._root / path).resolve(strict=True)
            inside = place.relative_to(self._root).parts
            if not inside or ".git" in inside:
                return None
            return content(place, SOURCE_LIMIT).decode("utf-8-sig", "replace")
        except (OSError, RuntimeError, ValueError):
            return None
