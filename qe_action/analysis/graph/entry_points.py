"""Where a program is entered from outside: scripts, routes, commands, its public names."""

from __future__ import annotations

import configparser
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from qe_action.analysis.graph.call_facts import FileFacts
from qe_action.analysis.graph.chain_values import CONSTRUCTORS, Node, Value
from qe_action.analysis.graph.chains import Chain
from qe_action.analysis.graph.imports import Modules
from qe_action.analysis.graph.resolution import Resolver
from qe_action.settings_files import read_ini, read_toml

SCRIPT = "a console script"
PROGRAM = "run as a program"
EXPORTED = "exported by its package"
UNCALLED = "a public name that nothing here calls"


def script_names(pyproject: bytes | None, setup_cfg: bytes | None = None) -> tuple[str, ...]:
    """What a project declares to be run or loaded by name, as `package.module:function`.

    Read are scripts, GUI scripts and entry points of `pyproject.toml`, Poetry's scripts too,
    and the entry points of `setup.cfg`. A file that can't be read has none.
    """
    found: set[str] = set()
    try:
        declared = read_toml((pyproject or b"").decode("utf-8", "replace"))
    except ValueError:
        declared = {}
    project = _table(declared, "project")
    poetry = _table(_table(declared, "tool"), "poetry")
    groups = _table(project, "entry-points").values()
    for table in (
        *(_table(project, "scripts"), _table(project, "gui-scripts"), _table(poetry, "scripts")),
        *(group for group in groups if isinstance(group, dict)),
    ):
        found.update(value for value in table.values() if isinstance(value, str))
    found.update(_from_setup_cfg(setup_cfg))
    return tuple(sorted(name.partition("[")[0].strip() for name in found))


def _table(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = parent.get(name)
    return found if isinstance(found, dict) else {}


def _from_setup_cfg(text: bytes | None) -> Iterator[str]:
    try:
        parser = read_ini((text or b"").decode("utf-8", "replace"))
    except configparser.Error:
        return
    if parser.has_section("options.entry_points"):
        for _, lines in parser.items("options.entry_points"):
            for line in lines.splitlines():
                _, equals, name = line.partition("=")
                if equals:
                    yield name.strip()


class EntryPoints:
    """Finds the entry points among the files that were looked at, each with the reason."""

    def __init__(
        self, modules: Modules, facts: Mapping[str, FileFacts], resolver: Resolver
    ) -> None:
        self._modules = modules
        self._facts = facts
        self._resolver = resolver
        self.found: dict[Node, str] = {}

    def declared(self, scripts: Iterable[str]) -> None:
        """The functions that the project's configuration names."""
        for script in scripts:
            module, _, name = script.partition(":")
            place = self._modules.find("", 0, module)
            file = self._modules.file(place) if isinstance(place, str) else None
            if file is not None and name:
                head, *rest = name.strip().split(".")
                chain = Chain(head, tuple("." + part for part in rest))
                self._add(self._resolver.follow(file, chain).values, SCRIPT)

    def decorated(self) -> None:
        """Routes, commands and the like."""
        for path, facts in self._facts.items():
            for name, function in facts.functions.items():
                if function.entry:
                    self.found.setdefault(Node(path, name), function.entry)

    def programs(self) -> None:
        """What runs when a file is started: under its `__main__` guard, or all `__main__.py`."""
        for path, facts in self._facts.items():
            is_main = path.rpartition("/")[2] == "__main__.py"
            for chain in facts.main + (facts.module.uses if is_main else ()):
                for node in self._resolver.reached(path, chain)[0]:
                    self.found.setdefault(node, PROGRAM)

    def exported(self) -> None:
        """Names that a public package's `__init__` or a public module's `__all__` offers."""
        for path, facts in self._facts.items():
            if not is_public_path(path):
                continue
            for name in self._offered(path, facts):
                self._add(self._resolver.follow(path, Chain(name)).values, EXPORTED)

    def _offered(self, path: str, facts: FileFacts) -> Iterator[str]:
        """The names of `__all__`, or all public ones where a package's `__init__` has none."""
        if facts.exported is not None:
            yield from facts.exported
        elif path.rpartition("/")[2] == "__init__.py":
            names = [facts.names]
            for star in facts.stars:
                place = self._modules.find(path, star.level, star.module)
                file = self._modules.file(place) if isinstance(place, str) else None
                names += [self._facts[file].names] if file and file in self._facts else []
            yield from (name for each in names for name in each if not name.startswith("_"))

    def uncalled(self, nodes: Iterable[Node]) -> None:
        """Public functions and methods, of those that nothing was found to call.

        A name that its package exports is one of them already; a constructor never is.
        """
        for node in nodes:
            function = self._facts[node.path].functions[node.name]
            public = not any(part.startswith("_") for part in node.name.split("."))
            if public and not function.nested and is_public_path(node.path):
                self.found.setdefault(node, UNCALLED)

    def _add(self, values: Iterable[Value], why: str) -> None:
        for value in values:
            if value.kind == "function":
                self.found.setdefault(Node(value.path, value.name), why)
            elif value.kind == "class":
                for node in self._public_methods(value):
                    self.found.setdefault(node, why)

    def _public_methods(self, value: Value) -> Iterator[Node]:
        functions = self._facts[value.path].functions
        for name in functions:
            owner, _, method = name.rpartition(".")
            if owner == value.name and (method in CONSTRUCTORS or not method.startswith("_")):
                yield Node(value.path, name)


def is_public_path(path: str) -> bool:
    """Whether no folder or file on the way is private by name, `__init__` and such apart."""
    parts = path.removesuffix(".py").split("/")
    return not any(part.startswith("_") and not part.endswith("__") for part in parts)
