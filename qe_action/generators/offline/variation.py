"""Inputs a small step from those that have proved useful."""

from __future__ import annotations

import random
from dataclasses import replace

from qe_action.generators.offline.arguments import ArgumentMaker
from qe_action.generators.offline.pools import Pool
from qe_action.generators.offline.subjects import Input
from qe_action.generators.offline.value_changes import changed_value
from qe_action.generators.offline.value_slots import closed, parameter_at, value_at, with_value
from qe_action.generators.offline.values import Call, Value, parts, rebuilt
from qe_action.generators.offline.worker_answers import Parameter


class Variation:
    """Varies inputs that have proved useful."""

    def __init__(self, maker: ArgumentMaker, rng: random.Random) -> None:
        self._maker, self._rng = maker, rng

    def varied(self, call: Input, pool: Pool, others: list[Input], hot: Pool | None) -> Input:
        """The input changed in one or a few places; `hot` is what the next condition says."""
        self._maker.pool = pool
        call = replace(call, shown=False)
        for _ in range(self._rng.choice((1, 1, 1, 2, 3))):
            near = hot if hot is not None and self._rng.random() < 0.5 else pool
            call = self._one(call, near, others)
        return call

    def _one(self, call: Input, near: Pool, others: list[Input]) -> Input:
        rng = self._rng
        roll = rng.random()
        if call.receiver is not None and roll < 0.35:
            return self._receiver(call, near)
        if roll < 0.5 and others:
            return self._crossed(call, rng.choice(others))
        if roll < 0.62:
            args, kwargs = self._maker.arguments(call.subject.parameters, call.subject.name)
            off, self._maker.off = self._maker.off, False
            call = replace(call, off=call.off or off)
            if rng.random() < 0.5 and len(args) == len(call.args):
                return replace(call, kwargs=kwargs)
            return replace(call, args=args, kwargs=kwargs)
        slots = len(call.args) + len(call.kwargs)
        if not slots:
            return self._receiver(call, near) if call.receiver is not None else call
        at = rng.randrange(slots)
        parameter = parameter_at(call, at)
        value = value_at(call, at)
        if parameter is not None and (rng.random() < 0.3 or closed(parameter)):
            call = with_value(call, at, self._maker.argument(parameter))
            off, self._maker.off = self._maker.off, False
            return replace(call, off=call.off or off)
        return with_value(call, at, changed_value(value, near, self._rng))

    def _receiver(self, call: Input, near: Pool) -> Input:
        rng, owner = self._rng, call.subject.owner
        assert owner is not None and call.receiver is not None
        roll = rng.random()
        if roll < 0.45:
            return replace(call, receiver=self._maker.object(owner, 0))
        if roll < 0.7:
            methods = [m for m in owner.members if m.kind == "method" and m.name[:1] != "_"]
            if methods and len(call.steps) < 4 and not call.subject.signature.is_async:
                method = rng.choice(methods)
                if not method.is_async:
                    args, kwargs = self._maker.arguments(method.parameters, method.name)
                    return replace(call, steps=(*call.steps, (method.name, args, kwargs)))
        if isinstance(call.receiver, Call) and isinstance(near, Pool):
            return replace(call, receiver=self._typed_call(call.receiver, near, owner.parameters))
        return call

    def _typed_call(self, made: Call, near: Pool, parameters: tuple[Parameter, ...]) -> Value:
        inside = list(parts(made))
        if not inside:
            return made
        at = self._rng.randrange(len(inside))
        fixed = {p.name for p in parameters if closed(p)}
        name = (
            made.kwargs[at - len(made.args)][0]
            if at >= len(made.args)
            else (parameters[at].name if at < len(parameters) else "")
        )
        if name not in fixed:
            inside[at] = changed_value(inside[at], near, self._rng)
        return rebuilt(made, tuple(inside))

    def _crossed(self, call: Input, other: Input) -> Input:
        if other.subject != call.subject:
            return call
        if self._rng.random() < 0.3 and call.receiver is not None:
            return replace(call, receiver=other.receiver, steps=other.steps)
        if self._rng.random() < 0.5:
            return replace(call, kwargs=other.kwargs, off=call.off or other.off)
        if other.off:
            return call
        return replace(call, args=other.args) if len(other.args) == len(call.args) else call
