"""What the tools answer: a structure with a schema, and a text that says the same for people."""

from __future__ import annotations

from collections.abc import Iterable

from mcp.server.mcpserver import Context
from mcp_types import CallToolResult, ResourceLink, TextContent
from pydantic import BaseModel, Field

from qe_action.events import (
    AnalysisComplete,
    CriticalPath,
    ExecutionComplete,
    Gap,
    GenerationComplete,
)
from qe_action.servers.mcp_runs import Run
from qe_action.text import visible

STRUCTURED = "2025-06-18"
"""The first version of the protocol with structured results and links to resources."""


class Answer(BaseModel):
    """What every tool answers."""

    run: str = Field(description="id of the run")
    journal: str = Field(description="resource with all events of the run, as lines of JSON")
    errors: tuple[str, ...] = Field(default=(), description="what went wrong, and how to mend it")


class AnalysisAnswer(Answer):
    """The result of an analysis."""

    result: AnalysisComplete


class GenerationAnswer(Answer):
    """The result of a generation: its tests hold alone, together and beside the suite."""

    result: GenerationComplete


class ExecutionAnswer(Answer):
    """The result of a run of the tests."""

    result: ExecutionComplete


class GapAnswer(Answer):
    """A gap, with the source around it; null where the line lies in none."""

    gap: Gap | None = None
    others: tuple[Gap, ...] = Field(default=(), description="other gaps of the file")
    source: str = Field(default="", description="the lines around it, with their numbers")


class CommentAnswer(Answer):
    """The comment that a pull request would get."""

    title: str
    markdown: str


class PathsAnswer(Answer):
    """Functions that much else reaches and that the tests miss, the worst first."""

    critical_paths: tuple[CriticalPath, ...]


def answer(
    context: Context, run: Run, structure: Answer, lines: Iterable[str], *, failed: bool = False
) -> CallToolResult:
    """The structure and a text as the client's version of the protocol has them.

    Versions without structured results get the structure as a second text.
    """
    said = (*lines, *(f"Error: {visible(error)}" for error in run.errors))
    texts = ["\n".join((*said, f"All events: {run.uri}"))]
    modern = (context.protocol_version or STRUCTURED) >= STRUCTURED
    if not modern:
        texts.append(structure.model_dump_json())
    content: list[TextContent | ResourceLink] = [TextContent(text=text) for text in texts]
    if modern:
        link = ResourceLink(uri=run.uri, name="journal", mime_type="application/jsonl")
        content.append(link)
    return CallToolResult(
        content=list(content),
        structured_content=structure.model_dump(mode="json"),
        is_error=failed,
    )
