"""Tests as the project's own formatter and linter would have them.

Only what still is the same test is taken: a tool of the project's environment runs the project's
code, and a linter may change more than the looks.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from configparser import Error as ConfigError
from dataclasses import replace

from qe_action.settings_files import read_ini, read_toml
from qe_action.verify.gates import Trial
from qe_action.verify.run_request import Runner
from qe_action.verify.test_imports import bound_at_top
from qe_action.verify.writing import new_file

SECONDS = 30.0
"""How long all tools may take together."""
CONFIGS = ("pyproject.toml", "ruff.toml", ".ruff.toml", "setup.cfg", "tox.ini", ".isort.cfg")
_LINT = ("ruff", "check", "--fix", "--exit-zero", "--quiet", "--no-cache")
_FORMAT = ("ruff", "format", "--quiet", "--no-cache")

Tool = tuple[str, ...]


def configured(texts: Mapping[str, str]) -> tuple[Tool, ...]:
    """The tools that a project's configuration names, as arguments of `python -m`."""
    named = _tools(texts.get("pyproject.toml", ""))
    ini = {name for file in ("setup.cfg", "tox.ini") for name in _sections(texts.get(file, ""))}
    ruff = "ruff" in named or "ruff.toml" in texts or ".ruff.toml" in texts
    isort = "isort" in named or ".isort.cfg" in texts or bool(ini & {"isort", "tool:isort"})
    black = "black" in named
    tools = ((_LINT, ruff), (("isort", "--quiet"), isort), (("black", "--quiet"), black))
    return tuple(tool for tool, there in (*tools, (_FORMAT, ruff and not black)) if there)


def _tools(text: str) -> set[str]:
    try:
        found = read_toml(text).get("tool")
    except ValueError:
        return set()
    return set(found) if isinstance(found, dict) else set()


def _sections(text: str) -> list[str]:
    try:
        return read_ini(text).sections()
    except ConfigError:
        return []


async def style(runner: Runner, trials: Sequence[Trial], tools: Sequence[Tool]) -> None:
    """Give the tests the looks that the tools give them."""
    if not tools or not trials:
        return
    files = {trial.place_in(runner.project): trial.text for trial in trials}
    after = await runner.styled(files, tools, timeout=SECONDS)
    for path, trial in zip(files, trials, strict=True):
        for texts in reversed(after):
            try:
                if taken(trial, texts.get(path, "")):
                    break
            except RecursionError:  # it can be parsed and not be walked
                continue


def taken(trial: Trial, text: str) -> bool:
    """Take a text for a test if it does the same and imports no more."""
    before = trial.text
    if text == before:
        return True
    try:
        old, new = ast.parse(before), ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    names, kept = bound_at_top(old), bound_at_top(new)
    if _body(old) != _body(new) or any(names.get(name) != one for name, one in kept.items()):
        return False
    imports = [n for n in new.body if isinstance(n, ast.Import | ast.ImportFrom)]
    end = max([0, *(node.end_lineno or 0 for node in imports)])
    code = "\n".join(text.split("\n")[end:]).strip()
    found = tuple(ast.unparse(node) for node in imports)
    changed = replace(trial.candidate, code=code, imports=found)
    if _body(ast.parse(new_file([replace(trial.part, code=code, imports=found)]))) != _body(old):
        return False
    trial.candidate = changed
    return True


def _body(tree: ast.Module) -> str:
    """All but the imports, as text without places."""
    rest = [n for n in tree.body if not isinstance(n, ast.Import | ast.ImportFrom)]
    return ast.dump(ast.Module(rest, []))
