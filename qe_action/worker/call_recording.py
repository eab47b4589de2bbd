"""Runs the project's own tests and records the calls that they make into the target file."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import sys
import tempfile
import threading
import time
import types
from typing import Any

from . import expressions, forked_child, isolation, target_module

MOST = 25
"""How many calls of one function are kept."""
TOTAL = 2000
"""How many calls are kept in all."""
SECONDS = 60.0
"""Seconds in which the tests are run, where the request says nothing else."""
MEMORY = 2 << 30
"""Bytes that the tests may hold beyond what the worker has."""


def run(request: dict[Any, Any], tell: Any) -> dict[Any, Any]:
    """A `call` event for each call that can be written down, in a child that is watched."""
    module = target_module.load(request)
    last: dict[Any, Any] = {"ended": False}
    with forked_child.forked(
        lambda out: _become_child(request, module, out), SECONDS, SECONDS
    ) as child:
        for answer in child.lines():
            if "tests" in answer:
                last.update(answer)
            else:
                tell({"event": "call", **answer})
        last["ended"] = child.ended
    return last


def _become_child(request: dict[Any, Any], module: Any, writing: int) -> None:
    """Run the tests; whoever forked ends the process."""
    try:
        isolation.limit(MEMORY)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        os.chdir(request["root"])
        recording = CallRecording(module, writing, float(request.get("seconds", SECONDS)))
        status = _run_tests(request, recording)
        forked_child.write_all(
            writing, json.dumps({"tests": status}).encode() + b'\n{"end": true}\n'
        )
    except BaseException:  # what was noted so far stands
        forked_child.write_all(writing, b'{"end": true}\n')


def _run_tests(request: dict[Any, Any], recording: CallRecording) -> str:
    tests = request["tests"]
    sys.dont_write_bytecode = True
    recording.start()
    try:
        if importlib.util.find_spec("pytest") is None:
            return _unittest(tests)
        import pytest

        with tempfile.TemporaryDirectory() as folder:
            plain = ["-q", "-p", "no:cacheprovider", "-o", "addopts=", "--basetemp=" + folder]
            codes, plugin = [], EnoughPlugin(recording)
            for test in tests:  # one file after the other: collecting all of them can take long
                if not recording.enough():
                    codes.append(int(pytest.main([*plain, test], plugins=[plugin])))
            return "pytest %d" % max(codes, default=0)
    finally:
        recording.stop()


def _unittest(tests: list[Any]) -> str:
    import io
    import unittest

    suite = unittest.TestSuite()
    for at, path in enumerate(tests):
        sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
        spec = importlib.util.spec_from_file_location("_qe_test_%d" % at, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        suite.addTests(unittest.defaultTestLoader.loadTestsFromModule(module))
    result = unittest.TextTestRunner(stream=io.StringIO()).run(suite)
    return "unittest %d" % len(result.failures + result.errors)


class EnoughPlugin:
    """Ends a run of pytest when enough calls are recorded."""

    def __init__(self, recording: CallRecording) -> None:
        self._recording = recording

    def pytest_runtest_logfinish(self) -> None:
        if self._recording.enough():
            self._recording.stop()
            raise KeyboardInterrupt


class CallRecording:
    """A profile function that writes down the arguments of calls from outside the file."""

    def __init__(self, module: Any, writing: int, seconds: float = SECONDS) -> None:
        self.file = target_module.filename(module)
        self._writing = writing
        self._codes = codes_of(module, self.file)
        self._counts: dict[Any, Any] = {}
        self._told: set[Any] = set()
        self._made: dict[Any, Any] = {}
        self._alive: list[Any] = []
        self._busy = False
        self._until = time.monotonic() + seconds

    def start(self) -> None:
        threading.setprofile(self._hear)
        sys.setprofile(self._hear)

    def stop(self) -> None:
        sys.setprofile(None)
        threading.setprofile(None)

    def enough(self) -> bool:
        """Whether the time is over, or nothing more would be kept."""
        full = sum(count >= MOST for count in self._counts.values()) >= len(self._codes)
        return full or len(self._told) > TOTAL or time.monotonic() > self._until

    def _hear(self, frame: Any, event: Any, arg: Any) -> None:
        if event != "call" or self._busy or frame.f_code.co_filename != self.file:
            return
        if frame.f_code not in self._codes or len(self._told) > TOTAL:
            return
        self._busy = True
        try:
            self._note(frame)
        except Exception:
            return
        finally:
            self._busy = False

    def _note(self, frame: Any) -> None:
        qualname, kind = self._codes[frame.f_code]
        args, kwargs = arguments(frame)
        receiver = None
        if kind in ("method", "classmethod"):
            receiver, args = args[0], args[1:]
        if qualname.endswith(".__init__"):
            if len(self._alive) < TOTAL and type(receiver).__qualname__ + ".__init__" == qualname:
                self._alive.append(receiver)
                self._made[id(receiver)] = (args, kwargs)
            qualname, receiver = qualname[: -len(".__init__")], None
        back = frame.f_back
        outside = back is None or back.f_code.co_filename != self.file
        if not outside or self._counts.get(qualname, 0) >= MOST:
            return
        told = {"qualname": qualname, "receiver": None}
        if kind == "method" and receiver is not None:
            told["receiver"] = self._express(receiver)
        told["args"] = [self._express(arg) for arg in args]
        told["kwargs"] = {name: self._express(value) for name, value in kwargs.items()}
        line = json.dumps(told)
        if line in self._told or len(line) > 4000:
            return
        self._told.add(line)
        self._counts[qualname] = self._counts.get(qualname, 0) + 1
        forked_child.write_all(self._writing, line.encode() + b"\n")

    def _express(self, value: object) -> dict[Any, Any]:
        made = expressions.ExpressionWriter(self._made, by_state=True).express(value)
        if made is None:
            raise expressions.Unknown
        return {"text": made.text, "names": made.names, "exact": made.exact}


def arguments(frame: Any) -> tuple[Any, ...]:
    """A frame's positional and keyword arguments as they were given, as far as it tells."""
    code, values = frame.f_code, frame.f_locals
    count = code.co_argcount
    args = [values[name] for name in code.co_varnames[:count]]
    rest = code.co_varnames[count : count + code.co_kwonlyargcount]
    kwargs = {name: values[name] for name in rest}
    at = count + code.co_kwonlyargcount
    if code.co_flags & 0x04:
        args += values[code.co_varnames[at]]
        at += 1
    if code.co_flags & 0x08:
        kwargs.update(values[code.co_varnames[at]])
    return args, kwargs


def codes_of(module: Any, file: str) -> dict[Any, Any]:
    """Code object -> (qualified name, kind) of the public functions of a file."""
    found: dict[Any, Any] = {}
    for name, value in list(vars(module).items()):
        if isinstance(value, types.FunctionType):
            _add(found, file, name, value, "function")
        elif isinstance(value, type) and value.__module__ == module.__name__:
            for inner, item in list(vars(value).items()):
                kind = "method"
                if isinstance(item, (staticmethod, classmethod)):
                    kind, item = type(item).__name__, item.__func__
                if isinstance(item, property) and item.fget is not None:
                    item = item.fget
                _add(found, file, value.__qualname__ + "." + inner, item, kind)
    return found


def _add(found: dict[Any, Any], file: str, name: str, value: object, kind: str) -> None:
    while hasattr(value, "__wrapped__"):
        value = value.__wrapped__
    code = getattr(value, "__code__", None)
    last = name.rpartition(".")[2]
    public = not last.startswith("_") or last.startswith("__")
    if code is not None and code.co_filename == file and public:
        found[code] = (name, kind)
