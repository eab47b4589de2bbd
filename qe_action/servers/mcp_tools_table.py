"""The tools of the MCP server: one line each, with what clients show of them before a call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from mcp.server.mcpserver import MCPServer
from mcp_types import ToolAnnotations

from qe_action.servers.mcp_calls import DRAINING, Tools
from qe_action.servers.mcp_places import Desk


class ToolLine(NamedTuple):
    """A tool: its method, and whether it runs code of the project."""

    name: str
    title: str
    description: str
    method: Callable[[Tools], Callable[..., Any]]
    runs_code: bool = False


_ANALYZE = (
    "What the tests miss, by a coverage report of the repository: figures, the worst gaps in "
    "changed lines and elsewhere, critical paths. Runs no code of the project."
)
_GENERATE = (
    "Write tests that hold: for source code given as text, for a file or function of the "
    "repository, or for the gaps of a report. Each is run alone, in fresh processes and beside the "
    "whole suite, and tried against small changes of the code. Runs the project's code in a "
    "sandbox; changes no file."
)
_EXECUTE = (
    "Run the project's tests by a command, for example pytest -q, in a copy of the checkout: what "
    "passes, fails and is flaky. Runs the project's code in a sandbox; nothing that it writes "
    "comes into the checkout."
)
_TELLS = " Every event is told while it runs."
_WAITS = " Says nothing until it is over."

TOOLS: tuple[ToolLine, ...] = (
    ToolLine(
        "coverage_analyze_stream",
        "Analyse coverage, live",
        _ANALYZE + _TELLS,
        lambda tools: tools.coverage_analyze,
    ),
    ToolLine(
        "coverage_analyze",
        "Analyse coverage",
        _ANALYZE + _WAITS,
        lambda tools: tools.coverage_analyze,
    ),
    ToolLine(
        "test_generate_stream",
        "Generate tests, live",
        _GENERATE + _TELLS,
        lambda tools: tools.test_generate,
        runs_code=True,
    ),
    ToolLine(
        "test_generate",
        "Generate tests",
        _GENERATE + _WAITS,
        lambda tools: tools.test_generate,
        runs_code=True,
    ),
    ToolLine(
        "test_execute_stream",
        "Run the tests, live",
        _EXECUTE + _TELLS,
        lambda tools: tools.test_execute,
        runs_code=True,
    ),
    ToolLine(
        "test_execute",
        "Run the tests",
        _EXECUTE + _WAITS,
        lambda tools: tools.test_execute,
        runs_code=True,
    ),
    ToolLine(
        "explain_gap",
        "Explain a gap",
        "Why a line is not covered, why that matters, which tests would reach it, and its source.",
        lambda tools: tools.explain_gap,
    ),
    ToolLine(
        "preview_comment",
        "Preview the comment",
        "The comment that a pull request would get, as Markdown; sends nothing.",
        lambda tools: tools.preview_comment,
    ),
    ToolLine(
        "critical_paths",
        "List critical paths",
        "Functions that much other code reaches and that the tests miss, the worst first.",
        lambda tools: tools.critical_paths,
    ),
)
assert {line.name for line in TOOLS} >= DRAINING


def add_tools(server: MCPServer[Any], tools: Tools, desk: Desk) -> None:
    """Put the table's tools on a server."""
    for line in TOOLS:
        server.add_tool(
            line.method(tools),
            name=line.name,
            title=line.title,
            description=line.description,
            annotations=hints(line, desk),
        )


def hints(line: ToolLine, desk: Desk) -> ToolAnnotations:
    """What a client may decide by whether it asks its user first.

    Code of a project may do anything that the sandbox lets it do, so a run of it is never said to
    be harmless. It reaches other machines where the sandbox is off or has a network.
    """
    return ToolAnnotations(
        title=line.title,
        read_only_hint=not line.runs_code,
        destructive_hint=line.runs_code,
        idempotent_hint=not line.runs_code,
        open_world_hint=line.runs_code and (desk.sandbox == "off" or desk.network),
    )
