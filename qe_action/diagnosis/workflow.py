"""What the text of a workflow's file tells, without a YAML parser.

Read line by line in block style, as workflows are written. What is concluded from a word that
is nowhere in the file holds for any style; grants in a style that is not read are unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from qe_action.diagnosis.facts import Workflow

LINE = 500
"""Characters of a line that are looked at, so that no pattern takes long on an endless one."""

_ALL = ("*",)
_RIGHTS = ("actions", "contents", "checks", "pull-requests", "issues")
_COMMENT = re.compile(r"(?:^|\s)#.*")
_KEY = re.compile(r"""\s*["']?([\w-]+)["']?\s*:(?:\s(.*))?""")
_LEVEL = re.compile(r"""\s*["']?([a-z-]+)["']?\s*:\s*["']?(read|write|none)["']?\s*(?:#.*)?""")
_OTHER_TOKEN = re.compile(r"outputs\.token|token:\s*['\"]?\$\{\{\s*(secrets|steps|env)\.")
_PERMISSIONS = re.compile(r"permissions:\s*([^#\s].*?)?\s*(?:#.*)?")


def read_workflow(path: str, text: str, job: str) -> Workflow:
    """`job` is the running job's key, empty where it is not known."""
    lines = [line[:LINE].rstrip() for line in text.splitlines() if line.strip()]
    said = [line for line in lines if not line.lstrip().startswith("#")]
    bare = "\n".join(said)
    events, pushes = _triggers(said)
    return Workflow(
        path=path,
        grants=_grants(said, job),
        own_token=_own_token(said),
        after_failures=re.search(r"cancelled\(\)|always\(\)|failure\(\)", bare) is not None,
        names_depth="fetch-depth" in bare,
        names_outcome="tests-outcome" in bare,
        events=events,
        pushes=pushes,
    )


def _own_token(lines: list[str]) -> bool:
    """Whether no other token than the job's is made or taken, but for `pr-token`."""
    rest = [line for line in lines if not line.lstrip(" -").startswith("pr-token:")]
    made = len(rest) < len(lines)  # a token that the workflow makes is taken by that input
    text = "\n".join(rest)
    return _OTHER_TOKEN.search(text) is None and (made or "create-github-app-token" not in text)


def _triggers(lines: list[str]) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """The events below `on:`, and the globs of the branches whose push is one."""
    value, inside = _entries(lines).get("on", ("", []))
    if value.startswith("{") or not (value or inside):
        return None, ()
    if value or inside[0].lstrip().startswith("- "):
        events = _listed(value, inside)
        return events, _ALL if "push" in events else ()
    entries = _entries(inside)
    value, inside = entries.get("push", ("{", []))
    return tuple(entries), () if value else _branches(_entries(inside))


def _branches(push: Mapping[str, tuple[str, list[str]]]) -> tuple[str, ...]:
    if "branches" in push:
        return _listed(*push["branches"])
    return () if "tags" in push or "branches-ignore" in push else _ALL


def _listed(value: str, inside: list[str]) -> tuple[str, ...]:
    """The items of a list, written `[a, b]`, as one word or each on its own line."""
    items = value.strip("[]").split(",") if value else [line.lstrip(" -") for line in inside]
    return tuple(_COMMENT.sub("", item).strip().strip("\"'") for item in items)


def _entries(block: list[str]) -> dict[str, tuple[str, list[str]]]:
    """The keys at a block's own level: the value beside each, and the lines below it."""
    found: dict[str, tuple[str, list[str]]] = {}
    inside: list[str] = []
    for line in block:
        key = _KEY.fullmatch(line) if _indent(line) == _indent(block[0]) else None
        if key is None:
            inside.append(line)
        else:
            inside = []
            found[key[1]] = (_COMMENT.sub("", key[2] or "").strip(), inside)
    return found


def _grants(lines: list[str], job: str) -> Mapping[str, str] | None:
    """The job's own `permissions:`, else the file's; None where they can't be told."""
    for block in (_job(lines, job), lines):
        at = _permissions(block)
        if at is not None:
            return _read(block, at)
    return None


def _job(lines: list[str], job: str) -> list[str]:
    """The lines below a job's key, or below the one that names the action where it is unknown."""
    jobs = _below(lines, re.compile(r"jobs:\s*(#.*)?"))
    blocks: list[list[str]] = []
    depth = _indent(jobs[0]) if jobs else 0
    for line in jobs:
        if _indent(line) == depth:
            blocks.append([])
        blocks[-1].append(line)
    for key, *block in blocks:
        named = key.strip().rstrip(":").strip("\"'")
        if named == job if job else any("qe-action" in line for line in block):
            return block
    return []


def _permissions(block: list[str]) -> int | None:
    """Where the block has a `permissions:` of its own, at its own level."""
    depth = _indent(block[0]) if block else 0
    for number, line in enumerate(block):
        if _indent(line) == depth and line.lstrip().startswith("permissions:"):
            return number
    return None


def _read(block: list[str], at: int) -> Mapping[str, str] | None:
    """The grants that stand at a `permissions:`; None where their style is not read."""
    found = _PERMISSIONS.fullmatch(block[at].strip())
    if found is None or found[1]:
        return _inline(found[1]) if found else None
    entries = []
    for line in block[at + 1 :]:
        if _indent(line) <= _indent(block[at]):
            break
        entries.append(_LEVEL.fullmatch(line))
    return _granted(entries)


def _granted(entries: list[re.Match[str] | None]) -> Mapping[str, str] | None:
    known = {entry[1]: entry[2] for entry in entries if entry}
    return MappingProxyType(known) if len(known) == len(entries) else None


def _inline(value: str) -> Mapping[str, str] | None:
    value = value.strip("\"'")
    if value in ("write-all", "read-all"):
        level = value.removesuffix("-all")
        return dict.fromkeys(_RIGHTS, level)
    if not (value.startswith("{") and value.endswith("}")):
        return None
    return _granted([_LEVEL.fullmatch(part) for part in value[1:-1].split(",") if part.strip()])


def _below(lines: list[str], key: re.Pattern[str]) -> list[str]:
    """The lines below a key at the file's top level."""
    for number, line in enumerate(lines):
        if key.fullmatch(line):
            rest = lines[number + 1 :]
            end = next((n for n, each in enumerate(rest) if not _indent(each)), len(rest))
            return rest[:end]
    return []


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
