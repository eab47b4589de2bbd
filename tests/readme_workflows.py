"""What README, pages and doctor give to paste, for tests and linters: workflows, steps, commands.

Whole workflows are taken as they stand; parts of one are put where a reader would put them.

By hand: python tests/readme_workflows.py FOLDER
"""

from __future__ import annotations

import re
import shlex
import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from qe_action.diagnosis import snippets
from qe_action.inputs import INPUTS
from qe_action.workspace.ci_steps import ci_steps

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCS = ROOT / ".github/docs"
RUNNING = {"test-command", "generate-tests", "mode", "pull-request-tests"}
ELSEWHERE = {
    *("coverage-file", "working-directory", "path-gate", "max-drop", "include", "test-results"),
    *("review-comments", "pr-token", "pull-request"),
}
"""Inputs that ask for what the project of the container's tests does not have."""
AROUND = """\
name: part
on:
  pull_request:
permissions: {}
jobs:
  test:
    runs-on: ubuntu-latest
    permissions:
      contents: read
    strategy:
      matrix:
        python-version: ["3.13"]
    steps:
"""
"""A workflow in which a part of one stands."""
OURS = "      - uses: qe-action/qe-action@v1\n"
TESTS = "      - id: tests\n        run: pytest\n"
"""The step that others name, where a part does not have it."""


def workflows(page: Path = README) -> dict[str, list[str]]:
    """The text of each workflow by its name, in the order they come; a name may come again."""
    found: dict[str, list[str]] = {}
    for _, block in _blocks(page):
        data: Any = yaml.safe_load(block)
        if isinstance(data, dict) and "jobs" in data:
            found.setdefault(data["name"], []).append(block)
    return found


@dataclass(frozen=True)
class Recipe:
    """One step of a page that uses the action: its inputs and variables as they stand."""

    page: str
    line: int
    inputs: Mapping[str, str]
    env: Mapping[str, str]

    @property
    def only_reads(self) -> bool:
        """Whether it analyses what is there: it runs no code and takes no other run's journal."""
        return not self.inputs.keys() & RUNNING and not self.env

    @property
    def in_container(self) -> bool:
        """Whether it fits the project that tests of the container have."""
        return not self.inputs.keys() & ELSEWHERE and self.inputs.keys() != {"pull-request-tests"}

    @property
    def id(self) -> str:
        """The page and line that it begins at, and what it is about."""
        about = [name for name in self.inputs if name not in ("tests-outcome", "name")]
        return "-".join([self.page, str(self.line), *about, *self.env])


def recipes() -> list[Recipe]:
    """All steps that use the action, in whole workflows and in parts of one; and bare `env:`."""
    found = []
    for page in pages():
        for line, block in _blocks(page):
            data: Any = yaml.safe_load(block)
            for step in _steps(data):
                if str(step.get("uses", "")).startswith("qe-action/qe-action@"):
                    given = _texts(step.get("with")), _texts(step.get("env"))
                    found.append(Recipe(page.stem, line, *given))
            if isinstance(data, dict) and set(data) == {"env"}:
                found.append(Recipe(page.stem, line, {}, _texts(data["env"])))
            elif _are_inputs(data):
                found.append(Recipe(page.stem, line, _texts(data), {}))
    return found


def _are_inputs(data: Any) -> bool:
    """Whether a block is what stands below `with:`."""
    return isinstance(data, dict) and set(data) <= {item.name for item in INPUTS}


def _steps(data: Any) -> list[Any]:
    if isinstance(data, list):
        return data
    jobs = data.get("jobs", {}).values() if isinstance(data, dict) else ()
    return [step for job in jobs for step in job["steps"]]


def parts() -> dict[str, str]:
    """The parts of workflows in all pages, each in a workflow, by page and line."""
    found = {}
    for page in pages():
        for line, block in _blocks(page):
            data: Any = yaml.safe_load(block)
            if isinstance(data, list):
                named = any(step.get("id") == "tests" for step in data)
                found[f"{page.stem}-{line}"] = AROUND + ("" if named else TESTS) + block
            elif set(data) == {"env"}:
                found[f"{page.stem}-{line}"] = AROUND + OURS + block
            elif _are_inputs(data):
                inputs = textwrap.indent(block, " " * 10)
                found[f"{page.stem}-{line}"] = f"{AROUND}{OURS}        with:\n{inputs}"
            elif "jobs" not in data:
                rest = AROUND.partition("permissions: {}\n")[2]
                found[f"{page.stem}-{line}"] = (
                    f"name: part\n{block}permissions: {{}}\n{rest}{TESTS}"
                )
    return found


def commands() -> list[tuple[str, list[str]]]:
    """The lines of `run:` that call the program, by page and line of their block."""
    found = []
    for page in pages():
        for line, block in _blocks(page):
            calls = re.findall(r"^ *(?:- run: )?(qe-action .*)$", block, re.M)
            found += [(f"{page.stem}-{line}", shlex.split(call)[1:]) for call in calls]
    return found


def console_lines() -> list[tuple[str, str]]:
    """The commands of all blocks for the console, by page and line."""
    found = []
    for page in pages():
        text = page.read_text(encoding="utf-8")
        for block in re.finditer(r"^```console\n(.*?)^```$", text, re.M | re.S):
            first = text.count("\n", 0, block.start()) + 2
            found += [
                (f"{page.stem}-{first + number}", line)
                for number, line in enumerate(block[1].splitlines())
            ]
    return found


def pages() -> list[Path]:
    """The README and the pages beside it."""
    return [README, *sorted(DOCS.glob("*.md"))]


def _blocks(page: Path) -> Iterator[tuple[int, str]]:
    """The blocks of YAML, each with its first line's number."""
    text = page.read_text(encoding="utf-8")
    for block in re.finditer(r"^```yaml\n(.*?)^```$", text, re.M | re.S):
        yield text.count("\n", 0, block.start()) + 1, block[1]


def _texts(given: Any) -> dict[str, str]:
    """Inputs as the runner gives them: all are text."""
    pairs = (given or {}).items()
    return {k: str(v).lower() if isinstance(v, bool) else str(v) for k, v in pairs}


def doctors() -> dict[str, str]:
    """The workflows that the doctor gives to paste, by the file that a project is known by."""
    lock = '[[package]]\nname = "pytest"\n'
    pyproject = '[project]\nname = "x"\n[dependency-groups]\ndev = ["pytest"]\n'
    locks = ("uv.lock", "pylock.toml", "poetry.lock", "pdm.lock", "Pipfile.lock")
    kinds = {
        "none": {},
        "pyproject": {"pyproject.toml": pyproject},
        "requirements": {"requirements.txt": "x\n", "requirements/dev.txt": "pytest\n"},
        **{name: {name: lock, "pyproject.toml": pyproject} for name in locks},
    }
    folders = {kind: "a b" if kind == "pyproject" else "." for kind in kinds}
    return {
        kind: f"{snippets.workflow(ci_steps(texts, folders[kind], 'main'))}\n"
        for kind, texts in kinds.items()
    }


def pinned(workflow: str) -> list[str]:
    """The actions that a workflow names by commit, as `owner/name@commit`."""
    return re.findall(r"uses: ([\w-]+/[\w-]+@[0-9a-f]{40})", workflow)


def main(folder: Path) -> None:
    """Write them, each a file."""
    folder.mkdir(parents=True, exist_ok=True)
    for page in pages():
        for name, texts in workflows(page).items():
            for number, text in enumerate(texts, 1):
                path = folder / f"{page.stem}-{name.replace(' ', '-')}-{number}.yml"
                path.write_text(text, encoding="utf-8")
    for place, text in parts().items():
        (folder / f"part-{place}.yml").write_text(text, encoding="utf-8")
    for kind, text in doctors().items():
        (folder / f"doctor-{kind.replace('.', '-')}.yml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
