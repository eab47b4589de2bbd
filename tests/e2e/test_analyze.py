"""`qe-action analyze` as its users call it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from gitrepo import GitRepo, git_env
from job import cobertura
from warm_program import run_program

from qe_action.journal import decode


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    made = GitRepo(tmp_path / "repo")
    made.commit({"sub/a.py": "x = 1\n", ".gitignore": "coverage.xml\n"})
    made.branch("feature")
    made.commit({"sub/a.py": "x = 1\ny = 2\nz = 3\n"})
    (made.root / "coverage.xml").write_text(cobertura({"sub/a.py": {1: 1, 2: 0, 3: 1}}))
    return made


def analyze(
    repo: GitRepo, *arguments: str, folder: str = ".", stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    env = {**git_env(), "COLUMNS": "100"}
    return run_program(("analyze", *arguments), repo.root / folder, env, stdin=stdin)


def test_without_any_configuration(repo: GitRepo) -> None:
    done = analyze(repo)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "sub/a.py:2" in done.stderr
    assert "Patch 50%, project 66.6%" in done.stderr


def test_events_go_to_standard_output_alone(repo: GitRepo) -> None:
    done = analyze(repo, "--output", "jsonl")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.stderr == ""
    assert events[0]["type"] == "progress"
    assert [e["gap"]["line_start"] for e in events if e["type"] == "gap"] == [2]
    assert events[-1]["patch"]["statements"] == 2
    assert events[-1]["gaps"]


@pytest.mark.parametrize(("output", "shows"), [("markdown", "| **Patch**"), ("html", "<!doctype")])
def test_documents_go_to_standard_output_or_a_file(repo: GitRepo, output: str, shows: str) -> None:
    printed = analyze(repo, "--output", output)
    assert shows in printed.stdout
    analyze(repo, "--output", output, "--out", "out.txt")
    assert shows in (repo.root / "out.txt").read_text()


def test_a_document_on_standard_output_comes_with_the_verdict_alone(repo: GitRepo) -> None:
    done = analyze(repo, "--output", "markdown", "--min-patch-coverage", "60")
    assert "sub/a.py" in done.stdout
    assert "sub/a.py" not in done.stderr
    assert "Gate failed: patch coverage: 50% of the changed statements" in done.stderr


def test_a_path_gate_that_does_not_fit_is_all_that_is_said(repo: GitRepo) -> None:
    for gate, why in (("foo", "can't be read. Write"), ("patch src 101", "from 0 to 100")):
        done = analyze(repo, "--path-gate", gate)
        assert done.returncode == 2
        assert done.stderr.startswith("qe-action: The path gate")
        assert why in done.stderr


def test_a_source_that_was_edited_after_the_report_is_noted(repo: GitRepo) -> None:
    (repo.root / "sub" / "a.py").write_text("x = 1\ny = 2\nz = 4\n")
    os.utime(repo.root / "coverage.xml", (1e9, 1e9))
    said = "Note: sub/a.py was edited after the report was written"
    done = analyze(repo, "--min-patch-coverage", "60")
    assert said in " ".join(done.stderr.split())
    assert done.returncode == 1
    os.utime(repo.root / "coverage.xml")
    assert said not in " ".join(analyze(repo).stderr.split())


def test_the_journal_holds_all_events(repo: GitRepo) -> None:
    analyze(repo, "--journal", "journal.jsonl")
    with (repo.root / "journal.jsonl").open("rb") as file:
        assert [e["type"] for e in decode(file)][-1] == "complete"


@pytest.mark.parametrize(("minimum", "code"), [("50", 0), ("50%", 0), ("50.01", 1)])
def test_the_gate_sets_the_exit_code(repo: GitRepo, minimum: str, code: int) -> None:
    assert analyze(repo, "--min-patch-coverage", minimum).returncode == code


def test_from_a_subfolder_with_a_report_relative_to_it(repo: GitRepo) -> None:
    (repo.root / "sub" / "coverage.xml").write_text(cobertura({"a.py": {1: 1, 2: 0, 3: 0}}))
    done = analyze(repo, "--output", "jsonl", folder="sub")
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["files"][0]["path"] == "sub/a.py"
    assert result["patch"]["covered"] == 0


def test_the_diff_may_come_from_elsewhere(repo: GitRepo) -> None:
    diff = repo.git("diff", "main", "feature") + "\n"
    (repo.root / "my.diff").write_text(diff)
    for name, stdin in (("my.diff", ""), ("-", diff)):
        done = analyze(repo, "--diff", name, "--output", "jsonl", stdin=stdin)
        result = json.loads(done.stdout.splitlines()[-1])
        assert result["patch"]["statements"] == 2, done.stderr


def test_outside_a_repository_totals_are_given_and_the_patch_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "coverage.xml").write_text(cobertura({"a.py": {1: 1, 2: 0}}))
    done = subprocess.run(
        [sys.executable, "-m", "qe_action", "analyze"],
        cwd=tmp_path,
        env=git_env(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert "Patch coverage unknown, project 50%" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["missing.xml"],
        ["--base", "no-such-branch"],
        ["--repo", "no-such-folder"],
        ["--diff", "no-such-file"],
        ["--min-patch-coverage", "many"],
        ["--out", "no/such/folder/x", "--output", "html"],
        ["--include", "a[", "--exclude", "!"],
        ["--output", "nonsense"],
        ["--out", "file.txt"],
        ["--base", "main", "--diff", "-"],
    ],
)
def test_what_a_user_can_mend_is_said_in_a_line_with_exit_code_2(
    repo: GitRepo, arguments: list[str]
) -> None:
    done = analyze(repo, *arguments)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


def test_a_report_that_is_missing_is_named_as_it_lies_from_here(repo: GitRepo) -> None:
    done = analyze(repo, str(repo.root / "missing.xml"))
    assert "There is no coverage report at missing.xml." in done.stderr


def test_globs_that_leave_nothing_are_said_to(repo: GitRepo) -> None:
    done = analyze(repo, "--include", "zzz")
    assert "no file of the report counts" in done.stderr
    assert "--include and --exclude leave out all 1 files" in done.stderr


def test_several_reports_are_merged(repo: GitRepo) -> None:
    for name, lines in (("one", {1: 1, 2: 0, 3: 0}), ("two", {2: 1, 3: 0})):
        (repo.root / f"cov-{name}.xml").write_text(cobertura({"sub/a.py": lines}))
    for arguments in (["cov-one.xml", "cov-two.xml"], ["cov-*.xml"], ["cov-one.xml", "cov-*"]):
        done = analyze(repo, *arguments, "--output", "jsonl")
        totals = json.loads(done.stdout.splitlines()[-1])["totals"]
        assert (totals["statements"], totals["covered"]) == (3, 2)


def test_a_glob_without_a_match_is_said_to_be_one(repo: GitRepo) -> None:
    done = analyze(repo, "none-*.xml")
    assert done.returncode == 2
    assert "No coverage report matches none-*.xml" in done.stderr


def test_a_closed_pipe_is_no_error(repo: GitRepo) -> None:
    command = f"{sys.executable} -m qe_action analyze --output jsonl | head -n 1"
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=repo.root,
        env=git_env(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert len(done.stdout.splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_a_folder_that_nobody_named_is_not_missed(repo: GitRepo) -> None:
    (repo.root / "new").mkdir()
    (repo.root / "new" / "coverage.xml").write_text(cobertura({"sub/a.py": {1: 1, 2: 0, 3: 0}}))
    done = analyze(repo, folder="new")
    assert done.returncode == 0
    assert "source-root" not in done.stderr


def test_the_page_on_the_command_line_names_every_option(repo: GitRepo) -> None:
    page = Path(__file__).parents[2] / ".github/docs/command-line.md"
    text = page.read_text(encoding="utf-8")
    section = text.partition("\n## analyze\n")[2].partition("\n## ")[0]
    options = set(re.findall(r"--[a-z-]+", analyze(repo, "--help").stdout)) - {"--help"}
    assert len(options) > 10
    for option in options:
        name = re.fullmatch("--min-(?:project|branch)-coverage", option)
        assert (f"`{option.split('-')[3]}`" if name else option) in section


UNREADABLE = """\
TN:one
SF:sub/a.py
DA:1,1
DA:2,NaN
BRDA:1,0,0,4
BRDA:1,0,@you,\x1b[31mNaN
end_of_record
TN:two
SF:sub/a.py
DA:1,1
DA:3,1
end_of_record
"""


def test_what_can_t_be_read_is_said_once_and_never_in_favour(repo: GitRepo) -> None:
    """A branch counts as not taken; a gate on the changed file is neutral, with the reason."""
    (repo.root / "lcov.info").write_text(UNREADABLE)
    gates = ("--min-patch-coverage", "100", "--min-project-coverage", "100")
    done = analyze(repo, "lcov.info", "--output", "jsonl", *gates)
    result = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 0, done.stderr
    assert (result["totals"]["covered_branches"], result["totals"]["branches"]) == (1, 2)
    why = "not judged, as 2 lines or branches of sub/a.py can't be read"
    assert [(gate["passed"], gate["detail"]) for gate in result["gates"]] == [(None, why)] * 2
    assert [note for note in result["notes"] if "lcov.info" in note] == [
        "Of lcov.info 1 line can't be read and is left out, for example DA:2,NaN (sub/a.py).",
        "Of lcov.info 1 branch count can't be read: what it hides counts as not taken, "
        "for example BRDA:1,0,@you,\ufffd[31mNaN (sub/a.py).",
    ]


def test_a_diff_that_powershell_wrote(repo: GitRepo) -> None:
    diff = repo.git("diff", "main", "feature").replace("\n", "\r\n") + "\r\n"
    (repo.root / "my.diff").write_bytes(b"\xff\xfe" + diff.encode("utf-16-le"))
    done = analyze(repo, "--diff", "my.diff", "--output", "jsonl")
    assert json.loads(done.stdout.splitlines()[-1])["patch"]["statements"] == 2, done.stderr
