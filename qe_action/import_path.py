"""Where modules are imported from: never from what a stranger's pull request may have written.

`python -m` looks in the current folder first, and PYTHONPATH may name the checkout. Imports nothing
that is not there already, not even from `__future__`: the checkout may have a module of any name.
"""

import os
import sys

CLOSED = ("GITHUB_WORKSPACE", "RUNNER_WORKSPACE", "RUNNER_TEMP")
"""Variables of the runner's that name folders which a job fills."""
_PACKAGE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - no pathlib yet


def leave_the_checkout() -> None:
    """Import nothing more from the current folder and the job's folders, but ourselves.

    What belongs to the interpreter stays: its environment may lie in the checkout.
    """
    here = os.path.realpath(os.curdir)
    named = {os.path.realpath(os.environ[name]) for name in CLOSED if os.environ.get(name)}
    own = [os.path.realpath(name) for name in (sys.prefix, sys.base_prefix) if name]
    home = os.path.dirname(os.path.realpath(_PACKAGE))  # noqa: PTH120
    kept = []
    for entry in sys.path:
        folder = os.path.realpath(entry)
        # Of two folders that hold it, the inner one says whose it is.
        closest = max(
            (name for name in (*named, *own) if _holds(name, folder)), key=len, default=""
        )
        if folder == home or (folder != here and closest not in named) or closest in own:
            kept.append(entry)
    sys.path[:] = kept


def _holds(folder: str, other: str) -> bool:
    return other == folder or other.startswith(folder.rstrip(os.sep) + os.sep)
