"""`qe-action live`: a page on this machine that shows a run while it happens, and then stays."""

from __future__ import annotations

import asyncio
import os
import sys
import webbrowser
from argparse import Namespace
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from qe_action.commands.run import ActionRun
from qe_action.servers.live_access import Access, is_local
from qe_action.servers.live_history import History, LiveSink, Shown
from qe_action.servers.live_journal import JournalFeed
from qe_action.servers.live_routes import Routes, RunSources
from qe_action.servers.live_server import LiveServer, bound, check_installed
from qe_action.settings import Settings, existing_folder
from qe_action.sinks.console import stderr_console, tell
from qe_action.stream import Sink
from qe_action.stream_runner import until_signal
from qe_action.workspace.git import Git

if TYPE_CHECKING:
    from qe_action.execution.suite_port import SuiteRunner

LAST_FRAMES = 5.0
"""Seconds that browsers have to hear the end, where the page ends with the run."""


class LiveRun(ActionRun):
    """A run as `qe-action test` makes it, or of a report alone, that is shown on a page as well."""

    def __init__(
        self,
        settings: Settings,
        environment: Mapping[str, str],
        history: History,
        runner: SuiteRunner | None,
    ) -> None:
        super().__init__(settings, environment, runner=runner)
        self._history = history

    def sinks(self, files: Mapping[str, IO[bytes]]) -> list[Sink]:
        return [LiveSink(self._history), *super().sinks(files)]

    @property
    def tells_lines(self) -> bool:
        return True


class LivePage:
    """The page, as the command line asks for it; `root` is where the sources of its run are.

    Raises `QEError` where it can't be served.
    """

    def __init__(self, arguments: Namespace, title: str, root: Path) -> None:
        check_installed()
        self.shown = Shown(title)
        self.is_brief: bool = arguments.once
        self._console = stderr_console(arguments.color)
        self._place, note = bound(arguments.host, arguments.port)
        self._access = Access(arguments.host, self._place.getsockname()[1])
        self._opens: bool = arguments.open
        routes = Routes(self._access, self.shown, RunSources(root))
        self._server = LiveServer(routes, self.shown)
        if note:
            tell(self._console, note)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Serve the page, and say where it is."""
        try:
            async with self._server.serving(self._place):
                await self._tell_where()
                yield
        finally:
            self._place.close()
            self.shown.run.close()

    async def stay(self) -> None:
        """Go on until a signal; where the page ends with its run, until browsers have heard all."""
        if self.is_brief:
            await self._server.told_all(LAST_FRAMES)
        else:
            tell(self._console, f"The page stays until Ctrl-C: {self._access.link}")
            await until_signal()

    async def _tell_where(self) -> None:
        if not is_local(self._access.host):
            tell(
                self._console,
                f"Others reach {self._access.host} too: whoever has or overhears the link sees "
                "this run and its sources. It is not encrypted; a tunnel is safer.",
                "yellow",
            )
        tell(self._console, f"Live page: {self._access.link}")
        if self._opens and not await asyncio.to_thread(_open, self._access.link_for_once()):
            tell(self._console, "No browser can be opened from here: open the link yourself.")


async def show_run(
    settings: Settings,
    arguments: Namespace,
    runner: SuiteRunner | None,
    code_of: Callable[[ActionRun], int],
) -> int:
    """Run the tests or read the report, and show that; the exit code that `code_of` gives it."""
    root = Git(settings.workspace, env=os.environ).toplevel or settings.workspace
    words = settings.inputs.test_command or settings.inputs.coverage_file
    page = LivePage(arguments, f"{root.name}: {' '.join(words)}", root)
    async with page.serving():
        run = LiveRun(settings, os.environ, page.shown.run, runner)
        await run.run()
        page.shown.run.end()
        code = code_of(run)
        if not run.delivery.hurried:  # by a signal, which means the page as well
            await page.stay()
    return code


async def show_journal(arguments: Namespace) -> int:
    """Show a journal, and what is added to it while the page is up."""
    path = Path(arguments.shown)
    folder = existing_folder(arguments.repo or ".")
    root = Git(folder, env=os.environ).toplevel or folder
    page = LivePage(arguments, path.name, root)
    feed = JournalFeed(path, page.shown)
    over = asyncio.Event()
    async with page.serving():
        following = asyncio.create_task(_follow(feed, over))
        try:
            if page.is_brief:
                await over.wait()
            await page.stay()
        finally:
            following.cancel()
            await asyncio.wait({following})
            feed.close()
    return 0


async def _follow(feed: JournalFeed, over: asyncio.Event) -> None:
    async with aclosing(feed.follow()) as ends:
        async for _ in ends:
            over.set()


def _open(link: str) -> bool:
    """Open a browser that has a window; one inside this terminal would take that."""
    windows = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    if sys.platform == "linux" and not any(os.environ.get(name) for name in windows):
        return False
    with suppress(webbrowser.Error):
        return webbrowser.open(link)
    return False
