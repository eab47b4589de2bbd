"""A suite that `qe-action test` starts is of our user, and finds no token of ours."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sandbox_here import ANOTHER_USER, MACHINE, ROOT, give_all, open_folder, python_for_all

TOKEN = "ghs_c0ffee0123456789"
SUITE = f"""
import ctypes, os, pathlib, subprocess
import pytest

TOKEN = {TOKEN[:8]!r} + {TOKEN[8:]!r}
SEEN = os.environ.get("QE_ACTION_SUITE", "")


def ancestors():
    process = os.getppid()
    while process > 1:
        yield process
        text = pathlib.Path(f"/proc/{{process}}/stat").read_text()
        if "qe_action" in pathlib.Path(f"/proc/{{process}}/cmdline").read_text():
            return
        process = int(text.rpartition(")")[2].split()[1])


OURS = list(ancestors())[-1]


@pytest.mark.parametrize("name", ["environ", "mem", "maps", "fd", "cwd", "root"])
def test_proc(name):
    path = pathlib.Path(f"/proc/{{OURS}}/{{name}}")
    with pytest.raises(PermissionError):
        list(path.iterdir()) if name in ("fd", "cwd", "root") else path.open("rb").read(100)


def test_trace():
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.ptrace(16, OURS, None, None) == -1
    there = (ctypes.c_char * 16)()
    far = (ctypes.c_void_p * 2)(ctypes.addressof(there), 16)
    assert libc.process_vm_readv(OURS, far, 1, far, 1, 0) == -1


def test_environment():
    assert TOKEN not in repr(dict(os.environ))
    assert TOKEN.encode() not in pathlib.Path("/proc/self/environ").read_bytes()
    assert TOKEN not in subprocess.check_output(["env"], text=True)


def test_folders_of_ours():
    places = [path for path in pathlib.Path(os.environ["TMPDIR"]).rglob("*") if path.is_file()]
    assert [path for path in places if path.suffix == ".txt"], "the plugin lies there"
    for path in places:
        assert TOKEN.encode() not in path.read_bytes(), path
    for name in os.listdir("/proc/self/fd"):
        target = os.path.realpath(f"/proc/self/fd/{{name}}")
        if os.path.isfile(target) and os.access(target, os.R_OK):
            assert TOKEN.encode() not in pathlib.Path(target).read_bytes(), target
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as place:
        (place / "tmp").mkdir()
        (place / "test_it.py").write_text(SUITE)
        yield place


@pytest.mark.skipif(not MACHINE.root, reason="only root can be another user")
def test_the_suite_finds_no_token(folder: Path) -> None:
    found = python_for_all()
    libraries = sysconfig.get_path("purelib")
    env = {
        **dict.fromkeys(("INPUT_TOKEN", "GITHUB_TOKEN", "GH_TOKEN", "QE_PR_TOKEN"), TOKEN),
        "ACTIONS_RUNTIME_TOKEN": TOKEN,
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join((str(ROOT), libraries)),
        "HOME": str(folder),
        "TMPDIR": str(folder / "tmp"),
    }
    user: dict[str, Any] = {"user": ANOTHER_USER, "group": ANOTHER_USER, "extra_groups": ()}
    if (
        found is None
        or subprocess.run([found, "-c", "import pydantic"], env=env, **user).returncode
    ):
        pytest.skip("no interpreter here that every user may run")
    give_all(folder, ANOTHER_USER)
    python = [found, "-B", "-m"]
    done = subprocess.run(
        [*python, "qe_action", "test", "--", *python, "pytest", "-q", "-p", "no:cacheprovider"],
        env=env,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
        **user,
    )
    assert done.returncode == 0, done.stdout
    assert "9 passed" in done.stdout
    assert TOKEN not in done.stdout
