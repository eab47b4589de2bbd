"""What coverage.py's settings say of a file, held against coverage.py's own matcher."""

from __future__ import annotations

import pytest
from coverage.exceptions import ConfigError
from coverage.files import GlobMatcher
from hypothesis import assume, example, given
from hypothesis import strategies as st

from qe_action.reports.coverage_scope import Scope, matches, pattern_of, scope_of
from qe_action.reports.coverage_settings import Settings, read_settings

NAMES = st.text("ab_.", min_size=1, max_size=3).filter(lambda name: name.strip("."))
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
PIECES = st.one_of(NAMES, st.sampled_from(("*", "**", "a*", "*b", "?", "a?b", "*.b", "*a*")))
GLOBS = st.lists(PIECES, min_size=1, max_size=4).map("/".join)


@given(PATHS, GLOBS, st.sampled_from(("", "a", "a/b")))
@example("a/b/c", "*/b/*", "")
@example("a/b", "b", "")
@example("a/b", "a/*", "")
@example("a", "a/*", "")
@example("a/a/b", "b", "a")
def test_patterns_match_what_coverage_py_matches(path: str, glob: str, folder: str) -> None:
    """coverage.py takes a pattern without a wildcard from its current folder: here `folder`."""
    absolute = f"/{folder}/{glob}".replace("//", "/")
    ours = [glob] if glob.startswith(("*", "?")) or "/" not in glob else []
    ours += [] if glob.startswith(("*", "?")) else [absolute]
    try:
        expected = GlobMatcher(ours).match(f"/{path}")
    except ConfigError:
        assume(False)  # coverage.py refuses it, so there is no report
    assert any(matches(p, path) for p in pattern_of(folder, glob)) == expected


def test_a_pattern_that_regular_expressions_choke_on_takes_no_time() -> None:
    (pattern,) = pattern_of("", "*/" + "**/a/" * 200 + "b")
    assert not matches(pattern, "/".join(["a"] * 255))


def scope(text: str, folder: str = "") -> Scope:
    settings = read_settings({".coveragerc": text.encode()}.get)
    return scope_of(settings, folder, {"app", "src", "sub/app", ""}.__contains__)


@pytest.mark.parametrize(
    ("text", "path", "named"),
    [
        ("[run]\nsource = app", "app/x.py", True),
        ("[run]\nsource = app", "application/x.py", False),
        ("[run]\nsource = ./src/", "src/pkg/x.py", True),
        ("[run]\nsource = .", "anything.py", True),
        ("[run]\nsource = pkg", "src/pkg/x.py", True),
        ("[run]\nsource_pkgs = pkg.core", "src/pkg/core/x.py", True),
        ("[run]\nsource_pkgs = pkg.core", "src/pkg/web/x.py", False),
        ("[run]\nsource_pkgs = single", "single.py", True),
        ("[run]\nsource_dirs = src", "src/x.py", True),
    ],
)
def test_a_source_is_a_folder_or_a_package(text: str, path: str, named: bool) -> None:
    found = scope(text)
    assert found.is_limited
    assert found.names(path) is named


@pytest.mark.parametrize("source", ["/elsewhere/app", "../app", "app, ../other", "C:/app"])
def test_a_source_that_lies_elsewhere_says_nothing(source: str) -> None:
    assert not scope(f"[run]\nsource = {source}").is_limited


def test_settings_below_the_top_are_about_their_folder() -> None:
    found = scope("[run]\nsource = app\nomit = app/old/*", "sub")
    assert found.folders == ("sub/app",)
    assert found.leaves_out("sub/app/old/x.py")
    assert not found.leaves_out("app/old/x.py")


@pytest.mark.parametrize(
    ("text", "path", "out"),
    [
        ("[run]\nomit = app/old/*", "app/old/x.py", True),
        ("[report]\nomit =\n  */gen/*\n  x.py", "app/gen/y.py", True),
        ("[report]\nomit =\n  */gen/*\n  x.py", "deep/x.py", True),
        ("[report]\nomit = app", "app/x.py", False),
        ("[report]\ninclude = app/*", "lib/x.py", True),
        ("[report]\ninclude = app/*", "app/x.py", False),
        ("[run]\ninclude = app/*", "lib/x.py", True),
        ("[run]\nsource = .\ninclude = app/*", "lib/x.py", False),
        ("[run]\ninclude = app/*, lib/*\n[report]\ninclude = app/*", "lib/x.py", True),
    ],
)
def test_what_omit_and_include_leave_out(text: str, path: str, out: bool) -> None:
    assert scope(text).leaves_out(path) is out


def test_without_settings_nothing_is_said() -> None:
    found = scope_of(Settings(), "", lambda _: True)
    assert found == Scope()
    assert not found.is_limited
    assert not found.leaves_out("x.py")
