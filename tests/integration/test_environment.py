"""The project's environment: real uv, real virtual environments, the real sandbox."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sandbox_here import (
    ANOTHER_USER,
    MACHINE,
    MISSING,
    ROOT,
    give_all,
    open_folder,
    sandboxed_python,
)
from wheels import project, wheel, wheelhouse

from qe_action.agents.test_generator import TestGeneratorAgent
from qe_action.defaults import ProjectSetup, project_interpreters
from qe_action.errors import QEError, SetupFailed, UsageError, WorkspaceError
from qe_action.events import Event, GenerationComplete
from qe_action.sandbox.policy import Policy
from qe_action.sandbox.sandbox import Sandbox
from qe_action.sandbox.users import UIDS
from qe_action.task import QETask
from qe_action.workspace.built_files import lay_over
from qe_action.workspace.cache_entries import Entries
from qe_action.workspace.environment import Environment, default_cache, existing, prepared
from qe_action.workspace.folders import remove
from qe_action.workspace.installer import find_uv, installer
from qe_action.workspace.interpreter import ask, bases, found
from qe_action.workspace.overlay import overlay
from qe_action.workspace.programs import Programs

pytestmark = [
    pytest.mark.skipif(MISSING, reason="needs Linux with Landlock"),
    pytest.mark.xdist_group("container"),
]
needs_root = pytest.mark.skipif(not MACHINE.root, reason="only root has users to give")


@dataclass
class Room:
    """A folder that every user may enter, with wheels, a cache and an interpreter."""

    folder: Path
    python: Path
    env: dict[str, str] = field(default_factory=dict)

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    def prepare(self, export: Path, **options: object) -> Environment:
        made = prepared(
            export,
            sandbox=Sandbox(),
            env=self.env,
            cache_dir=self.cache,
            **options,  # type: ignore[arg-type]
        )
        return asyncio.run(made)

    def existing(self, python: Path, **options: object) -> Environment:
        made = existing(
            python,
            sandbox=Sandbox(),
            env=self.env,
            cache_dir=self.cache,
            **options,  # type: ignore[arg-type]
        )
        return asyncio.run(made)

    def venv(self, *packages: str) -> Path:
        place = self.folder / "own" / "venv"
        uv = str(find_uv(Programs(os.environ)))
        env = {**self.env, "UV_CACHE_DIR": str(self.folder / "own-cache")}
        python = str(place / "bin" / "python")
        for command in (
            (uv, "venv", "-q", "--python", str(self.python), str(place)),
            (uv, "pip", "install", "-q", "--python", python, *packages),
        ):
            subprocess.run(command, env=env, check=True)
        return place

    def run(self, environment: Environment, code: str) -> str:
        """What a program prints in the sandbox, as the worker would run there."""
        over = environment.overlay
        policy = Policy(
            readable=environment.readable,
            environment={} if over is None else {"PYTHONPATH": str(over)},
        )
        command = [str(environment.python), "-c", code]
        done = asyncio.run(Sandbox().run(command, policy))
        assert done.outcome.ok, done.outcome.stderr.decode()
        return done.stdout.decode().strip()

    def entries(self) -> list[str]:
        return sorted(path.name for path in self.cache.iterdir())


@pytest.fixture
def room() -> Iterator[Room]:
    python = sandboxed_python()
    if python is None:
        pytest.skip("no interpreter here that every user may run")
    with open_folder() as folder:
        wheels = wheelhouse(folder / "wheels")
        env = {"PATH": os.defpath, "UV_OFFLINE": "1", "UV_FIND_LINKS": str(wheels)}
        yield Room(folder, Path(python), env)


@pytest.mark.parametrize("place", ["elsewhere", "own"], ids=["outside", "in the checkout"])
def test_an_environment_that_is_there_is_used_as_it_is(room: Room, place: str) -> None:
    venv = room.venv("pytest==8.0", "coverage", "leaf==1.0")
    made = room.existing(venv / "bin" / "python", repo=room.folder / place)
    assert made.python == venv / "bin" / "python"
    assert venv in made.readable
    assert made.overlay is None
    assert made.notes == ()
    assert room.run(made, "import leaf, sys; print(leaf.X, sys.prefix)") == f"1 {venv}"


def test_nothing_of_an_editable_install_runs_outside_the_sandbox(room: Room) -> None:
    venv = room.venv("pytest==8.0")
    checkout = room.folder / "checkout"
    checkout.mkdir()
    for name in ("sitecustomize", "usercustomize", "coverage"):
        text = f"open({str(room.folder / 'ran')!r}, 'w').close()\n__version__ = '7.0'\n"
        (checkout / f"{name}.py").write_text(text)
    (site,) = venv.glob("lib/python3*/site-packages")
    (site / "editable.pth").write_text(f"{checkout}\n")
    with suppress(QEError):
        room.existing(venv / "bin" / "python", repo=checkout)
    assert not (room.folder / "ran").exists()


def test_a_path_through_links_is_resolved(room: Room) -> None:
    venv = room.venv("pytest==8.0", "coverage")
    (room.folder / "link").symlink_to(venv)
    made = room.existing(room.folder / "link" / "bin" / "python")
    assert made.python == venv / "bin" / "python"
    assert all(path.resolve() == path for path in made.readable)


def test_folders_elsewhere_are_opened_but_no_repository(room: Room) -> None:
    venv = room.venv("pytest==8.0", "coverage")
    repo = room.folder / "repo"
    for name in ("repo/src", "sibling", "other/.git"):
        (room.folder / name).mkdir(parents=True)
    lines = [str(repo / "src"), str(room.folder / "sibling"), str(room.folder / "other")]
    lines.append(str(ROOT))  # of which nothing is said: qe-action is no project's
    (packages,) = venv.glob("lib/python3*/site-packages")
    (packages / "more.pth").write_text("\n".join(lines) + "\n")
    made = room.existing(venv / "bin" / "python", repo=repo)
    assert room.folder / "sibling" in made.readable
    assert not {repo / "src", room.folder / "other"} & set(made.readable)
    assert f"{room.folder / 'other'} is a repository" in made.notes[0]
    assert str(ROOT) not in made.notes[0]
    assert ROOT not in made.readable


def test_tools_that_are_too_old_are_refused(room: Room) -> None:
    venv = room.venv("pytest==5.0", "coverage")
    with pytest.raises(UsageError, match=r"has pytest 5\.0.*pytest 6\.2 or later"):
        room.existing(venv / "bin" / "python")


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo '{facts}'", r"is Python 3\.8.*Python 3\.9 or later"),
        ("echo no interpreter >&2; exit 1", "can't be used: no interpreter"),
        ("echo hello", "does not say what it is"),
    ],
)
def test_what_is_no_interpreter_for_us_is_refused(room: Room, script: str, message: str) -> None:
    facts = {
        "version": [3, 8, 18], "implementation": "cpython", "prefix": "/usr",
        "base_prefix": "/usr", "executable": "/usr/bin/python3", "path": [], "pytest": None,
        "base_executable": "/usr/bin/python3", "coverage": None, "installed": {},
    }  # fmt: skip
    python = room.folder / "python"
    python.write_text("#!/bin/sh\n" + script.replace("{facts}", json.dumps(facts)) + "\n")
    python.chmod(0o755)
    with pytest.raises(QEError, match=message):
        room.existing(python)
    with pytest.raises(UsageError, match="no interpreter"):
        room.existing(room.folder / "missing")


@pytest.mark.parametrize(
    "lock",
    [
        pytest.param(False, id="pyproject.toml", marks=pytest.mark.slow),
        pytest.param(True, id="uv.lock"),
    ],
)
def test_a_cache_in_the_checkout_ends_the_search_for_settings(room: Room, lock: bool) -> None:
    """uv looks for settings and workspaces above the project, where it may read nothing."""
    checkout = project(room.folder / "checkout", needs=("leaf<2",))
    (checkout / "pyproject.toml").chmod(0o644)
    (checkout / "uv.toml").write_text('index-url = "http://127.0.0.1:1/simple"\n')
    (checkout / ".python-version").write_text("3.1\n")
    (checkout / ".git").mkdir()
    export = project(room.folder / "export", needs=("leaf<2",))
    if lock:
        uv = str(find_uv(Programs(os.environ)))
        env = {**room.env, "UV_CACHE_DIR": str(room.folder / "own-cache")}
        subprocess.run((uv, "-q", "lock"), cwd=export, env=env, check=True)
    made = prepared(
        export, sandbox=Sandbox(), env=room.env, cache_dir=checkout / ".qe-action-cache"
    )
    environment = asyncio.run(made)
    assert room.run(environment, "import leaf; print(leaf.X)") == "1"
    assert not [note for note in environment.notes if "did not install" in note]


@needs_root
def test_a_closed_folder_is_named(room: Room) -> None:
    venv = room.venv("pytest==8.0", "coverage")
    venv.parent.chmod(0o700)
    for repo in (None, room.folder / "own"):
        with pytest.raises(WorkspaceError, match=f"{venv.parent} is closed to other") as caught:
            room.existing(venv / "bin" / "python", repo=repo)
    assert "--python" in caught.value.hint


@needs_root
def test_a_cache_that_the_sandbox_s_user_can_not_read_is_named(room: Room) -> None:
    closed = room.folder / "closed"
    closed.mkdir(mode=0o700)
    made = prepared(
        project(room.folder / "export"), sandbox=Sandbox(), env=room.env, cache_dir=closed / "cache"
    )
    with pytest.raises(SetupFailed, match=f"{closed} is closed to other users") as caught:
        asyncio.run(made)
    assert "cache-dir" in caught.value.hint


LOOK = """
import json, socket
def tried(action):
    try:
        return str(action())
    except OSError as error:
        return type(error).__name__
SEEN = json.dumps({{
    "uid": os.getuid(),
    "environment": dict(os.environ),
    "secret": tried(lambda: open({secret!r}).read()),
    "cache": tried(lambda: os.mkdir({cache!r} + "/mine")),
    "network": tried(lambda: socket.create_connection(("127.0.0.1", {port}), 5).close()),
    "git": os.path.exists(".git"),
}})
globals()["SEEN"] = SEEN
"""


@contextmanager
def listening() -> Iterator[tuple[int, list[int]]]:
    """A server that counts who comes."""
    came: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                came.append(1)
                peer.close()

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1], came
        server.shutdown(socket.SHUT_RDWR)


def test_a_project_is_set_up_in_the_sandbox_with_the_network_alone_added(room: Room) -> None:
    secret = room.folder / "secret"
    secret.write_text("s3cret")
    secret.chmod(0o644)
    room.env |= {
        "GITHUB_TOKEN": "s3cret",
        "UV_DEFAULT_INDEX": "https://me:s3cret@example.org/simple",
        "no_proxy": "localhost",
    }
    with listening() as (port, came):
        look = LOOK.format(secret=str(secret), cache=str(room.cache), port=port)
        export = project(room.folder / "export", body=look, needs=("leaf<2",))
        made = room.prepare(export)
        assert came
    (place,) = made.python.parent.parent.glob("lib/python3*/site-packages/seen.txt")
    seen = json.loads(place.read_text())
    assert seen["uid"] in (UIDS if MACHINE.root else [os.getuid()])
    assert seen["secret"] == seen["cache"] == "PermissionError"
    assert seen["network"] == "None"
    assert "s3cret" not in json.dumps(seen["environment"])
    assert seen["environment"]["no_proxy"] == "localhost"
    assert not any("s3cret" in note for note in made.notes)
    assert any("UV_DEFAULT_INDEX" in note for note in made.notes)
    code = "import leaf, pytest, coverage; print(leaf.X, pytest.__version__)"
    assert room.run(made, code) == "1 8.0"
    assert made.overlay is None
    names = sorted(path.name for path in export.iterdir())
    assert names == ["build_it", "pyproject.toml", "thing.py"]


def test_what_is_set_up_belongs_to_no_sandbox(room: Room) -> None:
    body = (
        "os.chmod(os.environ['VIRTUAL_ENV'], 0o777)\n"
        "os.mkfifo(os.environ['VIRTUAL_ENV'] + '/pipe')\n"
        "open(os.environ['VIRTUAL_ENV'] + '/set', 'w').close()\n"
        "os.symlink('/etc/shadow', os.environ['VIRTUAL_ENV'] + '/link')"
    )
    made = room.prepare(project(room.folder / "export", body=body))
    venv = made.python.parent.parent
    assert not (venv / "pipe").exists()
    for path in (venv, *venv.rglob("*")):
        about = path.lstat()
        assert about.st_uid == os.geteuid()
        assert path.is_symlink() or not about.st_mode & 0o022
    code = f"import os\ntry: open({str(venv / 'set')!r}, 'w')\nexcept OSError as e: print('no')"
    assert room.run(made, code) == "no"


def test_an_environment_is_made_once(room: Room) -> None:
    with listening() as (port, came):
        body = f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 5).close()"
        export = project(room.folder / "export", body=body)
        first = room.prepare(export)
        assert len(came) == 1
        assert room.prepare(export).python == first.python
        (export / "thing.py").write_text("Z = 3\n")
        assert room.prepare(export).python == first.python
        assert len(came) == 1
        (export / "uv-requirements.txt").write_text("leaf\n")
        assert room.prepare(export).python != first.python
        assert len(came) == 2
    assert not [name for name in room.entries() if name.startswith("qe-action-")]


def test_the_author_s_own_command_is_run_in_the_environment(room: Room) -> None:
    export = project(room.folder / "export")
    made = room.prepare(
        export, setup_command="uv pip install pytest coverage leaf && python -c 'import leaf'"
    )
    assert room.run(made, "import leaf; print(leaf.X)") == "2"
    assert "setup-command" in made.notes[0]
    other = room.prepare(export, setup_command="uv pip install pytest coverage")
    assert other.python != made.python


def test_a_set_up_that_fails_is_explained_and_leaves_nothing(room: Room) -> None:
    export = project(room.folder / "export")
    command = r"printf '\033[31mfirst\033[0m\n::error::second\nValueError: boom\n  end\n'; exit 3"
    with pytest.raises(SetupFailed, match="ended with code 3: ValueError: boom") as caught:
        room.prepare(export, setup_command=command)
    assert caught.value.output[-3:] == ("::error::second", "ValueError: boom", "end")
    assert all(line.isprintable() for line in caught.value.output)
    assert "setup-command" in caught.value.hint
    assert room.entries() == []


def test_a_set_up_that_takes_too_long_is_ended_with_all_it_started(room: Room) -> None:
    export = project(room.folder / "export")
    place = room.folder / "pid"
    place.touch()
    with pytest.raises(SetupFailed, match="took longer than"):
        room.prepare(export, setup_command="sleep 300 & setsid sleep 301; true", timeout=1.5)
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            assert b"sleep\x00301" not in process.read_bytes()
        except OSError:
            continue


def test_a_project_that_does_not_build_leaves_what_it_needs(room: Room) -> None:
    export = project(room.folder / "export", body="raise RuntimeError('no compiler')")
    made = room.prepare(export)
    assert room.run(made, "import pytest; print(pytest.__version__)") == "8.0"
    assert any("did not install" in note for note in made.notes)
    assert any("did not install" in note for note in room.prepare(export).notes)


def test_files_that_a_build_makes_are_kept_for_copies_of_the_project(room: Room) -> None:
    body = (
        "os.makedirs('pkg/sub')\n"
        "os.makedirs('.cache')\n"
        "os.makedirs('new/deep')\n"
        "for name in ('pkg/_version.py', 'new/deep/made.py', 'pkg/sub/fast.so', "
        "'.cache/x.py', 'thing.py', 'a.txt'):\n"
        "    open(name, 'w').write('made')\n"
        "os.symlink('/etc/passwd', 'pkg/link.py')\n"
        "os.mkfifo('pkg/pipe.py')\n"
        "os.symlink('/etc', os.path.join(os.environ['VIRTUAL_ENV'], '..', 'built'))"
    )
    export = project(room.folder / "export", body=body)
    built = room.prepare(export).built
    assert built is not None
    assert built.resolve() == built
    names = sorted(str(p.relative_to(built)) for p in built.rglob("*") if not p.is_dir())
    assert names == ["new/deep/made.py", "pkg/_version.py", "pkg/sub/fast.so"]
    assert room.prepare(export).built == built

    tree = room.folder / "tree"
    (tree / "pkg").mkdir(parents=True)
    (room.folder / "outside").mkdir()
    (tree / "pkg" / "sub").symlink_to(room.folder / "outside")
    lay_over(built, tree)
    assert (tree / "pkg" / "_version.py").read_text() == "made"
    assert (tree / "new" / "deep" / "made.py").read_text() == "made"
    assert list((room.folder / "outside").iterdir()) == []


def test_links_of_a_cache_that_others_filled_bring_nothing_into_a_copy(tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_text("hunter2")
    built, tree = tmp_path / "built", tmp_path / "tree"
    for folder in (built, tree):
        folder.mkdir()
    (built / "stolen.py").symlink_to(tmp_path / "secret.py")
    os.mkfifo(built / "waits.py")
    lay_over(built, tree)
    (tmp_path / "whole").symlink_to(tmp_path)
    lay_over(tmp_path / "whole", tree)
    assert list(tree.iterdir()) == []


def test_a_folder_of_the_project_is_set_up_with_the_rest_beside_it(room: Room) -> None:
    top = room.folder / "export"
    body = "assert os.path.exists('../shared.txt')\nopen('made.py', 'w').close()"
    project(top / "deep", body=body)
    (top / "shared.txt").write_text("")
    built = room.prepare(top, below="deep").built
    assert built is not None
    assert (built / "deep" / "made.py").exists()
    (top / "link").symlink_to(room.folder)
    for below in ("..", "missing", "/etc", "link", "shared.txt"):
        with pytest.raises(UsageError, match="no folder of the project"):
            room.prepare(top, below=below)


def test_a_set_up_can_not_put_another_interpreter_in_place(room: Room) -> None:
    secret = room.folder / "closed"
    secret.mkdir()
    command = f"ln -sfn {secret} $VIRTUAL_ENV/bin/python"
    with pytest.raises(SetupFailed, match="replaced"):
        room.prepare(project(room.folder / "export"), setup_command=command)


def test_a_set_up_can_not_open_the_checkout_by_a_link_in_the_environment_s_place(
    room: Room,
) -> None:
    """Whoever commits `bin/python` as a link could have the checkout taken for the environment."""
    checkout = room.folder / "checkout"
    (checkout / "bin").mkdir(parents=True)
    (checkout / "bin" / "python").symlink_to(Path(room.python).resolve())
    (checkout / ".git").mkdir()
    (checkout / ".git" / "config").write_text("hunter2")
    command = f"rm -r $VIRTUAL_ENV\nln -s {checkout} $VIRTUAL_ENV"
    export = project(room.folder / "export")
    for _ in range(2):  # made, and from the cache
        with pytest.raises(SetupFailed, match="replaced"):
            room.prepare(export, setup_command=command)


def test_the_python_that_was_asked_for_has_to_be_there(room: Room) -> None:
    export = project(room.folder / "export")
    with pytest.raises(SetupFailed, match=r"Python 3\.99 is not here.*"):
        room.prepare(export, python_version="3.99")
    (export / ".python-version").write_text("3.99\n")
    made = room.prepare(export)
    assert any("3.99 is not here" in note for note in made.notes)
    (minor,) = {".".join(map(str, asyncio.run(ask(made.python)).version[:2]))}
    assert room.run(room.prepare(export, python_version=minor), "print(1)") == "1"


@needs_root
def test_nothing_is_set_up_as_root(room: Room) -> None:
    made = prepared(
        project(room.folder / "export"),
        sandbox=Sandbox(off=True),
        env=room.env,
        cache_dir=room.cache,
    )
    with pytest.raises(SetupFailed, match="never set up as root"):
        asyncio.run(made)


def spoilt_by_a_file(room: Room, entry: Path) -> None:
    (entry / "more.py").write_text("")


def spoilt_by_a_change(room: Room, entry: Path) -> None:
    next(entry.rglob("pytest.py")).write_text("raise SystemExit")


def spoilt_by_a_loss(room: Room, entry: Path) -> None:
    next(entry.rglob("pytest.py")).unlink()


def spoilt_by_a_mode(room: Room, entry: Path) -> None:
    next(entry.rglob("pytest.py")).chmod(0o666)


def spoilt_by_an_owner(room: Room, entry: Path) -> None:
    if MACHINE.root:
        os.chown(next(entry.rglob("pytest.py")), UIDS[3], UIDS[3])
    else:
        spoilt_by_a_mode(room, entry)


def spoilt_by_a_link(room: Room, entry: Path) -> None:
    entry.rename(room.folder / "moved")
    entry.symlink_to(room.folder / "moved")


def spoilt_by_another_folder(room: Room, entry: Path) -> None:
    (index,) = room.cache.glob("env-*.json")
    index.write_text(index.read_text().replace(entry.name, "../moved"))


def spoilt_by_no_json(room: Room, entry: Path) -> None:
    (index,) = room.cache.glob("env-*.json")
    index.write_text("[")


def test_a_cached_environment_is_taken_only_as_it_was_left(room: Room) -> None:
    export = project(room.folder / "export")
    made = room.prepare(export)
    (index,) = room.cache.glob("env-*.json")
    as_left = room.folder / "as-left"
    shutil.copytree(room.cache, as_left, symlinks=True)
    for spoil in (
        *(spoilt_by_a_file, spoilt_by_a_change, spoilt_by_a_loss, spoilt_by_a_mode),
        *(spoilt_by_an_owner, spoilt_by_another_folder, spoilt_by_no_json, spoilt_by_a_link),
    ):
        spoil(room, made.python.parent.parent.parent)
        taken, why = asyncio.run(Entries(room.cache).take(index.stem))
        assert taken is None, spoil
        assert why, spoil
        remove(room.cache)
        shutil.copytree(as_left, room.cache, symlinks=True)
    assert room.prepare(export).python == made.python
    spoilt_by_a_change(room, made.python.parent.parent.parent)
    again = room.prepare(export)
    assert again.python != made.python
    assert any("was not used" in note for note in again.notes)
    assert room.prepare(export).python == again.python


@needs_root
def test_a_cache_that_another_user_has_restored_is_taken(room: Room) -> None:
    export = project(room.folder / "export")
    first = room.prepare(export)
    give_all(room.cache, ANOTHER_USER)
    assert room.prepare(export) == first
    give_all(room.cache, UIDS[2])
    with pytest.raises(WorkspaceError, match="written by others"):
        room.prepare(export)


@pytest.mark.slow  # one that others have changed is not, either
def test_a_half_written_environment_is_not_taken(room: Room) -> None:
    export = project(room.folder / "export")
    first = room.prepare(export)
    (index,) = room.cache.glob("env-*.json")
    index.unlink()
    assert room.prepare(export).python != first.python


def test_a_cache_that_others_may_write_to_is_refused(room: Room) -> None:
    room.cache.mkdir()
    room.cache.chmod(0o777)
    with pytest.raises(WorkspaceError, match="written by others"):
        room.prepare(project(room.folder / "export"))


def test_the_cache_lies_where_the_sandbox_can_read_it() -> None:
    if MACHINE.root:
        assert default_cache({"HOME": "/root"}) == Path("/var/cache/qe-action")
        return
    assert default_cache({"HOME": "/home/me"}) == Path("/home/me/.cache/qe-action")
    assert default_cache({"XDG_CACHE_HOME": "/cache"}) == Path("/cache/qe-action")
    with pytest.raises(WorkspaceError, match="no folder"):
        default_cache({})


def test_old_entries_make_room(room: Room) -> None:
    later = 0.0
    entries = Entries(room.cache, now=lambda: later)

    async def fill() -> None:
        for number in range(9):
            key = f"env-{number:032x}"
            folder = entries.new(key)
            os.utime(folder, (0, 0))
            await entries.keep(key, folder)
            os.utime(room.cache / f"{key}.json", (number, number))
            os.utime(folder, (0, 0))

    asyncio.run(fill())
    assert len(list(room.cache.glob("env-*.json"))) == 6
    later = 2 * 24 * 3600.0
    asyncio.run(entries.keep("env-" + "f" * 32, entries.new("env-" + "f" * 32)))
    assert len([path for path in room.cache.iterdir() if path.is_dir()]) == 6


def overlaid(room: Room, pins: str, names: tuple[str, ...]) -> Path:
    async def make() -> Path:
        facts = await ask(room.python)
        entries = Entries(room.cache)
        async with installer(
            Sandbox(), room.env, parent=entries.folder, readable=bases(facts)
        ) as tool:
            place = room.folder / "pins.txt"
            place.write_text(pins)
            python = Path(facts.base_executable)
            return await overlay(facts, python, names, entries=entries, installer=tool, pins=place)

    return asyncio.run(make())


def test_an_overlay_is_made_of_wheels_with_the_pinned_hashes(room: Room) -> None:
    place = wheel(room.folder / "wheels", "coverage", "7.7", {"coverage.py": "X = 7\n"})
    good = hashlib.sha256(place.read_bytes()).hexdigest()
    pins = f"coverage==7.7 \\\n    --hash=sha256:{good}\nleaf==1.0 --hash=sha256:{'0' * 64}\n"
    made = overlaid(room, pins, ("coverage",))
    assert (made / "coverage.py").exists()
    assert not (made / "leaf.py").exists()
    assert overlaid(room, pins, ("coverage",)) == made
    with pytest.raises(SetupFailed, match="leaf"):
        overlaid(room, pins, ("coverage", "leaf"))
    assert len([name for name in room.entries() if name.endswith(".json")]) == 1


def index_answers() -> bool:
    """Whether packages can be had with the settings of this machine."""
    done = subprocess.run(
        (
            str(find_uv(Programs(os.environ))),
            "pip",
            "compile",
            "-q",
            "--no-deps",
            "--no-cache",
            "-",
        ),
        input=b"iniconfig==2.1.0",
        capture_output=True,
        check=False,
        timeout=60,
    )
    return done.returncode == 0


@pytest.mark.slow
def test_the_pinned_overlay_serves_the_interpreters_here(room: Room) -> None:
    if not index_answers():
        pytest.skip("no package index answers")
    room.env = dict(os.environ)
    for python in asyncio.run(found(Programs(room.env), others=MACHINE.root)):
        made = room.existing(python)
        code = "import pytest, coverage; print(pytest.__file__); coverage.Coverage(branch=True)"
        file = room.run(made, code)
        assert made.overlay is None or file.startswith(str(made.overlay)) or "usr" in file


def test_tests_are_made_for_a_project_that_was_set_up(room: Room) -> None:
    if not index_answers():
        pytest.skip("no package index answers")
    body = "open('pkg/_version.py', 'w').write('V = 3\\n')"
    export = project(room.folder / "repo" / "deep", body=body)
    (export / "pkg").mkdir()
    code = "from pkg._version import V\n\n\ndef larger(number):\n    return number > V\n"
    (export / "pkg" / "__init__.py").write_text(code)
    repo = export.parent
    for command in (("init", "-q"), ("add", "-A")):
        subprocess.run(("git", *command), cwd=repo, check=True)

    tests = "from pkg import larger\n\n\ndef test_larger():\n    assert larger(4) is True\n"

    async def make() -> list[Event]:
        async with project_interpreters(
            ProjectSetup(repo, below="deep", cache=room.cache)
        ) as found:
            context = {"repo": repo, "file": "deep/pkg/__init__.py", "tests": tests}
            agent = TestGeneratorAgent(interpreter=found.interpreters)
            task = QETask(task_type="test_generation", context=context)
            return [event async for event in agent.generate_tests_streaming(task)]

    events = asyncio.run(make())
    assert isinstance(events[-1], GenerationComplete)
    assert events[-1].tests, events
