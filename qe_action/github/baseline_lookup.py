"""Where a baseline is found: in the check runs of the measured base and of its ancestors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Generic, TypeVar

from qe_action.analysis import baseline, coverage_history, test_baseline
from qe_action.analysis.baseline import Digest
from qe_action.analysis.deltas import Lookup
from qe_action.analysis.test_baseline import TestDigest, TestLookup
from qe_action.errors import QEError
from qe_action.events import CoveragePoint
from qe_action.github.kept_digests import D, KeptDigests

L = TypeVar("L")

FURTHER = 2
"""Commits that are looked at for the history of a digest without one; their list may be a third
request."""


class _Finder(ABC, Generic[D, L]):
    """Finds the digest of a commit, or of the nearest one before it that has one.

    With `advise` it is said how to get a baseline where there is none.
    """

    unknown: str
    """Why there is none where the base is not known."""

    def __init__(self, kept: KeptDigests, *, advise: bool) -> None:
        self._kept = kept
        self._advise = advise

    async def find(self, base_sha: str | None, key: str) -> L:
        """The digest made with the settings `key`, and how far before the base it was made.

        Raises `DeliveryError` where GitHub does not answer.
        """
        if base_sha is None:
            return self._none(self.unknown)
        distance = 0
        async for sha in self._kept.commits(base_sha):
            digests = await self._kept.digests(sha, self._decode)
            for digest in digests:
                if digest.key == key:
                    return self._lookup(digest, distance)
            if digests:
                return self._lookup(None, 0, self._with_other_settings(sha[:7]))
            distance += 1
        return self._none(self._advice(base_sha[:7]))

    def _none(self, why: str) -> L:
        return self._lookup(None, 0, *((why,) if self._advise else ()))

    @abstractmethod
    def _decode(self, text: str) -> D | None: ...

    @abstractmethod
    def _lookup(self, digest: D | None, commits_before: int, *notes: str) -> L: ...

    @abstractmethod
    def _with_other_settings(self, sha: str) -> str:
        """Why what there is can't be compared with."""

    @abstractmethod
    def _advice(self, base: str) -> str:
        """Why there is none, and how to get one."""


class BaselineFinder(_Finder[Digest, Lookup]):
    """Finds what the coverage was."""

    unknown = "The measured base is not known, so there is no baseline."

    async def find(self, base_sha: str | None, key: str) -> Lookup:
        lookup = await super().find(base_sha, key)
        if (digest := lookup.digest) is None:
            return lookup
        points = digest.history
        return replace(lookup, points=await self._older(digest) if points is None else points)

    async def _older(self, digest: Digest) -> tuple[CoveragePoint, ...]:
        """The points up to a digest that was kept without any, as far as a short look back tells.

        What GitHub does not answer costs the older points alone.
        """
        line: tuple[CoveragePoint, ...] = (coverage_history.point_of(digest),)
        gap, looked = False, -1  # the digest's own commit is no further request
        try:
            async for sha in self._kept.commits(digest.sha):
                looked += 1
                digests = await self._kept.digests(sha, self._decode) if looked else []
                older = next((each for each in digests if each.key == digest.key), None)
                if older is not None:
                    before = older.history or (coverage_history.point_of(older),)
                    line = (*before, line[0].model_copy(update={"after_gap": gap}), *line[1:])
                    gap = False
                elif looked:
                    gap = True
                ends = older.history is not None if older is not None else bool(digests)
                if ends or looked == FURTHER:
                    break
        except QEError:
            pass
        return coverage_history.latest(line)

    def _decode(self, text: str) -> Digest | None:
        digest = baseline.decode(text)
        if digest is None:
            return None
        return replace(digest, history=coverage_history.decode(text, digest))

    def _lookup(self, digest: Digest | None, commits_before: int, *notes: str) -> Lookup:
        return Lookup(digest, commits_before, notes)

    def _with_other_settings(self, sha: str) -> str:
        return (
            f"The baseline at {sha} was made with another include, exclude, source-root or "
            "working-directory, so nothing is compared with it."
        )

    def _advice(self, base: str) -> str:
        return (
            f"There is no baseline at the base {base} or shortly before: run this action "
            "on pushes to the branch that the pull request targets, and changes in coverage are "
            "shown."
        )


class TestBaselineFinder(_Finder[TestDigest, TestLookup]):
    """Finds how the tests ended, and how long they took."""

    __test__ = False

    unknown = "The measured base is not known, so it can't be told which failures are new."

    def _decode(self, text: str) -> TestDigest | None:
        return test_baseline.decode(text)

    def _lookup(self, digest: TestDigest | None, commits_before: int, *notes: str) -> TestLookup:
        return TestLookup(digest, commits_before, notes)

    def _with_other_settings(self, sha: str) -> str:
        return (
            f"The results of the tests at {sha} were kept by another name, so nothing is compared "
            "with them."
        )

    def _advice(self, base: str) -> str:
        return (
            f"No tests are known of the base {base} or shortly before: run this action on pushes "
            "to the branch that the pull request targets, and it is told which failures are new."
        )
