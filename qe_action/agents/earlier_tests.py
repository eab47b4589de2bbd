"""What a generation that was cut off had found: told again first, and not searched for again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from qe_action.agents.emission import Emit
from qe_action.events import GeneratorEvent, Refused, TestCase, TestProposed, TestRejected
from qe_action.generators.port import Candidate, Generator
from qe_action.generators.recalled import Recalled
from qe_action.text import plural
from qe_action.verify.gates import Trial


class EarlierTests:
    """The tests of an earlier run with equal inputs, and its refusals.

    Its tests go through every gate again: what stands in a file is not believed, and which mutants
    a test notices is not written there.
    """

    def __init__(self, events: Sequence[TestProposed | TestRejected]) -> None:
        self.refused: dict[str, Refused] = {}
        cases: dict[str, TestCase] = {}
        self._told: dict[str, TestProposed] = {}
        self._refusals: dict[str, TestRejected] = {}
        for event in events:
            name = event.test_case.id
            if isinstance(event, TestRejected):
                self.refused[name] = event.reason
                self._refusals[name] = event
            elif _name_of(_candidate(event.test_case)) == name:
                cases.setdefault(name, event.test_case)
                self._told.setdefault(name, event)
        self._kept = {name: case for name, case in cases.items() if name not in self.refused}

    @property
    def rejected(self) -> Counter[str]:
        """How many were refused, by reason."""
        return Counter(self.refused.values())

    @property
    def notes(self) -> tuple[str, ...]:
        """What is taken over, in a sentence."""
        if not self._told and not self.refused:
            return ()
        kept, refused = len(self._kept), len(self.refused)
        were = "was" if kept == 1 else "were"
        what = f"{plural(kept, 'test')} {were} taken over from the journal without a new search"
        tried = "is" if refused == 1 else "are"
        again = f"; {plural(refused, 'refused one')} {tried} not tried again" if refused else ""
        return (f"{what}{again}.",)

    def tell(self, emit: Emit[GeneratorEvent]) -> None:
        """Say again what the earlier run had said of them."""
        for proposed in self._told.values():
            emit(proposed)
        for rejected in self._refusals.values():
            emit(rejected)

    def once(self, emit: Emit[GeneratorEvent]) -> Emit[GeneratorEvent]:
        """`emit` without the tests that were told."""

        def new(event: GeneratorEvent) -> None:
            if not (isinstance(event, TestProposed) and event.test_case.id in self._told):
                emit(event)

        return new

    def before(self, generator: Generator) -> Generator:
        """A generator that begins with them, or the same one where there are none."""
        if not self._kept and not self.refused:
            return generator
        known: dict[str, Refused] = {**dict.fromkeys(self._kept, "duplicate"), **self.refused}
        kept = [_candidate(case) for case in self._kept.values()]
        return Recalled(generator, kept, known, _name_of)


def _candidate(case: TestCase) -> Candidate:
    path, _, qualname = case.target.partition("::")
    return Candidate(
        id=f"earlier-{case.id}",
        name=case.test_name,
        code=case.test_code,
        imports=case.imports,
        target=path,
        qualname=qualname,
        generator=case.generator,
    )


def _name_of(candidate: Candidate) -> str:
    """The id that a test has by its content."""
    return Trial(candidate, 0).id
