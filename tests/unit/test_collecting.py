"""Where tests go follows what pytest's configuration collects."""

import subprocess
import sys
from pathlib import Path

import pytest

from qe_action.agents.target_runners import collected
from qe_action.verify.collection import PytestCollection, collecting
from qe_action.verify.project import describe

ABOUT = b"import shop.cart\n\n\ndef test_cart():\n    assert shop.cart\n"
SHOP = {"shop/__init__.py": b"", "shop/cart.py": b"def f():\n    return 1\n"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pytest.ini", "[pytest]\npython_files = tests.py check_*.py\ntestpaths = shop/tests\n"),
        (
            "pyproject.toml",
            "[tool.pytest.ini_options]\npython_files = ['tests.py', 'check_*.py']\n"
            "testpaths = 'shop/tests'\n",
        ),
        ("setup.cfg", "[tool:pytest]\npython_files = tests.py check_*.py\ntestpaths=shop/tests\n"),
        ("tox.ini", "[pytest]\npython_files =\n    tests.py\n    check_*.py\ntestpaths=shop/tests"),
    ],
)
def test_configuration_is_read_where_pytest_reads_it(name: str, text: str) -> None:
    found = collecting({name: text})
    assert found == PytestCollection(("tests.py", "check_*.py"), ("shop/tests",))


@pytest.mark.parametrize(
    ("files", "there", "place"),
    [
        (("tests.py",), "shop/tests/tests.py", "shop/tests/tests.py"),
        (("tests.py",), None, "tests/tests.py"),
        (("check_*.py",), "checks/check_all.py", "checks/check_cart.py"),
        (("test_*.py", "*_spec.py"), "spec/shop_spec.py", "spec/cart_spec.py"),
        (("test*.py",), "tests/test_all.py", "tests/test_cart.py"),
        (("*.py",), "tests/cart_behaviour.py", "tests/test_cart.py"),
        (("../../escape.py",), None, "tests/test_generated.py"),
    ],
)
def test_tests_go_to_a_file_that_is_collected(
    files: tuple[str, ...], there: str | None, place: str
) -> None:
    tree = {**SHOP, **({there: ABOUT} if there else {})}
    assert describe(tree, "shop/cart.py", PytestCollection(files)).place == place


def test_tests_go_to_a_folder_that_is_looked_at() -> None:
    tree = {**SHOP, "old/test_a.py": ABOUT, "old/test_b.py": ABOUT, "unit/test_c.py": ABOUT}
    assert describe(tree, "shop/cart.py", PytestCollection(folders=("unit",))).place == (
        "unit/test_cart.py"
    )
    assert describe(SHOP, "shop/cart.py", PytestCollection(folders=("unit",))).place == (
        "unit/test_cart.py"
    )


@pytest.mark.parametrize(
    "patterns", ["tests.py", "check_*.py", "*_spec.py", "test*.py", "*.py", "test_*"]
)
def test_a_new_file_is_one_that_pytest_itself_collects(tmp_path: Path, patterns: str) -> None:
    (tmp_path / "pytest.ini").write_text(f"[pytest]\npython_files = {patterns}\n")
    place = describe(SHOP, "shop/cart.py", collected(tmp_path, "shop/cart.py")).place
    (tmp_path / place).parent.mkdir()
    (tmp_path / place).write_text("def test_it():\n    pass\n")
    command = [sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert f"{place}::test_it" in done.stdout


def test_the_nearest_configuration_counts(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "pytest.ini").write_text("[pytest]\npython_files = top_*.py\n")
    (tmp_path / "a/pyproject.toml").write_text(
        "[tool.pytest.ini_options]\npython_files = ['tests.py']\ntestpaths = ['checks']\n"
    )
    assert collected(tmp_path, "a/b/m.py") == PytestCollection(("tests.py",), ("a/checks",))
    assert collected(tmp_path, "m.py") == PytestCollection(("top_*.py",))


@pytest.mark.parametrize("text", ["[pytest", "[pytest]\npython_files = 'open\n", "\0"])
def test_what_cant_be_read_changes_nothing(text: str) -> None:
    assert (collecting({"tox.ini": text}) or PytestCollection()) == PytestCollection()


def test_a_pattern_for_all_files_counts_in_folders_of_tests() -> None:
    every = PytestCollection(("*.py",))
    assert every.takes("tests/cart.py")
    assert not every.takes("shop/cart.py")
    assert not every.takes("tests/conftest.py")
    assert PytestCollection(("*.py",), ("specs",)).takes("specs/deep/cart.py")


@pytest.mark.parametrize("there", [{}, {"tests/test_url.py": b"from shop import url\n"}])
def test_a_private_module_has_the_test_file_of_its_plain_name(there: dict[str, bytes]) -> None:
    tree = {"shop/__init__.py": b"", "shop/_url.py": b"def f():\n    return 1\n", **there}
    assert describe(tree, "shop/_url.py").place == "tests/test_url.py"
