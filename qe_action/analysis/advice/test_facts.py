"""What tests of a source ask for, as facts that can be weighed against each other."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from qe_action.analysis.advice.excerpt import excerpt
from qe_action.analysis.advice.satisfiability import (
    ALTERNATIVES,
    ANYTHING,
    GREATEST,
    Condition,
    Fact,
    Symbol,
)
from qe_action.analysis.python_module import PythonModule

_MANY = 20
"""Elements, or letters, of a constant that is weighed."""
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
_VIEWS = frozenset({"items", "keys", "values"})
_GOING_THROUGH = frozenset({"enumerate", "reversed", "sorted", "list", "tuple", "iter", "set"})


def condition(module: PythonModule, test: ast.expr, *, wanted: bool) -> Condition:
    """The ways in which a test is true, or false."""
    found = ANYTHING
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            found = condition(module, operand, wanted=not wanted)
        case ast.BoolOp(op=op, values=values) if len(values) <= ALTERNATIVES:
            parts = [condition(module, value, wanted=wanted) for value in values]
            found = _all(parts) if isinstance(op, ast.And) is wanted else _any(parts)
        case ast.Compare():
            parts = _pairs(module, test, wanted=wanted)
            found = _all(parts) if wanted else _any(parts)
        case ast.Call(func=ast.Name(id="isinstance"), args=[subject, types]):
            if names := _type_names(types):
                found = _one(module, subject, "isinstance", names, wanted=wanted)
        case ast.Call(func=ast.Name(id="len"), args=[subject]):
            found = _one(module, subject, "len >", 0, wanted=wanted)
        case ast.Constant(value=value) | ast.List(elts=value) | ast.Tuple(elts=value):
            found = ANYTHING if bool(value) is wanted else ()
        case ast.NamedExpr(target=target):
            found = _one(module, target, "true", wanted=wanted)
        case _ if not isinstance(test, ast.BoolOp):
            found = _one(module, test, "true", wanted=wanted)
    return found


def filled(module: PythonModule, iterable: ast.expr, *, wanted: bool) -> Condition:
    """That what a loop goes through has items, or has none."""
    match iterable:
        case ast.Call(func=ast.Attribute(value=value, attr=name), args=[]) if name in _VIEWS:
            return _one(module, value, "len >", 0, wanted=wanted)
        case ast.Call(func=ast.Name(id=name), args=[value, *_]) if name in _GOING_THROUGH:
            return filled(module, value, wanted=wanted)
        case ast.List() | ast.Tuple() | ast.Constant():
            return condition(module, iterable, wanted=wanted)
        case _:
            return _one(module, iterable, "len >", 0, wanted=wanted)


def _all(parts: Iterable[Condition]) -> Condition:
    found: Condition = ANYTHING
    for part in parts:
        if len(found) * len(part) > ALTERNATIVES:
            continue  # what is left out can only make more possible
        found = tuple((*one, *two) for one in found for two in part)
    return found


def _any(parts: Sequence[Condition]) -> Condition:
    found = tuple(facts for part in parts for facts in part)
    return found if len(found) <= ALTERNATIVES and () not in found else ANYTHING


def _one(
    module: PythonModule, node: ast.expr, sign: str, value: object = None, *, wanted: bool
) -> Condition:
    text = excerpt(module, node)
    return ANYTHING if "…" in text else ((Fact(text, sign, value, wanted),),)


def _pairs(module: PythonModule, test: ast.Compare, *, wanted: bool) -> list[Condition]:
    """A chain of comparisons one by one; nothing of a long one."""
    if len(test.ops) > ALTERNATIVES:
        return [ANYTHING]
    pairs = zip([test.left, *test.comparators], test.ops, test.comparators, strict=False)
    return [_pair(module, one, op, two, wanted=wanted) for one, op, two in pairs]


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
    if constant is not None and isinstance(constant[0], Symbol) and sign not in ("==", "is"):
        constant = None  # what it is like is not known
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
            return (Symbol(f"{owner}.{name}"),) if name.isupper() else None
        case _:
            return None


def _is_small(value: object) -> bool:
    match value:
        case str() | bytes():
            return len(value) <= _MANY
        case int() | float():
            return -GREATEST < value < GREATEST
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
