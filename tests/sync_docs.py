"""Writes what `qe_action/inputs/` says into `action.yml` and the page on inputs.

And what `tests/faults/losses.py` allows into the page on losses, and the package's rooms into the
guide for contributors. `make golden` runs it; a test fails where they differ.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from qe_action.inputs import INPUTS
from qe_action.step_outputs import OUTPUTS

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / part) for part in ("faults", "e2e", "integration", "")]
import losses  # noqa: E402
import rooms  # noqa: E402

INPUTS_PAGE = ".github/docs/inputs.md"
ROOMS = ".github/images/rooms.svg"
TOKEN_DEFAULT = "${{ github.token }}"


def action_inputs() -> str:
    """The `inputs:` part of `action.yml`."""
    parts = []
    for item in INPUTS:
        default = TOKEN_DEFAULT if item.name == "token" else item.default
        values = f" One of {', '.join(item.choices)}." if item.choices else ""
        meaning = json.dumps(item.meaning + values, ensure_ascii=False)
        shown = default if item.name == "token" else json.dumps(default)
        parts.append(f"  {item.name}:\n    description: {meaning}\n    default: {shown}\n")
        if item.old:
            former = json.dumps(f"The old name of {item.name}, which goes on working.")
            parts.append(f'  {item.old}:\n    description: {former}\n    default: ""\n')
    return "inputs:\n" + "".join(parts)


def action_outputs() -> str:
    """The `outputs:` part of `action.yml`."""
    parts = [f"  {name}:\n    description: {json.dumps(meaning)}\n" for name, meaning in OUTPUTS]
    return "outputs:\n" + "".join(parts)


def table_of_inputs() -> str:
    """The table of inputs."""
    rows = ["| Input | Default | Meaning |", "| :-- | :-- | :-- |"]
    for item in INPUTS:
        default = "the job's token" if item.name == "token" else f"`{item.default}`"
        values = f" One of {', '.join(f'`{c}`' for c in item.choices)}." if item.choices else ""
        shown = default if default != "``" else ""
        rows.append(f"| `{item.name}` | {shown} | {item.meaning}{values} |")
    return "\n".join(rows)


def table_of_outputs() -> str:
    """The table of outputs."""
    rows = ["| Output | Meaning |", "| :-- | :-- |"]
    rows += [f"| `{name}` | {meaning} |" for name, meaning in OUTPUTS]
    return "\n".join(rows)


def synced_action(text: str) -> str:
    """`action.yml` with the inputs and outputs of the table."""
    block = action_inputs() + action_outputs()
    return re.sub(r"^inputs:\n.*(?=^runs:)", lambda _: block, text, flags=re.S | re.M)


def synced_inputs(text: str) -> str:
    """The page on inputs and outputs with the tables in their places."""
    for name, table in (("inputs", table_of_inputs()), ("outputs", table_of_outputs())):
        text = _placed(text, name, table)
    return text


def synced_losses(text: str) -> str:
    """The page on losses with its tables."""
    return _placed(text, "losses", losses.table())


def synced_contributing(text: str) -> str:
    """The guide for contributors with its table of rooms."""
    return _placed(text, "rooms", rooms.table())


def _placed(text: str, name: str, table: str) -> str:
    begin, end = f"<!-- {name} -->\n", f"\n<!-- /{name} -->"
    place = re.escape(begin) + r".*?" + re.escape(end.lstrip("\n"))
    return re.sub(place, lambda _: begin + table + end, text, flags=re.S)


def main() -> None:
    """Rewrite the files."""
    for name, sync in (
        ("action.yml", synced_action),
        (INPUTS_PAGE, synced_inputs),
        (".github/docs/losses.md", synced_losses),
        (".github/CONTRIBUTING.md", synced_contributing),
    ):
        path = ROOT / name
        path.write_text(sync(path.read_text(encoding="utf-8")), encoding="utf-8")
    (ROOT / ROOMS).write_text(rooms.picture(), encoding="utf-8")


if __name__ == "__main__":
    main()
