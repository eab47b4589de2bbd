"""A new interpreter for one run of pytest: its request on stdin, its result on a descriptor."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys

NAME = "_qe_worker"


def main() -> None:
    """Read what to do, and do it."""
    target = int(sys.argv[1])
    os.set_inheritable(target, False)
    spec = json.loads(sys.stdin.readline())
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != here]
    place = os.path.join(here, "__init__.py")
    about = importlib.util.spec_from_file_location(NAME, place, submodule_search_locations=[here])
    assert about is not None and about.loader is not None
    package = importlib.util.module_from_spec(about)
    sys.modules[NAME] = package
    about.loader.exec_module(package)
    sys.argv[:] = ["pytest"]
    importlib.import_module(NAME + ".pytest_run").perform(spec, target)


if __name__ == "__main__":
    main()
