"""The one place where workflow commands and the runner's files are written.

Text from outside is made one visible line first: the toolkit escapes what follows a command,
and this keeps a log line from being read as one (`::name::` at its start, `##[name]` anywhere).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Literal

from qe_action.execution.stopped_commands import are_stopped
from qe_action.render.annotations import Words
from qe_action.text import document, plain, visible

_ZERO_WIDTH = "\u200b"
_COMMAND = re.compile(r"(##(?=\[)|^[^\S\n]*:(?=:[^\W\d_]))", re.MULTILINE)
"""Where a command begins: at a line's start, or after white space there; `##[` anywhere."""
SUMMARY_LIMIT = 1024 * 1024
"""Bytes of a step's summary; GitHub drops all of a larger one."""


def log_line(text: str) -> str:
    """`text` as one log line that is no command."""
    line = no_command(visible(text))
    return f"{_ZERO_WIDTH}{line}" if line.lstrip().startswith("::") else line


def no_command(text: str) -> str:
    """Lines that stay as they are but for a mark within what would be read as a command."""
    return _COMMAND.sub(rf"\1{_ZERO_WIDTH}", text)


def group(title: str, lines: list[str], out: IO[str]) -> None:
    """A foldable group of log lines."""
    folds = not are_stopped()
    print(f"::group::{log_line(title)}" if folds else log_line(title), file=out)
    for line in lines:
        print(log_line(line), file=out)
    if folds:
        print("::endgroup::", file=out)
    out.flush()


def tell(text: str) -> None:
    """A line of the log."""
    print(log_line(text), flush=True)  # noqa: T201 - the log is where it belongs


def warn(text: str) -> None:
    """A warning on the run's page."""
    _say("warning", text)


def error(text: str) -> None:
    """An error on the run's page."""
    _say("error", text)


def notice(text: str) -> None:
    """A notice on the run's page."""
    _say("notice", text)


def _say(level: Literal["warning", "error", "notice"], text: str) -> None:
    """A command; a line of the log while the runner takes none."""
    if are_stopped():
        tell(f"{level}: {text}")
        return
    from actions_toolkit import core

    say = {"notice": core.notice, "warning": core.warning, "error": core.error}[level]
    say(visible(text), title="qe-action")


def notice_or_line(text: str, *, in_workflow: bool) -> None:
    """A notice on the run's page in a workflow, else a line for whoever looks on."""
    if in_workflow:
        notice(text)
    else:
        sys.stderr.write(f"{log_line(text)}\n")


def annotate(path: str, start: int, end: int, words: Words) -> None:
    """An annotation by workflow command, for tokens that may not write checks."""
    from actions_toolkit import core

    say = {"notice": core.notice, "warning": core.warning, "failure": core.error}[words.level]
    say(words.message, title=words.title, file=visible(path), start_line=start, end_line=end)


def set_outputs(outputs: Mapping[str, str]) -> None:
    """The step's outputs, through the runner's file."""
    from actions_toolkit import core

    for name, value in outputs.items():
        core.set_output(name, visible(value))


def summarise_error(path: str | None, text: str) -> None:
    """The one line of a job summary where there is nothing else to say; the log has it too."""
    if not path:
        return
    with suppress(OSError):
        append_summary(Path(path), f"❌ qe-action: {plain(text)}\n")


def append_summary(path: Path, text: str) -> bool:
    """Add to the job's summary; False where it would grow beyond what GitHub takes."""
    data = document(text).encode("utf-8", "replace")
    with path.open("ab") as file:
        if file.tell() + len(data) > SUMMARY_LIMIT:
            return False
        file.write(data)
    return True
