"""The places of an input where a value stands."""

from __future__ import annotations

from dataclasses import replace

from qe_action.generators.offline.subjects import Input
from qe_action.generators.offline.values import Call, Value
from qe_action.generators.offline.worker_answers import Parameter


def slots(call: Input) -> int:
    """How many values an input has: those given, or those that its object is made with."""
    args, kwargs = _given(call)
    return len(args) + len(kwargs)


def of_object(call: Input) -> bool:
    """Whether the only values are those that the object is made with."""
    return isinstance(call.receiver, Call) and not (call.args or call.kwargs)


def _given(call: Input) -> tuple[tuple[Value, ...], tuple[tuple[str, Value], ...]]:
    if of_object(call) and isinstance(call.receiver, Call):
        return call.receiver.args, call.receiver.kwargs
    return call.args, call.kwargs


def value_at(call: Input, at: int) -> Value:
    args, kwargs = _given(call)
    return args[at] if at < len(args) else kwargs[at - len(args)][1]


def with_value(call: Input, at: int, value: Value) -> Input:
    args, kwargs = _given(call)
    if at < len(args):
        args = (*args[:at], value, *args[at + 1 :])
    else:
        pairs = list(kwargs)
        pairs[at - len(args)] = (pairs[at - len(args)][0], value)
        kwargs = tuple(pairs)
    if of_object(call) and isinstance(call.receiver, Call):
        return replace(call, receiver=replace(call.receiver, args=args, kwargs=kwargs))
    return replace(call, args=args, kwargs=kwargs)


def parameter_at(call: Input, at: int) -> Parameter | None:
    """The parameter that a slot belongs to."""
    args, kwargs = _given(call)
    owner = call.subject.owner
    parameters = owner.parameters if of_object(call) and owner else call.subject.parameters
    if at >= len(args):
        name = kwargs[at - len(args)][0]
        return next((p for p in parameters if p.name == name), None)
    if at < len(parameters) and parameters[at].kind.startswith("POSITIONAL"):
        return parameters[at]
    return next((p for p in parameters if p.kind == "VAR_POSITIONAL"), None)


def name_at(call: Input, at: int) -> str:
    """What the value in a slot is called, '' where it has no name."""
    args, kwargs = _given(call)
    if at >= len(args):
        return kwargs[at - len(args)][0]
    parameter = parameter_at(call, at)
    return parameter.name if parameter else ""


def closed(parameter: Parameter) -> bool:
    """Whether only certain literals are allowed."""
    return any(t.t in ("literal", "enum") for t in (parameter.type, *parameter.type.inner))
