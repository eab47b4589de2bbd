"""The way out: every text that GitHub will show to people passes here, whoever wrote it.

Sinks escape what they show for its place. This is the wall behind them, for the field that one of
them, or the next one to come, forgets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qe_action.text import document, title, visible

SHOWN: Mapping[str, Callable[[str], str]] = {
    "name": visible,
    "title": title,
    "summary": document,
    "text": document,
    "message": document,
    "raw_details": document,
    "body": document,
}
"""The fields that people read. All others are names of things, which must stay as they are."""


def outgoing(payload: Mapping[str, Any]) -> dict[str, Any]:
    """A request's JSON with every field that is shown made safe, however deep it lies."""
    return {name: _value(name, value) for name, value in payload.items()}


def _value(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return SHOWN[name](value) if name in SHOWN else value
    if isinstance(value, Mapping):
        return outgoing(value)
    if isinstance(value, list | tuple):
        return [_value(name, item) for item in value]
    return value
