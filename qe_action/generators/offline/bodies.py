"""The lines of a test: arrange, act, assert."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, assert_never

from qe_action.generators.offline.line_wrapping import WIDTH, wrapped
from qe_action.generators.offline.oracle import FIRST, Expectation
from qe_action.generators.offline.subjects import Case, Input, case_of
from qe_action.generators.offline.value_slots import name_at, slots, value_at, with_value
from qe_action.generators.offline.values import Code, quoted, text
from qe_action.generators.port import Arc

WIDE = WIDTH - 4
"""How long a line inside a test may be."""
Comparison = Literal["approx", "begins", "each", "equal", "is", "iterated"]
"""The kinds that compare what a call gives."""


@dataclass(frozen=True)
class PinnedCall:
    """An input, what is asserted of it, and the lines and branches it is for."""

    call: Input
    expected: Expectation
    lines: frozenset[int]
    arcs: frozenset[Arc]
    extra: bool = False
    """Whether it is only shown beside others: it reaches nothing that they don't."""
    alone: bool = False
    """Whether a companion may be a test of its own: it kills a mutant that no other does."""


def single(name: str, pin: PinnedCall) -> tuple[list[str], dict[str, str]]:
    """A test of one case: its lines, and the names that it needs."""
    expected = pin.expected
    case = written(pin.call, expected)
    needed = {**case.names, **expected.names}
    body = [*case.arrange, *_checks(case, expected, needed)]
    if expected.writes and "tmp_path" not in "\n".join([*case.arrange, case.act]):
        body.insert(0, "monkeypatch.chdir(tmp_path)")
    shown = "\n".join(body)
    fixtures = [f for f in ("capsys", "monkeypatch", "tmp_path") if f in shown]
    return _function(name, fixtures, body), needed


def written(call: Input, expected: Expectation) -> Case:
    """The call as the test writes it: the object has a name where it is looked at again."""
    again = expected.kind in ("state", "same") or bool(
        expected.more and expected.kind not in ("raises", "fields", "files")
    )
    wide = call.receiver is not None and len(text(call.receiver)) > 40
    return case_of(call, apart=again or wide)


def _checks(case: Case, expected: Expectation, needed: dict[str, str]) -> list[str]:
    """The lines that act and assert."""
    act, wanted, kind = case.act, expected.wanted, expected.kind
    if case.how == "with" and kind != "raises":
        return _entered(case, expected)
    state = [f"assert {access} {_equals(value)}" for access, value in expected.more]
    match kind:
        case "raises":
            return _raising(act, expected, needed)
        case "state":
            return [act, *state]
        case "same":
            return [f"assert {act} is {wanted}", *state]
        case "printed":
            return [act, f"assert capsys.readouterr().out == {wanted}"]
        case "files":
            files = [(f"(tmp_path / {quoted(path)})", body) for path, body in expected.more]
            return [act, *(f"assert {file}.read_text() == {body}" for file, body in files)]
        case "fields":
            looks = [f"assert {a.format('result')} {_equals(v)}" for a, v in expected.more]
            return [f"result = {_consumed(act, expected)}", *looks]
        case "instance":
            return [f"assert isinstance({act}, {wanted})"]
        case "callable":
            return [f"assert callable({act})"]
        case "nan":
            needed["math"] = ""
            return [f"assert math.isnan({act})"]
        case "approx" | "begins" | "each" | "equal" | "is" | "iterated":
            return [*_compared(act, wanted, kind, needed), *state]
        case _:
            assert_never(kind)


def _raising(act: str, expected: Expectation, needed: dict[str, str]) -> list[str]:
    needed["pytest"] = ""
    match = "".join(f", match={pattern}" for _, pattern in expected.more)
    return [
        f"with pytest.raises({expected.wanted}{match}):",
        f"    {_consumed(act, expected)}",
    ]


def _consumed(act: str, expected: Expectation) -> str:
    return f"list({act})" if expected.consumed else act


def _entered(case: Case, expected: Expectation) -> list[str]:
    """The lines for a context manager: what is asserted of the value it gives."""
    match expected.kind:
        case "fields" | "state":
            looks = [f"    assert {a.format('value')} {_equals(v)}" for a, v in expected.more]
        case "instance":
            looks = [f"    assert isinstance(value, {expected.wanted})"]
        case (
            "approx" | "begins" | "callable" | "each" | "equal" | "files" | "is" | "iterated"
            | "nan" | "printed" | "raises" | "same"
        ):  # fmt: skip
            looks = [f"    assert value {_equals(expected.wanted)}"]
        case _:
            assert_never(expected.kind)
    return [f"with {case.act} as value:", *looks]


def _compared(act: str, wanted: str, kind: Comparison, needed: dict[str, str]) -> list[str]:
    """The assertion, in two lines where one would be too wide."""
    line = f"assert {_comparison(act, wanted, kind, needed)}"
    if len(line) <= WIDE or "\n" in act:
        return [line]
    return [f"result = {act}", f"assert {_comparison('result', wanted, kind, needed)}"]


def _comparison(act: str, wanted: str, kind: Comparison, needed: dict[str, str]) -> str:
    match kind:
        case "begins":
            needed["islice"] = "itertools"
            count = wanted.count(", ") + 1 if wanted.count("(") + wanted.count("[") == 1 else FIRST
            return f"list(islice({act}, {min(count, FIRST)})) == {wanted}"
        case "each":
            return f"[list(items) for items in {act}] == {wanted}"
        case "iterated":
            return f"list({act}) == {wanted}"
        case "approx":
            needed["pytest"] = ""
            return f"{act} == pytest.approx({wanted})"
        case "equal" | "is":
            return _equality(act, wanted, kind)
        case _:
            assert_never(kind)


def _equality(act: str, wanted: str, kind: Literal["equal", "is"]) -> str:
    node = ast.parse(act, mode="eval").body
    if isinstance(node, ast.Compare):
        if wanted in ("True", "False"):
            return act if wanted == "True" else f"not ({act})"
        return f"({act}) {_equals(wanted)}"
    if isinstance(node, ast.BoolOp | ast.BinOp | ast.Lambda):
        return f"({act}) {_equals(wanted)}"
    if kind == "is" and wanted == "expected":
        return f"{act} is expected"
    return f"{act} {_equals(wanted)}"


def _equals(wanted: str) -> str:
    return f"is {wanted}" if wanted in ("None", "True", "False") else f"== {wanted}"


def _function(name: str, fixtures: Iterable[str], body: list[str]) -> list[str]:
    rows = [wrapped(line.lstrip(), 4 + len(line) - len(line.lstrip())) for line in body]
    return [f"def {name}({', '.join(fixtures)}):", *(row for some in rows for row in some)]


def parametrised(name: str, group: list[PinnedCall]) -> tuple[list[str], dict[str, str]]:
    """A test of several cases in a table: its lines, and the names that it needs."""
    first = group[0]
    count = slots(first.call)
    rows = [[text(value_at(pin.call, at)) for at in range(count)] for pin in group]
    varying = [at for at in range(count) if len({row[at] for row in rows}) > 1]
    labels = _labels(first.call, varying)
    call = first.call
    for at, label in zip(varying, labels, strict=True):
        call = with_value(call, at, Code(label))
    expected = first.expected
    told = len({pin.expected.wanted for pin in group}) > 1
    columns = [*labels, *(["expected"] if told else [])]
    table = []
    for row, pin in zip(rows, group, strict=True):
        cells = [row[at] for at in varying]
        if told:
            cells.append(pin.expected.wanted)
        table.append(f"({', '.join(cells)})" if len(cells) > 1 else cells[0])
    shown = Expectation(
        expected.kind,
        "expected" if told else expected.wanted,
        {},
        expected.more,
        expected.consumed,
    )
    case = written(call, shown)
    needed = {**case.names, "pytest": ""}
    for pin in group:
        needed.update(pin.expected.names)
    body = [*case.arrange, *_checks(case, shown, needed)]
    heads = [f'"{column}"' for column in columns]
    head = f"({', '.join(heads)})" if len(heads) > 1 else heads[0]
    return [*_table(head, table), *_function(name, columns, body)], needed


def _table(head: str, rows: list[str]) -> list[str]:
    """The cases below each other, two short ones beside each other."""
    line = f"@pytest.mark.parametrize({head}, [{', '.join(rows)}])"
    if len(rows) < 3 and len(line) <= WIDTH:
        return [line]
    cases = [line for row in rows for line in wrapped(f"{row},", 8)]
    return ["@pytest.mark.parametrize(", f"    {head},", "    [", *cases, "    ],", ")"]


def _labels(call: Input, varying: list[int]) -> list[str]:
    """Names for the values that differ: those of the parameters."""
    labels: list[str] = []
    for at in varying:
        label = name_at(call, at).strip("_") or "value"
        taken = {*labels, "expected", "request", "pytest", call.subject.name, call.subject.id}
        while label in taken:
            label += "_2" if label in labels else "_value"
        labels.append(label)
    return labels
