"""The pull request that the input `pull-request` names where the event names none."""

from __future__ import annotations

from typing import NamedTuple

from qe_action.errors import QEError, UsageError
from qe_action.github.client import GitHub
from qe_action.github.context import RunContext, with_named_pull
from qe_action.github.refusals import NotFound


class Found(NamedTuple):
    """The run with its pull request; where there is none, `problem` says why in one line."""

    context: RunContext
    problem: str = ""


async def named_pull(context: RunContext, number: int | None, github: GitHub | None) -> Found:
    """The run, about the pull request `number` unless its event is about one already.

    Raises `UsageError` where there is none of that number. GitHub not answering is a problem
    of the delivery alone.
    """
    if number is None or context.pull is not None:
        return Found(context)
    if github is None:
        return Found(context, f"Pull request {number} can't be read: there is no token.")
    try:
        return Found(with_named_pull(context, await github.pull(number)))
    except NotFound:
        raise UsageError(
            f"{context.repo} has no pull request {number}, or the token may not see it.",
            hint="Check the input pull-request; reading it takes `pull-requests: read`.",
            anchor="without-a-pull-request",
        ) from None
    except QEError as error:
        return Found(context, error.line())
