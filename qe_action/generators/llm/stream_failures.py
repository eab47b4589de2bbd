"""What the exceptions of lionagi and of its HTTP client mean: none of their text may be secret."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx

from qe_action.generators.llm.conversation import Fault, ModelFault
from qe_action.generators.llm.model_faults import Subject, refusal
from qe_action.generators.llm.transport import Packed, Refused, Unbounded


def fault_of(error: BaseException, subject: Subject) -> ModelFault:
    """The fault that an exception stands for, by the first of its causes that is known."""
    seen: BaseException | None = error
    while seen is not None:
        fault = _known(seen, subject)
        if fault is not None:
            return fault
        seen = seen.__cause__
    return ModelFault("server", f"The model could not be asked ({type(error).__name__}).")


def _known(error: BaseException, subject: Subject) -> ModelFault | None:
    status = getattr(error, "status_code", None)
    if isinstance(error, Refused):
        now = datetime.now(UTC)
        return refusal(error.status, error.headers, error.body, subject, now)
    if isinstance(error, httpx.ConnectError | httpx.ProxyError):
        why = subject.shown(str(error))
        return ModelFault("unreachable", f"The model's server can't be reached: {why}.")
    if isinstance(status, int):
        return _with_status(error, status, subject)
    for kind, fault, message in _OTHERS:
        if isinstance(error, kind):
            return ModelFault(fault, message)
    return None


_OTHERS: tuple[tuple[type[BaseException], Fault, str], ...] = (
    (Unbounded, "garbage", "The model's server sends more than any answer holds."),
    (Packed, "garbage", "The model's server sends its answer compressed, unasked."),
    (httpx.ConnectTimeout, "unreachable", "The model's server can't be reached in time."),
    (httpx.TimeoutException, "stalled", "The model's server has said nothing for too long."),
    (httpx.TransportError, "dropped", "The model's server ended the connection too early."),
    (
        PermissionError,  # lionagi's guard
        "refused",
        "The model's address can't be resolved, or lies in a private network: only this machine "
        "itself and public addresses are asked.",
    ),
)


def _with_status(error: BaseException, status: int, subject: Subject) -> ModelFault:
    """The fault of a status that lionagi tells; it gives 502 to every error inside a stream."""
    if type(error).__name__ == "ProviderStreamError":
        return ModelFault("server", "The model's server broke its answer off with an error.")
    given: Any = getattr(error, "headers", None) or {}
    headers = {str(name).lower(): str(value) for name, value in dict(given).items()}
    return refusal(status, headers, "", subject, datetime.now(UTC))
