"""Branches, commits, trees and blobs of the fake GitHub: real objects of a real repository.

Branches are the fake's own: the repository on disk is a test's, with branches of its own.
"""

from __future__ import annotations

import base64
import binascii
import fnmatch
import re
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fake_github.git import GitSide, NoSuchCommitError, plain_environment
from fake_github.wire import Recorded, RefusalError, Reply

if TYPE_CHECKING:
    from fake_github.state import State

MODES = {"100644": "blob", "100755": "blob", "120000": "blob", "040000": "tree", "160000": "commit"}
RULES = "Repository rule violations found\n\nCannot {} ref due to {}s being restricted.\n\n"


def git_side(state: State) -> GitSide:
    if state.git is None:
        raise RefusalError(409, "Git Repository is empty.")
    return state.git


def branch_sha(state: State, name: str) -> str | None:
    """Where a branch is: one that was pushed to here, or that a pull request is from."""
    if name in state.branches:
        return state.branches[name]
    if name in state.deleted:
        return None
    ours = (pull for pull in state.pulls.values() if pull.head_repo == state.repo)
    found = next((pull.head_sha for pull in ours if pull.head_ref == name), None)
    if found is not None or name != "main" or state.git is None:
        return found
    try:
        return state.git.sha(name)
    except NoSuchCommitError:
        return None


def get_branch(state: State, request: Recorded, login: str, name: str) -> Reply:
    sha = branch_sha(state, name)
    if sha is None:
        raise RefusalError(404, "Branch not found")
    url = f"{state.url}/repos/{state.repo}/branches/{name}"
    return Reply(
        {
            "name": name,
            "commit": git_side(state).commit(state.url, state.repo, sha),
            "_links": {"self": url, "html": f"https://github.com/{state.repo}/tree/{name}"},
            "protected": _restricted(state, name),
            "protection": {"enabled": _restricted(state, name)},
            "protection_url": f"{url}/protection",
        }
    )


def get_ref(state: State, request: Recorded, login: str, name: str) -> Reply:
    sha = branch_sha(state, name)
    if sha is None:
        raise RefusalError(404, "Not Found")
    return Reply(_ref(state, name, sha))


def create_ref(state: State, request: Recorded, login: str) -> Reply:
    body = _body(request, ref=str, sha=str)
    ref, sha = body["ref"], body["sha"]
    if not re.fullmatch(r"refs/heads/(?!-)[^\x00-\x20~^:?*\[\\]+", ref) or ".." in ref:
        raise RefusalError(422, f"{ref} is not a valid ref name.")
    name = ref.removeprefix("refs/heads/")
    if branch_sha(state, name) is not None:
        raise RefusalError(422, "Reference already exists")
    _commit_there(state, sha)
    _check_rules(state, name, "create", "creation")
    state.branches[name] = sha
    return Reply(_ref(state, name, sha), 201)


def update_ref(state: State, request: Recorded, login: str, name: str) -> Reply:
    body = _body(request, sha=str)
    old = branch_sha(state, name)
    if old is None:
        raise RefusalError(422, "Reference does not exist")
    _commit_there(state, body["sha"])
    _check_rules(state, name, "update", "update")
    if not body.get("force", False) and not _follows(state, old, body["sha"]):
        raise RefusalError(422, "Update is not a fast forward")
    move(state, name, body["sha"])
    return Reply(_ref(state, name, body["sha"]))


def delete_ref(state: State, request: Recorded, login: str, name: str) -> Reply:
    if branch_sha(state, name) is None:
        raise RefusalError(422, "Reference does not exist")
    _check_rules(state, name, "delete", "deletion")
    drop(state, name)
    return Reply(None, 204)


def move(state: State, name: str, sha: str) -> None:
    """A push to a branch: open pull requests from it follow."""
    state.branches[name] = sha
    for pull in state.pulls.values():
        if pull.state == "open" and (pull.head_repo, pull.head_ref) == (state.repo, name):
            pull.head_sha = sha


def drop(state: State, name: str) -> None:
    """A branch is deleted: open pull requests from it, and onto it, are closed."""
    state.branches.pop(name, None)
    state.deleted.add(name)
    for pull in state.pulls.values():
        ends = (pull.head_repo, pull.head_ref) == (state.repo, name) or pull.base_ref == name
        if pull.state == "open" and ends:
            pull.state = "closed"


def get_commit(state: State, request: Recorded, login: str, sha: str) -> Reply:
    return Reply(_commit(state, git_side(state).sha(sha)))


def create_commit(state: State, request: Recorded, login: str) -> Reply:
    body = _body(request, message=str, tree=str)
    side = git_side(state)
    for parent in body.get("parents", []):
        _commit_there(state, parent)
    if _kind(side, body["tree"]) != "tree":
        raise RefusalError(422, "Tree SHA does not exist")
    if not body["message"].strip():
        raise RefusalError(422, "Invalid request. 'message' can't be blank.")
    author = body.get("author", person(login))
    made = commit_as(state, author, body["message"], body["tree"], body.get("parents", []))
    return Reply(_commit(state, made), 201)


def person(login: str) -> dict[str, str]:
    """An account with the address that GitHub gives out for it."""
    return {"name": login, "email": f"1+{login}@users.noreply.github.com"}


def commit_as(
    state: State, author: dict[str, str], message: str, tree: str, parents: list[str]
) -> str:
    """A commit by somebody, on no branch."""
    environment = {
        "GIT_AUTHOR_NAME": author["name"],
        "GIT_AUTHOR_EMAIL": author["email"],
        "GIT_COMMITTER_NAME": "GitHub",
        "GIT_COMMITTER_EMAIL": "noreply@github.com",
    }
    options = [part for parent in parents for part in ("-p", parent)]
    out = _git(
        git_side(state), "commit-tree", tree, *options,
        data=message.encode(), environment=environment,
    )  # fmt: skip
    return out.decode().strip()


def get_tree(state: State, request: Recorded, login: str, sha: str) -> Reply:
    return Reply(_tree(state, sha))


def create_tree(state: State, request: Recorded, login: str) -> Reply:
    body = _body(request, tree=list)
    side = git_side(state)
    base = body.get("base_tree")
    if base is not None and _kind(side, base) not in ("tree", "commit"):
        raise RefusalError(422, "base_tree is not a valid tree oid")
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
        _git(side, "read-tree", *([base] if base else ["--empty"]), environment=index)
        for entry in body["tree"]:
            _add_entry(side, entry, index)
        made = _git(side, "write-tree", environment=index).decode().strip()
    return Reply(_tree(state, made), 201)


def get_blob(state: State, request: Recorded, login: str, sha: str) -> Reply:
    side = git_side(state)
    if _kind(side, sha) != "blob":
        raise RefusalError(404, "Not Found")
    data = _git(side, "cat-file", "blob", sha)
    return Reply(
        {
            "sha": sha,
            "node_id": "B_1",
            "size": len(data),
            "url": f"{state.url}/repos/{state.repo}/git/blobs/{sha}",
            "content": base64.encodebytes(data).decode(),
            "encoding": "base64",
        }
    )


def create_blob(state: State, request: Recorded, login: str) -> Reply:
    body = _body(request, content=str)
    try:
        text = body["content"]
        binary = body.get("encoding") == "base64"
        data = base64.b64decode(text, validate=True) if binary else text.encode()
    except binascii.Error:
        raise RefusalError(422, "content is not valid Base64") from None
    sha = _blob(git_side(state), data)
    return Reply({"sha": sha, "url": f"{state.url}/repos/{state.repo}/git/blobs/{sha}"}, 201)


def start_workflow(state: State, request: Recorded, login: str, file: str) -> Reply:
    body = _body(request, ref=str)
    if file not in state.workflows:
        raise RefusalError(404, "Not Found")
    if branch_sha(state, body["ref"]) is None:
        raise RefusalError(422, f"No ref found for: {body['ref']}")
    state.dispatched.append((file, body["ref"]))
    return Reply(None, 204)


def _add_entry(side: GitSide, entry: Any, index: dict[str, str]) -> None:
    path, mode = entry["path"], entry["mode"]
    if MODES.get(mode) != entry["type"]:
        raise RefusalError(422, "Must supply a valid tree.mode")
    parts = path.split("/")
    if any(part in ("", ".", "..") or part.lower() == ".git" for part in parts):
        raise RefusalError(422, "tree.path contains a malformed path component")
    if ("content" in entry) == ("sha" in entry):
        raise RefusalError(422, "Must supply either tree.sha or tree.content")
    sha = entry.get("sha") or _blob(side, entry["content"].encode())
    if _kind(side, sha) != entry["type"]:
        raise RefusalError(422, f"tree.sha {sha} is not a valid {entry['type']}")
    _git(
        side, "update-index", "--add", "--replace", "--cacheinfo", f"{mode},{sha},{path}",
        environment=index,
    )  # fmt: skip


def _blob(side: GitSide, data: bytes) -> str:
    return _git(side, "hash-object", "-w", "--stdin", data=data).decode().strip()


def _kind(side: GitSide, sha: str) -> str:
    if not re.fullmatch("[0-9a-f]{40}", sha):
        return ""
    try:
        return _git(side, "cat-file", "-t", sha).decode().strip()
    except RefusalError:
        return ""


def _commit_there(state: State, sha: str) -> None:
    if _kind(git_side(state), sha) != "commit":
        raise RefusalError(422, "Object does not exist")


def _follows(state: State, old: str, new: str) -> bool:
    try:
        _git(git_side(state), "merge-base", "--is-ancestor", old, new)
    except RefusalError:
        return False
    return True


def _restricted(state: State, name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in state.protected)


def _check_rules(state: State, name: str, verb: str, what: str) -> None:
    if _restricted(state, name):
        raise RefusalError(422, RULES.format(verb, what))


def _ref(state: State, name: str, sha: str) -> dict[str, Any]:
    url = f"{state.url}/repos/{state.repo}/git"
    return {
        "ref": f"refs/heads/{name}",
        "node_id": "REF_1",
        "url": f"{url}/refs/heads/{name}",
        "object": {"type": "commit", "sha": sha, "url": f"{url}/commits/{sha}"},
    }


def _commit(state: State, sha: str) -> dict[str, Any]:
    shown = git_side(state).commit(state.url, state.repo, sha)
    inner = shown["commit"]
    html = f"https://github.com/{state.repo}/commit"
    return {
        "sha": sha,
        "node_id": "C_1",
        "url": inner["url"],
        "html_url": f"{html}/{sha}",
        "author": inner["author"],
        "committer": inner["committer"],
        "tree": inner["tree"],
        "message": inner["message"],
        "parents": [{**parent, "html_url": f"{html}/{sha}"} for parent in shown["parents"]],
        "verification": {
            "verified": False,
            "reason": "unsigned",
            "signature": None,
            "payload": None,
            "verified_at": None,
        },
    }


def _tree(state: State, sha: str) -> dict[str, Any]:
    side = git_side(state)
    if _kind(side, sha) not in ("tree", "commit"):
        raise RefusalError(404, "Not Found")
    url = f"{state.url}/repos/{state.repo}/git"
    entries = []
    for line in _git(side, "ls-tree", "-l", "-z", sha).decode().split("\0")[:-1]:
        fields, _, path = line.partition("\t")
        mode, kind, ident, size = fields.split()
        where = {"blob": "blobs", "tree": "trees", "commit": "commits"}[kind]
        entry = {"path": path, "mode": mode, "type": kind, "sha": ident}
        entry |= {"url": f"{url}/{where}/{ident}"} if kind != "commit" else {}
        entries.append(entry | ({"size": int(size)} if kind == "blob" else {}))
    whole = _git(side, "rev-parse", f"{sha}^{{tree}}").decode().strip()
    return {"sha": whole, "url": f"{url}/trees/{whole}", "tree": entries, "truncated": False}


def _body(request: Recorded, **needed: type) -> dict[str, Any]:
    try:
        body = request.body
    except ValueError:
        raise RefusalError(400, "Problems parsing JSON") from None
    for name, kind in needed.items():
        if not isinstance(body, dict) or not isinstance(body.get(name), kind):
            raise RefusalError(422, f"Invalid request. {name!r} wasn't supplied.")
    return dict(body)


def _git(
    side: GitSide, *args: str, data: bytes = b"", environment: dict[str, str] | None = None
) -> bytes:
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", *args],
        cwd=side.path,
        env=plain_environment() | (environment or {}),
        input=data,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise RefusalError(422, done.stderr.decode(errors="replace")[:200] or "Invalid")
    return done.stdout
