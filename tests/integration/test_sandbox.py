"""The way into the sandbox: lines, ends, slots, and what happens when something dies."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from asyncio.subprocess import SubprocessStreamProtocol
from collections.abc import Iterator
from dataclasses import replace
from io import FileIO
from pathlib import Path
from typing import Any

import pytest
from sandbox_here import MACHINE, MISSING, ROOT, open_folder, prefixes, sandboxed_python

from qe_action.defaults import closed
from qe_action.errors import SandboxUnavailable, WorkspaceError
from qe_action.sandbox import processes
from qe_action.sandbox.command_run import CommandRun, Outcome, kill_child
from qe_action.sandbox.machine import Layers, Machine
from qe_action.sandbox.policy import Policy
from qe_action.sandbox.sandbox import Finished, Sandbox
from qe_action.sandbox.users import GUARD, Users
from qe_action.workspace.folders import remove

pytestmark = [
    pytest.mark.skipif(MISSING, reason="needs Linux with Landlock"),
    # The kernel counts a user's processes over all containers: not beside each other.
    pytest.mark.xdist_group("container"),
]
needs_root = pytest.mark.skipif(not MACHINE.root, reason="only root has users to give")

ECHO = "import sys\nfor line in sys.stdin: print(line.upper(), end='', flush=True)"
SLEEP = "import os, time; print(os.getpid(), os.getppid(), flush=True); time.sleep(100)"
ORPHAN = """
import os, time
if os.fork() == 0:
    os.setsid()
    print(os.getpid(), os.getppid(), flush=True)
    time.sleep(100)
time.sleep(float({seconds}))
"""


@pytest.fixture
def python() -> str:
    found = sandboxed_python()
    if found is None:
        pytest.skip("no interpreter here that every user may run")
    return found


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as top:
        own = top / "own"
        own.mkdir()
        yield own


@pytest.fixture
def policy(python: str, folder: Path) -> Policy:
    return Policy(
        readable=prefixes(python), writable=(folder,), wall=120.0, memory=256 << 20, processes=16
    )


def run(
    python: str, code: str, policy: Policy, *, sandbox: Sandbox | None = None, stdin: bytes = b""
) -> Finished:
    async def go() -> Finished:
        return await (sandbox or Sandbox()).run([python, "-c", code], policy, stdin=stdin)

    return asyncio.run(go())


def gone(pid: int) -> bool:
    """Whether a process is no more, or is so within some seconds."""
    for _ in range(100):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.05)
    return False


def test_lines_go_in_and_come_out(python: str, policy: Policy) -> None:
    async def go() -> tuple[list[bytes], Outcome]:
        async with await Sandbox().start([python, "-c", ECHO], policy) as running:
            said = []
            for word in (b"one\n", b"two " + b"x" * 300_000 + b"\n"):
                writing = asyncio.create_task(running.write(word))
                said.append(await running.read_line())
                await writing
            running.close_input()
            said.append(await running.read_line())
            return said, await running.outcome()

    said, outcome = asyncio.run(go())
    assert said == [b"ONE\n", b"TWO " + b"X" * 300_000 + b"\n", b""]
    assert outcome.ok
    assert outcome.left == 0


def test_a_last_line_needs_no_end(python: str, policy: Policy) -> None:
    async def go() -> list[bytes]:
        code = "print('a'); print('b', end='')"
        async with await Sandbox().start([python, "-c", code], policy) as running:
            await running.outcome()
            return [await running.read_line() for _ in range(3)]

    assert asyncio.run(go()) == [b"a\n", b"b", b""]


@pytest.mark.parametrize(
    ("code", "how", "status", "number"),
    [
        ("pass", "exit", 0, None),
        ("import sys; sys.exit(3)", "exit", 3, None),
        ("import os; os.abort()", "signal", None, signal.SIGABRT),
        ("import os; os.kill(os.getpid(), 9)", "signal", None, signal.SIGKILL),
    ],
)
def test_the_outcome_says_how_it_ended(
    python: str, policy: Policy, code: str, how: str, status: int | None, number: int | None
) -> None:
    outcome = run(python, code, policy).outcome
    assert (outcome.how, outcome.code, outcome.signal) == (how, status, number)
    assert outcome.ok == (status == 0)
    assert outcome.seconds > 0


def test_standard_error_is_kept_up_to_a_limit(python: str, policy: Policy) -> None:
    code = "import sys; sys.stderr.write('oops' + 'x' * 500000)"
    assert run(python, code, policy).outcome.stderr == b"oops" + b"x" * (65536 - 4)


def test_input_that_nobody_reads_holds_nothing_up(python: str, policy: Policy) -> None:
    finished = run(python, "print('done')", policy, stdin=b"x" * 1_000_000)
    assert finished.outcome.ok
    assert finished.stdout == b"done\n"


def test_a_secret_of_ours_does_not_get_in(python: str, policy: Policy) -> None:
    os.environ["QE_TEST_SECRET"] = "s3cret"
    try:
        said = run(python, "import os; print(sorted(os.environ))", policy).stdout
    finally:
        del os.environ["QE_TEST_SECRET"]
    assert b"PATH" in said
    assert b"QE_TEST_SECRET" not in said


def test_killing_what_has_ended_leaves_its_exit_status() -> None:
    child = os.fork()
    if child == 0:
        os._exit(3)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    kill_child(child)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
    kill_child(child)


def test_killing_what_runs_ends_it() -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"]) as process:
        kill_child(process.pid)
        assert process.wait() == -signal.SIGKILL


def test_the_end_of_a_run_leaves_its_exit_status(caplog: pytest.LogCaptureFixture) -> None:
    """The supervisor is gone before the loop has looked, and its pipes are at their end."""
    silent = "import os, time; os.close(2); os.close(1); time.sleep(100)"

    async def go() -> int | None:
        loop = asyncio.get_running_loop()
        if sys.version_info < (3, 12):  # later Pythons take it by themselves
            watcher = asyncio.PidfdChildWatcher()
            watcher.attach_loop(loop)
            asyncio.set_child_watcher(watcher)
        transport, protocol = await loop.subprocess_exec(
            lambda: SubprocessStreamProtocol(limit=1 << 16, loop=loop), sys.executable, "-c", silent
        )
        process = asyncio.subprocess.Process(transport, protocol, loop)
        report = asyncio.StreamReader()
        report.feed_eof()

        async def release(_: object) -> None:
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

        running = CommandRun(
            *(process, transport, FileIO(os.devnull), report),
            policy=Policy(),
            layers=Layers(user=False, landlock=0, seccomp=False),
            release=release,
        )
        await running.read_all()
        await asyncio.sleep(0.05)
        await running.outcome()
        return process.returncode

    try:
        assert asyncio.run(go()) == -signal.SIGKILL
    finally:
        if sys.version_info < (3, 12):
            asyncio.set_child_watcher(None)
    assert not caplog.records


def test_killing_twice_and_after_the_end_is_harmless(python: str, policy: Policy) -> None:
    async def go() -> tuple[Outcome, Outcome, Outcome]:
        async with await Sandbox().start([python, "-c", SLEEP], policy) as running:
            one, other = await asyncio.gather(running.kill(), running.kill())
        async with await Sandbox().start([python, "-c", "pass"], policy) as running:
            await running.outcome()
            return one, other, await running.kill()

    one, other, late = asyncio.run(go())
    assert one == other
    assert one.how == "killed"
    assert one.left == 1
    assert late.ok


def test_a_cancelled_run_leaves_nothing(python: str, policy: Policy, folder: Path) -> None:
    code = SLEEP.replace("print(", "print(file=open('pids', 'w'), *(").replace(
        ", flush=True)", "))"
    )

    async def go() -> None:
        task = asyncio.create_task(Sandbox().run([python, "-c", code], policy))
        while not (folder / "pids").exists() or not (folder / "pids").read_text().strip():
            await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(go())
    for pid in (folder / "pids").read_text().split():
        assert gone(int(pid))


def test_an_exception_inside_the_block_ends_the_run(python: str, policy: Policy) -> None:
    pids: list[int] = []

    async def go() -> None:
        async with await Sandbox().start([python, "-c", SLEEP], policy) as running:
            pids.extend(map(int, (await running.read_line()).split()))
            raise ValueError("ours")

    with pytest.raises(ValueError, match="ours"):
        asyncio.run(go())
    assert all(map(gone, pids))


@pytest.mark.parametrize("command", ["/nowhere/python", "/etc/shadow", "no-such-program"])
def test_a_command_that_cant_be_run_is_said(policy: Policy, command: str) -> None:
    with pytest.raises(WorkspaceError, match="can't be run in the sandbox"):
        asyncio.run(Sandbox().run([command], policy))


def test_a_link_opens_nothing(python: str, policy: Policy, folder: Path) -> None:
    link = folder.parent / "link"
    link.symlink_to("/root")
    for changes in ({"readable": (link,)}, {"writable": (link,)}, {"readable": (link / "x",)}):
        with pytest.raises(WorkspaceError, match="leads elsewhere"):
            run(python, "pass", replace(policy, **changes))  # type: ignore[arg-type]


def test_nothing_runs_where_a_layer_is_missing(python: str, policy: Policy, folder: Path) -> None:
    old = Machine("linux", MACHINE.processor, MACHINE.root, landlock=0)
    with pytest.raises(SandboxUnavailable, match="Landlock"):
        run(python, "open('ran', 'w')", policy, sandbox=Sandbox(machine=old))
    assert not (folder / "ran").exists()


def test_nothing_runs_where_a_layer_does_not_hold(
    python: str, policy: Policy, folder: Path
) -> None:
    """A filter for another processor kills the launcher before it becomes the command."""
    other = "aarch64" if MACHINE.processor == "x86_64" else "x86_64"
    with pytest.raises(SandboxUnavailable, match="could not be set up"):
        run(
            python,
            "open('ran', 'w')",
            policy,
            sandbox=Sandbox(machine=replace(MACHINE, processor=other)),
        )
    assert not (folder / "ran").exists()


@needs_root
def test_nothing_runs_as_root_without_a_user_of_its_own(
    python: str, policy: Policy, folder: Path
) -> None:
    async def go() -> None:
        async with Users([61900]).held() as slot:
            await Sandbox().run(
                [python, "-c", "open('ran', 'w')"], policy, slot=replace(slot, uid=None)
            )

    with pytest.raises(SandboxUnavailable, match="user"):
        asyncio.run(go())
    assert not (folder / "ran").exists()


def test_switched_off_it_still_limits_and_cleans_up(python: str, policy: Policy) -> None:
    off = Sandbox(off=True, machine=Machine("linux", "riscv64", root=False, landlock=0))
    finished = run(python, ORPHAN.format(seconds=0.5), policy, sandbox=off)
    assert finished.outcome.ok
    assert finished.outcome.left == 1
    assert gone(int(finished.stdout.split()[0]))
    assert finished.outcome.layers.weaker == ("the sandbox is switched off",)
    assert run(python, SLEEP, replace(policy, wall=0.5), sandbox=off).outcome.how == "wall"


def test_a_killed_supervisor_takes_the_command_with_it(python: str, policy: Policy) -> None:
    """And as root what the command has left behind, which only its user still gives away."""

    async def go() -> tuple[list[int], Outcome]:
        code = ORPHAN.format(seconds=100)
        async with await Sandbox().start([python, "-c", code], policy) as running:
            orphan, command = map(int, (await running.read_line()).split())
            fields = Path(f"/proc/{command}/stat").read_text().rpartition(")")[2].split()
            os.kill(int(fields[1]), signal.SIGKILL)
            outcome = await running.outcome()
            if not MACHINE.root:
                os.kill(orphan, signal.SIGKILL)  # what is known to be weaker
            return [orphan, command], outcome

    pids, outcome = asyncio.run(go())
    assert outcome.how == "lost"
    assert all(map(gone, pids))


def test_our_own_death_ends_the_run(python: str, policy: Policy, folder: Path) -> None:
    program = """
import asyncio, sys
from pathlib import Path
from qe_action.sandbox.policy import Policy
from qe_action.sandbox.sandbox import Sandbox

async def main(python, code, *readable):
    running = await Sandbox().start([python, "-c", code], Policy(readable=(*map(Path, readable),)))
    print((await running.read_line()).decode(), flush=True)
    await asyncio.sleep(100)

asyncio.run(main(*sys.argv[1:]))
"""
    readable = map(str, policy.readable)
    with subprocess.Popen(
        [sys.executable, "-c", program, python, ORPHAN.format(seconds=100), *readable],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdout is not None
        pids = [int(word) for word in process.stdout.readline().split()]
        process.kill()
    assert len(pids) == 2
    assert all(map(gone, pids))


@needs_root
def test_runs_beside_each_other_have_different_users_and_wait_for_one(
    python: str, policy: Policy
) -> None:
    async def go() -> list[Finished]:
        sandbox = Sandbox(slots=Users(range(61910, 61912)))
        code = "import os, time; print(os.getuid(), os.getgid(), os.getgroups()); time.sleep(0.2)"
        alone = replace(policy, writable=())
        runs = [sandbox.run([python, "-c", code], alone) for _ in range(4)]
        return await asyncio.gather(*runs)

    finished = asyncio.run(go())
    said = sorted(one.stdout.decode().split()[0] for one in finished)
    assert said == ["61910", "61910", "61911", "61911"]
    assert all(b"[]" in one.stdout for one in finished)


@needs_root
def test_a_slot_keeps_its_files_between_runs(python: str, policy: Policy, folder: Path) -> None:
    async def go() -> list[Finished]:
        sandbox = Sandbox(slots=Users(range(61920, 61923)))
        async with sandbox.slot() as slot:
            write = "open('kept', 'w').write('x')"
            read = "import os; print(open('kept').read(), os.getuid())"
            return [
                await sandbox.run([python, "-c", code], policy, slot=slot) for code in (write, read)
            ]

    assert [one.stdout for one in asyncio.run(go())] == [b"", b"x 61920\n"]
    assert (folder / "kept").stat().st_uid == 61920


def test_what_one_run_leaves_is_not_free_for_the_next(python: str, policy: Policy) -> None:
    """The disk's limit goes on from the state before the first run of a slot."""
    policy = replace(policy, disk=8 << 20)
    code = "import os, time; open({!r}, 'wb').write(os.urandom(6 << 20)); time.sleep({})"

    async def go() -> list[Outcome]:
        sandbox = Sandbox(slots=Users(range(61950, 61953)))
        async with sandbox.slot() as slot:
            first = await sandbox.run([python, "-c", code.format("one", 0)], policy, slot=slot)
            again = await sandbox.run([python, "-c", code.format("two", 15)], policy, slot=slot)
        async with sandbox.slot() as slot:
            fresh = await sandbox.run([python, "-c", code.format("three", 0)], policy, slot=slot)
        return [first.outcome, again.outcome, fresh.outcome]

    first, again, fresh = asyncio.run(go())
    assert first.ok
    assert again.how == "disk"
    assert fresh.ok


def test_users_are_held_once_on_the_whole_machine() -> None:
    async def go() -> list[int | None]:
        ours, theirs = Users([61930, 61931]), Users([61930, 61931])
        async with ours.held() as first, theirs.held() as second:
            with pytest.raises(SandboxUnavailable, match="in use"):
                async with Users([61930, 61931], patience=0.3).held():
                    pass
            found: list[int | None] = [first.uid, second.uid]
        async with theirs.held() as again:
            return [*found, again.uid]

    assert asyncio.run(go()) == [61930, 61931, 61930]


def test_who_gets_no_user_waits_until_another_program_gives_one_back() -> None:
    async def go() -> int | None:
        ours, theirs = Users([61940]), Users([61940])
        slot = await theirs.take()
        waiting = asyncio.create_task(ours.take())
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await theirs.give_back(slot)
        found = await waiting
        await ours.give_back(found)
        return found.uid

    assert asyncio.run(go()) == 61940


def test_descendants_are_found_where_the_kernel_lists_no_children() -> None:
    with subprocess.Popen(["sleep", "100"]) as child:
        try:
            assert child.pid in processes.all_children()[os.getpid()]
            assert child.pid in processes.children(os.getpid())
            assert processes.proportional(child.pid)[0] > 0
            assert processes.resident(child.pid) >= processes.proportional(child.pid)[0]
        finally:
            child.kill()
    assert child.pid not in processes.descendants()


@pytest.mark.parametrize("uid", [0, -GUARD])
def test_users_that_the_machine_knows_are_not_taken(uid: int) -> None:
    """Neither as the run's own nor as that of the supervisor's helpers."""

    async def go() -> None:
        async with Users([uid], patience=0).held():
            pass

    with pytest.raises(SandboxUnavailable, match="in use"):
        asyncio.run(go())


def test_writable_folders_must_be_there(python: str, policy: Policy) -> None:
    missing: dict[str, Any] = {"writable": (policy.folder / "missing",)}
    with pytest.raises((WorkspaceError, SandboxUnavailable)):
        run(python, "pass", replace(policy, **missing))


READ = """
import sys
for path in sys.argv[1:]:
    try:
        print(open(path).read())
    except PermissionError:
        print("refused")
"""


@needs_root
def test_a_checkout_below_a_folder_of_the_system_s_is_not_read(python: str, policy: Policy) -> None:
    """As one that a container has in /usr/src/app."""
    place = Path(tempfile.mkdtemp(prefix="qe-test-", dir="/usr/src"))
    try:
        names = ("app/.git/config", "app/a.py", "beside/b.py")
        for name in names:
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(name)
        for folder in (place, *place.rglob("*")):
            folder.chmod(0o755)
        command = [python, "-c", READ, *(str(place / name) for name in names)]
        interpreters = asyncio.run(Sandbox(closed=closed(place / "app")).run(command, policy))
        assert interpreters.stdout.decode().split() == ["refused", "refused", "beside/b.py"]
    finally:
        remove(place)
