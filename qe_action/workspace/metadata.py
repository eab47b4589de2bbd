"""What a project says of itself in pyproject.toml, setup.cfg and setup.py. Pure."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from configparser import ConfigParser
from configparser import Error as ConfigError
from typing import Any

from qe_action.settings_files import read_ini, read_toml

UNVERSIONED = "9999.0"
"""The version of a project that asks git for its own: the export has no `.git`."""


def named_extras(texts: Mapping[str, str], pyproject: Mapping[str, Any]) -> tuple[str, ...]:
    found = list(table(pyproject, "project", "optional-dependencies"))
    found += _config(texts).options("options.extras_require") if _has_extras(texts) else []
    found += _setup_arguments(texts).get("extras_require", ())
    return tuple(dict.fromkeys(found))


def _has_extras(texts: Mapping[str, str]) -> bool:
    return _config(texts).has_section("options.extras_require")


def asked_pythons(texts: Mapping[str, str]) -> tuple[str, str]:
    """The version that `.python-version` names, and the specifier of all that are supported."""
    pyproject = toml(texts.get("pyproject.toml", ""))
    lines = texts.get(".python-version", "").split()
    chosen = re.fullmatch(r"(?:cpython-)?(3\.\d+)(\.\d+)?", lines[0]) if lines else None
    poetry = table(pyproject, "tool", "poetry", "dependencies").get("python")
    supported = (
        table(pyproject, "project").get("requires-python")
        or _config(texts).get("options", "python_requires", fallback="")
        or _setup_arguments(texts).get("python_requires")
        or (_from_caret(poetry) if isinstance(poetry, str) else "")
    )
    return (chosen[1] if chosen else "", supported if isinstance(supported, str) else "")


def _from_caret(text: str) -> str:
    """Poetry's `^3.9` and `~3.9` as specifiers."""
    text = re.sub(r"\^\s*(3[\d.]*)", r">=\1,<4", text)
    return re.sub(r"(?<![\w=])~\s*(3\.\d+)[\d.]*", r"==\1.*", text)


def version_variables(texts: Mapping[str, str], pyproject: Mapping[str, Any]) -> dict[str, str]:
    """A version for projects whose build asks git for it."""
    said = "\n".join(texts.get(name, "") for name in ("pyproject.toml", "setup.py", "setup.cfg"))
    name = table(pyproject, "project").get("name") or _config(texts).get(
        "metadata", "name", fallback=""
    )
    own = re.sub(r"[-_.]+", "_", str(name)).upper()
    scm = "SETUPTOOLS_SCM_PRETEND_VERSION"
    known = {
        "setuptools_scm": f"{scm}_FOR_{own}" if own.isidentifier() else scm,
        "setuptools-scm": f"{scm}_FOR_{own}" if own.isidentifier() else scm,
        "hatch-vcs": scm,
        "pdm": "PDM_BUILD_SCM_VERSION",
        "pbr": "PBR_VERSION",
    }
    found = {variable: UNVERSIONED for word, variable in known.items() if word in said}
    if "poetry-dynamic-versioning" in said:
        found["POETRY_DYNAMIC_VERSIONING_BYPASS"] = UNVERSIONED
    return found


def toml(text: str) -> Mapping[str, Any]:
    try:
        return read_toml(text)
    except ValueError:
        return {}


def table(data: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    for name in names:
        value = data.get(name)
        if not isinstance(value, dict):
            return {}
        data = value
    return data


def _config(texts: Mapping[str, str]) -> ConfigParser:
    try:
        return read_ini(texts.get("setup.cfg", ""))
    except ConfigError:
        return ConfigParser(interpolation=None)


def _setup_arguments(texts: Mapping[str, str]) -> dict[str, Any]:
    """The arguments of `setup()` in setup.py that are written as literals."""
    try:
        tree = ast.parse(texts.get("setup.py", ""))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    found: dict[str, Any] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("setup"):
            for keyword in node.keywords:
                if keyword.arg == "python_requires" and isinstance(keyword.value, ast.Constant):
                    found["python_requires"] = keyword.value.value
                if keyword.arg == "extras_require" and isinstance(keyword.value, ast.Dict):
                    keys = (getattr(key, "value", None) for key in keyword.value.keys)
                    found["extras_require"] = [key for key in keys if isinstance(key, str)]
    return found
