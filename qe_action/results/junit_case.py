"""What a `testcase` element means, in each of the dialects that runners write."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import replace
from xml.etree.ElementTree import Element

from junitparser import xunit2
from junitparser.junitparser import Error, Failure, Result, Skipped, SystemErr, SystemOut

from qe_action.events import Outcome, Phase
from qe_action.results.case import MAX_LINE, MAX_SECONDS, Case

_PHASES: tuple[tuple[str, Phase], ...] = (
    ("collection failure", "collect"),
    ("failed on setup", "setup"),
    ("failed on teardown", "teardown"),
)
"""How pytest's messages begin where something around a test has failed."""
_NOT_RUN = frozenset({"notrun", "skipped", "disabled", "suppressed", "ignored"})
_PLACED = re.compile(r"^.*?:\d+: ", re.DOTALL)  # pytest's `file.py:3: ` before a reason


def case(element: Element, suite: tuple[str, ...], *, file: str, pytest: bool) -> Case:
    """A test in `suite`, whose own file is `file`."""
    test = xunit2.TestCase.fromelem(element)  # type: ignore[no-untyped-call]
    parts = list(test)
    found = Case(
        name=test.name or "",
        classname=test.classname or element.get("class") or "",
        suite=suite,
        seconds=seconds(element.get("time") or element.get("duration")),
        file=element.get("file") or element.get("filepath") or "",
        suite_file=file,
        line=line(element.get("line") or element.get("lineno"), first=0 if pytest else 1),
        output=_output(parts),
        dialect="pytest" if pytest else "",
    )
    for kind, outcome in ((Error, "error"), (Failure, "failed")):
        results = [part for part in parts if isinstance(part, kind)]
        if results:
            return _failed(found, "error" if outcome == "error" else "failed", results)
    for part in parts:
        if isinstance(part, Skipped):
            return _skipped(found, part)
    if test.is_flaky:
        before = [part for part in parts if isinstance(part, xunit2.InterimResult)]
        return replace(_failed(found, "failed", before), flaky=True)
    if _NOT_RUN & {element.get("status", "").lower(), element.get("result", "").lower()}:
        return replace(found, outcome="skipped")
    return found


def before_teardown(test: Case) -> Case:
    """The test itself, which passed before its teardown failed: pytest counts both."""
    return replace(
        test, outcome="passed", phase="call", message="", traceback="", output="", seconds=None
    )


def around(element: Element, suite: tuple[str, ...], *, file: str) -> Case:
    """An error or a failure of a whole suite."""
    kind = Error if element.tag == "error" else Failure
    test = Case(name="", suite=suite, suite_file=file)
    result = kind.fromelem(element)  # type: ignore[no-untyped-call]
    return _failed(test, "error", [result])


def _failed(test: Case, outcome: Outcome, results: Iterable[Result]) -> Case:
    results = list(results)
    texts = [_text(result) for result in results]
    first = results[0]
    message = first.message or next(iter(texts[0].splitlines()), "") or first.type or ""
    phase: Phase = "call" if test.dialect else ""
    for start, where in _PHASES:
        if test.dialect and message.startswith(start):
            phase = where
    return replace(
        test,
        outcome=outcome,
        phase=phase,
        message=message,
        traceback="\n".join(filter(None, texts)),
    )


def _skipped(test: Case, part: Skipped) -> Case:
    reason = part.message or _PLACED.sub("", part.text or "").strip() or part.type or ""
    expected = part.type == "pytest.xfail"
    return replace(test, outcome="xfailed" if expected else "skipped", reason=reason)


def _text(result: Result) -> str:
    """What a result says; Surefire writes it in an element of its own."""
    own = result.text or ""
    trace = result.stack_trace if isinstance(result, xunit2.InterimResult) else None
    return (trace or own).strip("\n")


def _output(parts: Iterable[object]) -> str:
    said = [part.text or "" for part in parts if isinstance(part, SystemOut | SystemErr)]
    return "\n".join(filter(None, (text.strip("\n") for text in said)))


def seconds(text: str | None) -> float | None:
    """A duration; Surefire parts thousands by commas, other locales decimals."""
    if text is None:
        return None
    text = text.strip().removesuffix("s")
    if "," in text:
        text = text.replace(",", "" if "." in text or text.count(",") > 1 else ".")
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and 0 <= value <= MAX_SECONDS else None


def line(text: str | None, *, first: int = 1) -> int | None:
    """A line's number; pytest calls the `first` one 0."""
    if text is None or not (text.isascii() and text.isdigit()) or len(text) > 8:
        return None
    number = int(text) + 1 - first
    return number if 1 <= number <= MAX_LINE else None
