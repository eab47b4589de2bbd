"""The comment that several parts write, where one of them has taken ours for a double."""

from __future__ import annotations

import asyncio

from fake_github import FakeGitHub
from pydantic import SecretStr

from qe_action.github.client import GitHub
from qe_action.github.retry_policy import RetryPolicy
from qe_action.render.marker import Marker
from qe_action.sinks.shared_comment import SharedComment

MARKER = Marker("place", 1, 1, "a" * 40)
QUICK = RetryPolicy(write_gap=0, backoff=0)


class Better:
    """Words that are better once."""

    def __init__(self, *bodies: str) -> None:
        self._bodies = list(bodies)

    async def body(self, *, done: bool) -> str:
        return self._bodies[0]

    async def better(self) -> str | None:
        return self._bodies.pop(0) if self._bodies else None


def test_last_words_go_to_the_comment_that_is_left(strict: FakeGitHub) -> None:
    async def write() -> None:
        strict.add_pull(7, MARKER.sha or "", "b" * 40)
        client = GitHub(
            token=SecretStr(strict.token), repo=strict.repo, api_url=strict.url, policy=QUICK
        )
        shared = SharedComment(
            client, 7, MARKER, newer=lambda mine, theirs: False, hurried=lambda: False
        )
        double = await client.create_comment(7, f"{MARKER.line}\nfive of six", marker="none")
        await shared.look()
        del strict.comments[double.id]
        await client.create_comment(7, f"{MARKER.line}\nfour of six", marker="none")
        await shared.settle(Better(f"{MARKER.line}\nsix of six"))
        await client.aclose()

    asyncio.run(write())
    (comment,) = strict.comments.values()
    assert comment.body.endswith("six of six")
