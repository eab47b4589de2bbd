"""What an agent is asked to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

TaskType = Literal["test_execution", "coverage_analysis", "test_generation"]


class QETask(BaseModel):
    """A piece of work for an agent.

    `context` for `coverage_analysis` takes `coverage_file` (a path to a report, or several) or
    `coverage_data` (coverage.py's JSON report as a dict), and optionally `framework` (the
    name the result carries) and `target_coverage` (percent that `meets_threshold` asks for).
    For `test_generation` it takes `code` (a module's source), `file`, or a report with gaps, and
    what `GenerationOptions` lists. For `test_execution` it takes `command` or `results`, and what
    `ExecutionOptions` lists.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task_type: TaskType
    context: Mapping[str, Any] = Field(default_factory=dict)
