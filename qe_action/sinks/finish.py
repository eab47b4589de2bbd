"""What is written once at a run's end: job summary, outputs, preview, and what went wrong."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from qe_action.errors import DeliveryError, sentence
from qe_action.events import (
    AnalyzerError,
    ExecutorError,
    Gap,
    GeneratorError,
    TestCounts,
)
from qe_action.github.identity import name_for_tests
from qe_action.github.refusals import Locked
from qe_action.render import badge
from qe_action.render.executed import failures_line
from qe_action.render.html import preview
from qe_action.render.links import Links
from qe_action.render.markdown import Heading, job_summary
from qe_action.render.state import Executed, RunState
from qe_action.render.verdict import conclude, conclude_tests, gate_lines
from qe_action.settings import Settings
from qe_action.sinks import workflow_commands
from qe_action.sinks.delivery import Delivery
from qe_action.sinks.log_annotations import log_annotations
from qe_action.text import document, floor
from qe_action.workspace.outputs import OutputFile

PREVIEW = "preview-file"
BADGES: Mapping[str, Callable[[float | None], str]] = {
    "badge-file": badge.svg,
    "badge-json-file": badge.endpoint,
}
"""The inputs for files that no sink writes: these, and what makes each of the badges."""

OWN = frozenset({PREVIEW, *BADGES})

MakePage = Callable[[Callable[[str], str]], str]
"""Makes the page around a preview, which is handed sentences on what the page leaves out."""

TROUBLES = 5
"""Troubles of the generation that are warnings; a step may have ten of them."""


def read_only(*, annotated: bool, kept: bool) -> str:
    """Where the result is, with a token that may only read."""
    places = "the job summary and in this step's annotations" if annotated else "the job summary"
    later = " The journal leaves the rest to a run with mode: publish." if kept else ""
    return f"The token may only read, so the result is in {places}.{later}"


class Finish:
    """The last part of a run. It needs no network. `page` makes the page around the preview."""

    def __init__(
        self,
        settings: Settings,
        state: RunState,
        delivery: Delivery,
        links: Links,
        heading: Heading,
        *,
        fork: bool,
        measured_here: bool,
        page: MakePage,
    ) -> None:
        self._settings = settings
        self._state = state
        self._delivery = delivery
        self._links = links
        self._heading = heading
        self._fork = fork
        self._measured_here = measured_here
        self._make_page = page

    def write(
        self,
        why_not: str,
        problems: Sequence[str],
        files: Mapping[str, OutputFile],
    ) -> None:
        """Write everything. `why_not` says why there was nothing to write to.

        `files` are those that were asked for, by their inputs; all but preview and badges were
        written by sinks. What can't be written is a warning and costs nothing else.
        """
        self._state.proposal = self._delivery.proposal
        parts: tuple[tuple[str, Callable[[], None]], ...] = (
            *((f"The {name}", file.close) for name, file in files.items() if name not in OWN),
            *((f"The {name}", partial(self._badge, name, files)) for name in BADGES),
            ("The preview", lambda: self._preview(why_not, files.get(PREVIEW))),
            ("The job summary", self._summary),
            ("The step's outputs", lambda: self._set_outputs(files)),
        )
        for what, write in parts:
            try:
                write()
            except OSError as error:
                self._flag(workflow_commands.warn, f"{what} can't be written: {error.strerror}.")
        self._say(why_not, problems, kept="journal" in files)

    def _preview(self, why_not: str, preview: OutputFile | None) -> None:
        if preview:
            preview.stream.write(self._page(why_not).encode("utf-8", "replace"))
            preview.close()
        elif why_not and not self._settings.in_workflow:
            self._tell(f"The preview is at {self._loose_preview(why_not)}.")

    def _badge(self, name: str, files: Mapping[str, OutputFile]) -> None:
        if (file := files.get(name)) is not None:
            # A published journal's figures may be a stranger's word; a badge says them as ours.
            value = badge.measured(self._state.result) if self._measured_here else None
            file.stream.write(BADGES[name](value).encode())
            file.close()

    def _set_outputs(self, files: Mapping[str, OutputFile]) -> None:
        path = self._settings.step_output
        if path is not None:
            path.stat()  # the toolkit's error for a missing file is no OSError
            workflow_commands.set_outputs(self._outputs(files))

    def _page(self, why_not: str) -> str:
        return self._make_page(lambda left_out: document(self._shown(why_not, left_out)))

    def _shown(self, why_not: str, left_out: str) -> str:
        why = f"Nothing was sent: {why_not}." if why_not else ""
        inputs = self._settings.inputs
        return preview(
            self._state,
            self._links,
            self._heading,
            why=f"{why} {left_out}".strip(),
            annotated=self._wanted()[: inputs.max_annotations],
            tests_name=name_for_tests(inputs.name) if inputs.checks == "two" else "",
        )

    def _loose_preview(self, why_not: str) -> Path:
        """Where nothing is sent the preview is what there is to look at."""
        folder = self._settings.temp
        handle, name = tempfile.mkstemp(prefix="qe-action-", suffix=".html", dir=folder)
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            file.write(self._page(why_not))
        return Path(name)

    def _summary(self) -> None:
        path = self._settings.step_summary
        if path is None:
            return
        text = job_summary(self._state, self._links, self._heading)
        if not workflow_commands.append_summary(path, text):
            workflow_commands.warn(
                "The job summary is full, so this step's part of it is left out."
            )

    def _outputs(self, files: Mapping[str, OutputFile]) -> Mapping[str, str]:
        journal, preview = files.get("journal"), files.get(PREVIEW)
        patch = files.get("tests-patch-file") if self._delivery.patch_written else None
        result, tests = self._state.result, self._state.generation.result
        return {
            "conclusion": conclude(self._state).conclusion,
            "patch-coverage": _figure(result.patch_coverage if result else None),
            "project-coverage": _figure(result.overall_coverage if result else None),
            "line-coverage": _figure(result.line_coverage if result else None),
            "branch-coverage": _figure(result.branch_coverage if result else None),
            "gaps": str(self._state.gap_count),
            "gaps-in-diff": str(self._state.in_diff_count),
            **_test_outputs(self._state.tests),
            "tests-generated": str(tests.total) if tests else "",
            "suspected-bugs": str(len(tests.suspicions)) if tests else "",
            "tests-pull-request": self._delivery.tests_pull_url,
            "tests-patch-file": patch.relative if patch else "",
            "check-run-url": self._delivery.check_url,
            "tests-check-url": self._delivery.tests_check_url,
            "comment-url": self._delivery.comment_url,
            "journal-file": journal.relative if journal else "",
            "preview-file": preview.relative if preview else "",
            **{name: files[name].relative if name in files else "" for name in BADGES},
        }

    def _say(self, why_not: str, problems: Sequence[str], *, kept: bool) -> None:
        if why_not:
            self._tell(f"Nothing was sent to GitHub: {why_not}.")
        if self._delivery.read_only:
            self._tell(read_only(annotated=self._annotate_in_log(), kept=kept))
        # A certificate that is not trusted fails each request with the same words.
        for error in {error.line(): error for error in self._delivery.problems}.values():
            self._say_undelivered(error)
        for text in self._delivery.notes:
            self._tell(text)
        self._say_gates()
        for what, url in (
            ("Check run of the tests", self._delivery.tests_check_url),
            ("Check run", self._delivery.check_url),
            ("Comment", self._delivery.comment_url),
            ("Pull request with tests", self._delivery.tests_pull_url),
        ):
            if url:
                self._tell(f"{what}: {url}")
        for text in problems:
            self._flag(workflow_commands.warn, text)
        if self._settings.in_workflow:
            self._say_failures()

    def _say_failures(self) -> None:
        """Of the generation they are never errors: the analysis is there. Each is said once."""
        tests = self._state.tests
        passing = [_told(error) for error in self._state.generation.errors]
        passing += [_told(error) for error in tests.errors if error.recoverable]
        for line in list(dict.fromkeys(passing))[:TROUBLES]:
            workflow_commands.warn(line)
        lines = [_told(failure) for failure in tests.errors if not failure.recoverable]
        lines += [failures_line(tests)] if conclude_tests(tests).conclusion == "failure" else []
        for line in dict.fromkeys([*lines, *map(_told, self._state.errors)]):
            workflow_commands.error(line)

    def _say_gates(self) -> None:
        """Each failed gate on the run's page; the log has them all."""
        result = self._state.result
        if result is None or not self._settings.in_workflow:
            return
        say = (
            workflow_commands.error
            if self._settings.inputs.fail_on_gate
            else workflow_commands.warn
        )
        for gate, line in zip(result.gates, gate_lines(result), strict=True):
            if gate.passed is False:
                say(line)

    def _say_undelivered(self, error: DeliveryError) -> None:
        """A fork's token can't be given more, so there is nothing to add to the workflow."""
        if isinstance(error, Locked):
            self._flag(workflow_commands.notice, error.line())
        elif not self._delivery.read_only:
            self._flag(workflow_commands.warn, error.line())
        elif not self._fork:
            self._flag(workflow_commands.notice, error.line())

    def _flag(self, say: Callable[[str], None], text: str) -> None:
        """On the run's page in a workflow, else as a line."""
        if self._settings.in_workflow:
            say(text)
        else:
            self._tell(text)

    def _annotate_in_log(self) -> bool:
        """Whether there is anything to annotate; what a step can't hold is counted."""
        wants_any = self._settings.inputs.annotations != "none"
        failures = self._state.tests.failures if wants_any else []
        found = log_annotations(failures, self._wanted())
        if left := found.write():
            self._tell(left)
        return found.any

    def _wanted(self) -> list[Gap]:
        """The gaps that the input `annotations` asks for, the worst first."""
        which = self._settings.inputs.annotations
        gaps = self._state.gaps
        return [gap for gap in gaps if which == "all" or (which == "changed" and gap.in_diff)]

    def _tell(self, text: str) -> None:
        out = sys.stdout if self._settings.in_workflow else sys.stderr
        print(workflow_commands.log_line(text), file=out, flush=True)


def _test_outputs(tests: Executed) -> Mapping[str, str]:
    """How the tests ended; empty where none were run or read."""
    result = tests.result
    heard = result is not None and result.total is not None
    counts = result.counts if result is not None else TestCounts()
    found = {
        "passed": counts.passed,
        "failed": tests.failed,
        "skipped": counts.skipped,
        "flaky": len(result.flaky) if result is not None else 0,
    }
    return {f"tests-{name}": str(number) if heard else "" for name, number in found.items()}


def _told(failure: AnalyzerError | ExecutorError | GeneratorError) -> str:
    return f"{sentence(failure.message)} {failure.hint}".strip()


def _figure(value: float | None) -> str:
    """A figure for other steps: rounded down to two decimals, empty where unknown."""
    return "" if value is None else str(floor(value, "0.01"))
