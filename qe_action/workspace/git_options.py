"""What git runs with: an environment of our own, our configuration as its last word, options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

_NOTHING = "/dev/null"  # git knows it on Windows too
DIFF_OPTIONS = (
    "-p",
    "-M",
    "-l1000",
    "-U0",
    "--inter-hunk-context=0",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--no-relative",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "--diff-algorithm=myers",
    "--indent-heuristic",
    "--submodule=short",
    "--ignore-submodules=all",
)

SOURCES = (
    *(".py", ".pyi", ".pyx"),
    *(".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue"),
    *(".java", ".kt", ".scala", ".groovy", ".go", ".rs", ".rb", ".php", ".cs", ".fs", ".vb"),
    *(".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".m", ".mm", ".swift", ".lua", ".dart"),
)
"""Endings of the files that coverage reports are about."""

CONFIG = (
    ("advice.graftFileDeprecated", "false"),
    ("core.fsmonitor", "false"),
    ("core.hooksPath", _NOTHING),
    ("core.attributesFile", _NOTHING),
    ("core.excludesFile", _NOTHING),
    ("core.quotePath", "false"),
    ("core.bigFileThreshold", "512m"),
    ("core.pager", "cat"),
    ("core.sshCommand", "false"),
    ("core.askPass", "false"),
    ("credential.helper", ""),
    ("diff.external", ""),
    ("protocol.allow", "never"),
    ("submodule.recurse", "false"),
)
_EMPTY_DRIVERS = {
    "filter": (("clean", ""), ("smudge", ""), ("process", ""), ("required", "false")),
    "diff": (("command", ""), ("textconv", ""), ("binary", "auto"), ("xfuncname", "^(.*)$")),
}


def toplevel(root: Path) -> Path | None:
    """The nearest folder at or above `root` that has a `.git`.

    Found here and named to git: git's own discovery would heed `core.worktree`, take a
    repository that the pull request put in its tree, and refuse one of another owner.
    """
    for folder in (root, *root.parents):
        try:
            if (folder / ".git").exists():
                return folder
        except OSError:
            return None
    return None


def environment(env: Mapping[str, str], path: str, top: Path | None) -> dict[str, str]:
    """The variables that git gets: the repository `top` named, programs from `path` alone."""
    clean = {
        "PATH": path,
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": _NOTHING,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_GRAFT_FILE": _NOTHING,
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_PAGER": "cat",
    }
    if "SYSTEMROOT" in env:
        clean["SYSTEMROOT"] = env["SYSTEMROOT"]
    if top is not None:
        clean["GIT_DIR"] = str(top / ".git")
        clean["GIT_WORK_TREE"] = str(top)
    return clean


def empty_drivers(names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Configuration that empties every filter and diff driver among the names of settings."""
    drivers = dict.fromkeys(name.rpartition(".")[0] for name in names)
    return tuple(
        (f"{driver}.{key}", value)
        for driver in drivers
        for key, value in _EMPTY_DRIVERS.get(driver.partition(".")[0], ())
        if "." in driver
    )


def config_env(pairs: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Configuration as git reads it from the environment: it overrides every file."""
    env = {"GIT_CONFIG_COUNT": str(len(pairs))}
    for number, (key, value) in enumerate(pairs):
        env[f"GIT_CONFIG_KEY_{number}"] = key
        env[f"GIT_CONFIG_VALUE_{number}"] = value
    return env
