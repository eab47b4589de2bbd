"""The scripted model by hand.

PYTHONPATH=tests python -m fake_llm 4020 --script replies.json
"""

from __future__ import annotations

import argparse
import json
import signal
import threading
from pathlib import Path

from fake_llm import HOSTILE, FakeLLM, Reply, replies


def main() -> None:
    """Serve until interrupted, then write what was asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("port", type=int, nargs="?", default=4020)
    parser.add_argument("--script", type=Path, help="the replies: a list of objects in JSON")
    parser.add_argument("--hostile", action="store_true", help="give all hostile answers in turn")
    parser.add_argument("--dump", type=Path, help="where to write the requests as JSON at the end")
    parser.add_argument("--key", default="sk-fake-0123456789")
    options = parser.parse_args()
    script = replies(options.script) if options.script else []
    if options.hostile:
        script += [Reply(text) for text in HOSTILE.values()]
    ended = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: ended.set())
    with FakeLLM(script, key=options.key, port=options.port) as llm:
        print(f"{llm.url} key {llm.key}", flush=True)
        ended.wait()
    if options.dump:
        asked = [{"path": one.path, "body": one.body} for one in llm.asked]
        options.dump.write_text(json.dumps(asked, indent=1))


if __name__ == "__main__":
    main()
