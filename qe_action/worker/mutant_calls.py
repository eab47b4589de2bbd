"""Runs calls on mutants of the target and says which of them a test would notice.

As in a search, a forked child does it, watched from the worker: a version that ends the child,
or doesn't end, is noticed by the call that it ran, and the next child goes on behind it.
"""

from __future__ import annotations

import gc
import json
import types
from typing import Any

from . import (
    difference,
    forked_child,
    isolation,
    mutant_loader,
    target_module,
    traced_call,
    tracing,
)

RESTARTS = 12
"""How many children may be lost in one request."""


def run(request: dict[Any, Any], tell: Any) -> dict[Any, Any]:
    """`noticed` events: the id of a mutant and the numbers of the calls that notice it.

    With `enough` of them no more calls are tried.
    """
    module = target_module.load(request)
    work = Work(request, module, tell)
    start, lost = 0, 0
    while start < len(work.mutants) and lost <= RESTARTS:
        start, ended = work.child(start)
        lost += not ended
    return {"ran": start}


class Work:
    """The calls and mutants of one request."""

    def __init__(self, request: dict[Any, Any], module: Any, tell: Any) -> None:
        self.module, self.tell = module, tell
        self.filename = target_module.filename(module)
        self.root = str(request.get("root", ""))
        self.cases = {case["n"]: case for case in request["cases"]}
        self.mutants = request["mutants"]
        self.enough = int(request.get("enough", 1 << 30))

    def child(self, start: int) -> tuple[int, bool]:
        """Try mutants in one child; where to go on, and whether it came to its own end."""
        at, case = start, -1
        with forked_child.forked(lambda out: _become_child(self, out, start)) as watch:
            for answer in watch.lines():
                if "at" in answer:
                    at, case = int(answer["at"]), int(answer["case"])
                else:
                    self.tell(answer)
        if watch.ended:
            return max(at, start + 1), True
        if case < 0:  # even the code as it is ended it
            return len(self.mutants), False
        self.tell({"event": "noticed", "id": self.mutants[at]["id"], "cases": [case]})
        return at + 1, False


def _become_child(work: Work, writing: int, start: int) -> None:
    """Try the mutants; whoever forked ends the process."""
    place = None
    try:
        isolation.limit(forked_child.MEMORY)
        place = isolation.Place()
        trial = Trial(work, writing, place, start)
        for at in range(start, len(work.mutants)):
            if not trial.mutant(at):
                trial.at(at + 1, -1, end=True)
                break
        else:
            trial.at(len(work.mutants), -1, end=True)
        place.clean()
    except BaseException:  # the mutant is lost with its child; the parent says so
        if place is not None:
            place.clean()


class Trial:
    """The child's side: what the calls give with the code as it is, and with each mutant."""

    def __init__(self, work: Work, writing: int, place: isolation.Place, start: int) -> None:
        self._work, self._writing = work, writing
        tracer = tracing.Tracer(work.filename)
        self._runner = traced_call.TracedCall(tracer, place, True, True, work.root)
        self._runner.caches = traced_call.caches_of(work.module)
        self._dead = forked_child.alarm()
        self._edits = mutant_loader.Edits(work.filename, _functions(work.filename))
        self._right: dict[int, Any] = {}
        wanted = {n for mutant in work.mutants[start:] for n in mutant["cases"]}
        for n in sorted(wanted):
            self.at(start, -1)
            first, second = self._ran(n), self._ran(n)
            if first.get("good") and second.get("good") and not difference.differ(first, second):
                self._right[n] = first

    def at(self, at: int, case: int, end: bool = False) -> None:
        line = b'{"at": %d, "case": %d}\n' % (at, case) + (b'{"end": true}\n' if end else b"")
        forked_child.write_all(self._writing, line)

    def _ran(self, n: int) -> dict[Any, Any]:
        self._dead(1.0)
        told = self._runner.run(self._work.cases[n], set())
        self._dead(0)
        return told or {}

    def mutant(self, at: int) -> bool:
        """Try one; False where this process should be left."""
        mutant = self._work.mutants[at]
        numbers = [n for n in mutant["cases"] if n in self._right]
        self.at(at, -1)
        if not numbers or not self._edits.put(mutant):
            return True
        noticed = []
        for n in numbers:
            self.at(at, n)
            told = self._ran(n)
            if difference.differ(self._right[n], told):
                noticed.append(n)
            enough = len(noticed) >= self._work.enough
            if enough or self._runner.spoilt or told.get("outcome") == "stopped":
                break
        self._edits.back()
        if not self._still_right(noticed):  # something was left behind: this or a former one
            return False
        answer = {"event": "noticed", "id": mutant["id"], "cases": noticed}
        if noticed:
            forked_child.write_all(self._writing, json.dumps(answer).encode() + b"\n")
        return not self._runner.spoilt

    def _still_right(self, noticed: list[int]) -> bool:
        """Whether the code as it is still gives what it gave."""
        if self._runner.spoilt:
            return True
        return all(not difference.differ(self._right[n], self._ran(n)) for n in noticed[:1])


def _functions(filename: str) -> list[Any]:
    return [
        found
        for found in gc.get_objects()
        if isinstance(found, types.FunctionType) and found.__code__.co_filename == filename
    ]
