"""When what could not be read of a report keeps a gate from being judged."""

from __future__ import annotations

from decimal import Decimal

import pytest

from qe_action.agents.options import GateOptions
from qe_action.agents.result import Judged, gates
from qe_action.analysis.collect import FileCounts
from qe_action.analysis.gate import PathGate
from qe_action.analysis.unread_counts import UnreadCounts
from qe_action.events import Counts, GateResult

FILES = {"a.py": FileCounts(900, 900, 100, 100), "b.py": FileCounts(90, 90, 10, 10)}
PATCHES = {"a.py": Counts(statements=5, covered=5)}


def judged(unread: UnreadCounts, options: GateOptions) -> list[GateResult]:
    totals = Counts(statements=990, covered=990, branches=110, covered_branches=110)
    return list(gates(options, Judged(PATCHES["a.py"], totals, PATCHES, FILES, unread=unread)))


def passed(unread: UnreadCounts, **gate: Decimal) -> bool | None:
    (verdict,) = judged(unread, GateOptions(**gate))
    assert (verdict.passed is None) == verdict.detail.startswith("not judged, as ")
    return verdict.passed


@pytest.mark.parametrize(
    ("files", "patch", "project", "branch"),
    [
        ({}, True, True, True),
        ({"a.py": 1}, None, True, True),
        ({"b.py": 1}, True, True, True),
        ({"b.py": 2}, True, True, None),
        ({"b.py": 11}, True, True, None),
        ({"b.py": 6, "a.py": 6}, None, None, None),
    ],
)
def test_a_changed_file_must_be_whole_and_all_of_them_nearly(
    files: dict[str, int], patch: bool | None, project: bool | None, branch: bool | None
) -> None:
    """One in a hundred of what a gate counts is a trifle; in a changed file nothing is."""
    unread, all_of_it = UnreadCounts(files), Decimal(100)
    assert passed(unread, min_patch_coverage=all_of_it) is patch
    assert passed(unread, min_project_coverage=all_of_it) is project
    assert passed(unread, min_branch_coverage=all_of_it) is branch


def test_a_gate_on_a_part_looks_at_that_part() -> None:
    minimum = Decimal(50)
    parts = (
        PathGate("patch", "a.py", minimum),
        PathGate("patch", "b.py", minimum),
        PathGate("project", "a.py", minimum),
        PathGate("project", "b.py", minimum),
    )
    found = judged(UnreadCounts({"b.py": 2}), GateOptions(path_gates=parts))
    assert [verdict.passed for verdict in found] == [True, None, True, None]
    assert "no statement was changed" in found[1].detail
    assert found[3].detail == "not judged, as 2 lines or branches of b.py can't be read"


def test_what_is_too_much_is_said_and_not_judged() -> None:
    lost = UnreadCounts(unkept={"a.py"})
    assert passed(lost, min_patch_coverage=Decimal(1)) is None
    assert passed(lost, min_project_coverage=Decimal(1)) is True
    assert list(lost.notes()) == [
        "The report has too much of 1 changed file to tell their changed lines: a.py."
    ]
    many = UnreadCounts(beyond=3)
    assert passed(many, min_patch_coverage=Decimal(1)) is None
    assert passed(many, min_project_coverage=Decimal(1)) is None
    assert "3 files of the report are not counted" in next(many.notes())
