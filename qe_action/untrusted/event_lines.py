"""A line of a stranger's journal as an event, bounded before anything is built of it."""

from __future__ import annotations

import json
import math
from typing import Any

from pydantic import ValidationError

from qe_action.events import EVENT, Event
from qe_action.untrusted.claims import Refusal

MAX_SHORT_LINE = 64 * 1024
"""Bytes of a line that is no result."""
MAX_TEXT = 10_000
"""Characters of a text; a line of a comment shows fewer."""
MAX_RECORDED_TEXT = 4 * 1024 * 1024
"""Characters of a text of a journal that nothing is published of: a line has no more."""
MAX_ITEMS = 10_000
"""Entries of a list."""
MAX_NUMBER = 2**31
MAX_DEPTH = 8

UNREAD = "digest"
"""A field that is long and never used: a fork must not write what later runs compare with."""
_UNREAD_TYPES = ("test", "rejected")
"""Events that are long and never used: what is proposed stands in the result."""


def event_of(line: bytes) -> Event | None:
    """One line as an event, bounded before it is built; None where nobody asks for it."""
    data = _object(line)
    if data.get("type") in _UNREAD_TYPES:
        return None
    if len(line) > MAX_SHORT_LINE and data.get("type") != "complete":
        raise Refusal(f"it has more than {MAX_SHORT_LINE // 2**10} KB")
    data.pop(UNREAD, None)
    _check_bounds(data, MAX_DEPTH, MAX_TEXT)
    return _validated(line)


def recorded_event(line: bytes) -> Event:
    """One line as the event that it is, all of its texts included. Raises `Refusal`."""
    _check_bounds(_object(line), MAX_DEPTH, MAX_RECORDED_TEXT)
    return _validated(line)


def _object(line: bytes) -> dict[str, Any]:
    try:
        data = json.loads(line, parse_constant=_no_number, object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError):
        raise Refusal("it is no JSON") from None
    if not isinstance(data, dict):
        raise Refusal("it is no event")
    return data


def _validated(line: bytes) -> Event:
    try:
        return EVENT.validate_json(line, strict=True)
    except ValidationError as error:
        reason = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise Refusal(f"it is no event ({reason['type']})") from None


def _check_bounds(value: object, depth: int, text: int) -> None:
    """Refuse what is too long, too deep or too large."""
    if isinstance(value, str):
        if len(value) > text:
            raise Refusal(f"it has a text of more than {text:,} characters")
    elif isinstance(value, float):
        if not math.isfinite(value) or abs(value) > MAX_NUMBER:
            raise Refusal("it has a number that can't be")
    elif isinstance(value, int):
        if abs(value) > MAX_NUMBER:
            raise Refusal("it has a number that can't be")
    elif isinstance(value, dict | list):
        if depth == 0 or len(value) > MAX_ITEMS:
            raise Refusal(f"it is too deep or has more than {MAX_ITEMS:,} entries")
        for item in value.values() if isinstance(value, dict) else value:
            _check_bounds(item, depth - 1, text)


def _no_number(name: str) -> float:
    raise ValueError(name)


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; of a key that comes twice another parser might take the other value."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key comes twice")
    return found
