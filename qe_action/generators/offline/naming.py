"""Names for tests: the function, and what is special about the behaviour."""

from __future__ import annotations

import re

from qe_action.generators.offline.expecting import Expectation
from qe_action.generators.offline.subjects import OPERATORS, Input, Subject
from qe_action.generators.offline.values import Call, Code, Lit, Map, Seq, Value

LONGEST = 70
_SIGNS = {
    "-": "dash", "_": "underscore", ".": "dot", ",": "comma", ":": "colon", "/": "slash",
    "": "empty_string",
    "\n": "newline", " ": "space", "+": "plus", "@": "at_sign", "#": "hash", "%": "percent",
    "*": "star", "(": "parenthesis", "[": "bracket", "<": "less_than", "=": "equals",
}  # fmt: skip


def snake(name: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"\W+", "_", words).lower().strip("_")


def subject_words(subject: Subject) -> str:
    """The subject in words."""
    if subject.owner is None:
        return snake(subject.name)
    owner = snake(subject.owner.name.rpartition(".")[2])
    if subject.kind == "class":
        return owner
    if subject.name in OPERATORS or subject.name.startswith("__"):
        return f"{owner}_{_SPECIAL.get(subject.name, subject.name.strip('_'))}"
    return f"{owner}_{snake(subject.name)}"


_SPECIAL = {
    "__eq__": "equality", "__ne__": "inequality", "__lt__": "less_than", "__gt__": "greater_than",
    "__le__": "at_most", "__ge__": "at_least", "__repr__": "repr", "__str__": "str",
    "__hash__": "hash", "__len__": "length", "__iter__": "iteration", "__call__": "call",
    "__contains__": "membership", "__getitem__": "item", "__bool__": "truth",
}  # fmt: skip


def value_words(value: Value) -> str:
    """A value in a few words, '' where there are none."""
    if isinstance(value, Lit):
        return _literal_words(value.value)
    if isinstance(value, Seq):
        if not value.items:
            return f"empty_{value.kind}"
        if len(value.items) <= 3 and all(isinstance(item, Lit) for item in value.items):
            words = [value_words(item) for item in value.items]
            return "_".join(words) if all(words) else value.kind
        return f"{len(value.items)}_items" if len(value.items) > 1 else f"one_item_{value.kind}"
    if isinstance(value, Map):
        return "dict" if value.items else "empty_dict"
    if isinstance(value, Call):
        return snake(value.func.rpartition(".")[2])
    if isinstance(value, Code) and not value.text.startswith("lambda"):
        return snake(value.text.rpartition(".")[2])[:20] if value.text.isascii() else ""
    return "lambda"


def _literal_words(value: object) -> str:
    if isinstance(value, str):
        if value in _SIGNS:
            return _SIGNS[value]
        words = re.sub(r"[^a-zA-Z0-9]+", "_", value).strip("_").lower()
        return words[:24].strip("_") if words else ("blank" if not value.strip() else "signs")
    if isinstance(value, float):
        if value != value:
            return "nan"
        number = f"{abs(value):g}".replace(".", "_").replace("+", "").replace("-", "_")
        return f"minus_{number}" if value < 0 else number
    if isinstance(value, int) and not isinstance(value, bool):
        number = str(abs(value)) if abs(value) < 10**7 else f"{abs(value):.0e}".replace("+", "")
        return f"minus_{number}" if value < 0 else number
    return snake(str(value)) if value is None or isinstance(value, bool) else "bytes"


def input_words(call: Input) -> str:
    """What tells this input from others."""
    named = [f"{snake(name)}_{value_words(value)}" for name, value in call.kwargs[:2]]
    words = [value_words(arg) for arg in call.args[:2]]
    if not words and not named and isinstance(call.receiver, Call):
        words = [value_words(arg) for arg in call.receiver.args[:2]]
        named = [f"{snake(n)}_{value_words(v)}" for n, v in call.receiver.kwargs[:2]]
    said = "_and_".join(word for word in words if word)
    extra = "_and_".join(named)
    after = f"_after_{snake(call.steps[-1][0])}" if call.steps else ""
    return (f"_for_{said}" if said else "") + (f"_with_{extra}" if extra else "") + after


def single_name(call: Input, expected: Expectation) -> str:
    """The name of a test of one case."""
    base = f"test_{subject_words(call.subject)}"
    match expected.kind:
        case "raises":
            verb = f"_raises_{snake(expected.wanted.rpartition('.')[2])}"
        case "is":
            verb = (
                "_returns_none" if expected.wanted == "None" else f"_is_{expected.wanted.lower()}"
            )
        case "state":
            verb = f"_changes_{snake(expected.more[0][0].rpartition('.')[2])}"
        case "printed":
            verb = "_prints"
        case "files":
            verb = "_writes_file"
        case "begins":
            verb = "_begins"
        case _:
            verb = ""
    return trimmed(base + verb + input_words(call))


def group_name(call: Input, expected: Expectation) -> str:
    """The name of a test of several cases."""
    base = f"test_{subject_words(call.subject)}"
    match expected.kind:
        case "raises":
            return f"{base}_raises_{snake(expected.wanted.rpartition('.')[2])}"
        case "is":
            is_none = expected.wanted == "None"
            return f"{base}_{'returns_none' if is_none else 'is_' + expected.wanted.lower()}"
        case _:
            return f"{base}_results"


def trimmed(name: str) -> str:
    if len(name) <= LONGEST:
        return name
    return re.sub(r"(_(and|with|for|after|or))+$", "", name[:LONGEST].rsplit("_", 1)[0])
