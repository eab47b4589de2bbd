"""What the inputs ask of generated tests: what writes them, and what becomes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from qe_action.api_address import Where


@dataclass(frozen=True, slots=True)
class AskedModel:
    """The model. `host` is that of its API, empty where it is the provider's own.

    `key` says whether there is one. Nothing here is a secret, or has one in it.
    """

    generator: Literal["auto", "offline", "llm"] = "auto"
    name: str = ""
    provider: str = "openai"
    key: bool = False
    host: str = ""
    where: Where = "public"
    encrypted: bool = True


@dataclass(frozen=True, slots=True)
class AskedPull:
    """What becomes of the tests. `own_token`: there is one for their pull request alone.

    `workflow` is the file of one that is started on its branch.
    """

    wanted: Literal["off", "suggest", "open"] = "off"
    own_token: bool = False
    workflow: str = ""
