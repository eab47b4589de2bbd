"""Suggested tests are true of the code: no way past what leads away, no error that is caught."""

from __future__ import annotations

import textwrap

import pytest

from qe_action.analysis.advice.suggestions import suggest
from qe_action.analysis.python_module import parse_module
from qe_action.events import Gap


def said(source: str, line: int | None = None, missing: str = "") -> list[str]:
    """What is suggested for a function's whole body, one line of it, or a branch."""
    module = parse_module("app.py", textwrap.dedent(source).encode())
    assert module is not None
    (start, end) = (line, line) if line else (2, len(module.lines) - 1)
    gap = Gap(
        id="1",
        file_path="app.py",
        line_start=start,
        line_end=end,
        gap_type="partial" if missing else "uncovered",
        severity="low",
        missing_branches=(missing,) if missing else (),
    )
    return [each.removeprefix("Call `f(a, b)`").lstrip(", ") for each in suggest(module, gap)]


PASSED = {
    "nested returns": ("if a:\n  if b: return 1\n  else: return 2", "with `a` false"),
    "a return inside": ("if a:\n  log(a)\n  if b: return 1", "with `a` false"),
    "elif": ("if a: return 1\nelif b: return 2", "with `a` false and `b` false"),
    "a loop's deep return": (
        "for x in a:\n  if x:\n    if b: return x",
        "with no item `x` of `a` for which `x` is true and `b` is true",
    ),
    "a loop's plain return": ("for x in a: return x", "with `a` empty"),
    "while": ("while a:\n  if b(): return a", "with `a` false"),
    "with": ("if a:\n  with b: return 1", "with `a` false"),
    "try": ("if a:\n  try: return 1\n  except E: return 2", "with `a` false"),
    "match": ("match a:\n  case 1: return 1", "with `a` not matching `1`"),
    "else of a loop": (
        "for x in a:\n  if x == b: break\nelse: raise E",
        "for an item `x` of `a` with `x == b`",
    ),
}


@pytest.mark.parametrize(("statements", "condition"), PASSED.values(), ids=PASSED)
def test_what_follows_has_the_condition_to_come_there(statements: str, condition: str) -> None:
    body = textwrap.indent(f"{statements}\nreturn 9", "  ")
    expected = f"{condition}: it should return `9`."
    assert expected in said(f"def f(a, b):\n{body}\n")
    assert said(f"def f(a, b):\n{body}\n", body.count("\n") + 2) == [expected]


@pytest.mark.parametrize(
    "statements",
    [
        "while True:\n  if a: return 1",
        "while a:\n  a = g(a)\nelse:\n  return 3",
        "match a:\n  case 1: return 1\n  case _: return 2",
        "try:\n  return 1\nexcept E:\n  return 2",
        "try:\n  g(a)\nfinally:\n  return 3",
    ],
)
def test_nothing_is_said_of_what_is_never_reached(statements: str) -> None:
    body = textwrap.indent(f"{statements}\nreturn 9", "  ")
    assert not [each for each in said(f"def f(a, b):\n{body}\n") if "9" in each]


@pytest.mark.parametrize("around", ["try", "with suppress(E)"])
def test_an_error_that_is_caught_is_not_raised(around: str) -> None:
    end = "  except E:\n    return 5\n" if around == "try" else "  return 5\n"
    source = f"def f(a, b):\n  {around}:\n    if a:\n      raise E\n{end}"
    whole = said(source)
    assert whole
    for sentences in (whole, said(source, 3), said(source, 4), said(source, 3, "4")):
        assert not [each for each in sentences if "it should raise" in each]


@pytest.mark.parametrize(
    "again",
    [
        "if (x := a) > 3: pass",
        "*x, y = a",
        "import x",
        "def x(): return 2",
        "match a:\n    case [x]: pass",
        "b = x = g(a)",
    ],
)
def test_a_variable_that_is_set_again_has_no_old_value(again: str) -> None:
    sentences = said(f"def f(a, b):\n  x = 1\n  {again}\n  return x\n")
    assert not [each for each in sentences if "`1`" in each]


def test_a_value_that_is_replaced_is_not_returned() -> None:
    source = "def f(a, b):\n  if a:\n    x = [a]\n  x = sorted(b)\n  return x\n"
    assert said(source) == [": it should return `sorted(b)`."]
    assert said(source, 3) == ["with `a` true."]


def test_a_pattern_that_does_not_match_leaves_it_to_the_next() -> None:
    source = "def f(a, b):\n  match a:\n    case 1:\n      return 1\n    case 2:\n      return 2\n"
    assert said(source + "  return 3\n", 3, "5") == ["with `a` not matching `1`."]


def test_the_end_of_a_function_returns_none_too() -> None:
    source = "def f(a, b):\n  if a:\n    return\n"
    assert said(source, 2, "exit") == ["with `a` false."]


def test_a_generator_only_ends() -> None:
    found = said("def f(a, b):\n  yield a\n  return b\n")
    assert found == ["Iterate over `f(a, b)`: it should yield `a` and end."]


def test_a_condition_is_told_once() -> None:
    source = "def f(a, b):\n  x = g(a)\n  if not x:\n    x = h()\n  if not x:\n    return\n"
    assert said(source + "  b.done = 1\n", 3, "5") == [
        "with `x` true: it should set `b.done` to `1`."
    ]


REUSED = {
    "loop": (
        "while a:\n  a = g(a)\n  if a is None:\n    return 1",
        "past its earlier checks, with `a is None`, where `a = g(a)`: it should return `1`.",
    ),
    "guard": (
        "if not a: return 0\na = g(a)\nif a is None:\n  return 1",
        "past its earlier checks, with `a is None`, where `a = g(a)`: it should return `1`.",
    ),
    "around": (
        "if a:\n  a = g(a)\n  if not a:\n    return 1",
        "past its earlier checks, with `a` false, where `a = g(a)`: it should return `1`.",
    ),
    "with": (
        "if not a: return 0\nwith b() as a:\n  if not a:\n    return 1",
        "past its earlier checks, with `a` false",
    ),
    "of an item": (
        "for c in a:\n  c = c.strip()\n  if not c:\n    continue\n  return c[0]",
        "for an item `c` of `a` with `c` true, where `c = c.strip()`: it should return `c[0]`.",
    ),
    "tried": (
        "if not a: return 0\ntry:\n  a = int(a)\nexcept ValueError:\n  return 1",
        "with `a` true so that `int(a)` raises `ValueError`: it should return `1`.",
    ),
}


@pytest.mark.parametrize(("statements", "sentence"), REUSED.values(), ids=REUSED)
def test_no_condition_is_on_an_older_value_than_the_next(statements: str, sentence: str) -> None:
    body = textwrap.indent(statements, "  ")
    source = f"def f(a, b):\n{body}\n  return 9\n"
    for found in (said(source), said(source, body.count("\n") + 2)):
        assert any(each.startswith(sentence) for each in found), found


def test_a_loop_ends_with_its_own_condition() -> None:
    source = "def f(a, b):\n  if not a:\n    return 0\n  while a:\n    a = g(a)\n  return 2\n"
    assert said(source, 4, "6") == [
        "past its earlier checks, with `a` false: it should return `2`."
    ]


@pytest.mark.parametrize(
    ("between", "sentence"),
    [
        ("if b:\n  return 2", "with `a` true and `b` false: it should return `1`."),
        ("try:\n  return b()\nexcept E:\n  pass", "with `a` true."),
        ("while True:\n  if b: return 2", "with `a` true."),
        ("with b:\n  return 2", "with `a` true."),
        ("a = g(b)\nif a:\n  return 2", "with `a` true."),
    ],
)
def test_what_a_variable_shows_later_has_its_conditions(between: str, sentence: str) -> None:
    body = textwrap.indent(f"if a:\n  x = 1\n{between}\nreturn x", "  ")
    assert said(f"def f(a, b):\n{body}\n", 3) == [sentence]


def test_a_variable_that_with_sets_has_no_old_value() -> None:
    source = "def f(a, b):\n  x = 1\n  with g() as x:\n    pass\n  return x\n"
    assert not [each for each in said(source) if "`1`" in each]


@pytest.mark.parametrize(
    ("statements", "condition"),
    [
        ("if a < 3:\n  a = g(a)\n  return a\nif a < 9", "with `a >= 3` and `a < 9`"),
        ("if a < 3:\n  a = g(a)\n  if b: return a\nif a < 9", "with `a >= 3` and `a < 9`"),
        (
            "if a < 3: return 0\nif b:\n  a = g(a)\nif a < 9",
            "past its earlier checks, with `a < 9`",
        ),
        (
            "if (c := g(a)) is None: return 0\nif c > b",
            "with `(c := g(a)) is not None` and `c > b`",
        ),
        (
            "if a < 3: return 0\nif (a := b()): pass\nif a < 9",
            "past its earlier checks, with `a < 9`",
        ),
    ],
)
def test_only_what_is_set_on_the_way_makes_a_value_an_older_one(
    statements: str, condition: str
) -> None:
    body = textwrap.indent(f"{statements}:\n  b.n = 1", "  ")
    found = said(f"def f(a, b):\n{body}\n", body.count("\n") + 2)
    assert found == [f"{condition}: it should set `b.n` to `1`."]


def test_what_a_variable_shows_later_is_left_out_where_its_conditions_have_no_room() -> None:
    guards = "".join(f"  if b == {n}:\n    raise E{n}\n" for n in range(6))
    found = said(f"def f(a, b):\n  if a:\n    x = 1\n{guards}  return x\n", 3)
    assert found == ["with `a` true."]


DURATION = """\
def f(a, b):
  a = a.strip()
  if not a:
    raise ValueError("empty")
  number = ""
  for char in a:
    if char.isdigit():
      number += char
    else:
      raise ValueError("no digit")
  if number:
    raise ValueError("no unit")
  return 0
"""


def test_no_condition_contradicts_another() -> None:
    """A loop that runs through need not have nothing to go through."""
    assert said(DURATION, 12) == [
        "with `a` true, no item `char` of `a` for which `char.isdigit()` is false and "
        "`number` true: it should raise `ValueError`."
    ]
    assert said("def f(a, b):\n  if a is None:\n    if a:\n      return 1\n", 4) == []
    assert said("def f(a, b):\n  for x in a:\n    if not a:\n      b.stop()\n", 4) == []


def test_a_condition_that_others_imply_is_not_told() -> None:
    source = (
        "def f(a, b):\n  if a == 1: return 1\n  elif a > 1: return 2\n  elif a < 0:\n    return 3\n"
    )
    assert said(source, 5) == ["with `a < 0`: it should return `3`."]


@pytest.mark.parametrize(
    ("test", "words"),
    [
        ("any(x > b for x in a)", "an item `x` of `a` for which `x > b`"),
        ("not any(x > b for x in a)", "no item `x` of `a` for which `x > b`"),
        ("all(x > b for x in a)", "no item `x` of `a` for which `x <= b`"),
        ("not all(x and b for x in a)", "an item `x` of `a` for which `x and b` is false"),
        (
            "not all(x or b for x in a)",
            "an item `x` of `a` for which `x` is false and `b` is false",
        ),
        ("any([x for x in a if x != b])", "an item `x` of `a` for which `x != b` and `x` is true"),
        ("any(a)", "`any(a)` true"),
        ("any(x for y in a for x in y)", "`any(x for y in a for x in y)` true"),
        (
            f"all({'x' * 60}(x) for x in a)",
            "`all(…)` on line 2 true",
        ),
    ],
)
def test_what_any_and_all_ask_for(test: str, words: str) -> None:
    source = f"def f(a, b):\n  if {test}:\n    return 1\n"
    assert said(source, 3) == [f"with {words}: it should return `1`."]


@pytest.mark.parametrize(
    ("raised", "words"),
    [
        ("ValueError(a)", "`ValueError`"),
        ("socket.timeout()", "`socket.timeout`"),
        ("Errors.make(a)", "what `Errors.make(a)` returns"),
        ("self._error(a)", "what `self._error(a)` returns"),
        ("_lower(a)", "`_lower`"),
        ("a", "`a`"),
    ],
)
def test_what_a_method_makes_is_no_exception_of_its_name(raised: str, words: str) -> None:
    source = f"def f(a, b):\n  raise {raised}\nclass _lower(Exception):\n  pass\n"
    assert said(source, 2) == [f": it should raise {words}."]


def test_an_exception_that_was_made_before_is_named() -> None:
    assert said("def f(a, b):\n  c = ValueError(a)\n  raise c\n") == [
        ": it should raise `ValueError`."
    ]


def test_what_is_changed_inside_a_loop_is_not_returned_as_it_was_set() -> None:
    source = "def f(a, b):\n  c = dict(a)\n  for k, v in b.items():\n    c[k] = v\n  return c\n"
    assert said(source) == [
        "for an item `k, v` of `b.items()`: it should set `c[k]` to `v`.",
    ]
    source = "def f(a, b):\n  c = dict(a)\n  c.update(b)\n  return c\n"
    assert said(source) == [": it should call `c.update(b)` and return `c`."]


def test_what_is_set_again_is_nothing_to_see() -> None:
    source = "def f(a, b):\n  b.x = []\n  b.y = 1\n  b.x = a\n"
    assert said(source) == [": it should set `b.y` to `1` and set `b.x` to `a`."]


def test_what_may_happen_elsewhere_is_not_denied() -> None:
    source = "def f(a, b):\n  if a:\n    b.write(a)\n  b.close()\n"
    assert said(source, 2, "4") == ["with `a` false: it should not call `b.write(a)`."]
    assert said(source + "  b.write(a)\n", 2, "4") == ["with `a` false."]


def test_what_is_left_out_is_said() -> None:
    guards = "".join(f"  if a == {n}{n} or c{n}: return {n}\n" for n in range(8))
    [sentence] = said(f"def f(a, b):\n{guards}  return b\n", 10)
    assert sentence.startswith("past its earlier checks, with ")


def test_an_inner_function_returns_where_the_outer_one_yields() -> None:
    source = "def f(a, b):\n  def g(x):\n    return x\n  yield g(a)\n"
    assert said(source, 3) == [
        "Iterate over `f(a, b)` and have its inner `g(x)` called: it should return `x`."
    ]


def test_an_inner_function_is_reached_where_the_outer_one_defines_it() -> None:
    source = """
        def f(a, b=None):
            if b is not None:
                def g(x):
                    x.append(a)
                return h(g)
            if not a:
                raise ValueError
            def g(x):
                if x:
                    x.remove(a)
            return h(g)
        """.strip()
    assert said(source, 4) == [
        "Call `f(a, b=…)` with `b is not None` and have its inner `g(x)` called: "
        "it should call `x.append(a)`."
    ]
    assert said(source, 10) == [
        "Call `f(a, b=…)` with `b is None` and `a` true and have its inner `g(x)` called "
        "with `x` true: it should call `x.remove(a)`."
    ]


def test_a_returned_function_has_the_conditions_it_is_returned_under() -> None:
    source = """
        def f(a, b=None):
            if b is None:
                return h(a)
            def g(x):
                if x:
                    return b(x)
                return a
            return g
        """.strip()
    assert said(source, 6) == [
        "Call `f(a, b=…)(x)` with `b is not None` and `x` true: it should return `b(x)`."
    ]


def test_a_parameter_hides_what_the_function_around_it_calls_so() -> None:
    source = """
        def f(a, b):
            if a is None:
                def g(a):
                    if a:
                        return b
                    return a.x
                return h(g)
        """.strip()
    assert said(source, 5) == [
        "and have its inner `g(a)` called, past its earlier checks, with `a` true: "
        "it should return `b`."
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("b.x *= a", "multiply `b.x` by `a`"),
        ("b.x /= a", "divide `b.x` by `a`"),
        ("b.x |= a", "change `b.x` by `|= a`"),
        ("b.x //= a", "change `b.x` by `//= a`"),
    ],
)
def test_a_change_says_what_is_done(change: str, words: str) -> None:
    assert said(f"def f(a, b):\n  {change}\n") == [f": it should {words}."]


LONG = "first=a, second=b, third=a + b, fourth=a - b, fifth=a * b"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (f"Maker({LONG}).made(a)", "Maker(…).made(…)"),
        (f"Maker({LONG}).made(a).last", "Maker(…).made(…).last"),
        (f"dict({LONG}).items()", "dict(…).items()"),
        (f"{{'a': a, 'b': dict({LONG})}}.get(a)", "{…}.get(…)"),
        (f"'{LONG} {{}}'.format(a)", '"…".format(…)'),
        (f"f'{LONG} {{a}}'.encode()", '"…".encode()'),
        (f"(a + dict({LONG})).items()", f"(a + dict({LONG})).items()"[:55] + "…()"),
    ],
)
def test_the_method_of_a_long_expression_is_told(value: str, words: str) -> None:
    assert said(f"def f(a, b):\n  return {value}\n") == [f": it should return `{words}`."]


def test_an_abstract_class_is_set_up_by_a_subclass() -> None:
    source = """
        class Reader:
            def __init__(self, path, limit=0):
                if limit:
                    self.limit = limit

            @abc.abstractmethod
            def read(self): ...

            def rest(self, size):
                if size:
                    self.left = size
        """.strip()
    assert said(source, 4) == [
        "Have a subclass call `Reader.__init__(path, limit=…)` with `limit` true: "
        "it should set `self.limit` to `limit`."
    ]
    assert said(source, 11) == [
        "Call `Reader.rest(size)` with `size` true: it should set `self.left` to `size`."
    ]
    concrete = source.replace("@abc.abstractmethod", "@abc.other")
    assert said(concrete, 4)[0].startswith("Call `Reader(path, limit=…)` with")


def test_a_call_shows_no_parameter_that_is_not_spoken_of() -> None:
    source = """
        def f(a, b, empty=None):
            if not a and not empty:
                raise ValueError
            def g(x):
                if a:
                    return x
            return h(g)
        """.strip()
    assert said(source, 6) == [
        "and have its inner `g(x)` called with `a` true: it should return `x`."
    ]


def test_what_is_set_again_after_a_branch_is_nothing_to_see() -> None:
    source = """
        def f(a, b):
            if a > 0:
                b.size = a
                b.known = True
            elif a:
                b.size = 1
            b.size = min(b.size, 9)
        """.strip()
    assert said(source, 3) == ["with `a > 0`: it should set `b.known` to `True`."]
    assert said(source, 6) == ["with `a <= 0` and `a` true."]
    assert not any("set `b.size` to `a`" in each for each in said(source))
    kept = source.replace("b.size = min(b.size, 9)", "b.other = b.size")
    assert said(kept, 6) == ["with `a <= 0` and `a` true: it should set `b.size` to `1`."]


def test_what_a_branch_sets_is_seen_where_it_is_kept() -> None:
    source = "def f(a, b):\n  if a is None:\n    a = g()\n  b.x = 1\n  self.x = a\n"
    assert "with `a is None`: it should set `self.x` to `g()`." in said(source)
