"""Whether a test of what a call gives would kill a mutant that gives something else."""

from __future__ import annotations

from typing import Any

STATE = 4
"""How many attributes or fields a test looks at."""
MESSAGE = 60
"""How many characters of an exception's message it looks at."""


def differ(original: dict[Any, Any], other: dict[Any, Any]) -> bool:
    """Whether what is asserted of `original` does not hold for `other`."""
    if original["outcome"] != other.get("outcome"):
        return True
    if original["outcome"] == "raised":
        return _error(original["raised"]) != _error(other["raised"], original["raised"]["line"])
    if original.get("iterator") != other.get("iterator"):
        return True
    value = original.get("value")
    if value is None:
        return _fields_differ(original, other)
    if _text(value) != _text(other.get("value")) or original["same"] != other.get("same"):
        return True
    state = sorted(original["state"].items())[:STATE]
    if any(_text(made) != _text(other["state"].get(name)) for name, made in state):
        return True
    if value["text"] != "None" or state:
        return False
    if original["files"]:
        return bool(original["files"] != other["files"])
    return bool(original["printed"] != other["printed"])


def _error(raised: dict[Any, Any], line: Any = None) -> tuple[str, str]:
    asserted = raised["line"] if line is None else line
    message = raised["message"].split("\n")[0][:MESSAGE] if asserted else ""
    return raised["type"], message


def _fields_differ(original: dict[Any, Any], other: dict[Any, Any]) -> bool:
    """The fields that a test would look at: short ones first, those that say little last."""
    if original["type"] != other["type"]:
        return True
    seen, now = original.get("fields", {}), other.get("fields", {})
    looked = sorted(seen, key=lambda access: (_dull(_text(seen[access])), len(access)))
    looked = [access for access in looked if len(_text(seen[access])) < 120]
    return any(_text(seen[access]) != _text(now.get(access)) for access in looked[:STATE])


def _dull(text: str) -> bool:
    return text in ("None", "[]", "{}", "()", "0", "''", "False")


def _text(made: Any) -> str:
    return str(made["text"]) if made else ""
