"""What of a model's options must be shown to nobody and kept nowhere. Pure."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from qe_action.model_options import ModelOptions

_PLAIN = frozenset({"api-version", "version"})
"""What follows the `?` of an address and is no secret."""
_LEAST = 4
"""Characters; what is shorter hides nothing."""
_WORD = 8
"""Characters of a word that is a secret by itself."""


def secrets_of(options: ModelOptions) -> tuple[str, ...]:
    """The key, the headers, and what the address holds of an account: as they are and as sent."""
    found = [options.key.get_secret_value(), *_of_address(options.base_url)]
    for value in options.headers.values():
        text = value.get_secret_value()
        # The scheme comes first: `Bearer KEY`. A server that repeats the key leaves it away.
        found += [text, *(word for word in text.split() if len(word) >= _WORD)]
    return tuple(dict.fromkeys(text for text in found if len(text) >= _LEAST))


def _of_address(url: str) -> Iterator[str]:
    try:
        parts = urlsplit(url.strip())
        query = parse_qsl(parts.query)
    except ValueError:
        return
    account, at, _ = parts.netloc.rpartition("@")
    if at:
        name, _, password = account.partition(":")
        plain = f"{unquote(name)}:{unquote(password)}"
        yield from (account, name, password, plain, unquote(name), unquote(password))
        yield base64.b64encode(plain.encode()).decode()
    for key, value in query:
        if key.lower() not in _PLAIN:
            yield from (value, quote(value, safe=""))
