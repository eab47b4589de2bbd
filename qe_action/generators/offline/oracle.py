"""What a test may assert of a call that ran twice, in processes of their own."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from qe_action.generators.offline.readability import ADDRESS
from qe_action.generators.offline.values import quoted, read, text
from qe_action.generators.offline.worker_answers import CallResult, Expression, RaisedError

FIELDS = 4
"""How many fields, or attributes of a changed object, one test looks at."""
FIRST = 5
"""How many items of an endless iterator are expected."""
Kind = Literal[
    "approx", "begins", "callable", "each", "equal", "fields", "files", "instance", "is",
    "iterated", "nan", "printed", "raises", "same", "state",
]  # fmt: skip
"""What is asserted: a result, what an iterator gives, an effect, or an exception."""


@dataclass(frozen=True)
class Expectation:
    """An observable result: its kind, the source of what is wanted, the names this needs."""

    kind: Kind
    wanted: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    more: tuple[tuple[str, str], ...] = ()
    """Pairs of an access and what it gives: changed state, fields, files."""
    consumed: bool = False
    """Whether the result has to be iterated for this."""
    writes: bool = False
    """Whether the call leaves files where it runs."""
    message: str = ""
    """The first line of what an exception of the target says."""
    about: str = ""
    """What is wrong, in words for a name."""


def expectation(one: CallResult, two: CallResult) -> Expectation | None:
    """What both runs agree on; None where nothing of it should be pinned."""
    if not (one.good and two.good) or one.changed or two.changed or one.outcome != two.outcome:
        return None
    found = _raised(one.raised, two.raised) if one.raised else _returned(one, two)
    if found is not None and one.iterator and found.kind in ("raises", "fields"):
        whole = one.iterator != "*" and (one.ended or found.kind == "raises")
        found = replace(found, consumed=True) if whole else None
    if found is not None and one.files:
        found = replace(found, writes=True)
    if found is None or ADDRESS.search(found.wanted + str(found.more)):
        return None
    return found


def _raised(one: RaisedError, two: RaisedError | None) -> Expectation | None:
    if two is None or one.type != two.type or one.type.startswith("_") or "<" in one.type:
        return None
    if one.type in ("KeyboardInterrupt", "GeneratorExit", "StopIteration", "Refused"):
        return None
    top = one.type.split(".")[0]
    needed = {} if one.module == "builtins" else {top: one.public}
    message = one.message.splitlines()[0] if one.message else ""
    if one.line == 0 or one.message != two.message or ADDRESS.search(message):
        message = ""
    match = (("match", matched(message)),) if message else ()
    return Expectation("raises", one.type, needed, match, message=message)


def matched(message: str) -> str:
    """The pattern for a message: its words, whole while they are few."""
    if len(message) > 60:
        message = message[:60].rsplit(" ", 1)[0]
    pattern = re.sub(r"([\\.^$*+?{}\[\]|()])", r"\\\1", message)
    if pattern != message and '"' not in pattern:
        return f'r"{pattern}"'
    return quoted(pattern)


def _returned(one: CallResult, two: CallResult) -> Expectation | None:
    state = _agreed(one.state, two.state)
    effects = tuple(sorted((name, _neat(made)) for name, made in state.items()))
    needed = _names(state.values())
    if one.value is None:
        return _object(one, two)
    if two.value is None:
        return None
    if one.value.text != two.value.text:
        return _sized(one, one.value.text, two.value.text)
    made = one.value
    needed = {**needed, **made.names}
    if one.iterator:
        return _iterated(one, made, needed)
    if made.text == "None":
        return _nothing(one, two, effects, needed)
    if one.same:
        return Expectation("same", one.same[0], needed, effects[:FIELDS])
    kind: Kind = "is" if made.text in ("True", "False") else "equal"
    if not made.exact and kind == "equal":
        kind = "approx" if _flat(made.text) else "equal"
        kind = "nan" if made.text == 'float("nan")' else kind
    return Expectation(kind, _neat(made), needed, effects[:FIELDS])


def _sized(one: CallResult, first: str, second: str) -> Expectation | None:
    """The length of a list, tuple or dict whose items are by chance."""
    if ADDRESS.search(first):
        return None
    sizes = []
    for source in (first, second):
        try:
            node = ast.parse(source, mode="eval").body
        except SyntaxError:
            return None
        if not isinstance(node, ast.List | ast.Tuple | ast.Dict):
            return None
        sizes.append(len(node.keys) if isinstance(node, ast.Dict) else len(node.elts))
    if sizes[0] != sizes[1] or not one.ended:
        return None
    return Expectation("fields", "", {}, (("len({})", str(sizes[0])),))


def _nothing(
    one: CallResult, two: CallResult, effects: tuple[tuple[str, str], ...], needed: dict[str, str]
) -> Expectation | None:
    if effects:
        return Expectation("state", "", needed, effects[:FIELDS])
    if one.files and one.files == two.files:
        files = tuple((name, quoted(body)) for name, body in sorted(one.files.items())[:3])
        return Expectation("files", "", needed, files)
    if one.printed and one.printed == two.printed and len(one.printed) < 400:
        return Expectation("printed", quoted(one.printed), needed)
    if one.printed != two.printed:
        return None
    return Expectation("is", "None", needed)


def _iterated(one: CallResult, made: Expression, needed: dict[str, str]) -> Expectation | None:
    if one.ended:
        return Expectation("each" if one.iterator == "*" else "iterated", _neat(made), needed)
    if one.iterator == "*":
        return None
    try:
        items = ast.parse(made.text, mode="eval").body
    except SyntaxError:
        return None
    if not isinstance(items, ast.List):
        return None
    items.elts = items.elts[:FIRST]
    return Expectation("begins", _tidy(ast.unparse(items)), needed)


def _object(one: CallResult, two: CallResult) -> Expectation | None:
    fields = _agreed(one.fields, two.fields)
    telling = sorted(fields.items(), key=lambda item: (_dull(item[1].text), len(item[0])))
    chosen = [(access, made) for access, made in telling if len(made.text) < 120][:FIELDS]
    if chosen:
        needed = _names(made for _, made in chosen)
        order = {access: at for at, access in enumerate(one.fields)}
        chosen.sort(key=lambda item: order[item[0]])
        more = tuple((access, _neat(made)) for access, made in chosen)
        return Expectation("fields", "", needed, more)
    if one.type in ("function", "method", "builtin_function_or_method"):
        return Expectation("callable")
    if one.type.startswith("_") or "<" in one.type or one.module in ("builtins", "__main__", ""):
        return None
    if any(part.startswith("_") for part in one.module.split(".")):
        return None
    return Expectation("instance", one.type, {one.type.split(".")[0]: one.module})


def _dull(shown: str) -> bool:
    return shown in ("None", "[]", "{}", "()", "0", "''", "False")


def _agreed(one: Mapping[str, Expression], two: Mapping[str, Expression]) -> dict[str, Expression]:
    return {n: m for n, m in one.items() if n in two and two[n].text == m.text}


def _names(made: object) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in made:  # type: ignore[attr-defined]
        found.update(item.names)
    return found


def _neat(made: Expression) -> str:
    return _tidy(made.text, made.names)


def _tidy(source: str, known: Mapping[str, str] | None = None) -> str:
    value = read(source, known or {})
    return text(value) if value is not None else source


def _flat(source: str) -> bool:
    """Whether pytest.approx takes it: a number, or one layer of a list, tuple or dict of them."""
    try:
        node = ast.parse(source, mode="eval").body
    except SyntaxError:
        return False
    items = [node]
    if isinstance(node, ast.List | ast.Tuple):
        items = node.elts
    elif isinstance(node, ast.Dict):
        items = node.values
    return all(
        isinstance(item, ast.Constant | ast.UnaryOp | ast.Call) and not isinstance(item, ast.List)
        for item in items
    )
