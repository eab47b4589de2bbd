"""The pure parts of the offline generator."""

from __future__ import annotations

import ast
import os
import random
import re
from pathlib import Path

import pytest

from qe_action.generators.offline.arguments import ArgumentMaker
from qe_action.generators.offline.bodies import PinnedCall
from qe_action.generators.offline.code_hints import CodeHints
from qe_action.generators.offline.examples import contradicts, examples_of, inputs_of
from qe_action.generators.offline.hint_checks import fits
from qe_action.generators.offline.oracle import Expectation, expectation, matched
from qe_action.generators.offline.pools import Pool, pool_for
from qe_action.generators.offline.regexes import matching
from qe_action.generators.offline.search import Search, tells
from qe_action.generators.offline.shrinking import simpler, simpler_inputs
from qe_action.generators.offline.subjects import Input, Subject, case_of, subjects_of
from qe_action.generators.offline.test_names import names_of, snake, value_words
from qe_action.generators.offline.test_source import SourceWriter
from qe_action.generators.offline.value_changes import changed_literal
from qe_action.generators.offline.values import Call, Code, Lit, Map, Seq, read, text
from qe_action.generators.offline.variation import Variation
from qe_action.generators.offline.worker_answers import (
    CallResult,
    ClassInfo,
    Constants,
    Expression,
    Parameter,
    RaisedError,
    Signature,
    TypeTree,
)
from qe_action.generators.port import Goals, Job, Layout
from qe_action.generators.whole_file import goals_of
from qe_action.project_worker.client import PlainInterpreter

GOLDEN = Path(__file__).parent.parent / "golden" / "generated_tests.txt"
SOURCE = '''
import re
WORD = re.compile("[a-c]{2}[0-9]+")

def outer(kind, items, key=None):
    """Outer.

    >>> outer("alpha", [1, 2])
    3
    """
    if kind == "alpha":
        return inner(items)
    if key is None:
        raise ValueError("no key")
    for item in items:
        key(item)

def inner(values):
    return sum(values) + 41

def alone(n):
    return n * 7

class Box:
    def __init__(self, size):
        self.size = size

    def grow(self, by):
        return Box(self.size + by)
'''


def parameter(name: str, kind: str = "any", **how: object) -> Parameter:
    known = {"name": name, "kind": "POSITIONAL_OR_KEYWORD", "type": {"t": kind}, **how}
    return Parameter.model_validate({"hinted": kind != "any", **known})


def function(name: str, *parameters: Parameter, **how: object) -> Subject:
    made = Signature.model_validate({"name": name, "kind": "function", **how})
    signature = made.model_copy(update={"parameters": parameters})
    return Subject(name, "function", name, name, parameters, signature, "shop.cart")


def method(name: str, kind: str = "method", *parameters: Parameter) -> Subject:
    owner = ClassInfo(name="Cart", kind="class", module="shop.cart")
    signature = Signature(name=name, kind=kind, parameters=parameters)
    return Subject(
        f"Cart.{name}", kind, name, f"Cart.{name}", parameters, signature, "shop.cart", owner
    )


CART = Call("Cart", (), (), (("Cart", "shop.cart"),))


@pytest.mark.parametrize(
    "source",
    [
        '"a"', "-1", "1.5", "None", "[1, (2,)]", '{"a": [1]}', "{1, 2}", "set()", "()", "len",
        "lambda x: x + 1", 'float("nan")', 'b"x"', "max(1, 2, key=len)",
    ],
)  # fmt: skip
def test_values_are_written_as_they_were_read(source: str) -> None:
    value = read(source, {})
    assert value is not None
    assert text(value) == source


@pytest.mark.parametrize("source", ["unknown(1)", "x", "1 +", "[y]", "lambda x: z"])
def test_what_needs_unknown_names_is_no_value(source: str) -> None:
    assert read(source, {}) is None


def test_known_names_come_with_their_modules() -> None:
    value = read("Cart([Item(1)])", {"Cart": "shop", "Item": "shop.items"})
    assert isinstance(value, Call)
    assert case_names(value) == {"Cart": "shop", "Item": "shop.items"}


def case_names(value: Call) -> dict[str, str]:
    return case_of(Input(method("total", "property"), receiver=value)).names | {
        "Cart": "shop", "Item": "shop.items"
    }  # fmt: skip


def test_the_hints_say_what_each_function_reaches_and_holds() -> None:
    hints = CodeHints(SOURCE)
    assert hints.reach("outer") == {"outer", "inner"}
    assert hints.functions["outer"].strings[0] == "alpha"
    assert hints.functions["inner"].numbers == [41]
    assert hints.functions["outer"].uses["items"] == {"iterable"}
    assert hints.functions["outer"].uses["key"] == {"none", "callable1"}
    assert hints.functions["outer"].checked == {"key"}
    assert hints.functions["alone"].uses["n"] == {"number"}
    assert hints.function_at(18) == "inner"
    assert hints.on_line[11] == ["alpha"]


def test_a_pool_holds_what_its_subject_reaches_only() -> None:
    hints = CodeHints(SOURCE)
    pool = pool_for(function("outer"), hints, Constants(), ["word"])
    assert "alpha" in pool.strings
    assert "word" in pool.strings
    assert pool.numbers == [41]
    assert Lit("alpha") in pool.compared["kind"]


def test_module_patterns_count_where_they_are_named() -> None:
    hints = CodeHints(SOURCE + "def words(text):\n    return WORD.match(text)\n")
    constants = Constants(patterns=(("WORD", "[a-c]{2}[0-9]+", 0), ("OTHER", "x", 0)))
    pool = pool_for(function("words"), hints, constants, [])
    assert pool.patterns == [("[a-c]{2}[0-9]+", 0)]


@pytest.mark.parametrize(
    "pattern",
    [
        r"[a-c]{2}[0-9]+", r"(\w+)@(\w+)\.com", r"^(?:a|bb)*$", r"(?P<x>\d)-(?P=x)", r"[^abc]+",
        r"\s*\d{3,}", r"(?i)abc?", r"x(?=y)?",
    ],
)  # fmt: skip
def test_strings_match_the_pattern_they_are_made_from(pattern: str) -> None:
    rng = random.Random(1)
    made = [matching(pattern, 0, rng) for _ in range(20)]
    good = [word for word in made if word is not None and re.search(pattern, word)]
    assert len(good) >= 15


def test_no_string_is_made_from_a_broken_pattern() -> None:
    assert matching("(", 0, random.Random(0)) is None


@pytest.mark.parametrize(
    ("hint", "kinds"),
    [
        ({"t": "int"}, int),
        ({"t": "str"}, str),
        ({"t": "float"}, (int, float)),
        ({"t": "list", "of": [{"t": "int"}]}, list),
        ({"t": "dict", "of": [{"t": "str"}, {"t": "int"}]}, dict),
        ({"t": "tuple", "of": [{"t": "str"}, {"t": "int"}]}, tuple),
        ({"t": "union", "of": [{"t": "str"}, {"t": "None"}]}, (str, type(None))),
        ({"t": "literal", "of": ["'a'", "'b'"]}, str),
        ({"t": "bytes"}, bytes),
    ],
)
def test_values_keep_to_the_hint(hint: dict[str, object], kinds: type) -> None:
    maker = ArgumentMaker(random.Random(0), {}, "m")
    tree = TypeTree.model_validate(hint)
    for _ in range(100):
        value = ast.literal_eval(text(maker.of_type(tree)).replace('float("', '("'))
        assert isinstance(value, kinds) or value in ("nan", "inf", "-inf")


@pytest.mark.parametrize(
    ("value", "hint", "good"),
    [
        (Lit(1), {"t": "int"}, True),
        (Lit(True), {"t": "int"}, False),
        (Lit("c"), {"t": "literal", "of": ["'a'"]}, False),
        (Lit(None), {"t": "union", "of": [{"t": "None"}]}, True),
        (Map(()), {"t": "dict"}, True),
        (Seq("list", ()), {"t": "str"}, False),
    ],
)
def test_whether_a_literal_fits(value: Lit, hint: dict[str, object], good: bool) -> None:
    assert fits(value, TypeTree.model_validate(hint)) is good


def test_mutation_keeps_the_type_of_every_literal() -> None:
    rng = random.Random(5)
    for old in ("a word", 7, True, 1.5, b"xy", None):
        for _ in range(50):
            changed = changed_literal(Lit(old), Pool(strings=["z"], numbers=[3]), rng)
            assert type(changed.value) is type(old)


def test_mutants_of_an_input_keep_its_subject_and_shape() -> None:
    subject = function("f", parameter("a", "int"), parameter("b", "str"))
    call = Input(subject, (Lit(1), Lit("x")))
    maker = ArgumentMaker(random.Random(2), {}, "m")
    mutator = Variation(maker, random.Random(2))
    for _ in range(200):
        call = mutator.varied(call, Pool(), [call], None)
        assert [type(arg.value) for arg in call.args if isinstance(arg, Lit)] == [int, str]


def test_simpler_values_are_shorter_and_end() -> None:
    value = Seq("list", (Lit("hello world"), Lit(1234), Seq("list", (Lit(1), Lit(2)))))
    made = list(simpler(value))
    assert made
    assert all(len(text(one)) <= len(text(value)) for one in made)
    call = Input(function("f", parameter("a")), (value,))
    for _ in range(500):
        smaller = next((one for one in simpler_inputs(call) if one.size < call.size), None)
        if smaller is None:
            break
        call = smaller
    assert call.size < 12


def test_examples_are_found_and_become_inputs() -> None:
    hints = CodeHints(SOURCE)
    (example,) = examples_of(hints)
    assert (example.qualname, example.source, example.want) == (
        "outer", 'outer("alpha", [1, 2])', "3\n"
    )  # fmt: skip
    subject = function("outer", parameter("kind"), parameter("items"))
    (call,) = inputs_of([example], [subject], {})
    assert [text(arg) for arg in call.args] == ['"alpha"', "[1, 2]"]


@pytest.mark.parametrize(
    ("want", "got", "bug"),
    [
        ("3\n", "3", False),
        ("3\n", "4", True),
        ("{1: 2, 3: 4}\n", "{3: 4, 1: 2}", False),
        ('"a"\n', "'a'", False),
        ("[1, ...]\n", "[1, 2, 3]", False),
        ("Traceback (most recent call last):\n", "4", False),
        ("", "4", False),
        ("u'a'\n", "'a'", False),
        ("[u'a', <Thing>]\n", "['a', <Thing>]", False),
        ("OrderedDict([(u'a', U\"b\")])\n", "OrderedDict([('a', 'b')])", False),
        ("Thing(u'caf\\xe9')\n", "Thing('café')", False),
        ("u'a...'\n", "'abc'", False),
        ("(10L, <type 'int'>)\n", "(10, <class 'int'>)", False),
        ("[u'a', <Thing>]\n", "['b', <Thing>]", True),
        ("u'a'\n", "b'a'", True),
        ("b'a'\n", "'a'", True),
        ("'u'\n", "''", True),
        ("'10L'\n", "'10'", True),
        ("menu'a'\n", "men'a'", True),
    ],
)
def test_what_contradicts_an_example(want: str, got: str, bug: bool) -> None:
    assert contradicts(want, got) is bug


def ran(**how: object) -> CallResult:
    return CallResult.model_validate({"n": 0, "outcome": "value", "good": True, **how})


def made(source: str, **how: object) -> dict[str, object]:
    return {"text": source, **how}


@pytest.mark.parametrize(
    ("one", "kind", "wanted"),
    [
        (ran(value=made("True")), "is", "True"),
        (ran(value=made("'a'")), "equal", '"a"'),
        (ran(value=made("1.5", exact=False)), "approx", "1.5"),
        (ran(value=made("[[1.5]]", exact=False)), "equal", "[[1.5]]"),
        (ran(value=made('float("nan")', exact=False)), "nan", 'float("nan")'),
        (ran(value=made("None"), printed="hi\n"), "printed", '"hi\\n"'),
        (ran(value=made("None"), state={"cart.total": made("3")}), "state", ""),
        (ran(value=made("None"), files={"a.txt": "x"}), "files", ""),
        (ran(value=made("[1, 2]"), iterator="generator"), "iterated", "[1, 2]"),
        (ran(value=made("[1, 2, 3, 4, 5, 6]"), iterator="count", ended=False), "begins",
         "[1, 2, 3, 4, 5]"),
        (ran(fields={"{}.name": made("'x'")}, type="Item"), "fields", ""),
        (ran(type="Item", module="shop"), "instance", "Item"),
        (ran(value=made("3"), same=("cart",)), "same", "cart"),
    ],
)  # fmt: skip
def test_what_is_asserted(one: CallResult, kind: str, wanted: str) -> None:
    found = expectation(one, one)
    assert found is not None
    assert (found.kind, found.wanted) == (kind, wanted)


ERROR = {"type": "CartError", "module": "shop.cart", "public": "shop", "message": "no (2) left"}


def test_an_exception_s_message_is_matched_where_the_target_wrote_it() -> None:
    own = ran(outcome="raised", raised={**ERROR, "line": 7, "explicit": True})
    other = ran(outcome="raised", raised={**ERROR, "line": 0, "explicit": True})
    found, plain = expectation(own, own), expectation(other, other)
    assert found is not None
    assert plain is not None
    assert found.more == (("match", 'r"no \\(2\\) left"'),)
    assert found.names == {"CartError": "shop"}
    assert plain.more == ()


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (ran(value=made("1")), ran(value=made("2"))),
        (ran(value=made("'<Item object at 0x7f00aa11>'")), None),
        (ran(value=made("1"), changed=("environment",)), None),
        (ran(value=made("1"), good=False), None),
        (ran(value=made("None"), printed="1"), ran(value=made("None"), printed="2")),
        (ran(type="_Hidden", module="shop"), None),
        (ran(type="object", module="builtins"), None),
        (ran(type="Item", module="shop._private"), None),
        (ran(outcome="raised", raised={**ERROR, "type": "KeyboardInterrupt"}), None),
    ],
)
def test_what_is_never_asserted(one: CallResult, two: CallResult | None) -> None:
    assert expectation(one, two or one) is None


def test_what_is_by_chance_is_measured_by_its_size() -> None:
    found = expectation(ran(value=made("[1, 2]")), ran(value=made("[2, 1]")))
    assert found is not None
    assert found.more == (("len({})", "2"),)


def test_long_messages_are_cut_at_a_word() -> None:
    assert matched("word " * 30) == '"' + ("word " * 12).strip() + '"'


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Lit(""), "empty_string"), (Lit(-3), "minus_3"), (Lit(1.5), "1_5"), (Lit(None), "none"),
        (Lit("Hello World!"), "hello_world"), (Seq("list", ()), "empty_list"), (Lit(" "), "space"),
        (Seq("list", (Lit(1), Lit(2))), "1_2"), (Map(()), "empty_dict"), (Code("Size.BIG"), "big"),
    ],
)  # fmt: skip
def test_values_in_words(value: Lit, words: str) -> None:
    assert value_words(value) == words


def test_names_are_identifiers() -> None:
    call = Input(function("parseURL", parameter("text")), (Lit("é!"),))
    names = list(names_of([call], Expectation("is", "True")))
    assert names
    assert all(name.isidentifier() for name in names)
    assert snake("HTTPServer2Go") == "httpserver2_go"


def test_private_subjects_are_left_out() -> None:
    hidden = Signature(name="_hidden", kind="function")
    shown = Signature(name="shown", kind="function")
    private = ClassInfo(name="_Box", kind="class", module="m")
    assert [s.id for s in subjects_of([hidden, shown], [private], "m")] == ["shown"]


def test_a_dull_result_tells_nothing() -> None:
    call = Input(function("f", parameter("a")), (Lit("x"),))
    assert not tells(call, ran(repr="'x'"))
    assert not tells(call, ran(repr="None"))
    assert tells(call, ran(repr="'y'"))


def test_the_plan_takes_the_fewest_inputs_and_opens_what_failed() -> None:
    source = "def f(x):\n    if x:\n        return 1\n    return 2\n"
    subject = function("f", parameter("x", "int"))
    rng = random.Random(0)
    search = Search(
        goals_of(source),
        CodeHints(source),
        [subject],
        {"f": Pool()},
        ArgumentMaker(rng, {}, "m"),
        rng,
    )
    search.imported(((-1, 1), (1, -1)))
    assert search.open == {2, 3, 4, (2, 3), (2, 4)}
    calls = [Input(subject, (Lit(n),)) for n in (1, 0, 2)]
    search.learn(calls[0], ran(arcs=[(-1, 2), (2, 3), (3, -1)]))
    search.learn(calls[1], ran(arcs=[(-1, 2), (2, 4), (4, -1)]))
    search.learn(calls[2], ran(arcs=[(-1, 2), (2, 3), (3, -1)]))
    assert search.open == set()
    chosen = search.take()
    assert [item.call for item in chosen] == calls[:2]
    assert search.give_back(chosen[0])
    assert (2, 3) in search.open
    assert search.batch(5)


def test_goals_of_a_file_are_its_statements_and_branches() -> None:
    goals = goals_of("def f(x):\n    if (\n        x\n    ):\n        return 1\n    return 2\n")
    assert goals.lines == {1, 2, 5, 6}
    assert goals.arcs == {(2, 5), (2, 6)}
    assert goals.first_line[3] == 2


def pins() -> list[PinnedCall]:
    item, total = parameter("item"), parameter("count", "int", default="1")
    price = function("price", parameter("value", "int"), parameter("unit", "str", default="''"))
    add = method("add", "method", item, total)

    def pin(call: Input, expected: Expectation) -> PinnedCall:
        return PinnedCall(call, expected, frozenset([1]), frozenset())

    error = Expectation(
        "raises", "CartError", {"CartError": "shop"}, (("match", '"too few"'),), message="too few"
    )
    return [
        pin(Input(price, (Lit(1),)), Expectation("equal", '"1 EUR"')),
        pin(Input(price, (Lit(1000),)), Expectation("equal", '"1,000 EUR"')),
        pin(Input(price, (Lit(2),), (("unit", Lit("USD")),)), Expectation("equal", '"2 USD"')),
        pin(Input(function("tax", item), (Lit(9),)), Expectation("approx", "1.71")),
        pin(Input(function("names", item), (Lit(0),)), Expectation("begins", '["a", "b"]')),
        pin(Input(function("hello", item), (Lit("Ada"),)),
              Expectation("printed", '"Hello Ada\\n"')),
        pin(Input(function("save", item), (Lit("a.txt"),)),
              Expectation("files", more=(("a.txt", '"text"'),), writes=True)),
        pin(Input(function("load", item, **{"async": True}), (Lit(1),)),
              Expectation("is", "True")),
        pin(Input(function("opened", item, context=True), (Lit("x"),)),
              Expectation("equal", '"X"')),
        pin(Input(add, (Lit("pen"),), receiver=CART),
              Expectation("state", more=(("cart.items", '["pen"]'),))),
        pin(Input(add, (Lit("pen"), Lit(0)), receiver=CART), error),
        pin(Input(method("total", "property"), receiver=CART,
                    steps=(("add", (Lit("pen"),), ()),)), Expectation("equal", "3")),
        pin(Input(method("__eq__", "method", item), (Lit(1),), receiver=CART),
              Expectation("is", "False")),
        pin(Input(method("make", "classmethod", item), (Lit(1),)),
              Expectation("fields", more=(("{}.size", "1"), ("len({}.items)", "0")))),
    ]  # fmt: skip


def test_tests_are_rendered_as_a_colleague_would_write_them() -> None:
    job = Job("cart.py", "", Goals(), ".", Layout("shop.cart", ()), PlainInterpreter("python"))
    candidates = [candidate for candidate, _ in SourceWriter(job).write(pins())]
    shown = "\n\n".join(
        "\n".join([*candidate.imports, "", candidate.code.rstrip()]) for candidate in candidates
    )
    if os.environ.get("QE_GOLDEN") == "write":
        GOLDEN.write_text(shown + "\n", encoding="utf-8")
    assert shown + "\n" == GOLDEN.read_text(encoding="utf-8")


def test_raised_answers_are_checked() -> None:
    assert RaisedError.model_validate(ERROR).type == "CartError"
    with pytest.raises(ValueError, match="names"):
        Expression.model_validate({"text": "x", "names": {"a b": "m"}})
