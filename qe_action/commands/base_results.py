"""Where a run looks for the results of its base: of the coverage, and of the tests."""

from __future__ import annotations

from qe_action.github.baseline_lookup import BaselineFinder, TestBaselineFinder
from qe_action.github.client import GitHub
from qe_action.github.identity import name_for_tests
from qe_action.github.kept_digests import Ancestors, History, KeptDigests, OwnApp
from qe_action.settings import Inputs


class BaseResults:
    """The finders of a run. What both of them need is asked for once.

    `history` and `own_app` are as `Ancestors` and `KeptDigests` have them; with `advise` it is said
    how to get a baseline where there is none.
    """

    def __init__(
        self, github: GitHub, inputs: Inputs, *, history: History, own_app: OwnApp, advise: bool
    ) -> None:
        self._advise = advise
        ancestors = Ancestors(github, history)
        name = inputs.name
        self._coverage = KeptDigests(github, ancestors, check_name=name, own_app=own_app)
        self._tests = self._coverage
        if inputs.checks == "two":
            own = name_for_tests(name)
            self._tests = KeptDigests(github, ancestors, check_name=own, own_app=own_app)

    def coverage(self) -> BaselineFinder:
        return BaselineFinder(self._coverage, advise=self._advise)

    def tests(self) -> TestBaselineFinder:
        """Those of the tests lie where the tests have their check run."""
        return TestBaselineFinder(self._tests, advise=self._advise)
