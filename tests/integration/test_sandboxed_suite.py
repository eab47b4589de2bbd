"""A suite's command in the sandbox: what is heard, what it reaches, how it ends, what it leaves."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sandbox_driver import overlay
from sandbox_here import MISSING, open_folder, prefixes, sandboxed_python

from qe_action.errors import UsageError
from qe_action.execution.sandboxed_suite import DISK, SandboxedRunner, SuitePlace
from qe_action.execution.suite_copy import SuiteCopy
from qe_action.execution.suite_port import Collected, Ended, Finished, Message, Run, Session
from qe_action.execution.suite_variables import suite_variables
from qe_action.sandbox.sandbox import Sandbox
from qe_action.workspace.environment import Environment

pytestmark = [
    pytest.mark.skipif(MISSING, reason="needs Linux with Landlock"),
    # The kernel counts a user's processes over all containers: not beside each other.
    pytest.mark.xdist_group("container"),
]
SECRET = "ghs_0123456789abcdefSECRET"
REACH = f"""
import ctypes, os, pathlib, socket
import pytest

SECRET = {SECRET[:10]!r} + {SECRET[10:]!r}
PLACES = [f"/proc/{{pid}}/{{name}}" for pid in (os.getppid(), 1, int(os.environ.get("OURS", "1")))
          for name in ("environ", "mem", "maps", "fd", "cwd")]
PLACES += ["/github/workflow/event.json", "/github/file_commands", "/var/run/docker.sock"]


def content(place):
    path = pathlib.Path(place)
    return repr(list(path.iterdir())) if path.is_dir() else repr(path.read_bytes()[:100_000])


@pytest.mark.parametrize("place", PLACES)
def test_closed(place):
    with pytest.raises(OSError):
        content(place)


def test_trace():
    libc = ctypes.CDLL(None, use_errno=True)
    for pid in (os.getppid(), int(os.environ.get("OURS", "1"))):
        assert libc.ptrace(16, pid, None, None) == -1
        assert libc.process_vm_readv(pid, None, 0, None, 0, 0) == -1


def test_environment():
    assert SECRET not in repr(dict(os.environ))
    given = [name for name in os.environ if name.startswith(("GITHUB_", "INPUT_", "ACTIONS_"))]
    assert not given and os.environ["CI"] == "true" and "RUNNER_TEMP" not in os.environ


def test_channel():
    for folder in os.environ["SEEN"].split(os.pathsep):
        for path in pathlib.Path(folder).glob("*"):
            if path.is_file():
                assert SECRET not in path.read_text()
        for path in (pathlib.Path(folder), pathlib.Path(folder).parent):
            with pytest.raises(OSError):
                (path / "new").write_text("x")


def test_elsewhere():
    with pytest.raises(OSError):
        pathlib.Path("/tmp/qe-evil").write_text("x")
    with pytest.raises(OSError):
        socket.create_connection(("198.51.100.7", 9), 0.5)


def test_work(tmp_path):
    (tmp_path / "file").write_text("x")
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_connection(one.getsockname()):
        pass
"""


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[Path, str]]:
    python = sandboxed_python()
    if python is None:
        pytest.skip("no interpreter here that every user may run")
    with open_folder() as folder:
        overlay(folder / "overlay")
        yield folder, python


@pytest.fixture
def suite(shared: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Suite]:
    monkeypatch.setenv("INPUT_TOKEN", SECRET)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    with open_folder() as folder:
        for name in ("project", "home"):
            (folder / name).mkdir()
        yield Suite(folder, *shared)


class Suite:
    """A project in a folder, whose tests are run in the sandbox."""

    def __init__(self, folder: Path, shared: Path, python: str) -> None:
        self.root = folder / "project"
        self._home = folder / "home"
        self._overlay = shared / "overlay"
        self._python = python
        self.command = (python, "-m", "pytest", "-q", "-p", "no:cacheprovider")

    def write(self, text: str, name: str = "test_it.py") -> None:
        (self.root / name).write_text(text)

    @asynccontextmanager
    async def runner(self, disk: int = DISK, **more: str) -> AsyncIterator[SandboxedRunner]:
        sandbox = Sandbox()
        python = Path(self._python)
        readable = (*prefixes(self._python), self._overlay)
        environment = Environment(python, readable, self._overlay, ())
        variables = suite_variables(environment, self._home, os.environ, network=False)
        async with sandbox.slot() as slot:
            place = SuitePlace(
                sandbox,
                slot,
                readable=readable,
                copy=self.root,
                home=self._home,
                variables={**variables, **more},
                disk=disk,
            )
            yield SandboxedRunner(place, os.environ)

    def heard(self, run: Run | None = None, disk: int = DISK, **more: str) -> list[Message]:
        async def go() -> list[Message]:
            async with self.runner(disk, **more) as runner:
                return [each async for each in runner.run(run or Run(self.command, self.root))]

        return asyncio.run(go())


def outcomes(heard: list[Message]) -> dict[str, str]:
    return {each.id: each.outcome for each in heard if isinstance(each, Finished)}


def test_a_suite_is_heard_and_its_output_passed_on(
    suite: Suite, capfd: pytest.CaptureFixture[str]
) -> None:
    suite.write("def test_good():\n    pass\n\n\ndef test_bad():\n    assert 1 == 2\n")
    heard = suite.heard()
    assert outcomes(heard) == {"test_it.py::test_good": "passed", "test_it.py::test_bad": "failed"}
    assert isinstance(heard[0], Session)
    assert heard[0].root == suite.root
    assert [each.total for each in heard if isinstance(each, Collected)] == [2]
    assert heard[-1] == Ended(1)
    assert "assert 1 == 2" in capfd.readouterr().out
    again = Run(suite.command, suite.root, only=("test_it.py::test_bad",))
    assert outcomes(suite.heard(again)) == {"test_it.py::test_bad": "failed"}


def test_a_suite_reaches_nothing_of_ours(suite: Suite, capfd: pytest.CaptureFixture[str]) -> None:
    seen = {"SEEN": str(suite.root.parent), "OURS": str(os.getpid())}
    suite.write(REACH)
    heard = suite.heard(**seen)
    bad = [each for each in heard if isinstance(each, Finished) and each.outcome != "passed"]
    assert [(each.id, each.message) for each in bad] == []
    assert heard[-1] == Ended(0)
    assert SECRET not in capfd.readouterr().out


def test_what_is_printed_is_passed_on_byte_by_byte_and_to_its_stream(
    suite: Suite, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    code = (
        "import os, sys\nfor _ in range(40): os.write(1, bytes(range(256)) * 100)\n"
        "os.write(2, b'\\xff no end of line')\nsys.exit(7)"
    )
    suite.write(code, "it.py")
    assert suite.heard(Run((suite.command[0], "it.py"), suite.root)) == [Ended(7)]
    said = capfdbinary.readouterr()
    assert said.out == bytes(range(256)) * 4000
    assert said.err == b"\xff no end of line"


def test_in_a_workflow_nothing_that_it_prints_is_a_command(
    suite: Suite, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    suite.write(
        "import sys\nprint('::error::out')\nprint('::error::err', file=sys.stderr)", "it.py"
    )
    suite.heard(Run((suite.command[0], "it.py"), suite.root))
    said = capfd.readouterr()
    first, *lines = said.out.strip().splitlines()
    word = first.removeprefix("::stop-commands::")
    assert lines[-1] == f"::{word}::"
    assert {"::error::out", "::error::err"} <= set(lines)
    assert said.err == ""


def test_a_limit_that_is_broken_is_named(suite: Suite) -> None:
    suite.write(
        "def test_large():\n    with open('large', 'wb') as file:\n"
        "        while True:\n            file.write(bytes(1 << 20))\n            file.flush()\n"
    )
    last = suite.heard(disk=20 << 20)[-1]
    assert isinstance(last, Ended)
    assert (last.why, last.limit, last.code) == ("limit", "disk", 137)


def test_a_test_that_hangs_is_named_with_its_stack(suite: Suite) -> None:
    suite.write("import time\n\n\ndef test_hangs():\n    time.sleep(600)\n")
    last = suite.heard(Run(suite.command, suite.root, test_timeout=1.0))[-1]
    assert isinstance(last, Ended)
    assert (last.why, last.hung) == ("hung", "test_it.py::test_hangs")
    assert "line 5 in test_hangs" in last.stack


def test_closed_early_it_leaves_nothing_running(suite: Suite) -> None:
    suite.write(
        "import os, pathlib, time\n\n\ndef test_stays():\n"
        "    pathlib.Path('pid').write_text(str(os.getpid()))\n    time.sleep(600)\n"
    )

    async def go() -> int:
        async with suite.runner() as runner:
            messages = runner.run(Run(suite.command, suite.root))
            async for each in messages:
                if not isinstance(each, Session | Collected):
                    break
            while not (suite.root / "pid").exists():
                await asyncio.sleep(0.05)
            await messages.aclose()
        return int((suite.root / "pid").read_text())

    with pytest.raises(ProcessLookupError):
        os.kill(asyncio.run(go()), 0)


def test_a_command_that_is_not_there_is_said_with_what_to_do(suite: Suite) -> None:
    with pytest.raises(UsageError, match="no command 'pytset'") as caught:
        suite.heard(Run(("pytset", "-q"), suite.root))
    assert "setup-command" in caught.value.hint


def test_only_plain_files_that_were_written_are_taken(tmp_path: Path) -> None:
    root, taken = tmp_path / "project", tmp_path / "taken"
    outside = tmp_path / "secret.xml"
    outside.write_text("secret")
    (root / "sub").mkdir(parents=True)
    (root / "old.xml").write_text("tracked")
    copy = SuiteCopy(root, tmp_path, taken)
    names = ("*.xml", "sub/**/*.xml", "../secret.xml", "pipe", str(outside))
    copy.note(names)
    (root / "new.xml").write_text("new")
    (root / "sub/deep").mkdir()
    (root / "sub/deep/one.xml").write_text("one")
    (root / "link.xml").symlink_to(outside)
    (root / "sub/away").symlink_to(tmp_path)
    os.mkfifo(root / "pipe")
    os.mkfifo(root / "pipe.xml")
    copy.take(names)
    found = {path.relative_to(taken).as_posix() for path in taken.rglob("*") if path.is_file()}
    assert found == {"new.xml", "sub/deep/one.xml"}
