"""What a model is told of the code to test: the most useful first, within a budget of tokens. Pure.

All of it is somebody else's text. It stands in fences that nothing inside can end, each with a line
of ours that says what it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from qe_action.analysis.python_module import Definition, PythonModule
from qe_action.generators.llm.asks import Ask
from qe_action.generators.llm.conversation import CHARACTERS, roughly
from qe_action.generators.llm.gap_words import gap_words, mutant_words
from qe_action.generators.llm.outlines import call_text, imports_and_names, outline, signature
from qe_action.generators.llm.project_code import ProjectCode
from qe_action.generators.llm.sample_tests import sample_tests
from qe_action.text import clip, fenced
from qe_action.text import code as span

SHARE = 0.6
"""The part of the budget that the source itself may take."""
AROUND = 12
"""Lines around a missed line that are kept of a source too long to be shown."""
CALLED, CLASSES, CALLS = 12, 6, 3
"""Functions that are called, classes, and calls of each that are shown."""


def tokens(text: str) -> int:
    """How many tokens a text has, estimated from its characters."""
    return roughly(len(text))


@dataclass(frozen=True)
class Section:
    """One part of the context: a line of ours, and blocks of code or sentences below it."""

    title: str
    blocks: tuple[str, ...]
    language: str = "python"


def context(code: ProjectCode, ask: Ask, module: str, budget: int) -> str:
    """The context of an ask in about `budget` tokens; `module` is the target's name in imports.

    A section has as many of its blocks as there is room for; one without room for any is left out.
    """
    target = code.target
    assert target is not None, "only what can be parsed is asked about"
    told: list[str] = []
    left = budget
    for section in _sections(code, target, ask, module, int(budget * SHARE)):
        text = _fitting(section, left)
        left -= tokens(text)
        told += [text] if text else []
    return "\n".join(told)


def _sections(
    code: ProjectCode, target: PythonModule, ask: Ask, module: str, room: int
) -> Iterator[Section]:
    path = span(clip(code.path, 200))
    yield Section(
        f"The code to test, from {path}; it is imported as {span(module)}. "
        "The number of each line stands before it, `>` marks the missed ones:",
        (numbered(target, ask.definition, _marked(ask), room * CHARACTERS),),
        "text",
    )
    yield Section("What is missed:", tuple(gap_words(target, ask.lines, ask.arcs)), "")
    yield Section(
        "Changes of the code that the tests so far do not notice; a test should fail with them:",
        tuple("\n".join(mutant_words(code.source, mutant)) for mutant in ask.mutants),
        "diff",
    )
    yield Section(
        f"Imports and names of {path} that it uses:", imports_and_names(target, ask.definition)
    )
    classes = code.classes(ask.definition)[:CLASSES]
    called = [each for each in code.called(ask.definition) if each not in classes]
    yield Section(
        "What it calls:",
        tuple(f"# {path}\n{signature(each)}" for path, each in called[:CALLED]),
    )
    yield Section(
        "The classes of its parameters, and how they are made:",
        tuple(
            "\n".join((f"# {path}", outline(each), *_calls(code, each.node.name)))
            for path, each in classes
        ),
    )
    yield Section("Calls of it in the project:", _calls_of(code, target, ask))
    yield Section(
        "Tests of the project, which are there already; write new ones in their style:",
        sample_tests(code, ask.definition),
    )


def _calls_of(code: ProjectCode, target: PythonModule, ask: Ask) -> tuple[str, ...]:
    """Calls of what is asked for and of its functions in which something is missed."""
    around = [target.definition_at(line) for line in sorted(_marked(ask))]
    names = [each.node.name for each in (ask.definition, *filter(None, around))]
    found = [call for name in dict.fromkeys(names) for call in _calls(code, name)]
    return ("\n".join(found),) if found else ()


def _calls(code: ProjectCode, name: str) -> list[str]:
    texts = ((path, call_text(call)) for path, call in code.calls_of(name))
    return list(islice((f"{text}  # {path}" for path, text in texts if text), CALLS))


def _marked(ask: Ask) -> frozenset[int]:
    return ask.lines | {abs(arc[0]) for arc in ask.arcs} | {mutant.line for mutant in ask.mutants}


def numbered(
    module: PythonModule, definition: Definition, marked: frozenset[int], room: int
) -> str:
    """The lines of a definition with their numbers; the marked ones and those near in a long one.

    `room` is in characters.
    """
    everything = range(definition.first, definition.end + 1)
    text = "\n".join(_lines(module, everything, marked))
    if len(text) <= room:
        return text
    kept = {definition.first, definition.line, definition.start}
    left = room - sum(map(partial(_width, module), kept))
    for distance in range(AROUND + 1):
        near = {n + step for n in marked for step in (-distance, distance)} & set(everything)
        for line in sorted(near - kept):
            left -= _width(module, line)
            if left < 0:
                break
            kept.add(line)
        if left < 0:
            break
    return "\n".join(_lines(module, sorted(kept), marked))[:room]


def _width(module: PythonModule, line: int) -> int:
    """Characters that a line takes, with its number and its end."""
    return len(module.lines[line - 1]) + len("> 999 \n")


def _lines(module: PythonModule, lines: Iterable[int], marked: frozenset[int]) -> Iterator[str]:
    before = None
    for line in lines:
        if before is not None and line > before + 1:
            yield "     ..."
        before = line
        yield f"{'>' if line in marked else ' '}{line:>4} {module.lines[line - 1]}"


def _fitting(section: Section, room: int) -> str:
    """A section with as many blocks as its room takes, in tokens; empty where none fits."""
    kept: list[str] = []
    for block in section.blocks:
        text = _written(section, [*kept, block])
        if tokens(text) > room:
            break
        kept.append(block)
    return _written(section, kept) if kept else ""


def _written(section: Section, blocks: Sequence[str]) -> str:
    if not section.language:
        lines = [f"- {block}" for block in blocks]
    else:
        lines = list(fenced("\n\n".join(blocks), section.language))
    return "\n".join((section.title, *lines, ""))
