"""Who may do what in a repository: people's roles, rules for branches, settings for workflows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fake_github import objects
from fake_github.wire import Recorded, RefusalError, Reply

if TYPE_CHECKING:
    from fake_github.state import State

LEGACY = {"maintain": "write", "triage": "read"}
"""Roles that the field `permission` tells as another; `role_name` has them as they are."""


class Policies:
    """What a repository's people have set. All of it may be read and set by the test.

    `roles` are those of its collaborators by login; others may read where it is public.
    `strangers` are users of GitHub with no role in it. `pushes` are the repository's activity,
    newest first. `rules` hold for the branches whose full name a key is a prefix of.
    """

    def __init__(self) -> None:
        self.roles: dict[str, str] = {}
        self.strangers = {"mallory"}
        self.pushes: list[dict[str, Any]] = []
        self.rules: dict[str, tuple[str, ...]] = {}

    def pushed(self, branch: str, before: str, after: str, when: str) -> None:
        """Note a push to a branch at a time such as 2026-01-31T12:00:00Z."""
        self.pushes.insert(
            0,
            {
                "id": len(self.pushes) + 1,
                "node_id": "MDQ6VXNlcjE=",
                "before": before,
                "after": after,
                "ref": f"refs/heads/{branch}",
                "timestamp": when,
                "activity_type": "push",
                "actor": None,
            },
        )


def permission(state: State, request: Recorded, login: str, user: str) -> Reply:
    """What a user may do; everybody may ask."""
    roles = state.policies.roles
    if user not in roles and user not in state.policies.strangers:
        raise RefusalError(404, f"{user} is not a user")
    role = roles.get(user, "none" if getattr(state, "private", False) else "read")
    shown = {
        "permission": LEGACY.get(role, role),
        "role_name": role,
        "user": objects.user(state.url, user),
    }
    return Reply(shown)


def activity(state: State, request: Recorded, login: str) -> Reply:
    """Pushes, newest first; of one branch where one is named."""
    ref = request.query.get("ref")
    found = [each for each in state.policies.pushes if ref in (None, each["ref"])]
    return state.page(request, found)


def workflow_settings(state: State, request: Recorded, login: str) -> Reply:
    """What workflows may do by default: for those who administer the repository."""
    shown = {
        "default_workflow_permissions": "read",
        "can_approve_pull_request_reviews": state.bot_opens_pulls,
    }
    return Reply(shown)


def branch_rules(state: State, request: Recorded, login: str, branch: str) -> Reply:
    """The active rules for a branch, which need not exist; everybody may ask."""
    found = [
        {
            "type": rule,
            "ruleset_source_type": "Repository",
            "ruleset_source": state.repo,
            "ruleset_id": 1,
        }
        for prefix, rules in state.policies.rules.items()
        if branch.startswith(prefix)
        for rule in rules
    ]
    return state.page(request, found)
