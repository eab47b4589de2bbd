"""What is shown, held against the files in tests/golden.

`make golden` writes them anew (QE_GOLDEN=write); read the difference before committing it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qe_action.analysis.risk import IN_CHANGED_LINES
from qe_action.events import (
    AnalysisComplete,
    AnalyzerError,
    AnalyzerProgress,
    Anchor,
    Baseline,
    BugSuspected,
    Counts,
    CriticalPath,
    Deltas,
    Event,
    Evidence,
    FileSummary,
    Gap,
    GapFound,
    GateResult,
    GenerationComplete,
    GeneratorError,
    GeneratorProgress,
    IndirectChange,
    Measured,
    ModelUse,
    SuspectedBug,
    TestCase,
    without_tests,
)
from qe_action.proposal.branch_mark import CommitMark, PullMark, branch_name
from qe_action.render.annotations import annotation
from qe_action.render.html import preview
from qe_action.render.links import Links
from qe_action.render.markdown import COMMENT_LIMIT, Heading, comment
from qe_action.render.proposed import proposed as proposed_lines
from qe_action.render.pull_text import LIMIT, PullText, body, commit_message, title
from qe_action.render.state import Proposal, RunState
from qe_action.render.verdict import conclude
from qe_action.text import size

GOLDEN = Path(__file__).parent.parent / "golden"
LINKS = Links("https://github.com", "octo/demo", "f" * 40, "https://github.com/octo/demo/runs/1")
HEADING = Heading("qe-action coverage", "<!-- marker -->")
RAISES = "it raises an error"

WORDS = "the condition on line {} was never true, so it never went on to {}"
PATH = CriticalPath(
    path="src/app.py::Shop.buy",
    impact="high",
    reasons=("reached from at least 14 functions, 3 of them entry points", "40% covered"),
    callers=14,
    at_least=True,
)


def gap(
    number: int, path: str = "src/app.py", *, in_diff: bool = True, partial: bool = False
) -> Gap:
    """A gap of three lines, or of one line with a branch; at the head it stands two lines up."""
    end = number if partial else number + 2
    ways = ("17", "exit") if partial else ()
    where = "added or edited" if in_diff else "elsewhere"
    return Gap(
        id=f"{path}{number}",
        file_path=path,
        line_start=number,
        line_end=end,
        gap_type="partial" if partial else "uncovered",
        severity="medium" if in_diff else "low",
        function="Shop.buy",
        in_diff=in_diff,
        anchor=Anchor(
            path=path,
            line_start=number - 2,
            line_end=end - 2,
            missing_branches=("15", "exit") if partial else (),
            branch_words=tuple(WORDS.format(number - 2, way) for way in ("line 15", "`left`"))
            if partial
            else (),
        ),
        statements=0 if partial else 3,
        missing_branches=ways,
        branch_words=tuple(WORDS.format(number, way) for way in ("line 17", "`left`"))
        if partial
        else (),
        critical_path="src/app.py::Shop.buy" if in_diff else None,
        covered_by=("t::a", "t::b", "t::c", "t::d") if partial else (),
        suggested_tests=("Call `Shop.buy(item)` with `not item`: it should raise `Empty`.",)
        if in_diff
        else (),
        reasons=(where, RAISES),
    )


GAPS = (gap(12), gap(16, partial=True), gap(5, "lib/other.py", in_diff=False))
FILES = (
    FileSummary(
        path="src/app.py",
        counts=Counts(statements=40, covered=30, branches=8, covered_branches=6),
        patch=Counts(statements=10, covered=7, branches=4, covered_branches=2),
        gaps=2,
    ),
    FileSummary(
        path="src/fine|`.py",
        counts=Counts(statements=10, covered=10),
        patch=Counts(statements=2, covered=2),
    ),
    FileSummary(path="lib/other.py", counts=Counts(statements=9, covered=6), gaps=1),
)
PROGRESS = AnalyzerProgress(percent=45, message="Read 12 files", files_analyzed=12)
RESULT = AnalysisComplete(
    overall_coverage=77.61,
    line_coverage=77.96,
    branch_coverage=75.0,
    function_coverage=None,
    patch_coverage=68.75,
    totals=Counts(statements=59, covered=46, branches=8, covered_branches=6),
    patch=Counts(statements=12, covered=9, branches=4, covered_branches=2),
    gaps=GAPS,
    total_gaps=3,
    gaps_in_diff=2,
    files=FILES,
    total_files=3,
    measured=Measured(tree="merge", sha="a" * 40, base_sha="b" * 40),
    notes=("1 changed file is not in the report: src/new.py.",),
    analysis_time_ms=1234,
)
GATE = GateResult(
    name="patch coverage",
    threshold=80,
    passed=False,
    detail="68.7% of the changed statements and branches, 80% asked for: 2 more of the 16",
)
COMPARED = RESULT.model_copy(
    update={
        "baseline": Baseline(
            sha="c" * 40,
            commits_before=0,
            detail="files",
            totals=Counts(statements=60, covered=48, branches=8, covered_branches=6),
        ),
        "deltas": Deltas(overall=-1.8, line=-2.04, branch=0.0),
        "files": (FILES[0].model_copy(update={"delta": 0.004}), *FILES[1:]),
        "indirect": (
            IndirectChange(
                path="lib/o|ther.py",
                before=Counts(statements=10, covered=8),
                now=Counts(statements=9, covered=6),
                lost=2,
            ),
            IndirectChange(
                path="lib/gone.py", before=Counts(statements=4, covered=1), now=None, lost=1
            ),
        ),
        "indirect_total": 52,
        "indirect_lost": 60,
        "gates": (
            GATE,
            GateResult(
                name="project coverage of lib/**_x.py",
                threshold=90,
                passed=True,
                detail="92% of the statements, 90% asked for",
            ),
        ),
    }
)
FAILED = AnalysisComplete(
    conclusion="failed",
    overall_coverage=None,
    line_coverage=None,
    branch_coverage=None,
    function_coverage=None,
    patch_coverage=None,
    notes=("There is no coverage report at coverage.xml.",),
    analysis_time_ms=4,
)
ERROR = AnalyzerError(
    message="There is no coverage report at coverage.xml.", hint="Write it first."
)
BUG = SuspectedBug(
    file_path="src/app.py",
    function="Shop.discount",
    line=31,
    example="Shop().discount(`10`)",
    expected="9|0",
    got="[90]",
)


def proposed(name: str, code: str, path: str = "tests/test_app.py", **evidence: object) -> TestCase:
    """A test for the function of the first gap, that reaches what `evidence` says."""
    seen = {"mutants": 5, "killed": 4, "runs": 5, "pythons": ("3.11.9", "3.13.1"), **evidence}
    return TestCase(
        id=name,
        test_name=name,
        test_code=code,
        framework="pytest",
        test_type="unit",
        imports=("import pytest", "from app import Shop", "from app import Empty"),
        path=path,
        target="src/app.py::Shop.buy",
        evidence=Evidence.model_validate({"suite": "the whole suite in random order", **seen}),
    )


MADE = GenerationComplete(
    tests=(
        proposed(
            "test_buy_refuses_nothing",
            "def test_buy_refuses_nothing():\n    with pytest.raises(Empty):\n"
            "        Shop().buy(None)\n",
            lines=(12, 13, 14),
            branches=("16->17", "16->-9"),
        ),
        proposed(
            "test_buy_fences",
            'def test_buy_fences():\n    """\n    ```\n    </details> @octocat\n    """\n'
            '    assert Shop().buy("x") == "```"\n',
            lines=(12, 900),
            branches=("900->901",),
            mutants=0,
            killed=0,
        ),
        proposed("test_of_another_file", "def test_of_another_file(): ...", "tests/test_two.py"),
    ),
    total=3,
    coverage_before=61.24,
    coverage_estimate=88.45,
    notes=("src/gone.py is no tracked Python file.", "It was set up with uv sync."),
    suspicions=(BUG,),
    rejected={"adds nothing": 9, "flaky": 2, "no assertion": 1},
    by_generator={"llm": 1, "offline": 2},
    model=ModelUse(
        model="tiny`-1 @octocat", requests=5, replayed=1, input_tokens=12_345, output_tokens=2_345
    ),
    framework="pytest",
    test_type="unit",
)
ANALYSED: list[Event] = [*(GapFound(gap=g) for g in GAPS), RESULT]
TESTING = GeneratorProgress(percent=40, message="2 tests hold alone, 7 refused", count=2, total=10)
LOST = GeneratorError(message="src/gone.py is no tracked Python file.", recoverable=True)
NO_SANDBOX = GeneratorError(
    message="The sandbox needs Landlock, which this machine lacks.", hint="Linux 5.13 has it."
)

RUNS: dict[str, list[Event]] = {
    "running": [PROGRESS, *(GapFound(gap=g) for g in GAPS)],
    "success": [*(GapFound(gap=g) for g in GAPS), PATH, RESULT],
    "failure": [RESULT.model_copy(update={"gates": (GATE,)})],
    "baseline": [COMPARED],
    "no_result": [ERROR, FAILED],
    "nothing": [
        RESULT.model_copy(
            update={"totals": Counts(statements=0, covered=0), "patch": None, "files": ()}
        )
    ],
    "testing": [*ANALYSED, TESTING, BugSuspected(bug=BUG)],
    "tests": [*ANALYSED, TESTING, BugSuspected(bug=BUG), LOST, MADE],
    "tests_none": [*ANALYSED, without_tests("finished", ("No Python file has a gap.",))],
    "tests_failed": [*ANALYSED, NO_SANDBOX, without_tests("failed", (NO_SANDBOX.message,))],
}


def state(events: list[Event]) -> RunState:
    folded = RunState()
    for event in events:
        folded.fold(event)
    return folded


def check(name: str, text: str) -> None:
    """Compare with the golden file, or write it where QE_GOLDEN says so."""
    path = GOLDEN / name
    if os.environ.get("QE_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text, "run make golden and read the difference"


@pytest.mark.parametrize("name", RUNS)
def test_the_comment_is_as_it_was(name: str) -> None:
    check(f"comment_{name}.md", comment(state(RUNS[name]), LINKS, HEADING))


PULL = f"{LINKS.server}/{LINKS.repo}/pull/9"
PATCH = """\
diff --git a/tests/test_two.py b/tests/test_two.py
new file mode 100644
--- /dev/null
+++ b/tests/test_two.py
@@ -0,0 +1 @@
+def test_of_another_file(): ...
"""
PROPOSALS = {
    "opened": Proposal(url=PULL, number=9, draft=True),
    "closed": Proposal(url=PULL, number=9, closed=True),
    "kept": Proposal(url=PULL, number=9, reason="somebody else has committed to it", patch=PATCH),
    "suggested": Proposal(
        reason="the pull request is from a fork, which our token can't push to",
        patch=PATCH,
        file="tests.patch",
        remarks=("tests/a_b.py is not in the patch: it is no text.",),
    ),
}


@pytest.mark.parametrize("name", PROPOSALS)
def test_what_became_of_the_tests_is_as_it_was(name: str) -> None:
    check(f"tests_{name}.md", "\n".join(proposed_lines(PROPOSALS[name], 200)))
    found = state(RUNS["tests"])
    found.proposal = PROPOSALS[name]
    text = comment(found, LINKS, HEADING)
    assert (GOLDEN / f"tests_{name}.md").read_text().split("\n")[0] in text


def test_the_pull_request_with_tests_is_as_it_was() -> None:
    head, left_out = "f" * 40, ("Tests for tests/x.py are left out: it is no place for tests.",)
    made = MADE.model_copy(update={"by_generator": {"offline": 2, "llm": 1}})
    text = PullText(7, head, branch_name(7), made, MADE.tests, left_out)
    found = state(RUNS["tests"])
    trailer = CommitMark("0" * 16, head, (42, 1)).line
    shown = (
        title(text),
        body(text, PullMark(7, "a" * 40).line, found, LINKS),
        commit_message(text, ("Signed-off-by: A <a@example.org>", trailer), first=True),
        commit_message(text, (trailer,), first=False),
    )
    check("pull_request.md", "\n\n---\n\n".join(shown) + "\n")


def test_a_pull_request_s_body_stays_below_github_s_limit() -> None:
    many = [MADE.tests[0].model_copy(update={"test_name": "x" * 500, "path": f"{n}.py"})
            for n in range(100)]  # fmt: skip
    long = [case.model_copy(update={"evidence": case.evidence.model_copy(update={
        "suite": "\\*" * 5000, "branches": tuple(f"{n}->9" for n in range(999))
    })}) for case in many if case.evidence]  # fmt: skip
    text = PullText(7, "f" * 40, branch_name(7), MADE, long, ["y_" * 500] * 99)
    shown = body(text, PullMark(7, "a" * 40).line, state(RUNS["tests"]), LINKS)
    assert size(shown) <= LIMIT
    assert "more tests_ left out here" in shown or "test_name" not in shown


def test_the_preview_is_as_it_was() -> None:
    why = "Nothing was sent: there is no token."
    check("preview.html", preview(state(RUNS["success"]), LINKS, HEADING, why=why))


def test_annotations_are_as_they_were() -> None:
    words = [annotation(gap) for gap in GAPS]
    text = "\n\n".join(f"[{w.level}] {w.title}\n{w.message}" for w in words)
    check("annotations.txt", text + "\n")


def test_the_comment_stays_below_github_s_limit_and_counts_what_it_leaves_out() -> None:
    gaps = [gap(n + 3, "src/" + "very_long_name/" * 15 + "x.py") for n in range(3000)]
    shown = comment(state([*(GapFound(gap=g) for g in gaps), RESULT]), LINKS, HEADING)
    assert size(shown) <= COMMENT_LIMIT
    assert "more left out here" in shown
    listed = shown.count("\n- [")
    assert f"- {3000 - listed:,} more left out here" in shown


def test_a_failed_gate_on_the_title_is_what_it_asks_for() -> None:
    def title(**changed: object) -> str:
        gate = GATE.model_copy(update=changed)
        return conclude(state([RESULT.model_copy(update={"gates": (gate,)})])).title

    rest = ": patch 68.7%, project 77.6%"
    assert title(threshold=79.999999) == f"Patch coverage is below 79.999999%{rest}"
    assert title(kind="drop", threshold=0) == f"Project coverage fell by more than 0 points{rest}"
    name = "patch coverage of src/API/**"
    assert title(name=name) == f"Patch coverage of src/API/** is below 80%{rest}"


def test_a_test_file_has_no_gaps_to_list() -> None:
    missed = Counts(statements=4, covered=2)
    files = [
        FileSummary(path=path, counts=missed, patch=missed) for path in ("tests/test_a.py", "a.py")
    ]
    result = RESULT.model_copy(update={"files": tuple(files)})
    rows = [line for line in comment(state([result]), LINKS, HEADING).split("\n") if "a.py" in line]
    assert "| test or migration |" in rows[0]
    assert "test or migration" not in rows[1]


def test_a_list_of_gaps_does_not_repeat_its_heading_for_each() -> None:
    said = RunState()
    for number in (12, 16):
        one = gap(number).model_copy(update={"reasons": (IN_CHANGED_LINES, RAISES)})
        said.fold(GapFound(gap=one))
    text = comment(said, LINKS, Heading("x"))
    assert IN_CHANGED_LINES not in text
    assert f"For each: {RAISES}." in text
