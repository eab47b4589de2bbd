"""Where sandbox tests find an interpreter and a folder that any user can reach."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

from qe_action.sandbox.machine import Machine
from qe_action.workspace.folders import remove

ROOT = Path(__file__).parents[2]
MACHINE = Machine.here()
ANOTHER_USER = 60200
PROGRAMS = (
    *("sandbox_driver.py", "sandbox_suite.py", "sandbox_probes.py"),
    *("sandbox_probes_kernel.py", "sandbox_probes_resources.py"),
    "sandbox_probes_suite.py",
)
"""The driver and its probes, which any user runs on their own."""
MISSING = MACHINE.system != "linux" or MACHINE.landlock < (1 if MACHINE.root else 3)


def reachable(program: Path) -> bool:
    """Whether every user may run it."""
    real = program.resolve()
    return all(folder.stat().st_mode & 0o001 for folder in (real, *real.parents))


def python_for_all() -> str | None:
    """An interpreter that is new enough for our own code and that every user may run."""
    found = (
        sys.executable,
        *(shutil.which("python3", path=p) for p in ("/usr/local/bin", "/usr/bin")),
    )
    for name in found:
        if name is None or not reachable(Path(name)):
            continue
        code = "import sys, sqlite3, ctypes; sys.exit(sys.version_info < (3, 11))"
        if subprocess.run([name, "-c", code], check=False, capture_output=True).returncode == 0:
            return name
    return None


def sandboxed_python() -> str | None:
    return python_for_all() if MACHINE.root else sys.executable


def prefixes(python: str) -> tuple[Path, ...]:
    """What has to be readable for an interpreter beside the system's own folders."""
    code = "import sys; print(sys.base_prefix)\nprint(sys.prefix)"
    out = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout
    return tuple(Path(line).resolve() for line in dict.fromkeys(out.split()) if line != "/usr")


@contextmanager
def open_folder() -> Iterator[Path]:
    """A temporary folder that every user may enter; pytest's own are closed to them."""
    folder = Path(tempfile.mkdtemp(prefix="qe-test-")).resolve()
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        remove(folder)


def library(folder: Path) -> Path:
    """Our code and the probes' where every user can read them."""
    target = folder / "library"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "qe_action", target / "qe_action", ignore=ignored)
    for name in PROGRAMS:
        shutil.copy(ROOT / "tests" / "integration" / name, target)
    return target


def give_all(folder: Path, user: int) -> None:
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(parent, name), user, user, follow_symlinks=False)
    os.chown(folder, user, user)


def overlay(folder: Path) -> None:
    """pytest, coverage and what they need, from our own environment, for every user to read."""
    folder.mkdir()
    for name in ("pytest", "pluggy", "iniconfig", "packaging", "pygments", "coverage"):
        for file in metadata.files(name) or ():
            place = folder / file
            if ".." not in file.parts and "__pycache__" not in file.parts:
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file.locate(), place)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
