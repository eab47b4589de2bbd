"""What can go wrong with one request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from fake_github.wire import Recorded
from faulty_github import Act, FaultyGitHub, in_the_past

HANG = 4.0
"""Seconds a request hangs; the program is told to wait for one."""
CLOSED = 0.3
"""Seconds that connections are refused."""
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes."
PRIMARY = "API rate limit exceeded for installation ID 1."

Lasting = Literal["once", "endpoint", "all"]


@dataclass(frozen=True)
class Kind:
    """A fault: what it does, whether it passes, and what it goes on to strike.

    One that lasts `once` strikes so many `times` in a row what asks for the same. `pacing` are
    the settings it needs, where the usual ones (no waiting at all) don't fit, and `tries` how many
    of the tries of a request it costs.
    """

    name: str
    act: Act
    passes: bool = True
    lasting: Lasting = "once"
    pacing: Mapping[str, str] = field(default_factory=dict)
    tries: int = 1
    times: int = 1


def _refused(github: FaultyGitHub, request: Recorded) -> bool:
    github.close_door(CLOSED)
    return False


def _refused_next(github: FaultyGitHub, request: Recorded) -> bool:
    github.take_effect(request)
    request.headers["connection"] = "close"
    github.close_door(CLOSED)
    return True


def _reset(github: FaultyGitHub, request: Recorded) -> bool:
    request.ending = "reset"
    return False


def _reset_after(github: FaultyGitHub, request: Recorded) -> bool:
    github.take_effect(request)
    return _reset(github, request)


def _hung_up(github: FaultyGitHub, request: Recorded) -> bool:
    return False


def _cut(github: FaultyGitHub, request: Recorded) -> bool:
    github.take_effect(request)
    request.ending = "cut"
    return True


def _other_page(github: FaultyGitHub, request: Recorded) -> bool:
    github.take_effect(request)
    request.status, request.answer = 200, b"<html>Please log in</html>"
    request.content_type = "text/html"
    return True


def _hang(github: FaultyGitHub, request: Recorded) -> bool:
    github.hang(HANG)
    return False


def _hang_after(github: FaultyGitHub, request: Recorded) -> bool:
    github.take_effect(request)
    return _hang(github, request)


def _after(status: int) -> Act:
    def act(github: FaultyGitHub, request: Recorded) -> bool:
        github.take_effect(request)
        return github.refuse(request, status, "Server Error")

    return act


def _answers(status: int, message: str, **headers: str) -> Act:
    def act(github: FaultyGitHub, request: Recorded) -> bool:
        return github.refuse(request, status, message, **headers)

    return act


def _primary(github: FaultyGitHub, request: Recorded) -> bool:
    return github.refuse(
        request, 403, PRIMARY, x_ratelimit_remaining="0", x_ratelimit_reset=in_the_past()
    )


def _primary_for_long(github: FaultyGitHub, request: Recorded) -> bool:
    github.remaining = 0
    return github.refuse(request, 403, PRIMARY)


def _gone(github: FaultyGitHub, request: Recorded) -> bool:
    """What is edited has been deleted; anything else can't be seen."""
    found = re.search(r"/(comments|check-runs)/(\d+)$", request.path)
    if request.method == "PATCH" and found:
        things = github.comments if found[1] == "comments" else github.checks
        things.pop(int(found[2]), None)
    return github.refuse(request, 404, "Not Found")


_SLOW = {"TIMEOUT": "1"}
_AGAIN = {"BACKOFF": "0.1"}

PASSING = (
    Kind("connection refused", _refused, pacing=_AGAIN, tries=3),
    Kind("answered, then refused", _refused_next, pacing=_AGAIN, tries=3),
    Kind("hung up", _hung_up),
    Kind("reset before", _reset),
    Kind("reset after", _reset_after),
    Kind("half an answer", _cut),
    Kind("another page", _other_page),
    Kind("time-out before", _hang, pacing=_SLOW),
    Kind("time-out after", _hang_after, pacing=_SLOW),
    Kind("500", _answers(500, "Server Error")),
    Kind("502 before", _answers(502, "Server Error")),
    Kind("502 after", _after(502)),
    Kind("503", _answers(503, "Service unavailable", retry_after="0")),
    Kind("429", _answers(429, SECONDARY, retry_after="0")),
    Kind("secondary limit", _answers(403, SECONDARY, retry_after="0")),
    Kind("primary limit", _primary),
    Kind("401 twice", _answers(401, "Bad credentials"), tries=2, times=2),
)
"""Faults after which the end must be as if nothing had been."""

LONGER = (
    Kind("six times half an answer", _cut, passes=False, times=6),
    Kind("six times no answer", _reset_after, passes=False, times=6),
    Kind("401 three times", _answers(401, "Bad credentials"), passes=False, times=3),
)
"""Faults that outlast the patience with one request, and pass before the run ends: what is only
read for the analysis is lost to them, and nothing that is written."""

STAYING = (
    Kind("401", _answers(401, "Bad credentials"), passes=False, lasting="all"),
    Kind(
        "403",
        _answers(403, "Resource not accessible by integration"),
        passes=False,
        lasting="endpoint",
    ),
    Kind("404", _gone, passes=False, lasting="endpoint"),
    Kind("409", _answers(409, "Conflict"), passes=False),
    Kind("422", _answers(422, "Validation Failed"), passes=False),
    Kind("long secondary limit", _answers(403, SECONDARY), passes=False),
    Kind("long primary limit", _primary_for_long, passes=False),
    Kind("outage", _answers(503, "Service unavailable"), passes=False, lasting="all"),
)
"""Faults that may leave something undelivered, as `losses` says."""


def kill_before(github: FaultyGitHub, request: Recorded) -> bool:
    """`kill -9` while the request is on its way; it never takes effect."""
    github.kill()
    return False


def kill_after(github: FaultyGitHub, request: Recorded) -> bool:
    """`kill -9` between the request's effect and its answer."""
    github.take_effect(request)
    github.kill()
    return False
