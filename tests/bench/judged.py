"""What generated tests of a module are worth: coverage, constancy, and the mutants they notice."""

from __future__ import annotations

import ast
import random
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from qe_action.project_worker.client import PlainInterpreter
from qe_action.verify.batch import ROUNDS
from qe_action.verify.mutants import mutants
from qe_action.verify.project import describe
from qe_action.verify.run_answers import Run
from qe_action.verify.run_request import RunRequest
from qe_action.verify.test_runner import TestRunner

TEST = "tests/test_generated.py"
MUTANTS = 120
"""How many mutants of a module are tried, drawn by chance where there are more."""


@dataclass
class Judged:
    """`percent` is coverage.py's for lines and branches; `failing` failed in some process."""

    percent: float = 0.0
    cases: int = 0
    failing: list[str] = field(default_factory=list)
    flaky: list[str] = field(default_factory=list)
    missing: tuple[int, ...] = ()
    branches: tuple[tuple[int, int], ...] = ()
    mutants: int = 0
    killed: int = 0
    trouble: str = ""


async def judge(python: str, target: Path, text: str, *, mutate: bool) -> Judged:
    """Run the tests in the five surroundings of the gates, measured once, and on mutants."""
    site = next(p for p in target.parents if p.name == "site-packages")
    inside = target.relative_to(site)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        _copied(site, inside, tree)
        files = {str(p.relative_to(tree)): p.read_bytes() for p in tree.rglob("*.py")}
        project = describe(files, str(inside))
        async with TestRunner.open(PlainInterpreter(python), project, tree, 1) as runner:
            return await _judged(runner, text, mutate=mutate)


def _copied(site: Path, inside: Path, tree: Path) -> None:
    if len(inside.parts) == 1:
        tree.mkdir(parents=True)
        shutil.copy(site / inside, tree / inside)
    else:
        top = inside.parts[0]
        left = shutil.ignore_patterns("*.pyc", "test*")
        shutil.copytree(site / top, tree / top, ignore=left)
        assert (tree / inside).exists()


async def _judged(runner: TestRunner, text: str, *, mutate: bool) -> Judged:
    files = {TEST: text}
    run = await runner.run(RunRequest(files, [TEST], 120, measure=True))
    found = Judged(cases=len(run.outcomes), trouble="" if run.end == "done" else run.trouble())
    measured = run.measured
    if measured is None or measured.error is not None:
        found.trouble = found.trouble or "not measured"
        return found
    counts = measured.counts
    whole = counts.statements + counts.branches
    found.percent = 100 * (counts.covered + (counts.covered_branches or 0)) / max(1, whole)
    found.missing, found.branches = measured.missing_lines, measured.missing_branches
    found.failing = _bad(run)
    for around in ROUNDS:
        again = await runner.run(RunRequest(files, [TEST], 120, around=around))
        found.flaky += [name for name in _bad(again) if name not in found.failing + found.flaky]
    if mutate and not found.failing:
        source = runner.project.source
        bare = f"def test_import():\n    import {runner.project.module}\n"
        imported = await runner.run(RunRequest({TEST: bare}, [TEST], 60, measure=True))
        on_import = frozenset(imported.measured.lines if imported.measured else ())
        lines = (frozenset(measured.lines) & _inside_functions(source)) - on_import
        possible = [m for m in mutants(source, lines) if m.parses(source)]
        random.Random(0).shuffle(possible)
        some = possible[:MUTANTS]
        said = await runner.mutate(RunRequest(files, [TEST], 20), some)
        found.mutants, found.killed = len(said), sum(one.killed for one in said)
    return found


def _bad(run: Run) -> list[str]:
    names = [name for name, (word, _) in run.outcomes.items() if word != "passed"]
    return names + [name for name, _ in run.errors]


def _inside_functions(source: bytes) -> frozenset[int]:
    """The lines of functions' bodies: what runs on import is no test's goal."""
    found: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.update(range(node.body[0].lineno, (node.end_lineno or node.lineno) + 1))
    return frozenset(found)
