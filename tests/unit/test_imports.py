"""Which file an import means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qe_action.analysis.graph.imports import Ambiguous, Modules

FILES = (
    "src/shop/__init__.py",
    "src/shop/cart.py",
    "src/shop/deep/__init__.py",
    "src/shop/deep/leaf.py",
    "src/space/inner/mod.py",
    "tools/run.py",
    "tools/helper.py",
    "tools/json.py",
    "services/a/app/main.py",
    "services/a/app/util.py",
    "services/b/app/main.py",
    "services/b/app/util.py",
    "setup.py",
)
MODULES = Modules(FILES)


@pytest.mark.parametrize(
    ("importer", "level", "module", "place"),
    [
        ("tools/run.py", 0, "shop.cart", "src/shop/cart"),
        ("tools/run.py", 0, "src.shop.cart", "src/shop/cart"),
        ("tools/run.py", 0, "space.inner.mod", "src/space/inner/mod"),
        ("src/shop/cart.py", 0, "shop", "src/shop"),
        ("src/shop/cart.py", 0, "cart", None),
        ("src/shop/cart.py", 0, "shop.nothing", None),
        ("src/shop/cart.py", 0, "numpy", None),
        ("tools/run.py", 0, "helper", "tools/helper"),
        ("tools/run.py", 0, "json", "tools/json"),
        ("src/shop/cart.py", 0, "json", None),
        ("services/a/app/main.py", 0, "util", "services/a/app/util"),
        ("services/a/x.py", 0, "app.util", "services/a/app/util"),
        ("services/b/tests/x.py", 0, "app.util", "services/b/app/util"),
        ("src/shop/cart.py", 1, "", "src/shop"),
        ("src/shop/cart.py", 1, "deep.leaf", "src/shop/deep/leaf"),
        ("src/shop/deep/__init__.py", 1, "leaf", "src/shop/deep/leaf"),
        ("src/shop/deep/leaf.py", 2, "cart", "src/shop/cart"),
        ("setup.py", 1, "tools", "tools"),
        ("setup.py", 2, "tools", None),
    ],
)
def test_an_import_means_the_file_that_the_evidence_tells(
    importer: str, level: int, module: str, place: str | None
) -> None:
    assert MODULES.find(importer, level, module) == place


def test_a_name_that_could_mean_several_files_means_none() -> None:
    assert MODULES.find("tools/run.py", 0, "app.util") == Ambiguous(("services/a", "services/b"))


def test_a_package_wins_over_a_module_of_its_name() -> None:
    modules = Modules(["m.py", "m/__init__.py", "n.py", "n/x.py"])
    assert modules.file("m") == "m/__init__.py"
    assert modules.file("n") == "n.py"
    assert modules.inside("n", "x") is None
    assert Modules(["n/x.py"]).inside("n", "x") == "n/x"


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("import shop.cart, shop.deep as d", ["src/shop/cart.py", "src/shop/deep/__init__.py"]),
        ("from . import cart", ["src/shop/__init__.py", "src/shop/cart.py"]),
        ("from .import cart", ["src/shop/__init__.py", "src/shop/cart.py"]),
        ("from .deep import (\n    leaf,  # the last\n    other,\n)",
         ["src/shop/deep/__init__.py", "src/shop/deep/leaf.py"]),
        ("from shop import \\\n    cart as c", ["src/shop/__init__.py", "src/shop/cart.py"]),
        ("def f():\n    try:\n        import shop.cart\n    except ImportError: pass",
         ["src/shop/cart.py"]),
        ("import os; x = 1", []),
        ("# important: from shop", []),
        ("text = 'import shop.cart'", []),
        ("importlib.import_module('shop')", []),
        ("from .. import space", ["src/space/inner"]),
    ],
)  # fmt: skip
def test_imports_are_read_from_the_text(text: str, files: list[str]) -> None:
    found = list(MODULES.imported("src/shop/part.py", text.encode()))
    assert found == [file for file in files if file.endswith(".py")]


@given(st.text("import from.()*,\\\n;#xa ", max_size=60))
def test_no_text_is_too_odd(text: str) -> None:
    assert set(MODULES.imported("src/shop/cart.py", text.encode())) <= set(FILES)


def test_a_line_of_a_million_imports_takes_no_long() -> None:
    assert list(MODULES.imported("tools/run.py", b"import " * 200_000)) == []
