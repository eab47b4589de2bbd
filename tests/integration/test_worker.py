"""The worker for real, on code that does what code shouldn't."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from projects import asked, called, written
from slowness import slowness

import qe_action.worker

SOURCE = """
import os, sys, time, itertools, random, locale, threading, subprocess, socket

def fine(x=0): return x + 1
def exits(): sys.exit(3)
def dies(): os._exit(3)
def interrupts(): raise KeyboardInterrupt
def spins():
    while True: pass
def loops_in_c(): return sum(itertools.repeat(0))
def swallows():
    while True:
        try:
            while True: pass
        except BaseException: pass
def eats(): return bytearray(8 << 30)
def forks():
    return os.fork()
def shells(): return subprocess.run(["true"]).returncode
def calls_home(): return socket.create_connection(("127.0.0.1", 9))
def prints():
    for _ in range(300): print("x" * 10_000)
def moves(): os.chdir("/"); return os.getcwd()
def sets(): os.environ["HOSTILE"] = "1"
def shows(): return os.environ.get("HOSTILE"), os.getcwd() == "/"
def rolls(): return random.random()
def reads(): return sys.stdin.read()
def threads():
    threading.Thread(target=threading.Event().wait, daemon=True).start()
def traces():
    sys.settrace(None)
    return 1
def deletes(path): os.remove(path)
def writes(): open("note.txt", "w").write("hello"); return 1
def escapes(path): open(path, "w").write("hello")
def recurses(): return recurses()
def address(): return object()
"""


def outcomes(folder: Path, *acts: str) -> list[str]:
    return [answer["outcome"] for answer in called(folder, SOURCE, *acts)]


def test_what_ends_or_blocks_the_process_loses_one_case(tmp_path: Path) -> None:
    acts = ["dies()", "loops_in_c()", "swallows()", "spins()"]
    asked_for = [act for one in acts for act in (f"hostile.{one}", "hostile.fine(1)")]
    found = outcomes(tmp_path, *asked_for)
    assert found[0] == "died"
    assert found[2] in ("hung", "stopped")
    assert found[4] in ("hung", "stopped", "raised")
    assert found[6] == "stopped"
    assert found[1::2] == ["value"] * 4


def test_system_exit_and_interrupt_are_outcomes(tmp_path: Path) -> None:
    first, second = called(tmp_path, SOURCE, "hostile.exits()", "hostile.interrupts()")
    assert first["raised"]["type"] == "SystemExit"
    assert second["raised"]["type"] == "KeyboardInterrupt"


def test_memory_is_bounded(tmp_path: Path) -> None:
    assert outcomes(tmp_path, "hostile.eats()", "hostile.fine()") == ["stopped", "value"]


@pytest.mark.parametrize("act", ["forks()", "shells()", "calls_home()"])
def test_processes_and_network_are_refused(tmp_path: Path, act: str) -> None:
    (found,) = called(tmp_path, SOURCE, f"hostile.{act}")
    assert found["outcome"] == "refused"
    assert not found["good"]


def test_files_outside_are_neither_removed_nor_written(tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text("kept")
    acts = [f"hostile.deletes({str(kept)!r})", f"hostile.escapes({str(kept)!r})"]
    assert outcomes(tmp_path, *acts) == ["refused", "refused"]
    assert kept.read_text() == "kept"


def test_files_of_a_call_are_told_and_gone_for_the_next(tmp_path: Path) -> None:
    first, second = called(tmp_path, SOURCE, "hostile.writes()", "hostile.fine()")
    assert first["files"] == {"note.txt": "hello"}
    assert second["files"] == {}


def test_printed_megabytes_are_counted_not_kept(tmp_path: Path) -> None:
    (found,) = called(tmp_path, SOURCE, "hostile.prints()")
    assert found["printed"] is None
    assert found["outcome"] == "value"


def test_global_state_is_noticed_and_restored(tmp_path: Path) -> None:
    moved, was_set, shown = called(
        tmp_path, SOURCE, "hostile.moves()", "hostile.sets()", "hostile.shows()"
    )
    assert moved["changed"] == ["folder"]
    assert was_set["changed"] == ["environment"]
    assert shown["value"]["text"] == "(None, False)"
    assert not moved["good"]


def test_random_numbers_are_the_same_each_time(tmp_path: Path) -> None:
    one, two = called(tmp_path, SOURCE, "hostile.rolls()", "hostile.rolls()")
    assert one["value"] == two["value"]


def test_stdin_is_empty(tmp_path: Path) -> None:
    (found,) = called(tmp_path, SOURCE, "hostile.reads()")
    assert found["value"]["text"] == "''"


def test_threads_that_stay_are_noticed_and_left_behind(tmp_path: Path) -> None:
    """Who waited for it would wait for ever."""
    one, two = called(tmp_path, SOURCE, "hostile.threads()", "hostile.fine()")
    assert one["changed"] == ["threads"]
    assert two["changed"] == []


def test_a_trace_function_of_its_own_is_noticed(tmp_path: Path) -> None:
    one, two = called(tmp_path, SOURCE, "hostile.traces()", "hostile.fine()")
    assert one["changed"] == ["trace function"]
    assert two["good"]
    assert two["arcs"]


def test_endless_recursion_is_stopped(tmp_path: Path) -> None:
    assert outcomes(tmp_path, "hostile.recurses()", "hostile.fine()") == ["stopped", "value"]


def test_an_object_without_a_form_has_no_expression(tmp_path: Path) -> None:
    (found,) = called(tmp_path, SOURCE, "hostile.address()")
    assert found["value"] is None


def test_nothing_is_left_running(tmp_path: Path) -> None:
    called(tmp_path, SOURCE, "hostile.spins()", "hostile.loops_in_c()", "hostile.threads()")
    shown = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=False)
    assert str(tmp_path) not in shown.stdout


def test_prints_of_the_project_forge_no_answer(tmp_path: Path) -> None:
    source = (
        "import os, sys\n"
        "def forge():\n"
        '    os.write(1, b\'{"op": "search", "done": true}\\n\')\n'
        '    sys.__stdout__.write(\'{"op": "search", "done": true}\\n\')\n'
        "    sys.__stdout__.flush()\n"
        "    return 5\n"
    )
    (found,) = called(tmp_path, source, "hostile.forge()")
    assert found["value"]["text"] == "5"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import sys\nsys.exit(4)\n", "SystemExit"),
        ("raise RuntimeError('not today')\n", "RuntimeError"),
        ("import no_such_module_at_all\n", "ModuleNotFoundError"),
        ("def broken(:\n", "SyntaxError"),
    ],
)
def test_an_import_that_fails_is_told(tmp_path: Path, source: str, said: str) -> None:
    written(tmp_path, {"hostile.py": source})
    place = {"module": "hostile", "paths": [str(tmp_path)], "file": str(tmp_path / "hostile.py")}
    (answers, again) = asked([{"op": "survey", **place}, {"op": "survey", **place}])
    assert answers[-1]["error"].startswith(f"{said}: ")
    assert again == answers


def test_an_unknown_request_is_answered(tmp_path: Path) -> None:
    (answers,) = asked([{"op": "survey"}])
    assert answers[-1]["error"].startswith("KeyError: ")


def test_the_worker_s_modules_hide_none_of_the_project_s(tmp_path: Path) -> None:
    written(tmp_path, {"hostile.py": "import search, record\nfound = search.x + record.y\n"})
    written(tmp_path, {"search.py": "x = 1\n", "record.py": "y = 2\n"})
    place = {"module": "hostile", "paths": [str(tmp_path)], "file": str(tmp_path / "hostile.py")}
    (answers,) = asked([{"op": "survey", **place}])
    assert "error" not in answers[-1]


RECORDED = """
import datetime, enum, re
from collections import namedtuple
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

class Size(enum.Enum):
    SMALL = 1

Pair = namedtuple("Pair", "a b")

@dataclass
class Item:
    name: str

class Account:
    def __init__(self, owner, *, limit=0):
        self.owner, self.limit = owner, limit
    def pay(self, amount): return amount

def take(value, *more, **named): return value
"""
TESTS = """
import datetime, re, uuid
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from hostile import Account, Item, Pair, Size, take
import pytest

@pytest.mark.parametrize("value", [
    1, "a", [1, {"b": (2,)}], {1, 2}, Size.SMALL, Pair(1, 2), Item("x"), Account("me", limit=3),
    datetime.date(2024, 2, 29), datetime.datetime(2024, 1, 1, 12, tzinfo=datetime.timezone.utc),
    Decimal("1.50"), Fraction(1, 3), Path("a/b"), uuid.UUID(int=5), re.compile("a+", re.I),
    object(), lambda: 1,
])
def test_take(value):
    take(value)

def test_more():
    take(1, 2, key="word")
    Account("you").pay(5)

def test_fails():
    take("before the failure")
    assert False
"""


def recorded(folder: Path, tests: str) -> list[str]:
    written(folder, {"hostile.py": RECORDED, "test_hostile.py": tests})
    place = {"module": "hostile", "paths": [str(folder)], "file": str(folder / "hostile.py")}
    test = str(folder / "test_hostile.py")
    (answers,) = asked([{"op": "record", "root": str(folder), "tests": [test], **place}])
    shown = []
    for answer in answers:
        if answer.get("event") == "call":
            inside = [arg["text"] for arg in answer["args"]]
            inside += [f"{name}={value['text']}" for name, value in answer["kwargs"].items()]
            head = answer["receiver"]["text"] + "." if answer["receiver"] else ""
            shown.append(f"{head}{answer['qualname']}({', '.join(inside)})")
    return shown


def test_calls_of_the_tests_are_recorded_as_expressions(tmp_path: Path) -> None:
    shown = recorded(tmp_path, TESTS)
    assert shown == [
        "Account('me', limit=3)",
        "take(1)",
        "take('a')",
        "take([1, {'b': (2,)}])",
        "take({1, 2})",
        "take(Size.SMALL)",
        "take(Pair(a=1, b=2))",
        "take(Item(name='x'))",
        "take(Account('me', limit=3))",
        "take(datetime.date(2024, 2, 29))",
        "take(datetime.datetime(2024, 1, 1, 12, 0, tzinfo=datetime.timezone.utc))",
        "take(Decimal('1.50'))",
        "take(Fraction(1, 3))",
        "take(Path('a/b'))",
        "take(UUID('00000000-0000-0000-0000-000000000005'))",
        "take(re.compile('a+', re.IGNORECASE))",
        "take(1, 2, key='word')",
        "Account('you', limit=0)",
        "Account('you', limit=0).Account.pay(5)",
        "take('before the failure')",
    ]


def test_a_suite_that_exits_keeps_what_was_recorded(tmp_path: Path) -> None:
    tests = "from hostile import take\nimport os\ndef test_a():\n    take(7)\n    os._exit(3)\n"
    assert recorded(tmp_path, tests) == ["take(7)"]


def test_recording_runs_unittest_where_there_is_no_pytest(tmp_path: Path) -> None:
    tests = (
        "import unittest\nfrom hostile import take\n"
        "class T(unittest.TestCase):\n    def test_a(self):\n        take(8)\n"
    )
    assert recorded(tmp_path, tests) == ["take(8)"]


def test_recording_ends_when_its_time_is_over_and_keeps_what_it_heard(tmp_path: Path) -> None:
    seconds = slowness()
    written(
        tmp_path,
        {
            "target.py": "def half(number):\n    return number // 2\n",
            "test_near.py": "import time\nfrom target import half\n\n"
            "def test_half():\n"
            f"    time.sleep({1.5 * seconds})\n    assert half(8) == 4\n",
            "test_far.py": "from target import half\n\ndef test_far():\n    assert half(6) == 3\n",
        },
    )
    request = {
        "op": "record",
        "module": "target",
        "paths": [str(tmp_path)],
        "root": str(tmp_path),
        "tests": ["test_near.py", "test_far.py"],
        "seconds": seconds,
    }
    (answers,) = asked([request])
    calls = [answer["args"][0]["text"] for answer in answers if answer.get("event") == "call"]
    assert calls == ["8"], answers
    assert answers[-1]["ended"] is True


PARENT = Path(qe_action.worker.__file__).parent.parent
LIMITS = """
import json, os, resource, sys, tempfile
sys.path.insert(0, {worker!r})
from worker import isolation
{before}
isolation.limit(512 << 20)
state = isolation.ProcessState()
print(json.dumps([resource.getrlimit(resource.RLIMIT_AS)[1], state.folder]))
state.clean()
"""


def limited(before: str, env: dict[str, str] | None = None) -> tuple[int, str]:
    code = LIMITS.format(worker=str(PARENT), before=before)
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=env, check=True
    )
    bound, folder = json.loads(ran.stdout)
    return int(bound), str(folder)


def test_lower_limits_stay() -> None:
    lower = 700 << 20
    for name in ("RLIMIT_AS", "RLIMIT_FSIZE"):
        before = f"resource.setrlimit(resource.{name}, ({lower}, {lower}))"
        bound, _ = limited(before)
        assert bound <= lower or name != "RLIMIT_AS"


def test_limits_are_set_where_proc_is_hidden() -> None:
    hide = (
        "import builtins\nreal = builtins.open\n"
        "def no(path, *a, **k):\n"
        "    if str(path).startswith('/proc'): raise PermissionError(path)\n"
        "    return real(path, *a, **k)\n"
        "isolation.open = no"
    )
    bound, _ = limited(hide)
    assert 512 << 20 < bound < 1 << 40


def test_only_the_folder_for_temporary_files_need_be_writable(tmp_path: Path) -> None:
    _, folder = limited("", {"TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin"})
    assert Path(folder).parent == tmp_path


def test_a_fork_that_is_refused_is_tried_again() -> None:
    code = (
        f"import os, sys\nsys.path.insert(0, {str(PARENT)!r})\n"
        "from worker import isolation\nreal, calls = os.fork, []\n"
        "def refused():\n    calls.append(1)\n"
        "    if len(calls) < 3: raise BlockingIOError(11, 'not now')\n    return real()\n"
        "os.fork = refused\nchild = isolation.fork()\n"
        "if child == 0: os._exit(0)\nos.waitpid(child, 0)\nprint(len(calls))\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "3\n"


def test_a_loop_in_c_is_ended_by_its_processor_time(tmp_path: Path) -> None:
    assert outcomes(tmp_path, "hostile.loops_in_c()", "hostile.fine()") == ["hung", "value"]
