"""The complete workflows of README and doctor, as files that linters and act can take.

By hand: python tests/readme_workflows.py FOLDER
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import yaml

from qe_action.diagnosis import paste
from qe_action.workspace.ci_steps import ci_steps

README = Path(__file__).parent.parent / "README.md"


def workflows() -> dict[str, list[str]]:
    """The text of each workflow by its name, in the order they come; a name may come again."""
    found: dict[str, list[str]] = {}
    for block in re.findall(
        r"^```yaml\n(.*?)^```$", README.read_text(encoding="utf-8"), re.M | re.S
    ):
        data: Any = yaml.safe_load(block)
        if isinstance(data, dict) and "jobs" in data:
            found.setdefault(data["name"], []).append(block)
    return found


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
        kind: f"{paste.workflow(ci_steps(texts, folders[kind], 'main'))}\n"
        for kind, texts in kinds.items()
    }


def pinned(workflow: str) -> list[str]:
    """The actions that a workflow names by commit, as `owner/name@commit`."""
    return re.findall(r"uses: ([\w-]+/[\w-]+@[0-9a-f]{40})", workflow)


def main(folder: Path) -> None:
    """Write them, each a file."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, texts in workflows().items():
        for number, text in enumerate(texts, 1):
            path = folder / f"{name.replace(' ', '-')}-{number}.yml"
            path.write_text(text, encoding="utf-8")
    for kind, text in doctors().items():
        (folder / f"doctor-{kind.replace('.', '-')}.yml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
