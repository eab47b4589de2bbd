"""Review comments against the fake: the client's requests and the sink that makes them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import pytest
from fake_github import BOT, FakeGitHub, objects
from fake_github.reviews import LineComment as Shown
from fake_github.reviews import reply
from fake_github.wire import Recorded
from pydantic import SecretStr

from qe_action.events import AnalysisComplete, Anchor, Counts, Event, FileSummary, Gap, GapFound
from qe_action.github.client import GitHub
from qe_action.github.payloads import LineComment, ReviewComment
from qe_action.github.refusals import Forbidden, Rejected
from qe_action.github.responses import review_comment
from qe_action.github.retry_policy import RetryPolicy
from qe_action.render.review import Marker, beginning, owner_of, read_marker
from qe_action.sinks.delivery import Delivery
from qe_action.sinks.review_comments import CHANGES, LIMIT, SPARED, ReviewOf, ReviewSink

SHA, NEWER = "a" * 40, "b" * 40
LENGTH = 60
PATCH = f"@@ -0,0 +1,{LENGTH} @@\n" + "\n".join(f"+line {n}" for n in range(1, LENGTH + 1))
OWNER = owner_of("cov")


@pytest.fixture
def github(strict: FakeGitHub) -> FakeGitHub:
    """A pull request that adds a file of 60 lines."""
    return with_pull(strict)


def with_pull(github: FakeGitHub) -> FakeGitHub:
    github.add_pull(7, SHA, "c" * 40)
    entry = objects.file_entry("http://x", github.repo, "a.py", "added", patch=PATCH)
    github.pulls[7].files = [entry]
    return github


def talk(github: FakeGitHub, do: Callable[[GitHub], Awaitable[Any]], token: str = "") -> Any:
    async def main() -> Any:
        client = GitHub(
            token=SecretStr(token or github.token),
            repo=github.repo,
            api_url=github.url,
            policy=RetryPolicy(write_gap=0, backoff=0.01),
        )
        try:
            return await do(client)
        finally:
            await client.aclose()

    return asyncio.run(main())


def gap(line: int, end: int = 0) -> Gap:
    end = end or line
    return Gap(
        id=str(line),
        file_path="a.py",
        line_start=line,
        line_end=end,
        gap_type="uncovered",
        severity="medium",
        in_diff=True,
        anchor=Anchor(path="a.py", line_start=line, line_end=end),
        statements=end - line + 1,
    )


async def events(gaps: Sequence[Gap], **more: Any) -> AsyncIterator[Event]:
    for one in gaps:
        yield GapFound(gap=one)
    counts = Counts(statements=LENGTH, covered=LENGTH - len(gaps))
    known: dict[str, Any] = {
        "overall_coverage": counts.percent,
        "line_coverage": counts.percent,
        "branch_coverage": None,
        "function_coverage": None,
        "patch_coverage": counts.percent,
        "patch": counts,
        "files": (FileSummary(path="a.py", counts=counts, patch=counts),),
        "analysis_time_ms": 1,
    }
    yield AnalysisComplete.model_validate(known | more)


def deliver(
    github: FakeGitHub, gaps: Sequence[Gap], *, run: int = 1, token: str = "", **more: Any
) -> Delivery:
    delivery = Delivery()
    review = ReviewOf(7, SHA, "cov", (run, 1))

    async def main(client: GitHub) -> None:
        await ReviewSink(client, delivery, review).consume(events(gaps, **more))

    talk(github, main, token)
    return delivery


def starts(github: FakeGitHub) -> list[int]:
    return [comment.start for comment in github.review_comments.values()]


# The client


def body(key: str, run: int = 1) -> str:
    return f"{Marker(OWNER, key * 16, (run, 1)).line()}\ntext"


def test_our_comments_are_found_on_every_page_with_their_answers(github: FakeGitHub) -> None:
    for number in range(150):
        github.review_comments[number] = Shown(7, "somebody", "chat", "a.py", 1, 1, SHA, 1)
    github.review_comments[200] = Shown(7, BOT, body("a"), "a.py", 2, 4, SHA, 1)
    github.review_comments[201] = Shown(7, BOT, body("b"), "a.py", 9, 9, SHA, 1)
    github.review_comments[202] = Shown(7, "mallory", body("c"), "a.py", 9, 9, SHA, 1)
    github.review_comments[203] = Shown(7, BOT, "quoting " + body("c"), "a.py", 9, 9, SHA, 1)
    github._ids = 300
    reply(github, 201)
    found = talk(github, lambda c: c.own_review_comments(7, beginning(OWNER)))
    assert found == [
        ReviewComment(200, "a.py", (2, 4), body("a")),
        ReviewComment(201, "a.py", (9, 9), body("b"), answered=True),
    ]
    assert len(github.sent("GET", "/pulls/7/comments")) == 2


def test_a_personal_token_s_comments_are_those_of_its_user(github: FakeGitHub) -> None:
    token = github.add_token("ghp_x", login="Ada", installation=False, pull_requests="write")
    github.review_comments[1] = Shown(7, BOT, body("a"), "a.py", 2, 4, SHA, 1)
    github.review_comments[2] = Shown(7, "ada", body("b"), "a.py", 9, 9, SHA, 1)
    found = talk(github, lambda c: c.own_review_comments(7, beginning(OWNER)), token)
    assert [comment.id for comment in found] == [2]


def test_an_outdated_comment_stands_nowhere() -> None:
    data = {"id": 1, "path": "a.py", "line": None, "start_line": None, "body": "x"}
    assert review_comment(data).span is None
    assert review_comment({**data, "line": 4}).span == (4, 4)
    assert review_comment({**data, "line": 4, "start_line": 2}).span == (2, 4)


def test_one_line_has_no_start_and_several_have_the_right_side() -> None:
    assert LineComment("a.py", 3, 3, "x").wire() == {
        "path": "a.py", "line": 3, "side": "RIGHT", "body": "x",
    }  # fmt: skip
    wire = LineComment("a.py", 2, 3, "x").wire()
    assert (wire["start_line"], wire["start_side"], wire["line"]) == (2, "RIGHT", 3)


@pytest.mark.parametrize("kind", [502, "drop"])
def test_a_single_comment_whose_answer_was_lost_is_made_once(github: FakeGitHub, kind: Any) -> None:
    github.fail("POST", "/pulls/7/comments", kind, after_effect=True)
    one = LineComment("a.py", 3, 4, body("a"))
    talk(github, lambda c: c.create_review_comment(7, SHA, one))
    assert starts(github) == [3]


def test_an_earlier_run_s_comment_on_the_same_gap_is_not_taken_for_this_one(
    github: FakeGitHub,
) -> None:
    github.review_comments[1] = Shown(7, BOT, body("a"), "a.py", 3, 3, SHA, 1)
    github.fail("POST", "/reviews", 502)
    one = LineComment("a.py", 3, 3, body("a", run=2))
    talk(github, lambda c: c.create_review(7, SHA, "words", [one]))
    assert starts(github) == [3, 3]


def test_deleting_what_is_gone_is_no_error(github: FakeGitHub) -> None:
    talk(github, lambda c: c.delete_review_comment(12345))


@pytest.mark.parametrize(
    "comment",
    [
        LineComment("a.py", 61, 61, "x"),
        LineComment("a.py", 5, 4, "x"),
        LineComment("b.py", 1, 1, "x"),
        LineComment("a.py", 1, 1, " "),
        LineComment("a.py", 1, 1, "x" * 65_537),
    ],
)
def test_the_fake_refuses_what_github_refuses(
    fake_github: FakeGitHub, comment: LineComment
) -> None:
    github = with_pull(fake_github)
    good = LineComment("a.py", 1, 1, "x")
    with pytest.raises(Rejected) as refused:
        talk(github, lambda c: c.create_review(7, SHA, "words", [good, comment]))
    assert refused.value.status == 422
    with pytest.raises(Rejected):
        talk(github, lambda c: c.create_review_comment(7, SHA, comment))
    assert not github.review_comments
    assert not github.reviews


def test_the_fake_refuses_ranges_over_two_hunks_foreign_commits_and_empty_words(
    fake_github: FakeGitHub,
) -> None:
    github = with_pull(fake_github)
    files = github.pulls[7].files
    assert files is not None
    files[0]["patch"] = "@@ -1,2 +1,2 @@\n a\n-b\n+c\n@@ -9,2 +9,2 @@\n a\n-b\n+c"
    for sha, words, comment in (
        (SHA, "words", LineComment("a.py", 2, 10, "x")),
        (NEWER, "words", LineComment("a.py", 2, 2, "x")),
        (SHA, "", LineComment("a.py", 2, 2, "x")),
    ):
        with pytest.raises(Rejected):
            talk(github, lambda c, s=sha, w=words, m=comment: c.create_review(7, s, w, [m]))


# The sink


def test_a_review_and_its_requests(github: FakeGitHub) -> None:
    delivery = deliver(github, [gap(3, 5), gap(9)])
    assert starts(github) == [3, 9]
    assert not delivery.problems
    assert delivery.writes == 1
    asked = [(r.method, r.path.removeprefix(f"/repos/{github.repo}/")) for r in github.requests]
    assert asked == [
        ("GET", "pulls/7/comments"),
        ("GET", "pulls/7/files"),
        ("GET", "pulls/7"),
        ("POST", "pulls/7/reviews"),
        ("GET", "pulls/7/comments"),
    ]


def test_where_few_requests_are_left_the_next_run_reviews(github: FakeGitHub) -> None:
    github.remaining = 90
    delivery = Delivery()

    async def main(client: GitHub) -> None:
        await client.own_review_comments(7, "")
        sink = ReviewSink(client, delivery, ReviewOf(7, SHA, "cov", (1, 1)))
        await sink.consume(events([gap(3)]))

    talk(github, main)
    assert len(github.requests) == 1
    assert delivery.notes == [SPARED]


def test_gaps_outside_of_the_diff_are_counted(github: FakeGitHub) -> None:
    delivery = deliver(github, [gap(3), gap(99), gap(100)])
    assert starts(github) == [3]
    assert "Without review comment: 2 gaps in lines" in delivery.notes[0]
    (review,) = github.reviews.values()
    assert review.body.endswith("2 outside of the lines that GitHub shows.")


def test_a_run_without_gaps_asks_once(github: FakeGitHub) -> None:
    deliver(github, [])
    assert [r.method for r in github.requests] == ["GET"]


def test_a_run_that_has_nothing_new_writes_nothing(github: FakeGitHub) -> None:
    deliver(github, [gap(3, 5), gap(9)])
    asked = len(github.requests)
    deliver(github, [gap(3, 5), gap(9)], run=2)
    assert [r.path.rpartition("/")[2] for r in github.requests[asked:]] == [
        "comments",
        "graphql",
        "files",
    ]


class Picky(FakeGitHub):
    """Refuses any request with a comment on line 9: its diff is not the one it lists."""

    def serve(self, request: Recorded) -> bool:
        if request.method == "POST" and b'"line": 9,' in request.content:
            self.fail("POST", request.path, 422)
        return super().serve(request)


def test_a_comment_that_is_refused_costs_itself_alone() -> None:
    with Picky() as picky:
        github = with_pull(picky)
        delivery = deliver(github, [gap(3, 5), gap(9), gap(20), gap(30)])
        assert starts(github) == [3, 20, 30]
        (problem,) = delivery.problems
        assert problem.message.startswith("1 review comment could not be delivered: ")
        assert delivery.writes == 3
        assert len(github.sent("POST", "/pulls/7/")) == 5
        deliver(github, [gap(3, 5), gap(20), gap(30)], run=2)
        assert len(github.sent("POST", "/pulls/7/")) == 5


def test_a_single_comment_that_is_refused_is_not_tried_twice() -> None:
    with Picky() as picky:
        github = with_pull(picky)
        delivery = deliver(github, [gap(9)])
        assert len(github.writes) == 1
        assert "1 review comment could not be delivered" in delivery.problems[0].message


def test_a_refusal_of_everything_is_bounded(github: FakeGitHub) -> None:
    github.fail("POST", "", 422, times=999)
    delivery = deliver(github, [gap(n) for n in range(1, 41, 2)])
    assert len(github.writes) == 1 + LIMIT
    assert f"{LIMIT} review comments could not be delivered" in delivery.problems[0].message


def test_many_changes_are_spread_over_runs(github: FakeGitHub) -> None:
    for number in range(1, CHANGES + 11):
        text = body(f"{number % 10}")
        github.review_comments[number] = Shown(7, BOT, text, "a.py", number, number, SHA, 1)
    deliver(github, [], run=2)
    assert len(github.review_comments) == 10
    deliver(github, [], run=3)
    assert not github.review_comments


def test_a_comment_that_vanished_meanwhile_does_not_cost_the_others(github: FakeGitHub) -> None:
    for number in (3, 9):
        github.review_comments[number] = Shown(7, BOT, body("e"), "a.py", number, number, SHA, 1)
    github.fail("PATCH", "/pulls/comments/", 404)
    delivery = deliver(github, [gap(3), gap(9)], run=2)
    assert not delivery.problems
    assert sorted(c.edits for c in github.review_comments.values()) == [0, 1]
    edited = next(c for c in github.review_comments.values() if c.edits)
    marker = read_marker(edited.body)
    assert marker is not None
    assert marker.run == (2, 1)


def test_doubles_of_an_earlier_race_are_dropped_and_an_answered_one_stays(
    github: FakeGitHub,
) -> None:
    deliver(github, [gap(3, 5), gap(9)])
    (first, second) = github.review_comments.values()
    for ident, one in ((901, first), (902, second)):
        github.review_comments[ident] = Shown(7, BOT, one.body, "a.py", one.start, one.end, SHA, 2)
    github._ids = 1000
    reply(github, 902)
    deliver(github, [gap(3, 5), gap(9)], run=2)
    assert 901 not in github.review_comments
    assert starts(github) == [3, 9, 9, 9]


def test_two_gaps_that_read_the_same_are_no_doubles(github: FakeGitHub) -> None:
    files = github.pulls[7].files
    assert files is not None
    files[0]["patch"] = PATCH.replace("+line 9\n", "+line 3\n")
    deliver(github, [gap(3)])
    deliver(github, [gap(3), gap(9)], run=2)
    assert starts(github) == [3, 9]
    deliver(github, [gap(9)], run=3)
    assert starts(github) == [9]


def test_where_the_change_is_not_known_nothing_is_deleted(github: FakeGitHub) -> None:
    deliver(github, [gap(3)])
    deliver(github, [], run=2, patch=None)
    deliver(github, [], run=2, files=())
    deliver(github, [], run=2, conclusion="failed")
    assert starts(github) == [3]
    deliver(github, [], run=2)
    assert not github.review_comments


def test_a_refused_comment_on_the_pull_request_spares_the_review_s_requests(
    github: FakeGitHub,
) -> None:
    delivery = Delivery()
    delivery.failed(Forbidden("no", permission="pull-requests: write", read_only=True, hint=""))

    async def main(client: GitHub) -> None:
        sink = ReviewSink(client, delivery, ReviewOf(7, SHA, "cov", (1, 1)))
        await sink.consume(events([gap(3)]))

    talk(github, main)
    assert not github.requests


def test_a_hurry_amid_the_work_ends_it(github: FakeGitHub) -> None:
    for number in range(1, 9):
        github.review_comments[number] = Shown(7, BOT, body("e"), "a.py", number, number, SHA, 1)
    github.fail("DELETE", "", "delay", seconds=0.3)
    delivery = Delivery()

    async def main(client: GitHub) -> None:
        sink = ReviewSink(client, delivery, ReviewOf(7, SHA, "cov", (2, 1)))
        working = asyncio.create_task(sink.consume(events([])))
        while not github.sent("DELETE"):
            await asyncio.sleep(0.005)
        delivery.hurry()
        client.hurry()
        await working

    talk(github, main)
    assert len(github.sent("DELETE")) <= 2
    assert not delivery.problems
