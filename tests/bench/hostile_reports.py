"""Reports that are large where real ones are small, and what reading them takes.

`python tests/bench/hostile_reports.py [--megabytes 200] [NAME...]` writes each, analyses it in a
process of its own with all files changed, and prints its peak memory; a peak of more than 250 MB
is an error. The names are those of `REPORTS`.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

MOST = 250
"""MB that the analysis of any report of 200 MB may take at most."""

Writer = Callable[[], Iterator[str]]
"""Pieces of a report without end: the first one opens it. None ends within a tag or a token."""

_TAG = re.compile(r"<(/?)([a-z]\w*)[^>]*?(/?)>")
_BRACKET = re.compile(r"[][{}]")


def lcov_lines() -> Iterator[str]:
    """One file whose lines never end."""
    yield "TN:\nSF:a0.c\n"
    for number in count(1):
        yield f"DA:{number},{number % 2}\n"


def lcov_sections() -> Iterator[str]:
    """One file in sections of other lines each."""
    yield "TN:\nSF:a0.c\n"
    for number in count(1):
        yield f"DA:{number % 9_999_991 + 1},{number % 2}\n"
        if number % 1000 == 0:
            yield "end_of_record\nSF:a0.c\n"


def lcov_ways() -> Iterator[str]:
    """One file with a way out of each line, each named otherwise."""
    yield "TN:\nSF:a0.c\n"
    for number in count(1):
        yield f"BRDA:{number % 999_983 + 1},0,x{number} == y,0\n"


def lcov_ways_of_a_line() -> Iterator[str]:
    yield "TN:\nSF:a0.c\nDA:1,1\n"
    for number in count(1):
        yield f"BRDA:1,0,{number},0\n"


def lcov_ways_in_sections() -> Iterator[str]:
    yield "TN:\nSF:a0.c\nDA:1,1\n"
    for number in count(1):
        yield f"BRDA:1,0,{number},0\n"
        if number % 1000 == 0:
            yield "end_of_record\nSF:a0.c\nDA:1,1\n"


def lcov_ways_of_many_files() -> Iterator[str]:
    for number in count(1):
        yield f"SF:a{number % 90}.c\nDA:1,1\n"
        for line in range(1, 100_000):
            yield f"DA:{line},1\nBRDA:{line},0,0,1\nBRDA:{line},0,way {line * number},0\n"
        yield "end_of_record\n"


def lcov_functions() -> Iterator[str]:
    yield "TN:\nSF:a0.c\nDA:1,1\n"
    for number in count(1):
        yield f"FN:{number % 999_983 + 1},f{number}\nFNDA:0,f{number}\n"


def lcov_files() -> Iterator[str]:
    for number in count(1):
        yield f"SF:b{number}.c\nDA:1,0\nend_of_record\n"


def lcov_files_again() -> Iterator[str]:
    """Many files, each in many sections."""
    for number in count(1):
        yield f"SF:b{number % 199_900}.c\nDA:{number // 199_900 + 1},0\nend_of_record\n"


def lcov_twice() -> Iterator[str]:
    """One file in sections that are as large as can be."""
    yield "TN:\n"
    for part in count():
        yield "SF:a0.c\n"
        for line in range(1, 1_000_001):
            yield f"DA:{line + 500_000 * (part % 4)},{line + 1000}\n"
        yield from (f"BRDA:{line},0,{part} {line},0\n" for line in range(1, 100_001))
        yield "end_of_record\n"


def lcov_long_names() -> Iterator[str]:
    for number in count(1):
        yield f"SF:b{number}{'/x' * 200}{'y' * 3000}.c\nDA:1,0\nend_of_record\n"


def lcov_deep_names() -> Iterator[str]:
    """Paths of as many folders as a path may have."""
    for number in count(1):
        yield f"SF:b{number}{'/xy' * 250}.c\nDA:1,0\nend_of_record\n"


def lcov_long_functions() -> Iterator[str]:
    yield "TN:\nSF:a0.c\nDA:1,1\n"
    for number in count(1):
        yield f"FN:{number % 999_983 + 1},{'f' * 900}\nFN:1,{number}{'g' * 780}\n"


def lcov_everything() -> Iterator[str]:
    """One file at every limit: lines run often, ways and functions with long names."""
    yield "TN:\nSF:a0.c\n"
    for number in count(1):
        yield f"DA:{number % 9_999_991 + 1},{number + 1000}\n"
        if number % 2 == 0:
            yield f"BRDA:{number},0,{number} {'w' * 180},0\n"
        if number % 4 == 0:
            yield f"FN:{number},{number}{'f' * 180}\nFNDA:5,{number}{'f' * 180}\n"


def lcov_scattered() -> Iterator[str]:
    """Many files, each in sections of other lines with ways of their own."""
    for number in count(1):
        yield f"SF:a{number % 90}.c\n"
        for line in range(1 + 1000 * (number // 90), 1001 + 1000 * (number // 90)):
            yield f"DA:{line % 9_999_991 + 1},1\nBRDA:{line % 9_999_991 + 1},0,way {line},0\n"
        yield "end_of_record\n"


def lcov_unreadable() -> Iterator[str]:
    yield "TN:\nSF:a0.c\n"
    for number in count(1):
        yield f"DA:{number},NaN\n"


COBERTURA = '<coverage><packages><package><classes><class name="a" filename="a0.c"><lines>'


def cobertura_missing() -> Iterator[str]:
    """Lines with hundreds of branches each, that all have names."""
    yield COBERTURA
    names = ",".join(f"{n}" for n in range(100_000, 100_500))
    for number in count(1):
        yield (
            f'<line number="{number}" hits="1" branch="true" '
            f'condition-coverage="0% (0/500)" missing-branches="{number},{names}"/>'
        )


def cobertura_lines() -> Iterator[str]:
    yield COBERTURA
    for number in count(1):
        yield (
            f'<line number="{number % 9_999_991 + 1}" hits="1" branch="true" '
            f'condition-coverage="50% (1/{number % 60_000 + 2})"/>'
        )


def cobertura_methods() -> Iterator[str]:
    yield COBERTURA.replace("<lines>", "<methods>")
    for number in count(1):
        yield f'<method name="m{number}"><lines><line number="{number % 999_983 + 1}" hits="0"/>'
        yield "</lines></method>"


def cobertura_thrice() -> Iterator[str]:
    """A file as classes with lines of their own and of methods."""
    yield "<coverage><packages><package><classes>"
    for part in count():
        yield '<class name="a" filename="a0.c">'
        for place in ("methods><method name='m'", "lines"):
            name = place.partition(">")[0]
            yield f"<{place}>" if name == "lines" else f"<{place}><lines>"
            for line in range(1, 1_000_001):
                yield f'<line number="{line + 2_000_000 * (part % 4)}" hits="{line + 300}"/>'
            yield "</lines>" if name == "lines" else "</lines></method></methods>"
        yield "</class>"


def cobertura_elements() -> Iterator[str]:
    """No element is named as another."""
    yield COBERTURA
    for number in count(1):
        yield f"<e{number}/>"


def cobertura_attributes() -> Iterator[str]:
    yield COBERTURA
    for number in count(1):
        yield f'<line number="1" hits="1" a{number}=""/>'


def cobertura_declarations() -> Iterator[str]:
    """Attributes that a document type gives values to."""
    yield "<!DOCTYPE coverage ["
    for number in count(1):
        yield f'<!ATTLIST line a{number} CDATA "x">'


def cobertura_conditions() -> Iterator[str]:
    yield COBERTURA
    for number in count(1):
        yield f'<line number="{number}" hits="1" condition-coverage="0% (0/9)"><conditions>'
        yield "".join(f'<condition number="{n}" coverage="0%"/>' for n in range(20))
        yield "</conditions></line>"


def cobertura_classes() -> Iterator[str]:
    """Classes of a few files in turns, each with lines and branches of its own."""
    yield "<coverage><packages><package><classes>"
    for number in count(1):
        yield f'<class name="c{number}" filename="a{number % 90}.c"><lines>'
        for line in range(1 + 1000 * (number // 90), 1001 + 1000 * (number // 90)):
            yield f'<line number="{line}" hits="9999" condition-coverage="0% (0/{line})"/>'
        yield "</lines></class>"


def cobertura_files_below_sources() -> Iterator[str]:
    """Relative paths that each could be below many folders elsewhere."""
    yield "<coverage><sources>"
    yield from (f"<source>/build/{'s' * 900}{n}</source>" for n in range(100))
    yield "</sources><packages><package><classes>"
    for number in count(1):
        yield f'<class name="c" filename="b{number}.c"><lines><line number="1" hits="0"/></lines>'
        yield "</class>"


def cobertura_named() -> Iterator[str]:
    """Classes of one file in turns with another's, their lines with names of branches."""
    yield "<coverage><packages><package><classes>"
    names = ",".join(f"{n}" for n in range(100_000, 100_090))
    for number in count(1):
        yield f'<class name="c" filename="a{number % 2}.c"><lines>'
        for line in range(1 + 1000 * (number // 2), 1001 + 1000 * (number // 2)):
            missing = f'missing-branches="{line},{names}"'
            yield f'<line number="{line}" hits="9" condition-coverage="0% (0/91)" {missing}/>'
        yield "</lines></class>"


def cobertura_named_later() -> Iterator[str]:
    """Classes of one file with the same lines, of which each names the branches of some others."""
    yield COBERTURA
    for line in range(1, 250_001):
        yield f'<line number="{line}" hits="9" condition-coverage="0% (0/2)"/>'
    for number in count():
        yield '</lines></class><class name="a" filename="a0.c"><lines>'
        for line in range(2500 * (number % 100) + 1, 2500 * (number % 100) + 2501):
            names = ",".join(f"{line}{n}" for n in range(10, 110))
            missing = f'missing-branches="{names}"'
            yield f'<line number="{line}" hits="9" condition-coverage="0% (0/100)" {missing}/>'


def cobertura_sources() -> Iterator[str]:
    yield "<coverage><sources>"
    for number in count(1):
        yield f"<source>/build/{number}</source>"


def jacoco_methods() -> Iterator[str]:
    yield '<report name="r"><package name="p"><class name="p/A" sourcefilename="a0.c">'
    for number in count(1):
        yield f'<method name="m{number}" line="{number % 999_983 + 1}"/>'


def jacoco_lines() -> Iterator[str]:
    yield '<report name="r"><package name="p"><sourcefile name="a0.c">'
    for number in count(1):
        yield f'<line nr="{number % 9_999_991 + 1}" mi="1" ci="1" mb="{number % 60_000}" cb="1"/>'


def jacoco_groups() -> Iterator[str]:
    """Files in groups of groups with long names."""
    yield '<report name="r">' + "".join(f'<group name="{str(n) * 190}">' for n in range(9))
    for number in count(1):
        yield f'<group name="{number}"><package name=""><sourcefile name="A{number}.java">'
        yield '<line nr="1" mi="1" ci="0"/></sourcefile></package></group>'


def jacoco_long_sources() -> Iterator[str]:
    yield '<report name="r"><package name="p">'
    for number in count(1):
        yield f'<class name="p/A{number}" sourcefilename="{number}{"s" * 4000}"/>'


def jacoco_classes() -> Iterator[str]:
    yield '<report name="r"><package name="p">'
    for number in count(1):
        yield f'<class name="p/A{number}" sourcefilename="A{number}.java"/>'


def json_lines() -> Iterator[str]:
    yield '{"meta": {}, "files": {"a0.c": {"executed_lines": [1'
    for number in count(2):
        yield f", {number % 9_999_991 + 1}"


def json_arcs() -> Iterator[str]:
    yield '{"meta": {}, "files": {"a0.c": {"executed_lines": [1], "missing_branches": [[1, 2]'
    for number in count(3):
        yield f", [{number % 999_983 + 1}, {number}]"


def json_contexts() -> Iterator[str]:
    yield '{"meta": {}, "files": {"a0.c": {"executed_lines": [1], "contexts": {"1": ["a::b"'
    for number in count(1):
        yield f', "tests/test_a.py::test_{number}|run"'
        if number % 5000 == 0:
            yield f'], "{number // 5000 + 1}": ["a::b"'


def json_contexts_of_lines() -> Iterator[str]:
    """Many lines, all run by the same tests, and as many excluded."""
    yield '{"meta": {}, "files": {"a0.c": {"executed_lines": [1'
    yield from (f", {line}" for line in range(2, 1_000_001))
    yield '], "excluded_lines": [2000001'
    yield from (f", {line}" for line in range(2_000_002, 3_000_001))
    yield '], "contexts": {"1": ["a::b"'
    for number in count(2):
        yield f'], "{number}": ["tests/a.py::test_{number % 200_000}"'


def json_files_of_tests() -> Iterator[str]:
    """One file again and again, its lines run by other tests each time."""
    yield '{"meta": {}, "files": {"x.py": {"executed_lines": []}'
    lines = ", ".join(str(n) for n in range(1, 2_001))
    for number in count(1):
        yield f', "a0.c": {{"executed_lines": [{lines}], "contexts": {{"0": []'
        for line in range(1, 2_001):
            tests = ", ".join(f'"a::{(line * number + n * 7) % 9973}"' for n in range(20))
            yield f', "{line}": [{tests}]'
        yield "}}"


def json_functions() -> Iterator[str]:
    yield '{"meta": {}, "files": {"a0.c": {"executed_lines": [1], "functions": {"f": {}'
    for number in count(1):
        yield f', "f{number}": {{"executed_lines": [1], "missing_lines": [2]}}'


def json_files() -> Iterator[str]:
    """What coverage.py itself writes for a large project, with functions and classes."""
    yield '{"meta": {"format": 3}, "files": {"x.py": {"executed_lines": []}'
    numbers = ", ".join(str(n) for n in range(1, 400))
    region = f'{{"executed_lines": [{numbers}], "missing_lines": [], "start_line": 1}}'
    for number in count(1):
        yield (
            f', "a{number}.py": {{"executed_lines": [{numbers}], "missing_lines": [500], '
            f'"excluded_lines": [], "functions": {{"f": {region}, "": {region}}}, '
            f'"classes": {{"": {region}}}}}'
        )


REPORTS: dict[str, tuple[Writer, str]] = {
    each.__name__: (each, suffix)
    for suffix, writers in (
        (
            "info",
            (
                lcov_lines,
                lcov_sections,
                lcov_ways,
                lcov_ways_of_a_line,
                lcov_ways_in_sections,
                lcov_ways_of_many_files,
                lcov_functions,
                lcov_files,
                lcov_files_again,
                lcov_twice,
                lcov_long_names,
                lcov_deep_names,
                lcov_long_functions,
                lcov_everything,
                lcov_scattered,
                lcov_unreadable,
            ),
        ),
        (
            "xml",
            (
                cobertura_missing,
                cobertura_lines,
                cobertura_elements,
                cobertura_attributes,
                cobertura_conditions,
                cobertura_methods,
                cobertura_sources,
                cobertura_thrice,
                cobertura_classes,
                cobertura_files_below_sources,
                cobertura_named,
                cobertura_named_later,
                cobertura_declarations,
                jacoco_groups,
                jacoco_lines,
                jacoco_methods,
                jacoco_classes,
                jacoco_long_sources,
            ),
        ),
        (
            "json",
            (
                json_lines,
                json_arcs,
                json_contexts,
                json_contexts_of_lines,
                json_functions,
                json_files,
                json_files_of_tests,
            ),
        ),
    )
    for each in writers
}


class Unclosed:
    """What a report has begun and not ended, outermost first."""

    def __init__(self, suffix: str) -> None:
        self._suffix = suffix
        self._names: list[str] = []

    def follow(self, piece: str) -> None:
        if self._suffix == "xml":
            if piece.startswith("<!DOCTYPE"):
                self._names.append("")
            for closing, name, empty in _TAG.findall(piece):
                if closing:
                    self._names.pop()
                elif not empty:
                    self._names.append(name)
        elif self._suffix == "json":
            for bracket in _BRACKET.findall(piece):
                if bracket in "]}":
                    self._names.pop()
                else:
                    self._names.append(bracket)

    def end(self) -> str:
        """The text that closes it all."""
        if self._suffix == "info":
            return "end_of_record\n"
        if self._suffix == "json":
            return "".join("]" if name == "[" else "}" for name in reversed(self._names))
        return "".join(f"</{n}>" if n else "]><coverage/>" for n in reversed(self._names))


def write(name: str, folder: Path, size: int) -> Path:
    """A report of about `size` bytes."""
    pieces, suffix = REPORTS[name]
    path = folder / f"{name}.{suffix}"
    unclosed = Unclosed(suffix)
    written = 0
    with path.open("w", encoding="utf-8") as out:
        for piece in pieces():
            out.write(piece)
            unclosed.follow(piece)
            written += len(piece)
            if written >= size:
                break
        out.write(unclosed.end())
    return path


def repository(folder: Path) -> Path:
    """A folder of the files that most of the reports are about, and a diff that adds them all."""
    names = [f"a{number}.c" for number in range(90)]
    diff = "".join(
        f"diff --git a/{name} b/{name}\n--- a/{name}\n+++ b/{name}\n@@ -0,0 +1,20 @@\n"
        + "+x\n" * 20
        for name in names
    )
    for name in names:
        (folder / name).write_text("x\n" * 20, encoding="utf-8")
    (folder / "all.diff").write_text(diff, encoding="utf-8")
    git = ["git", "-C", str(folder)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "*.c"], check=True)
    return folder


def peak(report: Path, repo: Path) -> tuple[float, float, int]:
    """MB at the highest, user seconds, and bytes of the journal of its analysis."""
    journal = repo / "journal.jsonl"
    command = [sys.executable, "-m", "qe_action", "analyze", str(report), "--repo", str(repo)]
    child = subprocess.Popen(
        [*command, "--diff", str(repo / "all.diff"), "--journal", str(journal)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert child.stderr is not None
    errors = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if b"Traceback" in errors or child.returncode < 0:
        sys.exit(errors.decode(errors="replace"))
    size = journal.stat().st_size if journal.exists() else 0
    return usage.ru_maxrss / 1024, usage.ru_utime, size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--megabytes", type=int, default=200)
    options = parser.parse_args()
    high = []
    with tempfile.TemporaryDirectory(prefix="qe-hostile-") as name:
        folder = Path(name)
        (folder / "repo").mkdir()
        repo = repository(folder / "repo")
        for each in options.names or REPORTS:
            report = write(each, folder, options.megabytes << 20)
            began = time.monotonic()
            memory, user, journal = peak(report, repo)
            report.unlink()
            took = time.monotonic() - began
            print(
                f"{each:26} {memory:6.0f} MB {user:6.1f} s user, {took:5.0f} s, "
                f"journal {journal / 1e6:6.1f} MB",
                flush=True,
            )
            if memory > MOST:
                high.append(each)
    if high:
        sys.exit(f"More than {MOST} MB: {', '.join(high)}")


if __name__ == "__main__":
    main()
