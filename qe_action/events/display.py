"""Events and results as notebooks show them: a small table of HTML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from qe_action.text import clip, floor, visible

LISTED = 10
"""How many entries of a list are shown."""
LONGEST = 300
"""Characters of a value that are shown."""
_OMITTED = ("type", "agent", "digest")


def table(title: str, fields: Mapping[str, object]) -> str:
    """A table of the fields that say something; all text in it is escaped."""
    rows = "".join(
        f"<tr><th>{escape(name.replace('_', ' '))}</th><td>{_cell(value)}</td></tr>"
        for name, value in fields.items()
        if name not in _OMITTED and not _is_empty(value)
    )
    return f"<table><caption>{escape(title)}</caption><tbody>{rows}</tbody></table>"


def _is_empty(value: object) -> bool:
    return value is None or value in ("", (), {})


def _cell(value: object) -> str:
    if isinstance(value, Mapping):
        return _list((f"{key}: {_words(each)}" for key, each in value.items()), len(value))
    if isinstance(value, tuple):
        return _list(map(_words, value), len(value))
    return escape(clip(_words(value), LONGEST))


def _list(items: Iterable[str], number: int) -> str:
    shown = "".join(
        f"<li>{escape(clip(item, LONGEST))}</li>"
        for _, item in zip(range(LISTED), items, strict=False)
    )
    more = f"<li>and {number - LISTED:,} more</li>" if number > LISTED else ""
    return f"<ul>{shown}{more}</ul>"


def _words(value: object) -> str:
    """A value in words: of a model those fields that are no lists."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(floor(value, "0.01"))
    if isinstance(value, int):
        return f"{value:,}"
    fields = getattr(type(value), "model_fields", None)
    if fields is None:
        return visible(str(value))
    told = ((name, getattr(value, name)) for name in fields if name not in _OMITTED)
    return ", ".join(
        f"{name.replace('_', ' ')} {_words(each)}"
        for name, each in told
        if isinstance(each, str | int | float) and not _is_empty(each)
    )
