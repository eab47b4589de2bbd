"""`qe-action generate` as a user meets it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from generation import GOOD, SHAPES, project
from project_python import project_python
from sandbox_here import MACHINE, MISSING, reachable
from warm_program import MEANT_FOR_THE_INTERPRETER, run_program

OTHER = '"""Ours."""\nimport shapes  # kept\n\n\ndef test_it_is_there():\n    assert shapes.area\n'


def run(
    folder: Path, *arguments: str, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return command(folder, "generate", *arguments, env=env)


def command(
    folder: Path, *arguments: str, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    if env is None:
        env = {n: v for n, v in os.environ.items() if not n.startswith(MEANT_FOR_THE_INTERPRETER)}
        env["VIRTUAL_ENV"] = str(Path(project_python()).parents[1])
    return run_program(arguments, folder, env)


def made(tmp_path: Path, tests: dict[str, str]) -> Path:
    folder = tmp_path / "project"
    project(folder, {"shapes.py": SHAPES, **tests})
    (tmp_path / "given.py").write_text(GOOD)
    return folder


def suite_of(folder: Path) -> str:
    """What pytest says of a project's own tests."""
    return subprocess.run(
        [project_python(), "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    ).stdout


def test_tests_are_made_in_the_sandbox_unless_the_user_wants_none(tmp_path: Path) -> None:
    """Root's users of the sandbox can't run an interpreter in root's home, which is said."""
    folder = made(tmp_path, {})
    done = run(
        folder, "--target", "shapes.py", "--tests", "../given.py", "--python", sys.executable
    )
    if MISSING:
        assert done.returncode == 2
        assert "hint: " in done.stderr
        assert "sandbox: off" in done.stderr
    elif MACHINE.root and not reachable(Path(sys.executable)):
        assert done.returncode == 2
        assert "closed to other users" in done.stderr
        assert "Name one that every user may run with --python. This makes one: " in done.stderr
    else:
        assert done.returncode == 0, done.stderr
        assert "3 tests proposed" in done.stderr


@pytest.mark.slow  # in a folder of a repository they are, too
def test_tests_are_appended_to_the_module_s_file_and_its_lines_stay(tmp_path: Path) -> None:
    folder = made(tmp_path, {"tests/test_shapes.py": OTHER})
    done = run(
        folder,
        *("--target", "shapes.py", "--tests", "../given.py", "--sandbox", "off", "--write"),
        *("--python", project_python()),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "3 tests proposed, 0 refused; the target's coverage goes from" in done.stderr
    after = (folder / "tests/test_shapes.py").read_text()
    before = iter(after.splitlines())
    assert all(line in before for line in OTHER.splitlines())
    assert after.count("\ndef test_") == 4
    assert "4 passed" in suite_of(folder)


def test_events_are_lines_and_tests_go_to_a_folder(tmp_path: Path) -> None:
    folder = made(tmp_path, {})
    out = tmp_path / "out"
    out.mkdir()
    done = run(
        folder,
        *("--target", "shapes.py::area", "--tests", "../given.py", "--sandbox", "off"),
        *("--output", "jsonl", "--max-tests", "2", "--out", str(out)),
    )
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[0]["type"] == "progress"
    assert events[-1]["type"] == "complete"
    assert events[-1]["total"] == 2
    assert events[-1]["rejected"] == {"limit": 1}
    assert {event["agent"] for event in events} == {"test-generator"}
    assert (out / "test_shapes.py").read_text().count("def test_") == 2
    assert not (folder / "tests").exists()


def test_a_target_that_is_none_is_an_error(tmp_path: Path) -> None:
    folder = made(tmp_path, {})
    usual = ("--tests", "../given.py", "--sandbox", "off", "--target")
    done = run(folder, *usual, "nothing.py")
    assert done.returncode == 2
    assert "There is no file nothing.py." in done.stderr
    (folder / "new.py").write_text("x = 1\n")
    done = run(folder, *usual, "new.py")
    assert done.returncode == 2
    assert "new.py is no tracked Python file; a new one needs `git add`." in done.stderr
    done = run(folder, *usual, "../given.py")
    assert "../given.py is not in the repository ." in done.stderr


def test_what_is_wrong_on_the_command_line_is_said_before_an_interpreter_is_looked_for(
    tmp_path: Path,
) -> None:
    folder = made(tmp_path, {})
    done = run(folder, "--target", "nothing.py", "--python", "/no/python")
    assert "There is no file nothing.py." in done.stderr
    done = run(tmp_path, "--python", "/no/python")
    assert done.returncode == 2
    assert "is in no git repository" in done.stderr
    assert "/no/python" not in done.stderr


def test_a_source_is_not_taken_for_a_report_and_no_argument_means_coverage_xml(
    tmp_path: Path,
) -> None:
    folder = made(tmp_path, {})
    done = run(folder, "shapes.py::area")
    assert done.returncode == 2
    assert "shapes.py::area is no coverage report. Name it as --target shapes.py" in done.stderr
    done = run(folder, "--python", project_python(), "--sandbox", "off")
    assert done.returncode == 2
    assert "There is no coverage report at coverage.xml." in done.stderr


def test_numbers_that_do_not_fit_are_told_by_their_option(tmp_path: Path) -> None:
    folder = made(tmp_path, {})
    for option, value in (("--max-tests", "0"), ("--time-budget", "-1"), ("--time-budget", "x")):
        done = run(folder, "--target", "shapes.py", option, value)
        assert done.returncode == 2
        assert f"argument {option}: '{value}' is no number" in done.stderr


def test_it_is_said_where_the_tests_are(tmp_path: Path) -> None:
    folder = made(tmp_path, {})
    usual = ("--target", "shapes.py", "--tests", "../given.py", "--sandbox", "off")
    done = run(folder, *usual)
    assert "Nothing is written without --write or --out." in done.stderr
    assert done.stdout.startswith("# tests/test_shapes.py\nimport pytest\n\nfrom shapes import ")
    assert done.stdout.count("def test_") == 3
    (line,) = (line for line in done.stderr.splitlines() if "journal apply" in line)
    journal = shlex.split(line.partition(": ")[2])[-1]
    assert command(folder, "journal", "apply", journal).returncode == 0
    assert (folder / "tests/test_shapes.py").read_text().count("def test_") == 3


@pytest.mark.slow
def test_all_files_that_are_written_are_named(tmp_path: Path) -> None:
    folder = made(tmp_path, {})
    usual = ("--target", "shapes.py", "--tests", "../given.py", "--sandbox", "off")
    done = run(folder, *usual, "--write", "--out", "../all.py")
    assert f"Written to {Path('tests/test_shapes.py')}, {Path('../all.py')}." in done.stderr


def test_a_run_without_a_test_says_why(tmp_path: Path) -> None:
    folder = made(tmp_path, {})
    done = run(folder, "--target", "shapes.py", "--time-budget", "0.001", "--sandbox", "off")
    assert done.returncode == 0, done.stderr
    assert "Note: The time was over before a test for shapes.py was found." in done.stderr


def test_what_went_wrong_with_a_target_is_told_once(tmp_path: Path) -> None:
    folder = made(tmp_path, {"constants.py": "if __name__:\n    ONE = 1\n"})
    done = run(folder, "--target", "constants.py", "--time-budget", "20", "--sandbox", "off")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("Nothing public in constants.py can be called.") == 1


@pytest.mark.slow
def test_tests_that_are_there_already_are_not_written_over(tmp_path: Path) -> None:
    folder = made(tmp_path, {"tests/test_shapes.py": OTHER})
    usual = ("--target", "shapes.py", "--tests", "../given.py", "--sandbox", "off")
    done = run(folder, *usual, "--out", "tests/")
    assert done.returncode == 0, done.stderr
    after = (folder / "tests/test_shapes.py").read_text()
    assert "def test_it_is_there" in after
    assert after.count("\ndef test_") == 4


@pytest.mark.slow  # tests from a journal are written by the same code
@pytest.mark.parametrize(
    ("link", "leads_to"),
    [
        ("tests/test_shapes.py", "project/.git/made"),
        ("tests", "outside"),
        ("tests", "project/.git/made"),
        ("tests/test_shapes.py", "outside"),
    ],
)
def test_nothing_is_written_through_a_link_out_of_the_project(
    tmp_path: Path, link: str, leads_to: str
) -> None:
    folder = made(tmp_path, {})
    outside = tmp_path / leads_to
    outside.mkdir()
    place = folder / link
    place.parent.mkdir(exist_ok=True)
    place.symlink_to(outside if link == "tests" else outside / "victim.py")
    for words in (("add", "-A"), ("commit", "-qm", "link")):
        subprocess.run(["git", *words], cwd=folder, check=True)
    done = run(
        folder,
        *("--target", "shapes.py", "--tests", "../given.py", "--sandbox", "off", "--write"),
        *("--python", project_python()),
    )
    assert done.returncode == 2
    assert "a link on the way to it leads out of the project" in done.stderr
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("link", [pytest.param(False, marks=pytest.mark.slow), True])
def test_an_interpreter_that_came_with_the_repository_is_not_run(
    tmp_path: Path, link: bool
) -> None:
    folder = made(tmp_path, {})
    place = folder / ("tools" if link else ".venv") / "bin" / "python"
    place.parent.mkdir(parents=True)
    place.write_text(f'#!/bin/sh\ntouch {tmp_path / "ran"}\nexec {sys.executable} "$@"\n')
    place.chmod(0o755)
    if link:
        (folder / ".venv").symlink_to("tools")
    for words in (("add", "-Af"), ("commit", "-qm", "an interpreter")):
        subprocess.run(["git", *words], cwd=folder, check=True)
    env = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    arguments = ("--target", "shapes.py", "--tests", "../given.py", "--time-budget", "0.001")
    run(folder, *arguments, env=env)
    assert not (tmp_path / "ran").exists()


LIBRARY = """
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))

from shapes import area  # noqa: E402


def test_a_square():
    assert area(1, 1) == 1
"""


def below(tmp_path: Path, tests: Mapping[str, str]) -> Path:
    """A project in a folder of its repository."""
    top = tmp_path / "top"
    files = {"lib/shapes.py": SHAPES, **tests}
    project(top, {f"services/api/{name}": text for name, text in files.items()})
    (tmp_path / "given.py").write_text(GOOD)
    return top / "services" / "api"


@pytest.mark.slow  # named from elsewhere they do, too
def test_written_tests_leave_a_suite_green_that_sets_up_its_own_path(tmp_path: Path) -> None:
    """In a folder of the repository, where what is named and printed is seen from there."""
    folder = below(tmp_path, {"tests/test_shapes.py": LIBRARY})
    done = run(
        folder,
        *("--target", "lib/shapes.py", "--tests", "../../../given.py", "--sandbox", "off"),
        *("--write", "--python", project_python()),
    )
    assert done.returncode == 0, done.stderr
    assert "Written to tests/test_shapes.py." in done.stderr
    after = (folder / "tests/test_shapes.py").read_text()
    assert "from shapes import NoArea, area  # noqa: E402\n" in after
    assert "4 passed" in suite_of(folder)


def test_a_file_that_would_be_red_is_put_back_and_its_tests_are_kept(tmp_path: Path) -> None:
    """The folder of the target is on our path, and on nobody else's."""
    folder = below(tmp_path, {"tests/test_other.py": "def test_other():\n    assert True\n"})
    done = run(
        folder,
        *("--target", "lib/shapes.py", "--tests", "../../../given.py", "--sandbox", "off"),
        *("--write", "--python", project_python(), "--journal", "found.jsonl"),
    )
    assert done.returncode == 1, done.stderr
    assert "tests/test_shapes.py is as it was: it can't be collected" in done.stderr
    assert "No module named 'shapes'" in done.stderr
    assert "qe-action journal apply found.jsonl" in done.stderr
    assert not (folder / "tests/test_shapes.py").exists()


def test_a_project_elsewhere_is_named_with_repo(tmp_path: Path) -> None:
    """Its suite sets up its own path, stays green, and keeps all of its lines."""
    folder = below(tmp_path, {"tests/test_shapes.py": LIBRARY})
    tree = tmp_path / "tree"
    subprocess.run(["git", "worktree", "add", "-q", str(tree)], cwd=folder, check=True)
    done = run(
        tmp_path,
        *("--repo", "tree/services/api", "--target", "tree/services/api/lib/shapes.py"),
        *("--tests", "given.py", "--sandbox", "off", "--write", "--python", project_python()),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "3 tests proposed, 0 refused; the target's coverage goes from" in done.stderr
    place = "tree/services/api/tests/test_shapes.py"
    assert f"Written to {place}." in done.stderr
    after = (tmp_path / place).read_text()
    assert "from shapes import NoArea, area  # noqa: E402\n" in after
    before = iter(after.splitlines())
    assert all(line in before for line in LIBRARY.strip().splitlines() if "import area" not in line)
    assert after.count("def test_") == 4
    assert (folder / "tests/test_shapes.py").read_text().count("def test_") == 1
    assert "4 passed" in suite_of(tree / "services" / "api")


def test_a_red_suite_gets_no_tests_and_the_exit_code_says_so(tmp_path: Path) -> None:
    red = "from shapes import area\n\n\ndef test_area():\n    assert area(1, 1) == 2\n"
    folder = made(tmp_path, {"tests/test_shapes.py": red})
    usual = ("--target", "shapes.py", "--tests", "../given.py", "--sandbox", "off", "--write")
    done = run(folder, *usual, "--python", project_python())
    assert done.returncode == 1
    assert "1 test of the suite fails (tests/test_shapes.py::test_area)" in done.stderr
    assert "--allow-red" in done.stderr
    assert (folder / "tests/test_shapes.py").read_text() == red
