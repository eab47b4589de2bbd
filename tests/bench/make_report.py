"""Make a Cobertura report of any size, and the repository that it was measured in.

The sources are what the report says: their statements are its lines, and a run that calls
the functions it shows as called gives its hits and branches. Functions call one another
across modules, some in ways that only a run could tell, but behind an `or` that is never
passed, so each runs only when the run calls it. The branch `pr` changes some files against
`main`. 5,000 files of 200 lines make a report of 42 MB.

    python tests/bench/make_report.py coverage.xml --files 5000 --lines 200 --repo repo
"""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

FUNCTION_LINES = 10
FILES_A_PACKAGE = 50
SHARED_MODULES = 10


class Shape(NamedTuple):
    """`missed_blocks` functions of each file are never called; `changed` files differ in `pr`."""

    files: int
    lines: int = 200
    missed_blocks: int = 4
    changed: int = 0


class Statement(NamedTuple):
    """One line of a source file; `missing` are its untaken branches, None where it has none."""

    text: str
    hit: bool
    missing: tuple[int, ...] | None = None


def path_of(index: int) -> str:
    return f"src/{_package(index)}/{_module(index)}.py"


def _package(index: int) -> str:
    return f"package_{index // FILES_A_PACKAGE:03}"


def _module(index: int) -> str:
    return f"module_{index:05}"


def statements(index: int, shape: Shape) -> Iterator[Statement]:
    """The file's lines: imports, functions of ten statements, then assignments."""
    imports = list(_imports(index))
    functions = (shape.lines - len(imports)) // FUNCTION_LINES
    missed = {(index + 3 * block) % functions for block in range(shape.missed_blocks)}
    for text in imports:
        yield Statement(text, True)
    for number in range(functions):
        first = 1 + len(imports) + number * FUNCTION_LINES
        calls = _called_by(index, number, functions)
        yield from _function(number, first, calls, called=number not in missed)
    for number in range(shape.lines - len(imports) - functions * FUNCTION_LINES):
        yield Statement(f"CONSTANT_{number} = {number}", True)


def _imports(index: int) -> Iterator[str]:
    """A neighbour, a module further up, and one of a few that many import: never in a cycle."""
    if index >= SHARED_MODULES:
        yield f"from {_package(index - 1)} import {_module(index - 1)} as near"
        yield f"import {_package(index // 2)}.{_module(index // 2)} as above"
        shared = index % SHARED_MODULES
        yield f"from {_package(shared)}.{_module(shared)} import function_0 as shared"


def _called_by(index: int, number: int, functions: int) -> list[str]:
    """What a function calls in its steps; the last is of an object whose class nothing tells."""
    own = f"function_{(number + 1) % functions}"
    if index < SHARED_MODULES:
        return [own, "", "", "", "value.apply"]
    return [
        own,
        "",
        f"near.function_{number}",
        "above.function_1" if number % 3 else "shared",
        "value.apply",
    ]


def _function(number: int, first: int, calls: list[str], *, called: bool) -> Iterator[Statement]:
    """A function with one condition. Called once with 1, it takes the way into the block."""
    inside, after = first + 3, first + 4
    yield Statement(f"def function_{number}(value):", True)
    yield Statement(f"    total = value + {number}", called)
    yield Statement("    if total > 0:", called, (after,) if called else (inside, after))
    yield Statement("        total = total * 2", called)
    for step in range(FUNCTION_LINES - 5):
        call = calls[step]
        unless = f"abs(total - {step}) + 1 or {call}(total)"
        yield Statement(f"    total = {unless if call else f'total - {step}'}", called)
    yield Statement("    return total", called)


def calls(index: int, shape: Shape) -> list[str]:
    """The functions of the file that the report shows as called."""
    lines = list(statements(index, shape))
    return [
        line.text[4 : line.text.index("(")]
        for line, body in pairwise(lines)
        if line.text.startswith("def ") and body.hit
    ]


def source(index: int, shape: Shape, *, base: bool = False) -> str:
    """The file's text. `base` is its older state: other steps, and one statement fewer."""
    text = "".join(f"{line.text}\n" for line in statements(index, shape))
    if base:
        text = text.replace("    total = total - 1\n", "").replace("total - 3", "total - 30")
    return text


def write_report(path: Path, shape: Shape, root: str = "/build/project") -> None:
    """The report, laid out as coverage.py does it."""
    with path.open("w", encoding="utf-8", newline="\n") as out:
        out.write('<?xml version="1.0" ?>\n<coverage version="7.6.0" line-rate="0.8">\n')
        out.write(f"\t<sources>\n\t\t<source>{root}</source>\n\t</sources>\n\t<packages>\n")
        for start in range(0, shape.files, FILES_A_PACKAGE):
            package = f"src.{_package(start)}"
            out.write(f'\t\t<package name="{package}" line-rate="0.8">\n\t\t\t<classes>\n')
            for index in range(start, min(start + FILES_A_PACKAGE, shape.files)):
                out.write(_class(index, shape))
            out.write("\t\t\t</classes>\n\t\t</package>\n")
        out.write("\t</packages>\n</coverage>\n")


def _class(index: int, shape: Shape) -> str:
    path = path_of(index)
    indent = "\t" * 4
    lines = "".join(
        f'{indent}\t\t<line number="{number}" hits="{int(line.hit)}"{_branch(line)}/>\n'
        for number, line in enumerate(statements(index, shape), start=1)
    )
    return (
        f'{indent}<class name="{Path(path).name}" filename="{path}" complexity="0" '
        f'line-rate="0.8" branch-rate="0.4">\n{indent}\t<methods/>\n'
        f"{indent}\t<lines>\n{lines}{indent}\t</lines>\n{indent}</class>\n"
    )


def _branch(line: Statement) -> str:
    if line.missing is None:
        return ""
    covered = 2 - len(line.missing)
    missing = ",".join(map(str, line.missing))
    return (
        f' branch="true" condition-coverage="{50 * covered}% ({covered}/2)"'
        f' missing-branches="{missing}"'
    )


def write_repo(directory: Path, shape: Shape) -> None:
    """A git repository with the sources: `main`, and `pr`, checked out, which changes some."""
    step = shape.files // max(1, shape.changed)
    changed = range(0, step * shape.changed, step) if shape.changed else range(0)
    for index in range(shape.files):
        _write(directory, index, source(index, shape, base=index in changed))
    _git(directory, "init", "-q", "-b", "main")
    _commit(directory, "Base")
    _git(directory, "checkout", "-q", "-b", "pr")
    for index in changed:
        _write(directory, index, source(index, shape))
    if changed:
        _commit(directory, "Change")


def _write(directory: Path, index: int, text: str) -> None:
    path = directory / path_of(index)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _commit(directory: Path, message: str) -> None:
    _git(directory, "add", ".")
    identity = ("-c", "user.name=bench", "-c", "user.email=bench@example.invalid")
    _git(directory, *identity, "-c", "gc.auto=0", "commit", "-q", "-m", message)


def _git(directory: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=directory, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("report", type=Path)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--lines", type=int, default=200, help="statements a file, 20 or more")
    parser.add_argument("--missed-blocks", type=int, default=4, help="functions missed a file")
    parser.add_argument("--repo", type=Path, help="also write the repository, to a new directory")
    parser.add_argument("--changed", type=int, default=200, help="files that `pr` changes")
    options = parser.parse_args()
    if options.files < 1 or options.lines < 2 * FUNCTION_LINES:
        parser.error(f"at least one file of {2 * FUNCTION_LINES} lines")
    changed = min(options.changed, options.files)
    shape = Shape(options.files, options.lines, options.missed_blocks, changed)
    root = options.repo.resolve().as_posix() if options.repo else "/build/project"
    write_report(options.report, shape, root)
    if options.repo:
        options.repo.mkdir(parents=True)
        write_repo(options.repo, shape)


if __name__ == "__main__":
    main()
