"""Generated tests in the action: behind the analysis, in comment, check run and summary."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from fake_github import FakeGitHub
from job import Job, cobertura
from runner import Result

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

    def generate(self, **inputs: str) -> Result:
        return self.run(generate_tests="true", **({"sandbox": "off", "time_budget": "15"} | inputs))


@pytest.fixture
def shop(tmp_path: Path, strict: FakeGitHub) -> Shop:
    return Shop(tmp_path, strict)


def test_x(shop: Shop) -> None:
    result = shop.generate(journal_file="j.jsonl")
    print(result.log)
    print(shop.comment.body)
    print(result.outputs)
    Path("/tmp/act5c.md").write_text(shop.comment.body)
    print(shop.repo.root.joinpath("j.jsonl").read_text()[-3000:])
    print([r.method + " " + r.path for r in shop.github.requests])
    assert 0
