"""A runner of tests that runs nothing: it answers each request with a run that was recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from qe_action.verify.mutants import Mutant
from qe_action.verify.project import Project, describe
from qe_action.verify.run_answers import Measured, MutantSaid, Outcome, Run
from qe_action.verify.run_request import RunRequest

Answer = Callable[[RunRequest], Run]
Verdict = Callable[[Mutant], MutantSaid | None]


def all_killed(mutant: Mutant) -> MutantSaid:
    return MutantSaid(mutant=mutant.id, killed=True, how="failed")


def all_survive(mutant: Mutant) -> MutantSaid:
    return MutantSaid(mutant=mutant.id, killed=False)


class RecordedRunner:
    """Keeps the requests in `asked`, and the mutants that were tried in `tried`."""

    def __init__(
        self,
        files: Mapping[str, str],
        target: str,
        answer: Answer,
        verdict: Verdict = all_killed,
    ) -> None:
        texts = {name: text.encode() for name, text in files.items()}
        self.project: Project = describe(texts, target)
        self._answer, self._verdict = answer, verdict
        self.asked: list[RunRequest] = []
        self.tried: list[tuple[RunRequest, list[str]]] = []
        self.styles: list[Mapping[str, str]] = []

    async def run(self, request: RunRequest) -> Run:
        self.asked.append(request)
        return self._answer(request)

    async def mutate(self, request: RunRequest, mutants: Sequence[Mutant]) -> list[MutantSaid]:
        self.tried.append((request, [mutant.id for mutant in mutants]))
        said = [self._verdict(mutant) for mutant in mutants]
        return [one for one in said if one is not None]

    async def styled(
        self, files: Mapping[str, str], tools: Sequence[Sequence[str]], *, timeout: float
    ) -> list[Mapping[str, str]]:
        return list(self.styles)


def passed(
    *nodes: str,
    lines: Sequence[int] = (),
    branches: Sequence[tuple[int, int]] = (),
    **more: object,
) -> Run:
    """A run to the end in which these tests pass and these lines and branches of the target run."""
    measured = Measured(lines=tuple(lines), branches=tuple(branches))
    outcomes: dict[str, tuple[Outcome, str]] = dict.fromkeys(nodes, ("passed", ""))
    return Run(end="done", exit=0, outcomes=outcomes, measured=measured).model_copy(update=more)


def with_outcomes(run: Run, **outcomes: tuple[Outcome, str]) -> Run:
    """The run with other outcomes for the tests of these function names."""
    found = {
        node: outcomes.get(node.partition("::")[2].partition("[")[0], said)
        for node, said in run.outcomes.items()
    }
    return run.model_copy(update={"outcomes": found})
