"""The workflow that the doctor gives to paste: whole, and of the project's own kind."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import readme_workflows
import yaml

from qe_action.diagnosis import snippets
from qe_action.diagnosis.facts import Project
from qe_action.workspace.ci_steps import ci_steps
from qe_action.workspace.project_files import package_names

ROOT = Path(__file__).parents[2]
PYPROJECT = '[project]\nname = "shop"\nversion = "1"\n'
BUILT = f'[build-system]\nrequires = ["hatchling"]\n{PYPROJECT}'
LOCKED = '[[package]]\nname = "pytest"\n[[package]]\nname = "pytest-cov"\n'
ONE = '[[package]]\nname = "pytest"\nversion = "8"\n'
EXTRA = f'{PYPROJECT}[project.optional-dependencies]\ntest = ["pytest"]\ndocs = ["sphinx"]\n'
GROUP = f'{PYPROJECT}[dependency-groups]\ndev = ["pytest"]\n'
POETRY = '[tool.poetry]\nname = "shop"\n[tool.poetry.dependencies]\npython = "^3.10"\n'

KINDS = {
    "nothing": ({}, ["pip install pytest pytest-cov"], ""),
    "a package": ({"pyproject.toml": BUILT}, ["pip install -e . pytest pytest-cov"], ""),
    "setup.py": ({"setup.py": "setup()"}, ["pip install -e . pytest pytest-cov"], ""),
    "an extra": ({"pyproject.toml": EXTRA}, ["pip install -e '.[test]' pytest pytest-cov"], ""),
    "a group": (
        {"pyproject.toml": GROUP},
        ["pip install --upgrade pip", "pip install -e . --group dev pytest pytest-cov"],
        "",
    ),
    "requirements": (
        {"requirements.txt": "flask\n", "requirements-dev.txt": "pytest\n"},
        ["pip install -r requirements.txt -r requirements-dev.txt pytest pytest-cov"],
        "",
    ),
    "uv.lock": (
        {"uv.lock": ONE, "pyproject.toml": GROUP},
        ["pip install uv", "uv sync --frozen --group dev", "uv pip install pytest-cov"],
        "uv run --no-sync ",
    ),
    "uv.lock that has all": (
        {"uv.lock": LOCKED, "pyproject.toml": EXTRA},
        ["pip install uv", "uv sync --frozen --extra test"],
        "uv run --no-sync ",
    ),
    "pylock": (
        {"pylock.toml": LOCKED, "pyproject.toml": BUILT},
        [
            "pip install uv",
            "uv pip install --system -r pylock.toml",
            "pip install --no-deps -e .",
        ],
        "",
    ),
    "poetry": (
        {"poetry.lock": "", "pyproject.toml": POETRY},
        [
            "pip install poetry",
            "poetry install --all-extras",
            "poetry run pip install pytest pytest-cov",
        ],
        "poetry run ",
    ),
    "pdm": (
        {"pdm.lock": LOCKED, "pyproject.toml": PYPROJECT},
        ["pip install pdm", "pdm install --frozen-lockfile --group :all"],
        "pdm run ",
    ),
    "pipenv": (
        {"Pipfile.lock": '{"develop": {"pytest": {}}}'},
        ["pip install pipenv", "pipenv sync --dev", "pipenv run pip install pytest-cov"],
        "pipenv run ",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_project_is_installed_as_it_says(kind: str) -> None:
    texts, install, prefix = KINDS[kind]
    found = ci_steps(texts)
    assert list(found.install) == install
    assert found.prefix == prefix


@pytest.mark.parametrize(
    ("texts", "python"),
    [
        ({}, "3.13"),
        ({".python-version": "3.11.4\n"}, "3.11"),
        ({"pyproject.toml": f'{PYPROJECT}requires-python = ">=3.9,<3.12"\n'}, "3.11"),
        ({"pyproject.toml": f'{PYPROJECT}requires-python = ">=2"\n'}, "3.13"),
        ({"pyproject.toml": f'{PYPROJECT}requires-python = "soon"\n'}, "3.13"),
        ({"pyproject.toml": POETRY}, "3.13"),
    ],
)
def test_python_is_one_that_the_project_supports(texts: dict[str, str], python: str) -> None:
    assert ci_steps(texts).python == python


@pytest.mark.parametrize("kind", KINDS)
def test_the_workflow_is_whole(kind: str) -> None:
    texts, install, prefix = KINDS[kind]
    flow = yaml.safe_load(snippets.workflow(ci_steps(texts, "back end", "trunk")))
    assert flow[True]["push"]["branches"] == ["trunk"]  # `on` is a boolean in YAML
    job = flow["jobs"]["test"]
    assert job["defaults"]["run"]["working-directory"] == "back end"
    checkout, python, *rest, tests, ours = job["steps"]
    assert "fetch-depth" in checkout["with"]
    assert "python-version" in python["with"]
    assert [step["run"] for step in rest] == install
    assert tests["run"] == prefix + "pytest --cov=. --cov-branch --cov-report=xml"
    assert ours["with"]["tests-outcome"] == f"${{{{ steps.{tests['id']}.outcome }}}}"
    assert ours["with"]["working-directory"] == "back end"


def test_the_packages_are_measured_with_modules_that_no_test_imports(tmp_path: Path) -> None:
    for name in ("shop", "src/depot", "tests", "docs", "src/b-ad", "empty"):
        (tmp_path / name).mkdir(parents=True)
        if name != "empty":
            (tmp_path / name / "__init__.py").touch()
    packages = package_names(tmp_path)
    assert packages == ("depot", "shop")
    flow = snippets.workflow(replace(ci_steps({}), packages=packages))
    assert "run: pytest --cov=depot --cov=shop --cov-branch --cov-report=xml" in flow


def test_it_pins_what_the_pages_pin() -> None:
    whole = (readme_workflows.workflows(page) for page in readme_workflows.pages())
    readme = "\n".join(text for found in whole for texts in found.values() for text in texts)
    pins = readme_workflows.pinned(snippets.workflow(Project()))
    assert len(pins) == 2
    assert set(pins) <= set(readme_workflows.pinned(readme))


def test_actionlint_has_nothing_to_say(tmp_path: Path) -> None:
    linter = shutil.which("actionlint") or shutil.which(ROOT / ".venv-check/bin/actionlint")
    if linter is None:
        pytest.skip("actionlint is not installed (make .venv-check/.ready brings it)")
    second = {"second": snippets.SECOND_WORKFLOW}
    for kind, text in (readme_workflows.doctors() | second).items():
        (tmp_path / f"{re.sub(r'[^a-z]', '-', kind)}.yml").write_text(text)
    files = sorted(map(str, tmp_path.glob("*.yml")))
    assert len(files) > 5
    done = subprocess.run([linter, *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
