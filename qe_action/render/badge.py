"""The project's coverage as a badge: a picture, and JSON for an endpoint badge of shields.io."""

from __future__ import annotations

import json
from typing import NamedTuple

from qe_action.events import AnalysisComplete
from qe_action.text import percent

LABEL = "coverage"
UNKNOWN = "unknown"


class Colour(NamedTuple):
    """A colour by the name that shields.io knows it by, and as the picture has it."""

    name: str
    code: str


GREY = Colour("lightgrey", "#6e7781")
RED = Colour("red", "#c4351e")
STEPS: tuple[tuple[int, Colour], ...] = (
    (90, Colour("brightgreen", "#1a7f37")),
    (80, Colour("green", "#4f7a00")),
    (70, Colour("yellowgreen", "#6b7200")),
    (60, Colour("yellow", "#8a6a00")),
    (50, Colour("orange", "#b35900")),
)
"""The least percentage of each colour; below the last it is red. White text reads on all."""


def measured(result: AnalysisComplete | None) -> float | None:
    """The project's coverage in percent; None where it is unknown or may be partial."""
    if result is None or result.conclusion != "finished" or result.tests_failed or result.misfit:
        return None
    return result.overall_coverage


def colour(value: float | None) -> Colour:
    """The colour of a coverage in percent."""
    if value is None:
        return GREY
    return next((found for least, found in STEPS if value >= least), RED)


def endpoint(value: float | None) -> str:
    """What an endpoint badge of shields.io is made of."""
    data = {
        "schemaVersion": 1,
        "label": LABEL,
        "message": _words(value),
        "color": colour(value).name,
    }
    return json.dumps(data) + "\n"


def svg(value: float | None) -> str:
    """The badge as a picture that needs nothing else; its title says the same in words."""
    words = _words(value)
    left, right = _width(LABEL), _width(words)
    whole = left + right
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="20" role="img" \
aria-label="{LABEL}: {words}">
<title>{LABEL}: {words}</title>
<rect width="{whole}" height="20" rx="3" fill="{colour(value).code}"/>
<path d="M3 0H{left}V20H3A3 3 0 0 1 0 17V3A3 3 0 0 1 3 0Z" fill="#444c56"/>
<g fill="#ffffff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
<text x="{left / 2:g}" y="14">{LABEL}</text>
<text x="{left + right / 2:g}" y="14">{words}</text>
</g>
</svg>
"""


def _words(value: float | None) -> str:
    return UNKNOWN if value is None else percent(value)


def _width(text: str) -> int:
    """Room for a text of that many characters of 7 pixels, and 5 on either side."""
    return 7 * len(text) + 10
