"""The attacks again inside our image, in an ordinary container without privileges."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from runner import RUNNER_USER
from sandbox_driver import overlay
from sandbox_here import MACHINE, MISSING, PROGRAMS, give_all, library, open_folder
from sandbox_suite import PROBES, REST, SAMPLE
from test_container import IMAGE, docker
from test_container import image as built_image  # noqa: F401 - a fixture

pytestmark = [
    pytest.mark.container,
    pytest.mark.xdist_group("container"),
    pytest.mark.skipif(MISSING, reason="needs Linux with Landlock"),
    pytest.mark.usefixtures("built_image"),
]

Results = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def sample(built_image: str) -> Iterator[Results]:  # noqa: F811
    yield from results(built_image, SAMPLE, user=0)


@pytest.fixture(scope="module")
def rest(built_image: str) -> Iterator[Results]:  # noqa: F811
    yield from results(built_image, REST, user=0)


@pytest.fixture(scope="module")
def of_another(built_image: str) -> Iterator[Results]:  # noqa: F811
    if MACHINE.landlock < 3:
        pytest.skip("needs version 3 of Landlock")
    yield from results(built_image, tuple(PROBES), user=RUNNER_USER)


def results(image: str, names: Sequence[str], *, user: int) -> Iterator[Results]:
    """What the driver says of probes, run by the image's own interpreter and code."""
    with open_folder() as folder:
        probes = library(folder) / "probes"
        probes.mkdir()
        for name in PROGRAMS:
            (probes.parent / name).rename(probes / name)
        overlay(folder / "overlay")
        if MACHINE.root:
            give_all(folder, user)
        else:
            folder.chmod(0o777)
        done = docker(
            *("run", "--rm", "--network", "host", "--user", f"{user}:{user}"),
            *("--env", f"PYTHONPATH={probes}", "--volume", f"{folder}:{folder}"),
            *("--entrypoint", "/opt/venv/bin/python", image, "-B"),
            *(str(probes / "sandbox_driver.py"), str(folder), "/usr/local/bin/python3", *names),
            timeout=1000,
        )
        assert done.returncode == 0, done.stderr
        said = [json.loads(line) for line in done.stdout.splitlines()]
        assert said[0]["layers"][0] == (user == 0)
        yield {result["name"]: result for result in said[1:]}


def held(results: Results, name: str) -> None:
    result = results[name]
    if result["held"] is None:
        pytest.skip(result["detail"])
    assert result["held"], result["detail"]


@pytest.mark.parametrize("name", SAMPLE)
def test_the_sandbox_holds_in_the_container(sample: Results, name: str) -> None:
    held(sample, name)


@pytest.mark.probes
@pytest.mark.parametrize("name", REST)
def test_the_sandbox_holds_every_attack_in_the_container(rest: Results, name: str) -> None:
    held(rest, name)


@pytest.mark.probes
@pytest.mark.parametrize("name", PROBES)
def test_the_sandbox_holds_as_another_user(of_another: Results, name: str) -> None:
    held(of_another, name)


def test_the_image_has_what_the_sandbox_needs(built_image: str) -> None:  # noqa: F811
    code = (
        "from qe_action.sandbox.sandbox import Sandbox\n"
        "layers = Sandbox().layers()\nprint(layers.user, layers.seccomp, layers.weaker)"
    )
    entry = ("--entrypoint", "/opt/venv/bin/python", built_image, "-IBc", code)
    assert docker("run", "--rm", "--network", "none", *entry).stdout == "True True ()\n"
    assert built_image == IMAGE
