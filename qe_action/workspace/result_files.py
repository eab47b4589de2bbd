"""Files of test results on disk: which there are, of what age, and what is in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from qe_action.errors import ReportError
from qe_action.results.case import MAX_CASES, Case
from qe_action.results.junit import ANCHOR, JUnitParser

CHUNK = 1 << 20
MAX_FILES = 10_000
"""Files that a glob may match."""
MAX_SIZE = 512 << 20
"""Bytes of one file."""


@dataclass(frozen=True, slots=True)
class ResultFile:
    """A file of results, and when it was written."""

    path: Path
    written: float


def result_files(names: Sequence[Path]) -> list[ResultFile]:
    """The files that names and globs mean, each once.

    Raises `ReportError` where a name is no file, or none of the globs matches any.
    """
    found: dict[Path, ResultFile] = {}
    for name in names:
        for path in _matching(name):
            if len(found) >= MAX_FILES:
                raise ReportError(
                    f"More than {MAX_FILES:,} files match the names of the test results.",
                    hint="Name fewer of them.",
                    anchor=ANCHOR,
                )
            found.setdefault(path.resolve(), ResultFile(path, _written(path)))
    if not found:
        listed = ", ".join(map(str, names))
        raise ReportError(
            f"No test results match {listed}.",
            hint="Let the test runner write JUnit XML first, or mend the name.",
            anchor="results-of-other-test-runners",
        )
    return list(found.values())


def _matching(name: Path) -> Iterator[Path]:
    wild = next((n for n, part in enumerate(name.parts) if set(part) & set("*?[")), None)
    if wild is None or name.exists():
        yield name
        return
    base, pattern = Path(*name.parts[:wild]), str(Path(*name.parts[wild:]))
    yield from sorted(path for path in base.glob(pattern) if path.is_file())


def _written(path: Path) -> float:
    try:
        if not path.is_file():  # a pipe or a device could keep us waiting for ever
            what = "is no file" if path.exists() else "is not there"
            raise ReportError(
                f"The test results can't be read: {path} {what}.",
                hint="Name the JUnit files that the test runner writes.",
                anchor=ANCHOR,
            )
        return path.stat().st_mtime
    except OSError as error:
        raise _unreadable(path, error) from None


def cases(path: Path) -> Iterator[list[Case]]:
    """The tests of a file, some at a time. Raises `ReportError`; what came before is valid."""
    parser = JUnitParser()
    try:
        with path.open("rb") as stream:
            for _ in range(MAX_SIZE // CHUNK):
                if not (chunk := stream.read(CHUNK)):
                    yield parser.close()
                    break
                yield parser.feed(chunk)
            else:
                parser.left_out += 1
    except OSError as error:
        raise _unreadable(path, error) from None
    except ReportError as error:
        raise ReportError(f"{path.name}: {error.message}", hint=error.hint, anchor=ANCHOR) from None
    if parser.left_out:
        raise ReportError(
            f"{path.name} has more tests than are read: at most {MAX_CASES:,}, and "
            f"{MAX_SIZE >> 20} MB.",
            anchor=ANCHOR,
        )


def _unreadable(path: Path, error: OSError) -> ReportError:
    return ReportError(f"The test results {path} can't be read: {error.strerror}.", anchor=ANCHOR)
