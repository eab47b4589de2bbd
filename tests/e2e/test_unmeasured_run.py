"""What a pull request shows of a changed file that its report does not list."""

from __future__ import annotations

from pathlib import Path

from fake_github import FakeGitHub
from job import Job, cobertura


def test_it_is_marked_in_comment_and_annotation(tmp_path: Path, strict: FakeGitHub) -> None:
    job = Job(tmp_path, strict, moved=4)
    (job.repo.root / "coverage.xml").write_text(cobertura({"other.py": {1: 1, 2: 1}}))
    done = job.run(min_patch_coverage="50")
    assert done.status == 1
    check = job.check
    assert check.data["output"]["title"] == "Patch coverage is below 50%: patch 0%, project 100%"
    (annotation,) = check.annotations
    assert annotation["path"] == "app.py"
    assert annotation["title"].startswith("Not measured: 24 statements")
    assert "the report does not list this file" in annotation["message"]
    body = job.comment.body
    assert "| 0% | 0 of 10 | – |" in body
    assert "| not measured |" in body
    assert "not measured: 24 statements" in body
    assert "app.py" in body.partition("**Good to know**")[2]


def test_a_report_that_does_not_fit_is_neutral(tmp_path: Path, strict: FakeGitHub) -> None:
    job = Job(tmp_path, strict)
    (job.repo.root / "coverage.xml").write_text(cobertura({"else/where.py": {1: 1}}))
    done = job.run(min_patch_coverage="50", min_project_coverage="50", unmeasured="count")
    assert done.status == 0
    assert job.check.data["conclusion"] == "neutral"
    why = "he report does not fit this repository, which lacks its only source file"
    assert job.check.data["output"]["title"] == f"T{why}"
    assert job.comment.body.count(f"not judged, as t{why}") == 2
