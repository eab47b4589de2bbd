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
_quote = json.encoder.encode_basestring_ascii
_encode = json.JSONEncoder(separators=(",", ":")).encode


class LiveChannel:
    """Messages to whoever watches this run. Never raises, and never waits before the end.

    A test may put something else in place of the system's functions, and close or reuse files that
    are not its own: what is used here is what there was at the beginning.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._open, self._write, self._close, self._fstat = os.open, os.write, os.close, os.fstat
        self._number, self._select, self._time = os.getpid, select.select, time.monotonic
        self._key = "%x%s" % (os.getpid(), os.urandom(4).hex())
        self._prefix = self._key + " "
        self._pid = os.getpid()
        self._held = ""
        self._lost = 0
        self._waiting: list = []
        self._size = 0
        self._pipe = -1
        try:
            self._begin()
        except OSError:  # nobody listens any more
            self._pipe = -1

    def _begin(self) -> None:
        """Open the pipe. Raises `OSError`."""
        self._pipe = self._open(self._path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        self._file = self._fstat(self._pipe)

    def _is_ours(self) -> bool:
        """Whether the pipe's number stands for the pipe still."""
        try:
            found = self._fstat(self._pipe)
        except OSError:
            return False
        return found.st_ino == self._file.st_ino and found.st_dev == self._file.st_dev

    def _sent(self, data: bytes) -> None:
        """Write all of it or nothing. Raises `OSError`."""
        if not self._is_ours():
            self._begin()
        self._write(self._pipe, data)

    def hold(self, text: str) -> None:
        """Keep a short message, which is JSON, for the next write."""
        self._held += self._prefix + text + "\n"

    def put(self, text: str) -> None:
        """Write a short message at once, behind what is held: this is done for every test."""
        if self._pipe < 0 or self._pid != self._number():  # a fork has no say
            self._held = ""
            return
        data = self._held + self._prefix + text + "\n"
        self._held = ""
        if len(data) <= CHUNK and not self._waiting:
            try:
                self._sent(data.encode())
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EINTR):
                    self.close()
                    return
            else:
                return
        for line in data.splitlines():
            self._add(line[len(self._prefix) :])
        self.flush()

    def send(self, *message) -> None:
        """Write a message of any length."""
        held, self._held = self._held, ""
        for line in held.splitlines():
            self._add(line[len(self._prefix) :])
        self._add(_encode(message))
        self.flush()

    def _add(self, text: str) -> None:
        """Let a message wait for its turn."""
        if self._pipe < 0 or self._pid != self._number():
            return
        if self._size + len(text) > WAITING:
            self._lost += 1
            return
        rest = CHUNK - len(self._prefix) - 1
        while len(text) > rest:
            self._append("+", text[:rest])
            text = text[rest:]
        self._append(" ", text)

    def _append(self, mark: str, part: str) -> None:
        line = ("%s%s%s\n" % (self._key, mark, part)).encode()
        self._waiting.append(line)
        self._size += len(line)

    def flush(self) -> None:
        """Write what fits into the pipe by now."""
        if self._pipe < 0 or not self._waiting or self._pid != self._number():
            return
        try:
            while self._waiting:
                chunk, count = self._chunk()
                self._sent(chunk)
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
            self._add(_encode(("lost", self._lost)))
        until = self._time() + LAST
        self.flush()
        while self._waiting and self._pipe >= 0 and self._time() < until:
            self._select([], [self._pipe], [], 0.1)
            self.flush()
        self.close()

    def close(self) -> None:
        """Nothing is written from here on."""
        ours = self._pipe >= 0 and self._is_ours()
        pipe, self._pipe = self._pipe, -1
        self._waiting.clear()
        if ours:
            try:
                self._close(pipe)
            except OSError:
                pass


def quoted(text: str) -> str:
    """A text as JSON has it."""
    return _quote(text)


def shown_name(nodeid) -> str:
    """A test's name; of a long one the beginning and what tells it from others."""
    text = nodeid if type(nodeid) is str else str(nodeid)
    if len(text) <= NAME:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    return "%s...%s" % (text[: NAME - 20], digest[:16])
