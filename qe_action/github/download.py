"""A file from the store that GitHub sends us to: without the token, and bounded."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from qe_action.github.refusals import NotFound, TooLarge, Unreachable

if TYPE_CHECKING:
    from requests import PreparedRequest

CHUNK = 64 * 1024


def download(
    action: str,
    url: str,
    *,
    limit: int,
    timeout: float,
    plain: bool,
    authorities: str | None = None,
) -> bytes:
    """The file at `url`; `plain` takes one over http too, as a GitHub of one's own may have.

    The address is a secret of its own (it is signed), so no error shows it. Proxies are those of
    the usual variables, `authorities` is as `ApiConnection` has it. Raises `DeliveryError`s and
    `RequestException`.
    """
    import requests

    if not url.startswith(("https://", "http://") if plain else "https://"):
        raise Unreachable(f"GitHub sends us to no address that we take to {action}", unsure=False)
    end = time.monotonic() + 2 * timeout
    with (
        requests.Session() as session,
        session.get(
            url,
            auth=_anonymous,
            stream=True,
            timeout=timeout,
            allow_redirects=False,
            verify=authorities or True,
        ) as answer,
    ):
        status = answer.status_code
        if status in (404, 410):
            raise NotFound(f"GitHub's store has nothing for us to {action} ({status})")
        if status != 200:  # also 403: the address has expired, the next one has not
            raise Unreachable(f"GitHub's store did not let us {action} ({status})", unsure=False)
        found = bytearray()
        for chunk in answer.iter_content(CHUNK):
            found += chunk
            if len(found) > limit:
                raise TooLarge(f"GitHub's answer to {action} has more than {limit:,} bytes")
            if time.monotonic() > end:
                raise Unreachable(f"There was no time left to {action}", unsure=False)
        return bytes(found)


def _anonymous(request: PreparedRequest) -> PreparedRequest:
    """Without it requests would take a password out of the user's .netrc."""
    return request
