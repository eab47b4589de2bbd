"""What can be called, and how a call of it is written."""

from __future__ import annotations

import builtins
import keyword
import re
from dataclasses import dataclass
from typing import Literal

from qe_action.generators.offline.values import Call, Names, Value, arguments, names, operand
from qe_action.generators.offline.worker_answers import ClassInfo, Parameter, Signature

OPERATORS = {
    "__eq__": "{} == {}", "__ne__": "{} != {}", "__lt__": "{} < {}", "__le__": "{} <= {}",
    "__gt__": "{} > {}", "__ge__": "{} >= {}", "__add__": "{} + {}", "__sub__": "{} - {}",
    "__mul__": "{} * {}", "__truediv__": "{} / {}", "__floordiv__": "{} // {}",
    "__mod__": "{} % {}", "__and__": "{} & {}", "__or__": "{} | {}", "__xor__": "{} ^ {}",
    "__pow__": "{} ** {}", "__radd__": "{1} + {0}", "__rmul__": "{1} * {0}",
    "__rsub__": "{1} - {0}", "__contains__": "{1} in {0}", "__getitem__": "{}[{}]",
    "__hash__": "hash({0}) == hash({0})", "__repr__": "repr({})", "__str__": "str({})",
    "__len__": "len({})", "__iter__": "list({})", "__bool__": "bool({})", "__neg__": "-{}",
    "__pos__": "+{}", "__abs__": "abs({})", "__invert__": "~{}", "__int__": "int({})",
    "__float__": "float({})", "__next__": "next({})", "__reversed__": "list(reversed({}))",
    "__getstate__": "copy.copy({}) is not None", "__setstate__": "copy.copy({0}) == {0}",
    "__copy__": "copy.copy({})", "__deepcopy__": "copy.deepcopy({})",
    "__setitem__": "{}.__setitem__({}, {})", "__delitem__": "{}.__delitem__({})",
}  # fmt: skip
"""How special methods are called: {0} is the object, {1} the argument."""


@dataclass(frozen=True)
class Subject:
    """Something public that a test may call."""

    id: str
    kind: str
    name: str
    qualname: str
    parameters: tuple[Parameter, ...]
    signature: Signature
    module: str
    owner: ClassInfo | None = None

    @property
    def names(self) -> Names:
        top = (self.owner.name if self.owner else self.name).split(".")[0]
        return ((top, self.module),)

    @property
    def on_object(self) -> bool:
        return self.kind in ("method", "property")

    @property
    def variable(self) -> str:
        """What a test would call the object."""
        assert self.owner is not None
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", self.owner.name.rpartition(".")[2])
        name = re.sub(r"(?<=[A-Z])(?=[A-Z][a-z])", "_", words).lower().strip("_")
        taken = keyword.iskeyword(name) or hasattr(builtins, name)
        return f"my_{name}" if taken or name == self.names[0][0] else name


@dataclass(frozen=True)
class Input:
    """One way to call a subject; `steps` are calls made on the object before."""

    subject: Subject
    args: tuple[Value, ...] = ()
    kwargs: tuple[tuple[str, Value], ...] = ()
    receiver: Value | None = None
    steps: tuple[tuple[str, tuple[Value, ...], tuple[tuple[str, Value], ...]], ...] = ()
    shown: bool = False
    """Whether it comes from the project's documentation or tests."""
    off: bool = False
    """Whether a value is of any type: no hint says which, and the code checks it and raises."""

    @property
    def size(self) -> int:
        step_text = "".join(name + arguments(a, k) + "   " for name, a, k in self.steps)
        receiver = operand(self.receiver) if self.receiver else ""
        return len(arguments(self.args, self.kwargs)) + len(receiver) + len(step_text) * 2


@dataclass(frozen=True)
class Case:
    """An input written out: lines to arrange, an expression to act."""

    arrange: tuple[str, ...]
    act: str
    names: dict[str, str]
    watch: tuple[str, ...] = ()
    how: Literal["expr", "with"] = "expr"
    """Whether `act` is evaluated, or entered as a context manager."""


def case_of(call: Input, *, apart: bool = False) -> Case:
    """The input as source; with `apart` the object gets a name of its own."""
    subject = call.subject
    needed = dict(subject.names)
    for value in _values(call):
        needed.update(names(value))
    arrange: list[str] = []
    inside = arguments(call.args, call.kwargs)
    if subject.on_object:
        assert call.receiver is not None
        target = operand(call.receiver)
        twice = subject.name != "__hash__" and "{0}" in OPERATORS.get(subject.name, "")[4:]
        if apart or call.steps or twice:
            arrange = [f"{subject.variable} = {target}"]
            target = subject.variable
        arrange += [f"{target}.{name}({arguments(a, k)})" for name, a, k in call.steps]
        act = _on_object(subject, target, call, inside)
    elif subject.kind in ("staticmethod", "classmethod"):
        assert subject.owner is not None
        act = f"{subject.owner.name}.{subject.name}({inside})"
    else:
        act = f"{subject.name}({inside})"
    if subject.signature.is_async:
        act, needed["asyncio"] = f"asyncio.run({act})", ""
    if subject.signature.asyncgen:
        needed["asyncio"] = ""
        arrange += ["async def collect(items):", "    return [item async for item in items]"]
        act = f"asyncio.run(collect({act}))"
    if act.startswith("copy."):
        needed["copy"] = ""
    watch = tuple(line.split(" = ")[0] for line in arrange[:1] if " = " in line)
    entered = subject.signature.context or subject.name == "__enter__"
    return Case(tuple(arrange), act, needed, watch, "with" if entered else "expr")


def _on_object(subject: Subject, target: str, call: Input, inside: str) -> str:
    if subject.kind == "property":
        return f"{target}.{subject.name}"
    if subject.name == "__call__":
        return f"{target}({inside})"
    if subject.name == "__enter__":
        return target
    form = OPERATORS.get(subject.name)
    if subject.name == "__hash__" and call.receiver is not None and not call.steps:
        return f"hash({target}) == hash({operand(call.receiver)})"
    if form is None:
        return f"{target}.{subject.name}({inside})"
    return form.format(target, *(operand(arg) for arg in call.args), "None", "None")


def _values(call: Input) -> list[Value]:
    found = [*call.args, *(value for _, value in call.kwargs)]
    if call.receiver is not None:
        found.append(call.receiver)
    for _, args, kwargs in call.steps:
        found += [*args, *(value for _, value in kwargs)]
    return found


def subjects_of(functions: list[Signature], classes: list[ClassInfo], module: str) -> list[Subject]:
    """The public subjects of a module, in the order they are written."""
    found = []
    for function in functions:
        if not function.name.startswith("_") and not function.unknown:
            found.append(_subject("function", function, module, None))
    for info in classes:
        if any(part.startswith("_") for part in info.name.split(".")) or "<" in info.name:
            continue
        if not info.abstract and not info.enum:
            made = Subject(
                info.name, "class", info.name, f"{info.name}.__init__", info.parameters, info,
                info.home or module, info,
            )  # fmt: skip
            found.append(made)
        for member in info.members:
            bound = member.kind in ("method", "property")
            if not (bound and info.abstract):
                found.append(_subject(member.kind, member, module, info))
    return found


def _subject(kind: str, signature: Signature, module: str, owner: ClassInfo | None) -> Subject:
    qualname = f"{owner.name}.{signature.name}" if owner else signature.name
    parameters = signature.parameters
    home = (owner or signature).home or module
    return Subject(qualname, kind, signature.name, qualname, parameters, signature, home, owner)


def constructor(
    info: ClassInfo, args: tuple[Value, ...], kwargs: tuple[tuple[str, Value], ...]
) -> Call:
    """A call that makes an object of the class."""
    return Call(info.name, args, kwargs, ((info.name.split(".")[0], info.home or info.module),))
