"""Comparisons for the fake GitHub, out of a real git repository."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fake_github import objects

_STATUS = {"A": "added", "D": "removed", "M": "modified", "T": "changed", "R": "renamed"}


class NoSuchCommitError(Exception):
    """The repository does not have the commit, or the two have no common ancestor."""


def plain_environment() -> dict[str, str]:
    """Git's, without any settings of this machine."""
    return {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C",
    }


@dataclass(frozen=True)
class GitSide:
    """A repository as the server knows it; `base...head` is meant by every comparison."""

    path: Path

    def run(self, *args: str) -> str:
        done = subprocess.run(
            ["git", "-c", "safe.directory=*", *args],
            cwd=self.path,
            env=plain_environment(),
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise NoSuchCommitError(done.stderr.decode(errors="replace"))
        return done.stdout.decode(errors="replace")

    def sha(self, name: str) -> str:
        """The full SHA of a commit's name."""
        return self.run("rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}").strip()

    def diff(self, base: str, head: str) -> tuple[str, int]:
        """The diff from the merge base to `head`, and how many files it has."""
        span = self._span(base, head)
        names = self.run("diff", "-M", "--name-only", "-z", span)
        return self.run("diff", "-M", span), names.count("\0")

    def files(self, api: str, repo: str, base: str, head: str) -> list[dict[str, Any]]:
        """The comparison's files as GitHub lists them."""
        span = self._span(base, head)
        fields = self.run("diff", "-M", "--name-status", "-z", span).split("\0")[:-1]
        found = []
        while fields:
            letter = fields.pop(0)[0]
            previous = fields.pop(0) if letter == "R" else None
            name = fields.pop(0)
            names = [n for n in (previous, name) if n is not None]
            _, at, patch = self.run("diff", "-M", span, "--", *names).partition("\n@@ ")
            found.append(
                objects.file_entry(
                    api,
                    repo,
                    name,
                    _STATUS[letter],
                    patch=f"@@ {patch}".removesuffix("\n") if at else None,
                    previous=previous,
                )
            )
        return found

    def comparison(self, api: str, repo: str, base: str, head: str) -> dict[str, Any]:
        """The JSON answer of `GET compare/base...head`."""
        first, last = self.sha(base), self.sha(head)
        merge_base = self.run("merge-base", first, last).strip()
        ahead = self.run("rev-list", "--reverse", f"{first}..{last}").split()
        behind = self.run("rev-list", f"{last}..{first}").split()
        url = f"{api}/repos/{repo}/compare/{base}...{head}"
        html = f"https://github.com/{repo}/compare/{base}...{head}"
        status = {(True, True): "diverged", (True, False): "ahead", (False, True): "behind"}
        return {
            "url": url,
            "html_url": html,
            "permalink_url": html,
            "diff_url": f"{html}.diff",
            "patch_url": f"{html}.patch",
            "base_commit": self.commit(api, repo, first),
            "merge_base_commit": self.commit(api, repo, merge_base),
            "status": status.get((bool(ahead), bool(behind)), "identical"),
            "ahead_by": len(ahead),
            "behind_by": len(behind),
            "total_commits": len(ahead),
            "commits": [self.commit(api, repo, sha) for sha in ahead[:250]],
            "files": self.files(api, repo, base, head)[:300],
        }

    def commits(self, api: str, repo: str, start: str) -> list[dict[str, Any]]:
        """All commits that `start` can reach, the newest first, as GitHub lists them."""
        found = self.run("rev-list", self.sha(start)).split()
        return [self.commit(api, repo, sha) for sha in found]

    def _span(self, base: str, head: str) -> str:
        return f"{self.sha(base)}...{self.sha(head)}"

    def commit(self, api: str, repo: str, sha: str) -> dict[str, Any]:
        """A commit as GitHub shows it in lists."""
        shown = self.run("show", "-s", "--format=%T%n%P%n%an%n%ae%n%cn%n%ce%n%B", sha)
        tree, parents, *people, message = shown.split("\n", 6)
        return objects.commit(
            api, repo, sha, parents.split(), tree, message.strip(), (people[:2], people[2:])
        )
