"""Attacks on the sandbox, and programs that have to work in it, for real.

As whoever runs the tests, and as root once more as another user: without a user of its own for
each run, a sandbox holds by Landlock and the filter alone. A sample of them here, as another user
with the oldest Landlock; `make probes` runs the rest.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sandbox_driver import overlay
from sandbox_here import (
    ANOTHER_USER,
    MACHINE,
    MISSING,
    give_all,
    library,
    open_folder,
    python_for_all,
    sandboxed_python,
)
from sandbox_suite import PROBES, REST, SAMPLE

pytestmark = [
    pytest.mark.skipif(MISSING, reason="needs Linux with Landlock"),
    # The kernel counts a user's processes over all containers: not beside each other.
    pytest.mark.xdist_group("container"),
]

Results = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def sample() -> Iterator[Results]:
    yield from results(SAMPLE, another=False)


@pytest.fixture(scope="module")
def rest() -> Iterator[Results]:
    yield from results(REST, another=False)


@pytest.fixture(scope="module")
def as_another() -> Iterator[Results]:
    yield from results([*PROBES], another=True)


def results(names: Sequence[str], *, another: bool) -> Iterator[Results]:
    if another and not MACHINE.root:
        pytest.skip("only root can become another user")
    if another and MACHINE.landlock < 3:
        pytest.skip("needs version 3 of Landlock")
    python = sandboxed_python()
    if python is None:
        pytest.skip("no interpreter here that every user may run")
    with open_folder() as folder:
        yield driven(folder, python, *names, another=another)


def driven(
    folder: Path, python: str, *names: str, another: bool, version: int | None = None
) -> Results:
    """What the driver says of the probes (of all of them if none is named)."""
    ours = library(folder)
    overlay(folder / "overlay")
    driver = python_for_all() if another else sys.executable
    assert driver is not None
    user: dict[str, Any] = {}
    if another:
        give_all(folder, ANOTHER_USER)
        user = {"user": ANOTHER_USER, "group": ANOTHER_USER, "extra_groups": []}
    done = subprocess.run(
        [driver, str(ours / "sandbox_driver.py"), str(folder), python, *names],
        env={
            "PATH": os.defpath,
            "PYTHONPATH": str(ours),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LANDLOCK": str(version or MACHINE.landlock),
        },
        cwd="/",
        capture_output=True,
        text=True,
        timeout=1000,
        check=False,
        **user,
    )
    assert done.returncode == 0, done.stderr
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert said[0]["layers"][0] == (MACHINE.root and not another)
    return {result["name"]: result for result in said[1:]}


def held(results: Results, name: str) -> None:
    result = results[name]
    if result["held"] is None:
        pytest.skip(result["detail"])
    assert result["held"], result["detail"]


@pytest.mark.parametrize("name", SAMPLE)
def test_the_sandbox_holds_and_lets_work(sample: Results, name: str) -> None:
    held(sample, name)


@pytest.mark.probes
@pytest.mark.parametrize("name", REST)
def test_the_sandbox_holds_every_attack(rest: Results, name: str) -> None:
    held(rest, name)


@pytest.mark.probes
@pytest.mark.parametrize("name", PROBES)
def test_the_sandbox_holds_every_attack_as_another_user(as_another: Results, name: str) -> None:
    held(as_another, name)


@pytest.mark.parametrize("another", [False, True])
def test_the_oldest_landlock_that_is_taken_is_enough(another: bool) -> None:
    """Without own rules for signals, TCP and, as root, for links and shortened files."""
    python = sandboxed_python()
    if python is None or (another and not MACHINE.root):
        pytest.skip("no interpreter for all, or no other user")
    names = (
        "read the checkout's credentials, the event and a key",
        "read environment and memory of other processes",
        "speak to the container engine's socket",
        "connect by TCP, UDP and an abstract name",
        "write outside its folder",
        "lead out of its folder with links",
        "change modes and owners of other files",
        "signal the parents",
        "kill the neighbour",
        "slow down or limit other processes",
        "stay alive after a kill",
        "asyncio",
    )
    version = 1 if MACHINE.root and not another else 3
    with open_folder() as folder:
        results = driven(folder, python, *names, another=another, version=version)
    assert {name: result["detail"] for name, result in results.items() if not result["held"]} == {}
    assert set(results) == set(names)
