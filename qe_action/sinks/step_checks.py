"""The check runs of a step, taken together: that of its tests, and that of its coverage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import get_args

from qe_action.github.identity import RunKey, SeenIdentity, read_external_id
from qe_action.github.payloads import CheckSeen
from qe_action.render.markdown import of_the_run
from qe_action.render.marks import CheckConclusion, worst


@dataclass(frozen=True, slots=True)
class StepChecks:
    """One or both of the check runs of a step in the run `key`, the tests' first.

    A step has the name of its check run of coverage, unless it has none: the tests' own then.
    """

    key: RunKey
    checks: tuple[CheckSeen, ...]

    @property
    def last(self) -> CheckSeen:
        return self.checks[-1]

    @property
    def conclusion(self) -> CheckConclusion | None:
        """The worse one; None as long as one of them is not completed."""
        if any(check.status != "completed" for check in self.checks):
            return None
        return worst(*map(conclusion_of, self.checks))

    @property
    def title(self) -> str:
        """Both titles, what failed first."""
        bad = [c.title for c in self.checks if conclusion_of(c) in ("failure", "cancelled")]
        return "; ".join(dict.fromkeys([*bad, *(c.title for c in self.checks)]))

    @property
    def summary(self) -> str:
        """What both say, without what is of a check run alone."""
        return "\n".join(of_the_run(check.summary) for check in self.checks)


def conclusion_of(check: CheckSeen) -> CheckConclusion:
    """A completed check run's conclusion; those that we never give count as neutral."""
    known: tuple[CheckConclusion, ...] = get_args(CheckConclusion)
    return next((known for known in known if known == check.conclusion), "neutral")


def steps_of(checks: Iterable[CheckSeen], group: str | None = None) -> Iterator[StepChecks]:
    """The newest run of every step, of the given group's hash alone where one is given.

    Of several check runs of one name the newest counts. The tests' belongs to that of coverage
    which the same run made at the same place; where there is none, or an older one, the step has
    not come to its coverage.
    """
    newest: dict[tuple[str, str], tuple[SeenIdentity, CheckSeen]] = {}
    for check in checks:
        seen = read_external_id(check.external_id)
        if seen is None or (group is not None and seen.group != group):
            continue
        before = newest.get((seen.about, check.name))
        if before is None or (before[0].key, before[1].ref.id) < (seen.key, check.ref.id):
            newest[seen.about, check.name] = (seen, check)
    tests = {seen.place: (seen, check) for seen, check in newest.values() if seen.about == "tests"}
    for seen, check in newest.values():
        if seen.about == "tests":
            continue
        theirs = tests.pop(seen.place, None)
        if theirs is None or theirs[0].key < seen.key:
            yield StepChecks(seen.key, (check,))
        elif theirs[0].key == seen.key:
            yield StepChecks(seen.key, (theirs[1], check))
        else:
            yield StepChecks(theirs[0].key, (theirs[1],))
    for seen, check in tests.values():
        yield StepChecks(seen.key, (check,))
