"""Whether `qe-action test` says of a suite what pytest says of it without us.

    python tests/bench/suite_outcomes.py FOLDER -- COMMAND

runs COMMAND in a copy of FOLDER, and then through `qe-action test` in another one. Compared are the
exit code, what is printed, the JUnit files, and the outcome of every test in the journal with that
in the JUnit file of the run without us. Where COMMAND has a word `pytest` it is told to write that
file; with `--no-junit` before the folder it is not, for a command that runs several suites. With
`--shuffled` lines may come in any order, as from pytest-xdist. Ends in 1 where anything differs.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from argparse import ArgumentParser
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

JUNIT = ".outcomes-junit.xml"
JOURNAL = ".outcomes-journal.jsonl"
NAME = 900
"""Characters of a name that are compared: longer ones are cut in the journal."""
SHOWN = 15
"""Differences of a kind that are printed."""
STARTING = ("CI", "GITHUB_", "PYTEST_", "INPUT_", "COV_", "COVERAGE_")
"""Beginnings of the names of variables that both runs do without."""
# What two runs of the same tests never have in common.
_TIMES = re.compile(r"\b\d+(?:\.\d+)? ?(?:m|u|n|μ)?s\b(?: \([\d:]+\))?")
_ADDRESSES = re.compile(r"0x[0-9a-f]{6,}")
_WORKERS = re.compile(r"\bgw\d+\b")
_DOTS = re.compile(r"^[.FEsxXRu,-]*(?: +\[ *\d+%\])?(?:\[gw\d+\] node down.*)?$")
_LAST_LINE = re.compile(r"\d+ \w+.* in [\d.]+|^no tests ran|^=+ .* =+$")
_COUNTED = re.compile(
    r"(\d+) (passed|failed|errors?|skipped|xfailed|xpassed|subtests passed|subtests skipped)\b"
)

Outcomes = dict[tuple[str, str], Counter[str]]


@dataclass
class Ran:
    """What a run has left. `outcomes` are by a test's class and name, as JUnit has them."""

    code: int
    output: list[str]
    outcomes: Outcomes | None
    events: list[dict[str, Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def last(self) -> str:
        return next((line for line in reversed(self.output) if _LAST_LINE.search(line)), "")

    @property
    def counts(self) -> Counter[str]:
        """As the last lines of each session tell them, or else the JUnit file."""
        found: Counter[str] = Counter()
        for line in self.output:
            if re.search(r" in \d+[.\d]*s", line):
                for number, what in _COUNTED.findall(line):
                    found[{"errors": "error"}.get(what, what)] += int(number)
        if not self.last and self.outcomes:
            return sum(self.outcomes.values(), found)
        return found

    @property
    def complete(self) -> dict[str, Any]:
        results = [
            event
            for event in self.events
            if event["type"] == "complete" and event["agent"] == "test-executor"
        ]
        return results[-1] if results else {}


def main() -> int:
    parser = ArgumentParser(description=__doc__, usage="%(prog)s [options] FOLDER -- COMMAND")
    parser.add_argument("--no-junit", action="store_true")
    parser.add_argument("--shuffled", action="store_true")
    parser.add_argument("folder", type=Path)
    words = sys.argv[1:]
    split = words.index("--") if "--" in words else len(words)
    given = parser.parse_args(words[:split])
    command = words[split + 1 :]
    if not command:
        parser.error("it needs the command that runs the tests")
    with tempfile.TemporaryDirectory(prefix="outcomes-") as place:
        differences = compare(
            Path(place), given.folder, command, junit=not given.no_junit, shuffled=given.shuffled
        )
    for difference in differences:
        print(f"DIFFERENT {difference}")
    return 1 if differences else 0


def as_shell(code: int) -> int:
    """An exit code as a shell has it."""
    return code if code >= 0 else 128 - code


def compare(
    place: Path, folder: Path, command: Sequence[str], *, junit: bool, shuffled: bool
) -> list[str]:
    """Run both, print a table, and return what differs."""
    told = [*command]
    at = next((at for at, word in enumerate(told, 1) if PurePath(word).name == "pytest"), 0)
    if junit and at:
        told.insert(at, f"--junitxml={JUNIT}")
    plain = run(place, folder, told)
    watched = ["test", "--journal", JOURNAL, "--quiet", "--", *told]
    ours = run(place, folder, [sys.executable, "-m", "qe_action", *watched])
    said = {name: n for name, n in ours.complete.get("counts", {}).items() if n}
    heard = outcomes_of(ours.events)
    print(f"{'':24} {'without us':>14} {'with us':>14}")
    for name, before, after in (
        ("exit code", plain.code, ours.code),
        ("lines printed", len(plain.output), len(ours.output)),
        ("tests in JUnit", size(plain.outcomes), size(ours.outcomes)),
        ("tests in the journal", size(plain.outcomes), size(heard)),
        *((each, plain.counts[each], said.get(each, 0)) for each in sorted({*plain.counts, *said})),
    ):
        print(f"{name:24} {before:>14} {after:>14}")
    print(f"{'last line':24} {plain.last.strip('= ')}")
    return [*differences(plain, ours, heard, shuffled=shuffled)]


def size(outcomes: Outcomes | None) -> int:
    return len(outcomes or ())


def differences(plain: Ran, ours: Ran, heard: Outcomes, *, shuffled: bool) -> Iterator[str]:
    """Each thing that is not the same."""
    if plain.code != ours.code:
        yield f"exit code: {plain.code} without us, {ours.code} with us"
    if not ours.complete:
        yield "the journal has no result"
    said = Counter({name: n for name, n in ours.complete.get("counts", {}).items() if n})
    told = Counter({name: n for name, n in plain.counts.items() if not name.startswith("subtests")})
    if said != told and (plain.last or plain.outcomes):  # a process that dies says nothing
        yield f"counts: {dict(told)} in the last line, {dict(said)} in the result"
    if without_times([plain.last]) != without_times([ours.last]):
        yield f"last line: {plain.last!r} without us, {ours.last!r} with us"
    arranged = without_order if shuffled else list
    printed = [arranged(without_times(ran.output)) for ran in (plain, ours)]
    if printed[0] != printed[1]:
        lines = [(a, b) for a, b in zip(*printed, strict=False) if a != b]
        yield f"output: {lines[:2]!r}"
    begins = without_times(ours.errors[: len(plain.errors)])
    if not shuffled and without_times(plain.errors) != begins:
        yield f"standard error: {plain.errors[-3:]!r}, {ours.errors[-3:]!r}"
    if plain.outcomes is not None:
        yield from unlike("JUnit file", plain.outcomes, ours.outcomes or {})
        yield from unlike("journal", simple(plain.outcomes), simple(heard))


def unlike(where: str, before: Outcomes, after: Outcomes) -> Iterator[str]:
    """The tests whose outcomes differ."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    for name in names[:SHOWN]:
        was, became = (dict(each.get(name, {})) for each in (before, after))
        yield f"{where}: {'::'.join(name)} was {was}, is {became}"
    if len(names) > SHOWN:
        yield f"{where}: {len(names) - SHOWN} more"


def simple(outcomes: Outcomes) -> Outcomes:
    """Each outcome of a test once: JUnit has no success beside a failure, and subtests as it."""
    found = {}
    for name, counts in outcomes.items():
        kinds = {*counts} - {"passed"} or {"passed"}
        found[name] = Counter(kinds)
    return found


def run(place: Path, folder: Path, command: Sequence[str]) -> Ran:
    """Run a command in a copy that has the same name each time."""
    copy = place / "project"
    shutil.copytree(folder, copy, symlinks=True)
    try:
        env = {name: text for name, text in os.environ.items() if not name.startswith(STARTING)}
        env["PATH"] = os.pathsep.join(filter(None, (os.environ.get("SUITE_PATH"), env["PATH"])))
        done = subprocess.run(command, cwd=copy, env=env, capture_output=True, check=False)
        written, journal = copy / JUNIT, copy / JOURNAL
        events = []
        if journal.exists():
            events = [json.loads(line) for line in journal.read_bytes().splitlines()[1:]]
        return Ran(
            as_shell(done.returncode),
            done.stdout.decode("utf-8", "replace").splitlines(),
            junit_outcomes(written) if written.exists() else None,
            events,
            done.stderr.decode("utf-8", "replace").splitlines(),
        )
    finally:
        shutil.rmtree(copy)


def without_times(lines: Iterable[str]) -> list[str]:
    """What is printed, without what differs between any two runs."""
    kept = (_ADDRESSES.sub("0x", _TIMES.sub("TIME", line)) for line in lines)
    return [re.sub(r"(={3,}|-{3,})", "==", line) for line in kept]


def without_order(lines: Iterable[str]) -> list[str]:
    """The same lines whichever worker had a test, and whichever came first."""
    kept = (line for line in lines if not _DOTS.search(line))
    return sorted(_WORKERS.sub("gw", line) for line in kept)


def junit_outcomes(path: Path) -> Outcomes:
    """The outcomes in a JUnit file of pytest's."""
    found: Outcomes = defaultdict(Counter)
    for case in ET.parse(path).getroot().iter("testcase"):
        name = case.get("classname", ""), case.get("name", "")[:NAME]
        if not any(name) or name == ("pytest", "internal"):  # where pytest itself was cut short
            continue
        outcomes = [*map(_outcome, case)]
        found[name].update([each for each in outcomes if each] or ["passed"])
    return dict(found)


def _outcome(element: ET.Element) -> str:
    if element.tag == "skipped":
        return "xfailed" if element.get("type") == "pytest.xfail" else "skipped"
    return {"failure": "failed", "error": "error"}.get(element.tag, "")


def outcomes_of(events: Iterable[dict[str, Any]]) -> Outcomes:
    """The outcomes in a journal, by the names that pytest gives tests in JUnit files."""
    found: Outcomes = defaultdict(Counter)
    for event in events:
        if event["type"] == "finished":
            outcome = "passed" if event["outcome"] == "xpassed" else event["outcome"]
            found[junit_name(event["id"])][outcome] += 1
    return dict(found)


def junit_name(name: str) -> tuple[str, str]:
    """Class and name of a test: `a/test_b.py::C::test_d[e]` is `a.test_b.C` and `test_d[e]`."""
    path, bracket, rest = name.partition("[")
    file, *names = path.split("::")
    parts = [re.sub(r"\.py$", "", file.replace("/", ".")), *names]
    parts[-1] += bracket + rest
    return ".".join(parts[:-1]), parts[-1][:NAME]


if __name__ == "__main__":
    sys.exit(main())
