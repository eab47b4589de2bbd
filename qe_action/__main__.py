"""`qe-action` and `python -m qe_action`: quiet when it is stopped, while it starts as well."""

import os
import sys

from qe_action.import_path import leave_the_checkout

CANCELLED = 130
"""128 and the number of SIGINT, as a shell has it."""

leave_the_checkout()

try:
    import signal
except KeyboardInterrupt:
    os._exit(CANCELLED)


def main() -> int:
    """Run the command line. Its imports, and the interpreter's end, can be stopped too."""
    _until_told_otherwise()
    from qe_action.entry import main as run

    try:
        return run()
    except KeyboardInterrupt:
        return CANCELLED
    finally:
        _until_told_otherwise()


def _until_told_otherwise() -> None:
    """Ctrl-C ends all at once, until `stream_runner.run` has something to put in order."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # as in the background
        signal.signal(signal.SIGINT, _stop)


def _stop(*_: object) -> None:
    """End at once: there is nothing yet, or nothing any more, to be put in order."""
    os._exit(CANCELLED)


if __name__ == "__main__":
    sys.exit(main())
