"""How far delivery lags behind the analysis, and that a slow GitHub does not hold it up."""

from __future__ import annotations

import itertools
import math
import re
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cases import Case, FaultRunner, Verdict
from fake_github.wire import Recorded
from faulty_github import Act, FaultyGitHub, Position
from job import cobertura
from plans import Nothing
from sites import Run, Site

ANSWER = 2.0
"""Seconds a slow GitHub takes."""
INTERVAL = 0.2
FILES = 400
"""Files of a report that takes a second or two to read."""
TOOK = re.compile(r"^Patch .* \((\d+\.\d+) s\)$")
OF_ANALYSIS = ("read baseline", "list history")


@dataclass
class Slow:
    """Every answer takes its time, but those that the analysis waits for."""

    seconds: float

    def strike(self, position: Position) -> Act | None:
        if position.endpoint in OF_ANALYSIS:
            return None

        def act(github: FaultyGitHub, request: Recorded) -> bool:
            github.hang(self.seconds)
            github.take_effect(request)
            return True

        return act


@dataclass(frozen=True)
class Line:
    """A line of the log and when it came."""

    time: float
    text: str


def watched(run: Run, pacing: dict[str, str], **inputs: str) -> list[Line]:
    """Run to the end, with the moments of the log's lines."""
    process = run.begin(42, 1, pacing, "pull_request", None, inputs)
    assert process.stdout is not None
    lines = [Line(time.monotonic(), text) for text in process.stdout]
    assert process.wait() == 0, "".join(line.text for line in lines)
    return lines


def not_held_up(runner: FaultRunner) -> Verdict:
    """The analysis takes the same time, whether GitHub takes words at once or in two seconds.

    What the analysis itself reads of GitHub, here the base's check runs, is answered at once.
    """
    site = runner.sites["plain"]
    took = {}
    for seconds in (0.0, ANSWER):
        times = []
        for _ in range(3):
            with site.github(Slow(seconds)) as github:
                run = Run(site, github, Path(tempfile.mkdtemp(dir=runner.folder)))
                lines = watched(run, {"TIMEOUT": "10"})
            times.append(next(float(t[1]) for x in reversed(lines) if (t := TOOK.search(x.text))))
        took[seconds] = min(times)
    wrong = [f"seconds by answer: {took}"] * (took[ANSWER] - took[0.0] > ANSWER / 2)
    return Verdict(Case("plain/not held up", "plain", Nothing), tuple(wrong), True)


def lag(runner: FaultRunner) -> Verdict:
    """Each edit says all that was known one interval before, and they come when they are due."""
    site = _long(runner)
    with site.github() as github:
        run = Run(site, github, Path(tempfile.mkdtemp(dir=runner.folder)))
        lines = watched(run, {"EDIT_INTERVAL": str(INTERVAL)}, annotations="all")
    known = [(line.time, p) for line in lines if (p := _percent(line.text)) is not None]
    wrong = []
    for method, path in (("PATCH", "/check-runs/"), ("", "comments")):
        edits = [r for r in github.writes if method in r.method and path in r.path]
        wrong += _late(path, [(r.time, _shown(r)) for r in edits], known)
    return Verdict(
        Case("long/lag", "long", Nothing), tuple(wrong), True, (), "".join(x.text for x in lines)
    )


def _late(
    what: str, edits: list[tuple[float, float]], known: list[tuple[float, float]]
) -> Iterator[str]:
    """Edits that leave out what was known at the one before, and edits that are missing."""
    for (before, _), (_, shown) in itertools.pairwise(edits):
        last = [percent for moment, percent in known if moment < before]
        if last and shown < last[-1]:
            yield f"{what}: an edit says {shown:g}% where {last[-1]:g}% was known"
    took = known[-1][0] - known[0][0]
    due = math.floor(math.log2(took / INTERVAL + 1))
    if len(edits) < due - 1:
        yield f"{what}: {len(edits)} edits in {took:.1f} s, where {due} were due"


def _percent(text: str) -> float | None:
    found = re.match(r"\s*(\d+)%  ", text)
    return float(found[1]) if found else None


def _shown(request: Recorded) -> float:
    """The percentage that an edit's title tells; the last one tells all there is."""
    body = request.body
    title = body["output"]["title"] if "output" in body else body["body"].split("\n")[1]
    found = re.search(r"\((\d+)%", title.replace("\\", ""))
    return float(found[1]) if found else 100.0


def _long(runner: FaultRunner) -> Site:
    site = runner.sites["plain"]
    folder = runner.folder / "long"
    root = site.repo.clone(folder, site.merge, 99)
    lines = {n: n % 2 for n in range(1, 1500)}
    report = cobertura({"new.py": {n: n % 2 for n in range(1, 9)}, "NAME": lines})
    start = report.rindex("<class ")
    end = report.index("</classes>")
    block = report[start:end]
    many = "".join(block.replace("NAME", f"f{n}.py") for n in range(FILES))
    (root / "coverage.xml").write_text(report[:start] + many + report[end:])
    made = Site("long", folder, 8, False)
    made.repo = site.repo
    made.base, made.head, made.merge = site.base, site.head, site.merge
    made.before, made.checkout = site.before, root
    return made
