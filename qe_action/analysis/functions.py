"""What is known of a function: how complex it is and how much of it the tests run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from qe_action.analysis.collect import Detail
from qe_action.analysis.emptiness import is_empty
from qe_action.analysis.python_module import DEFINITIONS, Clause, PythonModule, statements_of
from qe_action.analysis.source import Region, Regions

_DECISIONS = (
    *(ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While),
    *(ast.ExceptHandler, ast.comprehension),
)
_LEAVES = (ast.Name, ast.Constant, ast.expr_context, ast.operator, ast.cmpop)


class FunctionFacts(NamedTuple):
    """A function or method of the measured tree, lines inclusive, its body from `start` on.

    `statements` and `covered` count those of its own body, without functions inside it.
    `in_diff` says that a statement of it was added or changed. `complexity` is McCabe's,
    None where the source can't tell, or nothing of the function is missed. An `empty` function is
    declared only: `pass`, `...`, `NotImplementedError`.
    """

    name: str
    start: int
    end: int
    statements: int
    covered: int
    in_diff: bool = False
    complexity: int | None = None
    empty: bool = False

    @property
    def called(self) -> bool:
        """Whether any statement of the body ran."""
        return self.covered > 0

    @property
    def crap(self) -> float | None:
        """Change risk: complexity² x (1 - coverage)³ + complexity (Savoia and Evans, 2007)."""
        if self.complexity is None or not self.statements:
            return None
        missed = (self.statements - self.covered) / self.statements
        return float(self.complexity**2 * missed**3 + self.complexity)


def function_facts(
    detail: Detail, module: PythonModule, touched: frozenset[int]
) -> dict[Region, FunctionFacts]:
    """The functions of a Python file that hold statements, by their bodies."""
    found = {}
    lacking = lacking_regions(detail, module.regions)
    for region, count in _counts(detail, module.regions, touched).items():
        definition = module.by_start[region.start, region.name]
        if definition.is_function:
            # Of the others nobody asks how complex they are.
            paths = complexity(definition.node) if region in lacking else None
            found[region] = _facts(region, count, paths)._replace(empty=is_empty(definition.node))
    return found


def lacking_regions(detail: Detail, regions: Regions) -> set[Region]:
    """The functions and classes with a missed statement or branch."""
    missed = [line for line, hit in zip(detail.lines, detail.covered, strict=True) if not hit]
    missed += [line for line, branch in detail.branches.items() if branch.covered < branch.total]
    return {owner for line in missed if (owner := regions.owner(line)) is not None}


def reported_facts(
    detail: Detail, regions: Regions, touched: frozenset[int]
) -> dict[Region, FunctionFacts]:
    """The functions that the report itself lists; how complex they are is not known."""
    return {
        region: _facts(region, count) for region, count in _counts(detail, regions, touched).items()
    }


def _counts(
    detail: Detail, regions: Regions, touched: frozenset[int]
) -> dict[Region, tuple[int, int, int]]:
    """Statements, covered and touched ones of each region's own lines."""
    counts: dict[Region, tuple[int, int, int]] = {}
    for line, covered in zip(detail.lines, detail.covered, strict=True):
        owner = regions.owner(line)
        if owner is not None:
            statements, hit, changed = counts.get(owner, (0, 0, 0))
            counts[owner] = (statements + 1, hit + covered, changed + (line in touched))
    return counts


def _facts(
    region: Region, count: tuple[int, int, int], complexity: int | None = None
) -> FunctionFacts:
    statements, covered, changed = count
    return FunctionFacts(
        region.name, region.start, region.end, statements, covered, bool(changed), complexity
    )


def complexity(function: ast.AST) -> int:
    """McCabe's cyclomatic complexity: one more than the decisions of the function's own body.

    Decisions are if, elif and the conditional expression, loops, `for` and `if` of
    comprehensions, except, each case that can fail to match, each further operand of `and`
    and `or`. Functions inside count for themselves.
    """
    return 1 + sum(map(_decisions, _own_nodes(function)))


def _decisions(node: ast.AST) -> int:
    if isinstance(node, ast.BoolOp):
        return len(node.values) - 1
    if isinstance(node, ast.comprehension):
        return 1 + len(node.ifs)
    if isinstance(node, ast.match_case):
        return node.guard is not None or not _always_matches(node.pattern)
    return isinstance(node, _DECISIONS)


def _always_matches(pattern: ast.pattern) -> bool:
    return isinstance(pattern, ast.MatchAs) and pattern.pattern is None


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of the body, without leaves and what is inside of functions and classes in it."""
    stack: list[object] = list(getattr(function, "body", ()))
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            stack.extend(node)
        elif isinstance(node, ast.AST) and not isinstance(node, _LEAVES):
            yield node
            if not isinstance(node, DEFINITIONS):
                stack.extend(vars(node).values())


class ErrorLines:
    """Which lines of a module deal with errors: those of except handlers, and `raise`."""

    def __init__(self, module: PythonModule) -> None:
        self._handling: set[int] = set()
        self._raising: set[int] = set()
        stack: list[ast.Module | Clause] = [module.tree]
        while stack:
            node = stack.pop()
            stack.extend(statements_of(node))
            if isinstance(node, ast.ExceptHandler):
                self._handling.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
            elif isinstance(node, ast.Raise):
                self._raising.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))

    def handles(self, lines: tuple[int, ...]) -> bool:
        """Whether any of the lines handles an error that was raised."""
        return not self._handling.isdisjoint(lines)

    def raises(self, lines: tuple[int, ...]) -> bool:
        """Whether any of the lines raises an error."""
        return not self._raising.isdisjoint(lines)
