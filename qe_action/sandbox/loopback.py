"""Sockets that lead no further than this machine, for who may make none. Standard library only.

The filter leaves `socket` to whoever listens to it. What is made here is bound to the loopback
interface before it is handed over: only a privileged process could bind it elsewhere, and what is
sent by it, or accepted from it, leaves the machine by no other. All that is looked at are numbers
which the kernel copied, so nothing can be changed between the look and the deed.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import select
import socket
import struct
from contextlib import suppress

_RECEIVE, _SEND, _ADD = 0xC0502100, 0xC0182101, 0x40182103
_REQUEST, _ANSWER, _HANDED = "=QIIiIQ6Q", "=QqiI", "=QIIII"
_CLOSE_ON_EXEC, _NON_BLOCKING, _KIND = 0o2000000, 0o4000, 0xF
_libc = ctypes.CDLL(None, use_errno=True)
_TRIES = 2
"""How often a connection is tried again: one to elsewhere gets no answer, and fails in seconds."""
_AT_ONCE = 64
"""Requests that are answered before the limits are looked at again."""


def received(way: socket.socket) -> int | None:
    """The listener that the launcher has sent; None where it ended before."""
    with way:
        _, found, _, _ = socket.recv_fds(way, 1, 1)
    return found[0] if found else None


class Loopback:
    """Answers what a filter leaves to its listener."""

    def __init__(self, listener: int) -> None:
        self.listener = listener
        self._poll = select.poll()
        self._poll.register(listener, select.POLLIN)

    def answer(self) -> bool:
        """Answer who waits. False once nobody is left who could ask."""
        for _ in range(_AT_ONCE):
            ready = self._poll.poll(0)
            if not ready:
                return True
            if not ready[0][1] & select.POLLIN:
                return False
            with suppress(OSError):  # who asked is gone
                self._answer_one()
        return True

    def _answer_one(self) -> None:
        request = bytearray(struct.calcsize(_REQUEST))
        fcntl.ioctl(self.listener, _RECEIVE, request)
        number, _, _, _, _, _, family, kind, protocol, *_ = struct.unpack(_REQUEST, request)
        try:
            made = local_socket(family & 0xFFFFFFFF, kind & 0xFFFFFFFF, protocol & 0xFFFFFFFF)
        except OSError as error:
            self._refuse(number, error)
            return
        with made:
            flags = os.O_CLOEXEC if kind & _CLOSE_ON_EXEC else 0
            handed = struct.pack(_HANDED, number, 0, made.fileno(), 0, flags)
            try:
                given = self._hand(handed)
            except OSError as error:  # it has too many open, or is gone
                self._refuse(number, error)
                return
        fcntl.ioctl(self.listener, _SEND, struct.pack(_ANSWER, number, given, 0, 0))

    def _hand(self, handed: bytes) -> int:
        """The number that a socket gets there, which Python's own `ioctl` does not give."""
        given = int(_libc.ioctl(self.listener, ctypes.c_ulong(_ADD), handed))
        if given < 0:
            raise OSError(ctypes.get_errno(), "it can't be handed over")
        return given

    def _refuse(self, number: int, error: OSError) -> None:
        code = -(error.errno or errno.EACCES)
        fcntl.ioctl(self.listener, _SEND, struct.pack(_ANSWER, number, 0, code, 0))


def local_socket(family: int, kind: int, protocol: int) -> socket.socket:
    """A stream of TCP that is bound to the loopback interface. Raises `OSError`."""
    if family not in (socket.AF_INET, socket.AF_INET6) or kind & _KIND != socket.SOCK_STREAM:
        raise OSError(errno.EACCES, "no stream of TCP")
    if protocol not in (0, socket.IPPROTO_TCP):
        raise OSError(errno.EACCES, "no stream of TCP")
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0")
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_SYNCNT, _TRIES)
        made.setblocking(not kind & _NON_BLOCKING)
    except BaseException:
        made.close()
        raise
    return made
