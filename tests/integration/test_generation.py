"""Tests of projects of many kinds, judged for real."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from contextlib import aclosing
from pathlib import Path

import pytest
from generation import GOOD, SHAPES, generate, judge, lab, project, workers

from qe_action.agents.test_generator import TestGeneratorAgent
from qe_action.events import GenerationComplete, GeneratorError, GeneratorProgress
from qe_action.task import QETask
from qe_action.workspace.tree import python_files

GOOD_NAMES = [
    "test_area_of_a_square",
    "test_area_of_a_rectangle",
    "test_area_refuses_a_side_below_zero",
]


def test_good_tests_of_a_file_are_proposed_with_their_evidence(tmp_path: Path) -> None:
    project(tmp_path, {"shapes.py": SHAPES})
    outcome = judge(tmp_path, GOOD)
    assert outcome.accepted == GOOD_NAMES
    assert outcome.shown == GOOD_NAMES
    assert outcome.result.coverage_before == 0.0
    assert outcome.result.coverage_estimate == 100.0
    evidence = outcome.result.tests[0].evidence
    assert evidence is not None
    assert evidence.lines == (6, 8, 9)
    assert evidence.branches == ("6->8", "8->9")
    assert 0 < evidence.killed <= evidence.mutants
    assert evidence.runs == 5
    assert evidence.pythons == (".".join(map(str, sys.version_info[:3])),)
    assert outcome.result.tests[0].path == "tests/test_shapes.py"


def test_progress_rises_and_is_bounded(tmp_path: Path) -> None:
    project(tmp_path, {"shapes.py": SHAPES})
    outcome = judge(tmp_path, GOOD)
    percents = [e.percent for e in outcome.events if isinstance(e, GeneratorProgress)]
    assert percents == sorted(set(percents))
    assert percents[0] == 0
    assert percents[-1] == 100
    assert len(percents) <= 101


def test_each_gate_of_single_tests_says_why_it_refuses(tmp_path: Path) -> None:
    project(
        tmp_path,
        {
            "shapes.py": SHAPES,
            "leaving.py": "import os\n\ndef leave(code):\n    os._exit(code)\n",
            "test_shapes.py": """
                from shapes import area

                def test_there_already():
                    size = area(1, 1)
                    assert size == 1
            """,
        },
    )
    outcome = judge(
        tmp_path,
        """
        import time
        import pytest
        from leaving import leave
        from shapes import area, NoArea

        def test_no_assertion():
            area(2, 2)

        def test_true():
            assert area(2, 2) or True

        def test_sleeps():
            time.sleep(0)
            assert area(2, 2) == 4

        def test_skips():
            if area(2, 2) == 5:
                pytest.skip()
            assert area(2, 2) == 4

        def test_imports():
            import requests
            assert area(2, 2) == 4

        def test_network():
            import urllib.request
            assert area(2, 2) == 4

        def test_renamed():
            result = area(1, 1)
            assert result == 1

        def test_fails():
            assert area(2, 2) == 5

        def test_elsewhere():
            assert abs(-1) == 1

        def test_exits():
            assert leave(2) == 4

        def test_hidden_exit():
            import os
            getattr(os, "_ex" + "it")(0)
            assert area(2, 2) == 4

        def test_hangs():
            while area(2, 2):
                pass
            assert area(2, 2) == 4

        def test_good():
            assert area(2, 2) == 4
        """,
        slots=1,
    )
    assert outcome.refused == {
        "test_no_assertion": "no assertion",
        "test_true": "no assertion",
        "test_sleeps": "outside",
        "test_skips": "skips",
        "test_imports": "imports",
        "test_network": "imports",
        "test_renamed": "duplicate",
        "test_fails": "fails",
        "test_elsewhere": "adds nothing",
        "test_exits": "crashes",
        "test_hidden_exit": "outside",
        "test_hangs": "times out",
    }
    assert outcome.accepted == ["test_good"]
    assert outcome.why("test_fails").startswith("failed: assert 4 == 5")
    assert outcome.result.rejected["no assertion"] == 2


def test_a_test_that_notices_no_wrong_version_is_refused(tmp_path: Path) -> None:
    project(tmp_path, {"half.py": "def half(x):\n    return x / 2\n"})
    test = (
        "from half import half\n\ndef test_half():\n    result = half(4)\n    assert half, result\n"
    )
    outcome = judge(tmp_path, test, "half.py")
    assert outcome.refused == {"test_half": "kills nothing"}
    assert outcome.why("test_half") == "3 mutants of its lines go unnoticed"


def test_source_that_can_t_be_parsed_is_refused(tmp_path: Path) -> None:
    project(tmp_path, {"shapes.py": SHAPES})
    outcome = generate({"repo": tmp_path, "file": "shapes.py", "tests": "def test_x(:\n  pass\n"})
    assert list(outcome.refused.values()) == ["syntax"]


@pytest.mark.parametrize(
    ("name", "test"),
    [
        (
            "hash seed",
            """
            def test_flaky():
                assert area(2, 5) == 10
                assert list({"one", "two", "three", "four", "five"}) == %r
            """,
        ),
        (
            "time zone",
            """
            def test_flaky():
                import time
                assert area(2, 5) == 10
                assert time.localtime(0).tm_hour == %r
            """,
        ),
        (
            "date",
            """
            def test_flaky():
                import datetime
                assert area(2, 5) == 10
                assert datetime.datetime.now().year == %r
            """,
        ),
        (
            "folder",
            """
            def test_flaky():
                import pathlib
                assert area(2, 5) == 10
                assert pathlib.Path("shapes.py").exists()
            """,
        ),
        (
            "random",
            """
            import os

            def test_flaky():
                assert area(2, 5) == 10
                assert os.urandom(1)[0] % 2 == %r
            """,
        ),
    ],
)
def test_what_passes_alone_and_not_always_is_withdrawn(
    tmp_path: Path, name: str, test: str
) -> None:
    project(tmp_path, {"shapes.py": SHAPES})
    now = {
        "hash seed": _with_hash_seed_0('list({"one", "two", "three", "four", "five"})'),
        "time zone": time.localtime(0).tm_hour,
        "date": time.localtime().tm_year,
    }
    given = "from shapes import area\n"
    text = test.replace("%r", repr(now.get(name, 0)))
    if name == "random":  # one of many tries passes alone; none of them passes six times
        import textwrap

        one = textwrap.dedent(text)
        tests = [f"{given}{one}".replace("test_flaky", f"test_flaky_{n}") for n in range(4)]
        outcome = generate({"repo": tmp_path, "file": "shapes.py", "tests": tuple(tests)})
        assert outcome.accepted == []
        assert {*outcome.refused.values()} <= {"fails", "flaky", "duplicate", "kills nothing"}
        return
    outcome = judge(tmp_path, f"{given}{_dedent(text)}")
    assert outcome.shown == ["test_flaky"]
    assert outcome.refused == {"test_flaky": "flaky"}
    assert outcome.accepted == []


def _dedent(text: str) -> str:
    from textwrap import dedent

    return dedent(text)


def _with_hash_seed_0(expression: str) -> object:
    program = f"print(ascii({expression}))"
    out = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    return eval(out.stdout)


def test_tests_that_need_another_test_before_them_are_withdrawn(tmp_path: Path) -> None:
    project(
        tmp_path,
        {
            "counter.py": """
                count = 0

                def step():
                    global count
                    count += 1
                    return count

                def jump():
                    global count
                    count += 10
                    return count

                def twice(number):
                    return number * 2
            """
        },
    )
    outcome = judge(
        tmp_path,
        """
        from counter import jump, step, twice

        def test_first_step():
            assert step() == 1

        def test_first_jump():
            assert jump() == 10

        def test_twice():
            assert twice(4) == 8
        """,
        "counter.py",
    )
    assert outcome.accepted == ["test_twice"]
    assert outcome.refused == {"test_first_step": "flaky", "test_first_jump": "flaky"}


def test_what_writes_into_the_project_is_withdrawn_and_tmp_path_is_not(tmp_path: Path) -> None:
    project(
        tmp_path,
        {
            "notes.py": """
                import os
                from pathlib import Path

                def note(path, text):
                    Path(path).write_text(text)
                    return len(text)

                def later(path):
                    if "PYTEST_CURRENT_TEST" in os.environ and os.environ.get("TZ"):
                        Path(path).write_text("x")
                    return "x"

                def loud(path):
                    return Path(path).read_text().upper()
            """
        },
    )
    outcome = judge(
        tmp_path,
        """
        from notes import later, loud, note

        def test_note_here():
            assert note("left.txt", "abc") == 3

        def test_loud_in_tmp_path(tmp_path):
            note(tmp_path / "n.txt", "abc")
            assert loud(tmp_path / "n.txt") == "ABC"

        def test_note_later():
            assert later("left.txt") == "x"
        """,
        "notes.py",
    )
    assert outcome.refused == {"test_note_here": "writes", "test_note_later": "writes"}
    assert outcome.why("test_note_here") == "it leaves or changes left.txt"
    assert outcome.shown == ["test_loud_in_tmp_path", "test_note_later"]
    assert outcome.accepted == ["test_loud_in_tmp_path"]
    assert not (tmp_path / "left.txt").exists()


def test_the_fewest_tests_supersede_the_others(tmp_path: Path) -> None:
    project(
        tmp_path,
        {"sign.py": 'def sign(x):\n    if x < 0:\n        return "-"\n    return "+"\n'},
    )
    outcome = judge(
        tmp_path,
        """
        from sign import sign

        def test_minus():
            assert sign(-1) == "-"

        def test_plus():
            assert sign(0) == "+"

        def test_both():
            assert sign(-1) == "-" and sign(0) == "+" and sign(1) == "+"
        """,
        "sign.py",
        target_count=1,
    )
    assert len(outcome.accepted) == 1
    assert set(outcome.refused.values()) <= {"superseded", "adds nothing"}


PROJECTS = {
    "src layout": {
        "pyproject.toml": '[tool.pytest.ini_options]\ntestpaths = ["tests"]\n',
        "src/geo/__init__.py": "",
        "src/geo/shapes.py": SHAPES,
        "tests/unit/test_other.py": "def test_one():\n    assert 1 + 1 == 2\n",
    },
    "conftest with fixtures": {
        "geo/__init__.py": "",
        "geo/shapes.py": SHAPES,
        "tests/conftest.py": "import pytest\n\n@pytest.fixture\ndef side():\n    return 3\n",
        "tests/test_other.py": "def test_one(side):\n    assert side == 3\n",
    },
    "unittest style": {
        "geo/__init__.py": "",
        "geo/shapes.py": SHAPES,
        "geo/tests/__init__.py": "",
        "geo/tests/test_shapes.py": """
            import unittest

            class TestOne(unittest.TestCase):
                def test_one(self):
                    self.assertEqual(1, 1)
        """,
    },
    "failing suite": {
        "geo/__init__.py": "",
        "geo/shapes.py": SHAPES,
        "tests/test_red.py": "def test_red():\n    assert 1 == 2\n",
    },
    "addopts with cov": {
        "pyproject.toml": (
            '[tool.pytest.ini_options]\naddopts = "--cov=geo --cov-fail-under=100 -ra"\n'
            'filterwarnings = ["error"]\n'
        ),
        "geo/__init__.py": "",
        "geo/shapes.py": SHAPES,
        "tests/test_other.py": "def test_one():\n    assert 1 + 1 == 2\n",
    },
    "a pytest plugin of its own": {
        "pytest.ini": "[pytest]\naddopts = -p geo.plugin\n",
        "geo/__init__.py": "",
        "geo/shapes.py": SHAPES,
        "geo/plugin.py": "import pytest\n\n@pytest.fixture\ndef unit():\n    return 1\n",
        "tests/test_other.py": "def test_one(unit):\n    assert unit == 1\n",
    },
}


@pytest.mark.parametrize("name", PROJECTS)
def test_projects_of_many_kinds(tmp_path: Path, name: str) -> None:
    files = PROJECTS[name]
    project(tmp_path, files)
    (target,) = [path for path in files if path.endswith("geo/shapes.py")]
    tests = GOOD.replace("from shapes", "from geo.shapes")
    if name == "conftest with fixtures":
        tests = tests.replace("square():", "square(side):").replace("area(3, 3)", "area(side, 3)")
    outcome = judge(tmp_path, tests, target)
    assert outcome.accepted == GOOD_NAMES, (outcome.refused, outcome.result.notes)
    assert outcome.result.coverage_estimate == 100.0
    (words,) = {case.evidence.suite for case in outcome.result.tests if case.evidence}
    assert words.startswith("the whole suite in random order")
    if name == "failing suite":
        assert "1 of its tests fail" in words


def test_a_test_that_breaks_another_is_withdrawn(tmp_path: Path) -> None:
    project(
        tmp_path,
        {
            "config.py": """
                values = {"mode": "slow"}

                def choose(mode):
                    values["mode"] = mode
                    return values["mode"]

                def double(x):
                    return 2 * x
            """,
            "tests/test_config.py": """
                import config

                def test_mode_is_slow_by_default_1():
                    assert config.values["mode"] == "slow"

                def test_mode_is_slow_by_default_2():
                    assert config.values["mode"] == "slow"

                def test_mode_is_slow_by_default_3():
                    assert config.values["mode"] == "slow"

                def test_mode_is_slow_by_default_4():
                    assert config.values["mode"] == "slow"
            """,
        },
    )
    outcome = judge(
        tmp_path,
        """
        from config import choose, double

        def test_choose_fast():
            assert choose("fast") == "fast"

        def test_double():
            assert double(3) == 6
        """,
        "config.py",
    )
    assert outcome.refused == {"test_choose_fast": "suite"}
    assert outcome.accepted == ["test_double"]
    assert "tests/test_config.py::test_mode" in outcome.why("test_choose_fast")


def test_a_slow_suite_is_judged_by_the_files_that_use_the_target(tmp_path: Path) -> None:
    project(
        tmp_path,
        {
            "shapes.py": SHAPES,
            "tests/test_slow.py": "import time\n\ndef test_slow():\n    time.sleep(60)\n",
            "tests/test_fast.py": "import shapes\n\ndef test_fast():\n    assert shapes.area\n",
        },
    )
    outcome = judge(tmp_path, GOOD, suite_timeout=8)
    assert outcome.accepted == GOOD_NAMES
    (words,) = {case.evidence.suite for case in outcome.result.tests if case.evidence}
    assert words == "the whole suite takes more than 8 s: the one test file that imports the target"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("time.sleep(60)", "takes more than 8 s"),
        ("os._exit(1)", "ends the process that runs it"),
    ],
)
def test_where_the_suite_can_t_be_run_the_evidence_says_so(
    tmp_path: Path, line: str, words: str
) -> None:
    slow = f"import os, time\nimport shapes\n\ndef test_slow():\n    {line}\n"
    project(tmp_path, {"shapes.py": SHAPES, "tests/test_slow.py": slow})
    outcome = judge(tmp_path, GOOD, suite_timeout=8)
    assert outcome.accepted == GOOD_NAMES
    (said,) = {case.evidence.suite for case in outcome.result.tests if case.evidence}
    assert said == f"the one test file that imports the target {words}: no other tests"


def test_a_report_s_gaps_are_what_counts(tmp_path: Path) -> None:
    project(tmp_path, {"shapes.py": SHAPES})
    data = {
        "meta": {"version": "7.6.0", "format": 3, "branch_coverage": False},
        "files": {
            "shapes.py": {
                "executed_lines": [1, 2, 5, 6, 8, 10],
                "missing_lines": [7, 9],
                "excluded_lines": [],
                "summary": {},
            }
        },
        "totals": {},
    }
    outcome = generate({"repo": tmp_path, "coverage_data": data, "tests": GOOD})
    assert outcome.accepted == ["test_area_of_a_square", "test_area_refuses_a_side_below_zero"]
    assert outcome.refused == {"test_area_of_a_rectangle": "adds nothing"}


def test_the_files_of_a_report_are_targets_one_after_the_other(tmp_path: Path) -> None:
    half = "def half(x):\n    return x / 2\n"
    project(tmp_path, {"shapes.py": SHAPES, "half.py": half, "full.py": "x = 1\n"})
    empty = {"excluded_lines": [], "summary": {}}
    data = {
        "meta": {"version": "7.6.0", "format": 3, "branch_coverage": False},
        "files": {
            "shapes.py": {"executed_lines": [1, 2, 5], "missing_lines": [6, 7, 8, 9, 10], **empty},
            "half.py": {"executed_lines": [1], "missing_lines": [2], **empty},
            "full.py": {"executed_lines": [1], "missing_lines": [], **empty},
        },
        "totals": {},
    }
    outcome = generate({"repo": tmp_path, "coverage_data": data, "time_budget": 60})
    assert {case.path for case in outcome.result.tests} == {
        "tests/test_shapes.py",
        "tests/test_half.py",
    }
    assert outcome.result.coverage_estimate == 100.0
    assert outcome.result.coverage_before == 0.0


def test_a_qualified_name_narrows_the_target(tmp_path: Path) -> None:
    more = SHAPES + "\n\ndef half(x):\n    return x / 2\n"
    project(tmp_path, {"shapes.py": more})
    given = "from shapes import half\n\ndef test_half():\n    assert half(4) == 2\n"
    outcome = generate({"repo": tmp_path, "file": "shapes.py::half", "tests": (GOOD, given)})
    assert outcome.accepted == ["test_half"]


def test_code_given_as_text_is_a_module_of_a_package() -> None:
    tests = GOOD.replace("from shapes", "from subject.code")
    outcome = generate({"code": SHAPES, "tests": tests})
    assert outcome.accepted == GOOD_NAMES


def test_a_target_that_can_t_be_imported_is_an_error_and_the_stream_ends(tmp_path: Path) -> None:
    project(tmp_path, {"shapes.py": "import no_such_module\n"})
    outcome = judge(tmp_path, GOOD)
    errors = [event for event in outcome.events if isinstance(event, GeneratorError)]
    assert "shapes can't be imported" in errors[0].message
    assert "no_such_module" in errors[0].message
    assert outcome.result.conclusion == "failed"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import os\nos._exit(3)\n", "crashed"),
        ("raise SystemExit(3)\n", "SystemExit"),
        ("while True:\n    pass\n", "timeout"),
        ("def f(:\n", "SyntaxError"),
    ],
)
def test_code_that_ends_or_hangs_on_import_is_an_error(
    tmp_path: Path, source: str, why: str
) -> None:
    project(tmp_path, {"shapes.py": source})
    outcome = judge(tmp_path, GOOD, time_budget=5)
    (error,) = [event for event in outcome.events if isinstance(event, GeneratorError)]
    assert why in error.message
    assert outcome.result.conclusion == "failed"


NASTY = """
import os
import sys
import threading


def ends():
    os._exit(1)


def prints():
    sys.stdout.write("x" * 10_000_000)
    return 7


def forks():
    if os.fork() == 0:
        while True:
            pass
    return 8


def changes():
    os.environ["TZ"] = "X"
    os.chdir("/")
    sys.setrecursionlimit(200)
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    return 9


def reads():
    return sys.stdin.read()


def removes(path):
    os.remove(path)
    return 10
"""


def test_nasty_code_does_no_damage_and_the_others_go_on(tmp_path: Path) -> None:
    project(tmp_path, {"nasty.py": NASTY})
    outcome = judge(
        tmp_path,
        """
        import nasty

        def test_ends():
            assert nasty.ends() == 6

        def test_prints():
            assert nasty.prints() == 7

        def test_forks():
            assert nasty.forks() == 8

        def test_changes():
            assert nasty.changes() == 9

        def test_reads():
            assert nasty.reads() == ""

        def test_removes():
            assert nasty.removes(nasty.__file__) == 10
        """,
        "nasty.py",
    )
    assert outcome.refused["test_ends"] == "crashes"
    assert {"test_prints", "test_forks"} <= set(outcome.accepted)
    assert outcome.refused["test_removes"] == "writes"
    assert (tmp_path / "nasty.py").exists()
    assert not workers()
    assert outcome.result.conclusion == "finished"


@pytest.mark.parametrize("budget", [3.0, 6.0])
def test_the_time_budget_ends_the_search(tmp_path: Path, budget: float) -> None:
    project(tmp_path, {"shapes.py": SHAPES})
    one = "def test_{0}():\n    while area(2, 2):\n        pass\n    assert area(1, {0}) == {0}\n\n"
    tests = "from shapes import area\n\n" + "".join(one.format(n) for n in range(2, 40))
    began = time.monotonic()
    outcome = generate(
        {"repo": tmp_path, "file": "shapes.py", "tests": tests, "time_budget": budget}
    )
    took = time.monotonic() - began
    assert outcome.accepted == []
    assert took <= budget * 1.1 + 1.0  # the processes' end, on a busy machine


def test_a_stream_closed_early_leaves_nothing_running(tmp_path: Path) -> None:
    project(tmp_path, {"shapes.py": SHAPES})
    hang = "from shapes import area\n\ndef test_hang():\n    while area(2, 2):\n        pass\n"
    tests = GOOD + hang.partition("\n")[2] + "    assert area(1, 1)\n"

    async def first() -> None:
        context = {"repo": tmp_path, "file": "shapes.py", "tests": (tests, tests)}
        agent = TestGeneratorAgent(lab=lab())
        task = QETask(task_type="test_generation", context=context)
        async with aclosing(agent.generate_tests_streaming(task)) as events:
            async for event in events:
                if event.type == "test":
                    return

    asyncio.run(first())
    assert not workers()


def test_what_fails_on_another_interpreter_is_withdrawn(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    project(folder, {"shapes.py": SHAPES})
    other = tmp_path / "python"
    other.write_text(f'#!/bin/sh\nQE_OTHER=1 exec {sys.executable} "$@"\n')
    other.chmod(0o755)
    tests = GOOD.replace(
        "    assert area(2, 5) == 10",
        '    import os\n    assert area(2, 5) == 10\n    assert "QE_OTHER" not in os.environ',
    )
    context = {"repo": folder, "file": "shapes.py", "tests": tests, "sandbox": "off"}
    context["python"] = (Path(sys.executable), other)
    task = QETask(task_type="test_generation", context=context)
    result = asyncio.run(TestGeneratorAgent().execute(task))
    assert result.rejected == {"other python": 1}
    assert [case.test_name for case in result.tests] == [GOOD_NAMES[0], GOOD_NAMES[2]]
    assert result.tests[0].evidence is not None
    assert len(result.tests[0].evidence.pythons) == 2


def test_the_same_seed_gives_the_same_tests(tmp_path: Path) -> None:
    project(tmp_path, {"shapes.py": SHAPES})
    context = {"repo": tmp_path, "file": "shapes.py", "seed": 3}
    first, second = generate(context), generate({**context, "slots": 1})
    assert first.result.coverage_estimate == 100.0
    assert [c.test_code for c in first.result.tests] == [c.test_code for c in second.result.tests]
    assert first.accepted


def test_execute_returns_the_stream_s_last_event(tmp_path: Path) -> None:
    project(tmp_path, {"shapes.py": SHAPES})
    context = {"repo": tmp_path, "file": "shapes.py", "tests": GOOD}
    task = QETask(task_type="test_generation", context=context)
    result = asyncio.run(TestGeneratorAgent(lab=lab()).execute(task))
    assert isinstance(result, GenerationComplete)
    assert result["total"] == 3


def test_nothing_is_run_without_a_sandbox_unless_the_user_says_so(tmp_path: Path) -> None:
    project(tmp_path, {"shapes.py": SHAPES})
    context = {"repo": tmp_path, "file": "shapes.py", "tests": GOOD}
    task = QETask(task_type="test_generation", context=context)
    result = asyncio.run(TestGeneratorAgent().execute(task))
    assert result.conclusion == "failed"
    assert "no sandbox" in result.notes[0]


def test_the_export_holds_tracked_files_alone(tmp_path: Path) -> None:
    from qe_action.workspace.tree import copied

    repo = project(tmp_path, {"a.py": "x = 1\n", "b/c.py": "y = 2\n"})
    repo.write({"untracked.py": "z = 3\n", "a.py": "x = 5\n"})
    (tmp_path / "out.py").symlink_to("/etc/passwd")
    repo.git("add", "out.py")

    async def names() -> dict[str, bytes]:
        async with copied(tmp_path, os.environ) as tree:
            assert not (tree / ".git").exists()
            return python_files(tree)

    assert asyncio.run(names()) == {"a.py": b"x = 5\n", "b/c.py": b"y = 2\n"}
