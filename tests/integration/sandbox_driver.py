"""Runs the probes in real sandboxes and says as JSON lines how each ended.

A program of its own, so that it can run as another user and in a container, with nothing but
the standard library and qe_action's sandbox: `sandbox_driver.py FOLDER PYTHON [NAME...]`.
LANDLOCK names an older version of Landlock than the kernel's, to do with no more than that has.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sandbox_probes import Probe
from sandbox_suite import PROBES

from qe_action.sandbox.command_run import CommandRun, Outcome
from qe_action.sandbox.machine import Machine
from qe_action.sandbox.policy import Policy
from qe_action.sandbox.sandbox import Sandbox
from qe_action.workspace.folders import remove

SECRET = "s3cret"
PROJECT = {
    "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["src"]\n',
    "file": "content\n",
    "src/shop/__init__.py": "def half(number):\n    return number / 2\n",
    "tests/test_shop.py": (
        "import pytest\nfrom shop import half\n\n\n"
        "@pytest.mark.parametrize('number', [2, 4])\n"
        "def test_half(number):\n    assert half(number) * 2 == number\n\n\n"
        "def test_files(tmp_path, monkeypatch, capsys):\n"
        "    monkeypatch.chdir(tmp_path)\n    (tmp_path / 'x').write_text('y')\n    print('z')\n"
        "    assert capsys.readouterr().out == 'z\\n'\n"
    ),
}


class Objects:
    """Memory, a queue and a semaphore of System V, and a POSIX queue, for every user to use."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._libc.shmat.restype = ctypes.c_void_p
        self.segment = self._made(self._libc.shmget(0, 4096, 0o1666))
        self._at = self._libc.shmat(self.segment, None, 0)
        ctypes.memmove(self._at, SECRET.encode(), len(SECRET))
        self.queue = self._made(self._libc.msgget(0, 0o1666))
        message = ctypes.create_string_buffer(bytes([1, *[0] * 7]) + SECRET.encode())
        self._made(self._libc.msgsnd(self.queue, message, len(SECRET), 0))
        self.semaphore = self._made(self._libc.semget(0, 1, 0o1666))
        self._made(self._libc.semctl(self.semaphore, 0, 16, 1))  # SETVAL
        self.posix_queue = f"qe-probe-{os.getpid()}".encode()
        self._open, self._unlink = (240, 241) if platform.machine() == "x86_64" else (180, 181)
        self._made(self._libc.syscall(self._open, self.posix_queue, 0o102, 0o666, None))

    def _made(self, got: int) -> int:
        if got < 0:
            raise OSError(ctypes.get_errno(), "an object of the outside can't be made")
        return got

    def untouched(self) -> bool:
        waiting = ctypes.create_string_buffer(256)
        return (
            ctypes.string_at(self._at, len(SECRET)) == SECRET.encode()
            and self._libc.shmctl(self.segment, 2, waiting) == 0
            and self._libc.semctl(self.semaphore, 0, 12) == 1
            and self._libc.msgrcv(self.queue, waiting, 64, 0, 0o44000) == len(SECRET)
            and self._still_named()
        )

    def _still_named(self) -> bool:
        opened = self._libc.syscall(self._open, self.posix_queue, 0, 0, None)
        return opened >= 0 and self._libc.close(opened) == 0

    def remove(self) -> None:
        self._libc.shmctl(self.segment, 0, None)
        self._libc.msgctl(self.queue, 0, None)
        self._libc.semctl(self.semaphore, 0, 0)
        self._libc.syscall(self._unlink, self.posix_queue)


@dataclass
class World:
    """What is round the sandboxes: secrets, sockets, a neighbour."""

    folder: Path
    python: str
    sandbox: Sandbox
    keeps_signals: bool
    port: int = 0
    neighbour: CommandRun | None = None
    neighbour_pid: int = 0
    objects: Objects | None = None

    @property
    def checkout(self) -> Path:
        return self.folder / "checkout"

    @property
    def readable(self) -> Path:
        return self.folder / "project"

    @property
    def neighbours_folder(self) -> Path:
        return self.folder / "neighbour"

    def policy(self, **changes: Any) -> Policy:
        """The limits of a probe; `start` adds the folder to write to."""
        process = subprocess.run(
            [self.python, "-c", "import sys; print(sys.base_prefix)\nprint(sys.prefix)"],
            capture_output=True,
            text=True,
            check=True,
        )
        prefixes = {Path(line).resolve() for line in process.stdout.split()}
        overlay = self.folder / "overlay"
        usual: dict[str, Any] = {"memory": 512 << 20, "wall": 40.0, "cpu": 20, "processes": 32}
        readable = (self.readable, overlay, *(p for p in prefixes if p != Path("/usr")))
        return Policy(readable=readable, **{**usual, **changes})

    def variables(self) -> dict[str, str]:
        assert self.objects is not None
        ours = " ".join(str(pid) for pid in (os.getpid(), os.getppid(), 1) if pid)
        return {
            "CHECKOUT": str(self.checkout),
            "READABLE": str(self.readable),
            "NEIGHBOUR": str(self.neighbours_folder),
            "OVERLAY": str(self.folder / "overlay"),
            "PORT": str(self.port),
            "PARENTS": ours,
            "OWNERS": "" if self.keeps_signals else "refused",
            "OUTSIDE": str(self.neighbour_pid),
            "SEGMENTS": str(self.objects.segment),
            "QUEUES": str(self.objects.queue),
            "SEMAPHORES": str(self.objects.semaphore),
            "POSIX_QUEUE": self.objects.posix_queue.decode(),
        }

    async def neighbour_lives(self) -> bool:
        assert self.neighbour is not None
        await self.neighbour.write(b"ping\n")
        try:
            async with asyncio.timeout(10):
                return await self.neighbour.read_line() == b"ping\n"
        except TimeoutError:
            return False


def furnish(folder: Path) -> None:
    """Secrets that every user of the machine may read, as far as modes go."""
    for name, text in PROJECT.items():
        path = folder / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name in (".git/config", "event.json", "key.pem"):
        path = folder / "checkout" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SECRET)
        path.chmod(0o666)
    (folder / "neighbour").mkdir()
    (folder / "neighbour" / "file").write_text(SECRET)


def picture(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Modes, owners and contents of what no probe may change."""
    found = {}
    for part in ("checkout", "project"):
        for path in sorted((folder / part).rglob("*")):
            about = path.lstat()
            content = path.read_bytes() if path.is_file() else b""
            found[str(path)] = (about.st_mode, about.st_uid, content)
    return found


@asynccontextmanager
async def listening(world: World) -> AsyncIterator[None]:
    """Sockets that would answer."""
    servers = [socket.create_server(("127.0.0.1", 0))]
    world.port = servers[0].getsockname()[1]
    for name in (str(world.checkout / "docker.sock"), "\0qe-probe"):
        server = socket.socket(socket.AF_UNIX)
        with suppress(OSError):  # a driver at the same time has the abstract name
            server.bind(name)
            server.listen()
            servers.append(server)
    (world.checkout / "docker.sock").chmod(0o666)

    def accept(server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                server.accept()[0].close()

    for server in servers:
        threading.Thread(target=accept, args=(server,), daemon=True).start()
    try:
        yield
    finally:
        for server in servers:
            server.close()


@asynccontextmanager
async def neighbouring(world: World) -> AsyncIterator[None]:
    """Another run at the same time, which echoes lines."""
    program = (
        "import os, sys\nprint(os.getpid(), flush=True)\n"
        "for line in sys.stdin: print(line, end='', flush=True)\n"
    )
    policy = replace(world.policy(wall=600.0), writable=(world.neighbours_folder,))
    async with await world.sandbox.start([world.python, "-c", program], policy) as running:
        world.neighbour = running
        world.neighbour_pid = int(await running.read_line())
        yield


async def attempted(world: World, probe: Probe) -> dict[str, Any]:
    """One probe: whether it was held, and what it said."""
    if probe.name.startswith("pytest") and not (world.folder / "overlay").is_dir():
        return {"name": probe.name, "held": None, "detail": "no pytest for this interpreter"}
    if probe.policy.get("shared_memory") and not world.sandbox.layers().user:
        return {"name": probe.name, "held": None, "detail": "only with a user of its own"}
    before = picture(world.folder)
    own = Path(tempfile.mkdtemp(prefix="own-", dir=world.folder))
    policy = replace(world.policy(**probe.policy), writable=(own,), environment=world.variables())
    try:
        async with await world.sandbox.start(
            [world.python, "-c", probe.program], policy
        ) as running:
            if not probe.kill_after:
                reading = asyncio.create_task(running.read_all())
                running.close_input() if probe.name.startswith("read standard") else None
                said = await reading
                outcome = await running.outcome()
            else:
                await asyncio.sleep(probe.kill_after)
                outcome = await running.kill()
                said = await running.read_all()
        wrong = list(faults(probe, outcome, said.decode(errors="replace")))
        wrong += remaining(probe, own, outcome)
    finally:
        remove(own)
    if own.exists():
        wrong.append("its folder could not be removed")
    if picture(world.folder) != before:
        wrong.append("something outside was changed")
    if world.objects is not None and not world.objects.untouched():
        wrong.append("memory, a queue or a semaphore of others was changed")
    if not await world.neighbour_lives():
        wrong.append("the neighbour is dead")
    said_last = said[-2000:].decode(errors="replace") + outcome.stderr[-2000:].decode()
    detail = f"{wrong}\n{outcome}\n{said_last}" if wrong else outcome.how
    return {"name": probe.name, "held": not wrong, "detail": detail, "left": outcome.left}


def faults(probe: Probe, outcome: Outcome, said: str) -> list[str]:
    """What is wrong with an end and an output."""
    wrong = [line for line in said.splitlines() if line.startswith("BROKEN")]
    if outcome.how not in probe.ends.split(" or "):
        wrong.append(f"ended by {outcome.how}, not by {probe.ends}")
    if probe.done and (outcome.code != 0 or "DONE" not in said):
        wrong.append("did not come to its end")
    if SECRET in said:
        wrong.append("knows the secret")
    return wrong


def remaining(probe: Probe, own: Path, outcome: Outcome) -> list[str]:
    """Processes that should be gone."""
    if probe.check != "gone":
        return []
    wrong = [] if outcome.left or probe.kill_after else ["it left nothing to kill"]
    pids = own / "pids.txt"
    for pid in pids.read_text().split() if pids.exists() else ():
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            continue
        except PermissionError:
            pass
        wrong.append(f"process {pid} is still alive")
    return wrong


async def main(folder: Path, python: str, names: list[str]) -> None:
    here = Machine.here()
    older = int(os.environ.get("LANDLOCK", here.landlock))
    sandbox = Sandbox(machine=replace(here, landlock=min(here.landlock, older)))
    layers = sandbox.layers()
    kept = layers.user or layers.landlock >= 6
    world = World(folder, python, sandbox, kept)
    furnish(folder)
    print(json.dumps({"layers": [layers.user, layers.landlock, layers.weaker]}), flush=True)
    world.objects = Objects()
    async with listening(world), neighbouring(world):
        for probe in PROBES.values():
            if names and probe.name not in names:
                continue
            print(json.dumps(await attempted(world, probe)), flush=True)
    world.objects.remove()
    remove(world.neighbours_folder)  # it belongs to another user


def overlay(folder: Path) -> None:
    """pytest and what it needs, from our own environment."""
    import importlib.util

    folder.mkdir()
    for name in ("pytest", "_pytest", "pluggy", "iniconfig", "packaging", "pygments", "py"):
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        origin = Path(spec.origin)
        if origin.name == "__init__.py":
            shutil.copytree(origin.parent, folder / name)
        else:
            shutil.copy(origin, folder)


if __name__ == "__main__":
    os.environ["TOKEN"] = SECRET
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
