"""Names for what a report has and the repository lacks, or what can't be told apart."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Container, Hashable

from qe_action.analysis.paths import is_absolute


class ForeignNames:
    """Gives each such file the report's own name, and one more to those that only share it.

    A name is never that of one of the repository's files, `tracked`. The same files in the same
    order get the same names.
    """

    def __init__(self, tracked: Container[str]) -> None:
        self._tracked = tracked
        self._names: dict[Hashable, str] = {}
        self._given: set[str] = set()
        self._shared: Counter[str] = Counter()  # how often a name was asked for beyond its first

    def name(
        self,
        path: str,
        *,
        group: str,
        package: str = "",
        report: Hashable,
        label: str,
        source: str,
    ) -> str:
        """The name of a path that a report has in a group and a package.

        An absolute path, also one below the report's only source, is the same file in every
        report and package; a relative one is another file in each. `label` tells reports apart
        for people.
        """
        joined = path if is_absolute(path) or not source else f"{source}/{path}"
        identity: Hashable
        if is_absolute(joined):
            identity = (_digest(joined), group)  # a source may be longer than all paths below it
        else:
            identity = (path, source, group, package, report)
        if identity not in self._names:
            self._names[identity] = self._free(path, group or label or package)
            self._given.add(self._names[identity])
        return self._names[identity]

    def _free(self, path: str, label: str) -> str:
        if path not in self._given and path not in self._tracked:
            return path
        name = first = f"{path} ({label or 'not placed'})"
        while name in self._given or name in self._tracked:
            self._shared[first] += 1
            name = f"{path} ({label or 'not placed'}, {self._shared[first] + 1})"
        return name


def _digest(path: str) -> bytes:
    return hashlib.blake2b(path.encode("utf-8", "surrogatepass"), digest_size=16).digest()
