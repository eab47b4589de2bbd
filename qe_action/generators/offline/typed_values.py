"""Values that a type hint allows: one function a kind of hint, one table."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Protocol

from qe_action.generators.offline.pools import Pool
from qe_action.generators.offline.values import Call, Code, Lit, Map, Seq, Value, read
from qe_action.generators.offline.worker_answers import TypeTree

DEEPEST = 4
"""How deep values are nested."""
_TEXT = TypeTree(t="str")
_WHOLE = TypeTree(t="int")
_ANY = TypeTree()


class ValueSource(Protocol):
    """Where the parts of a value come from: `arguments.ArgumentMaker`."""

    rng: random.Random
    pool: Pool

    def of_type(self, hint: TypeTree, name: str, depth: int) -> Value: ...
    def anything(self, depth: int) -> Value: ...
    def function(self, arity: int, result: str) -> Value: ...
    def number(self, whole: bool = True) -> Value: ...
    def string(self) -> Value: ...
    def text(self) -> str: ...


def _items(source: ValueSource, hint: TypeTree | None, depth: int) -> tuple[Value, ...]:
    rng = source.rng
    count = rng.choice((0, 1, 2, 2, 3, 3, 4, 6))
    if hint is not None and hint.t not in ("any", "hashable"):
        return tuple(source.of_type(hint, "", depth + 1) for _ in range(count))
    kind = rng.choice(("int", "int", "int", "str", "pair", "nest", "mixed"))
    if kind == "int":
        return tuple(Lit(rng.randint(0, 5)) for _ in range(count))
    if kind == "str":
        return tuple(
            Lit(rng.choice(("a", "b", "c", "ab", *source.pool.strings[:20]))) for _ in range(count)
        )
    if kind == "mixed" or depth >= DEEPEST:
        return tuple(source.anything(depth + 1) for _ in range(count))
    inner = ("int", "str") if kind == "pair" else ("int",) * rng.choice((1, 2, 3))
    shape = "tuple" if kind == "pair" else "list"
    return tuple(
        Seq(
            shape,
            tuple(Lit(rng.randint(0, 5)) if i == "int" else Lit(rng.choice("abc")) for i in inner),
        )
        for _ in range(count)
    )


def _first(hint: TypeTree, at: int = 0) -> TypeTree | None:
    return hint.inner[at] if len(hint.inner) > at else None


def _union(source: ValueSource, hint: TypeTree, name: str, depth: int) -> Value:
    choices = hint.inner or (_ANY,)
    others = [item for item in choices if item.t != "None"]
    if others and source.rng.random() < 0.75:
        return source.of_type(source.rng.choice(others), name, depth)
    return source.of_type(source.rng.choice(choices), name, depth)


def _literal(source: ValueSource, hint: TypeTree, name: str, depth: int) -> Value:
    texts = [item for item in hint.of if isinstance(item, str)]
    return read(source.rng.choice(texts), {}) or Lit(None) if texts else Lit(None)


def _list(source: ValueSource, hint: TypeTree, name: str, depth: int) -> Value:
    return Seq("list", _items(source, _first(hint), depth))


def _iterable(source: ValueSource, hint: TypeTree, name: str, depth: int) -> Value:
    inner = _first(hint)
    letters = hint.t == "iterable" and (inner is None or inner.t in ("any", "str"))
    if letters and source.rng.random() < 0.25:
        if source.rng.random() < 0.5:
            return Lit(source.text())
        return Lit(source.rng.choice(("abc", "aab", "", "abcabc")))
    if (
        hint.t == "iterable"
        and not hint.inner
        and source.pool.literals
        and source.rng.random() < 0.3
    ):
        return source.rng.choice(source.pool.literals)
    numbers = hint.t == "iterable" and (inner is None or inner.t in ("any", "int"))
    if numbers and depth < 2 and source.rng.random() < 0.06:
        return Code(source.rng.choice(("range(3)", "range(10)", "range(100)", "range(3000)")))
    made = Seq("list", _items(source, _first(hint), depth))
    if hint.t == "iterator" or source.rng.random() < 0.05:
        return Call("iter", (made,), ())
    return made


def _set(source: ValueSource, hint: TypeTree, name: str, depth: int) -> Value:
    inner = _first(hint) or source.rng.choice((_TEXT, _WHOLE))
    items = dict.fromkeys(_items(source, inner, depth))
    return Seq(hint.t, tuple(items))


def _tuple(source: ValueSource, hint: TypeTree, name: str, depth: int) -> Value:
    return Seq("tuple", tuple(source.of_type(item, "", depth + 1) for item in hint.inner))


def _tuples(source: ValueSource, hint: TypeTree, name: str, depth: int) -> Value:
    return Seq("tuple", _items(source, _first(hint), depth))


def _dict(source: ValueSource, hint: TypeTree, name: str, depth: int) -> Value:
    rng = source.rng
    keys = source.pool.keys.get(name, ())
    pairs: dict[Value, Value] = {}
    for _ in range(rng.choice((0, 1, 1, 2, 3))):
        key_hint = _first(hint)
        if source.pool.near and rng.random() < 0.5:
            key: Value = Lit(rng.choice(source.pool.near))
        elif keys and rng.random() < 0.7:
            key = rng.choice(keys)
        elif key_hint and key_hint.t not in ("any", "hashable"):
            key = source.of_type(key_hint, "", depth + 1)
        else:
            key = Lit(rng.choice(("a", "b", "key", *source.pool.strings[:10])))
        pairs[key] = source.of_type(_first(hint, 1) or _ANY, "", depth + 1)
    return Map(tuple(pairs.items()))


def _callable(source: ValueSource, hint: TypeTree, name: str, depth: int) -> Value:
    if hint.inner:
        return source.function(len(hint.inner) - 1, hint.inner[-1].t)
    use = [u for u in source.pool.uses.get(name, ()) if u[-1:].isdigit()]
    arity = int(sorted(use)[0][-1]) if use else source.rng.choice((1, 1, 2))
    return source.function(arity, "bool" if name.startswith("pred") else "any")


def _type(source: ValueSource, hint: TypeTree, name: str, depth: int) -> Value:
    return Code(source.rng.choice(("int", "str", "list", "ValueError", "TypeError")))


def _enum(source: ValueSource, hint: TypeTree, name: str, depth: int) -> Value:
    members = [item for item in hint.of if isinstance(item, str)]
    top = ((hint.name.split(".")[0], hint.module),)
    return Code(f"{hint.name}.{source.rng.choice(members)}", top) if members else Lit(None)


MAKERS: dict[str, Callable[[ValueSource, TypeTree, str, int], Value]] = {
    "str": lambda m, *_: m.string(),
    "int": lambda m, *_: m.number(),
    "float": lambda m, *_: m.number(whole=m.rng.random() < 0.2),
    "bool": lambda m, *_: Lit(m.rng.random() < 0.5),
    "bytes": lambda m, *_: Lit(m.text().encode()[:60]),
    "complex": lambda m, *_: Lit(complex(m.rng.randint(-2, 3), m.rng.randint(-2, 3))),
    "None": lambda *_: Lit(None),
    "any": lambda m, _h, _n, depth: m.anything(depth),
    "hashable": lambda m, *_: m.rng.choice((Lit(1), Lit("a"), Lit((1).__index__()))),
    "union": _union,
    "literal": _literal,
    "list": _list,
    "iterable": _iterable,
    "iterator": _iterable,
    "set": _set,
    "frozenset": _set,
    "tuple": _tuple,
    "tuple*": _tuples,
    "dict": _dict,
    "callable": _callable,
    "type": _type,
    "enum": _enum,
}
