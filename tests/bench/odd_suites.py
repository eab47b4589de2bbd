"""Made-up suites of the kinds that are hard to hear right, each held against pytest alone.

    SUITE_PATH=VENV/bin python tests/bench/odd_suites.py [NAME...]

VENV has pytest, pytest-xdist and pytest-rerunfailures. See suite_outcomes.py for what is compared.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

from suite_outcomes import compare


class Odd(NamedTuple):
    """A suite: its files by their paths, and the words that run it.

    `known` are the kinds of differences that are to be.
    """

    files: dict[str, str]
    command: tuple[str, ...] = ("pytest", "-q")
    junit: bool = True
    shuffled: bool = False
    known: tuple[str, ...] = ()


PYTEST = ("pytest", "-q")
MIXED = """
    import pytest

    class TestIt:
        class TestInner:
            def test_deep(self): pass
        @pytest.mark.parametrize("x", ["a::b", "[", "]", "", " ", "ä", "\\n", "\\x1b[31m", "a/b.py",
                                       "\\0", "<&>",
                                       "%41", "::set-output", "x" * 1500, 1.5, None, b"\\xff"])
        def test_ids(self, x): assert x != "["
    @pytest.mark.parametrize("x", [1, 1, 1])
    def test_twice(x): assert x == 2
    @pytest.mark.xfail(strict=True)
    def test_strict(): pass
    @pytest.mark.xfail
    def test_xpass(): pass
    @pytest.mark.xfail(reason="because")
    def test_xfail(): assert 0
    @pytest.mark.xfail(raises=KeyError)
    def test_xfail_other(): raise ValueError
    @pytest.mark.xfail(run=False)
    def test_norun(): assert 0
    @pytest.mark.skip(reason="not now")
    def test_skip(): pass
    def test_skip_inside(): pytest.skip("inside")
    def test_xfail_inside(): pytest.xfail("inside")
    def test_fail(): pytest.fail("said", pytrace=False)
    @pytest.fixture
    def before(): raise RuntimeError("before")
    @pytest.fixture
    def after():
        yield
        raise RuntimeError("after")
    @pytest.fixture
    def skips(): pytest.skip("in a fixture")
    @pytest.fixture
    def skips_after():
        yield
        pytest.skip("behind")
    def test_before(before): pass
    def test_after(after): pass
    def test_fail_and_after(after): assert 0
    def test_skip_and_after(after): pytest.skip("x")
    @pytest.mark.xfail
    def test_xfail_and_after(after): assert 0
    @pytest.mark.xfail
    def test_xfail_before(before): pass
    @pytest.mark.xfail(strict=True)
    def test_xpass_and_after(after): pass
    def test_fixture_skips(skips): pass
    def test_teardown_skips(skips_after): pass
    def test_missing(nowhere): pass
"""
UNITTEST = """
    import unittest

    class Some(unittest.TestCase):
        @classmethod
        def setUpClass(cls): pass
        def test_ok(self): pass
        def test_bad(self): self.assertEqual(1, 2)
        def test_error(self): raise ValueError
        @unittest.skip("no")
        def test_skip(self): pass
        @unittest.expectedFailure
        def test_expected(self): self.fail()
        @unittest.expectedFailure
        def test_unexpected(self): pass
        def test_subs(self):
            for n in range(5):
                with self.subTest(n=n): self.assertNotIn(n, (1, 3))
        def test_subs_and_own(self):
            with self.subTest("one"): self.fail()
            self.fail("own")
        def test_subs_skip(self):
            with self.subTest("one"): self.skipTest("sub")
        def tearDown(self): pass
    class Broken(unittest.TestCase):
        @classmethod
        def setUpClass(cls): raise RuntimeError
        def test_a(self): pass
        def test_b(self): pass
    class Down(unittest.TestCase):
        def tearDown(self): raise RuntimeError
        def test_a(self): pass
        def test_b(self): self.fail()
        def doCleanups(self): super().doCleanups()
    class DownClass(unittest.TestCase):
        @classmethod
        def tearDownClass(cls): raise RuntimeError
        def test_a(self): pass
"""
SUBTESTS = """
    def test_fixture(subtests):
        for n in range(5):
            with subtests.test("msg", n=n): assert n % 2
    def test_fails_itself(subtests):
        with subtests.test(n=1): pass
        assert 0
    def test_good(subtests):
        with subtests.test(n=1): pass
"""
COLLECTION = {
    "test_a.py": "import nothing_like_this\n",
    "test_b.py": "def test_b(: pass\n",
    "test_c.py": "import pytest\npytest.skip('whole', allow_module_level=True)\n",
    "test_d.py": "import pytest\npytest.importorskip('nothing_like_this')\n",
    "test_e.py": "def test_e(): pass\n",
    "sub/test_f.py": "raise KeyError('x')\n",
}
CRASH = "import os, signal\ndef test_a(): pass\ndef test_b(): {0}\ndef test_c(): pass\n"
FORKS = """
    import os, signal, subprocess, sys, multiprocessing
    def test_fork():
        child = os.fork()
        if not child: os.kill(os.getpid(), signal.SIGSEGV)
        os.waitpid(child, 0)
    def test_fork_raises():
        child = os.fork()
        if not child:
            try: raise ValueError
            finally: os._exit(3)
        assert os.waitpid(child, 0)[1] == 3 << 8
    def work(): os._exit(7)
    def test_multi():
        for kind in ("fork", "spawn", "forkserver"):
            process = multiprocessing.get_context(kind).Process(target=work)
            process.start(); process.join()
            assert process.exitcode == 7
    def test_left(): subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1)"])
    def test_exits(): sys.exit(3)
"""
INNER = """
    import subprocess, sys
    def test_pytester(pytester):
        pytester.makepyfile("def test_x(): assert 0")
        pytester.runpytest().assert_outcomes(failed=1)
        pytester.runpytest_subprocess().assert_outcomes(failed=1)
        pytester.runpytest_inprocess("-p", "no:terminal")
    def test_subprocess(tmp_path):
        (tmp_path / "test_y.py").write_text("def test_y(): assert 0")
        assert subprocess.run([sys.executable, "-m", "pytest", str(tmp_path)]).returncode == 1
    def test_main(tmp_path):
        import pytest
        (tmp_path / "test_z.py").write_text("def test_z(): assert 0")
        assert pytest.main([str(tmp_path)]) == 1
    def test_after(): assert 0
"""
PASS, FAIL = "def test_p(): pass\n", "def test_f(): assert 0\n"
MANY = "import pytest\n@pytest.mark.parametrize('n', range(20))\ndef test_n(n): assert n % 3\n"
SUITES = {
    "mixed": Odd({"tests/test_it.py": MIXED}),
    "mixed verbose": Odd({"tests/test_it.py": MIXED}, ("pytest", "-vv", "-rA")),
    "mixed xdist": Odd({"tests/test_it.py": MIXED}, (*PYTEST, "-n", "2"), shuffled=True),
    "mixed no tb": Odd({"tests/test_it.py": MIXED}, (*PYTEST, "--tb=no", "-s")),
    "mixed line": Odd(
        {"tests/test_it.py": MIXED}, (*PYTEST, "--tb=line", "-n", "2"), shuffled=True
    ),
    "unittest": Odd({"test_u.py": UNITTEST}),
    "unittest xdist": Odd({"test_u.py": UNITTEST}, (*PYTEST, "-n", "2"), shuffled=True),
    "subtests": Odd({"test_s.py": SUBTESTS}),
    "subtests xdist": Odd({"test_s.py": SUBTESTS}, (*PYTEST, "-n", "2"), shuffled=True),
    "collection": Odd(COLLECTION),
    "collection goes on": Odd(COLLECTION, (*PYTEST, "--continue-on-collection-errors")),
    "collection xdist": Odd(COLLECTION, (*PYTEST, "-n", "2"), shuffled=True),
    "doctests": Odd(
        {
            "a.py": '"""\n>>> 1 + 1\n3\n"""\ndef f():\n    """\n    >>> f()\n    """\n',
            "b.txt": ">>> 1 / 0\n1\n",
            "conftest.py": "",
        },
        (*PYTEST, "--doctest-modules", "--doctest-glob=*.txt"),
    ),
    "first": Odd({"test_n.py": MANY}, (*PYTEST, "-x")),
    "maxfail": Odd({"test_n.py": MANY}, (*PYTEST, "--maxfail=3")),
    "maxfail xdist": Odd({"test_n.py": FAIL}, (*PYTEST, "--maxfail=1", "-n", "1"), shuffled=True),
    "usage": Odd({"test_n.py": MANY}, (*PYTEST, "--no-such-option"), junit=False),
    "no such file": Odd({"test_n.py": MANY}, (*PYTEST, "missing.py")),
    "no tests": Odd({"a.py": ""}),
    "deselected": Odd({"test_n.py": MANY}, (*PYTEST, "-k", "nothing")),
    "broken conftest": Odd({"test_n.py": MANY, "conftest.py": "1 / 0"}),
    "changed code": Odd(
        {
            "test_n.py": PASS,
            "conftest.py": "def pytest_sessionfinish(session): session.exitstatus = 7\n",
        },
    ),
    "internal error": Odd(
        {
            "test_n.py": PASS,
            "conftest.py": "def pytest_runtest_setup(item): pass\n"
            "def pytest_runtest_logfinish(nodeid): raise KeyError('internal')\n",
        },
    ),
    "exit": Odd(
        {
            "test_n.py": "import pytest\ndef test_a(): pass\n"
            "def test_b(): pytest.exit('enough', returncode=9)\n"
        }
    ),
    "interrupt": Odd({"test_n.py": "def test_a(): pass\ndef test_b(): raise KeyboardInterrupt\n"}),
    "own status": Odd(
        {
            "test_n.py": PASS + FAIL,
            "conftest.py": "def pytest_report_teststatus(report):\n"
            "    if report.when == 'call' and report.failed: return 'odd', 'O', 'ODD'\n",
        },
        known=("counts",),
    ),
    "changed reports": Odd(
        {
            "test_n.py": PASS + FAIL,
            "conftest.py": "import pytest\n"
            "@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport(item, call):\n"
            "    out = yield\n    report = out.get_result()\n"
            "    if report.failed: report.outcome = 'passed'; report.longrepr = None\n",
        },
    ),
    "reruns": Odd(
        {
            "test_r.py": "n = []\ndef test_r():\n    n.append(1)\n    assert len(n) > 2\n"
            "def test_s(): assert 0\n"
        },
        (*PYTEST, "--reruns", "3"),
    ),
    "reruns xdist": Odd(
        {"test_r.py": "n = []\ndef test_r():\n    n.append(1)\n    assert len(n) > 2\n" + FAIL},
        (*PYTEST, "--reruns", "3", "-n", "2"),
        shuffled=True,
    ),
    "no terminal": Odd({"test_n.py": MANY}, ("pytest", "-p", "no:terminal")),
    "no terminal xdist": Odd({"test_n.py": MANY}, ("pytest", "-p", "no:terminal", "-n", "2")),
    "two commands": Odd(
        {"a/test_a.py": PASS, "b/test_a.py": FAIL},
        ("sh", "-c", "pytest -q a; pytest -q b; echo end"),
        junit=False,
        known=("exit code",),
    ),
    "two at once": Odd(
        {"a/test_a.py": PASS * 1, "b/test_b.py": FAIL},
        ("sh", "-c", "pytest -q a >1 & pytest -q b >2; c=$?; wait; cat 1 2; exit $c"),
        junit=False,
    ),
    "isolated": Odd(
        {"test_n.py": MANY}, ("python", "-I", "-m", "pytest", "-q"), known=("counts", "journal")
    ),
    "cleared": Odd(
        {"test_n.py": MANY},
        ("env", "-i", "PATH=/usr/bin", "sh", "-c", "exec $0 -q", "PYTEST"),
        junit=False,
    ),
    "no autoload": Odd(
        {"test_n.py": MANY},
        ("env", "PYTEST_DISABLE_PLUGIN_AUTOLOAD=1", "pytest", "-q"),
        known=("counts", "journal"),
    ),
    "inner": Odd({"test_i.py": INNER, "conftest.py": "pytest_plugins = 'pytester'\n"}),
    "forks": Odd({"test_f.py": FORKS}),
    "forks xdist": Odd({"test_f.py": FORKS}, (*PYTEST, "-n", "2"), shuffled=True),
    "exits": Odd({"test_c.py": CRASH.format("os._exit(3)")}),
    "exits well": Odd({"test_c.py": CRASH.format("os._exit(0)")}),
    "exits xdist": Odd(
        {"test_c.py": CRASH.format("os._exit(3)")},
        (*PYTEST, "-n", "2"),
        shuffled=True,
        known=("journal",),
    ),
    "segfault": Odd({"test_c.py": CRASH.format("os.kill(os.getpid(), signal.SIGSEGV)")}),
    "segfault xdist": Odd(
        {"test_c.py": CRASH.format("os.kill(os.getpid(), signal.SIGSEGV)")},
        (*PYTEST, "-n", "2"),
        shuffled=True,
        known=("journal",),
    ),
    "last failed": Odd(
        {"test_n.py": MANY},
        ("sh", "-c", "pytest -q; pytest -q --lf; pytest -q --ff -x"),
        junit=False,
    ),
    "stepwise": Odd({"test_n.py": MANY}, (*PYTEST, "--stepwise")),
    "empty parameters": Odd(
        {"test_n.py": "import pytest\n@pytest.mark.parametrize('n', [])\ndef test_n(n): pass\n"}
    ),
    "loadfile": Odd(
        {"test_a.py": MANY, "test_b.py": MANY},
        (*PYTEST, "-n", "2", "--dist", "loadfile"),
        shuffled=True,
    ),
    "loadgroup": Odd(
        {"test_a.py": MANY.replace("def", "@pytest.mark.xdist_group('g')\ndef")},
        (*PYTEST, "-n", "2", "--dist", "loadgroup"),
        shuffled=True,
    ),
    "each": Odd({"test_a.py": MANY}, (*PYTEST, "--dist", "each", "--tx", "2*popen"), shuffled=True),
    "worksteal": Odd(
        {"test_a.py": MANY}, (*PYTEST, "-n", "2", "--dist", "worksteal"), shuffled=True
    ),
    "xdist with no worker": Odd({"test_a.py": MANY}, (*PYTEST, "-n", "0")),
    "rootdir above": Odd(
        {"pkg/test_a.py": MANY, "pytest.ini": "[pytest]\n"},
        ("sh", "-c", "cd pkg && pytest -q"),
        junit=False,
    ),
    "collect only": Odd({"test_a.py": MANY}, (*PYTEST, "--collect-only")),
    "version": Odd({"test_a.py": MANY}, ("pytest", "--version"), junit=False),
    "help": Odd({"test_a.py": MANY}, ("pytest", "--help"), junit=False),
    "fixtures": Odd({"test_a.py": MANY}, ("pytest", "--fixtures", "-q"), junit=False),
    "setup plan": Odd({"test_a.py": MANY}, (*PYTEST, "--setup-plan"), known=("journal",)),
    "header": Odd(
        {"test_a.py": MANY}, ("pytest", "-v", "--trace-config"), junit=False, known=("output",)
    ),
    "warnings as errors": Odd({"test_a.py": MANY}, ("pytest", "-q", "-W", "error")),
    "not pytest": Odd({"a.py": ""}, ("sh", "-c", "echo hello; exit 42"), junit=False),
    "killed": Odd({"a.py": ""}, ("sh", "-c", "echo hello; kill -9 $$"), junit=False),
    "unittest itself": Odd(
        {"test_u.py": UNITTEST}, ("python", "-m", "unittest", "-q"), junit=False
    ),
}


def main() -> int:
    wanted = sys.argv[1:] or list(SUITES)
    different = []
    for name in wanted:
        odd = SUITES[name]
        print(f"--- {name}", flush=True)
        with tempfile.TemporaryDirectory(prefix="odd-") as place:
            folder = Path(place, "given")
            for file, text in {"pytest.ini": "[pytest]\n", **odd.files}.items():
                path = folder / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(dedent(text), encoding="utf-8")
            found = compare(
                Path(place), folder, odd.command, junit=odd.junit, shuffled=odd.shuffled
            )
        new = [each for each in found if each.partition(":")[0] not in odd.known]
        for difference in found:
            print(f"{'DIFFERENT' if difference in new else 'known:'} {difference}", flush=True)
        if new:
            different.append(name)
    print(f"{len(wanted)} suites, {len(different)} different: {', '.join(different)}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
