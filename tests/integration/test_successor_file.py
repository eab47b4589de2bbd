"""The journal that replaces another: whatever ends the run, one of the two is there, whole."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from gitrepo import GitRepo, git_env
from warm_program import run_program

from qe_action.commands.resumption import Made, resumption, written
from qe_action.errors import ReportError, UsageError
from qe_action.events import GapFound
from qe_action.journal import HEADER_LIMIT, check_header, encode, header
from qe_action.workspace.git import Git
from qe_action.workspace.successor_file import SUFFIX, SuccessorFile
from qe_action.workspace.tree_digest import tree_digest

LINES = [b'{"type":"progress"}\n', *(b'{"type":"test","n":%d}\n' % n for n in range(4))]


def test_it_takes_the_place_once_it_has_as_much(tmp_path: Path) -> None:
    place = tmp_path / "j"
    place.write_bytes(b"old")
    with SuccessorFile(place, 2) as file:
        for line in (header(), *LINES[:2]):
            file.write(line)
        assert place.read_bytes() == b"old"
        file.write(LINES[2])
        assert place.read_bytes() == b"".join((header(), *LINES[:3]))
        file.write(LINES[3])
    assert place.read_bytes() == b"".join((header(), *LINES[:4]))
    assert list(tmp_path.iterdir()) == [place]


def test_a_result_is_worth_more_than_what_was_owed(tmp_path: Path) -> None:
    place = tmp_path / "j"
    place.write_bytes(b"old")
    with SuccessorFile(place, 9) as file:
        file.write(b'{"type":"complete"}\n')
    assert place.read_bytes() == b'{"type":"complete"}\n'


def test_a_run_without_anything_leaves_the_old_one_alone(tmp_path: Path) -> None:
    place = tmp_path / "j"
    place.write_bytes(b"old")
    with SuccessorFile(place, 0) as file:
        file.write(header())
    assert place.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [place]


def test_what_is_beside_it_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_bytes(b"mine")
    (tmp_path / f"j{SUFFIX}").symlink_to(target)
    with SuccessorFile(tmp_path / "j", 0) as file:
        file.write(LINES[1])
    assert target.read_bytes() == b"mine"


KILLED = """
import os, signal, sys
from pathlib import Path
from qe_action.workspace.successor_file import SuccessorFile
file = SuccessorFile(Path(sys.argv[1]), 2)
for number, line in enumerate(sys.stdin.buffer):
    file.write(line)
    if number == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("after", range(5))
def test_a_run_that_is_killed_leaves_one_of_the_two(tmp_path: Path, after: int) -> None:
    place = tmp_path / "j"
    place.write_bytes(b"old")
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(place), str(after)],
        input=b"".join(LINES),
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    worth = after >= 2
    assert place.read_bytes() == (b"".join(LINES[: after + 1]) if worth else b"old")


# What a journal was made of.

MADE = Made("generate", report="r" * 64, sources="s" * 64, options="o" * 64)


def test_the_header_is_one_that_every_release_reads() -> None:
    longest = Made("generate", *["f" * 64] * 3)
    assert len(longest.head) < HEADER_LIMIT
    check_header(longest.head)
    check_header(header())
    assert json.loads(longest.head)["version"] == 1


def test_what_has_changed_is_said(tmp_path: Path) -> None:
    journal = tmp_path / "j"
    journal.write_bytes(MADE.head)
    assert "same inputs" in resumption(str(journal), MADE).said
    others = {
        "the coverage report is another": Made("generate", "x", MADE.sources, MADE.options),
        "files of the repository are others": Made("generate", MADE.report, "x", MADE.options),
        "options are others": Made("generate", MADE.report, MADE.sources, "x"),
        "it was written by another command": Made("test", *("r" * 64, "s" * 64, "o" * 64)),
    }
    for why, made in others.items():
        said = resumption(str(journal), made).said
        assert said == f"{journal} is not gone on with, as {why}: starting anew."
    both = resumption(str(journal), Made("generate", "x", MADE.sources, "x")).said
    assert "as the coverage report is another and options are others: starting anew" in both
    journal.write_bytes(header())
    assert "does not say what it was made of" in resumption(str(journal), MADE).said
    assert "There is no journal" in resumption(str(tmp_path / "none"), MADE).said


def test_a_file_that_is_no_journal_of_ours_is_never_replaced(tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    for text in ("my notes\n", '{"journal":"qe-action","version":2}\n'):
        other.write_text(text)
        with pytest.raises(ReportError):
            resumption(str(other), MADE)


def digest(root: Path, *without: Path) -> str:
    import asyncio

    return asyncio.run(tree_digest(Git(root, env=git_env()), without))


def test_a_digest_of_the_tree_changes_with_every_file_that_may_matter(tmp_path: Path) -> None:
    repo = GitRepo(tmp_path / "repo")
    root = repo.root
    repo.commit({"a.py": "x = 1\n", ".gitignore": "build/\n"})
    first = digest(root)
    assert digest(root) == first
    (root / "build").mkdir()
    (root / "build/ignored").write_text("1")
    (root / ".coverage").write_text("1")
    (root / "journal").write_text("1")
    assert digest(root, root / "journal") == first
    assert digest(root) != first, "an untracked file may be read by a test"
    (root / "journal").unlink()
    (root / "a.py").write_text("x = 2\n")
    assert digest(root) != first
    (root / "a.py").write_text("x = 1\n")
    (root / "a.py").chmod(0o755)
    assert digest(root) != first
    (root / "a.py").unlink()
    (root / "a.py").symlink_to("/etc/hostname")
    assert digest(root) != first


GAP = {
    **{"id": "1", "file_path": "a.py", "line_start": 1, "line_end": 1},
    **{"gap_type": "uncovered", "severity": "low"},
}


def test_a_new_journal_follows_no_link(tmp_path: Path) -> None:
    kept, link = tmp_path / "kept", tmp_path / "run.jsonl"
    kept.write_text("mine")
    link.symlink_to(kept)
    with pytest.raises(UsageError, match="is a link"), written(str(link), None):
        pass
    journal, report = tmp_path / "journal", str(tmp_path / "coverage.xml")
    event = GapFound.model_validate({"gap": GAP})
    journal.write_bytes(header() + encode(event))
    convert = ("journal", "convert", str(journal), "--to", "csv")
    for command in (convert, ("analyze", report, "--output", "markdown")):
        done = run_program((*command, "--out", str(link)), tmp_path, git_env())
        assert (done.returncode, "is a link" in done.stderr) == (2, True)
    assert kept.read_text() == "mine"
