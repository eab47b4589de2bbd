"""A tried test as what is shown of it. Pure."""

from __future__ import annotations

import hashlib

from qe_action.findings import Evidence, TestCase
from qe_action.render.text import plural
from qe_action.verify.gates import Trial


def case_of(
    trial: Trial, *, path: str, test_type: str, runs: int, pythons: tuple[str, ...], suite: str
) -> TestCase:
    """The test with its evidence; its id depends on its content alone."""
    candidate = trial.candidate
    content = "\0".join((candidate.target, candidate.code, *candidate.imports))
    return TestCase(
        id=hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16],
        test_name=candidate.name,
        test_code=candidate.code,
        framework="pytest",
        test_type=test_type,
        assertions=trial.assertions,
        imports=candidate.imports,
        path=path,
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
