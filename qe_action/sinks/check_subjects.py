"""What a check run can be about: coverage, tests, or both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qe_action.events import AgentName
from qe_action.github.identity import About
from qe_action.render import executed, verdict
from qe_action.render.comparison import kept_baseline, kept_digests, kept_tests
from qe_action.render.executed_summary import tests_summary
from qe_action.render.links import Links
from qe_action.render.markdown import check_summary
from qe_action.render.state import RunState
from qe_action.render.verdict import Verdict


@dataclass(frozen=True)
class CheckSubject:
    """What a check run is about, and the words for it.

    It shows the events of `agents` and is completed by the result of `completed_by`; what stages
    after that one say is added to it. `running` is its title until then, `ended` its title and
    conclusion from then on, and `kept` the text with what later runs compare with.
    """

    about: About
    agents: frozenset[AgentName]
    completed_by: AgentName
    running: Callable[[RunState], str]
    ended: Callable[[RunState], Verdict]
    summary: Callable[[RunState, Links], str]
    kept: Callable[[RunState, Links], str | None]


def _tests_running(state: RunState) -> str:
    return executed.running_title(state.tests)


def _tests_ended(state: RunState) -> Verdict:
    return verdict.conclude_tests(state.tests)


COVERAGE = CheckSubject(
    about="coverage",
    agents=frozenset({"coverage-analyzer", "test-generator"}),
    completed_by="coverage-analyzer",
    running=verdict.running_title,
    ended=verdict.conclude,
    summary=check_summary,
    kept=kept_baseline,
)
TESTS = CheckSubject(
    about="tests",
    agents=frozenset({"test-executor"}),
    completed_by="test-executor",
    running=_tests_running,
    ended=_tests_ended,
    summary=tests_summary,
    kept=kept_tests,
)
BOTH = CheckSubject(
    about="coverage",
    agents=COVERAGE.agents | TESTS.agents,
    completed_by="coverage-analyzer",
    running=verdict.running_title,
    ended=verdict.conclude,
    summary=check_summary,
    kept=kept_digests,
)
