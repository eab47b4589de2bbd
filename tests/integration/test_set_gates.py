"""Each gate of tests together: five processes, other interpreters, the fewest, the suite."""

from __future__ import annotations

import asyncio
import math
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from generation import GOOD, GOOD_NAMES, SHAPES, generate, interpreter, judge, project
from project_python import project_python
from slowness import slowness

from qe_action.agents.test_generator import TestGeneratorAgent
from qe_action.task import QETask

MIXED = """
    import os
    from pathlib import Path

    count = 0


    def double(number):
        return 2 * number


    def step():
        global count
        count += 1
        return count


    def jump():
        global count
        count += 10
        return count


    def note(path, text):
        Path(path).write_text(text)
        return len(text)


    def later(path):
        if "PYTEST_CURRENT_TEST" in os.environ and os.environ.get("TZ"):
            Path(path).write_text("x")
        return "x"


    def loud(path):
        return Path(path).read_text().upper()


    def three_times(number):
        return 3 * number


    def four_times(number):
        return 4 * number


    def five_times(number):
        return 5 * number


    def six_times(number):
        return 6 * number
"""
TESTS = """
    import datetime
    import time
    from pathlib import Path

    from mixed import double, three_times, four_times, five_times, six_times
    from mixed import jump, later, loud, note, step

    def test_double():
        assert double(4) == 8

    def test_hash_seed():
        assert three_times(2) == 6
        assert list({"one", "two", "three", "four", "five"}) == %r

    def test_time_zone():
        assert four_times(2) == 8
        assert time.localtime(0).tm_hour == %r

    def test_date():
        assert five_times(2) == 10
        assert datetime.datetime.now().year == %r

    def test_folder():
        assert six_times(2) == 12
        assert Path("mixed.py").exists()

    def test_first_step():
        assert step() == 1

    def test_first_jump():
        assert jump() == 10

    def test_note_here():
        assert note("left.txt", "abc") == 3

    def test_loud_in_tmp_path(tmp_path):
        note(tmp_path / "n.txt", "abc")
        assert loud(tmp_path / "n.txt") == "ABC"

    def test_note_later():
        assert later("left.txt") == "x"

    def test_note_beside():
        assert note("../left.txt", "ab") == 2
"""


def test_what_passes_alone_and_not_always_or_leaves_files_is_withdrawn(tmp_path: Path) -> None:
    """It depends on the process, the order, or on what it may write; the rest stays."""
    project(tmp_path, {"mixed.py": MIXED})
    words = _with_hash_seed_0('list({"one", "two", "three", "four", "five"})')
    now = (words, time.localtime(0).tm_hour, time.localtime().tm_year)
    outcome = judge(tmp_path, TESTS % now, "mixed.py", at=interpreter())
    flaky = ("hash_seed", "time_zone", "date", "folder", "first_step", "first_jump")
    writes = ("note_here", "note_later", "note_beside")
    assert outcome.refused == {
        **{f"test_{name}": "flaky" for name in flaky},
        **{f"test_{name}": "writes" for name in writes},
    }
    assert outcome.why("test_note_beside") == "it leaves or changes left.txt"
    assert outcome.why("test_note_here") == "it leaves or changes left.txt"
    assert {*outcome.shown} == {
        *(f"test_{name}" for name in flaky),
        *("test_double", "test_loud_in_tmp_path", "test_note_later"),
    }
    assert outcome.accepted == ["test_double", "test_loud_in_tmp_path"]
    assert not (tmp_path / "left.txt").exists()


@pytest.mark.slow
def test_what_passes_by_chance_is_withdrawn(tmp_path: Path) -> None:
    """One of many tries passes alone; none of them passes six times."""
    coin = "\n\ndef coin():\n    import os\n\n    return os.urandom(1)[0] % 2 == 0\n"
    project(tmp_path, {"shapes.py": SHAPES + coin})
    one = (
        "from shapes import area, coin\n\ndef test_flaky_{0}():\n"
        "    assert area(2, 5) == 10\n    assert coin()\n"
    )
    tests = tuple(one.format(n) for n in range(4))
    outcome = generate({"repo": tmp_path, "file": "shapes.py", "tests": tests})
    assert outcome.accepted == []
    assert {*outcome.refused.values()} <= {"fails", "flaky", "duplicate", "kills nothing"}


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


@pytest.mark.slow
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
    assert set(outcome.refused.values()) <= {"superseded", "adds nothing", "limit"}


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


@pytest.mark.slow
def test_only_the_test_that_ends_the_suite_s_process_is_withdrawn(tmp_path: Path) -> None:
    project(
        tmp_path,
        {
            "marks.py": "made = []\n\ndef mark(x):\n    made.append(x)\n    return made[-1]\n\n"
            "def half(x):\n    return x / 2\n",
            "conftest.py": "import os, marks\n\ndef pytest_sessionfinish():\n"
            "    if marks.made and os.path.exists('tests/test_marks.py'):\n        os._exit(1)\n",
        },
    )
    given = "from marks import half, mark\n\ndef test_mark():\n    assert mark(3) == 3\n\n"
    outcome = judge(tmp_path, f"{given}def test_half():\n    assert half(4) == 2\n", "marks.py")
    assert outcome.accepted == ["test_half"]
    assert outcome.why("test_mark") == "the suite with it ends the process"


@pytest.mark.slow
def test_a_slow_suite_is_judged_by_the_files_that_use_the_target(tmp_path: Path) -> None:
    project(
        tmp_path,
        {
            "shapes.py": SHAPES,
            "tests/test_slow.py": "import time\n\ndef test_slow():\n    time.sleep(600)\n",
            "tests/test_fast.py": "import shapes\n\ndef test_fast():\n    assert shapes.area\n",
        },
    )
    limit = math.ceil(5 * slowness())  # enough for the one file, and never for all
    outcome = judge(tmp_path, GOOD, suite_timeout=limit)
    assert outcome.accepted == GOOD_NAMES
    (words,) = {case.evidence.suite for case in outcome.result.tests if case.evidence}
    assert words == (
        f"the whole suite takes more than {limit} s: the one test file that imports the target"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "limit", "words"),
    [
        ("time.sleep(600)", 5, "takes more than 5 s"),
        ("os._exit(1)", 120, "ends the process that runs it"),
    ],
)
def test_where_the_suite_can_t_be_run_the_evidence_says_so(
    tmp_path: Path, line: str, limit: int, words: str
) -> None:
    slow = f"import os, time\nimport shapes\n\ndef test_slow():\n    {line}\n"
    project(tmp_path, {"shapes.py": SHAPES, "tests/test_slow.py": slow})
    outcome = judge(tmp_path, GOOD, suite_timeout=limit)
    assert outcome.accepted == GOOD_NAMES
    (said,) = {case.evidence.suite for case in outcome.result.tests if case.evidence}
    assert said == f"the one test file that imports the target {words}: no other tests"


def test_what_fails_on_another_interpreter_is_withdrawn(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    machine = 'import os\n\n\ndef is_other():\n    return "QE_OTHER" in os.environ\n'
    project(folder, {"shapes.py": SHAPES, "machine.py": machine})
    other = tmp_path / "python"
    other.write_text(f'#!/bin/sh\nQE_OTHER=1 exec {project_python()} "$@"\n')
    other.chmod(0o755)
    tests = GOOD.replace(
        "    assert area(2, 5) == 10",
        "    from machine import is_other\n    assert area(2, 5) == 10\n    assert not is_other()",
    )
    context = {"repo": folder, "file": "shapes.py", "tests": tests, "sandbox": "off"}
    context["python"] = (Path(project_python()), other)
    task = QETask(task_type="test_generation", context=context)
    result = asyncio.run(TestGeneratorAgent().execute(task))
    assert result.rejected == {"other python": 1}
    assert [case.test_name for case in result.tests] == [GOOD_NAMES[0], GOOD_NAMES[2]]
    assert result.tests[0].evidence is not None
    assert len(result.tests[0].evidence.pythons) == 2


def test_an_interpreter_that_the_project_does_not_support_is_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    here = ".".join(map(str, sys.version_info[:3]))
    asked = f'[project]\nname = "x"\nversion = "1"\nrequires-python = "!={here}"\n'
    project(folder, {"shapes.py": SHAPES, "pyproject.toml": asked})
    test = "from shapes import area\n\ndef test_x():\n    assert area(2, 5) == 10\n"
    context = {"repo": folder, "file": "shapes.py", "tests": test, "sandbox": "off"}
    context |= {"python": (Path(project_python()), Path(project_python())), "tests_known": True}
    task = QETask(task_type="test_generation", context=context)
    result = asyncio.run(TestGeneratorAgent().execute(task))
    assert f"Tests were not tried on Python {here}: the project asks for !={here}." in result.notes
    assert result.total == 1
    assert result.tests[0].evidence is not None
    assert result.tests[0].evidence.pythons == (here,)


@pytest.mark.slow
def test_what_is_broken_in_the_suite_before_hides_nothing(tmp_path: Path) -> None:
    """Two of its tests have names so long that they are cut, and are told apart all the same."""
    project(
        tmp_path,
        {
            "shapes.py": SHAPES,
            "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "-x"\n',
            "tests/test_broken.py": "import not_installed_anywhere\n",
            "tests/test_red.py": "def test_red():\n    assert 1 == 2\n",
            "tests/test_long.py": "import pytest\n\n"
            "@pytest.mark.parametrize('text', ['x' * 9000, 'x' * 9001])\n"
            "def test_long(text):\n    assert len(text) == 9000\n",
            "tests/test_skip.py": "import pytest\n\n@pytest.mark.skip\ndef test_x(): pass\n",
        },
    )
    outcome = judge(tmp_path, GOOD, allow_red=True)
    assert len(outcome.accepted) == 3, outcome.rejections
    evidence = outcome.result.tests[0].evidence
    assert evidence is not None
    assert evidence.suite == (
        "the whole suite in random order (2 of its tests fail and 1 of its files can't be "
        "collected without the new ones, too)"
    )


@pytest.mark.slow
def test_a_suite_whose_options_pytest_refuses_is_run_without_them(tmp_path: Path) -> None:
    files = {
        "shapes.py": SHAPES,
        "pytest.ini": "[pytest]\naddopts = --no-such-option\n",
        "tests/test_other.py": "def test_one():\n    assert 1 + 1 == 2\n",
    }
    project(tmp_path, files)
    outcome = judge(tmp_path, GOOD)
    assert outcome.accepted == GOOD_NAMES, outcome.rejections
    (words,) = {case.evidence.suite for case in outcome.result.tests if case.evidence}
    assert words.startswith("pytest refuses the suite's options, without addopts: the whole suite")


@pytest.mark.slow
def test_a_suite_that_would_stop_at_its_first_failure_is_run_to_its_end(tmp_path: Path) -> None:
    red = "".join(f"def test_{n}():\n    assert {n} % 2\n\n" for n in range(8))
    files = {"shapes.py": SHAPES, "pytest.ini": "[pytest]\naddopts = -x --ff\n"}
    project(tmp_path, {**files, "tests/test_other.py": red})
    outcome = judge(tmp_path, GOOD, allow_red=True)
    assert outcome.accepted == GOOD_NAMES, outcome.rejections
    (words,) = {case.evidence.suite for case in outcome.result.tests if case.evidence}
    assert words.endswith("(4 of its tests fail without the new ones, too)")
