"""coverage.py's settings file in a folder, parsed once; others look at what stands in it.

coverage.py's own reader is not used: it puts environment variables into the patterns, and a
pattern made of a secret gives the secret away by the lines that it excludes.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from qe_action.settings_files import read_ini, read_toml

FILES = (".coveragerc", ".coveragerc.toml", "setup.cfg", "tox.ini", "pyproject.toml")
"""Where coverage.py looks, in its order; the first that holds settings counts alone."""

_SECTIONS = ("report", "run", "paths")

Setting = str | list[Any] | None
"""A text of an INI file, a list of a TOML file; None for what is no list there."""
Section = Mapping[str, Setting]


class Config(NamedTuple):
    """The settings of the first file that is about coverage.py.

    `file` is its name, empty where there is none; `unreadable` are files before it that can't be
    read.
    """

    file: str = ""
    sections: Mapping[str, Section] = {}
    unreadable: tuple[str, ...] = ()

    def section(self, name: str) -> Section:
        """One of `report`, `run` and `paths`; empty where it is missing."""
        return self.sections.get(name, {})


def read_config(content: Callable[[str], bytes | None]) -> Config:
    """The settings in a folder; `content` gives its files by name, None for none."""
    unreadable: list[str] = []
    for name in FILES:
        data = content(name)
        if data is None:
            continue
        try:
            found = (_toml if name.endswith(".toml") else _ini)(name, data.decode("utf-8"))
        except (configparser.Error, ValueError, RecursionError):
            unreadable.append(name)
            continue
        if found is not None:
            return Config(name, found, tuple(unreadable))
    return Config(unreadable=tuple(unreadable))


def items(text: str) -> list[str]:
    """The items of a text of an INI file, one a line or between commas."""
    return re.split(r"[\n,]", text)


def _ini(name: str, text: str) -> dict[str, Section] | None:
    """The sections of a file; None where it is not about coverage.py."""
    parser = read_ini(text, strict=True)
    own = name == ".coveragerc"
    if not own and not any(section.startswith("coverage:") for section in parser.sections()):
        return None
    found: dict[str, Section] = {}
    for which in _SECTIONS:
        named = (which, f"coverage:{which}") if own else (f"coverage:{which}",)
        found[which] = {
            key: value
            for section in named
            if parser.has_section(section)
            for key, value in parser.items(section)
        }
    return found


def _toml(name: str, text: str) -> dict[str, Section] | None:
    """As `_ini`."""
    data = read_toml(text)
    own = name == ".coveragerc.toml"
    tool = _table(_table(data, "tool"), "coverage")
    if not own and not tool:
        return None
    found: dict[str, Section] = {}
    for which in _SECTIONS:
        table = _table(tool, which) or (_table(data, which) if own else {})
        found[which] = {k: value if isinstance(value, list) else None for k, value in table.items()}
    return found


def _table(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    return value if isinstance(value, Mapping) else {}
