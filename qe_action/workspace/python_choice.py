"""Which version of Python a project's environment gets. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from qe_action.errors import UsageError
from qe_action.workspace.interpreter import NEWEST, OLDEST

Version = tuple[int, int, int]


@dataclass(frozen=True)
class Choice:
    """The number of an interpreter that is there, or a version to fetch; neither: any will do."""

    known: int | None = None
    fetch: str = ""


def choose(known: Sequence[Version], *, asked: str, named: str, supported: str) -> Choice:
    """The interpreter for what the user asked, `.python-version` named or the project supports.

    `known` are those of the machine, the oldest first: of several that fit it is the lowest,
    on which a project breaks first.
    """
    if asked:
        _check(asked)
        return Choice(_first(known, asked), asked)
    if named and (number := _first(known, named)) is not None:
        return Choice(number)
    fits = _specifiers(supported)
    for number, version in enumerate(known):
        if fits is not None and fits.contains(".".join(map(str, version))):
            return Choice(number)
    if named or fits is None:
        return Choice(fetch=named)
    for minor in range(OLDEST[1], NEWEST[1] + 1):
        if any(fits.contains(f"3.{minor}.{patch}") for patch in (0, 99)):
            return Choice(fetch=f"3.{minor}")
    return Choice()


def _check(asked: str) -> None:
    found = re.fullmatch(r"3\.(\d{1,2})(\.\d{1,2})?", asked)
    if not found or int(found[1]) < OLDEST[1]:
        raise UsageError(
            f"python-version is {asked!r}, and tests are made for Python 3.{OLDEST[1]} or later.",
            hint="Write it as 3.12, in quotes, or leave it out.",
            anchor="the-environment-of-the-project",
        )


def _first(known: Sequence[Version], wanted: str) -> int | None:
    parts = tuple(map(int, wanted.split(".")))
    for number, version in enumerate(known):
        if version[: len(parts)] == parts:
            return number
    return None


def _specifiers(text: str) -> SpecifierSet | None:
    try:
        return SpecifierSet(text) if text else None
    except InvalidSpecifier:
        return None
