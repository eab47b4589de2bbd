"""Which class a method is found in: of several bases, of bases elsewhere, of private names."""

from __future__ import annotations

import textwrap

import pytest

from qe_action.analysis.call_graph import CallGraph

DIAMOND = """\
    class Base:
        def close(self): pass
    class Left(Base): pass
    class Right(Base):
        def close(self): pass
    class Both(Left, Right): pass
    def use():
        Both().close()
"""
BASE_ELSEWHERE = """\
    import threading
    class Named:
        def __init__(self): pass
        def run(self): pass
    class Worker(threading.Thread, Named):
        def __init__(self):
            super().__init__()
            self.run()
    def use():
        Worker()
"""
EMPTY_BASES = """\
    import abc
    from typing import Generic, TypeVar
    T = TypeVar("T")
    class Named:
        def run(self): pass
    class Worker(Generic[T], abc.ABC, Named, object): pass
    def use():
        Worker().run()
"""
REFUSED = """\
    class A(B): pass
    class B(A):
        def run(self): pass
    class C(B, A): pass
    def use():
        C().run()
"""
CASES = {
    "a common base comes last": (DIAMOND, {"Right.close"}),
    "a base elsewhere hides the next": (BASE_ELSEWHERE, {"Worker.__init__"}),
    "bases without methods hide nothing": (EMPTY_BASES, {"Named.run"}),
    "bases that Python would refuse": (REFUSED, {"B.run"}),
}


def called(source: str, caller: str) -> set[str]:
    """The functions of a small module that one of them reaches, by a look at each `def`."""
    lines = textwrap.dedent(source).splitlines()
    graph = CallGraph(["m.py"], {"m.py": "\n".join(lines).encode()}.get)
    list(graph.prepare({"m.py": [caller]}))
    found = set()
    owner = ""
    for line in lines:
        name = line.strip().removeprefix("class ").removeprefix("def ").partition("(")[0]
        if line.startswith("class "):
            owner = name.rstrip(":") + "."
        elif line.strip().startswith("def "):
            name = owner * line.startswith(" ") + name
            if f"m.py::{caller}" in graph.callers("m.py", name):
                found.add(name)
    return found


@pytest.mark.parametrize(("source", "expected"), CASES.values(), ids=CASES)
def test_a_method_is_found_where_python_finds_it(source: str, expected: set[str]) -> None:
    assert called(source, "use") == expected


def test_a_ladder_of_many_bases_takes_no_time() -> None:
    rungs = "".join(
        f"class L{n}(L{n - 1}, R{n - 1}): pass\nclass R{n}(L{n - 1}, R{n - 1}): pass\n"
        for n in range(1, 18)
    )
    source = "class L0:\n    def run(self): pass\nclass R0: pass\n" + rungs
    assert called(source + "def use():\n    L17().run()\n", "use") == {"L0.run"}
