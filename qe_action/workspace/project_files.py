"""The files of a project that say what it needs, read within bounds."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FILE = 8 * 1024 * 1024
"""Bytes of the longest file that is read: lock files of large projects have some."""
NATIVE = 2000
"""How many native source files are looked at."""
_NAMED = re.compile(
    r"pyproject\.toml|setup\.(py|cfg)|\.python-version|uv\.lock|poetry\.lock|pdm\.lock"
    r"|pylock(\.[\w-]+)?\.toml|Pipfile(\.lock)?|MANIFEST\.in|CMakeLists\.txt|meson\.build"
    r"|Cargo\.(toml|lock)|[\w.-]*(requirements|constraints)[\w.-]*\.(txt|in)"
)
_FOLDERS = ("requirements", "tests", "test")
_IN_FOLDERS = re.compile(r"[\w.-]+\.(txt|in)")
_NO_PACKAGES = {
    *("tests", "test", "testing", "docs", "doc", "examples", "example", "samples"),
    *("scripts", "tools", "benchmarks", "build", "dist", "src"),
}
PACKAGES = 5
"""How many packages of a project are named."""
_COMPILED = (".c", ".cc", ".cpp", ".cxx", ".h", ".hpp", ".pyx", ".pxd", ".pxi", ".rs", ".f90", ".f")


@dataclass(frozen=True)
class ProjectFiles:
    """`texts` by path; `digest` also covers sources that a build compiles."""

    texts: dict[str, str]
    digest: str


def read_project(root: Path) -> ProjectFiles:
    """What lies in an export's top folder and in those with requirements; no link is followed."""
    texts: dict[str, str] = {}
    digest = hashlib.sha256()
    for path in _interesting(root):
        content = _read(root / path)
        if content is not None:
            texts[path] = content.decode("utf-8", "replace")
            digest.update(f"{path}\0{hashlib.sha256(content).hexdigest()}\n".encode())
    for path in _native(root):
        content = _read(root / path) or b""
        digest.update(f"{path}\0{hashlib.sha256(content).hexdigest()}\n".encode("utf-8", "replace"))
    return ProjectFiles(texts, digest.hexdigest())


def project_texts(root: Path) -> dict[str, str]:
    """The same texts, without a look at sources."""
    texts = {path: _read(root / path) for path in _interesting(root)}
    return {
        path: content.decode("utf-8", "replace")
        for path, content in texts.items()
        if content is not None
    }


def package_names(root: Path) -> tuple[str, ...]:
    """The packages that lie in a project's folder or in its `src`, without tests and the like."""
    found: set[str] = set()
    for folder in (root, root / "src"):
        try:
            names = sorted(os.listdir(folder))  # noqa: PTH208 - names are enough
        except OSError:
            continue
        inits = (name for name in names if name.isidentifier() and name not in _NO_PACKAGES)
        found.update(name for name in inits if (folder / name / "__init__.py").is_file())
    return tuple(sorted(found)[:PACKAGES])


def _interesting(root: Path) -> Iterator[str]:
    for name in sorted(os.listdir(root)):  # noqa: PTH208 - names are enough
        if _NAMED.fullmatch(name):
            yield name
    for folder in _FOLDERS:
        if (root / folder).is_dir() and not (root / folder).is_symlink():
            for name in sorted(os.listdir(root / folder))[:200]:  # noqa: PTH208
                if _IN_FOLDERS.fullmatch(name):
                    yield f"{folder}/{name}"


def _native(root: Path) -> list[str]:
    found: list[str] = []
    for parent, folders, names in os.walk(root):
        folders.sort()
        found += [
            Path(parent, name).relative_to(root).as_posix()
            for name in sorted(names)
            if name.endswith(_COMPILED)
        ]
        if len(found) > NATIVE:
            break
    return found[:NATIVE]


def _read(path: Path) -> bytes | None:
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(opened, "rb") as file:
            if not stat.S_ISREG(os.fstat(opened).st_mode):
                return None
            content = file.read(FILE + 1)
            return content if len(content) <= FILE else None
    except OSError:
        return None
