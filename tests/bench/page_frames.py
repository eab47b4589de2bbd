"""How fast the page is: `.venv/bin/python tests/bench/page_frames.py` on an idle machine.

Prints when a report of 10,000 gaps can be used and the frames while 200 events a second come.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import page_runs
from page_browser import chromium, opened, over
from page_server import PageServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

GAPS = 10_000
RATE = 200
SECONDS = 6
READY = """() => new Promise((done) => {
    const look = () => {
        const row = document.querySelector('.master .row a');
        if (!row) return requestAnimationFrame(look);
        const first = performance.now();
        const whole = () => (document.documentElement.dataset.idle === 'true'
            && QE.state.gaps.length >= WANTED
            ? done([first, performance.now()]) : requestAnimationFrame(whole));
        whole();
    };
    look();
})"""
WATCH = """() => {
    QE.deltas = [];
    let last = performance.now();
    const tick = (now) => { QE.deltas.push(now - last); last = now; requestAnimationFrame(tick); };
    requestAnimationFrame(tick);
}"""


def ready(browser: Browser, url: str, name: str) -> None:
    """When the first gap can be clicked, and when all of them are there."""
    found = []
    for _ in range(5):
        with opened(browser, f"{url}#/gaps") as page:
            found.append(page.evaluate(READY.replace("WANTED", str(GAPS))))
    first, whole = (median(each[n] for each in found) for n in (0, 1))
    worst = max(each[1] for each in found)
    print(f"{name}: first rows {first:.0f} ms, all {whole:.0f} ms (median of 5), worst {worst:.0f}")


def frames(browser: Browser, view: str, history: int) -> None:
    """The time between frames while events come one by one."""
    server = PageServer()
    server.push(page_runs.wire(page_runs.many_gaps(history)))
    more = page_runs.wire(
        event
        for number in range(RATE * SECONDS // 2)
        for event in (
            page_runs.passed(number),
            *page_runs.many_gaps(1, first=history + number),
        )
    )
    with opened(browser, f"{server.url}#/{view}") as page:
        page.wait_for_function(f"() => QE.state.gaps.length >= {history}")
        page.wait_for_timeout(1500)
        page.evaluate(WATCH)
        begun = time.monotonic()
        for number, event in enumerate(more):
            server.push([event])
            time.sleep(max(0, begun + number / RATE - time.monotonic()))
        took = time.monotonic() - begun
        page.wait_for_function(f"() => QE.state.events === {history + len(more)}")
        deltas = page.evaluate("QE.deltas")
    server.close()
    late = sum(delta > 25 for delta in deltas)
    print(
        f"{view}, {history} gaps before: {len(more) / took:.0f} events/s, {len(deltas)} frames, "
        f"median {median(deltas):.1f} ms, worst {max(deltas):.1f} ms, {late} later than 25 ms"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        path = Path(folder) / "report.html"
        events = [*page_runs.many_gaps(GAPS), page_runs.complete()]
        path.write_text(page_runs.document(events), encoding="utf-8")
        print(f"a report of {GAPS} gaps: {path.stat().st_size / 1e6:.2f} MB")
        ready(browser, path.as_uri(), "report")
        server = PageServer()
        server.push(page_runs.wire(events))
        ready(browser, server.url, "live")
        server.close()
        with opened(browser, f"{path.as_uri()}#/gaps") as page:
            over(page)
            page.evaluate(WATCH)
            page.evaluate(
                """async () => {
                    const list = document.querySelector('.master .virtual');
                    for (let part = 0; part < 300; part++) {
                        list.scrollTop += 500;
                        await new Promise(requestAnimationFrame);
                    }
                }"""
            )
            deltas = page.evaluate("QE.deltas")
        print(f"scrolling: median {median(deltas):.1f} ms, worst {max(deltas):.1f} ms")
        for view in ("overview", "gaps", "gaps?sort=worst", "tests", "files"):
            frames(browser, view, 9_000)


if __name__ == "__main__":
    main()
