"""The server: OpenAI's `chat/completions` and Anthropic's `messages`, as streams.

with FakeLLM([Reply("Hello")]) as llm:
    ...  # talk to llm.url with llm.key
    assert llm.asked[0].body["model"]
"""

from __future__ import annotations

import gzip
import json
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from fake_llm.script import ERRORS, Reply

Event = tuple[str, dict[str, Any] | str]
"""What a line of a stream says: Anthropic's name for it, or nothing, and what it holds."""


@dataclass
class Asked:
    """A request. `left` is set once the client has gone before the answer's end."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    left: threading.Event = field(default_factory=threading.Event)

    @property
    def text(self) -> str:
        """All that is said in the conversation."""
        system = self.body.get("system") or []
        parts = [system] if isinstance(system, str) else [block["text"] for block in system]
        parts += [str(message.get("content")) for message in self.body["messages"]]
        return "\n".join(parts)


class FakeLLM:
    """Replies in their order, each as often as it says; after the last one the model is silent.

    With an empty `key` whoever asks is answered.
    """

    def __init__(
        self, script: Sequence[Reply] = (), *, key: str = "sk-fake-0123456789", port: int = 0
    ) -> None:
        self.key = key
        self.asked: list[Asked] = []
        self.stopping = threading.Event()
        self._script = [(reply, [reply.times]) for reply in script]
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.llm = self
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def reply(self, asked: Asked) -> Reply:
        """The reply to a request, which is recorded."""
        with self._lock:
            self.asked.append(asked)
            for reply, left in self._script:
                if left[0] and reply.when in asked.text:
                    left[0] -= 1
                    return reply
        return Reply()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    llm: FakeLLM

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes is what many tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.asked = Asked(self.path, headers, json.loads(self.rfile.read(length)))
        self.anthropic = self.path.partition("?")[0].endswith("/messages")
        self.reply = self.server.llm.reply(self.asked)
        wrong = self._wrong()
        try:
            if wrong:
                self._refuse(400, "invalid_request", "invalid_request_error", wrong)
            elif self.server.llm.key not in {"", self._key()}:
                self._refuse(*ERRORS["key"])
            elif self.reply.fault == "no counts" and "stream_options" in self.asked.body:
                self._refuse(422, "", "extra", "stream_options: Extra inputs are not permitted")
            elif self.reply.fault in ERRORS:
                self._refuse(*ERRORS[self.reply.fault])
            else:
                self._answer()
        except OSError:
            self.asked.left.set()
            self.close_connection = True

    # Refusals

    def _key(self) -> str:
        """The key that came, by whatever header."""
        headers = self.asked.headers
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        return headers.get("x-api-key") or headers.get("api-key") or bearer

    def _wrong(self) -> str:
        """What is wrong with a request, as the real servers would say; empty for nothing."""
        body = self.asked.body
        if not self.anthropic and not self.path.partition("?")[0].endswith("/chat/completions"):
            return f"Unknown request URL: {self.path}"
        if not body.get("model") or not body.get("messages") or not body.get("stream"):
            return "model, messages and stream are required"
        roles = {message["role"] for message in body["messages"]}
        if self.anthropic and ("system" in roles or "stream_options" in body):
            return "Unexpected role or field"
        if self.anthropic and not (
            body.get("max_tokens") and self.asked.headers.get("anthropic-version")
        ):
            return "max_tokens and anthropic-version are required"
        return "" if roles <= {"system", "user", "assistant"} else "Unknown role"

    def _refuse(self, status: int, code: str, kind: str, said: str) -> None:
        said = said.format(key=self._key(), model=self.asked.body.get("model"))
        error: dict[str, Any] = {"type": kind, "message": said}
        if self.anthropic:
            body = {"type": "error", "error": error}
        else:
            body = {"error": error | {"code": code, "param": None}}
        self._whole(status, json.dumps(body), "application/json")

    def _whole(self, status: int, text: str, kind: str, **headers: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(text.encode())))
        if self.reply.retry_after:
            self.send_header("retry-after", self.reply.retry_after)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def _packed(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-encoding", "gzip")
        body = gzip.compress(b"data: " + b"x" * 30_000_000)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    # Answers

    def _answer(self) -> None:
        reply = self.reply
        if reply.fault == "page":
            self._whole(200, "<html><body>Sign in</body></html>\n", "text/html")
            return
        if reply.fault == "packed":
            self._packed()
            return
        if reply.fault == "redirect":
            self._whole(307, "", "text/plain", location=self.server.llm.url + "/elsewhere")
            return
        if reply.reading:
            self.server.llm.stopping.wait(reply.reading)
        if reply.at == -1 and reply.fault in {"stall", "drop"}:
            self._break_off()
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.framed = reply.fault != "no framing"
        if self.framed:
            self.send_header("transfer-encoding", "chunked")
        else:
            self.send_header("connection", "close")
        self.end_headers()
        for event in self._events():
            self._send(_line(event))
            if reply.pause and self.server.llm.stopping.wait(reply.pause):
                break
        if self.framed:
            self.wfile.write(b"0\r\n\r\n")

    def _send(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data) if self.framed else data)

    def _events(self) -> Iterator[Event]:
        """What is streamed, up to the end or to the fault."""
        reply = self.reply
        broken = reply.fault not in {"", "no ending", "no counts"}
        yield from self._begin()
        yield from self._pieces(reply.start if broken else reply.text)
        match reply.fault:
            case "stall" | "drop":
                self._break_off()
                return
            case "no framing":
                return
            case "error inside":
                yield self._error()
                return
            case "endless":
                while not self.server.llm.stopping.is_set():
                    yield from self._pieces(reply.text)
            case "huge line":
                self._send(b"data: ")
                while not self.server.llm.stopping.is_set():
                    self._send(b"x" * 65536)
            case "garbage":
                yield "", "{not JSON"
                yield "", '["neither"]'
                yield from self._pieces(reply.text[len(reply.start) :])
        yield from self._end()

    def _pieces(self, text: str) -> Iterator[Event]:
        for start in range(0, len(text), self.reply.size):
            piece = text[start : start + self.reply.size]
            if self.anthropic:
                delta = {"type": "text_delta", "text": piece}
                yield (
                    "content_block_delta",
                    {"type": "content_block_delta", "index": 0, "delta": delta},
                )
            else:
                yield "", _choice({"content": piece}, None)

    def _begin(self) -> Iterator[Event]:
        if not self.anthropic:
            yield "", _choice({"role": "assistant", "content": ""}, None)
            return
        usage = {"input_tokens": self._input, "output_tokens": 1} if self.reply.usage else {}
        message = {"id": "msg_1", "type": "message", "role": "assistant", "content": []}
        message |= {"model": self.asked.body["model"], "stop_reason": None, "usage": usage}
        yield "message_start", {"type": "message_start", "message": message}
        block = {"type": "text", "text": ""}
        yield (
            "content_block_start",
            {"type": "content_block_start", "index": 0, "content_block": block},
        )
        yield "ping", {"type": "ping"}

    def _end(self) -> Iterator[Event]:
        reply = self.reply
        if self.anthropic:
            yield "content_block_stop", {"type": "content_block_stop", "index": 0}
            reason = {"stop": "end_turn", "length": "max_tokens"}.get(reply.finish, "refusal")
            delta = {"stop_reason": None if reply.fault == "no ending" else reason}
            usage = {"output_tokens": self._output} if reply.usage else {}
            yield "message_delta", {"type": "message_delta", "delta": delta, "usage": usage}
            yield "message_stop", {"type": "message_stop"}
            return
        if reply.fault != "no ending":
            yield "", _choice({}, reply.finish)
        wanted = (self.asked.body.get("stream_options") or {}).get("include_usage")
        if reply.usage and wanted:
            usage = {"prompt_tokens": self._input, "completion_tokens": self._output}
            usage["total_tokens"] = self._input + self._output
            yield "", {"id": "c1", "object": "chat.completion.chunk", "choices": [], "usage": usage}
        yield "", "[DONE]"

    def _error(self) -> Event:
        error = {"type": "overloaded_error", "message": f"Overloaded {self._key()}"}
        return ("error", {"type": "error", "error": error}) if self.anthropic else (
            "", {"error": error | {"code": 503}}
        )  # fmt: skip

    @property
    def _input(self) -> int:
        return max(1, len(self.asked.text) // 4)

    @property
    def _output(self) -> int:
        return max(1, len(self.reply.text) // 4)

    def _break_off(self) -> None:
        """Say nothing more, or hang up."""
        (self._wait if self.reply.fault == "stall" else self._reset)()

    def _wait(self) -> None:
        """Say nothing more until the client has gone."""
        self.connection.settimeout(0.02)
        while not self.server.llm.stopping.is_set():
            try:
                if not self.connection.recv(1):
                    self.asked.left.set()
                    return
            except TimeoutError:
                continue

    def _reset(self) -> None:
        self.framed = False
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True


def _choice(delta: dict[str, str], finish: str | None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "c1", "object": "chat.completion.chunk", "model": "m", "choices": [choice]}


def _line(event: Event) -> bytes:
    name, data = event
    text = data if isinstance(data, str) else json.dumps(data)
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {text}\n\n".encode()
