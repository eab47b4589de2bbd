"""What makes candidate tests: one table, one line a generator."""

from __future__ import annotations

from collections.abc import Callable

from qe_action.generators.offline import OfflineGenerator
from qe_action.generators.port import Generator

GENERATORS: dict[str, Callable[[], Generator]] = {
    "offline": OfflineGenerator,
}
