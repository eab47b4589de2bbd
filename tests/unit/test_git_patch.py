"""Patches: git itself takes them, whatever the files hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from gitrepo import GitRepo
from hypothesis import given, settings
from hypothesis import strategies as st

from qe_action.proposal.git_patch import PROGRAM, SHOWN, FileChange, is_safe, make_patch

NAMES = (
    "tests/test_a.py",
    "tests/with space.py",
    'tests/"quoted".py',
    "tests/übung.py",
    "test/back\\slash.py",
    "--option.py",
)
LINES = (b"a\n", b"b\n", b"b\r\n", b"\n", b"c", b"\xe9\n", b"-- x\n", b"++ y\n", b"\x0c\n")
TEXTS = st.lists(st.sampled_from(LINES), max_size=12).map(b"".join)


def applied(folder: Path, changes: dict[str, FileChange]) -> dict[str, bytes]:
    """What git makes of the files with the patch."""
    repo = GitRepo(folder)
    before = {name: change.before for name, change in changes.items() if change.before is not None}
    repo.write({"README": "x\n", **before})
    patch = make_patch(changes)
    (folder / ".git/the.patch").write_bytes(patch.data)
    if patch.data:
        repo.git("apply", "--whitespace=nowarn", ".git/the.patch")
    return {name: (folder / name).read_bytes() for name in changes if (folder / name).exists()}


def test_git_takes_new_and_grown_files_of_any_name(tmp_path: Path) -> None:
    changes = {
        name: FileChange(None if n % 2 else b"import a\n\n\ndef test_a():\n    a()\n", b"")
        for n, name in enumerate(NAMES)
    }
    changes = {
        name: change._replace(after=(change.before or b"") + b"\n\ndef test_b():\n    b()\n")
        for name, change in changes.items()
    }
    expected = {name: change.after for name, change in changes.items()}
    assert applied(tmp_path / "repo", changes) == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, b"x = 1"),
        (b"", b"x = 1\n"),
        (b"x = 1", b"x = 1\ny = 2"),
        (b"x = 1\r\ny = 2\r\n", b"x = 1\r\ny = 2\r\nz = 3\r\n"),
        (b"\xef\xbb\xbfx = 1\n", b"\xef\xbb\xbfx = 1\ny = 2\n"),
        (b"# coding: latin-1\nx = '\xe9'\n", b"# coding: latin-1\nx = '\xe9'\ny = 2\n"),
        (b"a\n" * 500, b"a\n" * 250 + b"b\n" + b"a\n" * 250),
        (b"x\r\ry\n", b"x\r\ry\nz\n"),
    ],
)
def test_git_takes_every_end_of_line_and_encoding(
    tmp_path: Path, before: bytes | None, after: bytes
) -> None:
    assert applied(tmp_path / "repo", {"t.py": FileChange(before, after)}) == {"t.py": after}


def test_a_new_program_keeps_its_mode(tmp_path: Path) -> None:
    applied(tmp_path / "repo", {"t.py": FileChange(None, b"x\n", PROGRAM)})
    assert (tmp_path / "repo/t.py").stat().st_mode & 0o111


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(before=st.one_of(st.none(), TEXTS), after=TEXTS)
def test_git_takes_any_change(
    tmp_path_factory: pytest.TempPathFactory, before: bytes | None, after: bytes
) -> None:
    if before == after or (before is None and not after):
        return
    found = applied(tmp_path_factory.mktemp("repo"), {"t.py": FileChange(before, after)})
    assert found == {"t.py": after}


def test_what_is_no_text_or_too_long_is_told_of_and_costs_nothing_else() -> None:
    patch = make_patch(
        {
            "tests/test_a.py": FileChange(b"\0", b"\0x"),
            "tests/test_b.py": FileChange(None, b"x" * 1_000_001),
            "tests/test_c.py": FileChange(None, b"x\n"),
        }
    )
    assert patch.data.startswith(b"diff --git a/tests/test_c.py b/tests/test_c.py\nnew file mode")
    assert patch.lacks == (
        "tests/test_a.py is not in the patch: it is no text.",
        "tests/test_b.py is not in the patch: it is longer than a megabyte.",
    )


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (b"x\n", ""),
        (b"\xe9\n", "not UTF-8"),
        (b"x\r\n", "does not keep"),
        (b"x\x0c\n", "does not keep"),
        ("x\u202ey\n".encode(), "does not keep"),
        (b"x" * SHOWN, "too long to be shown here"),
    ],
)
def test_a_comment_holds_a_patch_as_it_is_or_says_why_not(after: bytes, said: str) -> None:
    patch = make_patch({"t.py": FileChange(None, after)})
    assert said in patch.hidden
    assert bool(patch.text) is not bool(said)


@pytest.mark.parametrize(
    ("path", "safe"),
    [
        ("tests/test_a.py", True),
        ("test a.py", True),
        ("/etc/test_a.py", False),
        ("../test_a.py", False),
        ("tests//test_a.py", False),
        ("tests/./test_a.py", False),
        (".git/hooks/test_a.py", False),
        (".GIT/test_a.py", False),
        ("a/.git./test_a.py", False),
        (".github/workflows/a.py", False),
        ("C:/x.py", False),
        ("tests/.git::$INDEX_ALLOCATION/x.py", False),
        ("GIT~1/x.py", False),
        ("GITHUB~1/workflows/x.py", False),
        ("tests/~x.py", True),
        ("tests\\..\\test_a.py", False),
        ("tests/test_a.yml", False),
        ("tests/a\nb.py", False),
        ("tests/a\0.py", False),
        ("", False),
    ],
)
def test_tests_go_to_python_files_of_the_project_alone(path: str, safe: bool) -> None:
    assert is_safe(path) is safe
