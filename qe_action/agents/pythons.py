"""On which versions of Python tests are tried: the lowest and highest that are there. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from packaging.specifiers import InvalidSpecifier, SpecifierSet


def ends(versions: Sequence[str], supported: str) -> tuple[list[int], list[str]]:
    """The numbers of the other versions to try, and those that the project does not support.

    The first is the one that tests are made on, and is tried in any case. `supported` is the
    project's `requires-python`; all fit where it can't be read.
    """
    try:
        fits = SpecifierSet(supported)
    except InvalidSpecifier:
        fits = SpecifierSet()
    right = [n for n, version in enumerate(versions) if fits.contains(version, prereleases=True)]
    left_out = [version for n, version in enumerate(versions) if n and n not in right]
    in_order = sorted({0, *right}, key=lambda number: _parts(versions[number]))
    chosen = {in_order[0], in_order[-1]} - {0}
    return sorted(chosen), left_out


def _parts(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
