"""One input of the action."""

from __future__ import annotations

from typing import NamedTuple


class Input(NamedTuple):
    """One input: its name, default and what it means; `choices` where only some values fit.

    A `listed` one takes several values, one a line. `old` is a name that goes on working.
    A `written` one names a file in the workspace that a run writes. A `secret` one is no option of
    the command line, where others could read it, but may come from the variable `secret`.
    """

    name: str
    default: str
    meaning: str
    choices: tuple[str, ...] = ()
    listed: bool = False
    old: str = ""
    written: bool = False
    secret: str = ""

    @property
    def field(self) -> str:
        """The name as Python writes it."""
        return self.name.replace("-", "_")


BOOLEAN = ("true", "false")
