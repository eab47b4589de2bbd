"""A pull request from end to end, on this machine: `make demo`.

Makes a git repository with a base commit and a branch, runs that branch's tests under
coverage for real, analyses the report and makes tests for what is missed, as the action does,
without token or network. What the comment of a longer run, with failures, shows at three moments
is a second page.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent
PREVIEW = "preview.html"
JOURNAL = "journal.jsonl"
OPTIONS = (
    *("--base", "main", "--preview-file", PREVIEW, "--journal", JOURNAL),
    *("--annotations", "all"),  # one of each severity
    # The demo's own code needs no sandbox, and so runs on every system and without a download.
    *("--generate-tests", "--sandbox", "off", "--max-tests", "3", "--time-budget", "30"),
)
SUITE = (
    *(sys.executable, "-m", "pytest", "-q"),
    *("--cov=shop", "--cov-branch", "--cov-report=xml"),
)
MOMENTS = "tests.html"


def main() -> int:
    """Run the demo; the analysis' exit code."""
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "demo-out").resolve()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="qe-action-demo-") as folder:
        repo = Path(folder) / "shop"
        environment = _environment(Path(folder))
        _say("A repository with a base commit and a branch that adds discounts")
        make_repository(repo, environment)
        _say("Its tests as they run, the analysis, and tests for its gaps (nothing is sent)")
        command = [sys.executable, "-m", "qe_action", "test", *OPTIONS, "--", *SUITE]
        code = subprocess.run(command, cwd=repo, env=environment, check=False).returncode
        for name in (PREVIEW, JOURNAL):
            shutil.copy(repo / name, out / name)
    _say("A longer suite, with failures: what its pull request shows while it runs")
    moments = [sys.executable, str(HERE / "comment_states.py"), str(out)]
    subprocess.run(moments, check=True, stdout=subprocess.DEVNULL)
    print(f"\nOpen {out / PREVIEW} to see the run, and what a pull request would show of it.")
    print(f"Open {out / MOMENTS} to see the comment at three moments of a suite that fails.")
    print(f"The events are in {out / JOURNAL}.")
    return code


def make_repository(repo: Path, environment: Mapping[str, str]) -> None:
    """The repository, its branch `discounts` checked out."""
    shutil.copytree(HERE / "base", repo, ignore=shutil.ignore_patterns("__pycache__"))
    for command in (
        ["init", "-q", "-b", "main"],
        ["add", "."],
        ["commit", "-qm", "A shop"],
        ["checkout", "-q", "-b", "discounts"],
    ):
        _run(["git", *command], repo, environment)
    shutil.copytree(
        HERE / "pull", repo, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
    )
    _run(["git", "add", "."], repo, environment)
    _run(["git", "commit", "-qm", "Add discounts and take things out again"], repo, environment)


def _environment(home: Path) -> dict[str, str]:
    """Our environment without what a workflow or the user's git configuration would change."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GITHUB_", "INPUT_", "GIT_", "COVERAGE", "COV_"))
    }
    people = {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "Demo"), ("EMAIL", "demo@example.com"))
    }
    return kept | people | {"HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1"}


def _run(command: list[str], folder: Path, environment: Mapping[str, str]) -> None:
    subprocess.run(command, cwd=folder, env=environment, check=True)


def _say(text: str) -> None:
    print(f"\n== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
