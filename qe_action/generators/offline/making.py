"""Makes arguments: from what the code says, by type where there is a hint, else by use and name."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable

from qe_action.generators.offline.answers import ClassInfo, Parameter, TypeTree
from qe_action.generators.offline.pools import SAMPLES, Pool
from qe_action.generators.offline.subjects import Input, Subject, constructor
from qe_action.generators.offline.values import Call, Code, Lit, Map, Seq, Value, read

DEEPEST = 4
KEPT = 40
"""How many ways to make an object of a class are remembered."""
_TEXT = TypeTree(t="str")
_WHOLE = TypeTree(t="int")
_ANY = TypeTree()
_BY_NAME = (
    (r"(func\w*|fn|f|key|pred\w*|callback|binop|\w*_func|op|factory|keyfunc|valfunc)", "callable"),
    (r"(is_\w+|has_\w+|use_\w+|allow\w*|strict|with_\w+|\w*flag|verbose|reverse|inplace)", "bool"),
    (r"(n|i|j|k|r|x|y|count|size|num\w*|length|width|height|start|stop|step|\w*index"
     r"|limit|max\w*|min\w*"
     r"|\w*_size|times|order|ndigits|precision|base|depth|level|year|month|day|pos\w*)", "int"),
    (r"(s|text|string|\w*_string|word|name|path|url|line|title|label|prefix|suffix|sep\w*"
     r"|version|pattern"
     r"|input_str\w*|content|message|msg|source|fmt|format|char|delim\w*|encoding|lang\w*)", "str"),
    (r"(seqs?|sequence\w*|iterables?|it|items|xs|values|lst|data|\w*list|rows|cols|matrix"
     r"|left\w*|right\w*"
     r"|args|coll|elements)", "iterable"),
    (r"(d|dct|mapping|dictionary|kwargs|options|config|\w*_dict|\w*_map)", "dict"),
)  # fmt: skip
_PATH = re.compile(r"(\w+_)?(path|file|filename|filepath|dest|destination)")
_KNOWN = {
    "datetime.datetime": (
        "datetime.datetime(2024, 2, 29, 12, 30)", "datetime.datetime(2020, 1, 1)",
    ),
    "datetime.date": ("datetime.date(2024, 2, 29)", "datetime.date(2020, 1, 1)"),
    "datetime.time": ("datetime.time(12, 30)",),
    "datetime.timedelta": (
        "datetime.timedelta(0)", "datetime.timedelta(seconds=1)", "datetime.timedelta(days=1)",
        "datetime.timedelta(days=400, seconds=5)", "datetime.timedelta(days=-2)",
    ),
    "decimal.Decimal": ('Decimal("1.5")', 'Decimal("0")', 'Decimal("-2")'),
    "fractions.Fraction": ("Fraction(1, 3)", "Fraction(7, 2)", "Fraction(0, 1)"),
    "pathlib.Path": ('Path("a/b.txt")', "tmp_path", 'tmp_path / "a.txt"'),
    "os.PathLike": ('Path("a/b.txt")', "tmp_path"),
    "uuid.UUID": ('UUID("12345678-1234-5678-1234-567812345678")',),
    "re.Pattern": ('re.compile("a+")', 're.compile(r"(\\d+)")'),
    "io.StringIO": ('StringIO("a\\nb")', "StringIO()"),
}  # fmt: skip
_MODULES = {
    "datetime": "", "re": "", "Decimal": "decimal", "Fraction": "fractions", "Path": "pathlib",
    "UUID": "uuid", "StringIO": "io",
}  # fmt: skip


class Maker:
    """Makes inputs for subjects, the same ones for the same random numbers."""

    def __init__(self, rng: random.Random, classes: dict[str, ClassInfo], module: str) -> None:
        self.rng = rng
        self._classes = classes
        self._module = module
        self._made: dict[str, list[Value]] = {}
        self.pool = Pool()
        self.off = False

    def keep(self, name: str, value: Value) -> None:
        """An object's expression that is known to work."""
        kept = self._made.setdefault(name, [])
        if value in kept:
            return
        if len(kept) < KEPT:
            kept.append(value)
        else:
            kept[self.rng.randrange(KEPT)] = value

    def input(self, subject: Subject, pool: Pool) -> Input:
        self.pool = pool
        self.off = False
        args, kwargs = self.arguments(subject.parameters, subject.name)
        off, self.off = self.off, False
        receiver = None
        if subject.on_object:
            assert subject.owner is not None
            receiver = self.object(subject.owner, 0)
        return Input(subject, args, kwargs, receiver, off=off)

    def arguments(
        self, parameters: Iterable[Parameter], called: str = "", depth: int = 0
    ) -> tuple[tuple[Value, ...], tuple[tuple[str, Value], ...]]:
        """Values for parameters; those with a default are often left out."""
        args: list[Value] = []
        kwargs: list[tuple[str, Value]] = []
        before: Parameter | None = None
        named = False
        chance = self.rng.choice((0.2, 0.45, 0.8)) if depth == 0 else 0.25
        for item in parameters:
            if item.kind == "VAR_POSITIONAL":
                if not named:
                    args += self._several(item, depth)
                named = True
            elif item.kind == "VAR_KEYWORD":
                kwargs += self._extra(item, depth)
            elif item.default is not None and self.rng.random() > chance:
                named = True
            elif item.kind == "POSITIONAL_ONLY" or (item.kind != "KEYWORD_ONLY" and not named):
                optional = item.default is not None and called != "__init__"
                if optional and item.kind != "POSITIONAL_ONLY" and self.rng.random() < 0.7:
                    named = True
                    kwargs.append((item.name, self.argument(item, depth)))
                elif not (named and item.kind == "POSITIONAL_ONLY"):
                    like = args and before is not None and before.type == item.type
                    related = self._related(args[-1]) if like else None
                    args.append(related or self.argument(item, depth))
                    before = item
            else:
                kwargs.append((item.name, self.argument(item, depth)))
        return tuple(args), tuple(kwargs)

    def _several(self, item: Parameter, depth: int) -> list[Value]:
        args: list[Value] = []
        for _ in range(self.rng.choice((0, 1, 2, 2, 2, 3))):
            related = self._related(args[-1]) if args else None
            args.append(related or self.argument(item, depth))
        return args

    def _related(self, value: Value) -> Value | None:
        """Sometimes a value much like the one before: comparisons look at what is alike."""
        from qe_action.generators.offline.mutating import Mutator

        roll = self.rng.random()
        if roll > 0.35 or isinstance(value, Code):
            return None
        return value if roll < 0.05 else Mutator(self, self.rng).value(value, self.pool)

    def _extra(self, item: Parameter, depth: int) -> list[tuple[str, Value]]:
        if self.rng.random() < 0.7:
            return []
        words = [w for w in (*self.pool.strings, "key") if w.isidentifier() and w.islower()]
        return [(self.rng.choice(words or ["key"]), self.argument(item, depth))]

    def argument(self, item: Parameter, depth: int = 0) -> Value:
        """A value for one parameter."""
        rng = self.rng
        if depth == 0 and item.name in self.pool.checked and rng.random() < 0.08:
            self.off = True
            return self.anything(depth)
        if item.type.t in ("any", "str") and _PATH.fullmatch(item.name) and rng.random() < 0.4:
            return Code('tmp_path / "a.txt"' if item.type.t == "any" else 'str(tmp_path / "a.txt")')
        recorded = self.pool.by_parameter.get(item.name, ())
        if recorded and rng.random() < 0.35:
            return rng.choice(recorded)
        compared = self.pool.compared.get(item.name, ())
        if compared and rng.random() < 0.3:
            value = rng.choice(compared)
            if fits(value, item.type):
                return value
        if item.hinted and item.type.t != "any":
            return self.of_type(item.type, item.name, depth)
        return self._unhinted(item, depth)

    def _unhinted(self, item: Parameter, depth: int) -> Value:
        default = read(item.default, {}) if item.default else None
        if isinstance(default, Lit) and default.value is not None and self.rng.random() < 0.75:
            return self.of_type(TypeTree(t=type(default.value).__name__), item.name, depth)
        uses = sorted(self.pool.uses.get(item.name, ()))
        if uses and self.rng.random() < 0.85:
            return self._by_use(self.rng.choice(uses), item.name, depth)
        for pattern, kind in _BY_NAME:
            if re.fullmatch(pattern, item.name.lower().strip("*_")) and self.rng.random() < 0.8:
                return self.of_type(TypeTree(t=kind), item.name, depth)
        return self.anything(depth)

    def _by_use(self, use: str, name: str, depth: int) -> Value:
        if use.startswith(("callable", "function")):
            return self._function(int(use[-1]) if use[-1].isdigit() else 1, "any")
        if use.startswith("is "):
            kind = use[3:]
            if kind in self._classes:
                return self.object(self._classes[kind], depth + 1)
            return self.of_type(TypeTree(t=kind), name, depth)
        if use == "none":
            return Lit(None) if self.rng.random() < 0.5 else self.anything(depth)
        if use == "number":
            return self.number(whole=self.rng.random() < 0.8)
        kinds = {"mapping": "dict", "indexed": "list", "sized": "iterable"}
        return self.of_type(TypeTree(t=kinds.get(use, use)), name, depth)

    def of_type(self, hint: TypeTree, name: str = "", depth: int = 0) -> Value:
        """A value that a hint allows."""
        if depth > DEEPEST:
            return self._small(hint)
        make = _MAKERS.get(hint.t)
        if make is not None:
            return make(self, hint, name, depth)
        return self._instance(hint, depth)

    def _small(self, hint: TypeTree) -> Value:
        empty: dict[str, Value] = {"dict": Map(())}
        empty.update({"list": Seq("list", ()), "iterable": Seq("list", ())})
        plain: dict[str, Value] = {"int": Lit(1), "str": Lit("a")}
        plain.update({"bool": Lit(True), "float": Lit(1.0)})
        return {**empty, **plain}.get(hint.t, Lit(None))

    def _instance(self, hint: TypeTree, depth: int) -> Value:
        known = _KNOWN.get(f"{hint.module}.{hint.name}") or _KNOWN.get(f"re.{hint.name}")
        if hint.module.startswith("pathlib"):
            known = _KNOWN["pathlib.Path"]
        if known:
            text = self.rng.choice(known)
            return read(text, _MODULES) or Code(text, _used(text))
        info = self._classes.get(hint.name)
        if info is not None:
            return self.object(info, depth + 1)
        return self.anything(depth)

    def object(self, info: ClassInfo, depth: int) -> Value:
        """A constructor's call; one that has worked before, more often than not."""
        kept = self._made.get(info.name, ())
        if kept and self.rng.random() < 0.75:
            return kept[self.rng.randrange(len(kept))]
        if info.enum:
            top = ((info.name.split(".")[0], info.module),)
            return Code(f"{info.name}.{self.rng.choice(info.enum)}", top)
        if info.abstract or info.name.startswith("_") or depth > 2:
            heirs = [
                heir
                for heir in self._classes.values()
                if info.name in heir.bases and not heir.abstract and not heir.name.startswith("_")
            ]
            if heirs and depth <= 3:
                return self.object(self.rng.choice(heirs), depth + 1)
        args, kwargs = self.arguments(info.parameters, "__init__", depth + 1)
        return constructor(info, args, kwargs)

    def string(self) -> Value:
        return Lit(self.text())

    def text(self) -> str:
        from qe_action.generators.offline.mutating import changed_text

        rng, pool = self.rng, self.pool
        roll = rng.random()
        if pool.patterns and roll < 0.25:
            return pool.matching(rng)
        if pool.strings and roll < 0.55:
            return rng.choice(pool.strings)
        if roll < 0.75:
            return rng.choice(SAMPLES)
        return changed_text(rng.choice(pool.strings or SAMPLES), pool, rng)

    def number(self, whole: bool = True) -> Value:
        rng, pool = self.rng, self.pool
        roll = rng.random()
        if pool.numbers and roll < 0.5:
            value: int | float = rng.choice(pool.numbers) + rng.choice((-1, 0, 0, 0, 1))
        elif roll < 0.85:
            value = rng.choice((0, 1, 2, 3, -1, 5, 10))
        else:
            value = rng.choice((1, -1)) * rng.randint(0, 10 ** rng.randint(1, 13))
        if whole:
            return Lit(int(value) if value == value and abs(value) < 1e30 else 0)
        if roll > 0.95:
            return Lit(rng.choice((float("nan"), float("inf"), -0.5, float("-inf"))))
        return Lit(float(value) if rng.random() < 0.7 else round(value + rng.random(), 2))

    def anything(self, depth: int = 0) -> Value:
        kinds = ["str", "str", "int", "int", "None", "bool", "list", "dict", "float", "tuple*"]
        return self.of_type(TypeTree(t=self.rng.choice(kinds)), "", depth + 1)

    def _function(self, arity: int, result: str) -> Value:
        rng = self.rng
        if arity >= 2:
            two = ["lambda a, b: a + b", "lambda a, b: a * b", "lambda a, b: a == b", "max"]
            return _code(rng.choice(two) if arity == 2 else "lambda *args: args")
        if arity == 0:
            return _code(rng.choice(("lambda: 1", "list", "lambda: None")))
        if result == "bool":
            return _code(
                rng.choice(("bool", "lambda x: x == 1", "lambda x: x != x", "lambda x: True"))
            )
        one = ["len", "str", "bool", "int", "lambda x: x", "lambda x: x * 2", "lambda x: x > 1"]
        one += [
            "lambda x: x % 2 == 0",
            "lambda x: True",
            "lambda x: False",
            "lambda x: x[0]",
            "abs",
        ]
        return _code(rng.choice(one))

    def items(self, hint: TypeTree | None, depth: int) -> tuple[Value, ...]:
        rng = self.rng
        count = rng.choice((0, 1, 2, 2, 3, 3, 4, 6))
        if hint is not None and hint.t not in ("any", "hashable"):
            return tuple(self.of_type(hint, "", depth + 1) for _ in range(count))
        kind = rng.choice(("int", "int", "int", "str", "pair", "nest", "mixed"))
        if kind == "int":
            return tuple(Lit(rng.randint(0, 5)) for _ in range(count))
        if kind == "str":
            return tuple(
                Lit(rng.choice(("a", "b", "c", "ab", *self.pool.strings[:20])))
                for _ in range(count)
            )
        if kind == "mixed" or depth >= DEEPEST:
            return tuple(self.anything(depth + 1) for _ in range(count))
        inner = ("int", "str") if kind == "pair" else ("int",) * rng.choice((1, 2, 3))
        shape = "tuple" if kind == "pair" else "list"
        return tuple(
            Seq(
                shape,
                tuple(
                    Lit(rng.randint(0, 5)) if i == "int" else Lit(rng.choice("abc")) for i in inner
                ),
            )
            for _ in range(count)
        )


def _code(text: str) -> Code:
    return Code(text)


def _used(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, module) for name, module in _MODULES.items() if name in text)


def fits(value: Value, hint: TypeTree) -> bool:
    """Whether a literal is what a hint asks for, as far as the hint is simple."""
    if hint.t == "any":
        return True
    if hint.t == "union":
        return any(fits(value, item) for item in hint.inner)
    if hint.t == "literal":
        return isinstance(value, Lit) and repr(value.value) in hint.of
    if isinstance(value, Lit):
        kind = type(value.value).__name__.replace("NoneType", "None")
        return kind == hint.t or (kind == "int" and hint.t == "float")
    if isinstance(value, Seq):
        return value.kind == hint.t.rstrip("*") or (value.kind == "list" and hint.t == "iterable")
    return isinstance(value, Map) and hint.t == "dict"


def _first(hint: TypeTree, at: int = 0) -> TypeTree | None:
    return hint.inner[at] if len(hint.inner) > at else None


def _union(maker: Maker, hint: TypeTree, name: str, depth: int) -> Value:
    choices = hint.inner or (_ANY,)
    others = [item for item in choices if item.t != "None"]
    if others and maker.rng.random() < 0.75:
        return maker.of_type(maker.rng.choice(others), name, depth)
    return maker.of_type(maker.rng.choice(choices), name, depth)


def _literal(maker: Maker, hint: TypeTree, name: str, depth: int) -> Value:
    texts = [item for item in hint.of if isinstance(item, str)]
    return read(maker.rng.choice(texts), {}) or Lit(None) if texts else Lit(None)


def _list(maker: Maker, hint: TypeTree, name: str, depth: int) -> Value:
    return Seq("list", maker.items(_first(hint), depth))


def _iterable(maker: Maker, hint: TypeTree, name: str, depth: int) -> Value:
    inner = _first(hint)
    if (inner is None or inner.t in ("any", "str")) and maker.rng.random() < 0.25:
        if maker.rng.random() < 0.5:
            return Lit(maker.text())
        return Lit(maker.rng.choice(("abc", "aab", "", "abcabc")))
    if not hint.inner and maker.pool.literals and maker.rng.random() < 0.3:
        return maker.rng.choice(maker.pool.literals)
    made = Seq("list", maker.items(_first(hint), depth))
    if maker.rng.random() < (0.5 if hint.t == "iterator" else 0.05):
        return Call("iter", (made,), ())
    return made


def _set(maker: Maker, hint: TypeTree, name: str, depth: int) -> Value:
    inner = _first(hint) or maker.rng.choice((_TEXT, _WHOLE))
    items = dict.fromkeys(maker.items(inner, depth))
    return Seq(hint.t, tuple(items))


def _tuple(maker: Maker, hint: TypeTree, name: str, depth: int) -> Value:
    return Seq("tuple", tuple(maker.of_type(item, "", depth + 1) for item in hint.inner))


def _tuples(maker: Maker, hint: TypeTree, name: str, depth: int) -> Value:
    return Seq("tuple", maker.items(_first(hint), depth))


def _dict(maker: Maker, hint: TypeTree, name: str, depth: int) -> Value:
    rng = maker.rng
    keys = maker.pool.keys.get(name, ())
    pairs: dict[Value, Value] = {}
    for _ in range(rng.choice((0, 1, 1, 2, 3))):
        key_hint = _first(hint)
        if keys and rng.random() < 0.7:
            key: Value = rng.choice(keys)
        elif key_hint and key_hint.t not in ("any", "hashable"):
            key = maker.of_type(key_hint, "", depth + 1)
        else:
            key = Lit(rng.choice(("a", "b", "key", *maker.pool.strings[:10])))
        pairs[key] = maker.of_type(_first(hint, 1) or _ANY, "", depth + 1)
    return Map(tuple(pairs.items()))


def _callable(maker: Maker, hint: TypeTree, name: str, depth: int) -> Value:
    if hint.inner:
        return maker._function(len(hint.inner) - 1, hint.inner[-1].t)
    use = [u for u in maker.pool.uses.get(name, ()) if u[-1:].isdigit()]
    arity = int(sorted(use)[0][-1]) if use else maker.rng.choice((1, 1, 2))
    return maker._function(arity, "bool" if name.startswith("pred") else "any")


def _type(maker: Maker, hint: TypeTree, name: str, depth: int) -> Value:
    return Code(maker.rng.choice(("int", "str", "list", "ValueError", "TypeError")))


def _enum(maker: Maker, hint: TypeTree, name: str, depth: int) -> Value:
    members = [item for item in hint.of if isinstance(item, str)]
    top = ((hint.name.split(".")[0], hint.module),)
    return Code(f"{hint.name}.{maker.rng.choice(members)}", top) if members else Lit(None)


_MAKERS: dict[str, Callable[[Maker, TypeTree, str, int], Value]] = {
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
