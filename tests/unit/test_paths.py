"""Report paths, repository paths, and the globs that choose among them."""

from __future__ import annotations

import time
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qe_action.analysis.globs import PathFilter, is_test_or_migration
from qe_action.analysis.path_bases import Tree
from qe_action.analysis.path_mapper import PathMapper
from qe_action.analysis.path_report import PathReport, diagnose, printable, report_of, used
from qe_action.analysis.paths import Ambiguous, Match, PathIndex, Resolution, Unmatched, split_path
from qe_action.errors import UsageError


def resolve(
    path: str,
    *tracked: str,
    roots: tuple[str, ...] = (),
    sources: tuple[str, ...] = (),
    workspaces: tuple[str, ...] = (),
) -> Resolution:
    mapper = mapper_of(tracked, roots=roots, workspaces=workspaces)
    mapper.begin(sources=sources)
    first = mapper.resolve(path)
    assert not mapper.settle(), "alone in its report a path means at once what it means"
    assert mapper.resolve(path) == first
    return first


def mapper_of(
    tracked: Iterable[str] | None,
    *,
    roots: tuple[str, ...] = (),
    workspaces: tuple[str, ...] = (),
) -> PathMapper:
    index = None if tracked is None else PathIndex(tracked)
    return PathMapper(Tree.of(index, source_roots=roots, workspaces=workspaces))


@pytest.mark.parametrize(
    "path",
    ["src/x.py", "./src/x.py", "src//x.py", "src/./x.py", "src\\x.py", "lib/../src/x.py"],
)
def test_a_tracked_path_matches_in_any_spelling(path: str) -> None:
    assert resolve(path, "src/x.py", "x.py") == Match("src/x.py")


def test_names_outside_ascii_match() -> None:
    assert resolve("src/größe 日本.py", "src/größe 日本.py") == Match("src/größe 日本.py")


@pytest.mark.parametrize(
    ("path", "workspace"),
    [
        ("/home/runner/work/r/r/src/x.py", "/home/runner/work/r/r"),
        ("/github/workspace/src/x.py", "/github/workspace/"),
        ("D:\\a\\r\\r\\src\\x.py", "d:/a/r/r"),
        ("/w/../ws/src/x.py", "/ws"),
    ],
)
def test_an_absolute_path_inside_the_workspace_is_certain(path: str, workspace: str) -> None:
    tracked = ("src/x.py", "r/src/x.py", "back/src/x.py")
    found = resolve(path, *tracked, roots=("back",), workspaces=(workspace,))
    assert found == Match("src/x.py")


def test_the_source_root_settles_what_a_foreign_absolute_path_leaves_open() -> None:
    tracked = ("backend/src/x.py", "frontend/src/x.py")
    assert resolve("/app/src/x.py", *tracked) == Ambiguous(tracked)
    assert resolve("/app/src/x.py", *tracked, roots=("backend",)) == Match("backend/src/x.py")


@pytest.mark.parametrize("root", ["backend", "./backend/", "backend\\", "/ws/backend"])
def test_the_users_source_root_goes_before_an_exact_match(root: str) -> None:
    found = resolve("x.py", "x.py", "backend/x.py", roots=(root,), workspaces=("/ws",))
    assert found == Match("backend/x.py")


def test_a_bare_name_under_the_source_root_needs_to_be_the_only_one() -> None:
    """Else any `__init__.py` of any library would be the root's."""
    tracked = ("backend/__init__.py", "backend/sub/__init__.py", "backend/only.py")
    site = "/usr/lib/site-packages/foo/"
    assert resolve(site + "__init__.py", *tracked, roots=("backend",)) != Match(tracked[0])
    assert resolve("/app/only.py", *tracked, roots=("backend",)) == Match("backend/only.py")


def test_a_source_root_outside_the_repository_is_of_no_effect() -> None:
    assert resolve("x.py", "x.py", roots=("../..", "/etc"), workspaces=("/ws",)) == Match("x.py")


def test_a_source_inside_the_workspace_wins_over_an_accidental_exact_match() -> None:
    tracked = ("pkg/x.py", "backend/pkg/x.py")
    found = resolve("pkg/x.py", *tracked, sources=("/ws/backend",), workspaces=("/ws",))
    assert found == Match("backend/pkg/x.py")


def test_a_source_elsewhere_wins_over_a_path_without_it() -> None:
    tracked = ("pkg/x.py", "backend/pkg/x.py")
    found = resolve("pkg/x.py", *tracked, sources=("/app/backend",))
    assert found == Match("backend/pkg/x.py")
    assert resolve("pkg/x.py", *tracked, sources=("/app/front",)) == Ambiguous(
        tuple(sorted(tracked))
    )


def test_a_relative_source_wins_over_a_path_without_it() -> None:
    assert resolve("x.py", "src/x.py", "lib/x.py", sources=("src",)) == Match("src/x.py")
    assert resolve("x.py", "src/x.py", "x.py", sources=("src",)) == Match("src/x.py")
    assert resolve("x.py", "src/y.py", "x.py", sources=("src",)) == Match("x.py")


def test_two_sources_that_both_have_the_file_are_ambiguous() -> None:
    found = resolve("x.py", "a/x.py", "b/x.py", sources=("/ws/a", "/ws/b"), workspaces=("/ws",))
    assert found == Ambiguous(("a/x.py", "b/x.py"))


def test_a_source_climbs_no_further_than_its_own_root() -> None:
    sources, workspaces = ("/ws/docs",), ("/ws",)
    assert resolve("../src/x.py", "src/x.py", sources=sources, workspaces=workspaces) == Match(
        "src/x.py"
    )
    assert resolve("../../../etc/passwd", "etc", sources=sources) == Unmatched()


def test_a_foreign_source_joined_finds_the_longest_tracked_suffix() -> None:
    tracked = ("backend/x.py", "lib/x.py")
    assert resolve("x.py", *tracked, sources=("/app/backend",)) == Match("backend/x.py")


def test_the_longest_tracked_path_that_ends_the_reports_wins() -> None:
    tracked = ("backend/src/x.py", "src/x.py", "x.py")
    assert resolve("/app/backend/src/x.py", *tracked) == Match("backend/src/x.py")
    assert resolve("github.com/o/r/src/x.go", "src/x.go", "x.go") == Match("src/x.go")


def test_a_report_path_that_ends_one_tracked_path_is_that_file() -> None:
    assert resolve("pkg/x.py", "src/pkg/x.py", "src/other/x.py") == Match("src/pkg/x.py")


def test_a_report_path_that_ends_several_tracked_paths_is_ambiguous() -> None:
    found = resolve("pkg/x.py", "b/pkg/x.py", "a/pkg/x.py")
    assert found == Ambiguous(("a/pkg/x.py", "b/pkg/x.py"))


def test_suffixes_are_compared_by_component() -> None:
    """`ab/x.py` does not end in `b/x.py`."""
    assert resolve("b/x.py", "ab/x.py") == Unmatched()
    assert resolve("/ab/x.py", "b/x.py") == Unmatched()


def test_a_bare_name_is_little_to_go_by() -> None:
    assert resolve("/app/setup.py", "setup.py") == Match("setup.py")
    assert resolve("/app/setup.py", "sub/setup.py") == Unmatched()
    assert resolve("/app/setup.py", "setup.py", "sub/setup.py") == Unmatched()
    assert resolve("flask/app.py", "app.py") == Unmatched()
    assert resolve("/ws/generated/app.py", "app.py", workspaces=("/ws",)) == Unmatched()


@pytest.mark.parametrize("path", ["", "/", ".", "..", "../..", "C:\\", "\\", "no/such.py", "\0"])
def test_what_names_no_tracked_file_is_unmatched(path: str) -> None:
    assert resolve(path, "src/x.py") == Unmatched()


def test_sources_may_come_after_the_first_paths() -> None:
    mapper = mapper_of(["a/x.py", "b/x.py"], workspaces=("/ws",))
    assert mapper.resolve("x.py") == Ambiguous(("a/x.py", "b/x.py"))
    mapper.begin(sources=("/ws/b",))
    assert mapper.settle(), "the path means something else now"
    assert mapper.resolve("x.py") == Match("b/x.py")


def test_without_a_repository_relative_paths_stay_and_others_must_be_inside() -> None:
    mapper = mapper_of(None, workspaces=("/ws",))
    mapper.begin(sources=("/ws/src",))
    assert mapper.resolve("./x.py") == Match("src/x.py")
    assert mapper.resolve("/ws/lib/x.py") == Match("lib/x.py")
    assert mapper.resolve("/etc/passwd") == Unmatched()
    assert mapper.resolve("../../etc/passwd") == Unmatched()
    assert mapper_of(None, roots=("back",)).resolve("x.py") == Match("back/x.py")


component = st.sampled_from(["a", "b", "x.py", "..", ".", "", "C:", "\\", "é"])
anything = st.lists(component, max_size=6).map("/".join)


@given(anything, st.lists(anything, max_size=3), st.lists(anything, max_size=2))
def test_no_path_leads_outside_the_repository(
    path: str, sources: list[str], roots: list[str]
) -> None:
    tracked = ("a/x.py", "a/b/x.py", "b/é")
    mapper = mapper_of(tracked, roots=tuple(roots), workspaces=("/a/b",))
    mapper.begin(sources=sources, place=path)
    found = mapper.resolve(path)
    candidates = {Match: ("path",), Ambiguous: ("candidates",)}.get(type(found), ())
    named = [getattr(found, name) for name in candidates]
    assert all(
        name in tracked for item in named for name in (item if type(item) is tuple else [item])
    )
    unchecked = mapper_of(None, roots=tuple(roots))
    unchecked.begin(sources=sources)
    bare = unchecked.resolve(path)
    if isinstance(bare, Match):
        assert not split_path(bare.path).up
        assert ".." not in bare.path.split("/")
        assert not bare.path.startswith("/")


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_lines_tell_files_apart_in_whatever_order_the_report_has_them(
    order: tuple[int, ...],
) -> None:
    tops = {0: ("back",), 1: ("back", "front"), 2: ("back", "front")}
    tracked = [f"{top}/src/m{n}.py" for n, each in tops.items() for top in each]
    tree = Tree.of(PathIndex(tracked))
    mapper = PathMapper(tree, excluded=lambda file, lines: "front" in file and bool(lines))
    for number in order:
        mapper.resolve(f"/app/src/m{number}.py", lines=(1,))
    mapper.settle()
    found = [mapper.resolve(f"/app/src/m{number}.py") for number in range(3)]
    assert found == [Match(f"back/src/m{number}.py") for number in range(3)]


def report_on(mapper: PathMapper, *paths: str) -> PathReport:
    for path in paths:
        mapper.resolve(path)
    mapper.settle()
    return report_of(mapper)


def test_what_a_folder_elsewhere_was_taken_as_is_said() -> None:
    """Word by word what the user sees."""
    mapper = mapper_of([f"backend/src/{name}.py" for name in ["x", *range(213)]])
    paths = ["/app/src/x.py", *(f"/app/src/{number}.py" for number in range(213))]
    report = report_on(mapper, *paths)
    assert list(used(report)) == ["214 paths of the report below /app, taken as backend/"]
    assert diagnose(report, mapper) == ()


def test_the_diagnosis_names_the_source_root_that_mends_it() -> None:
    """Word by word what the user sees."""
    tracked = [f"{top}/src/{n}.py" for n in range(214) for top in ("backend", "old/backend")]
    mapper = mapper_of([*tracked, "backend/src/only.py"])
    paths = ["/app/backend/lib/only.py", *(f"/app/backend/lib/{n}.py" for n in range(3))]
    (sentence,) = diagnose(report_on(mapper, *paths), mapper)
    assert sentence.startswith("0 of 4 report paths match the repository; the report says /app/")
    assert "source-root" not in sentence, "it would bring one of four paths to a file"


def test_the_diagnosis_claims_no_root_where_none_is_evident() -> None:
    mapper = mapper_of(["a/src/x.py", "b/src/x.py"])
    (sentence,) = diagnose(report_on(mapper, "/app/lib/z.py", "/app/y.py"), mapper)
    assert sentence.startswith("0 of 2 report paths match the repository; the report says /app/")
    assert "source-root" not in sentence


def test_no_root_is_advised_that_would_contradict_what_is_certain() -> None:
    """One file that moved is no reason to look for all files at its new place."""
    tracked = [f"derive/src/{n}.rs" for n in range(21)] + ["derive/src/parser/check.rs"]
    mapper = mapper_of(tracked)
    report = report_on(mapper, *(f"derive/src/{n}.rs" for n in range(21)), "derive/src/check.rs")
    assert (len(report.matched), len(report.unmatched)) == (21, 1)
    assert "source-root" not in diagnose(report, mapper)[0]


def test_the_diagnosis_names_the_candidates_of_ambiguous_paths() -> None:
    mapper = mapper_of(["ok.py", *(f"{name}/x.py" for name in "abcde")])
    report = report_on(mapper, "/v/ok.py", "x.py")
    assert (len(report.matched), len(report.ambiguous), len(report.unmatched)) == (1, 1, 0)
    assert diagnose(report, mapper) == (
        "1 of 2 report paths fit several files or share one: x.py can be a/x.py or b/x.py or "
        "c/x.py or 2 more; set source-root to the folder that the report's paths start from",
    )


def test_there_is_no_diagnosis_without_a_repository_or_a_fault() -> None:
    unknown = mapper_of(None)
    assert diagnose(report_on(unknown, "/x.py"), unknown) == ()
    known = mapper_of(["x.py"])
    assert diagnose(report_on(known, "x.py"), known) == ()


def test_a_hostile_path_stays_one_short_line_in_the_diagnosis() -> None:
    assert printable("a\n::error::b\x1b[31m\u202e") == "a\ufffd::error::b\ufffd[31m\ufffd"
    assert len(printable("x" * 10**6)) == 201


def test_include_and_exclude_read_like_gitignore() -> None:
    chosen = PathFilter(("src/", "*.pyx"), ("**/vendor/**", "*_pb2.py", "!keep_pb2.py"))
    assert chosen.allows("src/a/x.py")
    assert chosen.allows("deep/x.pyx")
    assert not chosen.allows("lib/x.py")
    assert not chosen.allows("src/vendor/x.py")
    assert not chosen.allows("src/x_pb2.py")
    assert chosen.allows("src/keep_pb2.py")


def test_without_globs_every_path_counts() -> None:
    assert PathFilter().allows("/anything/at all")


@pytest.mark.parametrize("pattern", ["!", "a\\", "[z-a]"])
def test_a_broken_glob_is_the_users_error(pattern: str) -> None:
    with pytest.raises(UsageError, match="in `exclude` can't be read"):
        PathFilter(exclude=("ok", pattern))


@pytest.mark.parametrize(
    "path",
    [
        "tests/unit/x.py",
        "pkg/test/x.py",
        "test_x.py",
        "pkg/x_test.py",
        "conftest.py",
        "app/migrations/0001_initial.py",
        "web/x.test.ts",
        "web/x.spec.js",
        "web/x.test.mjs",
        "web/__tests__/x.tsx",
        "pkg/x_test.go",
        "a/src/test/java/X.java",
        "src/main/XTest.java",
        "db/migrate/1_x.rb",
    ],
)
def test_tests_and_migrations_are_told_by_name(path: str) -> None:
    assert is_test_or_migration(path)


@pytest.mark.parametrize(
    "path",
    ["src/x.py", "latest.py", "contest/x.py", "attest_x.py", "web/test.ts", "src/testutil.go"],
)
def test_product_code_is_not_taken_for_a_test(path: str) -> None:
    assert not is_test_or_migration(path)


def test_many_files_of_one_name_take_no_time() -> None:
    """As a search among all of them for each would: with 20,000 that took minutes."""
    mapper = mapper_of(f"src/pkg{n}/__init__.py" for n in range(20_000))
    began = time.process_time()
    for n in range(20_000):
        assert mapper.resolve(f"pkg{n}/__init__.py") == Match(f"src/pkg{n}/__init__.py")
    assert time.process_time() - began < 5


def test_a_path_in_two_packages_is_a_file_of_each() -> None:
    mapper = mapper_of(["core/src/A.cs", "web/src/A.cs"])
    mapper.begin()
    for package in ("core", "web"):
        mapper.resolve("src/A.cs", package=package)
    mapper.settle()
    assert mapper.resolve("src/A.cs", package="core") == Match("core/src/A.cs")
    assert mapper.resolve("src/A.cs", package="web") == Match("web/src/A.cs")


def test_two_packages_may_share_the_one_file_of_a_path() -> None:
    mapper = mapper_of(["lib/src/Both.cs"])
    mapper.begin()
    for package in ("core", "web"):
        mapper.resolve("src/Both.cs", package=package)
    mapper.settle()
    assert mapper.resolve("src/Both.cs", package="core") == Match("lib/src/Both.cs")
    assert mapper.resolve("src/Both.cs", package="web") == Match("lib/src/Both.cs")


def test_folders_that_differ_are_not_one_file_in_another_case() -> None:
    mapper = mapper_of(["src/a.py"])
    mapper.begin()
    paths = ("D:\\one\\SRC\\A.py", "D:\\two\\Src\\A.py")
    for path in paths:
        mapper.resolve(path)
    mapper.settle()
    assert [mapper.resolve(path) for path in paths] == [Ambiguous(("src/a.py",))] * 2


def test_spellings_in_two_cases_are_one_file() -> None:
    mapper = mapper_of(["src/a.py"])
    mapper.begin()
    paths = ("D:\\one\\SRC\\A.py", "D:\\One\\Src\\A.py")
    for path in paths:
        mapper.resolve(path)
    mapper.settle()
    assert [mapper.resolve(path) for path in paths] == [Match("src/a.py")] * 2


def test_one_common_package_at_most_was_left_out() -> None:
    mapper = mapper_of(["src/main/kotlin/A.kt", "src/main/kotlin/Util.kt"])
    mapper.begin()
    own, others = "com/x/A.kt", "lib/coroutines/Util.kt"
    for path in (own, others):
        mapper.resolve(path, package=path.rpartition("/")[0])
    mapper.settle()
    for path in (own, others):
        found = mapper.resolve(path, package=path.rpartition("/")[0])
        assert isinstance(found, Ambiguous), path


def test_the_common_package_of_most_files_was_left_out() -> None:
    mapper = mapper_of(f"src/main/kotlin/{name}.kt" for name in ("A", "B", "Util"))
    mapper.begin()
    paths = ("com/x/A.kt", "com/x/B.kt", "lib/coroutines/Util.kt")
    for path in paths:
        mapper.resolve(path)
    mapper.settle()
    assert [isinstance(mapper.resolve(path), Match) for path in paths] == [True, True, False]


def test_no_root_is_advised_that_gives_a_file_anothers_lines() -> None:
    mapper = mapper_of(["src/a.py"])
    mapper.begin()
    for path in ("src/a.py", "build/src/a.py"):
        mapper.resolve(path)
    mapper.settle()
    (said,) = diagnose(report_of(mapper), mapper)
    assert "source-root" not in said


def test_a_source_root_gives_no_file_the_lines_of_two() -> None:
    mapper = mapper_of(["backend/u.py"], roots=("backend",))
    mapper.begin()
    paths = ("/srv/x/u.py", "/srv/y/u.py")
    for path in paths:
        mapper.resolve(path)
    mapper.settle()
    assert [mapper.resolve(path) for path in paths] == [Ambiguous(("backend/u.py",))] * 2


@pytest.mark.parametrize("roots", [("m2/src/main/java",), ("m1/src/main/java", "m2/src/main/java")])
def test_below_a_source_root_the_group_tells_whose_a_file_is(roots: tuple[str, ...]) -> None:
    tracked = [f"{module}/src/main/java/p/A.java" for module in ("m1", "m2")]
    mapper = mapper_of(tracked, roots=roots)
    mapper.begin()
    for group in ("m1", "m2"):
        mapper.resolve("p/A.java", group=group)
    mapper.settle()
    found = [mapper.resolve("p/A.java", group=group) for group in ("m1", "m2")]
    assert found == [Match(path) for path in tracked]


def test_a_source_root_of_another_package_leaves_a_report_at_its_place_open() -> None:
    mapper = mapper_of(["a/src/i.ts", "b/src/i.ts"], roots=("b",), workspaces=("/ws",))
    for package in ("a", "b"):
        mapper.begin(package, place=f"/ws/{package}/coverage")
        mapper.resolve("src/i.ts")
    mapper.settle()
    mapper.begin("a", place="/ws/a/coverage")
    assert mapper.resolve("src/i.ts") == Ambiguous(("a/src/i.ts", "b/src/i.ts"))
    mapper.begin("b", place="/ws/b/coverage")
    assert mapper.resolve("src/i.ts") == Match("b/src/i.ts")


@pytest.mark.slow
def test_folders_that_all_differ_take_no_time() -> None:
    """Each path has a rule of its own: comparing them with each other took minutes."""
    names = [f"pkg{n}/mod{n}.py" for n in range(20_000)]
    mapper = mapper_of(names)
    mapper.begin()
    for number, name in enumerate(names):
        mapper.resolve(f"/x{number}/{name}")
    mapper.settle()
    assert mapper.resolve(f"/x7/{names[7]}") == Match(names[7])


def test_ways_to_spell_one_path_are_one_path() -> None:
    mapper = mapper_of(["lib/src/a.py"])
    mapper.begin()
    paths = ("src/a.py", "./src/a.py", "src//a.py")
    for path in paths:
        mapper.resolve(path)
    mapper.settle()
    assert [mapper.resolve(path) for path in paths] == [Match("lib/src/a.py")] * 3


def test_a_path_that_its_place_lacks_is_not_the_file_of_another_place() -> None:
    tree = Tree.of(PathIndex(["a/a/x.py", "a/y.py", "x.py"]), working="a")
    mapper = PathMapper(tree)
    mapper.begin()
    for path in ("a/x.py", "y.py", "x.py"):
        mapper.resolve(path)
    mapper.settle()
    assert mapper.resolve("a/x.py") == Match("a/a/x.py")
    assert mapper.resolve("x.py") == Unmatched()


def test_a_lone_end_is_no_evidence_against_what_other_paths_leave_open() -> None:
    """Whichever of their files the first two are, the third is not below what it ends like."""
    tracked = ("__init__.py", "a/__init__.py", "pkg/a/__init__.py")
    mapper = mapper_of(tracked)
    mapper.begin(sources=("/zz/qq",))
    for path in ("__init__.py", "a/__init__.py", "svc/pkg/a/__init__.py"):
        mapper.resolve(path)
    mapper.settle()
    assert mapper.resolve("svc/pkg/a/__init__.py") == Ambiguous(("pkg/a/__init__.py",))


def test_a_bare_name_is_no_evidence_where_most_beside_it_are_elsewhere() -> None:
    mapper = mapper_of(["__init__.py", "b/x.py", "b/y.py"])
    for name in ("x.py", "y.py", "__init__.py"):
        mapper.resolve(f"/zz/qq/{name}")
    mapper.settle()
    assert mapper.resolve("/zz/qq/__init__.py") == Ambiguous(("__init__.py",))


def test_where_relative_paths_start_is_known_none_is_looked_for_at_another_place() -> None:
    tracked = ("m.py", "b/b/src/y.py", "b/src/x.py")
    mapper = mapper_of(tracked, roots=(".",))
    for path in ("m.py", "b/src/y.py", "src/x.py"):
        mapper.resolve(path)
    mapper.settle()
    assert mapper.resolve("m.py") == Match("m.py")
    assert mapper.resolve("src/x.py") == Ambiguous(("b/src/x.py",))
