"""Runs that overlap: an older one that a newer overtakes, and many at once on a pull request."""

from __future__ import annotations

import itertools
import random
import re
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cases import Case, FaultRunner, Verdict
from fake_github import BOT
from fake_github.wire import Recorded
from faulty_github import Act, FaultyGitHub, Position
from outcome import differing, doubled, parts
from plans import Nothing
from sites import NAME, Done, Run, Site

OLDER, NEWER = 42, 43
HELD = 60.0
SLOW = (0.0, 0.25)
"""Seconds between which GitHub's answers take in a crowd, so that runs get into each other."""


@dataclass
class Hold:
    """Hold the older run at a request, before or after its effect, until it is let go."""

    position: Position
    after: bool
    held: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)

    def strike(self, position: Position) -> Act | None:
        return self._hold if position == self.position else None

    def _hold(self, github: FaultyGitHub, request: Recorded) -> bool:
        if self.after:
            github.take_effect(request)
        self.held.set()
        self.let_go.wait(HELD)
        if not self.after:
            github.take_effect(request)
        return True


@dataclass
class Slow:
    """Every answer comes late, some a moment after what they tell was true."""

    dice: random.Random

    def strike(self, position: Position) -> Act | None:
        seconds, after = self.dice.uniform(*SLOW), self.dice.random() < 0.5

        def act(github: FaultyGitHub, request: Recorded) -> bool:
            if after:
                github.take_effect(request)
            github.hang(seconds)
            if not after:
                github.take_effect(request)
            return True

        return act


def overtaken(runner: FaultRunner) -> Iterator[Case]:
    """An older run stands still at each of its requests while a newer one runs to its end."""
    for site in ("large", "plain"):
        for position, after in itertools.product(runner.positions[site], (False, True)):
            where = Position(f"older {position.endpoint}", position.number)

            def plan(where: Position = where, after: bool = after) -> Hold:
                return Hold(where, after)

            word = "after" if after else "before"
            yield Case(f"{site}/{position}/overtaken {word}", site, plan)


def judge_overtaken(runner: FaultRunner, case: Case) -> Verdict:
    """The comment is the newer run's, and each run has completed its own check run."""
    site = runner.sites[case.site]
    hold = case.plan()
    assert isinstance(hold, Hold)
    ended: list[Done] = []
    with site.github(hold) as github:
        token = "ghs_older"
        github.tokens[token] = github.tokens[github.token]
        github.apart[token] = "older"
        older = threading.Thread(
            target=lambda: ended.append(
                _run(runner, site, github).go(run_id=OLDER, token=token, pacing={"TIMEOUT": "60"})
            )
        )
        older.start()
        while not hold.held.wait(0.05) and older.is_alive():
            pass
        newer = _run(runner, site, github).go(run_id=NEWER)
        hold.let_go.set()
        older.join()
        lost = differing(runner.expected[case.site], parts(github, site.head, newer))
    lost.pop("count", None)
    wrong = [f"{name}: {text}" for name, text in lost.items()]
    wrong += doubled(parts(github, site.head, newer))
    wrong += _of_newest(github, NEWER)
    wrong += [f"{len(_done(github, site))} completed check runs"] * (len(_done(github, site)) != 2)
    return Verdict(case, tuple(wrong), hold.held.is_set(), tuple(lost), ended[0].log)


def crowd(runner: FaultRunner, seed: str, count: int, *, names: bool) -> Verdict:
    """So many runs at once, under one name or a name each; the newest is any of them."""
    site = runner.sites["plain"]
    dice = random.Random(seed)
    case = Case(f"plain/{count} at once/{'names' if names else 'one name'}", "plain", Nothing)
    ids = [*range(100, 100 + count)]
    dice.shuffle(ids)
    with site.github(Slow(dice)) as github:
        runs = [(_run(runner, site, github), run_id) for run_id in ids]
        begun = [
            (
                run,
                run.begin(run_id, 1, {}, "pull_request", None, _named(run_id, names)),
            )
            for run, run_id in runs
        ]
        ends = [run.end(process) for run, process in begun]
    checks = [c for i, c in github.checks.items() if c.data["head_sha"] == site.head]
    ours = [c.body for c in github.comments.values() if c.login == BOT]
    wrong = [f"a run ended with {d.status}" for d in ends if d.status]
    completed = [c for c in checks if c.data["status"] == "completed"]
    if (len(checks), len(completed)) != (count, count):
        wrong.append(f"{len(checks)} check runs, {len(completed)} completed, of {count}")
    if len(ours) != (count if names else 1):
        wrong.append(f"{len(ours)} comments")
    if names:
        heads = {re.findall(rf"{NAME} \d+", body)[0] for body in ours}
        wrong += [f"comments of {len(heads)} names"] * (len(heads) != count)
    else:
        wrong += _of_newest(github, max(ids))
    return Verdict(case, tuple(wrong), True, (), "\n".join(d.log for d in ends if d.status))


def _named(run_id: int, names: bool) -> dict[str, str]:
    return {"name": f"{NAME} {run_id}"} if names else {}


def _of_newest(github: FaultyGitHub, run_id: int) -> list[str]:
    shown = {
        found
        for c in github.comments.values()
        if c.login == BOT
        for found in re.findall(r"/actions/runs/(\d+)", c.body)
    }
    return [] if shown == {str(run_id)} else [f"the comment is of {sorted(shown)}, not {run_id}"]


def _done(github: FaultyGitHub, site: Site) -> list[object]:
    return [
        c
        for c in github.checks.values()
        if c.data["head_sha"] == site.head and c.data["conclusion"] == "success"
    ]


def _run(runner: FaultRunner, site: Site, github: FaultyGitHub) -> Run:
    return Run(site, github, Path(tempfile.mkdtemp(dir=runner.folder)))
