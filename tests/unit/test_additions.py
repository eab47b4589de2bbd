"""What tests make of the files of a project, and how those come back."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qe_action.commands.checkout_files import add, add_to
from qe_action.errors import UsageError
from qe_action.events import TestCase
from qe_action.verify.writing import ParsingError, additions, moved

CODES = {
    "test_one": "def test_one():\n    assert f(1) == 2",
    "test_two": "# About g.\ndef test_two():\n    assert g() == 'ü'",
    "test_three": "# About g.\ndef test_three():\n    with pytest.raises(OSError):\n        g(3)",
    "TestAll": "class TestAll:\n    def test_it(self):\n        assert f(h=n.h)",
}
IMPORTS = ("from m import f, g", "import pytest", "from n import f", "import m as n")
PATHS = ("tests/test_m.py", "tests/deep/test_n.py", "test_p.py")
TEXTS = (
    "",
    "x = 1",
    "import os\nfrom m import (\n    a,\n    h,\n)\n\n\ndef test_one():\n    assert a(h)\n",
    '"""Doc."""\r\nimport m as n\r\n\r\nf = n.f\r\n',
    "# coding: latin-1\nname = 'é'\n",
    "\ufeffimport pytest\n\n\nif __name__ == '__main__':\n    pytest.main()\n",
)
PRESENT = [text.encode("latin-1" if "latin-1" in text else "utf-8") for text in TEXTS]


def case(name: str = "test_one", path: str = PATHS[0], imports: tuple[str, ...] = ()) -> TestCase:
    return TestCase(
        id=f"{path}{name}",
        test_name=name,
        test_code=CODES[name],
        framework="pytest",
        test_type="unit",
        imports=imports,
        path=path,
    )


CASES = st.lists(
    st.builds(
        case,
        st.sampled_from(list(CODES)),
        st.sampled_from(PATHS),
        st.lists(st.sampled_from(IMPORTS), unique=True, max_size=3).map(tuple),
    ),
    max_size=5,
)
FILES = st.dictionaries(st.sampled_from([*PATHS, "tests/other.py"]), st.sampled_from(PRESENT))


def statements(data: bytes) -> Iterator[str]:
    """What a file does, beside its imports."""
    for node in ast.parse(data).body:
        if not isinstance(node, ast.Import | ast.ImportFrom):
            yield ast.unparse(node)


def stay_in_order(few: Iterable[object], many: Iterator[object]) -> bool:
    return all(one in many for one in few)


@given(CASES, FILES)
def test_all_that_is_there_stays_and_nothing_is_added_twice(
    cases: list[TestCase], present: dict[str, bytes]
) -> None:
    found = additions(cases, present)
    assert set(found) <= {case.path for case in cases}
    for path, after in found.items():
        before = present.get(path, b"")
        assert stay_in_order(statements(before), statements(after))
        outside = (row for row in before.splitlines() if b"import" not in row and row.strip())
        assert stay_in_order(outside, iter(after.splitlines()))
    assert additions(cases, present | found) == {}


@given(CASES)
def test_each_test_is_in_its_file(cases: list[TestCase]) -> None:
    found = additions(cases, {})
    assert set(found) == {case.path for case in cases}
    for path, data in found.items():
        own = [case for case in cases if case.path == path]
        assert len(list(statements(data))) == len(own)


@pytest.mark.parametrize("data", [b"def f(:", b"\xff", b"# coding: nonsense\n", b"x = \0"])
def test_a_file_that_is_no_python_is_named(data: bytes) -> None:
    cases = [case(path="good.py"), case(path="bad.py")]
    with pytest.raises(ParsingError) as caught:
        additions(cases, {"bad.py": data})
    assert caught.value.path == "bad.py"


def test_files_of_one_name_become_one_in_a_folder(tmp_path: Path) -> None:
    """The second had replaced the first there, where a third had another name."""
    paths = ("a/test_m.py", "b/test_m.py", "test_n.py")
    cases = [case(name, path) for name, path in zip(CODES, paths, strict=False)]
    added = add_to(f"{tmp_path}/new/", cases)
    assert [one.place for one in added] == [tmp_path / "new/test_m.py", tmp_path / "new/test_n.py"]
    both = (tmp_path / "new/test_m.py").read_text()
    assert "def test_one" in both
    assert "def test_two" in both
    assert {one.path for one in moved(cases, "all.py", folder=False)} == {"all.py"}


def test_all_can_be_put_back(tmp_path: Path) -> None:
    there, new = tmp_path / "test_m.py", tmp_path / "some/where/test_n.py"
    there.write_bytes(b"x = 1")
    places = {"m": there, "n": new}
    added = add([case(path="m"), case("test_two", path="n")], places)
    assert there.read_bytes().startswith(b"x = 1\n")
    assert new.is_file()
    for one in added:
        assert one.after == one.place.read_bytes()
        one.put_back()
    assert there.read_bytes() == b"x = 1"
    assert list(tmp_path.iterdir()) == [there]


def test_an_error_leaves_every_file_as_it_was(tmp_path: Path) -> None:
    there, bad = tmp_path / "test_m.py", tmp_path / "test_m.py/below.py"
    there.write_bytes(b"x = 1\n")
    with pytest.raises(UsageError, match=r"below\.py can't be written"):
        add([case(path="m"), case("test_two", path="n")], {"m": there, "n": bad})
    assert there.read_bytes() == b"x = 1\n"
