"""What a server of models refuses, told to people without any secret. Pure."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from qe_action.generators.llm.conversation import Fault, ModelFault
from qe_action.text import clip, visible

LONGEST_WAIT = 24 * 3600.0
"""Seconds; a server that asks for more is taken to mean this."""
_SHOWN = 200
_NO_CREDIT = ("insufficient_quota", "credit balance", "billing", "insufficient balance")
_TOO_LONG = (
    *("context_length", "context length", "context size", "context window", "maximum context"),
    *("too long", "too many tokens", "maximum number of tokens"),
)
_NO_MODEL = (
    *("model_not_found", "not a valid model", "model does not exist", "unknown model"),
    *("invalid model", "model not found", "unknown_model"),
)
_MEANINGS: tuple[tuple[Container[int], tuple[str, ...], Fault, str], ...] = (
    (range(400, 430), _NO_CREDIT, "key", "The account of the model's key has no credit left"),
    ({401}, (), "key", "The model's server does not accept the key"),
    ({402}, (), "key", "The model's server asks for payment"),
    ({403}, (), "key", "The model's server does not let this key use {model}"),
    ({404, 405}, ("model",), "unknown model", "The model's server does not know {model}"),
    ({404, 405}, (), "unknown model", "There is no such API at the model's address"),
    ({413}, (), "too long", "The conversation is too long for {model}"),
    ({400, 422}, _TOO_LONG, "too long", "The conversation is too long for {model}"),
    ({400, 422}, _NO_MODEL, "unknown model", "The model's server does not know {model}"),
    ({429}, (), "rate", "The model's server has had too many requests"),
    ({408, 409, 425, *range(500, 600)}, (), "server", "The model's server failed"),
    (range(300, 400), (), "refused", "The model's server sends on to another address"),
)
"""Statuses, words of which one is said with it, what both mean; the first that fits stands."""
_LOOK_AT: Mapping[tuple[Fault, int], str] = {
    ("key", 401): "Look at model-key, on the command line at QE_MODEL_KEY.",
    ("unknown model", 404): "Look at model and model-base-url, which mostly ends in /v1.",
}
"""What to look at first after a refusal."""


@dataclass(frozen=True)
class Subject:
    """Who is asked: the model's name, whether a key was given, and what must never be shown."""

    name: str
    keyed: bool = True
    secrets: tuple[str, ...] = ()

    def shown(self, text: str) -> str:
        """`text` of a stranger's on one line, short, and without the secrets."""
        return clip(visible(without(text, self.secrets)).strip(), _SHOWN)


def without(text: str, secrets: Iterable[str]) -> str:
    """`text` with stars in place of every secret, the longest first."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def refusal(
    status: int, headers: Mapping[str, str], body: str, subject: Subject, now: datetime
) -> ModelFault:
    """The fault of an answer whose status is not 200; `headers` have small letters."""
    code, said = _error(body)
    wait = retry_after(headers, now)
    kind, message = _meaning(status, f"{code} {said}".lower(), subject)
    words = subject.shown(said) if kind in {"too long", "refused", "unknown model"} else ""
    more = f" It says: {words}" if words else ""
    hint = f" {_LOOK_AT[kind, status]}" if (kind, status) in _LOOK_AT else ""
    return ModelFault(kind, f"{message} (HTTP {status}).{more}{hint}", retry_after=wait)


def _meaning(status: int, said: str, subject: Subject) -> tuple[Fault, str]:
    """What a status and what is said with it mean."""
    if status == 401 and not subject.keyed:
        return "key", "The model's server asks for a key"
    for statuses, words, kind, message in _MEANINGS:
        if status in statuses and (not words or any(word in said for word in words)):
            return kind, message.format(model=f"the model {subject.shown(subject.name)}")
    return "refused", "The model's server refuses the request"


def _error(body: str) -> tuple[str, str]:
    """The code and the words of an error, as OpenAI, Anthropic and others write it."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return "", ""
    error: Any = found.get("error", found) if isinstance(found, dict) else {}
    if isinstance(error, str):
        return "", error
    if not isinstance(error, dict):
        return "", ""
    said = error.get("message") or error.get("detail")
    code = " ".join(str(error[name]) for name in ("code", "type") if error.get(name))
    return code, said if isinstance(said, str) else ""


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """The seconds that a server asks to wait; None where it asks for none, or for nonsense."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        given = headers.get(name, "").strip()
        if not given:
            continue
        try:
            seconds = float(given) * unit
        except ValueError:
            seconds = _until(given, now)
        if seconds == seconds and seconds >= 0:  # noqa: PLR0124 - nan is no number of seconds
            return min(seconds, LONGEST_WAIT)
    return None


def _until(date: str, now: datetime) -> float:
    """The seconds until a date of HTTP; -1 where it is none."""
    try:
        return max(0.0, (parsedate_to_datetime(date) - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return -1.0
