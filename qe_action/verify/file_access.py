"""Which files a test touches: those below the folder that pytest makes for it, and no other. Pure.

What the project's own functions do with a path is theirs; what stands in the test has to lead from
`tmp_path` downwards, by parts that can be read in the source.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from qe_action.verify.bindings import TestText
from qe_action.verify.findings import Finding, at
from qe_action.verify.temporary_paths import Paths

_TOUCHES = frozenset({
    "chmod", "expanduser", "extract", "extractall", "hardlink_to", "iterdir", "lchmod", "link_to",
    "mkdir", "read_bytes", "read_text", "readlink", "rglob", "rmdir", "samefile", "symlink_to",
    "touch", "unlink", "write_bytes", "write_text",
})  # fmt: skip
"""Methods that paths and archives have, and little else."""
_MAY_TOUCH = frozenset({"copy", "copy_into", "glob", "move", "open", "rename", "replace", "walk"})
"""Methods of paths that others have too."""
_ALONE = frozenset({"open", "walk"})
"""Of these, those that need not be given anything."""
_CONCRETE = frozenset({"pathlib.Path", "pathlib.PosixPath", "pathlib.WindowsPath"})
_TO_ANOTHER = frozenset({
    "copy", "copy_into", "hardlink_to", "link_to", "move", "rename", "replace", "samefile",
    "symlink_to",
})  # fmt: skip
"""Of both, those that take a path."""
_OPENS = frozenset({
    "builtins.open", "contextlib.chdir", "sqlite3.Connection", "sqlite3.connect", "zipfile.ZipFile",
    "zipfile.is_zipfile",
    *(f"os.{name}" for name in (
        "access", "chmod", "link", "listdir", "lstat", "makedirs", "mkdir", "readlink", "remove",
        "rename", "replace", "rmdir", "scandir", "stat", "symlink", "truncate", "unlink", "utime",
        "walk",
    )),
})  # fmt: skip
_PAIRS = frozenset({"os.link", "os.rename", "os.replace", "os.symlink"})
"""Those that take two paths."""


def files_outside(text: TestText) -> Iterator[Finding]:
    """Where a test touches a file that is not below `tmp_path`."""
    paths = Paths(text)
    for node in text.nodes:
        if not isinstance(node, ast.Name | ast.Attribute) or not isinstance(node.ctx, ast.Load):
            continue
        if isinstance(node, ast.Attribute) and _leaves_by_method(node, text.call_of(node), paths):
            yield at(node, f"it touches a file outside of tmp_path, by {node.attr}")
        name = _full(node, text)
        if name in _OPENS and text.is_whole(node):
            yield from _by_function(node, name, paths)


def _full(node: ast.Name | ast.Attribute, text: TestText) -> str:
    if isinstance(node, ast.Name) and node.id == "open" and text.is_builtin(node):
        return "builtins.open"
    return text.meaning(node)


def _leaves_by_method(node: ast.Attribute, call: ast.Call | None, paths: Paths) -> bool:
    """Whether an attribute is a method of a path elsewhere, or is called to reach one."""
    attr, arguments = node.attr, call.args if call else []
    if attr == "chdir":
        return not arguments or not all(map(paths.inside, arguments))
    if attr in ("cwd", "home"):
        return "path" in paths.roots(node)
    if attr == "read":
        return _reads_by_name(node, arguments, paths)
    if attr == "write":
        return _packs(node, arguments, paths)
    roots = paths.roots(node.value)
    is_path = bool(roots & {"folder", "path"})
    if "unknown" in roots and attr in _MAY_TOUCH and call is not None:
        one = len(arguments) + len(call.keywords) == 1  # `text.replace` takes two, `dict.copy` none
        is_path = is_path or ((one or attr in _ALONE) and _has_paths_elsewhere(paths))
    if attr not in _TOUCHES and not (is_path and attr in _MAY_TOUCH):
        return False
    return not paths.reaches(node.value) or not _arguments_stay(attr, arguments, paths)


def _reads_by_name(node: ast.Attribute, arguments: list[ast.expr], paths: Paths) -> bool:
    """`ConfigParser().read("a.ini")`: what has no file of its own and is given one."""
    if not arguments or paths.roots(node.value) != {"standard"}:
        return False
    value = arguments[0].value if isinstance(arguments[0], ast.Constant) else None
    return not isinstance(value, int) and not paths.inside(arguments[0])


def _has_paths_elsewhere(paths: Paths) -> bool:
    """Whether the test makes a path by itself that is not below `tmp_path`."""
    text = paths.text
    for node in text.nodes:
        if isinstance(node, ast.Name | ast.Attribute) and text.meaning(node) in _CONCRETE:
            call = text.call_of(node)
            if call is None or not call.args or not paths.inside(call.args[0]):
                return True
    return False


def _packs(node: ast.Attribute, arguments: list[ast.expr], paths: Paths) -> bool:
    """`ZipFile(...).write("/etc/passwd")`: it reads the file that it is named."""
    text = paths.text
    archives = (n for n in text.nodes if isinstance(n, ast.Name | ast.Attribute))
    if all(text.meaning(n) != "zipfile.ZipFile" for n in archives):
        return False
    if paths.roots(node.value) != {"standard"} or text.meaning(node.value):
        return False
    return not arguments or not paths.inside(arguments[0])


def _arguments_stay(attr: str, arguments: list[ast.expr], paths: Paths) -> bool:
    if attr in ("glob", "rglob"):
        return all(map(paths.is_part, arguments))
    if attr in _TO_ANOTHER:
        beside = attr in ("symlink_to", "link_to")
        return all(paths.inside(a) or (beside and paths.is_part(a)) for a in arguments)
    return True


def _by_function(node: ast.expr, name: str, paths: Paths) -> Iterator[Finding]:
    call = paths.text.call_of(node)
    shown = name.removeprefix("builtins.")
    if call is None:
        yield at(node, f"it hands {shown} on as a value")
        return
    count = 2 if name in _PAIRS else 1
    given = call.args[:count] or [k.value for k in call.keywords][:count]
    if given and name.startswith("sqlite3.") and paths.text.texts(given[0]) == [":memory:"]:
        return
    if given and name.startswith("zipfile.") and paths.roots(given[0]) == {"memory"}:
        return
    if len(given) < count or not all(map(paths.reaches, given)):
        yield at(call, f"it opens a file outside of tmp_path, by {shown}")
