"""How a generation shares the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from qe_action.agents.generation_options import PYTHONS, GenerationOptions, generation_options
from qe_action.cli import parser
from qe_action.errors import UsageError
from qe_action.generators import AUTO, CHOICES, GENERATORS
from qe_action.task import QETask


@pytest.mark.parametrize(
    ("named", "interpreters", "cores", "slots"),
    [(None, 1, 2, 2), (None, 1, 4, 4), (None, 1, 64, 7), (8, 3, 2, 5), (1, 1, 8, 1), (8, 5, 8, 3)],
)
def test_no_more_workers_than_the_sandbox_has_users(
    named: int | None, interpreters: int, cores: int, slots: int
) -> None:
    options = GenerationOptions(file="a.py", slots=named)
    assert options.side_by_side(interpreters, cores) == slots
    assert slots + 1 + (interpreters - 1) <= 8


def test_a_run_looks_at_a_few_interpreters_only() -> None:
    pythons = tuple(Path(f"/python{n}") for n in range(PYTHONS + 1))
    task = QETask(task_type="test_generation", context={"file": "a.py", "python": pythons})
    with pytest.raises(UsageError, match="more than 5 interpreters"):
        generation_options(task)


def test_options_and_command_line_take_the_generators_of_the_table() -> None:
    assert (AUTO, *GENERATORS) == CHOICES
    for name in CHOICES:
        context = {"file": "a.py", "generator": name}
        options = generation_options(QETask(task_type="test_generation", context=context))
        assert options.generator == name
        arguments = parser().parse_args(["generate", "coverage.xml", "--generator", name])
        assert arguments.generator == name
    unknown = {"file": "a.py", "generator": "given"}
    with pytest.raises(UsageError, match="generator does not fit: Input should be 'auto' or 'off"):
        generation_options(QETask(task_type="test_generation", context=unknown))
    with pytest.raises(SystemExit):
        parser().parse_args(["generate", "coverage.xml", "--generator", "given"])
