"""The page as one file, in a real browser: what it shows, filter, keys, and hostile input."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import page_runs
import pytest
from page_browser import chromium, click, go, needs_chromium, opened, over, press

from qe_action import journal
from qe_action.page import assets

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = needs_chromium
ROWS = ".master .row"
FAILED = "tests/test_orders.py::test_refund_is_refused_twice"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a report in which there is something of everything."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    whole = page_runs.document(page_runs.whole_run(), page_runs.sources(), page_runs.PREVIEW)
    path.write_text(whole, encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def page(browser: Browser, report: str) -> Iterator[Page]:
    with opened(browser, report) as found:
        over(found)
        yield found


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "report.html"
    path.write_text(text, encoding="utf-8")
    return path.as_uri()


def test_every_script_of_the_document_is_in_the_package_and_the_other_way_round() -> None:
    for name, text in assets.scripts().items():
        assert assets.index().count(f'<script src="{name}"></script>') == 1
        assert "innerHTML" not in text
        assert "insertAdjacentHTML" not in text
        assert "</script" not in text
    assert assets.index().count("<script") == len(assets.SCRIPTS)
    here = Path(assets.__file__).parent
    assert {path.name for path in here.glob("*.js")} == set(assets.SCRIPTS)


def test_the_overview_shows_figures_verdicts_errors_and_the_worst(page: Page) -> None:
    text = page.inner_text("main")
    for said in (
        "72.4%",
        "2 failed, 1 flaky",
        "3 failed, 1 of them flaky; 416 passed",
        "One file could not be read.",
        "9 more statements",
        "not judged",
        "test_refund_is_refused_twice",
        "Two files have no branches",
    ):
        assert said in text


def test_a_failure_shows_its_message_its_traceback_and_the_way_to_its_line(page: Page) -> None:
    go(page, "#/tests?out=failed")
    click(page, f"{ROWS} >> text=test_refund_is_refused_twice")
    detail = page.inner_text(".detail")
    assert "AssertionError: assert None is False" in detail
    assert ">   assert order.refund() is False" in detail
    assert "new: the base passes" in detail
    click(page, ".detail >> text=tests/test_orders.py:31")
    assert page.evaluate("location.hash").startswith("#/files/tests/test_orders.py?line=31")


@pytest.mark.parametrize(
    ("out", "says"),
    [("flaky", "passed in run 2"), ("slow", "at the base 1.10 s"), ("skipped", "needs Windows")],
)
def test_what_is_flaky_slow_or_skipped_says_why(page: Page, out: str, says: str) -> None:
    go(page, f"#/tests?out={out}")
    press(page, "j")
    assert says in page.inner_text(".detail")
    assert page.locator(ROWS).count() == 1


def test_a_gap_shows_its_source_with_lines_and_branches(page: Page) -> None:
    go(page, "#/gaps?sel=gap2")
    page.wait_for_selector(".source .row.partial")
    partial = page.inner_text(".source .row.partial >> nth=0")
    assert partial.startswith("12")
    assert "the condition on line 12 was never true" in partial
    assert page.locator(".source .row.missed").count() >= 3
    assert page.locator(".source .row.covered").count() > 10


def test_a_line_tells_the_tests_that_run_it_and_has_an_address(page: Page) -> None:
    path = page_runs.source_paths()[0]
    go(page, f"#/files/{path}")
    click(page, '.source .number:text-is("11")')
    assert "9 tests run this line; 3 tests of this file left out" in page.inner_text(".line-panel")
    assert "tests/test_part8.py::test_case_8" in page.inner_text(".line-panel")
    address = page.evaluate("location.hash")
    assert address == f"#/files/{path}?line=11"
    page.reload()
    over(page)
    page.wait_for_selector(".source .row.chosen .number:text-is('11')")


def test_a_generated_test_shows_its_code_and_its_evidence(page: Page) -> None:
    go(page, "#/generated?sel=t%3Acase1")
    detail = page.inner_text(".detail")
    assert "def test_rounds_down_1() -> None:" in detail
    assert "kills 6 of 7" in detail
    assert "12-14, 20" in detail
    go(page, "#/generated?sel=t%3Acase6")
    assert "Refused: kills nothing — 0 of 5 mutants" in page.inner_text(".detail")
    go(page, "#/generated")
    click(page, f"{ROWS} >> text=suspected bug")
    assert "'99.9%'" in page.inner_text(".detail")


def test_ranges_that_claim_more_lines_than_a_file_has_keep_nobody_waiting(page: Page) -> None:
    lines = """text => {
        let count = 0;
        QE.eachLine(QE.ranges(text), () => count++);
        return count;
    }"""
    assert page.evaluate(lines, "1-4 8 11-12") == 7
    assert page.evaluate(lines, "1-1000000 " * 50) == 1_000_000
    assert page.evaluate(lines, "5-99999999999 7") == 1_000_000


def test_a_critical_path_shows_who_reaches_it_and_its_gaps(page: Page) -> None:
    go(page, "#/critical")
    click(page, f"{ROWS} >> text=function1")
    detail = page.inner_text(".detail")
    assert "at least 30 functions reach it" in detail
    click(page, ".detail >> text=Line 32-33")
    assert "sel=gap3" in page.evaluate("location.hash")


def test_the_preview_of_the_pull_request_can_run_nothing(page: Page) -> None:
    click(page, "#tabs >> text=On the pull request")
    frame = page.frame_locator(".pull iframe")
    assert frame.locator("h1").inner_text() == "Patch 68.7%"
    assert page.get_attribute(".pull iframe", "sandbox") == ""


def test_the_filter_stands_in_the_address_and_survives_navigation_and_a_reload(page: Page) -> None:
    go(page, "#/gaps")
    page.fill("#q", "events/*.py function2")
    page.check("#sev-low")
    page.wait_for_function(
        "() => location.hash.includes('q=') && location.hash.includes('sev=low')"
    )
    some = page.locator(ROWS).count()
    assert some == 1
    assert page.inner_text(".summary").startswith("1 of ")
    click(page, "#tabs >> text=Files")
    assert page.input_value("#q") == "events/*.py function2"
    click(page, "#tabs >> text=Gaps")
    page.reload()
    over(page)
    assert page.input_value("#q") == "events/*.py function2"
    assert page.is_checked("#sev-low")
    assert page.locator(ROWS).count() == some
    click(page, "#clear")
    assert page.evaluate("location.hash") == "#/gaps"


def test_only_what_is_in_the_diff_and_what_is_not_covered_stays_where_that_is_asked_for(
    page: Page,
) -> None:
    go(page, "#/files")
    number = page.locator("#main .summary")
    assert number.inner_text() == f"{len(page_runs.source_paths())} files"
    page.check("#hide", force=True)
    page.wait_for_function("() => location.hash.includes('hide=1')")
    whole = sum(number % 5 == 4 for number in range(len(page_runs.source_paths())))
    left = len(page_runs.source_paths()) - whole
    assert number.inner_text().startswith(f"{left} of ")
    page.check("#diff", force=True)
    page.wait_for_function("() => location.hash.includes('diff=1')")
    assert int(number.inner_text().split()[0]) < left
    go(page, f"#/files/{page_runs.source_paths()[0]}?hide=1")
    page.wait_for_selector(".source .row.skipped")


def test_keys_lead_from_gap_to_gap_and_a_panel_tells_of_them(page: Page) -> None:
    press(page, "?")
    assert "Next gap, from anywhere" in page.inner_text("#help")
    press(page, "Escape")
    assert page.locator("#help").is_hidden()
    press(page, "n")
    first = page.evaluate("QE.route.sel")
    press(page, "n")
    second = page.evaluate("QE.route.sel")
    assert len({"", first, second}) == 3
    press(page, "p")
    assert page.evaluate("QE.route.sel") == first
    press(page, "j")
    assert page.evaluate("QE.route.sel") == second
    press(page, "k")
    assert page.evaluate("QE.route.sel") == first
    assert page.inner_text(".row.chosen .at") in page.inner_text(".detail h2")
    press(page, "/")
    page.keyboard.type("jk")
    page.wait_for_function("() => QE.route.q === 'jk'")
    assert page.evaluate("QE.route.sel") == first


def test_light_and_dark_follow_the_system_and_the_switch(browser: Browser, report: str) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    with opened(browser, report, scheme="dark") as page:
        assert page.evaluate(ground) == "rgb(15, 19, 24)"
        click(page, "#theme")
        assert page.evaluate(ground) == "rgb(255, 255, 255)"
        page.reload()
        assert page.evaluate(ground) == "rgb(255, 255, 255)"


def test_a_phone_shows_the_list_or_what_was_chosen_and_never_scrolls_sideways(
    browser: Browser, report: str
) -> None:
    with opened(browser, f"{report}#/gaps", width=400, height=800) as page:
        over(page)
        click(page, f"{ROWS} >> nth=2")
        assert page.is_visible(".detail h2")
        assert not page.is_visible(f"{ROWS} >> nth=0")
        click(page, ".back")
        assert page.is_visible(f"{ROWS} >> nth=0")
        for view in ("overview", "tests", "files", "critical", "generated"):
            go(page, f"#/{view}")
            assert page.evaluate("document.scrollingElement.scrollWidth") <= 400


def test_what_a_run_says_is_shown_as_text_and_never_obeyed(
    browser: Browser, tmp_path: Path
) -> None:
    evil = "<img src=x onerror=QE.hit=1><script>QE.hit=1</script>"
    bad = {"outcome": "failed", "message": evil, "traceback": evil}
    path = f"src/{evil}/__proto__/a\u202eb.py"
    events = [
        page_runs.gap(1, path, 1, function=evil, reasons=(evil,), suggested_tests=(evil,)),
        page_runs.passed(1).model_copy(update={"id": f"t::{evil}\x1b[31m", **bad}),
        page_runs.complete(notes=(evil,)),
    ]
    text = page_runs.document(events, {path: f"{evil}\nx = 1 # \u202e\n"}, f"<p>{evil}</p>")
    with opened(browser, written(tmp_path, text), refused=True) as page:
        over(page)
        for address in ("overview", "tests", "gaps?sel=gap1", "files", "pull"):
            go(page, f"#/{address}")
            press(page, "j")
        assert page.evaluate("QE.hit === undefined")
        go(page, "#/gaps?sel=gap1")
        page.wait_for_selector(".source .row")
        assert page.inner_text(".source .row >> nth=0").endswith("</script>\n2 statements missed")
        assert "⟨U+202E⟩" in page.inner_text(".source .row >> nth=1")
        assert "a⟨U+202E⟩b.py" in page.inner_text(".detail h2")
        assert page.locator("main img, main script").count() == 0


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (journal.header() + b'{"type":"gap","agent":"coverage-an', "cut off"),
        (b'{"journal":"qe-action","version":2}\n{}\n', "version 2"),
        (journal.header() + b'{"type":"new","agent":"coverage-analyzer"}\n', "1 event of a kind"),
        (b"not a journal", "cannot be read"),
    ],
    ids=["cut", "newer", "unknown event", "foreign"],
)
def test_a_journal_that_is_not_whole_or_not_ours_is_told(
    browser: Browser, tmp_path: Path, data: bytes, says: str
) -> None:
    with opened(browser, written(tmp_path, page_runs.document(data))) as page:
        page.wait_for_selector(f"text={says}")


def test_ten_thousand_gaps_keep_few_rows_in_the_document_wherever_one_scrolls(
    browser: Browser, tmp_path: Path
) -> None:
    events = [*page_runs.many_gaps(10_000), page_runs.complete(total_gaps=10_000)]
    url = written(tmp_path, page_runs.document(events))
    with opened(browser, f"{url}#/gaps") as page:
        over(page)
        assert page.inner_text(".summary") == "10,000"
        most = page.evaluate(
            """async () => {
                const list = document.querySelector('.master .virtual');
                let most = 0;
                for (let part = 0; part <= 40; part++) {
                    list.scrollTop = list.scrollHeight * part / 40;
                    await new Promise(requestAnimationFrame);
                    await new Promise(requestAnimationFrame);
                    most = Math.max(most, list.querySelectorAll('.row').length);
                }
                return most;
            }"""
        )
        assert 10 < most < 50
        last = page.locator(f"{ROWS} >> nth=-1")
        assert last.get_attribute("aria-posinset") == last.get_attribute("aria-setsize") == "10000"
        assert page.evaluate("document.querySelectorAll('*').length") < 900


def test_five_thousand_files_unfold_into_few_rows_of_the_document(
    browser: Browser, tmp_path: Path
) -> None:
    url = written(
        tmp_path, page_runs.document([*page_runs.many_files(5_000), page_runs.complete()])
    )
    with opened(browser, f"{url}#/files") as page:
        over(page)
        assert page.inner_text(".summary") == "5,000 files"
        click(page, "text=Unfold all")
        assert page.evaluate("document.querySelector('.space').clientHeight") > 5_000 * 28
        page.evaluate("document.querySelector('.master .virtual').scrollTop = 90000")
        page.wait_for_function("() => document.querySelector('.master .row').qeIndex > 3000")
        assert page.locator(ROWS).count() < 60
