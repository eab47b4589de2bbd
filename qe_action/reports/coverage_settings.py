"""What a project tells coverage.py about which of its lines count."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from qe_action.reports.coverage_config import Section, Setting, items, read_config

REGEXES = ("exclude_lines", "exclude_also", "partial_branches", "partial_also")
GLOBS = ("include", "omit")
RUN = ("source", "source_pkgs", "source_dirs", *GLOBS)
"""The lists of the section `run`: what is measured."""

MAX_PATTERNS = 200
"""Patterns of one setting."""
MAX_PATTERN = 1000
"""Characters of a pattern."""

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
    config = read_config(content)
    notes = [
        f"{name} can't be read, so what it may tell coverage.py is left out."
        for name in config.unreadable
    ]
    values = _used(config.file, config.section("report"), REGEXES + GLOBS, notes)
    # Where data is read nobody asks what was to be measured: no notes on that.
    run = _used(config.file, config.section("run"), RUN, [])
    return Settings(config.file, values, tuple(notes), run)


def _used(
    file: str, section: Section, names: Collection[str], notes: list[str]
) -> dict[str, tuple[str, ...]]:
    found = {
        key: _patterns(file, key, _listed(key, value), notes)
        for key, value in section.items()
        if key in names
    }
    return {key: used for key, used in found.items() if used is not None}


def _listed(key: str, value: Setting) -> list[str] | None:
    """What a setting lists; None where it is no list of strings."""
    if isinstance(value, str):
        return value.splitlines() if key in REGEXES else items(value)
    if value is None or not all(isinstance(each, str) for each in value):
        return None
    return value


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
