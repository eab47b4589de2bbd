"""`qe-action live` as a real process: what a browser is told of suites, reports and journals."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from gitrepo import GitRepo, git_env
from job import cobertura
from warm_program import run_program
from websockets.asyncio.client import connect

from qe_action.errors import ReportError
from qe_action.events import AnalysisComplete, AnalyzerError
from qe_action.journal import encode, header
from qe_action.servers.live_history import Shown
from qe_action.servers.live_journal import JournalFeed

SUITE = """
import pathlib, time, app

def test_passes():
    assert app.f(1) == 1

def test_waits_until_somebody_looks():
    for _ in range(600):
        if pathlib.Path({seen!r}).exists():
            return
        time.sleep(0.05)
    raise AssertionError("nobody looked")
"""
APP = "def f(a):\n    if a:\n        return 1\n    return 2\n"


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    made = GitRepo(tmp_path / "repo")
    suite = SUITE.format(seen=str(tmp_path / "seen"))
    made.commit({".gitignore": "coverage.xml\n", "app.py": APP, "test_app.py": suite})
    (made.root / "coverage.xml").write_text(cobertura({"app.py": {1: 1, 2: 1, 3: 1, 4: 0}}))
    return made


class Live:
    """The command while it runs; `link` is where its page is."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[str] = []
        self.link = self._until(r"Live page: (\S+)")
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _until(self, pattern: str) -> str:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line)
            if found := re.search(pattern, line):
                return found[1]
        raise AssertionError("".join(self.said))

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.said += self.process.stderr

    def ended(self) -> tuple[int, str]:
        """Its exit code and all that it said."""
        code = self.process.wait(60)
        self._reader.join()
        return code, "".join(self.said)

    def stop(self) -> tuple[int, str]:
        self.process.send_signal(signal.SIGINT)
        return self.ended()

    def told(self, until: str = "complete", agent: str = "coverage-analyzer") -> list[Any]:
        """The events that a browser hears up to this one."""
        return asyncio.run(self._hear(until, agent))

    async def _hear(self, until: str, agent: str) -> list[Any]:
        address = self.link.replace("http", "ws").replace("/?", "/ws?")
        events: list[Any] = []
        async with asyncio.timeout(60), connect(address, proxy=None, max_size=None) as client:
            async for message in client:
                for event in json.loads(message).get("events", ()):
                    events.append(event)
                    if (event["type"], event["agent"]) == (until, agent):
                        return events
        raise AssertionError(events)


@contextmanager
def live(repo: GitRepo, *arguments: str, **env: str) -> Iterator[Live]:
    process = subprocess.Popen(
        [sys.executable, "-m", "qe_action", "live", *arguments],
        cwd=repo.root,
        env={**git_env(), "PATH": os.environ["PATH"], **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Live(process)
    finally:
        process.kill()
        process.communicate()


def qe(repo: GitRepo, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_program(arguments, repo.root, git_env(), timeout=60)


def test_a_suite_is_shown_while_it_runs_and_then_its_report(repo: GitRepo, tmp_path: Path) -> None:
    pytest_command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--cov=app"]
    command = ["--", *pytest_command, "--cov-report=xml", "-q"]
    with live(repo, "--once", "--port", "0", *command, GITHUB_TOKEN="ghs_secret_token") as page:
        running = page.told("finished", "test-executor")
        assert running[-1]["id"].endswith("test_passes")
        (tmp_path / "seen").touch()
        whole = page.told()
        assert whole[: len(running)] == running
        assert "ghs_secret_token" not in json.dumps(whole)
        code, said = page.ended()
    assert code == 0, said
    assert whole[-1]["conclusion"] == "finished"
    assert "Nothing was sent to GitHub" in said


def test_the_page_of_a_report_stays_until_ctrl_c_and_its_code_is_that_of_the_run(
    repo: GitRepo,
) -> None:
    with live(repo, "--port", "0", "--all-files", "--min-project-coverage", "99") as page:
        assert "gap" in {event["type"] for event in page.told()}
        assert page.told() == page.told()
        assert page.process.poll() is None
        code, said = page.stop()
    assert code == 1
    assert f"The page stays until Ctrl-C: {page.link}" in said


def test_ctrl_c_while_the_suite_runs_ends_all(repo: GitRepo) -> None:
    command = ["--", sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    with live(repo, "--port", "0", *command) as page:
        page.told("finished", "test-executor")
        code, said = page.stop()
    assert code != 0
    assert "The page stays" not in said
    assert "Traceback" not in said


def test_a_journal_that_was_written_is_shown(repo: GitRepo, tmp_path: Path) -> None:
    journal = tmp_path / "run.jsonl"
    assert qe(repo, "analyze", "--all-files", "--journal", str(journal), "-q").returncode == 0
    os.utime(journal, (0, 0))
    with live(repo, "--port", "0", "--journal", str(journal)) as page:
        lines = journal.read_text().splitlines()[1:]
        assert page.told() == [json.loads(line) for line in lines]
        assert page.stop()[0] == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b'{"journal": "qe-action", "version": 99}\n', "has version 99"),
        (b'{"other": 1}\n', "is not a journal of qe-action"),
        (b"\x00\xff" * 100_000, "is not a journal of qe-action"),
        (None, "can't be read: No such file"),
    ],
)
def test_a_foreign_journal_is_refused_in_a_line(
    repo: GitRepo, tmp_path: Path, text: bytes | None, said: str
) -> None:
    if text is not None:
        (tmp_path / "j").write_bytes(text)
    done = qe(repo, "live", "--port", "0", "--journal", str(tmp_path / "j"))
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--journal", "x", "coverage.xml"], "takes neither reports nor a command"),
        (["--journal", "x", "--", "pytest"], "takes neither reports nor a command"),
        (["coverage.xml", "--", "pytest"], "name it by --coverage-file"),
        (["--port", "65536"], "is no port from 0 to 65535"),
        (["--port", "{taken}"], "Port {taken} is taken. Leave out --port"),
        (["--host", "192.0.2.1"], "can't be served at 192.0.2.1"),
    ],
)
def test_a_mistake_is_one_line(repo: GitRepo, arguments: list[str], said: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        done = qe(repo, "live", *(word.format(taken=taken) for word in arguments))
    assert done.returncode == 2
    assert said.format(taken=taken) in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_what_others_reach_comes_with_a_warning(repo: GitRepo) -> None:
    with live(repo, "--port", "0", "--host", "0.0.0.0") as page:
        assert "Others reach 0.0.0.0 too" in page.said[0]


def test_without_the_extra_it_says_what_to_install(repo: GitRepo, tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    (hidden / "websockets").mkdir(parents=True)
    (hidden / "websockets" / "__init__.py").write_text("raise ImportError('none')\n")
    done = subprocess.run(
        [sys.executable, "-m", "qe_action", "live"],
        cwd=repo.root,
        env={**git_env(), "PATH": os.environ["PATH"], "PYTHONPATH": str(hidden)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "pip install 'qe-action[live]" in done.stderr
    assert len(done.stderr.splitlines()) == 1


# Journals that are still written


def result() -> bytes:
    return encode(
        AnalysisComplete(
            overall_coverage=None,
            line_coverage=None,
            branch_coverage=None,
            function_coverage=None,
            patch_coverage=None,
            analysis_time_ms=0,
        )
    )


def note(text: str) -> bytes:
    return encode(AnalyzerError(message=text, recoverable=True))


async def looked(feed: JournalFeed, times: int = 3) -> None:
    """Let the feed look at its file until it says that the journal is over, or so many times."""
    follow = feed.follow()
    try:
        async with asyncio.timeout(0.25 * times):
            await anext(follow)
    except TimeoutError:
        pass
    await follow.aclose()


def messages(shown: Shown) -> list[str]:
    """What the events say, in their order; a result is its conclusion."""
    count, index, found = len(shown.run), 0, []
    while index < count:
        data, index = shown.run.frame(index)
        events = json.loads(data)["events"]
        found += [event.get("message", event.get("conclusion")) for event in events]
    return found


def test_a_journal_is_followed_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_bytes(header() + note("1") + note("2")[:-9])

    async def main() -> None:
        shown = Shown("j")
        feed = JournalFeed(path, shown, settled=0.3)
        assert messages(shown) == ["1"]
        with path.open("ab") as file:
            file.write(note("2")[-9:] + note("3"))
        await looked(feed, 1)
        assert messages(shown) == ["1", "2", "3"]
        assert not shown.run.is_over
        with path.open("ab") as file:
            file.write(result())
        await looked(feed, 8)
        assert messages(shown)[3:] == ["finished"]
        assert shown.run.is_over
        feed.close()
        shown.run.close()

    asyncio.run(main())


@pytest.mark.parametrize("renamed", [False, True])
def test_a_journal_that_is_written_anew_is_another_run(tmp_path: Path, renamed: bool) -> None:
    path = tmp_path / "j"
    path.write_bytes(header() + note("old") + note("old") + result())

    async def main() -> None:
        shown = Shown("j")
        feed = JournalFeed(path, shown, settled=0)
        first = shown.run
        assert first.is_over
        other = tmp_path / "new" if renamed else path
        other.write_bytes(header() + note("new"))
        other.rename(path)
        await looked(feed, 2)
        assert first.replaced.is_set()
        assert shown.run.id != first.id
        assert messages(shown) == ["new"]
        feed.close()
        shown.run.close()

    asyncio.run(main())


def test_a_journal_that_nobody_goes_on_with_ends_in_words(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_bytes(header() + note("1") + note("2")[:-9])
    os.utime(path, (0, 0))

    async def main() -> None:
        shown = Shown("j")
        JournalFeed(path, shown).close()
        assert messages(shown) == ["1", "The journal ends in the middle of its run.", "failed"]
        assert shown.run.is_over
        shown.run.close()

    asyncio.run(main())


@pytest.mark.parametrize("line", [b'{"type":"new"}\n', b"\xff\n", b"[" * 100_000 + b"\n"])
def test_what_comes_before_a_line_that_can_t_be_read_is_shown(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "j"
    path.write_bytes(header() + note("1") + line + note("2"))

    async def main() -> None:
        shown = Shown("j")
        JournalFeed(path, shown).close()
        first, why, end = messages(shown)
        assert (first, end) == ("1", "failed")
        assert why.startswith("Line 3 of the journal is not an event")
        shown.run.close()

    asyncio.run(main())


def test_a_journal_without_an_end_of_line_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_bytes(b'{"journal": "qe-action"' + b" " * 5 * 2**20)
    shown = asyncio.run(_shown())
    with pytest.raises(ReportError, match="a line of more than 4 MB"):
        JournalFeed(path, shown)
    shown.run.close()


async def _shown() -> Shown:
    return Shown("j")
