"""Which interpreter is the project's where nobody names one, and what is said where none fits."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from gitrepo import GitRepo

from qe_action.errors import WorkspaceError
from qe_action.workspace.interpreter_search import Chosen, find, remedy


def made(folder: Path, *, complete: bool = True) -> Path:
    """An environment; with pytest and coverage it has those that we run with."""
    options = ["--without-pip", *(["--system-site-packages"] if complete else [])]
    subprocess.run([sys.executable, "-m", "venv", *options, str(folder)], check=True)
    if complete:
        (place,) = folder.glob("lib/python*/site-packages")
        ours = Path(pytest.__file__).parents[1]
        (place / "ours.pth").write_text(f"{ours}\n")
    return folder / "bin" / "python"


def found(
    repo: Path, env: Mapping[str, str], *, own: Path, others: bool = False, addable: bool = False
) -> Chosen:
    return asyncio.run(find(repo, env, others=others, own=own, addable=addable))


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("bare") / "env", complete=False)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("full") / "env")


def git_alone(root: Path) -> str:
    """A search path with git and nothing else."""
    folder = root / "git-alone"
    folder.mkdir()
    (folder / "git").symlink_to(shutil.which("git") or "git")
    return str(folder)


def repository(root: Path) -> Path:
    GitRepo(root).commit({"deep/m.py": "x = 1\n", ".gitignore": ".venv/\n"})
    return root


def test_the_active_environment_comes_before_all_others(
    tmp_path: Path, bare: Path, full: Path
) -> None:
    repo = repository(tmp_path)
    env = {"VIRTUAL_ENV": str(full.parents[1]), "PATH": str(bare.parent)}
    assert found(repo, env, own=bare) == Chosen(full)


def test_where_it_lacks_something_the_next_one_is_taken_and_it_is_said(
    tmp_path: Path, bare: Path, full: Path
) -> None:
    repo = repository(tmp_path)
    env = {"VIRTUAL_ENV": str(bare.parents[1]), "PATH": ""}
    chosen = found(repo, env, own=full)
    assert chosen.python == full
    (note,) = chosen.notes
    assert f"{bare}, of the active environment, has no pytest and no coverage" in note


def test_the_project_s_environment_is_found_from_a_folder_below(tmp_path: Path, bare: Path) -> None:
    repo = repository(tmp_path / "repo")
    own = made(repo / ".venv")
    assert found(repo / "deep", {"PATH": git_alone(tmp_path)}, own=bare).python == own


def test_an_environment_that_git_tracks_is_not_asked(tmp_path: Path, full: Path) -> None:
    repo = repository(tmp_path / "repo")
    place = repo / "venv" / "bin" / "python"
    place.parent.mkdir(parents=True)
    place.write_text(f'#!/bin/sh\ntouch {tmp_path}/ran\nexec {full} "$@"\n')
    place.chmod(0o755)
    subprocess.run(["git", "add", "-f", "venv"], cwd=repo, check=True)
    script = repo / "venv" / "bin" / "pytest"
    script.write_text(f"#!{place}\n")
    script.chmod(0o755)
    env = {"PATH": f"{git_alone(tmp_path)}:{place.parent}:venv/bin"}
    assert found(repo, env, own=full).python == full
    assert not (tmp_path / "ran").exists()


def test_what_runs_the_pytest_of_the_search_path_may_have_made_the_report(
    tmp_path: Path, bare: Path, full: Path
) -> None:
    repo = repository(tmp_path / "repo")
    script = tmp_path / "bin" / "pytest"
    script.parent.mkdir()
    script.write_text(f"#!{full}\nraise SystemExit('it is read, not run')\n")
    script.chmod(0o755)
    assert found(repo, {"PATH": str(script.parent)}, own=bare).python == full


def test_none_that_fits_is_told_with_what_is_missing_and_the_command(
    tmp_path: Path, bare: Path
) -> None:
    repo = repository(tmp_path)
    with pytest.raises(WorkspaceError) as told:
        found(repo, {"PATH": ""}, own=bare)
    assert f"{bare}, qe-action's own, has no pytest and no coverage" in told.value.message
    assert told.value.hint.startswith(f"Run {bare} -m pip install pytest coverage, or name")
    chosen = found(repo, {"PATH": ""}, own=bare, addable=True)
    assert chosen.python == bare
    assert chosen.notes[0].endswith("what it lacks was added for this run.")


def test_an_active_environment_that_can_t_be_used_is_named_before_what_was_added(
    tmp_path: Path, bare: Path
) -> None:
    repo = repository(tmp_path / "repo")
    broken = tmp_path / "active" / "bin" / "python"
    broken.parent.mkdir(parents=True)
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    env = {"PATH": "", "VIRTUAL_ENV": str(tmp_path / "active")}
    chosen = found(repo, env, own=bare, addable=True)
    assert chosen.python == bare
    assert [note.split(", ")[0] for note in chosen.notes] == [str(broken), str(bare)]
    assert "of the active environment, can't be used" in chosen.notes[0]


def test_one_that_others_can_t_run_is_told_with_a_command_for_one_that_they_can(
    tmp_path: Path,
) -> None:
    repo = repository(tmp_path / "repo")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    own = closed / "python"
    own.write_text("#!/bin/sh\n")
    with pytest.raises(WorkspaceError) as told:
        found(repo, {"PATH": ""}, own=own, others=True)
    assert "closed to others" in told.value.message
    assert re.search(r"-m venv --copies \S+ && \S+/bin/pip install", told.value.hint)
    assert "that every user may run" in remedy(None, others=True)


def test_one_that_can_t_be_read_is_told_as_such(tmp_path: Path) -> None:
    repo = repository(tmp_path / "repo")
    own = tmp_path / "python"
    own.write_text("#!/bin/sh\nexit 3\n")
    own.chmod(0o755)
    assert os.access(own, os.X_OK)
    with pytest.raises(WorkspaceError, match="can't be used"):
        found(repo, {"PATH": ""}, own=own)
