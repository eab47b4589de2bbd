"""One ask of a model: its answer as candidates, their verdicts, and what is refused once more."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from qe_action.generators.llm.answers import Answers
from qe_action.generators.llm.ask_context import context, tokens
from qe_action.generators.llm.ask_shares import AskShare, Spending
from qe_action.generators.llm.asks import Ask
from qe_action.generators.llm.conversation import CUT, Message, ModelFault
from qe_action.generators.llm.gap_words import gap_words
from qe_action.generators.llm.inbox import Answered, Inbox, Unheard, Written
from qe_action.generators.llm.project_code import ProjectCode
from qe_action.generators.llm.prompt import answered, first_messages
from qe_action.generators.llm.repair import (
    REPAIRS,
    can_be_repaired,
    repair_request,
    unread_request,
)
from qe_action.generators.llm.scanner import Fenced
from qe_action.generators.port import Candidate, Doing, Job, Mutant, Proposal, Verdict
from qe_action.text import plural

TESTS = 6
"""Tests that are asked for at once."""
BEYOND = 3
"""How many times the tests asked for are taken out of one answer."""


@dataclass
class Turn:
    """What has come of one answer."""

    offered: int = 0
    verdicts: list[Verdict] | None = None
    answer: Answered | None = None

    @property
    def heard(self) -> list[Verdict]:
        return self.verdicts or []


class Exchange:
    """The conversation on one ask, with the verdicts on its tests that hold in `kept`.

    `fault` is what ended it early, if something did; `cut` says that an answer was, whether or not
    the conversation went on. `told` are the tokens of the context that was sent, about, and
    `offered` the tests that have come.
    """

    def __init__(
        self,
        job: Job,
        project: ProjectCode,
        ask: Ask,
        share: AskShare,
        answers: Answers,
        inbox: Inbox,
        spending: Spending,
        *,
        repairs: int = REPAIRS,
    ) -> None:
        self._job, self._project, self._ask, self._share = job, project, ask, share
        self._answers, self._inbox, self._spending = answers, inbox, spending
        self._mutants: Mapping[str, Mutant] = {each.id: each for each in job.mutants}
        self._most = max(1, min(TESTS, job.limit, 1 + len(ask.lines) + len(ask.arcs) // 2))
        self._lines, self._arcs = ask.lines, ask.arcs
        self._repairs = repairs
        self.kept: list[Verdict] = []
        self.fault: ModelFault | None = None
        self.cut = False
        self.told = self.offered = 0

    async def proposals(self, room: float = 1.0) -> AsyncGenerator[Proposal, None]:
        """The candidates, and what is being done; `room` is the part of the context to send."""
        name, left = self._ask.qualname, self._job.left()
        text = self._context(room)
        self.told = tokens(text)
        first = first_messages(text, self._ask, self._most)
        messages, doing = first, Doing("writing", f"The model writes tests for {name}")
        requests = spent = 0
        for repairs in range(self._repairs + 1):
            turn = Turn()
            async with aclosing(self._turn(messages, doing, turn)) as proposals:
                async for proposal in proposals:
                    yield proposal
            assert turn.answer is not None
            requests, spent = requests + 1, spent + turn.answer.tokens
            self.fault = self._fault(turn)
            if self.fault is not None or repairs == self._repairs:
                return
            share, seconds = self._share, left - self._job.left()
            used = requests >= share.requests or spent >= share.tokens or seconds >= share.seconds
            if self._is_over(turn, used=used, first=not repairs):
                return
            further = self._further(turn, repairs)
            if not further:
                return
            messages, doing = [*first, *further], self._repairing(turn)

    def _is_over(self, turn: Turn, *, used: bool, first: bool) -> bool:
        """Whether no more is asked where the share is `used`.

        The first repair is worth more than the first answer on something else, and always made.
        """
        if self._spending.requests <= 0 or self._spending.tokens <= 0:
            return True
        return used and not (first and any(map(can_be_repaired, turn.heard)))

    def _fault(self, turn: Turn) -> ModelFault | None:
        """What ends the conversation: also an answer that was cut off before its first test."""
        assert turn.answer is not None
        if turn.answer.fault is not None or not turn.answer.truncated:
            return turn.answer.fault
        self.cut = True
        return None if turn.offered else ModelFault("dropped", CUT)

    def _context(self, room: float) -> str:
        module = self._job.layout.module
        whole = context(self._project, self._ask, module, self._share.context)
        if room == 1:
            return whole
        return context(self._project, self._ask, module, int(tokens(whole) * room))

    def _further(self, turn: Turn, repairs: int) -> list[Message]:
        """What is said next; nothing where no test can be had by that."""
        if not turn.offered:
            assert turn.answer is not None
            return [] if repairs else [Message("user", unread_request(turn.answer.broken))]
        refused = [verdict for verdict in turn.heard if can_be_repaired(verdict)]
        kept = [verdict for verdict in turn.heard if verdict.kept]
        for verdict in kept:
            self._lines -= verdict.lines
            self._arcs -= verdict.arcs
        missed = self._missed() if kept else []
        if not (refused or missed):
            return []
        request = repair_request(self._project, refused, self._mutants, missed)
        before = [answered([each.candidate for each in refused or kept])]
        return [*before, Message("user", request)]

    def _missed(self) -> list[str]:
        """What the tests that hold still miss, in words."""
        assert self._project.target is not None
        return gap_words(self._project.target, self._lines, self._arcs)

    def _repairing(self, turn: Turn) -> Doing:
        name = self._ask.qualname
        if count := sum(map(can_be_repaired, turn.heard)):
            return Doing("repairing", f"The model repairs {plural(count, 'test')} for {name}")
        return Doing("writing", f"The model writes more tests for {name}")

    async def _turn(
        self, messages: Sequence[Message], doing: Doing, turn: Turn
    ) -> AsyncGenerator[Proposal, None]:
        """One answer and all verdicts on it."""
        inbox, turn.verdicts = self._inbox, []
        yield doing
        inbox.ask(messages)
        while turn.answer is None or inbox.open:
            match await inbox.next():
                case Written(characters):
                    yield Doing(doing.activity, f"{doing.words} ({characters:,} characters)")
                case Answered() as answer:
                    turn.answer = answer
                    self._spending.spend(answer.tokens)
                    if inbox.open:
                        yield Doing(
                            "verifying", f"Running the model's tests for {self._ask.qualname}"
                        )
                case Verdict() as verdict:
                    turn.verdicts.append(verdict)
                    self.kept += [verdict] if verdict.kept else []
                case Unheard():
                    pass
                case found:
                    for candidate in self._taken(found, turn):
                        yield candidate
                        inbox.offered()

    def _taken(self, found: Mapping[str, object] | Fenced, turn: Turn) -> list[Candidate]:
        item = found.code if isinstance(found, Fenced) else found
        room = BEYOND * self._most - turn.offered
        candidates = self._answers.candidates(item, self._ask)[:room] if room > 0 else []
        turn.offered += len(candidates)
        self.offered += len(candidates)
        return candidates
