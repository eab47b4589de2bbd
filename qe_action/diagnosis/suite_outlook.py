"""The check of the project's own tests: what runs them, in what, and what is heard and written."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from qe_action.diagnosis import snippets
from qe_action.diagnosis.facts import Facts, Finding
from qe_action.text import plural

Findings = Iterator[Finding]


def suite(facts: Facts) -> Findings:
    """All that is to be said of the tests that are run here, or whose results are read."""
    asked = facts.asked.suite
    if asked.command:
        yield from _run(facts)
        yield from _heard(facts)
        yield from _reported(facts)
    for name, count in asked.results:
        if count:
            yield Finding("ok", f"test-results: {name} matches {plural(count, 'file')}")
        elif asked.command:
            yield Finding("info", f"test-results: {name} matches nothing yet; the tests write it")
        else:
            yield Finding("warn", f"test-results: {name} matches no file, so no test is shown")
    if (asked.command or asked.results) and not asked.own_check:
        yield Finding("info", "tests and coverage share a check run: checks is one")


def _run(facts: Facts) -> Findings:
    """Whether the command may be run, and what around it."""
    asked, protection = facts.asked.suite, facts.protection
    words = shlex.join(asked.command)
    if asked.here:
        yield Finding("ok", f"{words} is run as it would be alone, with nothing around it")
        return
    if protection is None:
        return
    if protection.problem:
        yield Finding("fail", f"{words} can't be run: {protection.problem}")
    elif protection.off and facts.run.fork:
        yield Finding("fail", f"{words} is not run: the sandbox is off, and this is a fork's code")
    elif protection.off:
        yield Finding("warn", f"{words} is run without a sandbox, as sandbox: off asks for")
    else:
        reach = "the network" if asked.network else "this machine's loopback by TCP, no network"
        text = f"{words} is run in the project's own environment and in the sandbox, with {reach}"
        weaker = f"; weaker here: {'; '.join(protection.weaker)}" if protection.weaker else ""
        yield Finding("ok", text + weaker)


def _heard(facts: Facts) -> Findings:
    for why in facts.asked.suite.quiet:
        text = f"failures are not shown while the tests run, but at their end at best: {why}"
        yield Finding("warn", text, snippets.RESULTS)


def _reported(facts: Facts) -> Findings:
    """Whether there will be a report, and what brings it."""
    asked = facts.asked.suite
    if not asked.reports:
        names = ", ".join(facts.asked.coverage_file)
        text = f"nothing asks for coverage, so no {names} is written and there is no analysis"
        adds = snippets.with_coverage(asked.command, here=asked.here) if asked.is_pytest else ""
        yield Finding("warn", text, adds)
    elif asked.here or asked.plugin:
        return
    elif any(word.startswith("--cov") for word in asked.command):
        text = "no file of the project names pytest-cov, which --cov needs: add it to what its "
        yield Finding("warn", f"{text}tests need, or install it with setup-command")
