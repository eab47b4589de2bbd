"""The folder that makes pytest find our plugin: it goes on PYTHONPATH, and nothing is installed.

Where that variable is not in effect, nothing of this is there and nothing misses it.
"""

from __future__ import annotations

from pathlib import Path

from qe_action import worker
from qe_action.worker.live_channel import MODULE

_PARTS = (
    *("live_channel", "live_reports", "live_run", "live_repeats", "live_tracebacks"),
    "live_plugin",
)
"""In the order in which they need each other."""
# The parts run under names that are no files', as coverage.py would measure a file.
_LOADER = f'''\
"""Tells qe-action of the tests while they run."""
import os, sys, types


def _load(part):
    name = __name__ + "." + part
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "parts", part + ".txt")
    with open(path, encoding="utf-8") as file:
        code = compile(file.read(), "<" + name + ">", "exec")
    module = sys.modules[name] = types.ModuleType(name)
    module.__package__ = __name__
    exec(code, module.__dict__)
    return vars(module)


try:
    for _part in {_PARTS!r}:
        _names = _load(_part)
    globals().update({{name: _names[name] for name in _names if name.startswith("pytest_")}})
except Exception:  # then nobody is told
    pass
'''
_FILES = {
    f"{MODULE}.py": _LOADER,
    f"{MODULE}-1.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {MODULE}\nVersion: 1\n",
    f"{MODULE}-1.dist-info/entry_points.txt": f"[pytest11]\n{MODULE} = {MODULE}\n",
    # coverage.py takes what lies beside it for somebody else's code.
    "pyvenv.cfg": "",
}


def write_live_module(folder: Path) -> None:
    """Write the plugin into `folder`, for every user to read. Raises `OSError`."""
    home = Path(worker.__file__).parent
    parts = {
        f"parts/{part}.txt": (home / f"{part}.py").read_text(encoding="utf-8") for part in _PARTS
    }
    for name, text in {**_FILES, **parts}.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.parent.chmod(0o755)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)
