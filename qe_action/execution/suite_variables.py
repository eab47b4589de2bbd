"""The environment that a suite gets in the sandbox: the project's own programs, and no secret."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from qe_action.sandbox.policy import BASE
from qe_action.workspace.environment import Environment
from qe_action.workspace.network import Network, passed_on

PASSED_ON = (
    *("FORCE_COLOR", "NO_COLOR", "PY_COLORS", "CLICOLOR_FORCE", "COLUMNS", "TERM"),
    *("LANG", "LC_ALL", "TZ", "PYTHONHASHSEED", "PYTEST_ADDOPTS", "COVERAGE_CORE"),
    *("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "PYTHONUTF8", "PYTHONWARNINGS", "SOURCE_DATE_EPOCH"),
)
"""Variables of ours that the suite sees; each says how something is shown or run.

Others may hold a secret. `test-command: env NAME=value pytest` sets what the tests need.
"""
LONGEST = 4096
"""Characters of the longest value."""


def suite_variables(
    environment: Environment, home: Path, env: Mapping[str, str], *, network: bool
) -> dict[str, str]:
    """All variables beside the sandbox's own; makes the folders that they name.

    Nothing says that this is a workflow of GitHub's: plugins would print its commands.
    """
    folders = {"HOME": home / "home", "TMPDIR": home / "tmp"}
    for folder in folders.values():
        folder.mkdir(exist_ok=True)
    passed = {name: env[name] for name in PASSED_ON if env.get(name)}
    programs = [environment.python.parent]
    if environment.overlay is not None:
        programs.append(environment.overlay / "bin")
        passed["PYTHONPATH"] = str(environment.overlay)
    return {
        **(_proxies(passed_on(env)) if network else {}),
        **{name: value for name, value in passed.items() if len(value) <= LONGEST},
        **{name: str(folder) for name, folder in folders.items()},
        "PATH": os.pathsep.join([*map(str, programs), BASE["PATH"]]),
        "VIRTUAL_ENV": str(environment.python.parent.parent),
        "CI": "true",
        "PYTHONDONTWRITEBYTECODE": "",  # it imports the same files in many processes
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": str(home.parent),
    }


def _proxies(network: Network) -> dict[str, str]:
    """The way to the network, without what is told to installers."""
    return {
        name: value
        for name, value in network.variables.items()
        if not name.startswith(("UV_", "PIP_"))
    }
