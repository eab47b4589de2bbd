"""The page as one file: what is in it, what may run in it, and how large it gets."""

from __future__ import annotations

import random

import pytest
from one_file import hashed, one_file

from qe_action.events import Counts, Event, FileLinesTold, Gap, GapFound, TestFinished
from qe_action.page import assets, document, journal_copy, source_choice
from qe_action.page.journal_copy import Interest, JournalCopy

BREAKOUT = "</script><script>alert(1)</script>\u2028<!--"


def gap(number: int, path: str, *, in_diff: bool = False, words: str = "") -> GapFound:
    return GapFound(
        gap=Gap(
            id=f"{number:08x}",
            file_path=path,
            line_start=number,
            line_end=number + 2,
            gap_type="uncovered",
            severity="medium",
            in_diff=in_diff,
            suggested_tests=(f"Call f({number}) so that it raises ValueError. {words}",),
            reasons=(f"no test runs the function f{number}", "in changed lines"),
        )
    )


def told(path: str, *, in_diff: bool = False, tests: int = 0, seed: int = 0) -> FileLinesTold:
    chosen = random.Random(seed)
    missed = [str(n) for n in range(1, 400) if chosen.random() < 0.3]
    return FileLinesTold(
        path=path,
        counts=Counts(statements=400, covered=400 - len(missed)),
        in_diff=in_diff,
        missed=" ".join(missed),
        tests={f"tests/test_{seed}_{n}.py::test_{chosen.random()}": "1-3 9" for n in range(tests)},
    )


def copy_of(*events: Event) -> JournalCopy:
    copy = JournalCopy()
    for event in events:
        copy.add(event)
    return copy


def test_all_that_went_in_comes_out() -> None:
    events = (told("a.py", tests=2), gap(3, "a.py"))
    page = one_file(
        document.one_file("T", copy_of(*events).packed(), {"a.py": "x = 1\n"}, "<p>hi</p>", ["n"])
    )
    assert tuple(page.events) == events
    assert page.sources == {"a.py": "x = 1\n"}
    assert (page.title, page.preview, page.notes) == ("T", "<p>hi</p>", ["n"])


def test_the_same_run_makes_the_same_page() -> None:
    pages = [document.one_file("T", copy_of(gap(1, "a")).packed(), {}, "") for _ in range(2)]
    assert pages[0] == pages[1]


def test_hostile_words_stay_in_the_data() -> None:
    journal = copy_of(gap(1, BREAKOUT, words=BREAKOUT)).packed()
    text = document.one_file(BREAKOUT, journal, {BREAKOUT: BREAKOUT}, BREAKOUT, [BREAKOUT])
    page = one_file(text)
    harmless = document.one_file("T", copy_of(gap(1, "a")).packed(), {"a": "b"}, "p", ["n"])
    assert text.count("<script") == harmless.count("<script") == 1 + len(assets.SCRIPTS)
    assert "\u2028" not in text.partition("qe-data")[2]
    assert "alert(1)</script" not in text
    assert (page.title, page.sources, page.preview) == (BREAKOUT, {BREAKOUT: BREAKOUT}, BREAKOUT)
    assert page.policy["script-src"] == page.inline("script")


def test_only_what_stands_in_the_document_may_run_and_style() -> None:
    style = "body { color: red }"
    page = one_file(document.one_file("T", copy_of().packed(), {}, f"<style>{style}</style><p>"))
    assert page.inline("script") == [hashed(text) for text in assets.scripts().values()]
    assert page.policy["script-src"] == page.inline("script")
    assert page.policy["style-src"] == [*page.inline("style"), hashed(style)]
    assert page.policy["default-src"] == ["'none'"]
    assert " src=" not in page.text
    assert "href=" not in page.text.replace('href="data:,"', "").replace('href="#main"', "")


def test_a_style_that_is_not_at_the_previews_start_is_not_allowed() -> None:
    page = one_file(document.one_file("T", copy_of().packed(), {}, "<p><style>x</style>"))
    assert page.policy["style-src"] == page.inline("style")


@pytest.mark.parametrize("text", [assets.style(), *assets.scripts().values()])
def test_nothing_in_the_assets_ends_the_element_they_stand_in(text: str) -> None:
    assert "</script" not in text.lower()
    assert "</style" not in text.lower()
    assert "<!--" not in text
    assert "\r" not in text


def test_two_thousand_gaps_in_two_hundred_files_are_below_a_megabyte() -> None:
    paths = [f"src/package_{n % 20}/module_{n}.py" for n in range(200)]
    chosen = random.Random(1)
    texts = {
        path: "".join(
            f"    value_{chosen.random()} = call_{chosen.random()}()\n" for _ in range(200)
        )
        for path in paths
    }
    events: list[Event] = [
        told(path, in_diff=n < 5, tests=30, seed=n) for n, path in enumerate(paths)
    ]
    events += [gap(n * 7 % 190 + 1, paths[n % 200], in_diff=n % 200 < 5) for n in range(2000)]
    copy = copy_of(*events)
    journal = copy.packed()
    choice = source_choice.choose(
        copy.files, lambda path: texts[path].encode(), document.room_for_sources(journal)
    )
    text = document.one_file("T", journal, choice.texts, "<p>" * 1000)
    assert len(text.encode()) < 1_000_000
    page = one_file(text)
    assert sum(isinstance(event, GapFound) for event in page.events) == 2000
    assert {event.path for event in page.events if isinstance(event, FileLinesTold)} == {*paths}
    assert page.sources.keys() >= {*paths[:5]}  # those in the diff, whole
    assert all(page.sources[path] == texts[path] for path in paths[:5])
    assert choice.left_out + len(choice.texts) == 200
    assert choice.left_out > 0
    assert any("leaves out the source of" in note for note in choice.notes())


def test_lines_beyond_the_room_are_left_out_and_counted_and_the_figures_stay() -> None:
    events = [told(f"m{n}.py", tests=100, seed=n) for n in range(300)]
    copy = copy_of(*events, told("changed.py", in_diff=True, seed=999))
    page = one_file(document.one_file("T", copy.packed(), {}, ""))
    files = [event for event in page.events if isinstance(event, FileLinesTold)]
    assert [event.counts for event in files[:-1]] == [event.counts for event in events]
    whole = [event for event in files[:-1] if event in events]
    assert 0 < len(whole) < 300
    assert all(event.more_tests == 100 for event in files[:-1] if event not in events)
    assert files[-1].missed
    assert copy.notes()[0].startswith(f"The page leaves out the lines of {300 - len(whole)} files")


def test_files_of_most_interest_are_first_and_failures_count() -> None:
    bad = TestFinished(id="t", outcome="failed", file_path="test_x.py", line=4)
    good = TestFinished(id="u", outcome="passed", file_path="test_y.py", line=4)
    copy = copy_of(
        told("whole.py"), gap(1, "gap.py"), told("diff.py", in_diff=True),
        gap(1, "both.py", in_diff=True), bad, good,
    )  # fmt: skip
    order = sorted(copy.files, key=lambda path: copy.files[path].rank)
    assert order == ["both.py", "diff.py", "gap.py", "test_x.py", "whole.py"]


def test_a_source_that_does_not_fit_whole_is_shown_around_its_gaps_at_its_lines() -> None:
    chosen = random.Random(2)
    lines = [f"line {n} {chosen.random()}" for n in range(1, 2001)]
    files = {"a.py": Interest(lines=[(100, 101), (1500, 1500)])}
    choice = source_choice.choose(files, lambda _: "\n".join(lines).encode(), 1500)
    shown = choice.texts["a.py"].split("\n")
    assert shown[94:106] == lines[94:106]
    assert shown[1494:1505] == lines[1494:1505]
    assert len(shown) == 1505
    assert shown[0] == shown[106] == source_choice.LEFT_OUT
    assert {*shown[1:94], *shown[107:1494]} == {""}
    assert list(choice.notes()) == ["The page shows 1 file in excerpts around the gaps, for space."]


def test_a_source_that_is_not_there_is_no_matter_of_space() -> None:
    choice = source_choice.choose({"a": Interest()}, lambda _: None, 10_000)
    assert (choice.texts, list(choice.notes())) == ({}, [])


def test_sources_that_compress_to_nothing_are_bounded_all_the_same() -> None:
    files = {f"{n}.py": Interest() for n in range(100)}
    choice = source_choice.choose(files, lambda _: b" " * 1_000_000, 10_000_000)
    assert sum(map(len, choice.texts.values())) <= source_choice.ALL_TEXT
    assert choice.left_out == 100 - len(choice.texts) > 0


def test_the_room_for_lines_is_within_the_page() -> None:
    assert journal_copy.LINES_ROOM * 4 / 3 < document.LIMIT / 2
