"""GitHub's refusals as errors of ours: one line, what to do, and what a caller decides by."""

# ruff: noqa: N818 - named as HTTP names them
from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from qe_action.errors import DeliveryError

SECONDARY_LIMIT_WAIT = 60.0  # GitHub's advice where a secondary limit comes without Retry-After
NAMELESS = "the proxy wants a name and password"
_PRIMARY = "api rate limit exceeded"
_NO_APP = "must authenticate via a github app"
_INTEGRATION = "not accessible by"


class Unauthorized(DeliveryError):
    """401: the token is wrong or has expired, or can't be a token at all."""


class Forbidden(DeliveryError):
    """403: the token may not do this.

    `permission` is what the workflow has to grant, such as `checks: write`. `read_only` says
    that the token lacks the right itself (a fork's or Dependabot's token, or a workflow that
    did not ask for it), so that delivery falls back instead of failing.
    """

    def __init__(self, message: str, *, permission: str, read_only: bool, hint: str) -> None:
        super().__init__(message, hint=hint, anchor="permissions")
        self.permission = permission
        self.read_only = read_only


class Locked(Forbidden):
    """403: the conversation is locked, which is a decision of the project's and no fault."""


class NotFound(DeliveryError):
    """404 or 410: it is gone, or the token may not see it."""


class Rejected(DeliveryError):
    """422 and other refusals of what was asked. `status` is the HTTP status."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class TooLarge(DeliveryError):
    """What GitHub has is larger than we take."""


class RateLimited(DeliveryError):
    """429, or a 403 for too many requests. `retry_after` is in seconds, as GitHub asks."""

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(
            message,
            hint=f"GitHub takes requests again in {retry_after:.0f} s.",
            anchor="rate-limits",
        )
        self.retry_after = retry_after


class Unreachable(DeliveryError):
    """No answer worth the name: refused, dropped or timed out connections, and 5xx.

    `unsure` says that the request may have taken effect all the same.
    """

    def __init__(
        self,
        message: str,
        *,
        unsure: bool,
        hint: str = "Is it up? For github.com see https://www.githubstatus.com.",
    ) -> None:
        super().__init__(message, hint=hint, anchor="github-enterprise-server")
        self.unsure = unsure


class Untrusted(DeliveryError):
    """The server's certificate is from no authority that is known here: nothing to repeat."""

    def __init__(self, message: str) -> None:
        super().__init__(
            message,
            hint="Name the file of your authority's certificates in REQUESTS_CA_BUNDLE.",
            anchor="github-enterprise-server",
        )


def from_answer(
    action: str,
    status: int,
    data: object,
    headers: Mapping[str, str],
    *,
    permission: str,
    now: float,
) -> DeliveryError:
    """The error that an answer with `status` >= 400 stands for.

    `action` completes "GitHub refused to …"; `data` is the decoded body, `headers` have lower
    case names, `permission` is what the action needs, `now` the time in seconds since 1970.
    """
    said = _said(data)
    text = f"GitHub refused to {action} ({status}): {said}" if said else f"{action}: HTTP {status}"
    wait = _retry_after(status, said.lower(), headers, now)
    if wait is not None:
        return RateLimited(text, retry_after=wait)
    if status == 401:
        return Unauthorized(
            text, hint="Give a valid token, usually `token: ${{ github.token }}`.", anchor="inputs"
        )
    if status == 403:
        return _forbidden(text, said.lower(), permission)
    if status in (404, 410):
        hint = f"It is gone, or the token lacks `{permission}`."
        return NotFound(text, hint=hint, anchor="permissions")
    if status >= 500:
        return Unreachable(text, unsure=True)
    if status == 407:
        text = f"GitHub could not be reached to {action}: {NAMELESS}"
    return Rejected(text, status=status)


def _forbidden(text: str, said: str, permission: str) -> Forbidden:
    if _NO_APP in said:
        hint = "Only the job's own token (github.token) or a GitHub App's can write check runs."
        return Forbidden(text, permission=permission, read_only=True, hint=hint)
    if "is locked" in said:
        return Locked(text, permission=permission, read_only=False, hint="")
    lacking = _INTEGRATION in said
    hint = f"Add `{permission}` to the job's `permissions:`."
    if lacking:
        hint += " For a pull request from a fork the token stays read-only."
    elif "archived" in said:
        hint = ""
    return Forbidden(text, permission=permission, read_only=lacking, hint=hint)


def _retry_after(status: int, said: str, headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait where the answer is about a rate limit, else None."""
    limited = status == 429 or (status == 403 and ("rate limit" in said or "again later" in said))
    asked = headers.get("retry-after", "").strip()
    if not limited and not (status in (403, 503) and asked):
        return None
    if asked:
        return _seconds(asked, now)
    reset = headers.get("x-ratelimit-reset", "")
    spent = headers.get("x-ratelimit-remaining") == "0" or said.startswith(_PRIMARY)
    if spent and re.fullmatch(r"[0-9]{1,12}", reset):
        return max(int(reset) - now, 0.0) + 1.0  # within which second the reset falls is unsaid
    return SECONDARY_LIMIT_WAIT


def _seconds(text: str, now: float) -> float:
    """A Retry-After header's seconds or date."""
    if re.fullmatch(r"[0-9]{1,9}", text):
        return float(text)
    try:
        return max(parsedate_to_datetime(text).timestamp() - now, 0.0)
    except (ValueError, OverflowError):
        return SECONDARY_LIMIT_WAIT


def _said(data: object) -> str:
    """GitHub's own words and the first detail, on one line of bounded length."""
    if not isinstance(data, Mapping):
        return ""
    parts = [data.get("message")]
    details = data.get("errors")
    if isinstance(details, list) and details:
        first = details[0]
        parts.append(
            first.get("message") or first.get("code") if isinstance(first, Mapping) else first
        )
    words = " ".join(part for part in parts if isinstance(part, str))
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())[:300]
