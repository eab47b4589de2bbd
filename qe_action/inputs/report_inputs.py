"""The inputs on what is reported, where, and how it is judged."""

from __future__ import annotations

from qe_action.inputs.input import BOOLEAN, Input

REPORTING: tuple[Input, ...] = (
    Input(
        "token",
        "",
        "Token for the pull request's check run and comment.",
        secret="GITHUB_TOKEN",  # noqa: S106 - a variable's name
    ),
    Input(
        "coverage-file",
        "coverage.xml",
        "The coverage reports (Cobertura, LCOV, JaCoCo, coverage.py's JSON or data files), files "
        "or globs relative to working-directory, one a line; several are merged.",
        listed=True,
    ),
    Input(
        "name",
        "qe-action coverage",
        "Name of the check run; that of the tests has tests for coverage in it. Each name has its "
        "own comment.",
    ),
    Input(
        "annotations",
        "changed",
        "Which gaps are annotated: those in changed lines, all that are found, or none. Failed "
        "tests are annotated too, unless it is none.",
        ("changed", "all", "none"),
    ),
    Input(
        "max-annotations",
        "50",
        "How many annotations a check run has at most; the worst come first.",
    ),
    Input(
        "comment",
        "always",
        "When the pull request gets a comment; on-gap is where changed lines have a gap, or a test "
        "or a gate failed.",
        ("always", "on-gap", "never"),
    ),
    Input(
        "review-comments",
        "false",
        "Whether the worst gaps of the diff are review comments on their lines as well.",
        BOOLEAN,
    ),
    Input(
        "comment-group",
        "",
        "Name of one comment that several jobs with different names share.",
    ),
    Input(
        "expect-parts",
        "",
        "How many jobs share the comment of comment-group: no verdict before the last of them.",
    ),
    Input(
        "min-patch-coverage", "", "Percent of the changed lines and branches that must be covered."
    ),
    Input("min-project-coverage", "", "Percent of all lines and branches that must be covered."),
    Input("min-branch-coverage", "", "Percent of all branches that the tests must take."),
    Input("max-drop", "", "Percentage points of coverage that may be lost since the baseline."),
    Input(
        "path-gate",
        "",
        "Minimums for parts of the project, one a line: patch GLOB PERCENT for their changed "
        "lines, project GLOB PERCENT for all; GLOB is as in include.",
        listed=True,
        old="path-gates",
    ),
    Input("fail-on-gate", "true", "Whether a failed gate fails the step.", BOOLEAN),
    Input(
        "fail-on-error",
        "false",
        "Whether a failed delivery fails the step; a token that may only read never does.",
        BOOLEAN,
    ),
    Input("working-directory", ".", "The part of the repository that the report is about."),
    Input(
        "source-root",
        "",
        "Folders of the repository that the report's paths start from, one a line.",
        listed=True,
    ),
    Input(
        "include",
        "",
        "Globs of the files to look at, from the repository's top as in .gitignore, one a line; "
        "all where empty.",
        listed=True,
    ),
    Input("exclude", "", "Globs of the files to leave out, likewise.", listed=True),
    Input(
        "unmeasured",
        "count",
        "What becomes of changed files that the report should list and does not: count (as not "
        "covered), unknown (patch coverage is not told) or ignore.",
        ("count", "unknown", "ignore"),
    ),
    Input(
        "pull-request",
        "",
        "Number of the pull request to report to, where the event names none.",
    ),
    Input("base", "", "Revision to compare with outside pull requests."),
    Input(
        "all-files",
        "false",
        "Whether gaps are looked for in every file, not only the worst.",
        BOOLEAN,
    ),
)
