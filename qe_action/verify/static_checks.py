"""What a test's source says before it is run: its imports and forbidden calls. Pure."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Sequence

from qe_action.verify.names import Names

_NOT_FOR_TESTS = frozenset({
    "_posixsubprocess", "_socket", "_thread", "antigravity", "asyncore", "asynchat", "cgi",
    "code", "codeop", "ctypes", "ensurepip", "ftplib", "idlelib", "imaplib", "importlib",
    "multiprocessing", "nntplib", "poplib", "posix", "pty", "runpy", "sched", "select",
    "selectors", "signal", "site", "smtplib", "socket", "socketserver", "ssl", "subprocess",
    "telnetlib", "tkinter", "turtle", "venv", "webbrowser", "xmlrpc", "zipimport",
})  # fmt: skip
"""Modules of the standard library that sleep, start processes, talk, or import by other ways."""
_ALWAYS_REFUSED = ("subprocess", "socket", "multiprocessing", "http.client", "http.server",
                   "urllib.request", "_socket", "_posixsubprocess", "ftplib", "smtplib",
                   "socketserver", "xmlrpc", "pty", "webbrowser")  # fmt: skip
"""Not even where the project uses them: a test has no network and starts no process."""
_OUTSIDE: dict[str, frozenset[str]] = {
    "os": frozenset({"system", "popen", "fork", "forkpty", "kill", "killpg", "_exit", "abort",
                     "execv", "execve", "execl", "execle", "execlp", "execvp", "execvpe",
                     "spawnl", "spawnv", "spawnve", "spawnlp", "spawnvp", "posix_spawn",
                     "posix_spawnp", "startfile", "?", "__dict__"}),
    "time": frozenset({"sleep", "?", "__dict__"}),
    "threading": frozenset({"Timer"}),
    "asyncio": frozenset({"sleep", "create_subprocess_exec", "create_subprocess_shell",
                          "open_connection", "open_unix_connection", "start_server", "?"}),
    "sys": frozenset({"exit", "modules", "settrace", "setprofile", "?", "__dict__"}),
    "pytest": frozenset({"exit", "?", "__dict__"}),
    "builtins": frozenset({"exec", "eval", "__import__", "input", "exit", "quit", "?"}),
    "urllib": frozenset({"request"}),
    "requests": frozenset({"get", "post", "put", "patch", "delete", "head", "options", "request",
                           "Session", "session"}),
    "httpx": frozenset({"get", "post", "put", "patch", "delete", "head", "options", "request",
                        "stream", "Client", "AsyncClient"}),
    "urllib3": frozenset({"PoolManager", "request", "HTTPConnectionPool", "HTTPSConnectionPool"}),
    "aiohttp": frozenset({"ClientSession", "request"}),
}  # fmt: skip
_BUILTINS = frozenset({"exec", "eval", "__import__", "input", "breakpoint", "exit", "quit",
                       "globals", "__builtins__"})  # fmt: skip
_HIDDEN = frozenset({"__globals__", "__builtins__", "__subclasses__", "__loader__",
                     "__getattribute__", "f_globals", "f_locals", "f_back"})  # fmt: skip
_SKIPPING = frozenset({"importorskip", "skipif", "skipIf", "skipUnless", "skipTest", "xfail",
                       "expectedFailure", "SkipTest"})  # fmt: skip
_VALUES = (ast.Constant, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.UnaryOp, ast.expr_context,
           ast.unaryop)  # fmt: skip
"""What plain values are made of."""
_ENCODING = re.compile(r"^[ \t]*#.*?coding[:=]", re.MULTILINE)
"""A comment by which a file is read otherwise than it is shown."""
_FRAMEWORKS = frozenset({"pytest", "_pytest", "unittest"})


def imported(tree: ast.AST) -> set[str]:
    """The names of all modules that are imported, anywhere; a relative one begins with a dot."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
            if node.level == 0 and node.module:
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def refused_import(tree: ast.AST, allowed: frozenset[str]) -> str | None:
    """The first module that a test may not import.

    It may import the standard library, pytest, and `allowed`: other top-level names, those of the
    project and what it or its tests import. Nothing makes up for what starts processes or talks.
    """
    for name in sorted(imported(tree)):
        if name.startswith(".") or _is_below(name, _ALWAYS_REFUSED):
            return name
        top = name.partition(".")[0]
        usual = top in sys.stdlib_module_names and top not in _NOT_FOR_TESTS
        if not usual and top not in allowed and top != "pytest":
            return name
    return None


def _is_below(name: str, modules: tuple[str, ...]) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in modules)


def unfit(code: str, imports: Sequence[str]) -> str:
    """Why a stranger's test is none that would be proposed; empty where nothing shows that.

    It says what the test has at its top beside functions, classes and plain values, or what it
    uses to reach outside. That is no proof: whoever runs a test has to have read it. So nothing
    in it may look otherwise than it runs.
    """
    return _disguised("\n".join((*imports, code))) or _does_more(code, imports)


def _disguised(text: str) -> str:
    """Why a source may look otherwise than it runs."""
    if not all(c.isprintable() or c in "\n\t" for c in text):
        return "it has characters that can't be seen"
    return "it says how it is encoded" if _ENCODING.search(text) else ""


def _does_more(code: str, imports: Sequence[str]) -> str:
    try:
        lines = ast.parse("\n".join(imports))
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "it can't be parsed"
    if not all(isinstance(node, ast.Import | ast.ImportFrom) for node in lines.body):
        return "its imports are something else"
    if not all(map(_defines, tree.body)):
        return "it does something when it is imported"
    whole = ast.Module([*lines.body, *tree.body], [])
    try:
        name = refused_import(whole, frozenset(n.partition(".")[0] for n in imported(whole)))
        name = name or reaches_outside(whole)
    except RecursionError:
        return "it is nested too deeply"
    return f"it uses {name}" if name else ""


def _defines(node: ast.stmt) -> bool:
    if isinstance(node, ast.Assign | ast.AnnAssign):
        return node.value is None or all(isinstance(part, _VALUES) for part in ast.walk(node.value))
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


def skips(tree: ast.AST) -> str | None:
    """The first word by which a test would not have to hold."""
    for name in Names(tree).all(tree):
        top, _, rest = name.partition(".")
        last = rest.rpartition(".")[2] or top
        if last in _SKIPPING or (".skip" in f".{rest}." and _may_skip(top, rest)):
            return last
        if top in _FRAMEWORKS and last in {"skip", "Skipped"}:
            return last
        if top == "pytest" and rest.endswith("?"):
            return "getattr"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in _SKIPPING:
            return node.attr
    return None


def _may_skip(top: str, rest: str) -> bool:
    return top in _FRAMEWORKS or "mark.skip" in rest


def reaches_outside(tree: ast.AST) -> str | None:
    """The first name by which a test sleeps, starts a process, talks, hides or ends the run."""
    names = Names(tree)
    for name in names.all(tree):
        parts = name.split(".")
        if parts[-1] in _OUTSIDE.get(parts[0], ()) or _is_below(name, _ALWAYS_REFUSED):
            return name
        if len(parts) == 1 and name in _BUILTINS:
            return name
        if _HIDDEN & set(parts):
            return name
    return _hides(tree, names)


def _hides(tree: ast.AST, names: Names) -> str | None:
    """Ways to a function without naming it."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=attr) if attr in _HIDDEN:
                return attr
            case ast.Call(func=func, args=args):
                called = names.full(func) or ""
                if called in {"vars", "dir"} and any(_of_module(arg, names) for arg in args):
                    return f"{called} of a module"
                if called.endswith("attrgetter") and not _plain(args):
                    return called
                if _replaced(func, args, names):
                    return "time as a value"
    return None


def _replaced(func: ast.expr, args: list[ast.expr], names: Names) -> bool:
    """`monkeypatch.setattr(time, ...)`: a test whose clocks are not the real ones."""
    last = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
    return (
        last in {"setattr", "object", "delattr", "patch"}
        and bool(args)
        and names.full(args[0]) in {"time", "asyncio"}
    )


def _of_module(node: ast.expr, names: Names) -> bool:
    return isinstance(node, ast.Name) and names.is_module(node.id)


def _plain(args: list[ast.expr]) -> bool:
    return all(isinstance(arg, ast.Constant) and arg.value not in {"sleep"} for arg in args)
