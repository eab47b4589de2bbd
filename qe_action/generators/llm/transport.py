"""What is asked of HTTP beside what lionagi does: bounds on a stream, the words of a refusal."""

from __future__ import annotations

import urllib.request
from collections.abc import AsyncIterator
from typing import Any

import httpx

from qe_action.generators.llm.base_address import Address

LONGEST_LINE = 1_000_000
"""Bytes of a line of a stream; lionagi holds a line until it ends."""
LONGEST_STREAM = 200_000_000
"""Bytes of a stream; an answer of 10 MB is sent as some 100 MB of events."""
_LONGEST_REFUSAL = 16_384


class Refused(Exception):  # noqa: N818 - what happened
    """A server answers with something else than 200."""

    def __init__(self, status: int, headers: dict[str, str], body: str) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.headers = headers
        self.body = body


class Unbounded(Exception):  # noqa: N818 - what it is
    """A stream is longer than any answer."""


class Packed(Exception):  # noqa: N818 - what it is
    """A stream is compressed, though none such was asked for."""


def client_options(where: Address | None, quiet: float) -> dict[str, Any]:
    """How a client is made: `quiet` are the seconds without a byte after which it gives up.

    Redirects are not followed, as the key in a header of its own would go along. The proxy is
    the environment's, which lionagi does not read.
    """
    options: dict[str, Any] = {
        "follow_redirects": False,
        "timeout": quiet,
        "headers": {"accept-encoding": "identity"},  # so that bytes are counted as they are
        "event_hooks": {"response": [watched]},
    }
    if where is not None and where.query:
        options["params"] = where.query
    proxy = _proxy(where)
    if proxy:
        options["proxy"] = proxy
    return options


def _proxy(where: Address | None) -> str | None:
    if where is not None and (where.loopback or urllib.request.proxy_bypass(where.host)):
        return None
    proxies = urllib.request.getproxies()
    return proxies.get(where.scheme if where else "https") or proxies.get("all")


async def watched(response: httpx.Response) -> None:
    """Bound the stream of an answer. Raises `Refused` where there is none, and `Packed`.

    What is compressed may be a thousand times as long as the bytes that are counted here.
    """
    if response.status_code == 200:
        if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise Packed
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _Bounded(response.stream)
        return
    body = b""
    async for part in response.aiter_raw():
        body += part
        if len(body) > _LONGEST_REFUSAL:
            break
    headers = {name.lower(): value for name, value in response.headers.items()}
    text = body[:_LONGEST_REFUSAL].decode("utf-8", "replace")
    raise Refused(response.status_code, headers, text)


class _Bounded(httpx.AsyncByteStream):
    """A stream that ends in `Unbounded` where it, or a line of it, gets too long."""

    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        line = whole = 0
        async for part in self._stream:
            whole += len(part)
            last = part.rfind(b"\n")
            line = line + len(part) if last < 0 else len(part) - last - 1
            if line > LONGEST_LINE or whole > LONGEST_STREAM:
                raise Unbounded
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()
