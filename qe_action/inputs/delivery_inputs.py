"""The inputs on what is left behind, and how results travel."""

from __future__ import annotations

from qe_action.inputs.input import Input

DELIVERY: tuple[Input, ...] = (
    Input(
        "journal",
        "",
        "Where in the workspace the journal of all events is written.",
        old="journal-file",
        written=True,
    ),
    Input(
        "preview-file",
        "",
        "Where in the workspace the HTML preview is written.",
        written=True,
    ),
    Input(
        "badge-file",
        "",
        "Where in the workspace the badge of the project's coverage is written, as SVG.",
        written=True,
    ),
    Input(
        "badge-json-file",
        "",
        "Where in the workspace the same is written as JSON for an endpoint badge of shields.io.",
        written=True,
    ),
    Input(
        "pull-request-tests",
        "off",
        "What becomes of the tests beside the comment: suggest gives them as a patch, open as a "
        "pull request onto the branch as well.",
        ("off", "suggest", "open"),
    ),
    Input(
        "pr-token",
        "",
        "Token of an app or a person for the pull request with the tests, so that workflows run "
        "on it; the job's token where empty.",
        secret="QE_PR_TOKEN",  # noqa: S106
    ),
    Input(
        "tests-patch-file",
        "",
        "Where in the workspace the tests are written as a patch for git apply.",
        written=True,
    ),
    Input(
        "tests-workflow",
        "",
        "File name of a workflow with workflow_dispatch that is started on the branch with tests.",
    ),
    Input(
        "mode",
        "analyze",
        "analyze reads the reports; publish delivers the journal that a finished workflow left.",
        ("analyze", "publish"),
    ),
    Input(
        "journal-artifact",
        "qe-action-journal",
        "Name of the artifact that holds the journal, for mode publish.",
    ),
)
