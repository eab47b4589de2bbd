"""A model's tests over HTTP, through the whole pipeline: refused, repaired, shown, kept."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Any

from fake_llm import FakeLLM, Reply, item
from generation import SHAPES, Outcome, forks, generate, project, workers
from lionagi import iModel
from projects import job, written
from slowness import slowness

from qe_action.agents.generation_options import GenerationOptions
from qe_action.agents.test_generator import TestGeneratorAgent
from qe_action.events import GeneratorError, GeneratorProgress, TestProposed
from qe_action.generators import generator_for
from qe_action.generators.port import Candidate, Closing, Ports, Proposal, Unjudged
from qe_action.task import QETask

HOOKS = '''
import hashlib
import hmac
import json


class Refused(ValueError):
    """A message that nobody we know has sent."""


def sign(body: bytes, key: str) -> str:
    """The signature of a message."""
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


def priority(kind: str) -> int:
    """How soon an event is looked at."""
    return 0 if kind == "ping" else 1


def read(body: bytes, signature: str, key: str) -> str:
    """The event of a message that is signed with the key."""
    if not hmac.compare_digest(sign(body, key), signature):
        raise Refused("wrong signature")
    event = json.loads(body)
    if event.get("kind") == "ping":
        return "pong"
    return f"event {event['id']}"
'''
IMPORTS = ["from hooks import read, sign"]
WRONG = """def test_ping():
    body = b'{"kind": "ping"}'
    assert read(body, sign(body, "k"), "k") == "ping"
"""
GOOD = WRONG.replace('== "ping"', '== "pong"')
EVENT = """def test_event():
    body = b'{"id": 7}'
    assert read(body, sign(body, "k"), "k") == "event 7"
"""
KEY = "sk-sent-0123456789"
READ = "The code to test"


def options(llm: FakeLLM) -> dict[str, Any]:
    return {"name": "tiny-1", "key": llm.key, "base_url": llm.url}


def test_a_model_s_test_is_repaired_and_shown_while_it_still_writes(tmp_path: Path) -> None:
    """A search can't sign what it makes up; then the server goes in the middle of an answer."""
    project(tmp_path, {"hooks.py": HOOKS})
    first = item("test_ping", WRONG, imports=IMPORTS)
    first += item(
        "test_key",
        f"{EVENT}    assert '{KEY}'\n".replace("test_event", "test_key"),
        imports=IMPORTS,
    )
    second = item("test_ping", GOOD, imports=IMPORTS) + item("test_event", EVENT, imports=IMPORTS)
    replies = [
        Reply(f"Here is a test:\n{first}", when=READ),
        Reply(second + "More", fault="stall", at=len(second), when="Measured in two runs"),
    ]
    context = {
        "repo": tmp_path,
        "file": "hooks.py",
        "time_budget": 30.0 * slowness(),
        "tests_known": True,
        "slots": 1,
    }

    async def main(llm: FakeLLM) -> Outcome:
        agent = TestGeneratorAgent(interpreter=forks())
        given = {**context, "model": options(llm)}
        task = QETask(task_type="test_generation", context=given)
        found: list[Any] = []
        async with aclosing(agent.generate_tests_streaming(task)) as events:
            async for event in events:
                found.append(event)
                if isinstance(event, TestProposed) and event.test_case.test_name == "test_event":
                    assert not llm.asked[-1].left.is_set(), "nobody reads the answer any more"
                    llm.stopping.set()  # it ends only now
        return Outcome(found)

    with FakeLLM(replies, key=KEY) as llm:
        outcome = asyncio.run(main(llm))
    assert {"test_ping", "test_event"} <= set(outcome.accepted)
    assert outcome.refused["test_ping"] == "fails"
    by_generator = outcome.result.by_generator
    assert by_generator["llm"] == 2
    assert by_generator["offline"] >= 1
    assert outcome.result.model is not None
    assert outcome.result.model.model == "tiny-1"
    assert outcome.result.model.requests >= 2
    assert outcome.result.model.cost is None
    asked = "\n".join(each.text for each in llm.asked[:2])
    assert "`read(body, sign(body, 'k'), 'k')` gives `'pong'`, not `'ping'`" in asked
    assert str(tmp_path) not in asked
    activities = [e.activity for e in outcome.events if isinstance(e, GeneratorProgress)]
    assert {"searching", "verifying"} & set(activities)
    assert "writing" in activities
    assert not [event for event in outcome.events if KEY in event.model_dump_json()]
    assert not workers()


def test_a_ready_model_of_the_caller_is_asked(tmp_path: Path) -> None:
    written(tmp_path, {"hooks.py": HOOKS})
    made = job(tmp_path / "hooks.py", [tmp_path], "hooks")

    async def main(llm: FakeLLM) -> list[Proposal]:
        given = {"provider": "openai", "model": "tiny-1", "base_url": llm.url, "api_key": llm.key}
        model = iModel(**given, allow_local_network=True)
        options = GenerationOptions(repo=tmp_path, file="hooks.py", generator="llm")
        generator = generator_for("llm", Ports(lambda: 0.0, model, options))
        assert isinstance(generator, Closing)
        found = []
        async with aclosing(generator.candidates(made, Unjudged())) as proposals:
            async for proposal in proposals:
                found.append(proposal)
                if isinstance(proposal, Candidate):
                    break
        await generator.aclose()
        return found

    with FakeLLM([Reply(item("test_ping", GOOD, imports=IMPORTS))]) as llm:
        *_, last = asyncio.run(main(llm))
    assert isinstance(last, Candidate)
    assert (last.name, last.generator) == ("test_ping", "llm")
    assert llm.asked[0].body["model"] == "tiny-1"


def test_without_a_model_nothing_is_sent_and_one_line_says_so(tmp_path: Path) -> None:
    project(tmp_path, {"shapes.py": SHAPES})
    context = {"repo": tmp_path, "file": "shapes.py", "generator": "llm", "tests_known": True}
    outcome = generate(context)
    assert (outcome.result.conclusion, outcome.result.total) == ("finished", 0)
    (note,) = outcome.result.notes
    assert "nothing was sent" in note
    (error,) = [event for event in outcome.events if isinstance(event, GeneratorError)]
    assert error.recoverable
    assert outcome.result.model is None
