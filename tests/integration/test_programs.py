"""Which programs are started outside of the sandbox, and by whom."""

from __future__ import annotations

import ast
import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from gitrepo import GitRepo
from sandbox_here import ANOTHER_USER, MACHINE, MISSING, ROOT, open_folder, sandboxed_python

from qe_action.errors import WorkspaceError
from qe_action.sandbox.sandbox import Sandbox
from qe_action.workspace.environment import existing
from qe_action.workspace.git import Git
from qe_action.workspace.interpreter import found
from qe_action.workspace.programs import Programs

PACKAGE = ROOT / "qe_action"
needs_root = pytest.mark.skipif(not MACHINE.root, reason="only root can give files away")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="rights are no modes there")


@pytest.fixture
def place() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


def tool(folder: Path, name: str = "tool", says: str = "exit 0") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{says}\n")
    path.chmod(0o755)
    return path


def chosen(*folders: Path, closed: tuple[Path, ...] = (), **env: str) -> Path | None:
    path = os.pathsep.join(map(str, folders))
    return Programs({"PATH": path, **env}, closed).find("tool")


def test_the_first_program_in_a_folder_of_ours_is_found(place: Path) -> None:
    first, second = tool(place / "one"), tool(place / "two")
    assert chosen(place / "none", first.parent, second.parent) == first
    first.chmod(0o644)
    assert chosen(first.parent, second.parent) == second


@pytest.mark.parametrize("below", [".", ".tools/bin"])
@pytest.mark.parametrize("variable", ["GITHUB_WORKSPACE", "RUNNER_WORKSPACE", "RUNNER_TEMP", ""])
def test_nothing_of_a_folder_that_the_job_fills_is_found(
    place: Path, variable: str, below: str
) -> None:
    there = tool(place / "job" / below)
    named = {variable: str(place / "job")} if variable else {}
    assert chosen(there.parent, closed=() if variable else (place / "job",), **named) is None
    assert chosen(there.parent) == there


@pytest.mark.parametrize("way", ["folder", "file", "chain", "through", "renamed"])
def test_no_link_leads_into_the_checkout(place: Path, way: str) -> None:
    checkout, own = place / "job", place / "own"
    there, real = tool(checkout / "bin"), tool(place / "real")
    own.mkdir()
    if way == "folder":
        (own / "bin").symlink_to(there.parent)
    elif way == "file":
        (own / "bin").mkdir()
        (own / "bin" / "tool").symlink_to("../../job/bin/tool")
    elif way == "chain":
        (own / "bin").mkdir()
        (own / "first").symlink_to(there)
        (own / "bin" / "tool").symlink_to("../first")
    elif way == "through":  # the checkout says where it leads to
        (checkout / "out").symlink_to(real.parent)
        (own / "bin").symlink_to(checkout / "out")
    else:
        (place / "other-name").symlink_to(checkout)
        (own / "bin").symlink_to(place / "other-name" / "bin")
    assert chosen(own / "bin", closed=(checkout,)) is None
    assert chosen(own / "bin", closed=(place / "elsewhere",)) == own / "bin" / "tool"


def test_links_in_a_circle_and_relative_folders_are_left_out(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "bin").symlink_to(place / "bin")
    tool(place / "here")
    monkeypatch.chdir(place)
    assert chosen(place / "bin", Path("here"), Path()) is None


@pytest.mark.parametrize(
    ("mode", "trusted"), [(0o755, True), (0o700, True), (0o777, False), (0o1777, False)]
)
def test_a_folder_that_others_may_write_to_is_left_out(
    place: Path, mode: int, trusted: bool
) -> None:
    there = tool(place / "bin")
    there.parent.chmod(mode)
    assert (chosen(there.parent) == there) is trusted


def test_a_folder_of_ours_in_one_that_all_share_is_ours(place: Path) -> None:
    there = tool(place / "tmp" / "own")
    (place / "tmp").chmod(0o1777)
    assert chosen(there.parent) == there
    (place / "tmp").chmod(0o777)  # anybody may put another one in its place
    assert chosen(there.parent) is None


def test_a_program_that_others_may_write_to_is_left_out(place: Path) -> None:
    there = tool(place / "bin")
    there.chmod(0o757)
    assert chosen(there.parent) is None


@needs_root
@pytest.mark.parametrize("what", ["folder", "parent", "file", "link"])
def test_nothing_of_another_user_is_run(place: Path, what: str) -> None:
    there = tool(place / "deep" / "bin")
    linked = there.with_name("linked")
    linked.symlink_to(there)
    of = {"folder": there.parent, "parent": there.parent.parent, "file": there, "link": linked}
    os.chown(of[what], ANOTHER_USER, ANOTHER_USER, follow_symlinks=False)
    assert not Programs({}).trusts(linked)


@needs_root
def test_a_group_with_members_is_others(place: Path) -> None:
    there = tool(place / "bin")
    there.parent.chmod(0o775)
    assert chosen(there.parent) == there  # root's own group
    os.chown(there.parent, 0, ANOTHER_USER)  # nobody knows who is in it
    assert chosen(there.parent) is None


def test_git_is_not_taken_from_where_others_may_write(tmp_path: Path, place: Path) -> None:
    repo = GitRepo(tmp_path / "repo")
    head = repo.commit({"a": "1"})
    loot = place / "loot"
    for folder in (place / "open", repo.root / "bin"):
        tool(folder, "git", f"echo run >> {loot}")
    (place / "open").chmod(0o777)
    path = os.pathsep.join([str(place / "open"), str(repo.root / "bin"), os.environ["PATH"]])
    assert asyncio.run(Git(repo.root, env={"PATH": path}).head()) == head
    assert not loot.exists()


def test_no_interpreter_of_the_checkout_is_asked_what_it_is(place: Path) -> None:
    loot = place / "loot"
    for name in ("python3", "python3.9", "python3.12"):
        says = f'echo {name} >> {loot}; exec {sys.executable} "$@"'
        tool(place / "job" / "bin", name, says)
    (place / "linked").symlink_to(place / "job" / "bin")
    path = os.pathsep.join([str(place / "job" / "bin"), str(place / "linked"), os.defpath])
    known = asyncio.run(found(Programs({"PATH": path}, (place / "job",)), others=False))
    assert known
    assert not loot.exists()


@pytest.mark.skipif(MISSING, reason="needs Linux with Landlock")
def test_an_environment_in_the_checkout_is_asked_in_the_sandbox_only(place: Path) -> None:
    python = sandboxed_python()
    if python is None:
        pytest.skip("no interpreter here that every user may run")
    venv = place / "repo" / ".venv"
    loot = place / "loot"
    loot.touch()
    loot.chmod(0o666)
    asyncio.run(_venv(Path(python), venv))
    (site,) = venv.glob("lib/python3*/site-packages")
    (site / "grab.pth").write_text(
        f"import os; f = os.open({str(loot)!r}, os.O_WRONLY); os.write(f, b'got it')\n"
    )
    made = existing(
        venv / "bin" / "python",
        sandbox=Sandbox(),
        env={"PATH": os.defpath, "UV_OFFLINE": "1"},
        cache_dir=place / "cache",
        repo=place / "repo",
    )
    with pytest.raises(WorkspaceError, match="uv"):  # it was asked, and has no pytest
        asyncio.run(made)
    assert loot.read_text() == ""


async def _venv(python: Path, place: Path) -> None:
    process = await asyncio.create_subprocess_exec(python, "-m", "venv", "--without-pip", place)
    assert await process.wait() == 0


STARTS = {
    "create_subprocess_exec", "subprocess_exec", "create_subprocess_shell", "subprocess_shell",
    "Popen", "run", "call", "check_call", "check_output", "getoutput", "system", "popen",
    "posix_spawn", "posix_spawnp", "execv", "execve", "execvp", "execvpe", "execl", "execlp",
    "spawnv", "spawnve", "spawnvp", "startfile", "fork", "which",
}  # fmt: skip
STARTERS = {
    "workspace/process.py": {"create_subprocess_exec"},  # what `Programs` has found
    "sandbox/sandbox.py": {"subprocess_exec"},  # our own interpreter
    "project_worker/client.py": {"create_subprocess_exec"},  # without a sandbox, as the user said
    "execution/started_suite.py": {"Popen", "which"},  # the command that the user has given
    "execution/sandboxed_suite.py": {"which"},  # whether the sandbox will find it
}
"""Where processes are started outside of the sandbox; the rest starts none."""
BEHIND = ("worker/", "sandbox/launch.py", "sandbox/supervisor.py", "sandbox/processes.py")
"""What runs in the sandbox, or is what makes it."""


def starts(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        owner = node.func.value
        owner_name = owner.id if isinstance(owner, ast.Name) else ""
        module = owner_name in ("subprocess", "os", "shutil", "pty")
        if node.func.attr in STARTS and (module or "subprocess" in node.func.attr):
            yield node


def test_processes_are_started_in_a_few_places_with_an_environment_of_their_own() -> None:
    seen: dict[str, set[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if name.startswith(BEHIND):
            continue
        for call in starts(path):
            assert isinstance(call.func, ast.Attribute)
            seen.setdefault(name, set()).add(call.func.attr)
            given = {keyword.arg for keyword in call.keywords}
            assert {"env", "path"} & given, f"{name}:{call.lineno}"
            programs = [arg for arg in call.args if isinstance(arg, ast.Constant)]
            assert not programs, f"{name}:{call.lineno} starts a bare name"
    assert seen == STARTERS


def test_nothing_else_is_able_to_start_or_to_look_up_a_program() -> None:
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if name.startswith(BEHIND):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
        modules = {alias.name for node in imports for alias in node.names}
        able = modules & {"subprocess", "pty", "multiprocessing"}
        assert able == ({"subprocess"} if "Popen" in STARTERS.get(name, ()) else set()), name
        names = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module in ("shutil", "os", "subprocess")
            for alias in node.names
        }
        assert not names & STARTS, name
