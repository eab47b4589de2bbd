"""Text from outside shows its characters and does nothing else."""

from __future__ import annotations

import re
from fractions import Fraction
from html import unescape

import cmarkgfm
import pytest
from hostile import TEXT
from hypothesis import given
from hypothesis import strategies as st
from inert import rendered

from qe_action.events import percentage
from qe_action.sinks.workflow_commands import log_line
from qe_action.text import (
    breakable,
    cell,
    clip,
    code,
    duration,
    fenced,
    percent,
    plain,
    plural,
    prose,
    size,
    visible,
)

MARKUP = "`|@#<>[]()*_\\!:/wg.hH-1 ~&;x\n\r\t"
ANY_TEXT = st.text(max_size=60) | st.text(alphabet=MARKUP, max_size=40)


def github(markdown: str) -> str:
    """Markdown through GitHub's own engine, with its extensions."""
    return cmarkgfm.github_flavored_markdown_to_html(markdown)


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (0, 7, "0%"),
        (1, 5000, "under 0.1%"),
        (29, 100, "29%"),
        (574, 1000, "57.4%"),
        (6, 7, "85.7%"),
        (9999, 10000, "99.9%"),
        (10**15 - 1, 10**15, "99.9%"),
        (7, 7, "100%"),
        (0, 0, "unknown"),
    ],
)
def test_percentages_are_rounded_down(part: int, whole: int, shown: str) -> None:
    assert percent(percentage(part, whole)) == shown


@given(st.integers(1, 10**6), st.data())
def test_what_is_not_all_is_never_shown_as_100(whole: int, data: st.DataObject) -> None:
    part = data.draw(st.integers(0, whole))
    shown = percent(percentage(part, whole))
    assert (shown == "100%") is (part == whole)
    if shown[0].isdigit():
        assert Fraction(shown.rstrip("%")) <= Fraction(100 * part, whole)


@given(ANY_TEXT)
def test_a_code_span_holds_all_of_its_text(text: str) -> None:
    html = github(f"before {code(text)} after")
    match = re.fullmatch(r"<p>before <code>(.*)</code> after</p>\n", html, re.DOTALL)
    assert match, html
    shown = unescape(match[1]).replace("\u200b", "")
    assert shown.strip(" ") == visible(text).strip(" ")


@given(ANY_TEXT, ANY_TEXT)
def test_cells_stay_in_their_columns(one: str, two: str) -> None:
    html = github(f"| a | b |\n| - | - |\n| {cell(code(one))} | {cell(plain(two))} |\n")
    assert html.count("<td") == 2
    assert html.count("<tr>") == 2
    assert html.count("<code>") == 1


@given(ANY_TEXT)
def test_plain_text_makes_no_markup_link_or_mention(text: str) -> None:
    html = github(f"x {plain(text)} x")
    assert re.fullmatch(r"<p>[^<]*</p>\n", html), html
    shown = unescape(html.removeprefix("<p>x ").removesuffix(" x</p>\n"))
    assert shown.replace("\u200b", "").split() == visible(text).replace("\u200b", "").split()
    assert not re.search(r"[@#]\w", shown)


def test_mentions_references_and_markers_are_broken_up() -> None:
    shown = plain("@octocat #12 o/r#3 GH-4 https://x.y www.x.y <!-- qe-action -->")
    html = github(shown)
    assert "<a " not in html
    assert "<!--" not in html
    assert not re.search(r"@o|#1|#3|GH-4", html)


def test_control_and_direction_characters_are_shown_as_such() -> None:
    assert visible("a\x1b[31m\u202eb\nc\x00\ud800") == "a\ufffd[31m\ufffdb\ufffdc\ufffd\ufffd"


@given(ANY_TEXT)
def test_a_log_line_is_never_a_workflow_command(text: str) -> None:
    line = log_line(text)
    assert "\n" not in line
    assert "\r" not in line
    assert not line.lstrip().startswith("::")
    assert "##[" not in line


def test_small_words() -> None:
    assert plural(1, "gap") == "1 gap"
    assert plural(1204, "gap") == "1,204 gaps"
    assert clip("abcdef", 4) == "abc…"
    assert clip("abc", 4) == "abc"
    assert size("a😀") == 3
    assert [duration(ms) for ms in (400, 12_000, 200_000)] == ["0.4 s", "12 s", "3 min 20 s"]


def test_a_sentence_s_commits_are_code_that_can_be_copied() -> None:
    assert prose("at c0ffee1, not @x a\\`deadbeef_1") == (
        "at `c0ffee1`, not @\u200bx a\\\\\\``deadbeef`\\_1"
    )
    assert prose("no commit") == plain("no commit")


@given(st.lists(ANY_TEXT | st.from_regex(r"[0-9a-f]{7,9}", fullmatch=True)).map("".join))
def test_a_sentence_has_no_markup_but_its_commits(text: str) -> None:
    html = github(f"x {prose(text)} x")
    assert re.fullmatch(r"<p>(?:[^<]|<code>[0-9a-fA-F]+</code>)*</p>\n", html), html
    shown = unescape(re.sub("</?code>", "", html).removeprefix("<p>x ").removesuffix(" x</p>\n"))
    assert shown.replace("\u200b", "").split() == visible(text).replace("\u200b", "").split()


@given(TEXT, TEXT)
def test_nothing_leaves_a_block_of_code(one: str, other: str) -> None:
    text = f"{one}\n{other}\n```\n~~~~\n````x\n\tend"
    shown = rendered("\n".join(["- a", "", *fenced(text, "python"), "", "after"]))
    assert shown.blocks == ["ul", "li", "/li", "/ul", "pre", "/pre", "p", "/p"]
    assert shown.text.replace("\ufffc", "").split() == ["a", "after"]


@given(TEXT)
def test_a_breakable_path_shows_its_characters_and_breaks_behind_slashes(text: str) -> None:
    """Also where they would mean something to Markdown; what is copied is the path."""
    shown = rendered(f"| a |\n| :-- |\n| {breakable(text)} |\n")
    assert shown.links == []
    assert shown.blocks.count("td") == 1
    assert "\u200b" not in breakable(text)


@pytest.mark.parametrize(
    ("path", "markdown"),
    [
        ("setup.py", "`setup.py`"),
        ("src/my_app/core.py", "<code>src/<wbr>my_app/<wbr>core.py</code>"),
        ("a/__init__.py", "<code>a/<wbr>&#95;&#95;init&#95;&#95;.py</code>"),
    ],
)
def test_a_path_is_still_read_in_the_markdown(path: str, markdown: str) -> None:
    assert breakable(path) == markdown
