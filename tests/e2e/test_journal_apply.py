"""`qe-action journal apply`: what a run proposed; a stranger's journal names no other file."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest
from gitrepo import GitRepo

from qe_action.commands import journal_apply
from qe_action.errors import QEError
from qe_action.events import GenerationComplete, TestCase
from qe_action.journal import encode, header

CODE = "def test_twice():\n    assert twice(2) == 4"


def case(**more: Any) -> TestCase:
    fields = {
        "id": "1",
        "test_name": "test_twice",
        "test_code": CODE,
        "framework": "pytest",
        "test_type": "unit",
        "imports": ("from m import twice",),
        "path": "tests/test_m.py",
    }
    return TestCase.model_validate({**fields, **more})


def journal(place: Path, *cases: TestCase) -> str:
    result = GenerationComplete(
        tests=cases,
        total=len(cases),
        coverage_estimate=None,
        framework="pytest",
        test_type="unit",
    )
    place.write_bytes(header() + encode(result))
    return str(place)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    GitRepo(root).commit({"m.py": "def twice(x):\n    return 2 * x\n", "unit/test_a.py": "x = 1\n"})
    return root


def apply(repo: Path, name: str, out: str | None = None) -> int:
    return journal_apply.apply(Namespace(journal=name, repo=str(repo), out=out, color="never"))


def test_tests_are_added_once(
    repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = journal(tmp_path / "j", case())
    assert apply(repo, name) == 0
    text = (repo / "tests/test_m.py").read_text()
    assert text == f"from m import twice\n\n\n{CODE}\n"
    assert "Nothing was run" in capsys.readouterr().err
    assert apply(repo, name) == 0
    assert (repo / "tests/test_m.py").read_text() == text
    assert "has these tests already" in capsys.readouterr().err


def test_the_names_that_the_project_collects_are_those_of_its_tests(
    repo: Path, tmp_path: Path
) -> None:
    (repo / "pytest.ini").write_text("[pytest]\npython_files = check_*.py\n")
    name = journal(tmp_path / "j", case(path="tests/check_m.py"), case(path="tests/test_m.py"))
    assert apply(repo, name) == 1
    assert [place.name for place in (repo / "tests").iterdir()] == ["check_m.py"]


def test_they_go_where_out_says(repo: Path, tmp_path: Path) -> None:
    name = journal(tmp_path / "j", case(path="lib/test_m.py"))
    assert apply(repo, name, str(tmp_path / "here.py")) == 0
    assert (tmp_path / "here.py").exists()
    assert not (repo / "lib").exists()


@pytest.mark.parametrize(
    "path",
    [
        *(
            "../test_m.py",
            "/test_m.py",
            "m.py",
            "conftest.py",
            "tests/conftest.py",
            "",
            "tests/a.pth",
        ),
        *(
            ".github/workflows/test_m.py",
            "tests/../../test_m.py",
            "src/test_m.py",
            ".git/test_x.py",
        ),
        *("tests/.git/test_x.py", "C:/tests/test_m.py", "tests\\..\\test_m.py"),
    ],
)
def test_no_file_but_a_test_file_among_the_project_s_own_is_written(
    repo: Path, tmp_path: Path, path: str
) -> None:
    before = sorted(tmp_path.rglob("*"))
    name = journal(tmp_path / "j", case(path=path))
    assert apply(repo, name) == 1
    assert [found for found in sorted(tmp_path.rglob("*")) if found not in before] == [Path(name)]


def test_a_folder_that_holds_tests_is_one_for_tests(repo: Path, tmp_path: Path) -> None:
    assert apply(repo, journal(tmp_path / "j", case(path="unit/test_m.py"))) == 0


@pytest.mark.parametrize("link", ["tests", "tests/test_m.py"])
@pytest.mark.parametrize("inside", [False, True])
def test_a_link_out_of_the_project_is_not_followed(
    repo: Path, tmp_path: Path, link: str, inside: bool
) -> None:
    outside = repo / ".git" / "made" if inside else tmp_path / "outside"
    outside.mkdir()
    (repo / link).parent.mkdir(exist_ok=True)
    (repo / link).symlink_to(outside if link == "tests" else outside / "victim.py")
    with pytest.raises(QEError, match="leads out of the project"):
        apply(repo, journal(tmp_path / "j", case()))
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize(
    "more",
    [
        {"test_code": f"import os\nos.system('x')\n{CODE}"},
        {"test_code": f"print(1)\n{CODE}"},
        {"test_code": "def test_twice():\n    import subprocess\n    subprocess.run('x')"},
        {"test_code": "def test_twice():\n    eval('1')"},
        {"test_code": "def test_twice(:"},
        {"test_code": f"x = print(1)\n{CODE}"},
        {"imports": ("print(1)",)},
        {"imports": ("import socket",)},
    ],
)
def test_what_no_proposed_test_does_is_left_out(
    repo: Path, tmp_path: Path, more: dict[str, Any]
) -> None:
    assert apply(repo, journal(tmp_path / "j", case(**more))) == 1
    assert not (repo / "tests").exists()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}\n",
        header(),
        header() + b"no json\n",
        header() + b'{"type": "complete", "agent": "test-generator", "x": 1}\n',
        header() + json.dumps({"type": "gap", "deep": [[[[[[[[[[1]]]]]]]]]]}).encode() + b"\n",
    ],
)
def test_what_is_no_journal_with_tests_is_said(repo: Path, tmp_path: Path, data: bytes) -> None:
    place = tmp_path / "j"
    place.write_bytes(data)
    with pytest.raises(QEError, match="journal"):
        apply(repo, str(place))


@pytest.mark.parametrize(
    "code",
    [
        f"# -*- coding: utf-7 -*-\n# +AAo-import os\n{CODE}",
        f"#\n# vim: set fileencoding=utf-7 :\n{CODE}",
        f"{CODE}  # \u202e 5",
        CODE.replace("4", "'\u2066'"),
        CODE.replace("twice(2)", "tw\u00adice(2)"),
        CODE.replace("    assert", "    x = '\u200b'\n    assert"),
        f"#\x0cimport m\n{CODE}",
        f"{CODE}  # \rimport m",
        f"{CODE}  # \x1b[2K",
        f"\ufeff{CODE}",
    ],
)
def test_nothing_is_written_that_looks_otherwise_than_it_runs(
    repo: Path, tmp_path: Path, code: str
) -> None:
    assert apply(repo, journal(tmp_path / "j", case(test_code=code, imports=()))) == 1
    assert not (repo / "tests").exists()


def test_words_of_every_language_are_written(repo: Path, tmp_path: Path) -> None:
    code = CODE.replace("4", "4, 'é ß 日本 ✓'")
    assert apply(repo, journal(tmp_path / "j", case(test_code=code))) == 0
