"""The address of a model's API, as it is given. Pure."""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass


@dataclass(frozen=True)
class Address:
    """A base URL, with what follows its `?`, as lionagi takes it."""

    base: str
    query: dict[str, str]
    host: str
    scheme: str

    @property
    def loopback(self) -> bool:
        """Whether it is this machine, by one of the names that lionagi lets through."""
        return self.host in {"localhost", "127.0.0.1", "::1"}


def address(url: str) -> Address | None:
    """The parts of a base URL, also of one that names an endpoint; None where it is none."""
    try:
        parts = urllib.parse.urlsplit(url.strip())
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not host:
        return None
    path = parts.path.rstrip("/")
    for endpoint in ("/chat/completions", "/messages"):
        path = path.removesuffix(endpoint)
    base = f"{parts.scheme}://{parts.netloc}{path}"
    return Address(base, dict(urllib.parse.parse_qsl(parts.query)), host, parts.scheme)
