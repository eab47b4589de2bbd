"""The generated tests as Markdown: what was proposed, with its evidence, and what was not.

Names, code and evidence come from a generator that has seen the pull request, or from a fork's
journal: everything is escaped, and no code can leave its block.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from qe_action.events import (
    Anchor,
    Evidence,
    GenerationComplete,
    GeneratorError,
    SuspectedBug,
    TestCase,
)
from qe_action.render.head_lines import HeadLines
from qe_action.render.links import Links
from qe_action.render.model_use import model_cost, model_name, writers
from qe_action.render.proposed import proposed
from qe_action.render.state import RunState
from qe_action.text import clip, code, fenced, percent, plain, plural, prose, visible

SPANS = 6
"""Lines and branches of a test that are named."""
BUGS, NOTES, REASONS = 10, 10, 6
"""Suspected bugs, notes, and reasons of refusals that are told."""
NAME = 200
TEXT = 300
_FROM = re.compile(r"from ([\w.]+) import (\w+(?:, \w+)*)")
_BRANCH = re.compile(r"(\d{1,9})->(-?\d{1,9})")
_ENDS = {"failed": "The generation failed", "cancelled": "The generation was cancelled"}


def generated(state: RunState, links: Links, rows: int) -> Iterator[str]:
    """The section on generated tests; nothing where none were asked for. Lines of Markdown."""
    tests = state.generation
    if not tests.begun:
        return
    result = tests.result
    if result is None:
        yield f"⏳ **Generated tests:** {plain(_running(state))}"
        yield ""
    else:
        yield from _outcome(result, tests.errors, links, state, rows)
    yield from _suspected(result.suspicions if result else tests.bugs, rows)


def _running(state: RunState) -> str:
    progress = state.generation.progress
    return f"{progress.message} ({progress.percent:.0f}%)" if progress else "Starting"


def summed_up(result: GenerationComplete) -> str:
    """The outcome as one sentence, for a log."""
    if result.conclusion != "finished":
        return f"{_ENDS[result.conclusion]}."
    said = f"{plural(result.total, 'test')} proposed, {sum(result.rejected.values())} refused"
    if result.coverage_before is not None and result.coverage_estimate is not None:
        before, after = percent(result.coverage_before), percent(result.coverage_estimate)
        said += f"; the target's coverage goes from {before} to {after}"
    if result.model is not None:
        said += f"; {model_name(result.model)}: {model_cost(result.model)}"
    return f"{said}."


def suspicion(bug: SuspectedBug) -> str:
    """A suspected bug as a line of plain text."""
    where = f"{bug.file_path}::{bug.function}" if bug.function else bug.file_path
    line = f" line {bug.line}" if bug.line else ""
    example, expected, got = (_short(text) for text in (bug.example, bug.expected, bug.got))
    return f"suspected bug: {where}{line}: {example} should give {expected}, gives {got}"


def _outcome(
    result: GenerationComplete,
    errors: Sequence[GeneratorError],
    links: Links,
    state: RunState,
    rows: int,
) -> Iterator[str]:
    yield f"**Generated tests:** {' '.join(sentences(result))}"
    yield ""
    yield from proposed(state.proposal, rows)
    hints = [f"{error.message} {error.hint}".strip() for error in errors]
    told = {error.message for error in errors}
    notes = [*hints, *(note for note in result.notes if note not in told)]
    if notes:
        shown = list(dict.fromkeys(notes))[: min(rows, NOTES)]
        yield from (f"- {prose(clip(note, TEXT * 2))}" for note in shown)
        yield ""
    head = HeadLines(state)
    for path, cases in _by_file(result.tests[:rows]):
        yield from _file(path, cases, links, head)
    if (left := len(result.tests) - rows) > 0:
        yield f"_{plural(left, 'more test')} left out here._"
        yield ""


def sentences(result: GenerationComplete) -> Iterator[str]:
    """The outcome in Markdown: what holds, what it brings, and what was refused."""
    if result.conclusion != "finished":
        yield f"{_ENDS[result.conclusion]}, so none is proposed."
    elif result.total:
        yield f"{result.total:,} passed every gate."
        if result.model is not None and (who := writers(result.by_generator)):
            yield f"Written: {who}."
        if result.coverage_before is not None and result.coverage_estimate is not None:
            before, after = percent(result.coverage_before), percent(result.coverage_estimate)
            them = "it" if result.total == 1 else "them"
            yield (
                f"Coverage of {_files(result.tests)} goes from {before} to {after} with {them}, "
                "as measured."
            )
    else:
        yield "none passed every gate." if result.rejected else "none."
    if refused := {reason: n for reason, n in result.rejected.items() if n > 0}:
        most = Counter(refused).most_common(REASONS)
        others = sum(refused.values()) - sum(n for _, n in most)
        why = [f"{plain(reason)} {n:,}" for reason, n in most]
        why += [f"others {others:,}"] if others else []
        yield f"Refused: {sum(refused.values()):,} ({', '.join(why)})."
    if result.model is not None:
        yield f"Model {code(model_name(result.model))}: {model_cost(result.model)}."


def _files(tests: Sequence[TestCase]) -> str:
    """What the tests are for, as far as that is short to say."""
    paths = list(dict.fromkeys(_target(case)[0] for case in tests))
    if len(paths) > 1 or not paths[0]:
        return f"the {len(paths):,} files they are for" if len(paths) > 1 else "its file"
    return code(clip(paths[0], NAME))


def _suspected(bugs: Sequence[SuspectedBug], rows: int) -> Iterator[str]:
    if not bugs:
        return
    yield (
        "**Suspected bugs:** examples of the documentation that the code contradicts; "
        "no test pins what these functions do"
    )
    yield ""
    shown = bugs[: min(rows, BUGS)]
    for bug in shown:
        where = f"{bug.file_path}::{bug.function}" if bug.function else bug.file_path
        line = f", line {bug.line}" if bug.line else ""
        example, expected, got = (code(_short(t)) for t in (bug.example, bug.expected, bug.got))
        yield f"- {code(clip(where, NAME))}{line}: {example} should give {expected}, gives {got}"
    if (left := len(bugs) - len(shown)) > 0:
        yield f"- {left:,} more left out here"
    yield ""


def _short(text: str) -> str:
    return clip(" ".join(text.split()), TEXT)


def _by_file(cases: Iterable[TestCase]) -> Iterator[tuple[str, list[TestCase]]]:
    files: dict[str, list[TestCase]] = {}
    for case in cases:
        files.setdefault(case.path, []).append(case)
    yield from files.items()


def _file(path: str, cases: list[TestCase], links: Links, head: HeadLines) -> Iterator[str]:
    """One test file: what each test shows, and the lines to add."""
    shown = escape(visible(clip(path, NAME) or "a test file"))
    number = plural(len(cases), "test")
    yield f"<details><summary>{number} to add to <code>{shown}</code></summary>"
    yield ""
    around = {circumstances(case.evidence) for case in cases}
    common = around.pop() if len(around) == 1 else None
    if common:
        yield f"{'Each' if len(cases) > 1 else 'It'} {plain(common)}."
        yield ""
    for case in cases:
        own = "" if common else circumstances(case.evidence)
        parts = [part for part in (_shown(case, links, head), plain(own)) if part]
        yield f"- {code(clip(case.test_name, NAME))}{': ' if parts else ''}{'; '.join(parts)}"
    yield ""
    yield from fenced("\n\n\n".join(_file_code(cases)), "python")
    yield ""
    yield "</details>"
    yield ""


def circumstances(evidence: Evidence | None) -> str:
    """In how many processes a test passed, on what, and beside what."""
    if evidence is None or not evidence.runs:
        return ""
    on = f" on Python {', '.join(evidence.pythons[:5])}" if evidence.pythons else ""
    beside = f"; suite: {clip(evidence.suite, TEXT)}" if evidence.suite else ""
    return f"passed alone and in {plural(evidence.runs, 'process', 'processes')}{on}{beside}"


def _shown(case: TestCase, links: Links, head: HeadLines) -> str:
    """What a test reaches and what it notices."""
    if case.evidence is None:
        return ""
    lines = reached(case, links, head)
    said = [f"reaches {lines}"] if lines else []
    return "; ".join((*said, _noticed(case.evidence)))


def reached(case: TestCase, links: Links, head: HeadLines) -> str:
    """The lines and branches that were missed and that a test reaches, as Markdown."""
    evidence = case.evidence or Evidence()
    path, name = _target(case)
    parts = (_lines(path, evidence, links, head), _branches(path, evidence, head))
    said = " and ".join(part for part in parts if part)
    inside = f" of {code(clip(name or path, NAME))}" if name or path else ""
    return f"{said}{inside}" if said else ""


def _target(case: TestCase) -> tuple[str, str]:
    """The file that a test is for, and the function or class in it."""
    path, parted, name = case.target.rpartition("::")
    return (path, name) if parted else (case.target, "")


def _lines(path: str, evidence: Evidence, links: Links, head: HeadLines) -> str:
    if not evidence.lines:
        return ""
    place = head.place(path, evidence.lines)
    if place is None:
        return plural(len(evidence.lines), "missed line")
    spans = [_span(span, place[0], links) for span in _spans(place[1])]
    return f"{'line' if len(evidence.lines) == 1 else 'lines'} {', '.join(_some(spans))}"


def _branches(path: str, evidence: Evidence, head: HeadLines) -> str:
    ways = [found for text in evidence.branches if (found := _BRANCH.fullmatch(text))]
    if not ways:
        return ""
    shown = head.branches(path, [(int(way[1]), int(way[2])) for way in ways])
    if shown is None:
        return plural(len(ways), "missed branch", "missed branches")
    return f"{'branch' if len(ways) == 1 else 'branches'} {', '.join(_some(shown))}"


def _noticed(evidence: Evidence) -> str:
    if not evidence.mutants:
        return "no mutant of them can be made"
    return f"notices {evidence.killed:,} of {plural(evidence.mutants, 'mutant')}"


def _some(items: list[str]) -> list[str]:
    left = len(items) - SPANS
    return [*items[:SPANS], f"and {left:,} more"] if left > 0 else items


def _spans(lines: Sequence[int]) -> list[tuple[int, int]]:
    """Lines as stretches of lines next to each other."""
    spans: list[tuple[int, int]] = []
    for line in sorted(set(lines)):
        if spans and spans[-1][1] == line - 1:
            spans[-1] = (spans[-1][0], line)
        else:
            spans.append((line, line))
    return spans


def _span(span: tuple[int, int], path: str, links: Links) -> str:
    start, end = span
    label = str(start) if start == end else f"{start}-{end}"
    url = links.place(Anchor(path=path, line_start=start, line_end=end))
    return f"[{code(label)}]({url})" if url else label


def _file_code(cases: list[TestCase]) -> Iterator[str]:
    """The imports of the tests, then one after the other."""
    if imports := _merged(line for case in cases for line in case.imports):
        yield "\n".join(imports)
    for case in cases:
        yield case.test_code.strip("\n")


def _merged(lines: Iterable[str]) -> list[str]:
    """Import lines without doubles, those of one module in one."""
    modules: dict[str, set[str]] = {}
    others: set[str] = set()
    for line in lines:
        if found := _FROM.fullmatch(line.strip()):
            modules.setdefault(found[1], set()).update(found[2].split(", "))
        else:
            others.add(line.strip())
    merged = {f"from {module} import {', '.join(sorted(n))}" for module, n in modules.items()}
    return sorted(others | merged, key=lambda line: (line.startswith("from"), line))
