"""What GitHub's own Markdown engine makes of a document, and what must not be in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options


@dataclass
class Shown(HTMLParser):
    """What a browser is given: blocks in order, links, attributes, comments, text by place."""

    blocks: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    others: list[tuple[str, str]] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    text: str = ""
    open: list[str] = field(default_factory=list)

    INLINE = ("a", "code", "strong", "em", "sub")
    BLOCKS = (
        *("h3", "p", "ul", "li", "details", "summary"),
        *("table", "thead", "tbody", "tr", "th", "td"),
        "pre",
    )

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "wbr" and "code" in self.open and not attrs:
            return  # GitHub keeps it: a place where a line may break
        assert tag in self.INLINE or tag in self.BLOCKS, f"<{tag}>"
        for name, value in attrs:
            if (tag, name) == ("a", "href"):
                self.links.append(value or "")
            else:
                block = tag == "pre" and value in ("python", "diff", "sh")
                assert name == "align" or block, (tag, name)
        if tag in self.BLOCKS:
            self.blocks.append(tag)
            self.text += "\n"
        elif tag == "code":
            self.text += "\ufffc"
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag in self.BLOCKS:
            self.blocks.append(f"/{tag}")
            self.text += "\n"

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    handle_pi = unknown_decl = handle_decl

    def handle_data(self, data: str) -> None:
        if not {"code", "a"} & {*self.open}:
            self.text += data


def rendered(markdown: str) -> Shown:
    """Markdown as GitHub's engine shows it, raw HTML, hard line breaks and footnotes included."""
    options = Options.CMARK_OPT_UNSAFE | Options.CMARK_OPT_FOOTNOTES
    shown = Shown()
    shown.feed(cmarkgfm.github_flavored_markdown_to_html(markdown, options))
    shown.close()
    assert shown.open == []
    return shown


# What GitHub makes of the text that the engine has shown, where it stands in no code or link.
LIVE = {
    "mention": r"@[\w-]",
    "issue": r"#[0-9]",
    "GH issue": r"(?i)(?<![^\W_])gh-[0-9]",
    "commit": r"(?<![^\W_])[0-9a-f]{7,40}(?![^\W_])",
    "address": r"(?i)(https?|ftp)://|www\.|mailto:|xmpp:",
    "emoji": r":[a-z0-9_+-]*[a-z+-][a-z0-9_+-]*:",
    "math": r"\$[^\s\u200b]",
    "command": r"##\[",
}


def assert_inert(shown: Shown, *, comments: int, home: str, sha: str, run: str) -> None:
    """No live text, and no link but to the run and to lines of the repository at `home`."""
    for what, pattern in LIVE.items():
        found = re.search(pattern, shown.text)
        assert not found, (what, found, shown.text)
    line = rf"{re.escape(home)}/blob/{sha}/[\w.~%/-]+#L\d+(-L\d+)?"
    for link in shown.links:
        assert link == run or re.fullmatch(rf"{line}|{re.escape(home)}/pull/[79]", link), link
    assert len(shown.comments) == comments
