"""Reading the text of a diff: git's headers and names, the hunks through unidiff.

Hunks are read by their counts, so an added line that looks like a header stays a line.
git's extended headers and its C-quoted names are read here, since unidiff leaves names
quoted and guesses where one name ends and the next begins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from unidiff.errors import UnidiffParseError
from unidiff.patch import Hunk, PatchedFile, PatchSet

from qe_action.errors import WorkspaceError

Status = Literal["added", "modified", "renamed", "deleted", "copied"]

_SECTION = re.compile(r"^(?=diff --git )", re.MULTILINE)
_SEVERAL = re.compile(r"^(?:From|commit) [0-9a-f]{40}(?:[0-9a-f]{24})?\b", re.MULTILINE)
_COMBINED = re.compile(r"^diff --(?:cc|combined) ", re.MULTILINE)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\([0-7]{1,3}|.)", re.DOTALL)
_LETTERS = {"a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r"}
_PREFIXES = {"ab", "ba", "iw", "wi", "cw", "wc", "ci", "ic", "ow", "wo", "12", "21"}
_NULL = "/dev/null"
_NO_TEXT_MODES = ("160000", "120000")
"""Modes of a submodule and of a symbolic link: their one "line" is no source line."""


class Edit(NamedTuple):
    """A run of lines that were replaced.

    `old_count` lines from `old_start` gave way to `new_count` lines from `new_start`; where a
    count is 0 the start is the line before which the run stands.
    """

    old_start: int
    old_count: int
    new_start: int
    new_count: int


@dataclass(frozen=True, slots=True)
class FilePatch:
    """One file's part of a diff. `edits` are in ascending order, empty for a binary file."""

    old_path: str
    new_path: str
    status: Status
    binary: bool = False
    edits: tuple[Edit, ...] = ()


def parse_patch(text: str) -> Iterator[FilePatch]:
    """The files of a diff: git's own format, or a plain unified one.

    Raises `WorkspaceError` for what can't be read, never anything else.
    """
    if _COMBINED.search(text):
        raise _unreadable("it is the combined diff of a merge")
    if len(_SEVERAL.findall(text)) > 1:
        raise _unreadable("it holds several commits, so its line numbers are not of one tree")
    first = text.find("\n")
    if first > 0 and text[first - 1] == "\r":
        # Only a diff that was converted as a whole ends its header lines in CR LF.
        text = text.replace("\r\n", "\n")
    sections = [part for part in _SECTION.split(text) if part.startswith("diff --git ")]
    if sections:
        for section in sections:
            patch = _git_section(section)
            if patch is not None:
                yield patch
    elif text.strip():
        yield from _plain(text)


def parse_hunks(text: str) -> tuple[Edit, ...]:
    """The edits of hunks that stand alone, as GitHub's list of files gives them."""
    lines = text.split("\n")
    files = read_hunks(["--- a", "+++ b", *lines])
    if not files:
        return ()
    edits = _edits(files[0])
    added = sum(edit.new_count for edit in edits)
    if len(files) > 1 or added != sum(line.startswith("+") for line in lines):
        raise _unreadable("a hunk is longer than its header says")
    return edits


def _git_section(section: str) -> FilePatch | None:
    """One `diff --git` section; None where it tells of no change at all."""
    lines = section.split("\n")
    header, body = _split_header(lines)
    old, new = _names(header)
    status: Status = "modified"
    if "new file mode" in header:
        status = "added"
    elif "deleted file mode" in header:
        status = "deleted"
    elif "copy to" in header:
        status = "copied"
    elif old != new:
        status = "renamed"
    binary = "binary" in header or _mode(header) in _NO_TEXT_MODES
    edits = () if binary or not body else parse_hunks("\n".join(body))
    if status == "modified" and not (binary or edits or "new mode" in header):
        return None  # only the file's time stamp differs
    return FilePatch(old, new, status, binary, edits)


_HEADERS = (
    "diff --git", "old mode", "new mode", "new file mode", "deleted file mode", "index",
    "rename from", "rename to", "copy from", "copy to", "---", "+++",
)  # fmt: skip


def _split_header(lines: list[str]) -> tuple[dict[str, str], list[str]]:
    header: dict[str, str] = {}
    for number, line in enumerate(lines):
        if line.startswith("@@ "):
            return header, lines[number:]
        if line.startswith(("GIT binary patch", "Binary files ")):
            header["binary"] = line
            break
        for key in _HEADERS:
            if line.startswith(key + " "):
                header.setdefault(key, line[len(key) + 1 :])
    return header, []


def _mode(header: dict[str, str]) -> str:
    for key in ("new file mode", "deleted file mode", "new mode"):
        if key in header:
            return header[key].strip()
    return header.get("index", "").partition(" ")[2].strip()


def _names(header: dict[str, str]) -> tuple[str, str]:
    for verb in ("rename", "copy"):
        if f"{verb} from" in header and f"{verb} to" in header:
            return _checked(header[f"{verb} from"]), _checked(header[f"{verb} to"])
    pair = _header_pair(header["diff --git"])
    if pair is None or (name := _same(*pair)) is None:
        old, new = header.get("---", ""), header.get("+++", "")
        return _strip_pair(_cut(old), _cut(new))
    return name, name


def _header_pair(rest: str) -> tuple[str, str] | None:
    """The two names of a `diff --git` line, where its form tells them apart.

    The line separates its names by a blank and does not quote blanks. Both names are the
    same but for the prefix unless the file was renamed, so the middle is where it parts.
    """
    quoted = _QUOTED.match(rest)
    if quoted:
        return unquote(quoted.group()), unquote(rest[quoted.end() + 1 :])
    if rest.endswith('"') and ' "' in rest:
        old, _, new = rest.partition(' "')
        return old, unquote('"' + new)
    middle = len(rest) // 2
    return (rest[:middle], rest[middle + 1 :]) if rest[middle : middle + 1] == " " else None


def _same(old: str, new: str) -> str | None:
    if _has_prefixes(old, new):
        old, new = old[2:], new[2:]
    return _safe(old) if old == new else None


def _strip_pair(old: str, new: str) -> tuple[str, str]:
    if _NULL in (old, new):
        name = new if old == _NULL else old
        name = name[2:] if re.match(r"[abciow12]/", name) else name
        return _safe(name), _safe(name)
    if _has_prefixes(old, new):
        old, new = old[2:], new[2:]
    return _safe(old), _safe(new)


def _has_prefixes(old: str, new: str) -> bool:
    return old[1:2] == new[1:2] == "/" and old[:1] + new[:1] in _PREFIXES


def _cut(name: str) -> str:
    """A name of a `---` or `+++` line: git ends it by a tab where it holds a blank."""
    return unquote(name) if name.startswith('"') else name.partition("\t")[0]


def unquote(name: str) -> str:
    """A name as it is, of one as git writes it: C-quoted where it holds odd characters.

    Bytes that are no UTF-8 become U+FFFD, as everywhere in our paths.
    """
    quoted = _QUOTED.match(name)
    if not quoted:
        return name
    raw = bytearray()
    end = 0
    inner = quoted.group(1)
    for escape in _ESCAPE.finditer(inner):
        raw += inner[end : escape.start()].encode("utf-8", "replace")
        code = escape.group(1)
        octal = code[0] in "01234567"
        raw += bytes([int(code, 8) & 0xFF]) if octal else _LETTERS.get(code, code).encode()
        end = escape.end()
    raw += inner[end:].encode("utf-8", "replace")
    return raw.decode("utf-8", "replace")


def _checked(name: str) -> str:
    return _safe(unquote(name))


def _safe(path: str) -> str:
    """Refuses a path that leads out of the repository; git itself never writes one."""
    if not path or path.startswith("/") or "\0" in path or ".." in path.split("/"):
        raise _unreadable("a file name is missing or leads outside the repository")
    return path


def _plain(text: str) -> Iterator[FilePatch]:
    files = read_hunks(text.split("\n"))
    if not files:
        raise _unreadable("it holds no file")
    for file in files:
        old, new = _cut(file.source_file), _cut(file.target_file)
        status: Status = "modified"
        if old == _NULL:
            status = "added"
        elif new == _NULL:
            status = "deleted"
        before, after = _strip_pair(old, new)
        if status == "modified":
            before = after  # a plain diff knows no renames; `x.orig` is a name of the moment
        yield FilePatch(before, after, status, bool(file.is_binary_file), _edits(file))


def read_hunks(lines: list[str]) -> PatchSet:
    """The hunks of a text's lines, its names as unidiff takes them.

    Raises `WorkspaceError` where hunks do not fit their headers.
    """
    if lines and lines[-1] == "":
        lines = lines[:-1]
    # Content lines begin with a sign, so a backslash is always the "no newline" marker. Its
    # wording depends on the language, and it changes no line number.
    kept = [line + "\n" for line in lines if not line.startswith("\\")]
    try:
        return PatchSet(kept)
    except (UnidiffParseError, ValueError) as error:
        raise _unreadable("its hunks do not fit their headers") from error


def _edits(file: PatchedFile) -> tuple[Edit, ...]:
    edits: list[Edit] = []
    old_end = new_end = 0
    for hunk in file:
        for edit in _hunk_edits(hunk):
            if edit.old_start < old_end or edit.new_start < new_end:
                raise _unreadable("its hunks overlap")
            old_end = edit.old_start + edit.old_count
            new_end = edit.new_start + edit.new_count
            edits.append(edit)
    return tuple(edits)


def _hunk_edits(hunk: Hunk) -> Iterator[Edit]:
    # A side without lines names the line before it.
    old = hunk.source_start + (hunk.source_length == 0)
    new = hunk.target_start + (hunk.target_length == 0)
    old_start, new_start = old, new
    for line in hunk:
        if line.is_context:
            if (old, new) != (old_start, new_start):
                yield Edit(old_start, old - old_start, new_start, new - new_start)
            old, new = old + 1, new + 1
            old_start, new_start = old, new
        elif line.is_added:
            new += 1
        elif line.is_removed:
            old += 1
    if (old, new) != (old_start, new_start):
        yield Edit(old_start, old - old_start, new_start, new - new_start)


def _unreadable(why: str) -> WorkspaceError:
    return WorkspaceError(
        f"The diff can't be read: {why}.",
        hint="Pass one diff in git's format, as `git diff BASE HEAD` writes it.",
    )
