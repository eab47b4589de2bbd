"""Tests that the caller wrote: shown to the gates like any others."""

from __future__ import annotations

import ast
from collections.abc import AsyncGenerator, Sequence

from qe_action.generators.port import Candidate, Job, Proposal, Trouble, Verdicts

_TESTS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class ProvidedTests:
    """Each test function or class of some sources is a candidate, with the imports it stands under.

    What a source has at its top beside imports and tests is taken along with every test.
    """

    name = "given"

    def __init__(self, sources: Sequence[str]) -> None:
        self._sources = tuple(sources)

    async def candidates(self, job: Job, verdicts: Verdicts) -> AsyncGenerator[Proposal, None]:
        """The tests as they are, whatever becomes of them."""
        del verdicts
        for number, source in enumerate(self._sources):
            try:
                tree = ast.parse(source)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                name = f"source_{number}"
                yield Candidate(f"given-{number}", name, source, (), job.target, "")
                continue
            found = [node for node in tree.body if _is_test(node)]
            if not found:
                yield Trouble(job.target, f"The {number + 1}. source has no test.")
            for node in found:
                yield self._candidate(source, tree, node, job, number)

    def _candidate(
        self, source: str, tree: ast.Module, node: ast.stmt, job: Job, number: int
    ) -> Candidate:
        assert isinstance(node, _TESTS)
        lines = source.splitlines()
        imports = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
        helpers = [
            n
            for n in tree.body
            if n not in imports and not _is_test(n) and not _is_docstring(n, tree)
        ]
        code = "\n\n\n".join(_text(lines, part) for part in (*helpers, node))
        return Candidate(
            id=f"given-{number}-{node.name}",
            name=node.name,
            code=code,
            imports=tuple(ast.unparse(line) for line in imports),
            target=job.target,
            qualname="",
            generator=self.name,
        )


def _is_test(node: ast.stmt) -> bool:
    if isinstance(node, ast.ClassDef):
        return node.name.startswith("Test") or any("TestCase" in ast.unparse(b) for b in node.bases)
    return isinstance(node, _TESTS) and node.name.startswith("test")


def _is_docstring(node: ast.stmt, tree: ast.Module) -> bool:
    return node is tree.body[0] and isinstance(node, ast.Expr)


def _text(lines: Sequence[str], node: ast.stmt) -> str:
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    return "\n".join(lines[first - 1 : node.end_lineno])
