"""Whether a comment that asks for tests is followed, and the pull request that it stands on."""

from __future__ import annotations

from qe_action.errors import QEError
from qe_action.github.client import GitHub
from qe_action.github.context import RunContext, with_named_pull
from qe_action.github.refusals import NotFound
from qe_action.github.slash_command import COMMAND, SlashCommand

MAY_WRITE = ("admin", "maintain", "write")
"""What GitHub says of those who may push to the repository."""


class CommandRefused(Exception):  # noqa: N818 - no error: nothing was to be done
    """The comment makes no tests; says why, in one line."""


async def commanded_pull(
    context: RunContext, number: int | None, github: GitHub | None
) -> RunContext:
    """The run, about the open pull request of this repository that a writer's comment stands on.

    `number` is what the input `pull-request` names, if anything. Raises `CommandRefused` for any
    other comment, and where GitHub does not tell what has to be known.
    """
    command = context.command
    if command is None:
        raise CommandRefused(f"The comment is no {COMMAND} on a pull request: nothing is run.")
    if number not in (None, command.pull):
        raise CommandRefused(
            f"{COMMAND} stands on #{command.pull} and pull-request names #{number}: nothing is run."
        )
    if github is None:
        raise CommandRefused(f"{COMMAND} is not followed: there is no token to ask who may.")
    try:
        await _check_author(command, github)
        named = with_named_pull(context, await github.pull(command.pull))
    except QEError as error:
        raise CommandRefused(f"{COMMAND} is not followed: {error.line()}") from None
    if named.pull_state != "open":
        raise CommandRefused(f"{COMMAND} is not followed: #{command.pull} is closed.")
    if named.is_fork:
        raise CommandRefused(
            f"{COMMAND} is not followed: #{command.pull} is from a fork, whose code gets no token "
            "that may write."
        )
    return named


async def _check_author(command: SlashCommand, github: GitHub) -> None:
    """Raises `CommandRefused` for an author who may not write here."""
    may = "none"
    if not command.author.endswith("[bot]"):
        try:
            may = await github.permission_of(command.author)
        except NotFound:
            may = "none"
    if may not in MAY_WRITE:
        raise CommandRefused(
            f"{COMMAND} is for those who may write to the repository, which {command.author} may "
            "not: nothing is run."
        )
