"""Generates tests for public modules and measures them with coverage.py, by hand.

`make bench-generate`, or `... generate.py --seconds 30 --only toolz --out folder`.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from qe_action.generators.goals import goals_of
from qe_action.generators.offline import OfflineGenerator
from qe_action.generators.port import Candidate, Job, Layout, Suspicion, Trouble
from qe_action.lab import PlainLab

ROOT = Path(__file__).parent.parent.parent
NINE = (
    "inflection", "packaging.version", "humanize.number", "slugify.slugify", "toolz.itertoolz",
    "textdistance.algorithms.edit_based", "more_itertools.recipes", "string_utils.validation",
    "docstring_parser.google",
)  # fmt: skip
OTHERS = ("boltons.strutils", "semver.version", "natsort.utils", "tabulate", "jmespath.lexer")


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
        lab=PlainLab(python),
        seed=seed,
        budget=10**9,
    )
    found: list[Candidate] = []
    notes: list[object] = []
    start = time.monotonic()
    candidates = OfflineGenerator().candidates(job)
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


def measured(python: str, module: str, target: Path, text: str, keep: Path | None) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "test_generated.py"
        place.write_text(text, encoding="utf-8")
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"test_{module.replace('.', '_')}.py").write_text(text, encoding="utf-8")
        (Path(folder) / "rc").write_text("[run]\nbranch = true\n", encoding="utf-8")
        run = [python, "-m", "coverage", "run", "--rcfile=rc", f"--include={target}"]
        ran = subprocess.run(
            [*run, "-m", "pytest", "-q", "-x", "--maxfail=1000", "-p", "no:cacheprovider", "."],
            cwd=folder, capture_output=True, text=True,
        )  # fmt: skip
        subprocess.run(
            [python, "-m", "coverage", "json", "--rcfile=rc", "-o", "c.json"],
            cwd=folder, capture_output=True,
        )  # fmt: skip
        report = Path(folder) / "c.json"
        percent, missing, branches = 0.0, [], []
        if report.exists():
            for told in json.loads(report.read_text())["files"].values():
                percent = told["summary"]["percent_covered"]
                missing, branches = told["missing_lines"], told["missing_branches"]
        words = ran.stdout.strip().splitlines()
        failed = [line for line in words if line.startswith(("FAILED", "ERROR"))]
        return {
            "percent": percent,
            "missing": missing,
            "branches": branches,
            "failed": failed,
            "last": words[-1] if words else ran.stderr[-300:],
        }


def without_assertion(candidates: list[Candidate]) -> int:
    return sum("assert " not in c.code and "pytest.raises" not in c.code for c in candidates)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--python", default=str(ROOT / ".venv-generate/bin/python"))
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--no-docs", action="store_true", help="without docstring examples")
    parser.add_argument("--others", action="store_true", help="the other modules as well")
    parser.add_argument("--missing", action="store_true", help="show what was not reached")
    options = parser.parse_args()
    nine = []
    for module in NINE + (OTHERS if options.others else ()):
        if not re.search(options.only, module):
            continue
        made = asyncio.run(
            generated(options.python, module, options.seconds, options.seed, options.no_docs)
        )
        candidates = made["candidates"]
        result = measured(
            options.python, module, made["target"], test_file(candidates), options.out
        )
        if module in NINE:
            nine.append(result["percent"])
        print(
            f"{module:36} {result['percent']:5.1f} %  {len(candidates):3} tests"
            f"  {len(result['failed'])} failing  {without_assertion(candidates)} without assertion"
            f"  {made['seconds']:.0f} s  {result['last']}",
            flush=True,
        )
        for line in result["failed"][:5]:
            print("   ", line[:200])
        for note in made["notes"]:
            if isinstance(note, Suspicion | Trouble):
                print("   ", str(note)[:260])
        if options.missing:
            print("    lines", result["missing"], "branches", result["branches"])
    if len(nine) > 1:
        print(f"median {statistics.median(nine):.1f} %, mean {statistics.mean(nine):.1f} %")


if __name__ == "__main__":
    sys.exit(main())
