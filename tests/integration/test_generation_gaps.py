"""Tests for the gaps of an analysis, and what is suspected on the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from generation import GOOD, GOOD_NAMES, SHAPES, generate, project

from qe_action.errors import UsageError
from qe_action.events import BugSuspected, Gap, GeneratorError, TestProposed


def gap(path: str, start: int, end: int, *, in_diff: bool = True) -> Gap:
    return Gap(
        id=f"{path}{start}",
        file_path=path,
        line_start=start,
        line_end=end,
        gap_type="uncovered",
        severity="high",
        in_diff=in_diff,
    )


@pytest.mark.slow  # in more files they are, too
def test_gaps_of_an_analysis_are_what_tests_are_made_for(tmp_path: Path) -> None:
    """As models or as dicts; lines that are in no gap count for nothing."""
    project(tmp_path, {"shapes.py": SHAPES})
    gaps = [gap("shapes.py", 7, 7), gap("shapes.py", 9, 9).model_dump()]
    outcome = generate({"repo": tmp_path, "gaps": gaps, "tests": GOOD})
    assert set(outcome.accepted) == {GOOD_NAMES[0], GOOD_NAMES[2]}
    assert outcome.result.tests[0].target == "shapes.py"


@pytest.mark.slow
def test_changed_lines_have_their_share_of_the_time_before_all_others(tmp_path: Path) -> None:
    project(tmp_path, {"shapes.py": SHAPES, "other.py": "def f(x):\n    return x + 1\n"})
    gaps = [gap("shapes.py", 6, 9), gap("other.py", 2, 2, in_diff=False)]
    outcome = generate({"repo": tmp_path, "gaps": gaps, "time_budget": 24})
    shown = [e.target.partition("::")[0] for e in outcome.events if isinstance(e, TestProposed)]
    assert shown == sorted(shown, reverse=True)
    assert set(shown) == {"shapes.py", "other.py"}


def test_one_target_that_can_t_be_used_leaves_the_others(tmp_path: Path) -> None:
    project(tmp_path, {"shapes.py": SHAPES, "broken.py": "import nothing_of_this_name\nx = 1\n"})
    gaps = [gap("gone.py", 1, 2), gap("broken.py", 2, 2), gap("shapes.py", 6, 9)]
    outcome = generate({"repo": tmp_path, "gaps": gaps, "tests": GOOD})
    errors = [event for event in outcome.events if isinstance(event, GeneratorError)]
    assert [error.recoverable for error in errors] == [True, True]
    assert outcome.result.conclusion == "finished"
    assert set(outcome.accepted) == set(GOOD_NAMES)
    assert outcome.result.coverage_estimate == 100.0


@pytest.mark.parametrize(
    ("context", "said"),
    [
        ({"gaps": [{"id": "1"}]}, "gaps.0"),
        ({"gaps": [], "code": "x"}, "code and gaps"),
        ({"gaps": [], "coverage_file": "x"}, "gaps and a coverage report"),
    ],
)
def test_gaps_that_don_t_fit_are_refused(context: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        generate(context)


def test_an_example_that_the_code_contradicts_is_an_event_and_in_the_result(
    tmp_path: Path,
) -> None:
    source = """
        def twice(x):
            '''Doubles.

            >>> twice(2)
            5
            '''
            return 2 * x
    """
    project(tmp_path, {"calc.py": source})
    outcome = generate({"repo": tmp_path, "file": "calc.py", "time_budget": 3})
    (bug,) = [event.bug for event in outcome.events if isinstance(event, BugSuspected)]
    assert outcome.result.suspicions == (bug,)
    assert (bug.file_path, bug.function, bug.line) == ("calc.py", "twice", 4)
    assert (bug.example, bug.expected, bug.got) == ("twice(2)", "5", "4")
