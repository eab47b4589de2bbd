"""A project's coverage.py settings, read without coverage.py."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qe_action.reports.coverage_config import FILES
from qe_action.reports.coverage_settings import (
    MAX_PATTERN,
    MAX_PATTERNS,
    Settings,
    read_settings,
)


def read(**files: str) -> Settings:
    """The settings of files given by name, `__` for the dot."""
    named = {name.replace("__", "."): text.encode() for name, text in files.items()}
    return read_settings(named.get)


@pytest.mark.parametrize(
    ("files", "values"),
    [
        (
            {"__coveragerc": "[report]\nexclude_lines =\n  # x\n  a, b\n\n  c$\nomit = x/*, y\n"},
            {"exclude_lines": ("a, b", "c$"), "omit": ("x/*", "y")},
        ),
        (
            {"__coveragerc": "[report]\nomit = a\n[coverage:report]\nomit = b\n"},
            {"omit": ("b",)},
        ),
        (
            {"setup__cfg": "[report]\nomit = a\n[coverage:report]\npartial_also = b\n"},
            {"partial_also": ("b",)},
        ),
        ({"setup__cfg": "[report]\nomit = a\n", "tox__ini": "[coverage:report]\nomit=b"}, None),
        (
            {"pyproject__toml": '[tool.coverage.report]\nexclude_also = ["a", "$$"]\nsort = "x"\n'},
            {"exclude_also": ("a", "$")},
        ),
        ({"__coveragerc__toml": '[report]\nomit = ["a"]\n'}, {"omit": ("a",)}),
        ({"pyproject__toml": '[report]\nomit = ["a"]\n'}, {}),
        ({"__coveragerc": "", "pyproject__toml": '[tool.coverage.report]\nomit = ["a"]\n'}, {}),
        ({"__coveragerc": "[report]\nexclude_lines =\n"}, {"exclude_lines": ()}),
        ({}, {}),
    ],
    ids=range(10),
)
def test_the_first_file_with_settings_counts(
    files: dict[str, str], values: dict[str, tuple[str, ...]] | None
) -> None:
    found = read(**files)
    assert found.values == ({"omit": ("b",)} if values is None else values)
    assert found.notes == ()


@pytest.mark.parametrize(
    ("files", "note"),
    [
        ({"tox__ini": "[coverage:report]\nexclude_also = ("}, "no valid regular expression: '('"),
        ({"tox__ini": "[coverage:report]\nexclude_also = (?i)a"}, "no valid regular expression"),
        ({"tox__ini": "[coverage:report]\nexclude_also = [${TOKEN}]"}, "environment variable"),
        ({"tox__ini": "[coverage:report]\nomit = $HOME/x"}, "environment variable"),
        ({"tox__ini": "[coverage:report]\nomit = " + "x" * (MAX_PATTERN + 1)}, "too long"),
        ({"tox__ini": "[coverage:report]\nomit = " + "x," * (MAX_PATTERNS + 1)}, "lists over"),
        ({"pyproject__toml": '[tool.coverage.report]\nomit = "x"\n'}, "no list of strings"),
        ({"pyproject__toml": "[tool.coverage.report]\nomit = [1]\n"}, "no list of strings"),
        ({"pyproject__toml": "[tool"}, "pyproject.toml can't be read"),
        ({"setup__cfg": "no section\n"}, "setup.cfg can't be read"),
        ({"tox__ini": "[a]\n[a]\n"}, "tox.ini can't be read"),
        ({"pyproject__toml": "x = " + "[" * 100_000}, "pyproject.toml can't be read"),
    ],
    ids=range(12),
)
def test_what_is_left_out_is_noted(files: dict[str, str], note: str) -> None:
    found = read(**files)
    assert not any(found.values.values())
    assert len(found.notes) == 1
    assert note in found.notes[0]


def test_a_file_that_can_t_be_read_leaves_the_next_its_turn() -> None:
    found = read(setup__cfg="x", pyproject__toml='[tool.coverage.report]\nomit = ["a"]\n')
    assert (found.file, found.get("omit")) == ("pyproject.toml", ("a",))


@given(st.sampled_from(FILES), st.binary(max_size=80) | st.text(max_size=80).map(str.encode))
@settings(deadline=None)
def test_any_content_is_read_or_noted(name: str, data: bytes) -> None:
    found = read_settings({name: data}.get)
    assert all(isinstance(each, str) for values in found.values.values() for each in values)
