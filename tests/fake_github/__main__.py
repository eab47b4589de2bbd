"""The fake GitHub by hand.

PYTHONPATH=tests python -m fake_github --port 4010 --dump state.json --pull 7:HEAD:BASE
"""

from __future__ import annotations

import argparse
import json
import signal
import threading
from pathlib import Path

from fake_github import READ_ONLY, FakeGitHub, Token


def main() -> None:
    """Serve until interrupted, then write the state."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=4010)
    parser.add_argument("--dump", type=Path, help="where to write the state as JSON at the end")
    parser.add_argument("--repo", default="octo/demo")
    parser.add_argument("--git", type=Path, help="the repository comparisons are made from")
    parser.add_argument("--pull", action="append", default=[], metavar="N:HEAD:BASE")
    parser.add_argument("--read-only", action="store_true", help="the token may only read")
    parser.add_argument("--token", default="ghs_writer")
    options = parser.parse_args()
    github = FakeGitHub(options.repo, git=options.git)
    github.tokens[options.token] = READ_ONLY if options.read_only else Token()
    for text in options.pull:
        number, head, base = text.split(":")
        github.add_pull(int(number), head, base)
    ended = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: ended.set())
    github.start(options.port)
    print(f"{github.url} {options.repo} token {options.token}", flush=True)
    ended.wait()
    github.stop()
    if options.dump:
        options.dump.write_text(json.dumps(github.state(), indent=1))


if __name__ == "__main__":
    main()
