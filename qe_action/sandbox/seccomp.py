"""The system-call filter: rules, and the classic BPF program that they become. Pure.

No library: libseccomp is not on every machine, its bindings on PyPI are young, and the child
that loads the filter must not import anything that the pull request could have touched.

What may be called stands in `calls.py`. The program finds a call by halving the numbers: that is
quick where the kernel has to run it, and where it works out beforehand which calls always pass.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from qe_action.sandbox import allowed_calls
from qe_action.sandbox.rules import MADE_OUTSIDE, WHOLE, Condition, Rule
from qe_action.sandbox.syscall_numbers import number

_LOAD, _AND, _EQUAL, _AT_LEAST, _JUMP, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x05, 0x06
_KILL, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_ASK = 0x7FC00000  # what listens to the filter answers
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
_ARCHES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_FARTHEST = 255  # instructions that a condition can jump over
_SIGNALS = ("kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_open")


@dataclass(frozen=True)
class Instruction:
    """One instruction of classic BPF; the jumps count from the next one."""

    code: int
    yes: int
    no: int
    value: int


@lru_cache(maxsize=16)
def program(
    *,
    network: bool,
    modes: bool,
    shielded: tuple[int, int] | None,
    machine: str,
    loopback: bool = False,
) -> bytes:
    """The filter as the kernel takes it; `rules` says what the arguments mean."""
    found = rules(
        network=network, modes=modes, shielded=shielded, machine=machine, loopback=loopback
    )
    return encode(assemble(found, machine))


def rules(
    *,
    network: bool,
    modes: bool,
    shielded: tuple[int, int] | None = None,
    machine: str,
    loopback: bool = False,
) -> tuple[Rule, ...]:
    """What is let through, and what gets another answer than a refusal.

    `loopback`: a socket for TCP is made by the supervisor, and leads no further than this machine.
    `modes`: files may change mode and owner, which Landlock does not see; harmless where the
    sandbox's user owns nothing else. `shielded`, for kernels whose Landlock does not keep signals
    in, are our process and the supervisor: those two and all that are older get no signal.
    """
    groups = [
        *allowed_calls.ALLOWED,
        *((allowed_calls.NETWORK,) if network or loopback else ()),
        *((allowed_calls.MODES,) if modes else ()),
    ]
    found = _signal_rules(*shielded) if shielded else []
    found += [Rule(call) for group in groups for call in group.calls]
    found += allowed_calls.fine(network=network, loopback=loopback)
    found += [Rule(call, answer=errno.ENOSYS) for call in allowed_calls.ABSENT]
    found += [Rule(call, answer=errno.ENOTSUP) for call in allowed_calls.XATTRS]
    return tuple(rule for rule in found if number(rule.call, machine) is not None)


def _signal_rules(ours: int, supervisor: int) -> list[Rule]:
    # What the sandbox starts has a higher number, until the numbers begin anew.
    older = Condition(0, (), span=(1, supervisor + 1))
    groups = Condition(0, (), span=(WHOLE + 1 - supervisor, WHOLE))
    refused = errno.EPERM
    return [
        *(Rule(call, (older,), refused) for call in _SIGNALS),
        *(Rule(call, (Condition(0, (ours,)),), refused) for call in _SIGNALS),
        Rule("kill", (groups,), refused),
        Rule("kill", (Condition(0, (WHOLE, -ours & WHOLE)),), refused),  # -1 is everyone
    ]


def assemble(found: Iterable[Rule], machine: str) -> tuple[Instruction, ...]:
    """The program: does by the rules, refuses all else."""
    by_number: dict[int, list[Rule]] = {}
    for rule in found:
        called = number(rule.call, machine)
        assert called is not None
        by_number.setdefault(called, []).append(rule)
    leaves: list[tuple[int, tuple[Instruction, ...]]] = []
    for called in range(max([*by_number, allowed_calls.SHARED_NUMBERS]) + 2):
        leaf = tuple(_decided(by_number.get(called, ()), called))
        if not leaves or leaves[-1][1] != leaf:
            leaves.append((called, leaf))
    return (
        Instruction(_LOAD, 0, 0, _ARCH),
        Instruction(_EQUAL, 1, 0, _ARCHES[machine]),
        Instruction(_RETURN, 0, 0, _KILL),
        Instruction(_LOAD, 0, 0, _NUMBER),  # x32's are above all others
        *_tree(leaves),
    )


def _tree(leaves: list[tuple[int, tuple[Instruction, ...]]]) -> Iterator[Instruction]:
    """Goes to the leaf of the loaded number; each is named with the first number that it is for."""
    if len(leaves) == 1:
        yield from leaves[0][1]
        return
    middle = len(leaves) // 2
    lower = tuple(_tree(leaves[:middle]))
    if len(lower) <= _FARTHEST:
        yield Instruction(_AT_LEAST, len(lower), 0, leaves[middle][0])
    else:
        yield Instruction(_AT_LEAST, 0, 1, leaves[middle][0])
        yield Instruction(_JUMP, 0, 0, len(lower))
    yield from lower
    yield from _tree(leaves[middle:])


def _decided(rules_of_call: Iterable[Rule], called: int) -> Iterator[Instruction]:
    """The instructions that decide about one call; they never go past their own end."""
    for rule in rules_of_call:
        answer = Instruction(_RETURN, 0, 0, _said(rule.answer))
        body: list[Instruction] = [answer]
        for condition in reversed(rule.conditions):
            body = [*_tested(condition, len(body)), *body]
        yield from body
        if not rule.conditions:
            return
    unknown = errno.EPERM if called < allowed_calls.SHARED_NUMBERS else errno.ENOSYS
    yield Instruction(_RETURN, 0, 0, _said(unknown))


def _said(answer: int | None) -> int:
    if answer is None:
        return _ALLOW
    return _ASK if answer == MADE_OUTSIDE else _ERRNO | answer


def _tested(condition: Condition, rest: int) -> Iterator[Instruction]:
    """Goes on to the `rest` instructions that follow where the condition holds, else past them."""
    yield Instruction(_LOAD, 0, 0, _ARGUMENTS + 8 * condition.argument)
    if condition.mask != WHOLE:
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


def encode(instructions: Iterable[Instruction]) -> bytes:
    """The program as an array of `struct sock_filter`."""
    return b"".join(struct.pack("=HBBI", i.code, i.yes, i.no, i.value) for i in instructions)
