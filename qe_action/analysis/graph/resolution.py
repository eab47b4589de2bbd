"""Follows chains across the files of a repository, to the functions that they reach.

A value is followed as far as names, imports, annotations and assignments tell; no code is
run. Where several things are possible, all of them count up to a limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from qe_action.analysis.graph.call_facts import Class, FileFacts
from qe_action.analysis.graph.chain_values import CONSTRUCTORS, OUTSIDE, Followed, Node, Value
from qe_action.analysis.graph.chains import INSTANCE, MANY, Chain
from qe_action.analysis.graph.imports import Import, Modules
from qe_action.analysis.graph.mro import resolution_order
from qe_action.analysis.graph.scopes import BASES, CALL, ENTERED, ITEM, PART, Local

_VALUES = 8
"""How many values one step is followed for."""
_DEPTH = 25
"""How many chains may lead into one another."""
_CLASSES = 40
"""How many subclasses of a class are looked at."""

_NOWHERE = Followed((), (), 0)


class Resolver:
    """Follows chains among the files that `facts` knows.

    Subclasses are looked for in `files`. What it finds is kept, so it serves as long as
    `facts` gives the same answers.
    """

    def __init__(
        self, modules: Modules, facts: Callable[[str], FileFacts | None], files: Iterable[str]
    ) -> None:
        self._modules = modules
        self._facts = facts
        self._followed: dict[tuple[str, Chain], Followed] = {}
        self._open: set[tuple[str, Chain]] = set()
        self._orders: dict[Value, tuple[Value, ...]] = {}
        self._subclasses: dict[Value, list[Value]] = {}
        for path in files:
            found = facts(path)
            for name in found.classes if found else ():
                child = Value("class", path, name)
                for base in self.order(child)[1:]:
                    self._subclasses.setdefault(base, []).append(child)
        # What was followed so far did not know the subclasses.
        self._followed.clear()

    def follow(self, path: str, chain: Chain) -> Followed:
        """A chain of the file `path` to its end."""
        key = (path, chain)
        known = self._followed.get(key)
        if known is not None:
            return known
        if key in self._open or len(self._open) > _DEPTH:
            # A name that stands for itself, or a way too long to go.
            return _NOWHERE
        self._open.add(key)
        found = self._walk(path, chain)
        self._open.discard(key)
        self._followed[key] = found
        return found

    def reached(self, path: str, chain: Chain) -> tuple[Iterable[Node], int]:
        """The functions that a chain reaches, and how many of its calls lead nowhere known.

        What its last call gives does not matter then, which spares most of the work.
        """
        if chain.steps[-1:] != (CALL,):
            found = self.follow(path, chain)
            return found.reached, found.unresolved
        found = self.follow(path, Chain(chain.head, chain.steps[:-1]))
        if not found.values:
            return found.reached, found.unresolved + 1
        reached = dict.fromkeys(found.reached)
        for value in found.values:
            for node in self._called(value):
                reached.setdefault(node)
        return reached, found.unresolved

    def _walk(self, path: str, chain: Chain) -> Followed:
        reached: dict[Node, None] = {}
        values = self._noted(self._start(path, chain.head), reached)
        for number, step in enumerate(chain.steps):
            if not values:
                lost = chain.steps[number:].count(CALL)
                return Followed((), tuple(reached), lost)
            values = self._noted(self._step(values, step, reached), reached)
        return Followed(values, tuple(reached), 0)

    def _noted(self, values: Iterable[Value], reached: dict[Node, None]) -> tuple[Value, ...]:
        """The values once each; functions among them are reached, properties also run."""
        found: dict[Value, None] = {}
        for value in values:
            if value.kind in ("function", "held"):
                reached.setdefault(Node(value.path, value.name))
            found.setdefault(value)
            if len(found) == _VALUES:
                break
        return tuple(found)

    def _start(self, path: str, head: str | Import | Local) -> Iterator[Value]:
        if isinstance(head, Local):
            facts = self._facts(path)
            if facts is not None and head.name in facts.classes:
                yield Value("class", path, head.name)
            elif facts is not None and head.name in facts.functions:
                yield Value("function", path, head.name)
        elif isinstance(head, Import):
            yield from self._imported(path, head)
        else:
            yield from self._global(path, head)

    def _imported(self, path: str, target: Import) -> Iterator[Value]:
        place = self._modules.find(path, target.level, target.module)
        if place is None:
            yield OUTSIDE
        elif isinstance(place, str):
            module = Value("module", place)
            yield from [module] if target.name is None else self._in_module(place, target.name)

    def _in_module(self, place: str, name: str) -> Iterator[Value]:
        file = self._modules.file(place)
        below = self._modules.inside(place, name)
        found = tuple(self._global(file, name)) if file is not None else ()
        if below is not None and (not found or found == (OUTSIDE,)):
            yield Value("module", below)
        else:
            yield from found

    def _global(self, path: str, name: str) -> Iterator[Value]:
        """What a name means at the top level of a file."""
        facts = self._facts(path)
        if facts is None:
            yield OUTSIDE
            return
        for chain in facts.names.get(name, ()):
            yield from self.follow(path, chain).values
        yield from self._held(path, facts.held.get(name, ()))
        if name not in facts.names:
            for star in facts.stars:
                # Through a name, so that modules that import each other end.
                yield from self._from_star(path, star, name)

    def _from_star(self, path: str, star: Import, name: str) -> Iterator[Value]:
        place = self._modules.find(path, star.level, star.module)
        file = self._modules.file(place) if isinstance(place, str) else None
        facts = self._facts(file) if file else None
        if file is None or facts is None:
            yield OUTSIDE
            return
        public = name in facts.exported if facts.exported is not None else name[:1] != "_"
        if public:
            yield from self.follow(file, Chain(name)).values

    def _held(self, path: str, chains: Iterable[Chain]) -> Iterator[Value]:
        for chain in chains:
            for value in self.follow(path, chain).values:
                if value.kind == "function":
                    yield Value("held", value.path, value.name)

    def _step(
        self, values: Iterable[Value], step: str, reached: dict[Node, None]
    ) -> Iterator[Value]:
        for value in values:
            if value.kind in {"outside", "held"}:
                yield value
            elif step == CALL:
                yield from self._call(value, reached)
            elif step in {ITEM, PART, MANY}:
                yield from _item(value, step)
            elif step == ENTERED:
                yield from self._entered(value)
            elif step == INSTANCE:
                if value.kind == "class":
                    yield value._replace(kind="object")
            elif step == BASES:
                yield value._replace(kind="bases")
            else:
                yield from self._attribute(value, step[1:], reached)

    def _call(self, value: Value, reached: dict[Node, None]) -> Iterator[Value]:
        called = self._called(value)
        reached.update((node, None) for node in called)
        if value.kind == "class":
            yield value._replace(kind="exact")
        elif value.kind == "function":
            yield from self._returned(value)
        else:
            for node in called:
                yield from self._returned(Value("function", *node))

    def _called(self, value: Value) -> list[Node]:
        """What a call of a class or an object runs; a function itself was reached before."""
        methods: list[Value] = []
        if value.kind == "class":
            for name in CONSTRUCTORS:
                methods += self._member(self.order(value), name)
        elif value.kind in {"object", "exact"}:
            methods = list(self._attribute(value, "__call__", {}))
        return [Node(each.path, each.name) for each in methods if each.kind == "function"]

    def _returned(self, function: Value) -> Iterator[Value]:
        facts = self._facts(function.path)
        known = facts.functions.get(function.name) if facts else None
        for chain in known.returns if known else ():
            yield from self.follow(function.path, chain).values

    def _attribute(self, value: Value, name: str, reached: dict[Node, None]) -> Iterator[Value]:
        if value.kind == "module":
            yield from self._in_module(value.path, name)
        elif value.kind == "items":
            yield OUTSIDE
        elif value.kind in ("class", "bases", "object", "exact"):
            classes = self.order(value._replace(kind="class"))
            found = self._member(classes[1:] if value.kind == "bases" else classes, name)
            if value.kind == "object":
                found += self._overriders(value, name)
            for each in found:
                if value.kind != "class" and self._is_property(each):
                    reached.setdefault(Node(each.path, each.name))
                    yield from self._returned(each)
                else:
                    yield each

    def _entered(self, value: Value) -> Iterator[Value]:
        """What a `with` block gets: mostly the object itself, else what the class returns."""
        if value.kind == "items":  # of a function made a context manager by its decorator
            yield value._replace(kind="object")
            return
        if value.kind not in ("object", "exact"):
            return
        classes = self.order(value._replace(kind="class"))
        found = [v for n in ("__enter__", "__aenter__") for v in self._member(classes, n)]
        functions = [each for each in found if each.kind == "function"]
        for given in (v for each in functions for v in self._returned(each)):
            itself = given.kind != "class" and given._replace(kind="class") in classes
            yield value if itself else given
        if not functions:
            yield value

    def _is_property(self, value: Value) -> bool:
        facts = self._facts(value.path) if value.kind == "function" else None
        function = facts.functions.get(value.name) if facts else None
        return function is not None and function.is_property

    def _member(self, classes: Iterable[Value], name: str) -> list[Value]:
        """What an attribute is in the first class that has it."""
        for each in classes:
            if each.kind == "outside":
                return [OUTSIDE]
            own = self._class(each)
            if own is not None and name in own.members:
                return self._own_member(each, own, name)
        return []

    def _own_member(self, owner: Value, own: Class, name: str) -> list[Value]:
        found = [v for c in own.members[name] for v in self.follow(owner.path, c).values]
        return found + list(self._held(owner.path, own.held.get(name, ())))

    def _overriders(self, value: Value, name: str) -> list[Value]:
        """The same method of subclasses: the object may be of one of them."""
        if name.startswith("__") and not name.endswith("__"):
            return []  # to the interpreter each class has its own
        found: list[Value] = []
        for child in self._subclasses.get(value._replace(kind="class"), ())[:_CLASSES]:
            own = self._class(child)
            if own is not None and name in own.members:
                found += self._own_member(child, own, name)
        return found

    def _class(self, value: Value) -> Class | None:
        facts = self._facts(value.path)
        return facts.classes.get(value.name) if facts else None

    def order(self, value: Value) -> tuple[Value, ...]:
        """A class and its bases in the order in which they are asked for an attribute."""
        known = self._orders.get(value)
        if known is None:
            known = self._orders[value] = resolution_order(value, self._bases)
        return known

    def _bases(self, value: Value) -> list[Value] | None:
        own = self._class(value) if value.kind == "class" else None
        if own is None:
            return None
        return [v for c in own.bases for v in self.follow(value.path, c).values]


def _item(value: Value, step: str) -> Iterator[Value]:
    if step == MANY and value.kind in ("object", "exact"):
        yield value._replace(kind="items")
    elif step == PART and value.kind == "items":
        yield value
    elif step == ITEM and value.kind == "items":
        yield value._replace(kind="object")
