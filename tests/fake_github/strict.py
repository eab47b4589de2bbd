"""Checks recorded requests and answers against GitHub's published API description."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fake_github.wire import Recorded

DESCRIPTION = (
    Path(__file__).resolve().parents[3] / "shared" / "tools" / "github" / "github-strict.json"
)
HOST = "https://api.github.com"
ELSEWHERE = re.compile(
    r"/graphql|/repos/[^/]+/[^/]+/(collaborators/[^/]+/permission|activity|rules/branches/.+"
    r"|actions/permissions/workflow|actions/workflows/[^/]+/dispatches)"
)
"""What the trimmed description leaves out."""


def missing() -> str:
    """Why the check can't be made here, as a sentence; empty when it can."""
    if not DESCRIPTION.is_file():
        return "GitHub's API description is not beside the project."
    return "" if find_spec("openapi_core") else "openapi-core is not installed."


@functools.cache
def _description() -> Any:
    core = import_module("openapi_core")
    published = _with_nulls(json.loads(DESCRIPTION.read_text()))
    # GitHub's description is taken as it is; checking itself would cost two seconds.
    return core.OpenAPI.from_dict(published, config=core.Config(spec_validator_cls=None))


def _with_nulls(part: Any) -> Any:
    """Let nullable enumerations hold null, which the published ones mean but leave out."""
    if isinstance(part, list):
        return [_with_nulls(item) for item in part]
    if not isinstance(part, dict):
        return part
    whole = {key: _with_nulls(value) for key, value in part.items()}
    values = whole.get("enum")
    if whole.get("nullable") is True and isinstance(values, list) and None not in values:
        whole["enum"] = [*values, None]
    return whole


def problems(exchanges: Iterable[Recorded]) -> list[str]:
    """What GitHub's description does not allow in these exchanges, one line each.

    A request that the fake refused (4xx) is not held against the client here: refusals are
    what tests ask for, and assert, themselves. Answers scripted by a test, and error codes
    that the description leaves out, are not looked at.
    """
    return [line for exchange in exchanges for line in _problems(exchange)]


def _problems(exchange: Recorded) -> Iterator[str]:
    if ELSEWHERE.fullmatch(exchange.path):
        return
    description = _description()
    requests, responses = (
        import_module(f"openapi_core.testing.{kind}") for kind in ("requests", "responses")
    )
    request = requests.MockRequest(
        HOST,
        exchange.method,
        exchange.path,
        args=exchange.query,
        headers={"Authorization": exchange.authorization} if exchange.authorization else {},
        data=exchange.content,
    )
    where = f"{exchange.method} {exchange.path} ({exchange.status})"
    if not 400 <= exchange.status < 500 or exchange.scripted:
        for error in description.iter_request_errors(request):
            yield f"{where}: request: {_reason(error)}"
    if not exchange.status or exchange.scripted:
        return
    kind = exchange.content_type.partition(";")[0]
    response = responses.MockResponse(
        exchange.answer if kind == "application/json" else exchange.answer.decode(),
        exchange.status,
        headers=exchange.headers,
        content_type=kind,
    )
    for error in description.iter_response_errors(request, response):
        undeclared = type(error).__name__ in ("ResponseNotFound", "PathNotFound")
        if not (undeclared and exchange.status >= 400):
            yield f"{where}: answer: {_reason(error)}"


def _reason(error: Exception) -> str:
    """The innermost causes, which name the field."""
    seen: list[str] = []
    current: BaseException | None = error
    while current is not None:
        details = getattr(current, "schema_errors", None)
        seen += [line for e in details or () for line in _causes(e)] or [str(current)[:200]]
        current = current.__cause__
    return "; ".join(seen) or type(error).__name__


def _causes(error: Any) -> list[str]:
    """A schema error and, of a choice of schemas, why each alternative did not fit."""
    if error.context:
        return [line for inner in error.context for line in _causes(inner)]
    return [f"{error.json_path}: {error.message:.200}"]
