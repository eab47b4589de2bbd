"""The facts of the project's own tests: what runs them, and what its files say of that."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from qe_action.diagnosis.asked_suite import CONFIGS, AskedSuite, reports_coverage, why_quiet
from qe_action.errors import ReportError
from qe_action.settings import Settings
from qe_action.workspace.project_files import project_texts
from qe_action.workspace.report_file import expand
from qe_action.workspace.tree import small_texts

MOST = 1000
"""Files of a glob that are counted."""


def asked_suite(settings: Settings) -> AskedSuite:
    """What the inputs ask of the tests."""
    inputs = settings.inputs
    if not (inputs.test_command or inputs.test_results):
        return AskedSuite()
    folder = settings.workspace / inputs.working_directory
    texts = small_texts(folder, CONFIGS) if inputs.test_command else {}
    needs = project_texts(folder) if inputs.test_command and folder.is_dir() else {}
    return AskedSuite(
        command=inputs.test_command,
        here=settings.starts_command,
        network=inputs.test_network == "on",
        results=tuple((name, _matches(folder / name)) for name in inputs.test_results),
        own_check=inputs.checks == "two",
        quiet=tuple(why_quiet(inputs.test_command, texts)),
        reports=reports_coverage(inputs.test_command, texts),
        plugin=any("pytest-cov" in text or "pytest_cov" in text for text in needs.values()),
    )


def _matches(path: Path) -> int:
    try:
        return sum(1 for each in islice(expand(path), MOST) if each.is_file())
    except ReportError:
        return 0
