"""Finding a baseline in the check runs of the base and of its ancestors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_github import FakeGitHub
from fake_github.git import GitSide
from gitrepo import GitRepo, git_env
from pydantic import SecretStr

from qe_action.agents.baseline_search import BaselineSearch
from qe_action.analysis import coverage_history, test_baseline
from qe_action.analysis.baseline import digest_of, encode
from qe_action.analysis.collect import FileCounts
from qe_action.analysis.coverage_history import point_of
from qe_action.analysis.deltas import Lookup
from qe_action.analysis.test_baseline import TestLookup, digest_of_tests
from qe_action.github.baseline_lookup import BaselineFinder, TestBaselineFinder
from qe_action.github.client import GitHub
from qe_action.github.kept_digests import ANCESTORS, Ancestors, KeptDigests, first_parents
from qe_action.github.payloads import CheckDraft, CheckUpdate
from qe_action.github.retry_policy import RetryPolicy
from qe_action.workspace.git import Git

NAME = "coverage"
KEY = "0" * 16
JOB_APP = 15368
FILES = {"a.py": FileCounts(10, 8)}


@pytest.fixture(scope="module")
def main_line(tmp_path_factory: pytest.TempPathFactory) -> tuple[GitRepo, list[str]]:
    """A history of 30 commits on main, each a merge of a branch of one commit."""
    repo = GitRepo(tmp_path_factory.mktemp("history") / "repo")
    line = [repo.commit({"a.py": "0\n"})]
    for number in range(1, 30):
        repo.branch(f"b{number}")
        repo.commit({"a.py": f"{number}\n"})
        repo.git("checkout", "-q", "main")
        repo.git("merge", "-q", "--no-ff", "-m", "merge", f"b{number}")
        line.append(repo.git("rev-parse", "HEAD"))
    return repo, line


class Repo:
    """The history and what GitHub knows of it."""

    def __init__(self, repo: GitRepo, line: list[str], github: FakeGitHub) -> None:
        self.repo, self.line, self.github = repo, line, github
        github.git = GitSide(repo.root)

    def before(self, commits: int) -> str:
        """The commit so many before main's last one."""
        return self.line[-1 - commits]

    def find(
        self,
        base: str | None = "",
        *,
        own: int | None = JOB_APP,
        clone: Path | None = None,
        advise: bool = True,
        token: str = "",
    ) -> Lookup:
        """What is found for a base, main's last commit where none is named."""

        async def own_app() -> int | None:
            return own

        git = Git(clone or self.repo.root, env=git_env())

        async def look(github: GitHub) -> Lookup:
            ancestors = Ancestors(github, git.first_parents)
            kept = KeptDigests(github, ancestors, check_name=NAME, own_app=own_app)
            finder = BaselineFinder(kept, advise=advise)
            search = BaselineSearch(finder)
            search.begin(self.line[-1] if base == "" else base, KEY)
            found = await search.result()
            assert found is not None
            return found

        return with_client(self.github, look, token)

    def find_both(self) -> tuple[Lookup, TestLookup]:
        """What is found of coverage and tests in check runs that may have both."""

        async def own_app() -> int | None:
            return JOB_APP

        async def look(github: GitHub) -> tuple[Lookup, TestLookup]:
            history = Git(self.repo.root, env=git_env()).first_parents
            ancestors = Ancestors(github, history)
            kept = KeptDigests(github, ancestors, check_name=NAME, own_app=own_app)
            tests = await TestBaselineFinder(kept, advise=True).find(self.line[-1], KEY)
            return await BaselineFinder(kept, advise=True).find(self.line[-1], KEY), tests

        found: tuple[Lookup, TestLookup] = with_client(self.github, look)
        return found

    def keep(
        self, sha: str, *, key: str = KEY, names: str = "", old: bool = False, **changed: Any
    ) -> None:
        """A completed check run on a commit with a digest; `changed` is done to it afterwards.

        An `old` one has no points beside it.
        """
        digest = digest_of(names or sha, key, FILES)
        text = encode(digest)
        if not old:
            text += f"\n{coverage_history.encode([point_of(digest)])}"

        async def deliver(github: GitHub) -> int:
            check = await github.create_check(CheckDraft(NAME, sha, "t", "s"))
            await github.update_check(
                check.id,
                CheckUpdate("t", "s", f"Some words.\n\n{text}", "completed", "success"),
            )
            assert check.app_id == JOB_APP
            return check.id

        self.github.checks[with_client(self.github, deliver)].data.update(changed)


def with_client(github: FakeGitHub, work: Callable[[GitHub], Any], token: str = "") -> Any:
    async def main() -> Any:
        client = GitHub(
            token=SecretStr(token or github.token),
            repo=github.repo,
            api_url=github.url,
            policy=RetryPolicy(write_gap=0, backoff=0, retry_total=1),
        )
        try:
            return await work(client)
        finally:
            await client.aclose()

    return asyncio.run(main())


@pytest.fixture
def repo(main_line: tuple[GitRepo, list[str]], strict: FakeGitHub) -> Repo:
    return Repo(*main_line, strict)


def reads(repo: Repo) -> list[str]:
    return [r.path.partition(f"{repo.github.repo}/")[2] for r in repo.github.sent("GET")]


def test_the_base_s_own_digest_takes_one_request(repo: Repo) -> None:
    repo.keep(repo.before(0))
    repo.keep(repo.before(1))
    found = repo.find()
    assert (found.commits_before, found.notes) == (0, ())
    assert found.digest is not None
    assert found.digest.sha == repo.before(0)
    assert found.digest.rows == FILES
    assert reads(repo) == [f"commits/{repo.before(0)}/check-runs"]


def test_the_nearest_ancestor_by_first_parents_is_next(repo: Repo) -> None:
    repo.keep(repo.before(5))
    repo.keep(repo.before(3))
    repo.keep(repo.repo.git("rev-parse", "b28"))  # merged, but never what main was
    found = repo.find()
    assert found.digest is not None
    assert (found.digest.sha, found.commits_before) == (repo.before(3), 3)
    assert len(reads(repo)) == 4


def test_a_shallow_clone_asks_github_for_the_history(repo: Repo, tmp_path: Path) -> None:
    clone = repo.repo.clone(tmp_path / "clone", repo.before(0), depth=1)
    repo.keep(repo.before(3))
    found = repo.find(clone=clone)
    assert found.digest is not None
    assert found.commits_before == 3
    assert reads(repo).count("commits") == 1
    assert len(reads(repo)) == 5


def test_beyond_the_limit_nothing_is_looked_at(repo: Repo, tmp_path: Path) -> None:
    repo.keep(repo.before(ANCESTORS + 1))
    clone = repo.repo.clone(tmp_path / "clone", repo.before(0), depth=1)
    assert repo.find(clone=clone).digest is None
    assert len(reads(repo)) == ANCESTORS + 2
    assert repo.find(repo.before(1)).commits_before == ANCESTORS


def test_without_one_it_says_how_to_get_one_and_only_where_asked_to(repo: Repo) -> None:
    (note,) = repo.find().notes
    assert "run this action on pushes to the branch that the pull request targets" in note
    assert repo.find(advise=False).notes == ()
    (note,) = repo.find(None).notes
    assert note == "The measured base is not known, so there is no baseline."


@pytest.mark.parametrize(
    "changed",
    [
        {"app": {"id": 7, "slug": "github-actions"}},
        {"app": {"id": 7, "slug": "somebody-else"}},
        {"app": None},
        {"name": "Coverage"},
        {"head_sha": "b" * 40},
        {"status": "in_progress", "conclusion": None},
        {"conclusion": "cancelled"},
        {"conclusion": "timed_out"},
        {"output": {"title": "t", "summary": "s", "text": None}},
        {"output": {"title": "t", "summary": "s", "text": "<!-- qe-action-baseline 1 AA -->"}},
    ],
)
def test_a_check_run_that_is_not_as_ours_is_not_believed(
    repo: Repo, changed: dict[str, Any]
) -> None:
    repo.keep(repo.before(0))
    (check,) = repo.github.checks.values()
    if "output" in changed:
        changed = {"output": {**check.data["output"], **changed["output"]}}
    if changed.get("app"):
        changed = {"app": {**check.data["app"], **changed["app"]}}
    check.data.update(changed)
    assert repo.find().digest is None


def test_a_digest_of_another_commit_is_not_believed(repo: Repo) -> None:
    repo.keep(repo.before(0), names=repo.before(1))
    assert repo.find().digest is None


def test_without_a_check_run_of_our_own_the_job_s_app_is_trusted(repo: Repo) -> None:
    repo.keep(repo.before(0))
    assert repo.find(own=None).digest is not None
    (check,) = repo.github.checks.values()
    check.data["app"] = {**check.data["app"], "slug": "another"}
    assert repo.find(own=None).digest is None
    assert repo.find(own=JOB_APP).digest is not None


def test_another_app_s_run_beside_ours_does_not_hide_it(repo: Repo) -> None:
    repo.keep(repo.before(0))
    repo.keep(repo.before(0), names="c" * 40)
    repo.keep(repo.before(0), status="in_progress", conclusion=None)
    found = repo.find()
    assert found.digest is not None
    assert found.commits_before == 0


def test_other_settings_are_named_and_nothing_is_compared(repo: Repo) -> None:
    repo.keep(repo.before(0), key="1" * 16)
    repo.keep(repo.before(1))
    found = repo.find()
    assert found.digest is None
    assert "another include, exclude, source-root" in found.notes[0]


def test_points_before_an_old_digest_take_three_further_requests_at_most(
    repo: Repo, tmp_path: Path
) -> None:
    for commits in (0, 2, 3):
        repo.keep(repo.before(commits), old=True)
    clone = repo.repo.clone(tmp_path / "clone", repo.before(0), depth=1)
    points = repo.find(clone=clone).points
    assert [(p.sha, p.after_gap) for p in points] == [
        (repo.before(2), False),
        (repo.before(0), True),
    ]
    assert len(reads(repo)) == 1 + 3


def test_the_points_of_the_nearest_new_digest_end_the_look_back(repo: Repo) -> None:
    repo.keep(repo.before(0), old=True)
    repo.keep(repo.before(1))
    repo.keep(repo.before(2), old=True)
    assert [p.sha for p in repo.find().points] == [repo.before(1), repo.before(0)]
    assert len(reads(repo)) == 2


def test_points_of_other_settings_are_not_drawn_together(repo: Repo) -> None:
    repo.keep(repo.before(0), old=True)
    repo.keep(repo.before(1), key="1" * 16)
    repo.keep(repo.before(2))
    assert [p.sha for p in repo.find().points] == [repo.before(0)]


def kept_tests(sha: str, key: str = KEY) -> str:
    digest = digest_of_tests(sha, key, failing=["t.py::test_a"], flaky=[], seconds={})
    return test_baseline.encode(digest)


def add_tests(repo: Repo, sha: str, text: str) -> None:
    """A digest of tests in the check run that a commit has."""
    (check,) = (c for c in repo.github.checks.values() if c.data["head_sha"] == sha)
    check.data["output"]["text"] += f"\n{text}"


def test_tests_and_coverage_are_found_in_one_check_run_by_the_same_requests(repo: Repo) -> None:
    repo.keep(repo.before(0))
    repo.keep(repo.before(2))
    add_tests(repo, repo.before(2), kept_tests(repo.before(2)))
    coverage, tests = repo.find_both()
    assert (coverage.commits_before, tests.commits_before) == (0, 2)
    assert tests.digest is not None
    assert tests.digest.failing == {"t.py::test_a"}
    assert len(reads(repo)) == 3


def test_tests_are_believed_by_the_same_rules(repo: Repo) -> None:
    repo.keep(repo.before(0))
    add_tests(repo, repo.before(0), kept_tests(repo.before(1)))
    _, tests = repo.find_both()
    assert tests.digest is None
    assert "it is told which failures are new" in tests.notes[0]
    repo.keep(repo.before(1), status="in_progress", conclusion=None)
    add_tests(repo, repo.before(1), kept_tests(repo.before(1)))
    assert repo.find_both()[1].digest is None


def test_tests_kept_by_another_name_are_not_compared_with(repo: Repo) -> None:
    repo.keep(repo.before(0))
    add_tests(repo, repo.before(0), kept_tests(repo.before(0), key="1" * 16))
    coverage, tests = repo.find_both()
    assert coverage.digest is not None
    assert tests.digest is None
    assert "by another name" in tests.notes[0]


def test_github_s_failures_are_notes(repo: Repo) -> None:
    repo.github.private = True
    token = repo.github.add_token("blind", contents="read")
    (note,) = repo.find(token=token).notes
    assert note.startswith("The baseline could not be read: GitHub refused")
    assert "checks: read" in note
    repo.github.fail("GET", "/check-runs", 502, times=9)
    (note,) = repo.find().notes
    assert note.startswith("The baseline could not be read: ")


def test_an_answer_that_is_no_list_of_commits_makes_no_line() -> None:
    loop = [{"sha": "a", "parents": [{"sha": "b"}]}, {"sha": "b", "parents": [{"sha": "a"}]}]
    assert first_parents(loop, "a") == ("b", "a")
    assert first_parents([], "a") == ()
    assert first_parents([{"sha": "a", "parents": []}], "a") == ()


def test_a_search_that_takes_too_long_is_left() -> None:
    class Slow:
        async def find(self, base_sha: str | None, key: str) -> Lookup:
            await asyncio.sleep(60)
            return Lookup()

    async def main() -> Lookup | None:
        search = BaselineSearch(Slow(), patience=0.01)
        search.begin("a" * 40, KEY)
        return await search.result()

    found = asyncio.run(main())
    assert found is not None
    assert found.notes == ("The baseline was not found in time.",)


def test_nothing_is_looked_for_where_nobody_can() -> None:
    async def main() -> Lookup | None:
        search = BaselineSearch(None)
        search.begin("a" * 40, KEY)
        return await search.result()

    assert asyncio.run(main()) is None
