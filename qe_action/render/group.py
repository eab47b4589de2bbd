"""Several check runs of one commit as one comment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qe_action.render.markdown import COMMENT_LIMIT, ICONS
from qe_action.render.text import cell, clip, plain, plural, size
from qe_action.render.verdict import CheckConclusion

_RANKED: tuple[CheckConclusion, ...] = ("failure", "cancelled", "neutral", "success")
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
    left = COMMENT_LIMIT - size("\n".join(head)) - 2
    bodies: dict[int, str] = {}
    for part in sorted(parts, key=_weight):
        left -= size(_details(part, _LEFT_OUT))
        if size(part.summary) - size(_LEFT_OUT) <= left:
            left -= max(size(part.summary) - size(_LEFT_OUT), 0)
            bodies[part.check_id] = part.summary
    for part in parts:
        head.append(_details(part, bodies.get(part.check_id, _LEFT_OUT)))
    return "\n".join(head)


def _title(parts: Sequence[Part], name: str, ended: int, total: int) -> str:
    if ended < total:
        return f"### ⏳ {plain(name)}: {ended} of {plural(total, 'part')} arrived"
    worst = min((part.conclusion or "neutral" for part in parts), key=_RANKED.index)
    bad = sum(part.conclusion == "failure" for part in parts)
    said = f"{bad} of {plural(total, 'part')} failed" if bad else f"{plural(total, 'part')}"
    return f"### {ICONS[worst]} {plain(name)}: {said}"


def _table(parts: Sequence[Part]) -> Iterator[str]:
    yield "| Part | Result |"
    yield "| :-- | :-- |"
    for part in parts:
        icon = ICONS[part.conclusion] if part.conclusion else "⏳"
        shown = cell(plain(clip(part.name, 100)))
        label = f"[{shown}]({part.url})" if part.url else shown
        yield f"| {label} | {icon} {cell(plain(clip(part.title, 300)))} |"


def _details(part: Part, body: str) -> str:
    title = plain(clip(part.name, 100))
    return f"<details><summary>{title}</summary>\n\n{body.strip()}\n\n</details>\n"


def _weight(part: Part) -> tuple[int, str]:
    """Failed parts get their room first."""
    return _RANKED.index(part.conclusion or "neutral"), part.name
