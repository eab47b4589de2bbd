"""pytest and coverage for interpreters that lack them: pinned wheels, checked by their hashes."""

from __future__ import annotations

import hashlib
import platform
import re
from collections.abc import Mapping
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from qe_action.errors import UsageError
from qe_action.workspace.cache_entries import Entries
from qe_action.workspace.installer import Installer
from qe_action.workspace.interpreter import Facts, one_line

PINS = Path(__file__).parent / "overlay-requirements.txt"
LEAST = {"pytest": "6.2", "coverage": "6.5"}
"""The oldest versions with which the worker runs."""
NEEDED = {
    "colorama": "0.4",
    "exceptiongroup": "1",
    "iniconfig": "2",
    "packaging": "24",
    "pluggy": "1.6",
    "pygments": "2.15",
    "tomli": "2",
    "typing-extensions": "4.6",
}
"""What the pinned pytest stands on, and the oldest versions that do."""
NAMES = (*LEAST, *NEEDED)


def lacking(facts: Facts) -> tuple[str, ...]:
    """The packages that an interpreter has to be given; what it has of its own stays in use.

    Raises `UsageError` where its pytest or coverage is too old for the worker.
    """
    tools = {"pytest": facts.pytest, "coverage": facts.coverage}
    for name, version in tools.items():
        if version is not None and _older(version, LEAST[name]):
            raise UsageError(
                f"The project's environment has {name} {one_line(version)}, and tests are made "
                f"with {name} {LEAST[name]} or later.",
                hint=f"Install a newer {name} there.",
                anchor="the-environment-of-the-project",
            )
    missing = [name for name, version in tools.items() if version is None]
    if "pytest" in missing:
        for name, least in NEEDED.items():
            version = facts.installed.get(name)
            if version is None or _older(version, least):
                missing.append(name)
    return tuple(missing)


def _older(version: str, least: str) -> bool:
    try:
        return Version(version) < Version(least)
    except InvalidVersion:
        return True


def chosen(pins: str, names: tuple[str, ...]) -> str:
    """Those of the pinned requirements, with their hashes, that have one of the names."""
    blocks = re.split(r"^(?=[A-Za-z0-9])", pins, flags=re.MULTILINE)
    return "".join(
        block
        for block in blocks
        if (found := re.match(r"[\w.-]+", block)) and canonicalize_name(found[0]) in names
    )


def overlay_key(facts: Facts, pins: str) -> str:
    """Names an overlay; wheels are of an interpreter's minor version and a machine."""
    said = "\0".join((facts.implementation, facts.minor, platform.machine(), pins))
    return f"overlay-{hashlib.sha256(said.encode()).hexdigest()[:32]}"


async def overlay(
    facts: Facts,
    python: Path,
    names: tuple[str, ...],
    *,
    entries: Entries,
    installer: Installer,
    pins: Path = PINS,
) -> Path:
    """A folder with these packages for an interpreter, from the cache or made now.

    Nothing is built: there are only wheels. `python` is one that no pull request has filled.
    """
    wanted = chosen(pins.read_text(encoding="utf-8"), names)
    key = overlay_key(facts, wanted)
    entry, _ = await entries.take(key)
    if entry is not None:
        return entry.folder
    folder = entries.new(key)
    try:
        (installer.top / "tools" / "overlay.txt").write_text(wanted, encoding="utf-8")
        await installer.run(
            (
                *("uv", "--no-config", "pip", "install", "--no-deps", "--require-hashes"),
                *("--only-binary", ":all:", "--python", str(python), "--target", str(folder)),
                *("-r", str(installer.top / "tools" / "overlay.txt")),
            ),
            writable=(folder,),
        )
        return (await entries.keep(key, folder)).folder
    except BaseException:
        await entries.drop(folder)
        raise


def search_path(place: Path | None) -> Mapping[str, str]:
    """The variable that puts an overlay into effect."""
    return {} if place is None else {"PYTHONPATH": str(place)}
