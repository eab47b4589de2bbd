"""What the sandbox costs a candidate beside a bare fork, by hand: `python sandbox_cost.py`.

A candidate is forked from a warm worker that is behind all layers already, so the second figure
is what one costs; the third is what one would cost if every fork put on the layers anew. The
whole runs start an interpreter, as a project's worker does once.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from qe_action.sandbox import launch
from qe_action.sandbox.machine import Machine
from qe_action.sandbox.policy import Policy
from qe_action.sandbox.run_plan import make_plan
from qe_action.sandbox.sandbox import Sandbox
from qe_action.sandbox.users import User

MOST = 30.0
"""Milliseconds that a candidate may cost beside a bare fork."""
FORKS = """
import json, os, time
warm = bytearray(os.urandom(1 << 20) * 50)
took = []
for _ in range(200):
    began = time.perf_counter()
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    took.append((time.perf_counter() - began) * 1000)
print(json.dumps(took))
"""


def forked(act: Callable[[], None]) -> float:
    """Milliseconds for a fork that acts and ends."""
    began = time.perf_counter()
    child = os.fork()
    if child == 0:
        try:
            act()
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert status == 0
    return (time.perf_counter() - began) * 1000


def timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def shown(name: str, took: list[float]) -> float:
    median = statistics.median(took)
    worst = sorted(took)[int(len(took) * 0.95)]
    print(f"{name:<44} {median:8.2f} ms   95 %: {worst:8.2f} ms")
    return median


def main() -> int:
    machine = Machine.here()
    sandbox = Sandbox(machine=machine)
    python = shutil.which("python3", path="/usr/local/bin:/usr/bin") or sys.executable
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        prefix = [] if python.startswith("/usr") else [Path(sys.prefix), Path(sys.base_prefix)]
        policy = Policy(readable=tuple(prefix), writable=(folder,))
        uid = 61990 if machine.root else None
        if uid is not None:
            os.chown(folder, uid, uid)
        plan = make_plan(
            ("true",), policy, sandbox.layers(policy), User(uid), (1, 1), machine.processor
        )
        plan["parent"] = os.getpid()
        bare = shown("bare fork", [forked(lambda: None) for _ in range(200)])
        layers = shown(
            "fork and all layers", [forked(lambda: launch.confine(plan)) for _ in range(200)]
        )
        outside = json.loads(subprocess.check_output([python, "-c", FORKS]))
        shown("fork of a warm worker", outside)
        finished = asyncio.run(sandbox.run([python, "-c", FORKS], policy))
        inside = shown("fork of a warm worker in the sandbox", json.loads(finished.stdout))
        command = [python, "-I", "-S", "-c", "pass"]
        shown("python", [timed(lambda: subprocess.run(command, check=True)) for _ in range(20)])

        async def runs() -> list[float]:
            took = []
            for _ in range(20):
                began = time.perf_counter()
                assert (await sandbox.run(command, policy)).outcome.ok
                took.append((time.perf_counter() - began) * 1000)
            return took

        shown("python in the sandbox, from start to outcome", asyncio.run(runs()))
        if uid is not None:
            os.chown(folder, 0, 0)
    print(f"beside a bare fork: {inside - bare:.2f} ms, with all layers {layers - bare:.2f} ms")
    return int(max(inside, layers) - bare > MOST)


if __name__ == "__main__":
    sys.exit(main())
