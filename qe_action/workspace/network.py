"""Which of the user's network settings a set-up may see. Pure.

Package index, proxies and certificates are needed to install anything behind a company's
firewall. Code of a pull request reads them, so what holds a password or a token stays out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

LONGEST = 4096
"""Characters of the longest value."""

_URLS = (
    *("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS"),
    *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"),
    *("UV_PYTHON_INSTALL_MIRROR", "UV_PYTHON_DOWNLOADS_JSON_URL"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"),
)
_FILES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT")
_PLAIN = (
    *("NO_PROXY", "no_proxy", "UV_INSECURE_HOST", "PIP_TRUSTED_HOST", "UV_INDEX_STRATEGY"),
    *("UV_HTTP_TIMEOUT", "PIP_DEFAULT_TIMEOUT", "UV_OFFLINE", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS"),
)
_ALSO = {
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_EXTRA_INDEX_URL": "UV_INDEX",
    "PIP_FIND_LINKS": "UV_FIND_LINKS",
    "PIP_CERT": "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE": "SSL_CERT_FILE",
}
"""What uv, which does not read pip's variables, is told where its own is not set."""


_TOKEN = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\w.-]{16,}")
"""A part of an address that may be one: some registries have theirs in the path."""


@dataclass(frozen=True)
class Network:
    """What is passed on: variables, and the files and folders that they name."""

    variables: Mapping[str, str]
    files: tuple[str, ...]
    notes: tuple[str, ...]


def passed_on(env: Mapping[str, str]) -> Network:
    """The settings in `env` that hold no secret; a note names those that do."""
    variables: dict[str, str] = {}
    secret: list[str] = []
    checks: tuple[tuple[tuple[str, ...], Callable[[str], bool]], ...] = (
        (_URLS, _without_secret),
        (_FILES, lambda value: value.startswith("/")),
        (_PLAIN, lambda _value: True),
    )
    for names, allowed in checks:
        for name in names:
            value = env.get(name, "").strip()
            if not value:
                continue
            if len(value) <= LONGEST and value.isprintable() and allowed(value):
                variables[name] = value
            elif names is _URLS:
                secret.append(name)
    for pip, uv in _ALSO.items():
        if pip in variables and not env.get(uv) and not (uv == "UV_INDEX" and _index(env)):
            commas = uv == "UV_FIND_LINKS"
            value = ",".join(variables[pip].split()) if commas else variables[pip]
            variables.setdefault(uv, value)
    notes: tuple[str, ...] = ()
    if secret:
        notes = (
            f"{' and '.join(secret)} may hold a password: the set-up of the project's "
            "environment runs the pull request's code, so it went without.",
        )
    return Network(variables, tuple(dict.fromkeys(_local(variables))), notes)


def _index(env: Mapping[str, str]) -> bool:
    return bool(env.get("UV_EXTRA_INDEX_URL"))


def _without_secret(value: str) -> bool:
    """Whether each of the addresses has neither user, password nor query, and can be read."""
    for word in value.replace(",", " ").split():
        try:
            parts = _split(word)
            _ = parts.port
        except ValueError:
            return False
        if "@" in word or parts.query or parts.fragment:
            return False
        if parts.netloc and any(map(_TOKEN.fullmatch, parts.path.split("/"))):
            return False
    return True


def _split(word: str) -> SplitResult:
    name, equals, address = word.partition("=")  # `name=https://…`, as UV_INDEX has it
    named = equals and "/" not in name and ":" not in name
    return urlsplit(address if named else word)


def _local(variables: Mapping[str, str]) -> list[str]:
    """The files and folders that values name."""
    found = [value for name in _FILES for value in variables.get(name, "").split(":") if value]
    for name in _URLS:
        for word in variables.get(name, "").replace(",", " ").split():
            parts = _split(word)
            if parts.scheme in ("", "file") and parts.path.startswith("/") and not parts.netloc:
                found.append(parts.path)
    return found
