"""The whole fault matrix: prints how many cases there were and how many ended otherwise.

    python tests/faults/run.py [--seed S] [--only PART] [--workers N] [--table]
"""

from __future__ import annotations

import argparse
import re
import secrets
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / part) for part in ("faults", "e2e", "integration", "")]

import losses  # noqa: E402
from cases import Bench, Case, Verdict, judge_all, kills, singles, storms  # noqa: E402
from sites import sites  # noqa: E402

STORMS = 60
LOG_LINES = 12


def main() -> int:
    """Run what is asked for; 1 where a case ended otherwise."""
    options = _options()
    if options.table:
        print(losses.table())
        return 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="qe-faults-") as folder:
        bench = Bench(sites(Path(folder)), Path(folder)).prepare()
        cases = _chosen(bench, options)
        verdicts = judge_all(bench, cases, options.workers, _tell)
    return _sum_up(verdicts, time.monotonic() - began)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", default="", help="of the storms; one that was printed repeats it")
    parser.add_argument("--only", default="", help="a regular expression that names cases")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--storms", type=int, default=STORMS)
    parser.add_argument("--table", action="store_true", help="print what may be lost, and end")
    return parser.parse_args()


def _chosen(bench: Bench, options: argparse.Namespace) -> list[Case]:
    seed = options.seed or secrets.token_hex(3)
    if "-" in seed:
        first, _, number = seed.partition("-")
        return [[*storms(f"{first}-{n}" for n in range(int(number) + 1))][-1]]
    print(f"seed {seed}", flush=True)
    stormy = storms(f"{seed}-{n}" for n in range(options.storms))
    every = [*singles(bench), *kills(bench), *stormy]
    return [case for case in every if re.search(options.only, case.name)]


def _tell(verdict: Verdict) -> None:
    if not verdict.wrong:
        return
    print(f"\nDIFFERS {verdict.case.name}")
    for line in verdict.wrong:
        print(f"  {line}")
    for line in verdict.log.splitlines()[-LOG_LINES:]:
        print(f"  | {line[:300]}")
    sys.stdout.flush()


def _sum_up(verdicts: list[Verdict], seconds: float) -> int:
    wrong = [v for v in verdicts if v.wrong]
    lost = [v for v in verdicts if v.lost and not v.wrong]
    unstruck = [v for v in verdicts if not v.struck]
    print(
        f"\n{len(verdicts)} cases in {seconds:.0f} s: {len(verdicts) - len(wrong) - len(lost)} ended"
        f" as without a fault, {len(lost)} lost what they may and said so,"
        f" {len(wrong)} differ; nothing struck in {len(unstruck)}"
    )
    for verdict in wrong:
        print(f"  {verdict.case.name}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
