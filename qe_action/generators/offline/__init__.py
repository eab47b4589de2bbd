"""The offline generator: finds inputs that reach the gaps, and pins what they give."""

from qe_action.generators.offline.generator import OfflineGenerator

__all__ = ["OfflineGenerator"]
