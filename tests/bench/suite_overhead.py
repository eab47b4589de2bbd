"""What watching a suite costs it: trivial tests, run alone and by `qe-action test`, in turns.

python tests/bench/suite_overhead.py [--tests 10000] [--turns 5] [--workers 0 2]

Prints medians of wall and processor time, and the peak memory of our process. By hand, on a machine
that does nothing else: with something beside it the wall times say nothing.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

FILES = 20


class Turn(NamedTuple):
    """Seconds of wall and processor, and the largest process in MiB."""

    wall: float
    processor: float
    memory: float


def make_suite(folder: Path, tests: int) -> None:
    for number in range(FILES):
        lines = [f"def test_{each}(): pass\n" for each in range(tests // FILES)]
        (folder / f"test_{number}.py").write_text("".join(lines))


def run(command: Sequence[str], folder: Path) -> Turn:
    """One run, measured in a process of its own: what ended before does not count."""
    source, target = os.pipe()
    pid = os.fork()
    if pid == 0:
        start = time.perf_counter()
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
        wall = time.perf_counter() - start
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = used.ru_utime + used.ru_stime
        os.write(target, f"{done.returncode} {wall} {seconds} {used.ru_maxrss / 1024}".encode())
        os._exit(0)
    os.close(target)
    os.waitpid(pid, 0)
    with os.fdopen(source) as result:
        code, *figures = result.read().split()
    assert code == "0", f"{command[0]} ended with {code}"
    return Turn(*map(float, figures))


def measure(folder: Path, workers: int, turns: int) -> None:
    pytest = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir=."]
    if workers:
        pytest += ["-n", str(workers)]
    commands = {"plain": pytest, "ours": [sys.executable, "-m", "qe_action", "test", "--", *pytest]}
    found: dict[str, list[Turn]] = {name: [] for name in commands}
    for _ in range(turns):
        for name, command in commands.items():
            found[name].append(run(command, folder))
    medians = {
        name: Turn(*map(statistics.median, zip(*each, strict=True))) for name, each in found.items()
    }
    for name, (wall, processor, memory) in medians.items():
        print(f"-n {workers}  {name:6} {wall:7.2f} s {processor:7.2f} s {memory:6.0f} MiB")
    plain, ours = medians["plain"], medians["ours"]
    print(
        f"-n {workers}  more   {100 * (ours.wall / plain.wall - 1):6.1f} % "
        f"{ours.processor - plain.processor:7.2f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tests", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--workers", type=int, nargs="*", default=[0, 2])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_suite(folder, asked.tests)
        print("             wall    processor   largest process")
        for workers in asked.workers:
            measure(folder, workers, asked.turns)


if __name__ == "__main__":
    main()
