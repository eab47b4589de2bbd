"""The calls between functions, from the facts of their files."""

from __future__ import annotations

from collections.abc import Mapping

from qe_action.analysis.graph.call_facts import FileFacts
from qe_action.analysis.graph.chain_values import Node
from qe_action.analysis.graph.resolution import Resolver


class Edges:
    """Who calls a function or refers to it.

    `used` are the functions that some other function or code outside functions uses;
    `unresolved` counts the calls of which it is not known what they call, those that a
    function repeats once.
    """

    def __init__(self, facts: Mapping[str, FileFacts], resolver: Resolver) -> None:
        self._facts = facts
        self._resolver = resolver
        self.callers: dict[Node, set[Node]] = {}
        self.used: set[Node] = set()
        self.unresolved = 0

    def add(self, path: str) -> None:
        """What a file's functions, and its code outside functions, use.

        A decorated function uses its decorator: a call of it goes through what that returned.
        """
        facts = self._facts[path]
        for name, function in facts.functions.items():
            caller = Node(path, name)
            self.unresolved += function.blind
            for chain in function.uses + function.decorators:
                reached, lost = self._resolver.reached(path, chain)
                self.unresolved += lost
                for node in reached:
                    self.callers.setdefault(node, set()).add(caller)
                    if node != caller:
                        self.used.add(node)
        self.unresolved += facts.module.blind
        for chain in facts.module.uses + facts.main:
            reached, lost = self._resolver.reached(path, chain)
            self.unresolved += lost
            self.used.update(reached)
