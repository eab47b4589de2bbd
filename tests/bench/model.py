"""Replays recorded answers of a model through the real pipeline, with and without repair.

`make bench-model`, or `... model.py --only stock`. No model is asked: the answers lie beside the
modules, by the function that was asked for and the turn, so that another prompt does not void them.
A module's tests are run, repaired and judged as ever; the table is Markdown.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from qe_action.agents.test_generator import TestGeneratorAgent
from qe_action.events import GenerationComplete, TestProposed, TestRejected
from qe_action.generators.llm.conversation import Ending, Message, Piece
from qe_action.generators.llm.generator import LlmGenerator
from qe_action.generators.llm.recording import RecordedModel, Recordings
from qe_action.generators.llm.repair import REPAIRS
from qe_action.project_worker.client import PlainInterpreter
from qe_action.task import QETask
from qe_action.text import percent

FOLDER = Path(__file__).parent / "model"
MODULES = sorted(path.stem for path in FOLDER.glob("*.py"))
_ASKED = re.compile(r"^Write .*? for `([\w.]+)`", re.MULTILINE)


class Turns:
    """Names an answer by the module, the function that is asked for, and how often it was."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._turns: Counter[str] = Counter()

    def name(self, messages: Sequence[Message]) -> str:
        found = _ASKED.search(messages[1].text)
        assert found is not None, "the request says what it is about"
        turn = self._turns[found[1]]
        self._turns[found[1]] += 1
        return f"{self._module}-{found[1]}-{turn}"


class Silent:
    """Says nothing: stands where there is no recording."""

    async def answer(self, messages: Sequence[Message]) -> AsyncGenerator[Piece | Ending, None]:
        yield Ending("truncated")

    async def aclose(self) -> None:
        pass


@dataclass(frozen=True)
class Measured:
    """What came of one module's answers; `refused` by reason, coverage in percent."""

    proposed: int
    accepted: int
    repaired: int
    refused: Counter[str]
    before: float | None
    after: float | None
    seconds: float


async def measured(module: str, repairs: int) -> Measured:
    """The module's recorded answers through the pipeline, each test given back so often."""
    model = RecordedModel(
        Silent(), Recordings(FOLDER / "answers"), Turns(module).name, lambda: None
    )
    generator = LlmGenerator(lambda: model, time.monotonic, 60, 300_000, repairs=repairs)
    agent = TestGeneratorAgent(interpreter=PlainInterpreter(sys.executable), generator=generator)
    tried = 0
    refused: Counter[str] = Counter()
    before: set[str] = set()
    result: GenerationComplete | None = None
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, f"{module}.py").write_bytes((FOLDER / f"{module}.py").read_bytes())
        for command in (("init", "-q"), ("add", ".")):
            subprocess.run(["git", *command], cwd=folder, check=True)
        context = {"repo": Path(folder), "file": f"{module}.py", "tests_known": True}
        task = QETask(task_type="test_generation", context=context | {"time_budget": 120.0})
        async with aclosing(agent.generate_tests_streaming(task)) as events:
            async for event in events:
                match event:
                    case TestProposed():
                        tried += 1
                    case TestRejected(test_case=case, reason=reason):
                        tried += 1
                        refused[reason] += 1
                        before.add(case.test_name)
                    case GenerationComplete():
                        result = event
    assert result is not None
    assert result.conclusion == "finished", result.notes
    kept = {case.test_name for case in result.tests}
    shares = (result.coverage_before, result.coverage_estimate)
    seconds = time.monotonic() - began
    return Measured(tried, result.total, len(kept & before), refused, *shares, seconds)


def row(module: str, found: Measured) -> str:
    """One row of the table."""
    why = ", ".join(f"{reason} {count}" for reason, count in sorted(found.refused.items()))
    cells = [
        module,
        str(found.proposed),
        str(found.accepted),
        str(found.repaired),
        why or "-",
        f"{percent(found.before)} to {percent(found.after)}",
        f"{found.seconds:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="modules whose names match this")
    wanted = [name for name in MODULES if re.search(parser.parse_args().only, name)]
    for repairs in (0, REPAIRS):
        print(f"\n### {'With' if repairs else 'Without'} repair\n")
        print("| Module | Proposed | Accepted | Repaired | Refused | Coverage | Seconds |")
        print("| :-- | --: | --: | --: | :-- | :-- | --: |")
        found = []
        for module in wanted:
            found.append(asyncio.run(measured(module, repairs)))
            print(row(module, found[-1]), flush=True)
        whole = [sum(getattr(each, name) for each in found) for name in ("proposed", "accepted")]
        repaired = sum(each.repaired for each in found)
        reasons = sum((each.refused for each in found), Counter[str]())
        after = [each.after for each in found]
        mean = sum(share or 0.0 for share in after) / max(1, len(after))
        total = Measured(*whole, repaired, reasons, 0.0, mean, sum(e.seconds for e in found))
        print(row("**all** (coverage: mean)", total))


if __name__ == "__main__":
    main()
