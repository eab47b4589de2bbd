"""The check runs that stand on a commit before this run's: of its earlier attempts, and others'."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from qe_action.errors import DeliveryError
from qe_action.github.client import GitHub
from qe_action.github.identity import Identity, SeenIdentity, read_external_id
from qe_action.github.payloads import CheckSeen, CheckUpdate


def has_namesake(identity: Identity, seen: Iterable[CheckSeen]) -> bool:
    """Of two jobs with one name each would overwrite the other's comment."""
    found = (read_external_id(check.external_id) for check in seen)
    return any(theirs is not None and theirs.key == identity.key for theirs in found)


async def supersede(github: GitHub, identity: Identity, seen: Iterable[CheckSeen]) -> None:
    """End what earlier attempts of this run have left open: they ended before this began."""
    own = read_external_id(identity.external_id)
    for check in seen:
        theirs = read_external_id(check.external_id)
        if own is None or theirs is None or check.status == "completed":
            continue
        same_place = _place_of(theirs) == _place_of(own)
        if same_place and theirs.key.attempt < own.key.attempt:
            title = f"Superseded by attempt {own.key.attempt}"
            over = CheckUpdate(
                title=title,
                summary=f"{title}: this one ended before it could say its result.\n",
                status="completed",
                conclusion="cancelled",
            )
            with suppress(DeliveryError):  # it has no part in this run's result
                await github.update_check(check.ref.id, over)


def _place_of(seen: SeenIdentity) -> tuple[int, str, str]:
    """What the attempts of a run have in common, and its other check runs have not."""
    return seen.key.run_id, seen.place, seen.about
