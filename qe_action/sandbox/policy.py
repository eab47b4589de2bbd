"""What a sandboxed command may do. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from types import MappingProxyType

from qe_action.errors import UsageError

MEBIBYTE = 1024 * 1024

_NEVER = (
    *("/proc", "/sys", "/dev", "/run", "/var/run", "/boot", "/root/.ssh", "/var/lib/docker"),
    *("/github/workflow", "/github/file_commands", "/github/runner_temp", "/github/home"),
)
"""Folders that no policy may open, with all that hold them or lie in them."""


@dataclass(frozen=True)
class Policy:
    """The files, time, memory and variables of one run; the least that does."""

    readable: tuple[Path, ...] = ()
    """Folders and files to read and run, beside the system's programs and libraries."""
    writable: tuple[Path, ...] = ()
    """What to write to, this run's alone; the first is home, temporary and working folder."""
    start: Path | None = None
    """Another folder that it starts in."""
    network: bool = False
    """TCP and UDP to anywhere, for the set-up of an environment only."""
    loopback: bool = False
    """TCP within this machine, where there is no network."""
    shared_memory: bool = False
    """Semaphores and memory that processes share by name; only with a user of its own."""
    proc: bool = False
    """/proc as its user sees it; only with a user of its own, else it shows our environment."""
    modes: bool = False
    """Change modes of any file the user owns; as root it is allowed and can't reach outside."""
    memory: int = 1024 * MEBIBYTE
    """Bytes that all processes together hold, and that each may ask for."""
    cpu: int = 60
    """Seconds of processor time of each process."""
    wall: float = 120.0
    """Seconds after which all is ended."""
    processes: int = 64
    """Processes and threads at the same time."""
    file_size: int = 64 * MEBIBYTE
    """Bytes of the longest file it may write."""
    disk: int = 256 * MEBIBYTE
    """Bytes by which the writable folders together may grow, over all runs of a slot."""
    entries: int = 200_000
    """Files and folders in them."""
    open_files: int = 256
    output: int | None = 16 * MEBIBYTE
    """Bytes of standard output and standard error together; None where they are passed on."""
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Every variable it sees beside `BASE`'s; nothing is inherited."""

    def __post_init__(self) -> None:
        for path in (*self.readable, *self.writable):
            _check_path(path)
        amounts = (self.memory, self.cpu, self.wall, self.processes, self.disk, self.entries)
        output = 1 if self.output is None else self.output
        if min(*amounts, self.file_size, self.open_files, output) <= 0:
            raise UsageError("A limit of the sandbox is not above zero.")
        for name, value in self.environment.items():
            if not name or "=" in name or "\0" in name + value:
                raise UsageError(f"{name!r} is no variable for the sandbox.")

    @property
    def folder(self) -> Path:
        """Where it starts."""
        return self.start or (self.writable[0] if self.writable else Path("/"))

    @property
    def sockets(self) -> bool:
        """Whether it has any but connected pairs."""
        return self.network or self.loopback

    def variables(self) -> dict[str, str]:
        """The whole environment."""
        return {**BASE, "HOME": str(self.folder), "TMPDIR": str(self.folder), **self.environment}


BASE: Mapping[str, str] = MappingProxyType(
    {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "USER": "sandbox",  # its uid has no name that could be looked up
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
    }
)


def _check_path(path: PurePath) -> None:
    if not path.is_absolute() or ".." in path.parts:
        raise UsageError(f"{path} is no absolute path for the sandbox.")
    for name in _NEVER:
        if path.is_relative_to(name) or PurePath(name).is_relative_to(path):
            raise UsageError(f"{path} can't be opened to the sandbox: {name} stays out of reach.")
