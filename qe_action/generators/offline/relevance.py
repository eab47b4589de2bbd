"""What of a module's subjects is worth calling: what does something, on classes that are whole."""

from __future__ import annotations

from collections.abc import Collection

from qe_action.generators.offline.code_hints import CodeHints
from qe_action.generators.offline.subjects import Subject


def worth_calling(
    subjects: list[Subject], hints: CodeHints, used: Collection[str]
) -> list[Subject]:
    """The subjects without empty functions, and without objects of classes that are only bases.

    What such a class has is called on those that stand on it, those first whose names are `used`
    by the project's tests; each method on one of them.
    """
    found = [
        subject
        for subject in subjects
        if hints.home(subject.qualname) not in hints.empty
        and not (_of_object(subject) and _owner(subject) in hints.bare)
    ]
    found.sort(key=lambda subject: _inherited(subject, hints) and _owner(subject) not in used)
    kept: list[Subject] = []
    taken: set[str] = set()
    for subject in found:
        home = hints.home(subject.qualname)
        if not (_inherited(subject, hints) and home in taken):
            kept.append(subject)
        taken.add(home)
    return sorted(kept, key=subjects.index)


def _owner(subject: Subject) -> str:
    return subject.owner.name if subject.owner else ""


def _of_object(subject: Subject) -> bool:
    return subject.on_object or subject.kind == "class"


def _inherited(subject: Subject, hints: CodeHints) -> bool:
    """Whether it is written in a base that is no more than that."""
    home = hints.home(subject.qualname)
    return home != subject.qualname and home.rpartition(".")[0] in hints.bare
