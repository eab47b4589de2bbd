"""What a stranger may write makes no pattern of ours go on without end.

Each text here is short, and took minutes to years.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest
from parsing import feed

from qe_action.analysis.coverage_paths import read_aliases
from qe_action.analysis.graph.entry_points import script_names
from qe_action.analysis.graph.imports import Modules
from qe_action.generators.offline import examples, messages
from qe_action.reports.coverage_settings import read_settings
from qe_action.reports.lcov import LcovParser
from qe_action.settings_files import read_toml
from qe_action.verify import import_placement
from qe_action.verify.collection import collecting
from qe_action.workspace.allowance import Allowance
from qe_action.workspace.metadata import asked_pythons

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a timer's signal")
SETTINGS = "[metadata]\nname" + " " * 300_000 + "shop\n"


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """Ends a test by an error, whatever else the machine has to do."""
    with Allowance(least=10).of(0):
        yield


def setup_cfg(name: str) -> bytes | None:
    return SETTINGS.encode() if name == "setup.cfg" else None


@pytest.mark.parametrize(
    "read",
    [
        lambda: read_settings(setup_cfg),
        lambda: read_aliases(setup_cfg, working=""),
        lambda: script_names(None, SETTINGS.encode()),
        lambda: collecting({"setup.cfg": SETTINGS}),
    ],
    ids=["settings", "paths", "entry points", "collecting"],
)
def test_blanks_in_a_line_of_settings(read: Callable[[], object]) -> None:
    read()


def test_digits_in_a_report() -> None:
    feed(LcovParser(), b"SF:a.c\nDA:1," + b"1" * 900_000 + b"x\nend_of_record\n", 1 << 20)


@pytest.mark.parametrize("between", [b"\t" * 280, b"." * 280, b"a" * 280, b" \t" * 140])
def test_imports_that_are_none(between: bytes) -> None:
    text = (b"from " + between + b"(import\n") * 20_000
    assert list(Modules(("a.py",)).imported("b.py", text)) == []


@pytest.mark.parametrize("line", ["\n", ".", ".\n", ">>> \n", "f() "])
def test_lines_of_a_docstring(line: str) -> None:
    assert examples._ARROW.findall(line * 100_000) == []


def test_holes_of_a_message() -> None:
    assert messages._HOLE.split("%" + "0" * 200_000 + "!") == ["%" + "0" * 200_000 + "!"]


def test_words_to_linters() -> None:
    assert import_placement._QUIET.search("#noqa:" * 100_000) is None
    found = import_placement._QUIET.search("import a  # noqa: F401, E402 # said")
    assert found is not None
    assert found[0] == "# noqa: F401, E402 # said"


@pytest.mark.parametrize(
    "text",
    ["a." * 100_000 + "a = 1", "'a' . " * 50_000 + "a = 1", "[" + "a ." * 100_000 + "a]\nb = 1"],
)
def test_keys_of_many_parts(text: str) -> None:
    with pytest.raises(ValueError, match="parts"):
        read_toml(text)


@pytest.mark.parametrize("text", ["a" * 200_000, '"' * 200_000, '"a" ' * 50_000, "a.a " * 50_000])
def test_what_looks_like_a_key(text: str) -> None:
    with pytest.raises(ValueError, match=r"line|Expected|Invalid"):
        read_toml(text)


@pytest.mark.parametrize("value", ["1" * 5_000, "[" * 5_000 + "]" * 5_000, "'"])
def test_toml_that_the_library_stumbles_over_in_ways_of_its_own(value: str) -> None:
    """A number that Python refuses is none of the errors of TOML."""
    text = f"[tool.pytest.ini_options]\na = {value}\n"
    assert collecting({"pyproject.toml": text}) == collecting({"pyproject.toml": "'"})
    assert script_names(text.encode()) == ()
    assert asked_pythons({"pyproject.toml": text}) == asked_pythons({})
