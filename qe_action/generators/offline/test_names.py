"""Names for tests: the function, and what is special about the behaviour."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import assert_never

from qe_action.generators.offline.oracle import Expectation
from qe_action.generators.offline.subjects import OPERATORS, Input, Subject
from qe_action.generators.offline.value_slots import (
    name_at,
    of_object,
    parameter_at,
    slots,
    value_at,
)
from qe_action.generators.offline.values import Call, Code, Lit, Map, Seq, Value

LONGEST = 66
"""How many characters a name may have."""
_SIGNS = {
    "-": "dash", "_": "underscore", ".": "dot", ",": "comma", ":": "colon", "/": "slash",
    "": "empty_string",
    "\n": "newline", " ": "space", "+": "plus", "@": "at_sign", "#": "hash", "%": "percent",
    "*": "star", "(": "parenthesis", "[": "bracket", "<": "less_than", "=": "equals",
}  # fmt: skip


def snake(name: str) -> str:
    """The words of a name, joined by underscores."""
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
    "__contains__": "contains", "__getitem__": "item", "__bool__": "truth",
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
        inside = value_words(value.args[0]) if value.args else ""
        name = snake(value.func.rpartition(".")[2])
        return f"{name}_{inside}" if inside and len(inside) < 16 else name
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


def input_words(call: Input, room: int = LONGEST) -> str:
    """What tells this input from others; only the optional arguments where room is short."""
    values = [(name_at(call, at), value_at(call, at)) for at in range(slots(call))]
    here = call if not of_object(call) else call.receiver
    first = bool(values) and isinstance(here, Input | Call) and bool(here.args)
    said = value_words(values[0][1]) if first else ""
    named = _with([(name, value) for name, value in values[1 if first else 0 :] if name])
    after = f"_after_{snake(call.steps[-1][0])}" if call.steps else ""
    full = (f"_for_{said}" if said else "") + named + after
    return full if len(full) <= room or not named else named + after


def _with(named: Sequence[tuple[str, Value]]) -> str:
    """Arguments by their names: `_with_base_2_without_sign`."""
    words = ""
    for name, value in named[:2]:
        flag = isinstance(value, Lit) and isinstance(value.value, bool)
        said = "" if flag else f"_{value_words(value)}"
        without = flag and isinstance(value, Lit) and not value.value
        words += f"_{'without' if without else 'with'}_{snake(name)}{said}".rstrip("_")
    return words


def _common(calls: Sequence[Input]) -> str:
    """The optional arguments that all cases of a group have, with the value if it is one."""
    first = calls[0]
    given: list[tuple[str, Value]] = []
    labels = ""
    for at in range(1, slots(first)):
        parameter = parameter_at(first, at)
        values = {value_at(call, at) for call in calls}
        if parameter is None or parameter.default is None:
            continue
        if len(values) == 1:
            given.append((parameter.name, value_at(first, at)))
        elif not labels:
            labels = f"_with_{snake(parameter.name)}"
    return labels + _with(given)


def names_of(calls: Sequence[Input], expected: Expectation) -> Iterator[str]:
    """Names for a test of these cases, the best first."""
    call = calls[0]
    base = f"test_{subject_words(call.subject)}"
    verb = _verb(call, expected)
    equal = _of_operator(call, expected) if len(calls) == 1 else ""
    told = expected.kind == "raises" and bool(expected.about)
    bare = not (call.args or call.kwargs or call.steps)
    plain = bare and call.subject.kind in ("method", "property")
    operator = call.subject.name in OPERATORS and expected.kind in ("is", "equal")
    if equal or operator:
        yield trimmed(equal or base)
    elif len(calls) > 1 or told or plain or _noisy(call):
        yield trimmed(base + verb)
        if common := _common(calls) if len(calls) > 1 else "":
            yield trimmed(base + verb + common)
    yield trimmed(base + verb + input_words(call, LONGEST - len(base + verb)))
    if varied := _varied(call):
        yield trimmed(base + verb + varied)
    if told:
        yield trimmed(f"{base}_raises_{_exception(expected)}" + input_words(call))
    for other in calls[1:]:
        yield trimmed(base + verb + input_words(other))


def _exception(expected: Expectation) -> str:
    return snake(expected.wanted.rpartition(".")[2])


def _verb(call: Input, expected: Expectation) -> str:
    match expected.kind:
        case "raises":
            return f"_raises_{expected.about or _exception(expected)}"
        case "is" if expected.wanted == "None":
            return "_returns_none"
        case "is" if expected.wanted in ("True", "False"):
            asks = re.match(r"_?(is|has|can|are|was|should)_", call.subject.name)
            return f"_{'' if asks else 'is_'}{expected.wanted.lower()}"
        case "state":
            return f"_changes_{snake(expected.more[0][0].rpartition('.')[2])}"
        case "printed":
            return "_prints"
        case "files":
            return "_writes_file"
        case "begins":
            return "_begins"
        case (
            "approx" | "callable" | "each" | "equal" | "fields" | "instance" | "is"
            | "iterated" | "nan" | "same"
        ):  # fmt: skip
            return ""
        case _:
            assert_never(expected.kind)


def _of_operator(call: Input, expected: Expectation) -> str:
    """The name of a test of `==` or `hash()`, '' for others."""
    if call.subject.owner is None or expected.wanted not in ("True", "False"):
        return ""
    owner = snake(call.subject.owner.name.rpartition(".")[2])
    same = expected.wanted == "True"
    if call.subject.name == "__hash__" and same:
        return f"test_{owner}_hash_is_that_of_its_equal"
    if call.subject.name == "__eq__" and call.args:
        other = call.args[0]
        like = isinstance(other, Call) and other.func == call.subject.owner.name
        words = ("its_like" if same else "another") if like else value_words(other)
        return f"test_{owner}_{'equals' if same else 'differs_from'}_{words or 'other'}"
    return ""


def _noisy(call: Input) -> bool:
    """Whether the input's words say nothing: `0_3_6_1`."""
    first = value_at(call, 0) if slots(call) else None
    if not isinstance(first, Lit) or not isinstance(first.value, str):
        return False
    return sum(len(word) < 2 for word in value_words(first).split("_")) > 2


def _varied(call: Input) -> str:
    """Another word for the input: the type of its first value."""
    first = next(iter((*call.args, *(value for _, value in call.kwargs))), None)
    if isinstance(first, Lit):
        return f"_for_{type(first.value).__name__.lower().replace('nonetype', 'none')}"
    return f"_for_{first.kind}" if isinstance(first, Seq) else ""


def trimmed(name: str) -> str:
    """The name without the words that are too many."""
    if len(name) <= LONGEST:
        return name
    return re.sub(r"(_(and|with|for|after|or))+$", "", name[:LONGEST].rsplit("_", 1)[0])
