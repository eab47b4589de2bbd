"""What the fake GitHub knows, and its endpoints: each takes a request and changes the state."""

from __future__ import annotations

import json
import math
import re
import time
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from fake_github import artifacts, git_data, objects, policies, pulls, reviews, rules
from fake_github.git import GitSide, NoSuchCommitError
from fake_github.wire import Recorded, RefusalError, Reply

Json = dict[str, Any]
T = TypeVar("T")

DIFF = "application/vnd.github.diff"
MAX_DIFF_FILES = 300
MAX_LISTED_FILES = 3000


@dataclass
class Check:
    """A check run: the object GitHub would show, and its annotations."""

    data: Json
    annotations: list[Json] = field(default_factory=list)

    def apply(self, body: Json, now: str) -> None:
        """Take over an update; annotations append, and a new status reopens a completed run."""
        for name in ("name", "external_id", "started_at"):
            self.data[name] = body.get(name, self.data[name])
        if "conclusion" in body:
            self.data["status"] = "completed"
            self.data["conclusion"] = body["conclusion"]
            self.data["completed_at"] = body.get("completed_at", now)
        elif "status" in body:
            self.data.update(status=body["status"], conclusion=None, completed_at=None)
        output = body.get("output", {})
        shown = self.data["output"]
        shown.update({k: output[k] for k in ("title", "summary", "text") if k in output})
        self.annotations += output.get("annotations", [])
        shown["annotations_count"] = len(self.annotations)


@dataclass
class Comment:
    """A comment on an issue or pull request."""

    number: int
    login: str
    body: str
    edits: int = 0


@dataclass
class Pull:
    """A pull request; `files` as the API lists them, else taken from the git repository."""

    number: int
    head_sha: str
    base_sha: str
    head_repo: str | None
    head_ref: str = "change"
    merge_sha: str | None = None
    state: str = "open"
    draft: bool = False
    locked: bool = False
    files: list[Json] | None = None
    title: str = "A change"
    body: str | None = None
    login: str | None = None
    labels: tuple[str, ...] = ()
    merged: bool = False
    base_ref: str = "main"
    edits: int = 0


class State:
    """One repository's checks, comments and pull requests, and the endpoints that serve them.

    `login` is who asks; whether they may is decided before.
    """

    url = ""

    def __init__(self, repo: str, git: Path | None) -> None:
        self.repo = repo
        self.git = GitSide(git) if git else None
        self.checks: dict[int, Check] = {}
        self.comments: dict[int, Comment] = {}
        self.reviews: dict[int, reviews.Review] = {}
        self.review_comments: dict[int, reviews.LineComment] = {}
        self.pulls: dict[int, Pull] = {}
        self.branches: dict[str, str] = {}
        """Those that were pushed to here; pull requests have theirs besides."""
        self.deleted: set[str] = set()
        self.protected: set[str] = set()
        """Patterns of branches that nobody may push to."""
        self.labels: set[str] = set()
        self.workflows: set[str] = set()
        """Files of workflows that can be started by hand."""
        self.dispatched: list[tuple[str, str]] = []
        self.bot_opens_pulls = True
        """The setting that lets the job's token open pull requests."""
        self.drafts = True
        self.store = artifacts.Store()
        self.policies = policies.Policies()
        self._ids = 100
        self.lag = 0.0
        """Seconds until lists of comments and check runs show what was created."""
        self._created: dict[int, float] = {}

    def _listed(self, ident: int) -> bool:
        return time.monotonic() - self._created.get(ident, -math.inf) >= self.lag

    def create_check(self, request: Recorded, login: str) -> Reply:
        body = _accept(request, lambda b: rules.check_errors(b, new=True))
        if self.git is not None:
            try:
                self.git.sha(body["head_sha"])
            except NoSuchCommitError:
                raise RefusalError(422, f"No commit found for SHA: {body['head_sha']}") from None
        self._ids += 1
        check = Check(objects.check_run(self.url, self.repo, self._ids, body))
        check.apply(body, _now())
        self.checks[self._ids] = check
        self._created[self._ids] = time.monotonic()
        return Reply(check.data, 201)

    def update_check(self, request: Recorded, login: str, ident: str) -> Reply:
        check = _known(self.checks, ident)
        check.apply(_accept(request, lambda b: rules.check_errors(b, new=False)), _now())
        return Reply(check.data)

    def get_check(self, request: Recorded, login: str, ident: str) -> Reply:
        return Reply(_known(self.checks, ident).data)

    def list_annotations(self, request: Recorded, login: str, ident: str) -> Reply:
        blank = dict.fromkeys(("start_column", "end_column", "title", "raw_details"))
        blob = f"https://github.com/{self.repo}/blob"
        shown = [{**blank, **a, "blob_href": blob} for a in _known(self.checks, ident).annotations]
        return self.page(request, shown)

    def list_checks(self, request: Recorded, login: str, ref: str) -> Reply:
        there = [c.data for ident, c in self.checks.items() if self._listed(ident)]
        found = [data for data in there if data["head_sha"] == ref]
        name = request.query.get("check_name")
        if name is not None:
            found = [c for c in found if c["name"] == name]
        if request.query.get("filter", "latest") == "latest":
            found = [*{c["name"]: c for c in found}.values()]
        page = self.page(request, found)
        return Reply({"total_count": len(found), "check_runs": page.data}, link=page.link)

    def list_comments(self, request: Recorded, login: str, number: str) -> Reply:
        self._issue(number)
        there = {ident: c for ident, c in self.comments.items() if self._listed(ident)}
        found = [self._comment(ident) for ident, c in there.items() if c.number == int(number)]
        return self.page(request, found)

    def create_comment(self, request: Recorded, login: str, number: str) -> Reply:
        self._issue(number)
        if self.pulls[int(number)].locked:
            raise RefusalError(403, "Unable to create comment because issue is locked.")
        body = _accept(request, rules.comment_errors)
        self._ids += 1
        self.comments[self._ids] = Comment(int(number), login, body["body"])
        self._created[self._ids] = time.monotonic()
        return Reply(self._comment(self._ids), 201)

    def update_comment(self, request: Recorded, login: str, ident: str) -> Reply:
        comment = _known(self.comments, ident)
        if login.endswith("[bot]") and comment.login != login:
            raise RefusalError(403, "Resource not accessible by integration")
        comment.body = _accept(request, rules.comment_errors)["body"]
        comment.edits += 1
        return Reply(self._comment(int(ident)))

    def get_comment(self, request: Recorded, login: str, ident: str) -> Reply:
        _known(self.comments, ident)
        return Reply(self._comment(int(ident)))

    def delete_comment(self, request: Recorded, login: str, ident: str) -> Reply:
        comment = _known(self.comments, ident)
        if login.endswith("[bot]") and comment.login != login:
            raise RefusalError(403, "Resource not accessible by integration")
        del self.comments[int(ident)]
        return Reply(None, 204)

    def get_pull(self, request: Recorded, login: str, number: str) -> Reply:
        return Reply(objects.pull(self.url, self.repo, vars(_known(self.pulls, number))))

    def list_files(self, request: Recorded, login: str, number: str) -> Reply:
        files = self.files_of(_known(self.pulls, number))
        return self.page(request, files[:MAX_LISTED_FILES])

    def files_of(self, pull: Pull) -> list[Json]:
        """The files that a pull request changes."""
        files = pull.files
        if files is None and self.git is not None:
            files = self.git.files(self.url, self.repo, pull.base_sha, pull.head_sha)
        return files or []

    def compare(self, request: Recorded, login: str, base: str, head: str) -> Reply:
        if self.git is None:
            raise RefusalError(404, "Not Found")
        if DIFF not in request.accept:
            return Reply(self.git.comparison(self.url, self.repo, base, head))
        text, files = self.git.diff(base, head)
        if files > MAX_DIFF_FILES:
            raise RefusalError(
                406,
                f"Sorry, the diff exceeded the maximum number of files ({MAX_DIFF_FILES}).",
                errors=[{"resource": "Comparison", "field": "diff", "code": "too_large"}],
            )
        return Reply(text, text_type=DIFF)

    def list_commits(self, request: Recorded, login: str) -> Reply:
        start = request.query.get("sha", "HEAD")
        if self.git is None:
            raise RefusalError(404, f"No commit found for SHA: {start}")
        return self.page(request, self.git.commits(self.url, self.repo, start))

    def _issue(self, number: str) -> None:
        _known(self.pulls, number)

    def _comment(self, ident: int) -> Json:
        c = self.comments[ident]
        return objects.comment(self.url, self.repo, ident, c.number, c.login, c.body)

    def page(self, request: Recorded, found: list[Json]) -> Reply:
        size = min(max(_number(request.query.get("per_page"), 30), 1), 100)
        page = max(_number(request.query.get("page"), 1), 1)
        last = max(-(-len(found) // size), 1)
        links = []
        for name, number, there in (
            ("prev", page - 1, page > 1),
            ("next", page + 1, page < last),
            ("last", last, page < last),
        ):
            if there:
                query = urllib.parse.urlencode({**request.query, "page": number})
                links.append(f'<{self.url}{request.path}?{query}>; rel="{name}"')
        return Reply(found[(page - 1) * size : page * size], link=", ".join(links))


Endpoint = Callable[..., Reply]

ROUTES: list[tuple[str, re.Pattern[str], str, Endpoint]] = [
    (method, re.compile(pattern), permission, endpoint)
    for method, pattern, permission, endpoint in (
        ("POST", "check-runs", "checks", State.create_check),
        ("GET", r"check-runs/(\d+)", "checks", State.get_check),
        ("PATCH", r"check-runs/(\d+)", "checks", State.update_check),
        ("GET", r"check-runs/(\d+)/annotations", "checks", State.list_annotations),
        ("GET", "commits", "contents", State.list_commits),
        ("GET", "commits/([^/]+)/check-runs", "checks", State.list_checks),
        ("GET", r"issues/(\d+)/comments", "pull-requests", State.list_comments),
        ("POST", r"issues/(\d+)/comments", "pull-requests", State.create_comment),
        ("GET", r"issues/comments/(\d+)", "pull-requests", State.get_comment),
        ("PATCH", r"issues/comments/(\d+)", "pull-requests", State.update_comment),
        ("DELETE", r"issues/comments/(\d+)", "pull-requests", State.delete_comment),
        ("GET", "pulls", "pull-requests", artifacts.list_pulls),
        ("GET", r"actions/runs/(\d+)/artifacts", "actions", artifacts.list_artifacts),
        ("GET", r"actions/artifacts/(\d+)/zip", "actions", artifacts.fetch_artifact),
        ("GET", r"pulls/(\d+)", "pull-requests", State.get_pull),
        ("GET", r"pulls/(\d+)/files", "pull-requests", State.list_files),
        ("POST", r"pulls/(\d+)/reviews", "pull-requests", reviews.create_review),
        ("GET", r"pulls/(\d+)/comments", "pull-requests", reviews.list_review_comments),
        ("POST", r"pulls/(\d+)/comments", "pull-requests", reviews.create_review_comment),
        ("PATCH", r"pulls/comments/(\d+)", "pull-requests", reviews.update_review_comment),
        ("DELETE", r"pulls/comments/(\d+)", "pull-requests", reviews.delete_review_comment),
        ("POST", "pulls", "pull-requests", pulls.create_pull),
        ("PATCH", r"pulls/(\d+)", "pull-requests", pulls.update_pull),
        ("GET", r"labels/([^/]+)", "pull-requests", pulls.get_label),
        ("POST", r"issues/(\d+)/labels", "pull-requests", pulls.add_labels),
        ("GET", r"branches/(.+)", "contents", git_data.get_branch),
        ("GET", r"git/ref/heads/(.+)", "contents", git_data.get_ref),
        ("POST", "git/refs", "contents", git_data.create_ref),
        ("PATCH", r"git/refs/heads/(.+)", "contents", git_data.update_ref),
        ("DELETE", r"git/refs/heads/(.+)", "contents", git_data.delete_ref),
        ("GET", r"git/commits/([0-9a-f]{40})", "contents", git_data.get_commit),
        ("POST", "git/commits", "contents", git_data.create_commit),
        ("GET", r"git/trees/([0-9a-f]{40})", "contents", git_data.get_tree),
        ("POST", "git/trees", "contents", git_data.create_tree),
        ("GET", r"git/blobs/([0-9a-f]{40})", "contents", git_data.get_blob),
        ("POST", "git/blobs", "contents", git_data.create_blob),
        ("POST", r"actions/workflows/([^/]+)/dispatches", "actions", git_data.start_workflow),
        ("GET", r"collaborators/([^/]+)/permission", "metadata", policies.permission),
        ("GET", r"rules/branches/(.+)", "metadata", policies.branch_rules),
        ("GET", "activity", "contents", policies.activity),
        ("GET", "actions/permissions/workflow", "administration", policies.workflow_settings),
        ("GET", r"compare/(.+?)\.\.\.(.+)", "contents", State.compare),
    )
]


def _accept(request: Recorded, errors_of: Callable[[Any], list[str]]) -> Json:
    try:
        body: Json = json.loads(request.content)
    except ValueError:
        raise RefusalError(400, "Problems parsing JSON") from None
    found = errors_of(body)
    if found:
        errors = [{"code": "custom", "message": message} for message in found]
        raise RefusalError(422, "Validation Failed", errors=errors)
    return body


def _known(things: Mapping[int, T], ident: str) -> T:
    found = things.get(int(ident))
    if found is None:
        raise RefusalError(404, "Not Found")
    return found


def _number(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isdecimal() else default


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
