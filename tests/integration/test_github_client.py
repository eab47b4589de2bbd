"""The GitHub client over real HTTP: what it delivers, once, and how it takes trouble."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest
from fake_github import FakeGitHub
from fake_github.objects import file_entry
from pydantic import SecretStr
from slowness import in_time

from qe_action.analysis.diff import PullFile
from qe_action.errors import DeliveryError, QEError, UsageError
from qe_action.github.client import GitHub
from qe_action.github.comments import JOB_LOGIN
from qe_action.github.payloads import Annotation, CheckDraft, CheckUpdate
from qe_action.github.refusals import (
    Forbidden,
    NotFound,
    RateLimited,
    Rejected,
    Unauthorized,
    Unreachable,
)
from qe_action.github.retry_policy import Ports, RetryPolicy
from qe_action.workspace.diff_sources import DiffTooLarge

T = TypeVar("T")
SHA = "a" * 40
MARKER = "<!-- our marker -->"
QUICK = RetryPolicy(write_gap=0, backoff=0, retry_total=3)
DRAFT = CheckDraft(name="coverage", head_sha=SHA, title="t", summary="s", external_id="run 1")


class Sleeps:
    """Takes note of how long it was asked to sleep, and does not."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)


@contextlib.asynccontextmanager
async def connected(
    github: FakeGitHub, policy: RetryPolicy = QUICK, *, token: str = "", ports: Ports | None = None
) -> AsyncIterator[GitHub]:
    secret = SecretStr(token or github.token)
    client = GitHub(token=secret, repo=github.repo, api_url=github.url, policy=policy, ports=ports)
    try:
        yield client
    finally:
        await client.aclose()


def run(github: FakeGitHub, work: Callable[[GitHub], Coroutine[Any, Any, T]], **more: Any) -> T:
    async def main() -> T:
        async with connected(github, **more) as client:
            return await work(client)

    return asyncio.run(main())


def notes(first: int, count: int) -> tuple[Annotation, ...]:
    return tuple(
        Annotation("src/a.py", line, line, "warning", "Not covered", f"line {line}")
        for line in range(first, first + count)
    )


def update(annotations: tuple[Annotation, ...] = (), **more: Any) -> CheckUpdate:
    return CheckUpdate(title="t", summary="s", annotations=annotations, **more)


@pytest.fixture
def github(strict: FakeGitHub) -> FakeGitHub:
    strict.add_pull(7, SHA, "b" * 40)
    return strict


# What it delivers


def test_a_check_run_is_created_annotated_and_completed(github: FakeGitHub) -> None:
    async def work(client: GitHub) -> str:
        check = await client.create_check(DRAFT)
        await client.update_check(check.id, update(notes(1, 50)))
        await client.update_check(
            check.id, update(notes(51, 5), status="completed", conclusion="success")
        )
        return check.html_url

    url = run(github, work)
    [check] = github.checks.values()
    assert check.data["html_url"] == url
    assert (check.data["status"], check.data["conclusion"]) == ("completed", "success")
    assert check.data["external_id"] == "run 1"
    assert [note["start_line"] for note in check.annotations] == [*range(1, 56)]
    assert "raw_details" not in check.annotations[0]


def test_more_than_fifty_annotations_are_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="51 annotations"):
        update(notes(1, 51))


def test_a_conclusion_without_completed_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="conclusion"):
        update(conclusion="success")


def test_a_comment_is_created_found_again_and_edited(github: FakeGitHub) -> None:
    async def work(client: GitHub) -> None:
        made = await client.create_comment(7, f"{MARKER} one")
        assert await client.find_comments(7, MARKER) == [made]
        await client.update_comment(made.id, f"{MARKER} two")

    run(github, work)
    [comment] = github.comments.values()
    assert (comment.login, comment.body) == (JOB_LOGIN, f"{MARKER} two")


def test_our_comment_is_found_on_a_late_page(github: FakeGitHub) -> None:
    for n in range(195):
        github.add_comment(7, f"comment {n}")
    ours = github.add_comment(7, MARKER, login=JOB_LOGIN)
    later = github.add_comment(7, MARKER, login=JOB_LOGIN)
    found = run(github, lambda client: client.find_comments(7, MARKER))
    assert [comment.id for comment in found] == [ours, later]  # the oldest wins
    assert [r.query["per_page"] for r in github.sent("GET", "comments")] == ["100", "100"]


def test_ninety_five_comments_cost_one_request(github: FakeGitHub) -> None:
    for n in range(95):
        github.add_comment(7, f"comment {n}")
    assert run(github, lambda client: client.find_comments(7, MARKER)) == []
    assert len(github.requests) == 1


def test_a_forged_marker_is_not_ours(github: FakeGitHub) -> None:
    github.add_comment(7, MARKER, login="mallory")
    assert run(github, lambda client: client.find_comments(7, MARKER)) == []


def test_a_comment_that_quotes_the_marker_is_not_ours(github: FakeGitHub) -> None:
    github.add_comment(7, f"digest\n> {MARKER} title", login=JOB_LOGIN)
    assert run(github, lambda client: client.find_comments(7, MARKER)) == []


def test_a_personal_token_finds_the_comments_of_its_owner(github: FakeGitHub) -> None:
    token = github.add_token("ghp_me", login="Me", installation=False, pull_requests="write")
    github.add_comment(7, MARKER, login=JOB_LOGIN)
    mine = github.add_comment(7, MARKER, login="me")
    found = run(github, lambda client: client.find_comments(7, MARKER), token=token)
    assert [comment.id for comment in found] == [mine]
    assert len(github.sent("GET", "^/user$")) == 1


def test_who_we_are_is_asked_only_when_a_marker_is_met(github: FakeGitHub) -> None:
    github.add_comment(7, "hello")
    run(github, lambda client: client.find_comments(7, MARKER))
    assert github.sent("GET", "^/user$") == []


def test_a_job_s_token_that_is_another_app_s_asks_graphql_who_it_is(github: FakeGitHub) -> None:
    token = github.add_token("ghs_app", login="Our-App[bot]", pull_requests="write")
    github.add_comment(7, MARKER, login=JOB_LOGIN)
    mine = github.add_comment(7, MARKER, login="our-app[bot]")
    found = run(github, lambda client: client.find_comments(7, MARKER), token=token)
    assert [comment.id for comment in found] == [mine]
    assert len(github.sent("POST", "^/graphql$")) == 1


def test_where_graphql_is_not_to_be_had_the_job_s_login_is_taken(github: FakeGitHub) -> None:
    github.fail("POST", "^/graphql$", 404)
    ours = github.add_comment(7, MARKER, login=JOB_LOGIN)
    found = run(github, lambda client: client.find_comments(7, MARKER))
    assert [comment.id for comment in found] == [ours]


def test_an_edit_is_withheld_where_other_words_have_come_meanwhile(github: FakeGitHub) -> None:
    ours = github.add_comment(7, "newer words", login=JOB_LOGIN)
    edit = run(github, lambda client: client.update_comment(ours, "old", unless="newer".__lt__))
    assert edit is False
    assert github.comments[ours].body == "newer words"
    assert run(github, lambda client: client.update_comment(ours, "new")) is True
    assert github.comments[ours].body == "new"


def test_what_is_deleted_twice_is_deleted_once(github: FakeGitHub) -> None:
    ours = github.add_comment(7, "text", login=JOB_LOGIN)
    github.fail("DELETE", "/issues/comments/", 502, after_effect=True)
    run(github, lambda client: client.delete_comment(ours))
    assert not github.comments


# What a pull request changes


def test_files_of_a_pull_request_come_from_every_page(github: FakeGitHub) -> None:
    files = [
        file_entry(github.url, github.repo, f"f{n}.py", patch="@@ -1 +1 @@\n-a\n+b")
        for n in range(150)
    ]
    files[3] = file_entry(github.url, github.repo, "new.bin", "renamed", previous="old.bin")
    github.pulls[7].files = files
    found = run(github, lambda client: client.pull_files(7))
    assert [f.filename for f in found] == [f["filename"] for f in files]
    assert found[3] == PullFile("new.bin", "renamed", previous_filename="old.bin")
    assert (found[4].additions, found[4].deletions) == (1, 1)
    assert found[4].patch == "@@ -1 +1 @@\n-a\n+b"


def test_no_more_than_three_thousand_files_are_asked_for(github: FakeGitHub) -> None:
    github.pulls[7].files = [file_entry(github.url, github.repo, "f.py")] * 3000
    assert len(run(github, lambda client: client.pull_files(7))) == 3000
    assert len(github.requests) == 30


def test_the_head_of_a_pull_request(github: FakeGitHub) -> None:
    assert run(github, lambda client: client.pull_head(7)) == SHA


@pytest.mark.parametrize(("files", "fits"), [(2, True), (301, False)])
def test_a_diff_comes_whole_or_is_too_large(tmp_path: Path, files: int, fits: bool) -> None:
    def git(*args: str) -> str:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        done = subprocess.run(
            ["git", *identity, *args], cwd=tmp_path, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "one")
    base = git("rev-parse", "HEAD")
    for n in range(files):
        (tmp_path / f"f{n}.py").write_text("x = 'é'\n")
    git("add", "-A")
    git("commit", "-qm", "two")
    head = git("rev-parse", "HEAD")
    with FakeGitHub(git=tmp_path) as github:
        if fits:
            text = run(github, lambda client: client.compare_diff(base, head))
            assert text.count("\n+x = 'é'\n") == files
        else:
            with pytest.raises(DiffTooLarge):
                run(github, lambda client: client.compare_diff(base, head))
        with pytest.raises(NotFound):
            run(github, lambda client: client.compare_diff(base, "0" * 40))


# Refusals


@pytest.mark.parametrize(
    ("work", "line"),
    [
        (lambda client: client.create_check(DRAFT), "`checks: write`"),
        (lambda client: client.create_comment(7, "hi"), "`pull-requests: write`"),
    ],
)
def test_a_read_only_token_is_told_the_line_to_add(
    github: FakeGitHub, work: Callable[[GitHub], Coroutine[Any, Any, Any]], line: str
) -> None:
    with pytest.raises(Forbidden) as caught:
        run(github, work, token=github.read_only_token)
    assert caught.value.read_only
    assert caught.value.permission in line
    assert line in caught.value.line()
    assert len(github.requests) == 1  # no use in repeating it


def test_a_private_repository_names_contents_read() -> None:
    with FakeGitHub(private=True) as github:
        token = github.add_token("ghs_blind", checks="write")
        with pytest.raises(Forbidden, match="compare") as caught:
            run(github, lambda client: client.compare_diff(SHA, SHA), token=token)
    assert "`contents: read`" in caught.value.line()


def test_a_personal_token_is_told_that_check_runs_need_an_app(github: FakeGitHub) -> None:
    token = github.add_token("ghp_me", login="me", installation=False, checks="write")
    with pytest.raises(Forbidden) as caught:
        run(github, lambda client: client.create_check(DRAFT), token=token)
    assert "github.token" in caught.value.hint


def test_a_locked_conversation_is_no_matter_of_permissions(github: FakeGitHub) -> None:
    said = "Unable to create comment because issue is locked."
    github.fail("POST", "comments", 403, message=said)
    with pytest.raises(Forbidden, match="is locked") as caught:
        run(github, lambda client: client.create_comment(7, "hi"))
    assert not caught.value.read_only
    assert "permissions" not in caught.value.hint


def test_an_expired_token_is_unauthorized(github: FakeGitHub) -> None:
    with pytest.raises(Unauthorized, match="Bad credentials"):
        run(github, lambda client: client.pull_head(7), token="ghs_expired")


@pytest.mark.parametrize(("retries", "asked"), [(3, [3, 4, 5]), (1, [2, 3, 4]), (0, [1, 2, 3])])
def test_a_token_that_is_wrong_is_asked_about_again_in_the_first_request_alone(
    github: FakeGitHub, retries: int, asked: list[int]
) -> None:
    async def work(client: GitHub) -> list[int]:
        made = []
        for _ in range(3):
            with pytest.raises(Unauthorized):
                await client.pull_head(7)
            made.append(client.requests_made)
        return made

    policy = RetryPolicy(write_gap=0, backoff=0, retry_total=retries)
    assert run(github, work, policy=policy, token="ghs_expired") == asked


def test_a_401_is_asked_again_after_a_moment_and_after_a_good_answer_anew(
    github: FakeGitHub,
) -> None:
    sleeps = Sleeps()

    async def work(client: GitHub) -> None:
        for _ in range(2):
            github.fail("GET", "/pulls/7", 401, times=3)
            with pytest.raises(Unauthorized):
                await client.pull_head(7)
            await client.pull_head(7)

    github.add_pull(7, SHA, "b" * 40)
    ports = Ports(sleep=sleeps, jitter=lambda: 1.0)
    run(github, work, policy=RetryPolicy(write_gap=0), ports=ports)
    assert sleeps.asked == [1.0, 2.0] * 2


def test_a_comment_that_vanished_is_not_found(github: FakeGitHub) -> None:
    with pytest.raises(NotFound, match="edit the comment"):
        run(github, lambda client: client.update_comment(1, "x"))


def test_what_github_rejects_is_said_in_one_line(github: FakeGitHub) -> None:
    with pytest.raises(Rejected, match="Validation Failed Body is too long") as caught:
        run(github, lambda client: client.create_comment(7, "x" * 65_537))
    assert caught.value.status == 422
    assert "\n" not in caught.value.line()


def test_words_of_the_server_stay_on_one_short_line(github: FakeGitHub) -> None:
    github.fail("GET", "pulls", 418, message="bad\n::error::\x1b[31m" + "x" * 5000)
    with pytest.raises(Rejected) as caught:
        run(github, lambda client: client.pull_head(7))
    assert caught.value.line().isprintable()
    assert len(caught.value.line()) < 500


@pytest.mark.parametrize("body", [b"<html>sign in</html>", b"[]", b'{"id": {}}', b"{", b""])
def test_an_answer_that_is_not_githubs_is_unreachable(github: FakeGitHub, body: bytes) -> None:
    """A captive portal or proxy answers 200 with something else."""

    class Portal(FakeGitHub):
        def serve(self, request: Any) -> bool:
            request.status, request.answer, request.content_type = 200, body, "text/html"
            return True

    with Portal() as portal, pytest.raises(Unreachable, match="is not GitHub's API"):
        run(portal, lambda client: client.pull_head(7), policy=RetryPolicy(retry_total=0))


def test_a_page_for_people_is_no_diff(github: FakeGitHub) -> None:
    """A diff is text of any kind, so only its media type tells that it is none."""

    class Portal(FakeGitHub):
        def serve(self, request: Any) -> bool:
            request.status, request.answer = 200, b"<html>sign in</html>"
            request.content_type = "text/html; charset=utf-8"
            return True

    with Portal() as portal, pytest.raises(Unreachable, match="is not GitHub's API"):
        run(portal, lambda c: c.compare_diff("a" * 40, "b" * 40), policy=RetryPolicy(retry_total=0))


# Trouble


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_an_edit_survives_server_errors(github: FakeGitHub, status: int) -> None:
    headers = {"Retry-After": "0"} if status == 429 else None
    fault = github.fail("PATCH", "check-runs", status, times=3, headers=headers)

    async def work(client: GitHub) -> None:
        check = await client.create_check(DRAFT)
        await client.update_check(check.id, update(status="completed", conclusion="success"))

    run(github, work)
    assert fault.hits == 3
    assert github.checks.popitem()[1].data["conclusion"] == "success"


def test_patience_ends_with_the_error(github: FakeGitHub) -> None:
    github.fail("GET", "pulls", 502, times=99)
    with pytest.raises(Unreachable, match="502"):
        run(github, lambda client: client.pull_head(7))
    assert len(github.requests) == 1 + QUICK.retry_total


@pytest.mark.parametrize("kind", [502, "drop"])
@pytest.mark.parametrize("after_effect", [True, False])
def test_a_check_run_whose_answer_was_lost_is_not_made_twice(
    github: FakeGitHub, kind: Any, after_effect: bool
) -> None:
    github.fail("POST", "check-runs", kind, after_effect=after_effect)
    check = run(github, lambda client: client.create_check(DRAFT))
    assert [*github.checks] == [check.id]


@pytest.mark.parametrize("kind", [502, "drop"])
@pytest.mark.parametrize("after_effect", [True, False])
def test_a_comment_whose_answer_was_lost_is_not_made_twice(
    github: FakeGitHub, kind: Any, after_effect: bool
) -> None:
    github.fail("POST", "comments", kind, after_effect=after_effect)
    made = run(github, lambda client: client.create_comment(7, f"{MARKER} x", marker=MARKER))
    assert [*github.comments] == [made.id]


def test_where_looking_up_fails_too_it_is_tried_again(github: FakeGitHub) -> None:
    github.fail("PATCH", "check-runs", 502, after_effect=True)
    github.fail("GET", "annotations", 502)
    github.fail("POST", "comments", "drop", after_effect=True)
    github.fail("GET", "comments", "drop")

    async def work(client: GitHub) -> None:
        check = await client.create_check(DRAFT)
        await client.update_check(check.id, update(notes(1, 5)))
        await client.create_comment(7, MARKER, marker=MARKER)

    run(github, work)
    assert len(github.checks.popitem()[1].annotations) == 5
    assert len(github.comments) == 1


@pytest.mark.parametrize("after_effect", [True, False])
def test_what_cannot_be_looked_up_is_not_repeated(github: FakeGitHub, after_effect: bool) -> None:
    github.fail("POST", "comments", 502, after_effect=after_effect)
    with pytest.raises(Unreachable) as caught:
        run(github, lambda client: client.create_comment(7, "no marker"))
    assert caught.value.unsure
    assert len(github.sent("POST")) == 1


@pytest.mark.parametrize("after_effect", [True, False])
def test_annotations_whose_answer_was_lost_are_appended_once(
    github: FakeGitHub, after_effect: bool
) -> None:
    github.fail("PATCH", "check-runs", 502, after_effect=after_effect, times=2)

    async def work(client: GitHub) -> None:
        check = await client.create_check(DRAFT)
        await client.update_check(check.id, update(notes(1, 50)))

    run(github, work)
    [check] = github.checks.values()
    assert [note["start_line"] for note in check.annotations] == [*range(1, 51)]


def test_annotations_asked_for_again_after_a_failure_are_appended_once(
    github: FakeGitHub,
) -> None:
    github.fail("PATCH", "check-runs", 502, after_effect=True)

    async def work(client: GitHub) -> None:
        check = await client.create_check(DRAFT)
        with pytest.raises(Unreachable):
            await client.update_check(check.id, update(notes(1, 30)))
        await client.update_check(check.id, update(notes(1, 40)))

    run(github, work, policy=RetryPolicy(write_gap=0, retry_total=0))
    [check] = github.checks.values()
    assert [note["start_line"] for note in check.annotations] == [*range(1, 41)]


def test_a_refused_connection_is_unreachable_and_took_no_effect() -> None:
    with FakeGitHub() as gone:
        pass
    with pytest.raises(Unreachable, match="no connection") as caught:
        run(gone, lambda client: client.create_comment(7, "hi"))
    assert not caught.value.unsure


def test_the_servers_retry_after_is_kept_to(github: FakeGitHub) -> None:
    github.fail("PATCH", "comments", 403, headers={"Retry-After": "7"}, times=2)
    ident = github.add_comment(7, "x", login=JOB_LOGIN)
    sleeps = Sleeps()
    run(github, lambda client: client.update_comment(ident, "y"), ports=Ports(sleep=sleeps))
    assert sleeps.asked == [7, 7]
    assert github.comments[ident].body == "y"


@pytest.mark.parametrize(
    ("asked", "waits"),
    [
        ("Thu, 01 Jan 1970 00:20:00 GMT", 200),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Thu, 01 Jan 1970 00:20:00 +99999999999999", 60),
        ("Thu, 01 Jan 99999 00:00:00 GMT", 60),
        ("soon", 60),
    ],
)
def test_a_retry_after_may_be_a_date(github: FakeGitHub, asked: str, waits: float) -> None:
    github.fail("GET", "pulls", 429, headers={"Retry-After": asked})
    ports, limits = Ports(clock=lambda: 1_000.0), RetryPolicy(retry_total=0)
    with pytest.raises(RateLimited) as caught:
        run(github, lambda client: client.pull_head(7), policy=limits, ports=ports)
    assert caught.value.retry_after == waits


def test_a_secondary_limit_without_a_time_waits_a_minute(github: FakeGitHub) -> None:
    github.fail("GET", "pulls", 403)
    sleeps = Sleeps()
    run(github, lambda client: client.pull_head(7), ports=Ports(sleep=sleeps))
    assert sleeps.asked == [60]


def test_waiting_is_bounded_in_all(github: FakeGitHub) -> None:
    github.fail("GET", "pulls", 429, headers={"Retry-After": "25"}, times=99)
    sleeps = Sleeps()
    with pytest.raises(RateLimited) as caught:
        run(github, lambda client: client.pull_head(7), ports=Ports(sleep=sleeps))
    assert sleeps.asked == [25, 25]
    assert caught.value.retry_after == 25


def test_a_spent_quota_says_when_it_comes_back(github: FakeGitHub) -> None:
    github.remaining, github.reset = 0, 5_000
    with pytest.raises(RateLimited) as caught:
        run(github, lambda client: client.pull_head(7), ports=Ports(clock=lambda: 1_400.0))
    assert caught.value.retry_after == 3_601
    assert "3601 s" in caught.value.line()


def test_the_wait_after_a_server_error_doubles_with_jitter(github: FakeGitHub) -> None:
    github.fail("GET", "pulls", 502, times=3)
    sleeps = Sleeps()
    ports = Ports(sleep=sleeps, jitter=lambda: 0.5)
    run(github, lambda client: client.pull_head(7), policy=RetryPolicy(backoff=2), ports=ports)
    assert sleeps.asked == [1.5, 3, 6]


def test_writes_keep_their_distance_and_reads_do_not(github: FakeGitHub) -> None:
    sleeps = Sleeps()

    async def work(client: GitHub) -> None:
        for _ in range(3):
            await client.create_comment(7, "hi")
            await client.pull_head(7)

    ports = Ports(sleep=sleeps, clock=lambda: 100.0)
    run(github, work, policy=RetryPolicy(write_gap=1.5), ports=ports)
    assert sleeps.asked == [1.5, 1.5]


def test_writes_stay_in_order_while_one_is_repeated(github: FakeGitHub) -> None:
    """A late repeat of a progress edit would reopen the completed check run."""
    github.fail("PATCH", "check-runs", 502, times=2)

    async def work(client: GitHub) -> None:
        check = await client.create_check(DRAFT)
        done = update(status="completed", conclusion="success")
        await asyncio.gather(
            client.update_check(check.id, update()), client.update_check(check.id, done)
        )

    run(github, work)
    assert github.checks.popitem()[1].data["status"] == "completed"


def test_requests_never_overlap(github: FakeGitHub) -> None:
    github.fail("GET", "pulls", "delay", times=4, seconds=0.05)

    async def work(client: GitHub) -> None:
        await asyncio.gather(*(client.pull_head(7) for _ in range(4)))

    run(github, work)
    times = [r.time for r in github.requests]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert min(gaps) >= 0.05


def test_what_the_analysis_reads_does_not_wait_for_what_is_shown(github: FakeGitHub) -> None:
    github.fail("POST", "check-runs", "delay", seconds=2)

    async def work(client: GitHub) -> list[str]:
        ended: list[str] = []

        async def note(what: str, request: Awaitable[object]) -> None:
            await request
            ended.append(what)

        creating = asyncio.create_task(note("check", client.create_check(DRAFT)))
        while not github.sent("POST"):
            await asyncio.sleep(0.01)
        await note("pull", client.pull_head(7))
        await creating
        return ended

    assert run(github, work) == ["pull", "check"]


def test_requests_and_quota_are_counted(github: FakeGitHub) -> None:
    github.fail("GET", "pulls", 502, times=2)

    async def work(client: GitHub) -> tuple[int | None, int, int | None]:
        before = client.remaining
        await client.pull_head(7)
        return before, client.requests_made, client.remaining

    assert run(github, work) == (None, 3, github.remaining)
    assert len(github.requests) == 3


# The end


def test_a_request_that_hangs_is_given_up(github: FakeGitHub) -> None:
    github.fail("GET", "pulls", "delay", seconds=30)
    started = time.monotonic()
    with pytest.raises(Unreachable, match="in time"):
        run(
            github,
            lambda client: client.pull_head(7),
            policy=RetryPolicy(timeout=0.1, retry_total=0),
        )
    assert in_time(time.monotonic() - started, 10)


def test_a_request_that_hangs_is_tried_again_on_a_new_connection(github: FakeGitHub) -> None:
    github.fail("GET", "pulls", "delay", seconds=30)
    policy = RetryPolicy(timeout=0.1, backoff=0)
    assert run(github, lambda client: client.pull_head(7), policy=policy) == SHA


def test_hurried_the_last_words_pass_a_request_that_hangs(github: FakeGitHub) -> None:
    """The signal comes while an edit hangs: it is left behind, the last edits go through."""
    ident = github.add_comment(7, "x", login=JOB_LOGIN)
    check = run(github, lambda client: client.create_check(DRAFT))
    fault = github.fail("PATCH", "check-runs", "delay", seconds=30)

    async def work(client: GitHub) -> float:
        hanging = asyncio.create_task(client.update_check(check.id, update()))
        while not fault.hits:
            await asyncio.sleep(0.01)
        client.hurry()
        started = time.monotonic()
        with pytest.raises(Unreachable):
            await hanging
        await client.update_check(check.id, update(status="completed", conclusion="cancelled"))
        await client.update_comment(ident, "cancelled")
        return time.monotonic() - started

    took = run(github, work, policy=RetryPolicy(grace=0.2, write_gap=60))
    assert in_time(took, 10)
    assert github.checks[check.id].data["conclusion"] == "cancelled"
    assert github.comments[ident].body == "cancelled"


def test_hurried_a_request_under_way_may_still_end(github: FakeGitHub) -> None:
    """The check run's id must not be lost, or nobody could complete it."""
    fault = github.fail("POST", "check-runs", "delay", seconds=0.3)

    async def work(client: GitHub) -> int:
        creating = asyncio.create_task(client.create_check(DRAFT))
        while not fault.hits:
            await asyncio.sleep(0.01)
        client.hurry()
        return (await creating).id

    assert run(github, work) in github.checks


def test_hurried_what_waited_ends_and_later_edits_are_repeated_once(github: FakeGitHub) -> None:
    github.fail("PATCH", "comments", 502, times=99)
    ident = github.add_comment(7, "x", login=JOB_LOGIN)

    async def work(client: GitHub) -> None:
        waiting = asyncio.create_task(client.update_comment(ident, "y"))
        while not github.requests:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        client.hurry()
        with pytest.raises(Unreachable):
            await waiting
        assert len(github.requests) == 1
        with pytest.raises(Unreachable):
            await client.update_comment(ident, "z")

    started = time.monotonic()
    run(github, work, policy=RetryPolicy(backoff=60, max_wait=600))
    assert in_time(time.monotonic() - started, 10)
    assert len(github.requests) == 3


def test_hurried_against_a_dead_github_everything_ends_in_time(github: FakeGitHub) -> None:
    github.fail("*", "", "delay", times=99, seconds=30)

    async def work(client: GitHub) -> float:
        first = asyncio.create_task(client.create_comment(7, MARKER, marker=MARKER))
        while not github.requests:
            await asyncio.sleep(0.01)
        client.hurry()
        started = time.monotonic()
        for waiting in (first, client.update_check(1, update()), client.find_comments(7, "x")):
            with pytest.raises(Unreachable):
                await waiting
        return time.monotonic() - started

    limits = RetryPolicy(grace=0.2, last_word=0.5)
    assert run(github, work, policy=limits) < 5  # 0.5 and what a busy machine adds


async def until(fact: Callable[[], object]) -> None:
    while not fact():
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(("kind", "seconds"), [("delay", 30), ("drop", 0.3), (502, 0.3)])
def test_hurried_what_is_being_created_is_looked_up(
    github: FakeGitHub, kind: Any, seconds: float
) -> None:
    """Its answer never comes, or is lost after the hurry."""
    github.fail("POST", "", kind, seconds=seconds, after_effect=True, times=2)

    async def work(client: GitHub) -> tuple[int, int]:
        check = asyncio.create_task(client.create_check(DRAFT))
        comment = asyncio.create_task(client.create_comment(7, MARKER, marker=MARKER))
        await until(lambda: github.checks)
        client.hurry()
        return (await check).id, (await comment).id

    check, comment = run(github, work, policy=RetryPolicy(grace=0.2))
    assert ([*github.checks], [*github.comments]) == ([check], [comment])


def test_hurried_a_creation_is_looked_up_until_it_is_there(github: FakeGitHub) -> None:
    """It takes effect late, and its answer is lost even later."""
    github.fail("POST", "check-runs", "delay", seconds=30)

    async def work(client: GitHub) -> int:
        creating = asyncio.create_task(client.create_check(DRAFT))
        await until(lambda: github.requests)
        client.hurry()
        await until(lambda: github.sent("GET", "check-runs"))
        async with connected(github) as other:
            made = await other.create_check(DRAFT)
        assert await creating == made
        return made.id

    assert run(github, work, policy=RetryPolicy(grace=0.2)) in github.checks


def test_hurried_a_creation_that_failed_and_is_not_there_ends_at_once(github: FakeGitHub) -> None:
    github.fail("POST", "check-runs", "drop", seconds=0.3)

    async def work(client: GitHub) -> None:
        creating = asyncio.create_task(client.create_check(DRAFT))
        await until(lambda: github.requests)
        client.hurry()
        with pytest.raises(Unreachable, match="dropped"):
            await creating

    started = time.monotonic()
    run(github, work, policy=RetryPolicy(last_word=60))
    assert in_time(time.monotonic() - started, 10)
    assert not github.checks


def test_hurried_one_answer_that_hangs_holds_up_no_other_request(github: FakeGitHub) -> None:
    github.fail("PATCH", "check-runs", "delay", seconds=30, times=99)
    ident = github.add_comment(7, "x", login=JOB_LOGIN)

    async def work(client: GitHub) -> float:
        hanging = asyncio.create_task(client.update_check(1, update()))
        await until(lambda: github.requests)
        client.hurry()
        started = time.monotonic()
        await client.update_comment(ident, "cancelled")
        took = time.monotonic() - started
        assert not hanging.done()
        with pytest.raises(Unreachable):
            await hanging
        return took

    assert in_time(run(github, work, policy=RetryPolicy(grace=3, last_word=60)), 3)
    assert github.comments[ident].body == "cancelled"


def test_hurried_an_edit_that_hangs_is_repeated_and_the_first_answer_counts(
    github: FakeGitHub,
) -> None:
    fault = github.fail("PATCH", "comments", "delay", seconds=30)
    ident = github.add_comment(7, "x", login=JOB_LOGIN)

    async def work(client: GitHub) -> None:
        client.hurry()
        await client.update_comment(ident, "cancelled")

    started = time.monotonic()
    run(github, work, policy=RetryPolicy(grace=0.2, last_word=60))
    assert in_time(time.monotonic() - started, 10)
    assert fault.hits == 1
    assert github.comments[ident].body == "cancelled"


def test_after_a_cancelled_caller_the_next_request_waits_for_the_wire(github: FakeGitHub) -> None:
    fault = github.fail("POST", "comments", "delay", seconds=0.3)

    async def work(client: GitHub) -> None:
        creating = asyncio.create_task(client.create_comment(7, "first"))
        while not fault.hits:
            await asyncio.sleep(0.01)
        creating.cancel()
        with pytest.raises(asyncio.CancelledError):
            await creating
        await client.create_comment(7, "second")

    run(github, work)
    assert [c.body for c in github.comments.values()] == ["first", "second"]


def test_a_request_that_hangs_does_not_hold_up_the_end_of_the_process(
    github: FakeGitHub,
) -> None:
    github.fail("GET", "pulls", "delay", seconds=30)
    program = f"""
import asyncio, sys
from pydantic import SecretStr
from qe_action.github.client import GitHub
async def main():
    github = GitHub(token=SecretStr("ghs_writer"), repo="octo/demo", api_url="{github.url}")
    asyncio.ensure_future(github.pull_head(7))
    await asyncio.to_thread(sys.stdin.readline)
asyncio.run(main())
"""
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while not github.requests:
            assert process.poll() is None
            time.sleep(0.02)
        started = time.monotonic()
        _, errors = process.communicate("now\n", timeout=20)
    assert (process.returncode, errors) == (0, "")
    assert in_time(time.monotonic() - started, 10)


# The token and the surroundings


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "bell\x07", "ghs_ünïcode"])
def test_a_token_that_cannot_be_one_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(Unauthorized) as caught:
        GitHub(token=SecretStr(token), repo="octo/demo", api_url="https://api.github.com")
    assert not token or token not in str(caught.value)


@pytest.mark.parametrize("repo", ["", "demo", "octo/demo/x", "../..", "octo/..", "o c/d", "o/d?x"])
def test_what_is_no_repository_is_refused(repo: str) -> None:
    with pytest.raises(UsageError):
        GitHub(token=SecretStr("t"), repo=repo, api_url="https://api.github.com")


@pytest.mark.parametrize("url", ["", "ftp://x", "github.com", "http://"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        GitHub(token=SecretStr("t"), repo="octo/demo", api_url=url)


def test_the_token_appears_nowhere(
    github: FakeGitHub, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    github.fail("GET", "pulls", "drop")
    github.fail("GET", "pulls", 500)
    shown: list[str] = []

    async def work(client: GitHub) -> None:
        shown.append(repr(client))
        for _ in range(2):
            with pytest.raises(DeliveryError) as caught:
                await client.pull_head(7)
            error: QEError = caught.value
            shown.extend([repr(error), error.line(), repr(error.__cause__)])

    run(github, work, policy=RetryPolicy(retry_total=0))
    output = capsys.readouterr()
    assert github.token not in "".join([*shown, caplog.text, output.out, output.err])
    assert output.err == ""  # PyGithub's own log handler is not there


def test_a_prefix_of_the_api_is_kept_to(github: FakeGitHub) -> None:
    """GitHub Enterprise Server has its API under /api/v3."""

    class Enterprise(FakeGitHub):
        def serve(self, request: Any) -> bool:
            assert request.path.startswith("/api/v3/")
            request.path = request.path.removeprefix("/api/v3")
            return super().serve(request)

    with Enterprise() as server:
        server.add_pull(7, SHA, SHA)
        server.url += "/api/v3"
        assert run(server, lambda client: client.pull_head(7)) == SHA


def test_the_module_is_cheap_to_import() -> None:
    program = (
        "import sys, qe_action.github.client\n"
        "print([m for m in ('github', 'requests', 'pydantic') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_repository_that_was_renamed_is_followed_whole(status: int) -> None:
    """Method, content and query: a list that lost its query would be its first page alone."""

    async def work(client: GitHub) -> tuple[int, int]:
        check = await client.create_check(DRAFT)
        done = update(notes(1, 3), status="completed", conclusion="success")
        await client.update_check(check.id, done)
        made = await client.create_comment(7, "<!-- x --> hi")
        await client.update_comment(made.id, "<!-- x --> there")
        found = await client.find_comments(7, "<!-- x -->")
        checks = await client.list_checks(SHA, "coverage")
        return len(found), len(checks)

    with FakeGitHub() as renamed:
        renamed.add_pull(7, SHA, SHA)
        renamed.moved = status
        for number in range(120):
            renamed.add_comment(7, f"{number}")
        assert run(renamed, work) == (1, 1)
        (check,) = renamed.checks.values()
        assert (check.data["conclusion"], len(check.annotations)) == ("success", 3)
        assert [c.body for c in renamed.comments.values()][120:] == ["<!-- x --> there"]


@pytest.mark.parametrize(
    "location",
    ["http://127.0.0.1:1/repos/octo/demo/pulls/7", "https://evil.example/x", "", "?a"],
)
def test_the_token_is_shown_to_nobody_else(github: FakeGitHub, location: str) -> None:
    github.fail("GET", "pulls", 307, headers={"Location": location}, times=9)
    with pytest.raises(Unreachable, match="sends us elsewhere to read the pull request"):
        run(github, lambda client: client.pull_head(7), policy=RetryPolicy(retry_total=0))


@pytest.mark.parametrize(
    "headers",
    [{"Location": "http://["}, {"x-ratelimit-remaining": "many"}, {"x-ratelimit-limit": "inf"}],
)
def test_headers_that_can_t_be_read_are_none_of_github_s(
    github: FakeGitHub, headers: dict[str, str]
) -> None:
    github.fail("GET", "pulls", 307 if "Location" in headers else 502, headers=headers, times=9)
    with pytest.raises(Unreachable, match="to read the pull request is not GitHub's API"):
        run(github, lambda client: client.pull_head(7), policy=RetryPolicy(retry_total=0))


@pytest.mark.parametrize("what", ["check-runs", "issues/7/comments"])
def test_a_lost_creation_is_found_in_a_list_that_lags(github: FakeGitHub, what: str) -> None:
    async def work(client: GitHub) -> None:
        await client.create_check(DRAFT)
        await client.create_comment(7, "<!-- x --> hi", marker="<!-- x -->")

    github.lag = 0.3
    github.fail("POST", what, 502, after_effect=True)
    run(github, work, policy=RetryPolicy(write_gap=0.2, backoff=0))
    assert (len(github.checks), len(github.comments)) == (1, 1)
