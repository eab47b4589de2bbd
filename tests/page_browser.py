"""The system's Chromium, driven by Playwright; no browser is ever downloaded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
FOLLOWED = "() => new Promise((done) => setTimeout(() => requestAnimationFrame(done), 20))"
needs_chromium = pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; ended with the block."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(
    browser: Browser,
    url: str,
    width: int = 1280,
    height: int = 800,
    scheme: str = "light",
    refused: bool = False,
) -> Iterator[Page]:
    """A page without a past; what goes wrong in it fails the test, unless it is to be `refused`."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    context.set_default_timeout(10_000)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
    try:
        page.goto(url)
        yield page
        # A connection that is cut and a source that is not there are for the browser to tell.
        left = [line for line in wrong if "WebSocket" not in line and "404" not in line]
        assert refused or not left, left
    finally:
        context.close()


def over(page: Page) -> None:
    """Waits until the run is over and all of it is drawn."""
    page.wait_for_function(
        "() => QE.state.over && QE.state.events && document.documentElement.dataset.idle === 'true'"
    )


def told(page: Page, events: int) -> None:
    """Waits until this many events are drawn."""
    page.wait_for_function(f"() => document.documentElement.dataset.events === '{events}'")


def go(page: Page, address: str) -> None:
    """Another address in the same document, and what follows from it."""
    page.evaluate("address => { location.hash = address }", address)
    page.evaluate(FOLLOWED)


def click(page: Page, what: str) -> None:
    """A click, and what follows from it: a new address is heard of a little later."""
    page.click(what)
    page.evaluate(FOLLOWED)


def press(page: Page, key: str) -> None:
    """A key, and what follows from it."""
    page.keyboard.press(key)
    page.evaluate(FOLLOWED)
