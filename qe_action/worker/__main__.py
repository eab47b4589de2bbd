"""The protocol loop: a JSON object a line in, JSON objects a line out on its own descriptor."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
from typing import Any

NAME = "_qe_worker"
OPS = {
    "hello": "hello",
    "survey": "survey",
    "record": "call_recording",
    "search": "call_run",
    "kill": "mutant_calls",
    "warm": "warm_import",
    "check": "test_run",
    "mutate": "mutant_tests",
    "style": "style_run",
}
"""Every request and the module that answers it."""


def _package() -> None:
    """Make this folder a package of a name that no project has, and take it off the path."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != here]
    place = os.path.join(here, "__init__.py")
    spec = importlib.util.spec_from_file_location(NAME, place, submodule_search_locations=[here])
    assert spec is not None and spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = package
    spec.loader.exec_module(package)


def _take_streams() -> tuple[Any, ...]:
    """Our own ends of the pipes; the project gets an empty stdin, and stderr for its prints."""
    requests = os.fdopen(os.dup(0), "r", encoding="utf-8", errors="replace")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace")
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    os.dup2(2, 1)
    return requests, answers


def main() -> None:
    """Serve requests until stdin ends."""
    requests, answers = _take_streams()
    _package()

    def tell(answer: dict[Any, Any]) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    for line in iter(requests.readline, ""):
        name = "?"
        try:
            request = json.loads(line)
            name = request["op"]
            module = importlib.import_module(NAME + "." + OPS[name])
            last = module.run(request, lambda answer, op=name: tell({"op": op, **answer})) or {}
            tell({"op": name, "done": True, **last})
        except KeyboardInterrupt:
            return
        except BaseException as error:
            kind = type(error).__name__
            tell({"op": name, "done": True, "error": kind, "detail": str(error)[:500]})


if __name__ == "__main__":
    main()
