"""The checks of what will come of it: of all that the inputs ask for, what will work."""

from __future__ import annotations

from collections.abc import Iterator

from qe_action.diagnosis import snippets
from qe_action.diagnosis.facts import Facts, Finding, measured
from qe_action.diagnosis.rights import Verdict, may_read, may_write

Findings = Iterator[Finding]
_JOURNAL = f"{snippets.JOURNAL}\n{snippets.KEEP_JOURNAL}\n{snippets.SECOND_WORKFLOW}"


def check_run(facts: Facts) -> Findings:
    """Whether the check run can be made."""
    if not facts.run.in_workflow:
        return
    if not facts.has_commit:
        yield Finding("warn", "none: the event is about no commit of its own")
        return
    yield from _delivered(facts, may_write(facts, "checks"))


def annotated(facts: Facts) -> Findings:
    """Whether gaps can be shown on their lines."""
    if not facts.run.in_workflow or not facts.has_commit or not facts.asked.annotations:
        return
    if measured(facts.run, facts.history).kind == "unknown":
        yield Finding("fail", "none: where measured lines stand at the head is not known")
    elif may_write(facts, "checks").level == "info":
        later = ", all with the second workflow" if facts.asked.journal_file else ""
        yield Finding("ok", f"the ten worst, as this step's own{later}")
    elif may_write(facts, "checks").level == "fail":
        yield Finding("warn", "the ten worst, as this step's own, since there is no check run")
    else:
        yield Finding(may_write(facts, "checks").level, "with the check run")


def comment(facts: Facts) -> Findings:
    """Whether the pull request can get its comment."""
    if not (facts.run.in_workflow and facts.has_pull and facts.asked.comment):
        return
    if facts.run.closed:
        yield Finding(
            "info", "none is made on a closed pull request; one that is there is kept true"
        )
    else:
        yield from _delivered(facts, may_write(facts, "pull-requests"))


def review_comments(facts: Facts) -> Findings:
    """Whether the diff can get its review comments."""
    if not (facts.run.in_workflow and facts.has_pull and facts.asked.review_comments):
        return
    if facts.run.closed:
        yield Finding("info", "none: the pull request is closed")
    else:
        yield from _delivered(facts, may_write(facts, "pull-requests"))


def _delivered(facts: Facts, verdict: Verdict) -> Findings:
    """One thing that is written to GitHub; a fork's may come by a second workflow."""
    if verdict.level == "ok":
        yield Finding("ok", "will be made")
    elif verdict.level == "unknown":
        yield Finding("unknown", f"will be made if the token may: {verdict.why}")
    elif verdict.level == "info" and facts.asked.journal_file:
        yield Finding("ok", "left to the second workflow, which publishes the journal")
    elif verdict.level == "info":
        text = f"not made: {verdict.why}; a second workflow that publishes a journal could"
        yield Finding("info", text, _JOURNAL)
    else:
        yield Finding("fail", f"won't be made: {verdict.why}")


def generated_tests(facts: Facts) -> Findings:
    """Whether tests can be made for the gaps."""
    around = facts.protection
    if around is None or (facts.asked.suite.command and not facts.asked.generates):
        return
    if around.off and facts.run.fork:
        yield Finding("fail", "none: code of a fork is never run without a sandbox, which is off")
    elif around.problem:
        yield Finding("fail", f"none: {around.problem}")
    elif around.off:
        yield Finding("warn", "will be tried without a sandbox, which is off")
    elif around.weaker:
        weaker = "; ".join(around.weaker)
        yield Finding("warn", f"will be tried; the sandbox is weaker here: {weaker}")
    else:
        yield Finding("ok", "will be tried, in the sandbox")


def patch_coverage(facts: Facts) -> Findings:
    """Whether the changed lines can be told, which patch gates need too."""
    found = measured(facts.run, facts.history)
    if found.kind == "unknown":
        yield Finding("fail", f"unknown: {found.why}")
    elif facts.asked.suite.command:
        yield Finding("ok", "of the report that test-command writes")
    elif any(report.problem for report in facts.reports):
        yield Finding("fail", "unknown: a report that was asked for can't be read")
    elif facts.paths and facts.paths.total and not facts.paths.matched:
        yield Finding("fail", "unknown: no path of the report is one of the repository")
    elif facts.paths and facts.paths.misfit:
        yield Finding("fail", f"unknown: {facts.paths.misfit}")
    elif facts.history.base_here:
        yield Finding("ok", "from the history that is here, without a request")
    elif not facts.run.in_workflow:
        yield Finding("warn", "unknown: no main branch to compare with; --base names another")
    else:
        yield from _patch_by_request(may_read(facts, "contents"))


def _patch_by_request(verdict: Verdict) -> Findings:
    if verdict.level == "fail":
        yield Finding("fail", f"unknown: no history and no diff from GitHub: {verdict.why}")
    else:
        yield Finding(verdict.level, "with the diff that GitHub makes, two requests more")


def gates(facts: Facts) -> Findings:
    """Whether each gate that is asked for can be judged."""
    if not facts.asked.gates:
        return
    named = ", ".join(facts.asked.gates)
    unreadable = any(report.problem for report in facts.reports)
    unreadable = unreadable or bool(facts.paths and facts.paths.misfit)
    unknown = any(finding.level == "fail" for finding in patch_coverage(facts))
    blind = [gate for gate in facts.asked.gates if unreadable or (unknown and "patch" in gate)]
    if blind:
        yield Finding("fail", f"can't be judged: {', '.join(blind)}")
    else:
        yield Finding("ok", f"will be judged: {named}")


def baseline(facts: Facts) -> Findings:
    """Whether coverage can be compared with the base's."""
    run, access = facts.run, facts.access
    if run.keeps_baseline:
        if may_write(facts, "checks").level == "fail":
            yield Finding("fail", "none is kept, as there is no check run to keep it in")
        else:
            yield Finding("ok", "this run leaves one for the pull requests to come")
        return
    if not run.in_workflow or run.pull is None or access is None or access.baseline is None:
        return
    if access.baseline:
        yield Finding("ok", "the base has one: the change of the totals is shown")
        return
    branch = run.default_branch or "main"
    drops = "max-drop" in facts.asked.gates
    text = "the base itself has none" + (", so max-drop may not be judged" if drops else "")
    if facts.workflow is not None and facts.workflow.runs_on_push_to(branch):
        text += f"; the baseline comes with the next push to {branch}"
        yield Finding("warn" if drops else "info", text)
    else:
        text += "; one shortly before it may serve"
        yield Finding("warn", text, snippets.baseline(run.default_branch))
