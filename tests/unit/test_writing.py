"""Where accepted tests go, and what becomes of the file they are put into."""

from __future__ import annotations

import ast

from qe_action.verify.project import describe
from qe_action.verify.writing import Part, appended, new_file

ONE = Part("test_a", "def test_a():\n    assert f(1) == 2", ("from m import f", "import pytest"))
TWO = Part("test_b", "def test_b():\n    assert g() == 2", ("from m import g",))


def test_a_new_file_has_its_imports_first_and_once() -> None:
    assert new_file([ONE, TWO, ONE]) == (
        "import pytest\nfrom m import f, g\n\n\n"
        "def test_a():\n    assert f(1) == 2\n\n\n"
        "def test_b():\n    assert g() == 2\n\n\n"
        "def test_a_2():\n    assert f(1) == 2\n"
    )


def test_a_file_keeps_its_lines_and_gets_what_it_lacks() -> None:
    before = (
        '"""Doc."""\nimport os\nfrom m import (\n    f,\n    h,\n)\n\n\n'
        "def test_a():\n    assert h()"
    )
    after = appended(before, [ONE, TWO])
    assert after == (
        '"""Doc."""\nimport os\nfrom m import (\n    f,\n    h,\n)\n'
        "import pytest\nfrom m import g\n\n\n"
        "def test_a():\n    assert h()\n\n\n"
        "def test_a_2():\n    assert f(1) == 2\n\n\n"
        "def test_b():\n    assert g() == 2\n"
    )
    kept = [line for line in after.splitlines() if line in before.splitlines()]
    assert [line for line in before.splitlines() if line] == [
        line for line in kept if line and line in before
    ][: len([line for line in before.splitlines() if line])]


def test_a_file_s_own_line_ends_are_kept() -> None:
    after = appended("import os\r\n\r\nx = 1\r\n", [TWO])
    assert after.count("\n") == after.count("\r\n")
    assert ast.parse(after)


def test_a_file_without_imports_gets_them_at_its_top() -> None:
    assert appended("x = 1\n", [TWO]).startswith("from m import g\n\nx = 1\n")


def test_long_imports_are_parted_and_other_names_are_kept() -> None:
    names = [f"a_rather_long_name_{number}" for number in range(6)]
    part = Part(
        "test_a", "def test_a(): ...", (f"from m import {', '.join(names)}", "import a as b")
    )
    text = new_file([part])
    assert text.startswith("import a as b\nfrom m import (\n    a_rather_long_name_0,\n")
    after = appended(f"from m import {names[0]}\n", [part])
    assert after.count(names[0]) == 1
    assert ast.parse(after)


def place(*files: str, target: str = "src/shop/cart.py", **texts: str) -> str:
    tree = dict.fromkeys((*files, target), b"") | {k: v.encode() for k, v in texts.items()}
    return describe(tree, target).place


def test_the_module_s_one_test_file_is_where_tests_go() -> None:
    assert place("tests/test_cart.py", "tests/a/test_x.py") == "tests/test_cart.py"
    assert place("tests/cart_test.py") == "tests/cart_test.py"


def test_of_several_the_one_that_imports_the_module() -> None:
    tree = {
        "src/shop/__init__.py": b"",
        "src/shop/cart.py": b"",
        "tests/a/test_cart.py": b"import other.cart\n",
        "tests/b/test_cart.py": b"from shop import cart\n",
    }
    assert describe(tree, "src/shop/cart.py").place == "tests/b/test_cart.py"


def test_else_a_new_file_beside_most_of_the_tests() -> None:
    assert place("tests/u/test_x.py", "tests/u/test_y.py", "test_z.py") == "tests/u/test_cart.py"
    assert place() == "tests/test_cart.py"


def test_a_module_s_name_and_folder_follow_the_packages() -> None:
    tree = {"src/shop/__init__.py": b"", "src/shop/cart.py": b"", "src/shop/a/b.py": b""}
    found = describe(tree, "src/shop/cart.py")
    assert (found.module, found.paths) == ("shop.cart", ("src", "."))
    assert describe(tree, "src/shop/__init__.py").module == "shop"
    assert describe({"m.py": b""}, "m.py").paths == (".",)


def test_tests_may_import_what_the_project_and_its_tests_import() -> None:
    tree = {
        "m.py": b"",
        "n.py": b"def f():\n    import yaml\n",
        "tests/test_x.py": b"import attr\nfrom numpy.linalg import norm\n",
    }
    assert {"attr", "numpy", "m", "yaml"} <= describe(tree, "m.py").allowed
