"""Runs uv and set-up commands in the sandbox, with the network added."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import stat
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from qe_action.errors import SetupFailed
from qe_action.sandbox.command_run import Outcome
from qe_action.sandbox.policy import BASE, MEBIBYTE, Policy
from qe_action.sandbox.sandbox import Sandbox
from qe_action.sandbox.users import User
from qe_action.workspace.folders import claimed, scratch
from qe_action.workspace.interpreter import one_line, opened, unreachable
from qe_action.workspace.network import Network, passed_on
from qe_action.workspace.programs import Programs

TIMEOUT = 900.0
"""Seconds of a whole set-up: a large one downloads gigabytes, or compiles."""
MEMORY = 4096 * MEBIBYTE
"""Bytes that all processes of a set-up together hold."""
DISK = 12 * 1024 * MEBIBYTE
"""Bytes of the environment, of uv's cache beside it and of what is built."""
FILE = 4096 * MEBIBYTE
"""Bytes of the longest file that a set-up may write."""
PROCESSES = 512
"""uv has a thread a core, a compiler processes a core."""
OPEN_FILES = 4096
OUTPUT = 64 * MEBIBYTE
_RELEASE = tuple(
    Path("/etc", name)
    for name in ("os-release", "lsb-release", "debian_version", "redhat-release", "alpine-release")
)
"""What pip, for its user agent, stops at if it may not read it."""
WALL = {
    "pyproject.toml": '[project]\nname = "above-the-project"\nversion = "0"\n',
    "uv.toml": "",
}
"""Files above the project. uv, which looks for settings and workspaces in every folder above, looks
no further: a cache in the checkout has the checkout's own files above it, which it may not read."""
_ERROR = re.compile(r"(error|\w*Error|\w*Exception)\b", re.IGNORECASE)
LINES = 20
"""Lines of a failed set-up's output that are kept."""
_BROKEN = {
    "wall": "it took longer than {seconds:g} seconds",
    "memory": f"it took more than {MEMORY // MEBIBYTE} MB of memory",
    "disk": f"it wrote more than {DISK // MEBIBYTE} MB",
    "processes": f"it started more than {PROCESSES} processes",
    "output": f"it printed more than {OUTPUT // MEBIBYTE} MB",
    "cpu": "it took too much processor time",
}


def find_uv(programs: Programs) -> Path:
    """The program that our own dependency `uv` brings. Raises `SetupFailed`."""
    try:
        from uv import find_uv_bin

        own = Path(find_uv_bin())
        if own.is_relative_to(sys.prefix) or programs.trusts(own):
            return own.resolve(strict=True)
    except (ImportError, OSError):
        pass
    found = programs.find("uv")
    if found is not None:
        return found.resolve()
    raise SetupFailed(
        "uv, which makes the project's environment, is not installed.",
        hint="`pip install 'qe-action[generate] @ git+https://github.com/qe-action/qe-action'` "
        "brings it.",
    )


@dataclass
class Installer:
    """One user of the sandbox, with folders of its own, for the commands of a set-up.

    `project` is where commands start, or its folder `below`; `tools` holds uv. `time` is what is
    left of the set-up.
    """

    sandbox: Sandbox
    slot: User
    top: Path
    uv: Path
    network: Network
    time: float
    below: str = "."
    readable: tuple[Path, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def project(self) -> Path:
        return self.top / "project"

    async def run(
        self,
        command: Sequence[str],
        *,
        writable: tuple[Path, ...] = (),
        network: bool = True,
        path: tuple[Path, ...] = (),
        variables: Mapping[str, str] | None = None,
    ) -> bytes:
        """The output of a command. Raises `SetupFailed` where it does not end well."""
        home = self.top / "home"
        policy = Policy(
            readable=opened(
                (
                    *(*self.readable, self.uv, self.top / "tools", *_RELEASE),
                    *(self.top / name for name in WALL),
                )
            ),
            writable=(self.project, home, *writable),
            network=network,
            modes=True,  # unpacking sets them
            memory=MEMORY,
            cpu=max(1, int(self.time) * (os.cpu_count() or 1)),
            wall=max(1.0, self.time),
            processes=PROCESSES,
            file_size=FILE,
            disk=DISK,
            open_files=OPEN_FILES,
            output=OUTPUT,
            environment={
                **(self.network.variables if network else {}),
                **self._own_variables(home),
                **self.variables,
                **(variables or {}),
                "PATH": os.pathsep.join([*map(str, path), str(self.top / "tools"), BASE["PATH"]]),
            },
        )
        # What it says is one stream, so that the last lines are the last ones.
        told = ("sh", "-c", 'cd "$0" && exec "$@" 2>&1', str(self.project / self.below), *command)
        done = await self.sandbox.run(told, policy, slot=self.slot)
        self.time -= done.outcome.seconds
        if not done.outcome.ok:
            raise self._failed(command, done.outcome, done.stdout)
        return done.stdout

    def _own_variables(self, home: Path) -> dict[str, str]:
        return {
            "HOME": str(home),
            "TMPDIR": str(home / "tmp"),
            "UV_CACHE_DIR": str(home / "uv-cache"),
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_NO_PROGRESS": "1",
            "UV_COMPILE_BYTECODE": "1",  # nothing is written once the environment is in use
            "PIP_CONFIG_FILE": os.devnull,  # pip stops at one that it must not read
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "GIT_CONFIG_NOSYSTEM": "1",  # so does git
            "GIT_CEILING_DIRECTORIES": str(self.top),
            "GIT_TERMINAL_PROMPT": "0",
            "NO_COLOR": "1",
        }

    def _failed(self, command: Sequence[str], outcome: Outcome, output: bytes) -> SetupFailed:
        last = last_lines(output)
        said = f": {telling(last)}" if last else ""
        why = _BROKEN.get(outcome.how, "").format(seconds=outcome.seconds)
        if not why:
            ended = f"code {outcome.code}" if outcome.signal is None else f"signal {outcome.signal}"
            why = f"it ended with {ended}{said}"
        own = command[0] == "sh"  # what people wrote
        shown = one_line(command[-1] if own else " ".join(command))
        return SetupFailed(
            f"The project's environment could not be set up with `{shown}`: {why}",
            hint="Say with setup-command what installs the project and what its tests need.",
            output=last,
        )


def last_lines(output: bytes) -> tuple[str, ...]:
    """The end of what a program said, each line safe to print."""
    tail = output[-LINES * 2000 :].decode("utf-8", "replace")
    lines = [one_line(line) for line in tail.replace("\r", "\n").split("\n")]
    return tuple([line for line in lines if line][-LINES:])


def telling(lines: Sequence[str]) -> str:
    """The line that says most of what went wrong."""
    errors = [line for line in lines if _ERROR.match(line)]
    return (errors or list(lines) or ["nothing was said"])[-1]


@asynccontextmanager
async def installer(
    sandbox: Sandbox,
    env: Mapping[str, str],
    *,
    parent: Path,
    readable: tuple[Path, ...] = (),
    project: Path | None = None,
    below: str = ".",
    timeout: float = TIMEOUT,
    place: Path | None = None,
) -> AsyncIterator[Installer]:
    """An installer whose folders, among them a copy of `project`, are gone at the end.

    They lie in `place`, or in a new folder of `parent`.
    """
    network = passed_on(env)
    uv = find_uv(Programs(env))
    folder = scratch(parent) if place is None else claimed(place)
    async with folder as top, sandbox.slot() as slot:
        top.chmod(0o755)
        for name in ("home", "home/tmp", "tools"):
            (top / name).mkdir()
        for name, text in WALL.items():
            (top / name).write_text(text, encoding="utf-8")
            (top / name).chmod(0o644)
        await asyncio.to_thread(_copy, project, top / "project")
        uv = await asyncio.to_thread(_within_reach, uv, top / "tools", others=slot.uid is not None)
        there = {*network.files} - {name for name in network.files if not Path(name).exists()}
        yield Installer(
            sandbox,
            slot,
            top,
            uv,
            _existing(network),
            timeout,
            below,
            readable=(*readable, *(Path(name).resolve() for name in there)),
        )


def _existing(network: Network) -> Network:
    """Without the settings that name files which are not there: uv would stop at them."""
    gone = {name for name in network.files if not Path(name).exists()}
    kept = {
        name: value
        for name, value in network.variables.items()
        if not any(part in gone for part in value.replace(",", " ").replace(":", " ").split())
    }
    return Network(kept, network.files, network.notes)


def _within_reach(uv: Path, tools: Path, *, others: bool) -> Path:
    """uv under its own name in `tools`; a copy where the sandbox's user could not run it."""
    if others and unreachable(uv):
        shutil.copyfile(uv, tools / "uv")
        (tools / "uv").chmod(0o755)
        return tools / "uv"
    (tools / "uv").symlink_to(uv)
    return uv


def _copy(source: Path | None, target: Path) -> None:
    """A project that can be written to; links stay links."""
    target.mkdir()
    if source is None:
        return
    for parent, folders, files in os.walk(source):
        here = target / Path(parent).relative_to(source)
        for name in (*folders, *files):
            path = Path(parent, name)
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                (here / name).symlink_to(path.readlink())
            elif stat.S_ISDIR(mode):
                (here / name).mkdir()
            elif stat.S_ISREG(mode):
                shutil.copyfile(path, here / name)
                (here / name).chmod(0o755 if mode & 0o100 else 0o644)
