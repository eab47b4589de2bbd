"""Which way out of a line was never taken, against the source and against coverage.py."""

from __future__ import annotations

import random
import sysconfig
import warnings
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from coverage.exceptions import NotPython
from coverage.parser import PythonParser
from hypothesis import given
from hypothesis import strategies as st

from qe_action.analysis.advice.branch_words import Way, ways
from qe_action.analysis.python_module import PythonModule, parse_module
from qe_action.events import BASE_LINE

SOURCE = """\
def walk(rows, mode):              # 1
    if (mode                       # 2
            and rows):
        print(mode)                # 4
    elif mode is None: return      # 5
    else:
        print(rows)                # 7
    for row in rows:               # 8
        if row: continue           # 9
        while row.next:            # 10
            row = row.next         # 11
        else:
            print("end")           # 13
    else:
        global last                # 15
        last = rows                # 16
    match mode:                    # 17
        case [1, *_] if rows:      # 18
            print(1)               # 19
        case (                     # 20
            "a"
            | "b"
        ):
            print(2)               # 24
    with rows as held:             # 25
        if held:                   # 26
            try:                   # 27
                print(held)        # 28
                if held > 2:       # 29
                    print(2)       # 30
            except OSError:        # 31
                if held: raise     # 32
            finally:
                print("done")      # 34
                if held:           # 35
                    print("late")  # 36

class Shop:                        # 38
    if last:                       # 39
        while True:                # 40
            if open():             # 41
                break              # 42

@decorated                         # 44
async def serve(queue):            # 45
    async for item in queue:       # 46
        await item                 # 47

if walk:                           # 49
    @decorated                     # 50
    class Late:                    # 51
        pass                       # 52
"""


def module(source: str) -> PythonModule:
    parsed = parse_module("app.py", source.encode())
    assert parsed is not None
    return parsed


WALK = "left the function `walk` from there"


@pytest.mark.parametrize(
    ("line", "target", "words"),
    [
        (2, "4", "the condition on line 2 was never true, so it never went on to line 4"),
        (2, "5", "the condition on line 2 was never false, so it never went on to line 5"),
        (5, "exit", f"the condition on line 5 was never true, so it never {WALK}"),
        (5, "7", "the condition on line 5 was never false, so it never went on to line 7"),
        (8, "9", "the loop on line 8 never started, so it never went on to line 9"),
        (8, "15", "the loop on line 8 never completed, so it never went on to line 15"),
        (8, "16", "the loop on line 8 never completed, so it never went on to line 16"),
        (9, "8", "the condition on line 9 was never true, so it never went back to line 8"),
        (9, "10", "the condition on line 9 was never false, so it never went on to line 10"),
        (10, "11", "the condition on line 10 was never true, so it never went on to line 11"),
        (10, "13", "the condition on line 10 was never false, so it never went on to line 13"),
        (18, "19", "the pattern on line 18 never matched, so it never went on to line 19"),
        (18, "20", "the pattern on line 18 always matched, so it never went on to line 20"),
        (20, "24", "the pattern on line 20 never matched, so it never went on to line 24"),
        (20, "25", "the pattern on line 20 always matched, so it never went on to line 25"),
        (26, "27", "the condition on line 26 was never true, so it never went on to line 27"),
        (26, "exit", f"the condition on line 26 was never false, so it never {WALK}"),
        (26, "25", "the condition on line 26 was never false, so it never went back to line 25"),
        (29, "34", "the condition on line 29 was never false, so it never went on to line 34"),
        (
            *(31, "32"),
            "the exception that line 31 catches never happened, so it never went on to line 32",
        ),
        (31, "exit", f"every exception that came to line 31 was caught there, so it never {WALK}"),
        (32, "exit", f"the condition on line 32 was never true, so it never {WALK}"),
        (32, "34", "the condition on line 32 was never false, so it never went on to line 34"),
        (35, "36", "the condition on line 35 was never true, so it never went on to line 36"),
        (
            *(39, "exit"),
            "the condition on line 39 was never false, "
            "so it never left the class `Shop` from there",
        ),
        (39, "41", "the condition on line 39 was never true, so it never went on to line 41"),
        (41, "40", "the condition on line 41 was never false, so it never went back to line 40"),
        (
            *(46, "exit"),
            "the loop on line 46 never completed, so it never left the function `serve` from there",
        ),
        (49, "50", "the condition on line 49 was never true, so it never went on to line 50"),
        (
            *(49, "exit"),
            "the condition on line 49 was never false, so it never left the module from there",
        ),
    ],
)
def test_the_words_of_a_branch(line: int, target: str, words: str) -> None:
    (way,) = ways(module(SOURCE), line, [target])
    assert way is not None
    assert way.words(line, target) == words


@pytest.mark.parametrize(
    ("line", "target"),
    [
        (2, "7"),  # the `else` of another condition
        (2, "exit"),
        (3, "4"),  # no statement begins there
        (4, "5"),  # no branch
        (8, "branch 1"),
        (17, "18"),  # the only way
        (25, "26"),
        (45, "exit"),
        (900, "901"),
        (0, "1"),
    ],
)
def test_what_the_source_does_not_tell_has_no_words(line: int, target: str) -> None:
    assert ways(module(SOURCE), line, [target]) == (None,)


def test_each_missing_branch_has_its_answer_in_its_place() -> None:
    found = ways(module(SOURCE), 8, ["7", "9", "exit", "16"])
    assert [way and way.kind for way in found] == [None, "started", None, "completed"]


def test_a_way_that_both_sides_may_take_has_no_words() -> None:
    source = "def f(a):\n    if a:\n        global b\n    return a\n"
    assert ways(module(source), 2, ["4"]) == (None,)


def test_the_words_take_the_lines_of_another_tree() -> None:
    way = Way("true", "the module")
    assert way.words(7, "9").endswith("line 7 was never true, so it never went on to line 9")
    assert way.words(7, BASE_LINE).endswith("so it never went on to a line of the base")


def test_a_hostile_name_stays_inside_its_backticks() -> None:
    words = ways(module("def \U0001d4ee\u0301(a):\n    if a:\n        a()\n"), 2, ["exit"])[0]
    assert words is not None
    assert words.words(2, "exit").count("`") == 2


SAID = {
    "true": "was never true",
    "false": "was always true",
    "started": "never started",
    "completed": "didn't complete",
    "matched": "never matched",
    "unmatched": "always matched",
}


def stdlib_sample(number: int) -> list[Path]:
    root = Path(sysconfig.get_paths()["stdlib"])
    files = [
        path
        for path in sorted(root.rglob("*.py"))
        if "site-packages" not in path.parts and 2_000 < path.stat().st_size < 60_000
    ]
    return random.Random(20).sample(files, number)


def compared_with_coverage(path: Path) -> Counter[str]:
    """How our words for every possible branch of a file compare with coverage.py's."""
    found: Counter[str] = Counter()
    parsed = parse_module(str(path), path.read_bytes())
    parser = PythonParser(filename=str(path))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parser.parse_source()
    except NotPython:
        return found
    assert parsed is not None
    exits = parser.exit_counts()
    branches: dict[int, list[int]] = defaultdict(list)
    for line, target in parser.arcs():
        if exits.get(line, 0) > 1:
            branches[line].append(target)
    for line, targets in branches.items():
        names = ["exit" if target < 0 else str(target) for target in targets]
        for target, way in zip(targets, ways(parsed, line, names), strict=True):
            said = parser.missing_arc_description(line, target)
            if not any(words in said for words in SAID.values()):
                continue  # a body on the branch's own line; coverage.py gives no cause either
            same = way is not None and SAID[way.kind] in said
            found["same" if same else "none" if way is None else "other"] += 1
    return found


def test_the_words_agree_with_those_of_coverage_py() -> None:
    """Over real sources: never another meaning, and words for nearly every branch."""
    total: Counter[str] = Counter()
    for path in stdlib_sample(40):
        total += compared_with_coverage(path)
    assert total["same"] > 1_000
    assert total["other"] == 0
    assert total["none"] <= total["same"] // 100


@given(st.integers(-5, 60), st.lists(st.sampled_from(["exit", "4", "9", BASE_LINE, "", "\n"])))
def test_any_line_and_any_names_are_answered(line: int, missing: list[str]) -> None:
    assert len(ways(module(SOURCE), line, missing)) == len(missing)
