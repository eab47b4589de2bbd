"""The options of `qe-action mcp`, without heavy imports."""

from __future__ import annotations

import argparse

from qe_action.option_groups import add_color, add_project, add_repo


def add_mcp(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Serve coverage analysis, test generation and test runs to editors by the Model Context "
        "Protocol, over standard input and output. Tools work in the checkout alone. Needs the "
        "extra mcp: pip install 'qe-action[mcp] @ git+https://github.com/qe-action/qe-action'."
    )
    add = command.add_argument
    add_repo(command)
    add(
        "--http",
        type=port,
        metavar="PORT",
        help="serve over HTTP on this machine's own address, behind a token; 0 takes a free port",
    )
    add(
        "--token-file",
        metavar="FILE",
        help="take the token for --http from FILE, made where there is none; default: a new one "
        "each time",
    )
    add(
        "--print-config",
        choices=("vscode", "claude", "cursor"),
        help="print what to paste into the editor, and serve nothing",
    )
    add_project(command)
    add(
        "--test-network",
        choices=("on", "off"),
        default="off",
        help="whether suites reach the network from the sandbox; default: off",
    )
    add_color(command)


def port(text: str) -> int:
    """A port, or 0 for a free one."""
    if not (text.isascii() and text.isdigit() and int(text[:6]) <= 65_535):
        raise argparse.ArgumentTypeError(f"{text!r} is no port from 0 to 65535")
    return int(text)
