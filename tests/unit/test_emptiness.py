"""Functions that are declared only, and what is made of them: no test, no gap above low."""

from __future__ import annotations

import ast
import asyncio
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from qe_action.analysis.emptiness import empty_lines, is_empty, left_to_subclasses
from qe_action.generators.offline.code_hints import CodeHints
from qe_action.generators.offline.relevance import worth_calling
from qe_action.generators.offline.subjects import Subject
from qe_action.generators.offline.worker_answers import ClassInfo, Signature
from qe_action.generators.port import Candidate
from qe_action.project_worker.client import PlainInterpreter
from qe_action.verify.gates import Setting, Trial, kills_a_mutant
from qe_action.verify.mutants import mutants
from qe_action.verify.project import describe
from qe_action.verify.test_runner import TestRunner


@pytest.mark.parametrize(
    ("body", "empty"),
    [
        ("pass", True),
        ("...", True),
        ("'''Says what.'''", True),
        ("'''Says what.'''\n    pass  # abstract", True),
        ("raise NotImplementedError", True),
        ("'''Doc.'''\n    raise NotImplementedError(f'{a} has none')", True),
        ("return None", False),
        ("raise ValueError", False),
        ("raise", False),
        ("raise NotImplementedError(a) from a", True),
        ("a.b\n    pass", False),
    ],
)
def test_what_is_declared_only(body: str, empty: bool) -> None:
    tree = ast.parse(f"def f(a):\n    {body}\n")
    assert is_empty(tree.body[0]) is empty
    assert bool(empty_lines(tree)) is empty


SOURCE = dedent(
    """
    from abc import ABC, abstractmethod
    from typing import Protocol

    class Hooked:
        def before(self): pass
        def run(self): return 1

    class Filled(Hooked):
        def before(self): self.x = 1

    class Null:
        def write(self, text): pass
        def flush(self): return 0

    class Told:
        def read(self): raise NotImplementedError
        def twice(self): return self.read() * 2

    class Far(Told): pass

    class First(Told):
        def read(self): return "b"

    class Near(Told):
        def read(self): return "a"

    class Shape(ABC):
        @abstractmethod
        def area(self): return 0

    class Reader(Protocol):
        def get(self): ...
    """
)


def test_which_classes_are_no_more_than_bases() -> None:
    assert left_to_subclasses(ast.parse(SOURCE)) == {"Hooked", "Told", "Far", "Shape", "Reader"}


def subject(owner: str, name: str, kind: str = "method") -> Subject:
    info = ClassInfo(kind="class", name=owner, module="m")
    signature = Signature(kind=kind, name=name)
    return Subject(f"{owner}.{name}", kind, name, f"{owner}.{name}", (), signature, "m", info)


def test_methods_of_a_base_are_called_on_the_class_that_the_suite_uses() -> None:
    hints = CodeHints(SOURCE)
    methods = [
        *(
            subject(owner, name)
            for owner in ("Told", "Far", "First", "Near")
            for name in ("read", "twice")
        ),
        *(subject("Null", name) for name in ("write", "flush")),
    ]
    by_default = [one.id for one in worth_calling(methods, hints, ())]
    assert by_default == ["First.read", "First.twice", "Near.read", "Null.flush"]
    used = [one.id for one in worth_calling(methods, hints, {"Near"})]
    assert used == ["First.read", "Near.read", "Near.twice", "Null.flush"]
    assert hints.home("Near.twice") == "Told.twice"
    assert "Told.twice" in hints.reach("Near.twice")


def test_code_in_which_no_mutant_can_be_made_needs_a_branch_that_is_closed() -> None:
    files = {"m.py": b"def f(x):\n    global seen\n    del seen[x]\n"}
    runner = TestRunner(PlainInterpreter("python3"), describe(files, "m.py"), Path())
    setting = Setting(runner, frozenset({2}), frozenset({(2, 3)}), lambda: 1.0)
    candidate = Candidate("a", "test_a", "def test_a(): ...", (), "m.py", "f")

    def judged(**reached: Any) -> str | None:
        refusal = asyncio.run(kills_a_mutant(Trial(candidate, 0, **reached), setting))
        return refusal.reason if refusal else None

    assert not mutants(files["m.py"], frozenset({2}))
    assert judged(lines=frozenset({2})) == "kills nothing"
    assert judged(lines=frozenset({2}), arcs=frozenset({(2, 3)})) is None
