"""What watching a suite costs it: trivial tests, run alone and by `qe-action test`, in turns.

    python tests/bench/suite_overhead.py [--tests 10000] [--turns 5] [--workers 0 2]
        [--shapes files parametrised] [--github]

By hand. Each run is measured in a process of its own. The suite's processor time is that of pytest
and all that it has started, read by a small process between it and us; it holds where other
programs share the machine, which wall times do not. With `--github` everything is sent to the fake
GitHub, which is another process. Printed are medians, the lowest and highest beside them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

FILES = 100
# Runs the command, and writes down when it began and ended, what it used, and our largest size.
BETWEEN = """
import json, os, resource, subprocess, sys, time
begin = time.monotonic()
code = subprocess.call(sys.argv[2:])
end = time.monotonic()
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(f"/proc/{os.getppid()}/status") as status:
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
with open(sys.argv[1], "w") as out:
    json.dump([begin, end, used.ru_utime + used.ru_stime, used.ru_maxrss, peak], out)
sys.exit(code)
"""


class Turn(NamedTuple):
    """A run, in seconds and MiB.

    `wall` is until the suite's last line, `start` before the command, `after` behind it. `suite` is
    the processor time of pytest's processes and `ours` that of our own process, `during` its peak
    memory when the suite ended, and `peak` in all.
    """

    wall: float
    start: float
    after: float
    suite: float
    ours: float
    during: float
    peak: float


def make_suite(folder: Path, shape: str, tests: int) -> None:
    if shape == "parametrised":
        text = (
            f"import pytest\n@pytest.mark.parametrize('n', range({tests}))\ndef test_n(n): pass\n"
        )
        (folder / "test_n.py").write_text(text)
        return
    for number in range(FILES):
        lines = [f"def test_{each}(): pass\n" for each in range(tests // FILES)]
        (folder / f"test_{number}.py").write_text("".join(lines))


def run(command: Sequence[str], folder: Path, notes: Path, env: Mapping[str, str]) -> Turn:
    begin = time.monotonic()
    with (folder / "out").open("wb") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out, env=env)
        peaks = [0]
        ended = threading.Event()
        watching = threading.Thread(target=_watch, args=(process.pid, peaks, ended))
        watching.start()
        _, status, used = os.wait4(process.pid, 0)
        over = time.monotonic()
    ended.set()
    watching.join()
    assert status == 0, (folder / "out").read_text()
    first, last, suite, _, during = json.loads(notes.read_text())
    whole = used.ru_utime + used.ru_stime
    return Turn(
        wall=last - begin,
        start=first - begin,
        after=over - last,
        suite=suite,
        ours=whole - suite,
        during=during / 1024,
        peak=max(peaks) / 1024,
    )


def _watch(number: int, peaks: list[int], ended: threading.Event) -> None:
    """Look at the peak memory of a process until it has ended."""
    while not ended.wait(0.02):
        try:
            text = Path(f"/proc/{number}/status").read_text()
        except OSError:
            return
        peaks += [int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM")]


def measure(folder: Path, name: str, workers: int, turns: int, env: Mapping[str, str]) -> None:
    pytest = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir=."]
    if workers:
        pytest += ["-n", str(workers)]
    notes = folder / "notes"
    between = [sys.executable, "-S", "-c", BETWEEN, str(notes), *pytest]
    plain_env = {key: text for key, text in env.items() if not key.startswith("GITHUB_")}
    commands = {
        "plain": (between, plain_env),
        "ours": ([sys.executable, "-m", "qe_action", "test", "--quiet", "--", *between], env),
    }
    found: dict[str, list[Turn]] = {each: [] for each in commands}
    for _ in range(turns):
        for each, (command, environment) in commands.items():
            found[each].append(run(command, folder, notes, environment))
    _print(f"{name} -n {workers}", found)


def _print(title: str, found: Mapping[str, Sequence[Turn]]) -> None:
    print(f"{title}, {len(found['plain'])} turns")
    medians = {}
    for each, turns in found.items():
        medians[each] = Turn(*map(statistics.median, zip(*turns, strict=True)))
        low, high = (Turn(*map(pick, zip(*turns, strict=True))) for pick in (min, max))
        for field, unit in (("wall", "s"), ("suite", "s"), ("ours", "s"), ("start", "s"),
                            ("after", "s"), ("during", "MiB"), ("peak", "MiB")):  # fmt: skip
            if each == "plain" and field not in ("wall", "suite"):
                continue
            of = [getattr(turn, field) for turn in (medians[each], low, high)]
            print(f"  {each:6} {field:7} {of[0]:8.2f} {unit:3} ({of[1]:.2f} to {of[2]:.2f})")
    plain, ours = medians["plain"], medians["ours"]
    print(f"  more   wall    {100 * (ours.wall / plain.wall - 1):8.1f} %")
    print(f"  more   suite   {100 * (ours.suite / plain.suite - 1):8.1f} % of its processor time")
    lowest = [min(turn.suite for turn in found[each]) for each in ("plain", "ours")]
    print(f"  more   suite   {100 * (lowest[1] / lowest[0] - 1):8.1f} % by the lowest", flush=True)


@contextmanager
def github(folder: Path, asked: bool) -> Iterator[dict[str, str]]:
    """The environment of a run, in a workflow of a fake GitHub where that is asked for."""
    kept = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("GITHUB_", "PYTEST_", "INPUT_"))
    }
    if not asked:
        yield kept
        return
    tests = Path(__file__).parents[1]
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-C", str(folder)]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "Begin"]):
        subprocess.run([*git, *words], check=True)
    head = subprocess.check_output([*git, "rev-parse", "HEAD"], text=True).strip()
    words = ["-m", "fake_github", "--port", "0", "--pull", f"7:{head}:{head}"]
    server = subprocess.Popen(
        [sys.executable, *words], cwd=tests, stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        url = server.stdout.readline().split()[0]
        side = {"sha": head, "ref": "x", "repo": {"full_name": "octo/demo"}}
        pull = {"number": 7, "state": "open", "head": side, "base": side}
        event = folder / "event.json"
        event.write_text(json.dumps({"number": 7, "pull_request": pull}))
        yield kept | {
            "GITHUB_API_URL": url,
            "GITHUB_REPOSITORY": "octo/demo",
            "GITHUB_WORKSPACE": str(folder),
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_REF": "refs/pull/7/merge",
            "GITHUB_SHA": head,
            "GITHUB_RUN_ID": "42",
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_ACTIONS": "true",
            "GITHUB_TOKEN": "ghs_writer",
        }
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tests", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--workers", type=int, nargs="*", default=[0, 2])
    parser.add_argument("--shapes", nargs="*", default=["files", "parametrised"])
    parser.add_argument("--github", action="store_true")
    asked = parser.parse_args()
    for shape in asked.shapes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name).resolve()
            make_suite(folder, shape, asked.tests)
            with github(folder, asked.github) as env:
                for workers in asked.workers:
                    measure(folder, shape, workers, asked.turns, env)


if __name__ == "__main__":
    main()
