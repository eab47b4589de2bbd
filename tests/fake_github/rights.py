"""The headers by which GitHub says what a request takes, and what a classic token has."""

from __future__ import annotations


def rights_headers(permission: str, method: str, scopes: str | None) -> dict[str, str]:
    """Classic personal tokens have scopes; all others are told which permissions serve.

    Sets of permissions that serve alike are parted by semicolons.
    """
    if scopes is not None:
        return {"x-oauth-scopes": scopes, "x-accepted-oauth-scopes": ""}
    level = "read" if method == "GET" else "write"
    names = ("issues", "pull_requests") if permission == "pull-requests" else (permission,)
    return {"x-accepted-github-permissions": "; ".join(f"{name}={level}" for name in names)}
