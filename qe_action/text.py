"""Text from outside, made safe for where it is shown; figures, made honest."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from decimal import ROUND_FLOOR, Decimal
from html import escape

UNKNOWN = "unknown"
_ZERO_WIDTH = "\u200b"
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()!|~>$])")
_BLOCK = re.compile(r"( ?\d{0,9})(?:(?<=\d)[.)]|[-+](?<!\d.))(?=[ -]|$)")  # a list item, a line
# What GitHub links, or shows as something else: people and issues, addresses, emoji, formulas.
_EMOJI = r":(?!\d+(?::|$))(?=(?:\\?[\w+-]){1,50}(?::|$))"  # its end may be a colon of ours
_REFERENCE = re.compile(
    rf"([@#$]|:(?=//)|{_EMOJI}|www(?=\.)|gh(?=-\d)|(?:mailto|xmpp)(?=:))", re.IGNORECASE
)
_COMMIT = re.compile(r"(?<![^\W_])[0-9a-f]{7,}(?![^\W_])", re.IGNORECASE)
_NO_COMMIT = 6  # GitHub takes 7 digits for a commit
_LINE_ENDS = "\u2028\u2029"
_MEANT = re.compile(  # by Markdown in the middle of a line: marks, `__x__` and `www.`
    r"[^\w ./-]|(?<![^\W_])_|_(?![^\W_])|(?<=www)\.", re.IGNORECASE
)
_BACKTICKS = re.compile("`+")
# Control characters, what turns the direction of writing, line ends that are none, half pairs.
_MISLEADING = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
    r"\ud800-\udfff]|\r(?!\n)"
)
TITLE_LIMIT = 255
"""Characters of a title on GitHub."""


def percent(value: float | None) -> str:
    """A percentage for people: one decimal, rounded down so that it never looks better."""
    if value is None:
        return UNKNOWN
    floored = floor(value, "0.1")
    if value > 0 and not floored:
        return "under 0.1%"
    shown = format(floored, "f")
    return f"{shown.removesuffix('.0')}%"


def floor(value: float, step: str) -> Decimal:
    """`value` rounded down to a multiple of `step`, as its shortest decimal form reads.

    Arithmetic on the float would make 57.4 to 57.39.
    """
    return Decimal(repr(value)).quantize(Decimal(step), rounding=ROUND_FLOOR)


def visible(text: str) -> str:
    """`text` on one line without control, bidirectional-override and unpaired characters."""
    if text.isascii() and text.isprintable():  # as nearly all is
        return text
    return "".join("\ufffd" if _unseen(c) else c for c in text)


def redacted(text: str, secrets: Iterable[str]) -> str:
    """`text` with `***` in the place of every secret in it, the longest first."""
    for secret in sorted({each for each in secrets if each}, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def _unseen(character: str) -> bool:
    return unicodedata.category(character)[0] == "C" or character in _LINE_ENDS


def title(text: str) -> str:
    """`text` as a title: one visible line that GitHub takes."""
    return clip(visible(text), TITLE_LIMIT)


def document(text: str) -> str:
    """A text of ours with lines, on its way out: what no escaping kept from misleading is shown.

    Line ends, tabs and the invisible characters that our own escaping puts in stay.
    """
    return _MISLEADING.sub("\ufffd", text)


def escaped(line: str) -> str:
    """A line of JSON with the same characters as escapes, so that it says the same."""
    return _MISLEADING.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def code(text: str) -> str:
    """`text` as a Markdown code span that nothing in it can leave. In a table use `cell` too."""
    text = visible(text) or " "
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def breakable(path: str) -> str:
    """A path as code for a table's cell, in which a line may break behind each slash.

    GitHub breaks no code span in a table. Every character that could mean something to Markdown
    is written by its number; what is copied is the path.
    """
    folders, slash, name = visible(path).rpartition("/")
    if not slash:
        return cell(code(path))
    parts = [*folders.split("/"), name]
    return f"<code>{'/<wbr>'.join(_MEANT.sub(_numbered, part) for part in parts)}</code>"


def _numbered(character: re.Match[str]) -> str:
    # An engine that looks for addresses when all is read would find one around an `@`.
    return f"&#{ord(character[0])};{'<wbr>' if character[0] == '@' else ''}"


def fenced(text: str, language: str) -> Iterator[str]:
    """Lines of `text` as a Markdown block of code that nothing in them can leave."""
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{fence}{language}"
    for line in text.replace("\r\n", "\n").split("\n"):
        yield "\t".join(map(visible, line.split("\t")))
    yield fence


def cell(markdown: str) -> str:
    """Markdown as a table's cell: a pipe inside code would end the cell."""
    return re.sub(r"(?<!\\)\|", r"\\|", markdown)


def plain(text: str) -> str:
    """`text` as Markdown that shows just its characters: no markup, mention, link or reference.

    Also where it starts a block.
    """
    text = visible(text)
    if text.startswith("  "):
        text = f" {text.lstrip(' ')}"  # four would be code; more than one is never seen
    text = _COMMIT.sub(_parted, text).replace("&", "&amp;").replace("<", "&lt;")
    text = _MARKDOWN.sub(r"\\\1", text)
    if start := _BLOCK.match(text):
        text = f"{start[1]}\\{text[start.end() - 1 :]}"
    return _REFERENCE.sub(rf"\1{_ZERO_WIDTH}", text)


def in_html(text: str) -> str:
    """`text` for a line of HTML, where no Markdown is read but people and issues are linked."""
    text = escape(_COMMIT.sub(_parted, visible(text)), quote=False)
    return _REFERENCE.sub(rf"\1{_ZERO_WIDTH}", text)


def prose(text: str) -> str:
    """A sentence of ours as Markdown: as `plain`, with what may be a commit's name as code.

    In a code span GitHub links none, and it can be copied.
    """
    text = visible(text)
    parts, at = [], 0
    for found in _COMMIT.finditer(text):
        parts += [plain(text[at : found.start()]), code(found[0])]
        at = found.end()
    return "".join((*parts, plain(text[at:])))


def _parted(digits: re.Match[str]) -> str:
    """What may be a commit's name, in pieces too short for one."""
    found = digits[0]
    pieces = (found[at : at + _NO_COMMIT] for at in range(0, len(found), _NO_COMMIT))
    return _ZERO_WIDTH.join(pieces)


def plural(number: int, one: str, many: str = "") -> str:
    """`1 gap`, `2 gaps`, `1,204 gaps`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def lines(start: int, end: int) -> str:
    """`line 3` or `lines 3-7`."""
    return f"line {start}" if start == end else f"lines {start}-{end}"


def clip(text: str, limit: int) -> str:
    """`text` cut to `limit` characters, an ellipsis in place of what is missing."""
    return text if len(text) <= limit else text[: max(0, limit - 1)] + "…"


def size(text: str) -> int:
    """Length as GitHub may count it: UTF-16 code units, never fewer than characters."""
    return len(text.encode("utf-16-le", "replace")) // 2


def duration(milliseconds: int) -> str:
    """`0.4 s`, `12 s`, `3 min 20 s`."""
    seconds = milliseconds / 1000
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
