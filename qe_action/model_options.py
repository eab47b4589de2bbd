"""What is said of a model that writes tests, and what it may cost."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

Provider = Literal["openai", "anthropic"]


def _key(key: SecretStr) -> SecretStr:
    """Raises `ValueError` for what no header can carry: a client would put it into its error."""
    text = key.get_secret_value()
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError("no key has such characters")
    return key


Key = Annotated[SecretStr, AfterValidator(_key)]


class ModelOptions(BaseModel):
    """A model, by its `provider`'s API, at `base_url` where that is not the provider's own.

    It gets at most `requests` requests and `tokens` tokens, in and out, and costs at most `cost`;
    `price_input` and `price_output` are what a million tokens cost, in any currency. Its answers
    are kept in the folder `cache` and replayed from there.
    """

    # The text of an error would show a password in an address.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str = Field(default="", max_length=200)
    provider: Provider = "openai"
    base_url: str = Field(default="", max_length=2000)
    key: Key = SecretStr("")
    headers: Mapping[str, SecretStr] = Field(default_factory=dict)
    requests: int = Field(default=60, ge=1, le=10_000)
    tokens: int = Field(default=300_000, ge=1, le=1_000_000_000)
    cost: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    price_input: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    price_output: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    cache: Path | None = None

    @property
    def reachable(self) -> bool:
        """Whether there is one that may be asked: it has a name, and a key or an address."""
        return bool(self.name and (self.key.get_secret_value() or self.base_url))

    @property
    def unasked(self) -> str:
        """Why there is none that may be asked, in a sentence; empty where there is one."""
        if self.reachable:
            return ""
        why = "there is neither a key (model-key, on the command line QE_MODEL_KEY) nor an address"
        if not self.name:
            why = "none was named"
        return f"No model was asked, and nothing was sent: {why}."
