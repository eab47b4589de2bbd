"""Who may ask the MCP server over HTTP, on every route; and how its port and token are had."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from gitrepo import git_env
from mcp_project import Served
from warm_program import run_program

from qe_action.servers.mcp_http import BACKLOG, CONNECTIONS

ROUTES = (("POST", "/mcp"), ("GET", "/mcp"), ("DELETE", "/mcp"), ("GET", "/health"), ("GET", "/no"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("guard")
    server = Served(folder, "--token-file", str(folder / "token"))
    kept = folder / "token"
    assert kept.read_text().strip() == server.token
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    yield server
    server.close()


def asked(served: Served, method: str, path: str, *headers: tuple[str, str]) -> int:
    """The status of an answer to a request with these headers and no others."""
    port = urlsplit(served.url).port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in headers:
        connection.putheader(name, value)
    connection.putheader("Content-Length", "0")
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_wants_host_origin_and_token(served: Served, method: str, path: str) -> None:
    port = urlsplit(served.url).port
    host = ("Host", f"127.0.0.1:{port}")
    token = ("Authorization", f"Bearer {served.token}")
    refused = {
        421: [
            [token],
            [("Host", "evil.example"), token],
            [("Host", f"evil.example:{port}"), token],
            [("Host", f"127.0.0.1:{port}.evil.example"), token],
            [("Host", "127.0.0.1:1"), token],
            [host, ("Host", "evil.example"), token],
        ],
        403: [
            [host, ("Origin", "http://evil.example"), token],
            [host, ("Origin", "null"), token],
            [host, ("Origin", f"http://127.0.0.1:{port}.evil.example"), token],
            [host, ("Origin", f"https://127.0.0.1:{port}"), token],
        ],
        401: [
            [host],
            [host, ("Authorization", served.token)],
            [host, ("Authorization", f"Bearer {served.token}x")],
            [host, ("Authorization", f"Bearer {served.token[:-1]}")],
            [host, token, ("Authorization", "Bearer other")],
            [host, ("Cookie", f"token={served.token}")],
        ],
    }
    for status, cases in refused.items():
        # A server that answers 400 to two Host headers has refused them, too.
        assert {asked(served, method, path, *case) for case in cases} - {400} == {status}
    for name in ("127.0.0.1", "localhost"):
        own = ("Origin", f"http://{name}:{port}")
        assert asked(served, method, path, ("Host", f"{name}:{port}"), own, token) not in refused


def test_health_is_answered(served: Served) -> None:
    host = ("Host", urlsplit(served.url).netloc)
    assert asked(served, "GET", "/health", host, ("Authorization", f"Bearer {served.token}")) == 200


def test_it_listens_on_this_machine_alone(served: Served) -> None:
    port = urlsplit(served.url).port
    table = Path("/proc/net/tcp").read_text().splitlines()[1:]
    listening = [row.split()[1] for row in table if row.split()[3] == "0A"]
    assert [place for place in listening if place.endswith(f":{port:04X}")] == [
        f"0100007F:{port:04X}"
    ]


def connections_of(served: Served) -> int:
    """How many sockets the server has open."""
    found = 0
    for place in Path(f"/proc/{served.process.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed since it was listed
            found += str(place.readlink()).startswith("socket:")
    return found


def test_connections_that_ask_nothing_are_bounded_and_end_nothing(served: Served) -> None:
    """A thousand of them would take all the files that a process may have open."""
    place = urlsplit(served.url)
    before = connections_of(served)
    with contextlib.ExitStack() as idle:
        for _ in range(4 * CONNECTIONS):
            one = idle.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex((place.hostname, place.port))
        end = time.monotonic() + 1
        most = 0
        while time.monotonic() < end:
            most = max(most, connections_of(served))
            time.sleep(0.02)
    assert BACKLOG < most - before <= CONNECTIONS + 4 * BACKLOG
    end = time.monotonic() + 10
    while connections_of(served) > before + 1 and time.monotonic() < end:
        time.sleep(0.02)
    headers = ("Host", place.netloc), ("Authorization", f"Bearer {served.token}")
    assert asked(served, "GET", "/health", *headers) == 200


def test_who_is_refused_keeps_no_connection(served: Served) -> None:
    place = urlsplit(served.url)
    with socket.create_connection((place.hostname, place.port), timeout=5) as one:
        one.sendall(f"GET /health HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode())
        answer = b""
        while data := one.recv(4096):
            answer += data
    assert b"401 Unauthorized" in answer


def started(*more: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return run_program(("mcp", "--repo", str(folder), *more), folder, git_env(), timeout=60)


def test_a_taken_port_and_a_bad_token_file_are_told_in_a_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = started("--http", str(port), folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"qe-action: Port {port} can't be listened on: ")
    assert len(done.stderr.splitlines()) == 1
    (tmp_path / "token").write_text("short")
    (tmp_path / "token").chmod(0o600)
    done = started("--http", "0", "--token-file", str(tmp_path / "token"), folder=tmp_path)
    assert done.returncode == 2
    assert "needs at least 20 characters" in done.stderr
    (tmp_path / "token").write_text("a token that everybody can read")
    (tmp_path / "token").chmod(0o644)
    done = started("--http", "0", "--token-file", str(tmp_path / "token"), folder=tmp_path)
    assert done.returncode == 2
    assert "is open to other users of this machine" in done.stderr


def test_a_session_needs_the_token_at_each_request(served: Served) -> None:
    async def work() -> None:
        async with asyncio.timeout(30), served.client("legacy") as client:
            assert len((await client.list_tools()).tools) == 9

    asyncio.run(work())
