"""What the inputs say of the analysis of reports."""

from __future__ import annotations

from pathlib import Path

from qe_action.agents.options import AnalysisOptions
from qe_action.github.context import RunContext
from qe_action.settings import Settings


def analysis_options(
    settings: Settings, context: RunContext | None, reports: tuple[Path, ...], *, lines: bool
) -> AnalysisOptions:
    """The options of a run that reads these reports; `context` is the run's event.

    `lines` asks for those of each file.
    """
    inputs = settings.inputs
    below = Path(inputs.working_directory).as_posix()
    return AnalysisOptions(
        coverage_file=reports,
        all_files=inputs.all_files,
        lines=lines,
        include=inputs.include,
        exclude=inputs.exclude,
        unmeasured=inputs.unmeasured,
        source_roots=inputs.source_root,
        working=below if below != "." else "",
        workspaces=settings.roots,
        min_patch_coverage=inputs.min_patch_coverage,
        min_project_coverage=inputs.min_project_coverage,
        min_branch_coverage=inputs.min_branch_coverage,
        max_drop=inputs.max_drop,
        path_gates=inputs.path_gate,
        check_name=inputs.name,
        keeps_digest=context is not None and context.keeps_baseline,
        tests_outcome=inputs.tests_outcome,
        place="workflow" if settings.in_workflow else "command line",
    )
