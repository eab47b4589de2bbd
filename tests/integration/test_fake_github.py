"""The fake GitHub refuses what GitHub refuses, and answers as its description says."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from fake_github import FakeGitHub
from fake_github import strict as api_description
from fake_github.objects import file_entry

SHA = "a" * 40
NOTE = {
    "path": "src/a.py",
    "start_line": 3,
    "end_line": 4,
    "annotation_level": "warning",
    "message": "missed",
}
DIFF = "application/vnd.github.diff"


class Caller:
    """A plain HTTP client, so that the rules are seen without PyGithub's help."""

    def __init__(self, github: FakeGitHub) -> None:
        self.github = github
        self.session = requests.Session()
        self.token = github.token

    def __call__(
        self, method: str, path: str, body: Any = None, accept: str = ""
    ) -> requests.Response:
        headers = {"Authorization": f"token {self.token}"} if self.token else {}
        if accept:
            headers["Accept"] = accept
        url = f"{self.github.url}{path}" if path[:5] in ("/user", "/rate") else self.repo(path)
        return self.session.request(method, url, json=body, headers=headers, timeout=5)

    def repo(self, path: str) -> str:
        return f"{self.github.url}/repos/octo/demo{path}"

    def new_check(self, **more: Any) -> requests.Response:
        return self("POST", "/check-runs", {"name": "coverage", "head_sha": SHA, **more})

    def notes(self, *notes: Any, **output: Any) -> requests.Response:
        return self.new_check(output={"title": "t", "summary": "s", "annotations": notes, **output})


@pytest.fixture
def call(strict: FakeGitHub) -> Iterator[Caller]:
    strict.add_pull(7, SHA, "b" * 40)
    caller = Caller(strict)
    yield caller
    caller.session.close()


def test_a_wrong_token_is_401_and_a_missing_one_too(call: Caller) -> None:
    call.token = "ghs_stranger"
    assert call.new_check().status_code == 401
    call.token = ""
    assert call("GET", "/pulls/7").status_code == 401


def test_a_read_only_token_reads_and_may_not_write(call: Caller) -> None:
    call.token = call.github.read_only_token
    assert call("GET", "/issues/7/comments").status_code == 200
    for answer in (call.new_check(), call("POST", "/issues/7/comments", {"body": "hi"})):
        assert answer.status_code == 403
        assert answer.json()["message"] == "Resource not accessible by integration"
    assert not call.github.checks
    assert not call.github.comments


@pytest.mark.parametrize(
    ("permissions", "check", "comment"),
    [
        ({"checks": "write"}, 201, 403),
        ({"pull_requests": "write"}, 403, 201),
        ({"issues": "write"}, 403, 201),
    ],
)
def test_each_permission_opens_its_own_door(
    call: Caller, permissions: Any, check: int, comment: int
) -> None:
    call.token = call.github.add_token("ghs_some", **permissions)
    assert call.new_check().status_code == check
    assert call("POST", "/issues/7/comments", {"body": "hi"}).status_code == comment


def test_a_private_repository_shows_only_what_the_token_may_read() -> None:
    with FakeGitHub(private=True) as github:
        github.add_pull(7, SHA, "b" * 40)
        call = Caller(github)
        call.token = github.add_token("ghs_blind", checks="write")
        assert call("GET", "/pulls/7").status_code == 403
        call.session.close()


def test_only_an_app_may_write_check_runs(call: Caller) -> None:
    call.token = call.github.add_token("ghp_me", login="me", installation=False, checks="write")
    answer = call.new_check()
    assert answer.status_code == 403
    assert "GitHub App" in answer.json()["message"]


def test_an_installation_may_not_ask_who_it_is_and_a_person_may(call: Caller) -> None:
    assert call("GET", "/user").status_code == 403
    call.token = call.github.add_token("ghp_me", login="me", installation=False)
    assert call("GET", "/user").json()["login"] == "me"


def test_an_app_may_not_edit_the_comments_of_others(call: Caller) -> None:
    ident = call.github.add_comment(7, "mine", login="somebody")
    assert call("PATCH", f"/issues/comments/{ident}", {"body": "ours"}).status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/check-runs/1", None),
        ("PATCH", "/check-runs/1", {"status": "queued"}),
        ("PATCH", "/issues/comments/1", {"body": "x"}),
        ("POST", "/issues/8/comments", {"body": "x"}),
        ("GET", "/pulls/8", None),
        ("GET", f"/compare/{SHA}...{SHA}", None),
        ("GET", "/no/such/thing", None),
    ],
)
def test_what_is_not_there_is_404(call: Caller, method: str, path: str, body: Any) -> None:
    assert call(method, path, body).status_code == 404


def test_another_repository_is_404(call: Caller) -> None:
    answer = call.session.get(
        f"{call.github.url}/repos/octo/other/pulls/7",
        headers={"Authorization": f"token {call.token}"},
        timeout=5,
    )
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "more",
    [
        {"status": "completed"},
        {"completed_at": "2026-01-01T00:00:00Z"},
        {"conclusion": "stale"},
        {"conclusion": "splendid"},
        {"status": "done"},
        {"head_sha": "main"},
        {"name": ""},
        {"name": 5},
        {"colour": "red"},
        {"started_at": "yesterday"},
        {"output": {"title": "t"}},
        {"output": {"summary": "s"}},
        {"output": {"title": "t" * 256, "summary": "s"}},
        {"output": {"title": "t", "summary": "s" * 65_536}},
        {"output": {"title": "t", "summary": "s", "text": "x" * 65_536}},
    ],
)
def test_a_wrong_check_run_is_422(call: Caller, more: dict[str, Any]) -> None:
    answer = call.new_check(**more)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["message"]
    assert not call.github.checks


@pytest.mark.parametrize(
    "change",
    [
        {"start_line": 0, "end_line": 0},
        {"start_line": 5, "end_line": 4},
        {"start_line": True},
        {"start_column": 1, "end_column": 2},
        {"annotation_level": "error"},
        {"path": "/etc/passwd"},
        {"path": ""},
        {"message": ""},
        {"message": "x" * 65_537},
        {"message": "é" * 32_769},
        {"raw_details": "x" * 65_537},
        {"title": "x" * 256},
        {"note": "x"},
    ],
)
def test_a_wrong_annotation_is_422(call: Caller, change: dict[str, Any]) -> None:
    assert call.notes({**NOTE, **change}).status_code == 422


@pytest.mark.parametrize("name", ["path", "start_line", "end_line", "annotation_level", "message"])
def test_an_annotation_without_a_required_field_is_422(call: Caller, name: str) -> None:
    assert call.notes({k: v for k, v in NOTE.items() if k != name}).status_code == 422


def test_what_lies_on_a_limit_is_accepted(call: Caller) -> None:
    wide = {**NOTE, "end_line": 3, "start_column": 1, "end_column": 9}
    long = {**NOTE, "title": "t" * 255, "message": "m" * 65_536, "raw_details": "r" * 65_536}
    notes = [wide, long, *[NOTE] * 48]
    answer = call.notes(*notes, title="t" * 255, summary="s" * 65_535, text="x" * 65_535)
    assert answer.status_code == 201
    assert call.notes(*notes, NOTE).status_code == 422


def test_annotations_append_and_are_listed_in_pages(call: Caller) -> None:
    ident = call.notes(*[NOTE] * 20).json()["id"]
    url = f"/check-runs/{ident}"
    for _ in range(2):
        call("PATCH", url, {"output": {"summary": "s", "annotations": [NOTE] * 10}})
    assert call("GET", url).json()["output"]["annotations_count"] == 40
    assert len(call("GET", f"{url}/annotations").json()) == 30
    assert len(call("GET", f"{url}/annotations?page=2").json()) == 10
    assert len(call("GET", f"{url}/annotations?per_page=100").json()) == 40


def test_a_conclusion_completes_and_a_new_status_reopens(call: Caller) -> None:
    ident = call.new_check(status="in_progress").json()["id"]
    done = call("PATCH", f"/check-runs/{ident}", {"conclusion": "success"}).json()
    assert (done["status"], done["conclusion"]) == ("completed", "success")
    assert done["completed_at"]
    again = call("PATCH", f"/check-runs/{ident}", {"status": "in_progress"}).json()
    assert (again["status"], again["conclusion"], again["completed_at"]) == (
        "in_progress",
        None,
        None,
    )


def test_the_details_url_of_the_jobs_token_is_ignored(call: Caller) -> None:
    data = call.new_check(details_url="https://example.org/mine").json()
    assert data["details_url"] == data["html_url"]


def test_check_runs_of_a_commit_are_found_by_name(call: Caller) -> None:
    first = call.new_check().json()["id"]
    second = call.new_check().json()["id"]
    call.new_check(name="lint")
    url = f"/commits/{SHA}/check-runs?check_name=coverage"
    assert [run["id"] for run in call("GET", url).json()["check_runs"]] == [second]
    both = call("GET", f"{url}&filter=all").json()
    assert [run["id"] for run in both["check_runs"]] == [first, second]
    assert both["total_count"] == 2


@pytest.mark.parametrize("body", [{}, {"body": ""}, {"body": "x" * 65_537}, {"body": 1}, []])
def test_a_wrong_comment_is_422(call: Caller, body: Any) -> None:
    assert call("POST", "/issues/7/comments", body).status_code == 422


def test_json_that_is_none_is_400(call: Caller) -> None:
    answer = call.session.post(
        call.repo("/check-runs"),
        data=b"{",
        headers={"Authorization": f"token {call.token}"},
        timeout=5,
    )
    assert answer.status_code == 400


def test_comments_come_thirty_a_page_and_a_hundred_at_most(call: Caller) -> None:
    for n in range(130):
        call.github.add_comment(7, f"comment {n}")
    first = call("GET", "/issues/7/comments")
    assert len(first.json()) == 30
    assert first.links["last"]["url"].endswith("page=5")
    most = call("GET", "/issues/7/comments?per_page=1000")
    assert len(most.json()) == 100
    rest = call.session.get(
        most.links["next"]["url"], headers={"Authorization": f"token {call.token}"}, timeout=5
    )
    assert [c["body"] for c in rest.json()] == [f"comment {n}" for n in range(100, 130)]
    assert "next" not in rest.links


def test_the_quota_counts_down_and_ends_in_403(call: Caller) -> None:
    call.github.remaining = 2
    assert call("GET", "/pulls/7").headers["x-ratelimit-remaining"] == "1"
    assert call("GET", "/pulls/7").headers["x-ratelimit-remaining"] == "0"
    refused = call("GET", "/pulls/7")
    assert refused.status_code == 403
    assert refused.json()["message"].startswith("API rate limit exceeded")
    assert call("GET", "/rate_limit").json()["rate"]["remaining"] == 0


def test_a_pull_request_lists_at_most_3000_files_some_without_patch(call: Caller) -> None:
    entry = file_entry(call.github.url, "octo/demo", "logo.png")
    call.github.pulls[7].files = [entry] * 3050
    assert "patch" not in call("GET", "/pulls/7/files").json()[0]
    assert len(call("GET", "/pulls/7/files?per_page=100&page=30").json()) == 100
    assert call("GET", "/pulls/7/files?per_page=100&page=31").json() == []


def test_comparisons_come_out_of_a_real_repository(tmp_path: Path) -> None:
    base, head = _history(tmp_path, files=3)
    with FakeGitHub(git=tmp_path) as github:
        github.add_pull(7, head, base)
        call = Caller(github)
        text = call("GET", f"/compare/{base}...{head}", accept=DIFF)
        assert text.headers["content-type"].startswith(DIFF)
        assert "rename from old.py\nrename to new.py\n" in text.text
        data = call("GET", f"/compare/{base}...{head}").json()
        assert (data["status"], data["ahead_by"], data["behind_by"]) == ("ahead", 1, 0)
        files = {f["filename"]: f for f in call("GET", "/pulls/7/files").json()}
        assert files["new.py"]["previous_filename"] == "old.py"
        assert files["f0.py"]["patch"] == "@@ -0,0 +1 @@\n+x = 0"
        assert "patch" not in files["picture"]
        assert call("GET", f"/compare/{base}...{'0' * 40}").status_code == 404
        assert call.new_check(head_sha="0" * 40).status_code == 422
        assert call.new_check(head_sha=head).status_code == 201
        call.session.close()
        if not api_description.missing():
            assert api_description.problems(github.requests) == []


def test_a_diff_of_more_than_300_files_is_406(tmp_path: Path) -> None:
    base, head = _history(tmp_path, files=300)
    with FakeGitHub(git=tmp_path) as github:
        call = Caller(github)
        answer = call("GET", f"/compare/{base}...{head}", accept=DIFF)
        call.session.close()
    assert answer.status_code == 406


def _history(path: Path, files: int) -> tuple[str, str]:
    """A commit, and one on top: a rename, a binary file and `files` new ones."""

    def git(*args: str) -> str:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        done = subprocess.run(
            ["git", *identity, *args], cwd=path, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    git("init", "-q", "-b", "main")
    (path / "old.py").write_text("y = 1\n" * 20)
    git("add", "-A")
    git("commit", "-qm", "one")
    base = git("rev-parse", "HEAD")
    (path / "old.py").rename(path / "new.py")
    (path / "picture").write_bytes(b"\0\1")
    for n in range(files):
        (path / f"f{n}.py").write_text(f"x = {n}\n")
    git("add", "-A")
    git("commit", "-qm", "two")
    return base, git("rev-parse", "HEAD")


def test_faults_strike_where_and_as_often_as_scripted(call: Caller) -> None:
    fault = call.github.fail("GET", "pulls", 502, times=2, skip=1)
    assert [call("GET", "/pulls/7").status_code for _ in range(4)] == [200, 502, 502, 200]
    assert fault.hits == 2


def test_a_fault_after_the_effect_loses_only_the_answer(call: Caller) -> None:
    call.github.fail("POST", "comments", "drop", after_effect=True)
    with pytest.raises(requests.ConnectionError):
        call("POST", "/issues/7/comments", {"body": "hi"})
    assert [c.body for c in call.github.comments.values()] == ["hi"]
    assert call.github.requests[-1].status == 0


def test_the_description_is_held_against_every_exchange(call: Caller) -> None:
    """Skips, and says so, where GitHub's description or the validator is missing."""
    if api_description.missing():
        pytest.skip(api_description.missing())
    call.new_check()
    sound, wrong = call.github.requests[-1], call("GET", "/pulls/7")
    assert wrong.ok
    assert api_description.problems([sound]) == []
    sound.answer = sound.answer.replace(b'"head_sha"', b'"head"')
    sound.content = sound.content.replace(b'"name"', b'"nome"')
    found = "\n".join(api_description.problems([sound]))
    assert "'head_sha' is a required property" in found
    assert "'nome' was unexpected" in found
    call.github.requests.remove(sound)


def test_by_hand_it_serves_until_interrupted_and_writes_its_state(tmp_path: Path) -> None:
    dump = tmp_path / "state.json"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "fake_github",
            f"--port={port}",
            f"--dump={dump}",
            f"--pull=7:{SHA}:{SHA}",
        ],
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[0]
        assert url.endswith(f":{port}")
        requests.post(
            f"{url}/repos/octo/demo/issues/7/comments",
            json={"body": "hi"},
            headers={"Authorization": "token ghs_writer"},
            timeout=5,
        )
        process.terminate()
    state = json.loads(dump.read_text())
    assert [c["body"] for c in state["comments"]] == ["hi"]
    assert [r["status"] for r in state["requests"]] == [201]


def test_a_reply_belongs_to_the_thread_that_a_review_comment_began(call: Caller) -> None:
    entry = file_entry("http://x", "octo/demo", "a.py", "added", patch="@@ -0,0 +1,2 @@\n+a\n+b")
    call.github.pulls[7].files = [entry]
    draft = {"path": "a.py", "line": 2, "start_line": 1, "body": "why?"}
    review = {"commit_id": SHA, "event": "COMMENT", "body": "words", "comments": [draft]}
    assert call("POST", "/pulls/7/reviews", review).json()["state"] == "COMMENTED"
    (asked,) = call("GET", "/pulls/7/comments").json()
    assert (asked["start_line"], asked["line"], asked["side"]) == (1, 2, "RIGHT")
    words = {"body": "because", "in_reply_to": asked["id"], "commit_id": SHA, "path": "a.py"}
    answer = call("POST", "/pulls/7/comments", words)
    assert answer.status_code == 201
    assert answer.json()["in_reply_to_id"] == asked["id"]
    again = {**words, "in_reply_to": answer.json()["id"]}
    assert call("POST", "/pulls/7/comments", again).status_code == 422
    deleted = call("DELETE", f"/pulls/comments/{answer.json()['id']}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert len(call("GET", "/pulls/7/comments").json()) == 1


def test_reviews_need_the_right_to_write_and_a_known_event(call: Caller) -> None:
    review = {"commit_id": SHA, "event": "COMMENT", "body": "words"}
    assert call("POST", "/pulls/7/reviews", {**review, "event": "NOD"}).status_code == 422
    assert call("POST", "/pulls/7/reviews", {**review, "body": " "}).status_code == 422
    assert call("POST", "/pulls/7/reviews", {**review, "mood": "good"}).status_code == 422
    call.token = call.github.read_only_token
    assert call("POST", "/pulls/7/reviews", review).status_code == 403
    assert not call.github.reviews
