"""One call: run under the tracer, and described as far as a test could assert it."""

from __future__ import annotations

import importlib
import itertools
from typing import Any

from . import isolation, tracing
from .exception_facts import ExceptionFacts
from .value_facts import fields_of, told_of

EACH = "*"
"""Stands for a list or tuple of iterators."""
MANY = 30
"""How many items of an iterator are looked at."""
_SPOILING = {"threads", "recursion limit"}
"""What a call may leave behind that makes the process useless for others."""


class TracedCall:
    """Runs cases in this process. After a case that set `spoilt` it should be left."""

    def __init__(
        self,
        tracer: tracing.Tracer,
        state: isolation.ProcessState,
        detail: bool,
        every: bool,
        root: str = "",
    ) -> None:
        self.tracer, self.state = tracer, state
        self.detail, self.every = detail, every or detail
        self._poor: set[Any] = set()
        self.spoilt = False
        self.caches: list[Any] = []
        self._spaces: dict[Any, Any] = {}
        self._errors = ExceptionFacts(tracer, root)

    def run(self, case: dict[Any, Any], seen: set[Any]) -> dict[Any, Any] | None:
        """What came of a case, or None where there's nothing to say."""
        try:
            space = self._space(case)
            arrange = compile(case["arrange"], "<arrange>", "exec") if case["arrange"] else None
            act = compile(case["act"], "<act>", "eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError, AttributeError, ImportError):
            return {"n": case["n"], "outcome": "invalid"} if self.every else None
        found: dict[Any, Any] = {}
        changed, files = self._isolated(space, arrange, act, case, found)
        new = [arc for arc in self.tracer.arcs if arc not in seen]
        if not new and not self.every:
            stopped = found["outcome"] == "stopped"
            return {"n": case["n"], "outcome": "stopped"} if stopped else None
        told = {"n": case["n"], "outcome": found["outcome"], "arcs": sorted(self.tracer.arcs)}
        if found["outcome"] == "raised":
            told["raised"] = self._errors.told(found["raised"])
        good = found["outcome"] == "value" or (
            found["outcome"] == "raised" and told["raised"]["explicit"]
        )
        if not good and not self.every:
            if all(arc in self._poor for arc in new):
                return None
            self._poor.update(new)
        told["good"] = bool(good and not changed)
        told["iterator"] = found.get("iterator")
        if "value" in found and (self.every or good):
            told["repr"] = _repr(found["value"])[:200]
            told["type"] = type(found["value"]).__qualname__
        if self.detail:
            told.update(self._described(found, space, case))
            told["changed"], told["files"] = changed, files
            told["act_printed"] = self.state.out.text[found.get("mark", 0) :]
            told["printed"] = self.state.out.text if not self.state.out.dropped else None
        return told

    def _isolated(
        self,
        space: dict[Any, Any],
        arrange: Any,
        act: Any,
        case: dict[Any, Any],
        found: dict[Any, Any],
    ) -> tuple[list[Any], dict[Any, Any]]:
        """Run it, and undo what it did to the process: what that was, and the files it wrote."""
        for clear in self.caches:
            clear()
        self.state.enter()
        space["tmp_path"] = _path(self.state.tmp_path)
        try:
            self._call(space, arrange, act, case, found)
        finally:
            kept = self.tracer.stop()
            changed = self.state.leave()
        files = self.state.files()
        if not kept:
            changed.append("trace function")
        self.spoilt = bool(_SPOILING & set(changed))
        refused = self.state.guard.refused
        if refused:
            found["outcome"], found["detail"] = "refused", refused
        return changed, files

    def _space(self, case: dict[Any, Any]) -> dict[Any, Any]:
        key = tuple(case["names"].items())
        if key not in self._spaces:
            space: dict[Any, Any] = {}
            for name, module in key:
                if module:
                    space[name] = getattr(importlib.import_module(module), name)
                else:
                    space[name] = importlib.import_module(name)
            self._spaces[key] = space
        return dict(self._spaces[key])

    def _call(
        self,
        space: dict[Any, Any],
        arrange: Any,
        act: Any,
        case: dict[Any, Any],
        found: dict[Any, Any],
    ) -> None:
        """Arrange, act, and take an iterator's first items, all of it traced."""
        try:
            self.tracer.start()
            if arrange is not None:
                found["outcome"] = "unarranged"
                exec(arrange, space)
            if self.detail:
                self.tracer.stop()
                found["before"] = self._watched(space, case)
                self.tracer.start_again()
            found["outcome"] = "raised"
            found["mark"] = len(self.state.out.text)
            value = eval(act, space)
            if case.get("how") == "with":
                with value as inner:
                    value = inner
            kind = type(value)
            if _iterates(value):
                found["iterator"] = kind.__name__
                value = list(itertools.islice(value, MANY + 1))
                found["ended"] = len(value) <= MANY
            elif kind in (list, tuple) and 0 < len(value) <= 5 and all(map(_iterates, value)):
                found["iterator"] = EACH
                value = [list(itertools.islice(item, MANY + 1)) for item in value]
                found["ended"] = all(len(item) <= MANY for item in value)
            found["outcome"], found["value"] = "value", value
        except tracing.Stop:
            found["outcome"] = "stopped"
        except (MemoryError, RecursionError) as error:
            self.spoilt = True
            found["outcome"], found["detail"] = "stopped", type(error).__name__
        except BaseException as error:
            if found["outcome"] == "raised":
                found["raised"] = error

    def _watched(self, space: dict[Any, Any], case: dict[Any, Any]) -> dict[Any, Any]:
        """The public attributes (or the whole) of the watched names, as expressions."""
        seen = {}
        for name in case.get("watch", ()):
            value = space.get(name)
            if isinstance(value, (list, dict, set, bytearray)):
                seen[name] = told_of(value)
                continue
            for attribute, item in list(getattr(value, "__dict__", {}).items())[:12]:
                if not attribute.startswith("_"):
                    seen[name + "." + attribute] = told_of(item)
        return seen

    def _described(
        self, found: dict[Any, Any], space: dict[Any, Any], case: dict[Any, Any]
    ) -> dict[Any, Any]:
        told: dict[Any, Any] = {"ended": found.get("ended", True)}
        told["detail"] = found.get("detail", "")
        if found["outcome"] not in ("value", "raised"):
            return told
        after = self._watched(space, case)
        before = found.get("before", {})
        told["state"] = {
            name: made for name, made in after.items() if made and made != before.get(name)
        }
        if found["outcome"] == "value":
            value = found["value"]
            told["same"] = [n for n in case.get("watch", ()) if value is space.get(n)]
            told["value"] = told_of(value)
            told["type"] = type(value).__qualname__
            told["module"] = type(value).__module__
            told["repr"] = _repr(value)
            if told["value"] is None:
                told["fields"] = {a: made for a, made in fields_of(value).items() if made}
        return told


def caches_of(module: Any) -> list[Any]:
    """What empties the caches of a module's functions: a cached call shows nothing of its body."""
    owners = [module, *(item for item in list(vars(module).values()) if isinstance(item, type))]
    return [
        item.cache_clear
        for owner in owners
        for item in list(vars(owner).values())
        if hasattr(item, "cache_clear") and hasattr(item, "__wrapped__")
    ]


def _iterates(value: object) -> bool:
    return hasattr(type(value), "__next__") and hasattr(type(value), "__iter__")


def _repr(value: object) -> str:
    try:
        return repr(value)[:500]
    except Exception:
        return ""


def _path(folder: str) -> Any:
    import pathlib

    return pathlib.Path(folder)
