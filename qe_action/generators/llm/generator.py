"""Asks a model for tests, function by function, the worst gaps first."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Protocol, runtime_checkable

from qe_action.events import ModelUse
from qe_action.generators.llm.answers import Answers
from qe_action.generators.llm.ask_shares import MOST, Spending, share_of
from qe_action.generators.llm.asks import asks, still_open
from qe_action.generators.llm.conversation import CUT, Fault, Model, ModelFault
from qe_action.generators.llm.exchange import Exchange
from qe_action.generators.llm.inbox import Inbox
from qe_action.generators.llm.project_code import ProjectCode
from qe_action.generators.llm.repair import REPAIRS
from qe_action.generators.port import Job, Metered, Proposal, Trouble, Verdicts
from qe_action.text import plural

LEAST = 2.0
"""Seconds below which nothing is asked any more."""
IN_A_ROW = 2
"""Answers in a row that fail before the model is left alone."""
SILENT = 3
"""Functions in a row that it writes no test for, before it is."""
SMALLER = 0.4
"""The part of a context that is sent where all of it is too long."""
SHORT = 500
"""Tokens of a context that is too long for no model that could be of use."""
LARGEST = 512 * 1024
"""Bytes of a file that is read for the context."""
ENTRIES = 5_000
"""Python files of a project that are known by name."""
_FINAL: frozenset[Fault] = frozenset(
    {"key", "unknown model", "refused", "unreachable", "budget", "given up", "missing"}
)
"""Faults after which no answer is to be expected."""


@runtime_checkable
class Limited(Protocol):
    """A model that is asked for no longer than `left` gives seconds; `note` is to be told of it."""

    left: Callable[[], float]

    @property
    def note(self) -> str: ...


class LlmGenerator:
    """Tests by a model, which `make` opens when it is asked for the first time.

    `requests` and `tokens` are what it may be asked in a run, to be shared out by what counts
    most. What is refused goes back up to `repairs` times. What a model has answered stays where it
    fails later. A test that holds one of the `secrets` is left out.
    """

    name = "llm"

    def __init__(
        self,
        make: Callable[[], Model],
        clock: Callable[[], float],
        requests: int,
        tokens: int,
        secrets: Sequence[str] = (),
        *,
        repairs: int = REPAIRS,
    ) -> None:
        self._make, self._clock, self._repairs = make, clock, repairs
        self._secrets = secrets
        self._spending = Spending(requests, tokens)
        self._model: Model | None = None
        self._failed = self._silent = 0
        self._most = MOST
        self._over = False
        self._told: set[str] = set()

    @property
    def usable(self) -> bool:
        """Whether an answer is to be expected."""
        return not self._over

    @property
    def use(self) -> ModelUse | None:
        return self._model.use if isinstance(self._model, Metered) else None

    async def aclose(self) -> None:
        """Leave the model."""
        if self._model is not None:
            await self._model.aclose()

    async def candidates(self, job: Job, verdicts: Verdicts) -> AsyncGenerator[Proposal, None]:
        """Tests for the job's goals, then for its survivors, each as soon as it is written."""
        if self._over:
            return
        project = await asyncio.to_thread(_project, job)
        if project.target is None:
            yield Trouble(job.target, "The file can't be parsed.")
            return
        try:
            model = self._opened()
        except ModelFault as fault:
            yield self._trouble(fault, job) or Trouble(job.target, fault.message)
            return
        if isinstance(model, Limited):
            model.left = job.left
            if model.note and (trouble := self._once(model.note, job)):
                yield trouble
        waiting = asks(project.target, job.goals, job.gaps, job.survivors)
        answers = Answers(
            job.target, project.target.tree, job.layout.module, _taken(job), self._secrets
        )
        while waiting and not self._over and job.left() > LEAST:
            share = share_of(self._spending, job.left(), waiting, self._most)
            inbox = Inbox(model, verdicts, self._clock)
            exchange = Exchange(
                *(job, project, waiting.pop(0), share, answers, inbox, self._spending),
                repairs=self._repairs,
            )
            async with aclosing(self._exchanged(exchange, inbox, job)) as proposals:
                async for proposal in proposals:
                    yield proposal
            waiting = still_open(waiting, exchange.kept)
        if words := _left_out(answers):
            yield Trouble(job.target, words)

    async def _exchanged(
        self, exchange: Exchange, inbox: Inbox, job: Job
    ) -> AsyncGenerator[Proposal, None]:
        """One exchange to its end; once more with less where it is too long for the model."""
        try:
            for room in (1.0, SMALLER):
                async with aclosing(exchange.proposals(room)) as proposals:
                    async for proposal in proposals:
                        yield proposal
                if exchange.fault is None or exchange.fault.kind != "too long":
                    break
                self._most = min(self._most, int(exchange.told * SMALLER))
        finally:
            await inbox.aclose()
        if exchange.cut and (trouble := self._once(CUT, job)):
            yield trouble
        if trouble := self._trouble(exchange.fault, job) or self._silence(exchange, job):
            yield trouble

    def _silence(self, exchange: Exchange, job: Job) -> Trouble | None:
        """Leave a model alone that writes no tests."""
        if exchange.offered:
            self._silent = 0
        elif exchange.fault is None:
            self._silent += 1
        if self._silent < SILENT:
            return None
        self._over = True
        return Trouble(job.target, "The model's answers hold no new tests: it is asked no more.")

    def _trouble(self, fault: ModelFault | None, job: Job) -> Trouble | None:
        """What a fault changes, and what is said of it."""
        if fault is None:
            self._failed = 0
            return None
        if job.left() <= 0:
            return None  # it is the time that is over: the next target has its own
        if fault.kind != "too long":
            self._failed += 1
        elif self._most <= SHORT * SMALLER:
            self._over = True
        self._over = self._over or fault.kind in _FINAL or self._failed >= IN_A_ROW
        return self._once(fault.message, job)

    def _once(self, message: str, job: Job) -> Trouble | None:
        """A message, the first time in a run."""
        if message in self._told:
            return None
        self._told.add(message)
        return Trouble(job.target, message)

    def _opened(self) -> Model:
        if self._model is None:
            self._model = self._make()
        return self._model


class Unreachable:
    """Stands for a model where none may be asked: it says `why`, once."""

    name = "llm"

    def __init__(self, why: str) -> None:
        self._why, self._told = why, False

    async def candidates(self, job: Job, verdicts: Verdicts) -> AsyncGenerator[Proposal, None]:
        del verdicts
        if not self._told:
            self._told = True
            yield Trouble(job.target, self._why)


def _left_out(answers: Answers) -> str:
    """What was no test in a model's answers, in a sentence; empty where all was, if only once."""
    left = {why: n for why, n in sorted(answers.left.items()) if n and why != "repeated"}
    if not left:
        return ""
    whole = plural(sum(left.values()), "item")
    was = "was" if sum(left.values()) == 1 else "were"
    why = ", ".join(f"{reason} {count}" for reason, count in left.items())
    return f"{whole} of the model's answers {was} left out: {why}."


def _project(job: Job) -> ProjectCode:
    """The code around a target, to be read from the job's copy of the project."""
    root = Path(job.root)
    path = job.target
    if Path(path).is_absolute() and Path(path).is_relative_to(root):
        path = Path(path).relative_to(root).as_posix()
    paths = list(_python_files(root))

    def read(name: str) -> bytes | None:
        file = root / name
        try:
            if name not in known or file.is_symlink() or file.stat().st_size > LARGEST:
                return None
            return file.read_bytes()
        except OSError:
            return None

    known = frozenset(paths)
    return ProjectCode(path, job.source, paths, job.layout.test_files, read)


def _python_files(root: Path) -> Iterator[str]:
    """The project's Python files by their paths; folders with a leading dot are left alone."""
    count = 0
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.endswith(".py"):
                count += 1
                if count > ENTRIES:
                    return
                yield Path(folder, name).relative_to(root).as_posix()


def _taken(job: Job) -> set[str]:
    """The names in the nearest test file, which new tests may be added to."""
    try:
        text = Path(job.root, *job.layout.test_files[:1]).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return set()
    return set(re.findall(r"^ *(?:(?:async )?def|class) (\w+)", text, re.MULTILINE))
