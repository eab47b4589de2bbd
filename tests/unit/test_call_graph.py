"""Who reaches a function: small projects whose right answer is known by hand."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qe_action.analysis.call_graph import WHOLE_FILES, CallGraph, Reach

Project = Mapping[str, str | bytes]


def built(project: Project, *, scripts: tuple[str, ...] = (), wanted: str = "") -> CallGraph:
    """The prepared graph of a project; `wanted` is one `file.py::name`, else all is."""
    files = {
        path: textwrap.dedent(text).encode() if isinstance(text, str) else text
        for path, text in project.items()
    }
    graph = CallGraph(files, files.get, scripts=scripts)
    path, _, name = wanted.partition("::")
    fractions = list(graph.prepare({path: [name]} if wanted else dict.fromkeys(files, ())))
    assert fractions == sorted(fractions)
    return graph


def callers(graph: CallGraph, function: str) -> set[str]:
    path, _, name = function.partition("::")
    return set(graph.callers(path, name))


def reach(graph: CallGraph, function: str) -> Reach:
    path, _, name = function.partition("::")
    found = graph.reach(path, name)
    assert found is not None
    assert found.callers == len(graph.callers(path, name))
    return found


SHOP: Project = {
    "src/shop/__init__.py": "from .cart import Cart\nfrom .prices import rounded as round_price\n",
    "src/shop/cart.py": """\
        from . import prices
        from .stock import Stock as Store

        class Cart:
            def __init__(self, store: Store):
                self.store = store
                self.lines = []

            def add(self, name):
                if self.store.holds(name):
                    self.lines.append(name)

            def total(self):
                return prices.total(self.lines)
        """,
    "src/shop/prices.py": """\
        def total(lines):
            return rounded(sum(map(_price, lines)))

        def _price(line):
            return 1

        def rounded(value):
            return value
        """,
    "src/shop/stock.py": """\
        class Stock:
            def holds(self, name):
                return self._find(name)

            def _find(self, name):
                return None
        """,
    "src/shop/app.py": """\
        from flask import Flask
        from shop import Cart
        import shop.stock

        app = Flask(__name__)

        @app.get("/cart")
        def show():
            cart = Cart(shop.stock.Stock())
            cart.add("tea")
            return cart.total()
        """,
    "tests/test_cart.py": "from shop.prices import _price\n\ndef test_it():\n    _price(1)\n",
}


def test_calls_through_modules_classes_and_a_package() -> None:
    graph = built(SHOP)
    app = "src/shop/app.py::show"
    cart = "src/shop/cart.py::Cart."
    assert callers(graph, "src/shop/prices.py::_price") == {
        "src/shop/prices.py::total", cart + "total", app,
    }  # fmt: skip
    assert callers(graph, "src/shop/prices.py::rounded") == {
        "src/shop/prices.py::total", cart + "total", app,
    }  # fmt: skip
    assert callers(graph, "src/shop/stock.py::Stock._find") == {
        "src/shop/stock.py::Stock.holds", cart + "add", app,
    }  # fmt: skip
    assert callers(graph, "src/shop/cart.py::Cart.__init__") == {app}
    assert callers(graph, app) == set()


def test_reach_tells_entry_points_and_the_nearest_of_them() -> None:
    graph = built(SHOP)
    found = reach(graph, "src/shop/prices.py::_price")
    assert found == Reach(callers=3, entry_points=2, entry="src/shop/cart.py::Cart.total")
    assert reach(graph, "src/shop/app.py::show").kind == "a web route"
    assert reach(graph, "src/shop/prices.py::rounded").kind == "exported by its package"


def test_tests_are_no_callers() -> None:
    graph = built(SHOP)
    assert graph.reach("tests/test_cart.py", "test_it") is None


INHERITANCE: Project = {
    "zoo/base.py": """\
        class Animal:
            def speak(self):
                return self.sound()

            def sound(self):
                raise NotImplementedError

            @property
            def name(self):
                return named(self)

        def named(animal):
            return ""
        """,
    "zoo/dog.py": """\
        from zoo.base import Animal

        class Dog(Animal):
            def sound(self):
                return bark()

            def speak(self):
                return super().speak()

        class Puppy(Dog):
            pass

        def bark():
            return "woof"
        """,
    "zoo/visit.py": """\
        from __future__ import annotations
        from typing import Optional
        from zoo import dog
        from zoo.base import Animal

        def listen(animal: Animal | None):
            return animal.speak()

        def read(animal: "Optional[Animal]"):
            return animal.name

        def pet():
            puppy = dog.Puppy()
            puppy.sound()

        def herd(animals: list[Animal]):
            for each in animals:
                each.speak()
        """,
}


def test_methods_through_bases_super_and_overriding() -> None:
    graph = built(INHERITANCE)
    visit = "zoo/visit.py::"
    speaking = {"zoo/base.py::Animal.speak", "zoo/dog.py::Dog.speak", visit + "listen",
                visit + "herd"}  # fmt: skip
    assert callers(graph, "zoo/base.py::Animal.sound") == speaking
    assert callers(graph, "zoo/dog.py::Dog.sound") == {*speaking, visit + "pet"}
    assert callers(graph, "zoo/dog.py::bark") == {*speaking, visit + "pet", "zoo/dog.py::Dog.sound"}
    assert callers(graph, "zoo/dog.py::Dog.speak") == {visit + "listen", visit + "herd"}


def test_a_property_is_reached_where_it_is_read() -> None:
    graph = built(INHERITANCE)
    assert callers(graph, "zoo/base.py::named") == {
        "zoo/base.py::Animal.name",
        "zoo/visit.py::read",
    }


CALLBACKS: Project = {
    "jobs.py": """\
        from threading import Thread
        from functools import partial, wraps

        def timed(function):
            @wraps(function)
            def inner(*args):
                note()
                return function(*args)
            return inner

        def note():
            pass

        def unused_inner():
            def never():
                lonely()
            return 1

        def lonely():
            pass

        def work():
            pass

        def start():
            Thread(target=work).start()

        def later():
            return partial(work, 1)

        @timed
        def measured():
            pass

        def caller():
            measured()

        def on_open():
            pass

        def on_close():
            pass

        HANDLERS = {"open": on_open, "close": on_close}

        def dispatch(name):
            HANDLERS[name]()

        def lazily():
            return sorted([], key=lambda each: keyed(each))

        def keyed(each):
            return each
        """,
}


def test_references_decorators_and_tables() -> None:
    graph = built(CALLBACKS)
    assert callers(graph, "jobs.py::work") == {"jobs.py::start", "jobs.py::later"}
    assert callers(graph, "jobs.py::note") == {
        "jobs.py::timed.inner", "jobs.py::timed", "jobs.py::measured", "jobs.py::caller",
    }  # fmt: skip
    assert callers(graph, "jobs.py::on_close") == {"jobs.py::dispatch"}
    assert callers(graph, "jobs.py::keyed") == {"jobs.py::lazily"}


def test_an_inner_function_is_not_reached_by_calling_the_outer_one() -> None:
    graph = built(CALLBACKS)
    assert callers(graph, "jobs.py::lonely") == {"jobs.py::unused_inner.never"}
    assert callers(graph, "jobs.py::unused_inner.never") == set()


CYCLES: Project = {
    "pkg/__init__.py": "from pkg.one import *\nfrom pkg.two import second\n",
    "pkg/one.py": """\
        import pkg.two as two
        __all__ = ["first"]

        def first(n):
            return two.second(n - 1)

        def hidden():
            first(1)
        """,
    "pkg/two.py": """\
        def second(n):
            from pkg import first
            return first(n) if n else third(n)

        def third(n):
            return third(n - 1) or again

        again = again_too = third
        looped = looped
        """,
}


def test_cyclic_imports_and_recursion() -> None:
    graph = built(CYCLES)
    assert callers(graph, "pkg/one.py::first") == {"pkg/two.py::second", "pkg/one.py::hidden"}
    assert callers(graph, "pkg/two.py::third") == {
        "pkg/one.py::first", "pkg/one.py::hidden", "pkg/two.py::second",
    }  # fmt: skip
    assert reach(graph, "pkg/two.py::second").kind == "exported by its package"


REEXPORTS: Project = {
    "lib/a/__init__.py": "from lib.a.b import *\n",
    "lib/a/b/__init__.py": "from .impl import *\nfrom .impl import _kept as kept\n",
    "lib/a/b/impl.py": "def run():\n    pass\n\ndef _kept():\n    pass\n\ndef other():\n    pass\n",
    "lib/use.py": """\
        import lib.a
        from lib.a import run as go
        from lib.a.b import kept

        def one():
            go()

        def two():
            lib.a.other()

        def three(kept):
            kept()

        def four():
            kept()
        """,
}


def test_reexports_are_followed_and_shadowing_names_are_not() -> None:
    graph = built(REEXPORTS)
    impl = "lib/a/b/impl.py::"
    assert callers(graph, impl + "run") == {"lib/use.py::one"}
    assert callers(graph, impl + "other") == {"lib/use.py::two"}
    assert callers(graph, impl + "_kept") == {"lib/use.py::four"}
    assert graph.unresolved == 1


ENTRIES: Project = {
    "tool/__init__.py": "",
    "tool/cli.py": """\
        import click

        def main():
            return _run()

        @click.group()
        def group():
            _run()

        @cache.get
        def cached():
            _run()

        def _run():
            return helper()

        def helper():
            pass

        class Client:
            def fetch(self):
                helper()

            def _private(self):
                helper()

        if __name__ == "__main__":
            _program()

        def _program():
            helper()
        """,
    "tool/__main__.py": "from tool.cli import _started\n_started()\n",
    "tool/_internal.py": "def hidden():\n    pass\n",
}


def test_entry_points_by_kind() -> None:
    project = {**ENTRIES, "tool/__main__.py": "from tool.cli import _run\n_run()\n"}
    graph = built(project, scripts=("tool.cli:main", "tool.missing:main", "os:getcwd"))
    kinds = {
        name: reach(graph, f"tool/cli.py::{name}").kind
        for name in ("main", "group", "_run", "_program", "helper", "Client.fetch", "cached")
    }
    assert kinds == {
        "main": "a console script",
        "group": "a command",
        "_run": "run as a program",
        "_program": "run as a program",
        "helper": None,
        "Client.fetch": "a public name that nothing here calls",
        "cached": "a public name that nothing here calls",
    }
    assert reach(graph, "tool/cli.py::Client._private").kind is None
    assert reach(graph, "tool/_internal.py::hidden").kind is None
    found = reach(graph, "tool/cli.py::helper")
    assert (found.callers, found.entry_points) == (7, 6)
    assert found.entry == "tool/cli.py::Client.fetch"


CONTAINERS: Project = {
    "engine.py": """\
        class Engine:
            def __call__(self, value):
                return self.step(value)

            def step(self, value):
                return self

            def stop(self):
                pass

            @classmethod
            def make(cls):
                return cls()

        class Car:
            engine: Engine

            def __init__(self):
                self.spare = Engine.make()

            def drive(self):
                self.engine(1)

            def swap(self):
                self.spare.step(1).stop()

        def build() -> Car:
            ...

        async def main():
            with build() as car:
                car.drive()
            (await fetch()).swap()

        async def fetch() -> "Car":
            ...
        """,
}


def test_attributes_returned_values_and_callable_objects() -> None:
    graph = built(CONTAINERS)
    assert callers(graph, "engine.py::Engine.step") == {
        "engine.py::Engine.__call__", "engine.py::Car.drive", "engine.py::Car.swap",
        "engine.py::main",
    }  # fmt: skip
    assert callers(graph, "engine.py::Engine.stop") == {"engine.py::Car.swap", "engine.py::main"}
    assert callers(graph, "engine.py::Engine.make") == {"engine.py::Car.__init__"}
    assert graph.unresolved == 0


BROKEN: Project = {
    "good.py": "from latin import f\nfrom bad import g\n\ndef use():\n    f()\n    g()\n",
    "latin.py": "# -*- coding: latin-1 -*-\n# \xe9\ndef f():\n    pass\n".encode("latin-1"),
    "bad.py": "def g(:\n",
    "zero.py": b"def z():\n    pass\n\0",
    "deep.py": "def d():\n    return " + "(" * 5000 + ")" * 5000 + "\n",
    "wide.py": "def w():\n    return " + "+".join(["1"] * 2000) + "\n",
}


def test_files_that_cannot_be_parsed_are_named_and_the_rest_is_used() -> None:
    graph = built(BROKEN)
    assert {"bad.py", "deep.py", "zero.py"} <= set(graph.unparsable)
    assert callers(graph, "latin.py::f") == {"good.py::use"}
    assert graph.reach("bad.py", "g") is None


def test_long_chains_of_elif_and_calls_need_no_stack() -> None:
    elifs = "".join(f"    elif n == {i}:\n        f()\n" for i in range(900))
    text = f"def f():\n    pass\n\ndef many(n):\n    if n < 0:\n        pass\n{elifs}"
    text += "\ndef fluent(x):\n    return f()" + ".a()" * 900 + "\n"
    graph = built({"m.py": text})
    assert graph.unparsable or callers(graph, "m.py::f") == {"m.py::many", "m.py::fluent"}


def large(count: int) -> dict[str, str]:
    """A project too large to be parsed whole: a chain of callers, and many other files."""
    files = {
        "app/core.py": "def work():\n    pass\n",
        "app/__init__.py": "from app.core import work\n",
        "app/one.py": "from app import work\n\ndef one():\n    work()\n",
        "app/two.py": "import app.one\n\ndef two():\n    app.one.one()\n",
        "app/three.py": "from .two import two\n\ndef three():\n    two()\n",
        "app/four.py": "from .three import three\n\ndef four():\n    three()\n",
    }
    files |= {f"other/m{i}.py": "from app import core\n\ndef f():\n    f()\n" for i in range(count)}
    return files


def test_of_a_large_repository_callers_are_looked_for_to_a_bounded_depth() -> None:
    project = large(WHOLE_FILES)
    graph = built(project, wanted="app/core.py::work")
    found = reach(graph, "app/core.py::work")
    assert found.at_least
    assert callers(graph, "app/core.py::work") == {
        "app/one.py::one", "app/two.py::two", "app/three.py::three",
    }  # fmt: skip
    assert len(graph._files.facts) == 5


def test_a_small_repository_is_known_in_whole() -> None:
    graph = built(large(3), wanted="app/core.py::work")
    found = reach(graph, "app/core.py::work")
    assert not found.at_least
    assert found.callers == 4
    assert found.entry == "app/core.py::work"


def test_the_work_for_a_name_that_many_files_call_is_bounded() -> None:
    users = {
        f"users/m{i:04}.py": "from base import f\n" + "# padding\n" * 300 + "def g():\n    f()\n"
        for i in range(WHOLE_FILES + 1)
    }
    project = {"base.py": "def f():\n    pass\n", **users}
    graph = built(project, wanted="base.py::f")
    assert 50 < reach(graph, "base.py::f").callers < len(users)
    assert reach(graph, "base.py::f").at_least


def test_nothing_is_read_where_nothing_is_wanted() -> None:
    graph = CallGraph(["a.py"], lambda path: pytest.fail(path))
    assert list(graph.prepare({})) == []
    assert list(graph.prepare({"missing.py": ["f"]})) == []
    assert graph.reach("a.py", "f") is None


ProjectEdges = list[tuple[int, int]]


def random_project(edges: ProjectEdges) -> dict[str, str]:
    """Eight files with a function each; edge (a, b) is a call of b's by a's."""
    files = {}
    for number in range(8):
        called = sorted({b for a, b in edges if a == number})
        imports = "".join(f"    from m{b} import f{b}\n" for b in called)
        body = "".join(f"    f{b}()\n" for b in called)
        files[f"m{number}.py"] = f"def f{number}():\n{imports}{body}    pass\n"
    return files


EDGES = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20)


@given(EDGES)
def test_reach_is_the_transitive_closure_of_the_calls(edges: ProjectEdges) -> None:
    graph = built(random_project(edges))
    for start in range(8):
        known: set[int] = set()
        level = {start}
        while level:
            level = {a for a, b in edges if b in level} - known
            known |= level
        expected = {f"m{a}.py::f{a}" for a in known - {start}}
        assert callers(graph, f"m{start}.py::f{start}") == expected


@given(EDGES, st.tuples(st.integers(0, 7), st.integers(0, 7)))
def test_a_further_call_never_takes_a_caller_away(
    edges: ProjectEdges, further: tuple[int, int]
) -> None:
    before, after = built(random_project(edges)), built(random_project([*edges, further]))
    for n in range(8):
        assert callers(before, f"m{n}.py::f{n}") <= callers(after, f"m{n}.py::f{n}")


@given(EDGES, st.randoms(use_true_random=False))
def test_the_order_of_the_files_changes_nothing(edges: ProjectEdges, random: object) -> None:
    project = random_project(edges)
    items = list(project.items())
    random.shuffle(items)  # type: ignore[attr-defined]
    one, other = built(project), built(dict(items))
    for n in range(8):
        assert one.reach(f"m{n}.py", f"f{n}") == other.reach(f"m{n}.py", f"f{n}")
