"""Several check runs of one commit as one comment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qe_action.render.markdown import COMMENT_LIMIT, retold_mark
from qe_action.render.marks import ICONS, RANKED, CheckConclusion
from qe_action.text import cell, clip, in_html, plain, plural, size

_LEFT_OUT = "Left out here, see the check run.\n"


@dataclass(frozen=True, slots=True)
class Part:
    """A part's check run: `conclusion` is None while it runs, `summary` its Markdown, ours.

    `key` is the run that made it, and that run's attempt.
    """

    check_id: int
    key: tuple[int, int]
    name: str
    title: str
    url: str
    conclusion: CheckConclusion | None
    summary: str


def group_comment(parts: Sequence[Part], name: str, marker: str, expected: int | None) -> str:
    """The comment of a group: a row for each part, then what each of them says.

    `expected` is how many parts there will be, None where that was not said. There is a
    verdict once all of them have ended. Parts that don't fit are left to their check runs.
    """
    ended = sum(part.conclusion is not None for part in parts)
    total = max(expected or 0, len(parts))
    head = [marker, _title(parts, name, ended, total), "", *_table(parts), ""]
    if expected is not None and len(parts) > expected:
        head += [f"{plural(len(parts), 'part')}, and expect-parts says {expected}.", ""]
    bodies = _bodies(parts, COMMENT_LIMIT - size("\n".join(head)))
    head += [_details(part, bodies[part.check_id]) for part in parts if part.check_id in bodies]
    return "\n".join(head)


def _bodies(parts: Sequence[Part], left: int) -> dict[int, str]:
    """What stands below the table by check run, in at most `left` characters.

    First each part has its place, then as many have their summaries as there is room for.
    """
    bodies: dict[int, str] = {}
    by_weight = sorted(parts, key=_weight)
    for part in by_weight:
        length = size(_details(part, _LEFT_OUT)) + 1
        if length <= left:
            left -= length
            bodies[part.check_id] = _LEFT_OUT
    for part in by_weight:
        more = size(part.summary) - size(_LEFT_OUT)
        if more <= left and part.check_id in bodies:
            left -= max(more, 0)
            bodies[part.check_id] = part.summary
    return bodies


def _title(parts: Sequence[Part], name: str, ended: int, total: int) -> str:
    if ended < total:
        return f"### ⏳ {plain(name)}: {ended} of {plural(total, 'part')} arrived"
    worst = min((part.conclusion or "neutral" for part in parts), key=RANKED.index)
    bad = sum(part.conclusion == "failure" for part in parts)
    said = f"{bad} of {plural(total, 'part')} failed" if bad else f"{plural(total, 'part')}"
    marks = {retold_mark(part.conclusion, part.summary) for part in parts if part.conclusion}
    icon = ICONS["ungated" if worst == "success" and "success" not in marks else worst]
    return f"### {icon} {plain(name)}: {said}"


def _table(parts: Sequence[Part]) -> Iterator[str]:
    yield "| Part | Result |"
    yield "| :-- | :-- |"
    left = COMMENT_LIMIT // 2
    rows: dict[int, str] = {}
    for part in sorted(parts, key=_weight):
        row = _row(part)
        left -= size(row) + 1
        if left >= 0:
            rows[part.check_id] = row
    yield from (rows[part.check_id] for part in parts if part.check_id in rows)
    if len(rows) < len(parts):
        yield f"\n{plural(len(parts) - len(rows), 'more part')}: see the check runs."


def _row(part: Part) -> str:
    icon = ICONS[retold_mark(part.conclusion, part.summary)] if part.conclusion else "⏳"
    shown = cell(plain(clip(part.name, 100)))
    label = f"[{shown}]({part.url})" if part.url else shown
    return f"| {label} | {icon} {cell(plain(clip(part.title, 300)))} |"


def _details(part: Part, body: str) -> str:
    title = in_html(clip(part.name, 100))
    return f"<details><summary>{title}</summary>\n\n{body.strip()}\n\n</details>\n"


def _weight(part: Part) -> tuple[int, str]:
    """Failed parts get their room first."""
    return RANKED.index(part.conclusion or "neutral"), part.name
