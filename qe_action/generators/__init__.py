"""What makes candidate tests: one table, one line a generator."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command line reads the table: it loads no generator
    from qe_action.generators.port import Generator, Ports


def _offline(_: Ports) -> Generator:
    from qe_action.generators.offline import OfflineGenerator

    return OfflineGenerator()


GENERATORS: dict[str, Callable[[Ports], Generator]] = {
    "offline": _offline,
}
AUTO = "auto"
"""The best generator that there is for what was given."""
CHOICES = (AUTO, *GENERATORS)
"""What options and command line take for a generator."""


def generator_for(choice: str, ports: Ports) -> Generator:
    """The generator of one of `CHOICES`; tests that the caller wrote stand for any of them."""
    if ports.settings.given:
        from qe_action.generators.provided import ProvidedTests

        return ProvidedTests(ports.settings.given)
    return GENERATORS["offline" if choice == AUTO else choice](ports)
