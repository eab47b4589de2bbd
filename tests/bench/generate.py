"""Generates tests for public modules and measures them with coverage.py and mutants, by hand.

`make bench-generate`, or `... generate.py --sets nine --only toolz --out folder`. The table is
Markdown. A machine that others use gives less: look at the CPU seconds beside those of the clock.

Beside Pynguin: it pins old versions of pytest, black and setuptools, so it has an environment of
its own, with the same modules:

    python -m venv .venv-pynguin
    .venv-pynguin/bin/pip install pynguin==0.48.0 inflection==0.5.1 ...
    PYNGUIN_DANGER_AWARE=1 .venv-pynguin/bin/pynguin --project-path FOLDER --module-name inflection
        --output-path OUT --maximum-search-time 30 --seed 0 --assertion-generation SIMPLE

where FOLDER holds a copy of the module; `generate.py --given OUT/test_inflection.py --only
inflection` measures what it wrote as ours is measured.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import os
import re
import resource
import statistics
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from judged import Judged, judge

from qe_action.generators.offline import OfflineGenerator
from qe_action.generators.port import Candidate, Job, Layout, Suspicion, Trouble, Unjudged
from qe_action.generators.whole_file import goals_of
from qe_action.project_worker.client import PlainInterpreter
from qe_action.verify.mutants import mutants

ROOT = Path(__file__).parent.parent.parent
NINE = (
    "inflection", "packaging.version", "humanize.number", "slugify.slugify", "toolz.itertoolz",
    "textdistance.algorithms.edit_based", "more_itertools.recipes", "string_utils.validation",
    "docstring_parser.google",
)  # fmt: skip
OTHERS = ("boltons.strutils", "semver.version", "natsort.utils", "tabulate", "jmespath.lexer")
FRESH = (
    "isodate.isoduration", "sortedcontainers.sortedlist", "parse", "num2words.lang_EN", "xmltodict",
    "wcwidth.textwrap", "pathvalidate._filename", "tinydb.queries", "click.formatting",
    "dateutil.relativedelta",
)  # fmt: skip
"""Looked at while the generator was improved."""
HELD_OUT = (
    "cachetools", "jsonpointer", "pytimeparse.timeparse", "funcy.seqs",
    "validators.url", "phpserialize", "colour",
)  # fmt: skip
"""Measured when all was done, and never looked at before."""
SETS = {"nine": NINE, "others": OTHERS, "fresh": FRESH, "held-out": HELD_OUT}


def origin(python: str, module: str) -> Path:
    code = f"import importlib; print(importlib.import_module({module!r}).__file__)"
    shown = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return Path(shown.stdout.strip())


async def generated(python: str, module: str, seconds: float, seed: int, nodoc: bool) -> dict:
    target = origin(python, module)
    source = target.read_text(encoding="utf-8")
    site = str(next(p for p in target.parents if p.name == "site-packages"))
    shown = without_docstrings(source) if nodoc else source
    job = Job(
        target=str(target),
        source=shown,
        goals=goals_of(source, str(target)),
        root=site,
        layout=Layout(module, (site,)),
        interpreter=PlainInterpreter(python),
        seed=seed,
        budget=10**9,
        mutants=mutants(source.encode(), frozenset(range(1, source.count("\n") + 2))),
    )
    found: list[Candidate] = []
    notes: list[object] = []
    start, cpu = time.monotonic(), spent()
    candidates = OfflineGenerator().candidates(job, Unjudged())
    try:
        async with asyncio.timeout(seconds):
            async for proposal in candidates:
                (found if isinstance(proposal, Candidate) else notes).append(proposal)
    except TimeoutError:
        pass
    finally:
        await candidates.aclose()
    return {
        "target": target,
        "candidates": found,
        "notes": notes,
        "seconds": time.monotonic() - start,
        "cpu": spent() - cpu,
    }


def without_docstrings(source: str) -> str:
    """The same lines with the documentation blanked, so that no example helps."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        body = getattr(node, "body", None)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and body:
            first = body[0]
            value = first.value if isinstance(first, ast.Expr) else None
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                blank = " " * first.col_offset + '""'
                rest = [""] * (first.end_lineno - first.lineno)
                lines[first.lineno - 1 : first.end_lineno] = [blank, *rest]
    return "\n".join(lines) + "\n"


def test_file(candidates: list[Candidate]) -> str:
    wanted: dict[str, set[str]] = {}
    plain = set()
    for candidate in candidates:
        for line in candidate.imports:
            if match := re.match(r"from (\S+) import (.+)", line):
                wanted.setdefault(match[1], set()).update(match[2].split(", "))
            else:
                plain.add(line)
    head = sorted(plain) + [f"from {m} import {', '.join(sorted(n))}" for m, n in wanted.items()]
    return "\n".join(head) + "\n\n\n" + "\n\n".join(candidate.code for candidate in candidates)


def without_assertion(candidates: list[Candidate]) -> int:
    return sum("assert " not in c.code and "pytest.raises" not in c.code for c in candidates)


def spent() -> float:
    """CPU seconds of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


COLUMNS = ("module", "line+branch", "tests", "cases", "cases/min", "mutants killed", "failing",
           "flaky", "no assertion", "CPU s", "wall s", "load")  # fmt: skip


def row(module: str, made: dict, judged: Judged) -> dict:
    """One line of the table."""
    seconds = made["seconds"]
    killed = 100 * judged.killed / judged.mutants if judged.mutants else None
    return {
        "module": module,
        "line+branch": f"{judged.percent:.1f} %",
        "tests": len(made["candidates"]),
        "cases": judged.cases,
        "cases/min": round(60 * judged.cases / max(1.0, seconds)),
        "mutants killed": f"{killed:.0f} % of {judged.mutants}" if killed is not None else "",
        "failing": len(judged.failing),
        "flaky": len(judged.flaky),
        "no assertion": without_assertion(made["candidates"]),
        "CPU s": round(made["cpu"], 1),
        "wall s": round(seconds),
        "load": f"{os.getloadavg()[0]:.1f}",
    }


def summary(name: str, percents: list[float], killed: list[float]) -> str:
    parts = [
        f"median {statistics.median(percents):.1f} %",
        f"mean {statistics.mean(percents):.1f} %",
    ]
    if killed:
        parts.append(f"mutants killed, median {statistics.median(killed):.0f} %")
    return f"{name}: " + ", ".join(parts)


def options_of() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--python", default=str(ROOT / ".venv-generate/bin/python"))
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="a pattern for the modules' names")
    parser.add_argument("--sets", default="nine", help=f"of {', '.join(SETS)}, with commas")
    parser.add_argument("--out", type=Path, help="a folder for the tests")
    parser.add_argument("--given", type=Path, help="a file of tests to measure in place of ours")
    parser.add_argument("--no-docs", action="store_true", help="without docstring examples")
    parser.add_argument("--no-mutants", action="store_true", help="leave out the mutants")
    parser.add_argument("--missing", action="store_true", help="show what was not reached")
    return parser.parse_args()


def details(made: dict, judged: Judged, *, missing: bool) -> None:
    """What the table does not hold, on standard error."""
    say = partial(print, "   ", file=sys.stderr)
    if judged.trouble:
        say(judged.trouble[:300])
    for name in judged.failing + judged.flaky:
        say(name[:200])
    for note in made["notes"]:
        if isinstance(note, Suspicion | Trouble):
            say(str(note)[:260])
    if missing:
        say("lines", list(judged.missing), "branches", list(judged.branches))


def measured(options: argparse.Namespace, module: str) -> tuple[dict, Judged]:
    if options.given:
        made = {"target": origin(options.python, module), "candidates": [], "notes": []}
        made |= {"seconds": options.seconds, "cpu": 0.0}
        text = options.given.read_text(encoding="utf-8")
    else:
        made = asyncio.run(
            generated(options.python, module, options.seconds, options.seed, options.no_docs)
        )
        text = test_file(made["candidates"])
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        place = options.out / f"test_{module.replace('.', '_')}.py"
        place.write_text(text, encoding="utf-8")
    mutate = not options.no_mutants
    return made, asyncio.run(judge(options.python, made["target"], text, mutate=mutate))


def main() -> None:
    options = options_of()
    print(f"Seed {options.seed}, {options.seconds:.0f} s a module.\n")
    print("| " + " | ".join(COLUMNS) + " |\n|" + " :-- |" * len(COLUMNS))
    summaries = []
    for name in options.sets.split(","):
        percents, killed = [], []
        for module in SETS[name]:
            if not re.search(options.only, module):
                continue
            made, judged = measured(options, module)
            percents.append(judged.percent)
            if judged.mutants:
                killed.append(100 * judged.killed / judged.mutants)
            shown = row(module, made, judged)
            print("| " + " | ".join(str(shown[key]) for key in COLUMNS) + " |", flush=True)
            details(made, judged, missing=options.missing)
        if percents:
            summaries.append(summary(name, percents, killed))
    print("\n" + "\n".join(summaries))


if __name__ == "__main__":
    sys.exit(main())
