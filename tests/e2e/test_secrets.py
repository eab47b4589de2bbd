"""The token never stands where a program of ours, or one that it starts, could read it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from fake_github import FakeGitHub
from job import Job
from sandbox_here import (
    ANOTHER_USER,
    MACHINE,
    MISSING,
    ROOT,
    open_folder,
    python_for_all,
    reachable,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

TOKEN = "ghs_writer"  # the fake's
RUNTIME = "runtime-s3cr3t"
SECRETS = {
    "ACTIONS_RUNTIME_TOKEN": RUNTIME,
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": RUNTIME,
    "GITHUB_TOKEN": TOKEN,
    "GH_TOKEN": TOKEN,
}
WATCH = """\
#!/bin/sh
{{
  echo "== {name}"
  cat /proc/$PPID/environ | tr '\\0' '\\n' | sed 's/^/parent /'
  stat -c 'owner %u' /proc/$PPID/environ
  env | sed 's/^/own /'
}} >> {loot} 2>&1
exec {real} "$@"
"""


needs_another_user = pytest.mark.skipif(
    not MACHINE.root or not reachable(ROOT), reason="only root can be another user"
)


@pytest.fixture
def place() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


def watched(folder: Path, loot: Path, **programs: str) -> Path:
    """A folder with programs that note what they see and then do what they should."""
    folder.mkdir(parents=True)
    loot.touch()
    loot.chmod(0o666)
    for name, real in programs.items():
        (folder / name).write_text(WATCH.format(name=name, loot=loot, real=real))
        (folder / name).chmod(0o755)
    return folder


def programs() -> dict[str, str]:
    git = shutil.which("git")
    assert git is not None
    python = getattr(sys, "_base_executable", sys.executable)
    return {"git": git, "python3.9": python, "python3": python}


def without_secrets(seen: str) -> None:
    assert TOKEN not in seen
    assert RUNTIME not in seen
    own = [line.removeprefix("own ") for line in seen.splitlines() if line.startswith("own ")]
    assert own
    for line in own:
        assert not line.startswith(("INPUT_", "ACTIONS_", "GITHUB_TOKEN", "GH_TOKEN")), line


@pytest.mark.skipif(MISSING, reason="needs Linux with Landlock")
def test_no_program_of_ours_finds_a_secret_and_none_of_the_checkout_is_run(
    place: Path, strict: FakeGitHub
) -> None:
    job = Job(place / "job", strict)
    job.warm = False
    job.report()
    seen, loot = place / "seen", place / "loot"
    good = watched(place / "good", seen, **programs())
    watched(job.repo.root / ".tools" / "bin", loot, **programs())
    (place / "linked").symlink_to(job.repo.root / ".tools" / "bin")
    path = os.pathsep.join(
        [str(job.repo.root / ".tools/bin"), str(place / "linked"), str(good), os.environ["PATH"]]
    )
    inputs = {"generate_tests": "true", "time_budget": "5", "cache_dir": "cache"}
    env = {**SECRETS, "PATH": path, "UV_OFFLINE": "1"}
    result = job.run(env=env, **inputs)
    assert result.status == 0, result.log
    assert job.check.data["status"] == "completed"  # the token was there when it was needed
    text = seen.read_text()
    assert "== git" in text
    assert "== python3" in text
    without_secrets(text)
    assert loot.read_text() == ""


SHADOW = """\
import os
with open({loot!r}, "a") as loot:
    print(__name__, *os.environ.items(), sep="\\n", file=loot)
raise ImportError("not the one that was meant")
"""


def names_of_dash_m() -> set[str]:
    """The modules that `python -m` itself is made of."""
    code = "import runpy, sys, warnings\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize("way", ["current folder", "PYTHONPATH", "below"])
def test_nothing_of_the_checkout_is_imported(place: Path, strict: FakeGitHub, way: str) -> None:
    """By `python -m` the current folder comes first; an earlier step may have set PYTHONPATH."""
    job = Job(place / "job", strict)
    job.warm = False
    job.report()
    folder = job.repo.root / "lib" if way == "below" else job.repo.root
    folder.mkdir(exist_ok=True)
    names = {name.partition(".")[0] for name in packages_distributions()} - {"qe_action"}
    if way == "current folder":
        names |= sys.stdlib_module_names - names_of_dash_m()
    else:  # what the interpreter itself starts with comes before us
        names = {name for name in names if not name.startswith("_")}
    for name in names:
        (folder / f"{name}.py").write_text(SHADOW.format(loot=str(place / "loot")))
    env = job.environment("pull_request", job.payload(), TOKEN)
    env.pop("PYTHONPATH", None)
    if way != "current folder":
        env["PYTHONPATH"] = os.pathsep.join([str(folder), "lib"])
    done = subprocess.run(
        [sys.executable, *(() if way == "current folder" else ("-P",)), "-m", "qe_action", "run"],
        cwd=job.repo.root,
        env={name: value for name, value in env.items() if not name.startswith("COV")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert not (place / "loot").exists(), (place / "loot").read_text()
    assert done.returncode == 0, done.stderr
    assert job.check.data["status"] == "completed"


COMMAND = """\
import os, subprocess, sys, types
def main(secrets):
    print(secrets)
    subprocess.run(["stat", "-c", "owner %u", f"/proc/{os.getpid()}/environ"])
    subprocess.run(["cat", f"/proc/{os.getpid()}/environ"])
    return 3
command = types.ModuleType("qe_action.cli")
command.main = main
sys.modules["qe_action.cli"] = command
from qe_action.entry import main
sys.exit(main())
"""
"""A command that shows what it was given, and what a program that it starts can see."""


@needs_another_user
def test_another_process_of_our_user_can_t_look_into_ours() -> None:
    python = python_for_all()
    if python is None:
        pytest.skip("no interpreter here that every user may run")
    done = subprocess.run(
        [python, "-B", "-c", COMMAND],
        env={**SECRETS, "INPUT_TOKEN": TOKEN, "PATH": os.defpath, "PYTHONPATH": str(ROOT)},
        cwd="/",
        user=ANOTHER_USER,
        group=ANOTHER_USER,
        extra_groups=(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 3, done.stdout
    assert done.stdout.replace(f"{{'INPUT_TOKEN': '{TOKEN}'}}", "").count(TOKEN) == 0
    assert f"{{'INPUT_TOKEN': '{TOKEN}'}}" in done.stdout
    assert "owner 0" in done.stdout  # its own user may not read it
    assert "Permission denied" in done.stdout


STARTS = 5
LOOK = """\
import os, subprocess, sys
token, program = sys.argv[1].encode(), sys.argv[2:]
env = {**os.environ, "INPUT_TOKEN": token.decode(), "ACTIONS_RUNTIME_TOKEN": token.decode()}

def content(descriptor):
    if not os.readlink(descriptor).startswith("pipe:"):
        return b""
    pipe = os.open(descriptor, os.O_RDONLY | os.O_NONBLOCK)
    try:
        return os.read(pipe, 4096)
    finally:
        os.close(pipe)

def looked_at(process):
    there = f"/proc/{process.pid}"
    while process.poll() is None:
        try:
            with open(f"{there}/environ", "rb") as environ:
                text = environ.read()
            if token in text or not text:
                continue
            with open(f"{there}/mem", "rb"):
                yield "memory"
            for name in os.listdir(f"{there}/fd"):
                if token in content(f"{there}/fd/{name}"):
                    yield "pipe"
        except OSError:
            continue

for _ in range(int(sys.stdin.read())):
    with subprocess.Popen(program, env=env, stdin=subprocess.DEVNULL) as process:
        print(*set(looked_at(process)))
"""
"""A program of the same user that looks again and again into one that starts.

Until the start has come to our own first line the token is in its environment, and what is opened
by then stays open: that is not to be held. This looks at what comes after.
"""


@needs_another_user
def test_what_watches_our_start_gets_nothing_once_the_environment_is_clean() -> None:
    python = python_for_all()
    if python is None:
        pytest.skip("no interpreter here that every user may run")
    done = subprocess.run(
        [python, "-B", "-c", LOOK, TOKEN, python, "-B", "-c", COMMAND],
        env={"PATH": os.defpath, "PYTHONPATH": str(ROOT)},
        cwd="/",
        user=ANOTHER_USER,
        group=ANOTHER_USER,
        extra_groups=(),
        input=str(STARTS),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(f"{{'INPUT_TOKEN': '{TOKEN}'}}") == STARTS  # it had its token
    lines = {line.strip() for line in done.stdout.splitlines()}
    assert not lines & {"memory", "pipe", "memory pipe", "pipe memory"}


def test_it_stays_the_process_that_was_started(strict: FakeGitHub, place: Path) -> None:
    job = Job(place / "job", strict)
    job.warm = False
    job.report()
    process = job.started()
    environ = Path(f"/proc/{process.pid}/environ")
    deadline = time.monotonic() + 20
    while b"INPUT_TOKEN" in environ.read_bytes():
        assert time.monotonic() < deadline
        time.sleep(0.001)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode in (0, 130, -signal.SIGINT)


def test_what_earlier_steps_set_loads_nothing_into_us_and_turns_us_into_nothing_else(
    strict: FakeGitHub, place: Path
) -> None:
    job = Job(place / "job", strict)
    job.warm = False
    job.report()
    loot = place / "loot"
    config = "openssl_conf = a\n[a]\nproviders = b\n[b]\nx = y\n[y]\nmodule = {0}\nactivate = 1\n"
    (place / "openssl.cnf").write_text(config.format(place / "evil.so"))
    result = job.run(
        env={
            "GITHUB_ACTIONS": "true",
            "OPENSSL_CONF": str(place / "openssl.cnf"),
            "OPENSSL_MODULES": str(place),
            "SSLKEYLOGFILE": str(loot),
            "_ARGCOMPLETE": "1",
            "_ARGCOMPLETE_STDOUT_FILENAME": str(loot),
            "COMP_LINE": "qe-action ",
            "COMP_POINT": "10",
        }
    )
    assert result.status == 0, result.log
    assert job.check.data["status"] == "completed"
    assert not loot.exists()


def test_openssl_is_not_there_before_its_settings_are_gone() -> None:
    command = COMMAND.replace(
        "print(secrets)",
        "print(sys.modules.keys() & {'_ssl', '_hashlib'}, *os.environ, flush=True)",
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", command],
        env={"GITHUB_ACTIONS": "true", "OPENSSL_CONF": "x", "SSLKEYLOGFILE": "y", "KEPT": "z"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    first = done.stdout.partition("\n")[0].split()
    assert "set()" in first, done.stderr
    assert "KEPT" in first
    assert not {"OPENSSL_CONF", "SSLKEYLOGFILE"} & set(first)
