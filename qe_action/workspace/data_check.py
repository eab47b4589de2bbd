"""Whether a file is what coverage.py writes, before coverage.py is let at it.

A database from elsewhere can hold views, triggers and values of any type under the names that
are asked for. So its tables have to be those of a file that coverage.py just made, and their
values of the types that coverage.py puts there.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from qe_action.errors import ReportError
from qe_action.reports.model import MAX_PATH

MAX_LINE = 2_000_000
"""No source that is read has more lines; a higher number is a defect of the data."""

AGAIN = "Run the tests under coverage again, or give what `coverage xml` writes."
_COMMENT = re.compile(r"--[^\n]*")
_DEFECTS = (
    ("file", f"typeof(path) != 'text' OR length(path) > {MAX_PATH}"),
    ("context", f"typeof(context) != 'text' OR length(context) > {MAX_PATH}"),
    ("line_bits", f"typeof(numbits) != 'blob' OR length(numbits) > {MAX_LINE // 8 + 1}"),
    ("arc", f"typeof(fromno) != 'integer' OR abs(fromno) > {MAX_LINE}"),
    ("arc", f"typeof(tono) != 'integer' OR abs(tono) > {MAX_LINE}"),
    ("meta", "key = 'has_arcs' AND value NOT IN ('0', '1')"),
    ("tracer", "typeof(tracer) != 'text'"),
)


class Schema(NamedTuple):
    """What a data file is made of: its tables' SQL by name, without comments, and the version."""

    tables: Mapping[str, str]
    version: object


class Measured(NamedTuple):
    """The files that a data file names, as it spells them, and whether it holds branches."""

    paths: tuple[str, ...]
    branches: bool


def schema_of(path: Path) -> Schema:
    """The schema of a data file that coverage.py itself made."""
    with closing(_open(path)) as database:
        return Schema(_tables(database), _version(database))


def check(path: Path, name: str, schema: Schema) -> Measured:
    """What a data file measured; `name` is what to call it in an error.

    Raises:
        ReportError: it is no data file, one of another version, or holds what coverage.py
            does not write.
    """
    try:
        with closing(_open(path)) as database:
            _check_schema(database, name, schema)
            _check_values(database, name)
            paths = tuple(path for (path,) in database.execute("SELECT path FROM file"))
            # Reading the texts shows whether they can be decoded.
            database.execute("SELECT context FROM context").fetchall()
            branches = database.execute("SELECT value FROM meta WHERE key = 'has_arcs'").fetchone()
            return Measured(paths, branches == ("1",))
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise damaged(name, error) from None


def damaged(name: str, error: Exception) -> ReportError:
    """The error for a data file that stops making sense, whoever reads it."""
    said = " ".join(str(error).split())[:200]
    return ReportError(f"The coverage data {name!r} is damaged: {said}.", hint=AGAIN)


def _open(path: Path) -> sqlite3.Connection:
    """A connection that writes nothing, and runs nothing that the database asks for."""
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    database.execute("PRAGMA trusted_schema = OFF")
    database.execute("PRAGMA cell_size_check = ON")
    return database


def _tables(database: sqlite3.Connection) -> dict[str, str]:
    """The SQL that made each thing in the database, apart from indexes that SQLite makes."""
    rows = database.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {name: " ".join(_COMMENT.sub("", sql).split()).casefold() for name, sql in rows}


def _version(database: sqlite3.Connection) -> object:
    row = database.execute("SELECT version FROM coverage_schema").fetchone()
    return row[0] if row else None


def _check_schema(database: sqlite3.Connection, name: str, schema: Schema) -> None:
    tables = _tables(database)
    if not {"coverage_schema", "file"} <= tables.keys():
        raise ReportError(
            f"{name!r} is an SQLite database, but not coverage.py's data file.", hint=AGAIN
        )
    if tables["coverage_schema"] == schema.tables["coverage_schema"]:
        version = _version(database)
        if version != schema.version:
            raise ReportError(
                f"The coverage data {name!r} is of version {str(version)[:20]!r}; "
                f"version {schema.version} is read.",
                hint="Give what `coverage xml` of the coverage.py that measured it writes.",
            )
    strange = sorted(dict(tables.items() ^ schema.tables.items()))
    if strange:
        raise ReportError(
            f"The coverage data {name!r} is refused: its {strange[0][:40]!r} is not as "
            "coverage.py makes it.",
            hint=AGAIN,
        )


def _check_values(database: sqlite3.Connection, name: str) -> None:
    (state,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if state != "ok":
        raise sqlite3.DatabaseError(state)
    for table, defect in _DEFECTS:
        row = database.execute(f"SELECT EXISTS (SELECT 1 FROM {table} WHERE {defect})")  # noqa: S608
        if row.fetchone() != (0,):
            raise ReportError(
                f"The coverage data {name!r} is refused: its table {table!r} holds what "
                "coverage.py does not write.",
                hint=AGAIN,
            )
