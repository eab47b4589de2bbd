"""Generated tests in the action: behind the analysis, in comment, check run and summary."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from fake_github import FakeGitHub
from fake_github import strict as api_description
from job import Job, cobertura
from project_python import project_python
from runner import Result
from slowness import in_time, slowness

NAME = "qe-action coverage"
BASE = '''
    """Prices."""


    def total(prices):
        return sum(prices)
'''
ADDED = '''

    def reduced(price, percent):
        """Less than before.

        >>> reduced(200, 50)
        90
        """
        return price - price * percent / 100


    class NoWeight(ValueError):
        pass


    def postage(grams):
        if grams <= 0:
            raise NoWeight("a parcel weighs something")
        if grams < 500:
            return 2
        return 4
'''
ADDED_LINES = {8: 1, 14: 0, 17: 1, 18: 1, 21: 1, 22: 0, 23: 0, 24: 0, 25: 0, 26: 0}
TEST = """
    from shop import total


    def test_total():
        assert total([1, 2]) == 3
"""


class Shop(Job):
    """A pull request that adds a function to a small project, without tests for it."""

    def __init__(self, tmp: Path, github: FakeGitHub, *, moved: int = 0) -> None:
        super().__init__(tmp, github)
        repo = self.repo
        base = dedent(BASE).lstrip()
        repo.git("checkout", "-q", "main")
        repo.git("rm", "-q", "app.py", "other.py")
        self.base = repo.commit({"shop.py": base, "tests/test_shop.py": dedent(TEST).lstrip()})
        repo.branch("more")
        self.head = repo.commit({"shop.py": base + dedent(ADDED)})
        repo.git("checkout", "-q", "main")
        if moved:
            repo.commit({"shop.py": "# moved\n" * moved + base})
        self.merge = repo.merge("main", "more")
        github.pulls.clear()
        github.add_pull(7, self.head, self.base)
        lines = {1: 1, 4: 1, 5: 1, **ADDED_LINES}
        report = cobertura({"shop.py": {line + moved: hits for line, hits in lines.items()}})
        (repo.root / "coverage.xml").write_text(report)

    def generate(self, payload: object = None, **inputs: Any) -> Result:
        budget = str(round(6 * slowness()))
        return self.run(
            payload=payload,
            generate_tests="true",
            **(BESIDE_OURS | {"sandbox": "off", "time_budget": budget} | inputs),
        )


BESIDE_OURS: Mapping[str, Any] = {"env": {"VIRTUAL_ENV": str(Path(project_python()).parents[1])}}
"""The project's interpreter has pytest without our own plugins."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shop, Result]]:
    """A run that generates tests, for all that only look at it."""
    with FakeGitHub() as github:
        shop = Shop(tmp_path_factory.mktemp("made"), github)
        yield shop, shop.generate(journal_file="journal.jsonl")
        if not api_description.missing():
            assert api_description.problems(github.requests) == []


@pytest.fixture
def shop(tmp_path: Path, strict: FakeGitHub) -> Shop:
    return Shop(tmp_path, strict)


def proposed(result: Result, shop: Shop) -> None:
    """The tests stand in comment, check run, summary and outputs."""
    assert result.status == 0, result.log
    number = int(result.outputs["tests-generated"])
    assert number >= 2
    assert result.outputs["suspected-bugs"] == "1"
    for text in (shop.comment.body, shop.check.data["output"]["summary"], result.summary):
        assert f"**Generated tests:** {number} passed every gate. Coverage of `shop.py`" in text
        assert f"{number} tests to add to <code>tests/test_shop.py</code>" in text
        assert text.count("\ndef test_postage") == number
        assert "passed alone and in 5 processes" in text
        assert "suite: the whole suite in random order" in text
        assert "`reduced(200, 50)` should give `90`, gives `100.0`" in text


def test_tests_for_the_gaps_are_shown_and_run_in_the_project(
    made: tuple[Shop, Result],
) -> None:
    shop, result = made
    proposed(result, shop)
    body = shop.comment.body
    code = body.partition("```python\n")[2].partition("\n```")[0]
    (shop.repo.root / "tests/test_more.py").write_text(code)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_more.py"],
        cwd=shop.repo.root,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    title = shop.check.data["output"]["title"]
    assert (title, shop.check.data["conclusion"]) == ("Patch 40%, project 53.8%", "success")
    assert len(shop.check.annotations) == 2
    assert not shop.repo.git("status", "--porcelain", "shop.py", "tests/test_shop.py")
    assert "test  test_postage" in result.log


@pytest.mark.slow
def test_lines_are_those_of_the_head_where_the_base_moved(
    tmp_path: Path, strict: FakeGitHub
) -> None:
    shop = Shop(tmp_path, strict, moved=5)
    proposed(shop.generate(), shop)
    assert f"/blob/{shop.head}/shop.py#L22-L23) and branch 22→23" in shop.comment.body


@pytest.mark.slow  # the pace of both is shown without a generation
def test_the_check_run_is_complete_and_the_comment_tells_progress_meanwhile(shop: Shop) -> None:
    shop.generate(time_budget="2")
    completed, told = [
        sent
        for sent in shop.github.sent("PATCH", "/check-runs/")
        if sent.body["status"] == "completed"
    ]
    assert told.time - completed.time > 1
    writes = [sent for sent in shop.github.requests if "comments" in sent.path and sent.body]
    *earlier, last = [sent.body["body"] for sent in writes]
    assert any("⏳ **Generated tests:**" in body for body in earlier)
    assert "⏳" not in last
    assert len(writes) <= 6
    assert len(shop.github.requests) <= 24


def test_nothing_is_generated_unless_asked_for(shop: Shop) -> None:
    result = shop.run()
    assert result.outputs["tests-generated"] == ""
    assert "Generated" not in shop.comment.body + result.summary
    assert "Setting up" not in result.log


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"tests_outcome": "failure"}, "The suite did not pass"),
        ({"exclude": "shop.py"}, "No Python file has a gap"),
    ],
)
def test_where_there_is_nothing_to_do_it_says_so(
    shop: Shop, inputs: dict[str, str], said: str
) -> None:
    result = shop.generate(**inputs)
    assert result.status == 0
    assert "**Generated tests:** none." in shop.comment.body
    assert said in shop.comment.body
    assert said in result.summary
    assert result.outputs["tests-generated"] == "0"


def test_a_target_that_can_t_be_imported_is_a_warning_and_the_analysis_stays(shop: Shop) -> None:
    source = shop.repo.root / "shop.py"
    shop.repo.commit({"shop.py": f"{source.read_text()}\nimport nothing_of_this_name\n"})
    result = shop.generate()
    assert result.status == 0
    assert "Patch" in shop.comment.body
    assert "shop can't be imported by a test" in shop.comment.body
    assert "The generation failed, so none is proposed." in shop.comment.body
    assert any(c.name == "warning" and "can't be imported" in c.message for c in result.commands)
    assert shop.check.data["conclusion"] == "success"


def test_a_cancelled_generation_leaves_the_analysis_and_says_so_in_time(shop: Shop) -> None:
    def generating() -> bool:
        checks = list(shop.github.checks.values())
        body = "".join(comment.body for comment in shop.github.comments.values())
        return bool(checks) and checks[0].data["status"] == "completed" and "⏳ **Gen" in body

    result = shop.run(
        generate_tests="true", sandbox="off", time_budget="60", cancel_when=generating
    )
    assert in_time(result.seconds, 7)
    assert "The generation was cancelled" in shop.comment.body
    assert "Patch 40%, project 53.8%" in shop.comment.body
    assert (shop.check.data["conclusion"], result.status) == ("success", 0)


def test_the_code_that_is_run_sees_no_token(shop: Shop, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    spy = f"open({str(seen)!r}, 'w').write(json.dumps(dict(os.environ)))"
    source = (shop.repo.root / "shop.py").read_text()
    shop.repo.commit({"shop.py": f"import json\nimport os\n{source}\n\n{spy}\n"})
    shop.generate(time_budget="1", env={**BESIDE_OURS["env"], "GITHUB_TOKEN": "ghs_secret"})
    environment = json.loads(seen.read_text())
    assert not [name for name in environment if name.startswith(("INPUT", "GITHUB", "ACTIONS"))]
    assert shop.github.token not in str(environment)
    assert "ghs_secret" not in str(environment)


def test_code_of_a_fork_is_never_run_without_a_sandbox(shop: Shop) -> None:
    payload = shop.payload()
    payload["pull_request"]["head"]["repo"] = {"full_name": "mallory/demo"}
    result = shop.run(generate_tests="true", sandbox="off", payload=payload)
    assert "code of a fork is never run without one" in shop.comment.body
    assert (result.status, result.outputs["tests-generated"]) == (0, "0")


def test_publish_shows_what_the_journal_has_and_runs_nothing(
    made: tuple[Shop, Result], shop: Shop
) -> None:
    journal = (made[0].repo.root / "journal.jsonl").read_text()
    kinds = [json.loads(line).get("type") for line in journal.splitlines()]
    assert kinds.count("complete") == 2
    assert {"test", "suspicion"} <= set(kinds)
    (shop.repo.root / "journal.jsonl").write_text(journal)
    (shop.repo.root / "shop.py").write_text("raise SystemExit('it was run')\n")
    fork = shop.payload()
    fork["pull_request"]["head"]["repo"] = {"full_name": "mallory/demo"}
    result = shop.run(command=("publish", "journal.jsonl"), payload=fork)
    proposed(result, shop)
    assert "it was run" not in result.log
    assert "they and their evidence are its own word" in shop.comment.body
