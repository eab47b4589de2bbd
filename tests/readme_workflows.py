"""The complete workflows of README, pages and doctor, as files that linters and act can take.

By hand: python tests/readme_workflows.py FOLDER
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from qe_action.diagnosis import snippets
from qe_action.workspace.ci_steps import ci_steps

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"


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
    """One step of the README that uses the action: its inputs and variables as they stand."""

    line: int
    inputs: Mapping[str, str]
    env: Mapping[str, str]

    @property
    def id(self) -> str:
        """The line that it begins at, and what it is about."""
        about = [name for name in self.inputs if name not in ("tests-outcome", "name")]
        return "-".join([str(self.line), *about, *self.env])


def recipes() -> list[Recipe]:
    """All steps that use the action, in whole workflows and in parts of one; and bare `env:`."""
    found = []
    for line, block in _blocks():
        data: Any = yaml.safe_load(block)
        jobs = data.get("jobs", {}).values() if isinstance(data, dict) else ()
        steps = data if isinstance(data, list) else [s for job in jobs for s in job["steps"]]
        for step in steps:
            if str(step.get("uses", "")).startswith("qe-action/qe-action@"):
                found.append(Recipe(line, _texts(step.get("with")), _texts(step.get("env"))))
        if isinstance(data, dict) and set(data) == {"env"}:
            found.append(Recipe(line, {}, _texts(data["env"])))
    return found


def commands() -> list[tuple[int, list[str]]]:
    """The lines of `run:` that call the program, by the line of their block."""
    found = []
    for line, block in _blocks():
        calls = re.findall(r"^ *(?:- run: )?(qe-action .*)$", block, re.M)
        found += [(line, shlex.split(call)[1:]) for call in calls]
    return found


def pages() -> list[Path]:
    """The README and the pages beside it."""
    return [README, *sorted((ROOT / ".github/docs").glob("*.md"))]


def _blocks(page: Path = README) -> Iterator[tuple[int, str]]:
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
    for kind, text in doctors().items():
        (folder / f"doctor-{kind.replace('.', '-')}.yml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
