"""Whole response objects of GitHub's REST API, as its published description asks for them."""

from __future__ import annotations

import re
from typing import Any

Json = dict[str, Any]

EPOCH = "2026-01-01T00:00:00Z"

_USER_LINKS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}

_REPO_LINKS = [
    "archive",
    "assignees",
    "blobs",
    "branches",
    "collaborators",
    "comments",
    "commits",
    "compare",
    "contents",
    "contributors",
    "deployments",
    "downloads",
    "events",
    "forks",
    "git_commits",
    "git_refs",
    "git_tags",
    "hooks",
    "issue_comment",
    "issue_events",
    "issues",
    "keys",
    "labels",
    "languages",
    "merges",
    "milestones",
    "notifications",
    "pulls",
    "releases",
    "stargazers",
    "statuses",
    "subscribers",
    "subscription",
    "tags",
    "teams",
    "trees",
]

_REPO_COUNTS = [
    "forks",
    "forks_count",
    "stargazers_count",
    "watchers_count",
    "watchers",
    "size",
    "open_issues_count",
    "open_issues",
]

_REPO_FLAGS = [
    "private",
    "fork",
    "has_issues",
    "has_projects",
    "has_wiki",
    "has_pages",
    "has_downloads",
    "archived",
    "disabled",
]


def user(api: str, login: str) -> Json:
    """A simple user, or a bot where the login ends in `[bot]`."""
    path = login.replace("[", "%5B").replace("]", "%5D")
    url = f"{api}/users/{path}"
    return {
        "login": login,
        "id": sum(login.encode()) + 1000,
        "node_id": "U_1",
        "avatar_url": f"{api}/avatars/{path}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"https://github.com/{path}",
        **{key: url + tail for key, tail in _USER_LINKS.items()},
        "type": "Bot" if login.endswith("[bot]") else "User",
        "site_admin": False,
    }


def me(api: str, login: str) -> Json:
    """The answer of `GET /user` to a personal token."""
    texts = dict.fromkeys(("name", "company", "blog", "location", "email", "bio"))
    counts = dict.fromkeys(
        (
            "public_repos",
            "public_gists",
            "followers",
            "following",
            "private_gists",
            "total_private_repos",
            "owned_private_repos",
            "disk_usage",
            "collaborators",
        ),
        0,
    )
    return {
        **user(api, login),
        **texts,
        **counts,
        "hireable": None,
        "user_view_type": "private",
        "two_factor_authentication": True,
        "created_at": EPOCH,
        "updated_at": EPOCH,
    }


def app(api: str) -> Json:
    """The GitHub App behind the job's token."""
    return {
        "id": 15368,
        "slug": "github-actions",
        "node_id": "A_1",
        "owner": user(api, "github"),
        "name": "GitHub Actions",
        "description": "Automate your workflow from idea to production",
        "external_url": "https://help.github.com/en/actions",
        "html_url": "https://github.com/apps/github-actions",
        "created_at": EPOCH,
        "updated_at": EPOCH,
        "permissions": {"checks": "write", "metadata": "read"},
        "events": ["check_run"],
    }


def repository(api: str, full_name: str, *, fork: bool = False) -> Json:
    """A repository with all its links."""
    owner, name = full_name.split("/")
    url = f"{api}/repos/{full_name}"
    html = f"https://github.com/{full_name}"
    return {
        "id": sum(full_name.encode()),
        "node_id": "R_1",
        "name": name,
        "full_name": full_name,
        "owner": user(api, owner),
        "license": None,
        "html_url": html,
        "url": url,
        "description": None,
        **{f"{link}_url": f"{url}/{link}" for link in _REPO_LINKS},
        **dict.fromkeys(_REPO_COUNTS, 0),
        **{flag: fork and flag == "fork" for flag in _REPO_FLAGS},
        "git_url": f"git://github.com/{full_name}.git",
        "ssh_url": f"git@github.com:{full_name}.git",
        "clone_url": f"{html}.git",
        "svn_url": html,
        "mirror_url": None,
        "homepage": None,
        "language": "Python",
        "default_branch": "main",
        "pushed_at": EPOCH,
        "created_at": EPOCH,
        "updated_at": EPOCH,
    }


def comment(api: str, repo: str, ident: int, number: int, login: str, body: str) -> Json:
    """An issue comment."""
    return {
        "id": ident,
        "node_id": f"IC_{ident}",
        "url": f"{api}/repos/{repo}/issues/comments/{ident}",
        "html_url": f"https://github.com/{repo}/pull/{number}#issuecomment-{ident}",
        "body": body,
        "user": user(api, login),
        "created_at": EPOCH,
        "updated_at": EPOCH,
        "issue_url": f"{api}/repos/{repo}/issues/{number}",
        "author_association": "NONE",
    }


def check_run(api: str, repo: str, ident: int, body: Json) -> Json:
    """A new check run without output; `details_url` is GitHub's own, whatever was asked."""
    url = f"{api}/repos/{repo}/check-runs/{ident}"
    html = f"https://github.com/{repo}/runs/{ident}"
    return {
        "id": ident,
        "name": body["name"],
        "node_id": f"CR_{ident}",
        "head_sha": body["head_sha"],
        "external_id": body.get("external_id", ""),
        "url": url,
        "html_url": html,
        "details_url": html,
        "status": "queued",
        "conclusion": None,
        "started_at": body.get("started_at", EPOCH),
        "completed_at": None,
        "output": {
            "title": None,
            "summary": None,
            "text": None,
            "annotations_count": 0,
            "annotations_url": f"{url}/annotations",
        },
        "check_suite": {"id": 5},
        "app": app(api),
        "pull_requests": [],
    }


def commit(
    api: str,
    repo: str,
    sha: str,
    parents: list[str],
    tree: str,
    message: str,
    people: tuple[list[str], list[str]],
) -> Json:
    """A commit as the compare answer holds it; `people` are name and address of its two."""
    url = f"{api}/repos/{repo}/commits/{sha}"
    author, committer = ({"name": n, "email": e, "date": EPOCH} for n, e in people)
    return {
        "url": url,
        "sha": sha,
        "node_id": "C_1",
        "html_url": f"https://github.com/{repo}/commit/{sha}",
        "comments_url": f"{url}/comments",
        "commit": {
            "url": f"{api}/repos/{repo}/git/commits/{sha}",
            "author": author,
            "committer": committer,
            "message": message,
            "comment_count": 0,
            "tree": {"sha": tree, "url": f"{api}/repos/{repo}/git/trees/{tree}"},
        },
        "author": user(api, _login(people[0][1])),
        "committer": user(api, _login(people[1][1])),
        "parents": [{"sha": p, "url": f"{api}/repos/{repo}/commits/{p}"} for p in parents],
    }


def _login(email: str) -> str:
    """The account behind an address, as GitHub gives it out; anybody has the others."""
    if email == "noreply@github.com":
        return "web-flow"
    found = re.fullmatch(r"\d+\+(.+)@users\.noreply\.github\.com", email)
    return found[1] if found else "octocat"


def label(api: str, repo: str, name: str) -> Json:
    """A label."""
    return {
        "id": sum(name.encode()),
        "node_id": "L_1",
        "url": f"{api}/repos/{repo}/labels/{name}",
        "name": name,
        "description": "",
        "color": "ededed",
        "default": False,
    }


def file_entry(
    api: str,
    repo: str,
    filename: str,
    status: str = "modified",
    *,
    patch: str | None = None,
    previous: str | None = None,
) -> Json:
    """A file of a comparison or pull request; binary and very long ones have no patch."""
    lines = (patch or "").split("\n")
    added = sum(line.startswith("+") for line in lines)
    removed = sum(line.startswith("-") for line in lines)
    entry: Json = {
        "sha": "a" * 40,
        "filename": filename,
        "status": status,
        "additions": added,
        "deletions": removed,
        "changes": added + removed,
        "blob_url": f"https://github.com/{repo}/blob/f",
        "raw_url": f"https://github.com/{repo}/raw/f",
        "contents_url": f"{api}/repos/{repo}/contents/f",
    }
    if patch is not None:
        entry["patch"] = patch
    if previous is not None:
        entry["previous_filename"] = previous
    return entry


def pull(api: str, repo: str, facts: Json) -> Json:
    """A pull request; `facts` has what `fake_github.Pull` has."""
    number = facts["number"]
    url = f"{api}/repos/{repo}/pulls/{number}"
    issue = f"{api}/repos/{repo}/issues/{number}"
    html = f"https://github.com/{repo}/pull/{number}"
    links = {
        "self": url,
        "html": html,
        "issue": issue,
        "comments": f"{issue}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": f"{url}/comments{{/number}}",
        "commits": f"{url}/commits",
        "statuses": f"{api}/repos/{repo}/statuses/{facts['head_sha']}",
    }
    counts = ("comments", "review_comments", "commits", "additions", "deletions", "changed_files")
    return {
        "url": url,
        "id": 10_000 + number,
        "node_id": f"PR_{number}",
        "html_url": html,
        "diff_url": f"{html}.diff",
        "patch_url": f"{html}.patch",
        "issue_url": issue,
        "commits_url": links["commits"],
        "review_comments_url": links["review_comments"],
        "review_comment_url": links["review_comment"],
        "comments_url": links["comments"],
        "statuses_url": links["statuses"],
        "number": number,
        "state": facts["state"],
        "locked": facts["locked"],
        "title": facts["title"],
        "user": user(api, facts["login"] or (facts["head_repo"] or "ghost").split("/")[0]),
        "body": facts["body"],
        "labels": [label(api, repo, name) for name in facts["labels"]],
        "milestone": None,
        "created_at": EPOCH,
        "updated_at": EPOCH,
        "closed_at": None if facts["state"] == "open" else EPOCH,
        "merged_at": EPOCH if facts["merged"] else None,
        "merge_commit_sha": facts["merge_sha"],
        "assignee": None,
        "head": _side(api, facts["head_repo"], facts["head_ref"], facts["head_sha"], repo),
        "base": _side(api, repo, facts["base_ref"], facts["base_sha"], repo),
        "_links": {name: {"href": href} for name, href in links.items()},
        "author_association": "CONTRIBUTOR",
        "auto_merge": None,
        "draft": facts["draft"],
        "merged": facts["merged"],
        "mergeable": True,
        "mergeable_state": "clean",
        "merged_by": None,
        **dict.fromkeys(counts, 0),
        "maintainer_can_modify": False,
    }


DETAILS = (
    *("merged", "mergeable", "mergeable_state", "merged_by", "maintainer_can_modify"),
    *("comments", "review_comments", "commits", "additions", "deletions", "changed_files"),
)
"""What only the answer about one pull request has."""


def simple_pull(api: str, repo: str, facts: Json) -> Json:
    """A pull request as lists have it."""
    return {key: value for key, value in pull(api, repo, facts).items() if key not in DETAILS}


def _side(api: str, repo: str | None, ref: str, sha: str, home: str) -> Json:
    """One side of a pull request; a fork that was deleted leaves `repo` null and no user."""
    if repo is None:
        return {"label": ref, "ref": ref, "sha": sha, "repo": None, "user": None}
    owner = repo.partition("/")[0]
    return {
        "label": f"{owner}:{ref}",
        "ref": ref,
        "sha": sha,
        "repo": repository(api, repo, fork=repo != home),
        "user": user(api, owner),
    }
