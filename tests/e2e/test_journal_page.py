"""The page on journals: its commands run in their order, and its examples are true."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest
import yaml
from gitrepo import GitRepo, git_env
from warm_program import run_program

from qe_action.command_options import parser
from qe_action.convert import FORMATS
from qe_action.journal_options import REPLAYED, TYPES

PAGE = (Path(__file__).parents[2] / ".github/docs/journal.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]
REPORT = (
    '<coverage version="7"><packages><package><classes><class filename="app.py"><lines>'
    '<line number="1" hits="1"/><line number="2" hits="1"/>'
    '<line number="3" hits="1"/><line number="4" hits="0"/>'
    "</lines></class></classes></package></packages></coverage>"
)


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each command says on standard output; those that make tests are only parsed."""
    repo = GitRepo(tmp_path_factory.mktemp("journal") / "repo")
    code = "def f(x):\n    if x:\n        return 1\n    return 2\n"
    test = "from app import f\n\n\ndef test_f():\n    assert f(1) == 1\n"
    ignored = "*.jsonl\n*.xml\n*.sarif\n*.json\n.coverage\n__pycache__\n.pytest_cache\n"
    repo.commit({"app.py": code, "test_app.py": test, ".gitignore": ignored})
    (repo.root / "coverage.xml").write_text(REPORT)
    programs = str(Path(sys.executable).parent)
    env = {**git_env(), "PATH": f"{programs}:/usr/bin:/bin"}
    found = {}
    for line in COMMANDS:
        name, *words = shlex.split(line)
        assert name == "qe-action"
        if words[0] == "generate":
            parser().read(words)
            continue
        cold = {"PYTHONUTF8": "1"} if words[0] == "test" else {}  # it hands its streams on
        done = run_program(words, repo.root, {**env, **cold})
        assert done.returncode == 0, (line, done.stderr)
        found[line] = done.stdout
    return found


def test_every_command_of_the_page_does_what_it_says(said: dict[str, str]) -> None:
    assert len(said) == len(COMMANDS) - 2
    summary, records = (text for kind, text in BLOCKS if kind == "text")
    assert said["qe-action journal show run.jsonl"] == summary
    assert said["qe-action journal convert run.jsonl --to gaps"] == records


def test_the_page_names_every_format_type_and_view() -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert rows == {*FORMATS, "test", "generate", "analyze"}
    assert not [name for name in (*TYPES, *REPLAYED) if f"`{name}`" not in PAGE]


def test_the_job_for_gitlab_is_yaml_whose_commands_there_are() -> None:
    [text] = (
        text for kind, text in BLOCKS if kind == "yml"
    )  # no workflow of GitHub's, which are linted
    job = yaml.safe_load(text)["coverage"]
    for line in job["script"][1:]:
        parser().read(shlex.split(line)[1:])
    assert f"--out {job['artifacts']['reports']['codequality']}" in job["script"][-1]
