"""What hostile or broken surroundings must not achieve. Each was found by trying it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fake_github import FakeGitHub
from gitrepo import git_env
from job import Job, cobertura
from runner import read_commands, read_pairs
from sandbox_here import ANOTHER_USER, MACHINE, ROOT, open_folder, python_for_all
from slowness import in_time

resource = pytest.importorskip("resource")


@pytest.fixture
def job(tmp_path: Path, strict: FakeGitHub) -> Job:
    made = Job(tmp_path, strict)
    made.report()
    return made


def write(job: Job, files: dict[str, dict[int, int]], sources: tuple[str, ...] = ()) -> None:
    text = cobertura(files)
    if sources:
        elements = "".join(f"<source>{job.repo.root}/{source}</source>" for source in sources)
        text = text.replace("<source></source>", elements)
    (job.repo.root / "coverage.xml").write_text(text, encoding="utf-8")


def add(job: Job, files: dict[str, str]) -> None:
    """Files that the pull request adds."""
    job.repo.git("checkout", "-q", "feature")
    job.head = job.repo.commit(files)
    job.merge = job.repo.merge("main", "feature")
    job.github.pulls.clear()
    job.github.add_pull(7, job.head, job.base)


def test_paths_outside_the_repository_are_counted_and_never_annotated(job: Job) -> None:
    foreign = {"/nowhere/gen.py": {1: 0}, "../x/gen.py": {1: 0}, "generated/other.py": {1: 0}}
    write(job, {"app.py": {12: 0, 13: 1}, **foreign})
    job.run(annotations="all")
    assert [a["path"] for a in job.check.annotations] == ["app.py"]
    assert job.check.data["status"] == "completed"
    assert "blob" not in job.comment.body.replace("/app.py#L", "").split("nowhere")[1]


def test_an_ambiguous_path_never_stands_for_the_tracked_file_of_that_name(job: Job) -> None:
    add(job, {"a.py": "x = 1\ny = 2\n", "src1/a.py": "p = 1\n", "src2/a.py": "q = 1\n"})
    write(job, {"a.py": {1: 0, 2: 0}}, sources=("src1", "src2"))
    job.run()
    assert job.check.annotations == []
    assert "fit several files" in job.comment.body


def test_an_endless_path_does_not_hold_up_the_run(job: Job) -> None:
    write(job, {"app.py": {12: 0}, "a/" * 100_000 + "b.py": {1: 0}, "c" * 300_000: {1: 0}})
    started = time.monotonic()
    result = job.run()
    assert result.status == 0
    assert in_time(time.monotonic() - started, 20)
    assert [a["path"] for a in job.check.annotations] == ["app.py"]


def test_a_full_disk_loses_no_result(job: Job) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))

    env = job.environment("pull_request", job.payload(), job.github.token)
    # A measured process would want to write its own data file.
    env = {name: value for name, value in env.items() if not name.startswith("COV")}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "qe_action", "run"],
        cwd=job.repo.root,
        env=env,
        capture_output=True,
        text=True,
        timeout=40,
        preexec_fn=limit,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert job.check.data["conclusion"] == "success"
    assert "Patch 70%" in job.comment.body


@pytest.mark.parametrize(
    ("journal", "preview"),
    [
        ("coverage.xml", ""),
        ("o", "./o"),
        (".git/config", ""),
        ("a" * 300, ""),
        ("/etc/x", ""),
        ("", ".git/x"),
    ],
)
def test_outputs_that_would_cost_something_are_refused_first(
    job: Job, journal: str, preview: str
) -> None:
    precious = [job.repo.root / "coverage.xml", job.repo.root / ".git" / "config"]
    before = [path.read_bytes() for path in precious]
    result = job.run(journal_file=journal, preview_file=preview)
    assert result.status == 2
    assert "Traceback" not in result.log
    assert [path.read_bytes() for path in precious] == before


def run_with(job: Job, **env: str) -> subprocess.CompletedProcess[str]:
    """The step with other variables than a runner gives."""
    given = job.environment("pull_request", job.payload(), job.github.token)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "qe_action", "run"],
        cwd=job.repo.root,
        env=given | env,
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.parametrize("place", ["", "gone"])
@pytest.mark.parametrize("name", ["GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"])
def test_a_file_of_the_runner_that_can_t_be_written_is_a_warning(
    job: Job, name: str, place: str
) -> None:
    folder = job.tmp / "folder"
    folder.mkdir()
    done = run_with(job, **{name: str(folder / place / place)})
    assert done.returncode == 0, done.stderr
    assert "can't be written" in done.stdout


def test_a_wrong_input_is_said_where_no_summary_can_be(job: Job) -> None:
    done = run_with(job, GITHUB_STEP_SUMMARY=str(job.tmp), INPUT_ANNOTATIONS="some")
    assert done.returncode == 2
    assert "::The input annotations takes" in done.stdout


def test_names_beyond_a_code_page_do_not_stop_the_log(job: Job) -> None:
    add(job, {"日本.py": "x = 1\ny = 2\n"})
    write(job, {"日本.py": {1: 1, 2: 0}})
    result = job.run(env={"PYTHONIOENCODING": "cp1252"})
    assert result.status == 0
    assert "日本.py" in result.log


@pytest.mark.parametrize("place", [".git/info/attributes", ".gitattributes"])
def test_attributes_do_not_hide_changed_lines_from_the_gate(job: Job, place: str) -> None:
    path = job.repo.root / place
    path.parent.mkdir(exist_ok=True)
    path.write_text("*.py -diff\n*.py binary\n")
    result = job.run(min_patch_coverage="99")
    assert result.status == 1
    assert "70%" in job.check.data["output"]["title"]


def test_a_diff_with_a_name_that_is_no_utf8(job: Job) -> None:
    diff = job.tmp / "x.diff"
    diff.write_bytes(
        b"diff --git a/\xe9.py b/\xe9.py\nnew file mode 100644\n--- /dev/null\n+++ b/\xe9.py\n"
        b"@@ -0,0 +1 @@\n+x\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "qe_action", "analyze", "--diff", str(diff), "--output", "jsonl"],
        cwd=job.repo.root,
        env=git_env(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_workspace_that_takes_no_file_costs_only_the_files(strict: FakeGitHub) -> None:
    """A read-only mount, or a folder that is another user's, as a full disk would."""
    python = python_for_all() if MACHINE.root else sys.executable
    if python is None or not same_version(python):
        pytest.skip("no interpreter here that another user may run")
    with open_folder() as folder:
        job = Job(folder / "job", strict)
        job.report()
        given = job.environment("pull_request", job.payload(), strict.token)
        for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
            Path(given[name]).chmod(0o666)
        job.repo.root.chmod(0o555)
        packages = os.pathsep.join([str(ROOT), *sys.path])
        done = subprocess.run(
            [python, "-P", "-m", "qe_action", "run"],
            cwd=job.repo.root,
            env=given
            | {"PYTHONPATH": packages, "PYTHONDONTWRITEBYTECODE": "1"}
            | {"INPUT_JOURNAL-FILE": "out/journal.jsonl", "INPUT_PREVIEW-FILE": "preview.html"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            **({"user": ANOTHER_USER, "group": ANOTHER_USER} if MACHINE.root else {}),
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert job.check.data["status"] == "completed"
        assert job.comment.body
        said = [c.message for c in read_commands(done.stdout) if c.name == "warning"]
        for name in ("out/journal.jsonl", "preview.html"):
            assert any(f"{name} can't be written: Permission denied." in text for text in said)
        written = read_pairs(Path(given["GITHUB_OUTPUT"]).read_text())
        assert written["journal-file"] == written["preview-file"] == ""


def same_version(python: str) -> bool:
    """Whether an interpreter runs what is installed for ours."""
    code = "import sys; print(sys.version_info[:2])"
    said = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return said.stdout.strip() == str(sys.version_info[:2])
