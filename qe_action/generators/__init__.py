"""What makes candidate tests: one table, one line a generator."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command line reads the table: it loads no generator
    from qe_action.generators.llm.conversation import Model
    from qe_action.generators.llm.generator import LlmGenerator
    from qe_action.generators.port import Generator, Ports


def _offline(_: Ports) -> Generator:
    from qe_action.generators.offline import OfflineGenerator

    return OfflineGenerator()


def _llm(ports: Ports) -> Generator:
    from qe_action.generators.llm.generator import Unreachable

    return _asking(ports) if _has_model(ports) else Unreachable(ports.settings.model.unasked)


def _auto(ports: Ports) -> Generator:
    from qe_action.generators.chained import Chained

    return Chained(_offline(ports), _asking(ports)) if _has_model(ports) else _offline(ports)


GENERATORS: dict[str, Callable[[Ports], Generator]] = {
    "offline": _offline,
    "llm": _llm,
}
AUTO = "auto"
"""The search; then, where one may be asked, a model for what the search leaves."""
CHOICES = (AUTO, *GENERATORS)
"""What options and command line take for a generator."""


def generator_for(choice: str, ports: Ports) -> Generator:
    """The generator of one of `CHOICES`; tests that the caller wrote stand for any of them."""
    if ports.settings.given:
        from qe_action.generators.provided import ProvidedTests

        return ProvidedTests(ports.settings.given)
    return _auto(ports) if choice == AUTO else GENERATORS[choice](ports)


def _has_model(ports: Ports) -> bool:
    return ports.model is not None or ports.settings.model.reachable


def _asking(ports: Ports) -> LlmGenerator:
    """The generator that asks the caller's model, or the one that the settings name."""
    from qe_action.generators.llm.generator import LlmGenerator
    from qe_action.generators.llm.model_secrets import credentials_of

    options = ports.settings.model
    return LlmGenerator(
        lambda: _opened(ports),
        ports.clock,
        options.requests,
        options.tokens,
        credentials_of(options),
    )


def _opened(ports: Ports) -> Model:
    from qe_action.generators.llm.access import access_to

    model = access_to(ports.settings.model, ports.model)
    assert model is not None, "it is looked at first whether there is one"
    return model
