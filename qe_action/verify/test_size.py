"""How large a generated test may be, as text and as what it makes when it runs. Pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from qe_action.verify.binding_sites import is_table, table_of
from qe_action.verify.findings import Finding, at

CHARACTERS = 40_000
LINES = 800
NODES = 12_000
"""Parts of the syntax tree, operators and contexts among them."""
CASES = 100
"""Cases of one test, all its tables multiplied."""
TEXT = 10_000
"""Characters or bytes of one literal."""
DIGITS = 1_000
"""Digits of a number, also of one that is computed from literals."""
_BITS = 3_322
_DIGITS = f"it has a number of more than {DIGITS:,} digits"
_MOST_BITS = 10_000
"""Of a number that is computed to see how large it is."""
REPEATED = 1_000_000
"""How often a literal says that something is repeated, or how long something of it gets."""


def too_long(text: str) -> Finding | None:
    """Whether a test is too long to be read, or to be parsed."""
    if len(text) > CHARACTERS:
        return Finding(1, f"it has {len(text):,} characters, more than {CHARACTERS:,}")
    lines = text.count("\n")
    if lines > LINES:
        return Finding(LINES, f"it has {lines:,} lines, more than {LINES:,}")
    return None


def too_large(tree: ast.Module) -> Iterator[Finding]:
    """Where a test has too much of something, or makes too much of it by a literal."""
    nodes = list(ast.walk(tree))
    if len(nodes) > NODES:
        yield Finding(1, f"it has {len(nodes):,} parts, more than {NODES:,}")
        return
    for node in nodes:
        found = None
        match node:
            case ast.Constant():
                found = _literal(node)
            case ast.BinOp():
                found = _computed(node)
            case ast.Call(func=ast.Name(id=name)):
                found = _called(node, name)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                count = _cases(node)
                found = f"it has {count:,} cases, more than {CASES}" if count > CASES else ""
        if found:
            yield at(node, found)


def _literal(node: ast.Constant) -> str:
    value = node.value
    if isinstance(value, str | bytes) and len(value) > TEXT:
        return f"it has a literal of {len(value):,} characters"
    return _DIGITS if isinstance(value, int) and value.bit_length() > _BITS else ""


def _called(call: ast.Call, name: str) -> str:
    numbers = [abs(number) for arg in call.args if (number := _number(arg)) is not None]
    if max(numbers, default=0) <= REPEATED or name not in ("bytearray", "bytes", "range"):
        return ""
    return f"it makes something of more than {REPEATED:,} items, by {name}"


def _computed(node: ast.BinOp) -> str:
    """Powers, shifts and repetitions of literals that grow too large."""
    left, right = _number(node.left), _number(node.right)
    match node.op:
        case ast.Pow() if right is not None:
            bits = left.bit_length() if left is not None else 4
            return _DIGITS if abs(left or 2) > 1 and right * bits > _BITS else ""
        case ast.LShift() if right is not None:
            return _DIGITS if right > _BITS else ""
        case ast.Mult() if (left is None) != (right is None):
            other = node.left if left is None else node.right
            if max(left or 0, right or 0) > REPEATED and _is_sequence(other):
                return f"it repeats something more than {REPEATED:,} times"
    return ""


def _is_sequence(node: ast.expr) -> bool:
    """Whether something repeated may grow: all but plain numbers and calls, which say nothing."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str | bytes)
    if isinstance(node, ast.BinOp):
        return _is_sequence(node.left) or _is_sequence(node.right)
    return isinstance(node, ast.List | ast.Tuple | ast.JoinedStr)


def _number(node: ast.expr) -> int | None:
    """The whole number that an expression of literals is; one that is too large is cut short."""
    match node:
        case ast.Constant(value=int() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = _number(operand)
            return None if inner is None else -inner
        case ast.BinOp(left=left, op=op, right=right):
            first, second = _number(left), _number(right)
            return None if first is None or second is None else _result(first, op, second)
    return None


def _result(left: int, op: ast.operator, right: int) -> int | None:
    bits, other = left.bit_length(), right.bit_length()
    found = None
    match op:
        case ast.Add():
            found = left + right
        case ast.Sub():
            found = left - right
        case ast.Mult():
            found = left * right if bits + other < _MOST_BITS else 1 << _MOST_BITS
        case ast.Pow() if right >= 0:
            found = left**right if bits * right < _MOST_BITS else 1 << _MOST_BITS
        case ast.LShift() if right >= 0:
            found = left << right if bits + right < _MOST_BITS else 1 << _MOST_BITS
        case ast.FloorDiv() if right:
            found = left // right
    return found


def _cases(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> int:
    """How many cases the tables above a test give it; those of a computed table are not known."""
    count = 1
    for decorator in node.decorator_list:
        if is_table(decorator):
            count *= _rows(table_of(decorator)[1])
    return count


def _rows(rows: ast.expr | None) -> int:
    match rows:
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            return max(1, len(items))
        case ast.Call(func=ast.Name(id="range"), args=args):
            numbers = [_number(arg) or 0 for arg in args]
            return max(1, abs(numbers[-1 if len(numbers) < 3 else 1])) if numbers else 1
        case ast.Call(args=[inner, *_]):
            return _rows(inner)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            left_times, right_times = _number(left), _number(right)
            return (
                max(1, left_times or 1) * max(1, right_times or 1) * max(_rows(left), _rows(right))
            )
    return 1
