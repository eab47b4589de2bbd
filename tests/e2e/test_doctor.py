"""`qe-action doctor` in a workflow, on a desk, and its short form in a run."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from fake_github import FakeGitHub
from fake_github.git import GitSide
from gitrepo import GitRepo, git_env
from job import REPO, Job, cobertura
from slowness import in_time
from warm_program import run_program

from qe_action.doctor.examination import Doctor
from qe_action.settings import load

ROOT = Path(__file__).parent.parent.parent
WORKFLOW = """\
on: [pull_request]
permissions: {}
jobs:
  test:
    permissions:
      contents: read
      checks: write
      pull-requests: write
    steps:
      - uses: actions/checkout@v6
        with:
          fetch-depth: 2
      - uses: qe-action/qe-action@v1
        if: ${{ !cancelled() }}
        with:
          tests-outcome: ${{ steps.tests.outcome }}
"""
NAMED = {
    "GITHUB_WORKFLOW_REF": f"{REPO}/.github/workflows/ci.yml@refs/pull/7/merge",
    "GITHUB_JOB": "test",
}


@pytest.fixture
def job(tmp_path: Path, strict: FakeGitHub) -> Job:
    """A pull request whose workflow is set up as it should be."""
    made = Job(tmp_path, strict, moved=4)
    made.repo.write({".github/workflows/ci.yml": WORKFLOW})
    made.report({2, 3, 7})
    return made


@dataclass
class Seen:
    """What the doctor said, as text and as JSON, and the requests of one of them."""

    status: int
    log: str
    data: Mapping[str, Any]
    requests: list[tuple[str, str]]

    def level(self, topic: str) -> str:
        """The worst level of a topic."""
        order = ("ok", "info", "unknown", "warn", "fail")
        return max((f["level"] for f in self.of(topic)), key=order.index)

    def of(self, topic: str) -> list[Mapping[str, Any]]:
        return [f for f in self.data["findings"] if f["topic"] == topic]

    def says(self, topic: str) -> str:
        return " ".join(f["text"] for f in self.of(topic))

    @property
    def added(self) -> str:
        return "\n".join(self.data["add"])


def doctor(job: Job, *, env: Mapping[str, str] | None = None, **more: Any) -> Seen:
    """Run both forms; they must agree, write nothing and never show the token."""
    env = NAMED | dict(env or {})
    text = job.run(command=("doctor",), env=env, **more)
    requests = [(r.method, r.path.removeprefix(f"/repos/{REPO}/")) for r in job.github.requests]
    found = job.run(command=("doctor", "--output", "json"), env=env, **more)
    assert found.status == text.status, found.log
    assert "Traceback" not in text.log
    assert {method for method, _ in requests} <= {"GET"}
    secret = more.get("token") or job.github.token
    assert secret not in text.log + found.log
    assert secret[4:] not in text.log + found.log
    data = json.loads(found.log)
    for paste in data["add"]:
        assert yaml.safe_load(paste), paste
    return Seen(text.status, text.log, data, requests)


def test_a_good_set_up_is_told_to_work(job: Job) -> None:
    seen = doctor(job)
    assert seen.status == 0, seen.log
    assert seen.data["works"] is True
    assert (seen.data["event"], seen.data["pull_request"]) == ("pull_request", 7)
    assert (seen.data["tree"], seen.data["token"]) == ("merge", "installation")
    topics = ("event", "tree", "token", "permissions", "history", "reports", "paths", "workflow")
    outlook = ("check-run", "annotations", "comment", "patch-coverage")
    assert {seen.level(topic) for topic in (*topics, *outlook)} == {"ok"}
    assert "coverage.xml: cobertura, 2 files, 26 statements" in seen.says("reports")
    assert "All that is asked for will work." in seen.log
    # The base has no baseline: the one thing to add is the trigger that leaves one.
    assert len(seen.data["add"]) == 1
    assert "branches: [main]" in seen.added
    assert seen.requests == [
        ("GET", f"commits/{job.head}/check-runs"),
        ("GET", "issues/7/comments"),
        ("GET", f"commits/{job.repo.git('rev-parse', 'main')}/check-runs"),
    ]
    assert seen.data["requests"] == 3


def test_depth_1_costs_requests_and_fetch_depth_mends_it(job: Job, tmp_path: Path) -> None:
    whole = job.repo.root
    job.repo.root = job.repo.clone(tmp_path / "shallow", job.merge, 1)
    job.github.git = GitSide(whole)
    job.report({2})
    seen = doctor(job)
    assert seen.status == 0, seen.log
    assert seen.data["tree"] == "merge"
    assert seen.data["shallow"] is True
    assert "shallow, 1 commit deep" in seen.says("history")
    assert seen.level("history") == "warn"
    assert "fetch-depth: 2" in seen.added
    assert "two requests more" in seen.says("patch-coverage")
    assert len(seen.requests) == 4
    assert seen.requests[-1] == ("GET", "commits")


def fork(job: Job, *, private: bool) -> dict[str, Any]:
    payload = job.payload()
    payload["pull_request"]["head"]["repo"] = {"full_name": "mallory/demo"}
    payload["repository"]["private"] = private
    return payload


def test_a_fork_s_token_only_reads_and_a_journal_is_the_way_out(job: Job) -> None:
    more = {"token": job.github.read_only_token, "payload": fork(job, private=False)}
    seen = doctor(job, **more)
    assert seen.status == 0
    assert "from a fork" in seen.says("event")
    assert {seen.level("check-run"), seen.level("comment")} == {"info"}
    assert "fork" in seen.says("check-run")
    assert "journal: " in seen.added
    assert "mode: publish" in seen.added
    assert "# in the job" not in seen.added
    seen = doctor(job, journal="journal.jsonl", **more)
    assert seen.status == 0
    assert "journal" not in seen.added
    assert seen.level("check-run") == "ok"
    assert "second workflow" in seen.says("comment")


def test_a_private_repository_may_send_forks_write_tokens(job: Job) -> None:
    seen = doctor(job, payload=fork(job, private=True))
    assert seen.status == 0
    assert seen.level("check-run") == "unknown"


def test_without_a_token_nothing_is_asked_and_nothing_is_sent(job: Job) -> None:
    seen = doctor(job, token="")
    assert seen.status == 1
    assert seen.requests == []
    assert seen.data["token"] == "none"
    assert {seen.level("check-run"), seen.level("comment")} == {"fail"}
    assert "token: ${{ github.token }}" in seen.added
    assert seen.level("patch-coverage") == "ok"


def test_a_wrong_coverage_file_names_what_lies_nearby(job: Job) -> None:
    (job.repo.root / "out").mkdir()
    (job.repo.root / "out/lcov.info").write_text("SF:app.py\nDA:1,1\nend_of_record\n")
    (job.repo.root / "out/coverage-notes.xml").write_text("<notes/>")
    (job.repo.root / ".coverage").write_bytes(b"SQLite format 3\x00")
    seen = doctor(job, coverage_file="build/coverage.xml", min_patch_coverage="80")
    assert seen.status == 1
    assert "no coverage report at build/coverage.xml" in seen.says("reports")
    nearby = "coverage.xml (cobertura), .coverage (coverage.py data), out/lcov.info (lcov)"
    assert nearby in seen.says("reports")
    assert "notes" not in seen.log
    assert "coverage-file: coverage.xml" in seen.added
    assert "min-patch-coverage" in seen.says("gates")
    assert {seen.level("patch-coverage"), seen.level("gates")} == {"fail"}


def test_paths_of_another_machine_are_placed_by_a_source_root(job: Job) -> None:
    job.repo.git("checkout", "-q", "feature")
    job.head = job.repo.commit({"backend/svc.py": "x = 1\ny = 2\n"})
    job.merge = job.repo.merge("main", "feature")
    (job.repo.root / "coverage.xml").write_text(cobertura({"/app/svc.py": {1: 1, 2: 0}}))
    seen = doctor(job)
    assert seen.status == 1
    assert seen.data["paths"] == {"matched": 0, "total": 1}
    assert "the report says /app/svc.py" in seen.says("paths")
    assert "source-root: backend" in seen.added
    assert seen.level("patch-coverage") == "fail"
    seen = doctor(job, source_root="backend")
    assert seen.status == 0, seen.log
    assert seen.data["paths"] == {"matched": 1, "total": 1}


def push(job: Job, before: str, after: str) -> dict[str, Any]:
    repository = {"full_name": REPO, "default_branch": "main"}
    return {"ref": "refs/heads/main", "before": before, "after": after, "repository": repository}


def test_a_push_to_the_default_branch_leaves_a_baseline(job: Job) -> None:
    job.repo.git("checkout", "-q", "main")
    after = job.repo.git("rev-parse", "HEAD")
    env = {"GITHUB_REF": "refs/heads/main", "GITHUB_SHA": after}
    seen = doctor(job, event_name="push", payload=push(job, job.base, after), env=env)
    assert seen.status == 0, seen.log
    assert seen.data["tree"] == "commit"
    assert "leaves one" in seen.says("baseline")
    assert seen.of("comment") == []
    assert len(seen.requests) == 1


def test_pull_request_target_is_warned_of(job: Job) -> None:
    job.repo.git("checkout", "-q", "main")
    env = {"GITHUB_REF": "refs/heads/main"}
    seen = doctor(job, event_name="pull_request_target", env=env)
    assert seen.status == 1
    assert seen.level("event") == "warn"
    assert "never check out or run" in seen.says("event")
    assert seen.data["tree"] == "unknown"
    assert seen.level("patch-coverage") == "fail"
    assert "pull_request:" in seen.added


def test_a_workflow_that_grants_too_little_is_told_by_its_file(job: Job) -> None:
    text = WORKFLOW.replace("      checks: write\n", "").replace(" !cancelled() ", " true ")
    job.repo.write({".github/workflows/ci.yml": text})
    seen = doctor(job)
    assert seen.status == 1
    assert "ci.yml has no checks: write for this job's token" in seen.says("check-run")
    assert seen.level("comment") == "ok"
    assert "if: ${{ !cancelled() }}" in seen.added
    assert "checks: write" in seen.added


def test_the_page_s_example_is_what_it_prints(job: Job, tmp_path: Path) -> None:
    job.repo.git("checkout", "-q", "feature")
    job.head = job.repo.commit({"backend/shop.py": "x = 1\ny = 2\n"})
    job.merge = job.repo.merge("main", "feature")
    whole = job.repo.root
    job.repo.root = job.repo.clone(tmp_path / "shallow", job.merge, 1)
    job.github.git = GitSide(whole)
    (job.repo.root / "coverage.xml").write_text(cobertura({"/app/shop.py": {1: 1, 2: 0}}))
    text = WORKFLOW.replace("      checks: write\n", "").split("        with:\n          tests-")[0]
    job.repo.write({".github/workflows/ci.yml": text})
    result = job.run(command=("doctor",), env=NAMED)
    path = Path(__file__).parent.parent / "golden/doctor_example.txt"
    page = ROOT / ".github/docs/doctor.md"
    before, start, rest = page.read_text(encoding="utf-8").partition("<!-- doctor -->\n```text\n")
    if os.environ.get("QE_GOLDEN") == "write":
        path.write_text(result.log, encoding="utf-8")
        after = rest.partition("```\n<!-- /doctor -->")
        page.write_text(f"{before}{start}{result.log}{''.join(after[1:])}", encoding="utf-8")
    assert result.log == path.read_text(encoding="utf-8")
    assert result.log in page.read_text(encoding="utf-8")


def test_what_only_writing_would_show_is_unknown(job: Job) -> None:
    (job.repo.root / ".github/workflows/ci.yml").unlink()
    seen = doctor(job)
    assert seen.status == 0
    assert seen.level("check-run") == "unknown"
    assert "Set up job" in seen.says("permissions")


def test_a_refused_read_names_what_github_would_take(job: Job) -> None:
    job.github.private = True
    token = job.github.add_token("ghs_blind", contents="read", pull_requests="write")
    seen = doctor(job, token=token)
    assert seen.status == 1
    assert "it takes checks=read" in seen.says("permissions")
    assert "Resource not accessible by integration" in seen.says("permissions")
    assert seen.level("comment") == "ok"


@pytest.mark.parametrize(("scopes", "level"), [("repo, workflow", "ok"), ("read:org", "fail")])
def test_a_classic_personal_token_has_scopes_and_no_check_runs(
    job: Job, scopes: str, level: str
) -> None:
    token = job.github.add_token(
        "ghp_Q4dW9zKx", login="octocat", installation=False, scopes=scopes, pull_requests="write"
    )
    seen = doctor(job, token=token)
    assert seen.status == 1
    assert seen.data["token"] == "classic"
    assert seen.level("check-run") == "fail"
    assert "only an App's" in seen.says("check-run")
    assert seen.level("comment") == level
    assert scopes in seen.says("permissions")


def test_an_expired_token_is_asked_about_once(job: Job) -> None:
    seen = doctor(job, token="ghs_expired")
    assert seen.status == 1
    assert len(seen.requests) == 1
    assert "Bad credentials" in seen.says("token")


def test_a_token_that_is_sent_back_is_not_shown(job: Job) -> None:
    job.github.fail("GET", "", 401, times=2, message=f"Bad {job.github.token}")
    assert "Bad ***" in doctor(job).says("token")


def test_a_github_that_hangs_holds_it_no_longer_than_its_limit(job: Job) -> None:
    job.github.fail("GET", "", "delay", times=9, seconds=30)
    started = time.monotonic()
    result = job.run(command=("doctor",), env=NAMED)
    assert in_time(time.monotonic() - started, 15)
    assert len(job.github.requests) == 1
    assert "no answer in time" in result.log
    assert result.status == 0
    assert "will be made" in result.log  # the workflow's file says so


def test_all_requests_together_have_a_limit(job: Job) -> None:
    """Each answer comes in time, all of them would not."""
    job.github.fail("GET", "", "delay", times=9, seconds=3)
    result = job.run(command=("doctor", "--output", "json"), env=NAMED)
    assert in_time(result.seconds, 14)
    assert json.loads(result.log)["requests"] in (2, 3)  # of 3 s each, in 8 s
    assert result.status == 0


def test_the_base_s_baseline_is_found(job: Job) -> None:
    job.repo.git("checkout", "-q", "main")
    after = job.repo.git("rev-parse", "HEAD")
    env = {"GITHUB_REF": "refs/heads/main", "GITHUB_SHA": after}
    job.report(set())
    assert job.run(event_name="push", payload=push(job, job.base, after), env=env).status == 0
    job.github.requests.clear()
    job.repo.git("checkout", "-q", "--detach", job.merge)
    found = job.run(command=("doctor", "--output", "json"), env=NAMED)
    texts = {f["topic"]: f["text"] for f in json.loads(found.log)["findings"]}
    assert "the base has one" in texts["baseline"]


def test_an_event_that_is_about_nothing_says_what_to_add(job: Job) -> None:
    job.repo.write({".github/workflows/ci.yml": WORKFLOW.replace("pull_request", "schedule")})
    seen = doctor(job, event_name="schedule", payload={"schedule": "1 2 3 4 5"})
    assert seen.level("event") == "warn"
    assert seen.requests == []
    assert "pull_request:" in seen.added


@pytest.mark.parametrize("payload", ["", "no json", '{"pull_request": 3}'])
def test_an_unreadable_event_is_named(job: Job, payload: str) -> None:
    seen = doctor(job, payload=payload)
    assert seen.status == 1
    assert seen.level("event") == "fail"


def test_wrong_usage_ends_with_2(job: Job) -> None:
    assert job.run(command=("doctor", "--output", "xml")).status == 2
    assert job.run(command=("doctor",), max_annotations="many").status == 2


def test_text_from_outside_is_no_command(job: Job) -> None:
    evil = "\n::error::x ##[error]y.py"
    report = cobertura({"NAME": {1: 1}}).replace("NAME", "&#10;::error::x ##[error]y.py")
    (job.repo.root / "coverage.xml").write_text(report)
    for command in (("doctor",), ("doctor", "--output", "json"), ("run",)):
        result = job.run(command=command, env=NAMED)
        assert evil not in result.log
        assert "##[error]" not in result.log
        assert not [c for c in result.commands if c.name == "error"]


def test_a_run_says_the_short_form_in_a_group_and_asks_nothing_for_it(job: Job) -> None:
    result = job.run(env=NAMED)
    assert result.status == 0, result.log
    start = result.log.index("::group::Set-up: pull_request #7, tree: merge, token: installation")
    group = result.log[start : result.log.index("::endgroup::", start)]
    assert group.count("All that is asked for") == 1
    assert "ok       check-run       will be made" in group
    assert "coverage.xml: cobertura" in group
    assert result.log.index("Comparing with the base") < start
    assert [r for r in job.github.requests if r.query.get("per_page") == "1"] == []
    assert job.github.token not in result.log


def test_the_short_form_asks_github_nothing(job: Job) -> None:
    environment = job.environment("pull_request", job.payload(), job.github.token)
    facts = asyncio.run(Doctor(load(environment), environment).short())
    assert (facts.run.pull, facts.bearer, facts.access) == (7, "installation", None)
    assert job.github.requests == []


def test_a_run_on_a_desk_says_nothing_of_it(job: Job) -> None:
    result = job.run(env={**NAMED, "GITHUB_ACTIONS": ""})
    assert "Set-up:" not in result.log


# On a desk


def desk(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_program(("doctor", *arguments), folder, {**git_env(), "COLUMNS": "100"})


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    made = GitRepo(tmp_path / "repo")
    made.commit({"sub/a.py": "x = 1\n", ".gitignore": "coverage.xml\n.coverage\n"})
    made.branch("feature")
    made.commit({"sub/a.py": "x = 1\ny = 2\nz = 3\n"})
    return made


def test_on_a_desk_all_works_and_a_workflow_is_shown(repo: GitRepo) -> None:
    (repo.root / "coverage.xml").write_text(cobertura({"sub/a.py": {1: 1, 2: 0, 3: 1}}))
    done = desk(repo.root)
    assert done.returncode == 0, done.stdout
    assert done.stderr == ""
    assert "1 of 1 report paths match" in done.stdout
    assert "qe-action/qe-action@v1" in done.stdout
    assert "\x1b" not in done.stdout


def test_on_a_desk_data_beside_the_missing_report_is_found(repo: GitRepo) -> None:
    subprocess.run(
        [sys.executable, "-m", "coverage", "run", "--data-file=.coverage", "sub/a.py"],
        cwd=repo.root,
        env=git_env(),
        check=True,
    )
    done = desk(repo.root)
    assert done.returncode == 1
    assert ".coverage (coverage.py data)" in done.stdout
    assert "coverage-file: .coverage" in done.stdout
    done = desk(repo.root, "--coverage-file", ".coverage")
    assert done.returncode == 0, done.stdout
    assert ".coverage: coverage.py data, 1 file, 3 statements" in done.stdout


def test_on_a_desk_a_report_older_than_its_sources_is_told(repo: GitRepo) -> None:
    report = repo.root / "coverage.xml"
    report.write_text(cobertura({"sub/a.py": {1: 1}}))
    os.utime(report, (1, 1))
    done = desk(repo.root)
    assert done.returncode == 0
    assert "coverage.xml is older than 1 measured file, such as sub/a.py" in done.stdout


def test_on_a_desk_the_repository_s_own_workflow_is_read(repo: GitRepo) -> None:
    (repo.root / "coverage.xml").write_text(cobertura({"sub/a.py": {1: 1}}))
    text = WORKFLOW.replace("        with:\n          fetch-depth: 2\n", "")
    repo.write({".github/workflows/ci.yml": text})
    done = desk(repo.root)
    assert ".github/workflows/ci.yml was read" in done.stdout
    assert "sets no fetch-depth" in done.stdout


def test_on_a_desk_below_the_top_of_the_repository(repo: GitRepo) -> None:
    (repo.root / "sub/coverage.xml").write_text(cobertura({"a.py": {1: 1}}))
    done = desk(repo.root / "sub")
    assert done.returncode == 0, done.stdout
    assert "1 of 1 report paths match" in done.stdout


def test_outside_of_a_repository(tmp_path: Path) -> None:
    done = desk(tmp_path)
    assert done.returncode == 1
    assert "no git repository" in done.stdout


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no terminals of this kind")
def test_in_a_terminal_levels_are_coloured(repo: GitRepo) -> None:
    master, slave = os.openpty()
    command = [sys.executable, "-m", "qe_action", "doctor"]
    env = {**git_env(), "TERM": "xterm-256color", "COLUMNS": "100"}
    done = subprocess.run(
        command, cwd=repo.root, env=env, stdout=slave, stderr=slave, check=False, timeout=60
    )
    os.close(slave)
    text = os.read(master, 65536).decode()
    os.close(master)
    assert done.returncode == 1
    assert "\x1b[1;31mfail" in text


# Generated tests


def opens(job: Job, **inputs: str) -> Seen:
    """What is said of a pull request with tests that the job's token is to open."""
    text = WORKFLOW.replace("contents: read", "contents: write")
    job.repo.write({".github/workflows/ci.yml": text})
    return doctor(job, generate_tests="true", pull_request_tests="open", **inputs)


def asked(seen: Seen) -> list[str]:
    """The requests about a pull request with tests."""
    return [path for _, path in seen.requests if "permissions" in path or "rules" in path]


def test_the_setting_that_the_job_s_token_may_not_read_is_unknown(job: Job) -> None:
    seen = opens(job)
    assert seen.status == 0, seen.log
    assert seen.level("tests-pull") == "unknown"
    assert "which the token may not read" in seen.says("tests-pull")
    assert "contents: write is granted" in seen.says("permissions")
    assert len(asked(seen)) == 2
    assert seen.level("check-run") == "ok"  # the refusal tells nothing else
    assert len(seen.requests) <= 6


@pytest.mark.parametrize(("approves", "status"), [(True, 0), (False, 1)])
def test_who_administers_may_read_the_setting(job: Job, approves: bool, status: int) -> None:
    token = job.github.add_token(
        "ghs_admin", administration="read", contents="write", checks="write", pull_requests="write"
    )
    job.github.bot_opens_pulls = approves
    seen = opens(job, token=token)
    assert seen.status == status, seen.log
    assert seen.level("tests-pull") == ("info" if approves else "fail")
    assert ("pr-token: ${{ secrets." in seen.added) is not approves


def test_a_token_of_its_own_makes_the_setting_no_matter(job: Job) -> None:
    job.github.bot_opens_pulls = False
    seen = opens(job, pr_token="ghp_ofMyOwn")
    assert seen.status == 0, seen.log
    assert [path.rpartition("/repos/octo/demo/")[2] for path in asked(seen)] == [
        "rules/branches/qe-action/tests-for-7"
    ]
    assert "ghp_ofMyOwn" not in seen.log


def test_a_rule_for_the_branch_is_told(job: Job) -> None:
    job.github.policies.rules["qe-action/"] = ("creation", "non_fast_forward")
    seen = opens(job)
    assert "qe-action/tests-for-7: creation, non_fast_forward" in seen.says("tests-pull")


def test_what_is_lacking_for_it_is_one_block_to_add(job: Job) -> None:
    seen = doctor(job, generate_tests="true", pull_request_tests="open")
    assert seen.status == 1
    assert "no contents: write for this job's token" in seen.says("tests-pull")
    assert seen.added.count("contents: ") == 1
    assert "contents: write" in seen.added


def test_a_fork_s_tests_are_a_patch_and_nothing_more_is_asked(job: Job) -> None:
    seen = opens(job, payload=fork(job, private=False))
    assert seen.level("tests-pull") == "info"
    assert asked(seen) == []


def test_a_model_s_key_is_shown_nowhere(job: Job) -> None:
    key = "sk-Zq81Lw0vTn4e"
    inputs = {"generate_tests": "true", "model": f"m/{key}", "model_key": key}
    base = f"http://{key}.example:8000/{key}"
    for command in (("doctor",), ("doctor", "--output", "json")):
        result = job.run(command=command, env=NAMED, model_base_url=base, **inputs)
        assert "m/*** is asked at ***.example" in result.log
        assert "with http everybody on the way can read it" in result.log
        assert key.lower() not in (result.log + result.summary).lower()
