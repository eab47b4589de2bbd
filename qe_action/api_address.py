"""The address of a model's API: what may be one, and whose machine it leads to."""

from __future__ import annotations

import ipaddress
from typing import Literal
from urllib.parse import urlsplit

Where = Literal["here", "private", "public"]
TAKES = "an http or https address such as http://localhost:8000/v1, without a name or a password"
HERE = ("localhost", "127.0.0.1", "::1")
"""This machine, by the names that a model is asked by; others of it count as a private network."""
_LONGEST = 2000


def api_address(text: str) -> str:
    """The address as it was given; empty where there is none.

    Raises `ValueError` for anything else, without the text in it: it may hold a password.
    """
    text = text.strip()
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        known = parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        raise ValueError(TAKES) from None
    plain = text.isascii() and text.isprintable() and not any(each in text for each in ' \\"<>#')
    known = known and "@" not in parts.netloc
    if len(text) > _LONGEST or parts.scheme not in ("http", "https") or not known or not plain:
        raise ValueError(TAKES)
    return text


def host_of(address: str) -> str:
    """The host's name, to be shown; the rest of an address may be somebody's secret."""
    return urlsplit(address).hostname or ""


def is_encrypted(address: str) -> bool:
    """Whether nobody on the way can read what is sent."""
    return urlsplit(address).scheme == "https"


def where(address: str) -> Where:
    """Whose machine an address leads to, as far as its text tells."""
    host = host_of(address)
    if host in HERE:
        return "here"
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        return "private" if host.endswith(".localhost") else "public"
    return "public" if number.is_global else "private"
