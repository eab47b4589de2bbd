"""Which tests are taken out of a model's answer, and what of it is left out."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from qe_action.analysis.python_module import parse_module
from qe_action.generators.llm.answers import Answers, Left
from qe_action.generators.llm.asks import Ask, asks
from qe_action.generators.port import Candidate, Goals

SOURCE = """
class NoArea(ValueError):
    pass


def area(width, height):
    if width < 0:
        raise NoArea("below zero")
    return width * height
""".lstrip()
GOOD = "def test_area():\n    assert area(2, 3) == 6\n"


def the_ask() -> Ask:
    module = parse_module("shapes.py", SOURCE.encode())
    assert module is not None
    (ask,) = asks(module, Goals(frozenset({6, 7}), frozenset({(6, 7), (6, 8)})), (), ())
    return ask


def answers(*taken: str) -> Answers:
    return Answers("shapes.py", ast.parse(SOURCE), "shapes", taken)


def taken(item: dict[str, Any] | str, *names: str) -> list[Candidate]:
    return answers(*names).candidates(item, the_ask())


def test_an_object_is_a_candidate_with_its_aims() -> None:
    item = {"name": "test_area", "imports": ["from shapes import area"], "code": GOOD, "lines": [7]}
    (found,) = taken(item)
    assert (found.name, found.code, found.imports) == (
        "test_area", GOOD, ("from shapes import area",)
    )  # fmt: skip
    assert (found.target, found.qualname, found.generator) == ("shapes.py", "area", "llm")
    assert found.aim_lines == {7}
    assert found.aim_arcs == frozenset()


@pytest.mark.parametrize("lines", [None, [], [99], "7", [True], ["7"], {"7": 7}])
def test_without_lines_that_are_missed_all_that_is_asked_for_is_aimed_at(lines: object) -> None:
    (found,) = taken({"code": GOOD, "lines": lines})
    assert found.aim_lines == {6, 7}
    assert found.aim_arcs == {(6, 7), (6, 8)}


def test_imports_in_the_code_and_beside_it_are_put_together() -> None:
    code = f"import pytest\nfrom shapes import area\n\nLIMIT = 3\n\n\n{GOOD}"
    item = {"code": code, "imports": "from shapes import area\nimport math; x = 1\n"}
    (found,) = taken(item)
    assert found.imports == ("from shapes import area", "import math", "import pytest")
    assert found.code == f"LIMIT = 3\n\n\n{GOOD}"


@pytest.mark.parametrize("imports", [7, [7, None], {"a": 1}, ["not python at all"], ["(" * 300]])
def test_imports_that_are_none_are_left_out(imports: object) -> None:
    (found,) = taken({"code": GOOD.replace("area(2, 3)", "len('abcdef')"), "imports": imports})
    assert found.imports == ()


def test_several_tests_in_one_object_or_a_block_are_as_many_candidates() -> None:
    source = "import pytest\n\n\n" + GOOD + "\n\ndef test_more():\n    assert area(1, 1) == 1\n"
    assert [each.name for each in taken({"code": source})] == ["test_area", "test_more"]
    assert [each.imports[0] for each in taken(source)] == ["import pytest"] * 2


@pytest.mark.parametrize(
    ("code", "imports"),
    [
        ("with pytest.raises(NoArea): area(-1, 1)",
         ["import pytest", "from shapes import NoArea", "from shapes import area"]),
        ("assert json.dumps(area(2, 3)) == Path('6').name",
         ["import json", "from shapes import area", "from pathlib import Path"]),
        ("area = 3; assert area == unknown", []),
        ("from shapes import area; assert area(1, 2) == LIMIT", ["from shapes import LIMIT"]),
        ("assert P == near", ["from pathlib import PurePath as P", "from shapes import near"]),
    ],
)  # fmt: skip
def test_what_a_test_uses_of_the_target_is_imported(code: str, imports: list[str]) -> None:
    head = (
        "import json\nfrom pathlib import Path, PurePath as P\nfrom .a import near\nLIMIT: int = 2"
    )
    told = Answers("shapes.py", ast.parse(f"{head}\n{SOURCE}"), "shapes", ())
    (found,) = told.candidates({"code": f"def test_it():\n    {code}\n"}, the_ask())
    assert sorted(found.imports) == sorted(imports)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("assert area('a\n', 1) == 'b'", "assert area('a\\n', 1) == 'b'"),
        ("assert area(\"[x]\na = '1'\r\n\") == 1", "assert area(\"[x]\\na = '1'\\r\\n\") == 1"),
        ("# it isn't\n    assert area(b'\n')", "# it isn't\n    assert area(b'\\n')"),
        ("assert area('''a\n''', '\n')", "assert area('''a\n''', '\\n')"),
        ("assert area('it\\'s\n')", "assert area('it\\'s\\n')"),
    ],
)
def test_an_escape_that_json_has_read_is_put_back(written: str, meant: str) -> None:
    (found,) = taken({"code": f"def test_it():\n    {written}\n"})
    assert found.code == f"def test_it():\n    {meant}\n"


def test_what_no_escape_makes_python_stays_as_it_is() -> None:
    (found,) = taken({"name": "test_it", "code": "def test_it():\n    assert area('a\n' ==\n"})
    assert found.code == "def test_it():\n    assert area('a\n' ==\n"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("def test_a(self):\n    assert area(1, 1) == 1", "def test_a():"),
        ("def test_a(self, tmp_path):\n    assert area(1, 1) == 1", "def test_a(tmp_path):"),
        ("def test_a(self):\n    assert self.area(1, 1) == 1", "def test_a(self):"),
    ],
)
def test_a_method_without_its_class_is_a_function(written: str, meant: str) -> None:
    (found,) = taken({"code": written})
    assert found.code.splitlines()[0] == meant


def test_no_name_of_the_test_file_is_used_again() -> None:
    (found,) = taken({"code": GOOD + "\n# test_area\n"}, "test_area", "test_area_2")
    assert found.name == "test_area_3"
    assert found.code.startswith("def test_area_3():")


def test_what_is_no_python_is_a_candidate_that_a_gate_refuses() -> None:
    (found,) = taken({"code": "def test_area(:\n", "name": "test_area"})
    assert (found.name, found.code) == ("test_area", "def test_area(:\n")
    (other,) = taken({"code": "функция тест", "name": "rm -rf"})
    assert other.name == "test_unreadable"


@pytest.mark.parametrize(
    ("item", "why"),
    [
        ({}, "no code"),
        ({"code": 7}, "no code"),
        ({"code": "  \n"}, "no code"),
        ({"name": "test_x", "answer": "42"}, "no code"),
        ({"code": "x = '" + "a" * 30_000 + "'"}, "too long"),
        ({"code": "def area(w, h):\n    return 1\n"}, "no test"),
        ({"code": "x = 1\n"}, "no test"),
        ({"code": SOURCE}, "the source itself"),
        ({"code": SOURCE + GOOD}, "the source itself"),
        ({"code": GOOD, "path": "shapes.py"}, "another place"),
        ({"code": GOOD, "file": ".github/workflows/ci.yml"}, "another place"),
        ({"code": GOOD, "filename": "/etc/passwd"}, "another place"),
        ({"code": GOOD, "path": "../../test_x.py"}, "another place"),
    ],
)
def test_what_is_no_test_is_left_out_and_counted(item: dict[str, Any], why: Left) -> None:
    found = answers()
    assert found.candidates(item, the_ask()) == []
    assert found.left == {why: 1} | ({"repeated": 0} if "repeated" in found.left else {})


@pytest.mark.parametrize(
    "item",
    [
        {"code": GOOD + "    # sk-0123\n"},
        {"code": GOOD, "name": "test_sk-0123"},
        {"code": GOOD, "imports": ["import os  # sk-0123"]},
        GOOD + "    assert 'sk-0123'\n",
    ],
)
def test_a_test_with_a_secret_is_left_out(item: dict[str, Any] | str) -> None:
    """A server may write what it was sent, and tests are shown to everybody."""
    told = Answers("shapes.py", ast.parse(SOURCE), "shapes", (), ("sk-0123",))
    assert told.candidates(item, the_ask()) == []
    assert told.left == {"a secret": 1}
    assert [each.code for each in told.candidates({"code": GOOD}, the_ask())] == [GOOD]


def test_a_place_among_the_tests_is_not_used_either() -> None:
    (found,) = taken({"code": GOOD, "path": "tests/test_shapes.py"})
    assert found.target == "shapes.py"


def test_the_same_test_is_taken_once_under_any_name() -> None:
    found = answers()
    assert found.candidates({"code": GOOD}, the_ask())
    assert found.candidates({"code": GOOD.replace("test_area", "test_b")}, the_ask()) == []
    assert found.candidates({"code": f"# again\n{GOOD}"}, the_ask()) == []
    assert found.left["repeated"] == 2
    assert found.candidates({"code": GOOD.replace("6", "7")}, the_ask())


def test_code_that_python_cannot_hold_is_no_crash() -> None:
    for code in ("\ud800", "x" + "(" * 5_000, "\0", "def test_a():\n" + "    if x:\n" * 3):
        for found in taken({"code": code, "name": "\ud800"}):
            assert found.id
