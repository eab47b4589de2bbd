"""Addresses of lines, commits and runs."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from qe_action.events import Anchor, Gap
from qe_action.text import breakable, code


@dataclass(frozen=True, slots=True)
class Links:
    """Where the repository can be looked at; without `server` nothing is linked.

    `sha` is the commit whose lines the gaps' anchors name: the pull request's head.
    """

    server: str = ""
    repo: str = ""
    sha: str = ""
    run_url: str = ""

    def place(self, place: Anchor | None) -> str:
        """The address of a stretch of lines; empty where it can't be shown."""
        if place is None or not (self.server and self.repo and self.sha):
            return ""
        end = f"-L{place.line_end}" if place.line_end != place.line_start else ""
        path = quote(place.path.encode("utf-8", "replace"))
        return f"{self.server}/{self.repo}/blob/{self.sha}/{path}#L{place.line_start}{end}"

    def gap(self, gap: Gap, label: str) -> str:
        """`label` as code, linked to the gap's lines where they exist at the head."""
        url = self.place(gap.anchor)
        return f"[{code(label)}]({url})" if url else code(label)

    def file(self, path: str) -> str:
        """A file's name for a table's cell, which breaks at its slashes where it is long."""
        return breakable(path)
