"""What the tools of the MCP server do with a call, by the events of `qe_action.mcp_tools`.

Each tells its events while it runs, unless it was called by a name that is in `DRAINING`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Annotated, Any, TypeVar

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult
from pydantic import Field

from qe_action import mcp_tools
from qe_action.errors import QEError
from qe_action.events import AgentName, Event
from qe_action.mcp_tools import Framework, TestType
from qe_action.render.event_words import gap_line, path_line, result_lines
from qe_action.render.links import Links
from qe_action.render.markdown import Heading, comment
from qe_action.render.verdict import conclude
from qe_action.servers.mcp_gap_tools import (
    FileSink,
    analysis_of_file,
    explanation,
    source_around,
)
from qe_action.servers.mcp_places import Desk
from qe_action.servers.mcp_progress import ProgressSink
from qe_action.servers.mcp_results import (
    AnalysisAnswer,
    CommentAnswer,
    ExecutionAnswer,
    GapAnswer,
    GenerationAnswer,
    PathsAnswer,
    answer,
)
from qe_action.servers.mcp_runs import Run, Runs
from qe_action.stream import Sink
from qe_action.text import document, visible

DRAINING = frozenset({"coverage_analyze", "test_generate", "test_execute"})
"""The tools that tell nothing while they run."""

T = TypeVar("T")

Call = Context[Any, Any]
Reports = Annotated[
    list[str],
    Field(max_length=100, description="reports to merge, files or globs of the repository"),
]
Base = Annotated[
    str, Field(pattern=r"^[^-]|^$", description="compare with the merge base of this revision")
]
AllFiles = Annotated[bool, Field(description="the gaps of every file, not of changed lines first")]
Seconds = Annotated[float, Field(gt=0, le=3600, description="for finding tests")]


class Tools:
    """The tools of one repository."""

    def __init__(self, desk: Desk, runs: Runs) -> None:
        self._desk = desk
        self._runs = runs

    async def coverage_analyze(
        self,
        ctx: Call,
        reports: Reports = [],  # noqa: B006 - the schema's default
        base: Base = "",
        all_files: AllFiles = False,
        target_coverage: Annotated[float | None, Field(ge=0, le=100)] = None,
    ) -> Annotated[CallToolResult, AnalysisAnswer]:
        run = await self._analysis(
            ctx, reports, base, all_files=all_files, target_coverage=target_coverage
        )
        result = run.state.result
        assert result is not None
        made = AnalysisAnswer(run=run.id, journal=run.uri, errors=run.errors, result=result)
        failed = result.conclusion != "finished"
        return answer(ctx, run, made, result_lines(result), failed=failed)

    async def test_generate(
        self,
        ctx: Call,
        code: Annotated[
            str | None, Field(max_length=2_000_000, description="a module's source")
        ] = None,
        target: Annotated[
            str | None, Field(description="FILE or FILE::QUALNAME of the repository")
        ] = None,
        reports: Annotated[list[str] | None, Field(max_length=100)] = None,
        framework: Framework = "pytest",
        test_type: TestType = "unit",
        target_count: Annotated[int, Field(ge=1, le=100, description="tests at most")] = 10,
        time_budget: Seconds = 60.0,
    ) -> Annotated[CallToolResult, GenerationAnswer]:
        desk = self._desk
        if code is None and target is None and reports is None:
            reports = []
        run = await self._go(
            ctx,
            "test-generator",
            lambda: mcp_tools.test_generate_stream(
                code=code,
                file=None if target is None else _target(desk, target),
                report=None if reports is None else desk.reports(reports),
                repo=desk.folder,
                framework=framework,
                test_type=test_type,
                target_count=target_count,
                time_budget=time_budget,
                sandbox=desk.sandbox,
                python=desk.pythons or None,
                place="command line",
            ),
        )
        result = run.state.generation.result
        assert result is not None
        made = GenerationAnswer(run=run.id, journal=run.uri, errors=run.errors, result=result)
        failed = result.conclusion != "finished"
        return answer(ctx, run, made, result_lines(result), failed=failed)

    async def test_execute(
        self,
        ctx: Call,
        command: Annotated[
            list[str], Field(min_length=1, max_length=1000, description="as words, no shell")
        ],
        rerun_failures: Annotated[int, Field(ge=0, le=10)] = 0,
        test_timeout: Annotated[float | None, Field(gt=0, description="seconds of a test")] = None,
    ) -> Annotated[CallToolResult, ExecutionAnswer]:
        desk = self._desk
        run = await self._go(
            ctx,
            "test-executor",
            lambda: mcp_tools.test_execute_stream(
                command,
                repo=desk.folder,
                sandbox=desk.sandbox,
                network=desk.network,
                python=next(iter(desk.pythons), None),
                rerun_failures=rerun_failures,
                test_timeout=test_timeout,
                place="command line",
            ),
        )
        result = run.state.tests.result
        assert result is not None
        made = ExecutionAnswer(run=run.id, journal=run.uri, errors=run.errors, result=result)
        failed = result.conclusion != "finished"
        return answer(ctx, run, made, result_lines(result), failed=failed)

    async def explain_gap(
        self,
        ctx: Call,
        file: Annotated[str, Field(description="the file's path in the repository")],
        line: Annotated[int, Field(ge=1)],
        reports: Reports = [],  # noqa: B006 - the schema's default
        base: Base = "",
    ) -> Annotated[CallToolResult, GapAnswer]:
        desk = self._desk
        path = _checked(lambda: desk.file(file))
        sink = FileSink(path)
        run = await self._go(
            ctx,
            "coverage-analyzer",
            lambda: analysis_of_file(desk, path, reports, base or None),
            sink,
        )
        gap, source = sink.at(line), ""
        lines = [f"No gap is known at {visible(path)}:{line}."]
        if gap is not None:
            source = source_around(desk, gap)
            lines = [*explanation(gap), *source.splitlines()]
        others = sink.others(gap)
        lines += [f"Another gap: {gap_line(other)}" for other in others]
        made = GapAnswer(
            run=run.id, journal=run.uri, errors=run.errors, gap=gap, others=others, source=source
        )
        return answer(ctx, run, made, lines, failed=_failed(run))

    async def preview_comment(
        self,
        ctx: Call,
        reports: Reports = [],  # noqa: B006 - the schema's default
        base: Base = "",
        all_files: AllFiles = False,
    ) -> Annotated[CallToolResult, CommentAnswer]:
        run = await self._analysis(ctx, reports, base, all_files=all_files)
        text = document(comment(run.state, Links(), Heading("qe-action coverage")))
        title = conclude(run.state).title
        made = CommentAnswer(
            run=run.id, journal=run.uri, errors=run.errors, title=title, markdown=text
        )
        return answer(ctx, run, made, [text], failed=_failed(run))

    async def critical_paths(
        self,
        ctx: Call,
        reports: Reports = [],  # noqa: B006 - the schema's default
        base: Base = "",
        all_files: AllFiles = False,
    ) -> Annotated[CallToolResult, PathsAnswer]:
        run = await self._analysis(ctx, reports, base, all_files=all_files)
        paths = tuple(run.state.paths)
        lines = [path_line(path) for path in paths] or ["No critical path is missed by the tests."]
        made = PathsAnswer(run=run.id, journal=run.uri, errors=run.errors, critical_paths=paths)
        return answer(ctx, run, made, lines, failed=_failed(run))

    async def _analysis(self, ctx: Call, reports: Sequence[str], base: str, **more: Any) -> Run:
        desk = self._desk
        return await self._go(
            ctx,
            "coverage-analyzer",
            lambda: mcp_tools.coverage_analyze_stream(
                desk.reports(reports),
                repo=desk.folder,
                base=base or None,
                place="command line",
                **more,
            ),
        )

    async def _go(
        self,
        ctx: Call,
        agent: AgentName,
        source: Callable[[], AsyncGenerator[Event, None]],
        *sinks: Sink,
    ) -> Run:
        """Run it to its end; the client is told its events unless it has asked for none."""
        events = _checked(source)
        run = self._runs.begin(agent)
        asked = (ctx.request_context.params or {}).get("name")
        told = () if asked in DRAINING else (ProgressSink(ctx, run.id),)
        try:
            await self._runs.go(run, events, (*sinks, *told))
        except QEError as error:
            raise _refusal(error) from None
        return run


def _target(desk: Desk, target: str) -> str:
    path, colons, name = target.partition("::")
    return f"{desk.file(path)}{colons}{name}"


def _failed(run: Run) -> bool:
    return run.state.result is None or run.state.result.conclusion != "finished"


def _checked(make: Callable[[], T]) -> T:
    """What is made of a call's arguments; what does not fit is told the client."""
    try:
        return make()
    except QEError as error:
        raise _refusal(error) from None


def _refusal(error: QEError) -> ToolError:
    return ToolError(visible(f"{error.message} {error.hint}".strip()))
