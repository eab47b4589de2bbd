"""What a generated test may do: attacks that are refused before anything runs, and good tests."""

from __future__ import annotations

import asyncio
from textwrap import indent

import pytest
from recorded_runner import RecordedRunner, passed

from qe_action.generators.port import Candidate
from qe_action.verify.gates import Refusal, Setting, Trial, judge
from qe_action.verify.project_names import passed_on
from qe_action.verify.static_checks import unfit
from qe_action.verify.test_size import CASES, CHARACTERS, LINES, NODES, TEXT

FILES = {
    "src/shop/__init__.py": "from shop.cart import Cart\nfrom .tools import run as start\n",
    "src/shop/net.py": "import requests\n\ndef fetch(url):\n    return requests.get(url)\n",
    "src/shop/io.py": "def load(path):\n    return path\n",
    "src/shop/tools.py": (
        "import os as o, json\nfrom subprocess import (\n    run,\n    PIPE as P,\n)\n"
        "from pathlib import Path as Place\nfiles = o\n"
    ),
    "src/shop/cart.py": (
        "import time\nimport shop.net\nfrom shop.net import fetch\n\nCONFIG = {}\n\n"
        "class Cart:\n    def total(self):\n        return 0\n\n"
        "    def frame(self):\n        return 1\n"
        "\ndef save(where):\n    return where\n"
    ),
    "tests/conftest.py": "import pytest\n\n@pytest.fixture\ndef basket():\n    return 1\n",
    "tests/test_shop.py": (
        "import attr\nimport numpy\nimport sqlite3\nimport yaml\nfrom os import getpid\n"
        "import psutil\nimport subprocess\n\n"
        "def test_it(basket):\n    assert basket\n"
    ),
}
RUNNER = RecordedRunner(
    FILES, "src/shop/cart.py", lambda request: passed(f"{request.paths[0]}::test_it")
)
STATIC = {"imports", "outside", "skips", "patches", "too large", "syntax"}
FIXTURES = "tmp_path, monkeypatch, capsys, basket"
HEAD = "from shop.cart import Cart, save"
ASSERTS = "assert Cart().total() == 0"


def refused(code: str, *imports: str) -> Refusal | None:
    """What the static gates say of a test; None where it came to be run."""
    before = len(RUNNER.asked)
    setting = Setting(RUNNER, frozenset({1}), frozenset(), lambda: 5.0)
    trial = Trial(Candidate("1", "test_it", code, imports, "src/shop/cart.py", "Cart"), 0)
    found = asyncio.run(judge(trial, setting, alone=True)).refusal
    if len(RUNNER.asked) > before:
        return None
    assert found is not None
    assert found.reason in STATIC, found
    return found


def inside(lines: str, fixtures: str = FIXTURES) -> str:
    """A test of these lines, and of one that asserts."""
    return f"def test_it({fixtures}):\n{indent(lines, '    ')}\n    {ASSERTS}\n"


USED = "import json, os, sys, time, io, asyncio, operator, pytest, logging, typing, random"
MORE = ("from pathlib import Path", "from shop import io as shop_io, net, tools", "import shop")
ATTACKS = {
    "imports": [
        "import subprocess",
        "import socket as s",
        "from os import system as s",
        "from os import environ",
        "from subprocess import run",
        "import urllib.request",
        "from urllib import request",
        "from http import client",
        "import http.server",
        "from xmlrpc import client",
        "import ctypes",
        "import multiprocessing",
        "from concurrent import futures",
        "import threading",
        "import _thread",
        "import signal",
        "import importlib",
        "from importlib import import_module as i",
        "import runpy",
        "from pickle import loads",
        "import marshal",
        "import shelve",
        "import tempfile",
        "import shutil",
        "from shutil import rmtree as clean",
        "import glob",
        "import builtins",
        "import gc",
        "import atexit",
        "import inspect\nfrom inspect import currentframe",
        "import code",
        "import site",
        "import pty",
        "import platform",
        "import getpass",
        "import webbrowser",
        "import logging.config",
        "from logging import config",
        "from logging.handlers import SocketHandler",
        "from codecs import open as o",
        "from io import open as o",
        "from io import FileIO",
        "from types import CodeType",
        "from typing import get_type_hints",
        "from functools import singledispatch",
        "from string import Formatter",
        "from uuid import getnode",
        "from contextlib import os",
        "from json import codecs",
        "from unittest import mock",
        "import unittest.mock as m",
        "from unittest.mock import patch",
        "from mock import patch",
        "from . import helpers",
        "from .conftest import basket",
        "import psutil",
        "import dill",
        "import unheard_of",
        "from shop.tools import run",
        "from shop.tools import P",
        "from shop import start",
        "from requests import get",
        "from time import sleep",
        "from time import sleep as nap",
        "from _pytest.outcomes import Skipped",
        "import _pytest",
        "import xml.sax",
        "from xml.etree.ElementTree import parse",
        "from asyncio import subprocess",
        "from asyncio import create_subprocess_exec",
        "import timeit",
        "import urllib.request as r",
        "from yaml import unsafe_load",
        "from os import getpid",
        "import locale",
        "import ctypes.util",
    ],
    "outside": [
        # processes, by every name
        "os.system('x')",
        "o = os\no.system('x')",
        "[os][0].system('x')",
        "(lambda m: m)(os)",
        "str(os)",
        "import os as o\no.popen('x')",
        "getattr(os, 'system')('x')",
        "getattr(os, 'sys' + 'tem')('x')",
        "getattr(os, f'sys{\"tem\"}')('x')",
        "name = 'system'\ngetattr(os, name)('x')",
        "getattr(save(os.path), 'o' + 's')",
        "for name in ('sys', 'os'):\n    getattr(Cart(), name)",
        "getattr(*[os, 'system'])('x')",
        "g = getattr\ng(os, 'system')",
        "list(map(getattr, [save(1)], ['total']))",
        "list(map(getattr, [os], ['system']))",
        "operator.attrgetter('system')(os.path)",
        "operator.attrgetter('os.system')(shop)",
        "operator.methodcaller('sys' + 'tem', 'x')",
        "asyncio.create_subprocess_shell('x')",
        "asyncio.get_running_loop().subprocess_exec(1, 2)",
        "os.fork()",
        "os.kill(1, 9)",
        "os._exit(0)",
        "os.execv('/bin/sh', [])",
        "os.posix_spawn('x', [], {})",
        # through the project's and the standard library's own modules
        "tools.o.system('x')",
        "tools.o.remove('x')",
        "tools.files.remove('x')",
        "from shop.tools import files\nfiles.remove('x')",
        "shop.start(['x'])",
        "shop.tools.o.environ",
        "shop.tools.run(['x'])",
        "tools.Place('/etc/passwd').read_text()",
        "shop.cart.time.sleep(1)",
        "shop.net.requests.get('http://x')",
        "json.codecs.open('x')",
        "os.path.os.system('x')",
        "os.path.genericpath.os.remove('x')",
        "random._os.system('x')",
        "random._inst",
        "logging.os.system('x')",
        "typing.sys.modules",
        "asyncio.events",
        # the environment
        "os.environ['HOME']",
        "os.environ.get('TOKEN')",
        "os.getenv('TOKEN')",
        "os.putenv('A', 'b')",
        "[os.environ]",
        "print(f'{os.environ}')",
        # code from text
        "eval('1')",
        "exec('1')",
        "compile('1', 'x', 'eval')",
        "e = eval\ne('1')",
        "__import__('os').system('x')",
        "i = __import__\ni('os')",
        "(i := __import__)('os')",
        "def helper(i=__import__):\n    return i('os')\nhelper()",
        "__builtins__['eval']('1')",
        "__builtins__.eval('1')",
        "globals()['x']",
        "locals()",
        "input()",
        "breakpoint()",
        "exit()",
        "__loader__",
        "__spec__",
        "try:\n    subprocess.run('x')\nexcept NameError:\n    pass",
        "class A:\n    eval = eval\nA.eval('1')",
        "class A:\n    try:\n        run = run\n    except NameError:\n        run = None",
        "\U0001d626\U0001d637\U0001d622\U0001d62d('1')",
        "\uff4fs.\uff53ystem('x')",
        "os.\u017fystem('x')",
        "def typed(x: '__import__(\"os\").system(\"x\")'): ...",
        "x: 'eval(1)' = 1",
        "typing.get_type_hints(save)",
        "import pickle\npickle.loads(b'x')",
        # the interpreter's own ways
        "().__class__.__base__.__subclasses__()",
        "object.__subclasses__()",
        "type(()).mro()[-1]",
        "().__class__.__mro__",
        "().__class__.__bases__",
        "save.__globals__",
        "save.__annotations__ = {}",
        "save.__code__",
        "save.__closure__",
        "Cart.total.__func__",
        "print.__self__.eval('1')",
        "getattr(save, '__globals__')",
        "hasattr(save, '__globals__')",
        "object.__getattribute__(save, 'x')",
        "match save:\n    case object(__globals__=g):\n        g['os']",
        "'{0.__class__}'.format(save)",
        "shop.__dict__['os']",
        "save(shop).__dict__['os']",
        "vars(shop)['os']",
        "assert shop.__dict__ == {}",
        "assert vars(shop) == {}",
        "class E:\n    def __eq__(self, other):\n        return other\n"
        "assert save(1).__dict__ == E()",
        "vars(save(shop))['os']",
        "list(map(vars, [shop]))",
        "sys.modules['os']",
        "sys.modules",
        "sys._getframe()",
        "sys.settrace(None)",
        "sys.exit()",
        "sys.path.insert(0, 'x')",
        "with pytest.raises(ValueError) as e:\n    save(1)\ne.traceback[0].frame.eval('1')",
        "with pytest.raises(ValueError) as e:\n    save(1)\ne.tb.tb_frame.f_globals",
        "(lambda: (yield))().gi_frame.f_back",
        "save.f_builtins",
        "global thing\nthing = 1",
        # libraries
        "import yaml\nyaml.load('x', 1)",
        "import numpy as np\nnp.load('x')",
        # waiting and threads
        "time.__dict__['sleep'](1)",
        "vars(time)['sleep'](1)",
        "operator.attrgetter('sleep')(time)(1)",
        "getattr(time, 'sleep')(1)",
        "t = time\nt.sleep(1)",
        "time.sleep(1)",
        "time.sleep(0)",
        "t = time.sleep",
        "asyncio.run(asyncio.sleep(1))",
        # files
        "open('/etc/passwd').read()",
        "open('x', 'w')",
        "o = open\no('x')",
        "list(map(open, ['x']))",
        "io.open('x')",
        "io.FileIO('x')",
        "Path('/etc/passwd').read_text()",
        "Path('x').write_text('')",
        "Path('x').open()",
        "Path('x').unlink()",
        "Path(__file__).read_text()",
        "Path.home()",
        "Path.cwd()",
        "Path('~').expanduser()",
        "read = Path.read_text\nread('x')",
        "(tmp_path / '../../x').write_text('')",
        "(tmp_path / '..' / 'x').write_text('')",
        "(tmp_path / 'a/../../x').write_text('')",
        "(tmp_path / '/etc/passwd').read_text()",
        "(tmp_path / save('/etc/passwd')).read_text()",
        "part = '..'\n(tmp_path / part / part).rmdir()",
        "part = '..'\n(tmp_path / f'{part}/x').rmdir()",
        "for part in ('a', '..'):\n    (tmp_path / part).rmdir()",
        "(tmp_path / ('.' + '.')).rmdir()",
        "(tmp_path / chr(46)).rmdir()",
        "tmp_path.parent.rmdir()",
        "(tmp_path / 'a').parent.parent.rmdir()",
        "tmp_path.parents[1].rmdir()",
        "p = tmp_path\nfor _ in range(9):\n    p = p.parent\np.rmdir()",
        "(tmp_path / '').parent.rmdir()",
        "tmp_path.joinpath('..').rmdir()",
        "tmp_path.joinpath(*['..']).rmdir()",
        "tmp_path.with_name('x').rmdir()",
        "tmp_path.__class__('/').rmdir()",
        "type(tmp_path)('/').rmdir()",
        "list(tmp_path.glob('../*'))",
        "(tmp_path / 'a').rename('/x')",
        "(tmp_path / 'a').symlink_to('/etc')",
        "(tmp_path / 'a').hardlink_to('/etc/passwd')",
        "tmp_path = Path('/')\ntmp_path.rmdir()",
        "def clean(tmp_path):\n    tmp_path.rmdir()\nclean(Path('/'))",
        "def test_inner(tmp_path):\n    tmp_path.rmdir()\ntest_inner(Path('/'))",
        "class F:\n    def object(self, it):\n        return it\nF().object(os).remove('/x')",
        "class F:\n    def setattr(self, it):\n        return it\nF().setattr(os).remove('/x')",
        "def getattr(it, name):\n    return it\ngetattr(os, 'sep').remove('/x')",
        "def len(it):\n    return it\nlen(vars(save(1)))['x']",
        "Cart().parametrize('basket', ['a'])\ngetattr(save(1), basket)",
        "def helper(p):\n    return getattr(save(1), p)\n"
        "Cart().parametrize('p', ['a'])\nhelper('__globals__')",
        "class P(Path):\n    pass\nP('/').rmdir()",
        "with Path('/') as p:\n    p.rmdir()",
        "match Path('/'):\n    case p:\n        p.rmdir()",
        "save('/etc/passwd').read_text()",
        "save(Path('/etc/passwd')).read_text()",
        "where = '/etc/passwd'\nsave(where).read_text()",
        "os.remove('x')",
        "os.listdir()",
        "os.listdir('/')",
        "os.walk('/')",
        "os.path.expanduser('~') and open(os.path.expanduser('~'))",
        "os.rename(tmp_path / 'a', '/x')",
        "os.unlink(tmp_path.parent)",
        "remove = os.remove",
        "monkeypatch.chdir('/')",
        "monkeypatch.chdir(tmp_path.parent)",
        "monkeypatch.syspath_prepend(tmp_path)",
        "Cart().rmtree('/')",
        "from configparser import ConfigParser\nConfigParser().read('/etc/x')",
        "from configparser import ConfigParser\nConfigParser().read(save)",
        "from argparse import ArgumentParser\nArgumentParser(fromfile_prefix_chars='@')",
        # pytest
        "pytest.exit('x')",
        "pytest.main(['x'])",
        "getattr(pytest, 'ex' + 'it')('x')",
        "pytest.__dict__['exit']",
        "x = 1  # \u202e",
        "x = '\u200b'",
        # what another name, a container, a lambda or an object of the test's own hands on
        "os.path.expandvars('$TOKEN')",
        "type(tmp_path)('/etc/passwd').open()",
        "{'a': Path('/etc/passwd')}['a'].open()",
        "[p for p in [Path('/etc/passwd')]][0].open()",
        "next(iter([Path('/etc/passwd')])).open()",
        "(lambda: Path('/etc/passwd'))().open()",
        "(Path('/etc/passwd') or save(1)).open()",
        "class A:\n    p = Path('/etc/passwd')\nA.p.open()",
        "class A:\n    def __init__(self, p):\n        self.p = p\nA(Path('/etc/passwd')).p.open()",
        "class A: ...\na = A()\na.p = Path('/etc/passwd')\na.p.open()",
        "some = []\nsome.append(Path('/etc/passwd'))\nsome[0].open()",
        "some = {}\nsome['a'] = Path('/etc/passwd')\nsome['a'].open()",
        "(lambda p: p.open())(Path('/etc/passwd'))",
        "sorted([Path('/etc/passwd')], key=lambda p: p.rename('/x'))",
        "try:\n    raise ValueError(Path('/x'))\nexcept ValueError as e:\n    e.args[0].open()",
        "class A:\n    def p(self):\n        return Path('/etc/passwd')\nA().p().open()",
        "import zipfile\nzipfile.ZipFile(io.BytesIO(), 'w').write('/etc/passwd')",
        "import zipfile\nwith zipfile.ZipFile(io.BytesIO(), 'w') as z:\n    z.write('/etc/passwd')",
        "import sqlite3\nc = sqlite3.connect(':memory:')\nc.execute(\"ATTACH '/x' AS y\")",
        "import sqlite3\nc = sqlite3.connect(':memory:')\nc.execute('ATT' + \"ACH '/x' AS y\")",
        # strings that act
        "g = (i for i in [1])\n'{0.gi_frame.f_builtins}'.format(g)",
        "'{0.o.environ}'.format(tools)",
        "('{0.__cla' + 'ss__.__init__}').format(save)",
        "t = '{0.__cla' + 'ss__.__init__}'\nt.format(save)",
        "''.join(['{0.__cla', 'ss__}']).format(save)",
        "'{a.gi_frame.f_back}'.format_map({'a': 1})",
        "typing.Optional['__import__(\"os\")']",
        "def f():\n    \"\"\">>> import os\"\"\"",
        "save.__doc__ = '>>> import os'",
        "loop = asyncio.get_running_loop()\nloop.create_unix_connection(dict, '/run/docker.sock')",
        "asyncio.get_running_loop().run_in_executor(None, print)",
        "pytest.mark.usefixtures('pytester')",
        "pytest.mark.usefixtures('py' + 'tester')",
        "pytest.mark.parametrize('pytester', [1], indirect=True)",
        "pytest.mark.filterwarnings('ignore::antigravity.X')",
        "x = 1  # \x0b",
        "# -*- coding: utf-7 -*-",
    ],
    "skips": [
        "pytest.skip('x')",
        "pytest.importorskip('x')",
        "pytest.xfail('x')",
        "p = pytest.mark\np.skip(save)",
        "if save(1):\n    raise pytest.skip.Exception('x')",
        "pytest.param(1, marks=pytest.mark.skip)",
        "pytest.param(1, marks=pytest.mark.xfail(strict=False))",
        "from unittest import SkipTest",
        "from unittest import TestCase\nTestCase().skipTest('x')",
    ],
    "patches": [
        "monkeypatch.setattr('shop.cart.Cart.total', lambda self: 0)",
        "monkeypatch.setattr('shop.cart.fetch', lambda url: 0)",
        "monkeypatch.setattr(shop.cart, 'fetch', lambda url: 0)",
        "monkeypatch.setattr(Cart, 'total', lambda self: 0)",
        "monkeypatch.setattr(shop.Cart, 'total', lambda self: 0)",
        "cart = Cart()\nmonkeypatch.setattr(cart, 'total', lambda: 0)",
        "monkeypatch.setattr(Cart(), 'total', lambda: 0)",
        "name = 'total'\nmonkeypatch.setattr(Cart, name, 1)",
        "monkeypatch.setattr(Cart, basket, 1)",
        "monkeypatch.delattr(Cart, 'total')",
        "monkeypatch.delattr('shop.cart.save')",
        "with monkeypatch.context() as m:\n    m.setattr(Cart, 'total', 1)",
        "pytest.MonkeyPatch().setattr(Cart, 'total', 1)",
        "patch = monkeypatch.setattr\npatch(Cart, 'total', 1)",
        "[monkeypatch.setattr][0](Cart, 'total', 1)",
        "setattr(Cart, 'total', lambda self: 0)",
        "delattr(Cart, 'total')",
        "Cart.total = lambda self: 0",
        "shop.cart.save = 1",
        "del shop.cart.save",
        "type.__setattr__(Cart, 'total', 1)",
        "shop.net.fetch = 1",
        "json.loads = 1",
        "shop.cart.CONFIG['a'] = 1",
        "del shop.cart.CONFIG['a']",
        "monkeypatch.setitem(shop.cart.CONFIG, 'a', 1)",
        "monkeypatch.setattr(time, 'time', lambda: 0)",
        "monkeypatch.setattr('time.time', lambda: 0)",
        "monkeypatch.setattr('subprocess.run', 1)",
        "monkeypatch.setattr('elsewhere.run', 1)",
        "monkeypatch.setattr((lambda: Cart)(), 'total', 1)",
        "monkeypatch.setattr('builtins.open', 1)",
        "monkeypatch.setattr(json, 'loads', 1)",
        "monkeypatch.setattr('shop.tools.o.getcwd', 1)",
        "monkeypatch.setenv('PATH', 'x')",
        "monkeypatch.setenv('LD_PRELOAD', 'x')",
        "monkeypatch.setenv('PYTHONPATH', 'x')",
        "monkeypatch.setenv('GITHUB_TOKEN', 'x')",
        "monkeypatch.setenv('https_proxy', 'x')",
        "monkeypatch.setenv('PA' + 'TH', 'x')",
        "monkeypatch.delenv('HOME')",
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "lines"), [(reason, lines) for reason, some in ATTACKS.items() for lines in some]
)
def test_an_attack_is_refused_before_anything_runs(reason: str, lines: str) -> None:
    found = refused(inside(lines), USED, HEAD, *MORE)
    assert found is not None
    assert found.detail.startswith("line "), found
    assert found.reason == reason, found


GOOD = (
    "assert json.loads('[1]') == [1]",
    "assert isinstance(save(1), int)",
    "assert save(1).__class__.__name__ == 'int'",
    "assert Cart().__dict__ == {}",
    "assert vars(Cart()) == {}",
    "assert Cart().frame() == 1",
    "assert Cart().__replace__(price=1).__hash__() != 0",
    "from configparser import ConfigParser\nConfigParser().read(tmp_path / 'a.ini')",
    "assert len(Cart().__dict__) == 0",
    "for name in ('total', 'frame'):\n    assert getattr(Cart(), name)() in (0, 1)",
    "assert not hasattr(Cart(), 'price')",
    "cart = Cart()\nsetattr(cart, 'price', 1)\ncart.tax = 2\nassert cart.price == 1",
    "assert shop_io.load('/etc/passwd') == '/etc/passwd'",
    "assert shop_io.load('a').replace('a', 'b') == 'b'",
    "assert os.path.join('a', 'b') == f'a{os.sep}b'",
    "assert os.path.basename('/a/b') == 'b'",
    "assert sys.maxsize > 0",
    "assert Path('/a/b').name == 'b'",
    "assert save(Path('a/b.txt')) == Path('a/b.txt')",
    "assert time.strftime('%Y', time.gmtime(0)) == '1970'",
    "async def get():\n    return 1\nassert asyncio.run(get()) == 1",
    "assert io.StringIO('a').read() == 'a'",
    "assert io.BytesIO(b'a').read(1) == b'a'",
    "print(1)\nassert capsys.readouterr().out == '1\\n'",
    "monkeypatch.chdir(tmp_path)",
    "monkeypatch.setattr(sys, 'argv', ['x'])",
    "monkeypatch.setattr('sys.stdin', io.StringIO('a'))",
    "monkeypatch.setattr(net, 'fetch', save)",
    "monkeypatch.setattr('shop.net.other', save)",
    "monkeypatch.setenv('SHOP_MODE', 'test')",
    "monkeypatch.delenv('SHOP_MODE', raising=False)",
    "data = {}\nmonkeypatch.setitem(data, 'a', 1)",
    "cart = Cart()\nobject.__setattr__(cart, 'price', 1)",
    "import zipfile\nwith zipfile.ZipFile(io.BytesIO(), 'w') as z:\n    z.write(tmp_path / 'a')",
    "import sqlite3\nc = sqlite3.connect(':memory:')\nc.execute(f'SELECT {1}').fetchall()",
    "t = '{0.name}-{1}'\nassert t.format(Cart, 1)",
    "class Tag:\n    name = 'x'\n    def replace(self, it):\n        return it\nTag().replace(1)",
    "assert type(save(1)).__name__.replace('a', 'b') == 'x'",
    "data = {'a': 'b'}\nassert data['a'].replace('b', 'c') == 'c'",
    "x: list['Cart'] = [Cart()]",
    "some = []\nsome.append(save(Path('/a')))\nassert some[0].replace('a', 'b') == some.copy()",
    "some = {}\nsome['a'] = tmp_path / 'a'\nsome['a'].replace('x')",
    "pytest.mark.usefixtures('basket')",
    "pytest.mark.filterwarnings('ignore::DeprecationWarning', 'error::shop.cart.Warned')",
    "(tmp_path / 'a').write_text('x')\nassert (tmp_path / 'a').read_text() == 'x'",
    "p = tmp_path / 'a' / 'b.txt'\np.parent.mkdir()\np.write_text('x')\nassert p.exists()",
    "with open(tmp_path / 'a', 'w') as file:\n    file.write('x')",
    "with (tmp_path / 'a').open('w') as file:\n    json.dump({}, file)",
    "open(f'{tmp_path}/a', 'w').close()",
    "open(os.path.join(tmp_path, 'a', 'b'), 'w').close()",
    "for i in range(3):\n    (tmp_path / f'f{i}.txt').touch()",
    "for name in ('a', 'b'):\n    (tmp_path / name).mkdir()",
    "for name, text in [('a', '1'), ('b', '2')]:\n    (tmp_path / name).write_text(text)",
    "assert sorted(p.name for p in tmp_path.iterdir()) == []",
    "assert [p.read_text() for p in tmp_path.rglob('*.txt')] == []",
    "assert save(tmp_path).read_text() == ''",
    "where = save(tmp_path / 'a')\nassert where.read_text() == ''\nwhere.unlink()",
    "(tmp_path / 'a').rename(tmp_path / 'b')",
    "def write(folder, name):\n    (folder / name).write_text('')\nwrite(tmp_path, 'a')",
    "def write(folder, name='a'):\n    (folder / name).write_text('')\nwrite(folder=tmp_path)",
    "class Fake:\n    def read_text(self):\n        return ''\nassert Fake().read_text() == ''",
    "class Fake:\n    kind = 1\n    more = kind\n    def __eq__(self, other):\n        return True",
    "with pytest.raises(ValueError, match='below'):\n    save(1)",
    "with pytest.warns(pytest.PytestWarning):\n    save(1)",
    "assert save(0.1) == pytest.approx(0.1)",
    "assert operator.attrgetter('price')(save(1)) == 1",
    "assert basket.read_text() == ''",
    "def typed(x: 'int | None') -> 'list[str]': ...",
    "def cb(*args, **kw):\n    return args\nassert save(cb)(1) == (1,)",
    "assert sorted({'b': 1}, key=lambda k: k) == ['b']",
    "assert [input for input in (1, 2)] == [1, 2]",
    "match save(1):\n    case {'a': a, **rest}:\n        assert (a, rest)",
    "assert '{0.name}'.format(Cart)",
    "if save('eval') == 'os.system':\n    assert '__globals__' in save('__globals__')",
)  # fmt: skip


@pytest.mark.parametrize("lines", GOOD)
def test_a_good_test_comes_to_be_run(lines: str) -> None:
    assert refused(inside(lines), USED, HEAD, *MORE) is None


@pytest.mark.parametrize(
    "line",
    [
        "import attr",
        "from attr import define",
        "import sqlite3\nfrom sqlite3 import OperationalError",
        "from collections.abc import Mapping",
        "import datetime, decimal, fractions, itertools, math, re",
        "from urllib.parse import quote",
        "from datetime import time",
        "from http import HTTPStatus",
        "from zipfile import BadZipFile",
        "from plistlib import InvalidFileException",
        "import xml.etree.ElementTree as ET",
        "from xml.etree import ElementTree",
        "import os.path",
        "from shop.io import load",
        "from shop import io, net",
        "import shop.cart as s",
        "from unittest import TestCase",
    ],
)
def test_what_may_be_imported(line: str) -> None:
    assert refused(inside(line)) is None or refused(inside(line), HEAD) is None


MODULE_LEVEL = (
    ("print(1)", "outside"),
    ("if 1:\n    x = 1", "outside"),
    ("for x in ():\n    pass", "outside"),
    ("try:\n    x = 1\nexcept NameError:\n    pass", "outside"),
    ("assert 1", "outside"),
    ("del x", "outside"),
    ("import os\nx = [os.getenv('A')]", "outside"),
    ("x = eval('1')", "outside"),
    ("x = ([0 for eval in ()], eval('1'))", "outside"),
    ("eval = eval", "outside"),
    ("run: object\n\ndef f():\n    return run('x')", "outside"),
    ("@eval\ndef f():\n    pass", "outside"),
    ("def f(x=open('a')):\n    pass", "outside"),
    ("class A:\n    print(1)", "outside"),
    (
        "from pathlib import Path\n\ndef test_other(tmp_path):\n    assert tmp_path.rmdir()\n\n"
        "def test_more():\n    assert test_other(Path('/'))",
        "outside",
    ),
    (
        "from pathlib import Path\n\ndef twice(f):\n    return lambda: f(Path('/'))\n\n"
        "@twice\ndef test_other(tmp_path):\n    assert tmp_path.rmdir()",
        "outside",
    ),
    (
        "from pathlib import Path\n\nclass TestIt:\n    def test_other(self, tmp_path):\n"
        "        assert tmp_path.rmdir()\n\n    def test_more(self):\n"
        "        assert self.test_other(Path('/'))",
        "outside",
    ),
    (
        "from pathlib import Path\n\nclass TestIt:\n    def test_other(self, tmp_path):\n"
        "        assert tmp_path.rmdir()\n\n    def test_more(self):\n"
        "        assert getattr(self, 'test_other')(Path('/'))",
        "outside",
    ),
    ("class A:\n    x = open('a')", "outside"),
    ("class A(eval('object')):\n    pass", "outside"),
    ("class A(metaclass=eval('type')):\n    pass", "outside"),
    ("x = lambda: open('/etc/passwd')", "outside"),
    ("from shop import *", "outside"),
    ("pytest_plugins = ['x']", "patches"),
    ("collect_ignore = ['x']", "patches"),
    ("pytestmark = []", "patches"),
    ("def pytest_configure(config):\n    pass", "patches"),
    ("def setup_module():\n    pass", "patches"),
    ("def teardown_function():\n    pass", "patches"),
    (
        "import pytest\n\nb = 1\n\n@pytest.mark.parametrize('b', [1])\n"
        "def test_b(b):\n    assert save(b)",
        "patches",
    ),
    ("def setUpModule():\n    pass", "patches"),
    ("class setup_module:\n    pass", "patches"),
    ("from shop.cart import save as tearDownModule", "patches"),
    ("from shop.cart import CONFIG as pytestmark", "patches"),
    ("import shop.cart as setup_function", "patches"),
    ("def f(x=(pytest_plugins := 1)):\n    return x", "patches"),
    ("def __getattr__(name):\n    return []", "patches"),
    ("import pytest\n\n@pytest.fixture\ndef basket():\n    return 2", "patches"),
    ("import pytest\n\n@pytest.fixture(name='basket')\ndef own():\n    return 2", "patches"),
    ("import pytest\n\n@pytest.fixture\ndef tmp_path():\n    return 2", "patches"),
    ("import pytest\n\nbasket = pytest.fixture(lambda: 2)", "patches"),
    ('def test_other():\n    """>>> import os"""\n    assert save(1)', "outside"),
    ("import pytest\n\n@pytest.fixture(autouse=True)\ndef f():\n    pass", "patches"),
    ("import pytest\n\n@pytest.fixture(scope='session')\ndef f():\n    pass", "patches"),
    ("import pytest\npytestmark = pytest.mark.skip", "skips"),
    ("@pytest.mark.skipif(True, reason='x')\ndef test_other():\n    assert save(1)", "outside"),
    (
        "import pytest\n@pytest.mark.skipif(True, reason='x')\ndef test_other():\n"
        "    assert save(1)",
        "skips",
    ),
    ("import pytest\n@pytest.mark.xfail\ndef test_other():\n    assert save(1)", "skips"),
)


@pytest.mark.parametrize(("code", "reason"), MODULE_LEVEL)
def test_what_runs_when_the_file_is_imported_is_looked_at_too(code: str, reason: str) -> None:
    found = refused(f"{code}\n\n\n{inside('pass')}", HEAD)
    assert found is not None
    assert found.reason == reason, found


@pytest.mark.parametrize(
    "code",
    [
        "def test_it(a, a):\n    assert save(a)",
        "def test_it():\n    nonlocal a\n    assert save(a)",
        "def test_it(a):\n    global a\n    assert save(a)",
        "nonlocal a\n\ndef test_it():\n    assert save(1)",
    ],
)
def test_what_can_be_parsed_and_not_be_compiled_is_refused(code: str) -> None:
    found = refused(code, HEAD)
    assert found is not None
    assert found.reason == "syntax"


@pytest.mark.parametrize(
    "code",
    [
        "CASES = [(1, 2)]",
        "LIMIT: int = 3",
        "def helper(x):\n    return x",
        "class Fake:\n    '''It.'''\n\n    x = 1\n\n    def total(self):\n        return self.x",
        "'''Words.'''",
        "class TestMore:\n    def test_place(self, tmp_path):\n"
        "        (tmp_path / 'a').touch()\n        assert save(tmp_path)",
        "import pytest\n\n@pytest.mark.parametrize('name', ['a', 'b'])\n"
        "def test_more(tmp_path, name):\n    (tmp_path / name).touch()\n    assert save(name)",
        "import pytest\n\n@pytest.fixture\ndef cart():\n    return Cart()",
        "import pytest\n\n@pytest.fixture(scope='function')\ndef cart():\n    return Cart()",
        "from dataclasses import dataclass\n\n@dataclass\nclass A:\n    x: int = 1",
        "x = [i for i in range(3)]",
    ],
)
def test_helpers_beside_a_test(code: str) -> None:
    assert refused(f"{code}\n\n\n{inside('pass')}", HEAD) is None


@pytest.mark.parametrize(
    "fixture", ["mocker", "pytester", "testdir", "pytestconfig", "cache", "request", "unknown_one"]
)
def test_fixtures_that_give_more_than_a_test_may_have(fixture: str) -> None:
    found = refused(inside(f"assert {fixture}.config", fixture), HEAD)
    assert found is not None
    assert (found.reason, found.detail[:5]) == ("outside", "line ")


def test_fixtures_of_pytest_the_project_and_the_test_itself() -> None:
    assert refused(inside("pass", "tmp_path_factory, caplog, recwarn, basket"), HEAD) is None
    own = "import pytest\n\n@pytest.fixture\ndef place(tmp_path):\n    return tmp_path / 'a'\n\n\n"
    assert refused(own + inside("place.write_text('x')", "place"), HEAD) is None
    away = own.replace("tmp_path / 'a'", "tmp_path.parent")
    found = refused(away + inside("place.write_text('x')", "place"), HEAD)
    assert found is not None
    assert found.reason == "outside"
    param = (
        "import pytest\n\n@pytest.fixture(params=[1])\ndef one(request):\n    return request.param"
    )
    assert refused(f"{param}\n\n\n{inside('assert one', 'one')}", HEAD) is None


def test_names_of_cases_are_followed() -> None:
    def cases(*names: str) -> Refusal | None:
        table = f"@pytest.mark.parametrize('name, n', [{', '.join(names)}])\n"
        body = inside("getattr(save(1), name)\n(tmp_path / name).touch()", "tmp_path, name, n")
        return refused(table + body, HEAD, "import pytest")

    assert cases("('total', 1)", "pytest.param('price', 2, id='x')") is None
    for bad in ("('__globals__', 1)", "('sys' + 'tem', 1)", "('..', 1)", "(*'ab',)", "x"):
        found = cases("('total', 1)", bad)
        assert found is not None
        assert found.reason == "outside"


MOCKED = {**FILES, "tests/test_mock.py": "from unittest.mock import patch, Mock\n"}


@pytest.mark.parametrize(
    ("lines", "fine"),
    [
        ("mock.Mock(return_value=1)", True),
        ("with mock.patch('shop.net.fetch') as f:\n    f.return_value = 1", True),
        ("with mock.patch.object(net, 'fetch'):\n    pass", True),
        ("with mock.patch('shop.cart.Cart.total'):\n    pass", False),
        ("with mock.patch.object(Cart, 'total'):\n    pass", False),
        ("with mock.patch.multiple(Cart, total=1):\n    pass", False),
        ("with mock.patch.dict('os.environ', {'A': 'b'}):\n    pass", False),
        ("with mock.patch.dict('shop.cart.CONFIG', {'A': 'b'}):\n    pass", False),
        ("with mock.patch('time.sleep'):\n    pass", False),
        ("with mock.patch.object(time, 'sleep'):\n    pass", False),
        ("with mock.patch('subprocess.run'):\n    pass", False),
        ("with mock.patch('shop.' + 'cart.save'):\n    pass", False),
        ("with mock.patch(target='shop.cart.save'):\n    pass", False),
        ("p = mock.patch\nwith p('shop.cart.save'):\n    pass", False),
    ],
)
def test_mocks_where_the_project_s_tests_have_them(lines: str, fine: bool) -> None:
    runner = RecordedRunner(MOCKED, "src/shop/cart.py", lambda _: passed("a::test_it"))
    code = inside(lines)
    imports = ("from unittest import mock", HEAD, "from shop import net", "import time")
    trial = Trial(Candidate("1", "test_it", code, imports, "src/shop/cart.py", "Cart"), 0)
    setting = Setting(runner, frozenset({1}), frozenset(), lambda: 5.0)
    found = asyncio.run(judge(trial, setting, alone=True)).refusal
    assert bool(runner.asked) is fine, found
    assert fine or (found is not None and found.reason in {"patches", "outside"})


def test_a_decorator_patches_as_a_call_does() -> None:
    runner = RecordedRunner(MOCKED, "src/shop/cart.py", lambda _: passed("a::test_it"))
    code = "@patch('shop.cart.save')\n" + inside("pass", "basket")
    imports = ("from unittest.mock import patch", HEAD)
    trial = Trial(Candidate("1", "test_it", code, imports, "src/shop/cart.py", "Cart"), 0)
    setting = Setting(runner, frozenset({1}), frozenset(), lambda: 5.0)
    found = asyncio.run(judge(trial, setting, alone=True)).refusal
    assert found is not None
    assert found.reason == "patches"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("#" * CHARACTERS, "characters, more than"),
        ("#\n" * (LINES + 1), "lines, more than"),
        (f"X = [{'-1,' * (NODES // 3)} 1]", "parts, more than"),
        (f"X = '{'x' * (TEXT + 1)}'", "a literal of"),
        (f"X = {'9' * 1200}", "digits"),
        ("X = 10 ** 10 ** 10", "digits"),
        ("X = 2 ** (10 ** 9)", "digits"),
        ("X = save(2) ** 10**9", "digits"),
        ("X = 1 << 10**9", "digits"),
        ("X = 'x' * 10**9", "repeats"),
        ("X = 10**9 * [0]", "repeats"),
        ("X = ('x' + 'y') * 10**9", "repeats"),
        ("X = [i for i in range(10**9)]", "1,000,000 items"),
        ("X = bytes(10**9)", "1,000,000 items"),
        ("X = bytearray(10**10)", "1,000,000 items"),
        (
            f"@pytest.mark.parametrize('a', [{'1, ' * (CASES + 1)}])\n"
            "def test_a(a):\n    assert save(a)",
            "cases",
        ),
        (
            "@pytest.mark.parametrize('a', [1] * 2000)\ndef test_a(a):\n    assert save(a)",
            "cases",
        ),
        (
            "@pytest.mark.parametrize('a', range(2000))\ndef test_a(a):\n    assert save(a)",
            "cases",
        ),
        (
            "@pytest.mark.parametrize('a', range(11))\n@pytest.mark.parametrize('b', range(11))\n"
            "def test_a(a, b):\n    assert save(a)",
            "cases",
        ),
    ],
)  # fmt: skip
def test_what_is_too_large(code: str, said: str) -> None:
    found = refused(f"import pytest\n{code}\n\n\n{inside('pass')}", HEAD)
    assert found is not None
    assert found.reason == "too large"
    assert said in found.detail


def test_what_is_just_not_too_large() -> None:
    code = (
        f"import pytest\nX = '{'x' * TEXT}'\nY = 2 ** 64\nZ = '-' * 1000\nW = 10**18\n"
        "V = 3 * 10**9\nU = list(range(3000))\n\n\n"
        f"@pytest.mark.parametrize('a', [{'1, ' * CASES}])\n"
        "def test_a(a):\n    assert save(a)"
    )
    assert refused(f"{code}\n\n\n{inside('pass')}", HEAD) is None


def test_the_line_is_that_of_the_test_as_a_file_its_imports_first() -> None:
    found = refused("def test_it():\n    assert save(1) == eval('1')\n", HEAD)
    assert found == Refusal("outside", "line 5: it uses eval")
    found = refused("def test_it():\n    assert save(1)\n", HEAD, "import socket")
    assert found == Refusal("imports", "line 1: it imports socket")


@pytest.mark.parametrize(
    "lines", [*ATTACKS["outside"][:12], "import subprocess", "pytest.skip()", "__import__('os')"]
)
def test_a_stranger_s_test_is_judged_alike(lines: str) -> None:
    assert unfit(inside(lines), [USED, HEAD, *MORE]) != ""


@pytest.mark.parametrize("lines", GOOD)
def test_what_is_good_is_so_from_a_stranger(lines: str) -> None:
    if not any(word in lines for word in ("net", "frame", "sqlite3")):  # they are of this project
        assert unfit(inside(lines), [USED, HEAD, *MORE]) == ""


@pytest.mark.parametrize(
    "step",
    [
        "x{n} = x{m} if basket else x{m}",
        "x{n} = x{m} + x{m}",
        "x{n} = x{m}\nx{n} = x{m}\nx{n} = x{m}",
    ],
)
@pytest.mark.parametrize(
    ("start", "use"),
    [
        ("Path('/')", "x60.rmdir()"),
        ("'..'", "(tmp_path / x60).rmdir()"),
        ("Cart", "monkeypatch.setattr(x60, 'total', 1)"),
        ("'__globals__'", "getattr(save(1), x60)"),
    ],
)
def test_a_value_of_many_origins_is_not_looked_for_for_ever(
    step: str, start: str, use: str
) -> None:
    """Each name has two ways to the one before it: 2**60 in all."""
    lines = "\n".join(step.format(n=n, m=n - 1) for n in range(1, 61))
    assert refused(inside(f"x0 = {start}\n{lines}\n{use}"), HEAD, *MORE) is not None


def test_a_project_of_many_imports_that_never_end_is_read_once() -> None:
    """Each of them could go on to the end of the file: that were a thousand million steps."""
    assert passed_on({"shop.py": b"from os import (\n" * 50_000}) == {}
