"""Sources are read from inside the checkout and from nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from qe_action.workspace.change import Change
from qe_action.workspace.checkout import SOURCE_LIMIT, GitCheckout


async def no_change() -> Change:
    raise AssertionError("not asked for")


async def no_files() -> None:
    return None


@pytest.fixture
def checkout(tmp_path: Path) -> GitCheckout:
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "pkg").mkdir(parents=True)
    outside.mkdir()
    (root / "pkg/a.py").write_bytes(b"a = 1\n")
    (outside / "secret.py").write_bytes(b"secret\n")
    (root / "linked.py").symlink_to("pkg/a.py")
    (root / "inside").symlink_to("pkg")
    (root / "stolen.py").symlink_to(outside / "secret.py")
    (root / "away").symlink_to(outside)
    (root / "circle.py").symlink_to("circle.py")
    (root / "round").symlink_to("round")
    (root / "huge.py").write_bytes(b"#" * (SOURCE_LIMIT + 1))
    return GitCheckout(root, resolve=no_change, list_files=no_files)


@pytest.mark.parametrize("path", ["pkg/a.py", "linked.py", "inside/a.py", "pkg/../pkg/a.py"])
def test_a_file_inside_is_read_again_and_again(checkout: GitCheckout, path: str) -> None:
    assert checkout.source(path) == b"a = 1\n"
    assert checkout.source(path) == b"a = 1\n"


@pytest.mark.parametrize(
    "path",
    [
        *("stolen.py", "away/secret.py", "../outside/secret.py", "pkg/../../outside/secret.py"),
        *("huge.py", "pkg", "pkg/", "pkg/..", "", "missing.py", "no/such.py", "pkg/a.py/x.py"),
        *("nul\0.py", "circle.py", "round/a.py"),
    ],
)
def test_what_leads_outside_or_is_no_file_is_not_read(checkout: GitCheckout, path: str) -> None:
    assert checkout.source(path) is None
    assert checkout.source(path) is None


def test_an_absolute_path_is_not_read(checkout: GitCheckout, tmp_path: Path) -> None:
    assert checkout.source(str(tmp_path / "outside/secret.py")) is None
