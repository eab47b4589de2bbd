"""What sets up a project, found from its files."""

from __future__ import annotations

import json

import pytest

from qe_action.workspace.metadata import UNVERSIONED, asked_pythons
from qe_action.workspace.setup_plan import CONSTRAINTS, REQUIREMENTS, Plan, find_plan, own_plan

PROJECT = '[project]\nname = "thing"\n'
BUILD = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
EXTRA = '[project.optional-dependencies]\ntest = ["pytest"]\nDocs = ["sphinx"]\ndev = ["mypy"]\n'
GROUP = '[dependency-groups]\ndev = ["ruff"]\ntests = ["pytest"]\n'
POETRY = """
[tool.poetry]
name = "thing"
[tool.poetry.dependencies]
python = "^3.10"
six = "^1"
mine = {path = "../mine"}
[tool.poetry.group.test.dependencies]
pytest = {version = "^8", extras = ["toml"]}
theirs = {git = "https://example.org/theirs"}
"""
LOCKED = """
[[package]]
name = "Six"
version = "1.16.0"
[[package]]
name = "twice"
version = "1"
[[package]]
name = "twice"
version = "2"
[[package]]
name = "theirs"
version = "1"
[package.source]
type = "git"
"""


def plan(**texts: str) -> Plan:
    names = {name.replace("__", "/").replace("_toml", ".toml").replace("_txt", ".txt")
             .replace("_lock", ".lock").replace("_py", ".py").replace("_cfg", ".cfg"): text
             for name, text in texts.items()}  # fmt: skip
    found = find_plan(names)
    assert found is not None
    return found


def commands(found: Plan) -> list[str]:
    return [" ".join(step.command) for step in found.steps]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"pyproject_toml": PROJECT}, ["uv pip install -e ."]),
        ({"pyproject_toml": PROJECT + EXTRA}, ["uv pip install -e .[test]"]),
        ({"pyproject_toml": PROJECT + GROUP}, ["uv pip install -e . --group tests"]),
        (
            {"pyproject_toml": PROJECT + GROUP, "uv_lock": ""},
            ["uv sync --frozen --active --group tests"],
        ),
        (
            {"pyproject_toml": PROJECT + EXTRA, "uv_lock": "", "requirements_txt": "six"},
            ["uv sync --frozen --active --extra test"],
        ),
        (
            {"pylock_toml": "", "pyproject_toml": PROJECT},
            ["uv pip install -r pylock.toml", "uv pip install --no-deps -e ."],
        ),
        ({"requirements_txt": "six"}, ["uv pip install -r requirements.txt"]),
        (
            {"requirements_txt": "six", "requirements-dev_txt": "a", "test-requirements_txt": "b"},
            ["uv pip install -r requirements.txt -r test-requirements.txt"],
        ),
        (
            {"pyproject_toml": PROJECT, "requirements_txt": "six", "requirements__dev_txt": "a"},
            ["uv pip install -e . -r requirements/dev.txt"],
        ),
        (
            {"pyproject_toml": PROJECT + EXTRA, "requirements__test_txt": "a"},
            ["uv pip install -e .[test]"],
        ),
        ({"pyproject_toml": "[tool.ruff]\n", "requirements_txt": "a"},
         ["uv pip install -r requirements.txt"]),
        ({"pyproject_toml": "[tool.ruff]\n" + GROUP}, ["uv pip install --group tests"]),
        ({"pyproject_toml": PROJECT + GROUP + "[tool.uv]\npackage = false\n"},
         ["uv pip install --group tests"]),
        ({"setup_py": "setup(extras_require={'dev': ['x'], **more})"},
         ["uv pip install -e .[dev]"]),
        (
            {"setup_py": "import x", "setup_cfg": "[options.extras_require]\ntesting = pytest\n"},
            ["uv pip install -e .[testing]"],
        ),
        (
            {"pyproject_toml": POETRY + BUILD, "poetry_lock": LOCKED},
            [f"uv pip install -e . -c {CONSTRAINTS} pytest[toml]"],
        ),
        (
            {"pyproject_toml": PROJECT + GROUP, "pdm_lock": LOCKED},
            [f"uv pip install -e . -c {CONSTRAINTS} --group tests"],
        ),
    ],
)  # fmt: skip
def test_what_is_found(texts: dict[str, str], expected: list[str]) -> None:
    assert commands(plan(**texts)) == expected


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"pyproject_toml": PROJECT + EXTRA}, "uv pip install -r pyproject.toml --extra test"),
        ({"pyproject_toml": PROJECT, "uv_lock": ""},
         "uv sync --frozen --active --no-install-project"),
        ({"pyproject_toml": POETRY + BUILD, "poetry_lock": ""},
         f"uv pip install six -c {CONSTRAINTS} pytest[toml]"),
        ({"setup_py": ""}, ""),
    ],
)  # fmt: skip
def test_what_has_to_do_where_the_project_does_not_build(
    texts: dict[str, str], expected: str
) -> None:
    assert " ".join(plan(**texts).steps[-1].instead) == expected


def test_a_lock_that_uv_can_not_read_gives_constraints() -> None:
    found = plan(pyproject_toml=POETRY, poetry_lock=LOCKED)
    assert found.files == {CONSTRAINTS: "six==1.16.0\n"}


def test_a_pipfile_s_lock_gives_requirements() -> None:
    lock = {
        "default": {"six": {"version": "==1.16.0", "markers": "python_version >= '3.8'"}},
        "develop": {"pytest": {"version": "==8.0"}, "bad": {"version": "==1\n-e evil"}, "git": {}},
    }
    found = plan(Pipfile_lock=json.dumps(lock))
    assert commands(found) == [f"uv pip install -r {REQUIREMENTS}"]
    assert found.files == {
        REQUIREMENTS: "six==1.16.0 ; python_version >= '3.8'\npytest==8.0\n"
    }  # fmt: skip


@pytest.mark.parametrize("text", ["", "no toml [", "[project]\nname = 3\n[dependency-groups]\n"])
def test_files_that_say_nothing_are_no_error(text: str) -> None:
    find_plan({"pyproject.toml": text, "setup.cfg": text, "setup.py": text})
    assert find_plan({"README.md": ""}) is None


@pytest.mark.parametrize("lock", ["", "[", "[]", '{"default": 3}', "package = 3", "[[package]]\n"])
def test_locks_that_say_nothing_are_no_error(lock: str) -> None:
    for name in ("poetry.lock", "pdm.lock", "Pipfile.lock", "uv.lock", "pylock.toml"):
        assert find_plan({name: lock, "pyproject.toml": "[tool.poetry]\ngroup = 3\n"}) is not None


def test_a_command_of_the_author_s_own_is_taken_as_it_is() -> None:
    found = own_plan("make deps && pip install .", {"pyproject.toml": PROJECT})
    assert [step.command for step in found.steps] == [
        ("sh", "-e", "-c", "make deps && pip install .")
    ]


@pytest.mark.parametrize(
    ("said", "variable"),
    [
        (
            'dynamic = ["version"]\n[tool.setuptools_scm]\n',
            "SETUPTOOLS_SCM_PRETEND_VERSION_FOR_THING",
        ),
        ('[tool.hatch]\nx = "hatch-vcs"\n', "SETUPTOOLS_SCM_PRETEND_VERSION"),
    ],
)
def test_a_version_that_git_would_tell_is_made_up(said: str, variable: str) -> None:
    assert plan(pyproject_toml=PROJECT + said).variables == {variable: UNVERSIONED}


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({}, ("", "")),
        ({".python-version": "3.12.4\n3.11\n"}, ("3.12", "")),
        ({".python-version": "pypy3.10"}, ("", "")),
        ({"pyproject.toml": PROJECT + 'requires-python = ">=3.10,<3.13"\n'}, ("", ">=3.10,<3.13")),
        ({"setup.cfg": "[options]\npython_requires = >=3.9\n"}, ("", ">=3.9")),
        ({"setup.py": "setuptools.setup(python_requires='~=3.9')"}, ("", "~=3.9")),
        ({"pyproject.toml": POETRY}, ("", ">=3.10,<4")),
        ({"pyproject.toml": PROJECT + "requires-python = 3\n"}, ("", "")),
    ],
)
def test_the_versions_of_python_that_it_names(
    texts: dict[str, str], expected: tuple[str, str]
) -> None:
    assert asked_pythons(texts) == expected
