"""Tests that are written to kill mutants of the code."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from projects import job, made_for, proposals, written

from qe_action.generators.offline.subjects import Case
from qe_action.generators.offline.worker_client import WorkerClient
from qe_action.generators.port import Candidate
from qe_action.verify.mutants import mutants

SOURCE = '''
def fare(age: int) -> int:
    """What a ride costs."""
    if age < 18:
        return 5
    if age >= 65:
        return 6
    return 9


def label(name: str) -> str:
    return "-" + name + "-3"
'''


def candidates_for(folder: Path, source: str, seed: int = 0) -> list[Candidate]:
    """The candidates for a module of one file whose mutants are known."""
    written(folder, {"target.py": source})
    made = job(folder / "target.py", [folder], "target", seed=seed)
    every = frozenset(range(1, source.count("\n") + 2))
    known = mutants(source.encode(), every)
    found = proposals(replace(made, mutants=known))
    return [proposal for proposal in found if isinstance(proposal, Candidate)]


def survivors(source: str, candidates: list[Candidate]) -> set[str]:
    """The mutants of a pure module with which all tests pass."""
    every = frozenset(range(1, source.count("\n") + 2))
    return {
        mutant.id
        for mutant in mutants(source.encode(), every)
        if all(_passes(mutant.applied(source.encode()), candidate) for candidate in candidates)
    }


def _passes(source: bytes, candidate: Candidate) -> bool:
    space: dict[str, object] = {}
    exec(compile(source, "target.py", "exec"), space)
    code = candidate.code.replace("@pytest.mark.parametrize", "@_parametrize")
    space["_parametrize"] = _parametrize
    exec(code, space)
    try:
        space[candidate.name]()  # type: ignore[operator]
    except (AssertionError, AttributeError, NameError, TypeError, ValueError):
        return False
    return True


def _parametrize(names: object, rows: list[object]) -> object:
    several = isinstance(names, tuple)

    def around(test):  # type: ignore[no-untyped-def]
        return lambda: [test(*row) if several else test(row) for row in rows]

    return around


def test_edges_of_comparisons_are_tested(tmp_path: Path) -> None:
    assert survivors(SOURCE, candidates_for(tmp_path, SOURCE)) == set()


def test_cases_that_kill_nothing_are_left_out(tmp_path: Path) -> None:
    plain = [c.code for c in made_for(tmp_path, SOURCE) if c.qualname == "label"]
    (code,) = [c.code for c in candidates_for(tmp_path, SOURCE) if c.qualname == "label"]
    assert "parametrize" in plain[0]
    assert "parametrize" not in code


OBJECTS = """
class Span:
    def __init__(self, low: int, high: int) -> None:
        self.low = low
        self.high = high

    def holds(self, item: int) -> bool:
        return self.low <= item <= self.high
"""


def test_objects_are_made_that_kill_mutants_of_the_edges(tmp_path: Path) -> None:
    assert survivors(OBJECTS, candidates_for(tmp_path, OBJECTS)) == set()


def test_the_same_seed_and_budget_kill_the_same(tmp_path: Path) -> None:
    assert candidates_for(tmp_path, SOURCE) == candidates_for(tmp_path, SOURCE)


def test_answers_to_what_was_not_requested_are_left_out(tmp_path: Path) -> None:
    """Answers of the project's process: other ids, other cases, no numbers."""
    written(tmp_path, {"target.py": SOURCE})
    made = job(tmp_path / "target.py", [tmp_path], "target")
    first, second, *_ = mutants(SOURCE.encode(), frozenset(range(1, 30)))
    case = Case((), "fare(3)", {"fare": "target"})
    liar = AnsweringWorker(
        {"event": "noticed", "id": first.id, "cases": [7, -1, 0, 0]},
        {"event": "noticed", "id": second.id, "cases": "all"},
        {"event": "noticed", "id": "no such", "cases": [0]},
    )
    client = WorkerClient(liar, made)
    kills = asyncio.run(client.kills([case], [(first, [0]), (second, [0])], 1))
    assert {name: found for name, found in kills.items() if found} == {first.id: [0]}


class AnsweringWorker:
    """A worker that gives the answers it was made with."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self._answers = answers

    async def ask(self, request: Any, timeout: float = 60) -> AsyncIterator[dict[str, Any]]:
        for answer in self._answers:
            yield answer
