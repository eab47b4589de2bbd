"""What an event's payload and a runner's variables must look like to be believed.

Each check takes a value and the name that an error should call it by, and raises `UsageError`
for a value that can't be. None stays None: what is missing is the caller's to judge.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from qe_action.errors import UsageError
from qe_action.github.payloads import REPO_NAME

T = TypeVar("T")
Fields = Mapping[str, Any]

_SHA = r"[0-9a-f]{40}|[0-9a-f]{64}"
# Of git-check-ref-format; half a character is none that can be sent or shown.
_BRANCH = r"(?!-)(?!.*\.\.)(?!.*@\{)[^\x00-\x20\x7f~^:?*\[\\\ud800-\udfff]{1,255}"
_URL = r"https?://[\w.\-\[\]:]{1,255}(/[\w.~%/-]{0,255})?"
_LOGIN = r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}(?:\[bot\])?"
_MAX_NUMBER = 2**53  # the largest whole number that JSON carries everywhere


def sha(value: object, field: str) -> str | None:
    """A commit's full hash."""
    return _match(_SHA, value, field)


def branch(value: object, field: str) -> str | None:
    """A branch's name, with nothing in it that is not to be seen."""
    found = _match(_BRANCH, value, field)
    if found is not None and not found.isprintable():
        raise wrong(field, value)
    return found


def repo_name(value: object, field: str) -> str | None:
    """A repository's name with its owner's."""
    return _match(REPO_NAME, value, field)


def login(value: object, field: str) -> str | None:
    """A user's or an App's name."""
    return _match(_LOGIN, value, field)


def address(value: object, field: str) -> str | None:
    """A server's address, without a slash at its end."""
    found = _match(_URL, value, field)
    return found.rstrip("/") if found else None


def count(value: object, field: str) -> int | None:
    """A whole number from 1 on, out of JSON or of a variable's text."""
    if value is None:
        return None
    if isinstance(value, str) and re.fullmatch("[0-9]{1,16}", value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < _MAX_NUMBER:
        raise wrong(field, value)
    return value


def part(of: Fields, name: str, above: str = "") -> Fields:
    """The object in a field that has to hold one; `above` is the path of `of`, with its dot."""
    value = of.get(name)
    if not isinstance(value, Mapping):
        raise wrong(f"{above}{name}", value)
    return value


def needed(value: T | None, field: str) -> T:
    """The value of a field that GitHub never leaves out."""
    if value is None:
        raise wrong(field, None)
    return value


def line(text: str) -> str:
    """Plain text on one line of bounded length."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:255]


def wrong(field: str, value: object) -> UsageError:
    """The error for a field that is missing or can't hold what it does."""
    shown = "is missing" if value is None else f"is {value!r:.60}"
    return UsageError(
        f"The event's {field} {shown}, which can't be.",
        hint="GITHUB_EVENT_PATH must hold the payload that GitHub wrote.",
        anchor="troubleshooting",
    )


def _match(pattern: str, value: object, field: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not re.fullmatch(pattern, value, re.ASCII):
        raise wrong(field, value)
    return value
