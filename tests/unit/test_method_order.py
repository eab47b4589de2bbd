"""Which class a method is found in: of several bases, of bases elsewhere, of what is given."""

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
PRIVATE_NAME = """\
    class A:
        def run(self):
            self.__step()
        def __step(self): pass
    class B(A):
        def __step(self): pass
    def use():
        A.run(A())
"""
SUPER_OF_A_CLASS = """\
    class A:
        def __init__(self): pass
    class B(A):
        def __init__(self): pass
    class C(B):
        def __init__(self):
            super(B, self).__init__()
    def use():
        C()
"""
WITH = """\
    class Connection:
        def close(self): pass
    class Pool:
        def __enter__(self):
            return Connection()
        def close(self): pass
    class Plain:
        def __enter__(self):
            return self
        def stop(self): pass
    class Special(Plain):
        def stop(self): pass
    class Other(Plain):
        def stop(self): pass
    def use():
        with Pool() as pool, Special() as special:
            pool.close()
            special.stop()
"""
WITH_A_FUNCTION = """\
    from collections.abc import Iterator
    from contextlib import contextmanager
    class Session:
        def close(self): pass
    @contextmanager
    def opened() -> Iterator[Session]:
        yield Session()
    def use():
        with opened() as session:
            session.close()
"""
HINTS = """\
    from typing import Annotated
    class A:
        def index(self): pass
        def strip(self): pass
    class B:
        def run(self): pass
    def use(x: Annotated[str, A], y: list[A], z: tuple[A, B], w: tuple[B, ...]):
        x.strip()
        y[1:].index()
        z[1].index()
        w[1].run()
"""
GENERATOR = """\
    class A:
        def close(self): pass
    def made():
        yield 1
        return A()
    def use():
        made().close()
"""
ALTERNATIVES = """\
    from sys import platform
    class A:
        def run(self): pass
    class B:
        def run(self): pass
    if platform == "linux":
        def made():
            return A()
    else:
        def made():
            return B()
    def use():
        made().run()
"""
LONG_CHAIN = """\
    class Query:
        def run(self): pass
    class Builder:
        def run(self): pass
        def also(self) -> "Builder":
            return self
        def built(self) -> Query:
            return Query()
    def made(builder: Builder):
        import m
        return m.Builder().also().also().also().also().also().also().built()
    def use():
        made(1).run()
"""
CASES = {
    "a common base comes last": (DIAMOND, {"Right.close"}),
    "a base elsewhere hides the next": (BASE_ELSEWHERE, {"Worker.__init__"}),
    "bases without methods hide nothing": (EMPTY_BASES, {"Named.run"}),
    "bases that Python would refuse": (REFUSED, {"B.run"}),
    "a private name is each class's own": (PRIVATE_NAME, {"A.run", "A.__step"}),
    "super of a class that is named": (SUPER_OF_A_CLASS, {"C.__init__", "A.__init__"}),
    "what a with block is given": (WITH, {"Connection.close", "Special.stop"}),
    "what a with block is given by a function": (WITH_A_FUNCTION, {"opened", "Session.close"}),
    "annotations and slices": (HINTS, {"B.run"}),
    "a generator is not what it returns": (GENERATOR, {"made"}),
    "a function with two bodies": (ALTERNATIVES, {"made", "A.run", "B.run"}),
    "a chain too long to follow": (LONG_CHAIN, {"made", "Builder.also"}),
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
        if not line.startswith(" "):
            owner = name.rstrip(":") + "." if line.startswith("class ") else ""
        if line.strip().startswith("def "):
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
