"""How a check can end, and the marks that headlines have for it."""

from __future__ import annotations

from typing import Literal

CheckConclusion = Literal["success", "failure", "neutral", "cancelled"]
Mark = CheckConclusion | Literal["ungated"]
"""What a headline is marked with: a success without a gate praises nothing."""

ICONS: dict[Mark, str] = {
    "success": "✅",
    "ungated": "\N{INFORMATION SOURCE}\N{VARIATION SELECTOR-16}",
    "failure": "❌",
    "neutral": "⚪",
    "cancelled": "⏹️",
}
RUNNING = "⏳"
RANKED: tuple[CheckConclusion, ...] = ("failure", "cancelled", "neutral", "success")
"""The worst first."""


def worst(*conclusions: CheckConclusion) -> CheckConclusion:
    """The one that counts, of several."""
    return min(conclusions, key=RANKED.index)
