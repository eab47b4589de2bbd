"""The places of an input where a value stands."""

from __future__ import annotations

from dataclasses import replace

from qe_action.generators.offline.answers import Parameter
from qe_action.generators.offline.subjects import Input
from qe_action.generators.offline.values import Value


def value_at(call: Input, at: int) -> Value:
    count = len(call.args)
    return call.args[at] if at < count else call.kwargs[at - count][1]


def with_value(call: Input, at: int, value: Value) -> Input:
    count = len(call.args)
    if at < count:
        return replace(call, args=(*call.args[:at], value, *call.args[at + 1 :]))
    pairs = list(call.kwargs)
    pairs[at - count] = (pairs[at - count][0], value)
    return replace(call, kwargs=tuple(pairs))


def parameter_at(call: Input, at: int) -> Parameter | None:
    """The parameter that a slot belongs to."""
    parameters = call.subject.parameters
    if at >= len(call.args):
        name = call.kwargs[at - len(call.args)][0]
        return next((p for p in parameters if p.name == name), None)
    if at < len(parameters) and parameters[at].kind.startswith("POSITIONAL"):
        return parameters[at]
    return next((p for p in parameters if p.kind == "VAR_POSITIONAL"), None)


def closed(parameter: Parameter) -> bool:
    """Whether only certain literals are allowed."""
    return any(t.t in ("literal", "enum") for t in (parameter.type, *parameter.type.inner))
