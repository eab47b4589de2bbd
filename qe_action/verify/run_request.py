"""What gates ask of whatever runs tests: one request a run, and the port that takes it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from qe_action.verify.mutants import Mutant
from qe_action.verify.project import Project
from qe_action.verify.run_answers import MutantSaid, Run

PLUGINS_OFF = (
    *("pytest_cov", "xdist", "xdist.looponfail", "randomly", "random_order", "pytest-randomly"),
    *("cacheprovider", "pytest_reverse", "benchmark", "rerunfailures", "sugar", "html"),
    "hypothesispytest",  # its summary alone imports all of hypothesis; tests run without it
)
"""Plugins that measure, distribute, reorder or repeat: candidates run without them."""
ALONE = (
    *("-o", "addopts=", "-o", "required_plugins=", "-q", "--tb=short", "--no-header"),
    *(part for name in PLUGINS_OFF for part in ("-p", f"no:{name}")),
)
"""The project's own configuration, its `addopts` cleared."""
AS_CONFIGURED = ("--maxfail=0", "--continue-on-collection-errors")
"""All of the suite: what fails or can't be collected hides nothing of the rest."""
USAGE = 4
"""pytest's exit where it can't read its options."""


@dataclass(frozen=True)
class Surroundings:
    """What differs between runs that must come out the same.

    With `start`, a folder of the project, it is as by `python -m pytest` there: that folder alone
    is imported from.
    """

    env: Mapping[str, str] = field(default_factory=dict)
    order: int | None = None
    elsewhere: bool = False
    days: float = 0.0
    start: str | None = None


@dataclass(frozen=True)
class RunRequest:
    """One run of pytest: `paths` of the project, with `files` (path to text) in place.

    `timeout` is in seconds. With `around` it is a fresh process, else a fork. `measure` asks for
    the target's coverage, `watch` for what each test writes. `clean`: in a copy of the project in
    which nothing was run before.
    """

    files: Mapping[str, str]
    paths: Sequence[str]
    timeout: float
    options: Sequence[str] = ALONE
    around: Surroundings | None = None
    measure: bool = False
    watch: bool = False
    clean: bool = False


class Runner(Protocol):
    """Runs tests of one project. It raises nothing: a run that can't be made says how it ended."""

    @property
    def project(self) -> Project: ...

    async def run(self, request: RunRequest) -> Run: ...

    async def mutate(self, request: RunRequest, mutants: Sequence[Mutant]) -> list[MutantSaid]:
        """What the tests say to each mutant; those that no answer came for are left out.

        The request's time-out is that of one mutant.
        """
        ...

    async def styled(
        self, files: Mapping[str, str], tools: Sequence[Sequence[str]], *, timeout: float
    ) -> list[Mapping[str, str]]:
        """The files after each of the project's tools that is installed, as far as they came."""
        ...


def as_configured(plugins: Sequence[str]) -> tuple[str, ...]:
    """The options of the whole suite: as it is, in one process that we measure ourselves."""
    options = list(AS_CONFIGURED)
    if "pytest_cov" in plugins:
        options.append("--no-cov")
    if "xdist" in plugins:
        options += ["-n", "0"]
    if "randomly" in plugins:
        options.append("--randomly-seed=1")
    return tuple(options)
