"""What statements can be seen to do: return, raise, set an attribute, call something."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from qe_action.analysis.advice.assignments import (
    QUIET,
    SHORT,
    Local,
    changed_inside,
    set_by,
    set_inside,
)
from qe_action.analysis.advice.conditions import Clause
from qe_action.analysis.advice.enclosing_blocks import Statement
from qe_action.analysis.advice.excerpt import clip, excerpt, safe
from qe_action.analysis.python_module import PythonModule, statements_of

End = Literal["return", "raise", "jump", "open"]

NEXT_ROUND = "go on with the next round of the loop"
LEAVE_LOOP = "leave the loop"
_LOWER_CASE_ERRORS = frozenset({"error", "herror", "gaierror", "timeout"})
"""Exceptions of the standard library that are not named as classes are."""
_CHANGES: dict[type[ast.operator], str] = {
    ast.Add: "add `{value}` to `{target}`",
    ast.Sub: "subtract `{value}` from `{target}`",
    ast.Mult: "multiply `{target}` by `{value}`",
    ast.Div: "divide `{target}` by `{value}`",
    ast.FloorDiv: "change `{target}` by `//= {value}`",
    ast.Mod: "change `{target}` by `%= {value}`",
    ast.Pow: "change `{target}` by `**= {value}`",
    ast.MatMult: "change `{target}` by `@= {value}`",
    ast.BitOr: "change `{target}` by `|= {value}`",
    ast.BitAnd: "change `{target}` by `&= {value}`",
    ast.BitXor: "change `{target}` by `^= {value}`",
    ast.LShift: "change `{target}` by `<<= {value}`",
    ast.RShift: "change `{target}` by `>>= {value}`",
}


class Outcome(NamedTuple):
    """One way through a piece of code: what has to hold on it, and what it then does.

    `effects` are verb phrases ("return `0`"). `end` says how it leaves the code; an `open`
    one goes on after it. `sets` are the local variables it sets, with their expressions.
    `straight` is the way past every test in the block itself. `last` is an open one's last line.
    """

    clauses: tuple[Clause, ...]
    effects: tuple[str, ...]
    end: End
    sets: tuple[Local, ...] = ()
    straight: bool = True
    last: int = 0


@dataclass(slots=True)
class Trace:
    """What the statements of one way through a block have done so far.

    Outside a function (`local` is false) every name that is set shows, as it is an attribute
    of the module or class. `strong` and `weak` are effects. `sets` has the local variables
    with their expressions, `grown` those that something was added to; of the former `telling`
    may explain a condition and `altered` hold objects that were changed since. `unclear` are
    variables set in one way or another. `onto` has what was done last to the object of one.
    """

    module: PythonModule
    local: bool
    strong: list[str] = field(default_factory=list)
    weak: list[str] = field(default_factory=list)
    sets: dict[str, str] = field(default_factory=dict)
    grown: dict[str, str] = field(default_factory=dict)
    telling: set[str] = field(default_factory=set)
    altered: set[str] = field(default_factory=set)
    unclear: set[str] = field(default_factory=set)
    onto: dict[str, str] = field(default_factory=dict)

    def note(self, node: Statement) -> None:
        """Add what a statement does by itself; of a compound one only what it may set."""
        if self.local and (again := set_by(node) & {*self.sets, *self.grown}):
            self._forget(again)
        match node:
            case ast.Assign(targets=[target, *_], value=value):
                self._set(target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._set(target, value)
            case ast.AugAssign():
                self._change(node)
            case ast.Delete(targets=[ast.Attribute() | ast.Subscript() as target, *_]):
                self._add(target, f"delete `{excerpt(self.module, target)}`")
            case ast.Expr(value=value):
                self._evaluate(value)
            case _ if not self.local:
                self._bind(node)
            case _ if any(statements_of(node)):
                self._forget(set_inside(node))
                self.altered |= changed_inside(node) & self.sets.keys()

    def open_end(self, clauses: Sequence[Clause], last: int) -> Outcome:
        """The way as it stands at the end of the block: two effects, or what it logs."""
        effects = self.strong[:2] or self.weak[:1]
        sets = [Local(name, text) for name, text in self.sets.items()]
        sets += [Local(name, text, grown=True) for name, text in self.grown.items()]
        return Outcome(tuple(clauses), tuple(effects), "open", tuple(sets), last=last)

    def end(self, node: Statement, clauses: Sequence[Clause]) -> Outcome:
        """The way as a jump ends it: its first effect and the jump's, of a `raise` only that."""
        end: End = "jump"
        match node:
            case ast.Raise(exc=error):
                return Outcome(tuple(clauses), (self._raising(error),), "raise")
            case ast.Return(value=value):
                last, end = self._returning(value), "return"
                if isinstance(value, ast.Name) and value.id in self.altered and not self.strong:
                    self.strong += filter(None, [self.onto.get(value.id)])
            case ast.Continue():
                last = NEXT_ROUND
            case _:
                last = LEAVE_LOOP
        effects = [effect for effect in (*self.strong[:1], last) if effect]
        return Outcome(tuple(clauses), tuple(effects), end)

    def explained(self, clauses: Sequence[Clause]) -> list[Clause]:
        """The clauses, with where one of their variables comes from."""
        found = []
        for clause in clauses:
            names = (name for name in self.sets if name in self.telling and name in clause.names)
            name = next(names, "")
            source = f"{safe(name)} = {self.sets[name]}" if name else clause.origin
            found.append(clause._replace(origin=source))
        return found

    def _set(self, target: ast.expr, value: ast.expr) -> None:
        text = excerpt(self.module, value)
        if isinstance(target, ast.Name) and self.local:
            self._forget({target.id})
            self.unclear.discard(target.id)
            self.sets[target.id] = text
            if not isinstance(value, ast.Constant | ast.Name) and len(text) <= SHORT:
                self.telling.add(target.id)
        elif isinstance(target, ast.Name | ast.Attribute | ast.Subscript):
            start = f"set `{excerpt(self.module, target)}` to "
            # What is set again was nothing to be seen.
            self.strong = [effect for effect in self.strong if not effect.startswith(start)]
            self._add(target, f"{start}`{text}`")

    def _change(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name) and self.local:
            # What the variable then holds is no expression of the source.
            self._forget({node.target.id})
            if isinstance(node.op, ast.Add):
                self.grown[node.target.id] = excerpt(self.module, node.value)
            return
        phrase = _CHANGES[type(node.op)]
        target, value = excerpt(self.module, node.target), excerpt(self.module, node.value)
        self._add(node.target, phrase.format(target=target, value=value))

    def _evaluate(self, value: ast.expr) -> None:
        match value:
            case ast.Yield(value=ast.expr() as what):
                self.strong.append(f"yield `{excerpt(self.module, what)}`")
            case ast.YieldFrom(value=what):
                self.strong.append(f"yield from `{excerpt(self.module, what)}`")
            case ast.Await(value=call):
                self.strong.append(f"await `{excerpt(self.module, call)}`")
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)):
                effect = f"call `{excerpt(self.module, value)}`"
                if name in QUIET:
                    self.weak.append(effect)
                else:
                    self._add(value, effect)

    def _bind(self, node: Statement) -> None:
        """Add the names that an import or a definition gives to a module or class."""
        match node:
            case ast.Import(names=[first, *_]):
                self.weak.append(f"import `{clip(safe(first.name))}`")
            case ast.ImportFrom(names=[first, *_], module=name):
                source = clip(safe(name or "."))
                self.weak.append(f"import `{clip(safe(first.name))}` from `{source}`")
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self.strong.append(f"define `{safe(node.name)}`")

    def _add(self, target: ast.expr, effect: str) -> None:
        """Add an effect on an object; one on a local object is seen by the code itself only."""
        root = target
        while isinstance(root, ast.Attribute | ast.Subscript | ast.Call):
            root = root.func if isinstance(root, ast.Call) else root.value
        if isinstance(root, ast.Name) and root.id in self.sets and target is not root:
            self.altered.add(root.id)
            self.onto[root.id] = effect
            self.weak.append(effect)
        else:
            self.strong.append(effect)

    def _forget(self, names: set[str] | None) -> None:
        """Take variables, or with None all, as set to what can't be told."""
        gone = {*self.sets, *self.grown} if names is None else names
        self.unclear |= gone
        self.telling -= gone
        self.altered -= gone
        for name in gone:
            self.sets.pop(name, None)
            self.grown.pop(name, None)

    def _returning(self, value: ast.expr | None) -> str:
        match value:
            case None:
                return "return `None`"
            case ast.Name(id=name) if name in self.sets and name not in self.altered:
                return f"return `{self.sets[name]}`"
            case ast.Name(id=name) if name in self.unclear:
                return ""
            case _:
                return f"return `{excerpt(self.module, value)}`"

    def _raising(self, error: ast.expr | None) -> str:
        if error is None:
            return "raise the exception again"
        if not isinstance(error, ast.Call):
            known = self.sets.get(error.id, "") if isinstance(error, ast.Name) else ""
            made = known.partition("(")[0]
            named = made.rpartition(".")[2][:1].isupper()
            return f"raise `{made if named else excerpt(self.module, error)}`"
        if _is_class(self.module, error.func):
            return f"raise `{excerpt(self.module, error.func)}`"
        return f"raise what `{excerpt(self.module, error)}` returns"


def _is_class(module: PythonModule, node: ast.expr) -> bool:
    """Whether what is called seems to be a class: by its name, or as the module defines it."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            bare = name.lstrip("_")
            if bare[:1].isupper() or name in _LOWER_CASE_ERRORS:
                return True
            return any(isinstance(each.node, ast.ClassDef) for each in module.named(name))
        case _:
            return False
