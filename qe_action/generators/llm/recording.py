"""Answers kept in a folder by what was asked, and given again from there.

An answer is a file of JSON, named by a hash of the model and the conversation. The folder may lie
in the checkout of a pull request: no link in it is followed, what can't be read is as good as
absent, and whatever an answer says passes the same gates as one that was just written.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import secrets
import stat
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager, suppress
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qe_action.generators.llm.conversation import Ending, Message, Model, Piece

LARGEST = 2_000_000
"""Bytes of the largest file that is kept or taken."""
MOST = 1_000
"""Files that stay in the folder: the newest."""
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)

Name = Callable[[Sequence[Message]], str]


class Recording(BaseModel):
    """An answer that a model ended itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    text: str
    finish: Literal["stop"] = "stop"
    input_tokens: int | None = Field(default=None, ge=0)
    output_tokens: int | None = Field(default=None, ge=0)


def by_content(model: str) -> Name:
    """Names a conversation with a model by a hash of both."""

    def name(messages: Sequence[Message]) -> str:
        asked = [model, *([message.role, message.text] for message in messages)]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()

    return name


class Recordings:
    """The files of a folder. `never` are texts that must not get into any of them."""

    def __init__(self, folder: Path, never: Sequence[str] = (), *, most: int = MOST) -> None:
        self._folder = folder
        self._never = tuple(filter(None, never))
        self._most = most

    def take(self, name: str) -> Recording | None:
        """The recording of a name; None where there is none, or none that can be read."""
        try:
            with self._opened() as folder:
                handle = os.open(f"{name}.json", _READ, dir_fd=folder)
                with os.fdopen(handle, "rb") as file:
                    about = os.fstat(handle)
                    if not stat.S_ISREG(about.st_mode) or about.st_size > LARGEST:
                        return None
                    return Recording.model_validate_json(file.read(LARGEST))
        except (OSError, ValidationError, RecursionError):
            return None

    def keep(self, name: str, recording: Recording) -> bool:
        """Write a recording; whether that was possible and allowed."""
        content = recording.model_dump_json().encode("utf-8", "replace")
        if len(content) > LARGEST or any(text in recording.text for text in self._never):
            return False
        part = f".{secrets.token_hex(8)}.part"
        try:
            with self._opened() as folder:
                with os.fdopen(os.open(part, _NEW, 0o644, dir_fd=folder), "wb") as file:
                    file.write(content)
                    self._own(file.fileno(), folder)
                os.replace(part, f"{name}.json", src_dir_fd=folder, dst_dir_fd=folder)
                self._tidy(folder)
        except OSError:
            return False
        return True

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """The folder, made where it is missing. Raises OSError, also where it lies elsewhere."""
        here, folder = Path.cwd().resolve(), Path(os.path.abspath(self._folder))  # noqa: PTH100
        within = next((top for top in (Path.cwd(), here) if folder.is_relative_to(top)), None)
        if within and not folder.resolve().is_relative_to(here):
            raise NotADirectoryError(str(folder))
        if not folder.exists():
            folder.mkdir(parents=True, exist_ok=True)
            self._own(folder, folder.parent)
        handle = os.open(folder, _FOLDER)
        try:
            yield handle
        finally:
            os.close(handle)

    @staticmethod
    def _own(target: int | Path, like: int | Path) -> None:
        """Give what we make the owner of the folder it lies in, where we may."""
        if hasattr(os, "chown") and os.geteuid() == 0:
            owner = os.stat(like)  # noqa: PTH116 - also of an open one
            os.chown(target, owner.st_uid, owner.st_gid)

    def _tidy(self, folder: int) -> None:
        """Remove the oldest files beyond the most that stay."""
        with os.scandir(folder) as listing:
            found = [entry for entry in listing if entry.name.endswith((".json", ".part"))]
        if len(found) <= self._most:
            return
        found.sort(key=lambda entry: entry.stat(follow_symlinks=False).st_mtime)
        for entry in found[: len(found) - self._most]:
            with suppress(OSError):
                os.unlink(entry.name, dir_fd=folder)


class RecordedModel:
    """Gives recorded answers, and records those of a model; without one there are no others."""

    def __init__(
        self, model: Model, recordings: Recordings, name: Name, replayed: Callable[[], None]
    ) -> None:
        self._model = model
        self._recordings = recordings
        self._name = name
        self._replayed = replayed

    async def answer(self, messages: Sequence[Message]) -> AsyncGenerator[Piece | Ending, None]:
        """Raises ModelFault."""
        name = self._name(messages)
        found = await asyncio.to_thread(self._recordings.take, name)
        if found is not None:
            self._replayed()
            for line in found.text.splitlines(keepends=True):
                yield Piece(line)
            yield Ending(found.finish, found.input_tokens, found.output_tokens)
            return
        pieces: list[str] = []
        held = 0
        async with aclosing(self._model.answer(messages)) as stream:
            async for said in stream:
                if isinstance(said, Piece) and held <= LARGEST:
                    pieces.append(said.text)
                    held += len(said.text)
                elif isinstance(said, Ending) and said.finish == "stop" and not said.garbled:
                    await self._keep(name, "".join(pieces), said)
                yield said

    async def _keep(self, name: str, text: str, ending: Ending) -> None:
        recording = Recording(
            text=text, input_tokens=ending.input_tokens, output_tokens=ending.output_tokens
        )
        await asyncio.to_thread(self._recordings.keep, name, recording)

    async def aclose(self) -> None:
        """Leave the model."""
        await self._model.aclose()
