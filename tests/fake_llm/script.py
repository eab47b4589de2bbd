"""What the server says: replies, one after the other or by what is asked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

Fault = Literal[
    "",
    "stall",  # nothing more comes
    "drop",  # the connection is reset
    "no framing",  # the body has neither length nor chunks, and the connection is closed
    "error inside",  # the stream goes on with an error
    "garbage",  # lines between the events that are no JSON
    "endless",  # the text again and again
    "huge line",  # a line that never ends
    "no ending",  # the stream ends well, but says no reason
    "page",  # a page of HTML in place of a stream
    "packed",  # little that is much once it is decompressed, though nobody said that it might be
    "redirect",  # to another address
    "no counts",  # the option that asks for counts of tokens is refused, else all is well
    "key",
    "forbidden",
    "unknown model",
    "too long",
    "rate",
    "server",
    "overloaded",
]
ERRORS: Mapping[str, tuple[int, str, str, str]] = {
    # status, OpenAI's code, Anthropic's type, what is said
    "key": (401, "invalid_api_key", "authentication_error", "Incorrect API key provided: {key}."),
    "forbidden": (403, "forbidden", "permission_error", "Country not supported."),
    "unknown model": (404, "model_not_found", "not_found_error", "The model {model} is not there."),
    "too long": (
        400,
        "context_length_exceeded",
        "invalid_request_error",
        "prompt is too long: 9000 tokens > 8192 maximum context length",
    ),
    "rate": (429, "rate_limit_exceeded", "rate_limit_error", "Rate limit reached."),
    "server": (500, "server_error", "api_error", "Internal error, sorry {key}."),
    "overloaded": (529, "overloaded", "overloaded_error", "Overloaded."),
}


@dataclass
class Reply:
    """One answer: its text in events of `size` characters, with `pause` seconds between them.
    For `reading` seconds before that nothing comes at all.

    A fault that strikes in the stream does so after `at` characters, in the middle where that is
    not said, and before anything at all with -1. `when` is a text that the conversation must hold,
    `times` how often the reply serves; -1 for ever. `finish` is the reason with which the model
    ends, OpenAI's words for it.
    """

    text: str = ""
    fault: Fault = ""
    at: int | None = None
    size: int = 16
    pause: float = 0.0
    reading: float = 0.0
    retry_after: str = ""
    finish: Literal["stop", "length", "content_filter"] = "stop"
    usage: bool = True
    when: str = ""
    times: int = 1

    @property
    def start(self) -> str:
        """The text up to the fault."""
        return self.text[: len(self.text) // 2 if self.at is None else max(0, self.at)]


def item(name: str, code: str, **more: Any) -> str:
    """A line of an answer: one test."""
    return json.dumps({"name": name, "code": code, **more}) + "\n"


def replies(path: Path) -> list[Reply]:
    """A script from a file: a list of objects with the fields of `Reply`."""
    known = {field.name for field in fields(Reply)}
    given: Sequence[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    for entry in given:
        assert entry.keys() <= known, entry.keys() - known
    return [Reply(**entry) for entry in given]
