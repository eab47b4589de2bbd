"""Where tests are run: working copies of the project, a worker for each, requests and answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from qe_action.errors import WorkspaceError
from qe_action.project_worker.client import ProjectInterpreter, WorkerLost
from qe_action.verify.mutants import Mutant
from qe_action.verify.project import Project
from qe_action.verify.run_answers import Hello, MutantSaid, Run, Styled
from qe_action.verify.run_request import ALONE, RunRequest, Surroundings
from qe_action.verify.side_by_side import side_by_side
from qe_action.verify.working_copy import WorkingCopy, fill, own_folder
from qe_action.workspace.folders import clear

MEMORY = 2 << 30
"""Bytes that a candidate may take; the whole suite as much as there is."""
HELLO = 60.0
"""Seconds in which an interpreter has to say what it is."""
SLACK = 10.0
"""Seconds that a worker may answer later than a run's own time-out."""


class TestRunner:
    """Runs tests on copies of `tree`, at most `slots` at the same time."""

    __test__ = False

    def __init__(
        self,
        interpreter: ProjectInterpreter,
        project: Project,
        tree: Path,
        slots: int = 2,
        slack: float = SLACK,
    ) -> None:
        self._interpreter = interpreter
        self._slack = slack
        self.project = project
        self._tree = tree
        self._count = slots
        self._free: asyncio.Queue[WorkingCopy] = asyncio.Queue()
        self._early: tuple[int, ...] | None = None

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        interpreter: ProjectInterpreter,
        project: Project,
        tree: Path,
        slots: int = 2,
        slack: float = SLACK,
    ) -> AsyncGenerator[TestRunner, None]:
        """A test runner whose workers and copies are gone when the block ends."""
        runner = cls(interpreter, project, tree, slots, slack)
        async with AsyncExitStack() as stack:
            for _ in range(slots):
                folder = await stack.enter_async_context(own_folder())
                closing = await stack.enter_async_context(AsyncExitStack())
                await asyncio.to_thread(fill, tree, folder)
                worker = await closing.enter_async_context(interpreter.worker(folder))
                runner._free.put_nowait(WorkingCopy(folder, worker, closing))
            yield runner

    async def _renew(self, slot: WorkingCopy) -> None:
        """The copy as it was, and another worker: the interpreter gives the folder to it anew."""
        await slot.closing.aclose()
        await asyncio.to_thread(clear, slot.folder)
        await asyncio.to_thread(fill, self._tree, slot.folder)
        slot.worker = await slot.closing.enter_async_context(self._interpreter.worker(slot.folder))
        slot.dirty = slot.used = False
        if self._early is not None:
            await self._warmed(slot)

    async def warm(self, early: Sequence[int], timeout: float) -> str:
        """Import the target once in each slot; runs in a fork then need no import.

        `early` are the lines that the import runs. Says what speaks against it, if anything: then
        every run imports for itself.
        """
        self._early, self._import_timeout = tuple(early), timeout
        slots = [await self._free.get() for _ in range(self._count)]
        try:
            said = await side_by_side(*map(self._warmed, slots))
        finally:
            for slot in slots:
                self._free.put_nowait(slot)
        why_not = next(filter(None, said), "")
        if why_not:
            self.cool()
        return why_not

    def cool(self) -> None:
        """Have every run import for itself."""
        self._early = None

    async def _warmed(self, slot: WorkingCopy) -> str:
        wire = self._request(slot, "warm", RunRequest({}, (), self._import_timeout, options=()))
        request = {**wire, "module": self.project.module}
        try:
            answer = await _last(slot, request, self._import_timeout + self._slack)
            return str(answer.get("why"))[:300]
        except WorkerLost as error:
            slot.dirty = True
            return str(error)

    async def hello(self) -> Hello:
        """What the interpreter is. Raises `WorkspaceError` where it can't be used."""
        async with self._slot() as slot:
            try:
                answer = await _last(slot, {"op": "hello"}, HELLO)
                slot.dirty = False
                return Hello.model_validate(answer)
            except (WorkerLost, ValidationError) as error:
                raise WorkspaceError(
                    f"The project's interpreter can't be used: {error}.",
                    hint="Name one with --python.",
                ) from None

    async def run(self, request: RunRequest) -> Run:
        """One run of pytest; `unreadable` where the worker's answer is none."""
        async with self._slot(clean=request.clean) as slot:
            wire = self._request(slot, "check", request) | {"measure": request.measure}
            wire["fresh"] = request.around is not None
            if request.around is not None:
                wire |= _surroundings(slot, request.around)
                if request.around.elsewhere:
                    wire["watch"].append(wire["cwd"])
            if request.watch:
                wire["watch_each"] = wire["watch"]
            run = await self._ask_run(slot, wire, request.timeout)
            wrote = run.written or run.written_by or request.options is not ALONE
            slot.dirty = bool(wrote) or run.end == "unreadable"
            return run

    async def _ask_run(self, slot: WorkingCopy, request: dict[str, Any], timeout: float) -> Run:
        try:
            return Run.model_validate(await _last(slot, request, timeout + self._slack))
        except (WorkerLost, ValidationError):
            return Run(end="unreadable")

    async def mutate(self, request: RunRequest, mutants: Sequence[Mutant]) -> list[MutantSaid]:
        """What the tests say to each mutant; those that no answer came for are left out."""
        timeout = request.timeout
        async with self._slot() as slot:
            wire = self._request(slot, "mutate", request)
            wire["mutants"] = [
                {"id": m.id, "line": m.line, "start": m.start, "end": m.end, "text": m.text}
                for m in mutants
            ]
            said: dict[str, MutantSaid] = {}
            within = timeout * len(mutants) + self._slack
            try:
                async with aclosing(
                    slot.worker.ask(wire, timeout + self._slack, within)
                ) as answers:
                    async for answer in answers:
                        if answer["done"]:
                            slot.dirty = bool(answer.get("written"))
                        else:
                            one = MutantSaid.model_validate(answer)
                            said.setdefault(one.mutant, one)
            except (WorkerLost, ValidationError):
                pass
            return [said[mutant.id] for mutant in mutants if mutant.id in said]

    async def styled(
        self, files: Mapping[str, str], tools: Sequence[Sequence[str]], *, timeout: float
    ) -> list[Mapping[str, str]]:
        """The files after each of the project's tools that is installed, as far as they came."""
        async with self._slot() as slot:
            wire = self._request(slot, "style", RunRequest(files, (), timeout, options=()))
            wire["tools"] = [list(tool) for tool in tools]
            said: list[Mapping[str, str]] = []
            within = timeout + self._slack
            try:
                async with aclosing(slot.worker.ask(wire, within, within)) as answers:
                    async for answer in answers:
                        if not answer["done"] and len(said) < len(tools):
                            said.append(Styled.model_validate(answer).texts)
            except (WorkerLost, ValidationError):
                pass
            return said  # the slot stays dirty: a tool may have left its cache

    def _request(self, slot: WorkingCopy, op: str, request: RunRequest) -> dict[str, Any]:
        """A request in the worker's terms, its paths those of a working copy."""
        root = slot.root
        paths = [str(root / path) for path in request.paths]
        return {
            "op": op,
            "root": str(root),
            "files": dict(request.files),
            "arguments": [*request.options, f"--rootdir={root}", *paths],
            "pythonpath": [str(root / path) for path in self.project.paths],
            "file": str(root / self.project.target),
            "timeout": request.timeout,
            "memory": MEMORY if request.options is ALONE else None,
            "held": self._early is not None,
            "early": list(self._early or ()),
            "beside": str(slot.folder),
            "watch": [str(slot.root), str(slot.folder / "home")],
        }

    @asynccontextmanager
    async def _slot(self, *, clean: bool = False) -> AsyncIterator[WorkingCopy]:
        slot = await self._free.get()
        try:
            if slot.dirty or (clean and slot.used):
                await self._renew(slot)
            slot.dirty = slot.used = True  # dirty until the run has come to its end
            yield slot
        finally:
            self._free.put_nowait(slot)


def _surroundings(slot: WorkingCopy, around: Surroundings) -> dict[str, Any]:
    """Surroundings in the worker's terms."""
    cwd = slot.folder / "elsewhere" if around.elsewhere else slot.root / (around.start or "")
    found = {"env": dict(around.env), "seed": around.order, "cwd": str(cwd), "days": around.days}
    return found if around.start is None else {**found, "pythonpath": [str(cwd)]}


async def _last(slot: WorkingCopy, request: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """The answer that ends a request; what a worker says before it is not kept."""
    answer: dict[str, Any] = {}
    async with aclosing(slot.worker.ask(request, seconds, seconds)) as answers:
        async for one in answers:
            answer = one
    return answer
