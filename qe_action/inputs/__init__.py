"""The action's inputs, as `action.yml`, the settings and the command line know them.

A plain table, so that `--help` needs no heavy import. A test holds `action.yml` and the
README against it.
"""

from __future__ import annotations

from qe_action.inputs.delivery_inputs import DELIVERY
from qe_action.inputs.execution_inputs import EXECUTION
from qe_action.inputs.generation_inputs import GENERATION
from qe_action.inputs.input import Input
from qe_action.inputs.report_inputs import REPORTING

__all__ = ["INPUTS", "PUBLISHING", "Input"]

INPUTS: tuple[Input, ...] = (*REPORTING, *EXECUTION, *GENERATION, *DELIVERY)

PUBLISHING = frozenset(
    {
        "name",
        "annotations",
        "max-annotations",
        "comment",
        "review-comments",
        "comment-group",
        "expect-parts",
        "min-patch-coverage",
        "min-project-coverage",
        "min-branch-coverage",
        "fail-on-gate",
        "fail-on-error",
        "tests-outcome",
        "checks",
        "flaky",
        "pull-request",
        "journal",
        "preview-file",
        "journal-artifact",
    }
)
"""The inputs that say something where a journal is published; the others are of the analysis."""
