"""What a run leaves on GitHub, as parts that can be compared."""

from __future__ import annotations

import difflib
import json
import re
from typing import Any

from fake_github import BOT, FakeGitHub
from fake_github.git_data import branch_sha, git_side
from fake_github.state import Pull
from sites import Done

Parts = dict[str, Any]

_URLS = ("check-run-url", "tests-check-url", "comment-url")
_OURS = "qe-action/tests-for-7"


def plain(text: str | None) -> str:
    """A text without what tells runs from one another."""
    text = re.sub(r"/actions/runs/\d+(/attempts/\d+)?", "/actions/runs/RUN", text or "")
    text = re.sub(r"(?<=<!-- qe-action )[^>]*(?=-->)", _marker, text)
    return re.sub(r"\b\d+(\.\d+)? m?s\b", "TIME", text)


def _marker(found: re.Match[str]) -> str:
    return re.sub(r"\b(run|attempt)[=:]\d+", r"\1=N", found[0])


def parts(github: FakeGitHub, head: str, done: Done) -> Parts:
    """The state's parts.

    As GitHub shows them, the newest check run of a name counts; how many there are, and how
    many are not completed, are parts of their own.
    """
    checks = {i: c for i, c in sorted(github.checks.items()) if c.data["head_sha"] == head}
    shown = {c.data["name"]: c for c in checks.values()}
    ours = [c for _, c in sorted(github.comments.items()) if c.login == BOT and c.number == 7]
    found: Parts = {
        "checks": {
            name: [c.data["status"], c.data["conclusion"], c.data["output"]["title"]]
            for name, c in shown.items()
        },
        "summary": {name: plain(c.data["output"]["summary"]) for name, c in shown.items()},
        "annotations": {
            name: sorted(json.dumps(a, sort_keys=True) for a in c.annotations)
            for name, c in shown.items()
        },
        "count": len(checks),
        "open": sum(c.data["status"] != "completed" for c in checks.values()),
        "comments": [plain(c.body) for c in ours],
        "others": [(c.body, c.edits) for c in github.comments.values() if c.login != BOT],
        "reviews": _reviews(github),
        "tests": _tests(github),
        "outputs": {k: v for k, v in done.outputs.items() if k not in _URLS},
        "status": done.status,
    }
    return found


def _tests(github: FakeGitHub) -> dict[str, Any]:
    """The branch with tests, and the pull requests from it, with what is said there at the end."""
    tip = branch_sha(github, _OURS)
    pulls = [pull for _, pull in sorted(github.pulls.items()) if pull.head_ref == _OURS]
    return {
        "branch": git_side(github).run("show", "-s", "--format=%T", tip).strip() if tip else "",
        "pulls": [
            [p.state, p.draft, p.title, p.base_ref, sorted(p.labels), _told(p, tip)] for p in pulls
        ],
        "ended": [
            c.body for c in github.comments.values() if c.number in {p.number for p in pulls}
        ],
        "started": sorted(set(github.dispatched)),
    }


def _told(pull: Pull, tip: str | None) -> str:
    """A body without the commit it is about, but for whether that is the branch's last."""
    body = plain(pull.body).replace(" labelled", "")
    return re.sub(r"tip=(\w+)", lambda found: "tip" if found[1] == tip else "no tip", body)


def _reviews(github: FakeGitHub) -> list[str]:
    return sorted(
        f"{c.login} {c.path}:{c.start}-{c.end} {plain(c.body)}"
        for c in github.review_comments.values()
    )


def doubled(found: Parts) -> list[str]:
    """What is there twice, which no fault excuses."""
    said = []
    for name, shown in found["annotations"].items():
        if len(set(shown)) < len(shown):
            said.append(f"{len(shown) - len(set(shown))} annotations twice in {name}")
    if len(found["comments"]) > 1:
        said.append(f"{len(found['comments'])} comments of ours")
    if sum(pull[0] == "open" for pull in found["tests"]["pulls"]) > 1:
        said.append("several pull requests with tests")
    if len(found["tests"]["ended"]) > 1:
        said.append("the end of the tests is told twice")
    if len(set(found["reviews"])) < len(found["reviews"]):
        said.append("a review comment twice")
    return said


def differing(expected: Parts, found: Parts) -> dict[str, str]:
    """The parts that are not as expected, and how."""
    return {
        name: _difference(expected[name], found[name])
        for name in expected
        if expected[name] != found[name]
    }


def _difference(expected: Any, found: Any) -> str:
    before, after = (json.dumps(x, indent=0, default=str).split("\n") for x in (expected, found))
    lines = [*difflib.unified_diff(before, after, n=0, lineterm="")][2:]
    shown = [line[:300] for line in lines if not line.startswith("@@")]
    more = f" … {len(shown) - 6} more" if len(shown) > 6 else ""
    return " | ".join(shown[:6]) + more
