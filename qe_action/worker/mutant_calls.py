"""Runs calls on mutants of the target and says which of them a test would kill.

As in a search, a forked child does it, watched from the worker: a mutant that ends the
child, or doesn't end, is killed by the call that it ran, and the next child goes on behind it.
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
    """`noticed` events: the id of a mutant and the numbers of the calls that kill it.

    With `enough` of them no more calls are tried.
    """
    module = target_module.load(request)
    calls = MutantCalls(request, module, tell)
    start, lost = 0, 0
    while start < len(calls.mutants) and lost <= RESTARTS:
        start, ended = calls.child(start)
        lost += not ended
    return {"ran": start}


class MutantCalls:
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
        with forked_child.forked(lambda out: _become_child(self, out, start)) as child:
            for answer in child.lines():
                if "at" in answer:
                    at, case = int(answer["at"]), int(answer["case"])
                else:
                    self.tell(answer)
        if child.ended:
            return max(at, start + 1), True
        if case < 0:  # the original code ended it
            return len(self.mutants), False
        self.tell({"event": "noticed", "id": self.mutants[at]["id"], "cases": [case]})
        return at + 1, False


def _become_child(calls: MutantCalls, writing: int, start: int) -> None:
    """Try the mutants; whoever forked ends the process."""
    state = None
    try:
        isolation.limit(forked_child.MEMORY)
        state = isolation.ProcessState()
        trials = MutantTrials(calls, writing, state, start)
        for at in range(start, len(calls.mutants)):
            if not trials.run(at):
                trials.say(at + 1, -1, end=True)
                break
        else:
            trials.say(len(calls.mutants), -1, end=True)
        state.clean()
    except BaseException:  # the mutant is lost with its child; the parent says so
        if state is not None:
            state.clean()


class MutantTrials:
    """The child's side: what the calls give with the original code, and with each mutant."""

    def __init__(
        self, calls: MutantCalls, writing: int, state: isolation.ProcessState, start: int
    ) -> None:
        self._calls, self._writing = calls, writing
        tracer = tracing.Tracer(calls.filename)
        self._runner = traced_call.TracedCall(tracer, state, True, True, calls.root)
        self._runner.caches = traced_call.caches_of(calls.module)
        self._arm = forked_child.alarm()
        self._edits = mutant_loader.Edits(calls.filename, _functions(calls.filename))
        self._original: dict[int, Any] = {}
        wanted = {n for mutant in calls.mutants[start:] for n in mutant["cases"]}
        for n in sorted(wanted):
            self.say(start, -1)
            first, second = self._ran(n), self._ran(n)
            if first.get("good") and second.get("good") and not difference.differ(first, second):
                self._original[n] = first

    def say(self, at: int, case: int, end: bool = False) -> None:
        """What is run next: the mutant, and the call, -1 for the original code."""
        line = b'{"at": %d, "case": %d}\n' % (at, case) + (b'{"end": true}\n' if end else b"")
        forked_child.write_all(self._writing, line)

    def _ran(self, n: int) -> dict[Any, Any]:
        self._arm(1.0)
        told = self._runner.run(self._calls.cases[n], set())
        self._arm(0)
        return told or {}

    def run(self, at: int) -> bool:
        """Run the calls on one; False where this process should be left."""
        mutant = self._calls.mutants[at]
        numbers = [n for n in mutant["cases"] if n in self._original]
        self.say(at, -1)
        if not numbers or not self._edits.put(mutant):
            return True
        killing = []
        for n in numbers:
            self.say(at, n)
            told = self._ran(n)
            if difference.differ(self._original[n], told):
                killing.append(n)
            enough = len(killing) >= self._calls.enough
            if enough or self._runner.spoilt or told.get("outcome") == "stopped":
                break
        self._edits.back()
        if not self._unchanged(killing):  # something was left behind: this or a former one
            return False
        answer = {"event": "noticed", "id": mutant["id"], "cases": killing}
        if killing:
            forked_child.write_all(self._writing, json.dumps(answer).encode() + b"\n")
        return not self._runner.spoilt

    def _unchanged(self, killing: list[int]) -> bool:
        """Whether the original code still gives what it gave."""
        if self._runner.spoilt:
            return True
        return all(not difference.differ(self._original[n], self._ran(n)) for n in killing[:1])


def _functions(filename: str) -> list[Any]:
    return [
        found
        for found in gc.get_objects()
        if isinstance(found, types.FunctionType) and found.__code__.co_filename == filename
    ]
