"""The lists `[paths]` of coverage.py's settings."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from qe_action.analysis.path_aliases import Aliases
from qe_action.analysis.paths import split_path
from qe_action.reports.coverage_config import items, read_config


def read_aliases(content: Callable[[str], bytes | None], *, working: str) -> Aliases:
    """The aliases of the project; `content` gives a file of the repository by its path.

    The settings of the folder `working`, in which the tests run, go before those at the top;
    the first file that is about coverage.py counts alone, as it does for coverage.py.
    """
    for home in dict.fromkeys((working, "")):
        start = f"{home}/" if home else ""
        config = read_config(partial(_below, content, start))
        if config.file:
            paths = config.section("paths")
            lists = {key: _listed(value) for key, value in paths.items() if value is not None}
            return Aliases(lists, split_path(home).parts, start + config.file)
    return Aliases()


def _below(content: Callable[[str], bytes | None], start: str, name: str) -> bytes | None:
    return content(start + name)


def _listed(value: str | list[object]) -> list[str]:
    if isinstance(value, str):
        return [each.strip() for each in items(value) if each.strip()]
    return [each for each in value if isinstance(each, str)]
