"""What a test's source says before it is run: one check a reason, each with the line. Pure."""

from __future__ import annotations

import ast
import re
import symtable
from collections.abc import Callable, Iterator, Sequence

from qe_action.verify.bindings import TestText
from qe_action.verify.file_access import files_outside
from qe_action.verify.findings import Finding, at, first
from qe_action.verify.free_names import forbidden_names, runs_when_imported
from qe_action.verify.names import Names
from qe_action.verify.patching import changes_the_tested
from qe_action.verify.permitted_calls import reaches_outside
from qe_action.verify.permitted_imports import forbidden_imports, imported
from qe_action.verify.project_names import ProjectNames
from qe_action.verify.test_size import too_large, too_long

_SKIPPING = frozenset({"importorskip", "skipif", "skipIf", "skipUnless", "skipTest", "xfail",
                       "expectedFailure", "SkipTest"})  # fmt: skip
_FRAMEWORKS = frozenset({"pytest", "_pytest", "unittest"})
_VALUES = (ast.Constant, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.UnaryOp, ast.expr_context,
           ast.unaryop)  # fmt: skip
"""What plain values are made of."""
_ENCODING = re.compile(r"^[ \t]*#.*?coding[:=]", re.MULTILINE)
"""A comment by which a file is read otherwise than it is shown."""


def parsed(text: str) -> ast.Module:
    """The tree. Raises what parsing raises, also for what can be parsed and not be compiled."""
    tree = ast.parse(text)
    symtable.symtable(text, "test", "exec")
    return tree


def size(text: str, tree: ast.Module) -> Finding | None:
    """Where a test is larger than one may be."""
    return too_long(text) or first(too_large(tree))


def imports(text: str, tree: ast.Module, around: ProjectNames) -> Finding | None:
    """Where a test imports what it may not."""
    del text
    return first(forbidden_imports(tree, around))


def outside(text: str, tree: ast.Module, around: ProjectNames) -> Finding | None:
    """Where a test reaches what is not its own: processes, others, files, the interpreter."""
    read = TestText(tree, around)
    found = [
        *disguises(text),
        *forbidden_names(text, tree),
        *runs_when_imported(tree),
        *reaches_outside(read),
        *files_outside(read),
    ]
    return first(found)


def patched(text: str, tree: ast.Module, around: ProjectNames) -> Finding | None:
    """Where a test replaces what is tested, what others use too, or how other tests run."""
    del text
    return first(changes_the_tested(TestText(tree, around)))


def disguises(text: str) -> Iterator[Finding]:
    """Where a source looks otherwise than it runs."""
    for number, line in enumerate(text.split("\n"), 1):
        if not all(c.isprintable() or c == "\t" for c in line):
            yield Finding(number, "it has characters that can't be seen")
        elif _ENCODING.search(line):
            yield Finding(number, "it says how it is encoded")


def skips(tree: ast.AST) -> Finding | None:
    """Where a test says that it need not hold."""
    return first(_skips(tree))


def _skips(tree: ast.AST) -> Iterator[Finding]:
    names = Names(tree)
    for node in ast.walk(tree):
        for name in names.at(node):
            if word := _skipping(name):
                yield at(node, f"it uses {word}")
        if isinstance(node, ast.Attribute) and node.attr in _SKIPPING:
            yield at(node, f"it uses {node.attr}")


def _skipping(name: str) -> str:
    """The word in a full name by which a test is skipped."""
    top, _, rest = name.partition(".")
    last = rest.rpartition(".")[2] or top
    if last in _SKIPPING or (
        ".skip" in f".{rest}." and (top in _FRAMEWORKS or "mark.skip" in rest)
    ):
        return last
    if top in _FRAMEWORKS and last in {"skip", "Skipped"}:
        return last
    return "getattr" if top == "pytest" and rest.endswith("?") else ""


CHECKS: tuple[Callable[[str, ast.Module, ProjectNames], Finding | None], ...] = (
    imports,
    outside,
    patched,
)
"""What is looked at in a test that somebody else proposes, beside its size and that it skips."""


def unfit(code: str, imports_: Sequence[str]) -> str:
    """Why a stranger's test is none that would be proposed; empty where nothing shows that.

    It says what the test has at its top beside functions, classes and plain values, or by what it
    would be refused here. Of the project nothing is known, so that every library may be imported.
    That is no proof: whoever runs a test has to have read it. So nothing in it may look otherwise
    than it runs.
    """
    text = "\n".join((*imports_, code))
    found = too_long(text) or first(disguises(text))
    return str(found) if found else _does_more(text, code, imports_)


def _does_more(text: str, code: str, lines: Sequence[str]) -> str:
    try:
        head, tree, whole = ast.parse("\n".join(lines)), ast.parse(code), ast.parse(text)
        if not all(isinstance(node, ast.Import | ast.ImportFrom) for node in head.body):
            return "its imports are something else"
        if not all(map(_defines, tree.body)):
            return "it does something when it is imported"
        libraries = frozenset(name.partition(".")[0] for name in imported(whole))
        around = ProjectNames(allowed=libraries)
        found = first(too_large(whole)) or skips(whole)
        for check in CHECKS:
            found = found or check(text, whole, around)
    except (SyntaxError, ValueError, MemoryError):
        return "it can't be parsed"
    except RecursionError:
        return "it is nested too deeply"
    return str(found) if found else ""


def _defines(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return node.value is None or all(isinstance(part, _VALUES) for part in ast.walk(node.value))
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
