"""Which function or class a line belongs to."""

from __future__ import annotations

import textwrap
import warnings

from hypothesis import given
from hypothesis import strategies as st

from qe_action.analysis.python_module import parse_module
from qe_action.analysis.source import Region, Regions

SOURCE = textwrap.dedent(
    """\
    import os                      # 1

    class Shop:                    # 3
        limit = 3                  # 4

        @property                  # 6
        def name(self):            # 7
            def inner():           # 8
                return 1           # 9
            return inner()         # 10

        async def buy(self):       # 12
            try:                   # 13
                pass               # 14
            except ValueError:     # 15
                def late():        # 16
                    return 2       # 17
    one = lambda: 1                # 18
    def short(): return 3          # 19
    last = 4                       # 20
    """
)


def names(source: str, lines: range) -> dict[int, str]:
    module = parse_module("a.py", source.encode())
    assert module is not None
    found = ((line, module.regions.owner(line)) for line in lines)
    return {line: owner.name for line, owner in found if owner}


def test_the_innermost_body_around_a_line_owns_it_and_a_def_line_runs_outside() -> None:
    assert names(SOURCE, range(1, 30)) == {
        **dict.fromkeys((4, 5, 6, 7, 11, 12), "Shop"),
        **dict.fromkeys((8, 10), "Shop.name"),
        9: "Shop.name.inner",
        **dict.fromkeys((13, 14, 15, 16), "Shop.buy"),
        17: "Shop.buy.late",
        19: "short",
    }


def test_a_source_that_does_not_parse_has_no_regions() -> None:
    sources = (
        b"def f(:",
        b"\xff\xfe",
        b"a\0b",
        b"(" * 10_000,
        b"# coding: nonsense\n",
        b"-" * 99_999,
    )
    for source in sources:
        assert parse_module("a.py", source) is None


def test_sources_in_other_encodings_are_read() -> None:
    for source in ("# coding: latin-1\nx = 'é'\n".encode("latin-1"), b"\xef\xbb\xbfx = 1\r\n"):
        assert parse_module("a.py", source) is not None


def test_an_invalid_escape_warns_nobody() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert parse_module("a.py", b"x = '\\d'\n") is not None


@st.composite
def nested(draw: st.DrawFn, start: int = 1, end: int = 60, depth: int = 3) -> list[Region]:
    """Regions as code has them: side by side or one inside the other."""
    found: list[Region] = []
    line = start
    while depth and line <= end and draw(st.booleans()):
        first = draw(st.integers(line, end))
        last = draw(st.integers(first, end))
        found.append(Region(first, last, f"r{depth}-{first}"))
        found += draw(nested(first, last, depth - 1))
        line = last + 1
    return found


@given(nested(), st.integers(1, 61))
def test_owner_is_the_smallest_region_around_the_line(regions: list[Region], line: int) -> None:
    around = [region for region in regions if region.start <= line <= region.end]
    owner = Regions(regions).owner(line)
    if not around:
        assert owner is None
    else:
        smallest = min(around, key=lambda region: region.end - region.start)
        assert owner is not None
        assert (owner.start, owner.end) == (smallest.start, smallest.end)
