"""What a test's source says: imports, assertions, what it must not do, what it is the same as."""

from __future__ import annotations

import ast

import pytest

from qe_action.verify.duplicates import fingerprints
from qe_action.verify.reading import assertions, reaches_outside, refused_import, skips


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
        "assert f(1) or True",
        "assert (f(1), 'always true')",
        "assert isinstance(x, object)",
        "assert lambda: f(1)",
        "self.assertTrue(True)",
        "with pytest.raises(Exception): f(1)",
        "with pytest.raises(KeyError): pass",
        "with open(x): f(1)",
    ],
)
def test_these_can_t(line: str) -> None:
    assert assertions(function(line)) == []


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("import json, pytest", None),
        ("from shop.cart import total", None),
        ("import attr", None),
        ("import requests", "requests"),
        ("import subprocess", "subprocess"),
        ("import socket", "socket"),
        ("from urllib import request", "urllib.request"),
        ("import urllib.request", "urllib.request"),
        ("from urllib.parse import quote", None),
        ("from . import helpers", "."),
        ("from http import client", "http"),
    ],
)
def test_allowed_imports(line: str, refused: str | None) -> None:
    assert refused_import(ast.parse(line), frozenset({"shop", "attr"})) == refused


@pytest.mark.parametrize(
    "line",
    [
        "time.sleep(1)",
        "from time import sleep",
        "os.system('x')",
        "exec('x')",
        "asyncio.sleep(1)",
        "sys.exit()",
        "os._exit(0)",
    ],
)
def test_what_reaches_outside(line: str) -> None:
    assert reaches_outside(function(line)) is not None
    assert reaches_outside(function("x.sleep_time(1)", "os.path.join('a')")) is None


@pytest.mark.parametrize(
    "line",
    [
        "pytest.skip('x')",
        "pytest.importorskip('x')",
        "self.skipTest('x')",
        "pytest.xfail()",
        "from unittest import SkipTest",
    ],
)
def test_what_skips(line: str) -> None:
    assert skips(function(line)) is not None
    assert skips(ast.parse("@pytest.mark.skipif(True)\ndef test_x(): pass")) == "skipif"
    assert skips(function("assert skipped == 1")) is None


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
