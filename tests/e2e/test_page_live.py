"""The page fed by a socket, in a real browser: what comes is shown, and no list ever jumps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import page_runs
import pytest
from page_browser import chromium, click, go, needs_chromium, opened, over, told
from page_runs import many_files, many_gaps, passed, wire
from page_server import PageServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = needs_chromium
PLACES = """() => [...document.querySelectorAll('.master .row')].map((row) =>
    [row.innerText, Math.round(row.getBoundingClientRect().top)])
    .filter(([, top]) => top > 90 && top < innerHeight)"""
SETTLED = 700  # milliseconds after which a list stands


LOWEST = """(() => {
    const list = document.querySelector('.source').getBoundingClientRect();
    const whole = [...document.querySelectorAll('.source .number')].filter(
        (each) => each.getBoundingClientRect().bottom <= list.bottom - 20);
    return whole.at(-1);
})()"""
"""The number of the last line but one that is in sight."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def server() -> Iterator[PageServer]:
    found = PageServer(page_runs.sources())
    yield found
    found.close()


def places(page: Page) -> dict[str, int]:
    """The rows in sight, and where they stand."""
    return dict(page.evaluate(PLACES))


def test_events_are_shown_as_they_come_and_the_end_is_told(
    browser: Browser, server: PageServer
) -> None:
    events = wire(page_runs.suite_events())
    with opened(browser, f"{server.url}#/tests") as page:
        server.push(events[:60])
        told(page, 60)
        assert page.inner_text("#status") == "Live"
        assert "168 of 420 tests, 1 failed" in page.inner_text("#progress")
        assert page.inner_text(".summary") == "58"
        server.push(events[60:])
        server.end()
        over(page)
        assert page.inner_text("#status") == "Finished"
        assert page.is_hidden("#progress")
        assert page.inner_text('.tab:has-text("failed") .count') == "1"
        assert page.title().startswith("2 failed")


def test_a_browser_that_loses_the_connection_goes_on_where_it_was(
    browser: Browser, server: PageServer
) -> None:
    server.push(wire(many_gaps(40)))
    with opened(browser, f"{server.url}#/gaps") as page:
        told(page, 40)
        server.drop()
        server.push(wire(many_gaps(20, first=40)))
        told(page, 60)
        assert page.inner_text(".summary") == "60"
        assert [path for path in server.asked if path.startswith("/ws")] == [
            "/ws",
            "/ws?run=first&after=40",
        ]


def test_another_run_begins_with_nothing_of_the_one_before(
    browser: Browser, server: PageServer
) -> None:
    server.push(wire(many_gaps(40)))
    with opened(browser, f"{server.url}#/gaps") as page:
        told(page, 40)
        server.anew("second")
        server.push(wire(many_gaps(3)))
        told(page, 3)
        assert page.inner_text(".summary") == "3"


def test_new_gaps_come_below_and_no_row_in_sight_moves(
    browser: Browser, server: PageServer
) -> None:
    server.push(wire(many_gaps(400)))
    with opened(browser, f"{server.url}#/gaps") as page:
        told(page, 400)
        page.wait_for_timeout(SETTLED)
        page.evaluate("document.querySelector('.master .virtual').scrollTop = 5000")
        page.wait_for_function("() => document.querySelector('.master .row').qeIndex > 50")
        before = places(page)
        for number in range(5):
            server.push(wire(many_gaps(100, first=400 + 100 * number)))
        told(page, 900)
        assert len(before) > 8
        assert places(page) == before
        assert page.inner_text(".summary") == "900"
        assert page.is_hidden(".waiting")


def test_gaps_that_would_come_between_wait_until_they_are_asked_for(
    browser: Browser, server: PageServer
) -> None:
    server.push(wire(many_gaps(400)))
    with opened(browser, f"{server.url}#/gaps?sort=worst") as page:
        told(page, 400)
        page.wait_for_timeout(SETTLED)
        before = places(page)
        server.push(wire(many_gaps(12, first=400)))
        told(page, 412)
        assert places(page) == before
        assert page.inner_text(".waiting") == "12 new"
        click(page, ".waiting")
        assert page.is_hidden(".waiting")
        assert page.inner_text(".summary") == "412"


def test_a_test_that_turns_out_flaky_changes_where_it_stands(
    browser: Browser, server: PageServer
) -> None:
    events = wire([passed(number) for number in range(30)])
    events[4] |= {"outcome": "failed", "message": "TimeoutError"}
    server.push(events)
    with opened(browser, f"{server.url}#/tests") as page:
        told(page, 30)
        page.wait_for_timeout(SETTLED)
        before = places(page)
        flaky = {"type": "flaky", "agent": "test-executor", "id": events[4]["id"], "passed_in": 2}
        server.push([flaky | {"file_path": "", "line": None, "message": "TimeoutError"}])
        told(page, 31)
        assert list(places(page).values()) == list(before.values())
        assert page.get_attribute(".row:nth-child(5) .outcome", "title") == "flaky"


def test_new_files_wait_where_they_would_push_rows_in_sight(
    browser: Browser, server: PageServer
) -> None:
    events = wire(many_files(1_000))
    server.push(events[1::2])
    with opened(browser, f"{server.url}#/files") as page:
        told(page, 500)
        click(page, "text=Unfold all")
        page.wait_for_timeout(SETTLED)
        page.evaluate("document.querySelector('.master .virtual').scrollTop = 3000")
        page.wait_for_function("() => document.querySelector('.master .row').qeIndex > 50")
        before = {row.split("\n")[0]: top for row, top in places(page).items()}
        server.push(events[::2])
        page.wait_for_selector(".waiting:visible")
        assert {row.split("\n")[0]: top for row, top in places(page).items()} == before
        click(page, ".waiting")
        assert page.inner_text(".summary") == "1,000 files"
        assert page.is_hidden(".waiting")


def test_the_source_is_fetched_and_where_there_is_none_the_lines_are_still_told(
    browser: Browser, server: PageServer
) -> None:
    server.push(wire(page_runs.coverage_events()))
    server.push(wire([page_runs.gap(9_999, "gone.py", 7)]))
    server.end()
    path = page_runs.source_paths()[0]
    with opened(browser, f"{server.url}#/files/{path}?line=12") as page:
        over(page)
        page.wait_for_selector(".source .row.chosen")
        first = server.texts[path].splitlines()[10]
        assert first in page.inner_text(".source-view")
        go(page, "#/files/gone.py")
        page.wait_for_selector("text=The source is not available here")
        assert page.locator(".source .row.missed").count() == 2


def test_the_chosen_line_is_not_hidden_by_what_is_told_of_it(
    browser: Browser, server: PageServer
) -> None:
    server.texts["tests/test_long.py"] = "assert 1\n" * 200
    server.push(wire(page_runs.coverage_events()))
    server.end()
    with opened(browser, f"{server.url}#/files/tests/test_long.py") as page:
        over(page)
        page.wait_for_selector(".source .row .number")
        low = page.evaluate(f"{LOWEST}.textContent")
        go(page, f"#/files/tests/test_long.py?line={low}")
        page.wait_for_selector(".source .row.chosen")
        assert int(page.evaluate(f"{LOWEST}.textContent")) >= int(low)
        assert "coverage unknown" in page.inner_text(".line-panel")


def test_what_comes_for_the_file_that_is_read_marks_its_lines_and_does_not_scroll_it(
    browser: Browser, server: PageServer
) -> None:
    path = page_runs.source_paths()[0]
    server.push(wire([page_runs.gap(1, path, 12)]))
    with opened(browser, f"{server.url}#/files/{path}") as page:
        told(page, 1)
        page.wait_for_selector(".source .row.missed")
        top = "document.querySelector('.source').scrollTop"
        page.evaluate(f"{top} = 400")
        page.wait_for_selector(".source .number:text-is('40')")
        server.push(wire([page_runs.gap(2, path, 40)]))
        page.wait_for_selector(".source .row.missed .number:text-is('40')")
        assert page.evaluate(top) == 400


def test_what_comes_while_another_view_is_open_is_there_when_one_comes_back(
    browser: Browser, server: PageServer
) -> None:
    server.push(wire(many_gaps(30)))
    with opened(browser, f"{server.url}#/gaps?sort=worst&sev=high") as page:
        told(page, 30)
        page.wait_for_timeout(SETTLED)
        click(page, "#tabs >> text=Overview")
        server.push(wire(many_gaps(30, first=30)))
        told(page, 60)
        click(page, "#tabs >> text=Gaps")
        assert page.is_checked("#sev-high")
        assert page.inner_text(".summary") == "15 of 60"
        assert page.is_hidden(".waiting")
