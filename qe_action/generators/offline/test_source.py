"""Readable pytest tests: arrange, act, assert; parametrised where only values differ."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain, count

from qe_action.generators.offline.bodies import WIDE, PinnedCall, parametrised, single
from qe_action.generators.offline.messages import Messages
from qe_action.generators.offline.oracle import Kind
from qe_action.generators.offline.subjects import OPERATORS, Input, case_of
from qe_action.generators.offline.test_names import names_of, snake
from qe_action.generators.offline.value_slots import of_object, slots, value_at
from qe_action.generators.offline.values import Call, Code, Value, names, strings_in, text
from qe_action.generators.port import Candidate, Job

MOST = 8
"""How many cases one parametrised test has."""
ENOUGH = 5
"""Up to how many cases companions are shown beside those that are needed."""
_TABULAR: frozenset[Kind] = frozenset(("is", "equal", "approx", "raises", "iterated", "each"))
"""The kinds of results that may stand in one table."""


class SourceWriter:
    """Writes candidates with names of their own."""

    def __init__(self, job: Job, taken: Iterable[str] = ()) -> None:
        self._job = job
        self._taken = set(taken)
        self._rows: set[object] = set()
        self._messages = Messages(job.source)

    def write(self, pins: list[PinnedCall]) -> list[tuple[Candidate, list[Input]]]:
        """Tests for all that is pinned, what is alike in one, each with the inputs it shows."""
        found = [self._told(pin) for pin in pins]
        new = [p for p in found if not (p.extra and _row(p) in self._rows)]
        groups = _groups(new)
        self._rows.update(_row(pin) for group in groups for pin in group)
        return [(self._candidate(group), [pin.call for pin in group]) for group in groups]

    def _told(self, pin: PinnedCall) -> PinnedCall:
        """It with what its exception's message says, apart from the values in it."""
        call, expected = pin.call, pin.expected
        if not expected.message:
            return pin
        known = f"{snake(expected.wanted)}_{snake(call.subject.name)}".split("_")
        inputs = [t for value in _inside(call) for t in strings_in(value)]
        room = WIDE - len(f'with pytest.raises({expected.wanted}, match=""):')
        told = self._messages.summary(expected.message, known, inputs, room)
        more = (("match", told.match),) if told.match else expected.more
        return replace(pin, expected=replace(expected, more=more, about=told.words))

    def _candidate(self, group: list[PinnedCall]) -> Candidate:
        first = group[0]
        expected = first.expected
        if len({pin.expected.wanted for pin in group}) > 1:
            expected = replace(expected, wanted="")
        name = self._free(names_of([pin.call for pin in group], expected))
        lines, needed = single(name, first) if len(group) == 1 else parametrised(name, group)
        comment = f"# Pins what {first.call.subject.id} does today."
        code = "\n".join([comment, *lines]) + "\n"
        return Candidate(
            id=hashlib.sha256(code.encode()).hexdigest()[:12],
            name=name,
            code=code,
            imports=import_lines(needed),
            target=self._job.target,
            qualname=first.call.subject.id,
            aim_lines=frozenset().union(*(pin.lines for pin in group)),
            aim_arcs=frozenset().union(*(pin.arcs for pin in group)),
            generator="offline",
        )

    def _free(self, preferred: Iterable[str]) -> str:
        wanted = list(preferred)
        numbered = (f"{wanted[0]}_{number}" for number in count(2))
        name = next(name for name in chain(wanted, numbered) if name not in self._taken)
        self._taken.add(name)
        return name


def import_lines(needed: dict[str, str]) -> tuple[str, ...]:
    """Import lines for names, one a module."""
    by_module: dict[str, list[str]] = {}
    for name, module in needed.items():
        by_module.setdefault(module, []).append(name)
    lines = [f"import {name}" for name in sorted(by_module.pop("", []))]
    lines += [f"from {m} import {', '.join(sorted(n))}" for m, n in sorted(by_module.items())]
    return tuple(lines)


def _groups(pins: list[PinnedCall]) -> list[list[PinnedCall]]:
    groups: dict[object, list[list[PinnedCall]]] = {}
    for at, pin in enumerate(pins):
        key = _shape(pin) or at
        if pin.extra and not _wanted_beside(pin, groups.get(key, [])):
            continue
        here = groups.setdefault(key, [[]])
        if len(here[-1]) >= (ENOUGH if pin.extra else MOST):
            here.append([])
        here[-1].append(pin)
    return [group for same in groups.values() for group in same]


def _wanted_beside(pin: PinnedCall, groups: list[list[PinnedCall]]) -> bool:
    """Whether a companion has a test with room to stand in, and says something new there."""
    told = {_row(one) for group in groups for one in group}
    there = pin.alone or (bool(groups) and len(groups[-1]) < ENOUGH)
    return there and _row(pin) not in told


def _row(pin: PinnedCall) -> object:
    call = pin.call
    return call.subject.id, call.args, call.kwargs, call.receiver if of_object(call) else None


def _shape(pin: PinnedCall) -> object:
    """What must be alike for cases to be one test."""
    call, expected = pin.call, pin.expected
    inside = _inside(call)
    if (
        expected.kind not in _TABULAR
        or call.steps
        or expected.writes
        or (expected.more and expected.kind != "raises")
    ):
        return None
    if not inside or any(names(value) for value in inside) or _uses_fixture(call):
        return None
    if any(isinstance(v, Code) and v.text.startswith("lambda") for v in inside):
        return None
    if sum(len(text(value)) for value in inside) + len(expected.wanted) > WIDE:
        return None
    fixed = expected.wanted if expected.kind in ("is", "raises") else ""
    if fixed in ("True", "False") and call.subject.name not in OPERATORS:
        fixed = "bool"
    match = expected.more if expected.kind == "raises" else ()
    receiver = text(call.receiver) if call.receiver else ""
    taken: object = len(call.args), tuple(name for name, _ in call.kwargs)
    if of_object(call) and isinstance(call.receiver, Call):
        made = call.receiver
        receiver, taken = made.func, (len(made.args), tuple(name for name, _ in made.kwargs))
    return (call.subject.id, expected.kind, fixed, match, receiver, taken, expected.consumed)


def _inside(call: Input) -> list[Value]:
    return [value_at(call, at) for at in range(slots(call))]


def _uses_fixture(call: Input) -> bool:
    case = case_of(call)
    return "tmp_path" in case.act or any("tmp_path" in line for line in case.arrange)
