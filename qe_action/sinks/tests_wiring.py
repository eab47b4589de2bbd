"""What the sink of the tests is handed: where they may go, out of a run's settings and event."""

from __future__ import annotations

from pathlib import Path

from qe_action.proposal.next_step import Close, Run, Tell, next_step, why_not
from qe_action.render.marker import place_of
from qe_action.sinks.pace import persist
from qe_action.sinks.tests_branch import TestsBranch
from qe_action.sinks.tests_pull import PatchOf, TestsOf, TestsPullSink
from qe_action.sinks.wiring import Wiring
from qe_action.workspace.git import Git

PATCH = "tests-patch-file"
NOTHING_OPEN = "There is no open pull request with tests to close."


def tests_pull_sink(wiring: Wiring) -> TestsPullSink:
    """The sink; from now on the tests' place is still to come, and what links it waits."""
    wiring.delivery.proposal_settled.clear()
    inputs, context = wiring.settings.inputs, wiring.context
    opens = inputs.pull_request_tests == "open"
    why = _why_not(wiring)
    branch = tests_branch(wiring) if opens and not why else None
    return TestsPullSink(
        wiring.delivery,
        wiring.links,
        PatchOf(
            wiring.github,
            context.target_sha or "",
            _root(wiring) if wiring.trusted else None,
            wiring.files.get(PATCH),
            inputs.tests_patch_file or "",
        ),
        TestsOf(place_of(inputs.name), (context.run_id or 0, context.run_attempt)),
        branch=branch,
        github=wiring.pull_github,
        why_not=why if opens else "",
    )


def tests_branch(wiring: Wiring) -> TestsBranch:
    """The branch for the pull request of a run that has one and is connected."""
    assert wiring.github is not None
    assert wiring.pull_github is not None
    assert wiring.pull is not None
    return TestsBranch(
        wiring.pull_github,
        wiring.github,
        wiring.delivery,
        wiring.pull.number,
        wiring.settings.inputs.tests_workflow or "",
    )


async def close_tests(wiring: Wiring) -> str:
    """Close what holds tests for a pull request that has ended; says what was done."""
    why = _why_not(wiring)
    if why:
        return f"No pull request with tests to close: {why}."
    branch, told = tests_branch(wiring), NOTHING_OPEN

    async def close() -> None:
        nonlocal told
        there = await branch.look("")
        step = next_step(Run("", "", (0, 0), None), there.seen)
        if isinstance(step, Close | Tell) and await branch.close(step, there):
            told = f"Pull request {there.pull.number if there.pull else 0}: {step.sentence}"

    await persist(close, lambda: wiring.delivery.hurried)
    return told


def _why_not(wiring: Wiring) -> str:
    context = wiring.context
    return why_not(
        trusted=wiring.trusted,
        about_pull=context.pull is not None,
        fork=context.is_fork,
        own_branch=context.has_own_tests,
        connected=wiring.github is not None and wiring.pull_github is not None,
    )


def _root(wiring: Wiring) -> Path:
    """The checkout that the tests' paths start from."""
    workspace = wiring.settings.workspace
    return Git(workspace, env=wiring.environment).toplevel or workspace
