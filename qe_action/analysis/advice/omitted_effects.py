"""Effects that are better not told: what is no news, and what may happen all the same."""

from __future__ import annotations

from collections.abc import Sequence

from qe_action.analysis.advice.assignments import set_by
from qe_action.analysis.advice.enclosing_blocks import SCOPES, Step
from qe_action.analysis.python_module import DefinitionNode, PythonModule

_LINES = 1_000
"""Lines of a function in which the like of an effect is looked for."""


def denied(effects: Sequence[str], module: PythonModule, path: Sequence[Step]) -> list[str]:
    """That effects do not happen, of those that nothing else in the function has."""
    scope = next((s.parent for s in reversed(path) if isinstance(s.parent, SCOPES)), module.tree)
    first, last = getattr(scope, "lineno", 1), getattr(scope, "end_lineno", len(module.lines))
    text = "\n".join(module.lines[first - 1 : min(last, first + _LINES)])
    return [f"not {each}" for each in effects if text.count(_essence(each)) < 2]


def _essence(effect: str) -> str:
    """The code that has to stand once for an effect to be the only one of its kind."""
    verb, _, rest = effect.partition(" `")
    code, *more = rest.split("`")
    if verb == "call":
        return f"{code.partition('(')[0]}(" if "…" in code else code
    if verb == "set":
        return f"{code} = "
    if verb == "add" and len(more) > 1:
        return f"{more[1]} +="
    return f"{verb} {code}"


def names_a_local(node: DefinitionNode, effects: Sequence[str]) -> bool:
    """Whether all that is known is that a variable of the function's own is returned."""
    if len(effects) != 1 or not (name := effects[0].removeprefix("return `")[:-1]).isidentifier():
        return False
    return any(name in set_by(each) for each in node.body)
