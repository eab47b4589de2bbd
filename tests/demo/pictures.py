"""The pictures of README and pages, out of real runs: `make pictures`, or some of them by name.

By hand: python tests/demo/pictures.py [NAME …]

Nothing in them is drawn: a page is made of what a run said, and Chromium of this machine takes the
picture. A further one is a function that gives a page, and its line in `PICTURES`.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from html import escape
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from comment_states import LINKS, moments
from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text
from run_demo import SUITE, _environment, make_repository

from qe_action import journal
from qe_action.events import GapFound, TestFinished
from qe_action.render.annotations import annotation, where
from qe_action.render.executed import failure_annotation
from qe_action.render.executed_words import place_name
from qe_action.render.html import _MARKS, _STYLE, _html, _note
from qe_action.render.markdown import Heading, comment
from qe_action.render.marks import ICONS, RUNNING
from qe_action.render.state import RunState

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / ".github/images"
CHROMIUM = "/usr/bin/chromium"
LIMIT = 150_000
"""Bytes that a picture stays below."""
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
STYLE = f"""{_STYLE}
body {{ width: max-content }} main {{ width: 860px; padding: 12px }}
section {{ margin: 0 0 12px }} section:last-child {{ margin: 0 }}
.lead {{ margin: 0 0 6px }}
.mark {{ vertical-align: text-bottom }} pre code {{ white-space: pre-wrap }}
.cut {{ overflow: hidden; mask: linear-gradient(#000 85%, #0000) }}
.body > :last-child {{ margin-bottom: 0 }}
pre.terminal {{ margin: 0; padding: 0; background: none;
  font: 12px/1.35 "DejaVu Sans Mono", Menlo, Consolas, monospace }}
"""
SIGNS = {RUNNING: ("neutral", "…")} | {ICONS[kind]: (kind, sign) for kind, sign in _MARKS.items()}
"""Emoji as the preview's own marks: not each machine has a font for them."""
DARK = TerminalTheme(
    (13, 17, 23),
    (230, 237, 243),
    [(72, 79, 88), (255, 123, 114), (63, 185, 80), (210, 153, 34),
     (88, 166, 255), (188, 140, 255), (57, 197, 207), (177, 186, 196)],
)  # fmt: skip
HEADING = Heading("qe-action coverage")
GENERATE = ("--generate-tests", "--max-tests", "3", "--time-budget", "150")


class Run(NamedTuple):
    """What a run left: its journal's events, and what it printed."""

    state: RunState
    events: tuple[journal.Event, ...]
    printed: str


class Picture(NamedTuple):
    """A page's body and how it is taken; it ends at `height` pixels, or where it is 0 is whole."""

    body: Callable[[], str]
    schemes: tuple[str, ...] = ("light", "dark")
    height: int = 0


@cache
def shop() -> Run:
    """The demo's pull request, with tests made for its gaps."""
    with tempfile.TemporaryDirectory(prefix="qe-action-demo-") as folder:
        repo, environment = Path(folder) / "shop", _environment(Path(folder))
        make_repository(repo, environment)
        options = ("--base", "main", "--journal", "found.jsonl", "--sandbox", "off", *GENERATE)
        return _run(("test", *options, "--color", "always", "--", *SUITE), repo, environment)


@cache
def ourselves() -> Run:
    """This package, as a few of its own tests cover it."""
    with tempfile.TemporaryDirectory(prefix="qe-action-demo-") as folder:
        environment = {**_environment(Path(folder)), "COVERAGE_FILE": f"{folder}/.coverage"}
        tests = [f"tests/unit/test_{name}.py" for name in ("cobertura", "gaps", "text", "diff")]
        report = Path(folder) / "coverage.xml"
        measured = ("-q", "--cov=qe_action", "--cov-branch", f"--cov-report=xml:{report}")
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *measured, *tests]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
        found = f"{folder}/found.jsonl"
        return _run(("analyze", report, "--journal", found), ROOT, environment)


def _run(command: tuple[str | Path, ...], folder: Path, environment: dict[str, str]) -> Run:
    """The program with a journal; it may exit with 1 for what it found."""
    wide = {**environment, "COLUMNS": "104", "FORCE_COLOR": "1", "PY_COLORS": "0"}
    program = [sys.executable, "-m", "qe_action", *map(str, command)]
    done = subprocess.run(
        program, cwd=folder, env=wide, check=False, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stdout
    lines = (folder / str(command[command.index("--journal") + 1])).read_bytes().splitlines(True)
    state = RunState()
    events = tuple(journal.decode(lines))
    for event in events:
        state.fold(event)
    return Run(state, events, done.stdout)


@cache
def _states() -> list[tuple[str, str]]:
    return asyncio.run(moments())


def the_comment() -> str:
    """The comment of the demo's pull request, its lists collapsed."""
    return _commented(comment(shop().state, LINKS, HEADING))


def while_they_run() -> str:
    """The comment after the first failure and at the end of a suite."""
    (_, first), _, (_, last) = _states()
    captions = ("After the first failure, while the other tests run", "At the end")
    pairs = zip(captions, (first, last), strict=True)
    return "".join(f"<p class=lead>{caption}</p>{_commented(text)}" for caption, text in pairs)


def annotations() -> str:
    """The annotations of the demo's gaps as the files of the pull request show them."""
    gaps = [event.gap for event in shop().events if isinstance(event, GapFound)]
    worst = sorted(gaps, key=lambda gap: ("critical", "high", "medium", "low").index(gap.severity))
    notes = "".join(_note(annotation(gap), where(gap)) for gap in worst[:3])
    failed = [e for e in shop().events if isinstance(e, TestFinished) and e.bad][:1]
    notes += "".join(_note(failure_annotation(test), place_name(test)) for test in failed)
    return f"<section><header>Annotations</header><div class=body>{notes}</div></section>"


def generated() -> str:
    """What the comment says of the tests that were made, unfolded."""
    text = comment(shop().state, LINKS, HEADING)
    return _commented(_part(text, "**Generated tests", "gaps in changed lines"), unfold=True)


def critical_paths() -> str:
    """What the comment says of critical paths in this package, unfolded."""
    text = comment(ourselves().state, LINKS, HEADING)
    return _commented(_part(text, "critical path", "gap"), unfold=True)


def terminal() -> str:
    """What the run printed, in its colours."""
    said = Text.from_ansi(shop().printed)
    console = Console(record=True, width=104, file=StringIO())
    console.print(said)
    shown = console.export_html(
        theme=DARK, inline_styles=True, code_format="<pre class=terminal>{code}</pre>"
    )
    return f"<section><header>Terminal</header><div class=body>{shown}</div></section>"


PICTURES: dict[str, Picture] = {
    "comment": Picture(the_comment),
    "tests": Picture(while_they_run, height=880),
    "annotations": Picture(annotations, ("light",)),
    "generated": Picture(generated),
    "critical-paths": Picture(critical_paths, ("light",), height=420),
    "terminal": Picture(terminal, ("dark",), height=700),
}


def _commented(markdown: str, *, unfold: bool = False) -> str:
    """Markdown as a comment of the bot's."""
    shown = _html(markdown)
    for emoji, (kind, sign) in SIGNS.items():
        shown = shown.replace(emoji, f'<span class="mark {kind}">{sign}</span>')
    if unfold:
        shown = shown.replace("<details>", "<details open>")
    author = "<header><b>github-actions</b> bot commented</header>"
    return f"<section>{author}<div class=body>{shown}</div></section>"


def _part(markdown: str, first: str, last: str) -> str:
    """The blocks from the one that has `first` up to the one whose summary has `last`."""
    blocks = re.split(r"\n{2,}(?=<details>|\*\*)", markdown)
    start = next(n for n, block in enumerate(blocks) if first in block.split("\n\n")[0])
    rest = (n for n in range(start + 1, len(blocks)) if last in blocks[n].split("\n\n")[0])
    return "\n\n".join(blocks[start : next(rest, len(blocks))])


def page(body: str, height: int) -> str:
    """A whole page."""
    if height:
        body = f"<div class=cut style='max-height:{height}px'>{body}</div>"
    return f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><main>{body}</main>"


def main(names: list[str]) -> None:
    """Take them; one that is larger than it may be is an error."""
    unknown = set(names) - PICTURES.keys()
    if unknown:
        sys.exit(f"There is no picture {escape(', '.join(sorted(unknown)))}.")
    bodies = {name: PICTURES[name].body() for name in names or PICTURES}
    with sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        for name, body in bodies.items():
            for scheme in PICTURES[name].schemes:
                sheet = browser.new_page(viewport={"width": 900, "height": 600})
                sheet.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
                sheet.set_content(page(body, PICTURES[name].height))
                path = IMAGES / f"{name}-{scheme}.png"
                sheet.locator("main").screenshot(path=path, animations="disabled")
                sheet.close()
                print(f"{path.name}: {path.stat().st_size:,} bytes")
        browser.close()
    large = [path.name for path in IMAGES.glob("*.png") if path.stat().st_size >= LIMIT]
    if large:
        sys.exit(f"Too large for a page: {', '.join(large)}.")


if __name__ == "__main__":
    main(sys.argv[1:])
