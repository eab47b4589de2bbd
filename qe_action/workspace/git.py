"""Git, run so that nothing in the checkout can run a program or bend what it says.

An earlier step of the job, or the pull request, may have written `.git/config` and
`.gitattributes`. So: plumbing commands only, argument lists, revisions turned into hashes
before use, an environment of our own, no discovery (the git directory is named), and our
configuration as the last word. Diffs between commits touch no working file, so no filter
runs; for the working tree every configured driver is emptied besides.

What stays open: `.git/info/attributes` can still call a text file binary (it then has no
lines), and whoever can write to `.git` can write other objects.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from qe_action.errors import WorkspaceError
from qe_action.workspace.git_options import (
    CONFIG,
    DIFF_OPTIONS,
    SOURCES,
    config_env,
    empty_drivers,
    environment,
    toplevel,
)
from qe_action.workspace.pipes import pipe_in
from qe_action.workspace.process import run_program
from qe_action.workspace.programs import Programs

DIFF_LIMIT = 64 * 1024 * 1024
"""Bytes of the longest diff that is read."""
LIST_LIMIT = 128 * 1024 * 1024
"""Bytes of the longest list of files that is read."""
TIMEOUT = 120.0
"""Seconds after which a git command is ended."""

PATIENCE = 1.0
"""Seconds of a command after which we look for a pipe that git may wait for."""

_Done = tuple[int, bytes, bytes]
_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def is_hash(text: str) -> bool:
    """Whether a text is a full object name, SHA-1 or SHA-256."""
    return _HASH.fullmatch(text) is not None


class Git:
    """The git repository that holds `root`, read only.

    `env` gives PATH (and on Windows SYSTEMROOT); nothing else of it is passed on, and no git of
    the checkout's own is run. Methods raise `WorkspaceError` where git is missing, fails, takes
    longer than `timeout` seconds or says too much. A cancelled call ends its git.
    """

    def __init__(self, root: Path, *, env: Mapping[str, str], timeout: float = TIMEOUT) -> None:
        self.root = root.resolve()
        self.toplevel = toplevel(self.root)
        self._timeout = timeout
        closed = () if self.toplevel is None else (self.toplevel,)
        self._programs = Programs(env, closed)
        self._env = environment(env, self._programs.path, self.toplevel)

    async def head(self) -> str | None:
        """The checked-out commit; None before the first one."""
        return await self.resolve("HEAD")

    async def resolve(self, rev: str) -> str | None:
        """The commit that a revision names; None where it names none that is here."""
        if not rev or "\0" in rev:
            return None
        code, out = await self._try(
            "rev-parse", "--verify", "--quiet", "--end-of-options", rev + "^{commit}"
        )
        found = out.decode("ascii", "replace").strip()
        return found if code == 0 and is_hash(found) else None

    async def has_commit(self, sha: str) -> bool:
        """Whether the commit itself is here; a shallow clone names more than it has."""
        if not is_hash(sha):
            return False
        code, _ = await self._try("cat-file", "-e", sha + "^{commit}")
        return code == 0

    async def parents(self, sha: str) -> tuple[str, ...]:
        """The commit's parents as it names them, also where they are not here (depth 1)."""
        raw = await self._run("cat-file", "commit", _checked(sha))
        header = raw.partition(b"\n\n")[0].decode("utf-8", "replace").split("\n")
        return tuple(
            line[7:] for line in header if line.startswith("parent ") and is_hash(line[7:])
        )

    async def first_parents(self, sha: str, limit: int) -> tuple[str, ...]:
        """A commit's ancestors by first parents, the nearest first, at most `limit`.

        Fewer where history begins or, in a shallow clone, was cut off; none raises.
        """
        line: list[str] = []
        try:
            while len(line) < limit and (parents := await self.parents(line[-1] if line else sha)):
                line.append(parents[0])
        except WorkspaceError:
            pass  # the commit is not here
        return tuple(line)

    async def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor; None where none is here."""
        code, out = await self._try("merge-base", _checked(one), _checked(other))
        found = out.decode("ascii", "replace").strip()
        return found if code == 0 and is_hash(found) else None

    async def diff_commits(self, old: str, new: str) -> str:
        """The diff from one commit to another, without context, renames followed.

        Sources are compared as text whatever the repository's attributes call them: a pull
        request that calls its own sources binary would have no changed line.
        """
        command = ("diff-tree", "-r", "--no-commit-id")
        return await self._diff_parts(command, (_checked(old), _checked(new)))

    async def diff_worktree(self, old: str) -> str:
        """The diff from a commit to the tracked files of the working tree.

        Line ends are compared without CR: the user's `core.autocrlf` is not read.
        """
        return await self._diff_parts(("diff-index", "--ignore-cr-at-eol"), (_checked(old),))

    async def _diff_parts(self, command: tuple[str, ...], trees: tuple[str, ...]) -> str:
        """The diff of the sources as text, then that of all else."""
        config = (("attr.tree", "no-such-tree"), *await self._no_drivers())
        sources = tuple(f"*{suffix}" for suffix in SOURCES)
        others = tuple(f":(exclude){pattern}" for pattern in sources)
        parts = []
        for options, paths in ((("--text",), sources), ((), others)):
            command_line = (*command, *DIFF_OPTIONS, *options, *trees, "--", *paths)
            parts.append(await self._run(*command_line, config=config, limit=DIFF_LIMIT))
        return b"".join(parts).decode("utf-8", "replace")

    async def tracked(self, sha: str) -> tuple[str, ...]:
        """The files of a commit, without submodules. Bytes that are no UTF-8 become U+FFFD."""
        out = await self._run("ls-tree", "-r", "-z", "--full-tree", _checked(sha))
        entries = (entry.partition("\t") for entry in _split(out))
        return tuple(path for meta, _, path in entries if meta.split(" ")[1:2] == ["blob"])

    async def worktree_files(self) -> tuple[str, ...]:
        """The tracked files and those that are neither tracked nor ignored."""
        return tuple(dict.fromkeys((*await self.indexed(), *await self.untracked())))

    async def indexed(self) -> tuple[str, ...]:
        """The tracked files."""
        return tuple(_split(await self._run("ls-files", "-z", "--cached")))

    async def untracked(self) -> tuple[str, ...]:
        """The files that are neither tracked nor ignored by the repository's own rules."""
        out = await self._run("ls-files", "-z", "--others", "--exclude-standard")
        # A nested repository is named as a folder: its files are its own.
        return tuple(path for path in _split(out) if not path.endswith("/"))

    async def entries(self, sha: str | None) -> list[bytes]:
        """`mode type hash size TAB path` of all that a commit holds.

        Without a commit, `mode hash stage TAB path` of all that the index holds.
        """
        if sha is None:
            out = await self._run("ls-files", "-z", "--cached", "--stage")
        else:
            out = await self._run("ls-tree", "-r", "-l", "-z", "--full-tree", _checked(sha))
        return [entry for entry in out.split(b"\0") if entry]

    async def blobs(self, hashes: Sequence[str], *, limit: int) -> bytes:
        """What `cat-file --batch` says of them: contents as stored, no filter is run."""
        asked = "".join(f"{_checked(name)}\n" for name in hashes).encode()
        code, out, err = await self._call(("cat-file", "--batch"), (), limit, asked)
        if code != 0:
            raise WorkspaceError(f"git cat-file failed: {_first_line(err)}.")
        return out

    async def is_shallow(self) -> bool:
        """Whether history was cut off when it was fetched."""
        return (await self._run("rev-parse", "--is-shallow-repository")).strip() == b"true"

    async def _no_drivers(self) -> tuple[tuple[str, str], ...]:
        """Configuration that empties every filter and diff driver there is."""
        return empty_drivers(_split(await self._run("config", "--list", "--name-only", "-z")))

    async def _run(
        self,
        command: str,
        *args: str,
        config: tuple[tuple[str, str], ...] = (),
        limit: int = LIST_LIMIT,
    ) -> bytes:
        code, out, err = await self._call((command, *args), config, limit)
        if code != 0:
            raise WorkspaceError(
                f"git {command} failed: {_first_line(err) or f'exit code {code}'}.",
                hint="Is the history complete? `git fetch --unshallow`, or `fetch-depth: 0` on "
                "actions/checkout, gets all of it.",
            )
        return out

    async def _try(self, *args: str) -> tuple[int, bytes]:
        """Exit code and output of a command whose failure is an answer."""
        code, out, _ = await self._call(args, (), LIST_LIMIT)
        return code, out

    async def _call(
        self,
        args: tuple[str, ...],
        config: tuple[tuple[str, str], ...],
        limit: int,
        stdin: bytes = b"",
    ) -> tuple[int, bytes, bytes]:
        if self.toplevel is None:
            raise WorkspaceError(f"{self.root} is in no git repository.", hint=_CHECKOUT)
        env = self._env | config_env((*CONFIG, *config))
        program = self._programs.find("git")
        if program is None:
            raise WorkspaceError("git can't be run: it is not found.", hint=_INSTALLED)
        running = run_program(
            program,
            args,
            env=env,
            cwd=self.toplevel,
            timeout=self._timeout,
            limit=limit,
            stdin=stdin,
        )
        return await self._unless_it_waits(asyncio.ensure_future(running), self.toplevel)

    async def _unless_it_waits(self, running: asyncio.Future[_Done], toplevel: Path) -> _Done:
        """What comes of a program, unless it takes long because of a pipe in a file's place."""
        try:
            await asyncio.wait((running,), timeout=PATIENCE)
            pipe = None if running.done() else await asyncio.to_thread(pipe_in, toplevel)
            if pipe is not None and not running.done():
                name = _printable(os.path.relpath(pipe, toplevel))
                raise WorkspaceError(
                    f"git would wait for ever: {name} is no file.",
                    hint="Remove it; a step before this one has left it.",
                )
            return await running
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


_INSTALLED = (
    "Is git installed and on the PATH? What lies in the checkout, or where others may write, is "
    "not run."
)
_CHECKOUT = "Run after actions/checkout, or name the repository."


def _checked(sha: str) -> str:
    if not is_hash(sha):
        raise WorkspaceError("A commit is named by something that is no full hash.")
    return sha


def _split(out: bytes) -> list[str]:
    return [name for name in out.decode("utf-8", "replace").split("\0") if name]


def _first_line(err: bytes) -> str:
    return _printable(err.decode("utf-8", "replace").strip().partition("\n")[0])


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "\ufffd" for char in text[:200])
