"""The port through which the test executor runs a suite, and what it hears of it.

What is heard comes from the suite's own processes, which run the pull request's code: whoever makes
these messages has bounded all texts and numbers, and nothing in them is believed beyond its form.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:  # a command is started before events are imported
    from qe_action.events import Outcome, Phase


@dataclass(frozen=True, slots=True)
class Session:
    """A test runner has started: one command may start several, one after or beside another.

    `root` is what names of tests are relative to, `folder` where it was started. `python` and
    `arguments` start it again. `workers` is how many processes run its tests.
    """

    key: str
    root: Path
    folder: Path
    python: str = ""
    arguments: tuple[str, ...] = ()
    workers: int = 1


@dataclass(frozen=True, slots=True)
class Collected:
    """How many tests a session has, by their files relative to its root."""

    key: str
    total: int
    files: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Started:
    """A test begins; `worker` is empty where it is not known. Workers run tests side by side."""

    key: str
    id: str
    worker: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """A line of a traceback, the outermost first; `path` is absolute or relative to the root."""

    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Finished:
    """A test has ended, or something around it has failed. `file` is relative to the root.

    Where it `goes_on` it has failed, and what tears it down is still to come: `Left` follows.
    """

    key: str
    id: str
    outcome: Outcome
    phase: Phase = ""
    seconds: float | None = None
    file: str = ""
    line: int | None = None
    frames: tuple[Frame, ...] = ()
    message: str = ""
    traceback: str = ""
    output: str = ""
    reason: str = ""
    worker: str = ""
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """A failed test is torn down."""

    key: str
    id: str


@dataclass(frozen=True, slots=True)
class Over:
    """A session has ended, with pytest's own exit code.

    `failed_otherwise` says that more failed than its tests: a plugin may have a word as well.
    """

    key: str
    code: int
    failed_otherwise: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """The command has ended, and all it had started: always the last message.

    `code` is what a shell would say, 128 and the signal's number where one ended it. `why` is empty
    where it ended by itself, `limit` names the sandbox's limit that it broke. `hung` is the test
    that ran longer than it may, `stack` where it was. `lost` is how many messages did not come
    through or made no sense.
    """

    code: int
    why: Literal["", "hung", "cancelled", "limit"] = ""
    limit: str = ""
    hung: str = ""
    stack: str = ""
    lost: int = 0


Message = Session | Collected | Started | Finished | Left | Over | Ended


@dataclass(frozen=True, slots=True)
class Run:
    """What is run: a command as its words, in a folder.

    `only` are names of tests, relative to the root of the session that had them: all others are
    left out. `without` are tests that are left out, each by its file on this machine and its name.
    With either of them neither coverage nor any report is written, as it would be of a part.
    `test_timeout` is in seconds.
    """

    command: tuple[str, ...]
    folder: Path
    only: tuple[str, ...] = ()
    test_timeout: float | None = None
    without: tuple[tuple[str, str], ...] = ()

    @property
    def is_part(self) -> bool:
        """Whether some of the tests are left out."""
        return bool(self.only or self.without)


class SuiteRunner(Protocol):
    """Runs commands one after the other."""

    def run(self, run: Run) -> AsyncGenerator[Message, None]:
        """What is heard of a command, until it has ended. Closed early, it ends the command.

        Raises `UsageError` where there is no such command.
        """
        ...
