"""What of a model's options must be shown to nobody and kept nowhere. Pure."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from qe_action.model_options import ModelOptions

_NAMED = re.compile(r"(?i).*(auth|key|token|secret|cookie|pass|sig|credential).*")
"""Headers and parameters of an address that hold what gives access."""
_SHORT, _LONG = 4, 8
"""Characters; what is shorter hides nothing, or is a word that a test may well hold."""


def secrets_of(options: ModelOptions) -> tuple[str, ...]:
    """The key, all headers, and what the address holds beside a place: for words to be shown."""
    return _longer(_parts(options, ""), _SHORT)


def credentials_of(options: ModelOptions) -> tuple[str, ...]:
    """Of these what gives access: no text with one of them is kept, whatever it is."""
    return _longer(_parts(options, _NAMED.pattern), _LONG)


def _longer(texts: Iterable[str], least: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if len(text) >= least))


def _parts(options: ModelOptions, named: str) -> Iterator[str]:
    """The secrets as they are given and as they are sent, of names that a pattern takes."""
    yield options.key.get_secret_value()
    for name, value in options.headers.items():
        if re.match(named, name):
            text = value.get_secret_value()
            # The scheme comes first: `Bearer KEY`. A server that repeats the key leaves it away.
            yield from (text, *(word for word in text.split() if len(word) >= _LONG))
    try:
        parts = urlsplit(options.base_url.strip())
        query = parse_qsl(parts.query)
    except ValueError:
        return
    account, at, _ = parts.netloc.rpartition("@")
    if at:
        yield from _of_account(account, whole=not named)
    for name, text in query:
        if re.match(named, name) and name.lower() != "api-version":
            yield from (text, quote(text, safe=""))


def _of_account(account: str, *, whole: bool) -> Iterator[str]:
    name, _, password = account.partition(":")
    plain = f"{unquote(name)}:{unquote(password)}"
    yield from (account, plain, base64.b64encode(plain.encode()).decode())
    yield from (password, unquote(password))
    if whole or not password:
        yield from (name, unquote(name))
