"""Runs tests on mutants of the target: one fork for each, nothing on disk is changed."""

from __future__ import annotations

from . import fork_server, pytest_run, snapshot
from .test_run import Files


def run(request: dict, tell) -> dict:
    """Which of `mutants` the tests kill, by their ids, and which tests do."""
    with Files(request["root"], request.get("files", {})):
        watch = request.get("watch", []), request.get("beside", "")
        before = snapshot.take(*watch)
        for mutant in request["mutants"]:
            result = _run({**request, "mutant": mutant})
            tell({"mutant": mutant["id"], **_verdict(result)})
        written = snapshot.changed(before, snapshot.take(*watch))
    return {"written": written}


def _run(spec: dict) -> dict:
    """Where the target is loaded, if the mutant can be put in place there."""
    result = fork_server.run(spec) if spec.get("held") else None
    if result is None or result["end"] == "needs an import":
        result = pytest_run.in_fork(spec)
    return result


def _verdict(result: dict) -> dict:
    if result["end"] != "done":
        return {"killed": True, "by": [], "how": result["end"]}
    by = [name for name, (outcome, _) in result["outcomes"].items() if outcome != "passed"]
    killed = bool(by or result["errors"]) or not result["outcomes"]
    return {"killed": killed, "by": by, "how": "failed" if killed else "survived"}
