"""Who may see the live page: whoever has its token, and comes by an address that is ours.

A page of somebody else's that is open in the same browser has neither the token nor our origin.
Where it has its own name lead to our address (DNS rebinding), the browser sends that name.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request as it came: its target, and all values of a header by the header's name."""

    target: str
    headers: Callable[[str], list[str]]

    @cached_property
    def path(self) -> str:
        """The path without the query, decoded."""
        return unquote(self.target.partition("?")[0], errors="replace")

    @cached_property
    def query(self) -> dict[str, str]:
        """The first value of each parameter of the query."""
        try:
            pairs = parse_qs(self.target.partition("?")[2], max_num_fields=20)
        except ValueError:
            return {}
        return {name: values[0] for name, values in pairs.items()}

    def header(self, name: str) -> str:
        """A header's value; empty where it is missing, or there twice."""
        values = self.headers(name)
        return values[0] if len(values) == 1 else ""


@dataclass(frozen=True)
class Refused:
    """Why nothing is served, with the status of HTTP for that."""

    status: int
    why: str


_HOST = Refused(421, "This address does not belong to the page. Open the link of the terminal.")
_FOREIGN = Refused(403, "Another page has asked for this one. Open the link of the terminal.")
_TOKEN = Refused(403, "The page needs the whole link that the terminal shows, with its token.")


class Access:
    """The token of a page that is served at `host` and `port`, and what is checked of requests."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.token = secrets.token_urlsafe(32)
        self._ticket = ""
        place = hashlib.sha256(f"{socket.gethostname()}:{port}".encode()).hexdigest()
        # Browsers tell no ports apart, and two pages would take each other's cookie.
        self._cookie = f"qe-live-{place[:8]}"

    @property
    def origin(self) -> str:
        """Where the page is, as its link begins."""
        host = "127.0.0.1" if self.host == "0.0.0.0" else self.host  # noqa: S104 - compared only
        host = "::1" if host == "::" else host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def link(self) -> str:
        """The page's address with the token."""
        return f"{self.origin}/?token={self.token}"

    def link_for_once(self) -> str:
        """A link that serves once: others on this machine see what a browser is started with."""
        self._ticket = secrets.token_urlsafe(32)
        return f"{self.origin}/?token={self._ticket}"

    @property
    def set_cookie(self) -> str:
        """The header by which a browser keeps the token, and scripts can't read it."""
        return f"{self._cookie}={self.token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=86400"

    def refusal(self, asked: Asked) -> Refused | None:
        """Why a request is not answered; None where it may be."""
        host = asked.header("Host")
        if not self._is_ours(host):
            return _HOST
        if _is_foreign(asked, host):
            return _FOREIGN
        return None if self._knows_token(asked) else _TOKEN

    def _is_ours(self, host: str) -> bool:
        """Whether a Host header names us; its port may be another, of a tunnel."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if "@" in host or "/" in host:
            return False
        if name in ("localhost", self.host.lower()):
            return True
        return _is_loopback(name) or (not is_local(self.host) and _is_address(name))

    def _knows_token(self, asked: Asked) -> bool:
        given = asked.query.get("token", "")
        if self._ticket and _same(given, self._ticket):
            self._ticket = ""
            return True
        return _same(given, self.token) or any(
            _same(value, self.token) for value in self._cookies(asked)
        )

    def _cookies(self, asked: Asked) -> list[str]:
        """What the browser has kept under our name, if it sends that."""
        parts = ";".join(asked.headers("Cookie")).split(";")
        pairs = [part.strip().partition("=") for part in parts]
        return [value for name, _, value in pairs if name == self._cookie]


def is_local(host: str) -> bool:
    """Whether only programs of this machine reach a server there."""
    return host.lower() == "localhost" or _is_loopback(host)


def _is_foreign(asked: Asked, host: str) -> bool:
    """Whether another page asks; a link that somebody follows is none."""
    if origins := asked.headers("Origin"):
        return [origin.lower() for origin in origins] != [f"http://{host.lower()}"]
    follows = asked.header("Sec-Fetch-Mode") == "navigate"
    return asked.header("Sec-Fetch-Site") in ("cross-site", "same-site") and not follows


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _same(given: str, known: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), known.encode())
