"""Requests that got no answer of GitHub's: what went wrong, and what to do about it."""

from __future__ import annotations

import re

from qe_action.errors import DeliveryError
from qe_action.github.refusals import NAMELESS, Unreachable, Untrusted


def foreign(action: str, status: str = "") -> Unreachable:
    return Unreachable(f"What answered to {action} is not GitHub's API{status}", unsure=True)


def untrusted(action: str, error: Exception, api_url: str) -> DeliveryError:
    said = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in said:
        if "mismatch" in said:
            return Untrusted(f"The certificate of {api_url} is not for this name")
        found = re.search(r"certificate verify failed: ([\w ,'-]{1,120}?) ?\(_ssl", said)
        why = f" ({found[1]})" if found else ""
        return Untrusted(
            f"The certificate of {api_url} is from no authority that is known here{why}"
        )
    if "[X509" in said:
        return Untrusted("The file of trusted certificates holds none")
    return unreachable(action, error)


def unreachable(action: str, error: Exception) -> Unreachable:
    reason, sent, hint = failure(error)
    message = f"GitHub could not be reached to {action}: {reason}"
    return (
        Unreachable(message, unsure=sent, hint=hint) if hint else Unreachable(message, unsure=sent)
    )


def failure(error: Exception) -> tuple[str, bool, str]:
    """Why no answer came, whether the request may have been received, and what to do."""
    from requests import exceptions
    from urllib3.exceptions import NewConnectionError

    if isinstance(error, exceptions.ProxyError):
        wants_name = " 407 " in str(error)
        reason = NAMELESS if wants_name else "no way past the proxy"
        return reason, False, "Look at HTTP_PROXY, HTTPS_PROXY and NO_PROXY."
    if isinstance(error, exceptions.ConnectTimeout):
        return "connecting timed out", False, ""
    if isinstance(error, exceptions.Timeout):
        return "no answer in time", True, ""
    cause = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(cause, NewConnectionError):
        return "no connection", False, ""
    return "the connection was dropped", True, ""
