"""Where accepted tests go, and what becomes of the file they are put into."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qe_action.events import TestCase
from qe_action.verify.project import LONGEST, TOTAL, describe
from qe_action.verify.writing import Part, additions, appended, grown, new_file

ONE = Part("test_a", "def test_a():\n    assert f(1) == 2", ("from m import f", "import pytest"))
TWO = Part("test_b", "def test_b():\n    assert g() == 2", ("from m import g",))


def test_a_new_file_has_its_imports_first_and_once() -> None:
    assert new_file([ONE, TWO, ONE]) == (
        "import pytest\n\nfrom m import f, g\n\n\n"
        "def test_a():\n    assert f(1) == 2\n\n\n"
        "def test_b():\n    assert g() == 2\n\n\n"
        "def test_a_2():\n    assert f(1) == 2\n"
    )


def test_tests_of_one_function_stand_together_below_one_comment() -> None:
    def about(name: str, number: int) -> Part:
        return Part(f"test_{number}", f"# Pins {name}.\ndef test_{number}(): ...", ())

    assert new_file([about("f", 1), about("g", 2), TWO, about("f", 3)]).endswith(
        "# Pins f.\ndef test_1(): ...\n\n\n"
        "def test_3(): ...\n\n\n"
        "# Pins g.\ndef test_2(): ...\n\n\n"
        "def test_b():\n    assert g() == 2\n"
    )


def test_a_file_keeps_its_lines_and_gets_what_it_lacks() -> None:
    before = (
        '"""Doc."""\nimport os\nfrom m import (\n    f,\n    h,\n)\n\n\n'
        "def test_a():\n    assert h()"
    )
    after = appended(before, [ONE, TWO])
    assert after == (
        '"""Doc."""\nimport os\nimport pytest\nfrom m import (\n    f,\n    g,\n    h,\n)\n\n\n'
        "def test_a():\n    assert h()\n\n\n"
        "def test_a_2():\n    assert f(1) == 2\n\n\n"
        "def test_b():\n    assert g() == 2\n"
    )
    kept = [line for line in after.splitlines() if line in before.splitlines()]
    assert [line for line in before.splitlines() if line] == [
        line for line in kept if line and line in before
    ][: len([line for line in before.splitlines() if line])]


HELD = (
    "from shop import Cart\n\n\ndef make():\n    return Cart(1)\n\n\n"
    "def test_c():\n    assert make()\n"
)


@pytest.mark.parametrize(
    ("beside", "written"),
    [
        ("def make():\n    return 5", "def make_2():\n    return 5"),
        ("class Cart:\n    pass", "class Cart_2:\n    pass"),
        ("test_c = None", "test_c_2 = None"),
        ("x, make = 1, 2", "x, make_2 = 1, 2"),
        ("async def make(n):\n    return await make(n)",
         "async def make_2(n):\n    return await make_2(n)"),
    ],
)  # fmt: skip
def test_what_stands_beside_a_test_takes_nobody_s_place(beside: str, written: str) -> None:
    name = "Cart" if "Cart" in beside else "test_c" if "test_c" in beside else "make"
    test = 'def test_new({0}=1):\n    """Of {0} alone."""\n    assert {0}'
    after = appended(HELD, [Part("test_new", f"{beside}\n\n\n{test.format(name)}", ())])
    own = test.format(f"{name}_2").replace(f"Of {name}_2", f"Of {name}")
    assert after == f"{HELD}\n\n{written}\n\n\n{own}\n"


def test_helpers_of_two_tests_are_two_unless_they_are_the_same() -> None:
    def part(name: str, number: int) -> Part:
        test = f"def {name}():\n    assert make() == {number}"
        return Part(name, f"def make():\n    return {number}\n\n\n{test}", ())

    text = new_file([part("test_a", 1), part("test_b", 2), part("test_c", 1)])
    assert "def make_2():\n    return 2\n\n\ndef test_b():\n    assert make_2() == 2" in text
    assert text.count("def make():\n    return 1") == 2
    assert "def make_3" not in text


@pytest.mark.parametrize(
    "use", ["f(lambda make: 1, make=1)", '@mark("a, make")\ndef g(): ...', "import make"]
)
def test_a_helper_that_can_have_no_other_name_is_not_written(use: str) -> None:
    body = use if "@" in use else f"def g():\n    {use}"
    code = f"def make():\n    return 5\n\n\n{body}\n\n\ndef test_new():\n    assert make() == 5"
    with pytest.raises(ValueError, match="make can have no other name"):
        appended(HELD, [Part("test_new", code, ())])


def test_a_name_in_other_calls_and_texts_stays() -> None:
    code = 'def make():\n    return f("make", make=1)\n\n\ndef test_new():\n    assert make()'
    after = appended(HELD, [Part("test_new", code, ())])
    assert after.endswith(
        'def make_2():\n    return f("make", make=1)\n\n\ndef test_new():\n    assert make_2()\n'
    )


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
    assert {"attr", "numpy", "m", "yaml"} <= describe(tree, "m.py").around.allowed


def added(before: str, *parts: Part) -> str:
    """The file with the tests; every line that was there still is, in its order."""
    after = appended(before, parts)
    ast.parse(after)
    rest = iter(after.split("\n"))
    assert all(any(line == found for found in rest) for line in before.rstrip("\r\n").split("\n"))
    return after


def test_what_runs_the_file_as_a_program_stays_last() -> None:
    program = 'if __name__ == "__main__":\n    pytest.main()\n'
    before = f"import pytest\nfrom m import g\n\n\ndef test_x():\n    pass\n\n\n# run\n{program}"
    assert added(before, TWO).endswith(
        f"    pass\n\n\ndef test_b():\n    assert g() == 2\n\n\n# run\n{program}"
    )
    tight = f"x = 1\n{program}"
    assert added(tight, TWO).endswith(f"== 2\n\n\n{program}")


def test_blank_lines_at_the_end_are_no_more_than_two() -> None:
    for end in ("", "\n", "\n\n", "\n\n\n"):
        after = added(f"from m import g\n\nx = 1{end}", TWO)
        assert "x = 1\n\n\ndef test_b" in after


def test_a_name_with_a_number_counts_on() -> None:
    parts = [Part(f"test_a{end}", f"def test_a{end}(): ...", ()) for end in ("", "_2", "_for_2")]
    after = appended("def test_a():\n    pass\n", parts)
    assert [line for line in after.splitlines() if line.startswith("def ")] == [
        "def test_a():",
        "def test_a_2(): ...",
        "def test_a_3(): ...",
        "def test_a_for_2(): ...",
    ]


def test_form_feeds_and_odd_separators_are_no_line_ends() -> None:
    before = '"""Doc\x0c of\u2028it."""\nimport os\n\x0c\nx = "\x1c"\n'
    assert "import os\n\nfrom m import g\n\x0c" in added(before, TWO)


def test_a_file_of_windows_without_a_last_line_end() -> None:
    after = appended("import os\r\n\r\nx = 1", [TWO])
    assert "x = 1\r\n\r\n\r\ndef test_b():\r\n" in after


def test_an_empty_file_is_like_a_new_one() -> None:
    assert appended("", [TWO]) == new_file([TWO])


def test_names_that_the_file_has_are_not_hidden() -> None:
    one = Part("test_a", "def test_a():\n    assert f(f=f(1)) == x.f", ("from m.n import f",))
    for before in ("from other import f\n", "def f():\n    pass\n", "if x:\n    f = 1\n"):
        after = added(before, one)
        assert "from m.n import f as n_f\n" in after
        assert "    assert n_f(f=n_f(1)) == x.f\n" in after
    assert " as " not in added("from m.n import f\n", one)
    assert added("import m.n\n", Part("test_a", "def test_a():\n    m.n.f()", ("import m.n",)))


def test_a_name_that_is_taken_gets_one_other_name_for_all_tests() -> None:
    tests = [
        Part(f"test_{n}", f"def test_{n}():\n    assert f({n})", ("from m import f",))
        for n in range(3)
    ]
    text = appended("from n import f\n\nassert f\n", tests)
    assert text.count("f as ") == 1
    assert [text.count(f"assert m_f({n})") for n in range(3)] == [1, 1, 1]
    again = [
        case(part.name, part.code, "t.py").model_copy(update={"imports": part.imports})
        for part in tests
    ]
    assert additions(again, {"t.py": text.encode()}) == {}


def test_tests_that_import_one_name_from_two_modules_get_both() -> None:
    one = Part("test_a", "def test_a():\n    assert f(1)", ("from m import f",))
    two = Part("test_b", "def test_b():\n    assert f(2)", ("from n import f",))
    text = new_file([one, two])
    assert "from m import f\nfrom n import f as n_f\n" in text
    assert "assert n_f(2)" in text


def test_a_name_that_is_imported_or_assigned_is_taken() -> None:
    assert "def test_b_2():" in added("from helpers import test_b\n", TWO)
    assert "class TestX_2:" in added("TestX = 1\n", Part("TestX", "class TestX:\n    pass", ()))


def test_future_imports_are_first_in_a_new_file_and_not_added_to_another() -> None:
    part = Part("test_a", "def test_a(): ...", ("from __future__ import annotations", "import os"))
    assert new_file([part]).startswith("from __future__ import annotations\n\nimport os\n")
    assert "__future__" not in added("import sys\n", part)


def test_imports_stand_in_the_sections_of_formatters() -> None:
    part = Part(
        "test_a",
        "def test_a(): ...",
        ("from shop.cart import x", "import pytest", "import re", "from os import path"),
    )
    assert new_file([part]).startswith(
        "import re\nfrom os import path\n\nimport pytest\n\nfrom shop.cart import x\n\n\ndef"
    )


def test_a_unittest_file_gets_functions_beside_its_classes() -> None:
    before = (
        "import unittest\n\n\n"
        "class TestX(unittest.TestCase):\n    def test_a(self):\n        pass\n"
    )
    assert added(before, TWO).endswith("        pass\n\n\ndef test_b():\n    assert g() == 2\n")


def test_files_that_are_not_plain_utf_8_or_can_t_be_parsed_are_left_alone() -> None:
    for data in (
        b"# -*- coding: latin-1 -*-\nx = '\xe4'\n",
        b"\xef\xbb\xbfx = 1\n",
        b"x = '\xff'\n",
        b"def f(:\n",
    ):
        tree = {"m.py": b"", "tests/test_m.py": data}
        assert describe(tree, "m.py").place == "tests/test_m_generated.py"


def test_a_new_file_lies_where_the_tests_of_its_package_are_and_is_named_as_they_are() -> None:
    tree = {
        "shop/__init__.py": b"",
        "shop/a/__init__.py": b"",
        "shop/a/cart.py": b"",
        "tests/a/other_test.py": b"from shop.a import other\n",
        "tests/b/x_test.py": b"import shop.b\n",
        "tests/b/y_test.py": b"import shop.b\n",
    }
    assert describe(tree, "shop/a/cart.py").place == "tests/a/cart_test.py"


def test_a_test_file_uses_the_target_by_relative_imports_too() -> None:
    tree = {
        "shop/__init__.py": b"",
        "shop/cart.py": b"",
        "shop/tests/__init__.py": b"",
        "shop/tests/test_x.py": b"from .. import cart\n",
        "shop/tests/test_y.py": b"from ..cart import total\n",
        "shop/tests/test_z.py": b"import os\n",
    }
    users = describe(tree, "shop/cart.py").users()
    assert users == ("shop/tests/test_x.py", "shop/tests/test_y.py")


def test_of_very_many_or_long_tests_those_of_the_target_are_looked_into() -> None:
    test = b"def test_x():\n    assert cart\n"
    long = test + b"#" * LONGEST
    tree = {"cart.py": b"", "tests/test_long.py": long, "tests/test_a.py": test}
    tree |= {f"tests/test_b{n}.py": test.ljust(LONGEST, b"#") for n in range(TOTAL // LONGEST)}
    tree["tests/test_cart.py"] = test
    found = describe(tree, "cart.py")
    assert {"tests/test_cart.py", "tests/test_a.py"} < set(found.test_files)
    assert "tests/test_long.py" not in found.test_files
    assert sum(map(len, found.test_files.values())) <= TOTAL
    tree["tests/test_cart.py"] = long
    assert describe(tree, "cart.py").place == "tests/test_cart_generated.py"


HEADS = {
    "behind a path that is set up": (
        "import os\nimport sys\n\nsys.path.insert(0, os.getcwd())\n\n"
        "from m import f  # noqa: E402\n",
        "import os\nimport sys\n\nimport pytest\n\nsys.path.insert(0, os.getcwd())\n\n"
        "from m import f, g  # noqa: E402\n",
    ),
    "behind a path that is set up and nothing else": (
        "import sys\nsys.path[:0] = ['lib']\n",
        "import sys\n\nimport pytest\nsys.path[:0] = ['lib']\n\nfrom m import f, g\n",
    ),
    "behind what skips the file": (
        'import pytest\n\nnumpy = pytest.importorskip("numpy")\n',
        'import pytest\n\nnumpy = pytest.importorskip("numpy")\n\nfrom m import f, g\n',
    ),
    "behind an import that may fail": (
        "import pytest\ntry:\n    import numpy\nexcept ImportError:\n    numpy = None\n",
        "import pytest\ntry:\n    import numpy\nexcept ImportError:\n    numpy = None\n\n"
        "from m import f, g\n",
    ),
    "behind a call of the file's own": (
        "import pytest\n\ndef ready():\n    pass\n\n\nready()\n",
        "import pytest\n\ndef ready():\n    pass\n\n\nready()\n\nfrom m import f, g\n",
    ),
    "with what linters are told": (
        "import pytest\npytest.importorskip('m')\nimport late  # noqa: E402\n",
        "import pytest\npytest.importorskip('m')\nimport late  # noqa: E402\n"
        "from m import f, g  # noqa: E402\n",
    ),
    "one name a line, where that is the habit": (
        "import pytest\n\nfrom m import a\nfrom m import z\n",
        "import pytest\n\nfrom m import a\nfrom m import z\nfrom m import f\nfrom m import g\n",
    ),
    "behind names that have no order": (
        "import pytest\n\nfrom m import (\n    z,  # why\n    a  # last\n)\n",
        "import pytest\n\nfrom m import (\n    z,  # why\n    a,  # last\n    f,\n    g\n)\n",
    ),
    "in a bracket on the same row": (
        "import pytest\nfrom m import (a,\n               b,)\n",
        "import pytest\nfrom m import (a,\n               b,\n               f,\n"
        "               g,)\n",
    ),
    "on a row that goes on": (
        "import pytest\nfrom m import a, \\\n    b\n",
        "import pytest\nfrom m import a, \\\n    b, f, g\n",
    ),
    "in another line where there is no room": (
        f"import pytest\nfrom m import {'a' * 70}\n",
        f"import pytest\nfrom m import {'a' * 70}\nfrom m import f, g\n",
    ),
    "not into a star": (
        "import pytest\n\nfrom m import *\n",
        "import pytest\n\nfrom m import *\nfrom m import f, g\n",
    ),
    "below what a file says of itself": (
        "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n# Ours.\n\nx = 1\n",
        "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n# Ours.\n\n"
        "import pytest\n\nfrom m import f, g\n\nx = 1\n",
    ),
    "each with its like": (
        "from __future__ import annotations\n\nimport os\n\nfrom n import x\n",
        "from __future__ import annotations\n\nimport os\n\nimport pytest\n\n"
        "from m import f, g\nfrom n import x\n",
    ),
}


@pytest.mark.parametrize("head", HEADS)
def test_imports_go(head: str) -> None:
    before, wanted = HEADS[head]
    test = "\n\ndef test_x():\n    pass\n"
    after = appended(before.rstrip("\n") + "\n" + test, [ONE, TWO])
    assert after.partition("\n\ndef test_x")[0] == wanted.rstrip("\n") + "\n" * wanted.endswith(
        "\n"
    )
    assert after.partition("def test_x")[2].count("def test_") == 2


def is_within(few: str, many: str) -> bool:
    rest = iter(many)
    return all(char in rest for char in few)


PIECES = (
    *(
        "import os",
        "from m import a, h",
        "from m import (\n    a,\n    h\n)  # why",
        "import m as n",
    ),
    *(
        "try:\n    import x\nexcept ImportError:\n    x = None",
        "x = 1  # kept ü",
        '"""Text\x0c."""',
    ),
    *("def test_x():\n    assert True", "class TestA:\n    def test_b(self): ...", "\t# a comment"),
    *("sys = 1; import os", "from m import a, \\\n    h", "", "from . import y", "ready()"),
)


@given(
    st.lists(st.sampled_from(PIECES), max_size=8),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["", "if __name__ == '__main__':\n    ready()"]),
    st.booleans(),
    st.sampled_from(["", "\ufeff"]),
)
def test_all_that_a_file_holds_stays(
    pieces: list[str], end: str, program: str, newline: bool, mark: str
) -> None:
    before = "\n".join(filter(None, [*pieces, program])).replace("\n", end) + end * newline
    after = appended(mark + before, [ONE, TWO])
    assert is_within(before, after)
    assert after.startswith(mark)
    tree = ast.parse(after.removeprefix(mark))
    assert not before.strip() or program in ast.unparse(tree.body[-1]) or not program
    names = {alias.name for node in ast.walk(tree) for alias in getattr(node, "names", ())}
    assert {"f", "g", "pytest"} <= names
    if end != "\n" and before.strip() and before.count(end):
        assert "\n" not in after.replace("\r\n", "") or end == "\r\n"


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8-sig", "utf-8"])
def test_a_file_keeps_its_encoding(encoding: str) -> None:
    cookie = "# coding: latin-1\n" if encoding == "latin-1" else ""
    before = f"{cookie}x = 'é'\n".encode(encoding)
    after = grown(before, [TWO])
    assert after.decode(encoding).startswith(cookie)
    assert "x = 'é'\n" in after.decode(encoding)
    assert after.startswith(b"\xef\xbb\xbf") is before.startswith(b"\xef\xbb\xbf")
    assert b"from m import g" in after


def case(name: str, code: str, path: str) -> TestCase:
    return TestCase(
        id=name,
        test_name=name,
        test_code=code,
        framework="pytest",
        test_type="unit",
        imports=("from m import f",),
        path=path,
    )


def test_tests_are_added_to_their_files_once() -> None:
    one = case("test_a", "def test_a():\n    assert f(1) == 2", "tests/test_m.py")
    two = case("test_b", "def test_b():\n    assert f(2) == 3", "tests/test_n.py")
    first = additions([one, two], {"tests/test_m.py": b"import os\n"})
    assert list(first) == ["tests/test_m.py", "tests/test_n.py"]
    assert first["tests/test_m.py"].startswith(b"import os\n\nfrom m import f\n")
    assert (
        first["tests/test_n.py"]
        == new_file([Part(two.test_name, two.test_code, two.imports)]).encode()
    )
    assert additions([one, two], first) == {}
