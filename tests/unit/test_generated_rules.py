"""Rules for generated tests: hints that are kept to, and what makes a test hard to read."""

from __future__ import annotations

import platform

import pytest

from qe_action.generators.offline.code_hints import CodeHints, imported_tops
from qe_action.generators.offline.hint_checks import HintChecks, fits
from qe_action.generators.offline.readability import RULES, WrittenTest, broken_rule
from qe_action.generators.offline.shrinking import simpler
from qe_action.generators.offline.subjects import Input, Subject, case_of
from qe_action.generators.offline.values import Call, Code, Lit, Map, Seq, Value, strings_in, text
from qe_action.generators.offline.worker_answers import ClassInfo, Parameter, Signature, TypeTree

WHOLE = {"t": "int"}
TEXT = {"t": "str"}


@pytest.mark.parametrize(
    ("value", "hint", "good"),
    [
        (Lit(1), WHOLE, True),
        (Lit(1), {"t": "float"}, True),
        (Lit(1.5), WHOLE, False),
        (Lit(True), WHOLE, False),
        (Lit("a"), WHOLE, False),
        (Lit(None), TEXT, False),
        (Lit(None), {"t": "union", "of": [TEXT, {"t": "None"}]}, True),
        (Lit("a"), {"t": "any"}, True),
        (Lit("a"), {"t": "unknown"}, True),
        (Lit("a"), {"t": "class", "name": "Path", "module": "pathlib"}, False),
        (Lit(1), {"t": "class", "name": "SupportsInt", "module": "typing"}, True),
        (Lit("abc"), {"t": "iterable", "of": [TEXT]}, True),
        (Lit("abc"), {"t": "iterable", "of": [WHOLE]}, False),
        (Lit("abc"), {"t": "list", "of": [TEXT]}, False),
        (Lit("x"), {"t": "literal", "of": ["'x'", "'y'"]}, True),
        (Lit("z"), {"t": "literal", "of": ["'x'", "'y'"]}, False),
        (Seq("list", (Lit(1), Lit("a"))), {"t": "list", "of": [WHOLE]}, False),
        (Seq("list", (Lit(1),)), {"t": "iterator", "of": [WHOLE]}, False),
        (Call("iter", (Seq("list", (Lit(1),)),), ()), {"t": "iterator", "of": [WHOLE]}, True),
        (Seq("tuple", (Lit(1),)), {"t": "tuple", "of": [WHOLE, TEXT]}, False),
        (Seq("tuple", (Lit(1), Lit("a"))), {"t": "tuple", "of": [WHOLE, TEXT]}, True),
        (Map(((Lit("a"), Lit(1)),)), {"t": "dict", "of": [TEXT, WHOLE]}, True),
        (Map(((Lit("a"), Lit("b")),)), {"t": "dict", "of": [TEXT, WHOLE]}, False),
        (Code("lambda x: x"), {"t": "callable"}, True),
        (Code("lambda x: x"), TEXT, False),
        (Code("len"), TEXT, False),
        (Call("Box", (), ()), TEXT, False),
    ],
)
def test_whether_a_value_is_what_a_hint_asks_for(
    value: Value, hint: dict[str, object], good: bool
) -> None:
    assert fits(value, TypeTree.model_validate(hint)) is good


def parameter(name: str, kind: str, hint: str) -> Parameter:
    return Parameter(name=name, kind=kind, type=TypeTree(t=hint), hinted=True)


@pytest.mark.parametrize(
    ("args", "kwargs", "good"),
    [
        ((Lit(1),), (), True),
        ((Lit("a"),), (), False),
        ((Lit(1), Lit("a"), Lit("b")), (), True),
        ((Lit(1), Lit("a"), Lit(2)), (), False),
        ((Lit(1),), (("key", Lit(True)),), True),
        ((Lit(1),), (("key", Lit(3)),), False),
        ((Lit(1),), (("other", Lit(1.5)),), True),
        ((Lit(1),), (("other", Lit("x")),), False),
        ((Lit(1), Lit("a")), (("made", Call("Box", (Lit("x"),), ())),), False),
    ],
)
def test_every_argument_is_looked_at(
    args: tuple[Value, ...], kwargs: tuple[tuple[str, Value], ...], good: bool
) -> None:
    own = Signature(
        name="f",
        kind="function",
        parameters=(
            parameter("n", "POSITIONAL_OR_KEYWORD", "int"),
            parameter("rest", "VAR_POSITIONAL", "str"),
            parameter("key", "KEYWORD_ONLY", "bool"),
            parameter("made", "KEYWORD_ONLY", "any"),
            parameter("more", "VAR_KEYWORD", "float"),
        ),
    )
    box = ClassInfo(
        name="Box", kind="class", parameters=(parameter("n", "POSITIONAL_OR_KEYWORD", "int"),)
    )
    subject = Subject("f", "function", "f", "f", own.parameters, own, "m")
    assert HintChecks({"Box": box}).keeps(Input(subject, args, kwargs)) is good


def shown(code: str, wanted: str = "1", people: bool = False, **modules: str) -> WrittenTest:
    return WrittenTest(code, wanted, modules, "pack.mod", frozenset(["pack"]), people)


@pytest.mark.parametrize(
    ("test", "rule"),
    [
        (shown("assert f(1) == 1", f="pack.mod"), ""),
        (shown("assert _f(1) == 1"), "private names"),
        (shown("assert box._n == 1"), "private names"),
        (shown("assert box.__len__() == 1"), ""),
        (shown("assert f(_x=1) == 1"), "private names"),
        (shown("assert f(Thing()) == 1", Thing="pack._inner"), "private names"),
        (shown("assert type(f()).__name__ == 'A'"), "attributes of classes"),
        (shown("assert f(Thing()) == 1", Thing="foreign"), "new dependencies"),
        (shown("assert f(Thing()) == 1", Thing="decimal"), ""),
        (shown("assert f(10**3) == 1"), ""),
        (shown(f"assert f({10**20}) == 1"), "noise"),
        (shown(f"assert f({'x' * 300!r}) == 1"), "noise"),
        (shown(f"assert f({'x' * 300!r}) == 1", people=True), ""),
        (shown("assert f('\\x00\\x01\\x02') == 1"), "noise"),
        (shown("assert f('\\x00') == 1"), ""),
        (shown("assert f(1) == 1", wanted="'<a.B object at 0x7f00aa11>'"), "addresses"),
        (shown("assert f(1) == 1", wanted="\"<class 'int'>\""), "reprs of objects"),
        (shown("assert f() == 1", wanted=f'{{"kernel": "{platform.release()}"}}'), "this machine"),
        (shown("assert f(1 =="), "not Python"),
    ],
)
def test_the_rules_that_tests_break(test: WrittenTest, rule: str) -> None:
    assert broken_rule(test) == rule
    assert not rule or rule in RULES or rule == "not Python"


def test_keywords_are_those_of_whoever_gets_them() -> None:
    hints = CodeHints(
        "class Box:\n    def __init__(self, size=1, *, name='x'):\n        pass\n"
        "def make(kind, **options):\n    return Box(**options)\n"
    )
    assert hints.keywords("make") == {"options": {"size": "1", "name": "'x'"}}


def test_what_a_foreign_base_calls_is_reached_with_the_class() -> None:
    hints = CodeHints(
        "import textwrap\nclass Own(textwrap.TextWrapper):\n    def _split(self, text):\n"
        "        return [text]\nclass Plain:\n    def other(self):\n        return 1\n"
        "def wrap(text):\n    Plain()\n    return Own().wrap(text)\n"
    )
    assert "Own._split" in hints.reach("wrap")
    assert "Plain.other" not in hints.reach("wrap")


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("x = 1\n", False),
        ("def g():\n    return {1, 2}\n", True),
        ("def g():\n    return h()\ndef h():\n    return hash('a')\n", True),
    ],
)
def test_whether_chance_may_show(source: str, found: bool) -> None:
    assert CodeHints(source).unordered("g") is found


def test_the_packages_that_a_target_imports() -> None:
    tree = CodeHints("import os.path\nfrom a.b import c\nfrom . import d\ndef f():\n    import e\n")
    assert imported_tops(tree.tree) == {"os", "a", "e"}


def test_an_operator_has_its_operands_in_parentheses() -> None:
    own = Signature(name="__eq__", kind="method", parameters=(Parameter(name="o", kind="P"),))
    owner = ClassInfo(name="Query", kind="class")
    subject = Subject(
        "Query.__eq__", "method", "__eq__", "Query.__eq__", own.parameters, own, "m", owner
    )
    call = Input(subject, (Code("a > 0"),), (), Code("where('s') > 0"))
    assert case_of(call).act == "(where('s') > 0) == (a > 0)"
    assert case_of(Input(subject, (Lit(1),), (), Code("where('s')"))).act == "where('s') == 1"


def test_strings_of_a_value_are_found_in_expressions_too() -> None:
    value = Call("Box", (Lit("a"), Code("where('b') > 0")), (("c", Lit("d")),))
    assert strings_in(value) == ["a", "b", "d"]


def test_a_call_is_tried_with_fewer_arguments() -> None:
    shorter = [text(value) for value in simpler(Call("Box", (Lit(1), Lit(2)), ()))]
    assert "Box(1)" in shorter


@pytest.mark.parametrize(
    ("owner", "variable"),
    [("CartItem", "cart_item"), ("delta", "my_delta"), ("Class", "my_class"), ("List", "my_list")],
)
def test_the_object_s_name_hides_no_other(owner: str, variable: str) -> None:
    info = ClassInfo(name=owner, kind="class")
    own = Signature(name="size", kind="method")
    subject = Subject(f"{owner}.size", "method", "size", f"{owner}.size", (), own, "m", info)
    assert subject.variable == variable


@pytest.mark.parametrize(
    ("source", "kinds"),
    [
        ("isinstance(x, str)", {"is str"}),
        ("isinstance(x, (int, datetime.date))", {"is int", "is date"}),
        ("isinstance(x, int | decimal.Decimal)", {"is int", "is Decimal"}),
    ],
)
def test_what_a_parameter_is_checked_to_be(source: str, kinds: set[str]) -> None:
    hints = CodeHints(f"def f(x):\n    return {source}\n")
    assert kinds <= hints.functions["f"].uses["x"]
