"""The page as one file: style, scripts and the run in it, so that it needs nothing else."""

from __future__ import annotations

import json
import re
import zlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from html import escape

from qe_action.page import assets

LIMIT = 1_000_000
"""Bytes of the whole document that the sources are fitted into."""
LEAST_ROOM = 100_000
"""Compressed bytes that sources may take however much there is of the rest."""
PREVIEW_ROOM = 64_000
"""Compressed bytes that the preview is thought to take."""

_CHARSET = '<meta charset="utf-8">'
_LINK = re.compile(r'<link\b[^>]*\bhref="style\.css"[^>]*>')
_SCRIPT = re.compile(r'<script\b[^>]*\bsrc="([\w.-]+)"[^>]*></script>')
_STYLED = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_TITLE = re.compile(r"<title>[^<]*</title>")


def packed(data: bytes) -> bytes:
    """Data as gzip has it: the same for the same data."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


def room_for_sources(journal: bytes) -> int:
    """How many compressed bytes the sources may take beside the packed `journal`."""
    page = sum(map(len, (assets.index(), assets.style(), *assets.scripts().values())))
    left = LIMIT - page
    return max(LEAST_ROOM, left * 3 // 4 - len(journal) - PREVIEW_ROOM)


def one_file(
    title: str, journal: bytes, sources: Mapping[str, str], preview: str, notes: Sequence[str] = ()
) -> str:
    """The whole document.

    `journal` is a packed journal, `sources` are texts by their paths, `preview` is a fragment of
    HTML that may begin with its own `<style>`; `notes` are sentences on what was left out.
    """
    data = {
        "version": 1,
        "title": title,
        "journal": _base64(journal),
        "sources": _base64(packed(_text(json.dumps(dict(sources), ensure_ascii=False)))),
        "preview": _base64(packed(_text(preview))),
        "notes": list(notes),
    }
    own = _STYLED.match(preview)
    return _document(title, _inert(data), style_of_preview=own[1] if own else "")


def _document(title: str, data: str, style_of_preview: str) -> str:
    """The index with everything in it, allowed by its hash alone."""
    style, scripts = assets.style(), assets.scripts()
    used: list[str] = []

    def script(found: re.Match[str]) -> str:
        text = scripts[found[1]]
        first = "" if used else f'<script type="application/json" id="qe-data">{data}</script>\n'
        used.append(text)
        return f"{first}<script>{text}</script>"

    text = _SCRIPT.sub(script, assets.index())
    text = _LINK.sub(lambda _: f"<style>{style}</style>", text, count=1)
    text = _TITLE.sub(lambda _: f"<title>{escape(title)}</title>", text, count=1)
    policy = _policy(used, [style, *filter(None, [style_of_preview])])
    meta = f'{_CHARSET}\n<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return text.replace(_CHARSET, meta, 1)


def _policy(scripts: Sequence[str], styles: Sequence[str]) -> str:
    """Only what is in the document runs and styles it; nothing is loaded or sent."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(map(_hash, scripts))}",
            f"style-src {' '.join(map(_hash, styles))}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hash(text: str) -> str:
    return f"'sha256-{_base64(sha256(_text(text)).digest())}'"


def _inert(data: Mapping[str, object]) -> str:
    """JSON, all in ASCII, that can't end the element it stands in."""
    return json.dumps(data).replace("<", "\\u003c")


def _base64(data: bytes) -> str:
    return b64encode(data).decode()


def _text(text: str) -> bytes:
    return text.encode("utf-8", "replace")
