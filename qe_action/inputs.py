"""The action's inputs, as `action.yml`, the settings and the command line know them.

A plain table, so that `--help` needs no heavy import. A test holds `action.yml` and the
README against it.
"""

from __future__ import annotations

from typing import NamedTuple


class Input(NamedTuple):
    """One input: its name, default and what it means; `choices` where only some values fit.

    A `listed` one takes several values, one a line. `old` is a name that goes on working.
    A `written` one names a file in the workspace that a run writes. A `secret` one is no option of
    the command line, where others could read it, but may come from the variable `secret`.
    """

    name: str
    default: str
    meaning: str
    choices: tuple[str, ...] = ()
    listed: bool = False
    old: str = ""
    written: bool = False
    secret: str = ""

    @property
    def field(self) -> str:
        """The name as Python writes it."""
        return self.name.replace("-", "_")


_BOOLEAN = ("true", "false")

INPUTS: tuple[Input, ...] = (
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
    Input("name", "qe-action coverage", "Name of the check run; each name has its own comment."),
    Input(
        "annotations",
        "changed",
        "Which gaps are annotated: those in changed lines, all that are found, or none.",
        ("changed", "all", "none"),
    ),
    Input("max-annotations", "50", "How many annotations at most; the worst come first."),
    Input(
        "comment",
        "always",
        "When the pull request gets a comment; on-gap is where changed lines have a gap or a gate "
        "failed.",
        ("always", "on-gap", "never"),
    ),
    Input(
        "review-comments",
        "false",
        "Whether the worst gaps of the diff are review comments on their lines as well.",
        _BOOLEAN,
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
    Input("fail-on-gate", "true", "Whether a failed gate fails the step.", _BOOLEAN),
    Input(
        "fail-on-error",
        "false",
        "Whether a failed delivery fails the step; a token that may only read never does.",
        _BOOLEAN,
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
        _BOOLEAN,
    ),
    Input(
        "tests-outcome",
        "",
        "Outcome of the step that ran the tests; a red suite's report is marked as partial.",
    ),
    Input(
        "generate-tests",
        "false",
        "Whether tests are made for the gaps, changed lines first, and shown with their evidence. "
        "Runs the project's code, in a sandbox.",
        _BOOLEAN,
    ),
    Input(
        "generator",
        "auto",
        "What writes the tests: offline searches and needs no model, llm asks the model, auto is "
        "offline first and then the model, if there is one, for what remains.",
        ("auto", "offline", "llm"),
    ),
    Input(
        "model",
        "",
        "The model that writes tests, by its provider's name for it; source code is sent to it.",
    ),
    Input(
        "model-provider",
        "openai",
        "Whose API the model is spoken to by; openai also where model-base-url is compatible.",
        ("openai", "anthropic"),
    ),
    Input(
        "model-base-url",
        "",
        "Address of the API, where it is not the provider's own: vLLM, Ollama, Azure and others.",
    ),
    Input("model-key", "", "The model's API key, a secret.", secret="QE_MODEL_KEY"),  # noqa: S106
    Input(
        "model-headers",
        "",
        "More headers for the model's API as NAME: VALUE, one a line; kept secret.",
        listed=True,
        secret="QE_MODEL_HEADERS",  # noqa: S106
    ),
    Input("model-requests", "60", "How many requests the model gets at most."),
    Input("model-tokens", "300000", "How many tokens the model reads and writes at most."),
    Input("model-cost", "", "What the model may cost at most, in the currency of the prices."),
    Input("price-input", "", "Price of a million tokens that the model reads."),
    Input("price-output", "", "Price of a million tokens that the model writes."),
    Input(
        "llm-cache",
        "",
        "Folder of the workspace where answers of the model are kept and taken from again.",
    ),
    Input("max-tests", "10", "How many tests are proposed at most."),
    Input(
        "time-budget",
        "120",
        "Seconds for finding tests and trying each alone; set-up and suite come on top.",
    ),
    Input(
        "suite-timeout",
        "300",
        "Seconds that the suite may take beside the new tests; beyond it only the test files that "
        "import what is tested are run.",
    ),
    Input(
        "setup-command",
        "",
        "What installs the project and what its tests need, in the sandbox; found from pyproject, "
        "requirements or lock files where empty.",
    ),
    Input(
        "python-version",
        "",
        "Python that the project's tests run on, as in 3.12; what the project asks for, where "
        "empty.",
    ),
    Input(
        "cache-dir",
        "",
        "Folder of the workspace where the project's environment is kept for later runs, for a "
        "step with actions/cache.",
    ),
    Input(
        "sandbox",
        "on",
        "off runs the project's code unprotected: for code you trust, on your own machine.",
        ("on", "off"),
    ),
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
        "pull-request",
        "journal",
        "preview-file",
        "journal-artifact",
    }
)
"""The inputs that say something where a journal is published; the others are of the analysis."""
