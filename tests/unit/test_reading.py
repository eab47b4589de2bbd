"""What a test's source says: imports, assertions, what it must not do, what it is the same as."""

from __future__ import annotations

import ast

import pytest

from qe_action.verify.assertions import assertions, lacks_assertion
from qe_action.verify.duplicates import fingerprints
from qe_action.verify.static_checks import skips


def function(*lines: str) -> ast.Module:
    return ast.parse("def test_it():\n" + "".join(f"    {line}\n" for line in lines))


@pytest.mark.parametrize(
    "line",
    [
        "assert f(1) == 2",
        "assert f(1)",
        "assert not x",
        "assert x == y",
        "assert x != x",
        "assert f(1) and True",
        "assert isinstance(x, int)",
        "self.assertEqual(f(1), 2)",
        "mock.assert_called_once_with(1)",
        "with pytest.raises(KeyError): f(1)",
        "with pytest.raises(Exception, match='no'): f(1)",
        "pytest.raises(KeyError, f, 1)",
        "assert f(1) if x else True",
        "assert (y := f(1))",
        "assert f(1) != f(1)",
        "assert Point(1) == Point(1)",
        "assert hash(shapes.Point(1)) == hash(shapes.Point(1))",
        "assert len(f(1)) >= 1",
        "numpy.testing.assert_allclose(f(1), 2.0)",
        "y = f(1); assert y == 2",
        "y = 2; y = f(1); assert y == 2",
        "for y in (1, 2): assert f(y)",
        "if x: assert f(1)",
        "try: assert f(1)\n    except ValueError: pass",
        "try: assert f(1)\n    except AssertionError: raise",
        "try: assert f(1)\n    finally: g()",
        "def check(y): assert y == f(1)\n    check(2)",
        "with contextlib.suppress(KeyError): assert f(1)",
        "async with x: assert f(1)",
        "said = []; f(lambda: said.append(1)); assert said == [1]",
        "said = []; f(said.append); assert said == [1]",
        "said = []\n    def hear(x): said.append(x)\n    f(hear); assert said == [1]",
        "said = []\n    class Ear:\n        def hear(self, x): said.append(x)\n    f(Ear())\n"
        "    assert said == [1]",
        "values = [3, 1]; f(values); assert values == [1, 3]",
        "values = {'a': 1}; f(options={'x': values}); assert values == {}",
        "values = {}; values['a'] = f(1); assert values == {'a': 1}",
        "values = []; values.append(f(1)); assert values == [1]",
        "values = []\n    for x in f(1): values.append(1)\n    assert values == [1]",
        "a = []; b = a; f(a); assert b == [1]",
    ],
)
def test_these_can_fail(line: str) -> None:
    assert len(assertions(function(line))) == 1


@pytest.mark.parametrize(
    "line",
    [
        "f(1)",
        "assert True",
        "assert 1 == 1",
        "assert 'text'",
        "assert x == x",
        "assert f(1) == f(1)",
        "assert f(1) or True",
        "assert (f(1), 'always true')",
        "assert isinstance(x, object)",
        "assert lambda: f(1)",
        "self.assertTrue(True)",
        "with pytest.raises(Exception): f(1)",
        "with pytest.raises(KeyError): pass",
        "with open(x): f(1)",
        "y = 4; assert y == 4",
        "y = 4; f(y); assert y == 4",
        "y = [4]; f(1); assert y == [4]",
        "y = [4]; y.append(5); f(1); assert y == [4, 5]",
        "y = {}; y['a'] = 1; f(1); assert y == {'a': 1}",
        "y = [4]; z = y; f(1); assert z == [4]",
        "y: bool = True; assert y",
        "return f(1); assert f(1) == 2",
        "if False: assert f(1) == 2",
        "if True: f(1)\n    else: assert f(1) == 2",
        "while 0: assert f(1) == 2",
        "for y in []: assert f(1) == 2",
        "if TYPE_CHECKING: assert f(1) == 2",
        "def check(): assert f(1) == 2",
        "class Check:\n        def test_x(self): assert f(1)",
        "try: assert f(1) == 2\n    except AssertionError: pass",
        "try: assert f(1) == 2\n    except: pass",
        "try: assert f(1) == 2\n    except (ValueError, Exception) as error: print(error)",
        "try: assert f(1) == 2\n    finally: return",
        "with contextlib.suppress(AssertionError): assert f(1) == 2",
        "with pytest.raises((ValueError, Exception)): f(1)",
        "with pytest.raises(builtins.Exception): f(1)",
        "with pytest.raises(expected_exception=Exception): f(1)",
        "with pytest.raises(Exception, match='.*'): f(1)",
        "with pytest.raises(KeyError): raise KeyError(f(1))",
        "E = Exception\n    with pytest.raises(E): assert f(1) == 2",
        "assert [f(1)]",
        "assert {'a': f(1)}",
        "assert (y for y in f(1))",
        "assert len(f(1)) >= 0",
        "assert f(1) == unittest.mock.ANY",
        "assert f(1) == 2 or f(1) != 2",
        "assert x or not x",
        "assert repr(f(1))",
        "isinstance = lambda *a: True; assert isinstance(f(1), int)",
        "self.assertEqual(f(1), f(1))",
        "self.assertTrue(f(1) or True)",
        "self.assertRaises(Exception, f, 1)",
    ],
)
def test_these_can_t(line: str) -> None:
    assert assertions(function(line)) == []


def test_each_test_of_a_class_needs_an_assertion() -> None:
    one = "class TestX:\n    def test_a(self):\n        assert f(1)\n\n    def test_b(self):\n"
    assert lacks_assertion(ast.parse(f"{one}        f(2)\n")) == "test_b"
    assert lacks_assertion(ast.parse(f"{one}        assert f(2)\n")) is None


@pytest.mark.parametrize(
    "line",
    [
        "pytest.skip('x')",
        "pytest.importorskip('x')",
        "self.skipTest('x')",
        "pytest.xfail()",
        "from unittest import SkipTest",
        "from pytest import skip as s",
        "import pytest as p; p.skip('x')",
        "raise pytest.skip.Exception('x')",
        "from _pytest.outcomes import Skipped",
        "m = pytest.mark; m.skip(f)",
        "request.applymarker(pytest.mark.xfail)",
        "getattr(pytest, 'skip')('x')",
        "getattr(pytest, 'sk' + 'ip')('x')",
        "pytest.param(1, marks=pytest.mark.skip)",
    ],
)
def test_what_skips(line: str) -> None:
    assert skips(function(line)) is not None


def test_words_that_skip_nothing() -> None:
    decorated = ast.parse("@pytest.mark.skipif(True)\ndef test_x(): pass")
    assert skips(decorated) == (1, "it uses skipif")
    marked = ast.parse("x = 1\npytestmark = pytest.mark.skip\ndef test_x(): pass")
    assert skips(marked) == (2, "it uses skip")
    assert skips(function("assert skipped == 1", "assert skip(f, 2)", "f(1).skip(2)")) is None


def one(source: str) -> str:
    (found,) = fingerprints(source)
    return found


def test_names_docstring_and_layout_do_not_tell_tests_apart() -> None:
    first = 'def test_a():\n    """Doc."""\n    result = f(1)\n    assert result == 2\n'
    other = "def test_b():\n    found = f( 1 )  # a comment\n    assert (found == 2)\n"
    assert one(first) == one(other)


@pytest.mark.parametrize(
    "other",
    [
        "def test_a():\n    result = f(2)\n    assert result == 2\n",
        "def test_a():\n    result = f(1.0)\n    assert result == 2\n",
        "def test_a():\n    result = g(1)\n    assert result == 2\n",
        "def test_a(tmp_path):\n    result = f(1)\n    assert result == 2\n",
        "@mark.slow\ndef test_a():\n    result = f(1)\n    assert result == 2\n",
        "def test_a():\n    result = f(True)\n    assert result == 2\n",
    ],
)
def test_what_differs_is_another_test(other: str) -> None:
    assert one(other) != one("def test_a():\n    result = f(1)\n    assert result == 2\n")


def test_methods_count_helpers_do_not_and_broken_files_have_none() -> None:
    source = "class TestX:\n    def test_a(self):\n        assert f(1)\n\ndef helper():\n    pass\n"
    assert len(fingerprints(source)) == 1
    assert fingerprints("def test_(:") == frozenset()


@pytest.mark.parametrize("deep", ["-" * 20_000 + "1", "-" * 600 + "1"])
def test_files_that_are_nested_too_deeply_have_none(deep: str) -> None:
    assert fingerprints(f"def test_x():\n    assert {deep}\n") == frozenset()
