"""Answers of models over HTTP, through lionagi as it is."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import traceback
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from fake_llm import HOSTILE, FakeLLM, Fault, Reply, item
from proxy import Proxy
from pydantic import SecretStr

from qe_action.errors import UsageError
from qe_action.generators.llm.access import Access, access_to
from qe_action.generators.llm.conversation import CHARACTERS, Ending, Message, ModelFault, Piece
from qe_action.generators.llm.lionagi_model import Patience
from qe_action.generators.llm.retries import Waits
from qe_action.generators.llm.scanner import Scanner
from qe_action.model_options import ModelOptions, Provider

ASK = [Message("system", "You write tests."), Message("user", "Write one.")]
TEXT = '{"name": "test_a", "code": "def test_a():\\n    assert f(1) == 2\\n"}\n' * 3
PROVIDERS: tuple[Provider, ...] = ("openai", "anthropic")
ONCE = Waits(attempts=1)
AGAIN = Waits(attempts=3, first=0.01, longest=0.5, jitter=0.0)


def options(llm: FakeLLM, provider: Provider = "openai", **more: Any) -> ModelOptions:
    given = {"name": "tiny-1", "key": llm.key, "base_url": llm.url, "provider": provider} | more
    return ModelOptions.model_validate(given)


@asynccontextmanager
async def access(
    given: ModelOptions, waits: Waits = ONCE, *, quiet: float = 5.0, whole: float = 20.0
) -> AsyncIterator[Access]:
    found = access_to(given, waits=waits, patience=Patience(quiet, whole))
    assert found is not None
    try:
        yield found
    finally:
        await found.aclose()


async def said(found: Access, messages: list[Message] = ASK) -> tuple[str, Ending]:
    parts: list[str] = []
    async with aclosing(found.answer(messages)) as answer:
        async for part in answer:
            if isinstance(part, Ending):
                return "".join(parts), part
            parts.append(part.text)
    raise AssertionError("no ending")


async def fault(found: Access) -> tuple[str, ModelFault]:
    """What came before a fault, and the fault."""
    parts: list[str] = []
    try:
        async with aclosing(found.answer(ASK)) as answer:
            async for part in answer:
                parts += [part.text] if isinstance(part, Piece) else []
    except ModelFault as error:
        return "".join(parts), error
    raise AssertionError("no fault")


async def check_whole(provider: Provider) -> None:
    with FakeLLM([Reply(TEXT)]) as llm:
        async with access(options(llm, provider)) as found:
            text, ending = await said(found)
            assert text == TEXT
            assert ending == Ending("stop", 6, len(TEXT) // 4)
            use = found.use
        assert (use.requests, use.input_tokens, use.output_tokens) == (1, 6, len(TEXT) // 4)
        (asked,) = llm.asked
        assert asked.body["model"] == "tiny-1"
        assert "You write tests." in asked.text
        assert "Write one." in asked.text


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_answer_comes_in_pieces_with_its_tokens(provider: Provider) -> None:
    asyncio.run(check_whole(provider))


def test_pieces_come_while_the_model_still_writes() -> None:
    async def run() -> None:
        with FakeLLM([Reply(TEXT, fault="stall")]) as llm:
            async with access(options(llm)) as found, aclosing(found.answer(ASK)) as answer:
                first = await anext(answer)
                assert isinstance(first, Piece)
                assert TEXT.startswith(first.text)

    asyncio.run(run())


CUT: dict[Fault, tuple[str, str]] = {
    "stall": ("stalled", "said nothing more for too long"),
    "drop": ("dropped", "ended the connection too early"),
    "error inside": ("server", "broke its answer off"),
    "huge line": ("garbage", "more than any answer"),
}


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("name", CUT)
def test_what_came_before_a_fault_in_the_stream_stands(name: Fault, provider: Provider) -> None:
    async def run() -> None:
        with FakeLLM([Reply(TEXT, fault=name)]) as llm:
            async with access(options(llm, provider), quiet=0.3) as found:
                text, error = await fault(found)
                assert text == TEXT[: len(TEXT) // 2]
                assert error.kind == CUT[name][0]
                assert CUT[name][1] in error.message
                assert found.use.output_tokens is None
                shows_no_secret(error, llm.key)

    asyncio.run(run())


def shows_no_secret(error: BaseException, key: str) -> None:
    shown = "".join(traceback.format_exception(error)) + repr(error) + repr(error.args)
    assert key not in shown
    assert error.__cause__ is None
    assert error.__context__ is None


REFUSED: dict[Fault, tuple[str, str]] = {
    "key": ("key", "does not accept the key (HTTP 401)"),
    "forbidden": ("key", "does not let this key use the model tiny-1"),
    "unknown model": ("unknown model", "does not know the model tiny-1"),
    "too long": ("too long", "The conversation is too long for the model tiny-1"),
    "rate": ("rate", "too many requests"),
    "server": ("server", "server failed (HTTP 500)"),
    "overloaded": ("server", "server failed (HTTP 529)"),
    "redirect": ("refused", "sends on to another address"),
    "page": ("garbage", "no answer of a model"),
    "packed": ("garbage", "sends its answer compressed, unasked"),
}


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_says_what_is_wrong_and_never_the_key(name: Fault, provider: Provider) -> None:
    async def run() -> None:
        with FakeLLM([Reply(fault=name)]) as llm:
            async with access(options(llm, provider)) as found:
                text, error = await fault(found)
        assert text == ""
        assert error.kind == REFUSED[name][0]
        assert REFUSED[name][1] in error.message
        assert len(llm.asked) == 1
        shows_no_secret(error, llm.key)

    asyncio.run(run())


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_answer_that_is_cut_short_is_truncated(provider: Provider) -> None:
    script = [
        Reply(TEXT, finish="length"),
        Reply(TEXT, fault="no framing", at=len(TEXT)),
        Reply(TEXT, fault="no ending"),
        Reply(TEXT, finish="content_filter"),
    ]

    async def run() -> None:
        with FakeLLM(script) as llm:
            async with access(options(llm, provider)) as found:
                for _ in script:
                    text, ending = await said(found)
                    assert text == TEXT
                    assert ending.finish == "truncated"

    asyncio.run(run())


@pytest.mark.parametrize("provider", PROVIDERS)
def test_lines_that_nobody_can_read_are_counted_and_are_no_text(provider: Provider) -> None:
    async def run() -> None:
        with FakeLLM([Reply(TEXT, fault="garbage")]) as llm:
            async with access(options(llm, provider)) as found:
                text, ending = await said(found)
        assert text == TEXT
        assert (ending.finish, ending.garbled) == ("stop", 2)

    asyncio.run(run())


def test_an_empty_answer_and_uncounted_tokens() -> None:
    async def run() -> None:
        with FakeLLM([Reply(""), Reply(TEXT, usage=False)]) as llm:
            async with access(options(llm)) as found:
                assert (await said(found))[0] == ""
                assert found.use.input_tokens == 6
                assert (await said(found))[1] == Ending("stop")
                assert found.use.input_tokens is None

    asyncio.run(run())


def test_a_server_that_can_t_be_asked_for_counts_is_asked_without() -> None:
    async def run() -> None:
        with FakeLLM([Reply(TEXT, fault="no counts", times=3)]) as llm:
            async with access(options(llm)) as found:
                for _ in range(2):
                    assert await said(found) == (TEXT, Ending("stop"))
            assert ["stream_options" in one.body for one in llm.asked] == [True, False, False]

    asyncio.run(run())


def test_a_model_may_read_for_longer_than_it_may_pause() -> None:
    async def run() -> None:
        with FakeLLM([Reply(TEXT, reading=0.6), Reply(TEXT, fault="stall", reading=0.6)]) as llm:
            async with access(options(llm), quiet=0.3) as found:
                assert (await said(found))[0] == TEXT
                text, error = await fault(found)
                assert TEXT.startswith(text)
                assert text
                assert error.kind == "stalled"

    asyncio.run(run())


def test_the_whole_call_has_an_end() -> None:
    async def run() -> None:
        with FakeLLM([Reply("abc ", fault="endless", pause=0.01)]) as llm:
            async with access(options(llm), whole=0.3) as found:
                _, error = await fault(found)
            assert error.kind == "stalled"
            assert error.message.startswith("An answer of the model took too long")
            assert await asyncio.to_thread(llm.asked[0].left.wait, 5)

    asyncio.run(run())


def test_a_budget_of_tokens_ends_an_endless_answer() -> None:
    async def run() -> None:
        with FakeLLM([Reply(TEXT, fault="endless")]) as llm:
            async with access(options(llm, tokens=1000)) as found:
                text, ending = await said(found)
                assert 0 <= 1000 * CHARACTERS - len(text) < 100
                assert ending.finish == "truncated"
                _, error = await fault(found)
                assert error.kind == "budget"
            assert await asyncio.to_thread(llm.asked[0].left.wait, 5)

    asyncio.run(run())


def resident() -> int:
    """The bytes of memory that this process takes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_memory_stays_flat_over_an_answer_of_ten_megabytes() -> None:
    piece = item("test_a", "def test_a():\n    assert f(1) == 2\n" * 2000)

    async def run() -> None:
        with FakeLLM([Reply(piece, fault="endless", at=0, size=40_000)]) as llm:
            async with access(options(llm, tokens=10_000_000), whole=60.0) as found:
                scanner = Scanner()
                length = items = start = most = 0
                async with aclosing(found.answer(ASK)) as answer:
                    async for part in answer:
                        assert isinstance(part, Piece)
                        length += len(part.text)
                        items += len(scanner.feed(part.text))
                        if length < 2_000_000:
                            start = resident()
                        elif length > 10_000_000:
                            break
                        most = max(most, resident())
                assert items == length // len(piece)
                assert most < start + 5_000_000

    asyncio.run(run())


def test_closing_an_answer_stops_the_model_and_leaves_nothing_open(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with FakeLLM([Reply(TEXT, fault="endless")]) as llm:

        async def run() -> None:
            async with access(options(llm)) as found, aclosing(found.answer(ASK)) as answer:
                await anext(answer)

        asyncio.run(run())
        assert llm.asked[0].left.wait(5)
    assert caplog.records == []  # a loop that ends before all is closed says so


def test_the_time_that_is_left_ends_an_answer() -> None:
    async def run() -> None:
        with FakeLLM([Reply(TEXT, fault="stall")]) as llm:
            async with access(options(llm)) as found:
                found.left = lambda: 0.2
                text, error = await fault(found)
                assert (text, error.kind) == (TEXT[: len(TEXT) // 2], "budget")
                found.left = lambda: 0.0
                _, error = await fault(found)
                assert error.kind == "budget"
            assert len(llm.asked) == 1

    asyncio.run(run())


def test_what_fails_for_a_moment_is_asked_for_again() -> None:
    script = [
        Reply(fault="rate", retry_after="0.05"),
        Reply(fault="server"),
        Reply(TEXT),
    ]

    async def run() -> None:
        with FakeLLM(script) as llm:
            async with access(options(llm), AGAIN) as found:
                assert (await said(found))[0] == TEXT
                assert found.use.requests == 3
                assert found.use.output_tokens == len(TEXT) // 4

    asyncio.run(run())


def test_nothing_is_asked_again_that_would_wait_too_long() -> None:
    async def run() -> None:
        with FakeLLM([Reply(fault="rate", retry_after="3600"), Reply(TEXT)]) as llm:
            async with access(options(llm), AGAIN) as found:
                _, error = await fault(found)
                assert (error.kind, error.retry_after) == ("rate", 3600.0)
            assert len(llm.asked) == 1

    asyncio.run(run())


def test_a_model_that_keeps_failing_is_left_alone(
    capfd: pytest.CaptureFixture[str],
) -> None:
    async def run() -> None:
        with FakeLLM([Reply(fault="overloaded", times=-1)]) as llm:
            async with access(options(llm), AGAIN) as found:
                kinds = [(await fault(found))[1].kind for _ in range(5)]
                assert kinds == ["server"] * 3 + ["given up"] * 2
                assert found.given_up is not None
            assert len(llm.asked) == 9

    asyncio.run(run())
    out, err = capfd.readouterr()
    assert out + err == ""


def test_a_wrong_key_is_tried_once() -> None:
    async def run() -> None:
        with FakeLLM([Reply(TEXT)], key="sk-right-one") as llm:
            async with access(options(llm, key="sk-wrong-one"), AGAIN) as found:
                _, first = await fault(found)
                _, second = await fault(found)
                assert (first.kind, second.kind) == ("key", "given up")
                assert second.message == first.message
            assert len(llm.asked) == 1

    asyncio.run(run())


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_key_that_is_a_variable_s_name_is_sent_as_it_is(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QE_OTHER_SECRET", "the other secret")

    async def run() -> None:
        with FakeLLM([Reply(TEXT)], key="QE_OTHER_SECRET") as llm:
            async with access(options(llm, provider)) as found:
                assert (await said(found))[0] == TEXT

    asyncio.run(run())


def test_without_a_key_none_is_sent_and_headers_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-somebody-elses")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-somebody-elses")
    headers = {"api-key": SecretStr("azure-key"), "X-Project": SecretStr("demo")}

    async def run(provider: Provider) -> None:
        with FakeLLM([Reply(TEXT)], key="azure-key") as llm:
            url = llm.url + "/chat/completions?api-version=2026-01-01"
            async with access(
                options(llm, provider, key="", headers=headers, base_url=url)
            ) as found:
                assert (await said(found))[0] == TEXT
            (asked,) = llm.asked
        assert asked.path.endswith("?api-version=2026-01-01")
        assert "authorization" not in asked.headers
        assert "x-api-key" not in asked.headers
        assert asked.headers["x-project"] == "demo"

    for provider in PROVIDERS:
        asyncio.run(run(provider))


@pytest.mark.parametrize(
    ("url", "kind", "words"),
    [
        ("http://127.0.0.1:1/v1", "unreachable", "can't be reached"),
        ("ftp://127.0.0.1/v1", "unreachable", "no http or https address"),
        ("http://192.168.7.7/v1", "refused", "private network"),
        ("http://user:pass-word-9@127.0.0.1:1/v1", "unreachable", "can't be reached"),
    ],
)
def test_addresses_that_lead_nowhere(url: str, kind: str, words: str) -> None:
    async def run() -> None:
        given = ModelOptions(name="m", base_url=url, key=SecretStr("sk-some-key"))
        async with access(given) as found:
            _, error = await fault(found)
        assert error.kind == kind
        assert words in error.message
        assert "pass-word-9" not in error.message

    asyncio.run(run())


def test_the_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    from qe_action.generators.llm.base_address import address
    from qe_action.generators.llm.transport import client_options

    with FakeLLM() as llm, Proxy(llm.port) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "inside.example")
        chosen = [
            client_options(address(url), 1.0).get("proxy")
            for url in ("https://api.example/v1", "http://127.0.0.1:1", "https://inside.example/v1")
        ]
        assert chosen == [proxy.url, None, None]


def test_a_ready_model_is_used_as_it_is() -> None:
    async def run() -> None:
        with FakeLLM([Reply(TEXT)]) as llm:
            from lionagi import iModel

            model = iModel(
                provider="openai",
                model="mine-1",
                base_url=llm.url,
                api_key=llm.key,
                allow_local_network=True,
            )
            found = access_to(ModelOptions(), model)
            assert found is not None
            text, ending = await said(found)
            assert (text, ending.finish, found.use.model) == (TEXT, "stop", "mine-1")
            await found.aclose()
            assert not model.executor.processor.is_stopped()
            await model.close()

    asyncio.run(run())


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(UsageError, match="model"):
        access_to(ModelOptions(), object())
    assert access_to(ModelOptions(name="m")) is None


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_answers_are_text_like_any(name: str) -> None:
    async def run() -> None:
        with FakeLLM([Reply(HOSTILE[name], size=400)]) as llm:
            async with access(options(llm)) as found:
                assert (await said(found))[0] == HOSTILE[name]

    asyncio.run(run())


PROGRAM = """
import asyncio, logging, os, sys
from pydantic import SecretStr
from qe_action.generators.llm.access import access_to
from qe_action.generators.llm.conversation import Message
from qe_action.generators.llm.scanner import Scanner
from qe_action.model_options import ModelOptions

def loaded():
    return sorted(sys.modules.keys() & {"lionagi", "httpx", "stamina", "pydantic_settings"})

async def main():
    given = ModelOptions(name="m", base_url=sys.argv[1], key=SecretStr("sk-fake-0123456789"))
    access = access_to(given)
    print("before", loaded())
    where = os.getcwd()
    async for part in access.answer([Message("user", "Hello")]):
        pass
    print("ending", part.finish)
    print("after", loaded())
    print("here", os.getcwd() == where)
    print("root", logging.getLogger().handlers, logging.getLogger().level)
    from lionagi.config import settings
    print(settings.LOG_AUTO_SAVE_ON_EXIT, settings.LOG_PERSIST_DIR, settings.OPENAI_API_KEY)
    await access.aclose()

asyncio.run(main())
"""


def test_the_checkout_has_no_say_and_lionagi_is_loaded_late(tmp_path: Path) -> None:
    names = [".env", ".env.local", ".secrets.env"]
    for name in names:
        (tmp_path / name).write_text("OPENAI_API_KEY=sk-evil\nLOG_CAPACITY=lots\n")
    with FakeLLM([Reply(TEXT)]) as llm:
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM, llm.url],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert llm.asked[0].headers["authorization"] == f"Bearer {llm.key}"
    assert run.stderr == ""
    assert run.stdout.splitlines() == [
        "before []",
        "ending stop",
        "after ['httpx', 'lionagi', 'pydantic_settings', 'stamina']",
        "here True",
        "root [] 30",
        "False ./data/logs None",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == names


WITHOUT = """
import asyncio, sys
sys.modules[sys.argv[1]] = None
from pydantic import SecretStr
from qe_action.generators.llm.access import access_to
from qe_action.generators.llm.conversation import Message, ModelFault
from qe_action.model_options import ModelOptions

async def main():
    access = access_to(ModelOptions(name="m", key=SecretStr("sk-fake-0123456789")))
    try:
        async for part in access.answer([Message("user", "Hello")]):
            pass
    except ModelFault as fault:
        print(fault.kind, fault.message)
    await access.aclose()

asyncio.run(main())
"""


@pytest.mark.parametrize("name", ["lionagi", "stamina", "httpx"])
def test_without_the_extra_it_is_said_how_to_get_it(name: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT, name], capture_output=True, text=True, timeout=60
    )
    assert run.stderr == ""
    assert run.stdout.startswith("missing What asks models is not installed: pip install")


def test_the_scripted_model_serves_by_hand_too(tmp_path: Path) -> None:
    script = tmp_path / "replies.json"
    script.write_text(json.dumps([{"text": "never", "when": "nobody says"}, {"text": "Hello"}]))
    command = [sys.executable, "-m", "fake_llm", "0", "--script", str(script)]
    command += ["--dump", str(tmp_path / "asked.json")]
    tests = Path(__file__).parent.parent
    with subprocess.Popen(command, cwd=tests, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url, _, key = server.stdout.readline().split()

        async def run() -> None:
            given = ModelOptions(name="m", base_url=url, key=SecretStr(key))
            async with access(given) as found:
                assert (await said(found))[0] == "Hello"

        asyncio.run(run())
        server.terminate()
    (asked,) = json.loads((tmp_path / "asked.json").read_text())
    assert asked["body"]["model"] == "m"
