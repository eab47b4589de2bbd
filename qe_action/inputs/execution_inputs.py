"""The inputs on the tests that are run, or were."""

from __future__ import annotations

from qe_action.inputs.input import Input

EXECUTION: tuple[Input, ...] = (
    Input(
        "test-command",
        "",
        "What runs the tests, with its options; it is run here, in the project's own environment "
        "and in the sandbox, and each failure is shown as it happens. Its report is read then.",
    ),
    Input(
        "test-results",
        "",
        "Results of tests that ran before, as JUnit XML: files or globs relative to "
        "working-directory, one a line.",
        listed=True,
    ),
    Input(
        "test-timeout",
        "",
        "Seconds that one test may take; beyond them the suite is ended, and the test named with "
        "its stack.",
    ),
    Input(
        "test-network",
        "off",
        "Whether the tests of test-command reach the network outside the sandbox.",
        ("off", "on"),
    ),
    Input(
        "rerun-failures",
        "0",
        "How often tests that failed are run again, in new processes; one that passes then is "
        "flaky.",
    ),
    Input(
        "flaky",
        "pass",
        "Whether the suite passes where every failure was gone when it was run again.",
        ("pass", "fail"),
    ),
    Input(
        "checks",
        "two",
        "Whether tests and coverage have a check run each, or one together.",
        ("two", "one"),
    ),
    Input(
        "tests-outcome",
        "",
        "Outcome of the step that ran the tests; a red suite's report is marked as partial.",
    ),
)
