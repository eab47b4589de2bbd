"""The action's outputs, as `action.yml`, their page and the end of a run know them."""

from __future__ import annotations

OUTPUTS: tuple[tuple[str, str], ...] = (
    ("conclusion", "success, failure, neutral or cancelled."),
    ("patch-coverage", "Percent of the changed lines and branches covered; empty if unknown."),
    ("project-coverage", "Percent of all lines and branches covered; empty if unknown."),
    ("line-coverage", "Percent of all lines covered; empty if unknown."),
    ("branch-coverage", "Percent of all branches covered; empty if unknown."),
    ("gaps", "How many gaps were found."),
    ("gaps-in-diff", "How many of them are in changed lines."),
    ("tests-passed", "How many tests passed; empty where none were run or read."),
    ("tests-failed", "How many failed for good, errors included; empty likewise."),
    ("tests-skipped", "How many were skipped; empty likewise."),
    ("tests-flaky", "How many failed and passed when they were run again; empty likewise."),
    ("tests-generated", "How many tests are proposed; empty where none were asked for."),
    ("suspected-bugs", "How many examples of docstrings the code contradicts; empty likewise."),
    ("tests-pull-request", "Address of the pull request with the tests; empty if there is none."),
    ("tests-patch-file", "The tests as a patch, relative to the workspace; empty if not written."),
    ("check-run-url", "Address of the check run; empty if there is none."),
    ("tests-check-url", "Address of the tests' own check run; empty if there is none."),
    ("comment-url", "Address of the comment; empty if there is none."),
    ("journal-file", "The journal, relative to the workspace; empty if none was asked for."),
    ("preview-file", "The preview, relative to the workspace; empty if none was asked for."),
    ("badge-file", "The badge, relative to the workspace; empty if none was asked for."),
    ("badge-json-file", "The badge's JSON, relative to the workspace; empty likewise."),
)
