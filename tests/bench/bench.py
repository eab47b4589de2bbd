"""Speed and memory beside expat, diff-cover and pycobertura, measured in one run.

Each row is a process of its own; user seconds are the median of some rounds, in which the
rows take turns, so that a busy machine slows all of them. Peak memory is the largest
resident set of the process or of one it started. Exits with 1 where we took more than we
allow ourselves.

    python tests/bench/bench.py [--rounds 5] [--skip-growth]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]


class Usage(NamedTuple):
    """One run: user seconds, peak MB, and its last line on stderr if it failed."""

    user: float
    peak: float
    failure: str = ""


class Row(NamedTuple):
    """A command to measure, run in the repository, and the most it may take."""

    name: str
    command: Sequence[str]
    most: Usage | None = None


MOST = {200: Usage(12.0, 350.0), 5: Usage(4.0, 350.0)}
"""What an analysis may take, by how many files have changed."""


def measure(command: Sequence[str], cwd: Path) -> Usage:
    """Run the command to its end, its output thrown away. Exit 1 is a gate's verdict."""
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            command, cwd=cwd, env=environment(), stdout=subprocess.DEVNULL, stderr=errors
        )
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        lines = errors.read().decode(errors="replace").strip().splitlines()
    failed = child.returncode not in (0, 1) or any(line.startswith("Trace") for line in lines)
    failure = (lines or [f"exit {child.returncode}"])[-1] if failed else ""
    return Usage(usage.ru_utime, usage.ru_maxrss / 1024, failure)


def environment() -> dict[str, str]:
    """Ours, with the project importable and no GitHub run around it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    return kept | {"PYTHONPATH": str(PROJECT)}


def first_event(command: Sequence[str], cwd: Path) -> float | None:
    """Seconds from the start of the process to its first line of output; None without one."""
    start = time.perf_counter()
    with subprocess.Popen(
        command, cwd=cwd, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as child:
        assert child.stdout is not None
        line = child.stdout.readline()
        took = time.perf_counter() - start
        child.stdout.read()
    return took if line else None


def make(directory: Path, name: str, files: int, changed: int) -> tuple[Path, Path]:
    """A report and its repository, made in a process of its own to keep this one small."""
    report, repo = directory / f"{name}.xml", directory / name
    command = [sys.executable, str(HERE / "make_report.py"), str(report), "--repo", str(repo)]
    subprocess.run([*command, "--files", str(files), "--changed", str(changed)], check=True)
    return report, repo


def analyze(report: Path) -> list[str]:
    options = ["--repo", ".", "--base", "main", "--output", "jsonl"]
    return [sys.executable, "-m", "qe_action", "analyze", str(report), *options]


def stage(name: str, report: Path) -> list[str]:
    return [sys.executable, str(HERE / "stages.py"), name, str(report)]


def rows_for(report: Path, most: Usage | None = None) -> list[Row]:
    tools = Path(sys.executable).parent
    return [
        Row("expat, counting lines", stage("count", report)),
        Row("qe-action, parsing stage", stage("parse", report)),
        Row("qe-action analyze", analyze(report), most),
        Row("diff-cover", [str(tools / "diff-cover"), str(report), "--compare-branch", "main"]),
        Row(
            "pycobertura show (no diff)",
            [str(tools / "pycobertura"), "show", str(report), "--source", "."],
        ),
    ]


def run_rows(rows: Sequence[Row], cwd: Path, rounds: int) -> list[list[Usage]]:
    """All usages of each row, the rows taking turns; a row that failed is not run again."""
    usages: list[list[Usage]] = [[] for _ in rows]
    for _ in range(rounds):
        for row, runs in zip(rows, usages, strict=True):
            if not (runs and runs[-1].failure):
                runs.append(measure(row.command, cwd))
    return usages


def exceeds(runs: Sequence[Usage], most: Usage | None) -> bool:
    """Whether a row failed or took more than it may."""
    if most is None:
        return False
    user = statistics.median(run.user for run in runs)
    return bool(runs[-1].failure) or user > most.user or max(r.peak for r in runs) > most.peak


def show(rows: Sequence[Row], usages: Sequence[Sequence[Usage]]) -> bool:
    """The table; seconds are also told as multiples of the first row's. Whether all may pass."""
    base = statistics.median(run.user for run in usages[0])
    print(f"{'':28} {'user s':>8} {'x expat':>8} {'peak MB':>8}")
    for row, runs in zip(rows, usages, strict=True):
        if runs[-1].failure:
            print(f"{row.name:28} failed: {runs[-1].failure[:80]}")
            continue
        user = statistics.median(run.user for run in runs)
        peak = max(run.peak for run in runs)
        bound = f"  of {row.most.user:.0f} s, {row.most.peak:.0f} MB" if row.most else ""
        print(f"{row.name:28} {user:8.2f} {user / base:8.2f} {peak:8.0f}{bound}")
    pairs = zip(rows, usages, strict=True)
    return not any(exceeds(runs, row.most) for row, runs in pairs)


def megabytes(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.0f} MB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--skip-growth", action="store_true", help="without the 210 MB report")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="qe-bench-") as name:
        directory = Path(name)
        report, repo = make(directory, "main", 5000, 200)
        print(f"Python {sys.version.split()[0]}; {megabytes(report)}: 5,000 files x 200 lines,")
        print(f"diff of 200 files; median of {options.rounds} rounds\n")
        rows = rows_for(report, MOST[200])
        kept = show(rows, run_rows(rows, repo, options.rounds))
        few, few_repo = make(directory, "few", 5000, 5)
        print(f"\n{megabytes(few)}: the same with a diff of 5 files\n")
        rows = [
            row
            for row in rows_for(few, MOST[5])
            if "stage" not in row.name and "show" not in row.name
        ]
        kept &= show(rows, run_rows(rows, few_repo, options.rounds))
        small, small_repo = make(directory, "small", 120, 12)
        times = [first_event(analyze(small), small_repo) for _ in range(options.rounds)]
        seen = [took for took in times if took is not None]
        print(f"\nfirst event, {megabytes(small)} report: ", end="")
        print(f"{statistics.median(seen):.2f} s after process start" if seen else "none came")
        if not options.skip_growth:
            large, large_repo = make(directory, "large", 25_000, 200)
            print(f"\n{megabytes(large)}: 25,000 files x 200 lines, the same diff; one round\n")
            rows = rows_for(large)[:3]
            show(rows, run_rows(rows, large_repo, 1))
    if not kept:
        sys.exit("qe-action took more than it may.")


if __name__ == "__main__":
    main()
