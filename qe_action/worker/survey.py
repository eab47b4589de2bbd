"""Says what can be called in the target file: signatures, hints, members, constants."""

from __future__ import annotations

import enum
import inspect
import re
import sys
import typing
from typing import Any

from . import expressions, target_module, tracing, types_of

LIMIT = 400
"""How many functions and classes of one module are told."""
_SILENT = {
    "__init__", "__new__", "__del__", "__class_getitem__", "__init_subclass__", "__getattribute__",
    "__setattr__", "__delattr__", "__exit__", "__aexit__", "__aenter__", "__post_init__", "__dir__",
    "__subclasshook__", "__reduce__", "__reduce_ex__", "__sizeof__", "__format__", "__getattr__",
    "__instancecheck__", "__subclasscheck__", "__set_name__", "__get__", "__set__", "__prepare__",
    "__repr_args__", "__annotate_func__", "__annotate__",
}  # fmt: skip
"""Special methods that tests don't call."""


def run(request: dict[Any, Any], tell: Any) -> dict[Any, Any]:
    """One `subject` event for each function and class, one `constants` event."""
    tracer = tracing.Tracer(request["file"], lines=10**9, seconds=1e9)
    tracer.start()
    try:
        module = target_module.load(request)
    finally:
        tracer.stop()
    surveyor = Surveyor(module)
    for told in surveyor.functions() + surveyor.classes():
        tell({"event": "subject", **told})
    for told in surveyor.others():
        tell({"event": "class", **told})
    tell({"event": "constants", **constants(module)})
    arcs = sorted(tracer.arcs)
    return {"file": target_module.filename(module), "arcs": arcs, "module": module.__name__}


class Surveyor:
    """Reads one imported module."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.file = target_module.filename(module)
        self._met: dict[Any, Any] = {}

    def functions(self) -> list[Any]:
        told = []
        for name, value in list(vars(self.module).items())[: LIMIT * 4]:
            if not inspect.isclass(value) and callable(value) and self._own(value):
                told.append({"kind": "function", "name": name, **self._home(name, value)})
                told[-1].update(self.signature(value))
        return told[:LIMIT]

    def classes(self) -> list[Any]:
        told = []
        for name, value in list(vars(self.module).items()):
            if inspect.isclass(value) and self._own(value) and value.__name__ == name:
                told.append(self.class_(value, members=True))
        return told[:LIMIT]

    def others(self) -> list[Any]:
        """Classes of other modules that hints name: how they are made."""
        told, done = [], set()
        for _ in range(3):
            for kind in list(self._met.values()):
                if kind not in done and not self._own(kind) and kind.__module__ != "builtins":
                    done.add(kind)
                    told.append(self.class_(kind, members=False))
        return told[:LIMIT]

    def class_(self, kind: type, members: bool) -> dict[Any, Any]:
        told = {
            "kind": "class",
            "name": kind.__qualname__,
            "module": kind.__module__,
            "abstract": inspect.isabstract(kind) or typing.Protocol in kind.__mro__,
            "bases": [base.__qualname__ for base in kind.__mro__[1:-1]],
            "enum": [m.name for m in list(kind)[:20]] if issubclass(kind, enum.Enum) else [],
            **self._home(kind.__qualname__, kind),
            **self.signature(kind),
        }
        if members:
            told["members"] = self._members(kind)
        return told

    def _home(self, name: str, value: object) -> dict[Any, Any]:
        """The nearest public package that offers what a private module defines."""
        parts = self.module.__name__.split(".")
        private = any(part.startswith("_") for part in parts)
        for length in range(len(parts) - 1, 0, -1) if private else ():
            home = ".".join(parts[:length])
            public = not any(part.startswith("_") for part in parts[:length])
            if public and getattr(sys.modules.get(home), name, None) is value:
                return {"home": home}
        return {}

    def _members(self, kind: type) -> list[Any]:
        told, seen = [], set()
        for base in kind.__mro__:
            if not self._own(base):
                continue
            for name, value in list(vars(base).items()):
                special = name.startswith("__") and name.endswith("__") and name not in _SILENT
                if name in seen or (name.startswith("_") and not special):
                    continue
                seen.add(name)
                member = self._member(name, value)
                if member:
                    told.append(member)
        return told

    def _member(self, name: str, value: object) -> dict[Any, Any] | None:
        if isinstance(value, property) or type(value).__name__ == "cached_property":
            return {"kind": "property", "name": name, "parameters": []}
        kind = "method"
        if isinstance(value, (staticmethod, classmethod)):
            kind = type(value).__name__
            value = value.__func__
        if inspect.isclass(value) or not callable(value) or not self._own(value):
            return None
        told = self.signature(value)
        if kind != "staticmethod":
            told["parameters"] = told["parameters"][1:]
        return {"kind": kind, "name": name, **told}

    def _own(self, value: object) -> bool:
        if inspect.isclass(value):
            return bool(value.__module__ == self.module.__name__)
        code = getattr(_plain(value), "__code__", None)
        return bool(code is not None and code.co_filename == self.file)

    def signature(self, value: Any) -> dict[Any, Any]:
        told: dict[Any, Any] = {"parameters": [], "async": False}
        plain = _plain(value)
        if not inspect.isclass(value):
            told["async"] = inspect.iscoroutinefunction(plain)
            told["asyncgen"] = inspect.isasyncgenfunction(plain)
            told["context"] = _is_context(value)
        try:
            parameters = list(inspect.signature(value).parameters.values())
        except (ValueError, TypeError):
            return {**told, "unknown": True}
        hints = self._hints(value)
        told["parameters"] = [self._parameter(item, hints) for item in parameters[:30]]
        return told

    def _parameter(self, item: inspect.Parameter, hints: dict[Any, Any]) -> dict[Any, Any]:
        hint = hints.get(item.name, inspect.Parameter.empty)
        told: dict[str, Any] = {
            "name": item.name,
            "kind": item.kind.name,
            "type": types_of.tree(hint),
        }
        told["hinted"] = item.annotation is not inspect.Parameter.empty
        if told["hinted"] and item.name not in hints:
            told["type"] = {"t": "unknown"}
        self._meet(hint)
        if item.default is not inspect.Parameter.empty:
            made = expressions.ExpressionWriter().express(item.default)
            told["default"] = made.text if made and not made.names else ""
        return told

    def _hints(self, value: Any) -> dict[Any, Any]:
        plain = _plain(value)
        owner = plain.__init__ if inspect.isclass(plain) else plain
        if inspect.isclass(plain) and plain.__init__ is object.__init__:
            owner = plain.__new__
        space = {**vars(typing), **_abstract(), **vars(self.module)}
        space = {**space, **getattr(owner, "__globals__", {})}
        try:
            found = typing.get_type_hints(owner, space)
            if hasattr(plain, "_fields") and inspect.isclass(plain):
                found = typing.get_type_hints(plain, space)
            return found
        except Exception:
            return self._hints_apart(owner, space)

    @staticmethod
    def _hints_apart(owner: Any, space: dict[Any, Any]) -> dict[Any, Any]:
        """Hint by hint, where one can't be evaluated (a name for type checkers only)."""
        found = {}
        for name, hint in getattr(owner, "__annotations__", {}).items():
            try:
                found[name] = eval(hint, space) if isinstance(hint, str) else hint
            except Exception:
                continue
        return found

    def _meet(self, hint: object, depth: int = 0) -> None:
        if inspect.isclass(hint):
            self._met.setdefault(hint.__module__ + "." + hint.__qualname__, hint)
        if depth < 4:
            for arg in typing.get_args(hint):
                self._meet(arg, depth + 1)


def constants(module: Any) -> dict[Any, Any]:
    """Literals and patterns among the module's globals, also those it has imported."""
    found: dict[Any, Any] = {"literals": [], "patterns": []}
    items = list(vars(module).items())[:500]
    for _, value in list(items):
        if inspect.isclass(value) and value.__module__ == module.__name__:
            items += list(vars(value).items())[:100]
    for name, value in items[:3000]:
        if name.startswith("__"):
            continue
        if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
            found["patterns"].append([name, value.pattern[:1000], value.flags])
        elif isinstance(value, (str, int, float, list, tuple, dict, set, frozenset)):
            found["literals"] += [[name, text] for text in _leaves(value)]
    return {"literals": found["literals"][:2000], "patterns": found["patterns"][:200]}


def _leaves(value: object, depth: int = 0) -> list[Any]:
    if isinstance(value, (str, int, float)) and type(value) in (str, int, float):
        text = repr(value)
        return [text] if len(text) <= 80 else []
    if depth > 3 or not isinstance(value, (list, tuple, dict, set, frozenset)):
        return []
    try:
        items = list(value)[:60]
        if isinstance(value, (set, frozenset)):
            items.sort(key=repr)
        if isinstance(value, dict):
            items += list(value.values())[:60]
    except Exception:
        return []
    return [text for item in items for text in _leaves(item, depth + 1)]


def _plain(value: Any) -> Any:
    """The function below decorators."""
    for _ in range(20):
        if hasattr(value, "func") and type(value).__name__ in ("partial", "cached_property"):
            value = value.func
        inner = getattr(value, "__wrapped__", None)
        if inner is None:
            break
        value = inner
    return getattr(value, "__func__", value)


def _is_context(value: Any) -> bool:
    code = getattr(value, "__code__", None)
    return bool(code and code.co_name == "helper" and "contextlib" in code.co_filename)


def _abstract() -> dict[Any, Any]:
    import collections.abc

    return vars(collections.abc)
