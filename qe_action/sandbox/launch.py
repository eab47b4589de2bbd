"""What runs between us and the sandboxed command, and becomes it: `python -I -S launch.py`.

A program on its own, standard library only, syntax of Python 3.9. It is told the descriptors of
two pipes: on the first comes the plan as JSON, on the second it says that all layers hold, or as
JSON what went wrong. Where the supervisor makes its sockets, a third is the way to it. It gives up
everything step by step, checks that it is gone, and execs.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import struct
import sys
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG, _PR_GET_SECCOMP, _PR_SET_SECCOMP, _PR_CAPBSET_DROP = 1, 21, 22, 24
_PR_SET_NO_NEW_PRIVS, _PR_GET_NO_NEW_PRIVS = 38, 39
_SECCOMP_FILTER = 2
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_SET_MODE_FILTER, _NEW_LISTENER = 1, 8
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PATH_BENEATH = 1
_DATAGRAM = 2
_ADDRESS_SPACE = 4  # what is reserved beside what is used, in multiples of the memory

_WAITING = 1024  # signals and timers that wait

READY = b"\n"
"""Said when all layers hold; only the command's own start can fail after it."""

_libc = ctypes.CDLL(None, use_errno=True)


class LayerError(Exception):
    """A layer can't be put in place, or does not hold."""


def _call(name: str, function: Any, *arguments: Any) -> int:
    done = int(function(*arguments))
    if done < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)
    return done


def _prctl(option: int, *arguments: int) -> int:
    values = [ctypes.c_ulong(value) for value in (*arguments, 0, 0, 0, 0)[:4]]
    return _call("prctl", _libc.prctl, ctypes.c_int(option), *values)


def _close_all_but(*kept: int) -> None:
    highest = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if highest == resource.RLIM_INFINITY or highest > 1 << 20:
        highest = 1 << 20
    start = 3
    for descriptor in sorted(kept):
        os.closerange(start, descriptor)
        os.set_inheritable(descriptor, False)
        start = descriptor + 1
    os.closerange(start, highest)


def _fresh_process() -> None:
    os.setsid()
    os.umask(0o022)
    for number in signal.valid_signals():
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _tasks_of_user() -> int:
    """Threads that the user runs already: the limit counts them all."""
    count = 0
    user = os.getuid()
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and entry.stat().st_uid == user:
                count += sum(1 for _ in (entry / "task").iterdir())
        except OSError:
            continue
    return count


def limit(limits: dict[str, int], *, own_user: bool) -> None:
    """The limits of every process from here on; they can't be raised again."""
    memory = limits["memory"]
    wanted = [
        (resource.RLIMIT_CORE, 1, 1),  # with 0 a crash would still start the machine's handler
        (resource.RLIMIT_CPU, limits["cpu"], limits["cpu"] + 1),
        (resource.RLIMIT_FSIZE, limits["file_size"], limits["file_size"]),
        (resource.RLIMIT_NOFILE, limits["open_files"], limits["open_files"]),
        (resource.RLIMIT_MEMLOCK, 0, 0),
    ]
    if sys.platform == "linux":
        processes = limits["processes"] + (0 if own_user else _tasks_of_user())
        wanted += [
            (resource.RLIMIT_DATA, memory, memory),
            (resource.RLIMIT_AS, memory * _ADDRESS_SPACE, memory * _ADDRESS_SPACE),
            (resource.RLIMIT_NPROC, processes, processes),
            (resource.RLIMIT_SIGPENDING, _WAITING, _WAITING),  # of the user, as is the next
            (resource.RLIMIT_MSGQUEUE, 0, 0),
        ]
    for kind, soft, hard in wanted:
        highest = resource.getrlimit(kind)[1]
        if highest == resource.RLIM_INFINITY:
            highest = hard
        resource.setrlimit(kind, (min(soft, highest), min(hard, highest)))


def ruleset(attributes: bytes, rules: list[tuple[str, int, int]]) -> int:
    """Landlock's rules in the kernel, not yet in force; made while all paths can be opened."""
    size = ctypes.c_size_t(len(attributes))
    made = _call("landlock", _libc.syscall, _CREATE_RULESET, attributes, size, 0)
    for path, if_folder, if_file in rules:
        try:
            opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            continue
        try:
            allowed = if_folder if Path(path).is_dir() else if_file
            rule = struct.pack("=Qi", allowed, opened)
            if allowed:
                _call(path, _libc.syscall, _ADD_RULE, made, _PATH_BENEATH, rule, 0)
        finally:
            os.close(opened)
    return made


def drop_user(uid: int) -> None:
    """Become a user that owns nothing and has no group and no capability."""
    for capability in range(64):
        try:
            _prctl(_PR_CAPBSET_DROP, capability)
        except OSError:
            break  # past the last one, or not allowed: no_new_privs keeps them from coming back
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    try:  # before the filter, which would refuse it in any case
        os.setresuid(0, 0, 0)
    except PermissionError:
        return
    raise LayerError("root can be had back")


def die_with(parent: int) -> None:
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise LayerError("the supervisor is gone")


def filter_calls(program: bytes, listener: int | None = None) -> None:
    """The seccomp filter, on this thread and all that comes of it.

    Who holds the other end of `listener` answers the calls that the filter leaves to it.
    """
    buffer = ctypes.create_string_buffer(program, len(program))
    fields = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(buffer))
    header = ctypes.create_string_buffer(fields, len(fields))
    if listener is None:
        _prctl(_PR_SET_SECCOMP, _SECCOMP_FILTER, ctypes.addressof(header))
        return
    import socket  # loaded before Landlock was in force

    called = ctypes.c_long(_SECCOMP[os.uname().machine])
    flags = (ctypes.c_ulong(_SET_MODE_FILTER), ctypes.c_ulong(_NEW_LISTENER))
    made = _call("seccomp", _libc.syscall, called, *flags, header)
    with socket.socket(fileno=listener) as way:
        socket.send_fds(way, [b"l"], [made])
    os.close(made)


def check(uid: int | None, kinds: tuple[int, ...]) -> None:
    """Try what must not work any more, sockets of these kinds with it."""
    if _prctl(_PR_GET_NO_NEW_PRIVS) != 1 or _prctl(_PR_GET_SECCOMP) != _SECCOMP_FILTER:
        raise LayerError("no_new_privs or seccomp is not in force")
    if _libc.socket(1, 1, 0) >= 0 or any(_libc.socket(2, kind, 0) >= 0 for kind in kinds):
        raise LayerError("seccomp lets a socket through")
    try:
        os.listdir("/")  # noqa: PTH208 - nothing but the call
    except PermissionError:
        pass
    else:
        raise LayerError("Landlock lets the root folder be read")
    if uid is not None and ({*os.getresuid(), *os.getresgid()} != {uid} or os.getgroups()):
        raise LayerError("the user is not the one it was meant to be")


def confine(plan: dict[str, Any], listener: int | None) -> None:
    """All layers, the outermost first. Raises where one can't be put in place."""
    uid = plan["uid"]
    rules = plan["landlock"]
    made = None if rules is None else ruleset(bytes.fromhex(rules["attributes"]), rules["rules"])
    limit(plan["limits"], own_user=uid is not None)
    if uid is not None:
        drop_user(uid)
    if sys.platform == "linux":
        die_with(plan["parent"])
    os.chdir(plan["folder"])
    if made is None:  # the user has switched the sandbox off
        return
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _call("landlock", _libc.syscall, _RESTRICT_SELF, made, 0)
    os.close(made)
    filter_calls(bytes.fromhex(plan["seccomp"]), listener)
    # A stream would wait for the supervisor, which does not listen yet.
    check(uid, () if plan["network"] else (_DATAGRAM,) if plan["loopback"] else (1, _DATAGRAM))


def _first_victim() -> None:
    """Where the machine runs out of memory, the kernel ends the sandboxed first."""
    try:
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    except OSError:
        return


def main(arguments: list[str]) -> int:
    source, status, *more = (int(argument) for argument in arguments)
    with open(source, "rb") as pipe:  # noqa: PTH123 - a descriptor
        plan = json.loads(pipe.read())
    if more:
        import socket  # noqa: F401 - while its file can be read
    try:
        _close_all_but(status, *more)
        _fresh_process()
        _first_victim()
        confine(plan, more[0] if more else None)
        layer = ""
    except (OSError, ValueError, LayerError) as error:
        layer = str(error)
    if layer:
        os.write(status, json.dumps({"layer": layer}).encode())
        return 1
    os.write(status, READY)
    command = plan["command"]
    try:
        os.execvpe(command[0], command, plan["environment"])  # noqa: S606 - no shell is wanted
    except (OSError, ValueError) as error:
        os.write(status, json.dumps({"exec": str(error)}).encode())
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
