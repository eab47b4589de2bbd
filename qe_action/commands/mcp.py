"""`qe-action mcp`: the tools for editors, over standard input and output or HTTP."""

from __future__ import annotations

import os
import secrets
import shlex
import sys
from argparse import Namespace
from collections.abc import Callable, Coroutine
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from qe_action.errors import UsageError
from qe_action.input_file import bounded, opened
from qe_action.servers.mcp_clients import PLACES, address_of, configuration
from qe_action.servers.mcp_places import Desk
from qe_action.settings import existing_folder
from qe_action.sinks.console import stderr_console, tell
from qe_action.verbosity import Color
from qe_action.workspace.git import Git

INSTALL = "pip install 'qe-action[mcp] @ git+https://github.com/qe-action/qe-action'"
TOKEN_BYTES = 32
LONGEST_TOKEN = 1024
SHORTEST_TOKEN = 20


def print_config(arguments: Namespace) -> None:
    """Print what is to be pasted, and say where."""
    command = [
        sys.executable,
        "-P",  # editors start it in the checkout, which may have a qe_action folder of its own
        "-m",
        "qe_action",
        "mcp",
        "--repo",
        str(existing_folder(arguments.repo)),
    ]
    command += ["--sandbox", "off"] if arguments.sandbox == "off" else []
    for name in arguments.python:
        command += ["--python", str(Path(name).absolute())]
    address = ""
    if arguments.http is not None:
        address = address_of(arguments.http)
    sys.stdout.write(f"{configuration(arguments.print_config, command, address)}\n")
    console = stderr_console(arguments.color)
    tell(console, f"Paste it into {PLACES[arguments.print_config].file}.")
    if find_spec("mcp") is None:
        tell(console, f"The server needs the extra mcp, which is missing here: {INSTALL}")


def server_of(arguments: Namespace) -> Callable[[], Coroutine[Any, Any, None]]:
    """What serves until the client is gone or the process is told to end.

    Raises `UsageError` where the extra is missing, the repository is none, or the port is taken.
    """
    desk = _desk(arguments)
    try:
        from qe_action.servers import mcp_server
    except ImportError as error:
        if error.name is None or error.name.startswith("qe_action"):
            raise
        raise UsageError(
            f"The MCP server needs the package {error.name}.", hint=f"Install it: {INSTALL}"
        ) from None
    if arguments.http is None:

        async def over_stdio() -> None:
            with mcp_server.serving(desk) as server:
                await server.run_stdio_async()

        return over_stdio
    from qe_action.servers import mcp_http

    token = _token(arguments.token_file)
    listener = mcp_http.listening(arguments.http)

    async def over_http() -> None:
        with mcp_server.serving(desk) as server:
            await mcp_http.serve_http(
                server, listener, token, lambda url: _say(url, token, arguments.color)
            )

    return over_http


def _desk(arguments: Namespace) -> Desk:
    folder = existing_folder(arguments.repo)
    root = Git(folder, env=os.environ).toplevel or folder
    pythons = tuple(Path(name).absolute() for name in arguments.python)
    network = arguments.test_network == "on"
    return Desk(root.resolve(), folder, arguments.sandbox, network, pythons)


def _token(name: str | None) -> str:
    """A new token, or the one in the file, which is made for its owner alone where there is none.

    Raises `UsageError` where the file can't be used.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    if name is None:
        return token
    try:
        with suppress(FileExistsError):
            made = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(made, "w", encoding="ascii") as file:
                file.write(f"{token}\n")
        with opened(Path(name)) as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o077:
                raise UsageError(
                    f"The token file {name} is open to other users of this machine.",
                    hint=f"`chmod 600 {shlex.quote(name)}`, or remove it: a new one is made.",
                )
            kept = bounded(file, LONGEST_TOKEN).decode("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The token file {name} can't be used: {error}.") from None
    if len(kept) < SHORTEST_TOKEN or not kept.isprintable() or " " in kept:
        raise UsageError(
            f"The token in {name} is none: it needs at least {SHORTEST_TOKEN} characters.",
            hint="Remove the file: a new one is made.",
        )
    return kept


def _say(address: str, token: str, color: Color) -> None:
    console = stderr_console(color)
    tell(console, f"MCP server at {address}; stop it with Ctrl-C.")
    tell(console, f"Clients send this header: Authorization: Bearer {token}")
