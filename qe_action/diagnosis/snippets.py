"""Lines to paste into a workflow: YAML, the first line a comment that says where they belong."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Sequence

from qe_action.diagnosis.facts import Project

_BARE = re.compile(r"[A-Za-z0-9_./][\w./-]*(?<!\.)")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}

PERMISSIONS = """\
# in the job
permissions:
  contents: read
  checks: write
  pull-requests: write"""

OPENING = """\
# in the job
permissions:
  contents: write  # the branch with the tests
  checks: write
  pull-requests: write"""

DISPATCHING = f"{OPENING}\n  actions: write  # start tests-workflow"

PUBLISHING = """\
# in the job
permissions:
  actions: read  # the artifact with the journal
  checks: write
  pull-requests: write"""

FINISHED = """\
# at the top of the workflow
on:
  workflow_run:
    workflows: [tests]  # the name of the workflow that leaves the journal
    types: [completed]"""

DEPTH = """\
# in the step with actions/checkout
with:
  fetch-depth: 2"""

WHOLE_HISTORY = """\
# in the step with actions/checkout
with:
  fetch-depth: 0"""

BEARER = """\
# in the step with qe-action
with:
  token: ${{ github.token }}  # or leave it out: this is the default"""

BEARER_VARIABLE = """\
# in the step that runs qe-action
env:
  GITHUB_TOKEN: ${{ github.token }}"""

AFTER_FAILURES = """\
# in the step with qe-action
if: ${{ !cancelled() }}"""

OUTCOME = """\
# in the step with qe-action
with:
  tests-outcome: ${{ steps.tests.outcome }}  # `tests`: the id of the step that runs them"""

RESULTS = """\
# in the step with qe-action
with:
  test-results: junit.xml  # written with --junit-xml=junit.xml"""

JOURNAL = """\
# in the step with qe-action
with:
  journal: qe-action-journal.jsonl  # for a second workflow that publishes it"""

KEEP_JOURNAL = """\
# a step after it; `coverage`: the id of the step with qe-action
- uses: actions/upload-artifact@v6
  if: ${{ always() && steps.coverage.outputs.check-run-url == '' }}
  with:
    name: qe-action-journal
    path: qe-action-journal.jsonl
    if-no-files-found: ignore"""

SECOND_WORKFLOW = """\
# .github/workflows/publish-coverage.yml, on the default branch
name: publish coverage
on:
  workflow_run:
    workflows: [tests]  # the `name:` of the workflow that leaves the journal
    types: [completed]
permissions: {}
jobs:
  publish:
    if: github.event.workflow_run.event == 'pull_request'
    runs-on: ubuntu-latest
    permissions:
      actions: read
      checks: write
      pull-requests: write
    steps:
      - uses: qe-action/qe-action@v1
        with:
          mode: publish"""

GENERATE = """\
# in the step with qe-action
with:
  generate-tests: true"""

MODEL = """\
# in the step with qe-action
with:
  model: NAME  # as its provider calls it"""

MODEL_KEY = """\
# in the step with qe-action
with:
  model-key: ${{ secrets.QE_MODEL_KEY }}  # the name of the secret in the repository's settings"""

PULL_BEARER = """\
# in the step with qe-action
with:
  pr-token: ${{ secrets.QE_PR_TOKEN }}  # of a GitHub App or a person"""

PULLS = """\
# at the top of the workflow
on:
  pull_request:"""

PUBLISH = """\
# in the step with qe-action
with:
  mode: publish  # of the journal that the finished workflow left; checks nothing out"""

NAMED_PULL = """\
# in the step with qe-action
with:
  pull-request: ${{ inputs.pull-request }}  # of the pull request that is checked out
# at the top of the workflow
on:
  workflow_dispatch:
    inputs:
      pull-request:
        required: true"""

_CHECKOUT = "actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2"
_SETUP_PYTHON = "actions/setup-python@a309ff8b426b58ec0e2a45f0f869d46889d02405 # v6.2.0"


def workflow(project: Project, command: Sequence[str] = ()) -> str:
    """A whole workflow, which runs as it stands; with a `command` the action runs the tests."""
    inside = project.below != "."
    folder = scalar(project.below)
    defaults = ["    defaults:", "      run:", f"        working-directory: {folder}"]
    rows = [
        "# .github/workflows/tests.yml",
        "name: tests",
        "on:",
        "  pull_request:",
        "  push:",
        f"    branches: [{scalar(project.branch or 'main')}]  # the baseline of the pull requests",
        "permissions: {}",
        "jobs:",
        "  test:",
        "    runs-on: ubuntu-latest",
        "    permissions:",
        "      contents: read        # read the repository, compare commits",
        "      checks: write         # the check run and its annotations",
        "      pull-requests: write  # the comment",
        *(defaults if inside and not command else ()),
        "    steps:",
        f"      - uses: {_CHECKOUT}",
        "        with:",
        "          fetch-depth: 2    # the test merge and both its parents",
        "          persist-credentials: false",
        *(_one_step(command) if command else _steps(project)),
        *([f"          working-directory: {folder}"] if inside else ()),
    ]
    return "\n".join(rows)


def _one_step(command: Sequence[str]) -> list[str]:
    return [
        "      - uses: qe-action/qe-action@v1",
        "        with:",
        f"          test-command: {scalar(shlex.join(command))}",
    ]


def _steps(project: Project) -> list[str]:
    """Set-up, tests and analysis, each by itself."""
    return [
        f"      - uses: {_SETUP_PYTHON}",
        "        with:",
        f'          python-version: "{project.python}"',
        *(f"      - run: {_command(command)}" for command in project.install),
        "      - id: tests",
        f"        run: {_command(_pytest(project))}",
        "      - uses: qe-action/qe-action@v1",
        "        if: ${{ !cancelled() }}",
        "        with:",
        "          tests-outcome: ${{ steps.tests.outcome }}",
    ]


def _pytest(project: Project) -> str:
    """The tests under coverage: of all modules, also those that no test imports."""
    measured = " ".join(f"--cov={name}" for name in project.packages or (".",))
    return f"{project.prefix}pytest {measured} --cov-branch --cov-report=xml"


def _command(text: str) -> str:
    """A command as a YAML scalar, bare where it would be read as it is."""
    return json.dumps(text) if ": " in text or " #" in text else text


def baseline(branch: str | None) -> str:
    """The trigger that leaves a baseline on the default branch."""
    return (
        "# at the top of the workflow\n"
        f"on:\n  pull_request:\n  push:\n    branches: [{scalar(branch or 'main')}]"
    )


def with_coverage(command: Iterable[str], *, here: bool) -> str:
    """The command, told to write a report; `here` it follows `qe-action test`."""
    words = shlex.join([*command, "--cov", "--cov-branch", "--cov-report=xml"])
    if here:
        return f"# in the step that runs qe-action\nrun: {_command(f'qe-action test -- {words}')}"
    return f"# in the step with qe-action\nwith:\n  test-command: {scalar(words)}"


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


def merged(pastes: Iterable[str]) -> list[str]:
    """The same lines, those that belong to one place together, each once."""
    places: dict[str, dict[str, list[str]]] = {}
    for text in dict.fromkeys(pastes):
        for part in re.split(r"^(?=# )", text, flags=re.M)[1:]:
            where, *rows = part.splitlines()
            keys, under = places.setdefault(where, {}), ""
            known = {key: tuple(had) for key, had in keys.items()}
            for row in rows:
                if not row.startswith(" "):
                    under = row
                    keys.setdefault(under, [])
                elif row not in known.get(under, ()):
                    keys[under].append(row)
    return [
        "\n".join([where, *(row for key, rows in keys.items() for row in (key, *rows))])
        for where, keys in places.items()
    ]
