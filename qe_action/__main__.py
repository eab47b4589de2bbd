"""`qe-action` and `python -m qe_action`: quiet when it is stopped, while it starts as well."""

import os
import signal
import sys

CANCELLED = 130
"""128 and the number of SIGINT, as a shell has it."""


def main() -> int:
    """Run the command line. Its imports, and the interpreter's end, can be stopped too."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a job in the background
        from qe_action.cli import main as run

        return run()
    signal.signal(signal.SIGINT, _stop)
    from qe_action.cli import main as run

    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return run()
    except KeyboardInterrupt:
        return CANCELLED
    finally:
        signal.signal(signal.SIGINT, _stop)


def _stop(*_: object) -> None:
    """End at once: there is nothing yet, or nothing any more, to be put in order."""
    os._exit(CANCELLED)


if __name__ == "__main__":
    sys.exit(main())
