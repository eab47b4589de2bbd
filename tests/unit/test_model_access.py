"""Budget, patience and memory of answers, with a model that says what a test wants."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from qe_action.events import ModelUse
from qe_action.generators.llm.access import Access
from qe_action.generators.llm.chunks import Account
from qe_action.generators.llm.conversation import (
    Ending,
    Fault,
    Message,
    ModelFault,
    Piece,
    roughly,
)
from qe_action.generators.llm.model_faults import LONGEST_WAIT, Subject, refusal, retry_after
from qe_action.generators.llm.model_secrets import credentials_of, secrets_of
from qe_action.generators.llm.recording import (
    LARGEST,
    Recording,
    Recordings,
    by_content,
)
from qe_action.generators.llm.retries import Waits
from qe_action.model_options import ModelOptions

ASK = [Message("user", "x" * 400)]
NOW = datetime(2026, 11, 30, 12, 0, 0, tzinfo=UTC)
FAST = Waits(attempts=2, first=0.001, longest=0.01, jitter=0.0)


class Scripted:
    """A model whose answers are given: texts, a fault, or both, and how they end."""

    def __init__(self, *answers: Sequence[str | Ending | ModelFault]) -> None:
        self.answers = list(answers)
        self.asked: list[Sequence[Message]] = []

    async def answer(self, messages: Sequence[Message]) -> AsyncGenerator[Piece | Ending, None]:
        self.asked.append(messages)
        for part in self.answers.pop(0):
            if isinstance(part, ModelFault):
                raise part
            yield Piece(part) if isinstance(part, str) else part

    async def aclose(self) -> None:
        pass


def access(model: Scripted, waits: Waits = FAST, **options: object) -> Access:
    return Access(model, ModelOptions.model_validate({"name": "m"} | options), "m", waits=waits)


async def read(found: Access, messages: Sequence[Message] = ASK) -> tuple[str, Ending | ModelFault]:
    parts: list[str] = []
    try:
        async with aclosing(found.answer(messages)) as answer:
            async for part in answer:
                if isinstance(part, Ending):
                    return "".join(parts), part
                parts.append(part.text)
    except ModelFault as fault:
        return "".join(parts), fault
    raise AssertionError("no ending")


def ask(found: Access, messages: Sequence[Message] = ASK) -> tuple[str, Ending | ModelFault]:
    return asyncio.run(read(found, messages))


def kind(found: Access) -> str:
    said = ask(found)[1]
    return said.kind if isinstance(said, ModelFault) else said.finish


WHOLE = ("abc", "def", Ending("stop", 100, 50))


def fault(kind: Fault) -> tuple[ModelFault]:
    return (ModelFault(kind, f"It is {kind}."),)


def test_requests_are_counted_and_end() -> None:
    found = access(Scripted(WHOLE, WHOLE), requests=2)
    assert ask(found) == ("abcdef", WHOLE[2])
    assert kind(found) == "stop"
    said = ask(found)[1]
    assert isinstance(said, ModelFault)
    assert (said.kind, said.message) == (
        "budget", "The model has had its 2 requests (model-requests)."
    )  # fmt: skip
    assert found.use == ModelUse(model="m", requests=2, input_tokens=200, output_tokens=100)


def test_tokens_end_before_the_request_that_has_none_left() -> None:
    model = Scripted(WHOLE, WHOLE)
    found = access(model, tokens=240)
    assert [kind(found), kind(found)] == ["stop", "budget"]
    assert len(model.asked) == 1


@pytest.mark.parametrize(
    ("limit", "told"),
    [
        ({"requests": 1}, "The model has had its 1 request (model-requests)."),
        (
            {"tokens": 1_001},
            "What is left of the model's 1,001 tokens (model-tokens) is too little for another "
            "request.",
        ),
        (
            {"cost": 0.0002, "price_input": 1.0, "price_output": 1.0},
            "What is left of model-cost is too little for another request.",
        ),
    ],
)
def test_what_a_budget_ends_by_is_named(limit: dict[str, Any], told: str) -> None:
    used = ("abc", Ending("stop", 900, 100))
    found = access(Scripted(used, used), **limit)
    kind(found)
    said = ask(found)[1]
    assert isinstance(said, ModelFault)
    assert said.message == told


def test_tokens_end_in_the_middle_of_an_answer() -> None:
    found = access(Scripted(["abc" * 60, "abc" * 60, *WHOLE]), tokens=200)
    assert ask(found) == ("abc" * 120, Ending("truncated"))
    assert (found.use.input_tokens, found.use.output_tokens) == (None, None)


def test_what_no_server_counted_is_unknown_and_counts_all_the_same() -> None:
    found = access(Scripted(["abcd" * 30, Ending("stop")], WHOLE), tokens=230)
    assert kind(found) == "stop"
    assert found.use == ModelUse(model="m", requests=1, input_tokens=None, output_tokens=None)
    assert kind(found) == "budget"


@pytest.mark.parametrize("counts", [(0, 0), (134, 0), (1, 1334), (0, 1334), (134, 1)])
def test_a_count_that_can_t_be_is_none(counts: tuple[int, int]) -> None:
    """A server that forgets to count, or an answer that was cut before its count came."""
    answer = ["abcd" * 1000, Ending("stop", *counts)]
    found = access(Scripted(answer, WHOLE), tokens=2 * roughly(400) + roughly(4000))
    assert kind(found) == "stop"
    assert (found.use.input_tokens, found.use.output_tokens) == (None, None)
    assert kind(found) == "budget"


@pytest.mark.parametrize("name", ["cost", "price_input", "price_output"])
@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_money_is_a_number(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        ModelOptions.model_validate({name: value})


def test_money_ends_and_is_told() -> None:
    prices = {"price_input": 1000.0, "price_output": 4000.0}
    found = access(Scripted(WHOLE, WHOLE), cost=0.35, **prices)
    assert kind(found) == "stop"
    assert found.use.cost == 0.3
    assert found.note == ""
    assert kind(found) == "budget"


@pytest.mark.parametrize("prices", [{}, {"price_input": 1.0}, {"price_output": 1.0}])
def test_an_unknown_price_is_an_unknown_cost(prices: dict[str, float]) -> None:
    found = access(Scripted(WHOLE, WHOLE), cost=0.0001, **prices)
    assert [kind(found), kind(found)] == ["stop", "stop"]
    assert found.use.cost is None
    assert "not held to model-cost" in found.note
    assert access(Scripted(), **prices).note == ""


def test_a_price_of_nothing_is_a_cost_of_nothing() -> None:
    found = access(Scripted(WHOLE), price_input=0.0, price_output=0.0)
    assert kind(found) == "stop"
    assert found.use.cost == 0.0


def test_a_refused_request_costs_no_tokens() -> None:
    found = access(Scripted(fault("too long"), WHOLE))
    assert [kind(found), kind(found)] == ["too long", "stop"]
    assert found.use == ModelUse(model="m", requests=2, input_tokens=100, output_tokens=50)


@pytest.mark.parametrize("passing", ["rate", "server", "unreachable", "dropped"])
def test_a_fault_that_passes_is_tried_again_before_anything_came(passing: Fault) -> None:
    found = access(Scripted(fault(passing), WHOLE))
    assert ask(found) == ("abcdef", WHOLE[2])
    assert found.use.requests == 2


def test_a_fault_after_something_came_is_not_tried_again() -> None:
    model = Scripted(("abc", *fault("dropped")), WHOLE)
    text, said = ask(access(model))
    assert text == "abc"
    assert isinstance(said, ModelFault)
    assert len(model.asked) == 1


@pytest.mark.parametrize("lasting", ["too long", "refused", "stalled", "garbage", "key"])
def test_other_faults_are_not_tried_again(lasting: Fault) -> None:
    model = Scripted(fault(lasting), WHOLE)
    assert kind(access(model)) == lasting
    assert len(model.asked) == 1


@pytest.mark.parametrize("final", ["key", "unknown model", "missing"])
def test_a_fault_for_good_opens_the_circuit_at_once(final: Fault) -> None:
    model = Scripted(fault(final), WHOLE)
    found = access(model)
    assert [kind(found), kind(found)] == [final, "given up"]
    assert found.given_up is not None
    assert len(model.asked) == 1


def test_the_circuit_opens_after_failures_in_a_row() -> None:
    stalled, long = fault("stalled"), fault("too long")
    model = Scripted(stalled, WHOLE, stalled, long, stalled, stalled, WHOLE)
    found = access(model)
    kinds = [kind(found) for _ in range(7)]
    assert kinds == ["stalled", "stop", "stalled", "too long", "stalled", "stalled", "given up"]


def test_without_time_nothing_is_asked() -> None:
    model = Scripted(fault("server"), WHOLE)
    found = access(model, waits=Waits(first=5.0))
    found.left = lambda: 2.0
    assert kind(found) == "server"
    assert len(model.asked) == 1
    found.left = lambda: 0.0
    assert kind(found) == "budget"
    assert len(model.asked) == 1


def test_waiting_ends_with_the_time() -> None:
    model = Scripted(*[fault("server")] * 9)
    found = access(model, waits=Waits(attempts=9, first=0.05, longest=60.0, jitter=0.0))
    found.left = lambda: 0.2
    assert kind(found) == "server"
    assert 1 < len(model.asked) < 5


# Recordings


def test_an_answer_is_recorded_and_replayed(tmp_path: Path) -> None:
    cache = tmp_path / "new" / "cache"
    text = 'Hello\n{"a": "é"}\nbye'
    model = Scripted([text[:7], text[7:], Ending("stop", 100, 50)])
    first = access(model, cache=cache)
    assert ask(first) == (text, Ending("stop", 100, 50))
    again = access(Scripted(), cache=cache)
    assert ask(again) == (text, Ending("stop", 100, 50))
    assert again.use == ModelUse(model="m", requests=0, replayed=1)
    (file,) = cache.iterdir()
    assert file.name == by_content("openai/m")(ASK) + ".json"
    assert json.loads(file.read_text()) == {
        "version": 1,
        "text": text,
        "finish": "stop",
        "input_tokens": 100,
        "output_tokens": 50,
    }


@pytest.mark.parametrize(
    "messages",
    [[Message("user", "other")], [Message("system", "x" * 400)], [*ASK, Message("assistant", "")]],
)
def test_another_question_has_another_answer(tmp_path: Path, messages: list[Message]) -> None:
    ask(access(Scripted(WHOLE), cache=tmp_path))
    model = Scripted(["other", Ending("stop")])
    assert ask(access(model, cache=tmp_path), messages)[0] == "other"


@pytest.mark.parametrize(
    "answer",
    [
        ["abc", Ending("truncated", 1, 1)],
        ["abc", Ending("stop", 1, 1, garbled=1)],
        ["abc", ModelFault("dropped", "It broke off.")],
        ["the key is sk-1234567", Ending("stop", 1, 1)],
        ["x" * (LARGEST + 1), Ending("stop", 1, 1)],
    ],
)
def test_what_is_not_whole_or_secret_or_huge_is_not_recorded(
    tmp_path: Path, answer: list[str | Ending | ModelFault]
) -> None:
    ask(access(Scripted(answer), cache=tmp_path, key="sk-1234567", tokens=10_000_000))
    assert list(tmp_path.iterdir()) == []


DAMAGED = [
    b"",
    b"{",
    b"\xff\xfe",
    b"[]",
    b'{"text": 1}',
    b'{"version": 2, "text": "a"}',
    b'{"text": "a", "run": "x"}',
    b'{"text": "a", "input_tokens": -1}',
    b"[" * 100_000,
    b" " * (LARGEST + 1),
]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_recording_is_none_and_is_written_anew(tmp_path: Path, content: bytes) -> None:
    place = tmp_path / f"{by_content('openai/m')(ASK)}.json"
    place.write_bytes(content)
    assert ask(access(Scripted(WHOLE), cache=tmp_path)) == ("abcdef", WHOLE[2])
    assert Recording.model_validate_json(place.read_bytes()).text == "abcdef"


def test_no_link_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = by_content("openai/m")(ASK)
    secret = tmp_path / "secret.json"
    secret.write_text(Recording(text="secret").model_dump_json())
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / f"{name}.json").symlink_to(secret)
    recordings = Recordings(cache)
    assert recordings.take(name) is None
    assert recordings.keep(name, Recording(text="mine"))
    assert "secret" in secret.read_text()
    assert not (cache / f"{name}.json").is_symlink()

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "link").symlink_to(elsewhere)
    assert not Recordings(tmp_path / "link").keep(name, Recording(text="mine"))
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / "link").symlink_to(elsewhere)
    monkeypatch.chdir(checkout)
    assert not Recordings(Path("link/cache")).keep(name, Recording(text="mine"))
    assert list(elsewhere.iterdir()) == []
    assert Recordings(Path("made/cache")).keep(name, Recording(text="mine"))


def test_a_pipe_in_place_of_a_recording_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.json")
    assert Recordings(tmp_path).take("a") is None


def test_a_folder_that_can_t_be_used_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = access(Scripted(WHOLE), cache=tmp_path / "file" / "cache")
    assert ask(found) == ("abcdef", WHOLE[2])


def test_the_oldest_recordings_go(tmp_path: Path) -> None:
    recordings = Recordings(tmp_path, most=3)
    for number in range(5):
        assert recordings.keep(f"n{number}", Recording(text=""))
        os.utime(tmp_path / f"n{number}.json", (number, number))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["n2.json", "n3.json", "n4.json"]


# What servers say

SUBJECT = Subject("tiny-1", secrets=("sk-123456",))


def test_words_of_headers_that_give_no_access_may_stand_in_tests() -> None:
    headers = {"Accept": "application/json", "X-Team": "test", "Authorization": "Bearer abcd-efgh"}
    address = "https://me:pass-word@x/v1?deployment=tests-of-it&key=hijk-lmno"
    options = ModelOptions.model_validate(
        {"headers": headers, "base_url": address, "key": "sk-123456"}
    )
    assert {"application/json", "test", "tests-of-it", "abcd-efgh"} <= {*secrets_of(options)}
    found = credentials_of(options)
    assert {"sk-123456", "abcd-efgh", "pass-word", "hijk-lmno"} <= {*found}
    assert not {"application/json", "test", "me", "tests-of-it", "Bearer"} & {*found}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"headers": {"Authorization": "Bearer abcd-efgh"}}, "wrong token abcd-efgh"),
        ({"headers": {"api-key": "abcd-efgh"}}, "wrong api-key abcd-efgh"),
        ({"base_url": "https://x/v1?key=abcd-efgh&api-version=2024"}, "no /v1?key=abcd-efgh"),
        ({"base_url": "https://x/v1?key=ab%2Fcd%3Def"}, "ab/cd=ef or ab%2Fcd%3Def"),
        ({"base_url": "https://me:pass%40word@x/v1"}, "me:pass%40word, pass@word"),
        ({"base_url": "https://me:pass%40word@x/v1"}, "Basic bWU6cGFzc0B3b3Jk"),
    ],
)
def test_what_a_server_repeats_of_a_secret_is_not_shown(given: object, said: str) -> None:
    options = ModelOptions.model_validate(given)
    subject = Subject("tiny-1", secrets=secrets_of(options))
    shown = refused(400, {"error": {"message": said}}, subject).message
    for secret in ("abcd", "ab/cd", "ab%2Fcd", "pass", "bWU6"):
        assert secret not in shown
    assert "***" in shown


def refused(status: int, body: object, subject: Subject = SUBJECT) -> ModelFault:
    text = body if isinstance(body, str) else json.dumps(body)
    return refusal(status, {}, text, subject, NOW)


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (401, "", "key", "does not accept the key (HTTP 401). Look at model-key, on the command"),
        (403, "", "key", "use the model tiny-1"),
        (429, {"error": {"code": "insufficient_quota", "message": "x"}}, "key", "no credit left"),
        (400, {"error": {"message": "Your credit balance is too low"}}, "key", "no credit left"),
        (402, "", "key", "payment"),
        (404, {"error": 'model "tiny-1" not found, try pulling it first'}, "unknown model", "pull"),
        (404, "<html>nginx</html>", "unknown model", "no such API"),
        (404, "<html>nginx</html>", "unknown model", "model-base-url, which mostly ends in /v1."),
        (400, {"error": {"message": "x is not a valid model ID"}}, "unknown model", "not know"),
        (400, {"error": {"code": "context_length_exceeded", "message": ""}}, "too long", "long"),
        (
            400,  # llama.cpp
            {"error": {"message": "request (9 tokens) exceeds the available context size (8)"}},
            "too long",
            "long",
        ),
        (413, "", "too long", "too long"),
        (422, {"detail": "temperature is wrong"}, "refused", "refuses the request"),
        (400, {"error": {"message": "temperature @octocat\n::x sk-123456"}}, "refused", "***"),
        (500, "[" * 100_000, "server", "failed"),
        (529, "", "server", "failed"),
        (302, "", "refused", "another address"),
        (418, "null", "refused", "refuses the request"),
    ],
)
def test_what_a_refusal_means(status: int, body: object, kind: str, words: str) -> None:
    fault = refused(status, body)
    assert fault.kind == kind
    assert words in fault.message
    assert "sk-123456" not in fault.message
    assert "\n" not in fault.message
    assert len(fault.message) < 400


def test_a_server_that_wants_a_key_and_got_none() -> None:
    assert "asks for a key" in refused(401, "", Subject("m", keyed=False)).message


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Mon, 30 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Mon, 30 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "Mon, 30 Nov 2026 12:00:30"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, LONGEST_WAIT),
        ({"retry-after": "soon"}, None),
        ({"retry-after": " "}, None),
    ],
)
def test_how_long_a_server_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


@pytest.mark.parametrize(
    "usage",
    [
        *(None, 3, [], {"input_tokens": 1.5}),
        *({"prompt_tokens": value} for value in (-1, True, 1 << 80, "9")),
    ],
)
def test_tokens_that_are_no_number_are_not_known(usage: object) -> None:
    account = Account()
    for event in ({"usage": usage}, {"message": {"usage": usage}}, {"message": usage}):
        account.read(event)
    account.read({"choices": [None], "delta": 3})
    account.read({"choices": {"0": 1}, "delta": {"stop_reason": ["end_turn"]}})
    assert account.ending == Ending("truncated")


def test_what_a_provider_has_kept_counts_as_read() -> None:
    account = Account()
    account.read({"message": {"usage": {"input_tokens": 5, "cache_read_input_tokens": 20}}})
    account.read({"usage": {"output_tokens": 7}, "delta": {"stop_reason": "end_turn"}})
    assert account.ending == Ending("stop", 25, 7)
