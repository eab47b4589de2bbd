"""What a project tells coverage.py about which of its lines count.

coverage.py's own reader is not used: it puts environment variables into the patterns, and a
pattern made of a secret gives the secret away by the lines that it excludes.
"""

from __future__ import annotations

import configparser
import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from qe_action.settings_files import read_ini, read_toml

FILES = (".coveragerc", ".coveragerc.toml", "setup.cfg", "tox.ini", "pyproject.toml")
"""Where coverage.py looks, in its order; the first that holds settings counts alone."""

REGEXES = ("exclude_lines", "exclude_also", "partial_branches", "partial_also")
GLOBS = ("include", "omit")
RUN = ("source", "source_pkgs", "source_dirs", *GLOBS)
"""The lists of the section `run`: what is measured."""

MAX_PATTERNS = 200
MAX_PATTERN = 1000
"""Patterns of one setting, and characters of each."""

_VARIABLE = re.compile(r"\$(\w|\{)")


class Settings(NamedTuple):
    """The settings of coverage.py's section `report` that were made, by name.

    `file` is where they stand, empty if nowhere. `notes` say what was left out. `run` are those
    of the section `run` that say what is measured.
    """

    file: str = ""
    values: Mapping[str, tuple[str, ...]] = {}
    notes: tuple[str, ...] = ()
    run: Mapping[str, tuple[str, ...]] = {}

    def get(self, name: str) -> tuple[str, ...]:
        """A setting's patterns; none where it was not made."""
        return self.values.get(name, ())


def read_settings(content: Callable[[str], bytes | None]) -> Settings:
    """The settings of a project; `content` gives its top folder's files by name, None for none."""
    notes: list[str] = []
    for name in FILES:
        data = content(name)
        if data is None:
            continue
        reader = _toml if name.endswith(".toml") else _ini
        try:
            text = data.decode("utf-8")
            section, run = reader(name, text, "report"), reader(name, text, "run")
        except (configparser.Error, ValueError, RecursionError):
            notes.append(f"{name} can't be read, so what it may tell coverage.py is left out.")
            continue
        if section is not None:
            values = _used(name, section, notes)
            # Where data is read nobody asks what was to be measured: no notes on that.
            return Settings(name, values, tuple(notes), _used(name, run or {}, []))
    return Settings(notes=tuple(notes))


def _used(
    name: str, section: Mapping[str, list[str] | None], notes: list[str]
) -> dict[str, tuple[str, ...]]:
    found = {key: _patterns(name, key, given, notes) for key, given in section.items()}
    return {key: used for key, used in found.items() if used is not None}


def _ini(name: str, text: str, which: str) -> dict[str, list[str] | None] | None:
    """The lists of the section `which`; None where the file is not about coverage.py."""
    parser = read_ini(text, strict=True)
    own = name == ".coveragerc"
    if not own and not any(section.startswith("coverage:") for section in parser.sections()):
        return None
    found: dict[str, list[str] | None] = {}
    for section in (which, f"coverage:{which}") if own else (f"coverage:{which}",):
        for key, value in parser.items(section) if parser.has_section(section) else ():
            if key in REGEXES:
                found[key] = value.splitlines()
            elif key in (RUN if which == "run" else GLOBS):
                found[key] = re.split(r"[\n,]", value)
    return found


def _toml(name: str, text: str, which: str) -> dict[str, list[str] | None] | None:
    """The lists of the section `which`, None for what is no list; as `_ini` otherwise."""
    data = read_toml(text)
    own = name == ".coveragerc.toml"
    tool = _table(_table(data, "tool"), "coverage")
    if not own and not tool:
        return None
    section = _table(tool, which) or (_table(data, which) if own else {})
    return {
        key: value
        if isinstance(value, list) and all(isinstance(each, str) for each in value)
        else None
        for key, value in section.items()
        if key in (RUN if which == "run" else REGEXES + GLOBS)
    }


def _table(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    return value if isinstance(value, Mapping) else {}


def _patterns(
    file: str, key: str, given: list[str] | None, notes: list[str]
) -> tuple[str, ...] | None:
    """The patterns that are used, None for a setting that isn't; what is left out is noted."""
    if given is None or len(given) > MAX_PATTERNS:
        why = "it is no list of strings" if given is None else f"it lists over {MAX_PATTERNS}"
        notes.append(f"{key} in {file} is left out: {why}.")
        return None
    used = []
    for text in filter(None, map(str.strip, given)):
        why = _defect(text, regex=key in REGEXES)
        if why:
            notes.append(f"A pattern of {key} in {file} is left out: {why}: {text[:60]!r}.")
        else:
            used.append(text.replace("$$", "$"))
    return tuple(used)


def _defect(text: str, *, regex: bool) -> str:
    """Why a pattern is not used; empty where it is."""
    if len(text) > MAX_PATTERN:
        return "it is too long"
    if _VARIABLE.search(text.replace("$$", "")):
        return "it uses an environment variable, and none is read"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # doubtful patterns are the project's own matter
            re.compile(f"(?:{text})" if regex else "")  # as coverage.py joins them
    except (re.error, OverflowError, RecursionError):
        return "it is no valid regular expression"
    return ""
