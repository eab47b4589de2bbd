"""The doctor's checks, each by itself: facts in, findings out."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from qe_action.diagnosis import inventory, outlook, snippets
from qe_action.diagnosis.asked_suite import AskedSuite, reports_coverage, why_quiet
from qe_action.diagnosis.check_table import CHECKS, diagnose, works
from qe_action.diagnosis.facts import (
    Access,
    Asked,
    Facts,
    Finding,
    History,
    Paths,
    Project,
    Protection,
    Report,
    Run,
    TokenKind,
    Workflow,
    measured,
    token_kind,
)
from qe_action.diagnosis.rights import may_read, may_write
from qe_action.diagnosis.wording import lines, title, wire
from qe_action.diagnosis.workflow import read_workflow

GOLDEN = Path(__file__).parent.parent / "golden"
HEAD, BASE, MERGE = "a" * 40, "b" * 40, "c" * 40
GRANTS = {"contents": "read", "checks": "write", "pull-requests": "write"}
PULL = Run(
    in_workflow=True,
    event="pull_request",
    pull=7,
    target_sha=HEAD,
    merge_sha=MERGE,
    default_branch="main",
)
PAST = History(git=True, head=MERGE, parents=(BASE, HEAD), base_here=True)
GOOD = Facts(
    run=PULL,
    bearer="installation",
    asked=Asked(tests_outcome=True),
    history=PAST,
    reports=(Report("coverage.xml", "cobertura", files=2, statements=26),),
    paths=Paths(matched=2, total=2),
    access=Access(checks="allowed", comments="allowed", baseline=True, remaining=990, requests=3),
    workflow=Workflow(".github/workflows/ci.yml", GRANTS),
)
DESK = Facts(history=replace(PAST, parents=(BASE,)), reports=GOOD.reports)


def only(findings: Any) -> Finding:
    (finding,) = findings
    assert isinstance(finding, Finding)
    return finding


def run(**fields: Any) -> Facts:
    return replace(GOOD, run=replace(PULL, **fields))


def past(**fields: Any) -> Facts:
    return replace(GOOD, history=replace(PAST, **fields))


def asked(**fields: Any) -> Facts:
    return replace(GOOD, asked=replace(GOOD.asked, **fields))


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        ("", "none"),
        ("ghs_x", "installation"),
        ("ghp_x", "classic"),
        ("github_pat_x", "fine-grained"),
        ("gho_x", "user"),
        ("ghu_x", "user"),
        ("0123", "other"),
    ],
)
def test_a_token_s_kind_is_its_prefix(token: str, kind: TokenKind) -> None:
    assert token_kind(token) == kind


def test_every_topic_of_the_table_has_one_line() -> None:
    assert len({check.topic for check in CHECKS}) == len(CHECKS)


def test_a_good_set_up_has_nothing_to_add() -> None:
    findings = diagnose(GOOD)
    assert {finding.level for finding in findings} == {"ok"}
    assert not any(finding.paste for finding in findings)
    assert works(findings)


def test_nothing_known_is_no_crash() -> None:
    assert not works(diagnose(Facts()))
    assert not works(diagnose(Facts(run=Run(in_workflow=True))))


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        (GOOD, "merge"),
        (past(head=HEAD, parents=(BASE,)), "head"),
        (past(head="d" * 40), "merge"),  # another merge of the same head
        (past(head="d" * 40, parents=(BASE,)), "unknown"),
        (past(head=BASE, parents=()), "unknown"),
        (past(git=False), "unknown"),
        (past(head=None), "unknown"),
        (DESK, "worktree"),
        (run(target_sha=None, pull=None), "commit"),
        (run(target_sha=MERGE, pull=None), "commit"),
    ],
)
def test_the_measured_tree(facts: Facts, kind: str) -> None:
    assert measured(facts.run, facts.history).kind == kind
    level = "fail" if kind == "unknown" else "ok"
    assert only(inventory.tree(facts)).level == level


@pytest.mark.parametrize(
    ("event", "way"), [("workflow_run", "publish"), ("pull_request_target", "")]
)
def test_no_checkout_is_advised_where_the_token_may_write(event: str, way: str) -> None:
    facts = run(event=event, pull=None, target_sha="d" * 40)
    finding = only(inventory.tree(facts))
    assert "don't check out" in finding.text
    assert way in finding.paste
    assert not any("ref:" in each.paste for each in diagnose(facts))
    assert not any("check out what" in each.text for each in diagnose(facts))


@pytest.mark.parametrize(
    ("facts", "level", "says"),
    [
        (GOOD, "ok", "#7 from this repository"),
        (run(fork=True), "ok", "#7 from a fork"),
        (run(closed=True), "ok", "which is closed"),
        (run(event="pull_request_target"), "warn", "never check out"),
        (run(event="push", pull=None), "ok", "a pushed branch"),
        (run(event="merge_group", pull=None), "ok", "merge queue"),
        (run(event="workflow_run", pull=None), "ok", "has finished"),
        (run(event="schedule", pull=None, target_sha=None), "warn", "no pull request"),
        (run(event="push", pull=None, target_sha=None), "warn", "no pushed branch"),
        (run(problem="no event"), "fail", "no event"),
        (DESK, "ok", "no run of a workflow"),
    ],
)
def test_the_event(facts: Facts, level: str, says: str) -> None:
    finding = only(inventory.event(facts))
    assert finding.level == level
    assert says in finding.text


def test_a_pull_request_that_was_named_is_enough_of_an_event() -> None:
    facts = replace(
        run(event="workflow_dispatch", pull=None, target_sha=None), asked=Asked(pull_request=9)
    )
    assert only(inventory.event(facts)).level == "ok"


@pytest.mark.parametrize(
    ("bearer", "access", "level", "says"),
    [
        ("none", None, "fail", "none"),
        ("installation", None, "ok", "installation"),
        ("classic", None, "ok", "classic"),
        ("installation", Access(bad_token=True, refusal="Bad credentials"), "fail", "Bad"),
        ("installation", Access(checks="allowed", remaining=3), "warn", "3 requests left"),
        ("installation", Access(checks="unanswered", refusal="no answer"), "unknown", "no answer"),
    ],
)
def test_the_token(bearer: TokenKind, access: Access | None, level: str, says: str) -> None:
    finding = only(inventory.token(replace(GOOD, bearer=bearer, access=access)))
    assert finding.level == level
    assert says in finding.text
    assert "github.token" in finding.paste or level != "fail"


def test_a_desk_needs_no_token() -> None:
    assert only(inventory.token(DESK)).level == "ok"
    assert list(inventory.permissions(DESK)) == []


BARE = replace(GOOD, workflow=None)
SOME = Access(checks="allowed", comments="allowed")


@pytest.mark.parametrize(
    ("facts", "checks", "comments"),
    [
        (GOOD, "ok", "ok"),
        (BARE, "unknown", "unknown"),
        (replace(BARE, access=None), "unknown", "unknown"),
        (replace(BARE, bearer="none"), "fail", "fail"),
        (replace(BARE, bearer="classic", access=replace(SOME, scopes=("repo",))), "fail", "ok"),
        (replace(BARE, bearer="classic", access=replace(SOME, scopes=())), "fail", "fail"),
        (replace(BARE, bearer="classic", access=SOME), "fail", "unknown"),
        (replace(BARE, bearer="fine-grained"), "fail", "unknown"),
        (replace(BARE, access=replace(SOME, bad_token=True)), "fail", "fail"),
        (replace(BARE, access=replace(SOME, checks="refused")), "fail", "unknown"),
        (replace(BARE, access=replace(SOME, wrote=True)), "ok", "unknown"),
        (replace(GOOD, run=replace(PULL, fork=True)), "info", "info"),
        (replace(run(fork=True), access=replace(SOME, comments="refused")), "info", "info"),
        (replace(GOOD, run=replace(PULL, fork=True, private=True)), "unknown", "unknown"),
        (replace(GOOD, run=replace(PULL, fork=True, event="pull_request_target")), "ok", "ok"),
        (replace(GOOD, run=replace(PULL, dependabot=True)), "ok", "ok"),
        (replace(BARE, run=replace(PULL, dependabot=True)), "unknown", "unknown"),
        (replace(GOOD, workflow=Workflow("ci.yml", {"checks": "write"})), "ok", "fail"),
        (replace(GOOD, workflow=Workflow("ci.yml", {})), "fail", "fail"),
        (replace(GOOD, workflow=Workflow("ci.yml", None)), "unknown", "unknown"),
        (replace(GOOD, workflow=Workflow("ci.yml", {}, own_token=False)), "unknown", "unknown"),
    ],
)
def test_what_a_token_may_write(facts: Facts, checks: str, comments: str) -> None:
    assert may_write(facts, "checks").level == checks
    assert may_write(facts, "pull-requests").level == comments
    assert only(outlook.check_run(facts)).level == checks
    assert only(outlook.comment(facts)).level == comments


def test_a_public_repository_needs_less_of_a_classic_token() -> None:
    access = replace(SOME, scopes=("public_repo",))
    facts = replace(BARE, bearer="classic", access=access)
    assert may_write(facts, "pull-requests").level == "ok"
    closed = replace(facts, run=replace(PULL, private=True))
    assert may_write(closed, "pull-requests").level == "fail"


@pytest.mark.parametrize(
    ("facts", "level"),
    [
        (replace(BARE, access=replace(SOME, contents="allowed")), "ok"),
        (replace(BARE, access=replace(SOME, contents="refused")), "fail"),
        (replace(BARE, access=None), "unknown"),
        (replace(BARE, bearer="none"), "fail"),
        (replace(GOOD, access=replace(SOME, bad_token=True)), "fail"),
        (replace(GOOD, access=None), "ok"),
    ],
)
def test_what_a_token_may_read(facts: Facts, level: str) -> None:
    assert may_read(facts, "contents").level == level
    short = replace(facts, history=replace(PAST, base_here=False, shallow=True))
    assert only(outlook.patch_coverage(short)).level == level


def test_permissions_are_pasted_where_they_would_help() -> None:
    lacking = replace(GOOD, workflow=Workflow("ci.yml", {"contents": "read"}))
    assert [f.paste for f in inventory.permissions(lacking)] == [snippets.PERMISSIONS] * 2
    fork = replace(lacking, run=replace(PULL, fork=True))
    assert [f.paste for f in inventory.permissions(fork)] == ["", ""]


@pytest.mark.parametrize(
    ("facts", "level", "says", "adds"),
    [
        (GOOD, "ok", "whole", ""),
        (past(shallow=True, depth=3), "ok", "shallow, 3 commits deep", ""),
        (past(shallow=True, depth=1, base_here=False), "warn", "1 commit deep", snippets.DEPTH),
        (past(shallow=True, head=HEAD, base_here=False), "warn", "shallow", snippets.WHOLE_HISTORY),
        (past(base_here=False), "warn", "without", ""),
        (past(problem="git failed"), "fail", "git failed", ""),
        (past(git=False), "fail", "there is none", ""),
    ],
)
def test_the_history(facts: Facts, level: str, says: str, adds: str) -> None:
    finding = only(inventory.history(facts))
    assert (finding.level, finding.paste) == (level, adds)
    assert says in finding.text


def test_reports() -> None:
    assert "2 files, 26 statements" in only(inventory.reports(GOOD)).text
    least = replace(GOOD.reports[0], at_least=True, newer=1, newer_example="app.py")
    told, old = inventory.reports(replace(GOOD, reports=(least,)))
    assert "at least 2 files" in told.text
    assert (old.level, "such as app.py" in old.text) == ("warn", True)
    unread = replace(GOOD, reports=(Report("x", "lcov"),))
    assert only(inventory.reports(unread)).text == "x: lcov"
    gone = replace(
        GOOD, reports=(Report("x", problem="no x"),), nearby=(Report("a b.info", "lcov"),)
    )
    missing, near = inventory.reports(gone)
    assert (missing.level, near.level) == ("fail", "warn")
    assert yaml.safe_load(missing.paste) == {"with": {"coverage-file": "a b.info"}}
    assert outlook.patch_coverage(gone).__next__().level == "fail"


def test_paths() -> None:
    assert only(inventory.paths(GOOD)).text == "2 of 2 report paths match the repository"
    assert list(inventory.paths(replace(GOOD, paths=None))) == []
    advice = ("0 of 2 match.",)
    wrong = replace(GOOD, paths=Paths(0, 2, advice=advice, source_root="back end"))
    finding = only(inventory.paths(wrong))
    assert finding.level == "fail"
    assert yaml.safe_load(finding.paste) == {"with": {"source-root": "back end"}}
    assert only(outlook.patch_coverage(wrong)).level == "fail"
    some = replace(GOOD, paths=Paths(1, 2, advice=advice))
    assert only(inventory.paths(some)).level == "warn"
    assert only(outlook.patch_coverage(some)).level == "ok"
    out = replace(GOOD, paths=Paths(left_out=3))
    assert only(inventory.paths(out)).level == "fail"


def test_the_workflow_s_file() -> None:
    assert only(inventory.workflow(DESK)).paste == snippets.workflow(DESK.project)
    assert list(inventory.workflow(replace(GOOD, workflow=None))) == []
    file = Workflow("ci.yml", GRANTS, after_failures=False, names_depth=False)
    _, after = inventory.workflow(replace(GOOD, workflow=file))
    assert after.paste == snippets.AFTER_FAILURES
    assert len(list(inventory.workflow(replace(DESK, workflow=file)))) == 3


def test_the_tests_outcome() -> None:
    assert list(inventory.outcome(GOOD)) == []
    assert list(inventory.outcome(asked(tests_outcome=False))) == []  # the file names it
    bare = replace(asked(tests_outcome=False), workflow=None)
    assert only(inventory.outcome(bare)).paste == snippets.OUTCOME
    assert list(inventory.outcome(DESK)) == []


def test_annotations() -> None:
    assert only(outlook.annotated(GOOD)).level == "ok"
    assert only(outlook.annotated(past(head=BASE, parents=()))).level == "fail"
    assert "ten worst" in only(outlook.annotated(run(fork=True))).text
    bare = replace(GOOD, workflow=Workflow("ci.yml", {}))
    assert only(outlook.annotated(bare)).level == "warn"
    assert list(outlook.annotated(asked(annotations=False))) == []
    assert list(outlook.annotated(DESK)) == []


def test_only_what_is_asked_for_is_judged() -> None:
    assert list(outlook.comment(asked(comment=False))) == []
    assert list(outlook.review_comments(GOOD)) == []
    assert only(outlook.review_comments(asked(review_comments=True))).level == "ok"
    assert list(outlook.gates(GOOD)) == []
    assert list(outlook.check_run(DESK)) == []
    assert only(outlook.check_run(run(target_sha=None, pull=None))).level == "warn"


@pytest.mark.parametrize(
    ("around", "fork", "level", "says"),
    [
        (Protection(), True, "ok", "in the sandbox"),
        (Protection(weaker=("no user of its own",)), False, "warn", "no user of its own"),
        (Protection(problem="it needs Linux"), False, "fail", "none: it needs Linux"),
        (Protection(off=True), False, "warn", "without a sandbox"),
        (Protection(off=True), True, "fail", "code of a fork is never run"),
    ],
)
def test_generated_tests(around: Protection, fork: bool, level: str, says: str) -> None:
    found = only(outlook.generated_tests(replace(run(fork=fork), protection=around)))
    assert found.level == level
    assert says in found.text
    assert list(outlook.generated_tests(GOOD)) == []


def test_a_fork_with_a_journal_is_published_later() -> None:
    facts = replace(run(fork=True), asked=Asked(journal_file=True, tests_outcome=True))
    assert only(outlook.check_run(facts)).level == "ok"
    findings = diagnose(facts)
    assert {finding.level for finding in findings} == {"ok", "info"}
    assert not any(finding.paste for finding in findings)
    assert lines(findings)[-1].text == "All that is asked for will work."


def test_a_fork_without_a_journal_is_no_error() -> None:
    findings = diagnose(run(fork=True))
    assert works(findings)
    without = only(outlook.check_run(run(fork=True)))
    parts = (snippets.JOURNAL, snippets.KEEP_JOURNAL, snippets.SECOND_WORKFLOW)
    assert (without.level, without.paste) == ("info", "\n".join(parts))
    last = lines(findings)[-1].text
    assert last == "All is in order; not made: check-run, comment."


def test_a_closed_pull_request_gets_no_new_comment() -> None:
    facts = replace(run(closed=True), asked=Asked(review_comments=True, tests_outcome=True))
    assert "closed" in only(outlook.comment(facts)).text
    assert "closed" in only(outlook.review_comments(facts)).text
    assert works(diagnose(facts))


def test_what_the_file_has_is_not_to_be_added() -> None:
    file = Workflow("ci.yml", GRANTS, events=("pull_request", "push"), pushes=("main", "v*"))
    assert file.runs_on_push_to("v1")
    none = replace(GOOD, access=replace(SOME, baseline=False), workflow=file)
    finding = only(outlook.baseline(none))
    assert (finding.level, finding.paste) == ("info", "")
    assert finding.text.endswith("the baseline comes with the next push to main")
    dropped = replace(none, asked=replace(none.asked, gates=("max-drop",)))
    assert only(outlook.baseline(dropped)).level == "warn"
    trunk = replace(none, run=replace(PULL, default_branch="trunk"))
    assert only(outlook.baseline(trunk)).paste == snippets.baseline("trunk")
    timed = replace(none, run=replace(PULL, event="schedule", pull=None, target_sha=None))
    assert only(inventory.event(timed)).paste == ""
    by_hand = replace(timed, run=replace(timed.run, event="workflow_dispatch"))
    assert "pull-request" in only(inventory.event(by_hand)).text
    assert "with:\n  pull-request:" in only(inventory.event(by_hand)).paste


@pytest.mark.parametrize(
    ("text", "events", "pushes"),
    [
        ("on: push\n", ("push",), ("*",)),
        ("on: [pull_request, 'push'] # both\n", ("pull_request", "push"), ("*",)),
        ("on:\n  - push\n  - schedule\n", ("push", "schedule"), ("*",)),
        ("on:\n  pull_request:\n  push:\n", ("pull_request", "push"), ("*",)),
        ('"on":\n  push:\n    branches: [main, "v*"]\n', ("push",), ("main", "v*")),
        ("on:\n  push:\n    branches:\n    - main # ours\n    paths: [x]\n", ("push",), ("main",)),
        ("on:\n  push:\n    paths:\n      - src/**\n", ("push",), ("*",)),
        ("on:\n  push:\n    tags: [v1]\n", ("push",), ()),
        ("on:\n  push:\n    branches-ignore: [main]\n", ("push",), ()),
        ("on:\n  push: {branches: [main]}\n", ("push",), ()),
        ("on:\n  pull_request:\n    branches: [main]\n", ("pull_request",), ()),
        ("on: {push: {}}\n", None, ()),
        ("jobs:\n  on:\n    push:\n", None, ()),
    ],
)
def test_what_starts_a_workflow(text: str, events: Any, pushes: Any) -> None:
    told = read_workflow(
        "ci.yml", f"name: x\n{text}jobs: {{}}\n" if "jobs" not in text else text, ""
    )
    assert (told.events, told.pushes) == (events, pushes)


def test_a_pull_request_that_was_named_gets_all() -> None:
    facts = replace(run(event="workflow_dispatch", pull=None, target_sha=None), asked=Asked())
    assert only(outlook.check_run(facts)).level == "warn"
    named = replace(facts, asked=Asked(pull_request=9))
    assert only(outlook.check_run(named)).level == "ok"
    assert only(outlook.comment(named)).level == "ok"
    assert len(list(inventory.permissions(named))) == 2


def test_publishing_needs_no_report_and_no_checkout() -> None:
    asks = Asked(publishes=True)
    facts = Facts(run=replace(PULL, event="workflow_run"), bearer="installation", asked=asks)
    findings = diagnose(facts)
    assert works(findings)
    assert {finding.topic for finding in findings} == {
        *("event", "token", "permissions", "check-run", "comment"),
    }
    assert any("actions: read" in finding.paste for finding in findings)
    wrong = diagnose(replace(facts, run=PULL))
    assert "workflow_run:" in next(f.paste for f in wrong if f.level == "fail")


def test_gates_need_what_they_judge() -> None:
    gated = asked(gates=("min-patch-coverage", "min-project-coverage"))
    assert only(outlook.gates(gated)).level == "ok"
    blind = replace(gated, history=replace(PAST, head=BASE, parents=()))
    assert only(outlook.gates(blind)).text == "can't be judged: min-patch-coverage"
    unread = replace(gated, reports=(Report("x", problem="no x"),))
    assert "min-project-coverage" in only(outlook.gates(unread)).text


def test_patch_coverage_on_a_desk_without_a_base() -> None:
    facts = replace(DESK, history=replace(DESK.history, base_here=False))
    assert only(outlook.patch_coverage(facts)).level == "warn"


def test_the_baseline() -> None:
    assert only(outlook.baseline(GOOD)).level == "ok"
    none = replace(GOOD, access=replace(SOME, baseline=False))
    finding = only(outlook.baseline(none))
    assert finding.level == "warn"
    assert finding.paste == snippets.baseline("main")
    dropped = replace(none, asked=replace(none.asked, gates=("max-drop",)))
    assert "max-drop" in only(outlook.baseline(dropped)).text
    assert only(outlook.baseline(run(keeps_baseline=True))).level == "ok"
    assert only(outlook.baseline(replace(run(keeps_baseline=True), bearer="none"))).level == "fail"
    assert list(outlook.baseline(replace(GOOD, access=None))) == []


PASTES = [
    *(text for name, text in vars(snippets).items() if name.isupper() and name[0] != "_"),
    snippets.workflow(Project()),
    snippets.baseline(None),
    snippets.baseline("release/1.x"),
    snippets.baseline("a'b\"c: #d"),
    snippets.source_root("on"),
    snippets.coverage_file("- x"),
]


@pytest.mark.parametrize("text", PASTES)
def test_what_is_to_be_pasted_is_yaml_and_says_where_it_belongs(text: str) -> None:
    assert text.startswith("# ")
    assert yaml.safe_load(text)


def test_what_belongs_to_one_place_is_pasted_together() -> None:
    parts = [
        snippets.JOURNAL,
        snippets.PULLS,
        snippets.OUTCOME,
        snippets.baseline("main"),
        snippets.JOURNAL,
    ]
    step, on = snippets.merged(parts)
    assert list(yaml.safe_load(step)["with"]) == ["journal", "tests-outcome"]
    assert yaml.safe_load(on)[True] == {"pull_request": None, "push": {"branches": ["main"]}}
    whole = snippets.workflow(Project())
    assert snippets.merged([whole]) == [whole]


@pytest.mark.parametrize("value", ["on", "1", "a: b", "x #y", "- x", "*a", "'", '"', "é", "a/b.c"])
def test_scalars_mean_their_text(value: str) -> None:
    assert yaml.safe_load(f"x: {snippets.scalar(value)}") == {"x": value}
    assert yaml.safe_load(f"x: [{snippets.scalar(value)}]") == {"x": [value]}


HEADER = "on: [pull_request]\n"
JOBS = """\
jobs:
  lint:
    permissions: {contents: read}
    steps: []

  # the tests
  "test":
    runs-on: x
%s    steps:
      - uses: qe-action/qe-action@v1
"""


@pytest.mark.parametrize(
    ("top", "own", "grants"),
    [
        ("", "", None),
        ("permissions: {}\n", "", {}),
        (
            "permissions: write-all\n",
            "",
            dict.fromkeys([*GRANTS, "issues", "actions"], "write"),
        ),
        ("permissions:\n  checks: write # ours\n\n  contents: read\n", "", {"checks": "write"}),
        ("permissions: {}\n", "    permissions:\n      checks: write\n", {"checks": "write"}),
        ("", "    permissions: { checks: write, contents: 'read' }\n", {"checks": "write"}),
        ("permissions: {}\n", "    permissions: ${{ fromJSON('x') }}\n", None),
        ("permissions: {}\n", "    permissions: *anchor\n", None),
        ("permissions: {}\n", "    permissions:\n      <<: *anchor\n", None),
    ],
)
@pytest.mark.parametrize("job", ["test", ""])
def test_grants_are_the_job_s_else_the_file_s(top: str, own: str, grants: Any, job: str) -> None:
    told = read_workflow("ci.yml", HEADER + top + JOBS % own, job).grants
    if grants is None:
        assert told is None
    else:
        assert told is not None
        assert {k: v for k, v in told.items() if k != "contents" or len(grants) > 1} == grants


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("token: ${{ github.token }}", True),
        ("# token: ${{ secrets.X }}", True),
        ("token: ${{ secrets.PAT }}", False),
        ('token: "${{steps.app.outputs.token}}"', False),
        ("- uses: actions/create-github-app-token@v2", False),
    ],
)
def test_another_token_than_the_job_s_is_noticed(text: str, own: bool) -> None:
    assert read_workflow("ci.yml", f"{HEADER}x:\n  {text}\n", "").own_token is own


def test_words_that_are_nowhere_in_the_file() -> None:
    bare = read_workflow("ci.yml", HEADER + "# cancelled() fetch-depth tests-outcome\n", "")
    assert (bare.after_failures, bare.names_depth, bare.names_outcome) == (False, False, False)
    full = "x: [cancelled(), fetch-depth, tests-outcome]\n"
    told = read_workflow("ci.yml", HEADER + full, "")
    assert told.after_failures
    assert told.names_depth
    assert told.names_outcome


BAD = replace(
    GOOD,
    run=replace(PULL, fork=True),
    history=replace(PAST, shallow=True, depth=1, base_here=False),
    asked=Asked(gates=("min-patch-coverage",)),
    reports=(Report("build/coverage.xml", problem="There is no coverage report there.\n::x"),),
    nearby=(Report("lcov.info", "lcov"),),
    paths=Paths(),
    workflow=None,
)


SUITE = replace(
    GOOD,
    asked=replace(
        GOOD.asked,
        suite=AskedSuite(
            command=("tox", "-e", "py", "--", "a b"),
            results=(("**/junit.xml", 0), ("old/*.xml", 2)),
            own_check=False,
            quiet=tuple(why_quiet(("tox",), {"tox.ini": "[testenv]\n"})),
        ),
    ),
    reports=(Report("coverage.xml", problem="There is no coverage report there."),),
    paths=None,
    protection=Protection(weaker=("no user of its own",)),
)


def golden(name: str, facts: Facts) -> None:
    text = "".join(f"{line.text}\n" for line in lines(diagnose(facts)))
    path = GOLDEN / name
    if os.environ.get("QE_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("doctor_good.txt", GOOD),
        ("doctor_bad.txt", BAD),
        ("doctor_desk.txt", DESK),
        ("doctor_suite.txt", SUITE),
    ],
)
def test_the_text(name: str, facts: Facts) -> None:
    golden(name, facts)


def test_the_short_form_s_title() -> None:
    assert title(GOOD, diagnose(GOOD)) == (
        "Set-up: pull_request #7, tree: merge, token: installation, 1 report. "
        "All that is asked for will work."
    )


def test_the_keys_for_programs_are_a_promise() -> None:
    data = wire(GOOD, diagnose(GOOD))
    assert list(data) == [
        *("version", "works", "summary", "event", "pull_request", "tree", "token", "shallow"),
        *("requests", "reports", "paths", "findings", "add"),
    ]
    assert list(data["findings"][0]) == ["level", "part", "topic", "text", "paste"]
    assert list(data["reports"][0]) == ["path", "format", "files", "statements", "problem"]


@pytest.mark.parametrize(
    ("command", "name", "text", "why"),
    [
        ("pytest -q", "pytest.ini", "[pytest]\naddopts = -q\n", ""),
        (
            "pytest",
            "pytest.ini",
            "[pytest]\naddopts = -q\n  --disable-plugin-autoload\n",
            "addopts",
        ),
        (
            "pytest",
            "pyproject.toml",
            '[tool.pytest.ini_options]\naddopts = [\n  "--disable-plugin-autoload",\n]\n',
            "addopts",
        ),
        ("pytest", "setup.cfg", "# --disable-plugin-autoload\n", ""),
        ("pytest --disable-plugin-autoload", "setup.cfg", "", "the command"),
        ("tox -e py", "tox.ini", "[testenv]\n", "pass_env"),
        ("tox", "tox.ini", "[testenv]\npassenv = QE_ACTION_SUITE, PYTHONPATH\n", ""),
        ("tox", "tox.toml", 'pass_env = ["PYTHONPATH", "QE_ACTION_SUITE"]\n', ""),
        ("python3 -I -m pytest", "setup.cfg", "", "no PYTHONPATH"),
        ("python -m pytest", "setup.cfg", "", ""),
        ("/usr/bin/jest --ci", "setup.cfg", "", "jest is not pytest"),
    ],
)
def test_why_tests_are_not_heard_while_they_run(
    command: str, name: str, text: str, why: str
) -> None:
    found = list(why_quiet(command.split(), {name: text}))
    assert [why in each for each in found] == [True] * bool(why)


@pytest.mark.parametrize(
    ("command", "text", "reports"),
    [
        ("pytest", "", False),
        ("pytest --cov=shop", "", True),
        ("coverage run -m pytest", "", True),
        ("pytest", "[pytest]\naddopts = -q --cov shop\n", True),
        ("pytest", "[coverage:run]\nbranch = true\n", False),
    ],
)
def test_whether_a_report_is_asked_for(command: str, text: str, reports: bool) -> None:
    assert reports_coverage(command.split(), {"setup.cfg": text}) is reports


@pytest.mark.parametrize(
    ("change", "level", "text"),
    [
        ({}, "ok", "this machine's loopback by TCP, no network"),
        ({"network": True}, "ok", "with the network"),
        ({"off": True}, "warn", "without a sandbox"),
        ({"off": True, "fork": True}, "fail", "a fork's code"),
        ({"problem": "no Landlock"}, "fail", "can't be run: no Landlock"),
        ({"here": True, "problem": "no Landlock"}, "ok", "is run as it would be alone"),
    ],
)
def test_what_the_tests_are_run_in(change: dict[str, Any], level: str, text: str) -> None:
    asked = AskedSuite(
        command=("pytest", "--cov"),
        here=change.get("here", False),
        network=change.get("network", False),
        reports=True,
        plugin=True,
    )
    facts = replace(
        GOOD,
        run=replace(PULL, fork=change.get("fork", False)),
        asked=replace(GOOD.asked, suite=asked),
        protection=Protection(off=change.get("off", False), problem=change.get("problem", "")),
    )
    [found] = [each for each in diagnose(facts) if each.topic == "tests"]
    assert (found.level, text in found.text) == (level, True)


def test_a_report_is_asked_for_in_the_words_of_pytest_alone() -> None:
    for command, pastes in ((("pytest", "-q"), 1), (("python", "-m", "pytest"), 1), (("tox",), 0)):
        asked = replace(GOOD.asked, suite=AskedSuite(command=command))
        found = diagnose(replace(GOOD, asked=asked, protection=Protection()))
        assert sum("--cov-report=xml" in each.paste for each in found) == pastes


def test_a_command_that_is_started_here_is_told_to_write_a_report_where_it_stands() -> None:
    asked = replace(GOOD.asked, suite=AskedSuite(command=("pytest", "-q"), here=True))
    pastes = [each.paste for each in diagnose(replace(GOOD, asked=asked))]
    told = "run: qe-action test -- pytest -q --cov --cov-branch --cov-report=xml"
    assert sum(told in paste for paste in pastes) == 1


def test_a_whole_workflow_has_the_command_that_was_asked_for() -> None:
    asked = replace(DESK.asked, suite=AskedSuite(command=("pytest", "-k", "a b"), reports=True))
    (paste,) = (each.paste for each in inventory.workflow(replace(DESK, asked=asked)))
    steps = yaml.safe_load(paste)["jobs"]["test"]["steps"]
    assert [step["uses"].partition("@")[0] for step in steps] == [
        "actions/checkout",
        "qe-action/qe-action",
    ]
    assert steps[1]["with"] == {"test-command": "pytest -k 'a b'"}


def test_results_that_are_read_tell_how_the_tests_ended() -> None:
    asked = replace(GOOD.asked, tests_outcome="", suite=AskedSuite(results=(("junit.xml", 1),)))
    facts = replace(GOOD, run=PULL, asked=asked, workflow=None)
    assert not list(inventory.outcome(facts))
