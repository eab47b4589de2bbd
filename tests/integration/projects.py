"""Small projects for the worker to meet, and the ways to ask about them."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from coverage.exceptions import NotPython

from qe_action.generators.offline import OfflineGenerator
from qe_action.generators.port import Candidate, Job, Layout, Proposal, Unjudged
from qe_action.generators.whole_file import goals_of
from qe_action.project_worker.client import PlainInterpreter, WorkerLost


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def job(
    target: Path,
    paths: list[Path],
    module: str,
    *,
    budget: int = 3000,
    seed: int = 0,
    tests: tuple[str, ...] = (),
    root: Path | None = None,
) -> Job:
    source = target.read_text(encoding="utf-8")
    try:
        goals = goals_of(source)
    except NotPython:
        goals = goals_of("")
    layout = Layout(module, tuple(map(str, paths)), tests)
    interpreter = PlainInterpreter(sys.executable)
    return Job(str(target), source, goals, str(root or paths[0]), layout, interpreter, seed, budget)


def proposals(made: Job) -> list[Proposal]:
    async def drained() -> list[Proposal]:
        return [proposal async for proposal in OfflineGenerator().candidates(made, Unjudged())]

    return asyncio.run(drained())


def made_for(folder: Path, source: str, **how: Any) -> list[Candidate]:
    """The candidates for a module of one file."""
    written(folder, {"target.py": source})
    found = proposals(job(folder / "target.py", [folder], "target", **how))
    return [proposal for proposal in found if isinstance(proposal, Candidate)]


def asked(requests: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The answers of one worker to requests, one list a request; an error is the last of one."""

    async def talk() -> list[list[dict[str, Any]]]:
        found: list[list[dict[str, Any]]] = []
        async with PlainInterpreter(sys.executable).worker() as worker:
            for request in requests:
                found.append([])
                try:
                    found[-1].extend([answer async for answer in worker.ask(request)])
                except WorkerLost as error:
                    found[-1].append({"error": str(error)})
        return found

    return asyncio.run(talk())


def called(folder: Path, source: str, *acts: str) -> list[dict[str, Any]]:
    """What the worker says of calls in a module of one file, each looked at in detail."""
    written(folder, {"hostile.py": source})
    cases = [
        {"n": n, "arrange": "import hostile", "act": act, "names": {}, "watch": [], "how": "expr"}
        for n, act in enumerate(acts)
    ]
    place = {"module": "hostile", "paths": [str(folder)], "file": str(folder / "hostile.py")}
    request = {"op": "search", "detail": True, "root": str(folder), "cases": cases, **place}
    (answers,) = asked([request])
    assert answers[-1].get("done"), answers
    assert "error" not in answers[-1], answers
    return [answer for answer in answers if answer.get("event") == "ran"]
