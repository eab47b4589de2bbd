"""How the code around a line is set going: the call of a function, an import, a script."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from qe_action.analysis.advice.enclosing_blocks import Step
from qe_action.analysis.advice.excerpt import clip, excerpt, safe
from qe_action.analysis.advice.sentence import Lead
from qe_action.analysis.python_module import DEFINITIONS, FUNCTIONS, FunctionNode, PythonModule

_CALL_LIMIT = 80
_SEARCHED_LINES = 1_000
"""Lines of the longest function that is searched for a `yield`, once for every gap in it."""
_SEARCHED_NODES = 5_000
"""Nodes of a function that are searched for a `yield`."""
_KEEPING = frozenset(
    ["abstractmethod", "cache", "classmethod", "deprecated", "final", "lru_cache", "no_type_check",
     "override", "overload", "profile", "singledispatch", "singledispatchmethod", "staticmethod",
     "wraps"]
)  # fmt: skip
"""Decorators of functions that are called as they are written."""
_MAKING = ("__init__", "__new__")
_SPECIAL = {
    "__enter__": "Enter {a} `{owner}` by `with`",
    "__aenter__": "Enter {a} `{owner}` by `async with`",
    "__exit__": "Leave the `with` block of {a} `{owner}`",
    "__aexit__": "Leave the `async with` block of {a} `{owner}`",
    "__len__": "Take `len()` of {a} `{owner}`",
    "__iter__": "Iterate over {a} `{owner}`",
    "__next__": "Take `next()` of {a} `{owner}`",
    "__repr__": "Take `repr()` of {a} `{owner}`",
    "__str__": "Take `str()` of {a} `{owner}`",
    "__hash__": "Take `hash()` of {a} `{owner}`",
    "__bool__": "Take `bool()` of {a} `{owner}`",
    "__eq__": "Compare {a} `{owner}` with `{first}` by `==`",
    "__ne__": "Compare {a} `{owner}` with `{first}` by `!=`",
    "__lt__": "Compare {a} `{owner}` with `{first}` by `<`",
    "__contains__": "Test `{first}` for being in {a} `{owner}`",
    "__getitem__": "Read item `{first}` of {a} `{owner}`",
    "__getattr__": "Read attribute `{first}` of {a} `{owner}`",
}


def subject(module: PythonModule, path: Sequence[Step], names: frozenset[str]) -> Lead:
    """The beginning of a sentence: `Call `Account.withdraw(amount)``.

    `names` are the variables that the sentence goes on to speak of: parameters with a
    default are shown if they are among them. Empty where no call can be derived.
    """
    around = [step.parent for step in path if isinstance(step.parent, DEFINITIONS)]
    classes = [node for node in around if isinstance(node, ast.ClassDef)]
    functions = [node for node in around if isinstance(node, FUNCTIONS)]
    if around != [*classes, *functions]:
        return Lead("")  # a class inside a function
    if not functions:
        return Lead(_module_subject(module, path))
    if functions[0].name.startswith("test") and _is_test(module.path):
        return Lead("")
    if len(functions) > 1:
        return _inner_subject(module, classes, functions, names)
    return Lead(function_subject(module, classes, functions[0], names))


def function_subject(
    module: PythonModule,
    classes: Sequence[ast.ClassDef],
    node: FunctionNode,
    names: frozenset[str] = frozenset(),
) -> str:
    """How a function, or a method of the last of `classes`, is called."""
    owner = safe(".".join(each.name for each in classes))
    call = _call(classes, node, names)
    decorators = _decorators(node)
    if owner and (words := _attribute_words(f"{owner}.{safe(node.name)}", node, decorators)):
        return words
    if owner and node.name in _SPECIAL:
        positional = _positional(node, method=True)
        first = safe(positional[0]) if positional else "…"
        vowel = owner.lower().startswith(("a", "e", "i", "o", "un", "up"))
        article = "an" if vowel and not owner.lower().startswith("uni") else "a"
        return _SPECIAL[node.name].format(owner=owner, first=first, a=article)
    if decorators & {"contextmanager", "asynccontextmanager"}:
        return (
            f"Enter `with {call}`"
            if "contextmanager" in decorators
            else (f"Enter `async with {call}`")
        )
    if is_generator(module, node):
        return f"Iterate over `{call}`"
    return f"{_calling(classes, node)} `{call}`"


def _calling(classes: Sequence[ast.ClassDef], node: FunctionNode) -> str:
    """Who calls a function, and how."""
    if decorator := _unknown_decorator(node):  # what its caller has to pass is its own matter
        return f"Have `@{safe(decorator)}` call"
    if node.name in _MAKING and classes and _is_abstract(classes[-1]):
        return "Have a subclass call"
    return "Await" if isinstance(node, ast.AsyncFunctionDef) else "Call"


def is_generator(module: PythonModule, node: FunctionNode) -> bool:
    """Whether a function's own code yields, as far as a bounded search tells."""
    end = min(node.end_lineno or node.lineno, node.lineno + _SEARCHED_LINES)
    lines = module.lines[node.lineno - 1 : end]
    if not any("yield" in line for line in lines):
        return False
    stack: list[ast.AST] = list(node.body)
    for _ in range(_SEARCHED_NODES):
        if not stack:
            break
        each = stack.pop()
        if isinstance(each, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(each, (*DEFINITIONS, ast.Lambda)):
            stack.extend(ast.iter_child_nodes(each))
    return False


def _attribute_words(name: str, node: FunctionNode, decorators: set[str]) -> str:
    if decorators & {"property", "cached_property"}:
        return f"Read `{name}`"
    if "setter" in decorators:
        value = _positional(node, method=True)
        return f"Set `{name}` to `{safe(value[0])}`" if value else ""
    return f"Delete `{name}`" if "deleter" in decorators else ""


def _call(classes: Sequence[ast.ClassDef], node: FunctionNode, names: frozenset[str]) -> str:
    owner = ".".join(each.name for each in classes)
    static = "staticmethod" in _decorators(node)
    arguments = _arguments(node, names, method=bool(owner) and not static)
    name = f"{owner}.{node.name}" if owner else node.name
    if owner and node.name in _MAKING:
        name = f"{owner}.{node.name}" if _is_abstract(classes[-1]) else owner
    elif owner and node.name == "__post_init__":
        name, arguments = owner, "…"
    elif owner and node.name == "__call__":
        name = f"{owner}(…)"
    text = f"{name}({arguments})"
    return safe(text if len(text) <= _CALL_LIMIT else clip(f"{name}(…)", _CALL_LIMIT))


def _positional(node: FunctionNode, *, method: bool) -> list[str]:
    return [each.arg for each in (*node.args.posonlyargs, *node.args.args)][method:]


def _arguments(node: FunctionNode, names: frozenset[str], *, method: bool) -> str:
    """The parameters a call has to name: those without a default, and those spoken of."""
    positional = _positional(node, method=method)
    required = len(positional) - min(len(node.args.defaults), len(positional))
    shown = positional[:required]
    shown += [f"{name}=…" for name in positional[required:] if name in names]
    if node.args.vararg and node.args.vararg.arg in names:
        shown.append(f"*{node.args.vararg.arg}")
    for each, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
        if default is None or each.arg in names:
            shown.append(f"{each.arg}=…")
    if node.args.kwarg and node.args.kwarg.arg in names:
        shown.append(f"**{node.args.kwarg.arg}")
    return ", ".join(shown)


def _decorators(node: FunctionNode) -> set[str]:
    found = set()
    for each in node.decorator_list:
        target = each.func if isinstance(each, ast.Call) else each
        if isinstance(target, ast.Attribute):
            found.add(target.attr)
        elif isinstance(target, ast.Name):
            found.add(target.id)
    return found


def _is_abstract(node: ast.ClassDef) -> bool:
    """Whether a class says itself that only its subclasses have instances."""
    methods = (each for each in node.body if isinstance(each, FUNCTIONS))
    return any("abstractmethod" in _decorators(each) for each in methods)


def _unknown_decorator(node: FunctionNode) -> str:
    """The decorator next to a function that may be called otherwise; empty where none may."""
    for each in reversed(node.decorator_list):
        target = each.func if isinstance(each, ast.Call) else each
        name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "…")
        if name not in _KEEPING:
            return clip(name, _CALL_LIMIT)
    return ""


def _inner_subject(
    module: PythonModule,
    classes: Sequence[ast.ClassDef],
    functions: Sequence[FunctionNode],
    names: frozenset[str],
) -> Lead:
    """The call of a function inside others: of what they return, if they return it."""
    outer, *inner = functions
    start = function_subject(module, classes, outer, names)
    returned = all(_returns(one, two.name) for one, two in zip(functions, inner, strict=False))
    if returned and start.startswith(("Call", "Await")):
        calls = "".join(f"({_arguments(node, names, method=False)})" for node in inner)
        text = safe(_call(classes, outer, names) + calls)
        if len(text) <= _CALL_LIMIT:
            return Lead(f"Call `{text}`")
    last = _call((), inner[-1], names)
    return Lead(start, f" and have its inner `{last}` called")


def _returns(node: FunctionNode, name: str) -> bool:
    match node.body[-1]:
        case ast.Return(value=ast.Name(id=returned)):
            return returned == name
        case _:
            return False


def _module_subject(module: PythonModule, path: Sequence[Step]) -> str:
    name = safe(module.path)
    for step in path:
        if isinstance(step.parent, ast.If) and "__name__" in excerpt(module, step.parent.test):
            return f"Run `{clip(name, _CALL_LIMIT)}` as a script"
    parts = module.path.removesuffix(".py").split("/")
    if module.root:
        parts = parts[module.root.count("/") + 1 :]
    roots = [at for at, part in enumerate(parts[:-1]) if part == "src"]
    if not roots and len(parts) > 1 and parts[0] == "lib":
        roots = [0]
    parts = parts[max(roots, default=-1) + 1 :]
    if parts[-1] == "__main__":
        return f"Run `{clip(name, _CALL_LIMIT)}` as a script"
    parts = parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts
    dotted = all(part.isidentifier() for part in parts)
    return f"Import `{clip(safe('.'.join(parts)) if dotted else name, _CALL_LIMIT)}`"


def _is_test(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name.startswith(("test_", "conftest")) or name.endswith("_test.py")
