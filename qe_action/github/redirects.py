"""Requests that GitHub sends on, as it does where a repository was renamed or transferred.

PyGithub follows a 301 alone and drops the query, so that of a list there would be a short first
page and no other. Its own following is switched off and each request is repeated whole, its
method and content too, which is what GitHub asks for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

if TYPE_CHECKING:
    from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass

    Connection = HTTPRequestsConnectionClass | HTTPSRequestsConnectionClass

HOPS = 3
"""How often a request is sent on at most."""
MOVED = (301, 302, 307, 308)
_FOLLOWED, _NOT_FOLLOWED = 301, 308  # by PyGithub


def new_address(api_url: str, location: str) -> str | None:
    """The address that an answer sends to; None where it is not the API's: the token is secret."""
    try:
        here, there = urlsplit(api_url), urlsplit(urljoin(api_url, location))
    except ValueError:
        return None
    same = (here.scheme, here.netloc.lower()) == (there.scheme, there.netloc.lower())
    inside = there.path.startswith(f"{here.path.rstrip('/')}/")
    return there.geturl() if same and inside else None


def connect(api_url: str, timeout: int, authorities: str | None) -> Connection:
    """A connection for PyGithub whose 301s it leaves to us."""
    from github.Requester import (
        HTTPRequestsConnectionClass,
        HTTPSRequestsConnectionClass,
        RequestsResponse,
    )

    def told(response: RequestsResponse) -> RequestsResponse:
        if response.status == _FOLLOWED:
            response.status = _NOT_FOLLOWED
        return response

    class Plain(HTTPRequestsConnectionClass):
        def getresponse(self) -> RequestsResponse:
            return told(super().getresponse())

    class Secure(HTTPSRequestsConnectionClass):
        def getresponse(self) -> RequestsResponse:
            return told(super().getresponse())

    kind = Secure if api_url.startswith("https:") else Plain
    at = urlsplit(api_url)
    return kind(at.hostname or "", at.port, timeout=timeout, retry=0, verify=authorities or True)
