"""The aliases that a project's coverage.py settings give."""

from __future__ import annotations

import pytest

from qe_action.analysis.coverage_paths import read_aliases
from qe_action.analysis.paths import PathIndex

INDEX = PathIndex(["src/app/a.py", "lib/src/app/a.py"])
ELSEWHERE = ("home", "ci", "app", "a.py")


def found(files: dict[str, str], working: str = "") -> tuple[str, str | None]:
    """The settings file that counts, and where its aliases lead a path of another machine."""
    aliases = read_aliases(lambda path: _bytes(files.get(path)), working=working)
    return aliases.file, aliases.tracked(ELSEWHERE, INDEX)


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else text.encode()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".coveragerc", "[paths]\nsource =\n  src/app\n  /home/ci/app\n"),
        (".coveragerc", "[coverage:paths]\nsource = src/app, /home/ci/app\n"),
        ("setup.cfg", "[coverage:paths]\nsource = src/app, /home/ci/app\n"),
        (".coveragerc.toml", '[paths]\nsource = ["src/app", "/home/ci/app"]\n'),
        ("pyproject.toml", '[tool.coverage.paths]\nsource = ["src/app", 1, "/home/ci/app"]\n'),
    ],
    ids=range(5),
)
def test_lists_of_every_form_are_read(name: str, text: str) -> None:
    assert found({name: text}) == (name, "src/app/a.py")


def test_what_is_no_list_names_nothing() -> None:
    text = '[tool.coverage.paths]\nsource = "src/app, /home/ci/app"\n'
    assert found({"pyproject.toml": text}) == ("pyproject.toml", None)


def test_the_folder_of_the_run_goes_before_the_top() -> None:
    files = {
        ".coveragerc": "[paths]\nsource = src/app, /home/ci/app\n",
        "lib/tox.ini": "[coverage:paths]\nsource = src/app, /home/ci/app\n",
    }
    assert found(files, working="lib") == ("lib/tox.ini", "lib/src/app/a.py")
    assert found(files) == (".coveragerc", "src/app/a.py")


def test_the_first_file_about_coverage_counts_alone() -> None:
    files = {
        ".coveragerc": "no settings",
        "setup.cfg": "[paths]\nsource = lib/src/app, /home/ci/app\n",
        "tox.ini": "[coverage:run]\nbranch = true\n",
        "pyproject.toml": '[tool.coverage.paths]\nsource = ["src/app", "/home/ci/app"]\n',
    }
    assert found(files) == ("tox.ini", None)
