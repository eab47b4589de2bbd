"""How the parts lie: imports go down, no circles, pure modules do no I/O, one meaning a name."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from rooms import LAYERS, MODULES, PACKAGE, edges, imports, modules, name, room

from qe_action.events import AGENTS

PURE = {
    "analysis", "convert", "diagnosis", "events", "figures", "given_inputs", "inputs", "journal",
    "page", "place", "proposal", "quoting", "render", "reports", "results", "task", "text",
    "untrusted", "verbosity",
}  # fmt: skip
FORBIDDEN = {
    "os", "asyncio", "subprocess", "logging", "time", "random", "socket", "http", "requests",
    "threading", "tempfile", "pathlib",
}  # fmt: skip

SAME_NAME = {
    "client": "the one of GitHub and the one of a project's worker: each is its room's way out",
    "comparison": "an agent's step, and how its outcome is shown",
    "executed": "a run of tests: a stranger's, and how any is shown",
    "generator": "what drives a generator: of a search, and of a model",
    "generated": "generated tests: a stranger's, and how any are shown",
    "journal": "the journal, ours and a stranger's",
} | {agent.replace("-", "_"): "an agent, and its events" for agent in AGENTS}
"""Basenames that several modules may have, since they mean one thing there."""


def part(module: str) -> str:
    """A module, or the sub-package that it lies in."""
    path = MODULES[module].relative_to(PACKAGE)
    return ".".join(path.parts[:2]) if len(path.parts) > 2 else module


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_every_room_has_its_layer() -> None:
    assert sorted(each for layer in LAYERS for each in layer) == sorted(
        {room(module) for module in MODULES} - {""}
    )


def test_imports_go_down_only() -> None:
    level = {each: number for number, layer in enumerate(LAYERS) for each in layer}
    for path in modules():
        here = room(name(path))
        for module in imports(path):
            if module in MODULES and (there := room(module)) not in {here, ""}:
                assert level[there] > level[here], f"{name(path)} imports {module}"


def test_no_circle_between_modules_and_sub_packages() -> None:
    graph: dict[str, set[str]] = {}
    for module, other in edges():
        if part(module) != part(other):
            graph.setdefault(part(module), set()).add(part(other))
    assert circle(graph) == []


def test_no_circle_within_a_sub_package() -> None:
    graph: dict[str, set[str]] = {}
    for module, other in edges():
        if MODULES[other].name != "__init__.py":
            graph.setdefault(module, set()).add(other)
    assert circle(graph) == []


def test_the_pure_core_does_no_io() -> None:
    pure = [path for path in modules() if room(name(path)) in PURE]
    assert pure
    for path in pure:
        tops = {module.split(".")[0] for module in imports(path)}
        assert tops.isdisjoint(FORBIDDEN), f"{name(path)} imports {tops & set(FORBIDDEN)}"


def test_no_two_modules_share_a_name_for_different_things() -> None:
    seen: dict[str, list[str]] = {}
    for module, path in MODULES.items():
        if path.name not in {"__init__.py", "__main__.py"}:
            seen.setdefault(path.stem, []).append(module)
    twice = {stem: found for stem, found in seen.items() if len(found) > 1}
    assert {stem: twice[stem] for stem in twice.keys() - SAME_NAME.keys()} == {}


LONGEST_MODULE = 300
"""Lines of a module."""
LONGEST_FUNCTION = 45
"""Lines of a function from `def` to the last one, with its docstring."""


def too_long(path: Path) -> list[str]:
    """What of a module has too many lines."""
    text = path.read_text(encoding="utf-8")
    length = len(text.splitlines())
    found = [f"the module: {length}"] if length > LONGEST_MODULE else []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LONGEST_FUNCTION:
                found.append(f"{node.name}: {length}")
    return found


def test_modules_and_functions_are_short() -> None:
    long = {str(path.relative_to(PACKAGE)): too_long(path) for path in modules()}
    assert {path: found for path, found in long.items() if found} == {}


def test_a_long_module_and_a_long_function_are_seen(tmp_path: Path) -> None:
    path = tmp_path / "long.py"
    body = "\n".join(["    pass"] * LONGEST_FUNCTION)
    path.write_text(f"def fits():\n{body[9:]}\n\n\nasync def longer():\n{body}\n")
    assert too_long(path) == [f"longer: {LONGEST_FUNCTION + 1}"]
    path.write_text("\n" * (LONGEST_MODULE + 1))
    assert too_long(path) == [f"the module: {LONGEST_MODULE + 1}"]
