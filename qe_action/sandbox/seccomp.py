"""The system-call filter: rules, and the classic BPF program that they become. Pure.

No library: libseccomp is not on every machine, its bindings on PyPI are young, and the child
that loads the filter must not import anything that the pull request could have touched.

A list of what is refused rather than of what is allowed, since a project may call anything that
computes; calls newer than the list don't exist, and the kernel's defences behind it (Landlock,
the user of its own, no_new_privs) don't depend on it.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from qe_action.sandbox.syscalls import LAST, number

_LOAD, _AND, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
_KILL, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
_ARCHES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_WHOLE = 0xFFFFFFFF

_UNIX, _INET, _INET6 = 1, 2, 10
_STREAM, _DATAGRAM, _SEQPACKET = 1, 2, 5
_NAMESPACES = 0x7E020000  # CLONE_NEW*, but the one of time, which clone can't make
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_SET_PDEATHSIG, _SIGKILL = 1, 9
_OWNERS = (8, 10, 15)  # F_SETOWN, F_SETSIG, F_SETOWN_EX
_IOCTL_OWNERS = (0x8901, 0x8902)  # FIOSETOWN, SIOCSPGRP


@dataclass(frozen=True)
class Condition:
    """Whether the low half of an argument, masked, is one of the values (or none of them).

    Or, with `span`, whether it is at least the first number and below the second.

    Every argument looked at is an int or takes flags from its low half alone.
    """

    argument: int
    values: tuple[int, ...]
    mask: int = _WHOLE
    negated: bool = False
    span: tuple[int, int] | None = None


@dataclass(frozen=True)
class Rule:
    """A call that fails with an error number where all conditions hold."""

    call: str
    error: int = errno.EPERM
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Instruction:
    """One instruction of classic BPF; the jumps count from the next one."""

    code: int
    yes: int
    no: int
    value: int


_REFUSED = (
    # other processes
    *("ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease"),
    *("kcmp", "pidfd_getfd", "sched_setscheduler", "sched_setparam", "sched_setattr"),
    *("ioprio_set", "migrate_pages", "move_pages", "mbind", "set_mempolicy"),
    "set_mempolicy_home_node",
    # the kernel's large side doors
    *("bpf", "perf_event_open", "userfaultfd", "fanotify_init", "fanotify_mark", "seccomp"),
    *("lookup_dcookie", "keyctl", "add_key", "request_key", "lsm_set_self_attr"),
    # file systems and namespaces
    *("mount", "umount2", "pivot_root", "chroot", "open_tree", "move_mount", "fsopen"),
    *("fsconfig", "fsmount", "fspick", "mount_setattr", "open_tree_attr", "unshare", "setns"),
    *("open_by_handle_at", "name_to_handle_at", "quotactl", "quotactl_fd"),
    # the machine
    *("kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module"),
    *("create_module", "get_kernel_syms", "query_module", "reboot", "swapon", "swapoff"),
    *("sethostname", "setdomainname", "acct", "nfsservctl", "uselib", "vhangup", "syslog"),
    *("iopl", "ioperm", "modify_ldt", "sysfs", "_sysctl", "ustat"),
    *("settimeofday", "clock_settime", "clock_adjtime", "adjtimex"),
    # memory and messages that outlive their process or are counted for none
    *("shmget", "semget", "msgget", "mq_open"),
)
_ABSENT = (
    *("io_uring_setup", "io_uring_enter", "io_uring_register", "clone3"),
    *("memfd_create", "memfd_secret", "setxattrat", "removexattrat", "statmount", "listmount"),
)
"""Answered as by a kernel that lacks them, for which libraries have another way."""

_MODES = ("chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat")
_XATTRS = ("setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr")
_NAMED_SOCKETS = ("connect", "bind", "listen", "accept", "accept4")
_SIGNALS = ("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_open")


def rules(
    *, network: bool, modes: bool, shielded: tuple[int, int] | None = None, machine: str
) -> tuple[Rule, ...]:
    """What the sandbox refuses.

    `modes`: files may change mode and owner, which Landlock does not see; harmless where the
    sandbox's user owns nothing else. `shielded`, for kernels whose Landlock does not keep signals
    in, are our process and the supervisor: those two and all that are older get no signal.
    """
    found = [Rule(call) for call in _REFUSED]
    found += [Rule(call, errno.ENOSYS) for call in _ABSENT]
    found += _fine_rules()
    found += _network_rules(network=network)
    found += [Rule(call, errno.ENOTSUP) for call in _XATTRS]
    if not modes:
        found += [Rule(call) for call in _MODES]
    if shielded:
        found += _signal_rules(*shielded)
    return tuple(rule for rule in found if number(rule.call, machine) is not None)


def _fine_rules() -> list[Rule]:
    """Calls of which only some uses are refused."""
    return [
        Rule("clone", conditions=(Condition(0, (0,), _NAMESPACES, negated=True),)),
        Rule("personality", conditions=(Condition(0, (0, _WHOLE), negated=True),)),
        # limits, processors and priority of this process alone
        Rule("prlimit64", conditions=(Condition(0, (0,), negated=True),)),
        Rule("sched_setaffinity", conditions=(Condition(0, (0,), negated=True),)),
        Rule("setpriority", conditions=(Condition(0, (0,), negated=True),)),
        Rule("setpriority", conditions=(Condition(1, (0,), negated=True),)),
        Rule("ioctl", conditions=(Condition(1, (_TIOCSTI, _TIOCLINUX)),)),
        # the parent's death goes on being this process's death
        Rule(
            "prctl",
            conditions=(Condition(0, (_SET_PDEATHSIG,)), Condition(1, (_SIGKILL,), negated=True)),
        ),
    ]


def _network_rules(*, network: bool) -> list[Rule]:
    # A datagram pair can be pointed at another socket afterwards: by connect or with each message.
    pairs = [
        Rule("socketpair", conditions=(Condition(0, (_UNIX,), negated=True),)),
        Rule(
            "socketpair",
            conditions=(Condition(1, (_STREAM, _SEQPACKET), 0xF, negated=True),),
        ),
    ]
    if not network:
        return [*pairs, *(Rule(call) for call in ("socket", *_NAMED_SOCKETS))]
    return [
        *pairs,
        Rule("socket", conditions=(Condition(0, (_INET, _INET6), negated=True),)),
        Rule("socket", conditions=(Condition(1, (_STREAM, _DATAGRAM), 0xF, negated=True),)),
        Rule("socket", conditions=(Condition(2, (0, 6, 17), negated=True),)),  # TCP, UDP
    ]


def _signal_rules(ours: int, supervisor: int) -> list[Rule]:
    # What the sandbox starts has a higher number, until the numbers begin anew.
    older = Condition(0, (), span=(1, supervisor + 1))
    groups = Condition(0, (), span=(_WHOLE + 1 - supervisor, _WHOLE))
    return [
        *(Rule(call, conditions=(older,)) for call in _SIGNALS),
        *(Rule(call, conditions=(Condition(0, (ours,)),)) for call in _SIGNALS),
        Rule("kill", conditions=(groups,)),
        Rule("kill", conditions=(Condition(0, (_WHOLE, -ours & _WHOLE)),)),  # -1 is everyone
        # a descriptor's owner is signalled when it becomes ready
        Rule("fcntl", conditions=(Condition(1, _OWNERS),)),
        Rule("ioctl", conditions=(Condition(1, _IOCTL_OWNERS),)),
    ]


def assemble(refused: Iterable[Rule], machine: str) -> tuple[Instruction, ...]:
    """The program: refuses by the rules, allows all else."""
    program = [
        Instruction(_LOAD, 0, 0, _ARCH),
        Instruction(_EQUAL, 1, 0, _ARCHES[machine]),
        Instruction(_RETURN, 0, 0, _KILL),
        Instruction(_LOAD, 0, 0, _NUMBER),
        Instruction(_AT_LEAST, 0, 1, LAST + 1),  # x32's numbers, too
        Instruction(_RETURN, 0, 0, _ERRNO | errno.ENOSYS),
    ]
    for rule in refused:
        program += _compiled(rule, machine)
    return (*program, Instruction(_RETURN, 0, 0, _ALLOW))


def _compiled(rule: Rule, machine: str) -> Iterator[Instruction]:
    """A rule's instructions; the call's number is loaded before and after them."""
    called = number(rule.call, machine)
    assert called is not None
    refuse = Instruction(_RETURN, 0, 0, _ERRNO | rule.error)
    if not rule.conditions:
        yield from (Instruction(_EQUAL, 0, 1, called), refuse)
        return
    body: list[Instruction] = [refuse]
    for condition in reversed(rule.conditions):
        body = [*_tested(condition, len(body)), *body]
    yield Instruction(_EQUAL, 0, len(body) + 1, called)
    yield from body
    yield Instruction(_LOAD, 0, 0, _NUMBER)


def _tested(condition: Condition, rest: int) -> Iterator[Instruction]:
    """Goes on to the `rest` instructions that follow where the condition holds, else past them."""
    yield Instruction(_LOAD, 0, 0, _ARGUMENTS + 8 * condition.argument)
    if condition.mask != _WHOLE:
        yield Instruction(_AND, 0, 0, condition.mask)
    if condition.span is not None:
        yield Instruction(_AT_LEAST, 0, 1 + rest, condition.span[0])
        yield Instruction(_AT_LEAST, rest, 0, condition.span[1])
    for left in range(len(condition.values) - 1, -1, -1):
        value = condition.values[len(condition.values) - 1 - left]
        if condition.negated:
            yield Instruction(_EQUAL, left + rest, 0, value)
        else:
            yield Instruction(_EQUAL, left, 0 if left else rest, value)


def encode(program: Iterable[Instruction]) -> bytes:
    """The program as an array of `struct sock_filter`."""
    return b"".join(struct.pack("=HBBI", i.code, i.yes, i.no, i.value) for i in program)
