"""The page of a run as one file, taken apart."""

from __future__ import annotations

import gzip
import json
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from qe_action.events import Event
from qe_action.journal import decode

_DATA = re.compile(r'<script type="application/json" id="qe-data">(.*?)</script>', re.DOTALL)
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">')
_INLINE = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)


@dataclass(frozen=True)
class OneFile:
    """What a one-file page holds: `notes` are sentences on what it leaves out."""

    text: str
    title: str
    events: list[Event]
    sources: dict[str, str]
    preview: str
    notes: list[str]

    @property
    def policy(self) -> dict[str, list[str]]:
        """The content security policy: its directives and their sources."""
        (policy,) = _POLICY.findall(self.text)
        return {name: rest for name, *rest in (part.split() for part in policy.split(";"))}

    def inline(self, kind: str) -> list[str]:
        """The hashes of the scripts or styles that stand in the document, as a policy has them."""
        texts = [text for name, text in _INLINE.findall(self.text) if name == kind]
        return [hashed(text) for text in texts]


def hashed(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def one_file(page: Path | str) -> OneFile:
    """A page, or the text of one, taken apart."""
    text = page.read_text(encoding="utf-8") if isinstance(page, Path) else page
    (found,) = _DATA.findall(text)
    data = json.loads(found)
    assert data["version"] == 1
    return OneFile(
        text,
        data["title"],
        list(decode(_unpacked(data["journal"]).splitlines(keepends=True))),
        json.loads(_unpacked(data["sources"])),
        _unpacked(data["preview"]).decode(),
        data["notes"],
    )


def _unpacked(packed: str) -> bytes:
    return gzip.decompress(b64decode(packed))
