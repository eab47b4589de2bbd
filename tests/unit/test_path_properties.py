"""Random repositories, reports written in random ways: no line is charged to another file.

A report is of files below one folder, its base. Relative paths start at the base or, with
sources, below it. Where a report has nothing but relative paths it lies in its base or in a folder
of its own below it, or the run is about the base: else nothing in the world tells where it is from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qe_action.analysis.path_bases import Tree
from qe_action.analysis.path_mapper import PathMapper
from qe_action.analysis.paths import Match, PathIndex, Resolution

FOLDERS = ("a", "b", "src", "pkg", "svc", "lib")
FILES = ("x.py", "y.py", "__init__.py", "m.ts", "Mod.py")
UNTRACKED = ("gen.py", "x.py", "_version.py", "__init__.py")
WORKSPACE = "/ws/r"


class Written(NamedTuple):
    """A report: a name for each measured file, its sources, where it lies and what runs about."""

    names: dict[str, str]
    sources: tuple[str, ...] = ()
    place: str | None = f"{WORKSPACE}/reports"
    working: str = ""
    roots: tuple[str, ...] = ()


@st.composite
def trees(draw: st.DrawFn) -> frozenset[str]:
    folders = st.lists(st.sampled_from(FOLDERS), max_size=3)
    path = st.tuples(folders, st.sampled_from(FILES)).map(
        lambda each: "/".join([*each[0], each[1]])
    )
    return frozenset(draw(st.sets(path, min_size=1, max_size=25)))


def folders_of(tree: frozenset[str]) -> list[str]:
    found = {""}
    for path in tree:
        parts = path.split("/")[:-1]
        found.update("/".join(parts[:end]) for end in range(1, len(parts) + 1))
    return sorted(found)


def below(base: str, path: str) -> str:
    return path[len(base) + 1 :] if base else path


def join(*parts: str) -> str:
    return "/".join(filter(None, parts))


@st.composite
def measured(draw: st.DrawFn, tree: frozenset[str]) -> tuple[str, list[str]]:
    """A base, and what was measured below it: tracked files and at most as many that are not."""
    base = draw(st.sampled_from(folders_of(tree)))
    inside = sorted(path for path in tree if not base or path.startswith(base + "/"))
    files = draw(st.lists(st.sampled_from(inside), min_size=1, max_size=8, unique=True))
    homes = [folder for folder in folders_of(tree) if not base or join(folder, "").startswith(base)]
    made = st.tuples(st.sampled_from(homes or [base]), st.sampled_from(UNTRACKED))
    extra = draw(st.lists(made.map(lambda each: join(*each)), max_size=len(files) // 2))
    inside_base = [each for each in extra if not base or each.startswith(base + "/")]
    return base, [*files, *sorted(set(inside_base) - tree)]


def relative(draw: st.DrawFn, base: str, files: list[str]) -> Written:
    at_base = draw(st.booleans())
    place = join(WORKSPACE, base, draw(st.sampled_from(["", "out", "build/reports"])))
    names = {path: below(base, path) for path in files}
    if at_base:
        return Written(names, place=place, working=draw(st.sampled_from(["", base])))
    return Written(names, place=draw(st.sampled_from([None, place])), working=base)


def in_workspace(draw: st.DrawFn, base: str, files: list[str]) -> Written:
    return Written({path: f"{WORKSPACE}/{path}" for path in files})


def backslashes(draw: st.DrawFn, base: str, files: list[str]) -> Written:
    return Written({path: "D:\\a\\r\\r\\" + path.replace("/", "\\") for path in files})


def another_case(draw: st.DrawFn, base: str, files: list[str]) -> Written:
    change: Callable[[str], str] = draw(st.sampled_from([str.upper, str.title, str.swapcase]))
    return Written({path: "D:\\a\\r\\r\\" + change(path).replace("/", "\\") for path in files})


def another_machine(draw: st.DrawFn, base: str, files: list[str]) -> Written:
    """The whole repository, or the base alone, was copied somewhere."""
    copied = draw(st.booleans())
    return Written({path: "/zz/qq/" + (path if copied else below(base, path)) for path in files})


def absolute_source(draw: st.DrawFn, base: str, files: list[str]) -> Written:
    names = {path: below(base, path) for path in files}
    return Written(
        names, sources=(join(WORKSPACE, base),), working=draw(st.sampled_from(["", base]))
    )


def foreign_source(draw: st.DrawFn, base: str, files: list[str]) -> Written:
    names = {path: below(base, path) for path in files}
    return Written(names, sources=(join("/zz/qq", draw(st.sampled_from([base, ""]))),))


def relative_source(draw: st.DrawFn, base: str, files: list[str]) -> Written:
    parts = base.split("/") if base else []
    anchor = "/".join(parts[: draw(st.integers(0, len(parts)))])
    names = {path: below(base, path) for path in files}
    source = below(anchor, base) or "."
    place = join(WORKSPACE, anchor, draw(st.sampled_from(["", "out"])))
    return Written(
        names, sources=(source,), place=place, working=draw(st.sampled_from(["", anchor]))
    )


def users_root(draw: st.DrawFn, base: str, files: list[str]) -> Written:
    names = {path: below(base, path) for path in files}
    return Written(names, place=None, roots=(base or ".",))


WAYS = (
    relative,
    in_workspace,
    backslashes,
    another_case,
    another_machine,
    absolute_source,
    foreign_source,
    relative_source,
    users_root,
)


def meant(tree: frozenset[str], *reports: Written) -> list[dict[str, Resolution]]:
    """What each report's paths mean in the end, by the file that was measured."""
    first = reports[0]
    index = Tree.of(
        PathIndex(sorted(tree)),
        workspaces=(WORKSPACE, "D:\\a\\r\\r"),
        working=first.working,
        source_roots=first.roots,
    )
    mapper = PathMapper(index)
    for number, report in enumerate(reports):
        mapper.begin(number, place=report.place, sources=report.sources)
        for name in report.names.values():
            mapper.resolve(name)
    mapper.settle()
    found = []
    for number, report in enumerate(reports):
        mapper.begin(number, place=report.place, sources=report.sources)
        found.append({path: mapper.resolve(name) for path, name in report.names.items()})
    return found


def check(tree: frozenset[str], found: dict[str, Resolution], written: Written) -> None:
    for path, resolution in found.items():
        if isinstance(resolution, Match):
            assert resolution.path == path, f"{path} is charged to {resolution.path}: {written}"


@st.composite
def written(
    draw: st.DrawFn, ways: tuple[Callable[..., Written], ...]
) -> tuple[frozenset[str], Written]:
    tree = draw(trees())
    base, files = draw(measured(tree))
    return tree, draw(st.sampled_from(ways))(draw, base, files)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_no_file_is_charged_with_anothers_lines(way: Callable[..., Written]) -> None:
    @settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
    @given(written((way,)))
    def holds(case: tuple[frozenset[str], Written]) -> None:
        tree, report = case
        check(tree, meant(tree, report)[0], report)

    holds()


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_no_file_is_charged_with_anothers_lines_in_many_cases(way: Callable[..., Written]) -> None:
    @settings(max_examples=2_500, deadline=None, suppress_health_check=list(HealthCheck))
    @given(written((way,)))
    def holds(case: tuple[frozenset[str], Written]) -> None:
        tree, report = case
        check(tree, meant(tree, report)[0], report)

    holds()


UNMISTAKABLE = (in_workspace, backslashes, absolute_source, users_root)


@settings(max_examples=100, deadline=None)
@given(written(UNMISTAKABLE))
def test_what_is_certain_is_found(case: tuple[frozenset[str], Written]) -> None:
    """Nothing would be wrong either if nothing were found."""
    tree, report = case
    for path, found in meant(tree, report)[0].items():
        assert (found == Match(path)) == (path in tree)


@st.composite
def shards(draw: st.DrawFn) -> tuple[frozenset[str], list[Written]]:
    """Two reports of one run, each of another part of the tree, as a glob matches them."""
    tree = draw(trees())
    reports = []
    for _ in range(2):
        base, files = draw(measured(tree))
        places = [join(WORKSPACE, base), join(WORKSPACE, base, "out")]
        report = draw(st.sampled_from((in_workspace, absolute_source, another_machine)))(
            draw, base, files
        )
        own = Written({p: below(base, p) for p in files}, place=draw(st.sampled_from(places)))
        reports.append(draw(st.sampled_from((report._replace(working=""), own))))
    return tree, reports


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(shards())
def test_each_report_is_read_from_its_own_place(case: tuple[frozenset[str], list[Written]]) -> None:
    tree, reports = case
    for found, report in zip(meant(tree, *reports), reports, strict=True):
        check(tree, found, report)


@st.composite
def modules(draw: st.DrawFn) -> tuple[frozenset[str], dict[tuple[str, str], str], str | None]:
    """Java modules with classes of the same names: a report of all by group, or of one."""
    classes = st.sampled_from(["org/App.java", "org/Util.java", "org/sub/App.java"])
    names = draw(st.lists(st.sampled_from(["alpha", "beta", "core"]), min_size=1, unique=True))
    tree, paths = set(), {}
    grouped = draw(st.booleans())
    one = draw(st.sampled_from(names))
    for module in names:
        for name in draw(st.sets(classes, min_size=1)):
            file = f"{module}/src/main/java/{name}"
            tree.add(file)
            if grouped or module == one:
                paths[(name, module if grouped else "")] = file
    generated = draw(classes)
    if f"{one}/src/main/java/{generated}" not in tree and grouped:
        paths[(generated, one)] = f"{one}/target/generated/{generated}"
    return frozenset(tree), paths, None if grouped else f"{WORKSPACE}/{one}/target/site/jacoco"


@settings(max_examples=100, deadline=None)
@given(modules())
def test_groups_and_places_tell_modules_apart(
    case: tuple[frozenset[str], dict[tuple[str, str], str], str | None],
) -> None:
    tree, paths, place = case
    mapper = PathMapper(Tree.of(PathIndex(tree), workspaces=(WORKSPACE,)))
    mapper.begin(place=place)
    for name, group in paths:
        mapper.resolve(name, group=group, package=name.rpartition("/")[0])
    mapper.settle()
    for (name, group), file in paths.items():
        found = mapper.resolve(name, group=group, package=name.rpartition("/")[0])
        assert (found == Match(file)) == (file in tree), (name, group)
        assert isinstance(found, Match) == (file in tree), (name, group)
