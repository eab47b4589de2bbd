"""Small wheels in a folder, so that tests install without a network."""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

BACKEND = """
import base64, hashlib, os, zipfile
{prelude}
def wheel(folder, files):
    name = "thing-1-py3-none-any.whl"
    info = "thing-1.dist-info/"
    files = dict(files)
    files[info + "METADATA"] = "Metadata-Version: 2.1\\nName: thing\\nVersion: 1\\n"
    files[info + "METADATA"] += NEEDS
    files[info + "WHEEL"] = (
        "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    )
    files[info + "RECORD"] = "".join(name + ",,\\n" for name in files)
    with zipfile.ZipFile(os.path.join(folder, name), "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return name
def build_editable(folder, config_settings=None, metadata_directory=None):
    {body}
    return wheel(folder, {{"thing.pth": os.getcwd() + "\\n", "seen.txt": SEEN}})
build_wheel = build_editable
NEEDS = "{needs}"
SEEN = ""
"""
"""A build backend that lies in the project, as a pull request may bring one."""


def wheel(folder: Path, name: str, version: str, files: Mapping[str, str]) -> Path:
    """A wheel with these files."""
    info = f"{name}-{version}.dist-info"
    contents = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = []
    for path, text in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        rows.append(f"{path},sha256={digest.decode()},{len(text.encode())}\n")
    contents[f"{info}/RECORD"] = "".join([*rows, f"{info}/RECORD,,\n"])
    place = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(place, "w") as archive:
        for path, text in contents.items():
            archive.writestr(path, text)
    return place


def wheelhouse(folder: Path) -> Path:
    """Wheels of a small library, and of what stands for pytest and coverage."""
    folder.mkdir()
    wheel(folder, "leaf", "1.0", {"leaf.py": "X = 1\n"})
    wheel(folder, "leaf", "2.0", {"leaf.py": "X = 2\n"})
    for name, versions in {"pytest": ("5.0", "8.0"), "coverage": ("7.6",)}.items():
        for version in versions:
            wheel(folder, name, version, {f"{name}.py": f"__version__ = '{version}'\n"})
    for path in folder.iterdir():
        path.chmod(0o644)
    folder.chmod(0o755)
    return folder


def project(
    folder: Path,
    *,
    prelude: str = "",
    body: str = "pass",
    needs: tuple[str, ...] = (),
    tests: tuple[str, ...] = ("pytest", "coverage"),
) -> Path:
    """A project that builds itself, and runs `prelude` and `body` when it does."""
    listed = ", ".join(f'"{name}"' for name in tests)
    text = dedent(
        f"""
        [build-system]
        requires = []
        build-backend = "backend"
        backend-path = ["build_it"]
        [project]
        name = "thing"
        version = "1"
        dependencies = {json.dumps(needs)}
        [dependency-groups]
        test = [{listed}]
        """
    )
    (folder / "build_it").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(text)
    (folder / "thing.py").write_text("Y = 2\n")
    lines = "".join(f"Requires-Dist: {need}\\n" for need in needs)
    body = "\n    ".join(body.strip().splitlines())
    source = BACKEND.format(prelude=prelude, body=body, needs=lines)
    (folder / "build_it" / "backend.py").write_text(source)
    return folder
