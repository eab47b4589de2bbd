"""What the inputs' texts are read as."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, StringConstraints

from qe_action.analysis.gate import PathGate, path_gate
from qe_action.api_address import api_address
from qe_action.given_inputs import headers
from qe_action.text import visible

PYTHON = r"^3\.\d{1,2}(\.\d{1,3})?$"


def _lines(value: object) -> object:
    """A multi-line input as its lines that say something."""
    if isinstance(value, str):
        return tuple(line.strip() for line in value.splitlines() if line.strip())
    return value


def empty_is_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _percent(value: object) -> object:
    """`80`, `80%` or nothing."""
    return empty_is_none(value.strip().removesuffix("%") if isinstance(value, str) else value)


def _inside(value: str) -> str:
    """A folder below the workspace, by its relative path. Raises `ValueError`."""
    parts = PurePosixPath(value.replace("\\", "/")).parts
    if not parts or ".." in parts or ".git" in parts or parts[0].endswith((":", "/")):
        raise ValueError("no folder of the workspace")
    return value


def _words(value: object) -> object:
    """A command as its words, quoted as in a shell. Raises `ValueError`."""
    return tuple(shlex.split(value)) if isinstance(value, str) else value


def _path_gate(value: object) -> object:
    return path_gate(value) if isinstance(value, str) else value


Command = Annotated[tuple[str, ...], BeforeValidator(_words)]
Lines = Annotated[tuple[str, ...], BeforeValidator(_lines)]
Share = Annotated[Decimal, Field(ge=0, le=100, decimal_places=6, allow_inf_nan=False)]
Percent = Annotated[Share | None, BeforeValidator(_percent)]
PathGates = Annotated[
    tuple[Annotated[PathGate, BeforeValidator(_path_gate)], ...], BeforeValidator(_lines)
]
Text = Annotated[str, StringConstraints(strip_whitespace=True)]
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(visible),  # it may hold a branch's name, and is shown everywhere
]
Folder = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_inside)]
# A counted repetition of `\w` would take 18 MiB: it is compiled for all of Unicode so many times.
WorkflowFile = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, max_length=205, pattern=r"^[A-Za-z0-9_][\w.-]*\.ya?ml$"
    ),
]
Address = Annotated[str, AfterValidator(api_address)]
Headers = Annotated[Mapping[str, SecretStr], BeforeValidator(headers)]
Amount = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Money = Annotated[Amount | None, BeforeValidator(empty_is_none)]
Few = Annotated[int, Field(ge=1, le=100)]
Seconds = Annotated[int, Field(ge=1, le=3600)]
PythonVersion = Annotated[str, StringConstraints(strip_whitespace=True, pattern=PYTHON)]
Number = Annotated[int, Field(ge=1, lt=2**53)]
Optional = Annotated[Text | None, BeforeValidator(empty_is_none)]
