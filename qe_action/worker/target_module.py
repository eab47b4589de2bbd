"""Imports the target module and finds out where it lies."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any


def prepare(request: dict[Any, Any]) -> None:
    """Put the project's import folders first on the path."""
    for path in reversed(request.get("paths", [])):
        if path not in sys.path:
            sys.path.insert(0, path)


def load(request: dict[Any, Any]) -> Any:
    """The target module; whatever its import does short of killing the process is caught."""
    prepare(request)
    out, err = sys.stdout, sys.stderr
    with open(os.devnull, "w") as nothing:
        sys.stdout = sys.stderr = nothing
        try:
            return importlib.import_module(request["module"])
        finally:
            sys.stdout, sys.stderr = out, err


def filename(module: Any) -> str:
    """The file name that the module's code objects carry."""
    spec = getattr(module, "__spec__", None)
    return str(getattr(spec, "origin", None) or module.__file__)
