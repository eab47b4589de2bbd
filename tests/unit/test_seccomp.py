"""The system-call filter, run by an interpreter of classic BPF for both machines."""

from __future__ import annotations

import errno
import re
import struct
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qe_action.sandbox.seccomp import Condition, Rule, assemble, encode, rules
from qe_action.sandbox.syscalls import LAST, MACHINES, NUMBERS, number

ARCHES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOWED = 0x7FFF0000
KILLED = 0x80000000
REFUSED = {
    *("ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp", "bpf", "keyctl"),
    *("add_key", "request_key", "userfaultfd", "perf_event_open", "mount", "umount2", "chroot"),
    *("pivot_root", "unshare", "setns", "kexec_load", "kexec_file_load", "init_module"),
    *("finit_module", "delete_module", "open_by_handle_at", "name_to_handle_at", "reboot"),
    *("swapon", "swapoff", "sethostname", "setdomainname", "acct", "syslog", "shmget", "semget"),
    *("msgget", "mq_open", "seccomp", "open_tree", "move_mount", "fsopen", "fsconfig", "fsmount"),
    *("fspick", "mount_setattr", "open_tree_attr", "fanotify_init", "fanotify_mark", "vhangup"),
    *("lookup_dcookie", "process_madvise", "process_mrelease", "sched_setscheduler"),
    *("sched_setparam", "sched_setattr", "ioprio_set", "migrate_pages", "move_pages", "mbind"),
    *("set_mempolicy", "set_mempolicy_home_node", "settimeofday", "clock_settime", "adjtimex"),
    *("clock_adjtime", "quotactl", "quotactl_fd", "nfsservctl", "lsm_set_self_attr", "uselib"),
    *("create_module", "get_kernel_syms", "query_module", "iopl", "ioperm", "modify_ldt"),
    *("sysfs", "_sysctl", "ustat"),
}
ABSENT = {
    *("io_uring_setup", "io_uring_enter", "io_uring_register", "clone3", "memfd_create"),
    *("memfd_secret", "setxattrat", "removexattrat", "statmount", "listmount"),
}
XATTRS = {
    *("setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr"),
}
SOCKETS = {"socket", "connect", "bind", "listen", "accept", "accept4"}
MODES = {
    *("chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat"),
}

Program = Sequence[tuple[int, int, int, int]]


def decoded(code: bytes) -> Program:
    return list(struct.iter_unpack("=HBBI", code))


def interpret(program: Program, data: bytes) -> int:
    """What the program says to `struct seccomp_data`; fails where the kernel would refuse it."""
    at = accumulator = steps = 0
    while True:
        code, yes, no, value = program[at]
        at += 1
        steps += 1
        assert steps < 4096
        if code == 0x20:
            assert value % 4 == 0
            (accumulator,) = struct.unpack_from("=I", data, value)
        elif code == 0x54:
            accumulator &= value
        elif code == 0x15:
            at += yes if accumulator == value else no
        elif code == 0x35:
            at += yes if accumulator >= value else no
        elif code == 0x06:
            return value
        else:
            raise AssertionError(f"unknown instruction {code:#x}")


def answer(program: Program, machine: str, call: int | str, *arguments: int) -> int:
    """The errno that a call gets, 0 if it is allowed; negative where the process is killed."""
    name = number(call, machine) if isinstance(call, str) else call
    assert name is not None
    words = [argument & 0xFFFFFFFFFFFFFFFF for argument in (*arguments, *[0] * 6)[:6]]
    data = struct.pack("=IIQ6Q", name & 0xFFFFFFFF, ARCHES[machine], 0x7F0000000000, *words)
    said = interpret(program, data)
    if said == KILLED:
        return -1
    return 0 if said == ALLOWED else said - 0x50000


def program(
    machine: str,
    *,
    network: bool = False,
    modes: bool = True,
    shielded: tuple[int, int] | None = None,
) -> Program:
    found = rules(network=network, modes=modes, shielded=shielded, machine=machine)
    return decoded(encode(assemble(found, machine)))


@pytest.fixture(params=sorted(MACHINES))
def machine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_number_gets_what_is_meant_for_it(machine: str) -> None:
    filter_ = program(machine)
    expected = {
        number(name, machine): error
        for names, error in (
            (REFUSED, errno.EPERM),
            (SOCKETS, errno.EPERM),
            (ABSENT, errno.ENOSYS),
            (XATTRS, errno.ENOTSUP),
            ({"socketpair"}, errno.EPERM),  # of family 0
        )
        for name in names
    }
    for call in range(LAST + 1):
        assert answer(filter_, machine, call) == expected.get(call, 0), call


@pytest.mark.parametrize("call", [LAST + 1, 500, 0x3FFFFFFF, 0x40000000, 0x40000027, 0xFFFFFFFF])
def test_calls_later_than_the_filter_and_those_of_x32_do_not_exist(machine: str, call: int) -> None:
    assert answer(program(machine), machine, call) == errno.ENOSYS


def test_another_machines_calls_kill(machine: str) -> None:
    for arch in {*ARCHES.values(), 0x40000003, 0x40000028} - {ARCHES[machine]}:
        data = struct.pack("=IIQ6Q", 0, arch, 0, *[0] * 6)
        assert interpret(program(machine), data) == KILLED


@pytest.mark.parametrize(
    ("call", "arguments", "error"),
    [
        ("socketpair", (1, 1), 0),
        ("socketpair", (1, 1 | 0o2000000 | 0o4000), 0),  # close-on-exec, non-blocking
        ("socketpair", (1, 5), 0),
        ("socketpair", (1, 2), errno.EPERM),
        ("socketpair", (1, 2 | 0o2000000), errno.EPERM),
        ("socketpair", (1, 3), errno.EPERM),
        ("socketpair", (30, 1), errno.EPERM),
        ("clone", (0x1200011,), 0),  # fork
        ("clone", (0x3D0F00,), 0),  # a thread
        ("clone", (0x10000000 | 17,), errno.EPERM),
        ("clone", (0x40020000,), errno.EPERM),
        ("clone", (0x100000000 | 17,), 0),
        ("personality", (0xFFFFFFFF,), 0),
        ("personality", (0x0040000,), errno.EPERM),
        ("prlimit64", (0, 7), 0),
        ("prlimit64", (1, 7), errno.EPERM),
        ("sched_setaffinity", (0,), 0),
        ("sched_setaffinity", (77,), errno.EPERM),
        ("setpriority", (0, 0, 5), 0),
        ("setpriority", (0, 77, 5), errno.EPERM),
        ("setpriority", (2, 0, 5), errno.EPERM),
        ("ioctl", (0, 0x5401), 0),
        ("ioctl", (0, 0x5412), errno.EPERM),
        ("ioctl", (0, 0x100005412), errno.EPERM),
        ("ioctl", (0, 0x541C), errno.EPERM),
        ("prctl", (1, 9), 0),
        ("prctl", (1, 0), errno.EPERM),
        ("prctl", (1, 17), errno.EPERM),
        ("prctl", (15, 0), 0),
    ],
)
def test_arguments_decide(machine: str, call: str, arguments: tuple[int, ...], error: int) -> None:
    assert answer(program(machine), machine, call, *arguments) == error
    assert answer(program(machine, network=True), machine, call, *arguments) == error


@pytest.mark.parametrize("family", range(46))
@pytest.mark.parametrize("kind", [1, 2, 3, 5, 1 | 0o2000000])
def test_the_network_is_that_of_the_internet(machine: str, family: int, kind: int) -> None:
    opened = program(machine, network=True)
    fine = family in (2, 10) and kind & 0xF in (1, 2)
    for protocol, known in ((0, True), (6, True), (17, True), (132, False), (262, False)):
        allowed = fine and known
        said = answer(opened, machine, "socket", family, kind, protocol)
        assert said == (0 if allowed else errno.EPERM)
    assert answer(program(machine), machine, "socket", family, kind, 0) == errno.EPERM


@pytest.mark.parametrize("call", ["connect", "bind", "listen", "accept", "accept4"])
def test_the_network_has_servers_too(machine: str, call: str) -> None:
    assert answer(program(machine, network=True), machine, call) == 0


def test_modes_stay_as_they_are_unless_allowed(machine: str) -> None:
    for call in MODES:
        if number(call, machine) is not None:
            assert answer(program(machine, modes=False), machine, call) == errno.EPERM
            assert answer(program(machine, modes=True), machine, call) == 0


@pytest.mark.parametrize(
    "call",
    ["kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_open"],
)
def test_older_processes_get_no_signal(machine: str, call: str) -> None:
    filter_ = program(machine, shielded=(9000, 400))  # ours has come round the numbers' end
    for process in (1, 2, 300, 399, 400, 9000):
        assert answer(filter_, machine, call, process, 9) == errno.EPERM
        assert answer(program(machine), machine, call, process, 9) == 0
    for process in (0, 401, 8999, 9001, 4_000_000):
        assert answer(filter_, machine, call, process, 9) == 0


@pytest.mark.parametrize(
    ("call", "command"),
    [("fcntl", 8), ("fcntl", 10), ("fcntl", 15), ("ioctl", 0x8901), ("ioctl", 0x8902)],
)
def test_no_descriptor_signals_for_it(machine: str, call: str, command: int) -> None:
    filter_ = program(machine, shielded=(200, 300))
    assert answer(filter_, machine, call, 1, command) == errno.EPERM
    assert answer(filter_, machine, call, 1, 0x5401) == 0
    assert answer(program(machine), machine, call, 1, command) == 0


def test_nobody_signals_everyone_or_an_older_group(machine: str) -> None:
    filter_ = program(machine, shielded=(9000, 400))
    for process in (-1, -2, -399, -400, -9000):
        assert answer(filter_, machine, "kill", process, 9) == errno.EPERM
    for process in (0, -401, -8999, -9001, -4_000_000):
        assert answer(filter_, machine, "kill", process, 9) == 0


@given(
    low=st.integers(0, 9), high=st.integers(0, 9), value=st.integers(0, 10), other=st.integers(0, 1)
)
def test_a_span_has_a_first_number_and_an_end(low: int, high: int, value: int, other: int) -> None:
    spans = (Condition(1, (), span=(low, high)), Condition(3, (1,)))
    for conditions in (spans, spans[::-1]):
        refused = (Rule("ioctl", 7, conditions), Rule("bind", 8))
        code = decoded(encode(assemble(refused, "x86_64")))
        holds = low <= value < high and other == 1
        assert answer(code, "x86_64", "ioctl", 0, value, 0, other) == (7 if holds else 0)
        assert answer(code, "x86_64", "bind") == 8


@given(
    values=st.lists(st.integers(0, 9), min_size=1, max_size=4, unique=True),
    more=st.lists(st.integers(0, 9), min_size=1, max_size=3, unique=True),
    mask=st.sampled_from([0xFFFFFFFF, 0x3, 0xE]),
    negated=st.booleans(),
    also_negated=st.booleans(),
    first=st.integers(0, 15),
    second=st.integers(0, 15),
)
def test_conditions_mean_what_they_say(
    values: list[int],
    more: list[int],
    mask: int,
    negated: bool,
    also_negated: bool,
    first: int,
    second: int,
) -> None:
    conditions = (
        Condition(2, tuple(values), mask, negated),
        Condition(5, tuple(more), negated=also_negated),
    )
    refused = (Rule("ioctl", 7, conditions), Rule("bind", 8))
    code = decoded(encode(assemble(refused, "x86_64")))
    holds = ((first & mask in values) != negated) and ((second in more) != also_negated)
    arguments = (0, 0, first, 0, 0, second)
    assert answer(code, "x86_64", "ioctl", *arguments) == (7 if holds else 0)
    assert answer(code, "x86_64", "bind", *arguments) == 8
    assert answer(code, "x86_64", "connect", *arguments) == 0


def test_the_program_is_short_enough_for_the_kernel(machine: str) -> None:
    assert len(program(machine, network=True, modes=False, shielded=(1, 2))) < 1000


def test_every_number_of_the_table_is_used_for_something(machine: str) -> None:
    named = {
        rule.call
        for network in (False, True)
        for rule in rules(network=network, modes=False, shielded=(1, 2), machine=machine)
    }
    assert named == {name for name in NUMBERS if number(name, machine) is not None}


@pytest.mark.parametrize(
    ("machine", "header"),
    [
        ("x86_64", "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
        ("aarch64", "/usr/include/asm-generic/unistd.h"),
    ],
)
def test_numbers_are_the_kernels(machine: str, header: str) -> None:
    if not Path(header).exists():
        pytest.skip("the kernel's headers are not here")
    found = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", Path(header).read_text())
    kernel = {name: int(text) for name, text in found}
    known = {name: number(name, machine) for name in NUMBERS if name in kernel}
    assert len(known) > 90
    assert known == {name: kernel[name] for name in known}
