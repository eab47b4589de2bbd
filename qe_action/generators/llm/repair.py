"""What a model is told of its tests that were refused, so that it can mend them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from qe_action.analysis.python_module import PythonModule
from qe_action.events import Refused
from qe_action.generators.llm.gap_words import gap_words, mutant_words
from qe_action.generators.llm.measured import Measured, measured
from qe_action.generators.llm.project_code import ProjectCode
from qe_action.generators.port import Arc, Mutant, Verdict
from qe_action.text import clip, code, fenced

REPAIRS = 3
"""How often a test that is refused goes back to the model."""
TRACEBACK = 1_200
"""Characters of the end of a traceback that are told."""
_CHANGING = (
    (re.compile(r"\b0x[0-9a-fA-F]{6,16}\b"), "0x..."),
    (re.compile(r"\btest_qe_candidate_\d+\b"), "test_it"),
    (re.compile(r"(?:/[^\s'\"/]+)*/qe-action-[^\s'\"/]+/(?:project/)?"), ""),
)
"""Addresses of objects, the number of a test's file, and the folder that it is run in."""
DETAIL = 300
MUTANTS = 3
"""Mutants that are told of one test."""

_WORDS: Mapping[Refused, str] = {
    "syntax": "It is not valid Python.",
    "imports": "It imports what a test may not import.",
    "no assertion": "Nothing in it can fail: assert on values that the code gives.",
    "outside": "It does what a test may not do.",
    "patches": "It replaces a part of the code that it tests.",
    "too large": "It is too large.",
    "skips": "It may be skipped, or is expected to fail.",
    "duplicate": "A test does the same already: write another one, for what is missed.",
    "not collected": "pytest does not collect it.",
    "fails": "It fails.",
    "times out": "It does not come to its end in time.",
    "crashes": "The interpreter crashes in it.",
    "adds nothing": "It passes, but reaches nothing that was missed.",
    "kills nothing": "It passes, but also with changes of the code that it should notice.",
    "flaky": "It does not give the same result each time.",
    "writes": "It leaves files behind: write only below `tmp_path`.",
}
"""What each refusal means that a model can do something about."""


def can_be_repaired(verdict: Verdict) -> bool:
    """Whether it is worth telling a model: it can mend it, and something is still to be reached."""
    if verdict.reason not in _WORDS:
        return False
    candidate = verdict.candidate
    aimed = candidate.aim_lines or candidate.aim_arcs
    if not aimed or verdict.reason == "kills nothing":
        return True
    return bool(verdict.missed_lines or verdict.missed_arcs)


def repair_request(
    project: ProjectCode,
    refused: Sequence[Verdict],
    mutants: Mapping[str, Mutant],
    missed: Sequence[str],
) -> str:
    """The message that gives tests back, each with the exact reason, and asks for better ones.

    `missed` are sentences on what no test reaches so far.
    """
    lines: list[str] = []
    if refused:
        lines += ["These tests were refused:", ""]
    for verdict in refused:
        lines += [f"### {code(clip(verdict.candidate.name, 200))}", ""]
        lines += [*_explained(project, verdict, mutants), ""]
    if missed := [each for each in missed if f"- {each}" not in lines]:
        lines += ["Still missed by all tests:", *(f"- {each}" for each in missed), ""]
    lines.append("Answer with one JSON object a line as before.")
    if refused:
        lines.append(
            "Give each test that you can mend whole and under the same name; leave out those that "
            "can't be mended."
        )
    if missed:
        lines.append("Add tests for what is still missed, if there is a way to reach it.")
    return "\n".join(lines)


def unread_request(broken: int) -> str:
    """The message after an answer without any test."""
    why = f"{broken} of its objects were broken. " if broken else ""
    return (
        f"Nothing in this answer could be read as a test. {why}"
        "Answer with one JSON object a line and nothing else, as described at first."
    )


def _explained(
    project: ProjectCode, verdict: Verdict, mutants: Mapping[str, Mutant]
) -> Iterator[str]:
    assert verdict.reason is not None
    yield _WORDS[verdict.reason]
    told = measured(verdict.traceback, verdict.again)
    if verdict.traceback:
        yield from fenced(_end_of(verdict.traceback), "text")
    elif verdict.detail:
        yield from fenced(_end_of(clip(verdict.detail, DETAIL)), "text")
    if told is not None:
        yield _value(told)
    if verdict.reason == "adds nothing" and project.target is not None:
        yield from _missed(project.target, verdict.missed_lines, verdict.missed_arcs)
    survivors = [each for name, each in mutants.items() if name in verdict.survived]
    if verdict.reason == "kills nothing" and survivors:
        yield "It passes as well with these changes; assert on what they make different:"
        for mutant in survivors[:MUTANTS]:
            yield from fenced("\n".join(mutant_words(project.source, mutant)), "diff")


def _value(told: Measured) -> str:
    expression, expected, value = map(code, (told.expression, told.expected, told.value))
    if not told.stable:
        return (
            f"{expression} gave {value}, and something else in a second run: "
            "assert only on what is the same each time."
        )
    return (
        f"Measured in two runs: {expression} gives {value}, not {expected}. If that is what the "
        "code is meant to do, expect it; if not, leave this test out."
    )


def _missed(module: PythonModule, lines: frozenset[int], arcs: frozenset[Arc]) -> Iterator[str]:
    words = gap_words(module, lines, arcs)
    if words:
        yield "It was meant to reach, and did not:"
        yield from (f"- {each}" for each in words)


def _end_of(text: str) -> str:
    """The end of a traceback, without what is another in each run: a recorded answer is for one."""
    for pattern, steady in _CHANGING:
        text = pattern.sub(steady, text)
    return text if len(text) <= TRACEBACK else f"...{text[-TRACEBACK:]}"
