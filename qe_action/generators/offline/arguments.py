"""Makes arguments: from what the code says, by type where there is a hint, else by use and name."""

from __future__ import annotations

import random
from collections.abc import Iterable

from qe_action.generators.offline.guesses import (
    KNOWN,
    MODULES,
    PATH,
    kind_by_name,
    known_module,
    used_modules,
)
from qe_action.generators.offline.hint_checks import OPEN, fits
from qe_action.generators.offline.pools import Pool
from qe_action.generators.offline.scalars import Scalars
from qe_action.generators.offline.subjects import Input, Subject, constructor
from qe_action.generators.offline.typed_values import DEEPEST, MAKERS
from qe_action.generators.offline.value_changes import changed_value
from qe_action.generators.offline.values import Code, Lit, Map, Seq, Value, read, strings_in
from qe_action.generators.offline.worker_answers import ClassInfo, Parameter, TypeTree

KEPT = 40
"""How many ways to make an object of a class are remembered."""


class ArgumentMaker(Scalars):
    """Makes inputs for subjects, the same ones for the same random numbers."""

    def __init__(self, rng: random.Random, classes: dict[str, ClassInfo], module: str) -> None:
        super().__init__(rng)
        self.classes = classes
        self._module = module
        self._made: dict[str, list[Value]] = {}
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
        pool.near = []
        receiver = None
        if subject.on_object:
            assert subject.owner is not None
            receiver = self.object(subject.owner, 0)
            pool.near = strings_in(receiver)
        args, kwargs = self.arguments(subject.parameters, subject.name)
        off, self.off = self.off, False
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
        roll = self.rng.random()
        if roll > 0.35 or isinstance(value, Code):
            return None
        return value if roll < 0.05 else changed_value(value, self.pool, self.rng)

    def _extra(self, item: Parameter, depth: int) -> list[tuple[str, Value]]:
        """Keywords that whoever gets them takes, else any."""
        known = self.pool.keywords.get(item.name, {}) if depth == 0 else {}
        if self.rng.random() < (0.4 if known else 0.7):
            return []
        if known:
            names = self.rng.sample(sorted(known), min(len(known), self.rng.choice((1, 1, 2))))
            return [(n, self.argument(Parameter(name=n, kind="", default=known[n]))) for n in names]
        keys = [key.value for key in self.pool.keys.get(item.name, ()) if isinstance(key, Lit)]
        strings = (*keys, *self.pool.strings, "key")
        words = [w for w in strings if isinstance(w, str) and w.isidentifier() and w.islower()]
        return [(self.rng.choice(words or ["key"]), self.argument(item, depth))]

    def argument(self, item: Parameter, depth: int = 0) -> Value:
        """A value for one parameter."""
        rng = self.rng
        free = item.type.t in OPEN and not (item.hinted and item.type.t == "unknown")
        if depth == 0 and free and item.name in self.pool.checked and rng.random() < 0.08:
            self.off = True
            return self.anything(depth)
        if item.type.t in ("any", "str") and PATH.fullmatch(item.name) and rng.random() < 0.4:
            return Code('tmp_path / "a.txt"' if item.type.t == "any" else 'str(tmp_path / "a.txt")')
        recorded = self.pool.by_parameter.get(item.name, ())
        if recorded and rng.random() < 0.35:
            return rng.choice(recorded)
        compared = self.pool.compared.get(item.name, ())
        if compared and rng.random() < 0.3:
            value = rng.choice(compared)
            if fits(value, item.type):
                return value
        if item.hinted and item.type.t not in OPEN:
            return self.of_type(item.type, item.name, depth)
        return self._unhinted(item, depth)

    def _unhinted(self, item: Parameter, depth: int) -> Value:
        default = read(item.default, {}) if item.default else None
        if isinstance(default, Lit) and default.value is not None and self.rng.random() < 0.75:
            return self.of_type(TypeTree(t=type(default.value).__name__), item.name, depth)
        uses = sorted(self.pool.uses.get(item.name, ()))
        if uses and self.rng.random() < 0.85:
            return self._by_use(self.rng.choice(uses), item.name, depth)
        kind = kind_by_name(item.name)
        if kind and self.rng.random() < 0.8:
            return self.of_type(TypeTree(t=kind), item.name, depth)
        return self.anything(depth)

    def _by_use(self, use: str, name: str, depth: int) -> Value:
        if use.startswith(("callable", "function")):
            return self.function(int(use[-1]) if use[-1].isdigit() else 1, "any")
        if use.startswith("is "):
            kind = use[3:]
            if kind in self.classes:
                return self.object(self.classes[kind], depth + 1)
            module = known_module(kind)
            hint = TypeTree(t="class", name=kind, module=module) if module else TypeTree(t=kind)
            return self.of_type(hint, name, depth)
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
        make = MAKERS.get(hint.t)
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
        known = KNOWN.get(f"{hint.module}.{hint.name}") or KNOWN.get(f"re.{hint.name}")
        if hint.module.startswith("pathlib"):
            known = KNOWN["pathlib.Path"]
        if known:
            text = self.rng.choice(known)
            return read(text, MODULES) or Code(text, used_modules(text))
        info = self.classes.get(hint.name)
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
                for heir in self.classes.values()
                if info.name in heir.bases and not heir.abstract and not heir.name.startswith("_")
            ]
            if heirs and depth <= 3:
                return self.object(self.rng.choice(heirs), depth + 1)
        args, kwargs = self.arguments(info.parameters, "__init__", depth + 1)
        return constructor(info, args, kwargs)

    def anything(self, depth: int = 0) -> Value:
        kinds = ["str", "str", "int", "int", "None", "bool", "list", "dict", "float", "tuple*"]
        return self.of_type(TypeTree(t=self.rng.choice(kinds)), "", depth + 1)
