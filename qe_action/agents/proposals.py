"""A tried test as what is shown of it. Pure."""

from __future__ import annotations

from itertools import takewhile

from qe_action.agents.goals import extent
from qe_action.analysis.python_module import PythonModule
from qe_action.errors import UsageError
from qe_action.events import Evidence, SuspectedBug, TestCase
from qe_action.generators.port import Suspicion
from qe_action.text import clip, plural
from qe_action.verify.gates import Trial


def case_of(
    trial: Trial,
    module: PythonModule | None,
    *,
    path: str,
    test_type: str,
    runs: int,
    pythons: tuple[str, ...],
    suite: str,
) -> TestCase:
    """The test with its evidence; its id depends on its content alone. `module` is the target."""
    candidate = trial.candidate
    name = _reached_in(trial, module) if module else candidate.qualname
    return TestCase(
        id=trial.id,
        test_name=candidate.name,
        test_code=candidate.code,
        framework="pytest",
        test_type=test_type,
        assertions=trial.assertions,
        imports=candidate.imports,
        path=path,
        target=f"{candidate.target}::{name}" if name else candidate.target,
        generator=candidate.generator,
        evidence=Evidence(
            lines=tuple(sorted(trial.lines)),
            branches=tuple(f"{start}->{end}" for start, end in sorted(trial.arcs)),
            mutants=trial.mutants,
            killed=len(trial.killed),
            runs=runs,
            pythons=pythons,
            suite=suite,
        ),
    )


def _reached_in(trial: Trial, module: PythonModule) -> str:
    """The function that a test was made for, or what it reaches in its place.

    Who is asked for a test of one function may write one that reaches others alone; then it is
    what all of these lie in, empty for the module.
    """
    asked = trial.candidate.qualname
    lines = {*trial.lines, *(abs(start) for start, _ in trial.arcs)}
    found = {each.name for line in lines if (each := module.definition_at(line)) is not None}
    if not found or not asked or any(f"{name}.".startswith(f"{asked}.") for name in found):
        return asked
    parts = zip(*(name.split(".") for name in found), strict=False)
    return ".".join(same[0] for same in takewhile(lambda each: len(set(each)) == 1, parts))


def verdict(trial: Trial) -> str:
    """In words, what the test has shown alone."""
    reached = [
        plural(number, word, f"{word}{ending}")
        for number, word, ending in (
            (len(trial.lines), "missed line", "s"),
            (len(trial.arcs), "missed branch", "es"),
        )
        if number
    ]
    said = f"passes alone, reaches {' and '.join(reached)}"
    if not trial.mutants:
        return f"{said}; no mutant of them can be made"
    return f"{said}, notices {len(trial.killed)} of {plural(trial.mutants, 'mutant')}"


SHOWN = 2000
"""Characters of an example, and of what it gives, that are told."""


def bug_of(found: Suspicion, source: bytes) -> SuspectedBug:
    """A suspicion as it is told, with the line that its example stands on in the source."""
    return SuspectedBug(
        file_path=found.target,
        function=found.qualname or None,
        line=_line_of(found, source),
        example=clip(found.example.strip(), SHOWN),
        expected=clip(found.expected.strip(), SHOWN),
        got=clip(found.got.strip(), SHOWN),
    )


def _line_of(found: Suspicion, source: bytes) -> int | None:
    """The one line inside the function that begins the example; None where it is not plain."""
    try:
        first, last = extent(source, found.qualname)
    except (UsageError, SyntaxError, ValueError):
        return None
    wanted = f">>> {found.example.strip().partition(chr(10))[0]}".encode()
    numbered = enumerate(source.splitlines(), 1)
    lines = [n for n, text in numbered if first <= n <= last and text.strip() == wanted]
    return lines[0] if len(lines) == 1 else None
