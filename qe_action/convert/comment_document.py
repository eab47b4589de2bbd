"""Markdown: what the comment on a pull request says of the same events."""

from __future__ import annotations

from collections.abc import Iterable

from qe_action.convert.conversion import Conversion, Followed
from qe_action.events import AGENTS, Event
from qe_action.render.links import Links
from qe_action.render.markdown import Heading, comment
from qe_action.render.state import RunState
from qe_action.text import document


def convert(events: Iterable[Event]) -> Conversion:
    """The comment."""
    followed, state = Followed(events), RunState()
    for event in followed:
        state.fold(event)
    text = document(comment(state, Links(), Heading("qe-action")))
    return followed.conversion(f"{text.rstrip()}\n", tuple(AGENTS), "Markdown")
