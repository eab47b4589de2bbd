"""Whether several conditions can hold at once, as far as that shows in the source.

A condition is a choice of facts: `a and b` false is `a` false or `b` false. A fact is about
one expression: that it is true, or how it compares with a constant. Facts about one expression
can hold together if one of a few telling values meets them all. In doubt they can.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from typing import Any, NamedTuple

from qe_action.analysis.advice.excerpt import excerpt
from qe_action.analysis.python_module import PythonModule

_ALTERNATIVES = 8
"""Ways in which one condition can hold that are looked at; with more it can."""
_TOGETHER = 64
"""Combinations of them for all conditions."""
_MANY = 20
"""Elements, or letters, of a constant that is weighed."""
_LONGEST, _GREATEST = 1_000, 10**12
"""Items of a value that is made up, and the greatest number that is."""


class Fact(NamedTuple):
    """What holds for an expression: `sign` is an operator's, `true`, `len ==` or `isinstance`."""

    subject: str
    sign: str
    value: object = None
    wanted: bool = True


Condition = tuple[tuple[Fact, ...], ...]
"""The ways in which a condition can hold; a single one without facts says nothing."""
ANYTHING: Condition = ((),)


class _Symbol(NamedTuple):
    """A constant that is known by its name, such as an enum's."""

    name: str


class _Thing(NamedTuple):
    """An object of no type of Python's own; false if it has no size."""

    size: int

    def __bool__(self) -> bool:
        return self.size > 0


_Operator = Callable[[Any, Any], object]
_OPERATORS: dict[type[ast.cmpop], tuple[str, bool]] = {
    ast.Eq: ("==", True),
    ast.NotEq: ("==", False),
    ast.Lt: ("<", True),
    ast.GtE: ("<", False),
    ast.Gt: (">", True),
    ast.LtE: (">", False),
    ast.Is: ("is", True),
    ast.IsNot: ("is", False),
    ast.In: ("in", True),
    ast.NotIn: ("in", False),
}
_FLIPPED = {"<": ">", ">": "<"}
_TESTS: dict[str, _Operator] = {
    "==": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
    "is": lambda one, two: one is two or (type(one) is type(two) and one == two),
    "in": lambda one, two: one in two,
}
_TYPES: dict[str, type] = {
    each.__name__: each
    for each in (str, bytes, int, float, bool, complex, list, tuple, dict, set, frozenset)
}
_VIEWS = frozenset({"items", "keys", "values"})
_GOING_THROUGH = frozenset({"enumerate", "reversed", "sorted", "list", "tuple", "iter", "set"})


def condition(module: PythonModule, test: ast.expr, *, wanted: bool) -> Condition:
    """The ways in which a test is true, or false."""
    found = ANYTHING
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            found = condition(module, operand, wanted=not wanted)
        case ast.BoolOp(op=op, values=values):
            parts = [condition(module, value, wanted=wanted) for value in values]
            found = _all(parts) if isinstance(op, ast.And) is wanted else _any(parts)
        case ast.Compare(left=left, ops=ops, comparators=right):
            pairs = zip([left, *right], ops, right, strict=False)
            parts = [_pair(module, one, op, two, wanted=wanted) for one, op, two in pairs]
            found = _all(parts) if wanted else _any(parts)
        case ast.Call(func=ast.Name(id="isinstance"), args=[subject, types]):
            if names := _type_names(types):
                found = _one(module, subject, "isinstance", names, wanted=wanted)
        case ast.Call(func=ast.Name(id="len"), args=[subject]):
            found = _one(module, subject, "len >", 0, wanted=wanted)
        case ast.Constant(value=value):
            found = ANYTHING if bool(value) is wanted else ()
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            found = ANYTHING if bool(parts) is wanted else ()
        case ast.NamedExpr(target=target):
            found = _one(module, target, "true", wanted=wanted)
        case _:
            found = _one(module, test, "true", wanted=wanted)
    return found


def filled(module: PythonModule, iterable: ast.expr, *, wanted: bool) -> Condition:
    """That what a loop goes through has items, or has none."""
    match iterable:
        case ast.Call(func=ast.Attribute(value=value, attr=name), args=[]) if name in _VIEWS:
            return _one(module, value, "len >", 0, wanted=wanted)
        case ast.Call(func=ast.Name(id=name), args=[value, *_]) if name in _GOING_THROUGH:
            return filled(module, value, wanted=wanted)
        case ast.List() | ast.Tuple() | ast.Set() | ast.Constant():
            return condition(module, iterable, wanted=wanted)
        case _:
            return _one(module, iterable, "len >", 0, wanted=wanted)


def equal(subject: str, value: object) -> Condition:
    """That an expression has a value."""
    return ((Fact(subject, "==", value),),)


def can_hold(conditions: Sequence[Condition]) -> bool:
    """Whether all conditions can hold at once; true where that is not known."""
    telling = [each for each in conditions if each != ANYTHING]
    choices = 1
    for each in telling:
        choices *= len(each)
    if choices > _TOGETHER:
        return True
    return any(_agree([fact for part in parts for fact in part]) for parts in product(*telling))


def _all(parts: Iterable[Condition]) -> Condition:
    found: Condition = ANYTHING
    for part in parts:
        if len(found) * len(part) > _ALTERNATIVES:
            continue  # what is left out can only make more possible
        found = tuple((*one, *two) for one in found for two in part)
    return found


def _any(parts: Sequence[Condition]) -> Condition:
    found = tuple(facts for part in parts for facts in part)
    return found if len(found) <= _ALTERNATIVES and () not in found else ANYTHING


def _one(
    module: PythonModule, node: ast.expr, sign: str, value: object = None, *, wanted: bool
) -> Condition:
    text = excerpt(module, node)
    return ANYTHING if "…" in text else ((Fact(text, sign, value, wanted),),)


def _pair(
    module: PythonModule, left: ast.expr, op: ast.cmpop, right: ast.expr, *, wanted: bool
) -> Condition:
    """A comparison of two expressions."""
    sign, positive = _OPERATORS[type(op)]
    wanted = wanted is positive
    constant = _constant(right)
    if constant is None and sign in ("==", "<", ">", "is"):
        constant = _constant(left)
        if constant is not None:
            left, right, sign = right, left, _FLIPPED.get(sign, sign)
    if isinstance(left, ast.NamedExpr):
        left = left.target
    if constant is None:
        one, two = excerpt(module, left), excerpt(module, right)
        known = "…" not in one + two
        return ((Fact(f"{one} {sign} {two}", "true", None, wanted),),) if known else ANYTHING
    match left:
        case ast.Call(func=ast.Name(id="len"), args=[subject]):
            return _one(module, subject, f"len {sign}", constant[0], wanted=wanted)
        case _:
            return _one(module, left, sign, constant[0], wanted=wanted)


def _constant(node: ast.expr) -> tuple[object] | None:
    """A constant's value; None where it is none, or too large to be weighed."""
    match node:
        case ast.Constant(value=value) if _is_small(value):
            return (value,)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return (-value,) if _is_small(value) else None
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements) if (
            len(elements) <= _MANY
        ):
            found = [_constant(each) for each in elements]
            known = tuple(each[0] for each in found if each)
            return (known,) if len(known) == len(found) else None
        case ast.Attribute(value=ast.Name(id=owner), attr=name) if owner[:1].isupper():
            return (_Symbol(f"{owner}.{name}"),) if name.isupper() else None
        case _:
            return None


def _is_small(value: object) -> bool:
    match value:
        case str() | bytes():
            return len(value) <= _MANY
        case int() | float():
            return -_GREATEST < value < _GREATEST
        case _:
            return True


def _type_names(node: ast.expr) -> frozenset[str]:
    match node:
        case ast.Tuple(elts=elements) if len(elements) <= _MANY:
            return frozenset[str]().union(*map(_type_names, elements))
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return _type_names(left) | _type_names(right)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return frozenset({name})
        case _:
            return frozenset()


def _agree(facts: Iterable[Fact]) -> bool:
    by_subject: dict[str, list[Fact]] = {}
    for fact in facts:
        by_subject.setdefault(fact.subject, []).append(fact)
    return all(len(group) < 2 or _one_meets(group) for group in by_subject.values())


def _one_meets(facts: Sequence[Fact]) -> bool:
    """Whether some value, of some types beside its own, is as all facts say."""
    named = (fact.value for fact in facts if isinstance(fact.value, frozenset))
    foreign = frozenset[str]().union(*named).difference(_TYPES)
    kinds = {frozenset[str](), foreign, *(frozenset({name}) for name in foreign)}
    values = list(_values(facts))
    return any(
        all(_meets(value, kind, fact) for fact in facts) for kind in kinds for value in values
    )


def _values(facts: Sequence[Fact]) -> Iterator[object]:
    """Telling values: such as the facts name, some beside them, and some of each type."""
    yield from (None, True, False, 0, 1, -1, 0.5, "", "a", b"", b"a", (), (1,), [], [1], {}, {1: 1})
    yield from (set(), {1}, 1j, 2, 10**9, -(10**9), _Thing(0), _Thing(1))
    for _, sign, value, _ in facts:
        if sign.startswith("len") and isinstance(value, int):
            least = max(0, min(value, _LONGEST) - 1)
            for size in range(least, least + 3):
                yield from ("a" * size, [1] * size, _Thing(size))
        elif not isinstance(value, frozenset):
            yield from _beside(value)
            for each in value if isinstance(value, tuple | str) and sign == "in" else ():
                yield from _beside(each)


def _beside(value: object) -> Iterator[object]:
    yield value
    match value:
        case bool():
            pass
        case int() | float():
            yield from (value - 1, value + 1, value + 0.5, value - 0.5)
        case str():
            yield from (value + "a", value[:1], "0" + value)
        case bytes():
            yield value + b"a"


def _meets(value: object, kind: frozenset[str], fact: Fact) -> bool:
    """Whether a value is as a fact says; a comparison that is an error is not as wanted.

    `kind` are the names of further types that it is of.
    """
    _, sign, other, wanted = fact
    if isinstance(value, _Symbol) and sign in ("true", "isinstance"):
        return True
    if sign == "true":
        return bool(value) is wanted
    if isinstance(other, frozenset):
        own = tuple(_TYPES[name] for name in other if name in _TYPES)
        return (isinstance(value, own) or not kind.isdisjoint(other)) is wanted
    try:
        if sign.startswith("len "):
            value = value.size if isinstance(value, _Thing) else len(value)  # type: ignore[arg-type]
        return bool(_TESTS[sign.removeprefix("len ")](value, other)) is wanted
    except (TypeError, ValueError):
        return False
