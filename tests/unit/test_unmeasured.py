"""Which changed files a report should know and does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qe_action.analysis.diff import Diff, FileChange
from qe_action.analysis.languages import family, says_something
from qe_action.analysis.unmeasured_files import (
    Area,
    changed_sources,
    could_be,
    is_library,
    misfit,
)
from qe_action.reports.coverage_scope import Scope, pattern_of

FLAT = ("app/__init__.py", "app/calc.py")
SOURCE = ("src/app/__init__.py", "src/app/calc.py")


def area(
    measured: tuple[str, ...],
    *more: str,
    untouched: tuple[str, ...] = (),
    scope: Scope | None = None,
) -> Area:
    """An area in a repository of the measured files and `more`."""
    return Area(set(measured), set(untouched), {*measured, *more}, scope or Scope())


@pytest.mark.parametrize(
    ("measured", "more", "path"),
    [
        (FLAT, (), "app/payment.py"),
        (FLAT, (), "app/setup.py"),
        (FLAT, ("app/sub/__init__.py",), "app/sub/new.py"),
        (FLAT, (), "app/forgotten/new.py"),
        (
            (*FLAT, "app/core/__init__.py", "app/core/x.py"),
            ("app/web/__init__.py",),
            "app/web/y.py",
        ),
        (SOURCE, (), "src/app/payment.py"),
        (SOURCE, ("src/other/__init__.py",), "src/other/new.py"),
        (("main.py",), (), "payment.py"),
        (("src/ns/mod.py",), (), "src/ns/deep/new.py"),
        (("space/mod.py",), (), "space/sub/new.py"),
        (("web/src/a.js",), (), "web/src/pay/pay.ts"),
        (("calc/calc.go",), (), "calc/pay.go"),
        (("core/src/main/java/a/A.java",), (), "core/src/main/java/b/B.kt"),
    ],
)
def test_what_the_report_should_list(
    measured: tuple[str, ...], more: tuple[str, ...], path: str
) -> None:
    assert area(measured, *more, path).holds(path)


@pytest.mark.parametrize(
    ("measured", "more", "path"),
    [
        (FLAT, (), "setup.py"),
        (FLAT, (), "docs/conf.py"),
        (FLAT, (), "scripts/deploy.py"),
        (FLAT, ("tools/__init__.py",), "tools/gen.py"),
        (FLAT, (), "app/tests/helper.py"),
        (FLAT, (), "app/migrations/0001_x.py"),
        (FLAT, (), "app/test_calc.py"),
        (FLAT, (), "app/{{cookiecutter}}/x.py"),
        (FLAT, (), "app/stub.pyi"),
        (FLAT, (), "app/readme.md"),
        (FLAT, (), "app/page.js"),
        (FLAT, (), "application/x.py"),
        (("main.py",), (), "setup.py"),
        (("main.py",), (), "noxfile.py"),
        (("main.py",), ("scripts/__init__.py",), "scripts/deploy.py"),
        (("conftest.py", *FLAT), (), "deploy.py"),
        (("tests/helper.py", "tests/__init__.py"), (), "tests/other.py"),
        (SOURCE, (), "src/script.py"),
        (("backend/app/__init__.py", "backend/app/x.py"), (), "backend/manage.py"),
        (("backend/main.py",), ("backend/pyproject.toml",), "backend/docs/x.py"),
        # An import of app.core.x runs app/__init__.py: not listed, so app is not measured.
        (("app/core/__init__.py", "app/core/x.py"), ("app/__init__.py",), "app/web/y.py"),
        (("calc/calc.go",), (), "pay/pay.go"),
        (("packages/a/src/x.js",), (), "packages/b/src/y.js"),
        (("index.js",), (), "jest.config.js"),
        (("src/a.ts",), (), "src/a.d.ts"),
        (("src/a.ts",), (), "src/a.test.ts"),
        ((), (), "app/x.py"),
    ],
)
def test_what_the_report_need_not_list(
    measured: tuple[str, ...], more: tuple[str, ...], path: str
) -> None:
    assert not area(measured, *more, path).holds(path)


@pytest.mark.parametrize(
    ("scope", "path", "held"),
    [
        (Scope(folders=("app",)), "app/new/x.py", True),
        (Scope(folders=("app", "lib")), "lib/x.py", True),
        (Scope(folders=("",)), "docs/conf.py", False),
        (Scope(folders=("",)), "other.py", True),
        (Scope(folders=("app/core",)), "app/web/x.py", True),  # calc.py is outside: overridden
        (Scope(packages=("app", "space")), "space/x.py", True),
        (Scope(omit=tuple(pattern_of("", "app/old/*"))), "app/old/x.py", False),
        (Scope(includes=(tuple(pattern_of("", "app/core/*")),)), "app/x.py", False),
    ],
)
def test_what_the_settings_say(scope: Scope, path: str, held: bool) -> None:
    assert area(FLAT, path, scope=scope).holds(path) is held


def test_a_source_in_force_narrows_what_is_measured() -> None:
    measured = ("app/core/__init__.py", "app/core/x.py")
    narrow = Scope(folders=("app/core",))
    assert area(measured, scope=narrow).holds("app/core/y.py")
    wide = (*measured, "app/__init__.py")
    assert area(wide).holds("app/web.py")
    assert area(wide, scope=narrow).holds("app/web.py")
    assert not area(measured, "app/__init__.py", scope=narrow).holds("app/web.py")


def test_a_package_whose_init_is_left_out_by_the_settings_is_climbed() -> None:
    inits = Scope(omit=tuple(pattern_of("", "*/__init__.py")))
    files = ("app/__init__.py", "app/core/__init__.py", "app/web/__init__.py")
    assert area(("app/core/x.py",), *files, scope=inits).holds("app/web/y.py")
    assert not area(("app/core/x.py",), *files).holds("app/web/y.py")


def test_a_module_left_out_of_a_searched_package_was_left_out_on_purpose() -> None:
    """coverage.py lists every module below a folder that it searches, down its packages."""
    searched = area(
        (*FLAT, "app/never.py"),
        "app/sub/__init__.py",
        "app/plain/y.py",
        untouched=("app/never.py",),
    )
    assert searched.passed_over("app/old.py")
    assert searched.passed_over("app/sub/old.py")
    assert not searched.passed_over("app/plain/y.py")  # it does not look there
    assert not searched.passed_over("app/odd.name.py")
    assert not area(FLAT).passed_over("app/old.py")
    assert not area((*FLAT, "app/t/test_x.py"), untouched=("app/t/test_x.py",)).passed_over(
        "app/t/x.py"
    )


PATHS = st.lists(st.sampled_from(("app", "src", "core", "docs", "tests", "x-y")), max_size=3).map(
    lambda folders: "/".join((*folders, "mod.py"))
)


@given(st.sets(PATHS, max_size=5), st.sets(PATHS, max_size=5), PATHS)
def test_only_evidence_makes_a_file_count(measured: set[str], inits: set[str], path: str) -> None:
    """Nothing counts of a report without a source file at or above its folder, or beside in src."""
    files = {each.replace("mod.py", "__init__.py") for each in inits} | measured | {path}
    found = Area(measured, set(), files)
    held = found.holds(path)
    assert held == Area(measured, set(), files | {"zz/unrelated.py"}).holds(path)
    if "tests" in path or not measured:
        assert not held
    top = path.split("/", maxsplit=1)[0]
    if held:
        assert any(each.split("/")[0] == top for each in measured if "tests" not in each)


def change(path: str, **more: object) -> FileChange:
    return FileChange(path, None, **{"status": "added", "added": frozenset({1}), **more})  # type: ignore[arg-type]


def test_changed_sources_have_source_lines_and_are_no_tests() -> None:
    changes = (
        change("b.py"),
        change("a.js"),
        change("gone.py", status="deleted"),
        change("moved.py", status="renamed", added=frozenset()),
        change("blob.py", binary=True),
        change("test_x.py"),
        change("notes.md"),
        change(".py"),
        change("known.py"),
    )
    diff = Diff({each.path: each for each in changes})
    assert [each.path for each in changed_sources(diff, {"known.py"})] == ["a.js", "b.py"]


@pytest.mark.parametrize(
    ("unplaced", "path", "possible"),
    [
        ("/build/app/x.py", "app/x.py", True),
        ("x.py", "app/x.py", True),
        ("app/x.py (not placed)", "lib/app/x.py", True),
        ("C:\\build\\app\\x.py", "app/x.py", True),
        ("one/x.py", "two/x.py", False),
        ("/build/app/x.py", "app/y.py", False),
    ],
)
def test_what_an_unplaced_path_could_be(unplaced: str, path: str, possible: bool) -> None:
    assert could_be(unplaced, path) is possible


@pytest.mark.parametrize(
    ("path", "source", "says"),
    [
        ("a.js", "// a comment\n\n * more\n}\n", False),
        ("a.js", "// a comment\nrun()\nif (x) y()\n", True),
        ("a.ts", "export interface A {\n  b: string\n}\n", False),
        ("a.ts", "export interface A {\n  b: string\n}\nexport const c = 1\n", True),
        ("a.go", 'package a\n\nimport "fmt"\n', False),
        ("a.go", "package a\n\nfunc f() {}\n", True),
    ],
)
def test_a_change_that_nothing_runs_of_says_nothing(path: str, source: str, says: bool) -> None:
    assert says_something(path, source, range(1, 99)) is says


def test_a_report_fits_where_half_of_its_sources_are_here() -> None:
    listed = ("a.py", "b.py", "tests/test_a.py", "/usr/include/x.h", "v/site-packages/p/q.py")

    def judged(*foreign: str, here: tuple[str, ...] = ()) -> str:
        return str(misfit(listed, foreign, here.__contains__) or "")

    assert judged() == judged("a.py") == ""
    assert judged("a.py", "b.py") == (
        "the report does not fit this repository, which has none of its 2 source files"
    )
    assert judged("a.py", "b.py", here=("b.py",)) == ""
    assert judged("/usr/include/x.h", "v/site-packages/p/q.py") == ""
    assert "has only 1 of its 3 source files" in str(
        misfit(("a.py", "b.py", "c.py"), {"a.py", "b.py"}, lambda _: False)
    )
    assert misfit(("tests/test_a.py",), {"tests/test_a.py"}, lambda _: False) is None


def test_the_kinds_of_files() -> None:
    assert family("a/b.tsx") == family("c.mjs") == "javascript"
    assert family("x.pyi") is family("Makefile") is family(".py") is None
    assert is_library("C:\\py\\Lib\\site-packages\\x.py")
    assert not is_library("src/x.py")
