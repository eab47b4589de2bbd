"""The checks of what is there: event, tree, token, permissions, history, reports, workflow."""

from __future__ import annotations

from collections.abc import Iterator

from qe_action.analysis.path_report import printable
from qe_action.diagnosis import snippets
from qe_action.diagnosis.facts import Facts, Finding, Paths, Report, measured
from qe_action.diagnosis.rights import Verdict, may_read, may_write
from qe_action.text import plural

Findings = Iterator[Finding]
_ABOUT = {
    "merge_group": "a merge queue's group: a check run on its commit, and no comment",
    "push": "a pushed branch: a check run on its commit, and no comment",
    "workflow_run": "a workflow that has finished: results go to the commit that it ran for",
}
_TOKENS = {
    "installation": "an installation's, as the job's own token is",
    "classic": "a classic personal token",
    "fine-grained": "a fine-grained personal token",
    "user": "a user's, given by an App",
    "other": "of no kind that its beginning tells",
}


def event(facts: Facts) -> Findings:
    """What the run is about."""
    run = facts.run
    if run.problem:
        yield Finding("fail", run.problem)
    elif not run.in_workflow:
        yield Finding("ok", "none: this is no run of a workflow, so nothing is sent to GitHub")
    elif facts.asked.publishes and run.event != "workflow_run":
        text = f"{run.event}: mode: publish takes what a finished workflow left"
        yield Finding("fail", text, snippets.FINISHED)
    elif run.event == "pull_request_target":
        yield Finding(
            "warn",
            f"pull_request_target, #{run.pull}: the token may write, so never check out or run "
            "the pull request's code here; pull_request is the event to test it with",
            snippets.PULLS,
        )
    elif run.commanded:
        text = f"{run.event}: /qe tests on #{run.pull}; whether its author may write is asked first"
        yield Finding("ok", text)
    elif run.event == "issue_comment" and facts.asked.generates:
        yield Finding("warn", f"{run.event}: not /qe tests on a pull request, so nothing is run")
    elif run.pull is not None:
        whence = "a fork" if run.fork else "this repository"
        state = ", which is closed" if run.closed else ""
        yield Finding("ok", f"{run.event}: #{run.pull} from {whence}{state}")
    elif run.event in _ABOUT and run.target_sha:
        yield Finding("ok", f"{run.event}: {_ABOUT[run.event]}")
    elif facts.asked.pull_request:
        yield Finding("ok", f"{run.event}: reports to #{facts.asked.pull_request}, as asked for")
    else:
        yield _about_nothing(facts)


def _about_nothing(facts: Facts) -> Finding:
    """An event that names nothing to write to; somebody who starts it by hand may."""
    name = facts.run.event or "no event"
    why = "about no pull request and no pushed branch, so log and job summary get the result"
    if name == "workflow_dispatch":
        return Finding("warn", f"{name}: {why}; pull-request names one", snippets.NAMED_PULL)
    file = facts.workflow
    known = file is not None and "pull_request" in (file.events or ())
    return Finding("warn", f"{name}: {why}", "" if known else snippets.PULLS)


def tree(facts: Facts) -> Findings:
    """Which tree the report is taken to describe."""
    found = measured(facts.run, facts.history)
    text = f"{found.kind}: {found.why}"
    if found.kind != "unknown":
        yield Finding("ok", text)
    elif facts.run.event in ("workflow_run", "pull_request_target"):
        why = "don't check out a pull request's code where the token may write"
        publish = snippets.PUBLISH if facts.run.event == "workflow_run" else ""
        yield Finding("fail", f"{text}; {why}", publish)
    elif facts.run.in_workflow:
        yield Finding("fail", f"{text}; check out what was measured with actions/checkout")
    else:
        yield Finding("fail", text)


def token(facts: Facts) -> Findings:
    """Whose token there is. Never any of its characters."""
    access = facts.access
    if facts.bearer == "none":
        if facts.run.in_workflow:
            yield Finding(
                "fail", "none was given", f"{snippets.BEARER}\n{snippets.BEARER_VARIABLE}"
            )
        else:
            yield Finding("ok", "none, and none is needed here")
    elif access is not None and access.bad_token:
        yield Finding("fail", access.refusal, snippets.BEARER)
    elif access is not None and "unanswered" in (access.checks, access.comments):
        yield Finding("unknown", f"{_TOKENS[facts.bearer]}; {access.refusal}")
    else:
        left = access.remaining if access else None
        more = "" if left is None else f"; {plural(left, 'request')} left this hour"
        low = left is not None and left < 50
        yield Finding("warn" if low else "ok", f"{_TOKENS[facts.bearer]}{more}")


def permissions(facts: Facts) -> Findings:
    """What the token may, each with its evidence."""
    if not facts.run.in_workflow or facts.bearer == "none" or not facts.has_commit:
        return
    needs = _needs(facts)
    if facts.asked.opens and facts.has_pull:
        yield _right("contents: write", may_write(facts, "contents"), needs)
    elif (
        not facts.history.base_here and not facts.asked.publishes
    ):  # else the diff is here, and nothing is read
        yield _right("contents: read", may_read(facts, "contents"), needs)
    yield _right("checks: write", may_write(facts, "checks"), needs)
    if facts.has_pull:
        yield _right("pull-requests: write", may_write(facts, "pull-requests"), needs)
    if facts.asked.dispatches and facts.has_pull:
        yield _right("actions: write", may_write(facts, "actions"), needs)
    if facts.asked.publishes:
        why = "the journal's artifact is read with it, and the doctor does not look for one"
        yield Finding("unknown", f"actions: read is unknown: {why}", snippets.PUBLISHING)


def _needs(facts: Facts) -> str:
    if facts.asked.publishes:
        return snippets.PUBLISHING
    if not (facts.asked.opens and facts.has_pull):
        return snippets.PERMISSIONS
    return snippets.DISPATCHING if facts.asked.dispatches else snippets.OPENING


def _right(name: str, verdict: Verdict, needs: str) -> Finding:
    adds = verdict.mendable and verdict.level in ("fail", "unknown")
    said = {
        "ok": "granted",
        "info": "not given",
        "fail": "lacking",
        "unknown": "unknown",
        "warn": "unsure",
    }
    text = f"{name} is {said[verdict.level]}: {verdict.why}"
    return Finding(verdict.level, text, needs if adds else "")


def history(facts: Facts) -> Findings:
    """How much of the past is here, and whether it is enough."""
    past, run = facts.history, facts.run
    if past.problem or not past.git or past.head is None:
        yield Finding("fail", past.problem or "there is none: nothing is compared")
        return
    commits = f", {plural(past.depth, 'commit')} deep" if past.depth else ""
    amount = f"shallow{commits}" if past.shallow else "whole"
    if past.base_here:
        yield Finding("ok", f"{amount}, with what the change is compared with")
        return
    text = f"{amount}, without the commit that the change is compared with"
    deeper = snippets.DEPTH if measured(run, past).kind == "merge" else snippets.WHOLE_HISTORY
    yield Finding("warn", text, deeper if run.in_workflow and past.shallow else "")


def reports(facts: Facts) -> Findings:
    """Every report, or what lies nearby where there is none."""
    for report in facts.reports:
        if report.problem and facts.asked.suite.command:
            yield Finding("info", f"{report.path}: test-command is to write it")
            continue
        if report.problem:
            yield Finding("fail", report.problem, _instead(facts))
            if facts.nearby:
                seen = ", ".join(f"{near.path} ({near.format})" for near in facts.nearby)
                yield Finding("warn", f"found nearby: {seen}")
            continue
        yield Finding("ok", f"{report.path}: {report.format}{_amount(report)}")
        if report.newer:
            files = plural(report.newer, "measured file")
            yield Finding(
                "warn",
                f"{report.path} is older than {files}, such as {report.newer_example}: "
                "its lines may have moved",
            )


def _amount(report: Report) -> str:
    if report.files is None or report.statements is None:
        return ""
    least = "at least " if report.at_least else ""
    return f", {least}{plural(report.files, 'file')}, {plural(report.statements, 'statement')}"


def _instead(facts: Facts) -> str:
    return snippets.coverage_file(facts.nearby[0].path) if facts.nearby else ""


def paths(facts: Facts) -> Findings:
    """How the report's paths fit the repository."""
    found = facts.paths
    if found is None or not found.total + found.left_out:
        return
    if found.left_out and not found.total:
        yield Finding("fail", f"include and exclude leave out all {found.left_out} report paths")
    elif found.absent:
        yield _absent(found)
    elif not found.advice:
        yield Finding("ok", f"{found.matched} of {found.total} report paths match the repository")
    for text in found.used:
        yield Finding("ok", text)
    if found.misfit and not found.source_root:
        yield Finding("fail", found.misfit)
    for number, text in enumerate(found.advice):
        adds = snippets.source_root(found.source_root) if found.source_root and not number else ""
        yield Finding("warn" if found.matched else "fail", text, adds)


def _absent(found: Paths) -> Finding:
    """Files that the report names and that are not here: nothing tells that the paths are right."""
    there = found.matched - found.absent
    example = printable(found.absent_example)
    text = f"{there} of {plural(found.total, 'report path')} lead to a file that is here"
    remedy = "run the doctor in the checkout that was measured"
    return Finding("warn" if there else "fail", f"{text}, {example} does not: {remedy}")


def workflow(facts: Facts) -> Findings:
    """What the workflow's file lacks; where it can't be read, what it should have."""
    file = facts.workflow
    if file is None:
        if not facts.run.in_workflow:
            yield Finding(
                "warn",
                "none here runs qe-action; this one would do",
                snippets.workflow(facts.project, facts.asked.suite.command),
            )
        return
    yield Finding("ok", f"{file.path} was read")
    if not file.after_failures and not facts.asked.suite.command:
        text = f"{file.path} never says cancelled(): the step is left out when tests fail"
        yield Finding("warn", text, snippets.AFTER_FAILURES)
    if not file.names_depth and not facts.run.in_workflow:
        text = f"{file.path} sets no fetch-depth: each run asks GitHub for the diff"
        yield Finding("warn", text, snippets.DEPTH)


def outcome(facts: Facts) -> Findings:
    """Whether a red suite's report would be told from a whole one."""
    file = facts.workflow
    known = facts.asked.tests_outcome or facts.asked.suite.command or facts.asked.suite.results
    missing = not known and not (file is not None and file.names_outcome)
    if missing and (facts.run.in_workflow or file is not None):
        text = "not given: the partial report of a red suite would look like lost coverage"
        yield Finding("warn", text, snippets.OUTCOME)
