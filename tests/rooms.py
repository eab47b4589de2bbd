"""The rooms of the package and their layers, read from the code: for a test and for a picture."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from html import escape
from pathlib import Path
from textwrap import wrap

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "qe_action"

LAYERS = (
    {"__main__"},
    {"entry"},
    {"cli"},
    {"app", "command_options"},
    {"commands", "journal_options"},
    {"servers"},
    {"mcp_tools", "notebook"},
    {"agents", "sinks"},
    {"defaults", "doctor", "verify"},
    {"generators"},
    {"github", "project_worker", "execution"},
    {"convert", "settings", "stream_runner", "workspace"},
    {"diagnosis", "render", "input_types", "stream", "untrusted"},
    {"analysis", "proposal", "results"},
    {"page", "reports"},
    {"given_inputs", "journal", "option_groups"},
    {"command_line", "events", "figures", "model_options", "sandbox"},
    {
        "api_address",
        "errors",
        "held_signals",
        "import_path",
        "input_file",
        "inputs",
        "place",
        "preload",
        "quoting",
        "secret_names",
    }
    | {"settings_files", "stdio", "step_outputs", "task", "text", "verbosity", "worker"},
)
"""The rooms, from the top down. Rooms of one layer are peers and import nothing of each other."""


def modules() -> list[Path]:
    """All files of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def name(path: Path) -> str:
    """The dotted name of a module."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name(path): path for path in modules()}


def room(module: str) -> str:
    """The room that a module lies in: a package below `qe_action`, or a file there."""
    return module.split(".")[1] if "." in module else ""


def imports(path: Path) -> Iterator[str]:
    """All modules that a file imports, at its top or inside a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(path.relative_to(ROOT).parts[: -node.level]) if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def edges() -> Iterator[tuple[str, str]]:
    """Which module of the package imports which."""
    for module, path in MODULES.items():
        yield from ((module, other) for other in imports(path) if other in MODULES)


def purpose(of: str) -> str:
    """What a room is for: the first sentence of its docstring."""
    text = (
        ast.get_docstring(ast.parse(MODULES[f"qe_action.{of}"].read_text(encoding="utf-8"))) or ""
    )
    first = " ".join(text.split("\n\n")[0].split())
    return first.removesuffix(" Pure.").rstrip(".")


def table() -> str:
    """The rooms from the top down, as a table in Markdown."""
    rows = ["| Room | What it is |", "| :-- | :-- |"]
    rows += [f"| `{each}` | {purpose(each)} |" for layer in LAYERS for each in sorted(layer)]
    return "\n".join(rows)


_WIDTH, _SIDE, _GAP, _LINE = 1000, 12, 10, 15
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#1f2328}"
    ".name{font:600 13px ui-monospace,monospace}"
    "rect{stroke:#8c959f;rx:6}.file{fill:#f6f8fa}.package{fill:#ddf4ff}"
)


def picture() -> str:
    """The layers from the top down as SVG: a row a layer, packages blue, single files grey."""
    parts: list[str] = []
    top = _SIDE
    for layer in LAYERS:
        for start in range(0, len(layer), 6):
            row = sorted(layer)[start : start + 6]
            height = _row(parts, row, top)
            top += height + (_GAP if start + 6 >= len(layer) else 4)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {top}" role="img">'
    title = "<title>The rooms of qe_action: imports go down only</title>"
    back = f'<rect width="{_WIDTH}" height="{top}" fill="#ffffff" stroke="none"/>'
    return "\n".join([head, title, f"<style>{_STYLE}</style>", back, *parts, "</svg>", ""])


def _row(parts: list[str], row: list[str], top: int) -> int:
    """Draw the boxes of a row; its height."""
    width = (_WIDTH - 2 * _SIDE - _GAP * (len(row) - 1)) // len(row)
    texts = {each: wrap(purpose(each).replace("`", ""), max(16, width // 8)) for each in row}
    height = 26 + _LINE * max(len(lines) for lines in texts.values())
    for number, each in enumerate(row):
        left = _SIDE + number * (width + _GAP)
        kind = "package" if MODULES[f"qe_action.{each}"].name == "__init__.py" else "file"
        box = f'<rect class="{kind}" x="{left}" y="{top}" width="{width}" height="{height}"/>'
        parts.append(box)
        parts.append(f'<text class="name" x="{left + 8}" y="{top + 17}">{escape(each)}</text>')
        for line, text in enumerate(texts[each]):
            y = top + 34 + line * _LINE
            parts.append(f'<text x="{left + 8}" y="{y}">{escape(text, quote=False)}</text>')
    return height
