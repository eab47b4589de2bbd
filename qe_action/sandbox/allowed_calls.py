"""Which system calls the sandbox lets through: one table, a reason for each group. Pure.

Written from what the interpreter, pytest, common extensions and the tools of a set-up were seen to
call. What is in no group is refused, calls of later kernels included: a list of what is dangerous
would be as good as its author's memory. Where a library has another way when a kernel lacks a call,
the answer is that it does.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import dataclass

from qe_action.sandbox.rules import MADE_OUTSIDE, WHOLE, Condition, Rule


@dataclass(frozen=True)
class Group:
    """Calls that are let through whatever their arguments."""

    reason: str
    calls: tuple[str, ...]


ALLOWED = (
    Group(
        "Read and write what is open: Landlock and the limits decided when it was opened.",
        (
            *("read", "write", "pread64", "pwrite64", "readv", "writev", "preadv", "pwritev"),
            *("preadv2", "pwritev2", "lseek", "copy_file_range", "fsync", "fdatasync"),
            *("fadvise64", "readahead", "flock", "close", "close_range", "dup", "dup2", "dup3"),
            *("pipe", "pipe2"),
        ),
    ),
    Group(
        "Open, make, move and remove files: Landlock says which.",
        (
            *("creat", "truncate", "ftruncate", "mkdir", "mkdirat", "rmdir"),
            *("unlink", "unlinkat", "rename", "renameat", "link", "linkat"),
            *("symlink", "symlinkat", "umask"),
        ),
    ),
    Group(
        "Look at names, sizes, modes and times, and set times: no program does without; Landlock "
        "does not see it, so what permissions show is shown.",
        (
            *("stat", "lstat", "fstat", "newfstatat", "statx", "access", "faccessat"),
            *("faccessat2", "readlink", "readlinkat", "getdents", "getdents64", "statfs"),
            *("fstatfs", "getcwd", "chdir", "fchdir", "utime", "utimes", "futimesat"),
            "utimensat",
        ),
    ),
    Group(
        "Memory of its own, which the limits and the watchdog count.",
        ("brk", "munmap", "mremap", "mprotect", "msync", "membarrier"),
    ),
    Group(
        "Start, wait for and end processes and threads, which the limits count.",
        (
            *("fork", "vfork", "execve", "execveat", "exit", "exit_group", "wait4", "waitid"),
            *("set_tid_address", "set_robust_list", "rseq", "futex", "sched_yield", "getcpu"),
            *("setsid", "setpgid", "arch_prctl"),
        ),
    ),
    Group(
        "Ask who and where it is, and what it may.",
        (
            *("getpid", "getppid", "gettid", "getpgid", "getpgrp", "getsid", "getuid", "geteuid"),
            *("getgid", "getegid", "getresuid", "getresgid", "getgroups", "capget", "uname"),
            *("sysinfo", "getrusage", "times", "getrlimit", "setrlimit", "getpriority"),
            *("sched_getaffinity", "sched_getparam", "sched_getscheduler", "sched_getattr"),
            *("sched_get_priority_max", "sched_get_priority_min", "sched_rr_get_interval"),
            "getrandom",
        ),
    ),
    Group(
        "Signals: Landlock, the user of its own or rules of their own keep them inside.",
        (
            *("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"),
            *("pidfd_open", "pidfd_send_signal", "rt_sigaction", "rt_sigprocmask"),
            *("rt_sigreturn", "rt_sigpending", "rt_sigtimedwait", "rt_sigsuspend"),
            *("sigaltstack", "signalfd", "signalfd4", "pause", "restart_syscall"),
        ),
    ),
    Group(
        "Clocks and timers; a limit counts those that queue signals.",
        (
            *("nanosleep", "gettimeofday", "time", "alarm", "getitimer", "setitimer"),
            "timer_settime",
            *("timer_gettime", "timer_getoverrun", "timer_delete", "timerfd_create"),
            *("timerfd_settime", "timerfd_gettime"),
        ),
    ),
    Group(
        "Wait for descriptors, whose number is limited.",
        (
            *("poll", "ppoll", "select", "pselect6", "epoll_create", "epoll_create1"),
            *("epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "eventfd", "eventfd2"),
        ),
    ),
    Group(
        "Use a pair of connected sockets, as event loops do; descriptors may be sent over it.",
        (
            *("sendto", "sendmsg", "recvfrom", "recvmsg", "shutdown", "getsockname"),
            *("getpeername", "getsockopt"),
        ),
    ),
)

NETWORK = Group(
    "The internet, for a set-up; or, with sockets that lead no further, the loopback.",
    ("connect", "bind", "listen", "accept", "accept4", "sendmmsg", "recvmmsg"),
)
MODES = Group(
    "Modes and owners of files, which Landlock does not see.",
    ("chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat"),
)

_CLOCKS = ("clock_gettime", "clock_getres", "clock_nanosleep", "timer_create")
_SIGN = 0x80000000
_NAMESPACES = 0x7E020000  # CLONE_NEW*, but the one of time, which clone can't make
_CLONE_PARENT = 0x8000
_UNIX, _INET, _INET6 = 1, 2, 10
_STREAM, _DATAGRAM, _SEQPACKET = 1, 2, 5
_TCP, _UDP = 6, 17
_KIND, _FIFO, _REGULAR = 0o170000, 0o010000, 0o100000
_SET_PDEATHSIG, _SIGKILL = 1, 9
_WHITEOUT = 4
_PRCTL = (
    *(2, 3, 15, 16, 21, 23),  # ask what holds, a thread's name
    *(29, 30, 36, 37),  # how exact timers are, adopting orphans below it
    *(38, 39, 41, 42),  # no new privileges, no huge pages
)
_FCNTL = (
    *(0, 1, 2, 3, 4, 1030),  # duplicates and flags of descriptors
    *(5, 6, 7, 36, 37, 38),  # locks
    *(9, 1032),  # ask for the owner, and for a pipe's size
)
_IOCTL = (
    *(0x5401, 0x5402, 0x5403, 0x5404, 0x802C542A),  # a terminal's settings
    *(0x540B, 0x540E, 0x540F, 0x5410, 0x5411, 0x5413, 0x5414, 0x5422),  # its queue, group and size
    *(0x541B, 0x5421, 0x5450, 0x5451),  # bytes that wait, blocking, close-on-exec
)
_IOCTL_NETWORK = (0x8910, 0x8912, 0x8913, 0x8915, 0x8927, 0x8933)  # names of interfaces
_NO_MADVICE = (12, 100, 101)  # share equal pages, break pages
_MAP_HUGETLB = 0x40000
_SOCKET_LEVEL = 1
_BUFFERS = (7, 8)  # SO_SNDBUF, SO_RCVBUF
_OPTIONS: Mapping[int, tuple[int, ...]] = {
    _SOCKET_LEVEL: (2, 5, 6, 9, 10, 12, 13, 15, 16, 18, 20, 21, 29, 66, 67),
    0: (1, 2, 10, 11, 24),  # of IP: type of service, time to live, errors
    6: (1, 3, 4, 5, 6, 12, 18, 23, 30),  # of TCP: delay, keep-alive, time-out
    41: (16, 23, 25, 26, 67),  # of IPv6
}
"""Options of sockets that are set; the others filter, encrypt, reserve memory or route."""


def fine(*, network: bool, loopback: bool = False) -> tuple[Rule, ...]:
    """Calls of which some uses are let through; the first rule that fits decides."""
    return (
        # files, but none opened for neither reading nor writing, in which Landlock sees no right
        *(
            Rule(call, conditions, answer)
            for call, flags in (("open", 1), ("openat", 2))
            for conditions, answer in (((Condition(flags, (3,), 3),), errno.EINVAL), ((), None))
        ),
        *_only("mknod", 1, (0, _FIFO, _REGULAR), mask=_KIND),
        *_only("mknodat", 2, (0, _FIFO, _REGULAR), mask=_KIND),
        # a mark of overlay file systems is a device, and Landlock takes it for a file
        *_only("renameat2", 4, (0,), errno.EINVAL, mask=_WHITEOUT),
        # locks and duplicates, but no larger pipes, no signals and no news of others' files
        *_only("fcntl", 1, _FCNTL),
        # no preallocation, no clone, no typing into a terminal
        *_only("ioctl", 1, (*_IOCTL, *(_IOCTL_NETWORK if network else ())), errno.ENOTTY),
        # posix_fallocate writes instead, which the limit of a file's length sees
        Rule("fallocate", answer=errno.EOPNOTSUPP),
        # pages of the machine's pool are counted for no process
        Rule("mmap", (Condition(3, (0,), _MAP_HUGETLB, negated=True),), errno.ENOMEM),
        Rule("mmap"),
        Rule("madvise", (Condition(2, _NO_MADVICE),), errno.EINVAL),
        Rule("madvise"),
        # clocks, but not those of another process's or device's, which have numbers below zero
        *(rule for call in _CLOCKS for rule in _only(call, 0, (0,), errno.EINVAL, mask=_SIGN)),
        # processes: no namespace, no sibling
        *_only("clone", 0, (0,), mask=_NAMESPACES | _CLONE_PARENT),
        *_only("personality", 0, (0, WHOLE)),
        # limits, processors and priority of this process alone
        *_only("prlimit64", 0, (0,)),
        *_only("sched_setaffinity", 0, (0,)),
        Rule("setpriority", (Condition(0, (0,)), Condition(1, (0,)))),
        # the parent's death goes on being this process's death
        Rule("prctl", (Condition(0, (_SET_PDEATHSIG,)), Condition(1, (_SIGKILL,)))),
        Rule("prctl", (Condition(0, (_SET_PDEATHSIG,)),), errno.EPERM),
        *_only("prctl", 0, _PRCTL, errno.EINVAL),
        *_sockets(network=network, loopback=loopback),
    )


def _only(
    call: str,
    argument: int,
    values: tuple[int, ...],
    answer: int = errno.EPERM,
    *,
    mask: int = WHOLE,
) -> tuple[Rule, Rule]:
    """A call with some values of an argument, and no other."""
    return Rule(call, (Condition(argument, values, mask),)), Rule(call, answer=answer)


def _sockets(*, network: bool, loopback: bool) -> list[Rule]:
    # A datagram pair can be pointed at another socket afterwards: by connect or with each message.
    kinds = Condition(1, (_STREAM, _SEQPACKET), 0xF)
    found = [
        Rule("socketpair", (Condition(0, (_UNIX,)), kinds)),
        # Taken and not heeded: what waits in a buffer is counted for no process.
        Rule("setsockopt", (Condition(1, (_SOCKET_LEVEL,)), Condition(2, _BUFFERS)), 0),
    ]
    for level, options in _OPTIONS.items():
        if network or loopback or level == _SOCKET_LEVEL:
            found.append(Rule("setsockopt", (Condition(1, (level,)), Condition(2, options))))
    found.append(Rule("setsockopt", answer=errno.ENOPROTOOPT))
    families = Condition(0, (_INET, _INET6))
    if network:
        kind, protocol = Condition(1, (_STREAM, _DATAGRAM), 0xF), Condition(2, (0, _TCP, _UDP))
        found.append(Rule("socket", (families, kind, protocol)))
    elif loopback:
        # A datagram may name the interface that it leaves by; a stream may not.
        kind, protocol = Condition(1, (_STREAM,), 0xF), Condition(2, (0, _TCP))
        found.append(Rule("socket", (families, kind, protocol), MADE_OUTSIDE))
    return found


ABSENT = (
    *("memfd_create", "inotify_init", "inotify_init1", "inotify_add_watch", "inotify_rm_watch"),
    *("splice", "tee", "vmsplice", "sendfile", "io_setup", "get_mempolicy", "sync_file_range"),
)
"""Answered as by a kernel that lacks them, for which libraries have another way.

Memory that no process has mapped, news of others' files, and pages held by pipes and sockets.
"""
XATTRS = (
    *("setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr"),
    *("getxattr", "lgetxattr", "fgetxattr", "listxattr", "llistxattr", "flistxattr"),
)
"""Extended attributes, which Landlock does not see: answered as by a file system without them."""

SHARED_NUMBERS = 424
"""From here on every machine's kernel numbers calls alike. What is not allowed of these does not
exist, as on an older kernel, which libraries are prepared for; older ones are refused."""
