"""Cases: a site, what goes wrong, what comes after it, and what must have come of it."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

import losses
from faulty_github import Act, FaultyGitHub, Plan, Position
from kinds import LONGER, PASSING, STAYING, Kind, kill_after, kill_before
from outcome import Parts, differing, doubled, parts
from plans import Once, Single, Storm
from sites import Done, Run, Site

STORM_PACING = {"BACKOFF": "0.1", "TIMEOUT": "1", "MAX_WAIT": "10"}
SECOND = {"same": (42, 1), "next attempt": (42, 2), "newer run": (43, 1)}
"""Run id and attempt of what follows a killed run, which was 42, attempt 1."""
KILLS: dict[str, Act] = {"kill before": kill_before, "kill after": kill_after}


@dataclass(frozen=True)
class Case:
    """One case; `name` finds it again. `second` is what follows where the first was killed."""

    name: str
    site: str
    plan: Callable[[], Plan]
    pacing: dict[str, str] = field(default_factory=dict)
    fault: tuple[Position, Kind] | None = None
    second: str = "same"


@dataclass(frozen=True)
class Verdict:
    """What came of a case. `wrong` is empty where all is as it must be."""

    case: Case
    wrong: tuple[str, ...]
    struck: bool
    lost: tuple[str, ...] = ()
    log: str = ""


@dataclass
class FaultRunner:
    """Sites with the outcome of their runs without faults."""

    sites: dict[str, Site]
    folder: Path
    expected: dict[str, Parts] = field(default_factory=dict)
    positions: dict[str, list[Position]] = field(default_factory=dict)
    exchanges: list[FaultyGitHub] = field(default_factory=list)

    def prepare(self) -> FaultRunner:
        """Run each site without faults."""
        with ThreadPoolExecutor(2) as pool:
            for name, (github, found) in zip(
                self.sites, pool.map(self._whole, self.sites.values()), strict=True
            ):
                self.expected[name] = found
                self.positions[name] = list(github.positions)
                self.exchanges.append(github)
        return self

    def _whole(self, site: Site) -> tuple[FaultyGitHub, Parts]:
        with site.github() as github:
            done = self._run(site, github).go()
        found = parts(github, site.head, done)
        assert done.status == 0, done.log
        assert not doubled(found)
        assert not found["open"]
        return github, found

    def judge(self, case: Case) -> Verdict:
        """Run a case to its end."""
        site = self.sites[case.site]
        plan = case.plan()
        killed = False
        with site.github(plan) as github:
            done = self._run(site, github).go(pacing=case.pacing)
            if done.status == -9:
                killed = True
                github.quiet()
                run_id, attempt = SECOND[case.second]
                done = self._run(site, github).go(
                    run_id=run_id, attempt=attempt, pacing=case.pacing
                )
        found = parts(github, site.head, done)
        lost = differing(self.expected[case.site], found)
        if killed and case.second != "same":
            lost.pop("count", None)  # a check run each
        if killed and case.second == "newer run":
            lost.pop("open", None)  # GitHub shows the newest; the other might still be at work
        wrong = [*doubled(found), *_unexcused(case, lost, done)]
        if isinstance(plan, Storm) and wrong:
            wrong.append(f"struck: {', '.join(plan.told)}")
        return Verdict(case, tuple(wrong), bool(github.struck), tuple(lost), done.log)

    def _run(self, site: Site, github: FaultyGitHub) -> Run:
        return Run(site, github, Path(tempfile.mkdtemp(dir=self.folder)))


def _unexcused(case: Case, lost: dict[str, str], done: Done) -> Iterator[str]:
    """What is lost and may not be, or is not said to be."""
    excuse = losses.loss(*case.fault) if case.fault else None
    for part, difference in lost.items():
        if excuse is None or part not in excuse.parts:
            yield f"{part}: {difference}"
    if lost and case.fault and excuse and not losses.is_said(done.log, case.fault[1], excuse):
        yield f"lost without a word: {', '.join(lost)}"
    if "Traceback" in done.log:
        yield "a traceback in the log"


# All the cases


def singles(runner: FaultRunner) -> Iterator[Case]:
    """Each fault at each request."""
    for site, positions in runner.positions.items():
        for position, kind in itertools.product(_worth(runner, site, positions), _KINDS):

            def plan(position: Position = position, kind: Kind = kind) -> Plan:
                return Single(position, kind)

            name = f"{site}/{position}/{kind.name}"
            yield Case(name, site, plan, dict(kind.pacing), (position, kind))


_KINDS = (*PASSING, *LONGER, *STAYING)


def kills(runner: FaultRunner) -> Iterator[Case]:
    """`kill -9` at each request, and what comes after."""
    for site, positions in runner.positions.items():
        worth = _worth(runner, site, positions)
        for position, kill, second in itertools.product(worth, KILLS, SECOND):

            def plan(position: Position = position, kill: str = kill) -> Plan:
                return Once(position, KILLS[kill])

            yield Case(f"{site}/{position}/{kill}/{second}", site, plan, second=second)


def storms(seeds: Iterable[str]) -> Iterator[Case]:
    """Faults that pass, anywhere; in every fourth storm a kill besides."""
    for number, seed in enumerate(seeds):
        site = ("large", "plain", "edited", "opened", "updated", "tested")[number % 6]
        kill = (None, None, None, kill_after)[number % 4]

        def plan(seed: str = seed, kill: Act | None = kill) -> Plan:
            return Storm(seed, PASSING, kill)

        yield Case(f"{site}/storm {seed}", site, plan, STORM_PACING)


def _worth(runner: FaultRunner, site: str, positions: list[Position]) -> list[Position]:
    """The requests to strike at a site: of the later ones only those that no other makes.

    Two check runs in one run are another thing than one, so that all of theirs count.
    """
    usual = ("large", "plain")
    if site in usual:
        return positions
    if site == "tested":
        return [p for p in positions if p.endpoint.endswith(("check", "checks"))]
    others = {p for name in usual for p in runner.positions[name]}
    return [p for p in positions if p not in others]


def judge_all(
    runner: FaultRunner,
    cases: Iterable[Case],
    workers: int,
    tell: Callable[[Verdict], None] = lambda _verdict: None,
    judge: Callable[[FaultRunner, Case], Verdict] = FaultRunner.judge,
) -> list[Verdict]:
    """Judge the cases side by side, and `tell` of each as it ends."""
    verdicts = []
    with ThreadPoolExecutor(workers) as pool:
        for done in as_completed([pool.submit(judge, runner, case) for case in cases]):
            verdicts.append(done.result())
            tell(verdicts[-1])
    return verdicts
