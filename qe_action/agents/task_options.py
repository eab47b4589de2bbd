"""Reads a task's context as an agent's options."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from qe_action.errors import UsageError
from qe_action.task import QETask, TaskType

Options = TypeVar("Options", bound=BaseModel)


def read_context(task: QETask, kind: TaskType, agent: str, options: type[Options]) -> Options:
    """The options, each key known and each value fitting. Raises `UsageError`."""
    if task.task_type != kind:
        raise UsageError(f"The {agent} can't take a task of type {task.task_type}.")
    for key in task.context:
        if key not in options.model_fields:
            near = get_close_matches(str(key), options.model_fields, 1)
            meant = f"; did you mean {near[0]}?" if near else "."
            raise UsageError(f"The task's context has no {str(key)!r:.60}{meant}")
    try:
        return options.model_validate(dict(task.context))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise UsageError(f"The task's {field} does not fit: {first['msg']}.") from None
