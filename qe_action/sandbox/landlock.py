"""Landlock: which files the kernel lets the sandboxed processes reach.

The rules are worked out here, from a policy and the kernel's version of Landlock; `launch.py`
only hands them to the kernel. No library: those on PyPI are young, and the child may not import
any. Landlock can't take away: what lies under a readable folder is readable.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Collection, Iterator
from pathlib import Path

from qe_action.sandbox.policy import Policy

_CREATE_RULESET = 444
_VERSION = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_CHAR, _MAKE_BLOCK = 1 << 6, 1 << 11
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV

SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"),
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives"),
    *("/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/localtime", "/etc/timezone"),
    *("/etc/mime.types", "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/pki/tls/certs"),
    *("/etc/pki/ca-trust", "/etc/ca-certificates"),
)
"""What every program needs, all of it readable by any user of the machine."""
RESOLVER = (
    *("/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/gai.conf"),
    *("/etc/services", "/etc/protocols"),
)
"""What finding a host by name needs besides."""
SHARED_MEMORY = "/dev/shm"  # noqa: S108 - where the C library has it
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")

Rule = tuple[str, int, int]
"""A path, what is allowed if it is a folder, and what if it is a file."""


def version() -> int:
    """The kernel's version of Landlock; 0 where there is none or it is switched off."""
    libc = ctypes.CDLL(None, use_errno=True)
    found = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))
    return max(0, int(found))


def handled(abi: int) -> int:
    """All ways to a file that this version can refuse."""
    bits = 13 + (abi >= 2) + (abi >= 3)
    return (1 << bits) - 1 | (_IOCTL_DEV if abi >= 5 else 0)


def attributes(abi: int, *, network: bool) -> bytes:
    """`struct landlock_ruleset_attr`, as long as this version knows it."""
    ports = 0 if network else 3  # bind and connect of TCP
    scoped = 3  # abstract sockets and signals
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    return struct.pack("=QQQ", handled(abi), ports, scoped)[:size]


def rules(policy: Policy, abi: int, closed: Collection[Path] = ()) -> Iterator[Rule]:
    """What is allowed; all else is refused. Paths that don't exist are no error.

    A checkout may lie in a folder that every program needs, as in `/usr/src`: of folders that hold
    a `closed` one, what lies beside it is allowed. All those are resolved.
    """
    known = handled(abi)
    read = (_EXECUTE | _READ_FILE | _READ_DIR) & known
    write = known & ~(_MAKE_CHAR | _MAKE_BLOCK | _IOCTL_DEV)
    device = (_READ_FILE | _WRITE_FILE | _TRUNCATE) & known
    names = RESOLVER if policy.sockets else ()
    system = (*SYSTEM, *names, *(("/proc",) if policy.proc else ()))
    for name in system:
        for path in _beside(Path(name), closed):
            yield str(path), read, read & _OF_FILES
    git = [folder / ".git" for folder in closed]  # an environment may be the checkout itself
    for folder in policy.readable:
        for path in _beside(folder, git):
            yield str(path), read, read & _OF_FILES
    shared = (Path(SHARED_MEMORY),) if policy.shared_memory else ()
    for path in (*policy.writable, *shared):
        yield str(path), write, write & _OF_FILES
    for name in DEVICES:
        yield name, 0, device


def _beside(path: Path, closed: Collection[Path]) -> Iterator[Path]:
    """The path itself, or if it holds closed ones what it has besides, links left out."""
    real = path.resolve() if closed else path
    inside = [folder for folder in closed if folder.is_relative_to(real)]
    if not inside:
        yield path
    elif real not in inside:
        try:
            entries = [entry for entry in real.iterdir() if not entry.is_symlink()]
        except OSError:
            return
        for entry in entries:
            yield from _beside(entry, inside)


def keeps_signals(abi: int) -> bool:
    """Whether signals to processes outside are refused."""
    return abi >= 6
