"""The checks of generated tests: what writes them, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator

from qe_action.diagnosis import snippets
from qe_action.diagnosis.asked_tests import AskedModel
from qe_action.diagnosis.facts import Access, Facts, Finding
from qe_action.diagnosis.rights import may_write

Findings = Iterator[Finding]
SETTING = "“Allow GitHub Actions to create and approve pull requests” (Settings, Actions, General)"

_PROVIDERS = {"openai": "OpenAI", "anthropic": "Anthropic"}


def model(facts: Facts) -> Findings:
    """Whether a model is asked, and where what is sent goes."""
    asked = facts.asked.model
    if not facts.asked.generates:
        if asked.name:
            yield Finding("warn", "is not asked: generate-tests is off", snippets.GENERATE)
    elif asked.generator == "offline":
        if asked.name:
            yield Finding("info", f"{asked.name} is not asked: generator is offline")
    elif not asked.name:
        yield from _nameless(asked)
    elif not (asked.key or asked.host):
        yield _keyless(facts)
    else:
        yield _reached(asked)


def _nameless(asked: AskedModel) -> Findings:
    if asked.generator == "llm":
        text = "none: generator is llm, and model names none, so nothing is sent and no test made"
        yield Finding("fail", text, snippets.MODEL)
    elif asked.key or asked.host:
        what = "model-key" if asked.key else "model-base-url"
        text = f"none: {what} is there, and model names none, so nothing is sent"
        yield Finding("warn", text, snippets.MODEL)


def _keyless(facts: Facts) -> Finding:
    asked = facts.asked.model
    instead = "no test is made" if asked.generator == "llm" else "tests are searched offline"
    if facts.run.fork or facts.run.dependabot:
        whose = "a fork's" if facts.run.fork else "Dependabot's"
        text = f"{asked.name} is not asked: {whose} run gets no secret; {instead}"
        return Finding("info", text)
    text = (
        f"{asked.name} is not asked: model-key is empty, as a secret is that does not exist, and "
        f"there is no model-base-url; nothing is sent, {instead}"
    )
    return Finding("fail" if asked.generator == "llm" else "warn", text, snippets.MODEL_KEY)


def _reached(asked: AskedModel) -> Finding:
    host = asked.host or f"{_PROVIDERS[asked.provider]}'s own API"
    text = f"{asked.name} is asked at {host}, and gets source code"
    if asked.where == "private":
        text = f"{asked.name} is not asked at {host}"
        return Finding(
            "fail" if asked.generator == "llm" else "warn",
            f"{text}: that is an address of a private network, and only this machine's own "
            "(localhost) and public ones are asked",
        )
    if not asked.encrypted and asked.where != "here":
        return Finding("warn", f"{text}; with http everybody on the way can read it, and the key")
    return Finding("ok", text)


def tests_pull(facts: Facts) -> Findings:
    """Whether the tests can come as a pull request, and what will be different about it."""
    asked, run = facts.asked.pull, facts.run
    if asked.wanted == "off":
        return
    if not facts.asked.generates:
        text = f"none: pull-request-tests is {asked.wanted}, and generate-tests is off"
        yield Finding("warn", text, snippets.GENERATE)
    elif not run.in_workflow:
        yield Finding("info", "outside of a workflow none is opened")
    elif not facts.has_pull:
        yield Finding("warn", "none: the event is about no pull request")
    elif run.fork:
        yield Finding("info", "a patch alone: nobody here writes to a fork's branch")
    elif run.closed:
        yield Finding(
            "info", "none is opened for a closed pull request; one that is there is closed"
        )
    elif asked.wanted == "suggest":
        yield Finding("ok", "a patch, as asked for")
    else:
        yield from _opened(facts)


def _opened(facts: Facts) -> Findings:
    access = facts.access or Access()
    if facts.asked.pull.own_token:
        text = "will be opened if pr-token may: that takes contents: write and pull-requests: write"
        yield Finding("unknown", text)
    else:
        yield _by_the_job(facts, access)
    if access.rules:
        branch = f"branches such as {facts.branch}"
        text = f"a rule of the repository is about {branch}: {', '.join(access.rules)}"
        yield Finding("warn", f"{text}; where it forbids the push the tests come as a patch")
    if not facts.asked.pull.own_token:
        yield _checks_wait(facts)


def _by_the_job(facts: Facts, access: Access) -> Finding:
    """What the job's own token can do, and what the repository lets it do."""
    verdicts = [may_write(facts, "contents"), may_write(facts, "pull-requests")]
    lacking = [verdict.why for verdict in verdicts if verdict.level == "fail"]
    unsure = [verdict.why for verdict in verdicts if verdict.level != "ok"]
    if lacking:
        return Finding(
            "fail", f"won't be opened, so a patch alone: {'; '.join(dict.fromkeys(lacking))}"
        )
    if access.opens is False:
        text = f"won't be opened, so a patch alone: the setting {SETTING} is off"
        return Finding("fail", f"{text}; pr-token does without it", snippets.PULL_BEARER)
    if unsure:
        return Finding("unknown", f"will be opened if the token may: {unsure[0]}")
    if access.opens is None:
        text = f"will be opened if the setting {SETTING} is on, which the token may not read"
        return Finding("unknown", text)
    return Finding("ok", "will be opened, as a draft")


def _checks_wait(facts: Facts) -> Finding:
    if facts.asked.pull.workflow:
        text = f"{facts.asked.pull.workflow} is started on it; other workflows wait for an approval"
        return Finding("info", text)
    text = (
        "workflows on it wait until somebody who may write approves them, and required checks with "
        "them; pr-token avoids that, and tests-workflow starts one"
    )
    return Finding("info", text)
