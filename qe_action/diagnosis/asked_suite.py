"""What the inputs ask of the project's tests, and what its files say of how they run. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

HEARD = ("QE_ACTION_SUITE", "PYTHONPATH")
"""The variables by which the tests are heard while they run."""
CONFIGS = ("pyproject.toml", "pytest.ini", ".pytest.ini", "tox.ini", "tox.toml", "setup.cfg")
"""The files that say how tests are run."""
_RUNNERS = ("pytest", "py.test", "coverage", "tox", "nox", "hatch", "make", "sh", "bash")
_NO_AUTOLOAD = re.compile(r"--disable-plugin-autoload")
_REPORT = re.compile(r"--cov\b|\bcoverage\b")
_PASSES = re.compile(r"(?i)^\s*pass_?env\s*=", re.M)


@dataclass(frozen=True, slots=True)
class AskedSuite:
    """What runs the tests, and the results that are read; all empty where nothing is asked for.

    `results` are the globs of JUnit files and how many each matches. `quiet` says why tests would
    not be heard while they run. `reports` tells whether command or configuration name coverage,
    `plugin` whether a file of the project names pytest-cov. With `here` the command is a child of
    this process, in the job's own environment.
    """

    command: tuple[str, ...] = ()
    here: bool = False
    network: bool = False
    results: tuple[tuple[str, int], ...] = ()
    own_check: bool = True
    quiet: tuple[str, ...] = ()
    reports: bool = False
    plugin: bool = False

    @property
    def is_pytest(self) -> bool:
        """Whether what stands behind the command is told to pytest."""
        program = _name_of(self.command)
        return program in ("pytest", "py.test") or self.command[1:3] == ("-m", "pytest")


def reports_coverage(command: Sequence[str], texts: Mapping[str, str]) -> bool:
    """Whether the words of the command, or what pytest is always told, name coverage."""
    options = " ".join((*command, *_added(texts)))
    return _REPORT.search(options) is not None


def why_quiet(command: Sequence[str], texts: Mapping[str, str]) -> Iterator[str]:
    """Why pytest would not find our plugin."""
    for name, text in texts.items():
        if any(_NO_AUTOLOAD.search(each) for each in _added({name: text})):
            yield f"{name} has --disable-plugin-autoload in addopts"
    if "--disable-plugin-autoload" in command:
        yield "the command has --disable-plugin-autoload"
    program = _name_of(command)
    if program == "tox" and not any(_hears(text) for text in texts.values()):
        yield f"tox passes variables on that are named alone: pass_env needs {' and '.join(HEARD)}"
    if program.startswith("python") and {"-I", "-E"} & set(command):
        yield f"{program} -I and -E read no PYTHONPATH"
    if program and not program.startswith("python") and program not in _RUNNERS:
        yield f"{program} is not pytest, as far as its name tells"


def _name_of(command: Sequence[str]) -> str:
    """What a command starts with, without its folder."""
    return command[0].rpartition("/")[2] if command else ""


def _hears(text: str) -> bool:
    return _PASSES.search(text) is not None and all(name in text for name in HEARD)


def _added(texts: Mapping[str, str]) -> Iterator[str]:
    """The lines in which pytest's configuration has options, also those that go on."""
    for text in texts.values():
        inside = False
        for line in text.splitlines():
            if re.match(r"\s*addopts\s*=", line):
                inside = True
            elif inside and (not line[:1].isspace() and not line.startswith(("]", "'", '"'))):
                inside = False
            if inside:
                yield line
