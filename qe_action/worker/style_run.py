"""Runs the project's formatter and linter over files that are there for as long as it lasts."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time

from .test_run import Files, content_of


def run(request: dict, tell) -> dict:
    """What the files are after each of `tools`, one after the other; those not there are left."""
    root, texts = request["root"], request["files"]
    deadline = time.monotonic() + request["timeout"]
    with Files(root, texts):
        for module, *arguments in request["tools"]:
            if importlib.util.find_spec(module) is None or deadline < time.monotonic():
                continue
            _run([module, *arguments, *texts], root, deadline - time.monotonic())
            after = {path: content_of(os.path.join(root, path)) or b"" for path in texts}
            said = {path: data.decode("utf-8", "replace") for path, data in after.items()}
            tell({"tool": module, "texts": said})
    return {}


def _run(arguments: list, root: str, seconds: float) -> None:
    """Its exit says whether it found something, and nothing that we ask for."""
    try:
        subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        pass
