"""A project's environment, set up by our image in an ordinary container without privileges."""

from __future__ import annotations

import json

import pytest
from runner import RUNNER_USER
from sandbox_here import MACHINE, MISSING, give_all, open_folder
from test_container import docker
from test_container import image as built_image  # noqa: F401 - a fixture
from wheels import project, wheelhouse

pytestmark = [
    pytest.mark.container,
    pytest.mark.xdist_group("container"),
    pytest.mark.skipif(MISSING, reason="needs Linux with Landlock"),
]

PREPARE = """
import asyncio, json, sys
from pathlib import Path
from qe_action.sandbox.policy import Policy
from qe_action.sandbox.sandbox import Sandbox
from qe_action.workspace.environment import prepared

async def main(folder):
    env = {"UV_OFFLINE": "1", "UV_FIND_LINKS": str(folder / "wheels")}
    found = []
    for _ in range(2):
        found.append(
            await prepared(
                folder / "export", sandbox=Sandbox(), env=env, cache_dir=folder / "cache"
            )
        )
    code = "import leaf, os, pytest; print(leaf.X, os.getuid())"
    policy = Policy(readable=found[0].readable)
    done = await Sandbox().run([str(found[0].python), "-c", code], policy)
    said = {"same": found[0].python == found[1].python, "notes": found[0].notes}
    print(json.dumps(said | {"stdout": done.stdout.decode(), "ok": done.outcome.ok}))

asyncio.run(main(Path(sys.argv[1])))
"""


@pytest.mark.parametrize(
    "user",
    [0, pytest.param(RUNNER_USER, marks=pytest.mark.slow)],
    ids=["root", "another user"],
)
def test_a_project_is_set_up_in_the_container(built_image: str, user: int) -> None:  # noqa: F811
    if user and MACHINE.landlock < 3:
        pytest.skip("needs version 3 of Landlock")
    with open_folder() as folder:
        wheelhouse(folder / "wheels")
        project(folder / "export", needs=("leaf<2",))
        if MACHINE.root:
            give_all(folder, user)
        else:
            folder.chmod(0o777)
        done = docker(
            *("run", "--rm", "--network", "host", "--user", f"{user}:{user}"),
            *("--volume", f"{folder}:{folder}", "--entrypoint", "/opt/venv/bin/python"),
            *(built_image, "-IB", "-c", PREPARE, str(folder)),
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout)
        assert said["ok"]
        assert said["same"]
        number, uid = said["stdout"].split()
        assert number == "1"
        assert (int(uid) >= 60000) if user == 0 else (int(uid) == user)
        about, *more = said["notes"]
        assert about == (
            "The project's environment has Python 3.13 and was set up from pyproject.toml."
        )
        assert [note.split(":")[0] for note in more] == (
            ["The set-up had no user of its own"] if user else []
        )
