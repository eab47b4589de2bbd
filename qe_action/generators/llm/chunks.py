"""What a provider's events say of an answer's end and of its tokens. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from qe_action.generators.llm.conversation import Ending, ModelFault

MOST_TOKENS = 1_000_000_000
_STOPS = {"stop", "end_turn", "stop_sequence"}
"""The reasons with which a model ends an answer itself, in any provider's words."""


@dataclass
class Account:
    """What has been read of one answer so far."""

    reason: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    garbled: int = 0
    events: int = 0

    def read(self, event: Mapping[str, Any]) -> None:
        """Take in one event of OpenAI's or Anthropic's; what a later one says stands."""
        self.events += 1
        message = _mapping(event.get("message"))
        for usage in (_mapping(message.get("usage")), _mapping(event.get("usage"))):
            self._usage(usage)
        choices = event.get("choices")
        first = _mapping(choices[0]) if isinstance(choices, list) and choices else {}
        reason = first.get("finish_reason") or _mapping(event.get("delta")).get("stop_reason")
        if isinstance(reason, str):
            self.reason = reason

    def _usage(self, usage: Mapping[str, Any]) -> None:
        read = _count(usage, "prompt_tokens")
        if read is None and (fresh := _count(usage, "input_tokens")) is not None:
            # Anthropic counts what it has kept from an earlier request apart.
            kept = ("cache_read_input_tokens", "cache_creation_input_tokens")
            read = fresh + sum(_count(usage, name) or 0 for name in kept)
        if read is not None:
            self.input_tokens = max(read, self.input_tokens or 0)
        for name in ("completion_tokens", "output_tokens"):
            if (written := _count(usage, name)) is not None:
                self.output_tokens = written

    @property
    def ending(self) -> Ending:
        """The answer's end. One that gives no reason was cut off on its way."""
        finish: Literal["stop", "truncated"] = "stop" if self.reason in _STOPS else "truncated"
        return Ending(finish, self.input_tokens, self.output_tokens, self.garbled)


def text_of(chunk: Any, account: Account) -> str:
    """The text of a chunk; what else it says goes into the account."""
    if isinstance(chunk, str):  # a ready model may make texts of its chunks
        account.events += 1
        return chunk
    metadata = getattr(chunk, "metadata", None)
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    kind, content = getattr(chunk, "type", ""), getattr(chunk, "content", None)
    if isinstance(raw, dict):
        account.read(raw)
    elif raw is not None:
        account.garbled += 1
        return ""
    if kind != "text" or not isinstance(content, str):
        return ""
    try:
        content.encode()
    except UnicodeEncodeError:  # half a character
        content = content.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return content


def nothing_said(account: Account) -> ModelFault:
    """The fault of a stream that held no event of a model."""
    if account.garbled:
        return ModelFault("garbage", "What came from the model's server is no answer of a model.")
    return ModelFault("dropped", "The model's server ended the connection without an answer.")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _count(usage: Mapping[str, Any], name: str) -> int | None:
    value = usage.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_TOKENS:
        return None
    return value
