"""Suggested tests: exact sentences for small sources, and what holds for any source."""

from __future__ import annotations

import ast
import random
import re
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from qe_action.analysis.advice.suggestions import suggest
from qe_action.analysis.python_module import PythonModule, import_root, parse_module
from qe_action.events import Gap
from qe_action.render.suggestion import markdown


def module(source: str, path: str = "src/pkg/app.py") -> PythonModule:
    parsed = parse_module(path, source.encode())
    assert parsed is not None
    return parsed


def uncovered(start: int, end: int) -> Gap:
    return Gap(
        id="1",
        file_path="app.py",
        line_start=start,
        line_end=end,
        gap_type="uncovered",
        severity="low",
    )


def partial(line: int, *missing: str) -> Gap:
    return Gap(
        id="1",
        file_path="app.py",
        line_start=line,
        line_end=line,
        gap_type="partial",
        severity="low",
        missing_branches=missing,
    )


SIZES = """\
def parse_size(text, units=None):
    if not text:
        return 0
    number = text.strip()
    if number in ("-", "+") and units:
        raise ValueError(f"no number: {text}")
    try:
        size = float(number)
    except (ValueError, OverflowError):
        return None
    if size < 0 or size > 1e9:
        size = 0.0
    return size
"""

ACCOUNT = """\
class Account:
    def __init__(self, owner, *, limit=0):
        self.owner = owner
        if limit:
            self.limit = limit

    def withdraw(self, amount):
        if amount > self.balance:
            raise InsufficientFunds(amount)
        self.balance -= amount
        return self.balance

    @property
    def name(self):
        if self.owner is None:
            return "nobody"
        return self.owner.name

    @name.setter
    def name(self, value):
        if value != self.owner.name:
            self.owner.rename(value)

    async def close(self):
        async with self.lock:
            await self.flush()

    @staticmethod
    def rows(path):
        for row in open(path):
            if row == "end":
                break
            yield row
        else:
            yield "no end"

    def __len__(self):
        return len(self.items)
"""

LOOPS = """\
def total(rows, strict=False):
    result = 0
    for row in rows:
        if row.price < 0:
            if strict:
                raise NegativePrice(row)
            continue
        result += row.price
    return result

def find(rows, key):
    for row in rows:
        if row.id == key:
            return row
    return None

def wait(queue):
    while queue.busy:
        queue.poll()
    queue.closed = True

def act(command):
    match command:
        case ["go", direction] if direction:
            return move(direction)
        case "stop":
            raise SystemExit
        case _:
            return help()

def kinds(kind):
    if kind == "a":
        return 1
    elif kind == "b":
        return 2
    elif kind == "c":
        return 3
    else:
        return unknown(kind)
"""

OTHERS = """\
import sys
try:
    import tomllib
except ImportError:
    import tomli as tomllib
if sys.platform == "win32":
    EOL = "\\r\\n"

def retry(times):
    def decorator(func):
        def wrapper(*args):
            if times < 1:
                raise RuntimeError
            return func(*args)
        return wrapper
    return decorator

def outer(items):
    def inner(item):
        if item is None:
            return 0
        return 1
    return sum(map(inner, items))

def label(size):
    unit = "B"
    if size >= 1000:
        size /= 1000
        unit = "kB"
    return f"{size} {unit}"

def quiet(path):
    try:
        path.unlink()
    except FileNotFoundError:
        pass

def nothing(a):
    b = a

if __name__ == "__main__":
    sys.exit(label(3))
"""


@pytest.mark.parametrize(
    ("source", "gap", "sentences"),
    [
        (
            SIZES,
            uncovered(3, 3),
            ["Call `parse_size(text)` with `text` false: it should return `0`."],
        ),
        (
            SIZES,
            partial(2, "4"),
            ["Call `parse_size(text)` with `text` true: it should not return `0`."],
        ),
        (
            SIZES,
            partial(5, "6"),
            [
                'Call `parse_size(text, units=…)` with `text` true, `number in ("-", "+")` and '
                "`units` true, where `number = text.strip()`: it should raise `ValueError`."
            ],
        ),
        (
            SIZES,
            uncovered(9, 10),
            [
                "Call `parse_size(text, units=…)` with `text` true and "
                '`number in ("-", "+") and units` false '
                "so that `float(number)` raises `ValueError` or `OverflowError`, where `number "
                "= text.strip()`: it should return `None`."
            ],
        ),
        (
            SIZES,
            uncovered(12, 12),
            [
                'Call `parse_size(text, units=…)` with `text` true, `number in ("-", "+") and '
                "units` false and `size < 0 or size > 1e9` true: it should return `0.0`."
            ],
        ),
        (
            SIZES,
            partial(11, "13"),
            [
                'Call `parse_size(text, units=…)` with `text` true, `number in ("-", "+") and '
                "units` false, `size >= 0` and `size <= 1e9`: it should return `size`."
            ],
        ),
        (
            ACCOUNT,
            uncovered(9, 9),
            [
                "Call `Account.withdraw(amount)` with `amount > self.balance`: "
                "it should raise `InsufficientFunds`."
            ],
        ),
        (
            ACCOUNT,
            partial(8, "10"),
            [
                "Call `Account.withdraw(amount)` with `amount <= self.balance`: it should "
                "subtract `amount` from `self.balance` and return `self.balance`."
            ],
        ),
        (
            ACCOUNT,
            partial(4, "5"),
            [
                "Call `Account(owner, limit=…)` with `limit` true: "
                "it should set `self.limit` to `limit`."
            ],
        ),
        (
            ACCOUNT,
            partial(4, "exit"),
            [
                "Call `Account(owner, limit=…)` with `limit` false: "
                "it should not set `self.limit` to `limit`."
            ],
        ),
        (
            ACCOUNT,
            uncovered(16, 16),
            ['Read `Account.name` with `self.owner is None`: it should return `"nobody"`.'],
        ),
        (
            ACCOUNT,
            uncovered(22, 22),
            [
                "Set `Account.name` to `value` with `value != self.owner.name`: "
                "it should call `self.owner.rename(value)`."
            ],
        ),
        (
            ACCOUNT,
            uncovered(25, 26),
            ["Await `Account.close()`: it should await `self.flush()`."],
        ),
        (
            ACCOUNT,
            partial(30, "35"),
            [
                "Iterate over `Account.rows(path)` with no item `row` of `open(path)` for which "
                '`row == "end"`: it should yield `"no end"`.'
            ],
        ),
        (
            ACCOUNT,
            uncovered(38, 38),
            ["Take `len()` of an `Account`: it should return `len(self.items)`."],
        ),
        (
            LOOPS,
            uncovered(6, 6),
            [
                "Call `total(rows, strict=…)` for an item `row` of `rows` with `row.price < 0` "
                "and `strict` true: it should raise `NegativePrice`."
            ],
        ),
        (
            LOOPS,
            partial(3, "9"),
            ["Call `total(rows, strict=…)` with no item `row` of `rows` for which "
            "`row.price < 0` and `strict` is true: it should return `result`."],
        ),
        (
            LOOPS,
            partial(12, "15"),
            [
                "Call `find(rows, key)` with no item `row` of `rows` for which `row.id == key`: "
                "it should return `None`."
            ],
        ),
        (
            LOOPS,
            uncovered(12, 15),
            [
                "Call `find(rows, key)` with no item `row` of `rows` for which `row.id == key`: "
                "it should return `None`.",
                "Call `find(rows, key)` for an item `row` of `rows` with `row.id == key`: "
                "it should return `row`.",
            ],
        ),
        (
            LOOPS,
            partial(18, "20"),
            [
                "Call `wait(queue)` with `queue.busy` false: "
                "it should set `queue.closed` to `True`."
            ],
        ),
        (
            LOOPS,
            uncovered(25, 25),
            [
                'Call `act(command)` with `command` matching `["go", direction]` and `direction` '
                "true: it should return `move(direction)`."
            ],
        ),
        (
            LOOPS,
            partial(26, "27"),
            ['Call `act(command)` with `command` matching `"stop"`: it should raise `SystemExit`.'],
        ),
        (
            LOOPS,
            uncovered(28, 29),
            [
                "Call `act(command)` with `command` matching no other pattern: "
                "it should return `help()`."
            ],
        ),
        (
            LOOPS,
            uncovered(37, 37),
            ['Call `kinds(kind)` with `kind == "c"`: it should return `3`.'],
        ),
        (
            LOOPS,
            uncovered(39, 39),
            [
                'Call `kinds(kind)` with `kind not in ("a", "b", "c")`: '
                "it should return `unknown(kind)`."
            ],
        ),
        (
            OTHERS,
            uncovered(4, 5),
            [
                "Import `pkg.app` so that `import tomllib` raises `ImportError`: "
                "it should import `tomli`."
            ],
        ),
        (
            OTHERS,
            uncovered(7, 7),
            [
                'Import `pkg.app` with `sys.platform == "win32"`: '
                'it should set `EOL` to `"\\r\\n"`.'
            ],
        ),
        (
            OTHERS,
            uncovered(13, 13),
            [
                "Call `retry(times)(func)()` with `times < 1`: it should raise `RuntimeError`."
            ],
        ),
        (
            OTHERS,
            uncovered(21, 21),
            [
                "Call `outer(items)` and have its inner `inner(item)` called with "
                "`item is None`: it should return `0`."
            ],
        ),
        (
            OTHERS,
            uncovered(28, 29),
            [
                "Call `label(size)` with `size >= 1000`: it should set `unit` to "
                '`"kB"` and return `f"{size} {unit}"`.'
            ],
        ),
        (
            OTHERS,
            uncovered(35, 36),
            [
                "Call `quiet(path)` so that `path.unlink()` raises `FileNotFoundError`: "
                "it should go on without an exception."
            ],
        ),
        (
            OTHERS,
            uncovered(42, 42),
            ["Run `src/pkg/app.py` as a script: it should call `sys.exit(label(3))`."],
        ),
        (OTHERS, uncovered(39, 39), []),
        (OTHERS, uncovered(900, 901), []),
        ("if TYPE_CHECKING:\n    import a\n", uncovered(2, 2), []),
        ("def f(a):\n  class B:\n    def g(self):\n      return a\n", uncovered(4, 4), []),
    ],
)  # fmt: skip
def test_the_sentences_of_a_gap(source: str, gap: Gap, sentences: list[str]) -> None:
    assert list(suggest(module(source), gap)) == sentences


LOCALS = """\
class Option:
    def __init__(self, action=None):
        if action is None:
            action = "store"
        self.action = action

    def main(self, name):
        if not name:
            name = program()
        self.complete(name)

    def text(self, suffix):
        text = self.name
        if suffix:
            text += suffix
        return f"[{text}]"

    def widest(self, cell):
        if cell:
            cell = cell.strip()
            self.fit(cell)
        self.log(cell)

    def refuse(self, cell):
        if self.strict:
            why = f"no {cell}"
        else:
            why = "odd"
        raise ValueError(why)
"""


@pytest.mark.parametrize(
    ("gap", "sentence"),
    [
        (
            uncovered(4, 4),
            'Call `Option(action=…)` with `action is None`: it should set `self.action` to '
            '`"store"`.',
        ),
        (
            uncovered(9, 9),
            "Call `Option.main(name)` with `name` false: it should set `name` to `program()` "
            "and call `self.complete(name)`.",
        ),
        (
            uncovered(15, 15),
            "Call `Option.text(suffix)` with `suffix` true: it should add `suffix` to `text` and "
            'return `f"[{text}]"`.',
        ),
        (
            partial(14, "16"),
            "Call `Option.text(suffix)` with `suffix` false: it should not add `suffix` to "
            "`text`.",
        ),
        (
            uncovered(20, 21),
            "Call `Option.widest(cell)` with `cell` true: it should call `self.fit(cell)`.",
        ),
        (
            uncovered(28, 28),
            'Call `Option.refuse(cell)` with `self.strict` false: it should set `why` to `"odd"` '
            "and raise `ValueError`.",
        ),
    ],
)  # fmt: skip
def test_a_local_variable_shows_where_it_goes(gap: Gap, sentence: str) -> None:
    assert list(suggest(module(LOCALS), gap)) == [sentence]


def test_guards_that_speak_of_something_else_are_told_as_well() -> None:
    source = """\
def save(path, mode, atomic=False):
    if path is None:
        return None
    if not atomic:
        return write(path)
    if "a" in mode:
        raise ValueError(mode)
    return swap(path)
"""
    assert suggest(module(source), uncovered(7, 7)) == (
        'Call `save(path, mode, atomic=…)` with `path is not None`, `atomic` true and `"a" in '
        "mode`: it should raise `ValueError`.",
    )


def test_leaving_a_loop_alone_is_nothing_to_see() -> None:
    source = "def ask():\n    while True:\n        tries = 1\n        break\n"
    assert suggest(module(source), uncovered(3, 4)) == ()
    wanted = "def ask(ok):\n    while True:\n        if ok:\n            break\n"
    assert suggest(module(wanted), uncovered(4, 4)) == (
        "Call `ask(ok)` with `ok` true: it should leave the loop.",
    )


def test_a_whole_function_tells_its_result_and_its_exceptions() -> None:
    assert suggest(module(SIZES), uncovered(2, 13)) == (
        'Call `parse_size(text, units=…)` with `text` true, `number in ("-", "+")` and `units` '
        "true, where `number = text.strip()`: it should raise `ValueError`.",
        "Call `parse_size(text)` with `text` false: it should return `0`.",
        "Call `parse_size(text, units=…)` with `text` true and "
        '`number in ("-", "+") and units` false so that `float(number)` raises `ValueError` or '
        "`OverflowError`, where `number = text.strip()`: it should return `None`.",
    )


def test_a_file_that_nothing_runs_tells_of_its_first_public_functions() -> None:
    source = "import os\n\ndef _hidden():\n    return 1\n\ndef shown(a):\n    return a + 1\n"
    assert suggest(module(source), uncovered(1, 7)) == (
        "Call `shown(a)`: it should return `a + 1`.",
        "Call `_hidden()`: it should return `1`.",
    )


def test_what_a_test_file_does_is_not_suggested_as_a_test() -> None:
    source = "def test_it(tmp_path):\n    if tmp_path:\n        raise ValueError\n"
    assert suggest(module(source, "tests/test_app.py"), uncovered(3, 3)) == ()


def gaps(parsed: PythonModule) -> Iterator[Gap]:
    """A gap for every function, and for every way into or past a statement."""
    yield uncovered(1, len(parsed.lines))
    for each in parsed.definitions:
        yield uncovered(each.start, each.end)
    for node in ast.walk(parsed.tree):
        if isinstance(node, ast.If | ast.For | ast.While | ast.ExceptHandler | ast.With | ast.Try):
            yield uncovered(node.body[0].lineno, node.body[-1].lineno)
            targets = {node.body[0].lineno, (node.end_lineno or 0) + 1}
            if isinstance(node, ast.If | ast.For | ast.While) and node.orelse:
                targets.add(node.orelse[0].lineno)
            for target in targets:
                yield partial(node.lineno, str(target), "exit")


LEADS = re.compile(
    "(Call|Await|Read|Set|Delete|Iterate over|Enter|Leave|Run|Import|Take|Compare|Test)\\b"
)


def check(parsed: PythonModule, sentence: str) -> None:
    """What holds for every sentence: one safe line about something of the module."""
    assert len(sentence) <= 300
    assert sentence.isprintable()
    assert sentence.count("`") % 2 == 0
    assert LEADS.match(sentence), sentence
    assert sentence.endswith(".")
    assert any(words in sentence for words in (" with ", " so that ", " for an ", "it should "))
    names = {part for each in parsed.definitions for part in each.name.split(".")}
    spoken = " ".join(sentence.split("`")[1::2])
    stem = parsed.path.rpartition("/")[2].removesuffix(".py")
    known = names.intersection(re.findall(r"\w+", spoken)) or stem in spoken
    package = stem == "__init__" and parsed.path.split("/")[-2] in spoken
    assert known or package or "…" in spoken, sentence


def test_any_source_gives_safe_sentences_or_none() -> None:
    root = Path(sysconfig.get_paths()["stdlib"])
    files = [
        path
        for path in sorted(root.rglob("*.py"))
        if "site-packages" not in path.parts and 2_000 < path.stat().st_size < 40_000
    ]
    told = total = 0
    for path in random.Random(7).sample(files, 20):
        parsed = parse_module(str(path.relative_to(root)), path.read_bytes())
        if parsed is None:
            continue
        for gap in gaps(parsed):
            found = suggest(parsed, gap)
            assert len(found) == len(set(found)) <= 3
            total += 1
            told += bool(found)
            for sentence in found:
                check(parsed, sentence)
    assert total > 500
    assert told > total // 4


TESTS = st.sampled_from(
    [
        *("a", "not a", "a == '`'", "a and b", "a or not b", "a is None", "(x := a) > 1"),
        "'\\t\u202e' in a",
    ]
)
LEAVES = st.sampled_from(
    ["return a", "raise E(a)", "pass", "x = 1", "self.x = '`'", "yield a", "a.append(b)", "..."]
)


def blocks(children: st.SearchStrategy[list[str]]) -> st.SearchStrategy[list[str]]:
    heads = [
        *("if {}:", "while {}:", "with {}:", "for i in [{}]:", "def inner(b):", "class C:"),
    ]
    indented = children.map(lambda lines: [f"    {line}" for line in lines])
    one = st.tuples(st.sampled_from(heads), TESTS, indented).map(
        lambda made: [made[0].format(made[1]), *made[2]]
    )
    caught = indented.map(lambda lines: ["try:", "    a()", "except E:", *lines])
    case = indented.map(
        lambda lines: ["match a:", "    case [1, *_]:", *(f"    {x}" for x in lines)]
    )
    return st.lists(st.one_of(one, caught, case, LEAVES.map(lambda leaf: [leaf])), min_size=1).map(
        lambda parts: [line for part in parts for line in part]
    )


SOURCES = st.recursive(LEAVES.map(lambda leaf: [leaf]), blocks, max_leaves=12)


@pytest.mark.parametrize(
    ("source", "lines", "said"),
    [
        (
            "@message('not true', cls=E)\ndef is_true(v):\n    return v\n",
            (3, 3),
            "Have `@message` call `is_true(v)`: it should return `v`.",
        ),
        (
            "@tools.composite\ndef ports(draw):\n    return draw\n",
            (3, 3),
            "Have `@composite` call `ports(draw)`: it should return `draw`.",
        ),
        (
            "@functools.lru_cache(maxsize=None)\ndef twice(n):\n    return 2 * n\n",
            (3, 3),
            "Call `twice(n)`: it should return `2 * n`.",
        ),
        (
            "def check(v, known):\n    try:\n        bad = v not in known\n"
            "    except TypeError:\n        bad = True\n    if bad:\n"
            "        raise ValueError(v)\n    return v\n",
            (4, 5),
            "Call `check(v, known)` so that `v not in known` raises `TypeError`.",
        ),
        (
            "class Unit:\n    def __repr__(self):\n        return 'u'\n",
            (3, 3),
            "Take `repr()` of a `Unit`: it should return `'u'`.",
        ),
    ],
)
def test_no_more_is_said_than_the_call_does(source: str, lines: tuple[int, int], said: str) -> None:
    assert list(suggest(module(source), uncovered(*lines))) == [said]


@settings(max_examples=80, deadline=None)
@given(SOURCES)
def test_generated_sources_give_safe_sentences_or_none(lines: list[str]) -> None:
    source = "\n".join(["def outer(self, a, b=1):", *(f"    {line}" for line in lines)])
    parsed = parse_module("pkg/generated.py", source.encode())
    if parsed is None:
        return
    for gap in gaps(parsed):
        for sentence in suggest(parsed, gap):
            check(parsed, sentence)


def test_deep_nesting_raises_nothing() -> None:
    deep = "def f(a):\n    if " + "not " * 900 + "a:\n        return 1\n"
    parsed = parse_module("a.py", deep.encode())
    if parsed is not None:
        assert len(suggest(parsed, uncovered(3, 3))) <= 1


@pytest.mark.slow
def test_the_time_grows_with_the_function_not_with_its_square() -> None:
    """Ten times the branches take about ten times as long, well below a hundred times."""

    def seconds(branches: int) -> float:
        body = "".join(f"    if a == {n}:\n        b = {n}\n" for n in range(branches))
        parsed = module(f"def f(a):\n{body}    return b\n")
        begin = time.process_time()
        for n in range(branches):
            suggest(parsed, partial(2 + 2 * n, str(3 + 2 * n)))
        return time.process_time() - begin

    assert seconds(1_000) < 40 * max(seconds(100), 0.01)


def test_the_code_of_a_sentence_is_code_in_markdown() -> None:
    text = markdown("Call `f(a)` with `a | b == '@me'` and *no* @you.")
    assert text == "Call `f(a)` with `a | b == '@me'` and \\*no\\* @\u200byou."
    html = MarkdownIt("commonmark").render(markdown("Call `f(<b>)`: it should return `[a](b)`."))
    assert html == (
        "<p>Call <code>f(&lt;b&gt;)</code>: it should return <code>[a](b)</code>.</p>\n"
    )


def test_backticks_that_do_not_pair_make_no_code() -> None:
    assert "<code>" not in MarkdownIt("commonmark").render(markdown("one ` only @me"))


@given(st.text(alphabet="ab`*_<>[]()|@#\\\n $", max_size=40))
def test_whatever_the_text_markdown_shows_no_markup_but_code(text: str) -> None:
    html = MarkdownIt("commonmark").render(markdown(f"x{text}x"))
    assert set(re.findall(r"</?(\w+)", html)) <= {"p", "code"}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("src/pkg/app.py", "pkg.app"),
        ("backend/src/pkg/app.py", "pkg.app"),
        ("lib/pkg/app.py", "pkg.app"),
        ("pkg/lib/app.py", "pkg.lib.app"),
        ("src/__init__.py", "__init__"),
    ],
)
def test_a_module_is_named_from_its_import_root(path: str, name: str) -> None:
    source = "try:\n    import a\nexcept ImportError:\n    import b as a\n"
    [told] = suggest(module(source, path), uncovered(4, 4))
    assert told.startswith(f"Import `{name}` so that")


@pytest.mark.parametrize(
    ("body", "error", "told"),
    [
        ("x = getattr(a, 'b', None)\nreturn a[0]", "IndexError", "`a[0]`"),
        ("a = tuple(a)\nreturn b.index(a)", "ValueError", "`b.index(a)`"),
        ("for each in a:\n    b += int(each)", "ValueError", "`int(each)`"),
        ("a.n -= b", "TypeError", "`a.n -= b`"),
        ("with open(a) as file:\n    return file.read()", "OSError", "`open(a)`"),
        ("return next(reversed(a))", "StopIteration", "`next(reversed(a))`"),
        ("return shown(a[b])", "json.JSONDecodeError", "`shown(a[b])`"),
        ("x: dict[str, int] = made(a)", "KeyError", "`made(a)`"),
        ("x = one(a)\nreturn two(x)", "Custom", "the body of the `try` on line 2"),
        ("for each in a:\n    print(each)", "Custom", "the body of the `try` on line 2"),
        ("try:\n    int(a)\nexcept ValueError:\n    pass", "ValueError", "the body of"),
        ("import a\nimport b", "ImportError", "`import a`"),
        ("return a / b", "ZeroDivisionError", "`a / b`"),
        ("del a[0]", "KeyError", "`del a[0]`"),
        ("a.b = 3", "AttributeError", "`a.b = 3`"),
        ("x, y = made(a)", "Custom", "`made(a)`"),
        ("return True, a.loads(b)", "Custom", "`a.loads(b)`"),
        ("return one(a), two(b)", "Custom", "`one(a), two(b)`"),
        ("return [each.n for each in a]", "Custom", "`[each.n for each in a]`"),
        ("x, y = made(a)", "ValueError", "`x, y = made(a)`"),
        ("if a.fits(b):\n    return 2", "ValueError", "`a.fits(b)`"),
        ("if not a:\n    return 2", "TypeError", "the body of the `try` on line 2"),
        ("if a is b or a == 1:\n    return 2", "TypeError", "the body of the `try` on line 2"),
        ("if a < b:\n    return 2", "TypeError", "`a < b`"),
    ],
)
def test_what_raises_is_named_where_nothing_else_can(body: str, error: str, told: str) -> None:
    inner = body.replace("\n", "\n        ")
    source = f"def f(a, b):\n    try:\n        {inner}\n    except {error}:\n        return None\n"
    last = source.count("\n")
    [suggestion] = suggest(module(source), uncovered(last - 1, last))
    assert suggestion.startswith(f"Call `f(a, b)` so that {told}")


def test_each_handler_of_a_gap_gets_its_suggestion() -> None:
    source = """\
def f(a):
    try:
        return made(a)
    except KeyError:
        note(a)
        return 1
    except (A, B):
        return 2
    except C:
        return 3
    except D:
        return 4
"""
    call = "Call `f(a)` so that `made(a)` raises"
    told = (
        f"{call} `KeyError`: it should call `note(a)` and return `1`.",
        f"{call} `A` or `B`: it should return `2`.",
        f"{call} `C`: it should return `3`.",
    )
    assert suggest(module(source), uncovered(4, 12)) == told
    assert suggest(module(source), uncovered(5, 8)) == told[:2]
    assert suggest(module(source), uncovered(7, 8)) == told[1:2]


def test_a_package_is_imported_from_the_folder_around_it() -> None:
    files = {"back/end/pkg/__init__.py", "back/end/pkg/sub/__init__.py", "pkg/__init__.py"}
    source = b"try:\n    import a\nexcept ImportError:\n    import b as a\n"
    for path, name in (
        ("back/end/pkg/sub/app.py", "pkg.sub.app"),
        ("pkg/app.py", "pkg.app"),
        ("back/end/app.py", "back.end.app"),
    ):
        parsed = parse_module(path, source, import_root(path, files))
        assert parsed is not None
        [told] = suggest(parsed, uncovered(4, 4))
        assert told.startswith(f"Import `{name}` so that")


def test_no_import_makes_a_constant_another_one() -> None:
    source = "import os\n\na = 1\nif a == 2:\n    b = 3\nif os.name == 'nt':\n    c = 4\n"
    assert suggest(module(source), uncovered(5, 5)) == ()
    assert suggest(module(source), uncovered(7, 7)) == (
        "Import `pkg.app` with `os.name == 'nt'`: it should set `c` to `4`.",
    )
