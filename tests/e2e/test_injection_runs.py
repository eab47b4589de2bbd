"""Whole runs whose report, files, sources, functions and tests have hostile names."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest
from fake_github import FakeGitHub
from gitrepo import git_env
from hostile import NASTY
from inert import assert_inert, rendered
from job import REPO, Job
from one_file import one_file
from runner import Result, read_commands

from qe_action.render.marker import place_of
from qe_action.step_outputs import OUTPUTS
from qe_action.text import visible

HOME = f"https://github.com/{REPO}"
NAME = "qe-action coverage"
OURS = {"group", "endgroup", "warning", "error", "notice"}


def as_file(text: str) -> str:
    """The text as far as a file may be called so."""
    return text.replace("/", "_").replace("\x00", "")[:100] + ".py"


FILES = [as_file(text) for text in NASTY]
XML = [text for text in NASTY if text.isprintable()]
SAMPLES = pytest.mark.parametrize(
    "texts",
    [pytest.param(XML[::24], id="some"), pytest.param(XML[::8], id="more", marks=pytest.mark.slow)],
)


@pytest.fixture
def job(tmp_path: Path, strict: FakeGitHub) -> Job:
    """The pull request adds a file of each hostile name."""
    job = Job(tmp_path, strict)
    job.repo.git("checkout", "-q", "feature")
    for name in FILES:
        (job.repo.root / name).write_text("x = 1\ny = 2\n")
    job.head = job.repo.commit({})
    job.merge = job.repo.merge("main", "feature")
    job.github.pulls.clear()
    job.github.add_pull(7, job.head, job.base)
    return job


def report(job: Job, files: Iterable[str], sources: Iterable[str] = ()) -> None:
    """Of each file the first line ran and the second did not."""
    classes = "".join(
        f"<class filename={quoteattr(name)}><lines><line number='1' hits='1'/>"
        "<line number='2' hits='0'/></lines></class>"
        for name in files
    )
    listed = "".join(f"<source>{quoteattr(source)[1:-1]}</source>" for source in sources)
    text = (
        f"<coverage><sources>{listed}</sources><packages><package><classes>{classes}"
        "</classes></package></packages></coverage>"
    )
    (job.repo.root / "coverage.xml").write_text(text, encoding="utf-8")


def assert_ours_alone(job: Job, result: Result, *, errors: int = 0) -> None:
    """No command, output, link, tag or marker but what the action itself says."""
    names = [command.name for command in result.commands]
    assert {*names} <= OURS
    assert names.count("error") == errors
    assert names.count("group") == names.count("endgroup") <= 3
    for command in result.commands:
        if command.name in ("warning", "error", "notice"):
            assert command.properties["title"]
    assert "Traceback" not in result.log
    assert set(result.outputs) == {name for name, _ in OUTPUTS}
    bodies = [(result.summary, 0)]
    bodies += [(check.data["output"]["summary"], 0) for check in job.github.checks.values()]
    bodies += [(comment.body, 1) for comment in job.github.comments.values()]
    run = f"{HOME}/actions/runs/42"
    for body, comments in bodies:
        shown = rendered(body)
        assert_inert(shown, comments=comments, home=HOME, sha=job.head, run=run)
        assert run in shown.links
        assert_tables(shown.blocks)
    for comment in job.github.comments.values():
        first = comment.body.partition("\n")[0]
        assert (
            first
            == f"<!-- qe-action comment {place_of(NAME)} run=42 attempt=1 sha={job.head} done -->"
        )


def assert_tables(blocks: list[str]) -> None:
    """Each row has as many cells as its table's head."""
    columns, cells = 0, 0
    for tag in blocks:
        if tag == "table":
            columns = 0
        elif tag in ("th", "td"):
            cells += 1
        elif tag == "/tr":
            columns = columns or cells
            assert cells == columns
            cells = 0


def test_hostile_file_names(job: Job) -> None:
    report(job, ["app.py", *(name for name in FILES if name.isprintable())])
    result = job.run(annotations="all", path_gates="project **/*.py 1")
    assert result.status == 0, result.log
    assert_ours_alone(job, result)
    paths = {annotation["path"] for annotation in job.check.annotations}
    assert len(paths) > 40


def test_hostile_file_names_for_a_token_that_may_only_read(job: Job) -> None:
    """Annotations are workflow commands then."""
    report(job, ["app.py", *(name for name in FILES if name.isprintable())])
    result = job.run(annotations="all", token=job.github.read_only_token)
    assert result.status == 0, result.log
    assert_ours_alone(job, result)
    shown = [command for command in result.commands if "file" in command.properties]
    assert len(shown) == 10
    assert {command.properties["file"] for command in shown} <= {*map(visible, FILES), "app.py"}


def test_hostile_names_that_fit_no_file_and_hostile_sources(job: Job) -> None:
    names = [f"{text}/x.py" for text in XML]
    report(job, ["app.py", *names], sources=[*XML, *(f"/{text}/src" for text in XML)])
    assert_ours_alone(job, job.run(annotations="all"))


@SAMPLES
def test_a_hostile_name_alone_is_all_that_the_diagnosis_tells(job: Job, texts: list[str]) -> None:
    for text in texts:
        report(job, [f"/{text}/x.py"], sources=[f"/{text}"])
        job.github.checks.clear()
        job.github.comments.clear()
        assert_ours_alone(job, job.run())


def test_hostile_functions_and_tests_in_an_lcov_report(job: Job) -> None:
    lines = ["TN:"]
    for text in NASTY:
        lines += [f"TN:{text}", "SF:app.py", f"FN:11,20,{text}", f"FNDA:0,{text}"]
        lines += ["DA:11,1", "DA:12,0", "BRDA:11,0,0,-", f"BRDA:11,0,{text},0", "end_of_record"]
    (job.repo.root / "coverage.xml").write_text("\n".join(lines), encoding="utf-8")
    result = job.run(annotations="all", all_files="true")
    assert_ours_alone(job, result, errors=sum(c.name == "error" for c in result.commands))


def test_hostile_tests_in_a_json_report(job: Job) -> None:
    contexts = {str(n): list(NASTY) for n in (11, 12, 13)}
    app: dict[str, Any] = {
        "executed_lines": [11, 12, 13],
        "missing_lines": [14],
        "excluded_lines": [],
        "contexts": contexts,
        "functions": {
            text: {"executed_lines": [11], "missing_lines": [14], "start_line": 10 + n}
            for n, text in enumerate(NASTY)
        },
    }
    data = {
        "meta": {"format": 3, "version": "7.17", "show_contexts": True},
        "files": {"app.py": app},
    }
    (job.repo.root / "coverage.xml").write_text(json.dumps(data), encoding="utf-8")
    assert_ours_alone(job, job.run(annotations="all"))


def test_a_source_full_of_hostile_strings(job: Job, tmp_path: Path) -> None:
    """Conditions, errors and calls of the source stand in severities and suggested tests."""
    body = "def pay(order, kind):\n"
    for text in NASTY:
        quoted = repr(text)
        body += f"    if kind == {quoted}:\n        raise ValueError({quoted})\n"
        body += f"    order.log({quoted})\n"
    body += "    return order\n"
    job.repo.git("checkout", "-q", "feature")
    job.head = job.repo.commit({"pay.py": body})
    job.merge = job.repo.merge("main", "feature")
    job.github.pulls.clear()
    job.github.add_pull(7, job.head, job.base)
    taken = " branch='true' condition-coverage='50% (1/2)' missing-branches='{}'"
    lines = "".join(
        f"<line number='{n}' hits='{int(n % 3 != 0)}'{taken.format(n + 1) if n % 3 == 2 else ''}/>"
        for n in range(1, body.count("\n") + 1)
    )
    text = (
        f"<coverage><packages><package><classes><class filename='pay.py'><lines>{lines}</lines>"
        "</class></classes></package></packages></coverage>"
    )
    (job.repo.root / "coverage.xml").write_text(text)
    result = job.run()
    assert result.status == 0, result.log
    assert "Call" in job.comment.body
    assert_ours_alone(job, result)


@pytest.mark.parametrize("text", NASTY[::9])
def test_a_report_that_can_t_be_read_says_so_in_our_words_alone(job: Job, text: str) -> None:
    """The first bytes of what is no report are shown at most as text."""
    (job.repo.root / "coverage.xml").write_text(f"{text}\n<coverage><{text}", encoding="utf-8")
    result = job.run()
    assert_ours_alone(job, result, errors=1)


def test_hostile_branch_names(job: Job) -> None:
    """As far as git takes them: without space, colon, bracket or backslash."""
    report(job, ["app.py"])
    for name in ("@octocat/#1", "GH-1", "<b>|`$(id)`", "a1b2c3d4e5", "##x%0A", "https&#58;//x"):
        payload = job.payload()
        payload["pull_request"]["head"]["ref"] = name
        payload["pull_request"]["base"]["ref"] = name
        payload["pull_request"]["title"] = "::error::x @octocat </details>"
        job.github.checks.clear()
        result = job.run(payload=payload, env={"GITHUB_HEAD_REF": name, "GITHUB_BASE_REF": name})
        assert_ours_alone(job, result)


@SAMPLES
def test_a_hostile_outcome_and_hostile_globs(job: Job, texts: list[str]) -> None:
    report(job, ["app.py"])
    for text in texts:
        result = job.run(tests_outcome=text, exclude=f"{text}x", name=f"n {text}"[:90])
        names = {command.name for command in result.commands}
        assert names <= OURS
        job.github.comments.clear()


@pytest.mark.parametrize("text", ["##[add-mask]x", "a\n::add-mask::x", "\u2028::add-mask::x"])
def test_a_hostile_input_that_ends_the_step_is_text_on_every_stream(job: Job, text: str) -> None:
    """The runner reads standard error too."""
    report(job, ["app.py"])
    result = job.run(journal=f"../{text}")
    assert result.status == 2
    assert [command.name for command in result.commands] == ["error"]
    assert "is no file inside the workspace" in result.log


@pytest.mark.parametrize("output", ["terminal", "jsonl", "markdown", "html"])
def test_the_command_line_s_output_is_text_in_a_workflow_too(job: Job, output: str) -> None:
    report(job, ["app.py", *(name for name in FILES if name.isprintable()), "##[error]x/y.py"])
    done = subprocess.run(
        [sys.executable, "-m", "qe_action", "analyze", "coverage.xml", "--output", output],
        cwd=job.repo.root,
        env={**git_env(), "GITHUB_ACTIONS": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shown = one_file(done.stdout).preview if output == "html" else done.stdout
    assert "error" in shown + done.stderr
    assert not list(read_commands(done.stdout))
    assert not list(read_commands(done.stderr))
