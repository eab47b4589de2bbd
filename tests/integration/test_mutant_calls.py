"""Which calls kill which mutants of the code, as the worker tells it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from projects import asked, written

from qe_action.verify.mutants import mutants


def kills(
    folder: Path, source: str, acts: list[str], edits: dict[str, tuple[str, str]]
) -> dict[str, list[int]]:
    """For each edit (a text that is there once, and what it becomes) the calls that kill it."""
    written(folder, {"target.py": source})
    cases = [
        {"n": n, "arrange": "import target", "act": act, "names": {}, "watch": [], "how": "expr"}
        for n, act in enumerate(acts)
    ]
    tried = []
    for name, (before, after) in edits.items():
        start = source.index(before)
        place = {"line": source.count("\n", 0, start) + 1, "start": start}
        end = start + len(before)
        numbers = list(range(len(acts)))
        tried.append({"id": name, **place, "end": end, "text": after, "cases": numbers})
    place = {"module": "target", "paths": [str(folder)], "file": str(folder / "target.py")}
    request = {"op": "kill", "root": str(folder), "cases": cases, "mutants": tried, **place}
    (answers,) = asked([request])
    assert answers[-1].get("done"), answers
    assert "error" not in answers[-1], answers
    found: dict[str, list[int]] = {}
    for answer in answers[:-1]:
        found.setdefault(str(answer["id"]), []).extend(answer["cases"])
    return found


SOURCE = """
from __future__ import annotations


def fare(age: int) -> int:
    if age < 18:
        return 5
    return 9


class Till:
    def add(self, coins):
        print("added", coins)
        if coins < 0:
            raise ValueError("a negative number of coins")
"""


def test_calls_kill_what_changes_their_result(tmp_path: Path) -> None:
    edits = {"edge": ("age < 18", "age <= 18"), "five": ("return 5", "return 6")}
    found = kills(tmp_path, SOURCE, ["target.fare(3)", "target.fare(18)", "target.fare(60)"], edits)
    assert found == {"edge": [1], "five": [0]}


@pytest.mark.parametrize(
    ("act", "edit"),
    [
        ("target.Till().add(2)", ('"added"', '"put"')),
        ("target.Till().add(-2)", ("a negative", "no")),
        ("target.Till().add(-2)", ("ValueError", "KeyError")),
    ],
)
def test_what_is_printed_and_raised_counts(tmp_path: Path, act: str, edit: tuple[str, str]) -> None:
    assert kills(tmp_path, SOURCE, [act], {"it": edit}) == {"it": [0]}


def test_what_no_assertion_sees_is_not_killed(tmp_path: Path) -> None:
    found = kills(tmp_path, SOURCE, ["target.fare(3)"], {"it": ("return 9", "return 8")})
    assert found == {}


HOSTILE = """
import os
import time


def ends(n):
    if n:
        return n
    os._exit(3)


def hangs(n):
    while n:
        n = n - 1
    return 7


def sleeps(n):
    time.sleep(n * 0)
    return 1


def last(n):
    return n + 1


def by_chance(n):
    return time.time_ns() + n
"""


def test_what_ends_or_hangs_is_killed_and_the_rest_goes_on(tmp_path: Path) -> None:
    edits = {
        "ends": ("if n:", "if (not n):"),
        "hangs": ("n = n - 1", "pass"),
        "sleeps": ("n * 0", "n * 9"),
        "last": ("n + 1", "n - 1"),
    }
    acts = ["target.ends(1)", "target.hangs(2)", "target.sleeps(1)", "target.last(4)"]
    found = kills(tmp_path, HOSTILE, acts, edits)
    assert found == {"ends": [0], "hangs": [1], "sleeps": [2], "last": [3]}


LEAVES = """
SEEN = []


def put(n):
    if n > 5:
        SEEN.append(n)
    return n


def size(n):
    return len(SEEN) + n * 1
"""


def test_what_a_mutant_leaves_behind_misleads_nobody(tmp_path: Path) -> None:
    edits = {"leaves": ("n > 5", "n < 5"), "same": ("n * 1", "n // 1")}
    assert kills(tmp_path, LEAVES, ["target.put(1)", "target.size(5)"], edits) == {}


def test_what_comes_by_chance_kills_nothing(tmp_path: Path) -> None:
    found = kills(tmp_path, HOSTILE, ["target.by_chance(1)"], {"it": ("() + n", "() - n")})
    assert found == {}


def test_mutants_of_every_kind_can_be_put_in_place(tmp_path: Path) -> None:
    data = SOURCE.encode()
    edits: dict[str, Any] = {}
    for mutant in mutants(data, frozenset(range(1, 40))):
        if 5 < mutant.line < 9:
            edits[mutant.id] = (mutant.start, mutant.end, mutant.text)
    by_text = {
        name: (SOURCE[start:end], text)
        for name, (start, end, text) in edits.items()
        if SOURCE.count(SOURCE[start:end]) == 1 and SOURCE.index(SOURCE[start:end]) == start
    }
    found = kills(tmp_path, SOURCE, ["target.fare(3)", "target.fare(18)"], by_text)
    assert set(found) == set(by_text)
