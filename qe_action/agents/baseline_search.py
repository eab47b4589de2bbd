"""Looking for a baseline while the analysis goes on."""

from __future__ import annotations

import asyncio
from typing import Protocol

from qe_action.analysis.deltas import Lookup
from qe_action.errors import QEError, sentence

PATIENCE = 20.0
"""Seconds that a finished analysis waits for its baseline."""


class Baselines(Protocol):
    """The port through which an agent finds what to compare with."""

    async def find(self, base_sha: str | None, key: str) -> Lookup:
        """The baseline of a base, made with the settings `key`; may raise `QEError`."""
        ...


class BaselineSearch:
    """A search that is begun when the base is known and awaited when all else is done."""

    def __init__(self, baselines: Baselines | None, *, patience: float = PATIENCE) -> None:
        self._baselines = baselines
        self._patience = patience
        self._task: asyncio.Task[Lookup] | None = None

    def begin(self, base_sha: str | None, key: str) -> None:
        """Look for it from now on, beside everything else."""
        if self._baselines is not None:
            self._task = asyncio.ensure_future(self._find(self._baselines, base_sha, key))

    async def result(self) -> Lookup | None:
        """What was found; None where nothing was looked for. What failed is a note."""
        if self._task is None:
            return None
        await asyncio.wait({self._task}, timeout=self._patience)
        if not self._task.done():
            self.close()
            return Lookup(notes=("The baseline was not found in time.",))
        return self._task.result()

    def close(self) -> None:
        """Leave nothing running."""
        if self._task is not None:
            self._task.cancel()

    @staticmethod
    async def _find(baselines: Baselines, base_sha: str | None, key: str) -> Lookup:
        try:
            return await baselines.find(base_sha, key)
        except QEError as error:
            why = " ".join(sentence(part) for part in (error.message, error.hint) if part)
            return Lookup(notes=(f"The baseline could not be read: {why}",))
