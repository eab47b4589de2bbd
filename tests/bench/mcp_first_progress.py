"""How long a client of the MCP server waits for the first progress, on a report of 1 MB.

By hand: `.venv/bin/python tests/bench/mcp_first_progress.py`. A server over standard input and
output is started once; each round calls `coverage_analyze_stream` and notes when the first
notification is there and when the answer is, both after the call. The last round asks beside a
run that goes on.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mcp import Client, StdioServerParameters

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

from mcp_project import project, report

ROUNDS = 15
FILES, LINES = 175, 200


async def measured(client: Client) -> tuple[float, float]:
    """Seconds until the first progress, and until the answer."""
    first: list[float] = []
    begun = time.perf_counter()

    async def progress(_value: float, _total: float | None, _message: str | None) -> None:
        first.append(time.perf_counter() - begun)

    await client.call_tool("coverage_analyze_stream", {}, progress_callback=progress)
    return min(first), time.perf_counter() - begun


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = "".join(f"value_{n} = {n}\n" for n in range(LINES))
        names = [f"package/module_{n}.py" for n in range(FILES)]
        text = report({name: [n % 3 for n in range(LINES)] for name in names})
        repo = project(Path(folder) / "repo", **dict.fromkeys(names, source))
        repo.write({"coverage.xml": text})
        subprocess.run(["git", "status", "-s"], cwd=repo.root, check=True, capture_output=True)
        print(f"report: {len(text) / 1e6:.2f} MB")
        command = ["-m", "qe_action", "mcp", "--repo", str(repo.root)]
        begun = time.perf_counter()
        async with Client(StdioServerParameters(command=sys.executable, args=command)) as client:
            print(f"server started and greeted: {time.perf_counter() - begun:.2f} s")
            alone = [await measured(client) for _ in range(ROUNDS)]
            beside = await asyncio.gather(*(measured(client) for _ in range(4)))
    for label, rounds in (("alone", alone), ("four at once", beside)):
        firsts, ends = zip(*rounds, strict=True)
        print(
            f"{label}: first progress median {statistics.median(firsts):.3f} s, "
            f"worst {max(firsts):.3f} s; answer median {statistics.median(ends):.2f} s"
        )
    print(f"very first call: {alone[0][0]:.3f} s")


asyncio.run(main())
