"""Runs calls in a forked child, one after the other, and says what each reached and gave.

The child is forked from the warm worker and watched from it: a call that ends the child, or
doesn't end, is skipped and the next child goes on behind it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

from . import forked_child, isolation, target_module, traced_call, tracing

TOO_SLOW = 8
"""After so many calls that were stopped for their time, those of a subject are left out."""
SHIFT = 400 * 86400
"""Seconds by which the date is another in a fresh interpreter."""
_SEEN: dict[Any, Any] = {}
"""For each file the arcs that are no news any more."""


def run(request: dict[Any, Any], tell: Any) -> dict[Any, Any]:
    """`ran` events for the cases that reach something new (with `detail`: for every case)."""
    if request.get("fresh") is not None:
        return _elsewhere(request, tell)
    if request.get("seed"):
        _shift_clock()
    module = target_module.load(request)
    calls = CallRun(request, module, tell)
    calls.run()
    return {"ran": len(request["cases"]), "lost": calls.lost}


def _shift_clock() -> None:
    """Another date for what asks the clock, so that it shows."""
    real, real_ns = time.time, time.time_ns
    time.time = lambda: real() + SHIFT
    time.time_ns = lambda: real_ns() + SHIFT * 10**9


def _elsewhere(request: dict[Any, Any], tell: Any) -> dict[Any, Any]:
    """The same in a fresh interpreter with a hash seed of its own."""
    main = os.path.join(os.path.dirname(os.path.abspath(__file__)), "__main__.py")
    env = {**os.environ, "PYTHONHASHSEED": str(int(request["fresh"])), "TZ": "Pacific/Apia"}
    inner = {**request, "fresh": None, "seed": request["fresh"]}
    process = subprocess.Popen(
        [sys.executable, main],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=env,
    )
    last: dict[Any, Any] = {}
    try:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps(inner).encode() + b"\n")
        process.stdin.close()
        for line in process.stdout:
            answer = json.loads(line)
            answer.pop("op", None)
            if answer.pop("done", None):
                last = answer
            else:
                tell(answer)
    finally:
        process.kill()
        process.wait()
    return last


class CallRun:
    """The cases of one request; `seen` are the arcs that are no news."""

    def __init__(self, request: dict[Any, Any], module: Any, tell: Any) -> None:
        filename = target_module.filename(module)
        self.module = module
        self.cases = request["cases"]
        self.detail = bool(request.get("detail"))
        self.every = self.detail or bool(request.get("every"))
        self.apart = bool(request.get("apart"))
        self.filename = filename
        self.tell = tell
        self.lost = 0
        self.slowness: dict[Any, Any] = {}
        self.seed = int(request.get("seed", 0))
        self.root = str(request.get("root", ""))
        self.seen = set() if self.every else _SEEN.setdefault(filename, set())
        self.seen.difference_update(map(tuple, request.get("forget", ())))

    def run(self) -> None:
        """Run all of them, in as many children as it takes."""
        start = 0
        while start < len(self.cases):
            end = start + 1 if self.apart else len(self.cases)
            start = self._child(start, end)

    def _child(self, start: int, end: int) -> int:
        """Run cases in one child; where to go on."""
        at = start
        with forked_child.forked(lambda out: _become_child(self, out, start, end)) as child:
            for answer in child.lines():
                at = self._heard(answer, at)
        if at < end:  # the child is gone in the midst of a case, or was ended behind one
            if not child.ended:
                self.lost += 1
                outcome = "hung" if child.late else "died"
                self.tell({"event": "ran", "n": self.cases[at]["n"], "outcome": outcome})
                self.slow(self.cases[at], TOO_SLOW / 2)
                return at + 1
            return max(at, start + 1)
        return end

    def _heard(self, answer: dict[Any, Any], at: int) -> int:
        if "at" in answer:
            return int(answer["at"])
        if answer.get("outcome") == "stopped":
            self.slow(self.cases[at], 1)
        self.learn(answer)
        self.tell(answer)
        return at

    def slow(self, case: dict[Any, Any], weight: float) -> None:
        """What has been too slow too often is left out for the rest of the request."""
        of = case.get("of")
        if of is not None:
            self.slowness[of] = self.slowness.get(of, 0) + weight

    def too_slow(self, case: dict[Any, Any]) -> bool:
        return bool(self.slowness.get(case.get("of"), 0) >= TOO_SLOW)

    def learn(self, answer: dict[Any, Any]) -> None:
        """What a presentable case reached is news no longer."""
        if answer.get("good") and not self.every:
            self.seen.update(map(tuple, answer.get("arcs", ())))


def _become_child(calls: CallRun, writing: int, start: int, end: int) -> None:
    """Run the cases; whoever forked ends the process."""
    state = None
    try:
        isolation.limit(forked_child.MEMORY)
        state = isolation.ProcessState()
        state.seed = calls.seed
        write = os.write
        tracer = tracing.Tracer(calls.filename)
        runner = traced_call.TracedCall(tracer, state, calls.detail, calls.every, calls.root)
        runner.caches = traced_call.caches_of(calls.module)
        arm = forked_child.alarm()
        for at in range(start, end):
            write(writing, b'{"at": %d}\n' % at)
            if calls.too_slow(calls.cases[at]):
                continue
            arm(1.0)
            answer = runner.run(calls.cases[at], calls.seen)
            arm(0)
            if answer is not None:
                calls.learn(answer)
                if answer["outcome"] == "stopped":
                    calls.slow(calls.cases[at], 1)
                forked_child.write_all(
                    writing, json.dumps({"event": "ran", **answer}).encode() + b"\n"
                )
            if runner.spoilt and at + 1 < end:
                write(writing, b'{"at": %d}\n{"end": true}\n' % (at + 1))
                break
        else:
            write(writing, b'{"at": %d}\n{"end": true}\n' % end)
        state.clean()
    except BaseException:  # a case is lost with its child; the parent says so
        if state is not None:
            state.clean()
