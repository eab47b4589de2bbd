"""The pull request with tests, against a GitHub of real commits and branches."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from fake_github import BOT, FakeGitHub
from fake_github.git_data import drop, move
from tests_pull import BRANCH, SUITE, Scene, case, generated

from qe_action.events import GeneratorError, Measured, without_tests

TWO = (case(), case("test_heavy"))
OTHERS = (case("test_other", test_code="def test_other():\n    assert postage(9) == 2"),)


@pytest.fixture
def scene(tmp_path: Path, strict: FakeGitHub) -> Scene:
    return Scene.build(tmp_path / "repo", strict)


# Opened


def test_one_commit_on_the_head_is_opened_as_a_draft(scene: Scene) -> None:
    scene.github.labels.add("tests")
    ran = scene.run(TWO)
    pull = scene.pull
    assert (pull.draft, pull.base_ref, pull.login, pull.labels) == (
        True,
        "feature",
        BOT,
        ("tests",),
    )
    assert pull.title == "Add 2 tests for pull request 7"
    assert scene.git("rev-list", f"{scene.head}..{scene.tip}").split() == [scene.tip]
    assert scene.git("log", "-1", "--format=%an", str(scene.tip)) == BOT
    assert scene.changed() == ["tests/test_shop.py"]
    assert scene.file().startswith("import pytest\n\nfrom shop import postage, total\n")
    assert "def test_total" in scene.file()
    assert "def test_heavy" in scene.file()
    assert ran.proposal.url == ran.delivery.tests_pull_url
    assert ran.proposal.number == pull.number
    assert (ran.proposal.reason, ran.proposal.patch, ran.delivery.problems) == ("", "", [])


def test_its_words_tell_what_is_known_and_what_is_not(scene: Scene) -> None:
    scene.run(TWO)
    body = scene.pull.body
    assert "offline" not in body, "people are told of the search"
    assert "Tests for [#7](" in body
    assert "goes from 40% to 80%" in body
    assert "Refused: 12 (fails 8, flaky 4)." in body
    assert "| `test_postage` |" in body
    assert "| 2 of 3 | alone and in 5 processes on Python 3.12; suite: the whole suite" in body
    assert "python -m pytest tests/test_shop.py" in body
    assert "**What was not verified**" in body
    message = scene.git("log", "-1", "--format=%B", str(scene.tip))
    assert message.startswith("Add tests for pull request 7\n\n2 tests, made and verified")
    assert "Signed-off-by" not in message


def test_a_project_that_signs_off_gets_a_signed_commit(tmp_path: Path, strict: FakeGitHub) -> None:
    scene = Scene.build(tmp_path / "repo", strict, signed=True)
    scene.run(TWO)
    author = scene.git("log", "-1", "--format=%an <%ae>", str(scene.tip))
    message = scene.git("log", "-1", "--format=%B", str(scene.tip))
    assert f"\nSigned-off-by: {author}\n" in message
    scene.push()
    scene.run(TWO, run=(43, 1))
    assert len(scene.git("rev-list", f"{scene.head}..{scene.tip}").split()) == 2


def test_our_commit_that_a_person_amended_is_theirs(scene: Scene) -> None:
    """Git keeps author and message of a commit that is amended: only its committer is new."""
    scene.run(TWO)
    tip = scene.amended("tests/test_shop.py", "# mine\n")
    scene.push()
    ran = scene.run(OTHERS, run=(43, 1))
    assert scene.tip == tip
    assert "somebody else has committed" in ran.proposal.reason


def test_a_second_run_with_the_same_tests_changes_nothing(scene: Scene) -> None:
    scene.github.labels.add("tests")
    scene.run(TWO)
    tip, labelled = scene.tip, scene.pull.body
    scene.run(TWO, run=(42, 2))
    assert (scene.tip, scene.pull.edits) == (tip, 1)
    assert scene.pull.body == labelled.replace(" -->", " labelled -->", 1)
    scene.run(TWO, run=(43, 1))
    assert (scene.tip, scene.pull.edits) == (tip, 1)


def test_a_label_that_somebody_took_off_stays_off(scene: Scene) -> None:
    scene.github.labels.add("tests")
    scene.run(TWO)
    scene.run(TWO, run=(43, 1))
    scene.pull.labels = ()
    scene.run(OTHERS, run=(44, 1))
    assert scene.pull.labels == ()


def test_no_label_is_made(scene: Scene) -> None:
    scene.run(TWO)
    assert (scene.pull.labels, scene.github.labels) == ((), set())


def test_where_there_are_no_drafts_it_is_none(scene: Scene) -> None:
    scene.github.drafts = False
    ran = scene.run(TWO)
    assert (scene.pull.draft, ran.proposal.draft, ran.delivery.problems) == (False, False, [])


def test_a_workflow_is_started_once_for_a_commit(scene: Scene) -> None:
    scene.workflow = "ci.yml"
    scene.github.workflows.add("ci.yml")
    scene.run(TWO)
    scene.run(TWO, run=(43, 1))
    assert scene.github.dispatched == [("ci.yml", BRANCH)]


def test_a_workflow_that_does_not_start_is_a_note(scene: Scene) -> None:
    scene.workflow = "gone.yml"
    ran = scene.run(TWO)
    assert scene.pull.state == "open"
    assert any("start the workflow gone.yml" in note for note in ran.delivery.notes)
    assert ran.delivery.problems == []


# The next push


def test_a_push_updates_it_in_place_and_drops_what_no_longer_holds(scene: Scene) -> None:
    scene.run(TWO)
    first, number = scene.tip, scene.pull.number
    scene.push()
    scene.run(OTHERS, run=(43, 1))
    assert scene.pull.number == number
    assert scene.git("log", "-1", "--format=%P", str(scene.tip)).split() == [first, scene.head]
    assert scene.changed() == ["tests/test_shop.py"]
    assert "test_other" in scene.file()
    assert "test_heavy" not in scene.file()
    assert scene.pull.title == "Add 1 test for pull request 7"
    assert "test_heavy" not in scene.pull.body
    forced = [sent for sent in scene.github.sent("PATCH", "/git/refs/") if sent.body["force"]]
    assert not forced


def test_other_tests_for_the_same_commit_are_one_commit_more(scene: Scene) -> None:
    scene.run(TWO)
    first = scene.tip
    scene.run(OTHERS, run=(43, 1))
    assert scene.git("log", "-1", "--format=%P", str(scene.tip)) == first
    assert "test_heavy" not in scene.file()


def test_a_history_that_was_rewritten_does_not_come_back(scene: Scene) -> None:
    scene.run(TWO)
    scene.repo.git("reset", "-q", "--hard", scene.base)
    scene.push({"shop.py": "def postage(grams):\n    return 3\n"})
    scene.run(TWO, run=(43, 1))
    assert scene.git("log", "-1", "--format=%P", str(scene.tip)) == scene.head
    assert scene.changed() == ["tests/test_shop.py"]


def test_commits_of_people_stay_and_the_tests_are_only_suggested(scene: Scene) -> None:
    scene.run(TWO)
    theirs = scene.commit_of_a_person()
    edits = scene.pull.edits
    scene.push()
    ran = scene.run(OTHERS, run=(43, 1))
    assert (scene.tip, scene.pull.edits, scene.pull.state) == (theirs, edits, "open")
    assert "somebody else has committed" in ran.proposal.reason
    assert ran.proposal.number == scene.pull.number
    assert "+def test_other" in ran.proposal.patch
    assert scene.run((), run=(44, 1)).delivery.problems == []
    assert scene.pull.state == "open"


def test_a_commit_of_a_person_between_look_and_push_is_not_lost(scene: Scene) -> None:
    scene.run(TWO)
    theirs: list[str] = []
    # Right before the branch is moved, when all else has been looked at.
    real = scene.github.serve

    def serve(request: Any) -> bool:
        if request.method == "PATCH" and "/git/refs/" in request.path and not theirs:
            theirs.append(scene.commit_of_a_person())
        return real(request)

    scene.github.serve = serve  # type: ignore[method-assign]
    ran = scene.run(OTHERS, run=(43, 1))
    assert [scene.tip] == theirs
    assert "somebody else has committed" in ran.proposal.reason


def test_one_that_somebody_closed_is_not_opened_again(scene: Scene) -> None:
    scene.run(TWO)
    scene.pull.state = "closed"
    scene.push()
    ran = scene.run(TWO, run=(43, 1))
    assert len(scene.github.pulls) == 2
    assert f"#{scene.pull.number} was closed" in ran.proposal.reason


def test_after_one_was_merged_the_next_holds_what_is_left(scene: Scene) -> None:
    scene.run(TWO)
    scene.pull.state, scene.pull.merged = "closed", True
    move(scene.github, "feature", str(scene.tip))
    scene.repo.git("reset", "-q", "--hard", str(scene.tip))
    scene.push()
    scene.run((*TWO, *OTHERS), run=(43, 1))
    newest = scene.github.pulls[max(scene.github.pulls)]
    assert (newest.state, len(scene.github.pulls)) == ("open", 3)
    diff = scene.git("diff", f"{scene.head}...{scene.tip}")
    assert "+def test_other" in diff
    assert "test_heavy():" not in re.sub(r"(?m)^[^+].*", "", diff)


def test_one_that_somebody_opened_from_our_branch_keeps_its_words(scene: Scene) -> None:
    scene.run(TWO)
    scene.pull.login, scene.pull.body = "ann", "Mine"
    scene.push()
    ran = scene.run(OTHERS, run=(43, 1))
    assert "test_other" in scene.file()
    assert (scene.pull.body, ran.proposal.number) == ("Mine", scene.pull.number)


# The end


def test_where_none_is_left_it_is_closed_with_a_sentence(scene: Scene) -> None:
    scene.run(TWO)
    ran = scene.run((), run=(43, 1))
    assert (scene.pull.state, scene.tip) == ("closed", None)
    (told,) = [c.body for c in scene.github.comments.values() if c.number == scene.pull.number]
    assert told.endswith("No generated test is left to propose, so this is closed.")
    assert ran.proposal.closed
    assert ran.delivery.tests_pull_url == ""
    scene.push()
    scene.run(TWO, run=(44, 1))
    assert [pull.state for pull in scene.github.pulls.values()] == ["open", "closed", "open"]


def test_tests_that_the_project_has_by_now_are_none_that_are_left(scene: Scene) -> None:
    scene.run(TWO)
    scene.push({"tests/test_shop.py": scene.file()})
    scene.run(TWO, run=(43, 1))
    assert scene.pull.state == "closed"


@pytest.mark.parametrize(
    "more",
    [
        {"conclusion": "failed"},
        {"conclusion": "cancelled"},
        {"failing": ("tests/test_shop.py::test_total",)},
        {"events": (GeneratorError(message="shop can't be imported"),)},
        {"hurried": True},
    ],
)
def test_without_knowing_what_holds_all_stays_as_it_is(scene: Scene, more: Any) -> None:
    scene.run(TWO)
    tip, written = scene.tip, len(scene.github.writes)
    ran = scene.run((), run=(43, 1), **more)
    assert (scene.tip, scene.pull.state) == (tip, "open")
    assert [w.path for w in scene.github.writes[written:] if w.path != "/graphql"] == []
    assert ran.delivery.problems == []


# In the way


def refused(scene: Scene, reason: str) -> None:
    """The tests are suggested with the reason, and nothing is left behind."""
    ran = scene.run(TWO)
    assert reason in ran.proposal.reason
    assert "+def test_heavy" in ran.proposal.patch
    assert scene.github.branches.keys() <= {"feature"}
    assert len(scene.github.pulls) == 1
    assert ran.delivery.tests_pull_url == ""
    assert any(reason in error.line() for error in ran.delivery.problems)


def test_the_setting_that_forbids_it_is_named(scene: Scene) -> None:
    scene.github.bot_opens_pulls = False
    refused(scene, "Allow GitHub Actions to create and approve pull requests")


def test_missing_rights_are_named(scene: Scene) -> None:
    scene.token = scene.github.add_token("ghs_a", pull_requests="write", contents="read")
    refused(scene, "Add `contents: write` to the job's `permissions:`")
    scene.token = scene.github.add_token("ghs_b", pull_requests="read", contents="write")
    refused(scene, "Add `pull-requests: write` to the job's `permissions:`")


def test_a_protected_branch_is_named(scene: Scene) -> None:
    scene.github.protected.add("qe-action/*")
    refused(scene, "Repository rule violations found")


def test_a_head_that_moved_is_named(scene: Scene) -> None:
    older = scene.head
    scene.push()
    ran = scene.run(TWO, head=older)
    assert "was pushed to while the tests were made" in ran.proposal.reason
    assert ran.proposal.patch
    assert scene.tip is None


def test_a_head_branch_that_was_deleted_closes_what_there_is(scene: Scene) -> None:
    scene.run(TWO)
    drop(scene.github, "feature")
    ran = scene.run(TWO, run=(43, 1))
    assert scene.github.pulls[7].state == "closed"
    assert scene.tip is None
    assert ran.delivery.problems == []


def test_a_branch_of_that_name_that_is_not_ours_is_left_alone(scene: Scene) -> None:
    scene.github.branches[BRANCH] = scene.base
    ran = scene.run(TWO)
    assert scene.tip == scene.base
    assert "somebody else has committed" in ran.proposal.reason


def test_tests_of_another_check_are_left_alone(scene: Scene) -> None:
    scene.run(TWO)
    tip = scene.tip
    ran = scene.run(OTHERS, run=(43, 1), owner="1" * 16)
    assert scene.tip == tip
    assert "another check" in ran.proposal.reason


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"tests/test_shop.py": "def broken(:\n"}, "it can't be read as Python"),
        ({"tests/test_shop.py": None, "tests/test_shop.py/x": "x"}, "what is there is no file"),
        ({"tests/test_shop.py": None, "tests": "x"}, "a folder on the way to it is none"),
        ({"tests/test_shop.py": SUITE + "#" * 1_000_001}, "it has more than 1,000,000 bytes"),
    ],
)
def test_a_file_that_takes_no_tests_costs_the_others_nothing(
    scene: Scene, files: dict[str, str | None], why: str
) -> None:
    for name in [name for name, text in files.items() if text is None]:
        scene.repo.git("rm", "-q", name)
    scene.push({name: text for name, text in files.items() if text is not None})
    ran = scene.run((*TWO, case("test_new", "test_new.py")))
    assert scene.changed() == ["test_new.py"]
    assert f"Tests for tests/test\\_shop.py are left out: {why}" in scene.pull.body
    assert why in " ".join(ran.proposal.remarks)
    alone = scene.run(TWO, run=(43, 1))
    assert why in alone.proposal.reason


def test_a_link_is_no_place_for_tests(scene: Scene) -> None:
    scene.repo.git("rm", "-q", "tests/test_shop.py")
    (scene.repo.root / "tests").mkdir()
    (scene.repo.root / "tests/test_shop.py").symlink_to("/etc/passwd")
    scene.push()
    assert "what is there is no file" in scene.run(TWO).proposal.reason
    assert scene.tip is None


@pytest.mark.parametrize("path", ["../x.py", ".github/workflows/x.py", "/x.py", "x.yml", "a\nb.py"])
def test_a_place_that_is_none_for_tests_is_never_written(scene: Scene, path: str) -> None:
    ran = scene.run((case(path=path), case("test_new", "test_new.py")))
    assert scene.changed() == ["test_new.py"]
    assert "it is no place for tests" in " ".join(ran.proposal.remarks)


def test_encoding_line_ends_and_mode_of_a_file_stay(scene: Scene) -> None:
    text = f"# coding: latin-1\nNAME = 'é'\n{SUITE}".replace("\n", "\r\n").encode("latin-1")
    (scene.repo.root / "tests/test_shop.py").chmod(0o755)
    scene.push({"tests/test_shop.py": text})
    scene.run(TWO)
    entry = scene.git("ls-tree", str(scene.tip), "tests/test_shop.py")
    assert entry.startswith("100755 blob")
    scene.repo.git("checkout", "-q", "--detach", str(scene.tip))
    data = (scene.repo.root / "tests/test_shop.py").read_bytes()
    assert data.count(b"\n") == data.count(b"\r\n")
    assert b"NAME = '\xe9'\r\n" in data
    assert b"def test_heavy():\r\n" in data


def test_few_requests_left_are_not_spent_on_it(scene: Scene) -> None:
    scene.run(TWO)
    scene.push()
    scene.github.remaining = 90
    ran = scene.run(OTHERS, run=(43, 1))
    assert "test_other" not in scene.file()
    assert "few of the hour's requests are left" in ran.proposal.reason


@pytest.mark.parametrize("there", [True, False])
def test_a_file_that_the_base_has_changed_is_a_conflict_to_come(scene: Scene, there: bool) -> None:
    changed = {"tests/test_shop.py": f"# new\n{SUITE}"} if there else {"tests/test_more.py": "\n"}
    scene.repo.git("checkout", "-q", "main")
    scene.repo.commit(changed)
    merge = scene.repo.merge("main", "feature")
    scene.repo.git("checkout", "-q", "feature")
    measured = Measured(tree="merge", sha=merge)
    path = next(iter(changed))
    ran = scene.run((case(path=path), case("test_new", "test_new.py")), measured=measured)
    assert scene.changed() == ["test_new.py"]
    assert "the base branch has changed it" in " ".join(ran.proposal.remarks)
    assert "they ran on its merge with the base branch" in scene.pull.body


# As a patch


def test_suggest_shows_the_patch_and_writes_it(scene: Scene, tmp_path: Path) -> None:
    ran = scene.run(TWO, opens=False, file=True)
    assert scene.github.writes == []
    assert ran.patch.decode() == ran.proposal.patch
    assert (ran.proposal.file, ran.proposal.reason) == ("tests.patch", "")
    (tmp_path / "tests.patch").write_bytes(ran.patch)
    scene.repo.git("apply", str(tmp_path / "tests.patch"))
    assert "def test_heavy" in (scene.repo.root / "tests/test_shop.py").read_text()


def test_a_fork_is_told_why_there_is_only_a_patch(scene: Scene) -> None:
    ran = scene.run(TWO, opens=False, why_not="the pull request is from a fork")
    assert ran.proposal.reason == "the pull request is from a fork"
    assert scene.github.writes == []


def test_without_an_answer_the_checkout_s_files_serve(scene: Scene) -> None:
    scene.github.fail("GET", "/git/commits/", 404, times=9)
    ran = scene.run(TWO, opens=False, root=scene.repo.root)
    assert "+def test_heavy" in ran.proposal.patch
    assert "so the patch is of those of the checkout" in ran.proposal.remarks[0]
    ran = scene.run(TWO, opens=False)
    assert ran.proposal.patch == ""
    assert "There is no patch" in ran.proposal.remarks[0]


def test_a_generation_without_tests_says_nothing_of_a_patch(scene: Scene) -> None:
    assert scene.run((), opens=False).delivery.proposal is None
    none = without_tests("finished")
    assert none.model_copy(update={"total": 0}) == none
    assert generated(()).tests == ()


# What goes wrong on the way

WRITES = (
    ("POST", "/git/trees"),
    ("POST", "/git/commits"),
    ("POST", "/git/refs"),
    ("POST", "/pulls$"),
    ("POST", "/labels"),
)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("write", WRITES)
def test_a_lost_answer_costs_nothing(scene: Scene, write: tuple[str, str], after: bool) -> None:
    scene.github.labels.add("tests")
    scene.github.fail(*write, "drop", after_effect=after)
    ran = scene.run(TWO)
    assert (scene.pull.labels, ran.delivery.problems) == (("tests",), [])
    assert "test_heavy" in scene.file()


@pytest.mark.parametrize(
    ("write", "after"),
    [
        *((write, True) for write in WRITES),
        *((write, False) for write in WRITES[2:4]),  # the branch, the pull request
        *(pytest.param(write, False, marks=pytest.mark.slow) for write in WRITES[:2] + WRITES[4:]),
    ],
)
def test_the_next_run_goes_on_where_one_was_cut_off(
    scene: Scene, write: tuple[str, str], after: bool
) -> None:
    scene.github.labels.add("tests")
    cut = scene.github.fail(*write, "drop", after_effect=after)
    rest = scene.github.fail("*", "", "drop", times=999, skip=0)
    scene.github.faults.remove(rest)

    def serve(request: Any, real: Any = scene.github.serve) -> bool:
        if cut.hits and not scene.github.faults.count(rest):
            scene.github.faults.insert(0, rest)
        return bool(real(request))

    scene.github.serve = serve  # type: ignore[method-assign]
    scene.run(TWO)
    scene.github.faults.clear()
    cut.hits = 0
    ran = scene.run(TWO, run=(42, 2))
    assert (scene.pull.labels, ran.delivery.problems) == (("tests",), [])
    assert scene.git("rev-list", "--count", f"{scene.head}..{scene.tip}") == "1"


@pytest.mark.parametrize("path", ["/git/trees", "/git/refs", "/pulls$"])
def test_a_run_that_is_cancelled_leaves_it_to_the_next(scene: Scene, path: str) -> None:
    """What links the pull request does not wait for it then."""
    hung = scene.github.fail("POST", path, "delay", times=9, seconds=60)
    ran = scene.run(TWO, cancel_when=lambda: hung.hits > 0)
    assert ran.delivery.tests_pull_url == ""
    assert ran.delivery.problems == []
    scene.github.faults.clear()
    scene.run(TWO, run=(43, 1))
    assert scene.pull.state == "open"
    assert "test_heavy" in scene.file()


def test_two_runs_at_once_end_in_one_pull_request_that_says_what_it_holds(scene: Scene) -> None:
    async def both() -> None:
        await asyncio.gather(
            asyncio.to_thread(scene.run, TWO, run=(42, 1)),
            asyncio.to_thread(scene.run, OTHERS, run=(43, 1)),
        )

    asyncio.run(both())
    pull = scene.pull
    held = "test_other" in scene.file()
    assert held is ("`test_other`" in pull.body)
    assert held is ("test_heavy" not in scene.file())
    assert f"tip={scene.tip}" in pull.body
