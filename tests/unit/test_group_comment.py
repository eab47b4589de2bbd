"""A group's comment fits, however many parts it has and however long their words are."""

from __future__ import annotations

import pytest
from inert import rendered

from qe_action.render.check_group import Part, group_comment
from qe_action.render.markdown import COMMENT_LIMIT
from qe_action.render.marker import Marker, read_marker
from qe_action.render.marks import CheckConclusion
from qe_action.text import size


def part(number: int, name: str, **more: str) -> Part:
    failed: CheckConclusion = "failure" if number % 50 == 49 else "success"
    title = more.get("title", "Patch 70%, project 80%, 3 gaps in changed lines")
    url = f"https://github.com/octo/demo/runs/{10**10 + number}"
    summary = more.get("summary", "words " * 500)
    return Part(10**10 + number, (1, 1), f"{name} {number}", title, url, failed, summary)


def told(parts: list[Part]) -> str:
    ids = tuple(one.check_id for one in parts)
    return group_comment(parts, "g", Marker("a" * 16, 1, 1, "b" * 40, True, ids).line, None)


@pytest.mark.parametrize("count", [1, 15, 25, 50, 100, 256, 400])
@pytest.mark.parametrize(
    "name", ["test (ubuntu-latest, 3.13)", "*" * 90, "😀" * 90], ids=["plain", "escaped", "wide"]
)
def test_the_comment_fits_and_shows_who_failed(name: str, count: int) -> None:
    parts = [part(n, name, title="_" * 250 if count == 100 else "Patch 70%") for n in range(count)]
    text = told(parts)
    assert size(text) <= COMMENT_LIMIT
    failed = [one for one in parts if one.conclusion == "failure"]
    assert all(f"]({one.url})" in text for one in failed)
    rows = text.count("](https://github.com/octo/demo/runs/")
    assert rows == count or f"{count - rows} more part" in text


def test_where_there_is_room_every_part_has_its_words() -> None:
    text = told([part(n, "unit") for n in range(15)])
    assert text.count("words\n\n</details>") == text.count("<details>") == 15


@pytest.mark.parametrize("count", [1, 100, 101, 256, 400])
def test_whose_words_they_are_is_read_whatever_the_number_of_parts(count: int) -> None:
    marker = read_marker(told([part(n, "unit") for n in range(count)]))
    assert marker is not None
    assert (marker.run, marker.done, len(marker.parts)) == (1, True, min(count, 256))


def test_a_part_s_name_is_shown_as_it_is() -> None:
    name = "py_3 (3.13, <b>) @octocat #1"
    shown = rendered(told([part(1, name)]))
    assert shown.text.replace("\u200b", "").count(name) == 1  # the table links it
    assert "@octocat" not in shown.text
