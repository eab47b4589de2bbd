"""What the sandbox adds to one candidate test, forked from a warm worker; by hand.

`python tests/bench/candidate_cost.py` needs Linux with Landlock.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "integration")]
from sandbox_here import open_folder, overlay, prefixes, sandboxed_python  # noqa: E402

from qe_action.project_worker.client import PlainInterpreter  # noqa: E402
from qe_action.project_worker.sandboxed import SandboxedInterpreter  # noqa: E402
from qe_action.sandbox.sandbox import Sandbox  # noqa: E402

ROUNDS = 60
WARMING = 5


async def main() -> None:
    python = sandboxed_python()
    if python is None:
        sys.exit("There is no interpreter here that every user may run.")
    with open_folder() as top:
        overlay(top / "overlay")
        (top / "code.py").write_text("def more(x):\n    return x + 1\n")
        (top / "test_code.py").write_text("import code\n\ndef test_more():\n    assert True\n")
        interpreters = {
            "plain": PlainInterpreter(python, None, top / "overlay"),
            "sandboxed": SandboxedInterpreter(
                Sandbox(), Path(python), prefixes(python), top / "overlay"
            ),
        }
        took = await measured(interpreters, top)
    for name, times in took.items():
        print(f"{name:10} median {statistics.median(times):6.1f} ms, least {min(times):6.1f} ms")


async def measured(
    interpreters: dict[str, PlainInterpreter | SandboxedInterpreter], top: Path
) -> dict[str, list[float]]:
    """Milliseconds for each run of a test, in turns."""
    request = {
        "op": "check",
        "root": str(top),
        "arguments": ["-q", "-p", "no:cacheprovider", str(top / "test_code.py")],
        "pythonpath": [str(top)],
        "file": str(top / "code.py"),
        "timeout": 30,
        "measure": True,
    }
    took: dict[str, list[float]] = {name: [] for name in interpreters}
    async with AsyncExitStack() as stack:
        workers = {
            name: await stack.enter_async_context(interpreter.worker(readable=(top,)))
            for name, interpreter in interpreters.items()
        }
        for number in range(ROUNDS + WARMING):
            for name, worker in workers.items():
                began = time.perf_counter()
                answers = [answer async for answer in worker.ask(request)]
                if answers[-1]["outcomes"]["test_code.py::test_more"][0] != "passed":
                    sys.exit(f"The test did not pass: {answers[-1]}")
                if number >= WARMING:
                    took[name].append((time.perf_counter() - began) * 1000)
    return took


if __name__ == "__main__":
    asyncio.run(main())
