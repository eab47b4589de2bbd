"""The lists `[paths]` of coverage.py's settings, read as `coverage_settings` reads the rest."""

from __future__ import annotations

import configparser
import re
from collections.abc import Callable, Mapping
from typing import Any

from qe_action.analysis.path_aliases import Aliases
from qe_action.analysis.paths import split_path
from qe_action.reports.coverage_settings import FILES
from qe_action.settings_files import read_ini, read_toml

Lists = Mapping[str, list[str]]


def read_aliases(content: Callable[[str], bytes | None], *, working: str) -> Aliases:
    """The aliases of the project; `content` gives a file of the repository by its path.

    The settings of the folder `working`, in which the tests run, go before those at the top;
    the first file that is about coverage.py counts alone, as it does for coverage.py.
    """
    for home in dict.fromkeys((working, "")):
        for name in FILES:
            path = f"{home}/{name}" if home else name
            data = content(path)
            lists = None if data is None else _lists(name, data)
            if lists is not None:
                return Aliases(lists, split_path(home).parts, path)
    return Aliases()


def _lists(name: str, data: bytes) -> Lists | None:
    """The lists of a file; None where it is not about coverage.py or can't be read."""
    try:
        return (_toml if name.endswith(".toml") else _ini)(name, data.decode("utf-8"))
    except (configparser.Error, ValueError, RecursionError):
        return None


def _ini(name: str, text: str) -> Lists | None:
    parser = read_ini(text, strict=True, keep_case=True)
    own = name == ".coveragerc"
    if not own and not any(section.startswith("coverage:") for section in parser.sections()):
        return None
    found = {}
    for section in ("paths", "coverage:paths") if own else ("coverage:paths",):
        for key, value in parser.items(section) if parser.has_section(section) else ():
            found[key] = [each.strip() for each in re.split(r"[\n,]", value) if each.strip()]
    return found


def _toml(name: str, text: str) -> Lists | None:
    data = read_toml(text)
    tool = _table(_table(data, "tool"), "coverage")
    own = name == ".coveragerc.toml"
    if not own and not tool:
        return None
    paths = _table(tool, "paths") or (_table(data, "paths") if own else {})
    return {
        key: [each for each in value if isinstance(each, str)]
        for key, value in paths.items()
        if isinstance(value, list)
    }


def _table(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    return value if isinstance(value, Mapping) else {}
