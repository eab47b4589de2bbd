"""Runs to show on the page: events made by their models, and the documents that hold them."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from qe_action import journal
from qe_action.events import (
    AnalysisComplete,
    AnalyzerError,
    AnalyzerProgress,
    Anchor,
    BugSuspected,
    Counts,
    CriticalPath,
    Deltas,
    Event,
    Evidence,
    ExecutionComplete,
    ExecutorProgress,
    FileLinesTold,
    FileSummary,
    Gap,
    GapFound,
    GateResult,
    GenerationComplete,
    GeneratorProgress,
    SuspectedBug,
    TestCase,
    TestCounts,
    TestFinished,
    TestFlaky,
    TestProposed,
    TestRejected,
    TestsCollected,
    TestSlow,
    TimedTest,
)
from qe_action.events.base import Level
from qe_action.page import assets

ROOT = Path(__file__).resolve().parent.parent
LEVELS: tuple[Level, ...] = ("low", "medium", "high", "critical")
PREVIEW = (
    "<style>body{font:14px sans-serif;color:#1b2129;background:#fff}</style><h1>Patch 68.7%</h1>"
)


def wire(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Events as the socket has them."""
    return [json.loads(journal.encode(event)) for event in events]


def gap(number: int, path: str, line: int, **more: Any) -> GapFound:
    """One gap; its severity goes round."""
    facts = {"severity": LEVELS[number % 4], "gap_type": "uncovered", "statements": 2} | more
    return GapFound(
        gap=Gap(id=f"gap{number}", file_path=path, line_start=line, line_end=line + 1, **facts)
    )


def many_gaps(count: int, files: int = 500, first: int = 0) -> list[Event]:
    """`count` gaps in `files` files."""
    return [
        gap(
            number,
            f"src/part{number % files // 25}/module{number % files}.py",
            1 + number // files * 4,
            function=f"Class{number % 7}.method{number}",
            reasons=("nothing calls it in a test", "an error path"),
            suggested_tests=(f"Call method{number} with an empty list",),
            in_diff=number % 11 == 0,
        )
        for number in range(first, first + count)
    ]


def many_files(count: int) -> list[Event]:
    """`count` files in folders of fifty."""
    return [
        FileLinesTold(
            path=f"src/pack{number // 500}/part{number // 50}/module{number:04}.py",
            counts=Counts(statements=20, covered=number % 21),
            covered="1-10",
            missed="11-20",
        )
        for number in range(count)
    ]


def passed(number: int) -> TestFinished:
    """A test that passed."""
    return TestFinished(
        id=f"tests/test_part{number % 40}.py::test_case_{number}",
        outcome="passed",
        phase="call",
        seconds=0.002,
        file_path=f"tests/test_part{number % 40}.py",
        line=10,
    )


def complete(**more: Any) -> AnalysisComplete:
    """The end of an analysis."""
    facts: dict[str, Any] = {
        "overall_coverage": 72.48,
        "line_coverage": 75.0,
        "branch_coverage": 61.9,
        "function_coverage": 80.1,
        "patch_coverage": 68.75,
        "analysis_time_ms": 312,
    }
    return AnalysisComplete(**(facts | more))


SUITE = """def test_refund_is_refused_twice(shop):
    order = shop.order()
    order.refund()
>   assert order.refund() is False
E   AssertionError: assert None is False

tests/test_orders.py:31: AssertionError"""


CODE = """def test_rounds_down_NUMBER() -> None:
    \"\"\"Never looks better.\"\"\"
    assert percent(NUMBER.99) == "NUMBER.9%"  # not rounded up
"""


def suite_events() -> list[Event]:
    """A suite of which something went wrong in every way."""
    path = "tests/test_orders.py"
    at = Anchor(path=path, line_start=31, line_end=31)
    failed = TestFinished(
        id=f"{path}::test_refund_is_refused_twice",
        outcome="failed",
        phase="call",
        seconds=0.31,
        file_path=path,
        line=27,
        failed_at=at,
        anchor=at,
        message="AssertionError: assert None is False",
        traceback=SUITE,
        output="refund of order 7\n",
        history="new",
    )
    return [
        TestsCollected(total=420, files={path: 40}, total_files=12, workers=2),
        ExecutorProgress(
            percent=40.0, message="168 of 420 tests, 1 failed", finished=168, total=420
        ),
        *(passed(number) for number in range(120)),
        failed,
        TestFinished(
            id="tests/test_mail.py::test_sends",
            outcome="error",
            phase="setup",
            file_path="tests/test_mail.py",
            line=4,
            message="ConnectionRefusedError: [Errno 111]",
            traceback="E   ConnectionRefusedError",
        ),
        TestFinished(
            id="tests/test_mail.py::test_windows",
            outcome="skipped",
            reason="needs Windows",
            file_path="tests/test_mail.py",
            line=9,
        ),
        TestFinished(
            id="tests/test_web.py::test_time_out",
            outcome="failed",
            phase="call",
            seconds=2.1,
            message="TimeoutError: 2 s",
            file_path="tests/test_web.py",
        ),
        TestFlaky(
            id="tests/test_web.py::test_time_out",
            passed_in=2,
            message="TimeoutError: 2 s",
            file_path="tests/test_web.py",
        ),
        TestSlow(id=passed(3).id, seconds=4.25, base_seconds=1.1, file_path="tests/test_part3.py"),
        *(passed(number) for number in range(120, 416)),
        ExecutionComplete(
            passed=False,
            counts=TestCounts(passed=416, failed=2, error=1, skipped=1),
            total=420,
            failures=(failed.id,),
            new=(failed.id,),
            skipped={"needs Windows": 1},
            slowest=(TimedTest(id=passed(3).id, seconds=4.25),),
            rerun=f"pytest {failed.id}",
            seconds=31.4,
            live=True,
            notes=("1 test passed when it was run again: it is flaky.",),
        ),
    ]


def source_paths() -> list[str]:
    """Real modules, to show sources of."""
    folders = ("events", "render", "reports", "analysis", "sinks", "agents")
    found = [path for each in folders for path in sorted((ROOT / "qe_action" / each).glob("*.py"))]
    return [path.relative_to(ROOT).as_posix() for path in found if path.stat().st_size > 400]


def sources() -> dict[str, str]:
    """Their texts."""
    return {path: (ROOT / path).read_text("utf-8") for path in source_paths()}


def coverage_events() -> list[Event]:
    """An analysis of real modules with coverage that is made up."""
    events: list[Event] = [
        AnalyzerProgress(percent=20.0, message="12 of 60 files", files_analyzed=12)
    ]
    paths = source_paths()
    for number, path in enumerate(paths):
        events += _file(number, path)
    events += [
        CriticalPath(
            path=f"{path}::function{number}",
            impact=LEVELS[3 - number % 3],
            reasons=("an error path that no test takes", "12 branches"),
            callers=31 - number,
            at_least=number == 1,
            weight=20.0 - number,
        )
        for number, path in enumerate(paths[:9])
    ]
    events += [
        AnalyzerError(
            message="One file could not be read.", hint="It is not UTF-8.", recoverable=True
        )
    ]
    files = tuple(
        FileSummary(path=path, counts=_counts(number), gaps=2, delta=-1.2 if number == 3 else None)
        for number, path in enumerate(paths[:20])
    )
    gates = (
        GateResult(name="minimum-coverage", threshold=70, passed=True, detail="72.4% of 70%"),
        GateResult(
            name="patch-coverage",
            threshold=80,
            passed=False,
            detail="68.7% of 80%: 9 more statements",
            missing=9,
        ),
        GateResult(name="max-drop", threshold=1, passed=None, detail="no baseline"),
    )
    return [
        *events,
        complete(
            files=files,
            total_files=len(paths),
            gates=gates,
            deltas=Deltas(overall=-0.4, line=0.2, branch=None),
            notes=("Two files have no branches in the report.",),
        ),
    ]


def _counts(number: int) -> Counts:
    return Counts(
        statements=80, covered=79 - number * 7 % 60, branches=20, covered_branches=19 - number % 19
    )


def _file(number: int, path: str) -> list[Event]:
    whole = number % 5 == 4
    told = FileLinesTold(
        path=path,
        counts=Counts(statements=80, covered=80) if whole else _counts(number),
        in_diff=number % 6 == 0,
        covered="1-11 16-30 36-80" if not whole else "1-80",
        partial="" if whole else "12-12 31",
        missed="" if whole else "13-15 32-35",
        tests={f"tests/test_part{each}.py::test_case_{each}": "1-14 20-30" for each in range(9)},
        more_tests=3,
    )
    if whole:
        return [told]
    branch = {
        "gap_type": "partial",
        "statements": 0,
        "missing_branches": ("13",),
        "branch_words": ("the condition on line 12 was never true",),
        "covered_by": ("tests/test_part1.py::test_case_1",),
    }
    near = {
        "function": f"function{number}",
        "in_diff": number % 6 == 0,
        "reasons": ("an error path", "reached from 12 functions"),
        "suggested_tests": ("Call it with an empty report",),
        "critical_path": f"{path}::function{number}" if number < 9 else None,
    }
    return [
        told,
        gap(number * 2, path, 12, **(near | branch)),
        gap(number * 2 + 1, path, 32, **near),
    ]


def generation_events() -> list[Event]:
    """Tests that were proposed and refused, and a suspected bug."""
    cases = [
        TestCase(
            id=f"case{number}",
            test_name=f"test_rounds_down_{number}",
            test_code=CODE.replace("NUMBER", str(number)),
            framework="pytest",
            test_type="unit",
            imports=("from shop.figures import percent",),
            path="tests/test_figures.py",
            target="qe_action/events/base.py::percent",
            generator="search",
            evidence=Evidence(
                lines=(12, 13, 14, 20),
                branches=("12->15",),
                mutants=7,
                killed=6,
                runs=5,
                pythons=("3.13",),
                suite="with the 420 tests of the project",
            ),
        )
        for number in range(8)
    ]
    return [
        GeneratorProgress(
            percent=50.0, message="5 tests verified", count=5, total=8, activity="verifying"
        ),
        *(
            TestProposed(test_case=case, target=case.target, verdict="Passed every gate.")
            for case in cases[:6]
        ),
        TestRejected(test_case=cases[6], reason="kills nothing", detail="0 of 5 mutants"),
        TestRejected(test_case=cases[7], reason="flaky"),
        BugSuspected(
            bug=SuspectedBug(
                file_path="qe_action/events/base.py",
                function="percent",
                line=40,
                example=">>> percent(99.99)",
                expected="'99.9%'",
                got="'100%'",
            )
        ),
        GenerationComplete(
            total=6,
            coverage_before=72.4,
            coverage_estimate=78.1,
            framework="pytest",
            test_type="unit",
        ),
    ]


def whole_run() -> list[Event]:
    """All that the page can show."""
    return [*suite_events(), *coverage_events(), *generation_events()]


def document(
    events: Iterable[Event] | bytes, texts: Mapping[str, str] | None = None, preview: str = ""
) -> str:
    """One file, as `analyze --output html` writes it; `events` may be a journal as it stands."""
    given = (
        events
        if isinstance(events, bytes)
        else journal.header() + b"".join(map(journal.encode, events))
    )
    packed = {
        "version": 1,
        "title": "shop",
        "journal": _packed(given),
        "sources": _packed(json.dumps(dict(texts or {})).encode()),
        "preview": _packed(preview.encode()) if preview else "",
    }
    style = assets.style()
    scripts = list(assets.scripts().values())
    hashes = " ".join(map(_hash, scripts))
    styles = " ".join(
        map(
            _hash,
            [style, *filter(None, [preview.partition("<style>")[2].partition("</style>")[0]])],
        )
    )
    policy = f"default-src 'none'; script-src {hashes}; style-src {styles}; img-src data:"
    text = assets.index()
    text = text.replace(
        '<meta charset="utf-8">',
        f'<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{policy}">',
    )
    text = text.replace('<link rel="stylesheet" href="style.css">', f"<style>{style}</style>")
    data = json.dumps(packed).replace("<", "\\u003c")
    first, *_ = assets.SCRIPTS
    text = text.replace(
        f'<script src="{first}">',
        f'<script type="application/json" id="qe-data">{data}</script>\n<script src="{first}">',
    )
    for name, script in assets.scripts().items():
        text = text.replace(f'<script src="{name}"></script>', f"<script>{script}</script>")
    return text


def _packed(data: bytes) -> str:
    return base64.b64encode(gzip.compress(data)).decode()


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
