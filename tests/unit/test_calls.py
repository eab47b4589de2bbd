"""What one file contributes to the call graph."""

from __future__ import annotations

import textwrap

import pytest

from qe_action.analysis.graph.call_facts import ENTRY_DECORATORS, FileFacts, file_facts
from qe_action.analysis.graph.chains import Chain
from qe_action.analysis.graph.entry_points import script_names
from qe_action.analysis.graph.imports import Import
from qe_action.analysis.graph.scopes import Local
from qe_action.analysis.python_module import parse_module


def facts(source: str) -> FileFacts:
    module = parse_module("m.py", textwrap.dedent(source).encode())
    assert module is not None
    return file_facts(module)


def uses(source: str, name: str) -> set[Chain]:
    return set(facts(source).functions[name].uses)


def test_local_names_are_replaced_by_what_they_stand_for() -> None:
    source = """\
        from shop import Cart
        def f(other: Cart, unknown):
            cart = Cart()
            cart.add()
            other.add()
            same = cart
            same.clear()
            unknown.run()
        """
    cart = Import(0, "shop", "Cart")
    assert facts(source).names["Cart"] == (Chain(cart),)
    assert uses(source, "f") == {
        Chain("Cart", ("()",)),
        Chain("Cart", ("()", ".add", "()")),
        Chain("Cart", ("!", ".add", "()")),
        Chain("Cart", ("()", ".clear", "()")),
    }
    assert facts(source).functions["f"].blind == 1


def test_all_that_a_name_may_stand_for_counts() -> None:
    source = """\
        def f(flag):
            x = one() if flag else two()
            x.go()
            y = None
            y = flag or three()
            y.go()
        def one(): ...
        def two(): ...
        def three(): ...
        """
    assert {Chain(name, ("()", ".go", "()")) for name in ("one", "two", "three")} <= uses(
        source, "f"
    )


def test_parameters_and_loop_names_hide_global_ones() -> None:
    source = """\
        def g(): ...
        def f(g):
            g()
        def h():
            for g in range(3):
                g()
            return [g() for g in ()]
        """
    assert uses(source, "f") == set()
    assert Chain("g", ("()",)) not in uses(source, "h")


def test_a_global_statement_binds_the_modules_name() -> None:
    source = """\
        client = None
        def connect():
            global client
            client = Client()
        class Client: ...
        """
    assert Chain("Client", ("()",)) in facts(source).names["client"]


def test_receivers_attributes_and_super() -> None:
    source = """\
        class A(Base):
            part: "Part"
            def __init__(self):
                self.made = Made()
            def m(self):
                self.n()
                super().m()
            @classmethod
            def make(cls):
                return cls()
            @staticmethod
            def s(first):
                first.x()
        """
    found = facts(source)
    assert set(found.functions["A.m"].uses) == {
        Chain(Local("A"), ("!", ".n", "()")),
        Chain(Local("A"), ("^", ".m", "()")),
    }
    assert found.functions["A.make"].returns == (Chain(Local("A"), ("()",)),)
    assert found.functions["A.s"].blind == 1
    assert found.classes["A"].members["m"] == (Chain(Local("A.m")),)


def test_calls_of_builtins_and_literals_are_not_unknown() -> None:
    source = """\
        def f(text: str, n):
            print(len(text), "".join([]), [].copy())
            text.strip()
            names = []
            names.append(1)
            n.go()
            getattr(n, "x")()
        """
    assert facts(source).functions["f"].blind == 2


def test_the_main_guard_and_all() -> None:
    source = """\
        __all__ = ["run", "Other"]
        def run(): ...
        if __name__ == "__main__":
            run()
        """
    found = facts(source)
    assert found.exported == {"run", "Other"}
    assert found.main == (Chain("run", ("()",)),)
    assert Chain("run", ("()",)) not in found.module.uses


@pytest.mark.parametrize(
    ("decorator", "why"),
    [
        ('@app.get("/carts")', "a web route"),
        ('@router.post(path="/x")', "a web route"),
        ("@click.command()", "a command"),
        ("@cli.group", "a command"),
        ("@shared_task", "a background task"),
        ("@app.task(bind=True)", "a background task"),
        ("@receiver(saved)", "an event handler"),
        ("@cache.get", None),
        ("@get", None),
        ("@app.get(key)", None),
        ("@property", None),
    ],
)
def test_decorators_that_make_entry_points(decorator: str, why: str | None) -> None:
    assert facts(f"{decorator}\ndef f():\n    pass\n").functions["f"].entry == why
    assert why is None or why in {each.why for each in ENTRY_DECORATORS.values()}


@pytest.mark.parametrize(
    "source",
    [
        "def f(x: tuple[()], y: list[()] = None): x.a(); y.b()",
        "def f(x: 'bad annotation('): x.a()",
        "class A(A): pass\ndef f(a: A): a.b()",
        "def f():\n    x = y\n    y = x\n    x()\n    y()",
        "from . import *\nfrom .. import *\nf()",
        "lambda x=lambda: 1: x()",
        "match x:\n    case {'a': b, **rest} | [b, *rest]: b()\n    case A(c=d) as e: e()",
        "async def f():\n    async with a() as b, c() as (d, e):\n        await b()",
        "del f, g.h, i[0]",
        "x: int\nself.x = 1\nx[0]: int = 1",
        "class A:\n    def m():\n        self.x = 1\n    def n(*a, **k): a.b()",
    ],
)
def test_odd_sources_are_read(source: str) -> None:
    assert facts(source).path == "m.py"


def test_scripts_of_the_project() -> None:
    pyproject = b"""
        [project.scripts]
        tool = "tool.cli:main"
        [project.gui-scripts]
        gui = "tool.gui:show [extra]"
        [project.entry-points."tool.plugins"]
        one = "tool.plugins.one"
        [tool.poetry.scripts]
        old = "tool.old:run"
        broken = 3
        """
    setup_cfg = b"[options.entry_points]\nconsole_scripts =\n    a = tool.a:go\n    b=tool.b:go\n"
    assert script_names(pyproject, setup_cfg) == (
        *("tool.a:go", "tool.b:go", "tool.cli:main", "tool.gui:show", "tool.old:run"),
        "tool.plugins.one",
    )


@pytest.mark.parametrize("text", [b"[project", b"project = 3", b"\xff\xfe", b"[a]\nb", None])
def test_project_files_that_cannot_be_read_have_no_scripts(text: bytes | None) -> None:
    assert script_names(text, text) == ()
