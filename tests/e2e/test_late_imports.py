"""What is imported while a suite runs that could have written it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from fake_github import FakeGitHub
from job import Job

PROGRAM = """
import sys
late, started = set(), []

def hook(event, arguments):
    if event == "subprocess.Popen":
        started.append(event)
    elif event == "import" and started:
        late.add(arguments[0])

pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c/dev/null"]
sys.argv = ["qe-action", "test", "--rerun-failures=1", "--", *pytest]
sys.addaudithook(hook)
from qe_action.entry import main
code = main()
print("LATE", code, *sorted(late))
"""

SUITE = """
import os
def test_bad():
    assert 0
def test_report():
    open("coverage.xml", "w").write(os.environ["REPORT"])
"""


def test_where_a_token_is_held_nothing_is_imported_once_the_suite_runs(
    tmp_path: Path, fake_github: FakeGitHub
) -> None:
    job = Job(tmp_path, fake_github)
    job.report()
    report = (job.repo.root / "coverage.xml").read_text()
    (job.repo.root / "test_it.py").write_text(SUITE)
    environment = job.environment("pull_request", job.payload(), fake_github.token)
    done = subprocess.run(
        (sys.executable, "-P", "-c", PROGRAM),
        cwd=job.repo.root,
        env={**environment, "PATH": os.environ["PATH"], "REPORT": report},
        capture_output=True,
        text=True,
        check=False,
    )
    assert len(fake_github.checks) == 2, done.stderr
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("LATE"))
    assert line.split() == ["LATE", "1"]
