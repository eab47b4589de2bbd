"""The fake GitHub's branches, commits and pull requests: real objects, and GitHub's refusals."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_github import FakeGitHub
from fake_github.git import GitSide
from gitrepo import GitRepo
from test_fake_github import Caller

BRANCH = "qe/x"


class Pusher(Caller):
    """A client that may push, and what there is to push to."""

    def __init__(self, github: FakeGitHub, repo: GitRepo) -> None:
        super().__init__(github)
        self.repository = repo
        rights: dict[str, Any] = dict.fromkeys(("contents", "pull_requests", "actions"), "write")
        self.token = github.add_token("ghs_pusher", **rights)
        self.base = repo.commit({"a.py": "a\n"})
        repo.branch("feature")
        self.head = repo.commit({"b.py": "b\n"})
        github.add_pull(7, self.head, self.base, head_ref="feature")

    def tree(self, *entries: dict[str, Any], base: str = "") -> Any:
        body = {"base_tree": base or self.repository.git("rev-parse", f"{self.head}^{{tree}}")}
        return self("POST", "/git/trees", {**body, "tree": entries})

    def commit(self, *parents: str, text: str = "c\n") -> str:
        entry = {"path": "t/c.py", "mode": "100644", "type": "blob", "content": text}
        tree = self.tree(entry).json()["sha"]
        body = {"message": "Add c", "tree": tree, "parents": [*(parents or (self.head,))]}
        return str(self("POST", "/git/commits", body).json()["sha"])

    def push(self, sha: str, name: str = BRANCH) -> Any:
        return self("POST", "/git/refs", {"ref": f"refs/heads/{name}", "sha": sha})

    def open(self, **more: Any) -> Any:
        body = {"title": "t", "head": BRANCH, "base": "feature", "body": "b", "draft": True}
        return self("POST", "/pulls", {**body, **more})


@pytest.fixture
def push(strict: FakeGitHub, tmp_path: Path) -> Iterator[Pusher]:
    strict.git = GitSide(tmp_path / "repo")
    caller = Pusher(strict, GitRepo(tmp_path / "repo"))
    yield caller
    caller.session.close()


def said(answer: Any) -> tuple[int, str]:
    body = answer.json()
    errors = [error.get("message", error.get("field", "")) for error in body.get("errors", [])]
    return answer.status_code, " ".join([body["message"], *errors])


def test_a_commit_is_made_of_a_tree_and_the_token_s_owner_is_its_author(push: Pusher) -> None:
    made = push("GET", f"/git/commits/{push.commit()}").json()
    assert made["author"]["name"] == "github-actions[bot]"
    assert [parent["sha"] for parent in made["parents"]] == [push.head]
    entries = push("GET", f"/git/trees/{made['tree']['sha']}").json()["tree"]
    assert [entry["path"] for entry in entries] == ["a.py", "b.py", "t"]
    assert push.push(made["sha"]).status_code == 201
    branch = push("GET", f"/branches/{BRANCH}").json()
    assert branch["commit"]["sha"] == made["sha"]
    assert branch["commit"]["author"]["login"] == "github-actions[bot]"
    assert push("GET", f"/git/ref/heads/{BRANCH}").json()["object"]["sha"] == made["sha"]


def test_blobs_hold_any_bytes(push: Pusher) -> None:
    content = base64.b64encode(b"\0\xff").decode()
    made = push("POST", "/git/blobs", {"content": content, "encoding": "base64"}).json()
    blob = push("GET", f"/git/blobs/{made['sha']}").json()
    assert base64.b64decode(blob["content"]) == b"\0\xff"
    entry = {"path": "x", "mode": "100755", "type": "blob", "sha": made["sha"]}
    assert push.tree(entry).json()["tree"][-1]["mode"] == "100755"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"path": "../x"}, "malformed path component"),
        ({"path": ".git/config"}, "malformed path component"),
        ({"path": "a//b"}, "malformed path component"),
        ({"sha": "a" * 40}, "either tree.sha or tree.content"),
        ({"type": "tree"}, "valid tree.mode"),
    ],
)
def test_a_tree_that_can_t_be_is_422(push: Pusher, change: dict[str, str], why: str) -> None:
    entry = {"path": "x", "mode": "100644", "type": "blob", "content": "x"} | change
    status, message = said(push.tree(entry))
    assert (status, why in message) == (422, True)


def test_a_base_that_is_none_is_422(push: Pusher) -> None:
    entry = {"path": "x", "mode": "100644", "type": "blob", "content": "x"}
    assert said(push.tree(entry, base="a" * 40))[0] == 422
    body = {"message": "m", "tree": "a" * 40, "parents": []}
    assert said(push("POST", "/git/commits", body))[0] == 422
    assert said(push.push("a" * 40)) == (422, "Object does not exist")


def test_a_branch_goes_on_and_is_set_back_only_by_force(push: Pusher) -> None:
    first, other = push.commit(), push.commit(text="d\n")
    second = push.commit(first, text="e\n")
    assert push.push(first).status_code == 201
    assert said(push.push(other)) == (422, "Reference already exists")
    where = f"/git/refs/heads/{BRANCH}"
    assert push("PATCH", where, {"sha": second}).status_code == 200
    assert said(push("PATCH", where, {"sha": other})) == (422, "Update is not a fast forward")
    assert push("PATCH", where, {"sha": other, "force": True}).status_code == 200
    assert push("DELETE", where).status_code == 204
    assert said(push("DELETE", where)) == (422, "Reference does not exist")
    assert said(push("PATCH", where, {"sha": first})) == (422, "Reference does not exist")


def test_a_protected_branch_takes_nothing(push: Pusher) -> None:
    push.github.protected.add("qe/*")
    status, message = said(push.push(push.commit()))
    assert (status, message.partition("\n")[0]) == (422, "Repository rule violations found")
    push.github.branches[BRANCH] = push.head
    for method, body in (("PATCH", {"sha": push.commit()}), ("DELETE", None)):
        assert said(push(method, f"/git/refs/heads/{BRANCH}", body))[0] == 422


def test_pushing_takes_the_right_to_write_contents(push: Pusher) -> None:
    sha = push.commit()
    push.token = push.github.add_token("ghs_x", contents="read", pull_requests="write")
    assert said(push.push(sha)) == (403, "Resource not accessible by integration")


def test_a_pull_request_follows_its_branch_and_ends_with_it(push: Pusher) -> None:
    first = push.commit()
    push.push(first)
    pull = push.open().json()
    assert (pull["draft"], pull["head"]["sha"], pull["base"]["ref"]) == (True, first, "feature")
    second = push.commit(first, text="d\n")
    push("PATCH", f"/git/refs/heads/{BRANCH}", {"sha": second})
    assert push("GET", f"/pulls/{pull['number']}").json()["head"]["sha"] == second
    push("DELETE", f"/git/refs/heads/{BRANCH}")
    assert push("GET", f"/pulls/{pull['number']}").json()["state"] == "closed"
    reopened = push("PATCH", f"/pulls/{pull['number']}", {"state": "open"})
    assert said(reopened)[0] == 422


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"head": "gone"}, "head"),
        ({"base": "gone"}, "base"),
        ({"title": " "}, "title"),
        ({"body": "x" * 65_537}, "body is too long"),
    ],
)
def test_a_wrong_pull_request_is_422(push: Pusher, more: dict[str, str], why: str) -> None:
    push.push(push.commit())
    status, message = said(push.open(**more))
    assert (status, why in message) == (422, True)


def test_a_second_pull_request_of_a_branch_and_one_of_nothing_are_422(push: Pusher) -> None:
    push.push(push.head)
    assert "No commits between feature and qe/x" in said(push.open())[1]
    push("PATCH", f"/git/refs/heads/{BRANCH}", {"sha": push.commit()})
    assert push.open().status_code == 201
    assert "A pull request already exists for octo:qe/x." in said(push.open())[1]


def test_settings_forbid_pull_requests_and_drafts(push: Pusher) -> None:
    push.push(push.commit())
    push.github.drafts = False
    assert "Draft pull requests are not supported" in said(push.open())[1]
    push.github.bot_opens_pulls = False
    status, message = said(push.open(draft=False))
    assert (status, "not permitted to create" in message) == (403, True)


def test_labels_are_added_in_an_object(push: Pusher) -> None:
    assert push("GET", "/labels/tests").status_code == 404
    assert said(push("POST", "/issues/7/labels", ["tests"]))[0] == 422
    answer = push("POST", "/issues/7/labels", {"labels": ["tests"]})
    assert [label["name"] for label in answer.json()] == ["tests"]
    assert push("GET", "/labels/tests").json()["name"] == "tests"


def test_a_workflow_starts_on_a_branch_that_is_there(push: Pusher) -> None:
    push.github.workflows.add("ci.yml")
    start = "/actions/workflows/ci.yml/dispatches"
    assert push("POST", start, {"ref": "feature"}).status_code == 204
    assert push("POST", start, {"ref": "gone"}).status_code == 422
    assert (
        push("POST", "/actions/workflows/x.yml/dispatches", {"ref": "feature"}).status_code == 404
    )
    assert push.github.dispatched == [("ci.yml", "feature")]
