"""What is to be pasted into an editor so that it finds the MCP server."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

LOOPBACK = "127.0.0.1"
PATH = "/mcp"
Client = Literal["vscode", "claude", "cursor"]
NAME = "qe-action"
TOKEN = "QE_MCP_TOKEN"  # noqa: S105 - the name of a variable


class Place(NamedTuple):
    """Where an editor's configuration is, what holds its servers, how it names a variable."""

    file: str
    key: str
    variable: str


PLACES: dict[Client, Place] = {
    "vscode": Place(".vscode/mcp.json", "servers", "${input:qe-mcp-token}"),
    "claude": Place(".mcp.json", "mcpServers", f"${{{TOKEN}}}"),
    "cursor": Place(".cursor/mcp.json", "mcpServers", f"${{env:{TOKEN}}}"),
}


def address_of(port: int) -> str:
    """Where a server on this machine answers."""
    return f"http://{LOOPBACK}:{port}{PATH}"


def configuration(client: Client, command: Sequence[str], address: str = "") -> str:
    """The configuration as JSON: the server as a program, or at an address with a token.

    No token stands in it: the editor takes it from a variable, or asks for it.
    """
    place = PLACES[client]
    server: dict[str, Any]
    if address:
        headers = {"Authorization": f"Bearer {place.variable}"}
        server = {"type": "http", "url": address, "headers": headers}
    else:
        server = {"type": "stdio", "command": command[0], "args": [*command[1:]]}
    whole: dict[str, Any] = {place.key: {NAME: server}}
    if address and client == "vscode":
        asked = {"type": "promptString", "id": "qe-mcp-token", "password": True}
        whole["inputs"] = [{**asked, "description": "Token of qe-action"}]
    return json.dumps(whole, indent=2)
