"""Looking for a baseline while the agent's own work goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from qe_action.analysis.deltas import Lookup
from qe_action.analysis.test_baseline import TestLookup
from qe_action.errors import QEError, sentence

PATIENCE = 20.0
"""Seconds that finished work waits for its baseline."""

LookupT = TypeVar("LookupT")
LookupT_co = TypeVar("LookupT_co", covariant=True)


class Finder(Protocol[LookupT_co]):
    """Finds what a base's result was, made with the settings `key`."""

    async def find(self, base_sha: str | None, key: str) -> LookupT_co:
        """The baseline of a base; may raise `QEError`."""
        ...


Baselines = Finder[Lookup]
"""The port through which the analysis finds what to compare with."""
TestBaselines = Finder[TestLookup]
"""The port through which a run of the tests finds what to compare with."""


class Search(Generic[LookupT]):
    """A search that is begun when the base is known and awaited when all else is done.

    `without` makes the answer that has nothing but notes on why.
    """

    def __init__(
        self,
        baselines: Finder[LookupT] | None,
        without: Callable[[tuple[str, ...]], LookupT],
        *,
        patience: float = PATIENCE,
    ) -> None:
        self._baselines = baselines
        self._without = without
        self._patience = patience
        self._task: asyncio.Task[LookupT] | None = None

    def begin(self, base_sha: str | None, key: str) -> None:
        """Look for it from now on, beside everything else."""
        if self._baselines is not None:
            self._task = asyncio.ensure_future(self._find(self._baselines, base_sha, key))

    @property
    def found(self) -> LookupT | None:
        """What has been found by now."""
        if self._task is None or not self._task.done() or self._task.cancelled():
            return None
        return self._task.result()

    async def within(self, seconds: float) -> None:
        """Wait for what is found, but no longer than so."""
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=seconds)

    async def result(self) -> LookupT | None:
        """What was found; None where nothing was looked for. What failed is a note."""
        if self._task is None:
            return None
        await asyncio.wait({self._task}, timeout=self._patience)
        if not self._task.done():
            self.close()
            return self._without(("The baseline was not found in time.",))
        return self._task.result()

    def close(self) -> None:
        """Leave nothing running."""
        if self._task is not None:
            self._task.cancel()

    async def _find(self, baselines: Finder[LookupT], base_sha: str | None, key: str) -> LookupT:
        try:
            return await baselines.find(base_sha, key)
        except QEError as error:
            why = " ".join(sentence(part) for part in (error.message, error.hint) if part)
            return self._without((f"The baseline could not be read: {why}",))


class BaselineSearch(Search[Lookup]):
    """The search for an analysis's baseline."""

    def __init__(self, baselines: Baselines | None, *, patience: float = PATIENCE) -> None:
        super().__init__(baselines, lambda notes: Lookup(notes=notes), patience=patience)


class TestBaselineSearch(Search[TestLookup]):
    """The search for the baseline of a run of the tests."""

    __test__ = False

    def __init__(self, baselines: TestBaselines | None, *, patience: float = PATIENCE) -> None:
        super().__init__(baselines, lambda notes: TestLookup(notes=notes), patience=patience)
