"""Check run, annotations and comment as the pull request would show them, in HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from html import escape

from markdown_it import MarkdownIt

from qe_action.events import Gap, TestFinished
from qe_action.render.annotations import AnnotationLevel, Words, annotation, where
from qe_action.render.executed import failure_annotation
from qe_action.render.executed_summary import tests_summary
from qe_action.render.executed_words import place_name
from qe_action.render.links import Links
from qe_action.render.markdown import Heading, check_summary, comment
from qe_action.render.marks import Mark
from qe_action.render.state import Executed, RunState
from qe_action.render.verdict import Verdict, conclude, conclude_tests, mark
from qe_action.text import clip, visible

ANNOTATIONS = 50
_CODE = re.compile(r"(?<!<pre>)<code>[^<]*</code>")
_ALIGNED = re.compile(r'<(t[hd]) style="text-align:(left|center|right)">')
"""Cells as they are rendered; the page they are shown in allows no style attributes."""
_SLASH = re.compile(r"(?<!<)/(?=[^/])(?!code>)")

_MARKS: dict[Mark, str] = {
    "success": "✓",
    "ungated": "i",
    "failure": "✕",
    "neutral": "■",
    "cancelled": "■",
}
_LEVELS: dict[AnnotationLevel, str] = {
    "notice": "Notice",
    "warning": "Warning",
    "failure": "Failure",
}

_STYLE = """
:root { color-scheme: light dark; --bg:#fff; --fg:#1f2328; --line:#d1d9e0; --head:#f6f8fa;
  --soft:#59636e; --link:#0969da; --code:#818b981f; --good:#1a7f37; --bad:#d1242f;
  --warn:#9a6700; }
@media (prefers-color-scheme: dark) { :root { --bg:#0d1117; --fg:#f0f6fc; --line:#3d444d;
  --head:#151b23; --soft:#9198a1; --link:#4493f8; --code:#656c7633; --good:#3fb950;
  --bad:#f85149; --warn:#d29922; } }
* { box-sizing: border-box }
body { margin:0; background:var(--bg); color:var(--fg); font:14px/1.5 -apple-system,"Segoe UI",
  "Noto Sans",Helvetica,Arial,sans-serif,"Noto Color Emoji" }
main { max-width:940px; margin:0 auto; padding:24px 16px 48px }
h1 { font-size:20px; margin:0 0 4px } h3 { font-size:17px; margin:0 0 12px }
.lead { color:var(--soft); margin:0 0 24px }
section { border:1px solid var(--line); border-radius:6px; margin:0 0 24px; overflow:hidden }
section > header { background:var(--head); border-bottom:1px solid var(--line);
  padding:8px 16px; color:var(--soft) }
section > header b { color:var(--fg) }
.body { padding:16px; overflow-x:auto }
a { color:var(--link); text-decoration:none } a:hover { text-decoration:underline }
table { border-collapse:collapse; margin:0 0 16px } th,td { border:1px solid var(--line);
  padding:6px 13px } tr:nth-child(even) td { background:var(--head) }
code { background:var(--code); border-radius:6px; padding:.2em .4em;
  font:85% ui-monospace,SFMono-Regular,Menlo,Consolas,monospace; overflow-wrap:break-word }
pre { background:var(--head); border-radius:6px; padding:16px; overflow-x:auto }
pre code { background:none; padding:0; overflow-wrap:normal }
summary { cursor:pointer; margin:0 0 8px } ul { padding-left:24px; margin:0 0 16px }
.mark { display:inline-block; width:20px; height:20px; line-height:20px; border-radius:50%;
  text-align:center; color:var(--bg); background:var(--soft); margin-right:8px; font-size:12px }
.mark.success { background:var(--good) } .mark.failure { background:var(--bad) }
.mark.ungated { background:var(--link) }
.note { border-left:4px solid var(--line); padding:4px 12px; margin:0 0 12px }
.note.warning { border-color:var(--warn) } .note.failure { border-color:var(--bad) }
.note p { margin:2px 0; white-space:pre-line } .where { color:var(--soft) }
"""


def preview(
    state: RunState,
    links: Links,
    heading: Heading,
    *,
    why: str = "",
    annotated: Sequence[Gap] | None = None,
    tests_name: str = "",
) -> str:
    """A fragment that brings its style; `why` says why this is a preview and no pull request.

    `annotated` are the gaps that get annotations, those in changed lines where it is not given.
    `tests_name` is the name of the tests' own check run; without one they are shown with the
    coverage.
    """
    gaps = state.in_diff[:ANNOTATIONS] if annotated is None else annotated
    none = "None was asked for." if state.in_diff else "No gap in changed lines."
    lead = f"<p class=lead>{escape(why)}</p>" if why else ""
    failures = (_failure(event) for event in state.tests.failures[:ANNOTATIONS])
    notes = "".join((*failures, *map(_annotation, gaps))) or f"<p>{none}</p>"
    checks = _checks(state, links, heading, tests_name)
    return f"""<style>{_STYLE}</style>
<main><h1>Preview: {escape(visible(heading.name))}</h1>{lead}
{checks}<section><header>Annotations</header><div class=body>{notes}</div></section>
<section><header><b>github-actions</b> bot commented</header><div class=body>
{_html(comment(state, links, heading))}</div></section>
</main>
"""


def _checks(state: RunState, links: Links, heading: Heading, tests_name: str) -> str:
    """The check runs: of the tests where they have one, and of the coverage."""
    shown = ""
    if state.tests.begun and tests_name:
        verdict = conclude_tests(state.tests)
        body = tests_summary(state, links)
        shown = _check("Check run of the tests", tests_name, verdict, verdict.conclusion, body)
        if state.result is None:
            return shown
        state = replace(state, tests=Executed())
    body = check_summary(state, links)
    return shown + _check("Check run", heading.name, conclude(state), mark(state), body)


def _check(header: str, name: str, verdict: Verdict, marked: Mark, body: str) -> str:
    return f"""<section><header>{header}</header><div class=body>
<p><span class="mark {marked}">{_MARKS[marked]}</span>
<b>{escape(visible(name))}</b> — {escape(clip(visible(verdict.title), 255))}</p>
{_html(body)}</div></section>
"""


def _html(markdown: str) -> str:
    """Our own Markdown as HTML. Text from outside in it was escaped when it was written."""
    html: str = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)
    html = _ALIGNED.sub(r'<\1 align="\2">', html)
    return _CODE.sub(lambda span: _breakable(span[0]), html)


def _breakable(html: str) -> str:
    """Text in which a line may break behind each slash; what is copied from it stays the same."""
    return _SLASH.sub("/<wbr>", html)


def _annotation(gap: Gap) -> str:
    return _note(annotation(gap), where(gap))


def _failure(event: TestFinished) -> str:
    return _note(failure_annotation(event), place_name(event))


def _note(words: Words, place: str) -> str:
    return (
        f'<div class="note {words.level}"><p><b>{_LEVELS[words.level]}</b> '
        f"<span class=where>{_breakable(escape(place))}</span></p>"
        f"<p><b>{escape(words.title)}</b></p><p>{escape(words.message)}</p></div>"
    )
