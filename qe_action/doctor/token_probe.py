"""What GitHub says of the token: at most six requests, reads only, none repeated.

1. the check runs of our name on the commit that gets one (`checks`; also whether the token is
   valid, its scopes, and the requests left this hour)
2. one comment of the pull request (`pull-requests`)
3. the check runs of our name on the measured base (the baseline)
4. one commit, only where the history here is too short (`contents`)
5. where the job's token is to open a pull request with tests: whether workflows may open any,
   which it mostly may not know
6. where one is to be opened: the rules for its branch

A request that gets no answer is the last one.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import TimeoutError as LateError
from typing import TYPE_CHECKING, Any, TypeGuard
from urllib.parse import quote

from qe_action.analysis.baseline import decode
from qe_action.diagnosis.facts import Access, Facts, Read, measured
from qe_action.errors import DeliveryError
from qe_action.github.connection import ApiConnection, Ask
from qe_action.github.context import RunContext
from qe_action.github.refusals import Forbidden, NotFound, Unauthorized, Unreachable

if TYPE_CHECKING:
    from pydantic import SecretStr

TIMEOUT = 4.0
"""Seconds for connecting, and for each wait for bytes."""
LIMIT = 8.0
"""Seconds for all requests together."""
SCOPES = "x-oauth-scopes"
ACCEPTED = "x-accepted-github-permissions"
SHOWN = 200
"""Characters of a header that are kept."""

_KIND = re.compile(r"[a-z_]{1,40}")

Clock = Callable[[], float]


class Probe:
    """Asks one thing after the other over one connection, until one is not answered."""

    def __init__(self, token: SecretStr, context: RunContext, timeout: float, clock: Clock) -> None:
        self._secret = token.get_secret_value()
        self._line = ApiConnection(token, context.api_url, timeout, time.time)
        self._repo = f"/repos/{context.repo}"
        self._clock = clock
        self._end = clock() + LIMIT
        self._over = False
        self.requests = 0
        self.refusal = ""
        self.accepted = ""
        self.bad_token = False
        self.scopes: tuple[str, ...] | None = None

    @property
    def remaining(self) -> int | None:
        return self._line.remaining

    def ask(
        self, action: str, right: str, path: str, *, aside: bool = False, **parameters: str | int
    ) -> tuple[Read, Any]:
        """Whether the read was allowed, and its answer. `aside`: a refusal tells nothing else."""
        left = self._end - self._clock()
        if self._over or left <= 0:
            return "unanswered", None
        self.requests += 1
        ask: Ask[Any] = Ask(
            action, right, "GET", f"{self._repo}/{path}", lambda data: data, parameters=parameters
        )
        try:
            answer = self._line.submit(ask).result(timeout=left)
        except LateError:
            self._over = True
            self.refusal = self.refusal or f"GitHub gave no answer in {LIMIT:g} s to {action}"
            return "unanswered", None
        except DeliveryError as error:
            return self._refused(error, aside=aside), None
        self._scopes()
        return "allowed", answer

    def _refused(self, error: DeliveryError, *, aside: bool) -> Read:
        self._scopes()
        lacking = isinstance(error, NotFound) or (isinstance(error, Forbidden) and error.read_only)
        self.bad_token = isinstance(error, Unauthorized)
        self._over = self.bad_token or isinstance(error, Unreachable) or not lacking
        if not self.refusal and not (aside and lacking):
            # A server that is none of GitHub's may send back what it got.
            self.refusal = error.message.replace(self._secret, "***")
            self.accepted = self._line.headers.get(ACCEPTED, "")[:SHOWN] if lacking else ""
        return "refused" if lacking else "unanswered"

    def _scopes(self) -> None:
        said = self._line.headers.get(SCOPES)
        if said is not None:
            names = (scope.strip() for scope in said[:SHOWN].split(","))
            self.scopes = tuple(name for name in names if name)

    def close(self) -> None:
        """Leave the connection, and a request under way with it."""
        self._line.retire()


def probe(
    token: SecretStr, context: RunContext, facts: Facts, timeout: float, clock: Clock
) -> Access:
    """Ask what there is to ask of this run."""
    secret = token.get_secret_value()
    if not (secret.isascii() and secret.isprintable()) or " " in secret:
        return Access(bad_token=True, refusal="the token holds characters that no token has")
    token_probe = Probe(token, context, min(timeout, TIMEOUT), clock)
    try:
        return _asked(token_probe, facts)
    finally:
        token_probe.close()


def _asked(token_probe: Probe, facts: Facts) -> Access:
    run, name = facts.run, facts.asked.name
    checks: Read = "not asked"
    comments: Read = "not asked"
    contents: Read = "not asked"
    wrote, kept = False, None
    if run.target_sha is not None:
        checks, answer = _check_runs(token_probe, run.target_sha, name)
        wrote = any(_is_ours(each, name) for each in _listed(answer))
    if run.pull is not None and facts.asked.comment:
        path = f"issues/{run.pull}/comments"
        comments, _ = token_probe.ask("list comments", "pull-requests: read", path, per_page=1)
    base = _base(facts)
    if base is not None and checks == "allowed":
        seen, answer = _check_runs(token_probe, base, name)
        kept = any(_has_digest(each) for each in _listed(answer)) if seen == "allowed" else None
    if run.target_sha is not None and not (facts.history.base_here or facts.asked.publishes):
        contents, _ = token_probe.ask(
            "list commits", "contents: read", "commits", sha=run.target_sha, per_page=1
        )
    opens, rules = _about_the_pull_with_tests(token_probe, facts)
    return Access(
        checks=checks,
        comments=comments,
        contents=contents,
        refusal=token_probe.refusal,
        accepted=token_probe.accepted,
        bad_token=token_probe.bad_token,
        scopes=token_probe.scopes,
        wrote=wrote,
        baseline=kept,
        opens=opens,
        rules=rules,
        remaining=token_probe.remaining,
        requests=token_probe.requests,
    )


def _about_the_pull_with_tests(
    token_probe: Probe, facts: Facts
) -> tuple[bool | None, tuple[str, ...]]:
    """Whether workflows may open pull requests, if that is told, and the rules for the branch."""
    opens: bool | None = None
    if not (facts.asked.generates and facts.asked.pull.wanted == "open" and facts.has_pull):
        return None, ()
    if facts.run.fork or facts.run.closed:
        return None, ()
    if facts.asked.opens:
        _, answer = token_probe.ask(
            "read what workflows may do",
            "administration: read",
            "actions/permissions/workflow",
            aside=True,
        )
        told = answer.get("can_approve_pull_request_reviews") if _is_object(answer) else None
        opens = told if isinstance(told, bool) else None
    path = f"rules/branches/{quote(facts.branch, safe='')}"
    _, answer = token_probe.ask("list the branch's rules", "metadata: read", path, aside=True)
    listed = answer if isinstance(answer, list) else []
    kinds = [each.get("type") for each in listed if _is_object(each)]
    known = {kind for kind in kinds if isinstance(kind, str) and _KIND.fullmatch(kind)}
    return opens, tuple(sorted(known))


def _is_object(answer: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(answer, Mapping)


def _check_runs(token_probe: Probe, sha: str, name: str) -> tuple[Read, Any]:
    path = f"commits/{sha}/check-runs"
    return token_probe.ask(
        "list check runs", "checks: read", path, check_name=name, filter="all", per_page=20
    )


def _base(facts: Facts) -> str | None:
    """The base that was measured: of a test merge its first parent."""
    tree = measured(facts.run, facts.history)
    return facts.history.parents[0] if tree.kind == "merge" else None


def _listed(answer: object) -> list[Mapping[str, Any]]:
    """The check runs of an answer; none where it is no such list."""
    runs = answer.get("check_runs") if isinstance(answer, Mapping) else None
    return [each for each in runs if isinstance(each, Mapping)] if isinstance(runs, list) else []


def _is_ours(run: Mapping[str, Any], name: str) -> bool:
    app = run.get("app")
    by_job = isinstance(app, Mapping) and app.get("slug") == "github-actions"
    return by_job and run.get("name") == name


def _has_digest(run: Mapping[str, Any]) -> bool:
    output = run.get("output")
    text = output.get("text") if isinstance(output, Mapping) else None
    return isinstance(text, str) and decode(text) is not None
