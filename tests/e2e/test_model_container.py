"""A pull request from its report to its end in our image: a model's tests, and who brings them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from fake_github import FakeGitHub, Token
from fake_github.git_data import branch_sha, move
from fake_llm import FakeLLM, Reply, item
from runner import Result
from sandbox_here import MISSING
from test_container import Job, StepMaker, git, github, image, step

pytestmark = [
    pytest.mark.container,
    pytest.mark.xdist_group("container"),
    pytest.mark.skipif(MISSING, reason="needs Linux with Landlock"),
]
__all__ = ["github", "image", "step"]

BRANCH = "qe-action/tests-for-7"
TESTS = "tests/test_hooks.py"
SIGN = '''\
import hashlib
import hmac
import json


def sign(body, key):
    """The signature of a message."""
    return hmac.new(key, body, hashlib.sha256).hexdigest()
'''
READ = '''

def read(body, signature, key):
    """The event of a message that is signed with the key."""
    if not hmac.compare_digest(sign(body, key), signature):
        raise ValueError("wrong signature")
    event = json.loads(body)
    if event.get("kind") == "ping":
        return "pong"
    return f"event {event['id']}"
'''
TOPIC = '''

def topic(body, signature, key):
    """What a message is about."""
    return read(body, signature, key).partition(" ")[0]
'''
SUITE = """\
from hooks import read, sign


def test_sign():
    assert sign(b"", b"k")[:4] == "8bb9"
"""
PING = """def test_ping():
    body = b'{"kind": "ping"}'
    assert read(body, sign(body, b"k"), b"k") == "pong"
"""
EVENT = """def test_event():
    body = b'{"id": 7}'
    assert read(body, sign(body, b"k"), b"k") == "event 7"
"""
FORGED = """def test_forged():
    with pytest.raises(ValueError, match="wrong signature"):
        read(b"{}", "", b"k")
"""
TOPIC_OF_EVENT = """def test_topic():
    body = b'{"id": 7}'
    assert topic(body, sign(body, b"k"), b"k") == "event"
"""
STEALS = """def test_steals():
    assert read(os.environ["INPUT_MODEL-KEY"].encode(), "", b"k") == ""
"""
IMPORTS = ["from hooks import read, sign"]
FIRST = (
    item("test_steals", STEALS, imports=["import os", *IMPORTS])
    + item("test_ping", PING.replace('"pong"', '"ping"'), imports=IMPORTS)
    + item("test_event", EVENT, imports=IMPORTS)
    + item("test_forged", FORGED, imports=["import pytest", *IMPORTS])
)
SCRIPT = (
    Reply(item("test_ping", PING, imports=IMPORTS), when="gives `'pong'`, not `'ping'`"),
    Reply(FIRST, when="tests for `read`"),
    Reply(
        item("test_forged", FORGED, imports=["import pytest", *IMPORTS]), when="tests for `read`"
    ),
    Reply(
        item("test_topic", TOPIC_OF_EVENT, imports=["from hooks import sign, topic"]),
        when="for `topic`",
    ),
)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A pull request that adds what only a signed message passes."""
    folder = tmp_path / "demo"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    made = Job(folder, head="", base="", merge="")
    made.base = committed(made, {"hooks.py": SIGN, TESTS: SUITE.replace("read, ", "")})
    git(folder, "switch", "--quiet", "--create=feature")
    pushed(made, {"hooks.py": SIGN + READ})
    return made


def committed(job: Job, files: Mapping[str, str]) -> str:
    for name, text in files.items():
        (job.path / name).parent.mkdir(exist_ok=True)
        (job.path / name).write_text(text)
        git(job.path, "add", name)
    git(job.path, "commit", "--quiet", "--message=A step")
    return git(job.path, "rev-parse", "HEAD")


def pushed(job: Job, files: Mapping[str, str]) -> None:
    """Commit to the pull request; its test merge is checked out, and its suite has run."""
    git(job.path, "switch", "--quiet", "feature")
    job.head = committed(job, files)
    git(job.path, "switch", "--quiet", "--detach", job.base)
    git(job.path, "merge", "--quiet", "--no-ff", "--message=Test merge", job.head)
    job.merge = git(job.path, "rev-parse", "HEAD")
    env = {key: value for key, value in os.environ.items() if not key.startswith("COV")}
    run = ["run", "--branch", "--include=hooks.py", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    for arguments in (run, ["xml", "--quiet"]):
        command = [sys.executable, "-m", "coverage", *arguments]
        subprocess.run(command, cwd=job.path, env=env, check=True, capture_output=True)
    (job.path / ".coverage").unlink()


def may_push(github: FakeGitHub) -> None:
    """The job's token has `contents: write` as well."""
    rights = ("checks", "contents", "pull-requests")
    github.tokens[github.token] = Token(permissions=dict.fromkeys(rights, "write"))


class Flow:
    """The steps of a pull request's jobs, one after the other."""

    def __init__(self, step: StepMaker, job: Job, github: FakeGitHub, llm: FakeLLM) -> None:
        self.step, self.job, self.github, self.llm = step, job, github, llm
        may_push(github)
        github.pulls[7].head_ref = "feature"

    def run(self) -> Result:
        llm, common = self.llm, {"generate_tests": "true", "pull_request_tests": "open"}
        model = {"model": "tiny-1", "model_base_url": llm.url, "model_key": llm.key}
        less = {"generator": "llm", "time_budget": "60", "setup_command": "true"}
        result = self.step(**common, **model, **less).run(timeout=240)
        assert result.status == 0, result.log
        assert not [c for c in result.commands if c.name in ("error", "warning")], result.log
        assert llm.key not in result.log.replace(f"::add-mask::{llm.key}", "") + result.summary
        return result

    def ends(self) -> Result:
        """The pull request is merged; its event has no report any more."""
        (self.job.path / "coverage.xml").unlink()
        pull = self.github.pulls[7]
        pull.state, pull.merged = "closed", True
        made = self.step(generate_tests="true", pull_request_tests="open")
        made.event = self.job.event
        made.event["action"] = "closed"
        made.event["pull_request"] |= {"state": "closed", "merged": True}
        return made.run()

    @property
    def tip(self) -> str | None:
        return branch_sha(self.github, BRANCH)

    def tests(self) -> set[str]:
        """The names of the tests that the branch adds."""
        text = git(self.job.path, "diff", self.job.head, str(self.tip), "--", TESTS)
        return set(re.findall(r"^\+def (\w+)", text, re.M))


def test_a_model_s_tests_come_by_a_pull_request_that_ends_with_the_one_they_are_for(
    step: StepMaker,
    job: Job,
    github: FakeGitHub,
) -> None:
    with FakeLLM(SCRIPT) as llm:
        flow = Flow(step, job, github, llm)
        opened = flow.run()
        pull, first = github.pulls[8], flow.tip
        assert (pull.state, pull.draft, pull.base_ref) == ("open", True, "feature")
        assert flow.tests() == {"test_ping", "test_event", "test_forged"}
        assert opened.outputs["tests-generated"] == "3"
        assert opened.outputs["tests-pull-request"].endswith("/pull/8")
        (comment,) = github.comments.values()
        for text in (comment.body, opened.summary):
            assert "The tests are in [#8]" in text
            assert "3 by the model" in text
            assert "Refused: 2 (fails 1, outside 1)" in text

        theirs = PING.replace("test_ping", "test_our_ping")
        pushed(job, {"hooks.py": SIGN + READ + TOPIC, TESTS: f"{SUITE}\n\n{theirs}"})
        move(github, "feature", job.head)
        github.pulls[7].merge_sha = job.merge
        updated = flow.run()
        assert flow.tests() == {"test_forged", "test_topic"}
        assert git(job.path, "rev-list", "--parents", "-1", str(flow.tip)).split()[1:] == [
            first,
            job.head,
        ]
        assert updated.outputs["tests-pull-request"] == opened.outputs["tests-pull-request"]
        assert "tip=" + str(flow.tip) in pull.body
    ended = flow.ends()
    assert ended.status == 0, ended.log
    assert (pull.state, flow.tip, max(github.pulls)) == ("closed", None, 8)
    (said,) = [comment.body for comment in github.comments.values() if comment.number == 8]
    assert said.endswith("was merged, so this is closed.")
