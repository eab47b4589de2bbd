"""What a generation goes on with, and the journal that it writes."""

from __future__ import annotations

import asyncio
import os
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from qe_action.agents.generation_options import GenerationOptions
from qe_action.commands.resumption import Made, Resumption, digest_of, resumption, written
from qe_action.commands.tests_journal import TestsJournal, temporary
from qe_action.errors import ReportError
from qe_action.events import TestProposed, TestRejected
from qe_action.journal import header
from qe_action.sinks.console import stderr_console, tell
from qe_action.workspace.git import Git
from qe_action.workspace.report_file import expand, report_digest
from qe_action.workspace.successor_file import SUFFIX
from qe_action.workspace.tree_digest import is_tracked, tree_digest

FREE = {
    *("earlier", "time_budget", "suite_timeout", "slots", "place"),
    *("repo", "coverage_file", "coverage_data", "model"),
}
"""Options that decide nothing of a test, or whose content is digested elsewhere."""


@dataclass(frozen=True)
class JournalPlan:
    """Where the journal goes, None for a temporary file; its first line; what it takes over."""

    name: str | None
    head: bytes
    resumed: Resumption | None = None

    @contextmanager
    def opened(self) -> Iterator[tuple[TestsJournal, IO[bytes]]]:
        """The journal that was asked for, or one that is kept if it is needed."""
        if self.name is None:
            with temporary() as pair:
                yield pair
            return
        with written(self.name, self.resumed) as file:
            yield TestsJournal(self.name), file


async def planned(
    options: GenerationOptions, arguments: Namespace, root: Path
) -> tuple[GenerationOptions, JournalPlan]:
    """The options with what an earlier run had found. Raises `QEError`."""
    name: str | None = arguments.journal or arguments.resume
    if name is None:
        return options, JournalPlan(None, header())
    made = await _made(options, arguments, root)
    if arguments.resume is None:
        return options, JournalPlan(name, made.head)
    tracked = await is_tracked(Git(root, env=os.environ), Path(arguments.resume))
    resumed = resumption(arguments.resume, made, tracked=tracked)
    tell(stderr_console(arguments.color), resumed.said)
    earlier = tuple(e for e in resumed.work if isinstance(e, TestProposed | TestRejected))
    plan = JournalPlan(name, made.head, resumed)
    if Path(name) != Path(arguments.resume):
        plan = replace(plan, resumed=None)
    return options.model_copy(update={"earlier": earlier}), plan


async def _made(options: GenerationOptions, arguments: Namespace, root: Path) -> Made:
    given = options.coverage_file or ()
    reports = given if isinstance(given, tuple) else (given,)
    files: list[Path] = []
    for path in reports:
        with suppress(ReportError):  # said when it is read
            files += expand(path)
    ours = [Path(name) for name in (arguments.journal, arguments.resume) if name]
    model = options.model.model_dump_json(include={"name", "provider", "base_url"})
    below = options.repo.resolve().relative_to(root).as_posix()
    return Made(
        "generate",
        report=await asyncio.to_thread(report_digest, reports),
        sources=await tree_digest(Git(root, env=os.environ), [*files, *ours, *_parts(ours)]),
        options=digest_of(options.model_dump_json(exclude=FREE), model, below),
    )


def _parts(journals: list[Path]) -> list[Path]:
    return [path.with_name(f"{path.name}{SUFFIX}") for path in journals]
