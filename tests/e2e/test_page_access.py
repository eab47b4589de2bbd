"""The page for who can't see it, or not well: axe finds nothing serious in any view."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import page_runs
import pytest
from page_browser import chromium, go, needs_chromium, opened, over

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = needs_chromium
FAILED = "tests%2Ftest_orders.py%3A%3Atest_refund_is_refused_twice"
VIEWS = (
    "overview",
    f"tests?sel={FAILED}",
    "gaps?sel=gap2&line=12",
    "files",
    f"files/{page_runs.source_paths()[0]}?line=12",
    "critical",
    "generated?sel=t%3Acase1",
    "generated?sel=t%3Acase6&q=test",
    "pull",
)

OPTIONS = {"runOnly": ["wcag2a", "wcag2aa", "best-practice"], "resultTypes": ["violations"]}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "report.html"
    whole = page_runs.document(page_runs.whole_run(), page_runs.sources(), page_runs.PREVIEW)
    path.write_text(whole, encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (1280, "light"),
        (400, "dark"),
        pytest.param(1280, "dark", marks=pytest.mark.slow),
        pytest.param(400, "light", marks=pytest.mark.slow),
    ],
)
def test_axe_finds_nothing_serious(browser: Browser, report: str, width: int, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    found = []
    with opened(browser, report, width=width, height=560, scheme=scheme) as page:
        over(page)
        for view in VIEWS:
            go(page, f"#/{view}")
            page.wait_for_timeout(100)
            result = Axe().run(page, options=OPTIONS)
            found += [
                (view, each["id"], each["nodes"][0]["html"], each["nodes"][0]["failureSummary"])
                for each in result.response["violations"]
                if each["impact"] in ("serious", "critical")
            ]
    assert found == []
