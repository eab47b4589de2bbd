"""`--resume`: whether a journal was made of the same inputs, and what of it is gone on with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from qe_action import __version__
from qe_action.commands.recorded_journal import check_link, recording
from qe_action.errors import ReportError, UsageError
from qe_action.events import Event, TestFinished, TestProposed, TestRejected
from qe_action.journal import header
from qe_action.workspace.successor_file import SuccessorFile

Command = Literal["analyze", "generate", "test"]
_CHANGED = {
    "run": "it was written by another command",
    "by": "it was written by another release",
    "report": "the coverage report is another",
    "sources": "files of the repository are others",
    "options": "options are others",
}
_TRACKED = "it is a file of the repository, and so could be anybody's"
_DIGITS = 16
"""Of a digest: enough to tell runs apart, and few enough for a header that every release reads."""


@dataclass(frozen=True)
class Made:
    """What a journal is made of: by which command, and the digests of its inputs."""

    run: Command
    report: str = ""
    sources: str = ""
    options: str = ""

    def words(self) -> dict[str, str]:
        """These as the header of a journal has them."""
        inputs = {"report": self.report, "sources": self.sources, "options": self.options}
        short = {name: value[:_DIGITS] for name, value in inputs.items()}
        return {"run": self.run, "by": __version__, **short}

    @property
    def head(self) -> bytes:
        return header(self.words())


def digest_of(*texts: str) -> str:
    """One digest of some texts."""
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Resumption:
    """What of a journal is gone on with; `said` tells people, `owed` counts the lines of work."""

    said: str
    work: tuple[Event, ...] = ()

    @property
    def owed(self) -> int:
        return len(self.work)


def resumption(name: str, made: Made, *, tracked: bool = False) -> Resumption:
    """What of a journal a run of the same inputs need not do again.

    Where the inputs are others there is nothing, and `said` says what changed; nor of a journal
    that is `tracked`, as whoever changes the repository can write that. Raises `QEError`
    where the file is there and is no journal that this release reads: it is not to be replaced.
    """
    if not Path(name).exists():
        return Resumption(f"There is no journal {name} yet: starting anew.")
    with recording(name) as journal:
        changed = _TRACKED if tracked else _changed(journal.header, made)
        if changed:
            return Resumption(f"{name} is not gone on with, as {changed}: starting anew.")
        work: list[Event] = []
        try:
            work += (event for event in journal.events() if _is_work(event, made.run))
        except ReportError as error:
            return Resumption(f"{name} is gone on with up to there: {error.message}", tuple(work))
    if made.run == "analyze":
        return Resumption(
            f"{name} has the same inputs. An analysis takes no longer than to read it, so it is "
            "done again and tells the same."
        )
    return Resumption(f"{name} has the same inputs and is gone on with.", tuple(work))


def _changed(head: Mapping[str, object], made: Made) -> str:
    """Why the inputs are not the same; empty where they are."""
    now = made.words()
    if "options" not in head:
        return "it does not say what it was made of"
    return " and ".join(why for key, why in _CHANGED.items() if head.get(key) != now[key])


def _is_work(event: Event, run: Command) -> bool:
    if run == "generate":
        return isinstance(event, TestProposed | TestRejected)
    return run == "test" and isinstance(event, TestFinished)


@contextmanager
def written(name: str, resumed: Resumption | None) -> Iterator[IO[bytes]]:
    """The journal of that name; where it is `resumed`, in its place once it has as much.

    Raises `UsageError` where it can't be written.
    """
    try:
        if resumed is not None:
            with SuccessorFile(Path(name), resumed.owed) as successor:
                yield successor
            return
        check_link(Path(name))
        with Path(name).open("wb") as file:
            yield file
    except OSError as error:
        raise UsageError(
            f"{name} can't be written: {error.strerror}.", anchor="command-line"
        ) from None
