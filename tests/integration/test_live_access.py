"""Who is let in to the live page, what of the disk it shows, and what a browser may do there."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from live_pages import Answered, Page, ask, ask_plainly, browser, gap, served
from websockets.exceptions import InvalidStatus

from qe_action.errors import UsageError
from qe_action.events import Counts, FileLinesTold
from qe_action.page import assets
from qe_action.servers.live_access import is_local
from qe_action.servers.live_routes import SAFE, SOURCE_LIMIT
from qe_action.servers.live_server import PORT, bound

ROUTES = ("/", "/style.css", f"/{next(iter(assets.scripts()))}", "/source?path=a.py", "/ws", "/x")


def answered(tmp_path: Path, work: Callable[[Page], Awaitable[Answered]]) -> Answered:
    """What a page that has a gap in a.py answers."""

    async def main() -> Answered:
        async with served(tmp_path) as page:
            page.shown.run.add(gap("a.py"))
            return await work(page)

    return asyncio.run(main())


def asked(tmp_path: Path, target: str, method: str = "GET", **headers: str) -> Answered:
    return answered(tmp_path, lambda page: ask(page, target, method, **headers))


def test_the_link_gives_the_browser_the_token_and_leads_to_the_page(tmp_path: Path) -> None:
    async def work(page: Page) -> Answered:
        first = await ask(page, page.access.link.removeprefix(page.access.origin), cookie="")
        assert (first.status, first.headers["location"]) == (303, "/")
        kept, *how = first.headers["set-cookie"].split("; ")
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(how)
        return await ask(page, "/", cookie=f"other=1; {kept}")

    page = answered(tmp_path, work)
    assert (page.status, page.body) == (200, assets.index())


def test_a_link_from_another_site_leads_there_by_a_page_of_ours(tmp_path: Path) -> None:
    """On a redirect that begins elsewhere a browser leaves a strict cookie out."""

    async def work(page: Page) -> Answered:
        target = f"/?token={page.access.token}"
        way = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
        return await ask(page, target, cookie="", **way)

    found = answered(tmp_path, work)
    assert (found.status, found.headers["refresh"]) == (200, "0; url=/")
    assert "set-cookie" in found.headers


def test_the_link_that_a_browser_is_started_with_serves_once(tmp_path: Path) -> None:
    async def work(page: Page) -> Answered:
        target = page.access.link_for_once().removeprefix(page.access.origin)
        assert page.access.token not in target
        assert (await ask(page, target, cookie="")).status == 303
        return await ask(page, target, cookie="")

    assert answered(tmp_path, work).status == 403


@pytest.mark.parametrize("target", ROUTES)
def test_every_address_needs_the_token(tmp_path: Path, target: str) -> None:
    async def work(page: Page) -> Answered:
        name = page.cookie.partition("=")[0]
        more = "&" if "?" in target else "?"
        for cookie in (
            "",
            "x=y",
            f"{name}=",
            f"{name}=wrong",
            f"{name}=é",
            f"other={page.access.token}",
        ):
            assert (await ask(page, target, cookie=cookie)).status == 403
        return await ask(page, f"{target}{more}token=wrong", cookie="")

    assert answered(tmp_path, work).status == 403


@pytest.mark.parametrize("target", ROUTES)
@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:{port}", "localhost.evil.example:{port}", ""),
        *("192.168.0.9:{port}", "a@localhost:{port}", "localhost/x", "[::1", "0.0.0.0:{port}"),
        "127.0.0.1.nip.example",
    ],
)
def test_a_name_that_was_made_to_lead_here_is_refused(
    tmp_path: Path, target: str, host: str
) -> None:
    async def work(page: Page) -> Answered:
        return await ask(page, target, host=host.format(port=page.access.port))

    assert answered(tmp_path, work).status == 421


def test_two_hosts_are_none(tmp_path: Path) -> None:
    async def work(page: Page) -> Answered:
        twice = [("Host", page.host), ("Host", page.host), ("Cookie", page.cookie)]
        return await ask_plainly(page, "/", twice)

    assert answered(tmp_path, work).status == 421


@pytest.mark.parametrize("host", ["localhost:9000", "127.0.0.1", "[::1]:9000", "LOCALHOST:1"])
def test_a_tunnel_may_have_another_port(tmp_path: Path, host: str) -> None:
    assert asked(tmp_path, "/", host=host, origin=f"http://{host}").status == 200


@pytest.mark.parametrize("target", ROUTES)
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "https://127.0.0.1"},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"},
        {"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "cors"},
    ],
)
def test_a_foreign_page_gets_nothing(tmp_path: Path, target: str, headers: dict[str, str]) -> None:
    found = asked(tmp_path, target, **headers)
    assert found.status == 403
    assert "Another page" in found.body


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Host": "evil.example"},
        {"Cookie": "qe-live=wrong"},
    ],
)
def test_a_socket_for_the_events_is_refused_as_all_else_is(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    async def main() -> int:
        async with served(tmp_path) as page:
            with pytest.raises(InvalidStatus) as refused:
                await browser(page, headers=headers)
            return refused.value.response.status_code

    assert asyncio.run(main()) == (421 if "Host" in headers else 403)


@pytest.mark.parametrize("target", [*ROUTES[:4], "/x", "/source?path=b.py", "/?token=wrong"])
def test_every_answer_keeps_scripts_of_others_out(tmp_path: Path, target: str) -> None:
    found = asked(tmp_path, target)
    assert {name.lower(): value for name, value in SAFE.items()}.items() <= found.headers.items()
    policy = found.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_nothing_can_be_triggered(tmp_path: Path, method: str) -> None:
    assert asked(tmp_path, "/", method).status in (400, 405)


# Sources


def test_the_source_of_a_file_that_the_run_is_about_is_text(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"\xef\xbb\xbf<script>\xff\n")
    found = asked(tmp_path, "/source?path=a.py")
    assert (found.status, found.body) == (200, "<script>\ufffd\n")
    assert found.headers["content-type"] == "text/plain; charset=utf-8"


def test_a_file_whose_lines_were_told_is_shown_and_no_other(tmp_path: Path) -> None:
    for name in ("a.py", "é b.py", "other.py"):
        (tmp_path / name).write_text(name)

    async def work(page: Page) -> Answered:
        counts = Counts.model_validate(dict.fromkeys(Counts.model_fields, 0))
        page.shown.run.add(FileLinesTold(path="é b.py", counts=counts))
        assert (await ask(page, "/source?path=%C3%A9%20b.py")).body == "é b.py"
        assert (await ask(page, "/source")).status == 404
        return await ask(page, "/source?path=other.py")

    assert answered(tmp_path, work).status == 404


@pytest.mark.parametrize(
    "name",
    ["../secret", "link", "inside/../../secret", "pipe", ".git/config", "folder", "gone", "\0"],
)
def test_a_hostile_run_has_nothing_else_of_the_disk_shown(tmp_path: Path, name: str) -> None:
    root = tmp_path / "repo"
    (root / "folder").mkdir(parents=True)
    (root / "inside").mkdir()
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text("a secret")
    (tmp_path / "secret").write_text("a secret")
    (root / "link").symlink_to(tmp_path / "secret")
    os.mkfifo(root / "pipe")

    async def main() -> list[Answered]:
        async with served(root) as page:
            paths = [name, str(tmp_path / "secret"), str(root.parent / name)]
            for path in paths:
                page.shown.run.add(gap(path))
            return [
                await ask(page, f"/source?path={path.replace(chr(0), '%00')}") for path in paths
            ]

    for found in asyncio.run(main()):
        assert found.status == 404
        assert "secret" not in found.body


def test_a_link_within_the_repository_is_followed_and_what_is_too_long_is_not(
    tmp_path: Path,
) -> None:
    (tmp_path / "real.py").write_text("real")
    (tmp_path / "a.py").symlink_to("real.py")
    assert asked(tmp_path, "/source?path=a.py").body == "real"
    (tmp_path / "real.py").write_text("x" * (SOURCE_LIMIT + 1))
    assert asked(tmp_path, "/source?path=a.py").status == 404


# Ports and hosts


def test_the_usual_port_may_be_taken_and_one_that_was_named_may_not() -> None:
    first, said = bound("127.0.0.1", 0)
    taken = first.getsockname()[1]
    assert said == ""
    with first, pytest.raises(UsageError, match=f"Port {taken} is taken") as refused:
        bound("127.0.0.1", taken)
    assert "Leave out --port" in refused.value.line()
    usual, _ = bound("127.0.0.1", None)
    second, said = bound("127.0.0.1", None)
    with usual, second:
        assert said == f"Port {PORT} is taken, so another one serves."
        assert second.getsockname()[1] not in (0, PORT)


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host", "x" * 300])
def test_a_host_that_is_not_this_machine_is_said_in_a_line(host: str) -> None:
    with pytest.raises(UsageError, match="can't be served at"):
        bound(host, 0)


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("example", False),
    ],
)
def test_what_others_reach_is_known(host: str, local: bool) -> None:
    assert is_local(host) is local


def test_a_page_for_others_goes_by_any_address_and_by_no_other_name(tmp_path: Path) -> None:
    async def main() -> list[int]:
        async with served(tmp_path, host="0.0.0.0") as page:
            hosts = ("192.168.0.9:1", "127.0.0.1", "evil.example")
            return [(await ask(page, "/", host=host)).status for host in hosts]

    assert asyncio.run(main()) == [200, 200, 421]
