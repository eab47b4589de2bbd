"""How the tests that are asked for are shared out among the files they are for. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil


def share(gaps: Sequence[Sequence[int]], left: int) -> int:
    """How many of `left` tests the first file may have.

    `gaps` holds, for it and each file after it, the places of its gaps in the order of all, the
    worst first. While there are more gaps than tests the worst have one each; what is left over is
    shared out by their number.
    """
    mine = gaps[0] if gaps else ()
    total = sum(map(len, gaps))
    if total > left:
        worst = sorted(place for places in gaps for place in places)[:left]
        return len(set(mine) & set(worst))
    return len(mine) + ceil((left - total) * len(mine) / max(1, total))
