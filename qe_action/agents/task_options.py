"""What an agent can be told: a model that a command fills in, or that a task's context becomes."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, Self, TypeVar

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)

from qe_action.errors import UsageError
from qe_action.task import QETask, TaskType


class TaskOptions(BaseModel):
    """Options of an agent. Making them raises `UsageError` where a value does not fit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="wrap")
    @classmethod
    def _fitting(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(data)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"]))
            raise UsageError(f"The task's {field} does not fit: {first['msg']}.") from None

    @classmethod
    def keys(cls) -> list[str]:
        """The keys that a task's context may have, other names of an option included."""
        found: list[str] = []
        for name, field in cls.model_fields.items():
            aliases = field.validation_alias
            found += map(str, aliases.choices) if isinstance(aliases, AliasChoices) else [name]
        return found


Options = TypeVar("Options", bound=TaskOptions)


def read_context(task: QETask, kind: TaskType, agent: str, options: type[Options]) -> Options:
    """The options, each key known and each value fitting. Raises `UsageError`."""
    if task.task_type != kind:
        raise UsageError(f"The {agent} can't take a task of type {task.task_type}.")
    known = options.keys()
    for key in task.context:
        if key not in known:
            near = get_close_matches(str(key), known, 1)
            meant = f"; did you mean {near[0]}?" if near else "."
            raise UsageError(f"The task's context has no {str(key)!r:.60}{meant}")
    return options.model_validate(dict(task.context))
