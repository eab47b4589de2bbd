"""What a model's tests have cost, and who wrote which tests, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from qe_action.events import ModelUse
from qe_action.text import clip, plural, visible

NAME = 100
"""Characters of a model's name."""
_WRITERS = {"offline": "the search", "llm": "the model", "given": "the caller"}
"""Who a generator is, for people."""


def model_name(use: ModelUse) -> str:
    """The model's name on one line."""
    return visible(clip(use.model, NAME)) or "a model"


def model_cost(use: ModelUse) -> str:
    """Requests, tokens and cost; what is not known is said to be unknown."""
    said = [plural(use.requests, "request")]
    if use.replayed:
        said.append(f"{plural(use.replayed, 'answer')} replayed")
    if use.input_tokens is None or use.output_tokens is None:
        said.append("tokens unknown")
    else:
        said.append(f"{use.input_tokens:,} tokens in and {use.output_tokens:,} out")
    said.append("cost unknown" if use.cost is None else f"cost {_amount(use.cost)}")
    return ", ".join(said)


def writers(by_generator: Mapping[str, int]) -> str:
    """How many tests each generator wrote; empty where that is not known."""
    known = [(_WRITERS[name], n) for name, n in by_generator.items() if n > 0 and name in _WRITERS]
    return ", ".join(f"{n:,} by {who}" for who, n in known)


def _amount(cost: float) -> str:
    """An amount of a currency that is not named."""
    if cost >= 1 or not cost:
        return f"{cost:,.2f}"
    return f"{cost:.4f}" if cost >= 0.0001 else "under 0.0001"
