"""Which repository paths count: the user's globs, and what is a test or a migration."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pathspec import GitIgnoreSpec

from qe_action.errors import UsageError

TESTS_AND_MIGRATIONS = (
    # Python
    "test/",
    "tests/",
    "test_*.py",
    "*_test.py",
    "tests.py",
    "conftest.py",
    # JavaScript and TypeScript
    "__tests__/",
    "__mocks__/",
    "*.test.[cm][jt]s",
    "*.test.[jt]s",
    "*.test.[jt]sx",
    "*.spec.[cm][jt]s",
    "*.spec.[jt]s",
    "*.spec.[jt]sx",
    # Go, Ruby, PHP, Rust
    "*_test.go",
    "spec/",
    "*_spec.rb",
    "*_test.rb",
    "*Test.php",
    # Java, Kotlin, Scala, C#: src/test/ is covered by test/
    "*Test.java",
    "*Tests.java",
    "*IT.java",
    "*Test.kt",
    "*Spec.scala",
    "*Tests.cs",
    # C and C++
    "*_test.cc",
    "*_test.cpp",
    "*_unittest.cc",
    # Migrations: Django and others, Rails, Alembic
    "migrations/",
    "db/migrate/",
    "alembic/versions/",
)
"""Files that give no gaps by default, as .gitignore patterns."""


def _spec(patterns: Iterable[str], name: str) -> GitIgnoreSpec:
    lines = tuple(patterns)
    for line in lines:
        try:
            GitIgnoreSpec.from_lines([line])
        except (ValueError, re.error) as error:
            raise UsageError(
                f"The pattern {line!r} in `{name}` can't be read.",
                hint="Patterns are written as in .gitignore.",
                anchor="inputs",
            ) from error
    return GitIgnoreSpec.from_lines(lines)


class PathFilter:
    """The user's `include` and `exclude`, with .gitignore meaning.

    A path counts if `include` is empty or matches it and `exclude` does not. Raises
    `UsageError` for a pattern that can't be read.
    """

    def __init__(self, include: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> None:
        self._include = _spec(include, "include") if include else None
        self._exclude = _spec(exclude, "exclude") if exclude else None

    def allows(self, path: str) -> bool:
        """Whether a repository path (or one that the repository lacks) counts."""
        # pathspec takes no absolute path; a report's own spelling may be one.
        path = path.lstrip("/")
        if self._include is not None and not self._include.match_file(path):
            return False
        return self._exclude is None or not self._exclude.match_file(path)


_DEFAULT = _spec(TESTS_AND_MIGRATIONS, "the defaults")


def is_test_or_migration(path: str) -> bool:
    """Whether a file is test code or a migration by its name: such files give no gaps."""
    return _DEFAULT.match_file(path.lstrip("/"))
