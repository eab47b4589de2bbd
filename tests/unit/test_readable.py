"""How generated tests read: their names, their messages, their lines."""

from __future__ import annotations

import ast
from typing import get_args

import pytest

from qe_action.generators.offline.bodies import PinnedCall
from qe_action.generators.offline.line_wrapping import WIDTH, wrapped
from qe_action.generators.offline.messages import Messages, MessageSummary
from qe_action.generators.offline.oracle import Expectation, Kind
from qe_action.generators.offline.shrinking import cost, leaves_folder, simpler
from qe_action.generators.offline.subjects import Input, Subject
from qe_action.generators.offline.test_source import SourceWriter
from qe_action.generators.offline.values import Call, Code, Lit, Value, read
from qe_action.generators.offline.values import text as shown
from qe_action.generators.offline.worker_answers import ClassInfo, Parameter, Signature
from qe_action.generators.port import Candidate, Goals, Job, Layout
from qe_action.project_worker.client import PlainInterpreter

SOURCE = """
def parse(name):
    if not name.endswith(".whl"):
        raise BadName(f"Bad name (extension must be '.whl'): {name!r}")
    if name.count("-") > 4:
        raise BadName(f"Bad name (wrong number of parts): {name!r}")
    if name == "-":
        raise BadName("%s was given where a number was wanted" % name)
    raise BadName(f"Bad name: {name!r}")
"""


def function(name: str, *parameters: str) -> Subject:
    given = tuple(
        Parameter(
            name=p.rstrip("?"), kind="POSITIONAL_OR_KEYWORD", default="0" if "?" in p else None
        )
        for p in parameters
    )
    signature = Signature(name=name, kind="function", parameters=given)
    return Subject(name, "function", name, name, given, signature, "m")


def member(name: str, kind: str = "method") -> Subject:
    made = (Parameter(name="text", kind="POSITIONAL_OR_KEYWORD"),)
    info = ClassInfo(name="Word", kind="class", module="m", parameters=made)
    signature = Signature(name=name, kind=kind)
    return Subject(f"Word.{name}", kind, name, f"Word.{name}", (), signature, "m", info)


def word(text: str) -> Call:
    return Call("Word", (Lit(text),), (), (("Word", "m"),))


def test_names_of_the_file_s_own_tests_are_left_to_them() -> None:
    job = Job("m.py", SOURCE, Goals(), ".", Layout("m", ()), PlainInterpreter("python"))
    length = Input(member("length", "property"), receiver=word("a"))
    pin = PinnedCall(length, Expectation("equal", "1"), frozenset([1]), frozenset())
    ((test, _),) = SourceWriter(job, ["test_word_length"]).write([pin])
    assert test.name == "test_word_length_for_a"


def test_powers_stand_close() -> None:
    value = read("10 ** 28", {})
    assert value is not None
    assert shown(value) == "10**28"


def rendered(*pins: tuple[Input, Expectation]) -> list[Candidate]:
    job = Job("m.py", SOURCE, Goals(), ".", Layout("m", ()), PlainInterpreter("python"))
    made = [PinnedCall(call, expected, frozenset([1]), frozenset()) for call, expected in pins]
    return [candidate for candidate, _ in SourceWriter(job).write(made)]


def bad(message: str) -> Expectation:
    match = (("match", repr(message)),)
    return Expectation("raises", "BadName", {"BadName": "m"}, match, message=message)


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("Bad name (wrong number of parts): 'x'",
         MessageSummary('"wrong number of parts"', "wrong_number_of_parts")),
        ("Bad name (extension must be '.whl'): 'x'",
         MessageSummary('"extension must be"', "extension_must_be_whl")),
        ("x was given where a number was wanted",
         MessageSummary('"was given where a number was wanted"',
                        "was_given_where_a_number_was_wanted")),
        ("Bad name: 'x'", MessageSummary('"Bad name"', "")),
        ("too few", MessageSummary('"too few"', "too_few")),
        ("no item 3 in 'box' of x", MessageSummary('"no item"', "no_item")),
        ("x", MessageSummary()),
    ],
)  # fmt: skip
def test_a_message_without_the_values_in_it(message: str, told: MessageSummary) -> None:
    assert Messages(SOURCE).summary(message, ["bad", "name", "parse"], ["x"]) == told


def test_a_long_message_is_cut_to_the_room_there_is() -> None:
    message = "Expected a package name at the start of the dependency specifier"
    assert Messages("").summary(message, [], [], 34).match == '"Expected a package name"'


def test_errors_are_named_by_what_is_wrong() -> None:
    parse = function("parse", "name")
    tests = rendered(
        (Input(parse, (Lit("a"),)), bad("Bad name (extension must be '.whl'): 'a'")),
        (Input(parse, (Lit("-----.whl"),)), bad("Bad name (wrong number of parts): '-----.whl'")),
        (Input(parse, (Lit("a.whl"),)), bad("Bad name: 'a.whl'")),
    )
    assert [test.name for test in tests] == [
        "test_parse_raises_extension_must_be_whl",
        "test_parse_raises_wrong_number_of_parts",
        "test_parse_raises_bad_name_for_a_whl",
    ]
    assert 'with pytest.raises(BadName, match="wrong number of parts"):' in tests[1].code


def test_inputs_with_one_fault_are_one_test() -> None:
    parse = function("parse", "name")
    (test,) = rendered(
        *(
            (Input(parse, (Lit(t),)), bad(f"Bad name (extension must be '.whl'): {t!r}"))
            for t in "ab"
        )
    )
    assert '@pytest.mark.parametrize("name", ["a", "b"])\n' in test.code


@pytest.mark.parametrize(
    ("call", "expected", "name"),
    [
        (Input(member("__hash__"), receiver=word("a")), Expectation("is", "True"),
         "test_word_hash_is_that_of_its_equal"),
        (Input(member("__eq__"), (word("a"),), receiver=word("a")), Expectation("is", "True"),
         "test_word_equals_its_like"),
        (Input(member("__eq__"), (Lit(1),), receiver=word("a")), Expectation("is", "False"),
         "test_word_differs_from_1"),
        (Input(member("__lt__"), (word("b"),), receiver=word("a")), Expectation("is", "True"),
         "test_word_less_than"),
        (Input(member("length", "property"), receiver=word("a")), Expectation("equal", "1"),
         "test_word_length"),
        (Input(function("is_even", "n"), (Lit(2),)), Expectation("is", "True"),
         "test_is_even_true_for_2"),
        (Input(function("size", "n", "binary?"), (Lit(2), Lit(False))), Expectation("equal", '"2"'),
         "test_size_for_2_without_binary"),
        (Input(function("show", "n"), (word("one"),)), Expectation("equal", '"1"'),
         "test_show_for_word_one"),
        (Input(function("show", "n"), (Lit("0-3-a-1.x"),)), Expectation("equal", '"1"'),
         "test_show"),
    ],
)  # fmt: skip
def test_the_names_of_tests(call: Input, expected: Expectation, name: str) -> None:
    (test,) = rendered((call, expected))
    assert test.name == name


def test_names_differ_without_numbers_where_they_can() -> None:
    show = function("show", "n", "wide?")
    one, two = Expectation("equal", "1"), Expectation("equal", "2")
    tests = rendered(
        (Input(show, (Lit("a"),)), one), (Input(show, (Lit("b"),)), two),
        (Input(show, (Lit("a"), Lit(True))), one), (Input(show, (Lit("b"), Lit(True))), two),
    )  # fmt: skip
    assert [test.name for test in tests] == ["test_show", "test_show_with_wide"]


def test_the_hash_is_that_of_another_object() -> None:
    (test,) = rendered((Input(member("__hash__"), receiver=word("a")), Expectation("is", "True")))
    assert 'assert hash(Word("a")) == hash(Word("a"))' in test.code


ASSERTED: dict[Kind, tuple[Expectation, str]] = {
    "approx": (Expectation("approx", "1.5"), 'assert show("a") == pytest.approx(1.5)'),
    "begins": (Expectation("begins", "[1, 2]"), 'assert list(islice(show("a"), 2)) == [1, 2]'),
    "callable": (Expectation("callable"), 'assert callable(show("a"))'),
    "each": (Expectation("each", "[[1]]"), 'assert [list(items) for items in show("a")] == [[1]]'),
    "equal": (Expectation("equal", "1"), 'assert show("a") == 1'),
    "fields": (Expectation("fields", more=(("{}.size", "1"),)), "assert result.size == 1"),
    "files": (
        Expectation("files", more=(("b.txt", '"x"'),)),
        'assert (tmp_path / "b.txt").read_text() == "x"',
    ),
    "instance": (Expectation("instance", "Box"), 'assert isinstance(show("a"), Box)'),
    "is": (Expectation("is", "None"), 'assert show("a") is None'),
    "iterated": (Expectation("iterated", "[1]"), 'assert list(show("a")) == [1]'),
    "nan": (Expectation("nan"), 'assert math.isnan(show("a"))'),
    "printed": (Expectation("printed", '"x"'), 'assert capsys.readouterr().out == "x"'),
    "raises": (Expectation("raises", "KeyError"), "with pytest.raises(KeyError):"),
    "same": (Expectation("same", "box"), 'assert show("a") is box'),
    "state": (Expectation("state", more=(("box.size", "2"),)), "assert box.size == 2"),
}


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_of_assertion_is_written(kind: Kind) -> None:
    expected, line = ASSERTED[kind]
    (test,) = rendered((Input(function("show", "n"), (Lit("a"),)), expected))
    assert f"    {line}\n" in test.code
    assert 'show("a")' in test.code
    ast.parse(test.code)


def test_yes_and_no_stand_in_one_table() -> None:
    even = function("is_even", "n")
    (test,) = rendered(
        (Input(even, (Lit(2),)), Expectation("is", "True")),
        (Input(even, (Lit(1),)), Expectation("is", "False")),
    )
    assert test.name == "test_is_even"
    assert "[(2, True), (1, False)]" in test.code
    assert "assert is_even(n) is expected" in test.code


def test_objects_that_differ_stand_in_one_table() -> None:
    length = member("length", "property")
    (test,) = rendered(
        (Input(length, receiver=word("a")), Expectation("equal", "1")),
        (Input(length, receiver=word("ab")), Expectation("equal", "2")),
    )
    assert '[("a", 1), ("ab", 2)]' in test.code
    assert "assert Word(text).length == expected" in test.code


@pytest.mark.parametrize(
    ("line", "rows"),
    [
        ("assert x == 1", ["assert x == 1"]),
        (f'assert f("{"a" * 60}") == g("{"b" * 20}")',
         [f'assert f("{"a" * 60}") == g(', f'    "{"b" * 20}"', ")"]),
        (f'assert x == ["{"a" * 50}", "{"b" * 40}"]',
         ["assert x == [", f'    "{"a" * 50}",', f'    "{"b" * 40}",', "]"]),
        (f'f("{"a" * 50}", [{", ".join(["100"] * 14)}], (1,))',
         ["f(", f'    "{"a" * 50}",', f"    [{', '.join(['100'] * 14)}],", "    (1,),", ")"]),
        (f'assert x == "{"a" * 90}"', [f'assert x == "{"a" * 90}"']),
        (f"assert x == [{'a' * 40} for a, b in {'b' * 40}]",
         [f"assert x == [{'a' * 40} for a, b in {'b' * 40}]"]),
    ],
)  # fmt: skip
def test_long_lines_are_wrapped_inside_their_last_brackets(line: str, rows: list[str]) -> None:
    assert wrapped(line) == rows
    assert ast.dump(ast.parse("\n".join(rows))) == ast.dump(ast.parse(line))


def test_a_long_result_is_within_the_width() -> None:
    wanted = "[" + ", ".join(f'"word {n}"' for n in range(20)) + "]"
    (test,) = rendered((Input(function("show", "n"), (Lit("a"),)), Expectation("equal", wanted)))
    assert max(len(line) for line in test.code.split("\n")) <= WIDTH
    assert f"{ast.literal_eval(wanted)}" in ast.unparse(ast.parse(test.code))


@pytest.mark.parametrize(
    ("noise", "plain"),
    [
        (Lit("----.whl"), Lit("a-a-a-a-a.whl")),
        (Lit("-0.zip"), Lit("a-0.zip")),
        (Lit("0-0- .whl"), Lit("0-0-a.whl")),
        (Code('str(tmp_path / "a.txt")'), Lit("a.txt")),
    ],
)
def test_plain_words_are_tried_for_noise_and_cost_less(noise: Value, plain: Value) -> None:
    show = function("show", "n")
    assert plain in list(simpler(noise))
    assert cost(Input(show, (plain,))) < cost(Input(show, (noise,)))


def test_a_word_that_is_missing_is_not_taken_out_again() -> None:
    show = function("show", "n")
    assert cost(Input(show, (Lit("-0.zip"),))) > cost(Input(show, (Lit("a-0.zip"),)))


def test_files_stay_in_the_test_s_own_folder() -> None:
    show = function("show", "n")
    folder = Input(show, (Code('str(tmp_path / "a.txt")'),))
    assert leaves_folder(folder, Input(show, (Lit("a.txt"),)), {"a.txt": "x"})
    assert not leaves_folder(folder, Input(show, (Lit("a.txt"),)), {})
