"""A run's tests held against those of the base: failures that are new, tests that got slower."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import exp, log
from statistics import median
from typing import NamedTuple

from qe_action.analysis.test_baseline import TestDigest
from qe_action.events import History

TIMES = 2.0
"""A slow test takes at least so many times as long as at the base,"""
LONGER = 1.0
"""and more than so many seconds longer."""
OUTLIER = 3.5
"""From this modified z-score on a value is an outlier (Iglewicz and Hoaglin, 1993)."""
CONSISTENT = 1.4826
"""What makes the median absolute deviation a standard deviation (Rousseeuw and Croux, 1993)."""
LONG_ENOUGH = 0.05
"""Seconds from which on a duration says something of the machine, and not of the clock."""
ENOUGH = 8
"""Tests of which one must know both durations to tell noise."""


class Noise(NamedTuple):
    """How durations differ from the base's for all tests alike: by `factor`, give or take."""

    factor: float = 1.0
    deviation: float = 0.0


class Slower(NamedTuple):
    """A test that takes much longer than at the base, in seconds."""

    name: str
    seconds: float
    base_seconds: float


def history(name: str, digest: TestDigest | None) -> History:
    """Whether a failure is one of the base too; a flaky test of the base is neither."""
    if digest is None:
        return ""
    if name in digest.failing:
        return "known"
    return "new" if digest.whole and name not in digest.flaky else ""


def noise(seconds: Mapping[str, float], base: Mapping[str, float]) -> Noise:
    """The noise between two runs, told from all tests that both have.

    The runners differ by a factor, which is the median of the tests' ratios. The tests differ from
    it by chance: the median absolute deviation of the ratios' logarithms, as a standard deviation.
    Neither is moved by a minority of tests that did get slower.
    """
    ratios = [
        log(taken / base[name])
        for name, taken in seconds.items()
        if taken >= LONG_ENOUGH and base.get(name, 0.0) >= LONG_ENOUGH
    ]
    if len(ratios) < ENOUGH:
        return Noise()
    middle = median(ratios)
    deviation = CONSISTENT * median(abs(ratio - middle) for ratio in ratios)
    return Noise(exp(middle), deviation)


def slower(seconds: Mapping[str, float], digest: TestDigest | None) -> list[Slower]:
    """The tests that got slower beyond noise, the one that lost most first.

    `seconds` are those of tests that passed. A test is slower where it takes at least twice as long
    as at the base, more than a second longer, both beside what the runner is slower for all, and
    beyond the noise of the others.
    """
    if digest is None:
        return []
    found = list(_slower(seconds, digest.seconds))
    return sorted(found, key=lambda test: (test.base_seconds - test.seconds, test.name))


def _slower(seconds: Mapping[str, float], base: Mapping[str, float]) -> Iterator[Slower]:
    found = noise(seconds, base)
    factor = max(1.0, found.factor)
    bound = max(TIMES * factor, found.factor * exp(min(50.0, OUTLIER * found.deviation)))
    for name, taken in seconds.items():
        before = base.get(name)
        if before is None:
            continue
        if taken >= before * bound and taken - before * factor > LONGER:
            yield Slower(name, taken, before)
