"""Which way out of a line was never taken, in words.

The words are those of coverage.py's reports: the condition was never true, the loop was
never started, the pattern never matched. Where a branch leads is told from the source alone;
an interpreter or a coverage.py of another version may draw it otherwise, and then there are
no words rather than wrong ones.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from qe_action.analysis.advice.enclosing_blocks import (
    LOOPS,
    Statement,
    Step,
    on_header_line,
    path_to,
    start_of,
)
from qe_action.analysis.advice.excerpt import safe
from qe_action.analysis.python_module import FUNCTIONS, PythonModule
from qe_action.events import BASE_LINE

Kind = Literal[
    "true", "false", "started", "completed", "matched", "unmatched", "caught", "uncaught"
]  # fmt: skip

EXIT = "exit"
_NEVER: dict[Kind, str] = {
    "true": "the condition on line {line} was never true",
    "false": "the condition on line {line} was never false",
    "started": "the loop on line {line} never started",
    "completed": "the loop on line {line} never completed",
    "matched": "the pattern on line {line} never matched",
    "unmatched": "the pattern on line {line} always matched",
    "caught": "the exception that line {line} catches never happened",
    "uncaught": "every exception that came to line {line} was caught there",
}
_LOOK_AHEAD = 20
"""Statements without code of their own that may follow each other before one that has some."""
_TRIES = (ast.Try, ast.TryStar)


@dataclass(frozen=True, slots=True)
class Way:
    """A way out of a line that was never taken.

    `kind` says what would have had to happen: the condition `true` or `false`, the loop
    `started` or `completed`, the pattern `matched` or `unmatched`, the exception `caught`
    or `uncaught`. `scope` is what an exit leaves: "the function `f`", "the module".
    """

    kind: Kind
    scope: str

    def words(self, line: int | str, target: str) -> str:
        """A clause without a full stop, code in backticks.

        `line` is where the branch stands, `target` where it leads: a line as text, `exit`,
        or words for a line that has no number.
        """
        return f"{_NEVER[self.kind].format(line=line)}, so it never {self._onward(line, target)}"

    def _onward(self, line: int | str, target: str) -> str:
        if target == EXIT:
            return f"left {self.scope} from there"
        if not target.isdecimal():
            return f"went on to {target}"
        back = str(line).isdecimal() and int(target) <= int(line)
        return f"went {'back' if back else 'on'} to line {target}"


def ways(module: PythonModule, line: int, missing: Sequence[str]) -> tuple[Way | None, ...]:
    """What the report's missing branches of a line mean, one each, in their order.

    `missing` holds lines as text and `exit`. None where the source does not tell: no branch
    that we know begins on that line, or it does not lead there, or several ways lead there.
    """
    path = path_to(module, line)
    if not path or start_of(module, path[-1].node) != line:
        return (None,) * len(missing)
    sides = _sides(module, path)
    scope = _scope(path)
    return tuple(_way(sides, target, scope) for target in missing)


def said(found: Sequence[Way | None], exits: Iterable[tuple[int | str, str]]) -> tuple[str, ...]:
    """A clause for each way that was never taken, by what `ways` found of it.

    `exits` are the line that each begins on and its target: a line as text, `exit`, or the
    report's own words for one. A line that has no number is given in words.
    """
    return tuple(
        way.words(line, name) if way and str(line).isdecimal() else _plainly(line, name)
        for way, (line, name) in zip(found, exits, strict=True)
    )


def _plainly(line: int | str, name: str) -> str:
    """What can be said without the source."""
    begins = f"line {line}" if str(line).isdecimal() else line
    if name == EXIT:
        return f"it never left the function from {begins}"
    if name.isdecimal():
        return f"it never went from {begins} to line {name}"
    return f"it never went from {begins} to {name}" if name == BASE_LINE else name


def _way(sides: dict[Kind, set[str]], target: str, scope: str) -> Way | None:
    kinds = [kind for kind, targets in sides.items() if target in targets]
    return Way(kinds[0], scope) if len(kinds) == 1 else None


def _sides(module: PythonModule, path: list[Step]) -> dict[Kind, set[str]]:
    """Where each way out of the last step's statement may lead."""
    match path[-1].node:
        case ast.If() | ast.While() as node:
            inward, onward = _bodies(module, path, node)
            return {"true": inward, "false": onward}
        case ast.For() | ast.AsyncFor() as node:
            inward, onward = _bodies(module, path, node)
            return {"started": inward, "completed": onward}
        case ast.match_case() as node:
            following = path[-1].block[path[-1].at + 1 : path[-1].at + 2]
            onward = {str(start_of(module, case)) for case in following}
            inward = _into(module, path, node, "body")
            return {"matched": inward, "unmatched": onward or _after(module, path[:-1])}
        case ast.ExceptHandler() as node:
            following = path[-1].block[path[-1].at + 1 : path[-1].at + 2]
            onward = {str(start_of(module, handler)) for handler in following} or {EXIT}
            return {"caught": _into(module, path, node, "body"), "uncaught": onward}
        case _:
            return {}


def _bodies(
    module: PythonModule, path: list[Step], node: ast.If | ast.While | ast.For | ast.AsyncFor
) -> tuple[set[str], set[str]]:
    onward = _into(module, path, node, "orelse") if node.orelse else _after(module, path)
    return _into(module, path, node, "body"), onward


def _into(module: PythonModule, path: list[Step], node: Statement, field: str) -> set[str]:
    """Where a way into one of a statement's blocks may lead, without the line it comes from."""
    block: Sequence[ast.stmt] = getattr(node, field)
    inner = [*path, Step(node, field, block, 0)]
    here = str(start_of(module, node))
    if field == "body" and on_header_line(module, block[0]):
        # All of it is one line to the report, so the way out of it is the body's.
        inner[-1] = Step(node, field, block, len(block) - 1)
        return _leaving(module, inner) - {here}
    targets, ended = _first_lines(module, block)
    return (targets if ended else targets | _after(module, inner)) - {here}


def _leaving(module: PythonModule, path: list[Step]) -> set[str]:
    """Where control goes after the last step's simple statement."""
    node = path[-1].node
    if isinstance(node, ast.Return):
        return {EXIT}
    if isinstance(node, ast.Raise):
        return _raised(path)
    if isinstance(node, ast.Break | ast.Continue):
        for at in range(len(path) - 1, -1, -1):
            if isinstance(path[at].parent, LOOPS) and path[at].field == "body":
                loop = path[:at]
                if isinstance(node, ast.Continue):
                    return {str(start_of(module, loop[-1].node))}
                return _after(module, loop)
        return set()
    return _after(module, path)


def _raised(path: list[Step]) -> set[str]:
    for step in reversed(path):
        if isinstance(step.parent, FUNCTIONS):
            break
        if isinstance(step.parent, _TRIES) and step.field == "body" and step.parent.handlers:
            return {str(step.parent.handlers[0].lineno)}
    return {EXIT}


def _after(module: PythonModule, path: list[Step]) -> set[str]:
    """Where control may go when the last step's statement is done, as lines or `exit`."""
    found: set[str] = set()
    for at in range(len(path) - 1, -1, -1):
        step = path[at]
        if step.field not in ("handlers", "cases"):
            targets, ended = _first_lines(module, step.block[step.at + 1 :][:_LOOK_AHEAD])
            found |= targets
            if ended:
                return found
        onward, ended = _end_of_block(module, step)
        found |= onward
        if ended:
            return found
    return found


def _end_of_block(module: PythonModule, step: Step) -> tuple[set[str], bool]:
    """Where control may go at the end of a block, and whether it goes nowhere else."""
    parent = step.parent
    if isinstance(parent, (*FUNCTIONS, ast.ClassDef, ast.Module)):
        return {EXIT}, True
    if isinstance(parent, LOOPS) and step.field == "body":
        return {str(parent.lineno)}, True
    if isinstance(parent, ast.With | ast.AsyncWith):
        # The context manager's exit runs on the line of `with`, which some reports show.
        return {str(parent.lineno)}, False
    if isinstance(parent, _TRIES) and step.field != "finalbody":
        following = parent.orelse if step.field == "body" else []
        return _first_lines(module, [*following, *parent.finalbody][:_LOOK_AHEAD])
    return set(), False


def _first_lines(module: PythonModule, block: Sequence[Statement]) -> tuple[set[str], bool]:
    """The lines a block may begin on, and whether it surely begins on one of them.

    Statements that an interpreter may leave out are followed by their successors.
    """
    found: set[str] = set()
    for node in block:
        found.add(str(start_of(module, node)))
        if isinstance(node, ast.While) and isinstance(node.test, ast.Constant):
            return found | {str(start_of(module, node.body[0]))}, True
        if not _maybe_without_code(node):
            return found, True
    return found, False


def _maybe_without_code(node: Statement) -> bool:
    """Whether an interpreter may compile nothing for a statement's own line."""
    match node:
        case ast.Global() | ast.Nonlocal():
            return True
        case ast.AnnAssign(value=None) | ast.Expr(value=ast.Constant()):
            return True
        case ast.If(test=ast.Constant() | ast.Name(id="__debug__")):
            return True
        case _:
            return False


def _scope(path: list[Step]) -> str:
    for step in reversed(path):
        if isinstance(step.parent, FUNCTIONS):
            return f"the function `{safe(step.parent.name)}`"
        if isinstance(step.parent, ast.ClassDef):
            return f"the class `{safe(step.parent.name)}`"
    return "the module"
