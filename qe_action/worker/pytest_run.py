"""One run of pytest in a process of its own, forked or fresh."""

from __future__ import annotations

import gc
import importlib
import io
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time

from . import mutant_loader

RESULT = 16 << 20
"""Bytes of the longest result that is read."""
LOOK = 0.2
"""Seconds between two looks whether a silent child has ended."""


def in_fork(spec: dict) -> dict:
    """Run in a fork of this process, which has imported pytest."""
    warm()
    source, target = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setpgid(0, 0)
            only(target)
            perform(spec, target)
        finally:
            os._exit(70)
    os.close(target)
    try:
        return _result(source, pid, time.monotonic() + spec["timeout"])
    finally:
        os.close(source)


_warmed: list = []
"""Not empty where it was done."""


def warm() -> None:
    """Import once what every fork needs: pytest with its parts, and coverage.

    Not its plugins: pytest warns of those that are there before it could rewrite their asserts.
    """
    if _warmed:
        return
    _warmed.append(True)
    import coverage
    import coverage.jsonreport

    for name in ("isolation", "outcome_plugin"):
        importlib.import_module("." + name, __package__)
    config = importlib.import_module("_pytest.config")
    for name in (*config.default_plugins, "assertion.rewrite", "python_api"):
        _import("_pytest." + name)
    for name in ("pdb", "faulthandler", "_pytest._argcomplete"):
        _import(name)
    coverage.Coverage(data_file=None, config_file=False, messages=False)
    gc.collect()
    gc.freeze()


def _import(name: str) -> None:
    """A part that is missing or does not load is pytest's to complain about."""
    try:
        importlib.import_module(name)
    except BaseException:
        sys.modules.pop(name, None)


def in_new_process(spec: dict) -> dict:
    """Run in a new interpreter, with the hash seed, time zone and locale that `spec` names."""
    source, target = os.pipe()
    main = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fresh_run.py")
    with subprocess.Popen(
        [spec.get("python") or sys.executable, main, str(target)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **spec.get("env", {})},
        pass_fds=(target,),
        preexec_fn=os.setpgrp,
    ) as process:
        os.close(target)
        try:
            assert process.stdin is not None
            process.stdin.write(json.dumps(spec).encode() + b"\n")
            process.stdin.close()
            return _result(source, process.pid, time.monotonic() + spec["timeout"])
        except BrokenPipeError:
            return {"end": "crashed", "status": None}
        finally:
            os.close(source)
            process.returncode = 0  # it was waited for


def only(*kept: int) -> None:
    """Keep standard streams, pointed to nothing, and some descriptors."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    start = 3
    for number in (*sorted(kept), 1024):
        os.closerange(start, number)
        start = number + 1
    sys.stdin, sys.stdout, sys.stderr = (open(n, m) for n, m in ((0, "r"), (1, "w"), (2, "w")))


def _result(source: int, pid: int, deadline: float) -> dict:
    """What the child wrote, or how it ended without; nothing of its group is left."""
    data, end = _read(source, pid, deadline)
    for kill in (os.killpg, os.kill):  # the group may not be there yet, or no longer
        try:
            kill(pid, signal.SIGKILL)
        except OSError:
            pass
    _, status = os.waitpid(pid, 0)
    if end:
        return {"end": end, "status": None}
    try:
        result = json.loads(data)
    except ValueError:
        return {"end": "crashed", "status": status}
    return result if isinstance(result, dict) else {"end": "crashed", "status": status}


def _read(source: int, pid: int, deadline: float) -> tuple:
    """All that the child writes: a line, or less where it ends before."""
    data = bytearray()
    ended = False
    while not data.endswith(b"\n"):
        left = deadline - time.monotonic()
        if not select.select([source], [], [], max(0.0, min(left, LOOK)))[0]:
            if left <= 0:
                return b"", "timeout"
            if ended:  # what it has started may still hold the pipe
                break
            ended = _has_ended(pid)
            continue
        chunk = os.read(source, 1 << 16)
        data += chunk
        if len(data) > RESULT:
            return b"", "unreadable"
        if not chunk:
            break
    return bytes(data), ""


def _has_ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def perform(spec: dict, target: int) -> None:
    """Run pytest as `spec` says, write the result and end the process."""
    os.environ.update(spec.get("env", {}))
    if hasattr(time, "tzset"):
        time.tzset()
    import pytest

    from .outcome_plugin import OutcomePlugin

    enter(spec)
    _limit(spec.get("memory"))
    if spec.get("mutant") and not _mutated(spec):
        _end({"end": "needs an import"}, target)
    measuring = _measure(spec)
    if spec.get("days"):
        from . import clock

        clock.shift(spec["days"])
    plugin = OutcomePlugin(spec.get("seed"), spec.get("watch_each") or [], spec.get("beside", ""))
    kept = os.getcwd(), list(sys.path), sys.getrecursionlimit()
    started = time.perf_counter()
    code = int(pytest.main(list(spec["arguments"]), plugins=[plugin]))
    _restore(*kept)
    result = {
        "end": "done",
        "exit": code,
        "seconds": time.perf_counter() - started,
        "outcomes": plugin.outcomes,
        "errors": plugin.errors,
        "tracebacks": plugin.tracebacks,
        "written_by": plugin.written,
        "measured": _measured(measuring),
    }
    _end(result, target)


def _restore(folder: str, path: list, recursion: int) -> None:
    """What we need ourselves, whatever the tests have done to it."""
    sys.setrecursionlimit(max(recursion, sys.getrecursionlimit()))
    sys.path[:] = path
    os.chdir(folder)


def enter(spec: dict) -> None:
    """Go to the working copy, and import from it first."""
    os.chdir(spec.get("cwd") or spec["root"])
    for path in reversed(spec.get("pythonpath", [])):
        if path in sys.path:
            sys.path.remove(path)
        sys.path.insert(0, path)


def _limit(memory) -> None:
    """Bound what the run may hold beyond what this process has; it leaves no core behind."""
    if not memory:
        return
    from . import isolation

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    kind, most = isolation.memory_limit(memory)
    hard = resource.getrlimit(kind)[1]
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (most, most))


def _mutated(spec: dict) -> bool:
    """Put the mutant in place; False where that takes a process that has not imported it."""
    edit = spec["mutant"]
    mutant_loader.on_import(spec["file"], edit)
    return not mutant_loader.LOADED or mutant_loader.in_loaded(
        spec["file"], edit, spec.get("early", [])
    )


def _end(result: dict, target: int) -> None:
    data = json.dumps(result).encode() + b"\n"
    while data:
        data = data[os.write(target, data) :]
    os._exit(0)


def _measure(spec: dict):
    if not spec.get("measure"):
        return None
    import coverage

    measuring = coverage.Coverage(
        data_file=None, config_file=False, branch=True, include=[spec["file"]], messages=False
    )
    for pattern in spec.get("exclude", []):
        measuring.exclude(pattern)
    measuring.start()
    return measuring


def _measured(measuring):
    """Lines and branches of the target by coverage.py's own report; None where it never ran."""
    if measuring is None:
        return None
    import contextlib
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        place = os.path.join(folder, "report.json")
        try:
            measuring.stop()
            with contextlib.redirect_stdout(io.StringIO()):
                measuring.json_report(outfile=place)
            with open(place, encoding="utf-8") as file:
                files = list(json.load(file)["files"].values())
        except Exception as error:
            return {"error": type(error).__name__ + ": " + str(error)[:200]}
    if len(files) != 1:
        return {"error": "not run"}
    (found,) = files
    return {
        "lines": found["executed_lines"],
        "missing_lines": found["missing_lines"],
        "branches": found["executed_branches"],
        "missing_branches": found["missing_branches"],
    }
