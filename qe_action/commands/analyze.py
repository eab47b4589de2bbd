"""`qe-action analyze`: a report against the checkout it stands in."""

from __future__ import annotations

import asyncio
import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from qe_action.agents.coverage_analyzer import CoverageAnalyzerAgent
from qe_action.agents.options import AnalysisOptions
from qe_action.analysis.diff_text import diff_text
from qe_action.analysis.gate import path_gate
from qe_action.commands.recorded_journal import check_link
from qe_action.commands.resumption import Made, Resumption, digest_of, resumption, written
from qe_action.errors import UsageError
from qe_action.input_file import bounded, content
from qe_action.render.links import Links
from qe_action.render.markdown import Heading, comment
from qe_action.render.state import RunState
from qe_action.settings import existing_folder
from qe_action.sinks.jsonl import EventsSink, JournalSink
from qe_action.sinks.table import FoldSink
from qe_action.sinks.workflow_commands import no_command
from qe_action.stream import Sink, Stage
from qe_action.stream_runner import stream_to
from qe_action.text import document
from qe_action.verbosity import Words
from qe_action.workspace.change import list_files, resolve_change
from qe_action.workspace.checkout import Checkout, GitCheckout
from qe_action.workspace.earlier_run import EarlierRun
from qe_action.workspace.git import DIFF_LIMIT, Git
from qe_action.workspace.report_file import report_digest
from qe_action.workspace.tree_digest import tree_digest

if TYPE_CHECKING:
    from qe_action.sinks.page_file import PageSink


async def analyze(arguments: Namespace) -> RunState:
    """Run the analysis that the command line asks for; its last state.

    Raises `QEError` for what the user can mend.
    """
    checkout, working = _checkout(arguments)
    options = _options(arguments, working)  # what does not fit is said before a file is written
    earlier = EarlierRun(Path(arguments.baseline)) if arguments.baseline else None
    state = RunState()
    with ExitStack() as files:
        sinks: list[Sink] = [FoldSink(state)]
        if name := arguments.journal or arguments.resume:
            head, resumed = await _resumption(arguments, options)
            sinks.append(JournalSink(files.enter_context(written(name, resumed)), head))
        out: IO[str] = sys.stdout
        if arguments.out:
            out = files.enter_context(_writing(arguments.out, "w"))
        sinks += _sinks(arguments, out)
        page = _page_sink(arguments)
        sinks += [page] if page else []
        agent = CoverageAnalyzerAgent(checkout=checkout, baselines=earlier)
        failures: list[BaseException] = []
        broadcast = await stream_to(
            [Stage("coverage-analyzer", agent.events(options))],
            sinks,
            on_failure=lambda _sink, error: failures.append(error),
        )
        if arguments.output == "markdown":
            text = document(comment(state, Links(), Heading(arguments.name)))
            out.write(text if arguments.out else no_command(text))
        elif page is not None:  # what is not ours in it is packed
            out.write(await _page(page, arguments.name, state, checkout))
    for error in (broadcast.failure, *failures):
        if error is not None:
            raise error
    return state


async def _resumption(
    arguments: Namespace, options: AnalysisOptions
) -> tuple[bytes, Resumption | None]:
    """The journal's first line, and what it takes the place of: the analysis is done anew."""
    reports = options.coverage_files
    names = [Path(name) for name in (arguments.journal, arguments.resume) if name]
    git = Git(existing_folder(arguments.repo), env=os.environ)
    change = (arguments.base or "", arguments.diff or "", arguments.baseline or "")
    made = Made(
        "analyze",
        report=await asyncio.to_thread(report_digest, reports),
        sources=await tree_digest(git, [*names, *reports]),
        options=digest_of(options.model_dump_json(exclude={"coverage_file"}), *change),
    )
    if arguments.resume is None:
        return made.head, None
    from qe_action.sinks.console import stderr_console, tell

    resumed = resumption(arguments.resume, made)  # nothing of it is believed
    tell(stderr_console(arguments.color), resumed.said)
    return made.head, resumed if arguments.journal in (None, arguments.resume) else None


def _options(arguments: Namespace, working: str) -> AnalysisOptions:
    reports = arguments.reports or [Path(arguments.repo, "coverage.xml")]
    return AnalysisOptions(
        coverage_file=tuple(map(Path, reports)),
        all_files=arguments.all_files == "true",
        lines=arguments.output == "html",
        include=tuple(arguments.include),
        exclude=tuple(arguments.exclude),
        unmeasured=arguments.unmeasured,
        source_roots=tuple(arguments.source_root),
        working=working,
        min_patch_coverage=arguments.min_patch_coverage,
        min_project_coverage=arguments.min_project_coverage,
        min_branch_coverage=arguments.min_branch_coverage,
        max_drop=arguments.max_drop,
        path_gates=tuple(map(path_gate, arguments.path_gate)),
        place="command line",
    )


def _checkout(arguments: Namespace) -> tuple[Checkout, str]:
    """The checkout around `--repo`, and that folder from its top, empty where it is the top."""
    folder = existing_folder(arguments.repo)
    git = Git(folder, env=os.environ)
    root = git.toplevel or folder
    resolve = partial(
        resolve_change, git, base=arguments.base, diff_text=_diff_text(arguments.diff)
    )
    checkout = GitCheckout(root, resolve=resolve, list_files=partial(list_files, git))
    below = folder.relative_to(root.resolve()).as_posix()
    return checkout, below if below != "." else ""


def _diff_text(name: str | None) -> str | None:
    if name is None:
        return None
    try:
        if name == "-":
            return diff_text(bounded(sys.stdin.buffer, DIFF_LIMIT))
        return diff_text(content(Path(name), DIFF_LIMIT))
    except OSError as error:
        raise UsageError(
            f"The diff {name} can't be read: {error.strerror}.", anchor="command-line"
        ) from None


def _sinks(arguments: Namespace, out: IO[str]) -> list[Sink]:
    if arguments.output == "jsonl":
        return [EventsSink(out)]
    from qe_action.sinks.console import stderr_console
    from qe_action.sinks.terminal import TerminalSink

    words: Words = arguments.words if arguments.output == "terminal" else "few"
    return [TerminalSink(stderr_console(arguments.color), words=words)]


def _page_sink(arguments: Namespace) -> PageSink | None:
    if arguments.output != "html":
        return None
    from qe_action.sinks.page_file import PageSink

    return PageSink()


async def _page(page: PageSink, name: str, state: RunState, checkout: Checkout) -> str:
    from qe_action.render.html import preview
    from qe_action.workspace.tracked_sources import tracked_sources

    def shown(left_out: str) -> str:
        why = f"Made in a local checkout; nothing was sent. {left_out}".strip()
        return document(preview(state, Links(), Heading(name), why=why))

    return page.page(name, await tracked_sources(checkout), shown)


@contextmanager
def _writing(name: str, mode: str) -> Iterator[IO[Any]]:
    encoding = None if "b" in mode else "utf-8"
    check_link(Path(name))
    try:
        with Path(name).open(mode, encoding=encoding) as file:
            yield file
    except OSError as error:
        raise UsageError(
            f"{name} can't be written: {error.strerror}.", anchor="command-line"
        ) from None
