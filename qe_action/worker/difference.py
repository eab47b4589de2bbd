"""Whether a test of a call's result would notice that another version gives something else."""

from __future__ import annotations

from typing import Any

STATE = 4
MESSAGE = 60


def differ(right: dict[Any, Any], other: dict[Any, Any]) -> bool:
    """Whether what is asserted of `right` does not hold for `other`."""
    if right["outcome"] != other.get("outcome"):
        return True
    if right["outcome"] == "raised":
        return _error(right["raised"]) != _error(other["raised"], right["raised"]["line"])
    if right.get("iterator") != other.get("iterator"):
        return True
    value = right.get("value")
    if value is None:
        return _fields_differ(right, other)
    if _text(value) != _text(other.get("value")) or right["same"] != other.get("same"):
        return True
    state = sorted(right["state"].items())[:STATE]
    if any(_text(made) != _text(other["state"].get(name)) for name, made in state):
        return True
    if value["text"] != "None" or state:
        return False
    if right["files"]:
        return bool(right["files"] != other["files"])
    return bool(right["printed"] != other["printed"])


def _error(raised: dict[Any, Any], line: Any = None) -> tuple[str, str]:
    asserted = raised["line"] if line is None else line
    message = raised["message"].split("\n")[0][:MESSAGE] if asserted else ""
    return raised["type"], message


def _fields_differ(right: dict[Any, Any], other: dict[Any, Any]) -> bool:
    """The fields that a test would look at: short ones first, those that say little last."""
    if right["type"] != other["type"]:
        return True
    seen, now = right.get("fields", {}), other.get("fields", {})
    looked = sorted(seen, key=lambda access: (_dull(_text(seen[access])), len(access)))
    looked = [access for access in looked if len(_text(seen[access])) < 120]
    return any(_text(seen[access]) != _text(now.get(access)) for access in looked[:STATE])


def _dull(text: str) -> bool:
    return text in ("None", "[]", "{}", "()", "0", "''", "False")


def _text(made: Any) -> str:
    return str(made["text"]) if made else ""
