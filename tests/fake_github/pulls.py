"""Pull requests from branches of the repository on the fake GitHub: opened, edited, labelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fake_github import objects, rules
from fake_github.git_data import branch_sha, git_side
from fake_github.wire import Recorded, RefusalError, Reply

if TYPE_CHECKING:
    from fake_github.state import Pull, State

NOT_PERMITTED = "GitHub Actions is not permitted to create or approve pull requests."
NO_DRAFTS = "Draft pull requests are not supported in this repository."


def create_pull(state: State, request: Recorded, login: str) -> Reply:
    from fake_github.state import Pull

    body = request.body
    _check(body, ("title", "head", "base"))
    if login == "github-actions[bot]" and not state.bot_opens_pulls:
        raise RefusalError(403, NOT_PERMITTED)
    head, base = body["head"], body["base"]
    sha, onto = branch_sha(state, head), branch_sha(state, base)
    for field, there in (("head", sha), ("base", onto)):
        if there is None:
            raise _invalid({"resource": "PullRequest", "field": field, "code": "invalid"})
    assert sha
    assert onto
    if any(_same(pull, state.repo, head, base) for pull in state.pulls.values()):
        owner = state.repo.partition("/")[0]
        raise _invalid(_custom(f"A pull request already exists for {owner}:{head}."))
    if not git_side(state).run("rev-list", "-1", f"{onto}..{sha}"):
        raise _invalid(_custom(f"No commits between {base} and {head}"))
    if body.get("draft") and not state.drafts:
        raise RefusalError(422, NO_DRAFTS)
    number = max(state.pulls, default=0) + 1
    state.pulls[number] = Pull(
        number,
        sha,
        onto,
        state.repo,
        head_ref=head,
        base_ref=base,
        draft=body.get("draft", False),
        title=body["title"],
        body=body.get("body"),
        login=login,
    )
    return Reply(objects.pull(state.url, state.repo, vars(state.pulls[number])), 201)


def update_pull(state: State, request: Recorded, login: str, number: str) -> Reply:
    pull = state.pulls.get(int(number))
    if pull is None:
        raise RefusalError(404, "Not Found")
    body = request.body
    _check(body, ())
    wanted = body.get("state", pull.state)
    if wanted == "open" != pull.state and (pull.merged or not branch_sha(state, pull.head_ref)):
        raise _invalid(_custom("state cannot be changed."))
    if "base" in body and branch_sha(state, body["base"]) is None:
        raise _invalid(_custom("base cannot be changed."))
    pull.state = wanted
    pull.title = body.get("title", pull.title)
    pull.body = body.get("body", pull.body)
    pull.base_ref = body.get("base", pull.base_ref)
    pull.edits += 1
    return Reply(objects.pull(state.url, state.repo, vars(pull)))


def get_label(state: State, request: Recorded, login: str, name: str) -> Reply:
    if name not in state.labels:
        raise RefusalError(404, "Not Found")
    return Reply(objects.label(state.url, state.repo, name))


def add_labels(state: State, request: Recorded, login: str, number: str) -> Reply:
    pull = state.pulls.get(int(number))
    if pull is None:
        raise RefusalError(404, "Not Found")
    body = request.body
    if not isinstance(body, dict) or not isinstance(body.get("labels"), list):
        raise RefusalError(422, "Invalid request. 'labels' wasn't supplied.")
    state.labels.update(body["labels"])
    pull.labels = tuple(dict.fromkeys((*pull.labels, *body["labels"])))
    return Reply([objects.label(state.url, state.repo, name) for name in pull.labels])


def _same(pull: Pull, repo: str, head: str, base: str) -> bool:
    there = (pull.state, pull.head_repo, pull.head_ref, pull.base_ref)
    return there == ("open", repo, head, base)


def _check(body: Any, required: tuple[str, ...]) -> None:
    if not isinstance(body, dict):
        raise RefusalError(422, "The request body must be an object.")
    for name in required:
        if not isinstance(body.get(name), str) or not body[name].strip():
            raise _invalid({"resource": "PullRequest", "field": name, "code": "missing_field"})
    if len(body.get("body") or "") > rules.MAX_COMMENT:
        raise _invalid(_custom(f"body is too long (maximum is {rules.MAX_COMMENT} characters)"))
    if len(body.get("title") or "") > rules.MAX_PULL_TITLE:
        raise _invalid(_custom(f"title is too long (maximum is {rules.MAX_PULL_TITLE} characters)"))


def _custom(message: str) -> dict[str, str]:
    return {"resource": "PullRequest", "code": "custom", "message": message}


def _invalid(error: dict[str, str]) -> RefusalError:
    return RefusalError(422, "Validation Failed", errors=[error])
