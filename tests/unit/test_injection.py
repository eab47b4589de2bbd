"""Whole documents of hostile events through GitHub's own Markdown engine.

What is shown may hold any text, and is to have the structure, the links and the HTML that the
same events have with harmless words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser

import pytest
from hostile import NASTY, TEXT
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from inert import Shown, assert_inert, rendered

from qe_action.events import (
    AnalysisComplete,
    AnalyzerError,
    AnalyzerProgress,
    Anchor,
    Baseline,
    BugSuspected,
    Counts,
    CriticalPath,
    Deltas,
    Event,
    Evidence,
    FileSummary,
    Gap,
    GapFound,
    GateResult,
    GenerationComplete,
    GeneratorError,
    GeneratorProgress,
    IndirectChange,
    Measured,
    ModelUse,
    SuspectedBug,
    TestCase,
)
from qe_action.proposal.branch_mark import PullMark, branch_name, read_pull_mark
from qe_action.render.annotations import annotation
from qe_action.render.check_group import Part, group_comment
from qe_action.render.html import preview
from qe_action.render.links import Links
from qe_action.render.markdown import COMMENT_LIMIT, Heading, check_summary, comment, job_summary
from qe_action.render.marker import Marker, place_of
from qe_action.render.pull_text import PullText, body
from qe_action.render.review import review_body, review_comment
from qe_action.render.state import Proposal, RunState
from qe_action.text import size

SERVER = "https://ghe.example.org"
RUN = f"{SERVER}/octo/demo/actions/runs/42"
LINKS = Links(SERVER, "octo/demo", "f" * 40, RUN)
MARKER = Marker(place_of("qe-action coverage"), 42, 1, "f" * 40).line
HEADING = Heading("qe-action coverage", MARKER)
SLOTS = 42
COUNTS = Counts(statements=10, covered=7, branches=4, covered_branches=2)
CONCLUSIONS = ("running", "testing", "finished", "failed", "cancelled")

Words = Callable[[int], str]


def events(word: Words, how: str) -> Iterator[Event]:
    """A run in which every text from outside is a word of its own."""
    yield AnalyzerProgress(percent=45, message=word(0), files_analyzed=12)
    for number, in_diff in enumerate((True, True, False)):
        yield GapFound(gap=gap(word, number, in_diff=in_diff))
    yield CriticalPath(path=word(9), impact="high", reasons=(word(10), word(11)), callers=14)
    if how == "running":
        return
    if how not in ("testing", "finished"):
        yield AnalyzerError(message=word(12), hint=word(13))
    yield AnalysisComplete(
        conclusion="finished" if how == "testing" else how,  # type: ignore[arg-type]
        overall_coverage=70.0,
        line_coverage=70.0,
        branch_coverage=50.0,
        function_coverage=None,
        patch_coverage=64.2,
        totals=COUNTS,
        patch=COUNTS,
        total_gaps=3,
        gaps_in_diff=2,
        files=(
            FileSummary(path=word(1), counts=COUNTS, patch=COUNTS, gaps=2, delta=0.1),
            FileSummary(path=word(14), counts=COUNTS, patch=COUNTS),
        ),
        total_files=2,
        gates=(
            GateResult(name=word(15), threshold=80, passed=False, detail=word(16)),
            GateResult(name="patch coverage", threshold=80, passed=None, detail=word(17)),
        ),
        measured=Measured(tree="merge", sha="a" * 40, base_sha="b" * 40),
        baseline=Baseline(sha="c" * 40, commits_before=3, detail="files", totals=COUNTS),
        deltas=Deltas(overall=-1.8, line=-2.04, branch=0.0),
        indirect=(
            IndirectChange(path=word(18), before=COUNTS, now=None, lost=2),
            IndirectChange(path=word(19), before=COUNTS, now=COUNTS, lost=1),
        ),
        indirect_total=2,
        indirect_lost=3,
        notes=(word(20), word(21)),
        analysis_time_ms=1234,
    )
    if how in ("testing", "finished"):
        yield from generation(word, how)


def generation(word: Words, how: str) -> Iterator[Event]:
    """Tests of which every text is a word, as a fork's journal may have them."""
    bug = SuspectedBug(
        file_path=word(24), function=word(25), example=word(26), expected=word(27), got=word(28)
    )
    yield GeneratorProgress(percent=40, message=word(29), count=1, total=10)
    yield BugSuspected(bug=bug)
    yield GeneratorError(message=word(30), hint=word(31), recoverable=True)
    if how == "testing":
        return
    yield GenerationComplete(
        tests=tuple(case(word, number) for number in range(3)),
        total=3,
        coverage_before=40.0,
        coverage_estimate=60.0,
        notes=(word(32),),
        suspicions=(bug,),
        rejected={word(33): 2, "flaky": 1},
        by_generator={word(40): 2, "llm": 1},
        model=ModelUse(model=word(41), requests=2, input_tokens=None),
        framework="pytest",
        test_type="unit",
    )


def case(word: Words, number: int) -> TestCase:
    """Two of one file, one of another; the last without evidence."""
    evidence = Evidence(
        lines=(1, 2), branches=("1->2", word(34)), runs=5, pythons=(word(35),), suite=word(36)
    )
    return TestCase(
        id=str(number),
        test_name=word(37),
        test_code=f"{word(38)}\n{word(39)}\n```\n    {word(38)}",
        framework="pytest",
        test_type="unit",
        imports=(word(38), f"from a import {word(39)}"),
        path=word(number // 2),
        target=f"{word(1)}::f",
        generator=word(40),
        evidence=evidence if number < 2 else None,
    )


def gap(word: Words, number: int, *, in_diff: bool) -> Gap:
    partial = number == 1
    return Gap(
        id=f"{number}",
        file_path=word(1),
        line_start=number + 1,
        line_end=number + 1,
        gap_type="partial" if partial else "uncovered",
        severity="medium",
        function=word(2 + number),
        in_diff=in_diff,
        anchor=Anchor(
            path=word(1),
            line_start=number + 1,
            line_end=number + 1,
            branch_words=(f"never `{word(5)}` or {word(6)}",) if partial else (),
        ),
        statements=0 if partial else 3,
        reasons=(word(7), f"{word(8)} {number}"),
        suggested_tests=(f"Call `{word(22)}` with {word(23)}.",),
        covered_by=(word(9),),
    )


def state(words: list[str], how: str) -> RunState:
    folded = RunState()
    for event in events(lambda slot: words[slot], how):
        folded.fold(event)
    if how == "finished":
        folded.proposal = Proposal(
            url=f"{SERVER}/octo/demo/pull/9",
            number=9,
            reason=words[20],
            patch=f"+{words[38]}\n```\n {words[39]}\n",
            file=words[21],
            remarks=(words[37],),
        )
    return folded


def harmless() -> list[str]:
    return [f"word{chr(97 + n // 20)}{chr(97 + n % 20)}" for n in range(SLOTS)]


DOCUMENTS: dict[str, Callable[[RunState], str]] = {
    "comment": lambda found: comment(found, LINKS, HEADING),
    "check": lambda found: check_summary(found, LINKS),
    "job": lambda found: job_summary(found, LINKS, Heading("qe-action coverage")),
}


def pull_body(words: list[str]) -> str:
    """The body of a pull request with tests, as far as they are hostile."""
    found = state(words, "finished")
    result = found.generation.result
    assert result is not None
    text = PullText(7, "f" * 40, branch_name(7), result, result.tests, (words[20],))
    return body(text, PullMark(7, "f" * 40).line, found, LINKS)


def inert(shown: Shown, *, comments: int) -> None:
    assert_inert(shown, comments=comments, home=f"{SERVER}/octo/demo", sha="f" * 40, run=RUN)


# Not made smaller: a document of 24 texts takes minutes for that, and says enough as it is.
QUICK = settings(max_examples=25, deadline=None, phases=(Phase.explicit, Phase.generate))
hostile_words = st.lists(TEXT, min_size=SLOTS, max_size=SLOTS, unique=True)


@pytest.mark.parametrize("how", CONCLUSIONS)
@pytest.mark.parametrize("name", DOCUMENTS)
@QUICK
@given(hostile_words)
def test_a_document_of_hostile_text_is_one_of_harmless_text(
    name: str, how: str, words: list[str]
) -> None:
    document = DOCUMENTS[name](state(words, how))
    shown = rendered(document)
    expected = rendered(DOCUMENTS[name](state(harmless(), how)))
    assert shown.blocks == expected.blocks
    assert len(shown.links) == len(expected.links)
    inert(shown, comments=1 if name == "comment" else 0)
    if name == "comment":
        first, _, rest = document.partition("\n")
        assert first == HEADING.marker
        blocks = re.compile(r"^(`{3,})(?:python|diff)$.*?^\1$", re.MULTILINE | re.DOTALL)
        assert not re.search("^<!--", blocks.sub("", rest), re.MULTILINE)


def bodies_alike(words: list[str]) -> None:
    document, harmless_one = pull_body(words), pull_body(harmless())
    shown, expected = rendered(document), rendered(harmless_one)
    assert shown.blocks == expected.blocks
    assert len(shown.links) == len(expected.links)
    inert(shown, comments=1)
    assert read_pull_mark(document) == PullMark(7, "f" * 40)


@QUICK
@given(hostile_words)
def test_a_pull_request_with_hostile_tests(words: list[str]) -> None:
    bodies_alike(words)


@pytest.mark.parametrize("text", NASTY)
def test_each_nasty_text_is_inert_in_a_pull_request(text: str) -> None:
    bodies_alike([f"{text} {number}" for number in range(SLOTS)])


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_nasty_text_is_inert_in_every_place(name: str, text: str) -> None:
    words = [f"{text} {number}" for number in range(SLOTS)]
    for how in CONCLUSIONS:
        found = state(words, how)
        shown = rendered(DOCUMENTS[name](found))
        assert shown.blocks == rendered(DOCUMENTS[name](state(harmless(), how))).blocks
        inert(shown, comments=1 if name == "comment" else 0)


def grouped(words: list[str], how: str) -> str:
    """A comment of three parts, whose names come from a workflow's matrix."""
    conclusions = ("failure", "success", None)
    parts = [
        Part(
            check_id=number,
            key=(42, 1),
            name=f"{words[number]} {number}",
            title=words[3 + number],
            url=RUN,
            conclusion=conclusion,  # type: ignore[arg-type]
            summary=check_summary(state(words, how), LINKS),
        )
        for number, conclusion in enumerate(conclusions)
    ]
    return group_comment(parts, words[6], MARKER, 4)


@pytest.mark.parametrize("how", CONCLUSIONS)
@QUICK
@given(hostile_words)
def test_a_group_s_comment_of_hostile_text(how: str, words: list[str]) -> None:
    document = grouped(words, how)
    shown, expected = rendered(document), rendered(grouped(harmless(), how))
    assert shown.blocks == expected.blocks
    assert len(shown.links) == len(expected.links)
    inert(shown, comments=1)
    assert document.startswith(f"{MARKER}\n")


@QUICK
@given(hostile_words)
def test_review_comments_of_hostile_text(words: list[str]) -> None:
    def said(words: list[str]) -> list[str]:
        gaps = state(words, "finished").gaps
        body = review_body(words[0], in_diff=3, shown=2, outside=1)
        return [body, *map(review_comment, gaps)]

    for document, harmless_one in zip(said(words), said(harmless()), strict=True):
        shown = rendered(document)
        assert shown.blocks == rendered(harmless_one).blocks
        assert shown.links == []
        inert(shown, comments=0)


class Page(HTMLParser):
    """The tags of a page, with all that could run or load something."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert tag not in ("script", "img", "iframe", "object", "form")
        for name, value in attrs:
            assert not name.startswith("on")
            assert name not in ("src", "style") or tag == "th" or tag == "td"
            if name == "href":
                self.links.append(value or "")


@QUICK
@given(hostile_words)
def test_a_preview_of_hostile_text_is_one_of_harmless_text(words: list[str]) -> None:
    shown = Page(preview(state(words, "finished"), LINKS, HEADING, why="Nothing was sent."))
    expected = Page(preview(state(harmless(), "finished"), LINKS, HEADING, why="Nothing was sent."))
    inline = (*Shown.INLINE, "wbr")
    blocks = [tag for tag in shown.tags if tag not in inline]
    assert blocks == [tag for tag in expected.tags if tag not in inline]
    assert len(shown.links) == len(expected.links)
    assert all(link.startswith(f"{SERVER}/octo/demo/") for link in shown.links)


@given(hostile_words)
@settings(deadline=None)
def test_an_annotation_has_only_the_lines_that_are_ours(words: list[str]) -> None:
    """It is shown as it is, without Markdown: line ends are what could mislead."""
    for number, in_diff in enumerate((True, True, False)):
        shown = annotation(gap(lambda slot: words[slot], number, in_diff=in_diff))
        expected = annotation(gap(lambda slot: harmless()[slot], number, in_diff=in_diff))
        assert len(shown.message.splitlines()) == len(expected.message.splitlines())
        assert len(shown.title.splitlines()) == 1


def crowded(how: str) -> RunState:
    """More than a comment can hold although every list is cut: 600 gates and notes."""
    found = state(harmless(), how)
    assert found.result is not None
    gates = tuple(
        GateResult(name=f"gate {n}", threshold=1, passed=True, detail="x" * 150) for n in range(300)
    )
    notes = tuple(f"note {n} {'y' * 250}" for n in range(300))
    found.result = found.result.model_copy(update={"gates": gates, "notes": notes})
    return found


@pytest.mark.parametrize("how", ["finished", "failed", "cancelled"])
def test_a_document_that_has_to_be_cut_keeps_its_structure_and_its_link(how: str) -> None:
    text = comment(crowded(how), LINKS, HEADING)
    assert size(text) <= COMMENT_LIMIT
    shown = rendered(text)
    assert shown.blocks.count("details") == shown.blocks.count("/details")
    assert RUN in shown.links
    assert "left out" in shown.text
    inert(shown, comments=1)


@pytest.mark.parametrize("how", CONCLUSIONS)
def test_every_state_links_to_its_run(how: str) -> None:
    """GitHub files a check run under any workflow: the link is how its own one is found."""
    for document in DOCUMENTS.values():
        assert RUN in rendered(document(state(harmless(), how))).links
    assert f"[run]({RUN})" in check_summary(RunState(), LINKS)
