"""The first job of the workflow for `/qe tests`: its script, run against the fake GitHub.

A small program stands in for `gh`: it makes the same requests and leaves `--jq` to jq.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import readme_workflows
import yaml
from fake_github import FakeGitHub

from qe_action.settings import load

PAGE = readme_workflows.ROOT / ".github/docs/tests-pull-request.md"
HEAD, OLD, NEW = "a" * 40, "b" * 40, "c" * 40
BEFORE, ASKED, AFTER = (f"2026-01-31T12:00:0{n}Z" for n in (1, 2, 3))
GH = """\
#!{python}
import argparse, os, subprocess, sys, urllib.error, urllib.parse, urllib.request

options = argparse.ArgumentParser()
options.add_argument("command", choices=["api"])
options.add_argument("path")
options.add_argument("--jq", required=True)
options.add_argument("-X", choices=["GET"])
options.add_argument("-f", action="append", default=[])
given = options.parse_args()
query = urllib.parse.urlencode(dict(each.split("=", 1) for each in given.f))
request = urllib.request.Request(f"{{os.environ['FAKE_GITHUB']}}/{{given.path}}?{{query}}")
request.add_header("Authorization", f"Bearer {{os.environ['GH_TOKEN']}}")
try:
    answer = urllib.request.urlopen(request).read()
except urllib.error.HTTPError as error:
    sys.exit(f"gh: HTTP {{error.code}}")
sys.exit(subprocess.run(["jq", "-r", given.jq], input=answer).returncode)
"""

pytestmark = pytest.mark.skipif(
    not (shutil.which("jq") and shutil.which("bash")), reason="needs bash and jq"
)


def workflow() -> Any:
    (text,) = readme_workflows.workflows(PAGE)["tests on demand"]
    return yaml.safe_load(text)


@pytest.fixture
def github(fake_github: FakeGitHub) -> FakeGitHub:
    """A pull request whose branch was pushed to before the comment, by people who may write."""
    fake_github.add_pull(7, HEAD, OLD, head_ref="feature/a+b")
    fake_github.policies.roles["octocat"] = "write"
    fake_github.policies.pushed("feature/a+b", OLD, HEAD, BEFORE)
    return fake_github


def asked(
    tmp: Path, github: FakeGitHub, body: str = "/qe tests", author: str = "octocat"
) -> tuple[str, str]:
    """What the script gives out, and what it says."""
    (step,) = workflow()["jobs"]["ask"]["steps"]
    gh = tmp / "gh"
    gh.write_text(GH.format(python=sys.executable))
    gh.chmod(gh.stat().st_mode | stat.S_IXUSR)
    out = tmp / "output"
    out.write_text("")
    values = {
        "GH_TOKEN": github.token,
        "BODY": body,
        "AUTHOR": author,
        "ASKED": ASKED,
        "NUMBER": "7",
    }
    assert set(step["env"]) == set(values)
    done = subprocess.run(
        ["bash", "-e", "-c", step["run"]],
        env={
            **values,
            "PATH": f"{tmp}:{os.environ['PATH']}",
            "FAKE_GITHUB": github.url,
            "GITHUB_REPOSITORY": github.repo,
            "GITHUB_OUTPUT": str(out),
        },
        cwd=tmp,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return out.read_text(), done.stdout


@pytest.mark.parametrize("role", ["admin", "maintain", "write"])
@pytest.mark.parametrize("body", ["/qe tests", "/qe tests \r\nplease"])
def test_a_writer_s_comment_gives_the_head(
    tmp_path: Path, github: FakeGitHub, role: str, body: str
) -> None:
    github.policies.roles["octocat"] = role
    assert asked(tmp_path, github, body) == (f"head={HEAD}\n", "")


@pytest.mark.parametrize("role", ["triage", "read", "none", ""])
def test_others_give_nothing(tmp_path: Path, github: FakeGitHub, role: str) -> None:
    github.policies.roles = {"octocat": role} if role else {}
    given, said = asked(tmp_path, github)
    assert given == ""
    assert said == "/qe tests is not followed: octocat may not write here\n"
    assert not github.sent("GET", "/pulls/")


@pytest.mark.parametrize(
    "body",
    [
        *("/qe tests please", "please\n/qe tests", "/qe testsuite", "/QE tests", ""),
        *("/qe tests; id", "/qe tests\x60id\x60", "$(touch ran)", "/qe tests$(touch ran)"),
        *('"; touch ran; "', "'; touch ran; '", "/qe tests\\\n::set-output name=head::x"),
    ],
)
def test_nothing_else_is_the_command(tmp_path: Path, github: FakeGitHub, body: str) -> None:
    given, said = asked(tmp_path, github, body)
    assert given == ""
    assert said == "/qe tests is not followed: it is not alone on its line\n"
    assert not (tmp_path / "ran").exists()
    assert github.requests == []


@pytest.mark.parametrize(("after", "time"), [(NEW, AFTER), (HEAD, AFTER), (HEAD, ASKED)])
def test_a_push_after_the_comment_is_not_run(
    tmp_path: Path, github: FakeGitHub, after: str, time: str
) -> None:
    """Not what it brought, and not what it went back to."""
    github.policies.pushed("feature/a+b", HEAD, after, time)
    github.pulls[7].head_sha = after
    given, said = asked(tmp_path, github)
    assert given == ""
    assert "was pushed to since" in said


def test_a_head_that_no_push_is_known_of_is_not_run(tmp_path: Path, github: FakeGitHub) -> None:
    github.policies.pushes.clear()
    github.policies.pushed("main", OLD, HEAD, BEFORE)
    assert asked(tmp_path, github)[0] == ""


@pytest.mark.parametrize(
    "fields",
    [{"state": "closed"}, {"head_repo": "mallory/demo"}, {"head_repo": None}],
)
def test_a_closed_one_and_a_fork_s_give_nothing(
    tmp_path: Path, github: FakeGitHub, fields: dict[str, Any]
) -> None:
    for name, value in fields.items():
        setattr(github.pulls[7], name, value)
    given, said = asked(tmp_path, github)
    assert given == ""
    assert "closed or from a fork" in said


def test_no_job_has_both_the_pull_request_s_code_and_a_right() -> None:
    data = workflow()
    ask, measure, propose = (data["jobs"][name] for name in ("ask", "measure", "propose"))
    assert data["permissions"] == {}
    assert {level for job in (ask, measure) for level in job["permissions"].values()} == {"read"}
    assert [step["id"] for step in ask["steps"]] == ["ask"]
    assert not any("run" in step for step in propose["steps"])
    for job in (measure, propose):
        (checkout,) = [s for s in job["steps"] if "actions/checkout@" in s.get("uses", "")]
        assert checkout["with"] == {
            "ref": "${{ needs.ask.outputs.head }}",
            "persist-credentials": False,
        }
    assert measure["if"] == "needs.ask.outputs.head != ''"
    assert propose["needs"] == ["ask", "measure"]


def test_the_last_job_asks_for_what_there_is_and_grants_what_it_takes() -> None:
    propose = workflow()["jobs"]["propose"]
    (step,) = [s for s in propose["steps"] if "qe-action@" in s["uses"]]
    given = {f"INPUT_{name.upper()}": str(value).lower() for name, value in step["with"].items()}
    inputs = load({**given, "INPUT_PULL-REQUEST": "7"}).inputs
    assert (inputs.generate_tests, inputs.pull_request_tests) == (True, "open")
    assert propose["permissions"] == {
        "contents": "write",
        "checks": "write",
        "pull-requests": "write",
    }


def test_scripts_hold_no_expressions_and_measuring_no_secret() -> None:
    (text,) = readme_workflows.workflows(PAGE)["tests on demand"]
    data = yaml.safe_load(text)
    for job in data["jobs"].values():
        assert not any("${{" in step.get("run", "") for step in job["steps"])
    measured = text[text.index("  measure:") : text.index("  propose:")]
    assert not re.search(r"secrets\.|github\.token", measured)
