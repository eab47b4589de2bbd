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

from qe_action.sandbox import allowed_calls
from qe_action.sandbox.rules import Condition, Rule
from qe_action.sandbox.seccomp import assemble, encode, rules
from qe_action.sandbox.seccomp import program as as_bytes
from qe_action.sandbox.syscall_numbers import MACHINES, NUMBERS, number

ARCHES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOWED = 0x7FFF0000
ASKED = 0x7FC00000
KILLED = 0x80000000
HELD: dict[str, tuple[int | None, int | None]] = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "bpf": (321, 280),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "userfaultfd": (323, 282),
    "perf_event_open": (298, 241),
    "mount": (165, 40),
    "umount2": (166, 39),
    "chroot": (161, 51),
    "pivot_root": (155, 41),
    "unshare": (272, 97),
    "setns": (308, 268),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "acct": (163, 89),
    "syslog": (103, 116),
    "seccomp": (317, 277),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    "vhangup": (153, 58),
    "lookup_dcookie": (212, 18),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "ioprio_set": (251, 30),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "mbind": (237, 235),
    "set_mempolicy": (238, 237),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "nfsservctl": (180, 42),
    "uselib": (134, None),
    "create_module": (174, None),
    "get_kernel_syms": (177, None),
    "query_module": (178, None),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    "sysfs": (139, None),
    "_sysctl": (156, None),
    "ustat": (136, None),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "shmdt": (67, 197),
    "semget": (64, 190),
    "semop": (65, 193),
    "semtimedop": (220, 192),
    "semctl": (66, 191),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "mq_timedsend": (242, 182),
    "mq_timedreceive": (243, 183),
    "mq_notify": (244, 184),
    "mq_getsetattr": (245, 185),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "clone3": (435, 435),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "inotify_init": (253, None),
    "inotify_init1": (294, 26),
    "inotify_add_watch": (254, 27),
    "splice": (275, 76),
    "tee": (276, 77),
    "vmsplice": (278, 75),
    "sendfile": (40, 71),
    "io_setup": (206, 0),
    "io_submit": (209, 2),
    "landlock_create_ruleset": (444, 444),
    "setuid": (105, 146),
    "setgid": (106, 144),
    "setresuid": (117, 147),
    "setresgid": (119, 149),
    "setreuid": (113, 145),
    "setregid": (114, 143),
    "setgroups": (116, 159),
    "setfsuid": (122, 151),
    "setfsgid": (123, 152),
    "capset": (126, 91),
    "mlock": (149, 228),
    "mlockall": (151, 230),
    "remap_file_pages": (216, 234),
    "pkey_alloc": (330, 289),
    "sync": (162, 81),
    "syncfs": (306, 267),
    "get_robust_list": (274, 100),
    "set_mempolicy_home_node": (450, 450),
    "map_shadow_stack": (453, 453),
    "statmount": (457, 457),
    "listmount": (458, 458),
    "lsm_set_self_attr": (460, 460),
    "setxattrat": (463, 463),
    "getxattrat": (464, 464),
    "open_tree_attr": (467, 467),
}
"""What no run may call, whatever its arguments; from the kernel's headers."""
XATTRS = [
    f"{way}{what}xattr" for what in ("set", "remove", "get", "list") for way in ("", "l", "f")
]
SOCKETS = {"socket", "connect", "bind", "listen", "accept", "accept4", "sendmmsg"}
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
        elif code == 0x05:
            at += value
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
    return {ALLOWED: 0, ASKED: ASKED}.get(said, said - 0x50000)


def program(
    machine: str,
    *,
    network: bool = False,
    loopback: bool = False,
    modes: bool = True,
    shielded: tuple[int, int] | None = None,
) -> Program:
    found = rules(
        network=network, modes=modes, shielded=shielded, machine=machine, loopback=loopback
    )
    return decoded(encode(assemble(found, machine)))


@pytest.fixture(params=sorted(MACHINES))
def machine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def every_program(machine: str) -> list[Program]:
    """Of every sort of run there is."""
    return [
        program(machine, network=network, modes=modes, shielded=shielded)
        for network in (False, True)
        for modes in (False, True)
        for shielded in (None, (200, 300))
    ]


def test_every_number_gets_what_is_meant_for_it(machine: str) -> None:
    filter_ = program(machine)
    allowed = {number(name, machine) for group in allowed_calls.ALLOWED for name in group.calls}
    allowed |= {number(name, machine) for name in MODES}
    absent = {number(name, machine) for name in allowed_calls.ABSENT}
    decided = {number(rule.call, machine) for rule in allowed_calls.fine(network=False)}
    plain = set(range(1024)) - decided - {number(name, machine) for name in XATTRS}
    for call in sorted(plain):
        unknown = errno.ENOSYS if call >= 424 or call in absent else errno.EPERM
        assert answer(filter_, machine, call) == (0 if call in allowed else unknown), call
    for name in XATTRS:
        assert answer(filter_, machine, name) == errno.ENOTSUP


@pytest.mark.parametrize("call", sorted(HELD))
def test_what_is_held_is_held_in_every_sort_of_run(machine: str, call: str) -> None:
    called = HELD[call][MACHINES[machine]]
    if called is None:
        pytest.skip("this machine does not have it")
    for filter_ in every_program(machine):
        for arguments in ((), (1,) * 6, (0xFFFFFFFF,) * 6):
            assert answer(filter_, machine, called, *arguments) in (errno.EPERM, errno.ENOSYS)


@pytest.mark.parametrize("call", sorted(SOCKETS))
def test_without_a_network_nothing_is_reached(machine: str, call: str) -> None:
    for modes in (False, True):
        assert answer(program(machine, modes=modes), machine, call, 2, 1) == errno.EPERM


def test_each_group_has_a_reason_and_each_call_one_group() -> None:
    groups = (*allowed_calls.ALLOWED, allowed_calls.NETWORK, allowed_calls.MODES)
    names = [name for group in groups for name in group.calls]
    others = {rule.call for rule in allowed_calls.fine(network=True)} | {
        *allowed_calls.ABSENT,
        *allowed_calls.XATTRS,
    }
    assert len(names) == len(set(names))
    assert not others & set(names)
    assert not (set(names) | others) & (set(HELD) - set(allowed_calls.ABSENT))
    assert all(group.reason.endswith(".") for group in groups)


@pytest.mark.parametrize("call", [500, 5000, 0x3FFFFFFF, 0x40000000, 0x40000027, 0xFFFFFFFF])
def test_calls_later_than_the_filter_and_those_of_x32_do_not_exist(machine: str, call: int) -> None:
    for filter_ in every_program(machine):
        assert answer(filter_, machine, call) == errno.ENOSYS


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
        ("ioctl", (0, 0x5412), errno.ENOTTY),
        ("ioctl", (0, 0x100005412), errno.ENOTTY),
        ("ioctl", (0, 0x541C), errno.ENOTTY),
        ("prctl", (1, 9), 0),
        ("prctl", (1, 0), errno.EPERM),
        ("prctl", (1, 17), errno.EPERM),
        ("prctl", (15, 0), 0),
        ("prctl", (4, 0), errno.EINVAL),  # hide from the watchdog
        ("prctl", (4, 1), errno.EINVAL),
        ("prctl", (22, 2), errno.EINVAL),  # a filter of its own
        ("prctl", (28, 0), errno.EINVAL),
        ("prctl", (0x59616D61, 0xFFFFFFFF), errno.EINVAL),
        ("clone", (0x8000 | 17,), errno.EPERM),  # a sibling
        ("fcntl", (0, 1), 0),
        ("fcntl", (0, 6), 0),
        ("fcntl", (0, 1030), 0),
        ("fcntl", (0, 1031, 1 << 20), errno.EPERM),  # a larger pipe
        ("fcntl", (0, 1026), errno.EPERM),  # news of a folder
        ("fcntl", (0, 1024), errno.EPERM),  # a lease
        ("fcntl", (0, 8), errno.EPERM),  # whom a descriptor signals
        ("fcntl", (0, 10), errno.EPERM),
        ("fcntl", (0, 15), errno.EPERM),
        ("ioctl", (0, 0x8901), errno.ENOTTY),
        ("ioctl", (0, 0x8902), errno.ENOTTY),
        ("ioctl", (0, 0x40305828), errno.ENOTTY),  # preallocate
        ("ioctl", (0, 0x4030582A), errno.ENOTTY),
        ("ioctl", (0, 0x40049409), errno.ENOTTY),  # clone a file
        ("fallocate", (0, 1, 0, 1 << 31), errno.EOPNOTSUPP),
        ("mmap", (0, 4096, 3, 0x22), 0),
        ("mmap", (0, 4096, 3, 0x21), 0),
        ("mmap", (0, 4096, 3, 0x40022), errno.ENOMEM),
        ("madvise", (0, 4096, 4), 0),
        ("madvise", (0, 4096, 12), errno.EINVAL),
        ("madvise", (0, 4096, 100), errno.EINVAL),
        ("mknodat", (-100, 0, 0o010600), 0),
        ("mknodat", (-100, 0, 0o100600), 0),
        ("mknodat", (-100, 0, 0o020600), errno.EPERM),
        ("mknodat", (-100, 0, 0o060600), errno.EPERM),
        ("mknodat", (-100, 0, 0o140600), errno.EPERM),
        ("setsockopt", (3, 1, 2), 0),
        ("setsockopt", (3, 1, 7), 0),  # said, not done
        ("setsockopt", (3, 1, 32), errno.ENOPROTOOPT),
        ("setsockopt", (3, 1, 33), errno.ENOPROTOOPT),
        ("setsockopt", (3, 1, 26), errno.ENOPROTOOPT),
        ("setsockopt", (3, 1, 50), errno.ENOPROTOOPT),
        ("setsockopt", (3, 1, 60), errno.ENOPROTOOPT),
        ("setsockopt", (3, 6, 31), errno.ENOPROTOOPT),
        ("setsockopt", (3, 0, 64), errno.ENOPROTOOPT),
    ],
)
def test_arguments_decide(machine: str, call: str, arguments: tuple[int, ...], error: int) -> None:
    assert answer(program(machine), machine, call, *arguments) == error
    assert answer(program(machine, network=True), machine, call, *arguments) == error


def test_sizes_of_buffers_are_taken_and_not_heeded(machine: str) -> None:
    told = 0x50000  # an error, whose number is none
    for option in (7, 8):
        words = (3, 1, option, 0, 4, 0)
        called = number("setsockopt", machine)
        assert called is not None
        data = struct.pack("=IIQ6Q", called, ARCHES[machine], 0, *words)
        for filter_ in every_program(machine):
            assert interpret(filter_, data) == told


@pytest.mark.parametrize(("level", "option"), [(6, 1), (6, 4), (41, 26), (0, 11)])
def test_a_network_has_its_usual_options(machine: str, level: int, option: int) -> None:
    assert answer(program(machine, network=True), machine, "setsockopt", 3, level, option) == 0
    assert answer(program(machine), machine, "setsockopt", 3, level, option) == errno.ENOPROTOOPT


@pytest.mark.parametrize("kind", [1, 2, 3, 5, 1 | 0o2000000])
def test_the_network_is_that_of_the_internet(machine: str, kind: int) -> None:
    opened, closed = program(machine, network=True), program(machine)
    for family in range(46):
        fine = family in (2, 10) and kind & 0xF in (1, 2)
        for protocol, known in ((0, True), (6, True), (17, True), (132, False), (262, False)):
            said = answer(opened, machine, "socket", family, kind, protocol)
            assert said == (0 if fine and known else errno.EPERM), (family, protocol)
        assert answer(closed, machine, "socket", family, kind, 0) == errno.EPERM, family


@pytest.mark.parametrize("kind", [1, 2, 3, 5, 1 | 0o2000000])
def test_on_the_loopback_the_supervisor_makes_streams_of_tcp(machine: str, kind: int) -> None:
    opened = program(machine, loopback=True)
    for family in range(46):
        for protocol in (0, 6, 17, 132, 262):
            fine = family in (2, 10) and kind & 0xF == 1 and protocol in (0, 6)
            said = answer(opened, machine, "socket", family, kind, protocol)
            assert said == (ASKED if fine else errno.EPERM), (family, protocol)
    for device in (25, 62):
        assert answer(opened, machine, "setsockopt", 3, 1, device) == errno.ENOPROTOOPT


@pytest.mark.parametrize("call", ["connect", "bind", "listen", "accept", "accept4"])
def test_the_network_has_servers_too(machine: str, call: str) -> None:
    assert answer(program(machine, network=True), machine, call) == 0
    assert answer(program(machine, loopback=True), machine, call) == 0


def test_modes_stay_as_they_are_unless_allowed(machine: str) -> None:
    for call in MODES:
        if number(call, machine) is not None:
            refused = errno.ENOSYS if call == "fchmodat2" else errno.EPERM
            assert answer(program(machine, modes=False), machine, call) == refused
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
        found = (Rule("ioctl", conditions, 7), Rule("ioctl"), Rule("bind", answer=8))
        code = decoded(encode(assemble(found, "x86_64")))
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
    found = (Rule("ioctl", conditions, 7), Rule("ioctl"), Rule("bind", answer=8), Rule("connect"))
    code = decoded(encode(assemble(found, "x86_64")))
    holds = ((first & mask in values) != negated) and ((second in more) != also_negated)
    arguments = (0, 0, first, 0, 0, second)
    assert answer(code, "x86_64", "ioctl", *arguments) == (7 if holds else 0)
    assert answer(code, "x86_64", "bind", *arguments) == 8
    assert answer(code, "x86_64", "connect", *arguments) == 0


def test_the_program_is_short_enough_for_the_kernel(machine: str) -> None:
    assert max(map(len, every_program(machine))) < 1000


@given(st.sets(st.integers(0, len(NUMBERS) - 1)))
def test_the_tree_finds_every_call(chosen: set[int]) -> None:
    names = [name for name in sorted(NUMBERS) if number(name, "x86_64") is not None]
    let = {names[at % len(names)] for at in chosen}
    code = decoded(encode(assemble([Rule(name) for name in let], "x86_64")))
    for name in names:
        called = number(name, "x86_64")
        assert called is not None
        unknown = errno.ENOSYS if called >= 424 else errno.EPERM
        assert answer(code, "x86_64", called) == (0 if name in let else unknown)


def test_the_filter_is_made_once(machine: str) -> None:
    kind = {"network": False, "modes": True, "shielded": None, "machine": machine}
    assert as_bytes(**kind) is as_bytes(**kind)  # type: ignore[arg-type]
    assert decoded(as_bytes(**kind)) == program(machine)  # type: ignore[arg-type]


def test_every_number_of_the_table_is_used_for_something(machine: str) -> None:
    named = {
        rule.call
        for network in (False, True)
        for rule in rules(network=network, modes=True, shielded=(1, 2), machine=machine)
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
    held = {name: numbers[MACHINES[machine]] for name, numbers in HELD.items()}
    every = {name: number(name, machine) for name in NUMBERS} | held
    every["fstatat"] = every["newfstatat"]  # as other machines name it
    known = {name: called for name, called in every.items() if name in kernel}
    assert len(known) > 200
    assert known == {name: kernel[name] for name in known}
