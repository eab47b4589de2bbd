"""What coverage.py's settings say about which files of a repository are measured.

Paths are the repository's. Patterns mean what coverage.py means by them, but are matched
component by component: its regular expressions take for ever on some.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from qe_action.reports.coverage_settings import Settings

Parts = tuple[str, ...]
_ANY = "**"


@dataclass(frozen=True, slots=True)
class Scope:
    """What is to be measured, and what is left out of it.

    `folders` and `packages` (dotted names) are coverage.py's `source` in all its forms, both
    empty where nothing was said or where it can't be told from here.
    """

    folders: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    omit: tuple[Parts, ...] = ()
    includes: tuple[tuple[Parts, ...], ...] = ()

    @property
    def is_limited(self) -> bool:
        """Whether the settings name what is measured."""
        return bool(self.folders or self.packages)

    def leaves_out(self, path: str) -> bool:
        """Whether coverage.py is told to leave the file out of its report."""
        if any(matches(pattern, path) for pattern in self.omit):
            return True
        return any(
            not any(matches(pattern, path) for pattern in include) for include in self.includes
        )

    def names(self, path: str) -> bool:
        """Whether a file lies below one of `folders`, or in one of `packages`."""
        if any(not folder or path.startswith(f"{folder}/") for folder in self.folders):
            return True
        module = f"/{path.removesuffix('.py')}/"
        return any(f"/{name.replace('.', '/')}/" in module for name in self.packages)


def scope_of(settings: Settings, folder: str, has_folder: Callable[[str], bool]) -> Scope:
    """The scope of settings that stand in `folder` of the repository, empty for its top."""
    run = settings.run
    folders: list[str] = []
    packages = list(run.get("source_pkgs", ()))
    for name in run.get("source", ()):
        place = _inside(folder, name)
        if place is None or has_folder(place):
            folders.append("?" if place is None else place)
        else:
            packages.append(name)
    folders += [_inside(folder, name) or "?" for name in run.get("source_dirs", ())]
    if "?" in folders:  # one that lies elsewhere: what else is measured can't be told
        folders, packages = [], []
    limited = bool(folders or packages)
    asked = ((), settings.get("include")) if limited else (_include(run), settings.get("include"))
    return Scope(
        folders=tuple(folders),
        packages=tuple(packages),
        omit=_patterns(folder, (*run.get("omit", ()), *settings.get("omit"))),
        includes=tuple(_patterns(folder, globs) for globs in asked if globs),
    )


def matches(pattern: Parts, path: str) -> bool:
    """Whether a pattern's components match all those of a path of the repository."""
    parts = ("", *path.split("/"))
    # The positions in `parts` that the pattern so far can have come to.
    reached = {0}
    for number, piece in enumerate(pattern):
        if piece == _ANY:
            least = min(reached, default=len(parts) + 1)
            least += number == len(pattern) - 1  # `x/*` is what is below x, not x
            reached = set(range(least, len(parts) + 1))
        else:
            reached = {
                at + 1 for at in reached if at < len(parts) and fnmatchcase(parts[at], piece)
            }
        if not reached:
            return False
    return len(parts) in reached


def _include(run: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return run.get("include", ())


def _patterns(folder: str, globs: Iterable[str]) -> tuple[Parts, ...]:
    return tuple(pattern for glob in globs for pattern in pattern_of(folder, glob))


def pattern_of(folder: str, glob: str) -> list[Parts]:
    """The components of a glob; one that is no wildcard's is taken from `folder` as well.

    A name without a folder means such files anywhere.
    """
    glob = glob.replace("\\", "/")
    found = [] if "/" in glob and not glob.startswith(("*", "?")) else [_parts(glob)]
    if not glob.startswith(("*", "?")):
        place = _inside(folder, glob)
        if place is not None:
            found.append(_parts(f"/{place}"))
    return found


def _parts(glob: str) -> Parts:
    parts = (f"{_ANY}/{glob}" if "/" not in glob else glob).split("/")
    if len(parts) > 1:
        for at in (0, -1):
            if parts[at] and not parts[at].strip("*"):
                parts[at] = _ANY
    return tuple(parts)


def _inside(folder: str, name: str) -> str | None:
    """A name relative to `folder` as the repository's; None where it leads out or is absolute."""
    name = name.replace("\\", "/")
    if name.startswith(("/", "~")) or name[1:2] == ":":
        return None
    parts = folder.split("/") if folder else []
    for part in name.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
