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
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / part) for part in ("faults", "e2e", "integration", "")]

import losses  # noqa: E402
from cases import FaultRunner, Verdict, judge_all, kills, singles, storms  # noqa: E402
from crowd import crowd, judge_overtaken, overtaken  # noqa: E402
from sites import sites  # noqa: E402
from speed import lag, not_held_up  # noqa: E402

STORMS = 60
CROWD = 20
LOG_LINES = 12
EVERY = 50


def main() -> int:
    """Run what is asked for; 1 where a case ended otherwise."""
    options = _options()
    if options.table:
        print(losses.table())
        return 0
    began = time.monotonic()
    tell = Teller(began)
    with tempfile.TemporaryDirectory(prefix="qe-faults-") as folder:
        runner = FaultRunner(sites(Path(folder)), Path(folder)).prepare()
        seed, count = _seed(options.seed, options.storms)
        print(f"seed {seed}", flush=True)
        wanted = re.compile(options.only).search
        cases = [*singles(runner), *kills(runner)] if "-" not in options.seed else []
        cases += storms(f"{seed}-{n}" for n in count)
        judge_all(runner, [c for c in cases if wanted(c.name)], options.workers, tell)
        if "-" not in options.seed:
            older = [case for case in overtaken(runner) if wanted(case.name)]
            judge_all(runner, older, options.workers, tell, judge_overtaken)
            for name, judge in _alone(runner, seed):
                if wanted(name):
                    tell(judge())
    return tell.sum_up()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", default="", help="of the storms; one that was printed repeats it")
    parser.add_argument("--only", default="", help="a regular expression that names cases")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--storms", type=int, default=STORMS)
    parser.add_argument("--table", action="store_true", help="print what may be lost, and end")
    return parser.parse_args()


def _seed(given: str, storms: int) -> tuple[str, range]:
    """The seed and which of its storms: `SEED-7` is the seventh storm of SEED alone."""
    seed, _, number = (given or secrets.token_hex(3)).partition("-")
    return seed, range(int(number), int(number) + 1) if number else range(storms)


def _alone(runner: FaultRunner, seed: str) -> Iterator[tuple[str, Callable[[], Verdict]]]:
    """What needs the machine for itself."""
    yield "crowd of one name", partial(crowd, runner, seed, CROWD, names=False)
    yield "crowd of names", partial(crowd, runner, seed, CROWD, names=True)
    yield "not held up", partial(not_held_up, runner)
    yield "lag", partial(lag, runner)


class Teller:
    """Tells of what differs as it comes, and of all at the end."""

    def __init__(self, began: float) -> None:
        self._began = began
        self._verdicts: list[Verdict] = []

    def __call__(self, verdict: Verdict) -> None:
        self._verdicts.append(verdict)
        if verdict.wrong:
            print(f"\nDIFFERS {verdict.case.name}")
            for line in verdict.wrong:
                print(f"  {line}")
            for line in verdict.log.splitlines()[-LOG_LINES:]:
                print(f"  | {line[:300]}")
        if len(self._verdicts) % EVERY == 0:
            print(f"… {len(self._verdicts)} cases, {time.monotonic() - self._began:.0f} s")
        sys.stdout.flush()

    def sum_up(self) -> int:
        """Say how many cases ended how; 1 where one ended otherwise than it may."""
        wrong = [v for v in self._verdicts if v.wrong]
        lost = sum(bool(v.lost and not v.wrong) for v in self._verdicts)
        idle = sum(not v.struck for v in self._verdicts)
        count, seconds = len(self._verdicts), time.monotonic() - self._began
        print(f"\n{count} cases in {seconds:.0f} s, in {idle} of them nothing was struck:")
        print(f"  {count - len(wrong) - lost} ended as without a fault")
        print(f"  {lost} lost what they may, and said so")
        print(f"  {len(wrong)} differ")
        for verdict in wrong:
            print(f"    {verdict.case.name}")
        return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
