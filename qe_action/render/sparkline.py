"""The project's coverage over the last baselines, in words and as a line of block characters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qe_action.events import CoveragePoint
from qe_action.text import percent, plural

BLOCKS = "▁▂▃▄▅▆▇█"
GAP = "·"
"""Where commits have no baseline, or a baseline has nothing to measure."""


def sparkline(points: Sequence[CoveragePoint]) -> Iterator[str]:
    """The words, which say all that matters, and the chart behind them, the oldest first.

    Nothing where fewer than two baselines have a figure.
    """
    known = [point.percent for point in points if point.percent is not None]
    if len(known) < 2:
        return
    first, last, low, high = (percent(p) for p in (known[0], known[-1], min(known), max(known)))
    words = f"Project coverage over the last {plural(len(known), 'baseline')}: {first} to {last}"
    words += f", lowest {low}, highest {high}"
    if GAP in (chart := _chart(points)):
        words += f"; {GAP} stands for commits without a figure"
    yield f"{words}. {chart}"
    yield ""


def _chart(points: Sequence[CoveragePoint]) -> str:
    known = [point.percent for point in points if point.percent is not None]
    low, span = min(known), max(known) - min(known)
    chart = ""
    for point in points:
        if point.percent is None:
            chart += GAP
            continue
        if point.after_gap and chart and not chart.endswith(GAP):
            chart += GAP
        share = (point.percent - low) / span if span else 0.5
        chart += BLOCKS[min(len(BLOCKS) - 1, int(share * len(BLOCKS)))]
    return chart
