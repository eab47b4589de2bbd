"""Durations as people write them."""

import re

PART = re.compile(r"(\d+)\s*([a-z]+)")
SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}


def seconds_of(text: str) -> int:
    """The seconds of a duration such as `1h 30m`; each unit once, the longest first."""
    left = text.strip().lower()
    if not left:
        raise ValueError("an empty duration")
    total, last = 0, None
    while left:
        found = PART.match(left)
        if found is None:
            raise ValueError(f"no duration: {text}")
        unit = SECONDS.get(found[2])
        if unit is None:
            raise ValueError(f"unknown unit: {found[2]}")
        if last is not None and unit >= last:
            raise ValueError("units out of order")
        total, last = total + int(found[1]) * unit, unit
        left = left[found.end() :].lstrip()
    return total
