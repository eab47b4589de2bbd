"""The doctor on generated tests: what writes them, and what becomes of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from test_diagnosis import DESK, GOOD, GRANTS, PULL, only

from qe_action.diagnosis import inventory, snippets, tests_outlook
from qe_action.diagnosis.asked_tests import AskedModel, AskedPull
from qe_action.diagnosis.check_table import diagnose, works
from qe_action.diagnosis.facts import Access, Asked, Facts, Run, Workflow
from qe_action.diagnosis.workflow import read_workflow
from qe_action.doctor.local_facts import asked as asked_of
from qe_action.settings import load

KEY = "sk-Zq81Lw0vTn4e"
MAKES = "uses: actions/create-github-app-token@v2"
OPEN = AskedPull("open")
WRITES = Workflow("ci.yml", {**GRANTS, "contents": "write"})


def asking(model: AskedModel | None = None, *, run: Run = PULL, generates: bool = True) -> Facts:
    asked = Asked(tests_outcome=True, generates=generates, model=model or AskedModel())
    return replace(GOOD, asked=asked, run=run)


def opening(pull: AskedPull = OPEN, *, access: Access | None = None, **more: Any) -> Facts:
    asked = Asked(tests_outcome=True, generates=more.pop("generates", True), pull=pull)
    said = access or replace(GOOD.access or Access(), opens=True)
    return replace(GOOD, **{"asked": asked, "workflow": WRITES, "access": said, **more})


@pytest.mark.parametrize(
    ("model", "level", "says"),
    [
        (AskedModel(name="m", key=True), "ok", "m is asked at OpenAI's own API"),
        (AskedModel(name="m", host="localhost", where="here", encrypted=False), "ok", "localhost"),
        (AskedModel(name="m", key=True, host="x.example"), "ok", "at x.example, and gets source"),
        (AskedModel(name="m", key=True, host="x", encrypted=False), "warn", "on the way can read"),
        (AskedModel(name="m", host="10.0.0.1", where="private"), "warn", "private network"),
        (AskedModel("llm", "m", host="10.0.0.1", where="private"), "fail", "m is not asked at 10."),
        (AskedModel(name="m"), "warn", "model-key is empty"),
        (AskedModel("llm", name="m"), "fail", "nothing is sent, no test is made"),
        (AskedModel("llm"), "fail", "model names none"),
        (AskedModel(key=True), "warn", "model-key is there, and model names none"),
        (AskedModel(host="x"), "warn", "model-base-url is there, and model names none"),
        (AskedModel("offline", name="m", key=True), "info", "generator is offline"),
    ],
)
def test_a_model(model: AskedModel, level: str, says: str) -> None:
    finding = only(tests_outlook.model(asking(model)))
    assert finding.level == level
    assert says in finding.text
    assert bool(finding.paste) == (not (model.name and (model.key or model.host)))


def test_without_tests_no_model_is_asked_and_without_a_model_nothing_is_said() -> None:
    assert list(tests_outlook.model(asking())) == []
    assert list(tests_outlook.model(asking(generates=False))) == []
    off = asking(AskedModel(name="m", key=True), generates=False)
    assert only(tests_outlook.model(off)).paste == snippets.GENERATE


@pytest.mark.parametrize("run", [replace(PULL, fork=True), replace(PULL, dependabot=True)])
@pytest.mark.parametrize("generator", ["auto", "llm"])
def test_runs_that_get_no_secrets_are_in_order(run: Run, generator: Any) -> None:
    found = only(tests_outlook.model(asking(AskedModel(generator, name="m"), run=run)))
    assert (found.level, "gets no secret" in found.text) == ("info", True)


def test_no_part_of_a_key_becomes_a_fact() -> None:
    given = {
        "INPUT_GENERATE-TESTS": "true",
        "INPUT_MODEL": f"models/{KEY}",
        "INPUT_MODEL-BASE-URL": f"https://{KEY}.example/{KEY}",
        "INPUT_MODEL-KEY": KEY,
        "INPUT_MODEL-HEADERS": f"api-key: {KEY}",
        "INPUT_PR-TOKEN": KEY,
    }
    facts = replace(GOOD, asked=asked_of(load(given).inputs))
    assert KEY.lower() not in repr(facts).lower()
    assert not any(KEY.lower() in f.text.lower() for f in diagnose(facts))


@pytest.mark.parametrize(
    ("facts", "level", "says"),
    [
        (opening(), "ok", "as a draft"),
        (opening(AskedPull("suggest")), "ok", "a patch"),
        (opening(generates=False), "warn", "generate-tests is off"),
        (opening(run=replace(PULL, fork=True)), "info", "a fork's branch"),
        (opening(run=replace(PULL, closed=True)), "info", "closed pull request"),
        (opening(run=replace(PULL, event="push", pull=None)), "warn", "no pull request"),
        (opening(workflow=GOOD.workflow), "fail", "no contents: write"),
        (opening(workflow=Workflow("ci.yml", {"contents": "write"})), "fail", "no pull-requests"),
        (opening(workflow=None), "unknown", "if the token may"),
        (opening(access=Access(opens=False)), "fail", "Allow GitHub Actions to create"),
        (opening(access=Access(opens=None)), "unknown", "which the token may not read"),
        (opening(replace(OPEN, own_token=True), access=Access(opens=False)), "unknown", "pr-token"),
        (replace(DESK, asked=opening().asked), "info", "outside of a workflow"),
    ],
)
def test_a_pull_request_with_tests(facts: Facts, level: str, says: str) -> None:
    first = next(iter(tests_outlook.tests_pull(facts)))
    assert first.level == level, first
    assert says in first.text


def test_nothing_is_said_of_what_nobody_asks_for() -> None:
    assert list(tests_outlook.tests_pull(GOOD)) == []


def test_what_the_job_s_token_can_t_start_is_said() -> None:
    _, waits = tests_outlook.tests_pull(opening())
    assert "wait until somebody who may write approves" in waits.text
    _, started = tests_outlook.tests_pull(opening(AskedPull("open", workflow="tests.yml")))
    assert started.text.startswith("tests.yml is started on it")
    assert len(list(tests_outlook.tests_pull(opening(replace(OPEN, own_token=True))))) == 1


def test_rules_for_the_branch_are_named() -> None:
    facts = opening(access=Access(opens=True, rules=("creation", "required_signatures")))
    _, rules, _ = tests_outlook.tests_pull(facts)
    assert rules.level == "warn"
    assert "qe-action/tests-for-7: creation, required_signatures" in rules.text


def test_the_rights_that_it_takes_are_to_be_added_each_in_a_line() -> None:
    bare = opening(AskedPull("open", workflow="t.yml"), workflow=Workflow("ci.yml", {}))
    lacking = {f.text.partition(" is ")[0]: f for f in inventory.permissions(bare)}
    assert list(lacking) == [
        "contents: write",
        "checks: write",
        "pull-requests: write",
        "actions: write",
    ]
    assert {finding.level for finding in lacking.values()} == {"fail"}
    assert {finding.paste for finding in lacking.values()} == {snippets.DISPATCHING}
    assert not works(diagnose(bare))
    plain = opening(workflow=Workflow("ci.yml", {}))
    assert {f.paste for f in inventory.permissions(plain)} == {snippets.OPENING}


def test_with_a_token_of_its_own_the_job_s_needs_no_more() -> None:
    facts = opening(replace(OPEN, own_token=True), workflow=GOOD.workflow)
    assert [f.level for f in inventory.permissions(facts)] == ["ok", "ok"]


@pytest.mark.parametrize(
    ("lines", "own"),
    [
        ("pr-token: ${{ secrets.X }}", True),
        (
            "uses: actions/create-github-app-token@v2\npr-token: ${{ steps.app.outputs.token }}",
            True,
        ),
        ("uses: actions/create-github-app-token@v2\ntoken: ${{ steps.app.outputs.token }}", False),
        ("uses: actions/create-github-app-token@v2\nGITHUB_TOKEN: x", False),
        ("pr-token: x\nGITHUB_TOKEN: ${{ steps.app.outputs.token }}", False),
        ("pr-token: x\ntoken: ${{ secrets.X }}", False),
    ],
)
def test_a_token_for_the_tests_is_not_taken_for_the_job_s(lines: str, own: bool) -> None:
    assert read_workflow("ci.yml", lines, "").own_token is own


def test_a_comment_s_event() -> None:
    run = replace(PULL, event="issue_comment", target_sha=None, merge_sha=None, commanded=True)
    said = only(inventory.event(opening(run=run)))
    assert (said.level, "/qe tests on #7" in said.text) == ("ok", True)
    other = replace(run, commanded=False, pull=None)
    assert only(inventory.event(opening(run=other))).level == "warn"
