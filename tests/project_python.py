"""An interpreter for the projects of tests: pytest and coverage are in it, and nothing else.

Ours has plugins too, which every run of a project's tests would load first.
"""

from __future__ import annotations

import atexit
import re
import shutil
import sysconfig
import tempfile
import venv
from functools import cache
from importlib import metadata
from pathlib import Path


@cache
def project_python() -> str:
    """Made once for this process, of links into our own environment."""
    folder = tempfile.mkdtemp(prefix="qe-python-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    root = Path(folder).resolve() / "venv"
    venv.EnvBuilder(symlinks=True).create(root)
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(root)}))
    for name in sorted(_needed("pytest") | {"coverage"}):
        for part, place in _parts(name).items():
            (packages / part).symlink_to(place)
    return str(root / "bin" / "python")


def _needed(name: str) -> set[str]:
    """A package and all that it requires and that is installed."""
    found, waiting = set(), [name]
    while waiting:
        one = waiting.pop()
        try:
            required = metadata.requires(one) or ()
        except metadata.PackageNotFoundError:
            continue
        found.add(one)
        names = [
            re.split(r"[^\w.-]", text, maxsplit=1)[0] for text in required if "extra" not in text
        ]
        waiting += [other for other in names if other not in found]
    return found


def _parts(name: str) -> dict[str, Path]:
    """The files and folders of a package at the top of its environment."""
    tops = {
        file.parts[0]: file
        for file in metadata.files(name) or ()
        if file.parts[0] not in ("..", "__pycache__")
    }
    return {
        top: Path(str(file.locate())).parents[len(file.parts) - 1] / top
        for top, file in tops.items()
    }
