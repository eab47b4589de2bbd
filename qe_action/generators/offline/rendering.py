"""Readable pytest tests: arrange, act, assert; parametrised where only values differ."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from qe_action.generators.offline.expecting import Expectation
from qe_action.generators.offline.naming import group_name, single_name
from qe_action.generators.offline.slots import parameter_at, value_at, with_value
from qe_action.generators.offline.subjects import Case, Input, case_of
from qe_action.generators.offline.values import Code, names, quoted, text
from qe_action.generators.port import Arc, Candidate, Job

MOST = 8
"""How many cases one parametrised test has."""
ENOUGH = 5
"""Up to how many cases companions are shown beside those that are needed."""
WIDE = 88
_ALIKE = ("is", "equal", "approx", "raises", "iterated", "each")


@dataclass(frozen=True)
class Proof:
    """An input, what it gives, and what it is for."""

    call: Input
    expected: Expectation
    lines: frozenset[int]
    arcs: frozenset[Arc]
    extra: bool = False
    """Whether it is only shown beside others: it reaches nothing that they don't."""
    alone: bool = False
    """Whether a companion may be a test of its own: it notices what no other does."""


class Renderer:
    """Writes candidates with names of their own."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._taken: dict[str, int] = {}

    def render(self, proofs: list[Proof]) -> list[Candidate]:
        """Tests for all proofs, those alike in one."""
        return [self._candidate(group) for group in _groups(proofs)]

    def _candidate(self, group: list[Proof]) -> Candidate:
        first = group[0]
        if len(group) == 1:
            name = self._free(single_name(first.call, first.expected))
            lines, needed = single(name, first)
        else:
            name = self._free(group_name(first.call, first.expected))
            lines, needed = _parametrised(name, group)
        comment = f"# Pins what {first.call.subject.id} does today."
        code = "\n".join([comment, *lines]) + "\n"
        aims = frozenset().union(*(proof.lines for proof in group))
        ids = self._job.goals.ids
        return Candidate(
            id=hashlib.sha256(code.encode()).hexdigest()[:12],
            name=name,
            code=code,
            imports=import_lines(needed),
            target=self._job.target,
            qualname=first.call.subject.id,
            gap_id=next((ids[line] for line in sorted(aims) if line in ids), None),
            aim_lines=aims,
            aim_arcs=frozenset().union(*(proof.arcs for proof in group)),
        )

    def _free(self, name: str) -> str:
        self._taken[name] = self._taken.get(name, 0) + 1
        count = self._taken[name]
        return name if count == 1 else f"{name}_{count}"


def import_lines(needed: dict[str, str]) -> tuple[str, ...]:
    """Import lines for names, one a module."""
    by_module: dict[str, list[str]] = {}
    for name, module in needed.items():
        by_module.setdefault(module, []).append(name)
    lines = [f"import {name}" for name in sorted(by_module.pop("", []))]
    lines += [f"from {m} import {', '.join(sorted(n))}" for m, n in sorted(by_module.items())]
    return tuple(lines)


def _groups(proofs: list[Proof]) -> list[list[Proof]]:
    groups: dict[object, list[list[Proof]]] = {}
    for at, proof in enumerate(proofs):
        key = _shape(proof) or at
        if proof.extra and not _wanted_beside(proof, groups.get(key, [])):
            continue
        here = groups.setdefault(key, [[]])
        if len(here[-1]) >= (ENOUGH if proof.extra else MOST):
            here.append([])
        here[-1].append(proof)
    return [group for same in groups.values() for group in same]


def _wanted_beside(proof: Proof, groups: list[list[Proof]]) -> bool:
    """Whether a companion has a test with room to stand in, and says something new there."""
    told = {(one.call.args, one.call.kwargs) for group in groups for one in group}
    there = proof.alone or (bool(groups) and len(groups[-1]) < ENOUGH)
    return there and (proof.call.args, proof.call.kwargs) not in told


def _shape(proof: Proof) -> object:
    """What must be alike for cases to be one test."""
    call, expected = proof.call, proof.expected
    inside = (*call.args, *(value for _, value in call.kwargs))
    if (
        expected.kind not in _ALIKE
        or call.steps
        or expected.writes
        or (expected.more and expected.kind != "raises")
    ):
        return None
    if not inside or any(names(value) for value in inside) or _uses_fixture(call):
        return None
    if any(isinstance(v, Code) and v.text.startswith("lambda") for v in inside):
        return None
    if sum(len(text(value)) for value in inside) + len(expected.wanted) > WIDE * 2:
        return None
    fixed = expected.wanted if expected.kind in ("is", "raises") else ""
    match = expected.more if expected.kind == "raises" else ()
    receiver = text(call.receiver) if call.receiver else ""
    taken = len(call.args), tuple(name for name, _ in call.kwargs)
    return (call.subject.id, expected.kind, fixed, match, receiver, taken, expected.consumed)


def _uses_fixture(call: Input) -> bool:
    case = case_of(call)
    return "tmp_path" in case.act or any("tmp_path" in line for line in case.arrange)


def single(name: str, proof: Proof) -> tuple[list[str], dict[str, str]]:
    """A test of one case: its lines, and the names that it needs."""
    expected = proof.expected
    case = written(proof.call, expected)
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
    act, wanted = case.act, expected.wanted
    state = [f"assert {access} {_equals(value)}" for access, value in expected.more]
    if expected.kind == "raises":
        needed["pytest"] = ""
        match = "".join(f", match={pattern}" for _, pattern in expected.more)
        inner = f"list({act})" if expected.consumed else act
        return [f"with pytest.raises({wanted}{match}):", f"    {inner}"]
    if case.how == "with":
        return _entered(case, expected)
    match expected.kind:
        case "state":
            return [act, *state]
        case "same":
            return [f"assert {act} is {wanted}", *state]
        case "printed":
            return [act, f"assert capsys.readouterr().out == {wanted}"]
        case "files":
            reads = [
                f"assert (tmp_path / {quoted(path)}).read_text() == {body}"
                for path, body in expected.more
            ]
            return [act, *reads]
        case "fields":
            looks = [f"assert {a.format('result')} {_equals(v)}" for a, v in expected.more]
            shown = f"list({act})" if expected.consumed else act
            return [f"result = {shown}", *looks]
        case "instance":
            return [f"assert isinstance({act}, {wanted})"]
        case "callable":
            return [f"assert callable({act})"]
        case "nan":
            needed["math"] = ""
            return [f"assert math.isnan({act})"]
        case "approx":
            needed["pytest"] = ""
    checked = f"assert {_comparison(act, wanted, expected.kind, needed)}"
    if len(checked) <= WIDE or "\n" in act:
        return [checked, *state]
    return [
        f"result = {act}",
        f"assert {_comparison('result', wanted, expected.kind, needed)}",
        *state,
    ]


def _entered(case: Case, expected: Expectation) -> list[str]:
    if expected.kind in ("fields", "state"):
        looks = [f"    assert {a.format('value')} {_equals(v)}" for a, v in expected.more]
        return [f"with {case.act} as value:", *looks]
    if expected.kind == "instance":
        return [f"with {case.act} as value:", f"    assert isinstance(value, {expected.wanted})"]
    return [f"with {case.act} as value:", f"    assert value {_equals(expected.wanted)}"]


def _comparison(act: str, wanted: str, kind: str, needed: dict[str, str]) -> str:
    if kind == "begins":
        needed["islice"] = "itertools"
        count = wanted.count(", ") + 1 if wanted.count("(") + wanted.count("[") == 1 else 5
        return f"list(islice({act}, {min(count, 5)})) == {wanted}"
    if kind == "each":
        return f"[list(items) for items in {act}] == {wanted}"
    if kind == "iterated":
        return f"list({act}) == {wanted}"
    if kind == "approx":
        return f"{act} == pytest.approx({wanted})"
    node = ast.parse(act, mode="eval").body
    if isinstance(node, ast.Compare):
        if wanted in ("True", "False"):
            return act if wanted == "True" else f"not ({act})"
        return f"({act}) {_equals(wanted)}"
    if isinstance(node, ast.BoolOp | ast.BinOp | ast.Lambda):
        return f"({act}) {_equals(wanted)}"
    return f"{act} {_equals(wanted)}"


def _equals(wanted: str) -> str:
    return f"is {wanted}" if wanted in ("None", "True", "False") else f"== {wanted}"


def _function(name: str, fixtures: Iterable[str], body: list[str]) -> list[str]:
    return [f"def {name}({', '.join(fixtures)}):", *(f"    {line}" for line in body)]


def _parametrised(name: str, group: list[Proof]) -> tuple[list[str], dict[str, str]]:
    first = group[0]
    count = len(first.call.args) + len(first.call.kwargs)
    rows = [[text(value_at(proof.call, at)) for at in range(count)] for proof in group]
    varying = [at for at in range(count) if len({row[at] for row in rows}) > 1]
    labels = _labels(first.call, varying)
    call = first.call
    for at, label in zip(varying, labels, strict=True):
        call = with_value(call, at, Code(label))
    expected = first.expected
    told = expected.kind in ("equal", "approx", "iterated", "each")
    alike = len({proof.expected.wanted for proof in group}) == 1
    columns = [*labels, *(["expected"] if told and not alike else [])]
    table = []
    for row, proof in zip(rows, group, strict=True):
        cells = [row[at] for at in varying]
        if told and not alike:
            cells.append(proof.expected.wanted)
        table.append(f"({', '.join(cells)})" if len(cells) > 1 else cells[0])
    shown = Expectation(
        expected.kind,
        "expected" if told and not alike else expected.wanted,
        {},
        expected.more,
        expected.consumed,
    )
    case = written(call, shown)
    needed = {**case.names, "pytest": ""}
    for proof in group:
        needed.update(proof.expected.names)
    body = [*case.arrange, *_checks(case, shown, needed)]
    heads = [f'"{column}"' for column in columns]
    head = f"({', '.join(heads)})" if len(heads) > 1 else heads[0]
    lines = ["@pytest.mark.parametrize(", f"    {head},", "    ["]
    lines += [f"        {row}," for row in table] + ["    ],", ")"]
    return [*lines, *_function(name, columns, body)], needed


def _labels(call: Input, varying: list[int]) -> list[str]:
    """Names for the values that differ: those of the parameters."""
    labels: list[str] = []
    for at in varying:
        parameter = parameter_at(call, at)
        label = (parameter.name if parameter else "value").strip("_") or "value"
        if at >= len(call.args):
            label = call.kwargs[at - len(call.args)][0].strip("_") or "value"
        taken = {*labels, "expected", "request", "pytest", call.subject.name, call.subject.id}
        while label in taken:
            label += "_2" if label in labels else "_value"
        labels.append(label)
    return labels
