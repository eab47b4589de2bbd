"""What runs a suite in a copy of the checkout: in the sandbox, or beside us where that is off."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

from qe_action.execution.plain import PlainRunner
from qe_action.execution.sandboxed_suite import SandboxedRunner, SuitePlace
from qe_action.execution.suite_copy import SuiteCopy
from qe_action.execution.suite_port import SuiteRunner
from qe_action.execution.suite_variables import suite_variables
from qe_action.execution.suite_watch import GRACE
from qe_action.sandbox.command_run import Relay
from qe_action.sandbox.sandbox import Sandbox
from qe_action.workspace.environment import Environment


@dataclass(frozen=True)
class CopiedSuite:
    """The project's `environment`, our own `variables`, and what of the machine a suite may use.

    With `protected` it runs in the sandbox, and `relay` takes what it prints; our own streams do
    where that is absent. One that is told to end has `grace` seconds for that.
    """

    environment: Environment
    sandbox: Sandbox
    variables: Mapping[str, str]
    network: bool = False
    protected: bool = True
    relay: Relay | None = None
    grace: float = GRACE

    async def runner(self, copy: SuiteCopy, stack: AsyncExitStack) -> SuiteRunner:
        """Runs commands in `copy` until the `stack` is closed."""
        variables = suite_variables(
            self.environment, copy.home, self.variables, network=self.network
        )
        if not self.protected:
            ours = {n: v for n, v in self.variables.items() if not n.startswith("INPUT_")}
            return PlainRunner({**ours, **variables}, grace=self.grace)
        place = SuitePlace(
            self.sandbox,
            await stack.enter_async_context(self.sandbox.slot()),
            readable=self.environment.readable,
            copy=copy.root,
            home=copy.home,
            variables=variables,
            network=self.network,
        )
        return SandboxedRunner(place, self.variables, relay=self.relay, grace=self.grace)
