"""Lines to paste into a workflow: YAML, the first line a comment that says where they belong."""

from __future__ import annotations

import json
import re

_BARE = re.compile(r"[A-Za-z0-9_./][\w./-]*(?<!\.)")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}

PERMISSIONS = """\
# in the job
permissions:
  contents: read
  checks: write
  pull-requests: write"""

DEPTH = """\
# in the step with actions/checkout
with:
  fetch-depth: 2"""

WHOLE_HISTORY = """\
# in the step with actions/checkout
with:
  fetch-depth: 0"""

BEARER = """\
# in the step with qe-action (or leave the input out: this is its default)
with:
  token: ${{ github.token }}"""

BEARER_VARIABLE = """\
# in the step that runs qe-action
env:
  GITHUB_TOKEN: ${{ github.token }}"""

AFTER_FAILURES = """\
# in the step with qe-action
if: ${{ !cancelled() }}"""

OUTCOME = """\
# in the step with qe-action; `tests` is the id of the step that runs the tests
with:
  tests-outcome: ${{ steps.tests.outcome }}"""

JOURNAL = """\
# in the step with qe-action, for a second workflow that publishes it
with:
  journal-file: qe-action.jsonl"""

PULLS = """\
# at the top of the workflow
on:
  pull_request:"""

CHECKOUT_FINISHED = """\
# in the step with actions/checkout
with:
  ref: ${{ github.event.workflow_run.head_sha }}"""

WORKFLOW = """\
# .github/workflows/tests.yml
on:
  pull_request:
  push:
    branches: [main]
permissions: {}
jobs:
  test:
    runs-on: ubuntu-latest
    permissions:
      contents: read
      checks: write
      pull-requests: write
    steps:
      - uses: actions/checkout@v6
        with:
          fetch-depth: 2
      - id: tests
        run: pytest --cov --cov-branch --cov-report=xml
      - uses: qe-action/qe-action@v1
        if: ${{ !cancelled() }}
        with:
          tests-outcome: ${{ steps.tests.outcome }}"""


def baseline(branch: str | None) -> str:
    """The trigger that leaves a baseline on the default branch."""
    return (
        "# at the top of the workflow\n"
        f"on:\n  pull_request:\n  push:\n    branches: [{scalar(branch or 'main')}]"
    )


def coverage_file(path: str) -> str:
    """The input that names a report which is there."""
    return f"# in the step with qe-action\nwith:\n  coverage-file: {scalar(path)}"


def source_root(folder: str) -> str:
    """The input that places the report's paths."""
    return f"# in the step with qe-action\nwith:\n  source-root: {scalar(folder)}"


def scalar(text: str) -> str:
    """A YAML scalar with this value, bare where that is safe."""
    if _BARE.fullmatch(text) and text.lower() not in _WORDS and not text[0].isdecimal():
        return text
    return json.dumps(text)
