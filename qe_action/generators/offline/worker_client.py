"""Requests to the worker, its answers checked, and a count of what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from qe_action.generators.offline.examples import Example
from qe_action.generators.offline.subjects import Case, Input, Subject, case_of
from qe_action.generators.offline.values import Value, read
from qe_action.generators.offline.worker_answers import (
    CallResult,
    ClassInfo,
    Constants,
    Kills,
    RecordedCall,
    Signature,
    fields_of,
)
from qe_action.generators.port import Arc, Job, Mutant
from qe_action.project_worker.client import Worker, WorkerLost


@dataclass
class Survey:
    """What can be called in the module."""

    module: str
    functions: list[Signature] = field(default_factory=list)
    own: list[ClassInfo] = field(default_factory=list)
    classes: dict[str, ClassInfo] = field(default_factory=dict)
    constants: Constants = field(default_factory=Constants)
    arcs: tuple[Arc, ...] = ()
    file: str = ""


RECORDING = 8.0
"""Seconds in which the calls of the project's own tests are recorded, the nearest tests first."""


class WorkerClient:
    """Talks to one worker about one job; `spent` counts executions."""

    def __init__(self, worker: Worker, job: Job) -> None:
        self._worker, self._job = worker, job
        self.spent = 0
        self._forget: list[Arc] = []

    def _request(self, op: str, **more: Any) -> dict[str, Any]:
        layout = self._job.layout
        place = {"module": layout.module, "paths": list(layout.paths), "file": self._job.target}
        return {"op": op, "root": self._job.root, **place, **more}

    async def survey(self) -> Survey:
        """Raises `WorkerLost` with the import's error where there is one."""
        survey = Survey(self._job.layout.module)
        async for answer in self._worker.ask(self._request("survey")):
            told = fields_of(answer)
            match answer.get("event"):
                case "subject" if told.get("kind") == "function":
                    survey.functions.append(Signature.model_validate(told))
                case "subject" | "class":
                    info = ClassInfo.model_validate(told)
                    survey.classes.setdefault(info.name, info)
                    if answer["event"] == "subject":
                        survey.own.append(info)
                case "constants":
                    survey.constants = Constants.model_validate(told)
            if answer.get("done"):
                if answer.get("error"):
                    raise WorkerLost(f"{answer['error']}: {answer.get('detail', '')}")
                survey.arcs = CallResult.model_validate({"n": 0, "outcome": "", **told}).arcs
        return survey

    async def run(
        self, calls: list[Input], *, every: bool = False
    ) -> list[tuple[Input, CallResult]]:
        """What came of inputs: of those with news, or of every one."""
        if not calls:
            return []
        cases = [case_of(call) for call in calls]
        subjects = [call.subject.id for call in calls]
        forget, self._forget = self._forget, []
        ran = await self._ran(cases, subjects=subjects, every=every, forget=forget)
        return [(calls[item.n], item) for item in ran if 0 <= item.n < len(calls)]

    def forget(self, arcs: tuple[Arc, ...]) -> None:
        """These are news again when they are next reached."""
        self._forget += arcs

    async def looked_at(
        self, cases: list[Case], fresh: int | None = None
    ) -> list[CallResult | None]:
        """Each case in a process of its own, with all that can be said of it."""
        found: list[CallResult | None] = [None] * len(cases)
        for item in await self._ran(cases, detail=True, apart=True, fresh=fresh):
            if 0 <= item.n < len(cases):
                found[item.n] = item
        return found

    async def _ran(
        self, cases: list[Case], subjects: list[str] | None = None, **how: Any
    ) -> list[CallResult]:
        self.spent += len(cases)
        wire = _wire_form(cases)
        for case, subject in zip(wire, subjects or (), strict=False):
            case["of"] = subject
        found: list[CallResult] = []
        async for answer in self._worker.ask(self._request("search", cases=wire, **how)):
            if answer.get("event") == "ran":
                try:
                    found.append(CallResult.model_validate(fields_of(answer)))
                except ValidationError:
                    continue
        return found

    async def kills(
        self, cases: list[Case], tried: list[tuple[Mutant, list[int]]], enough: int
    ) -> dict[str, list[int]]:
        """The cases that kill a mutant, by its id, of those to try with it; at most `enough`."""
        if not tried:
            return {}
        allowed = {mutant.id: numbers for mutant, numbers in tried}
        wire = [
            {"id": m.id, "start": m.start, "end": m.end, "text": m.text, "cases": numbers}
            for m, numbers in tried
        ]
        request = self._request("kill", cases=_wire_form(cases), mutants=wire, enough=enough)
        found: dict[str, list[int]] = {}
        async for answer in self._worker.ask(request):
            if answer.get("event") != "noticed":
                continue
            try:
                told = Kills.model_validate(fields_of(answer))
            except ValidationError:
                continue
            found[told.id] = [at for at in allowed.get(told.id, ()) if at in told.cases]
        return found

    async def examples(self, examples: list[Example], survey: Survey) -> list[CallResult | None]:
        """What the documentation's examples give."""
        cases = [
            Case((f"from {survey.module} import *", *e.before), e.source, {}) for e in examples
        ]
        return await self.looked_at(cases) if cases else []

    async def recorded(self, subjects: list[Subject], known: Mapping[str, str]) -> list[Input]:
        """Calls that the project's tests make, as inputs."""
        if not self._job.layout.test_files:
            return []
        by_id = {subject.id: subject for subject in subjects}
        found: list[Input] = []
        tests = list(self._job.layout.test_files)
        request = self._request("record", tests=tests, seconds=RECORDING)
        async for answer in self._worker.ask(request):
            if answer.get("event") != "call":
                continue
            try:
                call = RecordedCall.model_validate(fields_of(answer))
            except ValidationError:
                continue
            subject = by_id.get(call.qualname)
            made = _input(call, subject) if subject else None
            if made is not None:
                found.append(made)
        return list(dict.fromkeys(found))


def _wire_form(cases: list[Case]) -> list[dict[str, Any]]:
    return [
        {"n": n, "arrange": "\n".join(c.arrange), "act": c.act, "names": c.names,
         "watch": list(c.watch), "how": c.how}
        for n, c in enumerate(cases)
    ]  # fmt: skip


def _input(call: RecordedCall, subject: Subject) -> Input | None:
    args = [read(made.text, made.names) for made in call.args]
    kwargs = [(name, read(made.text, made.names)) for name, made in call.kwargs.items()]
    receiver: Value | None = None
    if subject.on_object:
        receiver = read(call.receiver.text, call.receiver.names) if call.receiver else None
        if receiver is None:
            return None
    if any(arg is None for arg in args) or any(value is None for _, value in kwargs):
        return None
    good = tuple((name, value) for name, value in kwargs if value is not None)
    return Input(subject, tuple(a for a in args if a is not None), good, receiver)
