"""The way out of a test run: small lines into a pipe that nobody has to read."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import select
import time

VARIABLE = "QE_ACTION_SUITE"
"""The variable that names the folder of a run that is watched."""
MODULE = "qe_action_live"
"""The name under which pytest finds the plugin."""
CHUNK = 4000
"""Bytes of one write: below what POSIX writes in one piece, so that writers don't mix."""
WAITING = 8 << 20
"""Bytes that wait at most while nobody reads; what is too much is left out and counted."""
LAST = 3.0
"""Seconds that the end of a run waits for the reader."""
NAME = 1000
"""Characters of a test's name."""
_encode = json.JSONEncoder(separators=(",", ":")).encode


class LiveChannel:
    """Messages to whoever watches this run. Never raises, and never waits before the end."""

    def __init__(self, path: str) -> None:
        self.key = "%x%s" % (os.getpid(), os.urandom(4).hex())
        self._pid = os.getpid()
        self._lost = 0
        self._waiting: list = []
        self._size = 0
        try:
            self._pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:  # nobody listens any more
            self._pipe = -1

    def add(self, *message) -> None:
        """Keep a message for the next write."""
        if self._pipe < 0 or self._pid != os.getpid():  # a fork has no say
            return
        text = _encode(message)
        if self._size + len(text) > WAITING:
            self._lost += 1
            return
        rest = CHUNK - len(self.key) - 2
        while len(text) > rest:
            self._append("+", text[:rest])
            text = text[rest:]
        self._append(" ", text)

    def _append(self, mark: str, part: str) -> None:
        line = ("%s%s%s\n" % (self.key, mark, part)).encode()
        self._waiting.append(line)
        self._size += len(line)

    def flush(self) -> None:
        """Write what fits into the pipe by now."""
        if self._pipe < 0 or not self._waiting or self._pid != os.getpid():
            return
        try:
            while self._waiting:
                chunk, count = self._chunk()
                os.write(self._pipe, chunk)  # all of it or nothing
                del self._waiting[:count]
                self._size -= len(chunk)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EINTR):
                self.close()

    def _chunk(self) -> tuple:
        """The lines of the next write, and how many they are."""
        count, size = 0, 0
        for line in self._waiting:
            if count and size + len(line) > CHUNK:
                break
            count += 1
            size += len(line)
        return b"".join(self._waiting[:count]), count

    def finish(self) -> None:
        """Write the rest, and wait a little for a reader that is slow."""
        if self._lost:
            self.add("lost", self._lost)
        until = time.monotonic() + LAST
        self.flush()
        while self._waiting and self._pipe >= 0 and time.monotonic() < until:
            select.select([], [self._pipe], [], 0.1)
            self.flush()
        self.close()

    def close(self) -> None:
        """Nothing is written from here on."""
        pipe, self._pipe = self._pipe, -1
        self._waiting.clear()
        if pipe >= 0:
            try:
                os.close(pipe)
            except OSError:
                pass


def shown_name(nodeid) -> str:
    """A test's name; of a long one the beginning and what tells it from others."""
    text = nodeid if type(nodeid) is str else str(nodeid)
    if len(text) <= NAME:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    return "%s...%s" % (text[: NAME - 20], digest[:16])
