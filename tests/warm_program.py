"""The program from a warm start: forked from an interpreter that has imported it already.

What a run does is what `python -m qe_action` does, in a process of its own with its own
environment, folder and streams, without half a second for imports. Only the imports themselves,
and the start that comes twice to be rid of the token, are left out: tests of those, and runs whose
environment tells the interpreter something, start it for real.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NoReturn, Self

MEANT_FOR_THE_INTERPRETER = ("PYTHON", "LC_", "LANG", "TZ", "LD_")
"""What variables begin with that a process reads as it starts, and never again."""
LEFT_OUT = ("qe_action.worker", "qe_action.__main__", "qe_action.servers.mcp_")
LATER = ("coverage", "github", "markdown_it", "rich.console", "rich.live", "unidiff")
"""What functions of the program import when they first need it."""


def can_be_warm(env: Mapping[str, str] | None) -> bool:
    """Whether a process with this environment starts as all others do."""
    return (
        env is not None
        and sys.platform == "linux"
        and not any(name.startswith(MEANT_FOR_THE_INTERPRETER) for name in env)
    )


class WarmProcess:
    """One run; has what tests use of `subprocess.Popen`, for text."""

    def __init__(
        self,
        arguments: tuple[str, ...],
        cwd: Path,
        env: Mapping[str, str],
        *,
        merged: bool = True,
        stdin: str = "",
        program: str = "",
    ) -> None:
        self.returncode: int | None = None
        self._ended = threading.Lock()
        out, out_end = os.pipe()
        err, err_end = (out, out_end) if merged else os.pipe()
        self.stdout: IO[str] = os.fdopen(out, encoding="utf-8", newline=None)
        self.stderr = None if merged else os.fdopen(err, encoding="utf-8")
        given = tempfile.TemporaryFile()  # noqa: SIM115 - closed once it is handed over
        given.write(stdin.encode())
        given.seek(0)
        self._talk = socket.socket(socket.AF_UNIX)
        self._talk.connect(_starter())
        wanted = {"arguments": arguments, "cwd": str(cwd), "env": dict(env), "program": program}
        request = json.dumps(wanted).encode()
        header = f"{len(request):>10}".encode()
        socket.send_fds(self._talk, [header], [given.fileno(), out_end, err_end])
        self._talk.sendall(request)
        for end in {out_end, err_end}:
            os.close(end)
        given.close()
        self._said = self._talk.makefile()
        self.pid = int(self._said.readline())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stdout.close()
        self.wait()

    def poll(self) -> int | None:
        """The exit code, once there is one."""
        if self.returncode is None and select.select([self._talk], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        with self._ended:
            if self.returncode is None:
                if not select.select([self._talk], [], [], timeout)[0]:
                    raise subprocess.TimeoutExpired("qe_action", timeout or 0)
                self.returncode = int(self._said.readline())
                self._said.close()
                self._talk.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """All that it writes, once it has ended. Past `timeout` it is killed."""
        late = threading.Event()

        def end() -> None:
            late.set()
            self.kill()

        timer = threading.Timer(timeout or threading.TIMEOUT_MAX, end)
        timer.daemon = True
        timer.start()
        errors: list[str] = []
        reader = threading.Thread(target=lambda: errors.append(_all_of(self.stderr)))
        reader.start()
        text = _all_of(self.stdout)
        reader.join()
        self.wait()
        timer.cancel()
        if late.is_set():
            raise subprocess.TimeoutExpired("qe_action", timeout or 0, text)
        return text, errors[0]


def start_program(
    arguments: tuple[str, ...],
    cwd: Path,
    env: Mapping[str, str],
    *,
    warm: bool = True,
    program: str = "",
) -> subprocess.Popen[str] | WarmProcess:
    """A run whose output and errors come in one stream; of another `program`, by its file."""
    if warm and can_be_warm(env):
        return WarmProcess(arguments, cwd, env, program=program)
    what = [program] if program else ["-m", "qe_action"]
    return subprocess.Popen(
        [sys.executable, "-P", *what, *arguments],
        cwd=cwd,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run_program(
    arguments: tuple[str, ...],
    cwd: Path,
    env: Mapping[str, str],
    *,
    stdin: str = "",
    timeout: float = 300,
) -> subprocess.CompletedProcess[str]:
    """Run it to its end; from a cold start where the environment asks for one."""
    command = [sys.executable, "-m", "qe_action", *arguments]
    if not can_be_warm(env):
        return subprocess.run(
            command,
            cwd=cwd,
            env=env,
            input=stdin,
            timeout=timeout,
            capture_output=True,
            text=True,
            check=False,
        )
    process = WarmProcess(arguments, cwd, env, merged=False, stdin=stdin)
    out, err = process.communicate(timeout)
    return subprocess.CompletedProcess(command, process.wait(), out, err)


def _all_of(stream: IO[str] | None) -> str:
    if stream is None or stream.closed:
        return ""
    with stream:
        return stream.read()


@cache
def _starter() -> str:
    """The address of this process's starter, which ends with this process."""
    address = Path(tempfile.mkdtemp(prefix="qe-warm-")) / "starter"
    read, write = os.pipe()  # nobody writes: its end is this process's
    env = {"PATH": os.environ["PATH"]}
    process = subprocess.Popen(
        [sys.executable, "-P", __file__, str(address)],
        stdin=read,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,  # as for most runs of the program: pipes, which can't seek
        env=env,
        cwd="/",
    )
    os.close(read)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    _STARTERS.append((process, write))
    return str(address)


_STARTERS: list[tuple[subprocess.Popen[bytes], int]] = []


def end_starter() -> None:
    """End this process's starter, if there is one."""
    for process, write in _STARTERS:
        os.close(write)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
    _STARTERS.clear()
    _starter.cache_clear()


# In the starter


class _StartedAgain(BaseException):
    """The program replaces itself by itself: all there is to it is the environment."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = dict(env)


def _serve(address: str) -> None:
    """Take requests until the process at the other end of standard input is gone."""
    import qe_action

    for module in pkgutil.walk_packages(qe_action.__path__, "qe_action."):
        if not module.name.startswith(LEFT_OUT):
            importlib.import_module(module.name)
    for name in LATER:
        importlib.import_module(name)
    gc.freeze()  # or each child, as it ends, copies all that was imported to look for garbage
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(64)
        os.write(1, b"ready\n")
        while listener in select.select([listener, 0], [], [])[0]:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _keep(connection)
                return
            connection.close()
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
    Path(address).unlink()
    Path(address).parent.rmdir()


def _keep(connection: socket.socket) -> None:
    """Fork once more, and tell the number of that process and how it ended."""
    header, descriptors, _, _ = socket.recv_fds(connection, 10, 3)
    with connection.makefile("rb") as rest:
        request = json.loads(rest.read(int(header)))
    pid = os.fork()
    if pid == 0:
        connection.close()
        for target, descriptor in enumerate(descriptors):
            os.dup2(descriptor, target)
            os.close(descriptor)
        _be(request)
    for descriptor in descriptors:
        os.close(descriptor)
    for target in range(3):  # a pipe's end comes when the program's process is gone, not later
        os.dup2(os.open(os.devnull, os.O_RDWR), target)
    connection.sendall(f"{pid}\n".encode())
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with contextlib.suppress(OSError):
        connection.sendall(f"{status}\n".encode())
    os._exit(0)


def _be(request: Mapping[str, Any]) -> NoReturn:
    """Become the program."""
    import coverage

    os.chdir(request["cwd"])
    env: Mapping[str, str] = request["env"]

    def start_again(_program: str, _arguments: list[str], env: Mapping[str, str]) -> NoReturn:
        raise _StartedAgain(env)

    os.execve = start_again  # type: ignore[assignment]
    while True:
        os.environ.clear()
        os.environ.update(env)
        sys.argv = ["qe_action", *request["arguments"]]
        if env is request["env"]:
            coverage.process_startup(force=True)
        try:
            if request["program"]:
                runpy.run_path(request["program"], run_name="__main__")
            else:
                runpy.run_module("qe_action", run_name="__main__", alter_sys=True)
            sys.exit(0)
        except _StartedAgain as again:
            env = again.env


if __name__ == "__main__":
    _serve(sys.argv[1])
