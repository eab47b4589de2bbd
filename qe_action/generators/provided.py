"""Tests that the caller wrote: shown to the gates like any others."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from qe_action.generators.port import Candidate, Job, Proposal, Trouble, Verdicts
from qe_action.generators.split_tests import split_tests


class ProvidedTests:
    """Each test function or class of some sources is a candidate, with the imports it stands under.

    What a source has at its top beside imports and tests is taken along with every test.
    """

    name = "given"

    def __init__(self, sources: Sequence[str]) -> None:
        self._sources = tuple(sources)

    async def candidates(self, job: Job, verdicts: Verdicts) -> AsyncGenerator[Proposal, None]:
        """The tests as they are, whatever becomes of them."""
        del verdicts
        for number, source in enumerate(self._sources):
            try:
                found = split_tests(source)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                name = f"source_{number}"
                yield Candidate(f"given-{number}", name, source, (), job.target, "")
                continue
            if not found:
                yield Trouble(job.target, f"The {number + 1}. source has no test.")
            for test in found:
                yield Candidate(
                    id=f"given-{number}-{test.name}",
                    name=test.name,
                    code=test.code,
                    imports=test.imports,
                    target=job.target,
                    qualname="",
                    generator=self.name,
                )
